//! Which versions of kas can read a project, and whether the one here is among them. Reads what lies on this disk only.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::Check;
use crate::config::Project;
use crate::diagnostic::SourceText;
use crate::front::kas::{Directories, FileCache, Merged, load_chain};
use crate::front::machines::{self, Defaults};
use crate::front::yaml::{Int, Value};
use crate::probe::tool::{KasVersion, first_kas_with, refuses_late_source_dir};

/// What the kas files of a project ask of kas.
#[derive(Debug, Default, PartialEq, Eq)]
struct Demands {
    /// The highest `header.version`, with its place.
    format: Option<(u32, String)>,
    /// Files that have a `_source_dir` and are not the first of their chain.
    late: BTreeSet<String>,
    /// Chains that cannot be read.
    broken: usize,
}

/// What a project asks of kas, and whether the kas that was found can do it.
pub(super) fn checks(project: &Project, told: Option<&KasVersion>) -> Vec<Check> {
    let demands = demands(project);
    let mut checks: Vec<Check> = formats(&demands, told).into_iter().collect();
    checks.extend(late_source_dir(&demands, told));
    if demands.broken > 0 {
        let found = match demands.broken {
            1 => "a chain cannot be read".to_owned(),
            count => format!("{count} chains cannot be read"),
        };
        let hint = "`graph plan` tells what is wrong";
        checks.push(Check::warning("kas files", found).hint(hint));
    }
    checks
}

fn demands(project: &Project) -> Demands {
    let root = &project.root;
    let (files, checkouts) = (FileCache::new(root), Directories::new(root, root));
    let defaults = Defaults { build_target: String::new(), output: String::new() };
    let mut demands = Demands::default();
    for path in &project.machines {
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        let name = path.to_string_lossy().into();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (machines, _) = machines::read(&Arc::new(SourceText { name, text }), &defaults);
        for machine in machines.into_iter().flat_map(|file| file.machines) {
            match load_chain(&machine.chain, &checkouts, &files) {
                Ok(merged) => demands.add(&merged),
                Err(_) => demands.broken += 1,
            }
        }
    }
    demands
}

impl Demands {
    fn add(&mut self, merged: &Merged) {
        let version = merged.config.get("header").and_then(|header| header.get("version"));
        if let Some(node) = version
            && let Value::Int(Int::Small(version)) = node.value
            && let Ok(version) = u32::try_from(version)
            && self.format.as_ref().is_none_or(|(known, _)| version > *known)
        {
            self.format = Some((version, node.span.place().to_string()));
        }
        let late =
            merged.warnings.as_slice().iter().filter(|one| one.message.contains("`_source_dir`"));
        self.late.extend(late.filter_map(|one| one.place()).map(|place| place.file.to_string()));
    }
}

fn formats(demands: &Demands, told: Option<&KasVersion>) -> Option<Check> {
    let (format, place) = demands.format.as_ref()?;
    let reads = match first_kas_with(*format) {
        Some(first) => format!("kas {first} and later read it"),
        None => "no known kas reads it".to_owned(),
    };
    let found = format!("format {format} in {place}; {reads}");
    match told {
        Some(told) if told.newest_format.is_some_and(|newest| newest < *format) => Some(
            Check::broken("kas format", format!("{found}, and not {}", told.version))
                .hint("set `kas: {version: …}` in `graph.yaml` to one that does"),
        ),
        _ => Some(Check::ok("kas format", found)),
    }
}

/// Builds of `graph` are not concerned, because they give kas one flat file.
fn late_source_dir(demands: &Demands, told: Option<&KasVersion>) -> Option<Check> {
    let first = demands.late.first()?;
    let others = match demands.late.len() - 1 {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let found = format!("kas 5.3 and later refuse `_source_dir` in `{first}`{others}");
    match told {
        Some(told) if refuses_late_source_dir(&told.version) => Some(
            Check::warning(
                "kas files",
                format!("{found}, so {} cannot build by hand", told.version),
            )
            .hint("builds of `graph` work, for they give kas one flat file; by hand use kas 5.2"),
        ),
        _ => Some(Check::ok("kas files", found)),
    }
}
