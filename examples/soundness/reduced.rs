//! Clean builds of a tree without the files that are not in the set, and of one in which these have another content.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::Done;
use crate::world::{Start, World, remove};

/// What is done to the files that are not in the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    Removed,
    Scrambled,
}

/// Builds both, and says whether they end as the first build did.
pub(crate) fn reduced(world: &World) -> Done {
    let config: HashSet<String> = world.set("kconfig")?.paths().iter().cloned().collect();
    let mut kernel: HashSet<String> = world.set("kbuild")?.paths().iter().cloned().collect();
    // A kernel build reads Kconfig files to write what its `.config` says; that they agree is the other step's.
    kernel.extend(config.iter().filter(|path| is_kconfig(path)).cloned());
    world.restore(Start::Built)?;
    let wanted = world.make()?.vmlinux;
    let mut out = io::stdout().lock();
    for others in [Others::Removed, Others::Scrambled] {
        let (same, count) =
            with(world, &config, others, || Ok(world.configured_anew()? == Some(world.config()?)))?;
        writeln!(out, "config, {count} others {others:?}: same `.config`: {same}")?;
        let (same, count) = with(world, &kernel, others, || {
            world.restore(Start::Configured)?;
            Ok(world.make()?.vmlinux == wanted)
        })?;
        writeln!(out, "kernel, {count} others {others:?}: same `vmlinux`: {same}")?;
    }
    Ok(())
}

fn is_kconfig(path: &str) -> bool {
    path.rsplit_once('/').map_or(path, |(_, name)| name).starts_with("Kconfig")
}

/// Does something while the files of the tree that are not kept are away, and says how many these are.
fn with(
    world: &World,
    kept: &HashSet<String>,
    others: Others,
    body: impl FnOnce() -> Result<bool, Box<dyn std::error::Error>>,
) -> Result<(bool, usize), Box<dyn std::error::Error>> {
    let whole = world.tree.with_extension("whole");
    fs::rename(&world.tree, &whole)?;
    let laid = lay_out(world, &whole, kept, others);
    let result = laid.and_then(|count| Ok((body()?, count)));
    remove(&world.tree)?;
    fs::rename(&whole, &world.tree)?;
    result
}

fn lay_out(
    world: &World,
    whole: &Path,
    kept: &HashSet<String>,
    others: Others,
) -> Result<usize, Box<dyn std::error::Error>> {
    let mut count = 0;
    for path in world.listing.paths() {
        let (from, to) = (whole.join(&path), world.tree.join(&path));
        let keep = kept.contains(&path);
        count += usize::from(!keep);
        if !keep && others == Others::Removed {
            continue;
        }
        if let Some(directory) = to.parent() {
            fs::create_dir_all(directory)?;
        }
        if keep || from.is_symlink() {
            fs::hard_link(from, to)?;
        } else {
            fs::write(to, "#error nobody reads this file\n@ ( ] \"\n")?;
        }
    }
    Ok(count)
}
