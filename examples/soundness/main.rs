//! Holds what `graph` takes for read against what make does: edits a real Linux tree in many ways, one file at a time, and
//! compares the verdict with what an incremental `make` in a copy of the build directory does to `vmlinux`.
//!
//! ```sh
//! cargo run --release --example soundness -- LINUX.git WORK edits [SEED [MINUTES]]   # some eighty edits, a line each, a table
//! cargo run --release --example soundness -- LINUX.git WORK reduced   # builds from nothing but what was read
//! cargo run --release --example soundness -- LINUX.git WORK sets      # prints both sets, and how long they took
//! ```
//!
//! `LINUX.git` is the git directory of a Linux tree, of which `HEAD` is taken; it is only read. `WORK` is an empty
//! directory, or that of an earlier call, of which the tree and the first build are used again; it needs some 2 GB. The
//! build is of `tinyconfig` for x86_64, with time, user, host and version fixed, so that equal sources make equal bytes.
//!
//! `reduced` is the stronger half of the proof: a clean build of a tree that has lost every file that is not in the set,
//! and of one in which each such file has another content, must make the same `vmlinux`. What it cannot show, that
//! a file which is *added* is noticed, the edits show.
//!
//! A verdict of `graph` is `stale` if the set's value has changed, or if the set of the step that makes `.config` has and
//! the `.config` that it makes now is another one. A build that fails counts as another result.

mod choose;
mod edit;
mod random;
mod reduced;
mod trial;
mod world;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use world::World;

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [git, work, what, numbers @ ..] = arguments.as_slice() else {
        return Err("wanted: LINUX.git WORK edits|reduced|sets [SEED [MINUTES]]".into());
    };
    let world = World::prepare(Path::new(git), Path::new(work))?;
    match what.as_str() {
        "edits" => {
            let seed = numbers.first().map_or(Ok(1), |seed| seed.parse())?;
            let minutes = numbers.get(1).map_or(Ok(600), |minutes| minutes.parse())?;
            trial::edits(&world, seed, minutes)
        }
        "reduced" => reduced::reduced(&world),
        "sets" => sets(&world),
        other => Err(format!("`{other}` is none of edits, reduced, sets").into()),
    }
}

fn sets(world: &World) -> Done {
    let mut out = io::stdout().lock();
    for kind in ["kconfig", "kbuild"] {
        let start = Instant::now();
        let set = world.set(kind)?;
        let took = start.elapsed();
        for path in set.paths() {
            let there = if world.listing.has(path) { "read" } else { "absent" };
            writeln!(out, "{kind}\t{there}\t{path}")?;
        }
        for name in set.names() {
            writeln!(out, "{kind}\tname\t{name}")?;
        }
        let there = set.paths().iter().filter(|path| world.listing.has(path)).count();
        writeln!(
            out,
            "{kind}: {there} of {} files, {} absent paths, {} names, {} ms",
            world.listing.len(),
            set.paths().len() - there,
            set.names().len(),
            took.as_millis()
        )?;
    }
    Ok(())
}
