//! The digests of what a node does and of what it collects. Knows no part and no key.

use crate::digest::{Digest, Fields};
use crate::facts::{Facts, Seen};
use crate::spec::{Condition, Dir, Node, Output, Piece, Presence, Step, Template};

/// The names of the two parts that every node has.
pub(crate) const ACTION: &str = "action";
pub(crate) const OUTPUTS: &str = "outputs";

/// The digest, and whether all facts are known that are in it: where one is not, it is another once that is.
pub(crate) fn action_digest(node: &Node, facts: &Facts) -> (Digest, Known) {
    let action = &node.action;
    let mut fields = Fields::of("graph action v2");
    let mut known = Known::All;
    for taken in &*action.takes {
        fields.add("take");
        // Of which need, by its place among the parts.
        let before = node
            .needs
            .get(taken.need)
            .map_or(node.needs.len(), |from| node.needs.iter().filter(|need| *need < from).count());
        fields.add(before.to_string());
        fields.add(&taken.output);
        fields.add(&taken.path);
    }
    for file in &*action.files {
        fields.add("file");
        fields.add(&*file.path);
    }
    for step in &*action.steps {
        add_step(&mut fields, step, facts, &mut known);
    }
    (fields.finish(), known)
}

/// Whether the facts in a digest are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    All,
    NotAll,
}

fn add_step(fields: &mut Fields, step: &Step, facts: &Facts, known: &mut Known) {
    fields.add("step");
    fields.add(step.program);
    for Condition { file, line, holds } in &step.when {
        fields.add(if *holds { "with" } else { "without" });
        fields.add(file);
        fields.add(line);
    }
    if let Some(dir) = &step.dir {
        fields.add("dir");
        add_template(fields, dir, facts, known);
    }
    for arg in &step.args {
        fields.add("arg");
        add_template(fields, arg, facts, known);
    }
    for (name, value) in &step.env {
        fields.add("env");
        fields.add(name);
        add_template(fields, value, facts, known);
    }
}

/// Directories enter by their role: where the project lies is no part of a key. A fact enters by its value, so
/// that a ref and the commit that it names make one key. One that is unknown leaves the node without a key anyway.
fn add_template(fields: &mut Fields, template: &Template, facts: &Facts, known: &mut Known) {
    fields.add(u64::try_from(template.0.len()).expect("a length fits 64 bits").to_le_bytes());
    for piece in &template.0 {
        match piece {
            Piece::Text(text) => {
                fields.add("text");
                fields.add(text.as_bytes());
            }
            Piece::Dir(Dir::Work) => fields.add("work"),
            Piece::Dir(Dir::Root) => fields.add("root"),
            Piece::Dir(Dir::Checkout) => fields.add("checkout"),
            Piece::Fact(source) => match facts.seen(source) {
                Seen::Known { digest, .. } => {
                    fields.add("fact");
                    fields.add(digest.as_bytes());
                }
                Seen::Missing => fields.add("missing"),
                Seen::Unknown(_) => {
                    *known = Known::NotAll;
                    fields.add("unknown");
                }
            },
        }
    }
}

pub(crate) fn outputs_digest(outputs: &[Output]) -> Digest {
    let mut fields = Fields::of("graph output patterns v1");
    for output in outputs {
        fields.add(&output.pattern);
        fields.add([u8::from(output.presence == Presence::Required)]);
        if let Some(below) = &output.below {
            fields.add("below");
            fields.add(below);
        }
    }
    fields.finish()
}
