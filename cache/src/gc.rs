//! Making room. What is kept and what goes is said at [`Policy`]. Knows no verb.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use graph::digest::Digest;
use graph::name::NodeName;

use crate::claims::{Claim, Claims};
use crate::error::Error;
use crate::intern::{AllTexts, joined};
use crate::leftovers;
use crate::staging::remove_any;
use crate::state::State;
use crate::store::{Held, entries};
use crate::sweep;

/// What to keep.
///
/// **What is never taken for room**: the artifacts of the last success of every node that exists. They are what the
/// next plan restores from when `out/` is lost, and a budget that is too small for them is reported rather than kept.
///
/// **What goes for room**, the least recently made or restored first: the artifacts of all other successes.
///
/// **What goes in any case**: artifacts that no record has; what killed processes left half done; claims that a newer
/// execution of the same node under the same key makes too; runs beyond the last [`Policy::keep_runs`] with their logs,
/// and executions of those that neither have artifacts nor are a node's last; lists of trees' files that no execution
/// has any more; and of nodes that no longer exist, [`Policy::grace`] after they last ran, their outputs in place and
/// their work directory, and their last execution once its artifacts are gone. The grace is there because a node also
/// does not exist while another branch is checked out.
///
/// **Killed in the middle**: records let go of artifacts in one transaction, and only then do artifacts go. So no record
/// ever claims what `gc` has removed; what it did not come to remove belongs to nobody and goes the next time. The
/// exception is a disk so full that not even the letting go can be written: then artifacts go first, and until it is
/// written a record may claim one that is gone. Nothing relies on claims: who wants an artifact looks for it.
#[derive(Debug, Clone)]
pub struct Policy<'a> {
    /// How many bytes the artifacts may take on the disk.
    pub budget: u64,
    /// The nodes that exist; `None` if that is not known, and then all do.
    pub live: Option<&'a [NodeName]>,
    /// How many of the last runs are kept.
    pub keep_runs: usize,
    /// How long after it last ran a node that no longer exists is kept.
    pub grace: Duration,
    /// What time it is, in milliseconds since 1970.
    pub now: i64,
}

impl Policy<'_> {
    /// The usual: the last 200 runs, and two weeks for nodes that are gone.
    #[must_use]
    pub fn with_budget(budget: u64, now: i64) -> Self {
        let grace = Duration::from_hours(14 * 24);
        Self { budget, live: None, keep_runs: 200, grace, now }
    }
}

/// Whether to do it or to say what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Do it.
    Remove,
    /// Change nothing.
    DryRun,
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GcReport {
    /// Artifacts that go.
    pub artifacts: usize,
    /// The bytes on the disk that this frees.
    pub freed: u64,
    /// The bytes on the disk of the artifacts that stay.
    pub kept: u64,
    /// By how many bytes that is still over the budget: the artifacts of last successes alone need that much more.
    pub over_budget: u64,
    /// Of how many executions the artifacts go, though nothing was wrong with them.
    pub evicted: usize,
    /// Things that killed processes left half done.
    pub leftovers: usize,
    /// Runs that are forgotten.
    pub runs: usize,
    /// Executions that are forgotten.
    pub executions: usize,
    /// Directories that go: work and outputs of nodes that no longer exist, logs of forgotten runs.
    pub dirs: Vec<PathBuf>,
}

/// Makes room.
pub(crate) fn gc(state: &State, policy: &Policy<'_>, mode: Mode) -> Result<GcReport, Error> {
    let nodes = nodes(state, policy)?;
    let mut claims = state.db.read("read what is kept", Claims::read)?;
    let held = state.store.list()?;
    let mut report = GcReport::default();

    let claimed = claims.digests();
    claims.drop_where(|claim| !is_whole(claim, &held));
    claims.drop_repeated();
    let last = claims.last_of_each_node();
    let is_protected = |claim: &Claim| {
        nodes.get(&claim.node).is_none_or(|node| node.lives) && last.contains(&claim.id)
    };
    let mut kept: u64 = claims.digests().iter().map(|digest| held[digest].on_disk).sum();
    report.evicted = claims.evict(
        |claim| !is_protected(claim),
        |freed| {
            let is_over = kept > policy.budget;
            if is_over {
                kept -= freed.iter().map(|digest| held[digest].on_disk).sum::<u64>();
            }
            is_over
        },
    );
    report.kept = kept;
    report.over_budget = kept.saturating_sub(policy.budget);

    let wanted = claims.digests();
    let unwanted: Vec<Digest> =
        held.keys().filter(|digest| !wanted.contains(digest)).copied().collect();
    report.artifacts = unwanted.len();
    report.freed = unwanted.iter().map(|digest| held[digest].on_disk).sum();

    let gone: HashSet<i64> =
        nodes.iter().filter(|(_, node)| !node.lives).map(|(id, _)| *id).collect();
    let oldest_run = oldest_run(state, policy)?;
    report.dirs = dirs(state, &nodes, oldest_run)?;
    let sweep =
        sweep::Sweep { released: claims.dropped(), gone: &gone, oldest_run, now: policy.now };
    if mode == Mode::DryRun {
        (report.runs, report.executions) = sweep.count(&state.db)?;
        report.leftovers = leftovers::list(state)?.len();
        return Ok(report);
    }
    // What nobody claims goes first: on a full disk that may be the room to write down the rest.
    report.leftovers = leftovers::remove(state);
    let (claimed, orphans): (Vec<Digest>, Vec<Digest>) =
        unwanted.into_iter().partition(|digest| claimed.contains(digest));
    remove(state, &orphans)?;
    (report.runs, report.executions) = match sweep.run(&state.db) {
        Err(error) if error.is_full_disk() => {
            remove(state, &claimed)?;
            sweep.run(&state.db)?
        }
        swept => swept?,
    };
    remove(state, &claimed)?;
    report.dirs.retain(|dir| match remove_any(dir) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!("`{}` cannot be removed: {error}", dir.display());
            false
        }
    });
    sweep::compact(&state.db)?;
    Ok(report)
}

