//! Which pinned files are meant: machines, chosen by the names and labels of their nodes. Reads no kas file, so that a
//! broken pinned file does not stand in the way of writing it anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use graph::model::Graph;
use graph::name::NodeName;
use graph::spec::Spec;

use crate::cmd::opened::{problem, sources};
use crate::config::Project;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::{Failure, Kind};
use crate::front::kas::Chain;
use crate::front::machines::{Declared, declared, outlines, pinned_file};

/// What leads every chain where the project has it: it says where the project is, whatever lies beside a pinned file.
const SOURCE_DIR: &str = "kas/sourcedir.yaml";

/// A pinned file that is to be made.
pub(super) struct Target {
    /// The node that is built of it.
    pub(super) node: NodeName,
    /// Its path, relative to the project's root.
    pub(super) file: Arc<str>,
    /// The chain that it is made of.
    pub(super) chain: Chain,
}

/// The pinned files of the machines that are meant, in the order of the machines, and what is worth a warning.
pub(super) fn targets(
    project: &Project,
    only: &[String],
) -> anyhow::Result<(Vec<Target>, Diagnostics)> {
    if project.machines.is_empty() {
        let message = "this project names no machines, and only they have pinned files";
        return Err(Failure::new(Kind::Input, message)
            .hint("name a `machines.json` under `sources.machines` in `graph.yaml`")
            .into());
    }
    let (machines, warnings) =
        declared(&sources(project), &project.root).map_err(Failure::input)?;
    let wanted = wanted(&machines, only)?;
    let leads = project.root.join(SOURCE_DIR).is_file();
    let mut targets = Vec::new();
    for Declared { yocto_branch, machine } in &machines {
        let title = format!("{}-{}", machine.name.value, yocto_branch.value);
        if !wanted.contains(&title) {
            continue;
        }
        let chain = match leads {
            true => Chain::parse(&format!("{SOURCE_DIR}:{}", machine.chain))
                .map_err(|problem| Failure::input([problem].into_iter().collect()))?
                .declared_at(&machine.config),
            false => machine.chain.clone(),
        };
        let node = NodeName::new("image", [title.as_str()])?;
        targets.push(Target {
            node,
            file: pinned_file(machine, &yocto_branch.value).into(),
            chain,
        });
    }
    Ok((targets, warnings))
}

/// The titles of the machines of which a node is meant.
fn wanted(machines: &[Declared], only: &[String]) -> Result<BTreeSet<String>, Failure> {
    let mut spec = Spec::default();
    for Declared { yocto_branch, machine } in machines {
        spec.nodes.extend(outlines(machine, yocto_branch).map_err(|error| {
            let problem = Diagnostic::error(error.to_string()).at(&machine.name.span);
            Failure::input([problem].into_iter().collect())
        })?);
    }
    let graph = Graph::build(spec).map_err(|defects| {
        let problems = defects.into_iter().map(|defect| Diagnostic::error(defect.to_string()));
        Failure::input(problems.collect())
    })?;
    let ids =
        graph.select(only).map_err(|bad| Failure::input(bad.iter().map(problem).collect()))?;
    let title = |label: &str, node: &graph::spec::Node| {
        let of = node.labels.iter().find(|one| one.key == label);
        of.map(|one| one.value.clone()).unwrap_or_default()
    };
    let nodes = ids.iter().map(|id| graph.node(*id));
    Ok(nodes
        .map(|node| format!("{}-{}", title("machine", node), title("yocto_branch", node)))
        .collect())
}
