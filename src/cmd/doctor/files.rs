//! The project's own files: whether they can be read, and which versions of kas can read them. Observes no input.

use super::check::Check;
use crate::cmd::opened::sources_alone;
use crate::config::Project;
use crate::context::Context;
use crate::diagnostic::Severity;
use crate::front::kas::Demands;
use crate::probe::tool::{KasVersion, first_kas_with, newest_format, refuses_late_source_dir};
use crate::report::words;

const NAME: &str = "kas files";

/// Everything about them, for a kas of a version, where that is known.
pub(super) fn checks(context: &Context, project: &Project, kas: Option<&KasVersion>) -> Vec<Check> {
    if project.machines.is_empty() {
        return vec![
            Check::broken(NAME, "no `machines.json` is named or found")
                .hint("name it under `sources.machines` in `graph.yaml`"),
        ];
    }
    let loaded = match sources_alone(context, project) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let is_error = |severity| severity == Severity::Error;
            let all = problems.as_slice().iter();
            let count = all.filter(|problem| is_error(problem.severity)).count();
            return vec![
                Check::broken(NAME, format!("they have {}", words::count(count, "error")))
                    .hint("`graph list` says what is wrong and where"),
            ];
        }
    };
    let mut checks = vec![format(&loaded.demands, kas)];
    checks.extend(source_dir(&loaded.demands, kas));
    let missing = loaded.missing.iter().map(|repo| {
        Check::warning(
            NAME,
            format!("the repository `{}`, which they include, is not cloned yet", repo.id),
        )
        .hint("`graph build` clones it")
    });
    checks.extend(missing);
    checks
}

/// Whether kas is new enough. What it is given has the newest format of them all.
fn format(demands: &Demands, kas: Option<&KasVersion>) -> Check {
    let Some((format, place)) = &demands.format else {
        return Check::ok(NAME, "there are none");
    };
    let number = u32::try_from(*format).unwrap_or(0);
    let first = first_kas_with(number);
    let reads = kas.and_then(|kas| kas.newest_format.or_else(|| newest_format(&kas.version)));
    match (reads, first) {
        (Some(reads), first) if reads < number => {
            let version = kas.map_or("", |kas| &kas.version);
            let found = format!(
                "kas {version} refuses format {format} (`{place}`): it reads up to {reads}"
            );
            let first = first.unwrap_or("a newer one");
            Check::broken(NAME, found)
                .hint(format!("use kas {first} or later; `kas: {{version: …}}` in `graph.yaml`"))
        }
        (_, Some(first)) => {
            Check::ok(NAME, format!("they need kas {first} or later (format {format}, `{place}`)"))
        }
        (_, None) => Check::ok(NAME, format!("their format is {format} (`{place}`)")),
    }
}

/// Builds get along with any kas, for the one file that it is given has its `_source_dir` where all take it.
fn source_dir(demands: &Demands, kas: Option<&KasVersion>) -> Option<Check> {
    let first = demands.late_source_dirs.first()?;
    let others = match demands.late_source_dirs.len() - 1 {
        0 => String::new(),
        1 => " and one more file".to_owned(),
        more => format!(" and {more} more files"),
    };
    let rule = "which may only be in the first file of a chain";
    let check = match kas {
        Some(kas) if refuses_late_source_dir(&kas.version) => Check::warning(
            NAME,
            format!("kas {} refuses `_source_dir` in `{first}`{others}, {rule}", kas.version),
        )
        .hint("`graph` builds all the same: it gives kas one flattened file")
        .hint("to run kas by hand, take 5.2 or earlier, or move `_source_dir` to a first file of its own"),
        _ => Check::ok(
            NAME,
            format!("kas 5.3 and later refuse `_source_dir` in `{first}`{others}, {rule}"),
        ),
    };
    Some(check)
}
