//! YAML 1.1 as PyYAML reads it, with the place of every value.

mod value;

pub use value::{Entry, Int, Key, Map, Node, Value};
