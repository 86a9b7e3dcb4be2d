//! Which architectures' directories a build can read: from the heading of its `.config` and from where it has worked.

use super::built::Built;
use super::tree::{Entry, Tree};

/// The names below `arch/` that count; none where nothing tells, and then every architecture does.
pub(super) fn architectures(tree: &Tree, config: &str, built: &Built) -> Vec<String> {
    let told = config.lines().take(5).find_map(|line| {
        let rest = line.strip_prefix("# Linux/")?;
        rest.split_whitespace().next()
    });
    let told = told.into_iter().flat_map(sources);
    let worked = built.directories.iter().filter_map(|directory| {
        directory.strip_prefix("arch/").filter(|name| !name.contains('/')).map(str::to_owned)
    });
    let known = tree.entries("arch");
    let mut names: Vec<String> = told.chain(worked).collect();
    names.retain(|name| known.get(name) == Some(&Entry::Directory));
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a path lies in the directory of an architecture that cannot count.
pub(super) fn is_foreign(path: &str, architectures: &[String]) -> bool {
    let Some((name, _)) = path.strip_prefix("arch/").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    !architectures.is_empty() && !architectures.iter().any(|known| known == name)
}

/// `ARCH` has names that are no directories, and user mode borrows the directories of its host (`scripts/subarch.include`
/// and the `Makefile` at the top).
fn sources(arch: &str) -> Vec<String> {
    let names: &[&str] = match arch {
        "i386" | "x86_64" => &["x86"],
        "sparc32" | "sparc64" => &["sparc"],
        "parisc64" => &["parisc"],
        "sh64" => &["sh"],
        "tilepro" | "tilegx" => &["tile"],
        "um" => &["um", "x86"],
        other => &[other],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}
