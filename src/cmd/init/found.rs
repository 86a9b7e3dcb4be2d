//! What lies in a directory and in the environment that settings can be made of. Writes nothing.

use std::path::{Path, PathBuf};

use crate::config::{self, Kas, Settings};
use crate::context::{Context, Environment};
use crate::probe::Forgetful;
use crate::probe::tool::KasProbe;

/// Where meta-pantavisor and its like put the directories that builds share.
const SHARED_VOLUMES: &str = "kas/build-configs/shared-vols.yaml";

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) machines: Option<PathBuf>,
    pub(super) kernels: Option<PathBuf>,
    pub(super) sstate: Option<Shared>,
    pub(super) downloads: Option<Shared>,
    /// The version of the `kas` on `PATH`.
    pub(super) kas: Option<String>,
}

/// A shared directory, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) path: String,
    pub(super) from: &'static str,
}

impl Found {
    pub(super) fn look(context: &Context) -> Self {
        let root = &context.cwd;
        let (machines, kernels) = config::usual_sources(root);
        let volumes = std::fs::read_to_string(root.join(SHARED_VOLUMES)).unwrap_or_default();
        let shared = |name: &str| shared(&volumes, &context.env, name);
        Self {
            machines,
            kernels,
            sstate: shared("SSTATE_DIR"),
            downloads: shared("DL_DIR"),
            kas: kas_version(&context.env, root),
        }
    }
}

/// The file comes first: what it assigns with `=` beats the environment in every build.
fn shared(volumes: &str, env: &Environment, name: &str) -> Option<Shared> {
    let plain = |path: &str| {
        Path::new(path).is_absolute() && !path.contains(|c: char| c.is_control() || c == '$')
    };
    let assigned = volumes.lines().find_map(|line| {
        let value = line.trim().strip_prefix(name)?.trim_start();
        let value = value.strip_prefix("?=").or_else(|| value.strip_prefix('='))?.trim();
        let value = value.trim_matches(['"', '\'']);
        plain(value).then(|| Shared { path: value.to_owned(), from: SHARED_VOLUMES })
    });
    let outer = || {
        let path = env.text(name).filter(|path| plain(path))?.to_owned();
        Some(Shared { path, from: "the environment" })
    };
    assigned.or_else(outer)
}

fn kas_version(env: &Environment, root: &Path) -> Option<String> {
    let settings = Settings { kas: Kas::default(), ..Settings::default() };
    let layout = settings.layout(root);
    let probe = KasProbe { kas: &settings.kas, env, layout: &layout, memory: &Forgetful };
    probe.version().ok().map(|told| told.version)
}

#[cfg(test)]
mod tests {
    use super::{SHARED_VOLUMES, shared};

    #[test]
    fn shared_directories_are_where_builds_have_them() {
        let env = [("SSTATE_DIR", "/env/sstate"), ("DL_DIR", "relative")].into_iter().collect();
        let path =
            |volumes, name| shared(volumes, &env, name).map(|found| (found.path, found.from));
        let volumes =
            "local_conf_header:\n  v: |-\n    SSTATE_DIR=\"/shared/sstate\"\n    DL_DIR ?= '/d'\n";
        assert_eq!(path(volumes, "SSTATE_DIR"), Some(("/shared/sstate".into(), SHARED_VOLUMES)));
        assert_eq!(path(volumes, "DL_DIR"), Some(("/d".into(), SHARED_VOLUMES)));
        assert_eq!(path("", "SSTATE_DIR"), Some(("/env/sstate".into(), "the environment")));
        assert_eq!(path("DL_DIR = \"${TOPDIR}/x\"", "DL_DIR"), None);
        assert_eq!(path("SSTATE_DIRX = \"/x\"", "DL_DIR"), None);
    }
}
