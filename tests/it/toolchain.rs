//! Facts about compilers and what else builds start: found, asked, remembered, missed; and `graph doctor` on kernels.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use graph::facts::Fact;
use graph::model::Graph;
use graph::name::NodeName;
use graph::resource::Pool;
use graph::spec::{Action, Input, Node, Place, Role, Source, Spec};
use graph_cli::config::Settings;
use graph_cli::context::Environment;
use graph_cli::probe::tool::tool_fact;
use graph_cli::probe::{Mode, Probe, Reread};

use crate::kernel_world::KernelWorld;
use crate::notes::Notes;

/// Directories of programs.
struct Host {
    dir: tempfile::TempDir,
    notes: Notes,
}

impl Host {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), notes: Notes::default() }
    }

    fn path(&self, path: &str) -> PathBuf {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// A compiler that counts how often it is asked.
    fn compiler(&self, path: &str, version: &str, target: &str) {
        let file = self.path(path);
        let count = self.path("asked");
        let text = format!(
            "#!/bin/sh\necho \"$1\" >>{}\ncase $1 in -v) echo 'Target: {target}' >&2 ;; *) echo '{version}' ;; esac\n",
            count.display()
        );
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn asked(&self) -> usize {
        fs::read_to_string(self.path("asked")).unwrap_or_default().lines().count()
    }

    fn link(&self, from: &str, to: &str) {
        symlink(to, self.path(from)).unwrap();
    }

    fn env(&self, dirs: &[&str]) -> Environment {
        let own = dirs.iter().map(|dir| self.dir.path().join(dir));
        let path = std::env::join_paths(own.chain([PathBuf::from("/usr/bin"), "/bin".into()]));
        [("PATH", path.unwrap())].into_iter().collect()
    }

    fn fact(&self, dirs: &[&str], name: &str) -> Fact {
        tool_fact(&self.env(dirs), &self.notes, name)
    }
}

fn text(fact: &Fact) -> String {
    match fact {
        Fact::Known { text, .. } => text.to_string(),
        Fact::Missing => "missing".to_owned(),
        Fact::Unknown(why) => format!("? {why}"),
    }
}

#[test]
fn a_compiler_is_what_it_says_of_itself() {
    let host = Host::new();
    host.compiler("lib/toy-gcc-12", "gcc (Toy) 12.2.0", "aarch64-toy");
    host.link("etc/toy-gcc", "../lib/toy-gcc-12");
    host.link("bin/toy-gcc", "../etc/toy-gcc");
    let before = host.fact(&["bin"], "toy-gcc");
    assert_eq!(text(&before), "gcc (Toy) 12.2.0");
    host.compiler("lib/toy-gcc-12", "gcc (Toy) 12.2.0", "riscv64-toy");
    let after = host.fact(&["bin"], "toy-gcc");
    assert_eq!(text(&after), text(&before));
    assert_ne!(after, before, "its target counts, and a script is asked every time");
    assert_eq!(host.asked(), 4);
    assert!(host.notes.0.lock().unwrap().is_empty());
    host.compiler("other/toy-gcc", "gcc (Toy) 12.2.0", "riscv64-toy");
    assert_eq!(host.fact(&["other", "bin"], "toy-gcc"), after, "where it lies does not");
}

#[test]
fn shims_of_ccache_are_seen_through_or_refused() {
    let host = Host::new();
    host.compiler("bin/ccache", "ccache version 4", "none");
    host.link("shims/toy-gcc", "../bin/ccache");
    let fact = host.fact(&["shims", "bin"], "toy-gcc");
    assert_eq!(text(&fact), "? `toy-gcc` is `ccache`, and there is no compiler behind it");
    host.compiler("lib/toy-gcc", "gcc (Toy) 12.2.0", "aarch64-toy");
    assert_eq!(text(&host.fact(&["shims", "lib"], "toy-gcc")), "gcc (Toy) 12.2.0");
    fs::hard_link(host.path("bin/ccache"), host.path("hard/toy-gcc")).unwrap();
    assert_eq!(text(&host.fact(&["hard", "bin", "lib"], "toy-gcc")), "gcc (Toy) 12.2.0");
    assert_eq!(text(&host.fact(&["bin"], "ccache")), "ccache version 4");
}

#[test]
fn programs_are_asked_once_for_as_long_as_they_are_the_same() {
    let host = Host::new();
    let first = host.fact(&[], "tar");
    assert!(text(&first).starts_with("tar "), "{first:?}");
    for remembered in host.notes.0.lock().unwrap().values_mut() {
        *remembered = "what was remembered\n".to_owned();
    }
    assert_eq!(text(&host.fact(&[], "tar")), "what was remembered");
    // A file this young could change without a trace.
    fs::copy("/bin/tar", host.path("bin/tar")).unwrap();
    assert_eq!(text(&host.fact(&["bin"], "tar")), text(&first));
    assert_eq!(host.notes.0.lock().unwrap().len(), 1);
}

#[test]
fn what_is_not_there_is_unknown_or_missing() {
    let host = Host::new();
    let fact = |name: &str| text(&tool_fact(&host.env(&[]), &host.notes, name));
    assert_eq!(fact("no-such-gcc"), "? `no-such-gcc` is not installed");
    assert_eq!(fact("../bin/tar"), "? `../bin/tar` is no name of a program");
    assert_eq!(fact("a\nb"), "? `a\\nb` is no name of a program");
    let nowhere: Environment = [("PATH", "/nowhere")].into_iter().collect();
    assert_eq!(tool_fact(&nowhere, &host.notes, "pahole"), Fact::Missing);
    let failing = host.path("bin/toy-ld");
    fs::write(&failing, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&failing, fs::Permissions::from_mode(0o755)).unwrap();
    let told = text(&host.fact(&["bin"], "toy-ld"));
    assert!(told.starts_with("? `") && told.ends_with("toy-ld --version` fails"), "{told}");
}

fn node(number: usize, tools: &[&str]) -> Node {
    let input = |name: &&str| Input {
        part: format!("tool {name}").into(),
        source: Source::Tool((*name).into()),
        declared: None,
        role: Role::Key,
    };
    Node {
        name: NodeName::new("kernel", [format!("{number}").as_str()]).unwrap(),
        labels: Vec::new().into(),
        inputs: tools.iter().map(input).collect(),
        needs: Vec::new(),
        action: Action::default(),
        outputs: Vec::new().into(),
        declared: Place::file("build-configs.yaml"),
        pool: Pool::Build,
        unresolved: Vec::new(),
    }
}

#[test]
fn a_tool_that_is_missing_is_told_once() {
    let host = Host::new();
    let nodes =
        vec![node(1, &["tar", "toy-gcc"]), node(2, &["toy-gcc"]), node(3, &["toy-gcc", "toy-ld"])];
    let graph = Graph::build(Spec { nodes }).unwrap();
    let wanted: Vec<_> = graph.ids().collect();
    let settings = Settings::default();
    let layout = settings.layout(host.dir.path());
    let env = host.env(&[]);
    let probe = Probe {
        layout: &layout,
        settings: &settings,
        env: &env,
        files: &Reread,
        memory: &host.notes,
        mode: Mode::Offline,
        now: 0,
    };
    let observed = probe.observe(&graph, &wanted).unwrap();
    let told: Vec<&str> =
        observed.warnings.as_slice().iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "`toy-gcc` is not installed, and 3 nodes wait for it",
            "`toy-ld` is not installed, and one node waits for it"
        ]
    );
}

