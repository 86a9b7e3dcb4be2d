//! A world with the example of kernels in it: the toy tree in a bare repository, a clone to change it in, pretended
//! compilers on `PATH`. It runs the real program and real make; it knows nothing of what they do.

use std::fs;
use std::path::{Path, PathBuf};

use graph::name::NodeName;
use graph_cli::cmd::demo::{self, Kernels};

use crate::world::{Output, World};

/// The build config of the branch that [`KernelWorld::push`] moves.
pub(crate) const MAINLINE: &str = "mainline";

/// A matrix of few builds, for tests that build them all. `@TREE@` is the tree's URL.
pub(crate) const SMALL: &str = "\
trees:
  mainline: {url: \"@TREE@\"}
fragments:
  ticks: {path: kernel/configs/ticks.config, configs: ['CONFIG_HIGH_RES_TIMERS=y']}
build_environments:
  gcc-12:
    cc: gcc
    cc_version: 12
    arch_params:
      arm64: {cross_compile: 'aarch64-linux-gnu-'}
build_configs:
  mainline:
    tree: mainline
    branch: master
    variants:
      gcc-12:
        build_environment: gcc-12
        architectures:
          arm64:
            filters: [{blocklist: {defconfig: ['server_']}}]
          x86_64:
            base_defconfig: x86_64_defconfig
            extra_configs: [tinyconfig]
            fragments: [ticks]
";

/// A project of kernels and everything that its commands may touch.
pub(crate) struct KernelWorld {
    world: World,
    kernels: Kernels,
}

impl KernelWorld {
    /// A world with the whole example; both build configs come from the bare repository.
    pub(crate) fn new() -> Self {
        let mut world = World::empty();
        let kernels = demo::write_kernels(world.root()).expect("the example is written out");
        let path = std::env::var("PATH").expect("PATH is set and text");
        world.set_env("PATH", &format!("{}:{path}", kernels.toolchain.display()));
        world.edit("graph.yaml", "\ntrees:\n  mainline: {path: linux, rev: HEAD}\n", "\n");
        Self { world, kernels }
    }

    /// A world with [`SMALL`]: four builds of one branch, of which two x86 ones end in the same `.config`.
    pub(crate) fn small() -> Self {
        let world = Self::new();
        world.matrix(SMALL);
        world
    }

    /// Replaces `build-configs.yaml`; `@TREE@` in the text becomes the URL of the tree.
    pub(crate) fn matrix(&self, text: &str) {
        let url = format!("file://{}", self.kernels.tree.display());
        self.world.write("build-configs.yaml", &text.replace("@TREE@", &url));
    }

    /// The project, for everything that is not special to kernels.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// The same, to change its environment.
    pub(crate) fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Runs `graph`.
    pub(crate) fn graph(&self, arguments: &[&str]) -> Output {
        self.world.graph(arguments)
    }

    /// The bare repository of the tree.
    pub(crate) fn tree(&self) -> &Path {
        &self.kernels.tree
    }

    /// The directory of the pretended compilers; a test may remove one.
    pub(crate) fn toolchain(&self) -> &Path {
        &self.kernels.toolchain
    }

    /// A path in the clone of the tree.
    pub(crate) fn source(&self, path: &str) -> PathBuf {
        self.world.path("linux").join(path)
    }

    /// Replaces a text that a file of the clone has exactly once.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        self.world.edit(&format!("linux/{path}"), from, to);
    }

    /// Commits everything that changed in the clone, moves the tree's branch `master` there, and returns the commit.
    pub(crate) fn push(&self, subject: &str) -> String {
        let tree = self.kernels.tree.to_str().expect("the path is text");
        self.world.git("linux", &["add", "--all"]);
        self.world.git("linux", &["commit", "--quiet", "-m", subject]);
        self.world.git("linux", &["push", "--quiet", "--force", tree, "HEAD:refs/heads/master"]);
        self.world.git("linux", &["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// One edit, pushed.
    pub(crate) fn change(&self, path: &str, from: &str, to: &str) -> String {
        self.edit(path, from, to);
        self.push(&format!("{path}: change"))
    }

    /// Runs make on the clone as a kernel's user would, with its output in `O`, a directory of the project.
    pub(crate) fn make(&self, output: &str, arguments: &[&str]) -> Output {
        let mut make = self.world.program("make");
        make.arg("-C").arg(self.source("")).arg(format!("O={}", self.world.path(output).display()));
        self.world.run(make.args(arguments))
    }

    /// The text of a file, or nothing if there is none.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.world.path(path)).ok()
    }
}

/// The node of a configuration of `mainline`, as it is called.
pub(crate) fn config(variant: &str, arch: &str, defconfig: &str) -> String {
    node("config", variant, arch, defconfig)
}

/// The node of a kernel of `mainline`, as it is called.
pub(crate) fn kernel(variant: &str, arch: &str, defconfig: &str) -> String {
    node("kernel", variant, arch, defconfig)
}

fn node(kind: &str, variant: &str, arch: &str, defconfig: &str) -> String {
    let name = NodeName::new(kind, [MAINLINE, variant, arch, defconfig]);
    name.expect("no segment is empty").to_string()
}

#[test]
fn kernels_are_a_project_of_their_own() {
    let world = KernelWorld::small();
    assert!(world.text("build-configs.yaml").is_some_and(|text| text.contains("file:///")));
    assert!(!world.world().read("graph.yaml").contains("mainline"));
    let described = |rev: &str| {
        world.world().git("linux", &["describe", "--match=v[1-9]*", rev]).trim().to_owned()
    };
    assert!(described("HEAD").starts_with("v6.2-rc1-1-g"), "{}", described("HEAD"));
    assert_eq!(described("refs/remotes/origin/linux-6.1.y"), "v6.1.5");
    let commit = world.change("lib/string.c", "piece of string", "length of string");
    let tree = world.tree().to_str().expect("the path is text").to_owned();
    assert_eq!(world.world().git(".", &["-C", &tree, "rev-parse", "master"]).trim(), commit);
    assert_eq!(kernel("gcc-12", "arm64", "defconfig"), "kernel/mainline/gcc-12/arm64/defconfig");
    assert!(
        config("gcc-12", "x86_64", "defconfig+ticks").starts_with("config/mainline/gcc-12/x86_64/")
    );
    assert!(world.toolchain().join("aarch64-linux-gnu-gcc").is_file());
}
