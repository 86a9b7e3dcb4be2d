//! `build.json`: what a build is called and was made from, of which `bmeta.json` is made when it has ended. A function of
//! stamps and names, so it is in no key.
//!
//! The first line is JSON. What the compiler says of itself follows as it is: a fact could not be quoted.
//!
//! The text is in two shared lists of pieces, because there are thousands: what a defconfig says, and what a commit and a
//! toolchain say.

use std::sync::Arc;

use graph::spec::{Piece, Source};
use serde_json::{Map, Value as Json, json};

use super::arch;
use super::defconfig::Defconfig;
use super::make::Make;
use crate::front::kernelci::{ConfigAt, Toolchain};
use crate::redact::redact_url;

/// The file, in the work directory.
pub(super) const FILE: &str = "build.json";

/// The piece that is about the commit. No piece ends where another could not go on.
pub(super) fn revision(config: &ConfigAt) -> Arc<str> {
    let head = &config.head;
    let verbose =
        if head.describe_verbose.is_empty() { &head.describe } else { &head.describe_verbose };
    let revision = json!({
        "tree": &*config.tree,
        "url": redact_url(&config.url),
        "branch": &*config.branch,
        "commit": &*head.commit.id,
        // KernelCI makes a directory of it.
        "describe": head.describe.replace('/', "_"),
        "describe_verbose": &**verbose,
    });
    format!("\"revision\":{revision},").into()
}

/// The piece that is about the toolchain.
pub(super) fn environment(toolchain: &Toolchain, make: &Make) -> Arc<str> {
    let steered = ["ARCH", "LLVM", "HOSTCC", "CROSS_COMPILE", "CROSS_COMPILE_COMPAT", "CC"];
    let opts = make.variables.iter().filter(|(name, _)| !steered.contains(&&**name));
    let opts: Map<String, Json> =
        opts.map(|(name, value)| (name.to_string(), Json::from(&**value))).collect();
    let image = arch::image(&toolchain.arch);
    let environment = json!({
        "arch": &*toolchain.arch,
        "compiler": &*toolchain.cc,
        "cross_compile": &*toolchain.cross_compile,
        "cross_compile_compat": &*toolchain.cross_compile_compat,
        "name": &*toolchain.environment,
        "make_opts": opts,
    });
    let image = json!({
        "target": image.target,
        "names": image.names,
        "dirs": arch::dirs(&toolchain.arch),
    });
    format!("\"environment\":{environment},\"image\":{image}}}\n").into()
}

/// What comes after [`own`].
pub(super) fn common(
    revision: &Arc<str>,
    environment: &Arc<str>,
    compiler: &Source,
) -> Arc<[Piece]> {
    [
        Piece::Text(Arc::clone(revision)),
        Piece::Text(Arc::clone(environment)),
        Piece::Fact(compiler.clone()),
    ]
    .into()
}

/// The piece that is about the defconfig, which is the first.
pub(super) fn own(text: &str, defconfig: &Defconfig<'_>, has_selftests: bool) -> Arc<[Piece]> {
    let mut extras = text.split('+').skip(1).map(extra).peekable();
    let is_plain = extras.peek().is_none();
    let mut expanded = defconfig.base.to_owned();
    if !is_plain {
        // A fragment by name becomes its path, in its place.
        let mut merged = defconfig.merged.iter();
        for part in text.split('+').skip(1) {
            let is_line = part.starts_with("CONFIG_") || part.starts_with("KCONFIG_");
            let path = if is_line { None } else { merged.next().map(|merged| merged.path()) };
            expanded.push('+');
            expanded.push_str(path.unwrap_or(part));
        }
    }
    let kernel = json!({
        "defconfig": defconfig.base,
        "defconfig_full": text,
        "defconfig_expanded": expanded,
        "defconfig_extras": extras.collect::<Vec<_>>(),
    });
    [Piece::Text(format!("{{\"kselftest\":{has_selftests},\"kernel\":{kernel},").into())].into()
}

/// A part as KernelCI lists it: of a path, the name without what tells its kind.
fn extra(part: &str) -> &str {
    if part.starts_with("CONFIG_") || part.starts_with("KCONFIG_") {
        return part;
    }
    let name = part.rsplit('/').next().unwrap_or(part);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}
