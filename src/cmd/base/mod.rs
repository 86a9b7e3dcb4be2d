//! `graph plan --base`: this tree beside what a revision has of it.

mod revision;
mod side;

mod blame;
mod files;

mod run;

pub(super) use run::{Asked, run};
