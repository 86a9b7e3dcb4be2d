//! What is there, whether it is sound, and starting over. Knows no rule of what to keep.

use std::fs;
use std::path::{Path, PathBuf};

use graph::digest::Digest;
use graph::name::NodeName;

use crate::claims::Claims;
use crate::db;
use crate::error::{Error, Fault};
use crate::intern::{Texts, count, node_name};
use crate::leftovers;
use crate::slices;
use crate::staging::remove_any;
use crate::state::{State, database};

/// What the cache holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stat {
    /// Nodes of which an execution is remembered.
    pub nodes: usize,
    /// Executions.
    pub executions: usize,
    /// Runs.
    pub runs: usize,
    /// Files whose digest is remembered.
    pub files: usize,
    /// Artifacts.
    pub artifacts: usize,
    /// What they take on the disk, in bytes.
    pub artifact_bytes: u64,
    /// The length of the database, in bytes.
    pub database_bytes: u64,
    /// Things that killed processes left half done.
    pub leftovers: usize,
}

/// Counts what is there.
pub(crate) fn stat(state: &State) -> Result<Stat, Error> {
    let held = state.store.list()?;
    let artifact_bytes = held.values().map(|held| held.on_disk).sum();
    let sizes = db::files(state.db.path());
    let database_bytes =
        sizes[..2].iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
    let leftovers = leftovers::list(state)?.len();
    state.db.read("count what is kept", |tx| {
        let count = |what: &str| count(tx, &format!("SELECT count(*) FROM {what}"), []);
        Ok(Stat {
            nodes: count("nodes WHERE last IS NOT NULL")?,
            executions: count("executions")?,
            runs: count("runs")?,
            files: count("files")?,
            artifacts: held.len(),
            artifact_bytes,
            database_bytes,
            leftovers,
        })
    })
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// An artifact was not what its name says. It has been dropped.
    Corrupt {
        /// Its name.
        artifact: Digest,
        /// The nodes that lose it.
        nodes: Vec<NodeName>,
    },
    /// An artifact that a record claims is not there, or not of the right length.
    Missing {
        /// Its name.
        artifact: Digest,
        /// The nodes that miss it.
        nodes: Vec<NodeName>,
    },
    /// The database contradicts itself, as SQLite says.
    Database(String),
}

/// Reads every artifact and checks the database. Damaged artifacts are dropped, so that they are made again.
pub(crate) fn verify(state: &State) -> Result<Vec<Problem>, Error> {
    let mut problems = check_database(state)?;
    let claims = state.db.read("read what is kept", Claims::read)?;
    let held = state.store.list()?;
    let mut corrupt: Vec<Digest> = Vec::new();
    for digest in held.keys() {
        match state.store.is_sound(digest) {
            Ok(true) => {}
            Ok(false) | Err(Error::NotAFile(_)) => corrupt.push(*digest),
            // What `gc` removes meanwhile is no problem.
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    corrupt.sort_unstable();
    let mut missing: Vec<Digest> = claims
        .left()
        .iter()
        .flat_map(|claim| &claim.outputs)
        .filter(|(digest, size)| held.get(digest).is_none_or(|held| held.size != *size))
        .map(|(digest, _)| *digest)
        .filter(|digest| corrupt.binary_search(digest).is_err())
        .collect();
    missing.sort_unstable();
    missing.dedup();
    for artifact in corrupt {
        state.store.remove(&artifact)?;
        let nodes = claimants(state, &claims, &artifact)?;
        problems.push(Problem::Corrupt { artifact, nodes });
    }
    for artifact in missing {
        let nodes = claimants(state, &claims, &artifact)?;
        problems.push(Problem::Missing { artifact, nodes });
    }
    Ok(problems)
}

fn check_database(state: &State) -> Result<Vec<Problem>, Error> {
    state.db.read("check the cache", |tx| {
        let mut query = tx.prepare("PRAGMA integrity_check")?;
        let mut rows = query.query([])?;
        let mut problems = Vec::new();
        while let Some(row) = rows.next()? {
            let said: String = row.get(0)?;
            if said != "ok" {
                problems.push(Problem::Database(said));
            }
        }
        Ok(problems)
    })
}

fn claimants(state: &State, claims: &Claims, artifact: &Digest) -> Result<Vec<NodeName>, Error> {
    let claim = claims
        .left()
        .iter()
        .filter(|claim| claim.outputs.iter().any(|(digest, _)| digest == artifact));
    let ids: Vec<i64> = claim.map(|claim| claim.node).collect();
    state.db.read("read nodes", |tx| {
        let mut texts = Texts::default();
        let names: Result<Vec<Option<NodeName>>, Fault> =
            ids.iter().map(|id| node_name(tx, &mut texts, *id)).collect();
        let mut names: Vec<NodeName> = names?.into_iter().flatten().collect();
        names.sort();
        names.dedup();
        Ok(names)
    })
}

/// Forgets everything and removes all artifacts and outputs: records first, so that none ever claims what is gone.
/// Others may have the database open; they find it empty. Says how many bytes the artifacts took.
pub(crate) fn clear(state: &State) -> Result<u64, Error> {
    let freed = stat(state)?.artifact_bytes;
    state.db.write("forget everything", |tx| {
        for table in [
            "executions",
            "nodes",
            "parts",
            "part_lists",
            "in_common",
            "texts",
            "runs",
            "skips",
            "files",
            "refs",
            "tools",
            "manifests",
            "read_sets",
        ] {
            tx.execute(&format!("DELETE FROM {table}"), [])?;
        }
        slices::forget_all(tx)
    })?;
    for dir in [state.dir.join("store"), state.dir.join("out")] {
        remove_any(&dir).map_err(Error::io("remove", &dir))?;
    }
    crate::sweep::compact(&state.db)?;
    Ok(freed)
}

/// Moves a database that cannot be used out of the way, and says where to. The next open makes a new one.
pub(crate) fn set_aside(dir: &Path) -> Result<PathBuf, Error> {
    let path = database(dir);
    let aside = (1..)
        .map(|number| dir.join(format!("cache.db.aside-{number}")))
        .find(|aside| fs::symlink_metadata(aside).is_err())
        .expect("there are more numbers than files");
    // The database first: a log without it is ignored, it without its log would be an older state.
    for (from, to) in db::files(&path).iter().zip(db::files(&aside)) {
        match fs::rename(from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("move away", from)(error));
            }
            _ => {}
        }
    }
    Ok(aside)
}
