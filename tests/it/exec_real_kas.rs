//! Nodes that real `kas` builds with a bitbake that only pretends: what a second build makes of the clones of the first.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use graph::record::Outcome;
use graph::spec::{Dir, GeneratedFile, Node, Piece, Step, Template};
use graph_cli::exec::kas::Toolchain;
use graph_cli::exec::local::Settings;
use graph_cli::exec::stop::Stop;

use crate::exec_world::{Ran, add_step, execute, git, node, required, settings};
use crate::venv;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, text).expect("a file");
}

const INIT: &str =
    "mkdir -p $1/conf\ncd $1\nexport PATH=$OLDPWD/bin:$PATH BB_ENV_PASSTHROUGH_ADDITIONS=\n";

/// Puts all that a build can see of its layer into the image.
const BITBAKE: &str = "#!/bin/sh
if test -e $SSTATE_DIR/wait; then echo waiting; sleep 300; fi
mkdir -p deploy
(cd ../poky; for file in text added*; do test -e $file && echo $file: $(cat $file); done) > deploy/image.txt
echo SSTATE_DIR=$SSTATE_DIR TMPDIR=$TMPDIR >> deploy/image.txt
";

struct Project {
    dir: tempfile::TempDir,
    commit: String,
}

impl Project {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (remote, root) = (dir.path().join("remote"), dir.path().join("project"));
        write(&remote.join("oe-init-build-env"), INIT);
        write(&remote.join("bin/bitbake"), BITBAKE);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(remote.join("bin/bitbake"), mode).expect("a script");
        write(&remote.join("text"), "one\n");
        git(&remote, &["init", "-q"]);
        git(&remote, &["add", "-A"]);
        git(&remote, &["commit", "-q", "-m", "one"]);
        let commit = git(&remote, &["rev-parse", "HEAD"]);
        write(&root.join(".gitignore"), ".graph\n");
        git(&root, &["init", "-q"]);
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "project"]);
        git(&root, &["remote", "add", "origin", "https://example.com/project"]);
        let project = Self { dir, commit };
        project.patch("two", "added");
        project
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    fn work(&self) -> PathBuf {
        settings(&self.root(), &[]).work.join("image/rpi")
    }

    /// A patch that changes a file and adds another.
    fn patch(&self, text: &str, added: &str) {
        let patch = format!(
            "--- a/text\n+++ b/text\n@@ -1 +1 @@\n-one\n+{text}\n--- /dev/null\n+++ b/{added}\n@@ -0,0 +1 @@\n+new\n"
        );
        write(&self.root().join("patches/p.patch"), &patch);
    }

    fn node(&self) -> Node {
        let mut node = node("rpi");
        let config = format!(
            "header: {{version: 14}}
machine: rpi
distro: none
target: image
repos:
  project: {{path: ROOT, layers: {{}}}}
  poky:
    url: file://{}/remote
    commit: {}
    patches: {{p: {{repo: project, path: patches/p.patch}}}}
",
            self.dir.path().display(),
            self.commit
        );
        let (before, after) = config.split_once("ROOT").expect("a hole");
        let pieces =
            vec![Piece::Text(before.into()), Piece::Dir(Dir::Root), Piece::Text(after.into())];
        node.action.files =
            [GeneratedFile { path: "graph.kas.yaml".into(), content: Template::of(pieces) }].into();
        let file = Template::of(vec![Piece::Dir(Dir::Work), Piece::Text("/graph.kas.yaml".into())]);
        let args = vec![Template::text("build"), Template::text("--force-checkout"), file];
        add_step(&mut node, Step { name: "build", program: "kas", args, ..Step::default() });
        node.outputs = vec![required("build/deploy/image.txt")].into();
        node
    }

    fn build(&self, stop_at: Option<(&str, Stop)>) -> Ran {
        let venv =
            venv::python_of_kas().parent().and_then(Path::parent).expect("a venv").to_owned();
        let variables = [("HOME", "/nonexistent"), ("TMPDIR", "/elsewhere")];
        let settings =
            Settings { kas: Toolchain::Venv(venv), ..settings(&self.root(), &variables) };
        execute(settings, self.node(), stop_at)
    }

    fn image(&self) -> String {
        let image =
            fs::read_to_string(self.work().join("build/deploy/image.txt")).expect("an image");
        let last = format!("SSTATE_DIR={} TMPDIR=\n", self.root().join(".graph/sstate").display());
        image.strip_suffix(&last).map(str::to_owned).unwrap_or_else(|| panic!("{image}"))
    }
}

#[test]
fn a_second_build_takes_its_patches_and_nothing_of_the_first() {
    let project = Project::new();
    let ran = project.build(None);
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}", ran.log);
    assert_eq!(project.image(), "text: two\nadded: new\n");

    project.patch("three", "added-too");
    write(&project.work().join("poky/added-by-hand"), "stray\n");
    let ran = project.build(None);
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}", ran.log);
    assert_eq!(project.image(), "text: three\nadded-too: new\n");
    assert!(!ran.log.contains("Cloning repository"), "the clone is kept: {}", ran.log);
}

#[test]
fn a_killed_build_leaves_nothing_to_the_next() {
    let project = Project::new();
    project.build(None);
    let wait = project.root().join(".graph/sstate/wait");
    write(&wait, "");
    let ran = project.build(Some(("waiting", Stop::AtOnce)));
    assert_eq!(ran.execution.outcome, Outcome::Interrupted, "{}", ran.log);
    fs::remove_file(wait).expect("a file");
    let clone = project.work().join("poky");
    write(&clone.join(".git/index.lock"), "");
    write(&clone.join("added"), "half a patch\n");
    let ran = project.build(None);
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}", ran.log);
    assert_eq!(project.image(), "text: two\nadded: new\n");
}

#[test]
fn half_a_clone_never_leads_kas_to_the_project() {
    let project = Project::new();
    project.build(None);
    let before = (
        git(&project.root(), &["remote", "-v"]),
        git(&project.root(), &["rev-parse", "--abbrev-ref", "HEAD"]),
    );
    let clone = project.work().join("poky");
    fs::remove_dir_all(clone.join(".git")).expect("a clone");
    let ran = project.build(None);
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}", ran.log);
    assert_eq!(project.image(), "text: two\nadded: new\n");
    let after = (
        git(&project.root(), &["remote", "-v"]),
        git(&project.root(), &["rev-parse", "--abbrev-ref", "HEAD"]),
    );
    assert_eq!(before, after);
}
