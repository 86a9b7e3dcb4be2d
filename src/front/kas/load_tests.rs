//! Chains on disk: order, lock files, `_source_dir`, other repositories, and every refusal with its message.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::testing::{json, told};
use super::{Chain, Directories, Effective, FileCache, Merged, load_chain};
use crate::diagnostic::Diagnostics;

/// A project in a repository of its own, from `(path, content)`. The header is added where a file has none.
fn project(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(dir.path().join(".git")).expect("a directory");
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("it is below the root")).expect("directories");
        let header = if content.contains("header") { "" } else { "header: {version: 14}\n" };
        fs::write(path, format!("{header}{content}")).expect("a file");
    }
    dir
}

fn load(root: &Path, chain: &str) -> Result<Merged, Diagnostics> {
    let root = fs::canonicalize(root).expect("the root is there");
    let chain = Chain::parse(chain).expect("the test's chain is good");
    load_chain(&chain, &Directories::new(&root, &root), &FileCache::new(&root))
}

fn order(files: &[(&str, &str)], chain: &str) -> String {
    let dir = project(files);
    let merged = load(dir.path(), chain).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    merged.files.iter().map(|file| &*file.name).collect::<Vec<_>>().join(" ")
}

/// The problems or warnings of a chain, and of its meaning.
fn problems(files: &[(&str, &str)], chain: &str) -> String {
    let dir = project(files);
    match load(dir.path(), chain) {
        Err(problems) => told(&problems),
        Ok(merged) => match Effective::of(&merged) {
            Err(problems) => told(&problems),
            Ok((_, warnings)) => {
                let mut all = merged.warnings;
                all.extend(warnings);
                told(&all)
            }
        },
    }
}

