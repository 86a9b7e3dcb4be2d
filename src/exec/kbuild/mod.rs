//! Which files of a checkout a finished kernel build has read: from what Kbuild wrote down, and from what steers it.
//! Runs nothing, and knows no node and no repository: a checkout is a directory, and so is a build.
//!
//! | what counts | where it comes from |
//! | --- | --- |
//! | sources and headers | `.*.cmd` and `.*.d` files of the build (`commands`) |
//! | Makefiles, scripts, and what they name | the directories that the build visited (`steering`, `words`) |
//! | what is not there and would be taken | sources beside each object, `Kbuild` beside each `Makefile`, names of headers |
//! | files that the configuration names | string values of `.config` (`named`) |
//! | Kconfig files | for the step that makes `.config`, and only for it (`kconfig`) |
//!
//! **Invariant: in doubt a file counts.** Where a build can read files that leave no trace, there is no set at all, and
//! the whole commit counts.

mod arch;
mod built;
mod commands;
mod glob;
mod kconfig;
mod kernel;
mod named;
mod reads;
mod seen;
mod steering;
#[cfg(test)]
mod tests;
mod tree;
mod words;

pub use reads::reads;
