//! What a container is given to see, as an engine that only tells its arguments has it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use graph::record::Outcome;
use graph::spec::{Source, Step, Template};
use graph_cli::exec::kas::{Container, Engine, Toolchain};
use graph_cli::exec::local::Settings;

use crate::exec_world::{add_step, execute, input, node, settings};
use crate::world::World;

fn git(dir: &Path, args: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=t", "-c", "user.email=t@t"]).args(args).current_dir(dir);
    assert!(git.env("GIT_CONFIG_GLOBAL", "/dev/null").status().expect("git").success(), "{args:?}");
}

/// The volumes that a build in a project at `root` mounts, relative to `top`.
fn volumes(top: &Path, root: &Path, patch: &Path) -> Vec<String> {
    let bin = top.join("bin");
    fs::create_dir_all(&bin).expect("a directory");
    let engine = bin.join("docker");
    fs::write(&engine, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").expect("a script");
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).expect("a script");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    let container =
        Container { engine: Engine::Docker, image: "kas".to_owned(), user: (1000, 100) };
    let kas = Toolchain::Container(container);
    let settings = Settings { kas, ..settings(root, &[("PATH", &path)]) };
    let mut node = node("rpi");
    let args = vec![Template::text("build")];
    add_step(&mut node, Step { name: "build", program: "kas", args, ..Step::default() });
    node.inputs = vec![input("patch a/b", Source::File(patch.to_string_lossy().into()))].into();
    let ran = execute(settings, node, None);
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}", ran.log);
    let top = format!("{}/", top.display());
    let mounted = |line: &String| {
        let (path, mode) = line.strip_prefix(&top)?.rsplit_once(':')?;
        let path = path.split_once(':').map_or(path, |(path, _)| path);
        Some(format!("{path} {mode}"))
    };
    ran.lines.iter().filter(|line| line.contains(':')).filter_map(mounted).collect()
}

#[test]
fn git_in_a_container_finds_the_repository_of_a_work_tree() {
    let top = tempfile::tempdir().expect("a directory");
    let top = top.path().canonicalize().expect("a directory");
    for repository in ["main", "other"] {
        let dir = top.join(repository);
        fs::create_dir_all(&dir).expect("a directory");
        git(&dir, &["init", "-q"]);
        fs::write(dir.join("file"), "x").expect("a file");
        git(&dir, &["add", "-A"]);
        git(&dir, &["commit", "-q", "-m", "x"]);
        git(&dir, &["worktree", "add", "-q", &format!("../{repository}-tree")]);
    }
    let patch = top.join("other-tree/file");
    assert_eq!(
        volumes(&top, &top.join("main-tree"), &patch),
        [
            "main-tree ro",
            "main-tree/.graph rw",
            "other-tree/file ro",
            "main/.git ro",
            "other-tree/.git ro",
            "other/.git ro",
        ]
    );
    assert_eq!(
        volumes(&top, &top.join("main"), &top.join("main/file")),
        ["main ro", "main/.graph rw"]
    );
}

#[test]
fn an_image_that_is_not_here_is_pulled_before_it_is_used() {
    let mut world = World::new();
    let settings = world.read("graph.yaml");
    let kas =
        settings.lines().find(|line| line.trim_start().starts_with("program: ")).expect("kas");
    world.edit("graph.yaml", kas, "  image: example/kas:5.2");
    let digest = "1".repeat(64);
    let calls = world.path("calls").display().to_string();
    let engine = format!(
        "#!/bin/sh\nCALLS={calls}\necho \"$1 $2\" >> \"$CALLS\"\ncase \"$1\" in\nimage) grep -q ^pull \"$CALLS\" \\\n\
         || {{ echo 'Error: No such image' >&2; exit 1; }}; echo sha256:{digest};;\nrun) exit 7;;\nesac\n"
    );
    world.write("bin/docker", &engine);
    let script = world.path("bin/docker");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = std::env::var("PATH").expect("there is a PATH");
    world.set_env("PATH", &format!("{}:{path}", world.path("bin").display()));
    let built = world.graph(&["build", "image/alder-one-scarthgap"]);
    assert_eq!(built.code, Some(1), "{built}");
    assert!(built.stderr.contains("pulling the image `example/kas:5.2`"), "{built}");
    let calls = world.read("calls");
    assert_eq!(calls.matches("pull --quiet").count(), 1, "{calls}");
    assert!(calls.contains("\nrun "), "{calls}");
    world.graph(&["build", "image/alder-one-scarthgap"]);
    assert_eq!(world.read("calls").matches("pull").count(), 1);
}