#[test]
fn includes_come_first_and_a_lock_file_before_them() {
    let files = [
        ("top.yaml", "header: {version: 14, includes: [inc.yaml]}\nmachine: top\n"),
        ("top.lock.yaml", "machine: top-lock\n"),
        ("inc.yaml", "machine: inc\n"),
        ("inc.lock.yaml", "machine: inc-lock\n"),
        ("last.json", r#"{"header": {"version": 3}}"#),
    ];
    assert_eq!(
        order(&files, "top.yaml:last.json"),
        "top.lock.yaml inc.lock.yaml inc.yaml top.yaml last.json"
    );
}

#[test]
fn the_merged_version_is_the_highest_and_includes_are_gone() {
    let dir = project(&[
        ("top.yaml", "header: {version: 8, includes: [inc.yaml]}\nmachine: top\n"),
        ("inc.yaml", "header: {version: 12}\nenv: {A: '1'}\n"),
    ]);
    let merged = load(dir.path(), "top.yaml").expect("it loads");
    assert_eq!(
        json(&merged.config),
        r#"{"header":{"version":12},"env":{"A":"1"},"machine":"top"}"#
    );
    assert_eq!(
        merged.config.get("machine").expect("it is set").span.place().to_string(),
        "top.yaml:2"
    );
}

#[test]
fn a_source_dir_moves_where_includes_start() {
    let files = [
        ("kas/top.yaml", "header: {version: 14, includes: [a.yaml]}\n_source_dir: kas\n"),
        ("kas/a.yaml", ""),
        ("a.yaml", "machine: wrong\n"),
    ];
    assert_eq!(order(&files, "kas/top.yaml"), "kas/a.yaml kas/top.yaml");
}

#[test]
fn files_of_other_repositories_are_read_where_kas_would_have_them() {
    let files = [
        (
            "top.yaml",
            "header:\n  version: 14\n  includes:\n    - {repo: near, file: base.yaml}\n    - {repo: far, file: x/base.yaml}\n\
             repos:\n  near: {path: layers/near}\n  self:\n  far: {url: u, branch: b}\n",
        ),
        (
            "layers/near/base.yaml",
            "header: {version: 14, includes: [more.yaml, {repo: self, file: own.yaml}]}\n",
        ),
        ("layers/near/more.yaml", ""),
        ("own.yaml", ""),
        ("far/x/base.yaml", "header: {version: 14, includes: [x/y.yaml]}\n"),
        ("far/x/y.yaml", ""),
    ];
    assert_eq!(
        order(&files, "top.yaml"),
        "layers/near/more.yaml own.yaml layers/near/base.yaml far/x/y.yaml far/x/base.yaml top.yaml"
    );
}

#[test]
fn what_is_not_cloned_is_missing_by_name() {
    let dir = project(&[(
        "top.yaml",
        "header: {version: 14, includes: [{repo: far, file: a.yaml}, {repo: inner, file: b.yaml}]}\n\
         repos: {far: {url: u, branch: main, path: layers/far}}\n",
    )]);
    let merged = load(dir.path(), "top.yaml").expect("what is missing is no error");
    let names = |names: Vec<&str>| names.join(" ");
    assert_eq!(names(merged.missing_repos.iter().map(|id| &**id).collect()), "far inner");
    assert_eq!(names(merged.to_clone.iter().map(|repo| &*repo.id).collect()), "far");
    assert_eq!(merged.to_clone[0].path, Path::new("layers/far"));
    assert_eq!(merged.to_clone[0].branch.as_deref(), Some("main"));
}

#[test]
fn all_problems_of_all_files_come_at_once() {
    let files = [
        (
            "top.yaml",
            "header:\n  version: 14\n  includes:\n    - kas/scarthgab.yaml\n    - b.yaml\nmachin: x\ntarget: 5\n",
        ),
        (
            "two.yaml",
            "header:\n  version: 14\n  includes:\n    - kas/scarthgab.yaml\n    - b.yaml\n    - {repo: polky, file: x.yaml}\n",
        ),
        (
            "b.yaml",
            "distro: [a]\nrepos:\n  poky:\n    commit: 12345678\n    branch: 6.10\n    layers: {meta: on, x: {pri: 1}}\n",
        ),
        ("kas/scarthgap.yaml", ""),
    ];
    assert_snapshot!(problems(&files, "top.yaml:two.yaml:none.yaml"), @r"
    error: top.yaml:6:1: unknown key `machin`
      hint: did you mean `machine`?
    error: top.yaml:7:9: `target` is the integer 5, and must be a string or a list
      hint: quote it: '5'
    error: top.yaml:4:7: the included file `kas/scarthgab.yaml` does not exist
      hint: did you mean `kas/scarthgap.yaml`?
    error: b.yaml:2:9: `distro` is a list, and must be a string
    error: b.yaml:5:13: `repos.poky.commit` is the integer 12345678, and must be a string
      hint: quote it: '12345678'
    error: b.yaml:6:13: `repos.poky.branch` is the number 6.1, and must be a string
      hint: quote it: '6.10'
    error: b.yaml:7:20: `repos.poky.layers.meta` is the boolean true, and must be null, `disabled` or `{prio: N}`
    error: b.yaml:7:28: unknown key `pri` in `repos.poky.layers.x`
      hint: did you mean `prio`?
    error: two.yaml:4:7: the included file `kas/scarthgab.yaml` does not exist
      hint: did you mean `kas/scarthgap.yaml`?
    error: the chain's file `none.yaml` does not exist
      hint: did you mean `two.yaml`?
    ");
}

#[test]
fn an_include_of_an_unknown_repository() {
    let files = [(
        "top.yaml",
        "header:\n  version: 14\n  includes:\n    - {repo: polky, file: x.yaml}\nrepos: {poky: {path: layers/poky}}\n",
    )];
    assert_snapshot!(problems(&files, "top.yaml"), @r"
    error: top.yaml:4:14: an include names the repository `polky`, which `repos` does not have
      hint: did you mean `poky`?
    ");
    let files = [(
        "top.yaml",
        "header:\n  version: 14\n  includes:\n    - {repo: poky, file: x.yaml}\nrepos: {poky: {path: layers/poky}}\n",
    )];
    assert_snapshot!(problems(&files, "top.yaml"), @r"error: top.yaml:4:14: the repository `poky` is the directory `layers/poky`, which does not exist");
}

#[test]
fn a_file_that_is_no_kas_file() {
    let version = |version: &str| {
        problems(&[("top.yaml", &format!("header: {{version: {version}}}\n"))], "top.yaml")
    };
    assert_snapshot!(version("99"), @r"
    error: top.yaml:1:19: `header.version` is 99, and the newest that is known here is 23, that of kas 5.5
      hint: a newer `graph` may know it; otherwise lower it to what the file needs
    ");
    assert_snapshot!(version("0"), @r"
    error: top.yaml:1:19: `header.version` is 0, and must be from 1 to 23
      hint: see kas's manual for the version that the file needs
    ");
    assert_snapshot!(version("'1'"), @r"error: top.yaml:1:19: `header.version` is a string, and must be an integer");
    assert_eq!(version("'0.10'"), "");
    assert_snapshot!(problems(&[("top.yaml", "# header\n- a\n")], "top.yaml"), @r"error: top.yaml:2:1: a kas file must be a mapping, and this is a list");
    assert_snapshot!(problems(&[("top.yaml", "# header\n")], "top.yaml"), @r"error: top.yaml:1:1: a kas file must be a mapping, and this is empty");
    assert_snapshot!(problems(&[("top.yaml", "# header\nmachine: m\n")], "top.yaml"), @r"error: top.yaml:2:1: `header` is missing");
    assert_snapshot!(problems(&[("top.conf", "")], "top.conf"), @r"error: `top.conf` is no kas file: its name must end in `.yaml`, `.yml` or `.json`");
    assert_snapshot!(problems(&[("top.yaml/x", "")], "top.yaml"), @r"error: the chain's file `top.yaml` cannot be read: it is a directory");
}

#[test]
fn an_include_must_stay_in_its_repository() {
    let files = [(
        "kas/top.yaml",
        "header:\n  version: 14\n  includes: [../../etc/x.yaml, /etc/passwd, link.yaml, linked/x.yaml]\n",
    )];
    let dir = project(&files);
    let outside = project(&[("x.yaml", "machine: stolen\n")]);
    std::os::unix::fs::symlink(outside.path().join("x.yaml"), dir.path().join("link.yaml"))
        .expect("a link");
    std::os::unix::fs::symlink(outside.path(), dir.path().join("linked")).expect("a link");
    let told = told(&load(dir.path(), "kas/top.yaml").expect_err("it escapes"));
    assert_snapshot!(told, @r"
    error: kas/top.yaml:3:14: the included file `../../etc/x.yaml` lies out of its repository
      hint: an include is a path in the repository of the file that includes it, or names a `repo`
    error: kas/top.yaml:3:32: the included file `/etc/passwd` lies out of its repository
      hint: an include is a path in the repository of the file that includes it, or names a `repo`
    error: kas/top.yaml:3:45: the included file `link.yaml` lies out of its repository
      hint: an include is a path in the repository of the file that includes it, or names a `repo`
    error: kas/top.yaml:3:56: the included file `linked/x.yaml` lies out of its repository
      hint: an include is a path in the repository of the file that includes it, or names a `repo`
    ");
}

#[test]
fn an_include_of_another_repository_must_stay_in_it() {
    let files = [
        (
            "top.yaml",
            "header:\n  version: 14\n  includes:\n    - {repo: near, file: ../own.yaml}\nrepos: {near: {path: near}}\n",
        ),
        ("near/x.yaml", ""),
        ("own.yaml", ""),
    ];
    assert_snapshot!(problems(&files, "top.yaml"), @r"
    error: top.yaml:4:26: the included file `../own.yaml` lies out of its repository
      hint: an include is a path in the repository of the file that includes it, or names a `repo`
    ");
}

#[test]
fn a_circle_of_includes_is_shown() {
    let files = [
        ("a.yaml", "header:\n  version: 14\n  includes: [b.yaml]\n"),
        ("b.yaml", "header:\n  version: 14\n  includes: [c.yaml]\n"),
        ("c.yaml", "header:\n  version: 14\n  includes: [b.yaml]\n"),
        ("own.yaml", ""),
        ("own.lock.yaml", "header:\n  version: 14\n  includes: [own.yaml]\n"),
    ];
    assert_snapshot!(problems(&files, "a.yaml"), @r"
    error: c.yaml:3:14: includes go in a circle: `b.yaml` → `c.yaml` → `b.yaml`
      b.yaml:3: includes `c.yaml`
    ");
    assert_snapshot!(problems(&files, "own.yaml"), @r"error: own.lock.yaml:3:14: includes go in a circle: `own.yaml` → `own.lock.yaml` → `own.yaml`");
}

#[test]
fn includes_do_not_explode() {
    let texts: Vec<(String, String)> = (0..40)
        .map(|n| {
            let next = n + 1;
            let includes =
                if n < 39 { format!("[f{next}.yaml, f{next}.yaml]") } else { "[]".into() };
            (format!("f{n}.yaml"), format!("header: {{version: 14, includes: {includes}}}\n"))
        })
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert!(problems(&files, "f0.yaml").contains("a chain includes more than 20000 files"));
}

#[test]
fn warnings_of_what_kas_will_refuse() {
    let files = [
        ("kas/top.yaml", "header:\n  version: 14\n  includes: [inc.yaml]\n_source_dir: .\n"),
        ("kas/inc.yaml", "_source_dir: .\nproxy_config: {no_proxy: a}\n"),
    ];
    assert_snapshot!(problems(&files, "kas/top.yaml"), @"
    warning: kas/top.yaml:3:14: the include `inc.yaml` is relative to the file that includes it
      hint: make it relative to the root of the repository; kas warns of the other
    warning: kas/inc.yaml:3:1: `proxy_config` has no effect: kas forwards the proxy variables by itself
    warning: kas/inc.yaml:2:14: kas 5.3 and later refuse `kas/inc.yaml`: `_source_dir` may only be in the first file of a chain
      hint: kas 5.2 accepts it; builds are not affected, for kas gets one flattened file
    ");
    let files = [("top.yaml", "_source_dir: /elsewhere\n")];
    assert_snapshot!(problems(&files, "top.yaml"), @r"error: top.yaml:2:14: `_source_dir` is `/elsewhere`, which lies out of the project");
}

#[test]
fn repositories_that_kas_refuses() {
    let repos = "
defaults: {repos: {branch: main}}
repos:
  both: {url: u, tag: v1}
  none: {url: u, branch: }
  short: {url: u, commit: 0a1b2c3}
  old: {url: u, refspec: main}
  out: {url: u, path: ../out}
  signed: {path: x, signed: true}
  own: {patches: {p: {repo: own, path: a.patch}}}
  patched: {url: u, patches: {a: {path: a.patch}, b: {repo: nowhere, path: b.patch}}}
  1: {path: y}
";
    assert_snapshot!(problems(&[("top.yaml", repos)], "top.yaml"), @r"
    error: top.yaml:13:3: the id of a repository is not a string: `1`
      hint: quote it: '1'
    error: top.yaml:5:23: `both` has a tag and a branch
      top.yaml:3: the branch
      hint: kas takes one of them; `branch: null` undoes a default
    error: top.yaml:6:15: `none` has a `url`, and neither `commit`, `branch` nor `tag`
      hint: kas refuses this; pin a commit or name a branch
    warning: top.yaml:7:27: the commit `0a1b2c3` of `short` is not a full id
      hint: write all 40 hexadecimal digits in lower case
    warning: top.yaml:8:26: `refspec` of `old` is the old way
      hint: write `commit`, `branch` or `tag`
    error: top.yaml:8:26: `old` has a `refspec` beside a commit, branch or tag
    error: top.yaml:9:23: the clone of `out` would lie at `../out`, out of the work directory
    error: top.yaml:10:29: `signed` must be signed, and has no `allowed_signers`
    warning: top.yaml:11:3: the patches of `own` are ignored: it has no `url`
    error: top.yaml:12:31: patch `a` of `patched` names no `repo`
      hint: name the repository that holds it, here or in `defaults.repos.patches.repo`
    error: top.yaml:12:61: patch `b` of `patched` is in the repository `nowhere`, which `repos` does not have
    ");
}
