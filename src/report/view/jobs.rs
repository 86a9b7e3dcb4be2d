//! Stale nodes as the matrix of a GitHub workflow: one job after the other, each with what it is to build.

use std::collections::HashSet;

use graph::model::Graph;
use graph::name::NodeName;
use graph::shards::Shard;
use schemars::JsonSchema;
use serde::Serialize;

use super::wire::maybe_seconds;
use crate::report::words::{count, names};

/// The longest id and name of a job.
const LONGEST: usize = 100;

/// A matrix, as `strategy.matrix` takes it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MatrixView {
    /// The jobs.
    pub include: Vec<JobView>,
}

/// One job.
///
/// Invariant: `id` has nothing but letters, digits, `.`, `_` and `-`; `selectors` has besides these only what names and
/// lists of names are made of, so that none of its words means more than itself to a shell: see [`is_safe`].
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JobView {
    /// Unique, and fit for the name of an artifact or a file.
    pub id: String,
    /// For people.
    pub name: String,
    /// What `graph build` is given, separated by blanks.
    pub selectors: String,
    /// How many nodes it builds.
    pub nodes: usize,
    /// How long they take, one after the other; those that never ran count as nothing.
    #[serde(rename = "estimate_s", serialize_with = "maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub estimate_ms: Option<u64>,
}

/// How the nodes came to jobs, which is how jobs are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// A job is what must stay together, and is called after it.
    Units,
    /// A job is one of several shards.
    Shards,
}

impl MatrixView {
    /// The matrix of these jobs.
    #[must_use]
    pub fn of(graph: &Graph, shards: &[Shard], split: Split) -> Self {
        let mut ids = HashSet::new();
        let job = |(at, shard): (usize, &Shard)| {
            let mut of: Vec<&NodeName> =
                shard.nodes.iter().map(|id| &graph.node(*id).name).collect();
            let last = *of.last().expect("a shard is made of nodes");
            let (id, name) = match split {
                Split::Units => (slug(last), unit_name(last, of.len())),
                Split::Shards => shard_name(at + 1, shards.len(), of.len()),
            };
            of.sort_unstable();
            JobView {
                id: unique(id, &mut ids),
                name,
                selectors: names(&of, usize::MAX).join(" "),
                nodes: of.len(),
                estimate_ms: (shard.estimate_ms > 0).then_some(shard.estimate_ms),
            }
        };
        Self { include: shards.iter().enumerate().map(job).collect() }
    }
}

/// Whether a text can stand in a command line, quoted or not, and in a workflow as it is.
#[must_use]
pub fn is_safe(selectors: &str) -> bool {
    selectors.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/%._-+=,@{} ".contains(&byte))
        && !selectors.split(' ').any(|word| word.is_empty() || word.starts_with(['-', '=', '@']))
}

fn unit_name(last: &NodeName, nodes: usize) -> String {
    let rest = if nodes > 1 { format!(" + {}", nodes - 1) } else { String::new() };
    cut(last.as_str(), LONGEST - rest.len()) + &rest
}

fn shard_name(number: usize, of: usize, nodes: usize) -> (String, String) {
    let width = of.to_string().len();
    let id = format!("shard-{number:0width$}-of-{of}");
    (id, format!("shard {number} of {of}, {}", count(nodes, "node")))
}

/// A name as an id: what is no letter or digit becomes a hyphen.
fn slug(name: &NodeName) -> String {
    let plain = |char: char| match char {
        '.' | '_' | '-' => char,
        _ if char.is_ascii_alphanumeric() => char,
        _ => '-',
    };
    cut(&name.as_str().chars().map(plain).collect::<String>(), LONGEST)
}

fn cut(ascii: &str, most: usize) -> String {
    ascii.chars().take(most).collect()
}

/// Two names can make one id, and of long ones the end is cut.
fn unique(id: String, taken: &mut HashSet<String>) -> String {
    let mut candidate = id.clone();
    let mut number = 2;
    // Artifacts are files on systems that do not tell large letters from small ones.
    while !taken.insert(candidate.to_ascii_lowercase()) {
        candidate = format!("{id}-{number}");
        number += 1;
    }
    candidate
}
