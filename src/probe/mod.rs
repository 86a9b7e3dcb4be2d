//! Finds out what is so now: files, refs, tools, variables. Builds nothing and decides nothing.
