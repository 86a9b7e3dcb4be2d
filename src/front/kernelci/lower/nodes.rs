//! The two nodes of each build. Knows what they consist of; the rest of this directory knows how each of that is made.
//!
//! A matrix is a product, and so is what its nodes are made of: what a commit and a toolchain say (a [`Meeting`]), and what a
//! defconfig says to a toolchain (an [`Asked`]). Each is made once and shared by all nodes that have it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use graph::list::List;
use graph::name::{BadName, NamePrefix};
use graph::resource::Pool;
use graph::spec::{
    Action, GeneratedFile, Input, Label, Node, Output, Piece, Place, Presence, Role, Source, Step,
    Taken, Template,
};
use indexmap::IndexMap;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::arch::{Selftests, selftests};
use super::defconfig::{Defconfig, Fragments, Merged};
use super::description;
use super::make::{Make, variable_part};
use super::steps::{Calls, DOT_CONFIG};
use super::words::{is_below, is_line, is_plain, is_value, is_variable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kernelci::{ConfigAt, Fragment, KernelBuilds, Toolchain};

/// The label that has the name of a build config.
pub const BUILD_CONFIG: &str = "build_config";

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
    builds: &[KernelBuilds],
    fragments: &HashMap<Arc<str>, Arc<Fragment>>,
    lowering: &Lowering,
) -> Result<Vec<Node>, Diagnostics> {
    let mut found = Diagnostics::default();
    let shared = Shared::of(builds, fragments, lowering.describe, &mut found);
    let meetings: Vec<Result<Meeting<'_>, Diagnostic>> =
        builds.par_iter().map(|builds| shared.meeting(builds)).collect();
    let mut all: Vec<Meeting<'_>> = Vec::with_capacity(meetings.len());
    for meeting in meetings {
        match meeting {
            Ok(meeting) => all.push(meeting),
            Err(problem) => found.push(problem),
        }
    }
    if found.has_errors() {
        return Err(found);
    }
    // Each by itself, so that the list is made in one piece: twice a million nodes would be half of what a plan takes.
    let each = |meeting| (0..Meeting::len(meeting)).map(move |at| (meeting, at));
    let each: Vec<(&Meeting<'_>, usize)> = all.iter().flat_map(each).collect();
    let both: Vec<[Node; 2]> =
        each.par_iter().map(|(meeting, at)| shared.both(meeting, *at)).collect();
    Ok(both.into_flattened())
}

fn at(place: &Place, problem: String) -> Diagnostic {
    Diagnostic::error(problem).in_file(place.to_string())
}

/// What is lowered once, by where it lies: builds share what they were expanded from.
struct Shared<'a> {
    heads: HashMap<usize, AtHead>,
    toolchains: HashMap<usize, With>,
    asked: HashMap<Asking<'a>, HashMap<&'a str, Asked, RandomState>>,
    outputs: [Arc<[Output]>; 2],
    takes: Arc<[Taken]>,
    /// The path of the description.
    description: Arc<str>,
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
}

/// Who asks for defconfigs: equal ones get the same for the same defconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Asking<'a> {
    toolchain: usize,
    selftests: Option<Selftests>,
    declared: &'a Place,
}

/// What a defconfig says to a toolchain, wherever it is built.
struct Asked {
    label: Arc<[Label]>,
    inputs: Arc<[Input]>,
    files: Arc<[GeneratedFile]>,
    config: Arc<[Step]>,
    kernel: Arc<[Step]>,
    description: Arc<[Piece]>,
    unresolved: Vec<String>,
}

/// What the builds of an architecture share that are expanded together.
struct Meeting<'a> {
    builds: &'a KernelBuilds,
    /// Of each defconfig.
    asked: Vec<&'a Asked>,
    labels: Arc<[Label]>,
    config_inputs: Arc<[Input]>,
    kernel_inputs: Arc<[Input]>,
    description: Arc<[Piece]>,
    config_names: NamePrefix,
    kernel_names: NamePrefix,
}

