//! Refuses kernels that firmware is built into. Knows no node.
//!
//! KernelCI takes whatever `linux-firmware` has at that time; here that would be an input which no key has, and what
//! lies in `/lib/firmware` differs between hosts. A kernel that would change without being stale is not built.

use std::fs;
use std::path::Path;

/// The config, below the work directory.
const DOT_CONFIG: &str = "build/.config";

/// Fails where the config names firmware.
pub(super) fn refuse(work: &Path) -> Result<(), String> {
    let config = fs::read_to_string(work.join(DOT_CONFIG))
        .map_err(|error| format!("cannot read `{DOT_CONFIG}`: {error}"))?;
    match named(&config) {
        None => Ok(()),
        Some(files) => Err(format!(
            "`CONFIG_EXTRA_FIRMWARE` names `{files}`: firmware to build in is in no source of this build, so the kernel \
             would not be known to be stale when it changes\nhint: leave it to the initial file system, with \
             `CONFIG_EXTRA_FIRMWARE=\"\"`"
        )),
    }
}

fn named(config: &str) -> Option<&str> {
    let value = config.lines().find_map(|line| line.strip_prefix("CONFIG_EXTRA_FIRMWARE="))?;
    let files = value.trim().trim_matches('"').trim();
    (!files.is_empty()).then_some(files)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn only_what_is_named_is_refused() {
        let check = |config: &str, expect| assert_eq!(named(config), expect, "{config}");
        check("CONFIG_A=y\n", None);
        check("CONFIG_EXTRA_FIRMWARE=\"\"\n", None);
        check("# CONFIG_EXTRA_FIRMWARE is not set\n", None);
        check("CONFIG_EXTRA_FIRMWARE_DIR=\"firmware\"\n", None);
        check("CONFIG_A=y\nCONFIG_EXTRA_FIRMWARE=\"a/b.bin c.bin\"\n", Some("a/b.bin c.bin"));
    }
}
