//! What `graph cache` tells, for people and for scripts. Opens nothing.

use std::io::{self, Write};
use std::path::PathBuf;

use cache::{GcReport, Problem, Stat};
use serde::Serialize;

use crate::config::{Project, Size};
use crate::escape;

/// What is kept.
#[derive(Debug, Serialize)]
pub(super) struct Counted {
    version: u32,
    nodes: usize,
    executions: usize,
    runs: usize,
    files: usize,
    artifacts: usize,
    artifact_bytes: u64,
    database_bytes: u64,
    leftovers: usize,
}

impl Counted {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            version: 1,
            nodes: stat.nodes,
            executions: stat.executions,
            runs: stat.runs,
            files: stat.files,
            artifacts: stat.artifacts,
            artifact_bytes: stat.artifact_bytes,
            database_bytes: stat.database_bytes,
            leftovers: stat.leftovers,
        }
    }

    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{:<12} {}", "nodes", self.nodes)?;
        writeln!(out, "{:<12} {}", "executions", self.executions)?;
        writeln!(out, "{:<12} {}", "runs", self.runs)?;
        writeln!(out, "{:<12} {}", "file digests", self.files)?;
        writeln!(out, "{:<12} {}, {}", "artifacts", self.artifacts, Size(self.artifact_bytes))?;
        writeln!(out, "{:<12} {}", "database", Size(self.database_bytes))?;
        if self.leftovers > 0 {
            writeln!(
                out,
                "{:<12} {}, half done; `graph cache gc` removes them",
                "leftovers", self.leftovers
            )?;
        }
        Ok(())
    }
}

/// What was dropped, or would be.
#[derive(Debug, Serialize)]
pub(super) struct Collected {
    version: u32,
    dry_run: bool,
    artifacts: usize,
    freed_bytes: u64,
    kept_bytes: u64,
    over_budget_bytes: u64,
    leftovers: usize,
    runs: usize,
    executions: usize,
    directories: Vec<String>,
}

impl Collected {
    pub(super) fn of(done: &GcReport, dry_run: bool, project: &Project) -> Self {
        let layout = project.layout();
        Self {
            version: 1,
            dry_run,
            artifacts: done.artifacts,
            freed_bytes: done.freed,
            kept_bytes: done.kept,
            over_budget_bytes: done.over_budget,
            leftovers: done.leftovers,
            runs: done.runs,
            executions: done.executions,
            directories: done.dirs.iter().map(|dir| layout.shown(dir)).collect(),
        }
    }

    /// Adds checkouts, which are directories too.
    pub(super) fn add(&mut self, checkouts: &[PathBuf], project: &Project) {
        let layout = project.layout();
        self.directories.extend(checkouts.iter().map(|dir| layout.shown(dir)));
    }

    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let would = if self.dry_run { "would drop" } else { "dropped" };
        let (freed, kept) = (Size(self.freed_bytes), Size(self.kept_bytes));
        writeln!(out, "{would} {} artifacts, {freed}; {kept} stay", self.artifacts)?;
        if self.runs + self.executions + self.leftovers > 0 {
            writeln!(
                out,
                "{would} {} runs, {} executions, {} leftovers",
                self.runs, self.executions, self.leftovers
            )?;
        }
        for dir in &self.directories {
            writeln!(out, "{would} `{}`", escape::terminal(dir))?;
        }
        if self.over_budget_bytes > 0 {
            let over = Size(self.over_budget_bytes);
            writeln!(
                out,
                "still {over} over the budget: the last outputs of each node always stay"
            )?;
        }
        Ok(())
    }
}

/// What was found wrong.
#[derive(Debug, Serialize)]
pub(super) struct Verified {
    version: u32,
    problems: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct Told {
    kind: &'static str,
    what: String,
    nodes: Vec<String>,
}

impl Verified {
    pub(super) fn of(problems: &[Problem]) -> Self {
        let told = |problem: &Problem| {
            let (kind, what, nodes) = match problem {
                Problem::Corrupt { artifact, nodes } => {
                    ("corrupt", artifact.to_string(), nodes.as_slice())
                }
                Problem::Missing { artifact, nodes } => {
                    ("missing", artifact.to_string(), nodes.as_slice())
                }
                Problem::Database(what) => ("database", what.clone(), &[][..]),
            };
            Told { kind, what, nodes: nodes.iter().map(ToString::to_string).collect() }
        };
        Self { version: 1, problems: problems.iter().map(told).collect() }
    }

    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.problems.is_empty() {
            return writeln!(out, "everything is as it should be");
        }
        for problem in &self.problems {
            let what = match problem.kind {
                "corrupt" => {
                    format!("artifact {} was damaged and has been dropped", short(&problem.what))
                }
                "missing" => format!("artifact {} is missing", short(&problem.what)),
                _ => format!("the database says: {}", problem.what),
            };
            writeln!(out, "{}", escape::terminal(&what))?;
            for node in &problem.nodes {
                writeln!(out, "  `{node}` loses it, and is made again")?;
            }
        }
        Ok(())
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// What was removed.
#[derive(Debug, Serialize)]
pub(super) struct Cleared {
    pub(super) version: u32,
    pub(super) freed_bytes: u64,
}

impl Cleared {
    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "everything is forgotten; {} of artifacts are gone", Size(self.freed_bytes))
    }
}
