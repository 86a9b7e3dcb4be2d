//! The matrix of a build config at a commit: KernelCI's `list_kernel_configs`. Reads nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use graph::name::NodeName;

use super::build::{ConfigAt, Fragment, KernelBuilds};
use super::excluded::{Excluding, excluded};
use super::file::{Architecture, BuildConfig, Declared, is_target};
use super::filter::Candidate;
use super::problems;
use super::trees::Head;
use crate::diagnostic::Diagnostics;
use crate::front::loaded::Excluded;

/// What a commit holds, as far as it decides what is built.
#[derive(Debug)]
pub(super) struct Listing {
    /// Of each fragment, whether it is there or will be generated.
    exists: Vec<bool>,
    /// The defconfigs of each architecture.
    defconfigs: HashMap<Arc<str>, Vec<Arc<str>>>,
}

/// What became of a build config.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub(super) builds: Vec<KernelBuilds>,
    pub(super) excluded: Vec<Excluded>,
    pub(super) excluded_count: usize,
    pub(super) problems: Diagnostics,
}

/// The paths of a tree that decide what is built of it.
pub(super) fn below(declared: &Declared) -> Vec<String> {
    let variants = declared.configs.iter().flat_map(|config| config.variants.iter());
    let archs = variants.flat_map(|variant| &variant.architectures);
    let archs: HashSet<&str> = archs.map(|arch| &*arch.toolchain.arch).collect();
    let mut below: Vec<String> =
        archs.into_iter().map(|arch| format!("arch/{arch}/configs")).collect();
    below.extend(declared.fragments.iter().map(|fragment| fragment.path.to_string()));
    below.sort();
    below.dedup();
    below
}

impl Listing {
    /// Makes one of the paths of a commit, sorted.
    pub(super) fn of(paths: &[String], fragments: &[Arc<Fragment>]) -> Self {
        let mut defconfigs: HashMap<Arc<str>, Vec<Arc<str>>> = HashMap::new();
        for path in paths {
            let Some((arch, below)) =
                path.strip_prefix("arch/").and_then(|path| path.split_once('/'))
            else {
                continue;
            };
            let Some(entry) = below.strip_prefix("configs/") else { continue };
            let name = entry.split('/').next().unwrap_or_default();
            if !is_target(name) {
                continue;
            }
            if !defconfigs.contains_key(arch) {
                defconfigs.insert(arch.into(), Vec::new());
            }
            if let Some(names) = defconfigs.get_mut(arch)
                && names.last().is_none_or(|last| &**last != name)
            {
                names.push(name.into());
            }
        }
        let exists = fragments.iter().map(|fragment| exists(fragment, paths)).collect();
        Self { exists, defconfigs }
    }
}

/// Whether a fragment is a file of the tree, or will be made one: kselftest's is collected from the tests.
fn exists(fragment: &Fragment, paths: &[String]) -> bool {
    if !fragment.configs.is_empty() || &*fragment.name == "kselftest" {
        return true;
    }
    let path = &*fragment.path;
    let is_there = paths.binary_search_by(|other| other.as_str().cmp(path)).is_ok();
    is_there || {
        let dir = format!("{path}/");
        let at = paths.partition_point(|other| other.as_str() < dir.as_str());
        paths.get(at).is_some_and(|other| other.starts_with(&dir))
    }
}

/// Expands a build config at a commit, in order of declaration.
pub(super) fn expand(
    config: &BuildConfig,
    head: &Head,
    listing: &Listing,
    excluding: Excluding,
) -> Expanded {
    let at = Arc::new(ConfigAt {
        name: config.name.value.clone(),
        tree: config.tree.value.clone(),
        url: config.url.value.clone(),
        branch: config.branch.value.clone(),
        head: head.clone(),
        declared: config.name.span.place(),
    });
    let mut expanded = Expanded::default();
    for variant in config.variants.iter() {
        for arch in &variant.architectures {
            expanded.architecture(&at, &variant.name, arch, listing, excluding);
        }
    }
    expanded
}

