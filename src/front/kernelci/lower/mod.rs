//! Builds as nodes: names, labels and places.

use std::collections::HashMap;
use std::sync::Arc;

use graph::name::NodeName;
use graph::resource::Pool;
use graph::spec::{Action, Input, Label, Node, Role, Source};

use super::build::{Fragment, KernelBuild};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// What the settings say of all nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lowering {
    /// Whether `git describe` is a stamp or part of the key.
    pub(super) describe: Role,
}

/// `config/…` and `kernel/…` of each build.
///
/// # Errors
/// Builds whose names are no names of nodes.
pub(super) fn nodes(
    builds: &[KernelBuild],
    _fragments: &HashMap<Arc<str>, Arc<Fragment>>,
    lowering: &Lowering,
) -> Result<Vec<Node>, Diagnostics> {
    let mut nodes = Vec::with_capacity(builds.len() * 2);
    for build in builds {
        let segments =
            [&*build.config.name, &build.variant, &build.toolchain.arch, &build.defconfig];
        let name = |kind| {
            NodeName::new(kind, segments)
                .map_err(|bad| Diagnostics::from_iter([Diagnostic::error(bad.to_string())]))
        };
        let config = Node {
            name: name("config")?,
            labels: labels(build),
            inputs: vec![describe(build, lowering)],
            needs: Vec::new(),
            action: Action::default(),
            outputs: Vec::new(),
            declared: build.declared.clone(),
            pool: Pool::Light,
            unresolved: Vec::new(),
        };
        let needs = vec![config.name.clone()];
        let kernel = Node { name: name("kernel")?, needs, pool: Pool::Build, ..config.clone() };
        nodes.extend([config, kernel]);
    }
    Ok(nodes)
}

fn labels(build: &KernelBuild) -> Vec<Label> {
    let label = |key, value: &Arc<str>| Label { key, value: value.to_string() };
    vec![
        label("tree", &build.config.tree),
        label("branch", &build.config.branch),
        label("build_config", &build.config.name),
        label("variant", &build.variant),
        label("build_environment", &build.toolchain.environment),
        label("arch", &build.toolchain.arch),
        label("defconfig", &build.defconfig),
    ]
}

fn describe(build: &KernelBuild, lowering: &Lowering) -> Input {
    Input {
        part: "describe".into(),
        source: Source::Value(build.config.head.describe.clone()),
        declared: None,
        role: lowering.describe,
    }
}
