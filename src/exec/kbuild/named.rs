//! Files that a `.config` names in its string values. Reads no file.

use std::path::Path;

use super::tree::{Entry, Tree};

/// Options whose words are files that the build reads.
const FILES: &[&str] = &[
    "CONFIG_ACPI_CUSTOM_DSDT_FILE",
    "CONFIG_BOOT_CONFIG_EMBED_FILE",
    "CONFIG_MODULE_SIG_KEY",
    "CONFIG_SYSTEM_BLACKLIST_HASH_LIST",
    "CONFIG_SYSTEM_REVOCATION_KEYS",
    "CONFIG_SYSTEM_TRUSTED_KEYS",
    "CONFIG_UNUSED_KSYMS_WHITELIST",
];

/// Options that name files through which the build finds others, or whole directories.
const MORE_THAN_FILES: &[&str] = &["CONFIG_CFG80211_EXTRA_REGDB_KEYDIR", "CONFIG_INITRAMFS_SOURCE"];

/// What a configuration names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// These paths of the tree count.
    Inside(Vec<String>),
    /// The build read what no commit holds, or what cannot be told: an initramfs list, a key from another place.
    Unknown,
}

/// The files of a tree that a configuration names.
pub(super) fn named(config: &str, tree: &Tree, build: &Path) -> Named {
    let mut paths = Vec::new();
    let firmware = strings(config)
        .find(|(name, _)| *name == "CONFIG_EXTRA_FIRMWARE_DIR")
        .map_or("", |(_, value)| value);
    for (name, value) in strings(config) {
        if !value.is_empty() && MORE_THAN_FILES.contains(&name) {
            return Named::Unknown;
        }
        for word in value.split_ascii_whitespace() {
            let word = match name {
                "CONFIG_EXTRA_FIRMWARE" => &format!("{firmware}/{word}"),
                _ => word,
            };
            let path = tree.below(word).unwrap_or(word);
            let inside = !path.starts_with('/')
                && tree.place(path).is_some_and(|place| place.entry == Entry::File);
            let must = name == "CONFIG_EXTRA_FIRMWARE" || FILES.contains(&name);
            // A generated key lies in the build directory, and would be read from the tree if it were there.
            if inside || must && !path.starts_with('/') && build.join(path).is_file() {
                paths.push(path.to_owned());
            } else if must {
                return Named::Unknown;
            }
        }
    }
    Named::Inside(paths)
}

/// Whether an option is set, to `y` or `m`.
pub(super) fn is_set(config: &str, option: &str) -> bool {
    config
        .lines()
        .any(|line| line.strip_prefix(option).is_some_and(|value| matches!(value, "=y" | "=m")))
}

fn strings(config: &str) -> impl Iterator<Item = (&str, &str)> {
    config.lines().filter_map(|line| {
        let (name, value) = line.split_once("=\"")?;
        Some((name, value.strip_suffix('"')?))
    })
}
