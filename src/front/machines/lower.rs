//! A machine and what is built for it, lowered to nodes. Reads nothing.

use std::sync::Arc;

use graph::list::List;
use graph::name::{BadName, NodeName};
use graph::resource::Pool;
use graph::spec::{
    Action, Dir, GeneratedFile, Label, Node, Output, Piece, Presence, Step, Template,
};

use super::build::Build;
use super::file::Machine;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::{Ground, Text, generated_file, inputs, unresolved};

/// The file that kas is given, in the work directory of a node.
const GENERATED: &str = "graph.kas.yaml";

/// Where bitbake leaves what it makes; `TMPDIR` is `tmp`, or `tmp-<branch>` where the configuration says so.
const DEPLOY: &str = "build/tmp*/deploy";

/// `image/<machine>-<branch>`, and `sdk/<machine>-<branch>` where the machine has one. `build` is what is built for it,
/// with the machine's own target.
#[must_use]
pub fn nodes(
    machine: &Machine,
    yocto_branch: &Text,
    build: &Build,
    ground: &Ground,
    found: &mut Diagnostics,
) -> Vec<Node> {
    let nodes = named(machine, yocto_branch, build, ground, found);
    or_problem(nodes, machine, found)
}

/// The same nodes as far as [`outlines`] has them.
pub(super) fn outlined(
    machine: &Machine,
    yocto_branch: &Text,
    found: &mut Diagnostics,
) -> Vec<Node> {
    or_problem(outlines(machine, yocto_branch), machine, found)
}

fn or_problem(
    nodes: Result<Vec<Node>, BadName>,
    machine: &Machine,
    found: &mut Diagnostics,
) -> Vec<Node> {
    nodes.unwrap_or_else(|error| {
        found.push(Diagnostic::error(error.to_string()).at(&machine.name.span));
        Vec::new()
    })
}

/// What a machine's nodes will be called, their labels and needs, for selection before any kas file is read.
///
/// # Errors
/// A name is none.
pub fn outlines(machine: &Machine, yocto_branch: &Text) -> Result<Vec<Node>, BadName> {
    let title = format!("{}-{}", machine.name.value, yocto_branch.value);
    let kinds = if machine.has_sdk { &["image", "sdk"][..] } else { &["image"] };
    let name = |kind: &str| NodeName::new(kind, [title.as_str()]);
    let outline = |kind: &&str| {
        Ok(Node {
            name: name(kind)?,
            labels: labels(machine, yocto_branch),
            inputs: List::default(),
            needs: if *kind == "sdk" { vec![name("image")?] } else { Vec::new() },
            action: Action::default(),
            outputs: Arc::default(),
            declared: machine.name.span.place(),
            pool: Pool::Build,
            unresolved: Vec::new(),
        })
    };
    kinds.iter().map(outline).collect()
}

fn named(
    machine: &Machine,
    yocto_branch: &Text,
    build: &Build,
    ground: &Ground,
    found: &mut Diagnostics,
) -> Result<Vec<Node>, BadName> {
    let title = format!("{}-{}", machine.name.value, yocto_branch.value);
    let effective = &build.effective;
    let image = Node {
        name: NodeName::new("image", [title.as_str()])?,
        labels: labels(machine, yocto_branch),
        inputs: inputs(&build.merged, effective, ground, found).into(),
        needs: Vec::new(),
        action: Action {
            files: [GeneratedFile {
                path: GENERATED.into(),
                content: generated_file(&build.merged, effective, ground),
            }]
            .into(),
            steps: [kas("build", &[])].into(),
            ..Action::default()
        },
        outputs: image_outputs(machine),
        declared: machine.name.span.place(),
        pool: Pool::Build,
        unresolved: unresolved(&build.merged, effective),
    };
    if !machine.has_sdk {
        return Ok(vec![image]);
    }
    let sdk = Node {
        name: NodeName::new("sdk", [title.as_str()])?,
        needs: vec![image.name.clone()],
        action: Action {
            steps: [kas("populate_sdk", &["-c", "populate_sdk"])].into(),
            ..image.action.clone()
        },
        outputs: [output("sdk/*.sh", Presence::Required)].into(),
        ..image.clone()
    };
    Ok(vec![image, sdk])
}

fn labels(machine: &Machine, yocto_branch: &Text) -> List<Label> {
    let label = |key, text: &Text| Label { key, value: Arc::clone(&text.value) };
    let mut labels = vec![label("machine", &machine.name)];
    labels.extend(machine.workflows.iter().map(|workflow| label("workflow", workflow)));
    labels.push(label("yocto_branch", yocto_branch));
    labels.into()
}

/// `--force-checkout`, because kas goes on with whatever is there where a repository is dirty.
fn kas(step: &'static str, options: &[&str]) -> Step {
    let file = Template::of([Piece::Dir(Dir::Work), Piece::Text(format!("/{GENERATED}").into())]);
    let mut args = vec![Template::text("build"), Template::text("--force-checkout")];
    args.extend(options.iter().map(|option| Template::text(Arc::from(*option))));
    args.push(file);
    Step { name: step, program: "kas", args, ..Step::default() }
}

fn image_outputs(machine: &Machine) -> Arc<[Output]> {
    let images = machine.outputs.iter().map(|glob| format!("images/*/{glob}"));
    let mut outputs: Vec<Output> =
        images.map(|pattern| output(&pattern, Presence::Required)).collect();
    outputs.push(output("**/*pvrexport.tgz", Presence::Optional));
    outputs.push(output("sdk/panta*.sh", Presence::Optional));
    outputs.into()
}

fn output(below: &str, presence: Presence) -> Output {
    Output { pattern: format!("{DEPLOY}/{below}"), presence, below: None }
}
