//! What is on one side only, what cannot be read, what is not in any commit, and authors who mean no good.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use insta::assert_snapshot;

use super::{boards, commit, compared, of_change, text};

#[test]
fn reasons_have_both_values_the_place_and_who_wrote_it() {
    let world = boards();
    world.edit("kas/base.yaml", &"1a".repeat(20), &"2b".repeat(20));
    world.edit("kas/elm.yaml", "machine: elm", "machine: elm-two");
    commit(&world, "Go on");
    world.write("patches/one.patch", "two\n");
    let output = world.graph(&["plan", "--offline", "--base", "HEAD~1", "--exit-code"]);
    let shown = output.to_string();
    let stdout = shown.split("--- stderr").next().expect("it has a beginning");
    assert_snapshot!(stdout, @"
    exit status 10
    --- stdout
    2 of 2 to rebuild since HEAD~1 · 2 changed

    patch poky/one changed (kas/base.yaml:10)
      not committed
      image/{oak-scarthgap,elm-scarthgap}
    repos.poky.commit xxxxxxxxxxxx → xxxxxxxxxxxx (kas/base.yaml:8)
      by xxxxxxxxxxxx (Test): Go on
      image/{oak-scarthgap,elm-scarthgap}
    machine elm → elm-two (kas/elm.yaml:5)
      by xxxxxxxxxxxx (Test): Go on
      image/elm-scarthgap

    changed  stale  image/oak-scarthgap  patch poky/one, repos.poky.commit
    changed  stale  image/elm-scarthgap  machine, patch poky/one, repos.poky.commit
    ");
    assert_eq!(
        world.graph(&["plan", "--offline", "--base", "HEAD~1", "--exit-code"]).code,
        Some(10)
    );
    world.git("", &["checkout", "-q", "--", "."]);
    let same = world.graph_ok(&["plan", "--offline", "--base", "HEAD", "--exit-code"]);
    assert_eq!(same.stdout, "nothing of 2 to rebuild since HEAD\n");
}

#[test]
fn a_machine_on_one_side_is_added_removed_or_renamed() {
    let world = boards();
    let machines = world.read("machines.json");
    world.write("kas/ash.yaml", &world.read("kas/oak.yaml").replace("oak", "ash"));
    let with = machines
        .replace(
            "{\"name\": \"oak\", \"config\": \"kas/oak.yaml\"}",
            "{\"name\": \"ash\", \"config\": \"kas/ash.yaml\"}",
        )
        .replace("\"name\": \"elm\"", "\"name\": \"wych-elm\"");
    world.write("machines.json", &with);
    // One that no chain reads would be part of the layer.
    world.remove("kas/oak.yaml");
    let told = compared(&world, &["HEAD"]);
    let all = |change: &str| of_change(&told, &[change]).into_iter().collect::<Vec<_>>();
    assert_eq!(all("added"), ["image/ash-scarthgap"]);
    assert_eq!(all("removed"), ["image/oak-scarthgap"]);
    assert_eq!(all("renamed"), ["image/wych-elm-scarthgap"]);
    assert_eq!(told["summary"]["rebuild"], 1);
    let only = compared(&world, &["HEAD", "image/oak-scarthgap"]);
    assert_eq!(only["summary"]["removed"], 1, "a selector may mean what only the base has");
    assert_eq!(only["summary"]["total"], 0);
    let neither = world.graph(&["plan", "--offline", "--base", "HEAD", "image/beech"]);
    assert_eq!(neither.code, Some(2), "{neither}");
}

#[test]
fn a_base_that_cannot_be_read_is_told_apart_and_the_rest_all_the_same() {
    let world = boards();
    world.write("kas/base.yaml", "header: [\n");
    commit(&world, "Break it");
    world.write("kas/base.yaml", super::BASE);
    commit(&world, "Mend it");
    let output = world.graph(&["plan", "--offline", "--base", "HEAD~1", "--format", "json"]);
    assert_eq!(output.code, Some(0), "{output}");
    let told = super::read(&output);
    let errors = told["base"]["errors"].as_array().expect("errors");
    assert!(!errors.is_empty(), "{told:#}");
    assert!(text(&errors[0]["place"]).starts_with("HEAD~1:kas/base.yaml"), "{told:#}");
    assert!(output.stderr.contains("HEAD~1:kas/base.yaml"), "{output}");
    assert_eq!(told["summary"]["unknown"], 2, "nobody knows what the base would have built");
    assert_eq!(told["nodes"][0]["verdict"], "stale", "what this host would do is told");
    let status = world.graph(&["plan", "--offline", "--base", "HEAD~1", "--exit-code"]);
    assert_eq!(status.code, Some(10), "in doubt, it is to be rebuilt");

    world.write("graph.yaml", "version: 1\nno-such-key: 1\n");
    commit(&world, "Break the settings");
    world.write("graph.yaml", "version: 1\n");
    let told = compared(&world, &["HEAD"]);
    assert!(told["base"]["errors"][0]["message"].as_str().is_some(), "{told:#}");
    assert_eq!(told["summary"]["unknown"], 2);
}

#[test]
fn a_layer_at_a_commit_is_what_a_clean_tree_of_it_holds() {
    let world = boards();
    let mode = |path: &str, mode| {
        fs::set_permissions(world.path(path), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    world.write("recipes/run.sh", "#!/bin/sh\n");
    mode("recipes/run.sh", 0o755);
    symlink("tool.bb", world.path("recipes/link.bb")).expect("a link");
    symlink("/etc/hostname", world.path("recipes/away")).expect("a link");
    world.write("deep/er/file", "x");
    world.write(".gitattributes", "*.txt text eol=crlf\n");
    world.write("recipes/lines.txt", "a\nb\n");
    commit(&world, "A layer of all sorts");
    world.git("", &["checkout", "-q", "HEAD", "--", "."]);
    assert_eq!(compared(&world, &["HEAD"])["summary"]["rebuild"], 0);
    // The same where git has to look at every file anew.
    fs::remove_file(world.path(".git/index")).expect("the index");
    world.git("", &["read-tree", "HEAD"]);
    assert_eq!(compared(&world, &["HEAD"])["summary"]["rebuild"], 0);

    let files = |told: &serde_json::Value| told["causes"][0]["files"].to_string();
    mode("recipes/run.sh", 0o644);
    assert_eq!(files(&compared(&world, &["HEAD"])), "[\"recipes/run.sh\"]");
    mode("recipes/run.sh", 0o755);
    world.write("recipes/new.bb", "B = \"1\"\n");
    fs::remove_file(world.path("recipes/link.bb")).expect("a link");
    symlink("run.sh", world.path("recipes/link.bb")).expect("a link");
    fs::remove_file(world.path("deep/er/file")).expect("a file");
    let changed = r#"["deep/er/file","recipes/link.bb","recipes/new.bb"]"#;
    assert_eq!(files(&compared(&world, &["HEAD"])), changed);
    commit(&world, "Move on");
    assert_eq!(files(&compared(&world, &["HEAD~1"])), changed, "also between two commits");
    // What the user told git not to look at is looked at.
    world.git("", &["update-index", "--assume-unchanged", "recipes/tool.bb"]);
    world.write("recipes/tool.bb", "A = \"2\"\n");
    assert_eq!(files(&compared(&world, &["HEAD"])), "[\"recipes/tool.bb\"]");
}

#[test]
fn a_submodule_counts_with_its_commit() {
    let world = boards();
    world.write("../inner/recipe.bb", "A = \"1\"\n");
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "Inner"]] {
        world.git("../inner", arguments);
    }
    let local = ["-c", "protocol.file.allow=always"];
    world.git("", &[&local[..], &["submodule", "--quiet", "add", "../inner", "sub"]].concat());
    commit(&world, "With a submodule");
    assert_eq!(compared(&world, &["HEAD"])["summary"]["rebuild"], 0);
    world.write("sub/recipe.bb", "A = \"2\"\n");
    let told = compared(&world, &["HEAD"]);
    assert_eq!(told["causes"][0]["files"].to_string(), "[\"sub/recipe.bb\"]", "{told:#}");
    world.git("sub", &["commit", "-q", "-a", "-m", "Inner two"]);
    commit(&world, "Move the submodule");
    assert_eq!(compared(&world, &["HEAD"])["summary"]["rebuild"], 0);
    let told = compared(&world, &["HEAD~1"]);
    assert_eq!(told["causes"][0]["files"].to_string(), r#"["sub/recipe.bb"]"#, "{told:#}");
}

#[test]
fn a_project_below_the_top_of_its_repository_is_read_there() {
    let world = boards();
    let move_to = |path: &str| fs::rename(world.path(path), world.path("inner").join(path));
    fs::create_dir(world.path("inner")).expect("a directory");
    for path in ["graph.yaml", "machines.json", "kas", "patches", "recipes", "README.md"] {
        move_to(path).expect("it moves");
    }
    // kas takes includes from the top of the repository.
    for name in ["oak", "elm"] {
        world.edit(&format!("inner/kas/{name}.yaml"), "- kas/base.yaml", "- inner/kas/base.yaml");
    }
    world.edit("inner/kas/base.yaml", "path: patches/one.patch", "path: inner/patches/one.patch");
    commit(&world, "Below");
    let run = |base: &str| {
        let mut command = world.command(&["-C", "inner", "plan", "--offline", "--format", "json"]);
        super::read(&world.run(command.args(["--base", base])))
    };
    let told = run("HEAD");
    assert_eq!((&told["summary"]["total"], &told["summary"]["rebuild"]), (&2.into(), &0.into()));
    world.write("inner/recipes/tool.bb", "A = \"2\"\n");
    let told = run("HEAD");
    assert_eq!(told["summary"]["changed"], 2, "{told:#}");
    assert_eq!(run("HEAD~1")["summary"]["added"], 2, "the first commit has no such project");
}

#[test]
fn authors_and_subjects_are_data() {
    let mut world = boards();
    world.set_env("GIT_AUTHOR_NAME", "Eve\u{1b}[31m <script>`|::error::x");
    world.edit("kas/base.yaml", "A = \"1\"", "A = \"2\"");
    commit(&world, "\u{1b}]0;title\u{7}::warning::| `code` <b>");
    let output = world.graph_ok(&["plan", "--offline", "--base", "HEAD~1"]);
    assert!(!output.stdout.contains(['\u{1b}', '\u{7}']), "{}", output.stdout.escape_debug());
    assert!(output.stdout.contains("Eve"), "{output}");
    let told = compared(&world, &["HEAD~1"]);
    assert!(text(&told["causes"][0]["blame"]["subject"]).contains("::warning::"), "{told:#}");
    world.set_env("GITHUB_ACTIONS", "true");
    let output = world.graph_ok(&["plan", "--offline", "--base", "HEAD~1"]);
    assert!(output.stdout.lines().all(|line| !line.starts_with("::")), "{output}");
}
