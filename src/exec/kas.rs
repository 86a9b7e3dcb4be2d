//! What running `kas` takes: where it is, its arguments, its environment. Starts nothing; all that is known of `kas` in
//! `exec` is here.
//!
//! `kas` obeys a dozen `KAS_*` variables. Those that say what to build are hidden inputs, so none is passed on; those
//! that say where to work are set here. The rest of its rules were read in `kas/context.py`, `kas/libkas.py`
//! (`get_build_environ`) and `kas/libcmds.py` (`SetupHome`), 5.2.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use graph::digest::Digest;

use crate::exec::environment::{self, Environment};

/// The name by which steps call it.
pub const PROGRAM: &str = "kas";

/// What `SetupHome` reads to give the programs below `kas` their credentials, and what it reads to know where it runs.
const CREDENTIALS: [&str; 25] = [
    "AWS_CONFIG_FILE",
    "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "CI_JOB_TOKEN",
    "CI_PROJECT_DIR",
    "CI_REGISTRY",
    "CI_REGISTRY_USER",
    "CI_SERVER_HOST",
    "CI_SERVER_PORT",
    "CI_SERVER_PROTOCOL",
    "CI_SERVER_SHELL_SSH_HOST",
    "CI_SERVER_SHELL_SSH_PORT",
    "GITCONFIG_FILE",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "GIT_CREDENTIAL_HELPER",
    "GIT_CREDENTIAL_USEHTTPPATH",
    "GIT_PROXY_COMMAND",
    "NETRC_FILE",
    "NPMRC_FILE",
    "REGISTRY_AUTH_FILE",
    "REMOTE_CONTAINERS",
    "SSH_PRIVATE_KEY",
    "SSH_PRIVATE_KEY_FILE",
];

/// Where else to fetch what is named: every revision is pinned in full, so a mirror cannot change what is built.
const MIRRORS: [&str; 1] = ["KAS_PREMIRRORS"];

/// What a container engine's client needs to find its server, and is no business of the container's.
const ENGINE: [&str; 8] = [
    "CONTAINER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
];

/// How `kas` is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// A program: an absolute path, or a name on the `PATH`.
    Program(PathBuf),
    /// A virtual environment that `graph` made; the path is its directory.
    Venv(PathBuf),
    /// A container of an image that has it.
    Container(Container),
}

/// How a container is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// `docker` or `podman`.
    pub engine: Engine,
    /// The image.
    pub image: String,
    /// The user and group to run as, so that what is made belongs to the user of the host.
    pub user: (u32, u32),
}

/// A container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// `docker`.
    Docker,
    /// `podman`.
    Podman,
}

impl Engine {
    /// The program.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// Directories that `kas` works with; all absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The project's root.
    pub root: PathBuf,
    /// `.graph`.
    pub state: PathBuf,
    /// `KAS_REPO_REF_DIR`: bare clones that all nodes borrow objects from.
    pub git: PathBuf,
    /// `SSTATE_DIR`.
    pub sstate: PathBuf,
    /// `DL_DIR`.
    pub downloads: PathBuf,
}

/// One call of `kas`.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The node's work directory.
    pub work: &'a Path,
    /// Distinguishes this call from all others on the host, in the characters of a container's name.
    pub name: &'a str,
    /// Its arguments.
    pub args: &'a [OsString],
    /// How many cores it may use.
    pub cores: usize,
    /// Variables that are inputs of the node or of the step.
    pub inputs: &'a Environment,
    /// Directories and files outside the project that are inputs of the node.
    pub outside: &'a [PathBuf],
}

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Its whole environment.
    pub env: Environment,
    /// What to run after it was killed, because no signal of ours reaches all of it.
    pub after_kill: Vec<OsString>,
}

impl Toolchain {
    /// The command for one call, given the environment that `graph` was started in.
    #[must_use]
    pub fn command(&self, call: &Call<'_>, places: &Places, outer: &Environment) -> Command {
        let env = variables(call, places, outer);
        let program: Vec<OsString> = match self {
            Self::Program(path) => vec![path.into()],
            // Not `bin/kas`: its first line names an absolute path, which is cut at 127 bytes and breaks when the
            // project moves. `-I` keeps the work directory out of the module path.
            Self::Venv(dir) => {
                vec![dir.join("bin/python").into(), "-I".into(), "-m".into(), "kas".into()]
            }
            Self::Container(container) => return container.command(call, places, outer, env),
        };
        let argv = program.into_iter().chain(call.args.iter().cloned()).collect();
        Command { argv, env, after_kill: Vec::new() }
    }
}

