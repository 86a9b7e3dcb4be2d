//! How `kas` is called: on this host, from a virtual environment, in a container.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use graph_cli::exec::environment::Environment;
use graph_cli::exec::kas::{Call, Command, Container, Engine, Places, Toolchain, container_name};

fn command(toolchain: &Toolchain, outer: &[(&str, &str)]) -> Command {
    let owned = |pairs: &[(&str, &str)]| -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect()
    };
    let places = Places {
        root: "/p".into(),
        state: "/p/.graph".into(),
        git: "/p/.graph/git".into(),
        sstate: "/shared/sstate".into(),
        downloads: "/p/.graph/downloads".into(),
    };
    let args: Vec<OsString> = ["build", "--force-checkout", "/p/.graph/w/image/m/graph.kas.yaml"]
        .map(Into::into)
        .to_vec();
    let outside = [PathBuf::from("/elsewhere/meta-x")];
    let call = Call {
        work: Path::new("/p/.graph/w/image/m"),
        name: "graph-0-1-image-m-0",
        args: &args,
        cores: 4,
        inputs: &owned(&[("GRAPH_NODE", "image/m"), ("BUILD_TAG", "v 1")]),
        outside: &outside,
    };
    toolchain.command(&call, &places, &owned(outer))
}

fn lines(words: &[OsString]) -> String {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join("\n")
}

/// One option with its value a line.
fn options(words: &[OsString]) -> String {
    lines(words).replace('\n', " ").replace(" --", "\n--")
}

fn names(environment: &Environment) -> String {
    let shown = environment.iter().map(|(name, value)| format!("{name}={}", value.display()));
    shown.collect::<Vec<_>>().join("\n")
}

const OUTER: [(&str, &str); 8] = [
    ("PATH", "/usr/bin"),
    ("HOME", "/home/me"),
    ("DOCKER_HOST", "tcp://x"),
    ("XDG_RUNTIME_DIR", "/run/user/1000"),
    ("SSH_AUTH_SOCK", "/run/agent"),
    ("NETRC_FILE", "/home/me/.netrc"),
    ("CI_JOB_TOKEN", "s3cr3t"),
    ("KAS_MACHINE", "hidden"),
];

#[test]
fn on_this_host_and_from_a_virtual_environment() {
    let on_path = command(&Toolchain::Program("kas".into()), &OUTER);
    assert_eq!(
        lines(&on_path.argv),
        "kas\nbuild\n--force-checkout\n/p/.graph/w/image/m/graph.kas.yaml"
    );
    let venv = command(&Toolchain::Venv("/p/.graph/tools/kas-5.2".into()), &OUTER);
    assert_eq!(lines(&venv.argv[..5]), "/p/.graph/tools/kas-5.2/bin/python\n-I\n-m\nkas\nbuild");
    assert_eq!(on_path.env, venv.env);
    assert!(on_path.after_kill.is_empty());
    assert!(!on_path.env.contains_key("KAS_MACHINE") && !on_path.env.contains_key("DOCKER_HOST"));
}

#[test]
fn in_a_container_of_docker() {
    let container = Container {
        engine: Engine::Docker,
        image: "ghcr.io/siemens/kas/kas:5.2".to_owned(),
        user: (1000, 100),
    };
    let command = command(&Toolchain::Container(container), &OUTER);
    insta::assert_snapshot!(options(&command.argv), @r"
    docker run
    --rm
    --init
    --name graph-0-1-image-m-0
    --user 1000:100
    --volume /etc/passwd:/etc/passwd:ro
    --volume /etc/group:/etc/group:ro
    --workdir /p/.graph/w/image/m
    --volume /p:/p:ro
    --volume /p/.graph:/p/.graph:rw
    --volume /shared/sstate:/shared/sstate:rw
    --volume /elsewhere/meta-x:/elsewhere/meta-x:ro
    --volume /home/me/.netrc:/home/me/.netrc:ro
    --volume /run/agent:/run/agent:ro
    --env BB_NUMBER_THREADS
    --env BUILD_TAG
    --env CI_JOB_TOKEN
    --env DL_DIR
    --env GRAPH_NODE
    --env KAS_BUILD_DIR
    --env KAS_REPO_REF_DIR
    --env KAS_WORK_DIR
    --env LANG
    --env NETRC_FILE
    --env PARALLEL_MAKE
    --env SSH_AUTH_SOCK
    --env SSTATE_DIR
    --env TERM
    --env HOME=/tmp ghcr.io/siemens/kas/kas:5.2 kas build
    --force-checkout /p/.graph/w/image/m/graph.kas.yaml
    ");
    insta::assert_snapshot!(names(&command.env), @r"
    BB_NUMBER_THREADS=4
    BUILD_TAG=v 1
    CI_JOB_TOKEN=s3cr3t
    DL_DIR=/p/.graph/downloads
    DOCKER_HOST=tcp://x
    GRAPH_NODE=image/m
    HOME=/home/me
    KAS_BUILD_DIR=/p/.graph/w/image/m/build
    KAS_REPO_REF_DIR=/p/.graph/git
    KAS_WORK_DIR=/p/.graph/w/image/m
    LANG=C.UTF-8
    NETRC_FILE=/home/me/.netrc
    PARALLEL_MAKE=-j 4
    PATH=/usr/bin
    SSH_AUTH_SOCK=/run/agent
    SSTATE_DIR=/shared/sstate
    TERM=dumb
    XDG_RUNTIME_DIR=/run/user/1000
    ");
    assert_eq!(lines(&command.after_kill), "docker\nkill\ngraph-0-1-image-m-0");
}

#[test]
fn in_a_container_of_podman() {
    let container = Container { engine: Engine::Podman, image: "kas".to_owned(), user: (0, 0) };
    let command = command(&Toolchain::Container(container), &[]);
    insta::assert_snapshot!(options(&command.argv[..10]), @r"
    podman run
    --rm
    --init
    --name graph-0-1-image-m-0
    --user 0:0
    --userns=keep-id
    --security-opt=label=disable
    ");
    assert_eq!(lines(&command.after_kill), "podman\nkill\ngraph-0-1-image-m-0");
}

#[test]
fn names_of_containers_are_names_and_differ() {
    let name = |node: &str| container_name(Path::new("/p"), 3, node, 0);
    let (plain, odd, other) = (name("image~rpi"), name("image~a+b=c"), name("image~a=b+c"));
    for name in [&plain, &odd, &other] {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)), "{name}");
    }
    assert_ne!(odd, other);
    assert_ne!(plain, container_name(Path::new("/q"), 3, "image~rpi", 0));
}
