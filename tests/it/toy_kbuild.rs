//! The toy kernel tree is to make what a kernel is: configurations, output directories, dependencies, artifacts. Asks make
//! alone, never `graph`.

use std::collections::BTreeSet;

use crate::kernel_world::KernelWorld;

const ARM64: [&str; 2] = ["ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-"];

fn ok(world: &KernelWorld, output: &str, arguments: &[&str]) -> String {
    let output = world.make(output, arguments);
    assert_eq!(output.code, Some(0), "make {}\n{output}", arguments.join(" "));
    output.stdout
}

/// What make says that it made, in order of name.
fn made(stdout: &str) -> BTreeSet<&str> {
    let is_target = |line: &&str| line.starts_with("  ") && !line.starts_with("  INSTALL");
    stdout.lines().filter(is_target).filter_map(|line| line.split_whitespace().last()).collect()
}

fn arm64(world: &KernelWorld, goals: &[&str]) -> String {
    ok(world, "o", &[&ARM64[..], goals].concat())
}

#[test]
fn a_kernel_with_all_that_belongs_to_it() {
    let mut world = KernelWorld::new();
    world.world_mut().set_env("KBUILD_BUILD_USER", "toddler");
    arm64(&world, &["defconfig"]);
    let config = world.text("o/.config").expect("a configuration");
    for line in ["CONFIG_GPIO_TOY=y", "CONFIG_TUN=m", "# CONFIG_BIG_PAGES is not set"] {
        assert!(config.contains(&format!("{line}\n")), "{line} in {config}");
    }
    arm64(&world, &["Image"]);
    for path in ["vmlinux", "System.map", "arch/arm64/boot/Image", "include/config/auto.conf.cmd"] {
        assert!(world.text(&format!("o/{path}")).is_some(), "{path}");
    }
    assert!(world.text("o/vmlinux").is_some_and(|kernel| kernel.contains("\"toddler\"")));
    assert!(world.text("o/drivers/net/tun.ko").is_none(), "modules were not asked for");
    arm64(&world, &["modules", "dtbs"]);
    let install = format!("INSTALL_MOD_PATH={}", world.world().path("m").display());
    arm64(&world, &["modules_install", &install, "INSTALL_MOD_STRIP=1"]);
    let module = world.text("m/lib/modules/6.2.0-rc1/kernel/drivers/net/tun.ko").expect("a module");
    assert!(module.contains("symbol tun_dig") && !module.contains("\ndebug "), "{module}");
    assert!(
        world
            .text("o/arch/arm64/boot/dts/acme/robot.dtb")
            .is_some_and(|dtb| dtb.contains("spring"))
    );
    let status = world.world().git("linux", &["status", "--porcelain", "--ignored"]);
    assert_eq!(status, "", "nothing is written into the sources");
}

#[test]
fn configurations_decide() {
    let world = KernelWorld::new();
    let fails = |arguments: &[&str], words: &str| {
        let output = world.make("x", arguments);
        assert_eq!(output.code, Some(2), "{output}");
        assert!(output.stderr.contains(words), "{output}");
    };
    fails(&["ARCH=x86_64", "bzImage"], "Configuration file \".config\" not found!");
    fails(&["ARCH=arm", "toaster_defconfig"], "Can't find default configuration");
    fails(&["ARCH=arm", "CROSS_COMPILE=none-", "defconfig"], "'none-gcc' not found");
    ok(&world, "x", &["ARCH=x86_64", "tinyconfig"]);
    fails(&["ARCH=x86_64", "modules"], "has modules disabled");
    fails(&["ARCH=x86_64", "dtbs"], "No rule to make target");
    ok(&world, "k", &["ARCH=arm", "CROSS_COMPILE=arm-linux-gnueabihf-", "kettle_defconfig"]);
    ok(&world, "k", &["ARCH=arm", "CROSS_COMPILE=arm-linux-gnueabihf-", "xipImage"]);
    assert!(world.text("k/arch/arm/boot/xipImage").is_some());
    ok(&world, "c", &["ARCH=x86_64", "LLVM=1", "x86_64_defconfig", "all"]);
    let config = world.text("c/.config").expect("a configuration");
    assert!(
        config.contains(
            "CONFIG_CC_VERSION_TEXT=\"toy clang version 16.0.6\"\nCONFIG_CC_IS_CLANG=y\n"
        ),
        "{config}"
    );
}

