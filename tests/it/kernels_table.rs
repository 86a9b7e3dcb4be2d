//! What makes which kernels stale: a table of edits, each pushed or made where everything is fresh, planned, built, and
//! taken back. Knows the toy tree: which of its files which build reads.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::kernel_world::{KernelWorld, config, kernel};

/// One edit and what it reaches: builds by their letters, of [`BUILDS`].
struct Case {
    name: &'static str,
    edit: Edit,
    /// The configurations that are made again.
    configs: &'static str,
    /// The kernels that are made again.
    kernels: &'static str,
}

/// A change of what builds are made of.
enum Edit {
    /// A line more at the end of a file of the tree, which it may make.
    Append(&'static str, &'static str),
    /// Another text in a file of the tree.
    Source(&'static str, &'static str, &'static str),
    /// A file of the tree goes.
    Remove(&'static str),
    /// Another text in a file of the project.
    Project(&'static str, &'static str, &'static str),
    /// Another version of a pretended compiler.
    Tool(&'static str),
}

/// The builds of the small matrix, and one that an edit adds.
const BUILDS: [(char, &str, &str); 5] = [
    ('a', "arm64", "defconfig"),
    ('x', "x86_64", "x86_64_defconfig"),
    ('t', "x86_64", "x86_64_defconfig+ticks"),
    ('y', "x86_64", "tinyconfig"),
    ('n', "x86_64", "allnoconfig"),
];

const MATRIX: &str = "build-configs.yaml";

const fn case(
    name: &'static str,
    edit: Edit,
    configs: &'static str,
    kernels: &'static str,
) -> Case {
    Case { name, edit, configs, kernels }
}

/// What reaches nothing.
const NOTHING: &[Case] = &[
    case("a README", Edit::Append("README", "More."), "", ""),
    case("documentation", Edit::Append("Documentation/winding.rst", "Wind."), "", ""),
    case("documentation goes", Edit::Remove("Documentation/winding.rst"), "", ""),
    case("C of another architecture", Edit::Append("arch/arm/kernel/setup.c", "x"), "", ""),
    case(
        "a header of another architecture",
        Edit::Append("arch/arm/include/asm/page.h", "x"),
        "",
        "",
    ),
    case(
        "a defconfig of another architecture",
        Edit::Append("arch/arm/configs/pump_defconfig", "CONFIG_SMP=y"),
        "",
        "",
    ),
    case(
        "a device tree of another architecture",
        Edit::Append("arch/riscv/boot/dts/virt.dts", "x"),
        "",
        "",
    ),
    case("a driver that nobody configures", Edit::Append("lib/kunit.c", "x"), "", ""),
    case("a new file that nobody names", Edit::Append("lib/abacus.c", "int x;"), "", ""),
    case("a new directory that nobody visits", Edit::Append("sound/bell.c", "int x;"), "", ""),
    case(
        "a comment in the matrix",
        Edit::Project(MATRIX, "build_configs:\n", "# More.\nbuild_configs: # these\n"),
        "",
        "",
    ),
    case(
        "another order in the matrix",
        Edit::Project(
            MATRIX,
            "    tree: mainline\n    branch: master\n",
            "    branch: 'master'\n    tree: \"mainline\"\n",
        ),
        "",
        "",
    ),
    case(
        "what a compiler is said to be",
        Edit::Project(MATRIX, "cc_version: 12", "cc_version: 13"),
        "",
        "",
    ),
    case(
        "an environment that nobody uses",
        Edit::Project(
            MATRIX,
            "build_environments:\n",
            "build_environments:\n  clang-16: {cc: clang, cc_version: 16}\n",
        ),
        "",
        "",
    ),
    case(
        "a comment in the settings",
        Edit::Project("graph.yaml", "version: 1", "version: 1 # the first"),
        "",
        "",
    ),
    case(
        "how many run at a time",
        Edit::Project("graph.yaml", "version: 1\n", "version: 1\nrun: {jobs: 1}\n"),
        "",
        "",
    ),
    case("a compiler that nobody runs", Edit::Tool("riscv64-linux-gnu-gcc"), "", ""),
];

/// What reaches some by their sources.
const SOURCES: &[Case] = &[
    // That only one of them looks in that directory is not told by what was read.
    case(
        "a new header that shadows another",
        Edit::Append("arch/arm64/include/linux/net.h", "struct string_telephone { u32 rope; };"),
        "",
        "axt",
    ),
    case("C that all read", Edit::Append("lib/string.c", "// More."), "", "axty"),
    case("C of a module", Edit::Append("drivers/rtc/cuckoo.c", "// More."), "", "axt"),
    case("C that one reads", Edit::Append("drivers/gpio/gpio_toy.c", "// More."), "", "a"),
    case("assembly of one", Edit::Append("arch/arm64/kernel/head.S", "\tturn"), "", "a"),
    case(
        "a header that one reads",
        Edit::Append("arch/arm64/include/asm/page.h", "// More."),
        "",
        "a",
    ),
    case("a header that some read", Edit::Append("include/linux/net.h", "// More."), "", "axt"),
    case("a header that all read", Edit::Append("include/linux/types.h", "// More."), "", "axty"),
    case(
        "what a device tree includes",
        Edit::Append("arch/arm64/boot/dts/acme/base.dtsi", "// More."),
        "",
        "a",
    ),
    case(
        "the Makefile of a directory that one visits",
        Edit::Append("drivers/gpio/Makefile", "# More."),
        "",
        "a",
    ),
];

/// What reaches configurations, and kernels where a configuration ends otherwise.
const CONFIGS: &[Case] = &[
    // Kconfig's own merges could name any file of these directories: nobody can rule them out.
    case(
        "a fragment that nobody names",
        Edit::Append("kernel/configs/debug.config", "CONFIG_KUNIT=y"),
        "axty",
        "",
    ),
    case(
        "a defconfig that a filter rejects",
        Edit::Append("arch/arm64/configs/server_defconfig", "x"),
        "a",
        "",
    ),
    case(
        "a fragment that the Makefiles name",
        Edit::Append("kernel/configs/tiny.config", "# More."),
        "axty",
        "axty",
    ),
    case("a script of any step", Edit::Append("scripts/dtc.awk", "# More."), "axty", "axty"),
    case(
        "a help text",
        Edit::Source("drivers/net/Kconfig", "taut string", "very taut string"),
        "axty",
        "",
    ),
    case(
        "a new Kconfig that a glob finds",
        Edit::Append("drivers/bell/Kconfig", "# Nothing yet."),
        "axty",
        "",
    ),
    case(
        "a default",
        Edit::Source("drivers/rtc/Kconfig", "default m if MODULES", "default n"),
        "axty",
        "axt",
    ),
    case("a defconfig", Edit::Append("arch/arm64/configs/defconfig", "CONFIG_HZ_FAST=y"), "a", "a"),
    case(
        "a comment in a defconfig",
        Edit::Append("arch/arm64/configs/defconfig", "# More."),
        "a",
        "",
    ),
    case(
        "a line of a fragment without effect",
        Edit::Project(
            MATRIX,
            "'CONFIG_HIGH_RES_TIMERS=y'",
            "'CONFIG_HIGH_RES_TIMERS=y', 'CONFIG_NO_SUCH=y'",
        ),
        "t",
        "",
    ),
    case(
        "a line of a fragment with effect",
        Edit::Project(
            MATRIX,
            "'CONFIG_HIGH_RES_TIMERS=y'",
            "'CONFIG_HIGH_RES_TIMERS=y', 'CONFIG_HZ_FAST=y'",
        ),
        "t",
        "t",
    ),
    case("the version of one compiler", Edit::Tool("aarch64-linux-gnu-gcc"), "a", "a"),
    case(
        "another compiler",
        Edit::Project(MATRIX, "aarch64-linux-gnu-", "arm-linux-gnueabihf-"),
        "a",
        "a",
    ),
    case(
        "a configuration more",
        Edit::Project(MATRIX, "[tinyconfig]", "[tinyconfig, allnoconfig]"),
        "n",
        "n",
    ),
];

/// A matrix of which everything is built, and how it was then.
struct Table {
    world: KernelWorld,
    commit: String,
    images: Vec<Vec<u8>>,
}

impl Table {
    fn new() -> Self {
        let world = KernelWorld::small();
        let commit = world.world().git("linux", &["rev-parse", "HEAD"]).trim().to_owned();
        world.world().graph_ok(&["build"]);
        let images = images(&world);
        Self { world, commit, images }
    }

    /// Makes each edit, and tells of each that reaches anything else than it should.
    fn check(&self, cases: &[Case]) {
        assert!(not_fresh(&self.world).is_empty(), "after a build, everything is fresh");
        let wrong: Vec<_> = cases.iter().filter_map(|case| self.wrong(case)).collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    fn wrong(&self, case: &Case) -> Option<String> {
        let undo = self.apply(&case.edit);
        let expect: BTreeSet<_> =
            nodes(case.configs, config).chain(nodes(case.kernels, kernel)).collect();
        let planned = not_fresh(&self.world);
        let mut wrong = Vec::new();
        let mut compare = |what: &str, found: &BTreeSet<String>, whole: bool| {
            let missing: Vec<_> = expect.difference(found).collect();
            let needless: Vec<_> = found.difference(&expect).collect();
            if !missing.is_empty() || whole && !needless.is_empty() {
                wrong.push(format!(
                    "{}, {what}: missing {missing:?}, needless {needless:?}",
                    case.name
                ));
            }
        };
        // What is open in a plan may turn out fresh.
        compare("planned", &planned, case.configs.is_empty());
        if !planned.is_empty() {
            compare("built", &reached(&self.world).0, true);
        }
        self.take_back(undo);
        if !planned.is_empty() {
            let (_, built) = reached(&self.world);
            if built != 0 || images(&self.world) != self.images {
                wrong.push(format!("{}: taken back, {built} were built", case.name));
            }
        }
        (!wrong.is_empty()).then(|| wrong.join("\n"))
    }

    /// Makes an edit; returns a file that is not of the tree with what it was.
    fn apply(&self, edit: &Edit) -> Option<(String, String)> {
        let (world, project) = (&self.world, self.world.world());
        match edit {
            Edit::Append(path, line) => {
                let path = format!("linux/{path}");
                let text = world.text(&path).unwrap_or_default();
                project.write(&path, &format!("{text}{line}\n"));
            }
            Edit::Source(path, from, to) => world.edit(path, from, to),
            Edit::Remove(path) => project.remove(&format!("linux/{path}")),
            Edit::Project(path, from, to) => {
                let before = ((*path).to_owned(), project.read(path));
                project.edit(path, from, to);
                return Some(before);
            }
            Edit::Tool(name) => {
                let path = world.toolchain().join(name);
                let path = path.strip_prefix(project.root()).expect("it is of the project");
                let path = path.to_str().expect("the path is text").to_owned();
                let before = project.read(&path);
                project.edit(&path, "gcc_version=12.2.0", "gcc_version=12.3.0");
                return Some((path, before));
            }
        }
        world.push("an edit");
        None
    }

    fn take_back(&self, undo: Option<(String, String)>) {
        let world = self.world.world();
        if let Some((path, text)) = undo {
            return world.write(&path, &text);
        }
        world.git("linux", &["reset", "--quiet", "--hard", &self.commit]);
        let tree = self.world.tree().to_str().expect("the path is text");
        world.git("linux", &["push", "--quiet", "--force", tree, "HEAD:refs/heads/master"]);
    }
}

fn nodes(
    letters: &'static str,
    name: fn(&str, &str, &str) -> String,
) -> impl Iterator<Item = String> {
    let builds = BUILDS.iter().filter(move |(letter, ..)| letters.contains(*letter));
    builds.map(move |(_, arch, defconfig)| name("gcc-12", arch, defconfig))
}

pub(crate) fn json(world: &KernelWorld, arguments: &[&str]) -> Value {
    let output = world.world().graph_ok(arguments);
    serde_json::from_str(&output.stdout).expect("it is JSON")
}

/// The nodes that a plan does not call fresh.
pub(crate) fn not_fresh(world: &KernelWorld) -> BTreeSet<String> {
    let plan = json(world, &["plan", "--format", "json"]);
    let nodes = plan["nodes"].as_array().expect("a list of nodes");
    let stale = nodes.iter().filter(|node| node["verdict"] != "fresh");
    stale.map(|node| node["name"].as_str().expect("a name").to_owned()).collect()
}

/// The nodes that a build made or restored, and how many of them it made.
pub(crate) fn reached(world: &KernelWorld) -> (BTreeSet<String>, u64) {
    let summary = json(world, &["build", "--format", "json"]);
    let nodes = summary["nodes"].as_array().expect("a list of nodes");
    let name = |node: &Value| node["name"].as_str().expect("a name").to_owned();
    let reached = nodes.iter().filter(|node| node["ending"] != "fresh").map(name).collect();
    (reached, summary["endings"]["built"].as_u64().expect("a number"))
}

/// The kernels of all builds.
fn images(world: &KernelWorld) -> Vec<Vec<u8>> {
    let image = |(_, arch, defconfig): &(char, &str, &str)| {
        let name = if *arch == "arm64" { "Image" } else { "bzImage" };
        let path = format!(".graph/out/{}/kernel/{name}", kernel("gcc-12", arch, defconfig));
        fs::read(world.world().path(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    BUILDS[..4].iter().map(image).collect()
}

#[test]
fn kernels_that_nothing_reaches() {
    Table::new().check(NOTHING);
}

#[test]
fn kernels_whose_sources_change() {
    Table::new().check(SOURCES);
}

#[test]
fn kernels_whose_configuration_changes() {
    Table::new().check(CONFIGS);
}
