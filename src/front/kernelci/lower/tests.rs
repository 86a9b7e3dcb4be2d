//! Builds and the nodes that they become.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use graph::digest::Digest;
use graph::facts::{Fact, Facts};
use graph::fingerprint::fingerprint;
use graph::spec::{
    Commit, Dir, Input, Node, Piece, Place, Repository, Role, Source, Step, Template,
};
use insta::assert_snapshot;

use super::{Lowering, nodes};
use crate::front::kernelci::{ConfigAt, Fragment, Head, KernelBuilds, Toolchain};

fn place(line: u32) -> Place {
    Place { file: "builds.yaml".into(), line, column: 3 }
}

fn config(name: &str, describe: &str) -> Arc<ConfigAt> {
    let repository = Repository::Mirror("https://git.example/linux".into());
    let commit = Commit { repository, id: "0123456789012345678901234567890123456789".into() };
    Arc::new(ConfigAt {
        name: name.into(),
        tree: "mainline".into(),
        url: "https://me:secret@git.example/linux".into(),
        branch: "for-next/core".into(),
        head: Head {
            commit: commit.into(),
            describe: describe.into(),
            describe_verbose: format!("{describe}-0-g0123456").into(),
        },
        declared: place(40),
    })
}

fn toolchain(cc: &str, arch: &str, cross: &str, opts: &[(&str, &str)]) -> Arc<Toolchain> {
    Arc::new(Toolchain {
        environment: format!("{cc}-12").into(),
        cc: cc.into(),
        arch: arch.into(),
        make_arch: "x86".into(),
        cross_compile: cross.into(),
        cross_compile_compat: "".into(),
        opts: opts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        declared: place(10),
    })
}

fn fragments() -> HashMap<Arc<str>, Arc<Fragment>> {
    let fragment = |name: &str, path: &str, configs: &[&str], line| Fragment {
        name: name.into(),
        path: path.into(),
        configs: configs.iter().map(|&line| line.to_owned()).collect(),
        defconfig: None,
        declared: place(line),
    };
    let all = [
        fragment("debug", "kernel/configs/debug.config", &["CONFIG_DEBUG=y", "CONFIG_X=m"], 20),
        fragment("tiny", "kernel/configs/tiny.config", &[], 24),
        fragment("kselftest", "kernel/configs/kselftest.config", &["CONFIG_K=y"], 27),
        fragment("climbs", "kernel/../../etc/passwd", &[], 30),
        fragment("calls", "kernel/configs/calls.config", &["CONFIG_X=\"$(shell id)\""], 31),
    ];
    all.into_iter().map(|fragment| (Arc::clone(&fragment.name), Arc::new(fragment))).collect()
}

fn build(config: &Arc<ConfigAt>, toolchain: &Arc<Toolchain>, defconfig: &str) -> KernelBuilds {
    KernelBuilds {
        config: Arc::clone(config),
        variant: "usual".into(),
        toolchain: Arc::clone(toolchain),
        defconfigs: vec![defconfig.into()],
        declared: place(50),
    }
}

fn lowered(builds: &[KernelBuilds]) -> Vec<Node> {
    nodes(builds, &fragments(), &Lowering { describe: Role::Stamp }).expect("they are good")
}

fn filled(Template(pieces): &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Dir(Dir::Work) => "WORK".to_owned(),
        Piece::Dir(Dir::Checkout) => "SOURCE".to_owned(),
        Piece::Dir(Dir::Root) => "ROOT".to_owned(),
        Piece::Fact(source) => format!("<{source:?}>"),
    };
    pieces.iter().map(piece).collect()
}

fn input(input: &Input) -> String {
    let value = match &input.source {
        Source::Value(text) => format!(" = {text:?}"),
        _ => String::new(),
    };
    let place = input.declared.as_ref().map_or(String::new(), |place| format!(" ({place})"));
    let stamp = if input.role == Role::Stamp { ", stamp" } else { "" };
    format!("{}{value}{place}{stamp}", input.part)
}