#[test]
fn make_makes_what_a_change_reaches() {
    let world = KernelWorld::new();
    arm64(&world, &["defconfig"]);
    arm64(&world, &["all"]);
    let after = |path: &str, from: &str, to: &str| {
        world.edit(path, from, to);
        let stdout = arm64(&world, &["all"]);
        made(&stdout).into_iter().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(made(&arm64(&world, &["all"])), BTreeSet::new());
    assert_eq!(
        after("include/linux/net.h", "u32 tension", "u32 slack"),
        "System.map arch/arm64/boot/Image drivers/net/loop.o drivers/net/tin.ko drivers/net/tin.o \
         drivers/net/tun.ko drivers/net/tun.o vmlinux"
    );
    assert_eq!(
        after("drivers/rtc/cuckoo.c", "return now", "return now + 1"),
        "drivers/rtc/cuckoo.ko drivers/rtc/cuckoo.o"
    );
    assert_eq!(
        after("arch/arm64/boot/dts/acme/base.dtsi", "spring = <1>", "spring = <2>"),
        "arch/arm64/boot/dts/acme/robot.dtb arch/arm64/boot/dts/acme/rover.dtb"
    );
    assert_eq!(after("drivers/net/Kconfig", "taut string", "very taut string"), "", "a help text");
    assert_eq!(
        after("kernel/configs/debug.config", "CONFIG_DEBUG_INFO=y", "CONFIG_DEBUG_INFO=n"),
        ""
    );
    assert_eq!(after("arch/x86/kernel/setup.c", "PAGE_SIZE", "4096"), "", "another architecture");

    // A configuration reaches what names the symbol.
    world.world().edit("o/.config", "# CONFIG_HZ_FAST is not set", "CONFIG_HZ_FAST=y");
    let reached =
        made(&arm64(&world, &["all"])).into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    for object in ["kernel/time.o", "init/main.o", "drivers/rtc/cuckoo.ko", "vmlinux"] {
        assert!(reached.contains(object), "{object} in {reached:?}");
    }
    for object in ["lib/string.o", "drivers/net/loop.o"] {
        assert!(!reached.contains(object), "{object} in {reached:?}");
    }
}

#[test]
fn incremental_and_clean_builds_agree() {
    let world = KernelWorld::new();
    let fixed = ["KBUILD_BUILD_TIMESTAMP=x", "KBUILD_BUILD_USER=u", "KBUILD_BUILD_HOST=h"];
    let map = |output: &str| {
        format!("KCFLAGS=-ffile-prefix-map={}=.", world.world().path(output).display())
    };
    let build = |output: &str| {
        let all = [&ARM64[..], &fixed, &["all"]].concat();
        ok(&world, output, &[&all[..], &[&map(output)]].concat());
        world.text(&format!("{output}/vmlinux")).expect("a kernel")
    };
    for output in ["one", "other"] {
        ok(&world, output, &[&ARM64[..], &["defconfig"]].concat());
    }
    build("one");
    for (path, from, to) in [
        ("include/linux/time.h", "typedef unsigned long tick_t;", "typedef long tick_t;"),
        ("kernel/Kconfig", "default 250", "default 300"),
        ("drivers/net/Makefile", "obj-$(CONFIG_TUN) += tun.o", "obj-y += tun.o"),
        ("arch/arm64/Makefile", "-O2", "-O3"),
    ] {
        world.edit(path, from, to);
    }
    ok(&world, "other", &[&ARM64[..], &["olddefconfig"]].concat());
    assert_eq!(build("one"), build("other"));
}

#[test]
fn what_was_read_is_written_down() {
    let world = KernelWorld::new();
    arm64(&world, &["defconfig"]);
    arm64(&world, &["all"]);
    let source = world.source("");
    let shown = |path: &str| {
        let text = world.text(path).unwrap_or_else(|| panic!("{path}"));
        let text = text.replace(source.to_str().expect("the path is text"), "SRC/");
        let is_long = |line: &str| line.starts_with("cmd_");
        text.lines()
            .filter(|line| !is_long(line))
            .fold(String::new(), |all, line| all + line.trim_end() + "\n")
    };
    insta::assert_snapshot!(shown("o/drivers/net/.tin.o.cmd"), @r"

    source_drivers/net/tin.o := SRC/drivers/net/tin.c

    deps_drivers/net/tin.o := \
      SRC/include/linux/kconfig.h \
      SRC/include/linux/module.h \
      SRC/include/linux/kernel.h \
      SRC/include/linux/types.h \
        $(wildcard include/config/64BIT) \
      SRC/arch/arm64/include/asm/page.h \
        $(wildcard include/config/BIG_PAGES) \
      SRC/include/linux/net.h \
      SRC/arch/arm64/include/asm/cans.h \

    drivers/net/tin.o: $(deps_drivers/net/tin.o)

    $(deps_drivers/net/tin.o):
    ");
    insta::assert_snapshot!(shown("o/arch/arm64/boot/dts/acme/.robot.dtb.cmd"), @r"

    source_arch/arm64/boot/dts/acme/robot.dtb := SRC/arch/arm64/boot/dts/acme/robot.dts

    deps_arch/arm64/boot/dts/acme/robot.dtb := \
      SRC/arch/arm64/boot/dts/acme/base.dtsi \

    arch/arm64/boot/dts/acme/robot.dtb: $(deps_arch/arm64/boot/dts/acme/robot.dtb)

    $(deps_arch/arm64/boot/dts/acme/robot.dtb):
    ");
    let command = world.text("o/drivers/net/.tin.o.cmd").expect("a command");
    assert!(
        command.starts_with(
            "cmd_drivers/net/tin.o := aarch64-linux-gnu-gcc -Wp,-MMD,drivers/net/.tin.o.d "
        ),
        "{command}"
    );
    let kconfig =
        world.text("o/include/config/auto.conf.cmd").expect("what the configuration was made of");
    for line in ["deps_config := \\", "\tKconfig", "\tdrivers/led/Kconfig \\", "$(deps_config): ;"]
    {
        assert!(kconfig.lines().any(|other| other == line), "{line} in {kconfig}");
    }
}

#[test]
fn fragments_are_merged() {
    let world = KernelWorld::new();
    arm64(&world, &["defconfig"]);
    let before = world.text("o/.config").expect("a configuration");
    let merge = |lines: &str| {
        world.world().write("fragment", lines);
        let mut merge = world.world().program("sh");
        merge.current_dir(world.source("")).arg(world.source("scripts/kconfig/merge_config.sh"));
        merge.arg("-O").arg(world.world().path("o"));
        merge.arg(world.world().path("o/.config")).arg(world.world().path("fragment"));
        merge.env("ARCH", "arm64").env("CROSS_COMPILE", "aarch64-linux-gnu-");
        let output = world.world().run(&mut merge);
        assert_eq!(output.code, Some(0), "{output}");
        (output.stdout, world.text("o/.config").expect("a configuration"))
    };
    let (_, after) = merge("CONFIG_HIGH_RES_TIMERS=y\nCONFIG_NO_SUCH_THING=y\n");
    assert_eq!(after, before, "what is so already and what nobody knows changes nothing");
    let (said, after) =
        merge("CONFIG_HZ_FAST=n\nCONFIG_HZ_FAST=y\nCONFIG_NET=n\nCONFIG_NET_LOOP=m\n");
    assert!(after.contains("CONFIG_HZ_FAST=y\n") && after.contains("CONFIG_HZ=1000\n"), "{after}");
    assert!(after.contains("# CONFIG_NET is not set\n") && !after.contains("NET_LOOP"), "{after}");
    assert!(said.contains("Value requested for CONFIG_NET_LOOP not in final .config"), "{said}");
    assert!(said.contains("Previous value: CONFIG_NET=y\nNew value: CONFIG_NET=n\n"), "{said}");
}

#[test]
fn sources_can_fail() {
    let world = KernelWorld::new();
    ok(&world, "o", &["ARCH=x86_64", "defconfig"]);
    world.edit("lib/string.c", "\treturn (", "#error out of string\n\treturn (");
    let output = world.make("o", &["ARCH=x86_64"]);
    assert_eq!(output.code, Some(2), "{output}");
    assert!(output.stderr.contains("lib/string.c:6: error: #error out of string"), "{output}");
    assert!(world.text("o/vmlinux").is_none());
}