impl<'a> Shared<'a> {
    fn of(
        builds: &'a [KernelBuilds],
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
        let mut together: IndexMap<Asking<'a>, Vec<&'a KernelBuilds>> = IndexMap::new();
        for build in builds {
            let selftests = heads[&identity(&build.config)].selftests;
            together.entry(Asking::of(build, selftests)).or_default().push(build);
        }
        let fragments = Fragments::new(fragments);
        let together: Vec<(Asking<'a>, Vec<&'a KernelBuilds>)> = together.into_iter().collect();
        let asked: Vec<_> = together
            .par_iter()
            .map(|(asking, builds)| {
                let mut found = Diagnostics::default();
                let with = &toolchains[&asking.toolchain];
                let asked = asking.all(builds, &fragments, with, &mut found);
                (*asking, asked, found)
            })
            .collect();
        let mut all = HashMap::with_capacity(asked.len());
        for (asking, asked, problems) in asked {
            found.extend(problems);
            all.insert(asking, asked);
        }
        let output = |pattern: &str, below: Option<&str>| -> Arc<[Output]> {
            let (pattern, below) = (pattern.to_owned(), below.map(str::to_owned));
            [Output { pattern, presence: Presence::Required, below }].into()
        };
        let outputs = [output(DOT_CONFIG, None), output("artifacts/**", Some("artifacts"))];
        let taken = Taken { need: 0, output: ".config".to_owned(), path: DOT_CONFIG.to_owned() };
        let (takes, description) = ([taken].into(), description::FILE.into());
        Self { heads, toolchains, asked: all, outputs, takes, description }
    }

    fn meeting<'b>(&'b self, builds: &'b KernelBuilds) -> Result<Meeting<'b>, Diagnostic> {
        let head = &self.heads[&identity(&builds.config)];
        let with = &self.toolchains[&identity(&builds.toolchain)];
        let asked = &self.asked[&Asking::of(builds, head.selftests)];
        Meeting::of(builds, head, with, asked)
            .map_err(|error| at(&builds.declared, error.to_string()))
    }

