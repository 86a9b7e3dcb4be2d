//! `base+PART+PART…`, taken apart as KernelCI does. Knows no node.

use std::collections::HashMap;
use std::sync::Arc;

use crate::front::kernelci::Fragment;

/// What a defconfig string asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Defconfig<'a> {
    /// What make is asked for, or where a config is to be had.
    pub(super) base: &'a str,
    /// Variables for make, name and value.
    pub(super) variables: Vec<(&'a str, &'a str)>,
    /// `CONFIG_` lines. They come before all fragments, wherever they stand.
    pub(super) lines: Vec<&'a str>,
    /// What is merged, in order.
    pub(super) merged: Vec<Merged<'a>>,
}

/// A fragment of a defconfig string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merged<'a> {
    /// A fragment whose lines are in the configuration.
    Lines(&'a Arc<Fragment>),
    /// The configs that the kernel's own tests ask for, and then the lines of the fragment.
    Selftests(&'a Arc<Fragment>),
    /// A file of the tree, with its fragment, if it is one by name.
    Path(&'a str, Option<&'a Arc<Fragment>>),
}

/// The fragments, by name and by path: older configurations name the files that KernelCI generates.
pub(super) struct Fragments<'a> {
    by_name: &'a HashMap<Arc<str>, Arc<Fragment>>,
    generated: HashMap<&'a str, &'a Arc<Fragment>>,
}

/// The fragment that is made of what the kernel's own tests ask for.
pub(super) const SELFTESTS: &str = "kselftest";

impl<'a> Fragments<'a> {
    pub(super) fn new(by_name: &'a HashMap<Arc<str>, Arc<Fragment>>) -> Self {
        let is_generated = |fragment: &&Arc<Fragment>| {
            !fragment.configs.is_empty() || &*fragment.name == SELFTESTS
        };
        let mut generated: Vec<_> = by_name.values().filter(is_generated).collect();
        // Of several with one path, the last by name, so that it is always the same.
        generated.sort_by(|a, b| a.name.cmp(&b.name));
        let generated = generated.into_iter().map(|fragment| (&*fragment.path, fragment)).collect();
        Self { by_name, generated }
    }

    fn part(&self, part: &'a str) -> Merged<'a> {
        let known = self.by_name.get(part).or_else(|| self.generated.get(part).copied());
        match known {
            Some(fragment) if &*fragment.name == SELFTESTS => Merged::Selftests(fragment),
            Some(fragment) if !fragment.configs.is_empty() => Merged::Lines(fragment),
            Some(fragment) => Merged::Path(&fragment.path, Some(fragment)),
            None => Merged::Path(part, None),
        }
    }

    pub(super) fn parse(&self, text: &'a str) -> Defconfig<'a> {
        let mut parts = text.split('+');
        let base = parts.next().unwrap_or_default();
        let mut defconfig =
            Defconfig { base, variables: Vec::new(), lines: Vec::new(), merged: Vec::new() };
        for part in parts {
            if part.starts_with("KCONFIG_") {
                defconfig.variables.push(part.split_once('=').unwrap_or((part, "")));
            } else if part.starts_with("CONFIG_") {
                defconfig.lines.push(part);
            } else {
                defconfig.merged.push(self.part(part));
            }
        }
        defconfig
    }
}

impl<'a> Merged<'a> {
    /// Its path in the tree.
    pub(super) fn path(self) -> &'a str {
        match self {
            Self::Lines(fragment) | Self::Selftests(fragment) => &fragment.path,
            Self::Path(path, _) => path,
        }
    }

    /// The fragment that it is.
    pub(super) fn fragment(self) -> Option<&'a Arc<Fragment>> {
        match self {
            Self::Lines(fragment) | Self::Selftests(fragment) => Some(fragment),
            Self::Path(_, fragment) => fragment,
        }
    }

    /// What it is called: the fragment's name, or the path.
    pub(super) fn name(self) -> &'a str {
        self.fragment().map_or(self.path(), |fragment| &fragment.name)
    }
}

