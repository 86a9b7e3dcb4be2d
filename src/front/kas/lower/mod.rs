//! A kas configuration as a node sees it: the parts that go into it, and the one file that kas is given to build.
//!
//! **Invariant: the file is a function of the parts.** Whatever of the file can differ while the facts are equal is
//! a part with another value, so no key needs the file's content; a property test holds the two together.
//!
//! | part | value |
//! | --- | --- |
//! | `machine` `distro` `task` `build_system` | as configured; what is not configured is kas's default, thus `tool kas` |
//! | `target` | the targets, separated by spaces |
//! | `env.X` | what the environment says, else the default in the configuration |
//! | `local_conf_header.ID` `bblayers_conf_header.ID` | the text |
//! | `local_conf_header (order)` and the like | that ids are integers, where it makes another order |
//! | `repos.ID.url` | without user name and password: another token builds the same |
//! | `repos.ID.commit` | the pinned one, or the one that a branch or tag names now |
//! | `repos.ID.{path,name,type,branch,tag,allowed_signers}` | as configured, defaults and overrides folded in |
//! | `repos.ID.layers`, `repos.ID.layers.L` | which directories are layers, with their priority |
//! | `repos.ID.patches.P`, `patch ID/P` | where the patch is; what it says, if its repository is local |
//! | `local ID` | the content of a repository without a URL |
//! | any other key | its leaves, under their dotted paths |
//! | `bitbake of ID` | as a stamp, the version of the bitbake that a pinned repository brings, once it was cloned |
//! | `tool kas`, `describe` | the version of kas; `git describe` of the project, as a stamp unless configured |
//!
//! A patch in a cloned repository is determined by that repository's commit, which is a part already.

mod generate;
mod ground;
mod parts;
mod refuse;
mod statements;
mod write;

#[cfg(test)]
mod tests;

pub use generate::generated_file;
pub use ground::Ground;
pub use parts::{inputs, revision, unresolved};
pub use refuse::refuse;
pub(super) use statements::statements;
