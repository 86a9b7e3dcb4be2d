//! A build directory that is none of a kernel, laid out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value as Json;

use crate::exec::kernel::artifacts::{lay_out, text_offset};
use crate::exec::kernel::layout::files;
use crate::exec::kernel::metadata::metadata;

const BUILD: &str = r#"{"revision":{"tree":"main","url":"https://me:secret@git.example/linux","branch":"for-next/core","commit":"0123","describe":"v6.1","describe_verbose":"v6.1"},"environment":{"arch":"x86_64","compiler":"gcc","cross_compile":"","cross_compile_compat":"","name":"gcc-12","make_opts":{"KBUILD_BUILD_USER":"KernelCI"}},"image":{"target":"bzImage","names":["bzImage"],"dirs":["x86_64","x86"]},"kselftest":SELFTESTS,"kernel":{"defconfig":"defconfig","defconfig_full":"defconfig+a/b.config","defconfig_expanded":"defconfig+a/b.config","defconfig_extras":["b"]}}
gcc ("Toy" 12) 12.2.0
"#;

fn write(work: &Path, path: &str, text: &str) {
    let path = work.join(path);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
    fs::write(path, text).expect("a file");
}

fn built(work: &Path, selftests: bool) {
    write(work, "build.json", &BUILD.replace("SELFTESTS", &selftests.to_string()));
    write(work, "build/.config", "CONFIG_MODULES=y\n");
    write(work, "build/System.map", "ffffffff80000000 A _start\nffffffff81000000 T _text\n");
    write(work, "build/arch/x86/boot/bzImage", "image");
    write(work, "build/arch/x86/boot/dts/vendor/b.dtb", "b");
    write(work, "build/arch/x86/boot/dts/a.dtb", "a");
    write(work, "build/arch/x86/boot/dts/a.dts", "source");
    write(work, "build/_modules_/lib/modules/6.1/kernel/m.ko", "m");
    write(work, "build/_modules_/lib/modules/6.1/modules.dep", "");
    write(work, "build/modules.tar.xz", "tarball");
    write(work, "logs/kernel.log", "CC a.o\n");
    write(
        work,
        "steps.json",
        r#"[{"name":"kernel","duration":2.5,"status":"PASS","log_file":"logs/kernel.log"},
            {"name":"modules","duration":1,"status":"PASS","log_file":"logs/none.log"}]"#,
    );
    fs::create_dir_all(work.join("build/arch/x86_64/boot")).expect("a directory");
    let link = work.join("build/arch/x86_64/boot/bzImage");
    if !link.exists() {
        symlink("../../x86/boot/bzImage", link).expect("a link");
    }
}