impl Defconfig<'_> {
    /// Whether anything is merged into what make makes of the base.
    pub(super) fn is_merged(&self) -> bool {
        !self.lines.is_empty() || !self.merged.is_empty()
    }

    /// Whether the kernel's own tests are asked for.
    pub(super) fn has_selftests(&self) -> bool {
        self.merged.iter().any(|merged| matches!(merged, Merged::Selftests(_)))
    }

    /// Where the base is downloaded from, if it is no target of make.
    pub(super) fn download(&self) -> Option<String> {
        let base = self.base;
        if let Some(rest) = base.strip_prefix("cip://") {
            let (branch, path) = rest.split_once('/').unwrap_or((rest, ""));
            let repository = "https://gitlab.com/cip-project/cip-kernel/cip-kernel-config";
            return Some(format!("{repository}/-/raw/master/{branch}/{path}"));
        }
        let rest = base.strip_prefix("cros://")?;
        let branch = rest.split('/').next().unwrap_or_default();
        let repository = "https://chromium.googlesource.com/chromiumos/third_party/kernel";
        Some(format!("{repository}/+archive/refs/heads/{branch}/chromeos/config.tar.gz"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use graph::spec::Place;

    use super::{Fragments, Merged};
    use crate::front::kernelci::Fragment;

    fn fragments() -> HashMap<Arc<str>, Arc<Fragment>> {
        let fragment = |name: &str, path: &str, configs: &[&str]| Fragment {
            name: name.into(),
            path: path.into(),
            configs: configs.iter().map(|&line| line.to_owned()).collect(),
            defconfig: None,
            declared: Place::file("f.yaml"),
        };
        let all = [
            fragment("debug", "kernel/configs/debug.config", &["CONFIG_DEBUG=y"]),
            fragment("tiny", "kernel/configs/tiny.config", &[]),
            fragment("kselftest", "kernel/configs/kselftest.config", &[]),
        ];
        all.into_iter().map(|fragment| (Arc::clone(&fragment.name), Arc::new(fragment))).collect()
    }

    #[test]
    fn a_defconfig_is_taken_apart() {
        let all = fragments();
        let fragments = Fragments::new(&all);
        let (debug, tiny, kselftest) = (&all["debug"], &all["tiny"], &all["kselftest"]);
        let check = |text: &str,
                     base: &str,
                     variables: &[(&str, &str)],
                     lines: &[&str],
                     merged: &[Merged<'_>]| {
            let defconfig = fragments.parse(text);
            assert_eq!(defconfig.base, base, "{text}");
            assert_eq!(defconfig.variables, variables, "{text}");
            assert_eq!(defconfig.lines, lines, "{text}");
            assert_eq!(defconfig.merged, merged, "{text}");
        };
        check("defconfig", "defconfig", &[], &[], &[]);
        check(
            "defconfig+debug+CONFIG_A=y+arch/x.config+CONFIG_B=\"a=b\"+KCONFIG_ALLCONFIG=k/a=b",
            "defconfig",
            &[("KCONFIG_ALLCONFIG", "k/a=b")],
            &["CONFIG_A=y", "CONFIG_B=\"a=b\""],
            &[Merged::Lines(debug), Merged::Path("arch/x.config", None)],
        );
        check(
            "x_defconfig+tiny+kselftest",
            "x_defconfig",
            &[],
            &[],
            &[Merged::Path("kernel/configs/tiny.config", Some(tiny)), Merged::Selftests(kselftest)],
        );
        // As KernelCI wrote it before fragments had names there.
        check(
            "defconfig+kernel/configs/kselftest.config+kernel/configs/debug.config",
            "defconfig",
            &[],
            &[],
            &[Merged::Selftests(kselftest), Merged::Lines(debug)],
        );
        check("", "", &[], &[], &[]);
    }

    #[test]
    fn where_a_base_is_downloaded_from() {
        let all = HashMap::new();
        let fragments = Fragments::new(&all);
        let url = |text| fragments.parse(text).download();
        assert_eq!(url("defconfig"), None);
        assert_eq!(
            url("cip://4.19.y-cip/x86/siemens_defconfig").as_deref(),
            Some(
                "https://gitlab.com/cip-project/cip-kernel/cip-kernel-config/-/raw/master/4.19.y-cip/x86/siemens_defconfig"
            )
        );
        assert_eq!(
            url("cros://chromeos-5.10/armel/x.config").as_deref(),
            Some(
                "https://chromium.googlesource.com/chromiumos/third_party/kernel/+archive/refs/heads/chromeos-5.10/chromeos/config.tar.gz"
            )
        );
    }
}
