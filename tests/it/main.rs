//! The one integration binary: one module a behaviour.

mod tidy;
