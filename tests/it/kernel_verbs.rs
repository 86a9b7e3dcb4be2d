//! The hidden verbs that steps of kernel builds run, as programs: what they say, and how they end.

use std::fs;
use std::path::Path;
use std::process::Command;

fn verb(verb: &str, args: &[&Path]) -> (Option<i32>, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_graph")).arg(verb).args(args).output();
    let done = done.expect("graph can be started");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[test]
fn steps_of_a_kernel_find_their_verbs() {
    let dir = tempfile::tempdir().expect("a directory");
    let work = dir.path();
    let description = Path::new("build.json");
    fs::create_dir(work.join("build")).expect("a directory");
    fs::write(work.join("build/.config"), "CONFIG_EXTRA_FIRMWARE=\"a.bin\"\n").expect("a file");
    fs::write(work.join("a.config"), "CONFIG_A=y\n").expect("a file");

    let (code, _, told) = verb("__kernel-firmware", &[work, description]);
    assert_eq!(code, Some(1));
    assert!(told.starts_with("`CONFIG_EXTRA_FIRMWARE` names `a.bin`: "), "{told}");

    let (config, merged) = (work.join("build/.config"), work.join("a.config"));
    let (code, told, _) = verb("__kernel-requested", &[&config, &merged]);
    assert_eq!(code, Some(0));
    assert_eq!(told, "`CONFIG_A=y` was asked for, but the config has `CONFIG_A=n`\n");

    let (code, _, told) = verb("__kernel-artifacts", &[work, description]);
    assert_eq!(code, Some(1));
    assert!(told.contains("build.json"), "{told}");

    let (code, _, told) = verb("__kernel-fragment", &[work, &merged]);
    assert_eq!(code, Some(1));
    assert!(told.contains("tools/testing/selftests"), "{told}");

    let (code, _, told) = verb("__kernel-other", &[]);
    assert_eq!((code, told.as_str()), (Some(1), "`__kernel-other` is not called so\n"));
}
