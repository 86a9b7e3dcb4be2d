//! What a build needs before it begins: the lock, a kas, the repositories that includes name, and its limits.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache::{Cache, Guard, LockError};
use graph::resource::Capacity;
use graph::spec::Node;

use crate::cmd::console::Console;
use crate::cmd::kept;
use crate::cmd::opened::{Nodes, Opened};
use crate::config::{Kas, Settings};
use crate::context::Context;
use crate::exec::checkout::{self, Objects, Origin};
use crate::exec::kas::{self, Container, Engine, Places, Toolchain};
use crate::exec::kernel::ccache::{self, Shims, compilers};
use crate::exec::provision;
use crate::exec::resources::Host;
use crate::failure::{Failure, Kind};
use crate::front::kas::RepoAt;
use crate::layout::Layout;
use crate::probe::Mode;
use crate::probe::git::Git;
use crate::probe::tool::{find_program, image_digest};
use crate::process::Call;
use crate::redact::redact_url;

/// How often a held lock is tried again.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long an image may take to come.
const PULLING: Duration = Duration::from_secs(3600);

/// Whether to wait for another build of the same project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Wait.
    Yes,
    /// Fail.
    No,
}

/// Takes the lock, waiting for whoever has it.
pub(super) fn lock(
    state: &Path,
    context: &Context,
    wait: Wait,
    console: &Console,
) -> anyhow::Result<Guard> {
    let mut told = false;
    loop {
        let holder = match Cache::try_lock(state, "build", context.began_ms()) {
            Ok(guard) => return Ok(guard),
            Err(LockError::Held(holder)) => holder,
            Err(LockError::Broken(error)) => return Err(kept::failure(error).into()),
        };
        if wait == Wait::No {
            let message = format!("another build of this project goes on: {holder}");
            return Err(Failure::new(Kind::Environment, message)
                .hint("without `--no-wait`, this one would wait")
                .into());
        }
        if !told {
            console.note(&format!("waiting for another build of this project: {holder}"));
            told = true;
        }
        std::thread::sleep(PATIENCE);
    }
}

/// Installs the kas that the settings name, if it is one that `graph` installs, or pulls the image that holds it: what is
/// not here has no version, and what has no version is not built with.
pub(super) fn provide_kas(
    settings: &Settings,
    layout: &Layout,
    context: &Context,
    console: &Console,
) -> anyhow::Result<()> {
    match &settings.kas {
        Kas::Version(version) => {
            provision::kas(&layout.tools(), version, &outer(context), |line| console.note(line))?;
        }
        Kas::Image(image) if image_digest(&context.env, image).is_err() => {
            pull(image, layout, context, console)?;
        }
        Kas::Image(_) | Kas::Program(_) => {}
    }
    Ok(())
}

fn pull(image: &str, layout: &Layout, context: &Context, console: &Console) -> anyhow::Result<()> {
    let engine = engine(image, layout, context)?;
    console.note(&format!("pulling the image `{image}`"));
    let call = Call::new(engine.program()).args(["pull", "--quiet", image]).dir("/");
    call.env(context.env.iter()).deadline(PULLING).answer().map_err(|error| {
        Failure::new(Kind::Environment, format!("cannot pull the image `{image}`: {error}"))
            .hint("is the name right, and does this host reach the registry?")
    })?;
    Ok(())
}

/// The engine that runs containers here.
fn engine(image: &str, layout: &Layout, context: &Context) -> Result<Engine, Failure> {
    let here =
        |engine: &Engine| find_program(&context.env, layout.root(), engine.program()).is_some();
    [Engine::Docker, Engine::Podman].into_iter().find(here).ok_or_else(|| {
        let message = format!("neither docker nor podman is there to run `{image}`");
        Failure::new(Kind::Environment, message)
    })
}

/// Removes clones that killed runs have left, of this project and of all others that share the directory. Their names
/// are not told: they may hold what a URL holds.
pub(super) fn sweep_clones(opened: &Opened, context: &Context, console: &Console) {
    let removed = opened.probe(context).git().sweep_unfinished(context.began).len();
    if removed > 0 {
        let clones = if removed == 1 { "clone" } else { "clones" };
        console.note(&format!(
            "removed {removed} {clones} from `{}` that killed runs have left unfinished",
            opened.layout.shown(opened.layout.git())
        ));
    }
}

/// Clones what includes name, and what the cloned files include in turn, until all is known.
pub(super) fn clone_missing(
    mut opened: Opened,
    nodes: &Nodes,
    context: &Context,
    console: &Console,
) -> anyhow::Result<Opened> {
    while !opened.missing.is_empty() && opened.mode == Mode::Online {
        let before = opened.missing.clone();
        let git = opened.probe(context).git();
        for missing in &before {
            clone_one(&git, missing, console)?;
        }
        opened = opened.again(context, nodes)?;
        if opened.missing == before {
            break;
        }
    }
    Ok(opened)
}

