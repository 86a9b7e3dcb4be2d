//! `machines.json`: boards, each a chain of kas files, lowered to `image/…` and `sdk/…` nodes.
