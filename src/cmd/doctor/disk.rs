//! Directories: whether they can be written, how much room they have, and what file system they are on.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, access, statfs, statvfs};

use super::check::Check;
use crate::config::{Project, Size};

/// Below this no image fits.
const TOO_LITTLE: u64 = 1 << 30;

/// What the work directory of one image build takes, roughly.
const LITTLE: u64 = 50 << 30;

/// More than this is no delay between two system calls.
const SKEW: Duration = Duration::from_secs(2);

/// File systems whose locks or shared memory SQLite cannot rely on, by the number that `statfs` gives.
const NETWORK: [(u64, &str); 10] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x0102_1997, "9p"),
    (0x5346_414F, "AFS"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x6573_5546, "FUSE"),
    (0x4750_4653, "GPFS"),
];

/// Everything about the directories of a project.
pub(super) fn checks(project: &Project) -> Vec<Check> {
    let layout = project.layout();
    let shared = &project.settings.shared;
    let mut checks = directory("state directory", layout.state());
    checks.extend(network(layout.state()));
    checks.extend(clock(layout.state()));
    let all = [
        ("shared.sstate", &shared.sstate),
        ("shared.downloads", &shared.downloads),
        ("shared.git", &shared.git),
        ("shared.ccache", &shared.ccache),
    ];
    for (name, path) in all {
        checks.extend(path.iter().flat_map(|path| directory(name, path)));
    }
    checks
}

/// Whether a directory can be written, or made, and how much room it has.
fn directory(name: &'static str, path: &Path) -> Vec<Check> {
    let shown = path.display();
    if path.symlink_metadata().is_ok() && !path.is_dir() {
        return vec![Check::broken(name, format!("`{shown}` is not a directory"))];
    }
    let there = existing(path);
    let (writes, what) = if there == path {
        let attempt = tempfile::Builder::new().prefix(".graph-doctor-").tempfile_in(path);
        (attempt.map(drop).map_err(|error| error.to_string()), format!("`{shown}`"))
    } else {
        let allowed = access(&there, Access::WRITE_OK | Access::EXEC_OK);
        (allowed.map_err(|error| error.to_string()), format!("`{shown}`, to be made"))
    };
    if let Err(why) = writes {
        let found = format!("`{shown}` cannot be written: {why}");
        return vec![
            Check::broken(name, found).hint(format!("check who owns `{}`", there.display())),
        ];
    }
    let Ok(space) = statvfs(&there) else { return vec![Check::ok(name, what)] };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let found = format!("{what}, {} free", Size(free));
    vec![match free {
        0..TOO_LITTLE => Check::broken(name, found)
            .hint("no build fits: free some space, or name another directory in `graph.yaml`"),
        TOO_LITTLE..LITTLE => Check::warning(name, found)
            .hint("an image takes some 50 GiB of work files, a kernel some 5"),
        _ => Check::ok(name, found),
    }]
}

/// SQLite needs locks and shared memory that network file systems do not give.
fn network(state: &Path) -> Option<Check> {
    let kind = u64::try_from(statfs(existing(state)).ok()?.f_type).ok()?;
    // The number is a signed one on some architectures, and 32 bits are all that is ever used.
    let kind = kind & 0xFFFF_FFFF;
    let (_, name) = NETWORK.iter().find(|(number, _)| *number == kind)?;
    let found = format!("`{}` is on {name}, where SQLite is slow at best", state.display());
    Some(
        Check::warning("state directory", found)
            .hint("set `cache.dir` in `graph.yaml` to a directory on a local disk"),
    )
}

/// A file system that stamps files with another clock makes young files look old.
fn clock(state: &Path) -> Option<Check> {
    let file =
        tempfile::Builder::new().prefix(".graph-doctor-").tempfile_in(existing(state)).ok()?;
    let stamped = file.as_file().metadata().ok()?.modified().ok()?;
    let now = SystemTime::now();
    let skew = now.duration_since(stamped).unwrap_or_else(|error| error.duration());
    (skew > SKEW).then(|| {
        let found = format!("files are stamped {} s off the system's clock", skew.as_secs());
        Check::warning("clock", found)
            .hint("synchronise the clocks of this host and of its file server")
    })
}

/// The nearest directory that is there.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::directory;
    use crate::cmd::doctor::check::Health;

    #[test]
    fn directories_are_tried() {
        let dir = tempfile::tempdir().unwrap();
        let health = |path: &str| directory("x", &dir.path().join(path))[0].health;
        fs::write(dir.path().join("file"), "").unwrap();
        assert_ne!(health("."), Health::Broken);
        assert_ne!(health("a/b/c"), Health::Broken);
        assert_eq!(health("file"), Health::Broken);
        assert_eq!(health("/proc/nothing/here"), Health::Broken);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
    }
}