fn remove(state: &State, artifacts: &[Digest]) -> Result<(), Error> {
    artifacts.iter().try_for_each(|digest| state.store.remove(digest))
}

fn is_whole(claim: &Claim, held: &HashMap<Digest, Held>) -> bool {
    claim
        .outputs
        .iter()
        .all(|(digest, size)| held.get(digest).is_some_and(|held| held.size == *size))
}

/// A node that the database knows.
struct Node {
    name: NodeName,
    lives: bool,
}

/// Every node that ever ran, and whether it is to be treated as one that exists.
fn nodes(state: &State, policy: &Policy<'_>) -> Result<HashMap<i64, Node>, Error> {
    let live: Option<HashSet<&NodeName>> = policy.live.map(|live| live.iter().collect());
    let grace = i64::try_from(policy.grace.as_millis()).unwrap_or(i64::MAX);
    let since = policy.now.saturating_sub(grace);
    state.db.read("read nodes", |tx| {
        let texts = AllTexts::read(tx)?;
        let mut query = tx.prepare_cached(
            "SELECT n.id, n.dir, n.leaf, e.ended
             FROM nodes n LEFT JOIN executions e ON e.id = n.last",
        )?;
        let mut rows = query.query([])?;
        let mut nodes = HashMap::new();
        while let Some(row) = rows.next()? {
            let name = joined(texts.find(row.get(1)?)?, texts.find(row.get(2)?)?)?;
            let ran: Option<i64> = row.get(3)?;
            let lives = live.as_ref().is_none_or(|live| live.contains(&name))
                || ran.is_some_and(|ran| ran >= since);
            nodes.insert(row.get(0)?, Node { name, lives });
        }
        Ok(nodes)
    })
}

/// The oldest run that stays; 0 if all do.
fn oldest_run(state: &State, policy: &Policy<'_>) -> Result<i64, Error> {
    let skip = i64::try_from(policy.keep_runs.saturating_sub(1)).unwrap_or(i64::MAX);
    state.db.read("read runs", |tx| {
        let mut query = tx.prepare("SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?1")?;
        let mut rows = query.query([skip])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or(0))
    })
}

/// The directories that go. One in which that of a node lies that exists stays.
fn dirs(state: &State, nodes: &HashMap<i64, Node>, oldest_run: i64) -> Result<Vec<PathBuf>, Error> {
    let lives: HashSet<String> = nodes
        .values()
        .filter(|node| node.lives)
        .map(|node| node.name.path().into_owned())
        .collect();
    let mut prefixes: HashSet<&str> = HashSet::new();
    for path in &lives {
        prefixes.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
    }
    let mut dirs = Vec::new();
    for node in nodes.values().filter(|node| !node.lives) {
        let path = node.name.path().into_owned();
        if prefixes.contains(path.as_str()) || lives.contains(&path) {
            continue;
        }
        let dir = state.outputs.dir(&node.name);
        dirs.extend(
            [dir, state.dir.join("work").join(path)].into_iter().filter(|dir| dir.exists()),
        );
    }
    for log in entries(&state.dir.join("logs"))? {
        let run = log.file_name().and_then(|name| name.to_str()?.parse::<i64>().ok());
        dirs.extend(run.filter(|run| *run < oldest_run).map(|_| log));
    }
    dirs.sort();
    Ok(dirs)
}
