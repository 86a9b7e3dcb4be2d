//! Chooses edits over a tree: which files, and what becomes of each. Applies none.

use std::collections::HashSet;
use std::fs;

use crate::edit::{Change, Edit, changed};
use crate::random::Random;
use crate::world::World;

/// Which files of the tree a class is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Yes,
    No,
}

/// A class of edits: its name, which paths it takes, whether read, how often, and what changes.
type Class = (&'static str, fn(&str) -> bool, Read, usize, Change);

const COMMENT: Change = Change::Append("/* nothing new */");
const HASH: Change = Change::Append("# nothing new");

const CLASSES: &[Class] = &[
    ("C, read: constant", is_kernel_c, Read::Yes, 9, Change::Constant),
    ("C, read: comment", is_kernel_c, Read::Yes, 3, COMMENT),
    ("C, not read", is_kernel_c, Read::No, 4, Change::Constant),
    ("header, read: constant", is_header, Read::Yes, 6, Change::Define),
    ("header, read: comment", is_header, Read::Yes, 2, COMMENT),
    ("header, not read", is_header, Read::No, 4, Change::Define),
    ("assembly, read: instruction", is_assembly, Read::Yes, 4, Change::Append(".text\n\tnop")),
    ("assembly, read: comment", is_assembly, Read::Yes, 1, COMMENT),
    ("assembly, not read", is_assembly, Read::No, 2, Change::Append(".text\n\tnop")),
    ("Kconfig: default or prompt", is_kconfig, Read::No, 5, Change::Kconfig),
    ("Kconfig: default of the core", is_core_kconfig, Read::No, 4, Change::Kconfig),
    ("Kconfig: comment", is_kconfig, Read::No, 2, HASH),
    ("Makefile, read: comment", is_makefile, Read::Yes, 3, HASH),
    ("Makefile, read: flag", is_makefile, Read::Yes, 3, Change::Append("ccflags-y += -DNEW_X=1")),
    ("Makefile, read: space", is_makefile, Read::Yes, 1, Change::Space),
    ("Makefile, read: object gone", is_core_makefile, Read::Yes, 3, Change::Object),
    ("Makefile, not read", is_makefile, Read::No, 3, HASH),
    ("script, read: comment", is_script, Read::Yes, 4, HASH),
    ("script, read: constant", is_script_c, Read::Yes, 3, Change::Constant),
    ("script, not read", is_script, Read::No, 2, HASH),
    ("tool, read: constant", is_tool, Read::Yes, 2, Change::Constant),
    ("documentation", is_document, Read::No, 4, Change::Append("Nothing new.")),
];

/// The edits of a seed.
pub(crate) fn choose(world: &World, read: &HashSet<String>, seed: u64) -> Vec<Edit> {
    let mut random = Random::new(seed);
    let paths = world.listing.paths();
    let mut edits = Vec::new();
    for (class, takes, wanted, count, change) in CLASSES {
        let pool: Vec<&String> = paths
            .iter()
            .filter(|path| takes(path) && (*wanted == Read::Yes) == read.contains(*path))
            .collect();
        let (mut made, mut tries) = (0, 0);
        while made < *count && tries < 500 {
            tries += 1;
            let Some(path) = random.one(&pool) else { break };
            let Ok(text) = fs::read_to_string(world.tree.join(path)) else { continue };
            let Some((text, what)) = changed(&text, *change, &mut random) else { continue };
            let path = (*path).clone();
            edits.push(Edit { class, path, what, content: Some(text.into_bytes()) });
            made += 1;
        }
    }
    added(world, read, &mut random, &mut edits);
    deleted(&paths, read, &mut random, &mut edits);
    // In mixed order, so that a trial that is cut short has some of each class.
    for at in (1..edits.len()).rev() {
        edits.swap(at, random.below(at + 1));
    }
    edits
}

fn added(world: &World, read: &HashSet<String>, random: &mut Random, edits: &mut Vec<Edit>) {
    let mut add = |class, path: String, what: &str, text: String| {
        if !world.listing.has(&path) {
            edits.push(Edit {
                class,
                path,
                what: what.to_owned(),
                content: Some(text.into_bytes()),
            });
        }
    };
    let mut paths: Vec<&String> = read.iter().filter(|path| world.listing.has(path)).collect();
    paths.sort_unstable();
    let text = |path: &str| fs::read_to_string(world.tree.join(path)).unwrap_or_default();
    let class = "added: header that shadows";
    let generic: Vec<&&String> =
        paths.iter().filter(|path| path.starts_with("include/asm-generic/")).collect();
    let linux: Vec<&&String> = paths
        .iter()
        .filter(|path| path.starts_with("include/linux/") && path.ends_with(".h"))
        .collect();
    for _ in 0..3 {
        if let Some(path) = random.one(&generic) {
            let to = path.replace("include/asm-generic/", "arch/x86/include/asm/");
            add(class, to, "its text and an error", format!("{}#error shadowed\n", text(path)));
        }
        if let Some(path) = random.one(&linux) {
            let to = format!("arch/x86/{path}");
            add(class, to, "its text and an error", format!("{}#error shadowed\n", text(path)));
        }
    }
    let class = "added: Kbuild, or source that wins";
    let makefiles: Vec<&&String> =
        paths.iter().filter(|path| is_core_makefile(path) && path.ends_with("/Makefile")).collect();
    for _ in 0..2 {
        if let Some(path) = random.one(&makefiles) {
            let to = path.replace("/Makefile", "/Kbuild");
            add(class, to, "an empty one", "obj-y :=\n".to_owned());
        }
    }
    let assembly: Vec<&&String> = paths.iter().filter(|path| is_assembly(path)).collect();
    for _ in 0..3 {
        if let Some(path) = random.one(&assembly) {
            let to = format!("{}.c", path.trim_end_matches(".S"));
            add(class, to, "beside the assembly", "int other;\n".to_owned());
        }
    }
    let class = "added: steers";
    add(class, "localversion-new".to_owned(), "a version", "-new\n".to_owned());
    add(class, "GNUmakefile".to_owned(), "an error", "$(error GNUmakefile)\n".to_owned());
    let class = "added: nothing to do with it";
    let visited: Vec<&&String> = paths.iter().filter(|path| is_kernel_c(path)).collect();
    for _ in 0..3 {
        if let Some(path) = random.one(&visited) {
            let to = format!("{}_quite_new.c", path.trim_end_matches(".c"));
            add(class, to, "beside a source", "int quite_new;\n".to_owned());
        }
    }
    add(class, "Documentation/quite-new.rst".to_owned(), "a text", "New\n".to_owned());
    add(class, "drivers/quite_new/Kconfig".to_owned(), "sourced by none", "bool\n".to_owned());
    add(class, "include/linux/quite_new.h".to_owned(), "included by none", "#error\n".to_owned());
}

fn deleted(paths: &[String], read: &HashSet<String>, random: &mut Random, edits: &mut Vec<Edit>) {
    let classes: &[Class] = &[
        ("deleted, read", is_kernel_c, Read::Yes, 1, COMMENT),
        ("deleted, read", is_header, Read::Yes, 1, COMMENT),
        ("deleted, not read", is_kernel_c, Read::No, 1, COMMENT),
        ("deleted, not read", is_header, Read::No, 2, COMMENT),
        ("deleted, not read", is_makefile, Read::No, 1, COMMENT),
        ("deleted, not read", is_document, Read::No, 1, COMMENT),
    ];
    for (class, takes, wanted, count, _) in classes {
        let pool: Vec<&String> = paths
            .iter()
            .filter(|path| takes(path) && (*wanted == Read::Yes) == read.contains(*path))
            .collect();
        for _ in 0..*count {
            let Some(path) = random.one(&pool) else { continue };
            let what = "deleted".to_owned();
            edits.push(Edit { class, path: (*path).clone(), what, content: None });
        }
    }
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn is_aside(path: &str) -> bool {
    ["scripts/", "tools/", "samples/", "Documentation/"].iter().any(|aside| path.starts_with(aside))
}

fn is_kernel_c(path: &str) -> bool {
    path.ends_with(".c") && !is_aside(path)
}

fn is_header(path: &str) -> bool {
    path.ends_with(".h") && !is_aside(path)
}

fn is_assembly(path: &str) -> bool {
    path.ends_with(".S") && !path.ends_with(".lds.S") && !is_aside(path)
}

fn is_kconfig(path: &str) -> bool {
    name(path).starts_with("Kconfig") && !is_aside(path)
}

fn is_core_kconfig(path: &str) -> bool {
    let core = ["init/", "mm/", "lib/", "kernel/", "arch/x86/", "arch/Kconfig", "fs/Kconfig"];
    is_kconfig(path) && core.iter().any(|core| path.starts_with(core))
}

fn is_makefile(path: &str) -> bool {
    matches!(name(path), "Makefile" | "Kbuild") && !is_aside(path)
}

fn is_core_makefile(path: &str) -> bool {
    let core = ["init/", "mm/", "lib/", "kernel/", "fs/", "arch/x86/"];
    is_makefile(path) && core.iter().any(|core| path.starts_with(core))
}

fn is_script(path: &str) -> bool {
    path.starts_with("scripts/")
        && (path.ends_with(".sh") || path.ends_with(".pl") || name(path).starts_with("Makefile"))
}

fn is_script_c(path: &str) -> bool {
    path.starts_with("scripts/") && path.ends_with(".c")
}

fn is_tool(path: &str) -> bool {
    path.starts_with("tools/") && (path.ends_with(".c") || path.ends_with(".h"))
}

fn is_document(path: &str) -> bool {
    path.starts_with("Documentation/") && (path.ends_with(".rst") || path.ends_with(".txt"))
}
