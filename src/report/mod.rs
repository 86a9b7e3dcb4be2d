//! Shows plans and runs: one View, several forms. Knows no cache and no front-end.

pub mod page;
pub mod view;
pub mod words;

mod diff;
mod gist;
mod sentence;

pub mod json;
pub mod markdown;
pub mod text;
