//! The hidden verbs: `graph __kernel-…`, run as steps of nodes, each a few lines around a function.
//!
//! | verb | arguments | does |
//! | --- | --- | --- |
//! | `__kernel-fragment` | the checkout, a file | writes the configs that the kernel's own tests ask for |
//! | `__kernel-requested` | a config, files that were merged into it | tells what of them it does not have |
//! | `__kernel-firmware` | the work directory | fails where firmware is to be built in |
//! | `__kernel-artifacts` | the work directory, a description in it | lays out `artifacts/` with its metadata |
//!
//! What goes wrong is told on stderr, which is the log of the node; then the exit status is 1.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::exec::kernel::{artifacts, firmware, fragment, requested};

/// What all of them begin with.
const PREFIX: &str = "__kernel-";

/// Whether this is one of them.
#[must_use]
pub fn is_verb(verb: &OsStr) -> bool {
    verb.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// Runs one of them. `args` are those after it.
pub fn main_kernel(verb: &OsStr, args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let args: Vec<&Path> = args.iter().map(PathBuf::as_path).collect();
    let done = match (verb.to_str(), args.as_slice()) {
        (Some("__kernel-fragment"), [checkout, file]) => fragment::write(checkout, file),
        (Some("__kernel-requested"), [config, merged @ ..]) => requested::tell(config, merged),
        (Some("__kernel-firmware"), [work, ..]) => firmware::refuse(work),
        (Some("__kernel-artifacts"), [work, description]) => artifacts::lay_out(work, description),
        _ => Err(format!("`{}` is not called so", verb.display())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody is left to be told that it cannot be told.
            writeln!(std::io::stderr(), "{why}").ok();
            ExitCode::FAILURE
        }
    }
}