#[test]
fn artifacts_of_a_build() {
    let dir = tempfile::tempdir().expect("a directory");
    built(dir.path(), false);
    lay_out(dir.path(), Path::new("build.json")).expect("it is whole");
    let artifacts = dir.path().join("artifacts");
    assert_snapshot!(files(&artifacts).join("\n"), @"
    artifacts.json
    bmeta.json
    config/kernel.config
    dtbs/a.dtb
    dtbs/vendor/b.dtb
    kernel/System.map
    kernel/bzImage
    logs/kernel.log
    modules.tar.xz
    steps.json
    ");
    let listed = fs::read_to_string(artifacts.join("artifacts.json")).expect("it is there");
    assert_snapshot!(listed, @r#"
    {
        "config": [
            {
                "key": "config",
                "path": "config/kernel.config",
                "type": "file"
            }
        ],
        "dtbs": [
            {
                "contents": [
                    "a.dtb",
                    "vendor/b.dtb"
                ],
                "path": "dtbs",
                "type": "directory"
            }
        ],
        "kernel": [
            {
                "key": "system_map",
                "path": "kernel/System.map",
                "type": "file"
            },
            {
                "key": "image",
                "path": "kernel/bzImage",
                "type": "file"
            },
            {
                "key": "log",
                "path": "logs/kernel.log",
                "type": "file"
            }
        ],
        "modules": [
            {
                "contents": [
                    "m.ko"
                ],
                "path": "modules.tar.xz",
                "type": "tarball"
            }
        ]
    }
    "#);
}

#[test]
fn metadata_of_a_build() {
    let dir = tempfile::tempdir().expect("a directory");
    built(dir.path(), false);
    lay_out(dir.path(), Path::new("build.json")).expect("it is whole");
    let text = fs::read_to_string(dir.path().join("artifacts/bmeta.json")).expect("it is there");
    let mut bmeta: Json = serde_json::from_str(&text).expect("JSON");
    let uname = bmeta["environment"]["platform"]["uname"].take();
    assert_eq!(uname.as_array().map(Vec::len), Some(5));
    bmeta["environment"]["use_ccache"] = Json::Null;
    assert_snapshot!(serde_json::to_string_pretty(&bmeta).expect("text"), @r#"
    {
      "build": {
        "duration": 3.5,
        "status": "PASS"
      },
      "environment": {
        "arch": "x86_64",
        "compiler": "gcc",
        "compiler_version": "12.2.0",
        "compiler_version_full": "gcc (\"Toy\" 12) 12.2.0",
        "cross_compile": "",
        "cross_compile_compat": "",
        "make_opts": {
          "KBUILD_BUILD_USER": "KernelCI"
        },
        "name": "gcc-12",
        "platform": {
          "uname": null
        },
        "use_ccache": null
      },
      "kernel": {
        "defconfig": "defconfig",
        "defconfig_expanded": "defconfig+a/b.config",
        "defconfig_extras": [
          "b"
        ],
        "defconfig_full": "defconfig+a/b.config",
        "endianness": "little",
        "image": "bzImage",
        "publish_path": "main/for-next-core/v6.1/x86_64/defconfig+a-b.config/gcc-12",
        "text_offset": "0x01000000"
      },
      "revision": {
        "branch": "for-next/core",
        "commit": "0123",
        "describe": "v6.1",
        "describe_verbose": "v6.1",
        "tree": "main",
        "url": "https://***@git.example/linux"
      }
    }
    "#);
}

#[test]
fn another_build_with_the_same_key_has_its_own_names() {
    let dir = tempfile::tempdir().expect("a directory");
    built(dir.path(), false);
    lay_out(dir.path(), Path::new("build.json")).expect("it is whole");
    let artifacts = dir.path().join("artifacts");
    let own = BUILD.replace("SELFTESTS", "false");
    let before = fs::read_to_string(artifacts.join("bmeta.json")).expect("it is there");
    assert_eq!(metadata(&own, &before), Ok(before.clone()), "it is as it was");
    let other = own.replace("\"gcc-12\"", "\"other\"").replace("\"main\"", "\"next\"");
    let after = metadata(&other, &before).expect("both can be read");
    assert_eq!(metadata(&own, &after), Ok(before));
    let after: Json = serde_json::from_str(&after).expect("JSON");
    assert_eq!(
        after["kernel"]["publish_path"],
        "next/for-next-core/v6.1/x86_64/defconfig+a-b.config/other"
    );
    assert_eq!(after["kernel"]["image"], "bzImage");
    assert_eq!(after["build"]["duration"], 3.5);
}

#[test]
fn the_image_that_is_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let image = |config: &str| {
        fs::remove_dir_all(dir.path().join("artifacts")).ok();
        write(dir.path(), "build/.config", config);
        lay_out(dir.path(), Path::new("build.json"))?;
        let kernel = files(&dir.path().join("artifacts/kernel"));
        Ok::<_, String>(kernel.into_iter().filter(|name| name != "System.map").collect::<Vec<_>>())
    };
    built(dir.path(), false);
    write(dir.path(), "build/vmlinuz", "z");
    write(dir.path(), "build/arch/x86/boot/xipImage", "x");
    assert_eq!(image("CONFIG_A=y\n"), Ok(vec!["bzImage".to_owned()]));
    assert_eq!(image("CONFIG_SYS_SUPPORTS_ZBOOT=y\n"), Ok(vec!["vmlinuz".to_owned()]));
    let both = "CONFIG_SYS_SUPPORTS_ZBOOT=y\nCONFIG_XIP_KERNEL=y\n";
    assert_eq!(image(both), Ok(vec!["xipImage".to_owned()]));
    fs::remove_file(dir.path().join("build/arch/x86/boot/xipImage")).expect("it was there");
    assert_eq!(image(both), Ok(vec!["bzImage".to_owned()]));
    fs::remove_file(dir.path().join("build/arch/x86_64/boot/bzImage")).expect("it was there");
    fs::remove_file(dir.path().join("build/arch/x86/boot/bzImage")).expect("it was there");
    let none = "the build left no kernel image: looked for bzImage, bzImage".to_owned();
    assert_eq!(image("CONFIG_A=y\n"), Err(none));
    symlink("/etc/hostname", dir.path().join("build/arch/x86/boot/bzImage")).expect("a link");
    assert!(image("CONFIG_A=y\n").expect_err("refused").contains("leads out"));
}

#[test]
fn selftests_that_were_asked_for_must_be_there() {
    let dir = tempfile::tempdir().expect("a directory");
    built(dir.path(), true);
    assert!(lay_out(dir.path(), Path::new("build.json")).expect_err("none").contains("kselftest"));
    let installed = "build/kselftest/kselftest_install";
    write(dir.path(), &format!("{installed}/kselftest-packages/kselftest.tar.xz"), "t");
    write(dir.path(), &format!("{installed}/bpf/run"), "t");
    lay_out(dir.path(), Path::new("build.json")).expect("now it is");
    let text = fs::read_to_string(dir.path().join("artifacts/artifacts.json")).expect("there");
    let json: Json = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["kselftest"][0]["contents"], Json::from(vec!["bpf"]));
}

#[test]
fn offsets() {
    assert_eq!(text_offset("ffffffff81000000 T _text\n").as_deref(), Some("0x01000000"));
    assert_eq!(text_offset("c0008000 T _text\n").as_deref(), Some("0x00008000"));
    assert_eq!(text_offset("x T _text\n"), None);
    assert_eq!(text_offset(""), None);
}
