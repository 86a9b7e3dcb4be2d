//! kas configurations: files, lock files and includes merged into one mapping, and what that mapping means.

mod effective;
mod merged;
mod shape;

mod ids;
mod schema;

mod chain;
mod checkouts;
mod files;
mod memo;
mod merge;
mod problems;
mod repo;

pub mod dump;
mod load;
mod meaning;
mod walk;

mod lower;

mod differences;
mod flatten;

mod pinned;

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod testing;

pub use chain::Chain;
pub use checkouts::{Checkouts, Content, Directories, FoundFile, Lookup};
pub use differences::{Difference, Said, differences};
pub use effective::{
    ConfHeader, Effective, EffectiveLayer, EffectivePatch, EffectiveRepo, EnvVar, Leaf, Pin,
    RepoKind, Spanned, Text, is_full_commit,
};
pub use files::FileCache;
pub use flatten::{flattened, in_order_of};
pub use load::load_chain;
pub use lower::{Ground, generated_file, inputs, refuse, revision, unresolved};
pub use merged::{Demands, FileRef, Merged, RepoAt};
pub use pinned::{first_difference, out_of_date};
