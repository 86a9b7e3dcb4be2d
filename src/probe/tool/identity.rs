//! Whether files are still the ones that they were, told without reading them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use graph::digest::{Digest, Fields};

/// A file this young can change again without a trace in its times; what hangs on it is not remembered.
const TOO_YOUNG: Duration = Duration::from_secs(2);

/// Collects files whose sameness means that an answer is still right.
pub(super) struct Identity {
    fields: Fields,
    is_settled: bool,
}

impl Identity {
    pub(super) fn of(domain: &'static str) -> Self {
        Self { fields: Fields::of(domain), is_settled: true }
    }

    /// Adds a text on which the answer depends too.
    pub(super) fn add_text(&mut self, text: &str) {
        self.fields.add(text);
    }

    /// Adds a file by its path and what the file system says of it; `false` if it is not there.
    pub(super) fn add_file(&mut self, path: &Path) -> bool {
        let Ok(file) = path.metadata() else { return false };
        self.fields.add(path.as_os_str().as_encoded_bytes());
        for number in [file.dev(), file.ino(), file.size()] {
            self.fields.add(number.to_le_bytes());
        }
        for number in [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()] {
            self.fields.add(number.to_le_bytes());
        }
        let time = |seconds: i64, nanos: i64| {
            let since = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
            SystemTime::UNIX_EPOCH.checked_add(since)
        };
        let modified = time(file.mtime(), file.mtime_nsec());
        let newest = modified.max(time(file.ctime(), file.ctime_nsec()));
        let age = newest.and_then(|newest| SystemTime::now().duration_since(newest).ok());
        self.is_settled &= age.is_some_and(|age| age > TOO_YOUNG);
        true
    }

    /// The digest of it all.
    #[cfg(test)]
    pub(super) fn whatever_its_age(&self) -> Digest {
        self.fields.finish()
    }

    /// The digest of it all, if all of it is old enough to rely on.
    pub(super) fn finish(self) -> Option<Digest> {
        self.is_settled.then(|| self.fields.finish())
    }
}