#[test]
fn doctor_looks_after_kernels() {
    let world = KernelWorld::new();
    let told = |world: &KernelWorld| -> Vec<String> {
        let output = world.graph(&["doctor"]);
        assert!(!output.stdout.contains(" kas "), "{output}");
        let is_ours = |line: &&str| {
            ["kernel tools", "compiler", "shared.ccache"]
                .iter()
                .any(|name| line[9..].starts_with(name))
        };
        output
            .stdout
            .lines()
            .filter(is_ours)
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    };
    let all = told(&world);
    assert!(all[0].starts_with("ok kernel tools GNU Make "), "{all:?}");
    assert_eq!(
        all[1..],
        [
            "ok kernel tools bc 1.07.1",
            "ok kernel tools bison (GNU Bison) 3.8.2",
            "ok kernel tools flex 2.6.4",
            "ok kernel tools This is perl 5, version 36, subversion 0 (v5.36.0), a pretended one",
            "ok compiler aarch64-linux-gnu-gcc (toy) 12.2.0",
            "ok compiler arm-linux-gnueabihf-gcc (toy) 12.2.0",
            "ok compiler toy clang version 16.0.6",
            "ok compiler gcc (toy) 12.2.0",
            "ok compiler riscv64-linux-gnu-gcc (toy) 12.2.0",
        ]
    );
    let name = "riscv64-linux-gnu-gcc";
    fs::rename(world.toolchain().join(name), world.toolchain().join("hidden")).unwrap();
    if !Path::new("/usr/bin").join(name).exists() {
        let line = format!("warning compiler `{name}` is not installed");
        assert!(told(&world).contains(&line), "{:?}", told(&world));
    }
}