/// Clones a repository that kas files include.
pub(in crate::cmd) fn clone_one(
    git: &Git,
    missing: &RepoAt,
    console: &Console,
) -> Result<(), Failure> {
    let Some(url) = missing.url.as_deref() else { return Ok(()) };
    console.note(&format!(
        "cloning `{}` from {}, which kas files include",
        missing.id,
        redact_url(url)
    ));
    let cloned = match &missing.commit {
        Some(commit) => git.mirror_with(url, commit),
        None => git.mirror(url),
    };
    cloned.map(drop).map_err(|error| {
        let message = format!("cannot clone `{}`, which kas files include: {error}", missing.id);
        Failure::new(Kind::Environment, message)
    })
}

/// How much may run at a time.
pub(in crate::cmd) fn capacity(settings: &Settings, host: &Host) -> Capacity {
    let jobs = settings.run.jobs.exactly().and_then(|jobs| usize::try_from(jobs).ok());
    host.capacity(jobs, settings.run.memory.exactly().map(|size| size.0))
}

/// Where kas is, for a project that builds something with it.
pub(super) fn toolchain_for(opened: &Opened, context: &Context) -> Result<Toolchain, Failure> {
    if opened.project.machines.is_empty() {
        return Ok(Toolchain::Program(kas::PROGRAM.into()));
    }
    toolchain(&opened.project.settings, &opened.layout, context)
}

/// Where kas is.
fn toolchain(
    settings: &Settings,
    layout: &Layout,
    context: &Context,
) -> Result<Toolchain, Failure> {
    let find = |name: &str| find_program(&context.env, layout.root(), name);
    match &settings.kas {
        Kas::Version(version) => Ok(Toolchain::Venv(layout.kas_venv(version))),
        Kas::Program(name) => find(name).map(Toolchain::Program).ok_or_else(|| {
            Failure::new(Kind::Environment, format!("there is no program `{name}`"))
                .hint("`kas: {version: \"5.2\"}` in `graph.yaml` lets `graph` install it")
        }),
        Kas::Image(image) => {
            let engine = engine(image, layout, context)?;
            let user = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
            Ok(Toolchain::Container(Container { engine, image: image.clone(), user }))
        }
    }
}

/// The words by which a program of a step is started, for `show`.
pub(in crate::cmd) fn program_words(
    opened: &Opened,
    context: &Context,
    program: &str,
) -> Vec<String> {
    if program != kas::PROGRAM {
        return vec![program.to_owned()];
    }
    let shown = |path: &Path| path.display().to_string();
    match toolchain(&opened.project.settings, &opened.layout, context) {
        Ok(Toolchain::Program(path)) => vec![shown(&path)],
        Ok(Toolchain::Venv(dir)) => vec![shown(&dir.join("bin/kas"))],
        Ok(Toolchain::Container(container)) => {
            [container.engine.program(), "run", "…", &container.image, program]
                .map(str::to_owned)
                .to_vec()
        }
        Err(_) => vec![program.to_owned()],
    }
}

/// Where the project lies, and what its builds share. What the settings do not name, the environment may.
pub(super) fn places(settings: &Settings, layout: &Layout, context: &Context) -> Places {
    let shared = |configured: &Option<PathBuf>, variable: &str, own: &str| {
        configured
            .clone()
            .or_else(|| context.env.path(variable).filter(|path| path.is_absolute()))
            .unwrap_or_else(|| layout.state().join(own))
    };
    Places {
        root: layout.root().to_owned(),
        state: layout.state().to_owned(),
        git: layout.git().to_owned(),
        sstate: shared(&settings.shared.sstate, "SSTATE_DIR", "sstate"),
        downloads: shared(&settings.shared.downloads, "DL_DIR", "downloads"),
    }
}

/// Where the sources lie that are built, and where they come from.
pub(super) fn sources(opened: &Opened, context: &Context) -> Origin {
    let git = opened.probe(context).git();
    let objects = Objects::new(move |repository| git.objects_of(repository));
    let mut environment = checkout::environment(&outer(context));
    if opened.mode == Mode::Offline {
        // A mirror without contents would fetch them where they are needed.
        environment.insert("GIT_NO_LAZY_FETCH".to_owned(), "1".into());
    }
    Origin { sources: opened.layout.sources(), objects, environment }
}

/// The compiler cache that the settings ask for, put under the names of the compilers of these nodes. Where there is none,
/// builds take longer and leave the same.
pub(super) fn shims<'n>(
    opened: &Opened,
    nodes: impl Iterator<Item = &'n Node>,
    context: &Context,
    console: &Console,
) -> Option<Shims> {
    let dir = opened.project.settings.shared.ccache.clone()?;
    let compilers: BTreeSet<&str> = nodes.flat_map(compilers).collect();
    if compilers.is_empty() {
        return None;
    }
    let find = |name: &&str| find_program(&context.env, opened.layout.root(), name);
    let Some(program) = ["ccache", "sccache"].iter().find_map(find) else {
        console
            .note("warning: `shared.ccache` is set, but neither ccache nor sccache is installed");
        return None;
    };
    let base = opened.layout.state().to_owned();
    let made = ccache::Cache { program, dir, base }.shims(&opened.layout.shims(), compilers);
    made.map_err(|error| console.note(&format!("warning: no compiler cache: {error}"))).ok()
}

/// The environment as the executor takes it.
pub(super) fn outer(context: &Context) -> crate::exec::environment::Environment {
    context
        .env
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_owned())))
        .collect()
}
