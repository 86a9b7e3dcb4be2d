//! Which files a node is found to have left, and what they are called.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use graph::spec::{Output, Presence};
use graph_cli::exec::collect::collect;

use crate::exec_world::required;

fn world(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (path, content) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, content).expect("a file");
    }
    dir
}

fn paths(work: &Path, patterns: &[&str]) -> Result<Vec<String>, Vec<String>> {
    let outputs: Vec<Output> = patterns.iter().map(|pattern| required(pattern)).collect();
    Ok(collect(work, &outputs)?.into_iter().map(|found| found.path).collect())
}

#[test]
fn patterns() {
    let dir = world(&[
        ("build/tmp-a/deploy/images/rpi/x.rootfs.wic.gz", "1"),
        ("build/tmp-a/deploy/images/rpi/x.rootfs.wic.bmap", "2"),
        ("build/tmp-a/deploy/images/rpi/x.manifest", "3"),
        ("build/tmp-a/deploy/images/rpi/deep/er/y.pvrexport.tgz", "4"),
        ("build/tmp-a/deploy/images/.hidden", "5"),
    ]);
    let check = |pattern: &str, expect: &[&str]| {
        assert_eq!(
            paths(dir.path(), &[pattern]),
            Ok(expect.iter().map(|&s| s.to_owned()).collect()),
            "{pattern}"
        );
    };
    check("build/tmp-*/deploy/images/*/x*.rootfs.wic*", &["x.rootfs.wic.bmap", "x.rootfs.wic.gz"]);
    check("build/tmp-a/deploy/images/**/*pvrexport.tgz", &["y.pvrexport.tgz"]);
    check("build/**/x.manifest", &["x.manifest"]);
    check("./build/tmp-a//deploy/images/rpi/x.{manifest,none}", &["x.manifest"]);
    check("build/tmp-a/deploy/images/rpi/x.manifes[t]", &["x.manifest"]);
}

#[test]
fn what_is_missing_or_wrong_is_told_all_at_once() {
    let dir = world(&[("build/deploy/a.txt", "1")]);
    let problems = paths(
        dir.path(),
        &["build/nothing/*.wic", "build/deploy/*.wic", "../*", "build/[", "none"],
    );
    assert_eq!(
        problems.expect_err("nothing is there"),
        [
            "no file matches `build/nothing/*.wic`: `build` has `deploy`",
            "no file matches `build/deploy/*.wic`: `build/deploy` has `a.txt`",
            "the pattern `../*` leaves the work directory",
            "the pattern `build/[`: error parsing glob '[': unclosed character class; missing ']'",
            "no file matches `none`: the work directory has `build`",
        ]
    );
    let optional = Output { pattern: "none".to_owned(), presence: Presence::Optional, below: None };
    assert_eq!(collect(dir.path(), &[optional]), Ok(Vec::new()));
    for number in 0..30 {
        fs::write(dir.path().join(format!("build/deploy/f{number:02}")), "").expect("a file");
    }
    let problem = paths(dir.path(), &["build/deploy/*.wic"]).expect_err("it is not there").concat();
    assert!(problem.ends_with("`f17`, `f18` and 11 more"), "{problem}");
}

#[test]
fn names_are_flat_where_they_can_be() {
    let dir = world(&[
        ("d/rpi/image.wic", "rpi"),
        ("d/bbb/image.wic", "bbb"),
        ("d/bbb/boot.txt", "same"),
        ("d/rpi/boot.txt", "same"),
        ("d/x/rpi/image.wic", "another rpi"),
    ]);
    let found = paths(dir.path(), &["d/**/*"]);
    assert_eq!(
        found,
        Ok(["bbb/image.wic", "boot.txt", "d/rpi/image.wic", "d/x/rpi/image.wic"]
            .map(Into::into)
            .to_vec())
    );
}

#[test]
fn links_count_as_what_they_lead_to_below_the_work_directory() {
    let outside = world(&[("secret.wic", "x"), ("dir/y.wic", "y")]);
    let dir = world(&[("d/image-2024.wic", "x"), ("real/z.wic", "z")]);
    let link = |to: &Path, name: &str| symlink(to, dir.path().join(name)).expect("a link");
    link(Path::new("image-2024.wic"), "d/image.wic");
    link(&outside.path().join("secret.wic"), "d/secret.wic");
    link(&outside.path().join("dir"), "d/dir");
    link(Path::new("nowhere"), "d/dangling.wic");
    link(&dir.path().join("real"), "d/real");
    link(Path::new(".."), "d/loop");
    assert_eq!(
        paths(dir.path(), &["d/*.wic"]),
        Ok(["image-2024.wic", "image.wic"].map(Into::into).to_vec())
    );
    assert_eq!(paths(dir.path(), &["d/*/*.wic"]), Ok(vec!["z.wic".to_owned()]));
    assert_eq!(
        paths(dir.path(), &["d/**/*.wic"]),
        Ok(["image-2024.wic", "image.wic"].map(Into::into).to_vec())
    );
}
