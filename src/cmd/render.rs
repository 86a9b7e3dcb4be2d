//! `graph render`: the graph as a drawing, with what is stale in colours.

use std::io::Write;

use graph::model::Graph;
use graph::plan::Plan;

use super::console::Console;
use super::opened::Opened;
use super::plan::mode;
use super::survey::Survey;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::report::dot::dot;
use crate::report::mermaid::{MOST_ARROWS, MOST_CHARACTERS, mermaid};
use crate::report::view::picture::{Depth, PictureView};
use crate::report::words::number;

/// More shapes nobody sees at once.
const MOST_SHAPES: usize = 60;

/// How deep groups are, the finest first: build config, variant and architecture, then without these.
const DEPTHS: [Depth; 5] =
    [Depth::Nodes, Depth::Segments(4), Depth::Segments(3), Depth::Segments(2), Depth::Segments(1)];

/// The arguments of `graph render`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph render | dot -Tsvg > plan.svg       with Graphviz
  graph render --format mermaid             for a block ```mermaid in Markdown
  graph render 'kernel/next/**' --fold 3    one shape for each kind, build config and variant")]
pub struct Args {
    /// Names, globs over names or labels, united; `!` excludes
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,
    /// Open no socket: branches are where they were last seen
    #[arg(long)]
    pub offline: bool,
    /// When to draw groups for nodes: `auto`, `always`, `never`, or how many segments of names make a group
    #[arg(long, default_value = "auto", value_name = "WHEN", value_parser = fold)]
    pub fold: Fold,
    /// The language of the drawing: `dot` or `mermaid`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Language,
}

/// When to draw groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Where there are too many nodes.
    Auto,
    /// By kind, build config and variant.
    Always,
    /// Never.
    Never,
    /// By so many segments of the name.
    Depth(usize),
}

/// The language of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// Graphviz
    #[default]
    Dot,
    /// Mermaid, which GitHub draws
    Mermaid,
}

fn fold(text: &str) -> Result<Fold, String> {
    match (text, text.parse::<usize>()) {
        ("auto", _) => Ok(Fold::Auto),
        ("always", _) => Ok(Fold::Always),
        ("never", _) => Ok(Fold::Never),
        (_, Ok(depth)) if depth > 0 => Ok(Fold::Depth(depth)),
        _ => Err("give `auto`, `always`, `never` or a number from 1".to_owned()),
    }
}

/// Runs the verb.
///
/// # Errors
/// When there is no project, its input is wrong or a selector matches nothing.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let opened = Opened::to_look(context, mode(args.offline))?;
    let wanted = opened.select(&args.selectors)?;
    let survey = Survey::of(context, &opened, wanted, Vec::new())?;
    let plan = survey.plan(&opened);
    let mut warnings = survey.warnings(&opened);
    let graph = &opened.graph;
    let picture = PictureView::of(graph, &plan, depth(args.fold, args.format, graph, &plan));
    match args.format {
        Language::Dot => dot(&picture, out)?,
        Language::Mermaid => {
            let mut counting = Counting { written: 0, out };
            mermaid(&picture, &mut counting)?;
            warnings.extend(too_large(counting.written, picture.arrows.len()));
        }
    }
    Console::of(context).diagnostics(&warnings);
    Ok(out.flush()?)
}

/// The finest grouping that can be seen at once.
fn depth(fold: Fold, language: Language, graph: &Graph, plan: &Plan) -> Depth {
    match fold {
        Fold::Never => Depth::Nodes,
        Fold::Always => Depth::Segments(3),
        Fold::Depth(segments) => Depth::Segments(segments),
        Fold::Auto => {
            let most_arrows = match language {
                Language::Dot => usize::MAX,
                Language::Mermaid => MOST_ARROWS,
            };
            let fits = |depth: &&Depth| {
                let (shapes, arrows) = PictureView::size(graph, plan, **depth);
                shapes <= MOST_SHAPES && arrows <= most_arrows
            };
            *DEPTHS.iter().find(fits).unwrap_or(&Depth::Segments(1))
        }
    }
}

/// What to say of a drawing that Mermaid will not draw.
fn too_large(characters: usize, arrows: usize) -> Diagnostics {
    let mut said = Diagnostics::default();
    if characters > MOST_CHARACTERS || arrows > MOST_ARROWS {
        let message = format!(
            "GitHub does not draw this: it has {} characters and {} arrows, and Mermaid takes {} and {}",
            number(characters),
            number(arrows),
            number(MOST_CHARACTERS),
            number(MOST_ARROWS)
        );
        let hint = "fold more, with `--fold 2`, or select fewer nodes";
        said.push(Diagnostic::warning(message).hint(hint));
    }
    said
}

/// Counts what is written.
struct Counting<'a> {
    written: usize,
    out: &'a mut dyn Write,
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written += count;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
