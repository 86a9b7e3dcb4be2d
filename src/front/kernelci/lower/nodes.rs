//! The two nodes of each build. Knows what they consist of; the rest of this directory knows how each of that is made.

use std::collections::HashMap;
use std::sync::Arc;

use graph::name::{BadName, NodeName};
use graph::resource::Pool;
use graph::spec::{Action, Input, Label, Node, Output, Place, Presence, Role, Source, Step, Taken};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::arch::{Selftests, selftests};
use super::defconfig::{Defconfig, Fragments, Merged};
use super::description;
use super::make::{Make, variable_part};
use super::steps::{Calls, DOT_CONFIG};
use super::words::{is_below, is_line, is_plain, is_value, is_variable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kernelci::{ConfigAt, Fragment, KernelBuild, Toolchain};

/// What the settings say of lowering.
#[derive(Debug, Clone, Copy)]
pub(in crate::front::kernelci) struct Lowering {
    /// Whether `git describe` is a stamp or, as a release wants it, part of the key.
    pub(in crate::front::kernelci) describe: Role,
}

/// `config/…` and `kernel/…` for each build, in order.
///
/// # Errors
/// All problems: what climbs out of the tree or would reach a shell.
pub(in crate::front::kernelci) fn nodes(
    builds: &[KernelBuild],
    fragments: &HashMap<Arc<str>, Arc<Fragment>>,
    lowering: &Lowering,
) -> Result<Vec<Node>, Diagnostics> {
    let mut found = Diagnostics::default();
    let shared = Shared::of(builds, fragments, lowering.describe, &mut found);
    let lowered: Vec<Result<[Node; 2], Diagnostics>> =
        builds.par_iter().map(|build| shared.nodes(build)).collect();
    let mut nodes = Vec::with_capacity(2 * builds.len());
    for both in lowered {
        match both {
            Ok(both) => nodes.extend(both),
            Err(problems) => found.extend(problems),
        }
    }
    if found.has_errors() { Err(found) } else { Ok(nodes) }
}

fn at(place: &Place, problem: String) -> Diagnostic {
    Diagnostic::error(problem).in_file(place.to_string())
}

/// What is lowered once, by where it lies: builds share what they were expanded from.
struct Shared<'a> {
    fragments: Fragments<'a>,
    heads: HashMap<usize, AtHead>,
    toolchains: HashMap<usize, With>,
}

/// What the builds of a commit share.
struct AtHead {
    inputs: [Input; 3],
    revision: Arc<str>,
    selftests: Option<Selftests>,
}

/// What the builds with a toolchain share.
struct With {
    make: Make,
    calls: Calls,
    environment: Arc<str>,
    /// The steps of a kernel without the kernel's own tests.
    steps: Vec<Step>,
}

impl<'a> Shared<'a> {
    fn of(
        builds: &[KernelBuild],
        fragments: &'a HashMap<Arc<str>, Arc<Fragment>>,
        describe: Role,
        found: &mut Diagnostics,
    ) -> Self {
        let (mut heads, mut toolchains) = (HashMap::new(), HashMap::new());
        for build in builds {
            heads
                .entry(identity(&build.config))
                .or_insert_with(|| AtHead::of(&build.config, describe));
            toolchains
                .entry(identity(&build.toolchain))
                .or_insert_with(|| With::of(&build.toolchain, found));
        }
        Self { fragments: Fragments::new(fragments), heads, toolchains }
    }

    fn nodes(&self, build: &KernelBuild) -> Result<[Node; 2], Diagnostics> {
        let defconfig = self.fragments.parse(&build.defconfig);
        let mut found = Diagnostics::default();
        check(build, &defconfig, &mut found);
        let head = &self.heads[&identity(&build.config)];
        let with = &self.toolchains[&identity(&build.toolchain)];
        let both = config_node(build, &defconfig, head, with).and_then(|config| {
            let kernel = kernel_node(build, &defconfig, head, with, &config)?;
            Ok([config, kernel])
        });
        match both {
            Ok(both) if !found.has_errors() => Ok(both),
            Ok(_) => Err(found),
            Err(error) => {
                found.push(at(&build.declared, error.to_string()));
                Err(found)
            }
        }
    }
}

/// Where a shared value lies.
fn identity<T>(value: &Arc<T>) -> usize {
    Arc::as_ptr(value).addr()
}