impl Expanded {
    fn architecture(
        &mut self,
        config: &Arc<ConfigAt>,
        variant: &Arc<str>,
        arch: &Architecture,
        listing: &Listing,
        excluding: Excluding,
    ) {
        let in_tree = listing.defconfigs.get(&arch.toolchain.arch);
        let exists = |needs: Option<usize>| {
            needs.is_none_or(|index| listing.exists.get(index).copied().unwrap_or_default())
        };
        let said = arch.defconfigs.iter().filter(|defconfig| exists(defconfig.needs));
        let all = said.map(|defconfig| &defconfig.text).chain(in_tree.into_iter().flatten());
        let mut seen: HashSet<&str> = HashSet::new();
        let mut builds = KernelBuilds {
            config: Arc::clone(config),
            variant: Arc::clone(variant),
            toolchain: Arc::clone(&arch.toolchain),
            defconfigs: Vec::new(),
            declared: arch.span.place(),
        };
        for defconfig in all {
            if !seen.insert(defconfig) {
                continue;
            }
            let candidate = Candidate {
                defconfig,
                kernel: &config.head.describe,
                tree: &config.tree,
                branch: &config.branch,
            };
            match arch.filters.rejects(candidate) {
                Ok(None) => builds.defconfigs.push(Arc::clone(defconfig)),
                Ok(Some(rejection)) => {
                    self.excluded_count += 1;
                    let segments = [&*config.name, variant, &arch.toolchain.arch, defconfig];
                    if excluding == Excluding::Listed
                        && let Ok(name) = NodeName::new("kernel", segments)
                    {
                        self.excluded.push(excluded(name, &rejection));
                    }
                }
                Err(exhausted) => {
                    self.problems.push(problems::without_end(exhausted.pattern));
                    return;
                }
            }
        }
        if !builds.defconfigs.is_empty() {
            self.builds.push(builds);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use graph::spec::Place;

    use super::{Listing, exists};
    use crate::front::kernelci::build::Fragment;

    #[test]
    fn defconfigs_are_the_entries_whose_names_end_so() {
        let paths = [
            "arch/arm/boot/x_defconfig",
            "arch/arm/configs/a_defconfig",
            "arch/arm/configs/dir_defconfig/one",
            "arch/arm/configs/dir_defconfig/two",
            "arch/arm/configs/hardening.config",
            "arch/arm/configs/sub/b_defconfig",
            "arch/powerpc/configs/83xx-defconfig",
            "kernel/configs/c_defconfig",
        ];
        let listing = Listing::of(&paths.map(str::to_owned), &[]);
        let names = |arch: &str| listing.defconfigs[arch].join(" ");
        assert_eq!(names("arm"), "a_defconfig dir_defconfig");
        assert_eq!(names("powerpc"), "83xx-defconfig");
    }

    #[test]
    fn a_fragment_exists_in_the_tree_or_is_made() {
        let paths = ["kernel/configs.d", "kernel/configs/debug.config"].map(str::to_owned);
        let has = |name: &str, path: &str, configs: &[&str]| {
            let fragment = Arc::new(Fragment {
                name: name.into(),
                path: path.into(),
                configs: configs.iter().map(|line| (*line).to_owned()).collect(),
                defconfig: None,
                declared: Place::file("f"),
            });
            exists(&fragment, &paths)
        };
        assert!(has("debug", "kernel/configs/debug.config", &[]));
        assert!(has("dir", "kernel/configs", &[]));
        assert!(!has("ima", "kernel/configs/ima.config", &[]));
        assert!(!has("part", "kernel/conf", &[]));
        assert!(has("ima", "kernel/configs/ima.config", &["CONFIG_IMA=y"]));
        assert!(has("kselftest", "kernel/configs/kselftest.config", &[]));
    }
}