    fn both(&self, meeting: &Meeting<'_>, at: usize) -> [Node; 2] {
        let (builds, asked) = (meeting.builds, meeting.asked[at]);
        let defconfig = &*builds.defconfigs[at];
        let name = |names: &NamePrefix| names.name(defconfig).expect("it was looked at");
        let labels = List::joined(Arc::clone(&meeting.labels), Arc::clone(&asked.label));
        let config = Node {
            name: name(&meeting.config_names),
            labels: labels.clone(),
            inputs: List::joined(Arc::clone(&meeting.config_inputs), Arc::clone(&asked.inputs)),
            needs: Vec::new(),
            action: Action {
                checkout: Some(Arc::clone(&builds.config.head.commit)),
                takes: Arc::default(),
                files: Arc::clone(&asked.files),
                steps: Arc::clone(&asked.config),
                reads: Some("kconfig"),
            },
            outputs: Arc::clone(&self.outputs[0]),
            declared: builds.declared.clone(),
            pool: Pool::Light,
            unresolved: asked.unresolved.clone(),
        };
        let content =
            List::joined(Arc::clone(&asked.description), Arc::clone(&meeting.description));
        let path = Arc::clone(&self.description);
        let file = GeneratedFile { path, content: Template(content) };
        let kernel = Node {
            name: name(&meeting.kernel_names),
            labels,
            inputs: Arc::clone(&meeting.kernel_inputs).into(),
            needs: vec![config.name.clone()],
            action: Action {
                checkout: config.action.checkout.clone(),
                takes: Arc::clone(&self.takes),
                files: [file].into(),
                steps: Arc::clone(&asked.kernel),
                reads: Some("kbuild"),
            },
            outputs: Arc::clone(&self.outputs[1]),
            declared: builds.declared.clone(),
            pool: Pool::Shared,
            unresolved: Vec::new(),
        };
        [config, kernel]
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
        Self { make, calls, environment }
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

impl<'a> Meeting<'a> {
    fn of(
        builds: &'a KernelBuilds,
        head: &AtHead,
        with: &With,
        asked: &'a HashMap<&str, Asked, RandomState>,
    ) -> Result<Self, BadName> {
        let KernelBuilds { config, variant, toolchain, defconfigs, .. } = builds;
        let inputs =
            |with: &[Input]| head.inputs.iter().chain(with).cloned().collect::<Arc<[Input]>>();
        let names = |kind| NamePrefix::new(kind, [&*config.name, &**variant, &*toolchain.arch]);
        let config_names = names("config")?;
        for defconfig in defconfigs.iter().filter(|defconfig| defconfig.is_empty()) {
            config_names.name(defconfig)?;
        }
        Ok(Self {
            builds,
            asked: defconfigs.iter().map(|defconfig| &asked[&**defconfig]).collect(),
            labels: labels(builds),
            config_inputs: inputs(&with.make.config_inputs),
            kernel_inputs: inputs(&with.make.kernel_inputs),
            description: description::common(
                &head.revision,
                &with.environment,
                &with.make.compiler,
            ),
            config_names,
            kernel_names: names("kernel")?,
        })
    }

    /// How many they are.
    fn len(&self) -> usize {
        self.asked.len()
    }
}

impl<'a> Asking<'a> {
    fn of(builds: &'a KernelBuilds, selftests: Option<Selftests>) -> Self {
        let toolchain = identity(&builds.toolchain);
        Self { toolchain, selftests, declared: &builds.declared }
    }

    /// What each defconfig says that any of these builds has. Of a problem it is told once.
    fn all(
        self,
        builds: &[&'a KernelBuilds],
        fragments: &Fragments<'_>,
        with: &With,
        found: &mut Diagnostics,
    ) -> HashMap<&'a str, Asked, RandomState> {
        let arch = builds.first().map_or("", |builds| &*builds.toolchain.arch);
        let usual: Arc<[Step]> = with.calls.kernel(arch, None).into();
        let mut all = HashMap::default();
        let mut seen: HashSet<usize, RandomState> = HashSet::default();
        for defconfig in builds.iter().flat_map(|builds| &builds.defconfigs) {
            // Most builds share the very text, and a look at where it lies is the quickest.
            if !seen.insert(Arc::as_ptr(defconfig).addr()) || all.contains_key(&**defconfig) {
                continue;
            }
            let parsed = fragments.parse(defconfig);
            check(defconfig, self.declared, &parsed, found);
            all.insert(&**defconfig, self.one(defconfig, &parsed, with, (arch, &usual)));
        }
        all
    }

    fn one(
        self,
        text: &'a Arc<str>,
        defconfig: &Defconfig<'_>,
        with: &With,
        (arch, usual): (&str, &Arc<[Step]>),
    ) -> Asked {
        let selftests = self.selftests.filter(|_| defconfig.has_selftests());
        let kernel = match selftests {
            None => Arc::clone(usual),
            Some(_) => with.calls.kernel(arch, selftests).into(),
        };
        let (files, config) = with.calls.config(defconfig);
        Asked {
            label: [Label { key: "defconfig", value: Arc::clone(text) }].into(),
            inputs: asked(self.declared, defconfig).into(),
            files: files.into(),
            config: config.into(),
            kernel,
            description: description::own(text, defconfig, selftests.is_some()),
            unresolved: cannot_be_made(defconfig).into_iter().collect(),
        }
    }
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

/// All but that of the defconfig.
fn labels(builds: &KernelBuilds) -> Arc<[Label]> {
    let KernelBuilds { config, variant, toolchain, .. } = builds;
    let all = [
        ("tree", &config.tree),
        ("branch", &config.branch),
        (BUILD_CONFIG, &config.name),
        ("variant", variant),
        ("build_environment", &toolchain.environment),
        ("arch", &toolchain.arch),
    ];
    all.map(|(key, value)| Label { key, value: Arc::clone(value) }).into()
}

/// The parts that a defconfig string asks for.
fn asked(declared: &Place, defconfig: &Defconfig<'_>) -> Vec<Input> {
    let mut inputs = Vec::new();
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
    inputs
}

fn check(text: &str, here: &Place, defconfig: &Defconfig<'_>, found: &mut Diagnostics) {
    let mut refuse = |place: &Place, what: String| found.push(at(place, what));
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