impl With {
    fn of(toolchain: &Toolchain, found: &mut Diagnostics) -> Self {
        let make = Make::of(toolchain, found);
        let calls = Calls::of(&make);
        let environment = description::environment(toolchain, &make);
        let steps = calls.kernel(&toolchain.arch, None);
        Self { make, calls, environment, steps }
    }
}

impl AtHead {
    fn of(config: &ConfigAt, describe: Role) -> Self {
        let input = |part: &str, source, role| Input {
            part: part.into(),
            source,
            declared: Some(config.declared.clone()),
            role,
        };
        let head = &config.head;
        Self {
            inputs: [
                input("source", Source::Commit(Arc::clone(&head.commit)), Role::Key),
                input("commit", Source::Value(Arc::clone(&head.commit.id)), Role::Stamp),
                input("describe", Source::Value(Arc::clone(&head.describe)), describe),
            ],
            revision: description::revision(config),
            selftests: selftests(&head.describe),
        }
    }
}

fn config_node(
    build: &KernelBuild,
    defconfig: &Defconfig<'_>,
    head: &AtHead,
    with: &With,
) -> Result<Node, BadName> {
    let (files, steps) = with.calls.config(defconfig);
    let mut inputs = Vec::with_capacity(head.inputs.len() + with.make.config_inputs.len() + 1);
    inputs.extend_from_slice(&head.inputs);
    inputs.extend_from_slice(&with.make.config_inputs);
    asked(build, defconfig, &mut inputs);
    Ok(Node {
        name: name("config", build)?,
        labels: labels(build),
        inputs,
        needs: Vec::new(),
        action: Action {
            checkout: Some(Arc::clone(&build.config.head.commit)),
            takes: Vec::new(),
            files,
            steps,
            reads: Some("kconfig"),
        },
        outputs: vec![Output {
            pattern: DOT_CONFIG.to_owned(),
            presence: Presence::Required,
            below: None,
        }],
        declared: build.declared.clone(),
        pool: Pool::Light,
        unresolved: cannot_be_made(defconfig).into_iter().collect(),
    })
}

fn kernel_node(
    build: &KernelBuild,
    defconfig: &Defconfig<'_>,
    head: &AtHead,
    with: &With,
    config: &Node,
) -> Result<Node, BadName> {
    let selftests = head.selftests.filter(|_| defconfig.has_selftests());
    let steps = match selftests {
        None => with.steps.clone(),
        Some(_) => with.calls.kernel(&build.toolchain.arch, selftests),
    };
    let shared = (&head.revision, &with.environment, &with.make.compiler);
    let text = &*build.defconfig;
    let file = description::file(shared, (text, defconfig), selftests.is_some());
    let mut inputs = Vec::with_capacity(head.inputs.len() + with.make.kernel_inputs.len());
    inputs.extend_from_slice(&head.inputs);
    inputs.extend_from_slice(&with.make.kernel_inputs);
    Ok(Node {
        name: name("kernel", build)?,
        labels: config.labels.clone(),
        inputs,
        needs: vec![config.name.clone()],
        action: Action {
            checkout: config.action.checkout.clone(),
            takes: vec![Taken {
                from: config.name.clone(),
                output: ".config".to_owned(),
                path: DOT_CONFIG.to_owned(),
            }],
            files: vec![file],
            steps,
            reads: Some("kbuild"),
        },
        outputs: vec![Output {
            pattern: "artifacts/**".to_owned(),
            presence: Presence::Required,
            below: Some("artifacts".to_owned()),
        }],
        declared: build.declared.clone(),
        pool: Pool::Shared,
        unresolved: Vec::new(),
    })
}

/// Why a defconfig is left alone that is well-formed. Others are built, because KernelCI's own configurations have such
/// ones.
fn cannot_be_made(defconfig: &Defconfig<'_>) -> Option<String> {
    let base = defconfig.base;
    if let Some(url) = defconfig.download() {
        return Some(format!(
            "the config `{base}` is downloaded from `{url}`, which is not supported"
        ));
    }
    // `make install` would write out of its directory; whatever makes a config is called so.
    let makes_a_config = base.ends_with("config");
    (!makes_a_config).then(|| format!("`{base}` is no target of make that makes a config"))
}

fn name(kind: &str, build: &KernelBuild) -> Result<NodeName, BadName> {
    let KernelBuild { config, variant, toolchain, defconfig, .. } = build;
    NodeName::new(kind, [&*config.name, variant, &toolchain.arch, defconfig])
}

