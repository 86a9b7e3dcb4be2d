//! What the host can give, and how it is divided among builds that run together. Reads `/proc` and `/sys` once; starts
//! nothing.

use std::fs;
use std::path::Path;

use graph::resource::Capacity;

/// A build with fewer cores than this wastes its serial phases (parsing, the root file system, the image).
const CORES_A_BUILD: usize = 4;

/// What a build of [`CORES_A_BUILD`] cores is expected to hold at a time, where no record says better.
const MEMORY_A_BUILD: u64 = 6 << 30;

/// What this process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// Processor cores, as far as affinity and control groups let it.
    pub cores: usize,
    /// Memory in bytes: the host's, or the tightest limit of a control group above.
    pub memory: u64,
}

impl Host {
    /// Looks.
    #[must_use]
    pub fn observe() -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory(Path::new("/")),
        }
    }

    /// How much may run at a time; what the user did not say is worked out. Of the memory a tenth is left to
    /// everything else.
    #[must_use]
    pub fn capacity(&self, jobs: Option<usize>, memory: Option<u64>) -> Capacity {
        let memory = memory.unwrap_or(self.memory - self.memory / 10);
        let by_memory = usize::try_from(memory / MEMORY_A_BUILD).unwrap_or(usize::MAX);
        let builds = (self.cores / CORES_A_BUILD).min(by_memory);
        let capacity = Capacity::new(builds, self.cores, memory);
        jobs.map_or(capacity, |jobs| capacity.with_jobs(jobs))
    }

    /// The cores of each of so many builds that run together. The last build of a run could use them all, but a
    /// build is told once, at its start.
    #[must_use]
    pub fn cores_each(&self, together: usize) -> usize {
        (self.cores / together.max(1)).max(1)
    }
}

/// The memory that processes below `root` (of a file system) may use.
fn memory(root: &Path) -> u64 {
    let total = fs::read_to_string(root.join("proc/meminfo"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
            line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()
        })
        .map_or(u64::MAX, |kib| kib.saturating_mul(1024));
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    groups.lines().filter_map(|line| limit(root, line)).fold(total, u64::min)
}

/// The tightest limit of one line of `/proc/self/cgroup`: `0::/path` in version 2, `9:memory:/path` in version 1.
fn limit(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?);
    let (mount, file) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        list if list.split(',').any(|name| name == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return None,
    };
    let mount = root.join(mount);
    // In a container the path is the host's and the mount shows only what is below it; then the mount itself is ours.
    let own = mount.join(path.trim_start_matches('/'));
    own.ancestors()
        .take_while(|dir| dir.starts_with(&mount))
        .filter_map(|dir| fs::read_to_string(dir.join(file)).ok()?.trim().parse().ok())
        .min()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use graph::resource::Capacity;

    use super::{Host, memory};

    #[test]
    fn whole_builds_at_a_time() {
        let host = |cores, gib: u64| Host { cores, memory: gib << 30 };
        let builds = |cores, gib| host(cores, gib).capacity(None, None).builds;
        assert_eq!(builds(1, 2), 1);
        assert_eq!(builds(4, 16), 1);
        assert_eq!(builds(16, 64), 4);
        assert_eq!(builds(64, 32), 4, "memory is the bottleneck");
        assert_eq!(host(16, 64).capacity(Some(9), Some(7)), Capacity::new(1, 16, 7).with_jobs(9));
        assert_eq!([1, 3, 100].map(|together| host(16, 1).cores_each(together)), [16, 5, 1]);
    }

    #[test]
    fn the_tightest_limit_counts() {
        let check = |files: &[(&str, &str)], expect: u64| {
            let root = tempfile::tempdir().expect("a directory");
            for (path, text) in files {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
                fs::write(path, text).expect("a file");
            }
            assert_eq!(memory(root.path()), expect, "{files:?}");
        };
        let total = ("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\n");
        check(&[], u64::MAX);
        check(&[total], 1_024_000);
        let v2 = ("proc/self/cgroup", "0::/ci/job\n");
        let max = |path, text| (path, text);
        check(&[total, v2, max("sys/fs/cgroup/ci/job/memory.max", "max\n")], 1_024_000);
        let above = max("sys/fs/cgroup/ci/memory.max", "5000\n");
        check(&[total, v2, above, max("sys/fs/cgroup/ci/job/memory.max", "9000\n")], 5000);
        let v1 = ("proc/self/cgroup", "3:cpu:/x\n9:memory:/docker/abc\n");
        check(&[total, v1, max("sys/fs/cgroup/memory/memory.limit_in_bytes", "7000\n")], 7000);
    }
}
