//! What makes which boards stale: a table of edits, each made to the example where everything is fresh, planned, and
//! taken back. Images only: an SDK follows the image that it needs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::edits::Edit;
use crate::world::{BOARDS, World, image};

/// One edit and what must be stale after it.
struct Case {
    name: &'static str,
    edit: Edit,
    stale: Boards,
}

/// A set of boards.
enum Boards {
    None,
    All,
    AllBut(&'static [&'static str]),
    Only(&'static [&'static str]),
}

/// Those built from a release file: what their chain says does not matter until they are released again.
const RELEASED: &[&str] = &["alder-one", "cedar-nuc"];
const BIRCH: &[&str] = &["birch-gateway", "birch-hmi", "birch-sensor"];
const OTA: &[&str] = &["alder-two", "birch-gateway", "cedar-rack"];

const CASES: &[Case] = &[
    Case {
        name: "a README at the root",
        edit: Edit::Replace("README.md", "# Twelve boards", "# A dozen boards"),
        stale: Boards::None,
    },
    Case {
        name: "a workflow",
        edit: Edit::Write(".github/workflows/ci.yaml", "on: push\n"),
        stale: Boards::None,
    },
    Case {
        name: "a comment in a fragment",
        edit: Edit::Replace(
            "kas/base.yaml",
            "build_system: oe",
            "# OpenEmbedded\nbuild_system: oe # is it",
        ),
        stale: Boards::None,
    },
    Case {
        name: "a comment in graph.yaml",
        edit: Edit::Replace("graph.yaml", "version: 1", "version: 1 # the first"),
        stale: Boards::None,
    },
    Case {
        name: "another order of keys",
        edit: Edit::Replace(
            "kas/with-ota.yaml",
            "  UPDATE_CHANNEL: nightly\n  UPDATE_KEY_ID: null\n",
            "  UPDATE_KEY_ID: null\n  UPDATE_CHANNEL: nightly\n",
        ),
        stale: Boards::None,
    },
    Case {
        name: "another spelling of the same values",
        edit: Edit::Replace(
            "kas/base.yaml",
            "distro: toy\ntarget: toy-image",
            "\"distro\": 'toy'\ntarget: \"toy-image\"",
        ),
        stale: Boards::None,
    },
    Case {
        name: "a time stamp",
        edit: Edit::Touch("recipes-boards/board-id/files/board-id.sh"),
        stale: Boards::None,
    },
    Case {
        name: "workflows of a board",
        edit: Edit::Replace(
            ".github/machines.json",
            "kas/machines/rowan-dev.yaml:kas/base.yaml\",\n      \"workflows\": [\"manual\"]",
            "kas/machines/rowan-dev.yaml:kas/base.yaml\",\n      \"workflows\": [\"manual\", \"tag\"]",
        ),
        stale: Boards::None,
    },
    Case {
        name: "the target of a board",
        edit: Edit::Replace(
            ".github/machines.json",
            "kas/machines/rowan-dev.yaml:kas/base.yaml\",",
            "kas/machines/rowan-dev.yaml:kas/base.yaml\",\n      \"build_target\": \"toy-test-image\",",
        ),
        stale: Boards::Only(&["rowan-dev"]),
    },
    Case {
        name: "the content of a patch",
        edit: Edit::Replace(
            "patches/oe-toy/0001-hull-has-no-telnetd.patch",
            "-telnetd = no\n",
            "-telnetd = no\n+telnetd = never\n",
        ),
        stale: Boards::All,
    },
    Case {
        name: "a patch of a quilt series",
        edit: Edit::Replace(
            "patches/meta-toybsp/cedar/0002-a-tick-a-millisecond.patch",
            "+CONFIG_HZ=1000",
            "+CONFIG_HZ=2000",
        ),
        stale: Boards::Only(&["cedar-nuc", "cedar-rack"]),
    },
    Case {
        name: "a quilt series gets shorter",
        edit: Edit::Replace(
            "patches/meta-toybsp/cedar/series",
            "0002-a-tick-a-millisecond.patch\n",
            "",
        ),
        stale: Boards::Only(&["cedar-nuc", "cedar-rack"]),
    },
    Case {
        name: "a file of the local layer",
        edit: Edit::Replace("recipes-boards/board-id/files/board-id.sh", "cat ", "exec cat "),
        stale: Boards::All,
    },
    Case {
        name: "a new file of the local layer, not yet added to git",
        edit: Edit::Write("recipes-boards/board-id/files/board-id.conf", "color = green\n"),
        stale: Boards::All,
    },
    Case {
        name: "a file of the local layer goes",
        edit: Edit::Remove("recipes-core/base-files/files/issue"),
        stale: Boards::All,
    },
    Case {
        name: "a file that git ignores",
        edit: Edit::Write("shared/notes", "to do\n"),
        stale: Boards::None,
    },
    Case {
        name: "a pinned commit in the lock file of all",
        edit: Edit::Replace(
            "kas/base.lock.yaml",
            "@COMMIT:meta-toybsp:3@",
            "@COMMIT:meta-toybsp:2@",
        ),
        stale: Boards::AllBut(RELEASED),
    },
    Case {
        name: "a pinned commit in the lock file of one",
        edit: Edit::Replace(
            "kas/machines/cedar-rack.lock.yaml",
            "@COMMIT:meta-toyapps:3@",
            "@COMMIT:meta-toyapps:4@",
        ),
        stale: Boards::Only(&["cedar-rack"]),
    },
    Case {
        name: "an outer variable that replaces a default",
        edit: Edit::Variable("UPDATE_CHANNEL", "beta"),
        stale: Boards::Only(OTA),
    },
    Case {
        name: "an outer variable that has no default",
        edit: Edit::Variable("UPDATE_KEY_ID", "7f"),
        stale: Boards::Only(OTA),
    },
    Case {
        name: "an outer variable that equals its default",
        edit: Edit::Variable("UPDATE_CHANNEL", "nightly"),
        stale: Boards::None,
    },
    Case {
        name: "an outer variable that nobody asks for",
        edit: Edit::Variable("DEPLOY_TOKEN", "x"),
        stale: Boards::None,
    },
    Case {
        name: "the default of a variable",
        edit: Edit::Replace(
            "kas/with-ota.yaml",
            "UPDATE_CHANNEL: nightly",
            "UPDATE_CHANNEL: weekly",
        ),
        stale: Boards::Only(OTA),
    },
    Case { name: "the version of kas", edit: Edit::KasVersion, stale: Boards::All },
    Case {
        name: "the fragment of one board",
        edit: Edit::Replace("kas/machines/alder-mini.yaml", "\"board-id\"", "\"board-id hull\""),
        stale: Boards::Only(&["alder-mini"]),
    },
    Case {
        name: "the fragment of a released board",
        edit: Edit::Replace(
            "kas/machines/alder-one.yaml",
            "machine: alder-one\n",
            "machine: alder-one\n\nlocal_conf_header:\n  alder-one: |\n    KERNEL_CONSOLE = \"ttyS9\"\n",
        ),
        stale: Boards::None,
    },
    Case {
        name: "a fragment of a family",
        edit: Edit::Replace("kas/bsp-birch.yaml", "\"EU\"", "\"US\""),
        stale: Boards::Only(BIRCH),
    },
    Case {
        name: "a fragment of a family with a released board in it",
        edit: Edit::Replace("kas/bsp-alder.yaml", "\"gpio\"", "\"gpio pwm\""),
        stale: Boards::Only(&["alder-two", "alder-mini", "alder-cam"]),
    },
    Case {
        name: "a fragment in JSON",
        edit: Edit::Replace("kas/bsp-virt.json", "hvc0", "hvc1"),
        stale: Boards::Only(&["virt-arm64", "virt-x86-64"]),
    },
    Case {
        name: "a fragment that others include",
        edit: Edit::Replace("kas/with-apps.yaml", "\" telemetry\"", "\" telemetry probe-tools\""),
        stale: Boards::Only(&[
            "alder-two",
            "alder-cam",
            "birch-gateway",
            "birch-hmi",
            "cedar-rack",
        ]),
    },
    Case {
        name: "a commit on a branch that floats",
        edit: Edit::Upstream("meta-toyapps", "recipes-apps/telemetry/files/extra.toml", "a = 1\n"),
        stale: Boards::Only(&["alder-two", "alder-cam", "birch-gateway", "birch-hmi"]),
    },
    Case {
        name: "a commit on a branch of which a commit is pinned",
        edit: Edit::Upstream("meta-toybsp", "recipes-kernel/linux-toy/files/extra", "y\n"),
        stale: Boards::None,
    },
    Case {
        name: "a file that is included from a layer moves",
        edit: Edit::IncludeMoves,
        stale: Boards::AllBut(RELEASED),
    },
    Case {
        name: "a release file",
        edit: Edit::Replace(
            "kas/build-configs/release/alder-one-scarthgap.yaml",
            "@COMMIT:meta-toyapps:3@",
            "@COMMIT:meta-toyapps:4@",
        ),
        stale: Boards::Only(&["alder-one"]),
    },
    Case {
        name: "a release file goes",
        edit: Edit::Remove("kas/build-configs/release/cedar-nuc-scarthgap.yaml"),
        stale: Boards::Only(&["cedar-nuc"]),
    },
];

