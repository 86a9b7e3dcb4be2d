//! Makes each edit, asks `graph` and make, and counts.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use graph::digest::Digest;
use graph::reads::ReadSet;

use crate::Done;
use crate::choose::choose;
use crate::edit::Edit;
use crate::world::{Made, Start, World};

/// What is known before any edit.
struct Ground {
    config: Vec<u8>,
    config_set: ReadSet,
    kernel_set: ReadSet,
    config_value: Digest,
    kernel_value: Digest,
    made: Made,
}

/// What came of an edit.
struct Outcome {
    stale: bool,
    changed: bool,
    commands: usize,
}

/// How the outcomes of a class are spread.
#[derive(Default)]
struct Tally {
    changed_stale: usize,
    same_fresh: usize,
    same_stale: usize,
    of_these_remade: usize,
    changed_fresh: usize,
}

/// Makes the edits of a seed, one after the other, and begins none after some minutes.
pub(crate) fn edits(world: &World, seed: u64, minutes: u64) -> Done {
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let ground = ground(world)?;
    let mut out = io::stdout().lock();
    writeln!(out, "control: make without an edit runs {} commands", ground.made.commands)?;
    let read: HashSet<String> = ground.kernel_set.paths().iter().cloned().collect();
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for edit in choose(world, &read, seed) {
        if Instant::now() > end {
            break;
        }
        let start = Instant::now();
        let outcome = applied(world, &ground, &edit)?;
        writeln!(
            out,
            "{}\t{}\t{}\t{} commands\t{} s\t{}\t{}",
            if outcome.stale { "stale" } else { "fresh" },
            if outcome.changed { "changed" } else { "same" },
            edit.class,
            outcome.commands,
            start.elapsed().as_secs(),
            edit.path,
            edit.what
        )?;
        count(tallies.entry(edit.class).or_default(), &outcome);
    }
    table(&mut out, &tallies)
}

fn ground(world: &World) -> Result<Ground, Box<dyn Error>> {
    world.restore(Start::Built)?;
    let (config_set, kernel_set) = (world.set("kconfig")?, world.set("kbuild")?);
    Ok(Ground {
        config: world.config()?,
        config_value: config_set.value(&world.listing),
        kernel_value: kernel_set.value(&world.listing),
        config_set,
        kernel_set,
        made: world.make()?,
    })
}

/// Makes an edit, looks, and takes it back.
fn applied(world: &World, ground: &Ground, edit: &Edit) -> Result<Outcome, Box<dyn Error>> {
    let path = world.tree.join(&edit.path);
    let before = match fs::metadata(&path) {
        Ok(metadata) => Some((fs::read(&path)?, metadata.modified()?)),
        Err(_) => None,
    };
    let mut listing = world.listing.clone();
    match &edit.content {
        Some(content) => {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory)?;
            }
            fs::write(&path, content)?;
            listing.set(&edit.path, Digest::of(content).as_bytes());
        }
        None => {
            fs::remove_file(&path)?;
            listing.remove(&edit.path);
        }
    }
    let seen = seen(world, ground, &edit.path, &listing);
    back(&path, before)?;
    seen
}

/// Whether the making of `.config` can have to do with a path: everything that is neither a source nor a text. Each of
/// the others takes make some seconds, to no end.
fn may_configure(path: &str) -> bool {
    let source = [".c", ".h", ".S", ".rst", ".txt"].iter().any(|end| path.ends_with(end));
    !source || path.starts_with("scripts/")
}

fn seen(
    world: &World,
    ground: &Ground,
    path: &str,
    listing: &crate::world::Files,
) -> Result<Outcome, Box<dyn Error>> {
    let config_stale = ground.config_set.value(listing) != ground.config_value;
    let anew = match config_stale || may_configure(path) {
        true => world.configured_anew()?,
        false => Some(ground.config.clone()),
    };
    let config_changed = anew.as_deref() != Some(ground.config.as_slice());
    let kernel_stale = ground.kernel_set.value(listing) != ground.kernel_value;
    world.restore(Start::Built)?;
    if let Some(config) = anew.filter(|_| config_changed) {
        fs::write(world.build.join(".config"), config)?;
    }
    let made = world.make()?;
    Ok(Outcome {
        stale: kernel_stale || config_stale && config_changed,
        changed: config_changed || made.vmlinux != ground.made.vmlinux,
        commands: made.commands.saturating_sub(ground.made.commands),
    })
}

/// Takes an edit back, with the time that the file had, or make would build it again in every copy.
fn back(path: &Path, before: Option<(Vec<u8>, SystemTime)>) -> io::Result<()> {
    match before {
        Some((content, modified)) => {
            fs::write(path, content)?;
            File::options()
                .append(true)
                .open(path)?
                .set_times(FileTimes::new().set_modified(modified))
        }
        None => {
            fs::remove_file(path)?;
            // What was made for it goes, too; a directory that was there before holds something.
            path.parent().map_or(Ok(()), |directory| fs::remove_dir(directory).or(Ok(())))
        }
    }
}

fn count(tally: &mut Tally, outcome: &Outcome) {
    match (outcome.changed, outcome.stale) {
        (true, true) => tally.changed_stale += 1,
        (false, false) => tally.same_fresh += 1,
        (false, true) => {
            tally.same_stale += 1;
            tally.of_these_remade += usize::from(outcome.commands > 0);
        }
        (true, false) => tally.changed_fresh += 1,
    }
}

fn table(out: &mut impl Write, tallies: &BTreeMap<&str, Tally>) -> Done {
    writeln!(
        out,
        "\n| class | edits | changed, stale | same, fresh | same, stale | of these make worked | changed, fresh |"
    )?;
    writeln!(out, "| --- | --: | --: | --: | --: | --: | --: |")?;
    let mut all = [0; 6];
    for (class, tally) in tallies {
        let row = [
            tally.changed_stale + tally.same_fresh + tally.same_stale + tally.changed_fresh,
            tally.changed_stale,
            tally.same_fresh,
            tally.same_stale,
            tally.of_these_remade,
            tally.changed_fresh,
        ];
        line(out, class, &row)?;
        all.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
    }
    line(out, "all", &all)?;
    match all[5] {
        0 => Ok(()),
        wrong => Err(format!("{wrong} edits change the result and are called fresh").into()),
    }
}

fn line(out: &mut impl Write, class: &str, numbers: &[usize]) -> io::Result<()> {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    writeln!(out, "| {class} | {} |", numbers.join(" | "))
}