/// Everything that `kas` sees of the world.
fn variables(call: &Call<'_>, places: &Places, outer: &Environment) -> Environment {
    let mut env = environment::base(outer);
    // For kas and bitbake this is no place for temporary files but the build's own directory, `TMPDIR`, which would
    // move out of the work directory.
    env.remove("TMPDIR");
    env.extend(environment::pick(outer, CREDENTIALS));
    env.extend(environment::pick(outer, MIRRORS));
    env.extend(call.inputs.clone());
    environment::set(&mut env, "KAS_WORK_DIR", call.work);
    environment::set(&mut env, "KAS_BUILD_DIR", build_dir(call.work));
    environment::set(&mut env, "KAS_REPO_REF_DIR", &places.git);
    environment::set(&mut env, "SSTATE_DIR", &places.sstate);
    environment::set(&mut env, "DL_DIR", &places.downloads);
    environment::set(&mut env, "BB_NUMBER_THREADS", call.cores.to_string());
    environment::set(&mut env, "PARALLEL_MAKE", format!("-j {}", call.cores));
    env
}

/// `KAS_BUILD_DIR` of a work directory.
#[must_use]
pub fn build_dir(work: &Path) -> PathBuf {
    work.join("build")
}

impl Container {
    /// Every directory is mounted where it is on the host, so that no path in a configuration, a log or a cache has
    /// to be translated. Values of variables stay out of the arguments, where every user of the host could read them.
    fn command(
        &self,
        call: &Call<'_>,
        places: &Places,
        outer: &Environment,
        mut inside: Environment,
    ) -> Command {
        let engine = OsString::from(self.engine.program());
        let mut argv = vec![engine.clone(), "run".into(), "--rm".into(), "--init".into()];
        argv.extend(["--name".into(), call.name.into()]);
        argv.extend(["--user".into(), format!("{}:{}", self.user.0, self.user.1).into()]);
        match self.engine {
            // Without an entry for the user, `ssh` and Python's `pwd` refuse to work.
            Engine::Docker => {
                argv.extend(mount(Path::new("/etc/passwd"), "ro"));
                argv.extend(mount(Path::new("/etc/group"), "ro"));
            }
            Engine::Podman => {
                argv.extend(["--userns=keep-id", "--security-opt=label=disable"].map(Into::into));
            }
        }
        argv.extend(["--workdir".into(), call.work.into()]);
        for (path, mode) in self.mounts(call, places, &inside) {
            argv.extend(mount(&path, mode));
        }
        // The image has a home and a path of its own, which the client must not get in place of the user's.
        for own in ["HOME", "PATH", "USER", "LOGNAME"] {
            inside.remove(own);
        }
        for name in inside.keys() {
            argv.extend(["--env".into(), name.into()]);
        }
        argv.extend([
            "--env".into(),
            "HOME=/tmp".into(),
            self.image.clone().into(),
            PROGRAM.into(),
        ]);
        argv.extend(call.args.iter().cloned());
        let mut env = inside;
        env.extend(environment::pick(outer, ["HOME", "PATH", "USER", "LOGNAME"]));
        env.extend(environment::pick(outer, ENGINE));
        Command { argv, env, after_kill: vec![engine, "kill".into(), call.name.into()] }
    }

    fn mounts(
        &self,
        call: &Call<'_>,
        places: &Places,
        inside: &Environment,
    ) -> Vec<(PathBuf, &'static str)> {
        let mut mounts = vec![(places.root.clone(), "ro"), (places.state.clone(), "rw")];
        for shared in [&places.git, &places.sstate, &places.downloads] {
            if !shared.starts_with(&places.state) {
                mounts.push((shared.clone(), "rw"));
            }
        }
        let files =
            inside.iter().filter(|(name, _)| name.ends_with("_FILE") || *name == "SSH_AUTH_SOCK");
        let files = files.map(|(_, path)| PathBuf::from(path));
        for path in call.outside.iter().cloned().chain(files) {
            let is_there = |(mounted, _): &(PathBuf, &str)| path.starts_with(mounted);
            if path.is_absolute() && !mounts.iter().any(is_there) {
                mounts.push((path, "ro"));
            }
        }
        mounts
    }
}

fn mount(path: &Path, mode: &str) -> [OsString; 2] {
    let mut volume = path.as_os_str().to_owned();
    volume.push(":");
    volume.push(path.as_os_str());
    volume.push(":");
    volume.push(mode);
    ["--volume".into(), volume]
}

/// A name for a container: unique on the host for one step of one node in one run of one project.
#[must_use]
pub fn container_name(root: &Path, run: i64, node: &str, call: usize) -> String {
    let project = Digest::of(root.as_os_str().as_encoded_bytes()).short();
    let plain: String = node
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' })
        .collect();
    let told_apart = if plain == node {
        String::new()
    } else {
        format!("-{}", Digest::of(node.as_bytes()).short())
    };
    format!("graph-{project}-{run}-{plain}{told_apart}-{call}")
}
