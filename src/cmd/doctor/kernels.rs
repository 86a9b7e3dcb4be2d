//! What kernels need of the host: make and what it starts, and the compilers that the configuration names. Asks no
//! remote, so that a compiler counts although no tree may have a configuration for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::facts::Fact;

use super::check::Check;
use crate::config::Project;
use crate::context::Environment;
use crate::diagnostic::SourceText;
use crate::front::yaml::{Node, parse_yaml};
use crate::probe::Forgetful;
use crate::probe::tool::{find_program, package_hint, tool_fact};

/// What every kernel's build starts.
const NEEDED: [&str; 5] = ["make", "bc", "bison", "flex", "perl"];

/// What can be used in place of a compiler, to do its work once.
const CACHES: [&str; 2] = ["ccache", "sccache"];

/// Everything about the kernels of a project.
pub(super) fn checks(project: &Project, env: &Environment) -> Vec<Check> {
    let mut checks: Vec<Check> =
        NEEDED.iter().map(|name| program("kernel tools", env, name, true)).collect();
    let compilers = compilers(&matrix(project));
    checks.extend(compilers.iter().map(|name| program("compiler", env, name, false)));
    checks.extend(cache(project, env));
    checks
}

/// Whether a program is there, and which version it is.
fn program(what: &'static str, env: &Environment, name: &str, all_need_it: bool) -> Check {
    match tool_fact(env, &Forgetful, name) {
        Fact::Known { text, .. } => Check::ok(what, text.to_string()),
        Fact::Missing => Check::ok(what, format!("`{name}` is not installed")),
        Fact::Unknown(why) => {
            let check =
                if all_need_it { Check::broken(what, &*why) } else { Check::warning(what, &*why) };
            package_hint(name).into_iter().fold(check, Check::hint)
        }
    }
}

/// A cache of compiled files that nothing can fill.
fn cache(project: &Project, env: &Environment) -> Option<Check> {
    let dir = project.settings.shared.ccache.as_ref()?;
    let found = CACHES.iter().find(|name| find_program(env, Path::new("/"), name).is_some());
    Some(match found {
        Some(name) => program("shared.ccache", env, name, false),
        None => {
            let found = format!("`{}` is configured, and there is no `ccache`", dir.display());
            let check = Check::warning("shared.ccache", found);
            package_hint("ccache").into_iter().fold(check, Check::hint)
        }
    })
}

/// The documents of the matrix, as far as they can be read; what is wrong with them is `graph list`'s to say.
fn matrix(project: &Project) -> Vec<Arc<Node>> {
    let files = project.kernels.iter().flat_map(|path| {
        let path = project.root.join(path);
        if path.is_dir() { yaml_files(&path) } else { vec![path] }
    });
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        let source = Arc::new(SourceText::new(&*path.to_string_lossy(), text));
        parse_yaml(&source).ok().map(|(node, _)| node)
    };
    files.filter_map(read).collect()
}

fn yaml_files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = dir.read_dir() else { return Vec::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

/// The compilers of every architecture of every variant that a build config has.
fn compilers(documents: &[Arc<Node>]) -> BTreeSet<String> {
    let section =
        |name: &str| documents.iter().filter_map(|node| node.get(name)).collect::<Vec<_>>();
    let defaults: Vec<&Arc<Node>> =
        section("build_configs_defaults").iter().filter_map(|node| node.get("variants")).collect();
    let mut compilers = BTreeSet::new();
    for (_, config) in section("build_configs").into_iter().flat_map(entries) {
        let own = config.get("variants").filter(|variants| !variants.is_null());
        let variants = own.map_or_else(|| defaults.clone(), |own| vec![own]);
        for (_, variant) in variants.into_iter().flat_map(entries) {
            let environment = variant.get("build_environment").and_then(|name| name.as_str());
            let environment = environment.and_then(|name| {
                section("build_environments").into_iter().find_map(|all| all.get(name))
            });
            let (Some(environment), Some(architectures)) =
                (environment, variant.get("architectures"))
            else {
                continue;
            };
            compilers
                .extend(entries(architectures).filter_map(|(arch, _)| compiler(environment, arch)));
        }
    }
    compilers
}

/// What an environment compiles with for an architecture: gcc has a program for each, clang one for all.
fn compiler(environment: &Node, arch: &str) -> Option<String> {
    let cc = environment.get("cc")?.as_str()?;
    let params = environment.get("arch_params").and_then(|params| params.get(arch));
    let prefix = params.and_then(|params| params.get("cross_compile")?.as_str());
    Some(if cc.starts_with("clang") { cc.to_owned() } else { prefix.unwrap_or("").to_owned() + cc })
}

fn entries(node: &Arc<Node>) -> impl Iterator<Item = (&str, &Arc<Node>)> {
    let map = node.as_map().into_iter().flatten();
    map.filter_map(|(key, entry)| Some((key.as_str()?, &entry.value)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::compilers;
    use crate::diagnostic::SourceText;
    use crate::front::yaml::parse_yaml;

    #[test]
    fn compilers_are_those_of_the_variants() {
        let text = "
build_environments:
  gcc-12: {cc: gcc, arch_params: {arm64: {cross_compile: aarch64-linux-gnu-}, x86_64: }}
  clang-16: {cc: clang, arch_params: {arm64: {cross_compile: aarch64-linux-gnu-}}}
  gcc-8: {cc: gcc, arch_params: {mips: {cross_compile: mips-linux-gnu-}}}
build_configs_defaults:
  variants: {gcc-12: {build_environment: gcc-12, architectures: {x86_64: }}}
build_configs:
  one: {tree: a, branch: b}
  two: {variants: {clang: {build_environment: clang-16, architectures: {arm64: }}}}
  odd: {variants: {x: {build_environment: none, architectures: {arm64: }}, y: 3}}
";
        let source = Arc::new(SourceText::new("build-configs.yaml", text));
        let (node, _) = parse_yaml(&source).unwrap();
        assert_eq!(compilers(&[node]).into_iter().collect::<Vec<_>>(), ["clang", "gcc"]);
        let text = text.replace("{arm64: }}, y", "{arm64: }}, z").replace("none", "gcc-12");
        let source = Arc::new(SourceText::new("build-configs.yaml", text));
        let (node, _) = parse_yaml(&source).unwrap();
        let all: Vec<String> = compilers(&[node]).into_iter().collect();
        assert_eq!(all, ["aarch64-linux-gnu-gcc", "clang", "gcc"]);
    }
}
