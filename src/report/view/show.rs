//! What `graph show` shows: everything that goes into a node, what it would run and what it left.

use std::path::Path;
use std::sync::Arc;

use graph::facts::{Fact, Facts};
use graph::fingerprint::{Obstacle, Part};
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::record::{OutputFile, Record};
use graph::resource::Pool;
use graph::spec::{Condition, Dir, Node, Piece, Presence, Role, Source, Step, Template};
use graph::verdict::Judgement;
use serde::Serialize;

use super::VERSION;
use super::list::Labels;
use super::reason::{Nature, ReasonView, VerdictKind, place};
use super::why::ExecutionView;
use crate::redact::redact_url;

/// One node, whole.
#[derive(Debug, Clone, Serialize)]
pub struct ShowView<'a> {
    /// The version of the form.
    pub version: u32,
    /// Its name.
    pub name: NodeName,
    /// Where it was declared, `file:line`.
    pub declared: Arc<str>,
    /// Its labels.
    pub labels: Labels<'a>,
    /// What would be decided of it now.
    pub verdict: VerdictKind,
    /// Why.
    pub reasons: Vec<ReasonView>,
    /// The key it would run under; absent while something is unknown or open.
    pub key: Option<String>,
    /// Everything that goes into it, sorted by name.
    pub parts: Vec<PartView>,
    /// What is not yet known of its declaration.
    pub unresolved: Vec<String>,
    /// What it needs.
    pub needs: Vec<NodeName>,
    /// What needs it.
    pub needed_by: Vec<NodeName>,
    /// Nodes that are the same build under other names: one execution serves all.
    pub same_build: Vec<NodeName>,
    /// Which limit it counts against.
    pub pool: Pool,
    /// What it runs, in order.
    pub steps: Vec<StepView>,
    /// Files that are written before.
    pub files: Vec<FileView>,
    /// What is collected afterwards.
    pub outputs: Vec<OutputView>,
    /// Where it works.
    pub work: String,
    /// Where its outputs are put.
    pub out: String,
    /// The log of its last execution.
    pub log: Option<String>,
    /// Its last execution.
    pub last: Option<ExecutionView>,
    /// What that left.
    pub made: Vec<OutputFile>,
}

/// One ingredient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartView {
    /// Its name in the user's words.
    pub name: Arc<str>,
    /// Its value, or a short digest of content.
    pub value: Option<Arc<str>>,
    /// What the value is.
    #[serde(skip_serializing_if = "Nature::is_text")]
    pub nature: Nature,
    /// Whether it is a stamp, a change of which rebuilds nothing.
    pub stamp: bool,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Arc<str>>,
    /// Where the user wrote it.
    pub declared: Option<Arc<str>>,
}

/// One program run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// What it is called in logs.
    pub name: String,
    /// When it is passed over, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The variables it gets beyond those that every step of its program gets.
    pub env: Vec<(String, String)>,
}

/// A file that is written before the first step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// Its path in the work directory.
    pub path: String,
    /// Its content.
    pub content: String,
}

/// A pattern of files to collect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutputView {
    /// The pattern.
    pub pattern: String,
    /// Whether the node fails when nothing matches.
    pub required: bool,
}

/// Where a node lies on disk.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The project's root.
    pub root: &'a Path,
    /// The node's work directory.
    pub work: &'a Path,
    /// The directory of its outputs.
    pub out: &'a Path,
    /// Its last log, if there is one.
    pub log: Option<&'a Path>,
}