impl Boards {
    fn images(&self) -> BTreeSet<String> {
        let chosen = |board: &&&str| match self {
            Self::None => false,
            Self::All => true,
            Self::AllBut(others) => !others.contains(board),
            Self::Only(boards) => boards.contains(board),
        };
        BOARDS.iter().filter(chosen).map(|board| image(board)).collect()
    }
}

/// The images that a plan does not call fresh.
fn planned(world: &World) -> BTreeSet<String> {
    let output = world.graph_ok(&["plan", "--format", "json"]);
    let plan: Value = serde_json::from_str(&output.stdout).expect("the plan is JSON");
    let nodes = plan["nodes"].as_array().expect("a list of nodes");
    let name = |node: &Value| node["name"].as_str().expect("a name").to_owned();
    nodes
        .iter()
        .filter(|node| node["verdict"] != "fresh")
        .map(name)
        .filter(|name| name.starts_with("image/"))
        .collect()
}

#[test]
fn every_edit_can_be_made_and_taken_back() {
    let mut world = World::new();
    let before = world.git(".", &["stash", "create"]);
    for case in CASES {
        case.edit.apply(&mut world).take_back(&mut world);
        let after = world.git(".", &["stash", "create"]);
        assert_eq!(after, before, "{}", case.name);
    }
}

#[test]
fn each_edit_makes_exactly_its_boards_stale() {
    let mut world = World::new();
    world.graph_ok(&["build"]);
    assert_eq!(planned(&world), BTreeSet::new(), "after a build, everything is fresh");
    let mut wrong = Vec::new();
    for case in CASES {
        let undo = case.edit.apply(&mut world);
        let stale = planned(&world);
        undo.take_back(&mut world);
        let expect = case.stale.images();
        if stale != expect {
            let missing: Vec<_> = expect.difference(&stale).collect();
            let needless: Vec<_> = stale.difference(&expect).collect();
            wrong.push(format!("{}: missing {missing:?}, needless {needless:?}", case.name));
        }
    }
    assert_eq!(planned(&world), BTreeSet::new(), "all edits were taken back");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
