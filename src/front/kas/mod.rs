//! kas configurations: files, lock files and includes merged into one mapping, and what that mapping means.

mod effective;
mod merged;

pub use effective::{
    ConfHeader, Effective, EffectiveLayer, EffectivePatch, EffectiveRepo, EnvVar, Leaf, Pin,
    RepoKind, Spanned, Text, is_full_commit,
};
pub use merged::{FileRef, Merged, RepoAt};