impl<'a> ShowView<'a> {
    /// A node with what is known of it. `program` is what a program's well-known name is run as.
    #[must_use]
    pub fn of(
        (graph, id): (&'a Graph, NodeId),
        judgement: &Judgement,
        facts: &Facts,
        last: Option<&Record>,
        places: Places<'_>,
        same_build: Vec<NodeName>,
        program: impl Fn(&str) -> Vec<String>,
    ) -> Self {
        let node = graph.node(id);
        let fill = |template: &Template| filled(template, facts, places);
        let step = |step: &Step| {
            let mut argv = program(step.program);
            argv.extend(step.args.iter().map(fill));
            let env = step.env.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
            let only = step.when.iter().map(condition).collect();
            StepView { name: step.name.to_owned(), only, argv, env }
        };
        let file = |file: &graph::spec::GeneratedFile| FileView {
            path: file.path.to_string(),
            content: redact_url(&fill(&file.content)).into_owned(),
        };
        let output = |output: &graph::spec::Output| OutputView {
            pattern: output.pattern.clone(),
            required: output.presence == Presence::Required,
        };
        let name = |&id: &NodeId| graph.node(id).name.clone();
        Self {
            version: VERSION,
            name: node.name.clone(),
            declared: node.declared.to_string().into(),
            labels: Labels::of(&node.labels),
            verdict: VerdictKind::of(&judgement.verdict),
            reasons: ReasonView::all(node, &judgement.verdict),
            key: judgement.fingerprint.key.as_ref().ok().map(ToString::to_string),
            parts: parts(node, judgement),
            unresolved: node.unresolved.clone(),
            needs: node.needs.clone(),
            needed_by: graph.dependents(id).iter().map(name).collect(),
            same_build,
            pool: node.pool,
            steps: node.action.steps.iter().map(step).collect(),
            files: node.action.files.iter().map(file).collect(),
            outputs: node.outputs.iter().map(output).collect(),
            work: places.work.display().to_string(),
            out: places.out.display().to_string(),
            log: places.log.map(|log| log.display().to_string()),
            last: last.map(ExecutionView::of),
            made: last.map_or_else(Vec::new, |last| last.outputs.clone()),
        }
    }
}

fn condition(condition: &Condition) -> String {
    let Condition { file, line, holds } = condition;
    format!("{} `{line}` in `{file}`", if *holds { "with" } else { "without" })
}

fn parts(node: &Node, judgement: &Judgement) -> Vec<PartView> {
    let known = judgement.fingerprint.parts.iter().map(|part: &Part| {
        let nature = Nature::of(Some(node), part);
        PartView {
            name: part.name.clone(),
            value: nature.shown(part),
            nature,
            stamp: part.role == Role::Stamp,
            unknown: None,
            declared: place(part.declared.as_ref()),
        }
    });
    let obstacles = judgement.fingerprint.key.as_ref().err().into_iter().flatten();
    let unknown = obstacles.filter_map(|obstacle| {
        let (name, why, declared) = match obstacle {
            Obstacle::Open(need) => (format!("need {need}").into(), "not built yet".into(), None),
            Obstacle::Unknown { part, why, declared } => {
                (part.clone(), why.clone(), place(declared.as_ref()))
            }
            Obstacle::Unresolved(_) => return None,
        };
        let (value, nature, stamp) = (None, Nature::Text, false);
        Some(PartView { name, value, nature, stamp, unknown: Some(why), declared })
    });
    let mut parts: Vec<PartView> = known.chain(unknown).collect();
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    parts
}

/// The text that a template becomes. Holes that cannot be filled, or must not be shown, say so.
fn filled(template: &Template, facts: &Facts, places: Places<'_>) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Dir(Dir::Work) => places.work.display().to_string(),
        Piece::Dir(Dir::Root) => places.root.display().to_string(),
        Piece::Dir(Dir::Checkout) => "<checkout>".to_owned(),
        Piece::Fact(Source::Secret(_) | Source::Env(_)) => "***".to_owned(),
        Piece::Fact(source) => match facts.get(source) {
            Fact::Known { text, .. } => text.to_string(),
            Fact::Missing => "<missing>".to_owned(),
            Fact::Unknown(why) => format!("<not known: {why}>"),
        },
    };
    template.0.iter().map(piece).collect()
}
