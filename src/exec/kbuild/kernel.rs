//! What a kernel build has read. Its `.config` came from elsewhere, so Kconfig files are no part of it: that they and
//! the `.config` agree was seen to where it was made.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use graph::reads::ReadSet;
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::arch::architectures;
use super::built::Built;
use super::commands::Mentioned;
use super::named::{Named, is_set, named};
use super::seen::Seen;
use super::steering::{self, Trail};
use super::tree::{Tree, base, joined, parent, plain};

/// Endings of what an object can be made of: a file with an earlier one, beside the one that was read, is taken instead.
const MADE_OF: &[&str] =
    &["c", "S", "s", "rs", "asn1", "l", "y", "c_shipped", "S_shipped", "o_shipped", "dts", "dtso"];

/// The files that a build in `build` has read; nothing where that cannot be told.
pub(super) fn read(tree: &Tree, build: &Path, extra: &[String]) -> io::Result<Option<ReadSet>> {
    let Ok(config) = fs::read(build.join(".config")) else { return Ok(None) };
    let config = String::from_utf8_lossy(&config);
    let built = Built::walk(build)?;
    // The self-tests are built by Makefiles of their own kind, which leave no record of what they read.
    let selftests = |path: &String| path.starts_with("kselftest") || path == "tools/testing";
    if built.records.is_empty() || built.directories.iter().any(selftests) {
        return Ok(None);
    }
    let Named::Inside(named) = named(&config, tree, build) else { return Ok(None) };
    let mut seen = Seen::new(tree);
    extra.iter().chain(&named).for_each(|path| seen.read(path));
    let mentioned = mentioned(tree, build, &built)?;
    take(&mut seen, &mentioned, tree, build);
    shadows(&mut seen, &built);
    options(&mut seen, &config, tree, &built);
    steer(&mut seen, &config, tree, &built);
    contents(&mut seen, tree);
    seen.bears("localversion*");
    let inside = inside(tree, build);
    Ok(Some(seen.without(|path| {
        base(path).starts_with("Kconfig")
            || path == ".gitignore"
            || inside.as_deref().is_some_and(|build| path.starts_with(build))
    })))
}

/// Where the build directory lies in the checkout, if it does.
fn inside(tree: &Tree, build: &Path) -> Option<String> {
    let build = build.canonicalize().ok()?;
    let path = build.strip_prefix(tree.root()).ok()?.to_str()?;
    (!path.is_empty()).then(|| format!("{path}/"))
}

fn mentioned(tree: &Tree, build: &Path, built: &Built) -> io::Result<Mentioned> {
    let prefixes = tree.prefixes();
    built
        .records
        .par_iter()
        .map(|path| {
            let mut mentioned = Mentioned::default();
            let text = fs::read(build.join(path))?;
            mentioned.add(&String::from_utf8_lossy(&text), parent(path), prefixes);
            Ok(mentioned)
        })
        .try_reduce(Mentioned::default, |one, other| Ok(one.join(other)))
}

fn take(seen: &mut Seen<'_>, mentioned: &Mentioned, tree: &Tree, build: &Path) {
    mentioned.read.iter().for_each(|path| seen.read(path));
    for path in &mentioned.named {
        seen.read_if_file(path);
    }
    for name in &mentioned.names {
        seen.bears(name);
    }
    let at = build.canonicalize().unwrap_or_else(|_| build.to_owned());
    let at = at.to_string_lossy();
    // Kbuild runs its commands in the build directory, and names the source from there if that is shorter.
    let from_build = |word: &str| {
        let path = word.starts_with("../").then(|| plain(&format!("{at}/{word}")))??;
        tree.below(&format!("/{path}")).map(str::to_owned)
    };
    let mut tools = None;
    for (directory, word) in &mentioned.relative {
        if let Some(path) = from_build(word) {
            seen.read(&path);
            continue;
        }
        // Only what is below tools/, or made from there, is made elsewhere: in the directories of its source.
        let aside = directory.starts_with("tools");
        if !aside && build.join(word).is_file() {
            continue;
        }
        let found = upwards(seen, directory, word);
        if aside || !found {
            let files = tools.get_or_insert_with(|| tool_files(tree));
            let ends = format!("/{}", word.trim_start_matches("../").trim_start_matches("./"));
            files.iter().filter(|path| path.ends_with(&ends)).for_each(|path| seen.read(path));
        }
    }
    for (directory, word) in &mentioned.hinted {
        match from_build(word) {
            Some(path) => seen.read_if_file(&path),
            None => upwards(seen, directory, word),
        };
    }
}