fn step(step: &Step) -> String {
    let mut text = format!("{}: {}", step.name, step.program);
    for arg in &step.args {
        write!(text, " {}", filled(arg)).expect("a string takes all");
    }
    for condition in &step.when {
        let word = if condition.holds { "with" } else { "without" };
        write!(text, " [{word} {}]", condition.line).expect("a string takes all");
    }
    if let Some(dir) = &step.dir {
        write!(text, " [in {}]", filled(dir)).expect("a string takes all");
    }
    text
}

fn shown(node: &Node) -> String {
    let mut lines = vec![format!("{} ({})", node.name, node.declared)];
    lines.extend(node.labels.iter().map(|label| format!("  {}={}", label.key, label.value)));
    lines.extend(node.unresolved.iter().map(|why| format!("  unresolved: {why}")));
    lines.extend(node.inputs.iter().map(|part| format!("- {}", input(part))));
    lines.extend(node.needs.iter().map(|need| format!("- need {need}")));
    for file in &*node.action.files {
        lines.push(format!("file {}: {:?}", file.path, filled(&file.content)));
    }
    lines.extend(node.action.steps.iter().map(step));
    lines.join("\n")
}

fn with_parts() -> Vec<Node> {
    let text = "defconfig+debug+CONFIG_B=y+tiny+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a/b.config";
    let toolchain = toolchain("gcc", "arm64", "aarch64-linux-gnu-", &[("W", "1")]);
    lowered(&[build(&config("main", "v6.1.192"), &toolchain, text)])
}

