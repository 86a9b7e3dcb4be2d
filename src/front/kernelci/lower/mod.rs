//! A build of a kernel as two nodes: what makes its `.config`, and what makes the kernel of that. Reads nothing.
//!
//! | part | value | `config` | `kernel` |
//! | --- | --- | --- | --- |
//! | `source` | all files of the commit, less where it is known which of them are read | yes | yes |
//! | `commit` | its name, as a stamp | yes | yes |
//! | `describe` | `git describe` of it; a stamp unless the settings say otherwise | yes | yes |
//! | `defconfig` | the base: what make is asked for | yes | |
//! | `config CONFIG_X` | the line; all lines of one symbol, in order | yes | |
//! | `config (order)` | the symbols, where there are several: of a choice the last one wins | yes | |
//! | `fragment NAME` | its lines, or its path in the tree, whose content `source` has | yes | |
//! | `make VAR` | a variable for make: `ARCH`, `CROSS_COMPILE`, `LLVM`, what the environment says, `KCONFIG_X` | yes | without `KCONFIG_X` |
//! | `tool NAME` | a version | yes | yes, and more tools |
//! | `need config/…` | the `.config` | | yes |
//!
//! So whatever only goes into the `.config` rebuilds no kernel unless it changes the `.config`.
//!
//! **Invariant: what a build is called is in no key.** Tree, branch and URL, and the names of the variant, environment
//! and defconfig, enter a generated file (`build.json`) that only `bmeta.json` is made of, so that builds that differ in
//! nothing else are one execution. That file is read again for each of them.
//!
//! **Invariant: no compiler cache is in a key.** It is put before the compilers on `PATH` when a node runs (see
//! `exec::kernel::ccache`); `CC` is the same with and without, and so is what Kconfig finds out about it.
//!
//! `ARCH` is the key of the architecture, as in KernelCI: the `name` that `arch_params` has is that of a container image
//! (`riscv64` is no architecture of Linux, and `ARCH=x86` builds 64 bits for `i386`).

mod arch;
mod defconfig;
mod description;
mod make;
mod nodes;
mod steps;
mod words;

#[cfg(test)]
mod tests;

pub use nodes::BUILD_CONFIG;
pub(super) use nodes::{Lowering, nodes};