/// Takes what a relative path leads to from a directory and from each above it; whether it led anywhere.
fn upwards(seen: &mut Seen<'_>, directory: &str, word: &str) -> bool {
    let mut at = directory;
    let mut found = false;
    loop {
        found |= seen.read_if_file(&joined(at, word));
        if at.is_empty() {
            return found;
        }
        at = parent(at);
    }
}

/// A tool's library is made in the library's directory but recorded in the tool's, so its sources are looked for in all.
fn tool_files(tree: &Tree) -> Vec<String> {
    let mut files = Vec::new();
    let enter = |path: &str| path != "tools/testing" && path != "tools/perf";
    tree.each_below("tools", &enter, &mut |path| files.push(path));
    files
}

/// Places where a file would be taken for one that was made or read. Make looks in the tree, too, for everything that it
/// makes (`VPATH`), and among the rules for an object the first whose source exists wins.
fn shadows(seen: &mut Seen<'_>, built: &Built) {
    for path in built.files.iter().filter(|path| *path != ".gitignore") {
        seen.looked_for(path);
        seen.looked_for(&format!("{path}_shipped"));
        if let Some((stem, "o" | "s" | "dtb" | "dtbo")) = path.rsplit_once('.') {
            for ending in MADE_OF {
                seen.looked_for(&format!("{stem}.{ending}"));
            }
        }
        if path.ends_with(".lds") {
            seen.looked_for(&format!("{path}.S"));
        }
    }
    // With these in it, a source tree counts as not clean, and the build refuses.
    for name in [".config", "include/config", ".scmversion"] {
        seen.looked_for(name);
    }
}

/// Options by which a build reads whole directories.
fn options(seen: &mut Seen<'_>, config: &str, tree: &Tree, built: &Built) {
    let headers = is_set(config, "CONFIG_IKHEADERS");
    if headers {
        seen.all_below("include");
        for arch in architectures(tree, config, built) {
            seen.all_below(&format!("arch/{arch}/include"));
        }
    }
    if is_set(config, "CONFIG_RUST") {
        seen.all_below("rust");
    }
    if headers || is_set(config, "CONFIG_UAPI_HEADER_TEST") {
        seen.bears("*");
    }
}

fn steer(seen: &mut Seen<'_>, config: &str, tree: &Tree, built: &Built) {
    let architectures = architectures(tree, config, built);
    let mut trail = Trail::new(&architectures);
    for directory in &built.directories {
        seen.visit(directory);
    }
    let mut files = steering::scripts(seen, &|directory| built.has(directory));
    for arch in &architectures {
        files.extend(steering::below(seen, &format!("arch/{arch}")));
    }
    if built.has("tools") {
        for directory in ["tools/build", "tools/scripts"] {
            seen.visit(directory);
            files.extend(seen.all_below(directory));
        }
    }
    for directory in seen.visited() {
        files.extend(steering::of_directory(seen, &directory));
    }
    files.into_iter().for_each(|path| trail.add(path));
    trail.follow(seen);
}

/// What texts ask for without being told to the compiler's list of dependencies: `__has_include` looks only, and
/// `.incbin` is the assembler's.
fn contents(seen: &mut Seen<'_>, tree: &Tree) {
    let root = tree.root();
    let texts: Vec<String> = seen.paths().filter(|path| is_code(path)).map(str::to_owned).collect();
    let asked: HashSet<(bool, String)> = texts
        .into_par_iter()
        .flat_map_iter(|path| {
            fs::read(root.join(path)).map(|text| asked_for(&text)).unwrap_or_default()
        })
        .collect();
    for (looks, path) in asked {
        if looks {
            seen.bears(base(&path));
        }
        seen.read_if_file(&path);
    }
}

fn is_code(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, end)| matches!(end, "c" | "h" | "S" | "s" | "dts" | "dtsi"))
}

/// The paths in quotes or angle brackets on lines that look or include without a trace; whether each looks only.
fn asked_for(text: &[u8]) -> Vec<(bool, String)> {
    let mut asked = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        // Most lines have neither; only what has is worth to be made text of.
        let Some(kind) = marked(line) else { continue };
        let line = String::from_utf8_lossy(line);
        let line = line.replace("\\\"", "\"");
        asked.extend(
            line.split(['"', '<', '>', '(', ')'])
                .filter(|part| part.contains(['/', '.']) && !part.contains(' '))
                .map(|part| (kind, part.to_owned())),
        );
    }
    asked
}

fn marked(line: &[u8]) -> Option<bool> {
    let has = |mark: &[u8]| line.windows(mark.len()).any(|window| window == mark);
    if !line.contains(&b'i') {
        None
    } else if has(b"__has_include") {
        Some(true)
    } else {
        has(b"incbin").then_some(false)
    }
}