#[test]
fn the_config_of_a_defconfig_with_parts() {
    let nodes = with_parts();
    assert_snapshot!(shown(&nodes[0]), @r#"
    config/main/usual/arm64/defconfig+debug+CONFIG_B=y+tiny+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a%2Fb.config (builds.yaml:50)
      tree=mainline
      branch=for-next/core
      build_config=main
      variant=usual
      build_environment=gcc-12
      arch=arm64
      defconfig=defconfig+debug+CONFIG_B=y+tiny+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a/b.config
    - source (builds.yaml:40)
    - commit = "0123456789012345678901234567890123456789" (builds.yaml:40), stamp
    - describe = "v6.1.192" (builds.yaml:40), stamp
    - make KBUILD_BUILD_USER = "KernelCI"
    - make W = "1" (builds.yaml:10)
    - make ARCH = "arm64" (builds.yaml:10)
    - make HOSTCC = "gcc" (builds.yaml:10)
    - make CROSS_COMPILE = "aarch64-linux-gnu-" (builds.yaml:10)
    - tool aarch64-linux-gnu-gcc
    - tool aarch64-linux-gnu-ld
    - tool gcc
    - tool make
    - tool flex
    - tool bison
    - tool pahole
    - tool rustc
    - tool bindgen
    - defconfig = "defconfig" (builds.yaml:50)
    - config (order) = "CONFIG_B CONFIG_A CONFIG_B" (builds.yaml:50)
    - config CONFIG_B = "CONFIG_B=y\nCONFIG_B=m" (builds.yaml:50)
    - config CONFIG_A = "CONFIG_A=n" (builds.yaml:50)
    - fragment debug = "CONFIG_DEBUG=y\nCONFIG_X=m" (builds.yaml:20)
    - fragment tiny = "kernel/configs/tiny.config" (builds.yaml:24)
    - make KCONFIG_ALLCONFIG = "a/b.config" (builds.yaml:50)
    file kernelci.config: "CONFIG_B=y\nCONFIG_A=n\nCONFIG_B=m\n"
    file fragment-1-debug.config: "CONFIG_DEBUG=y\nCONFIG_X=m\n"
    config: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCONFIG_ALLCONFIG=a/b.config defconfig
    merge: sh SOURCE/scripts/kconfig/merge_config.sh -m -O WORK/build WORK/build/.config WORK/kernelci.config WORK/fragment-1-debug.config SOURCE/kernel/configs/tiny.config
    alldefconfig: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCONFIG_ALLCONFIG=WORK/build/.config alldefconfig
    requested: graph __kernel-requested WORK/build/.config WORK/kernelci.config WORK/fragment-1-debug.config SOURCE/kernel/configs/tiny.config
    "#);
}

#[test]
fn the_kernel_of_a_defconfig_with_parts() {
    let nodes = with_parts();
    assert_snapshot!(shown(&nodes[1]), @r#"
    kernel/main/usual/arm64/defconfig+debug+CONFIG_B=y+tiny+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a%2Fb.config (builds.yaml:50)
      tree=mainline
      branch=for-next/core
      build_config=main
      variant=usual
      build_environment=gcc-12
      arch=arm64
      defconfig=defconfig+debug+CONFIG_B=y+tiny+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a/b.config
    - source (builds.yaml:40)
    - commit = "0123456789012345678901234567890123456789" (builds.yaml:40), stamp
    - describe = "v6.1.192" (builds.yaml:40), stamp
    - make KBUILD_BUILD_USER = "KernelCI"
    - make W = "1" (builds.yaml:10)
    - make ARCH = "arm64" (builds.yaml:10)
    - make HOSTCC = "gcc" (builds.yaml:10)
    - make CROSS_COMPILE = "aarch64-linux-gnu-" (builds.yaml:10)
    - tool aarch64-linux-gnu-gcc
    - tool aarch64-linux-gnu-ld
    - tool gcc
    - tool make
    - tool flex
    - tool bison
    - tool bc
    - tool perl
    - tool pahole
    - tool depmod
    - need config/main/usual/arm64/defconfig+debug+CONFIG_B=y+tiny+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a%2Fb.config
    file build.json: "{\"kselftest\":false,\"kernel\":{\"defconfig\":\"defconfig\",\"defconfig_full\":\"defconfig+debug+CONFIG_B=y+tiny+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a/b.config\",\"defconfig_expanded\":\"defconfig+kernel/configs/debug.config+CONFIG_B=y+kernel/configs/tiny.config+CONFIG_A=n+CONFIG_B=m+KCONFIG_ALLCONFIG=a/b.config\",\"defconfig_extras\":[\"debug\",\"CONFIG_B=y\",\"tiny\",\"CONFIG_A=n\",\"CONFIG_B=m\",\"KCONFIG_ALLCONFIG=a/b.config\"]},\"revision\":{\"tree\":\"mainline\",\"url\":\"https://***@git.example/linux\",\"branch\":\"for-next/core\",\"commit\":\"0123456789012345678901234567890123456789\",\"describe\":\"v6.1.192\",\"describe_verbose\":\"v6.1.192-0-g0123456\"},\"environment\":{\"arch\":\"arm64\",\"compiler\":\"gcc\",\"cross_compile\":\"aarch64-linux-gnu-\",\"cross_compile_compat\":\"\",\"name\":\"gcc-12\",\"make_opts\":{\"KBUILD_BUILD_USER\":\"KernelCI\",\"W\":\"1\"}},\"image\":{\"target\":\"Image\",\"names\":[\"Image\"],\"dirs\":[\"arm64\"]}}\n<Tool(\"aarch64-linux-gnu-gcc\")>"
    firmware: graph __kernel-firmware WORK build.json
    kernel: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. xipImage [with CONFIG_XIP_KERNEL=y]
    kernel: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. vmlinuz [without CONFIG_XIP_KERNEL=y] [with CONFIG_SYS_SUPPORTS_ZBOOT=y]
    kernel: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. Image [without CONFIG_XIP_KERNEL=y] [without CONFIG_SYS_SUPPORTS_ZBOOT=y]
    modules: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. modules [with CONFIG_MODULES=y]
    modules_install: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. INSTALL_MOD_PATH=WORK/build/_modules_ INSTALL_MOD_STRIP=1 modules_install [with CONFIG_MODULES=y]
    modules_tar: tar --create --xz --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX --exclude=./lib/modules/*/build --exclude=./lib/modules/*/source --directory WORK/build/_modules_ --file WORK/build/modules.tar.xz . [with CONFIG_MODULES=y]
    dtbs: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI W=1 ARCH=arm64 HOSTCC=gcc CROSS_COMPILE=aarch64-linux-gnu- KCFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. dtbs [with CONFIG_OF_FLATTREE=y]
    artifacts: graph __kernel-artifacts WORK build.json
    "#);
}

#[test]
fn the_environment_of_steps() {
    let nodes = with_parts();
    let env = |step: &Step| {
        let all = step.env.iter().map(|(name, value)| format!("{name}={}", filled(value)));
        all.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(env(&nodes[1].action.steps[1]), @"
    KBUILD_BUILD_HOST=KernelCI
    KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970
    KBUILD_BUILD_VERSION=1
    LC_ALL=C
    SOURCE_DATE_EPOCH=0
    TZ=UTC
    ");
}

#[test]
fn clang_and_the_tests_of_the_kernel() {
    let toolchain = toolchain("clang", "x86_64", "", &[("LLVM_IAS", "1"), ("KCFLAGS", "-O3")]);
    let text = "x86_64_defconfig+kselftest";
    let nodes = lowered(&[build(&config("main", "v5.10.1"), &toolchain, text)]);
    let steps = |node: &Node| node.action.steps.iter().map(step).collect::<Vec<_>>().join("\n");
    let parts = |node: &Node| node.inputs.iter().map(input).collect::<Vec<_>>().join("\n");
    assert_snapshot!(parts(&nodes[0]), @r#"
    source (builds.yaml:40)
    commit = "0123456789012345678901234567890123456789" (builds.yaml:40), stamp
    describe = "v5.10.1" (builds.yaml:40), stamp
    make KBUILD_BUILD_USER = "KernelCI"
    make LLVM_IAS = "1" (builds.yaml:10)
    make KCFLAGS = "-O3" (builds.yaml:10)
    make ARCH = "x86_64" (builds.yaml:10)
    make LLVM = "1" (builds.yaml:10)
    make CC = "clang" (builds.yaml:10)
    tool clang
    tool ld.lld
    tool llvm-ar
    tool llvm-objcopy
    tool make
    tool flex
    tool bison
    tool pahole
    tool rustc
    tool bindgen
    defconfig = "x86_64_defconfig" (builds.yaml:50)
    fragment kselftest = "CONFIG_K=y" (builds.yaml:27)
    "#);
    assert_snapshot!(steps(&nodes[0]), @"
    config: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 KCFLAGS=-O3 ARCH=x86_64 LLVM=1 CC=clang x86_64_defconfig
    fragment: graph __kernel-fragment SOURCE WORK/kselftest.config
    merge: sh SOURCE/scripts/kconfig/merge_config.sh -m -O WORK/build WORK/build/.config WORK/kselftest.config WORK/fragment-1-kselftest.config
    alldefconfig: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 KCFLAGS=-O3 ARCH=x86_64 LLVM=1 CC=clang KCONFIG_ALLCONFIG=WORK/build/.config alldefconfig
    requested: graph __kernel-requested WORK/build/.config WORK/kselftest.config WORK/fragment-1-kselftest.config
    ");
    assert_snapshot!(steps(&nodes[1]), @"
    firmware: graph __kernel-firmware WORK build.json
    kernel: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 ARCH=x86_64 LLVM=1 CC=clang KCFLAGS=-O3 -fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. xipImage [with CONFIG_XIP_KERNEL=y]
    kernel: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 ARCH=x86_64 LLVM=1 CC=clang KCFLAGS=-O3 -fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. vmlinuz [without CONFIG_XIP_KERNEL=y] [with CONFIG_SYS_SUPPORTS_ZBOOT=y]
    kernel: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 ARCH=x86_64 LLVM=1 CC=clang KCFLAGS=-O3 -fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. bzImage [without CONFIG_XIP_KERNEL=y] [without CONFIG_SYS_SUPPORTS_ZBOOT=y]
    modules: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 ARCH=x86_64 LLVM=1 CC=clang KCFLAGS=-O3 -fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. modules [with CONFIG_MODULES=y]
    modules_install: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 ARCH=x86_64 LLVM=1 CC=clang KCFLAGS=-O3 -fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. INSTALL_MOD_PATH=WORK/build/_modules_ INSTALL_MOD_STRIP=1 modules_install [with CONFIG_MODULES=y]
    modules_tar: tar --create --xz --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX --exclude=./lib/modules/*/build --exclude=./lib/modules/*/source --directory WORK/build/_modules_ --file WORK/build/modules.tar.xz . [with CONFIG_MODULES=y]
    headers: make -C SOURCE O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 ARCH=x86_64 LLVM=1 CC=clang KCFLAGS=-O3 -fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. headers
    kselftest: make -C SOURCE/tools/testing/selftests O=WORK/build KBUILD_BUILD_USER=KernelCI LLVM_IAS=1 ARCH=x86_64 LLVM=1 CC=clang KCFLAGS=-O3 -fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. KAFLAGS=-fdebug-prefix-map=SOURCE/= -fdebug-prefix-map=WORK/build=. FORMAT=.xz gen_tar
    artifacts: graph __kernel-artifacts WORK build.json
    ");
    let newer = lowered(&[build(&config("main", "v6.1"), &toolchain, text)]);
    let last = newer[1].action.steps.iter().map(step).find(|step| step.starts_with("kselftest"));
    assert!(last.expect("a step").ends_with(" FORMAT=.xz kselftest-gen_tar"));
    let older = lowered(&[build(&config("main", "v5.4"), &toolchain, text)]);
    assert!(!steps(&older[1]).contains("kselftest"));
}

#[test]
fn some_configs_cannot_be_made() {
    let (config, toolchain) = (config("main", "v4.19"), toolchain("gcc-10", "arm", "arm-", &[]));
    let texts = [
        "cip://4.19.y-cip/arm/moxa_defconfig+CONFIG_A=y",
        // Of KernelCI's own configuration.
        "x86_64+defconfig+kselftest",
        "install",
        "imx_v6_v7_defconfig",
    ];
    let builds = texts.map(|text| build(&config, &toolchain, text));
    let unresolved: Vec<Vec<String>> =
        lowered(&builds).into_iter().step_by(2).map(|node| node.unresolved).collect();
    let url = "https://gitlab.com/cip-project/cip-kernel/cip-kernel-config/-/raw/master/4.19.y-cip/arm/moxa_defconfig";
    let expect = [
        vec![format!(
            "the config `cip://4.19.y-cip/arm/moxa_defconfig` is downloaded from `{url}`, which is not supported"
        )],
        vec!["`x86_64` is no target of make that makes a config".to_owned()],
        vec!["`install` is no target of make that makes a config".to_owned()],
        Vec::new(),
    ];
    assert_eq!(unresolved, expect);
}

#[test]
fn bad_input() {
    let config = config("main", "v6.1");
    let good = toolchain("gcc", "x86_64", "", &[]);
    let bad = toolchain(
        "gcc;id",
        "../x",
        "-o",
        &[("MAKEFLAGS", "n"), ("W", "$(shell id)"), ("LLVM_IAS", "1"), ("CROSS_COMPILE", "x-")],
    );
    let texts = [
        "--eval=x",
        "../x_defconfig",
        "",
        "defconfig+climbs",
        "defconfig+calls",
        "defconfig+/etc/passwd",
        "defconfig+a b",
        "defconfig+CONFIG_A=`id`",
        "defconfig+KCONFIG_CONFIG=x",
        "defconfig+KCONFIG_ALLCONFIG=/etc/passwd",
        "defconfig+KCONFIG_A=$(id)",
        "defconfig+CONFIG_A=y+debug+tiny+arch/x86/configs/x.config+KCONFIG_ALLCONFIG=a.config",
    ];
    let mut builds: Vec<KernelBuilds> =
        texts.iter().map(|text| build(&config, &good, text)).collect();
    builds.push(build(&config, &bad, "defconfig"));
    let found = nodes(&builds, &fragments(), &Lowering { describe: Role::Stamp }).expect_err("bad");
    let found: Vec<String> = found.as_slice().iter().map(ToString::to_string).collect();
    assert_snapshot!(found.join("\n"), @r#"
    builds.yaml:10: build environment `gcc;id-12`, architecture `../x`: `cc` is no name of a program: `gcc;id`
    builds.yaml:10: build environment `gcc;id-12`, architecture `../x`: `cross_compile` is no name of a program: `-o`
    builds.yaml:10: build environment `gcc;id-12`, architecture `../x`: this is no name of an architecture
    builds.yaml:10: build environment `gcc;id-12`, architecture `../x`: `MAKEFLAGS` in `opts` is no variable that a configuration may set there
    builds.yaml:10: build environment `gcc;id-12`, architecture `../x`: `W` in `opts` has characters that make would hand to a shell
    builds.yaml:10: build environment `gcc;id-12`, architecture `../x`: `CROSS_COMPILE` in `opts` is no variable that a configuration may set there
    builds.yaml:50: defconfig `--eval=x`: `--eval=x` is no target of make
    builds.yaml:50: defconfig `../x_defconfig`: `../x_defconfig` is no target of make
    builds.yaml:50: defconfig ``: `` is no target of make
    builds.yaml:30: fragment `climbs`: `kernel/../../etc/passwd` leads out of the tree
    builds.yaml:31: fragment `calls`: `CONFIG_X="$(shell id)"` has characters that make would act on
    builds.yaml:50: fragment `/etc/passwd`: `/etc/passwd` leads out of the tree
    builds.yaml:50: fragment `a b`: `a b` is no path that make can work with
    builds.yaml:50: defconfig `defconfig+CONFIG_A=`id``: `CONFIG_A=`id`` has characters that make would act on
    builds.yaml:50: defconfig `defconfig+KCONFIG_CONFIG=x`: `KCONFIG_CONFIG` is no variable that a part may set so
    builds.yaml:50: defconfig `defconfig+KCONFIG_ALLCONFIG=/etc/passwd`: `/etc/passwd` leads out of the tree
    builds.yaml:50: defconfig `defconfig+KCONFIG_A=$(id)`: `KCONFIG_A` is no variable that a part may set so
    builds.yaml:50: `config/main/usual/x86_64/` is not a node name: a kind and at least one more segment, as in `image/rpi-scarthgap`
    "#);
}

/// Facts for everything, and the key of a node.
fn key(node: &Node) -> Digest {
    let known = |input: &Input| (input.source.clone(), Fact::text(&format!("{:?}", input.source)));
    let facts: Facts = node.inputs.iter().map(known).collect();
    let made = |_: &_| Some(Digest::of(b"a config"));
    fingerprint(node, &facts, made, None).key.expect("everything is known")
}

#[test]
fn names_are_in_no_key() {
    let (here, there) = (config("main", "v6.1"), config("stable", "v6.1-7-g0123456"));
    let gcc = || toolchain("gcc", "x86_64", "", &[]);
    let builds = [
        build(&here, &gcc(), "tinyconfig"),
        build(&there, &gcc(), "tinyconfig"),
        build(&here, &gcc(), "tinyconfig+CONFIG_A=y"),
    ];
    let nodes = lowered(&builds);
    let keys: Vec<Digest> = nodes.iter().map(key).collect();
    assert_eq!(keys[0], keys[2]);
    // Needs are named: that another one made the same `.config` is for the engine to see.
    assert_ne!(keys[0], keys[4]);
}

#[test]
fn everything_that_matters_is_in_the_key() {
    let here = config("main", "v6.1");
    let gcc = |arch, cross, opts: &[(&str, &str)]| toolchain("gcc", arch, cross, opts);
    let usual = gcc("arm", "arm-", &[]);
    let builds = [
        build(&here, &usual, "defconfig"),
        build(&here, &usual, "allnoconfig"),
        build(&here, &usual, "defconfig+CONFIG_A=y"),
        build(&here, &usual, "defconfig+CONFIG_A=n"),
        build(&here, &usual, "defconfig+CONFIG_A=y+CONFIG_B=y"),
        build(&here, &usual, "defconfig+CONFIG_B=y+CONFIG_A=y"),
        build(&here, &usual, "defconfig+CONFIG_A=y+CONFIG_A=n"),
        build(&here, &usual, "defconfig+CONFIG_A=n+CONFIG_A=y"),
        build(&here, &usual, "defconfig+debug"),
        build(&here, &usual, "defconfig+debug+tiny"),
        build(&here, &usual, "defconfig+tiny+debug"),
        build(&here, &usual, "defconfig+tiny+debug+tiny"),
        build(&here, &usual, "defconfig+KCONFIG_ALLCONFIG=a"),
        build(&here, &gcc("arm64", "arm-", &[]), "defconfig"),
        build(&here, &gcc("arm", "arm-none-", &[]), "defconfig"),
        build(&here, &gcc("arm", "arm-", &[("W", "1")]), "defconfig"),
        build(&here, &toolchain("clang", "arm", "arm-", &[]), "defconfig"),
        build(&here, &toolchain("gcc-10", "arm", "arm-", &[]), "defconfig"),
    ];
    let nodes = lowered(&builds);
    let keys: HashSet<Digest> = nodes.iter().step_by(2).map(key).collect();
    assert_eq!(keys.len(), builds.len());
    for node in &nodes {
        let mut parts: Vec<&str> = node.inputs.iter().map(|input| &*input.part).collect();
        parts.sort_unstable();
        let count = parts.len();
        parts.dedup();
        assert_eq!(parts.len(), count, "{}: part names are unique", node.name);
    }
}

/// Fills in a work directory.
fn placed(Template(pieces): &Template, work: &Path) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Dir(Dir::Work) => work.display().to_string(),
        other => filled(&Template::of(vec![other.clone()])),
    };
    pieces.iter().map(piece).collect()
}

#[test]
fn equal_modules_make_equal_tarballs() {
    let nodes = with_parts();
    let step = nodes[1].action.steps.iter().find(|step| step.name == "modules_tar");
    let step = step.expect("modules are packed");
    let pack = |order: [&str; 3], mode: u32| {
        let dir = tempfile::tempdir().expect("a directory");
        let version = dir.path().join("build/_modules_/lib/modules/6.1");
        fs::create_dir_all(&version).expect("directories");
        for name in order {
            fs::write(version.join(name), name).expect("a file");
            let mode = Permissions::from_mode(mode);
            fs::set_permissions(version.join(name), mode).expect("a mode");
        }
        symlink(dir.path(), version.join("build")).expect("a link");
        symlink(dir.path(), version.join("source")).expect("a link");
        let args = step.args.iter().map(|arg| placed(arg, dir.path()));
        let env = step.env.iter().map(|(name, value)| (name.clone(), filled(value)));
        let done = Command::new("tar").args(args).envs(env).status().expect("there is tar");
        assert!(done.success());
        fs::read(dir.path().join("build/modules.tar.xz")).expect("it is there")
    };
    let one = pack(["a.ko", "b.ko", "modules.dep"], 0o600);
    assert!(one == pack(["modules.dep", "b.ko", "a.ko"], 0o644));
}
