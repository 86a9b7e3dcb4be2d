//! Small records and a small tree of our own making.

use std::fs;
use std::path::{Path, PathBuf};

use graph::reads::ReadSet;
use tempfile::TempDir;

use super::commands::{Mentioned, Record};
use super::glob;
use super::kconfig::listed;
use super::reads;
use super::tree::Tree;
use super::words::{ANY, Base, Word, words};

/// A checkout and a build directory beside it.
struct World {
    place: TempDir,
}

impl World {
    /// The file `A` of a tree whose build made `a.o` of `a/a.c`, for the architecture `toy`.
    fn new() -> Self {
        let world = Self { place: TempDir::new().unwrap() };
        for (path, text) in [
            (
                "Makefile",
                "include scripts/Makefile.rules\ninclude $(srctree)/arch/$(SRCARCH)/Makefile\n",
            ),
            ("Kconfig", "source \"a/Kconfig\"\nsource \"arch/$(SRCARCH)/options.in\"\n"),
            ("scripts/Makefile.rules", "x := $(srctree)/scripts/run.sh\n"),
            ("scripts/run.sh", "cat $srctree/a/list.txt\n"),
            ("scripts/checkpatch.pl", "1;\n"),
            ("scripts/idle.sh", "cat $srctree/a/idle.txt\n"),
            ("arch/toy/Makefile", "# $(srctree)/a/commented.txt\n"),
            ("arch/toy/options.in", "config T\n"),
            ("arch/toy/Kconfig", "config K\n"),
            ("arch/toy/configs/toy_defconfig", ""),
            ("arch/other/Makefile", ""),
            ("arch/other/Kconfig", "config O\n"),
            ("a/Makefile", "obj-y := a.o\n$(obj)/made.h: $(src)/table.tbl $(src)/gen.awk\n"),
            ("a/Kconfig", "config A\n\tdefault $(shell,$(srctree)/a/probe.sh)\n"),
            ("a/probe.sh", ""),
            ("a/a.c", "#include <a.h>\n#if __has_include(\"perhaps.h\")\n#endif\n"),
            ("a/table.tbl", ""),
            ("a/gen.awk", ""),
            ("a/list.txt", ""),
            ("a/idle.txt", ""),
            ("a/commented.txt", ""),
            ("b/Makefile", "obj-y := b.o\n"),
            ("b/b.c", "int b;\n"),
            ("include/a.h", ""),
            ("include/b.h", ""),
        ] {
            world.write(&format!("w/{path}"), text);
        }
        world.write("o/.config", "#\n# Linux/toy 6.1 Kernel Configuration\n#\nCONFIG_A=y\n");
        let checkout = world.checkout();
        let at = checkout.display();
        world.write(
            "o/a/.a.o.cmd",
            &format!(
                "savedcmd_a/a.o := cc -I{at}/include -o a/a.o {at}/a/a.c\n\n\
                 source_a/a.o := {at}/a/a.c\n\n\
                 deps_a/a.o := \\\n  {at}/include/a.h \\\n  $(wildcard include/config/A) \\\n  \
                 include/generated/autoconf.h \\\n\na/a.o: $(deps_a/a.o)\n"
            ),
        );
        world.write("o/a/a.o", "");
        world
    }