fn labels(build: &KernelBuild) -> Vec<Label> {
    let KernelBuild { config, variant, toolchain, defconfig, .. } = build;
    let all = [
        ("tree", &config.tree),
        ("branch", &config.branch),
        ("build_config", &config.name),
        ("variant", variant),
        ("build_environment", &toolchain.environment),
        ("arch", &toolchain.arch),
        ("defconfig", defconfig),
    ];
    all.map(|(key, value)| Label { key, value: value.to_string() }).into()
}

/// The parts that a defconfig string asks for.
fn asked(build: &KernelBuild, defconfig: &Defconfig<'_>, inputs: &mut Vec<Input>) {
    let declared = &build.declared;
    let mut add = |part: &str, value: Arc<str>, declared: &Place| {
        let (source, declared) = (Source::Value(value), Some(declared.clone()));
        inputs.push(Input { part: part.into(), source, declared, role: Role::Key });
    };
    add("defconfig", defconfig.base.into(), declared);
    let symbol =
        |line: &'_ str| line.split_once('=').map_or(line.to_owned(), |(name, _)| name.to_owned());
    let mut symbols: Vec<(String, String)> = Vec::new();
    for line in &defconfig.lines {
        let name = symbol(line);
        match symbols.iter_mut().find(|(same, _)| *same == name) {
            Some((_, lines)) => {
                lines.push('\n');
                lines.push_str(line);
            }
            None => symbols.push((name, (*line).to_owned())),
        }
    }
    if defconfig.lines.len() > 1 {
        let order: Vec<String> = defconfig.lines.iter().map(|line| symbol(line)).collect();
        add("config (order)", order.join(" ").into(), declared);
    }
    for (name, lines) in symbols {
        add(&format!("config {name}"), lines.into(), declared);
    }
    let mut named: Vec<&str> = Vec::new();
    for merged in &defconfig.merged {
        // Merged twice, it is one part; that it is merged twice, the step says.
        if named.contains(&merged.name()) {
            continue;
        }
        named.push(merged.name());
        let value = match merged {
            Merged::Path(path, _) => Arc::from(*path),
            Merged::Lines(fragment) | Merged::Selftests(fragment) => {
                fragment.configs.join("\n").into()
            }
        };
        let place = merged.fragment().map_or(declared, |fragment| &fragment.declared);
        add(&format!("fragment {}", merged.name()), value, place);
    }
    // make takes the last of several.
    let last: HashMap<&str, &str> = defconfig.variables.iter().copied().collect();
    let mut last: Vec<(&str, &str)> = last.into_iter().collect();
    last.sort_unstable();
    inputs.extend(last.into_iter().map(|(name, value)| variable_part(name, value, declared)));
}

fn check(build: &KernelBuild, defconfig: &Defconfig<'_>, found: &mut Diagnostics) {
    let text = &build.defconfig;
    let mut refuse = |place: &Place, what: String| found.push(at(place, what));
    let here = &build.declared;
    if defconfig.download().is_none() && !is_below(defconfig.base) {
        refuse(here, format!("defconfig `{text}`: `{}` is no target of make", defconfig.base));
    }
    for (name, value) in &defconfig.variables {
        let stays = value.is_empty() || *name != "KCONFIG_ALLCONFIG" || is_below(value);
        if !is_variable(name) || !is_value(value) {
            let problem =
                format!("defconfig `{text}`: `{name}` is no variable that a part may set so");
            refuse(here, problem);
        } else if !stays {
            refuse(here, format!("defconfig `{text}`: `{value}` leads out of the tree"));
        }
    }
    if let Some(line) = defconfig.lines.iter().find(|line| !is_line(line)) {
        let problem = format!("defconfig `{text}`: `{line}` has characters that make would act on");
        refuse(here, problem);
    }
    for merged in &defconfig.merged {
        let (name, place) =
            (merged.name(), merged.fragment().map_or(here, |known| &known.declared));
        match merged {
            Merged::Path(path, _) if !is_plain(path) => {
                refuse(
                    place,
                    format!("fragment `{name}`: `{path}` is no path that make can work with"),
                );
            }
            Merged::Path(path, _) if !is_below(path) => {
                refuse(place, format!("fragment `{name}`: `{path}` leads out of the tree"));
            }
            Merged::Lines(fragment) | Merged::Selftests(fragment) => {
                if let Some(line) = fragment.configs.iter().find(|line| !is_line(line)) {
                    let problem = format!(
                        "fragment `{name}`: `{line}` has characters that make would act on"
                    );
                    refuse(place, problem);
                }
            }
            Merged::Path(..) => {}
        }
    }
}