    fn checkout(&self) -> PathBuf {
        self.place.path().canonicalize().unwrap().join("w")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn set(&self, kind: &str) -> Option<ReadSet> {
        reads(kind, &self.checkout(), &self.place.path().join("o"), &[]).unwrap()
    }

    /// The paths of the set where files are.
    fn files(&self, kind: &str) -> Vec<String> {
        let set = self.set(kind).unwrap();
        let there = |path: &&String| self.checkout().join(path).is_file();
        set.paths().iter().filter(there).cloned().collect()
    }
}

fn has(set: &ReadSet, path: &str) -> bool {
    set.paths().iter().any(|known| known == path)
}

fn word(base: Base, path: &str) -> Word {
    Word { base, path: path.replace('?', &ANY.to_string()) }
}

#[test]
fn a_record_is_told_apart() {
    let record = Record::parse(
        "cmd_x.o := cc -Wp,-MMD,x.d -I/s/include -o x.o /s/x.c; touch y.o\n\
         source_x.o := /s/x.c\n\
         deps_x.o := \\\n  $(wildcard include/config/SMP) \\\n  /s/qcom,x.h \\\n\
         x.o: $(deps_x.o)\n$(deps_x.o):\n",
    );
    assert_eq!(record.sources, ["/s/x.c"]);
    assert_eq!(record.dependencies, ["/s/qcom,x.h"]);
    for piece in ["-I/s/include", "x.o", "/s/x.c", "y.o", "x.d"] {
        assert!(record.words.contains(&piece), "{piece}: {record:?}");
    }
}

#[test]
fn a_left_over_list_of_dependencies_is_read() {
    let record = Record::parse("-: /s/a.h \\\n /s/b.h \\\n include/generated/c.h\n");
    assert_eq!(record.dependencies, ["/s/a.h", "/s/b.h", "include/generated/c.h"]);
    let mut mentioned = Mentioned::default();
    mentioned.add("x.o: /s/a.h ../d.c\n", "tools/x", &["/s/".to_owned()]);
    assert!(mentioned.read.contains("a.h") && mentioned.names.contains("a.h"));
    assert!(mentioned.relative.contains(&("tools/x".to_owned(), "../d.c".to_owned())));
}

#[test]
fn words_are_paths_as_make_would_find_them() {
    let of = |text| words(text, Some("toy"));
    assert_eq!(
        of("include $(srctree)/lib/Makefile"),
        [word(Base::Root, "lib/Makefile"), word(Base::Bare, "include")]
    );
    assert_eq!(of("-I$(srctree)/$(src)/x.h"), [word(Base::Own, "x.h")]);
    assert_eq!(
        of("$(wildcard $(srctree)/arch/$(SRCARCH)/*.tbl)")[0],
        Word { base: Base::Root, path: "arch/toy/*.tbl".to_owned() }
    );
    assert_eq!(of("$(obj)/vdso$(BITS).lds"), [word(Base::Output, "vdso?.lds")]);
    assert_eq!(of("$(dir)/x.c"), [word(Base::Variable, "x.c")]);
    assert_eq!(of("# $(srctree)/x.c"), []);
    assert_eq!(
        of("cat ${srctree}/a $srctree/b /usr/c"),
        [word(Base::Root, "a"), word(Base::Root, "b"), word(Base::Bare, "cat")]
    );
    assert!(of("$(srctree)/qcom,x.h").contains(&word(Base::Root, "qcom,x.h")));
    // What does not end, ends with the line.
    for text in ["$(", "${x", "$(x:", "$", "$(call x,$(srctree)/y", "é$(srctree)/é"] {
        of(text);
    }
}

#[test]
fn patterns_stay_within_a_part_of_a_path() {
    let world = World::new();
    let tree = Tree::open(&world.checkout()).unwrap();
    let of = |directory, pattern: &str| glob::matches(&tree, directory, pattern);
    assert_eq!(of("a", "*.txt"), ["a/commented.txt", "a/idle.txt", "a/list.txt"]);
    assert_eq!(of("", "?/a.[ch]"), ["a/a.c"]);
    assert_eq!(of("a", "../include/*.h"), ["include/a.h", "include/b.h"]);
    assert_eq!(of("", &format!("a/t{ANY}.tbl")), ["a/table.tbl"]);
    assert!(of("", "../../*").is_empty() && of("a", "a*a*a*a*a*a*a*x").is_empty());
}

#[test]
fn a_kernel_has_read_its_sources_and_what_steers_it() {
    let world = World::new();
    assert_eq!(
        world.files("kbuild"),
        [
            "Makefile",
            "a/Makefile",
            "a/a.c",
            "a/gen.awk",
            "a/list.txt",
            "a/table.tbl",
            "arch/toy/Makefile",
            "include/a.h",
            "scripts/Makefile.rules",
            "scripts/idle.sh",
            "scripts/run.sh",
        ]
    );
}

#[test]
fn what_is_not_there_counts_where_it_would_be_taken() {
    let set = World::new().set("kbuild").unwrap();
    for path in ["a/Kbuild", "a/a.S", "a/a.o_shipped", "a/a.rs", "GNUmakefile", ".config"] {
        assert!(has(&set, path), "{path}");
    }
    assert_eq!(set.names(), ["a.h", "autoconf.h", "localversion*", "perhaps.h"]);
}

#[test]
fn a_configuration_has_read_kconfig_files_and_no_sources() {
    let world = World::new();
    assert_eq!(
        world.files("kconfig"),
        [
            "Kconfig",
            "Makefile",
            "a/Kconfig",
            "a/list.txt",
            "a/probe.sh",
            "arch/toy/Kconfig",
            "arch/toy/Makefile",
            "arch/toy/configs/toy_defconfig",
            "arch/toy/options.in",
            "scripts/Makefile.rules",
            "scripts/idle.sh",
            "scripts/run.sh",
        ]
    );
    let set = world.set("kconfig").unwrap();
    assert_eq!(set.names(), ["Kconfig*", "localversion*"]);
    assert!(has(&set, "kernel/configs/toy_defconfig"));
}

#[test]
fn sourced_files_are_listed_as_conf_lists_them() {
    let text = "deps_config := \\\n\tlib/Kconfig \\\n\tKconfig\n\ninclude/config/auto.conf: x\n";
    assert_eq!(listed(text), ["lib/Kconfig", "Kconfig"]);
    assert!(listed("nothing").is_empty());
}

#[test]
fn links_count_with_what_they_lead_to() {
    let world = World::new();
    std::os::unix::fs::symlink("../include", world.checkout().join("a/headers")).unwrap();
    let at = world.checkout().display().to_string();
    world.write(
        "o/b/.b.o.cmd",
        &format!("deps_b/b.o := {at}/a/headers/b.h {at}/a/headers/../gone.h\n"),
    );
    let set = world.set("kbuild").unwrap();
    assert!(has(&set, "a/headers") && has(&set, "include/b.h"));
}

#[test]
fn a_pattern_in_a_visited_directory_makes_every_new_file_count() {
    let world = World::new();
    world.write("w/a/Makefile", "x.c: $(wildcard $(srctree)/$(src)/certs/*.hex)\n");
    world.write("w/a/certs/one.hex", "");
    assert!(world.files("kbuild").contains(&"a/certs/one.hex".to_owned()));
    assert!(world.set("kbuild").unwrap().names().contains(&"*".to_owned()));
}

#[test]
fn the_lists_of_a_tool_name_files_from_where_it_is_made() {
    let world = World::new();
    world.write("w/tools/t/below/Build", "$(OUTPUT)x.c: ../lib/gen.awk\n");
    world.write("w/tools/lib/gen.awk", "");
    world.write("w/tools/lib/s/s.c", "");
    world.write("o/tools/t/below/.b.o.cmd", "source_b.o := s.c\n");
    let files = world.files("kbuild");
    // The second was made in a library's directory, of which its record says nothing.
    for path in ["tools/t/below/Build", "tools/lib/gen.awk", "tools/lib/s/s.c"] {
        assert!(files.contains(&path.to_owned()), "{path}: {files:?}");
    }
}

#[test]
fn files_that_a_configuration_names_count_or_nothing_can_be_told() {
    let head = "# Linux/toy 6.1 Kernel Configuration\n";
    let check = |lines: &str, expect: Option<&str>| {
        let world = World::new();
        world.write("o/.config", &format!("{head}{lines}\n"));
        world.write("w/keys/a.pem", "");
        let set = world.set("kbuild");
        assert_eq!(set.is_some(), expect.is_some(), "{lines}");
        if let (Some(set), Some(path)) = (set, expect) {
            assert!(has(&set, path), "{lines}");
        }
    };
    check("CONFIG_SYSTEM_TRUSTED_KEYS=\"keys/a.pem\"", Some("keys/a.pem"));
    check("CONFIG_SYSTEM_TRUSTED_KEYS=\"\"", Some("Makefile"));
    check("CONFIG_SYSTEM_TRUSTED_KEYS=\"/etc/key.pem\"", None);
    check("CONFIG_SYSTEM_TRUSTED_KEYS=\"keys/none.pem\"", None);
    check(
        "CONFIG_EXTRA_FIRMWARE=\"a.pem\"\nCONFIG_EXTRA_FIRMWARE_DIR=\"keys\"",
        Some("keys/a.pem"),
    );
    check("CONFIG_EXTRA_FIRMWARE=\"a.bin\"\nCONFIG_EXTRA_FIRMWARE_DIR=\"/lib/firmware\"", None);
    check("CONFIG_INITRAMFS_SOURCE=\"keys\"", None);
    check("CONFIG_DEFAULT_HOSTNAME=\"(none)\"\nCONFIG_INIT=\"/sbin/init\"", Some("Makefile"));
}

#[test]
fn where_nothing_is_recorded_nothing_can_be_told() {
    let world = World::new();
    assert!(world.set("of another kind").is_none());
    world.write("o/kselftest/x", "");
    assert!(world.set("kbuild").is_none());
    let empty = TempDir::new().unwrap();
    let of = |kind| reads(kind, &world.checkout(), empty.path(), &[]).unwrap();
    assert!(of("kbuild").is_none() && of("kconfig").is_none());
    assert!(reads("kbuild", Path::new("/nonexistent"), empty.path(), &[]).is_err());
}

#[test]
fn paths_that_the_steps_name_count_if_they_are_inside() {
    let world = World::new();
    let extra = [world.checkout().join("b/b.c"), "b/Makefile".into(), "/etc/passwd".into()];
    let build = world.place.path().join("o");
    let set = reads("kconfig", &world.checkout(), &build, &extra).unwrap().unwrap();
    assert!(has(&set, "b/b.c") && has(&set, "b/Makefile") && !has(&set, "/etc/passwd"));
}
