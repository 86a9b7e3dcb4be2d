//! Which of the files that a build has read differ between two commits, for people.

use std::collections::BTreeSet;

use graph::reads::{Listing as _, ReadSet};
use graph::spec::Commit;

use super::listing::Listing;
use crate::probe::Probe;

/// A difference between two commits that a build would see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The path.
    pub path: String,
    /// What became of it.
    pub how: How,
}

/// What became of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It was read, and is another file or has another mode now.
    Changed,
    /// It was looked for where there was nothing, and is there now.
    Added,
    /// It was read, and is gone.
    Removed,
    /// It was not there, and bears a name that would have been found.
    Joined,
    /// It bore such a name, and is gone.
    Left,
}

impl Probe<'_> {
    /// What of a set differs between two commits, in order of path.
    ///
    /// # Errors
    /// In words, where one of them is not at hand any more.
    pub fn changed_paths(
        &self,
        old: &Commit,
        new: &Commit,
        set: &ReadSet,
    ) -> Result<Vec<Change>, String> {
        let git = self.git();
        let (old, new) = rayon::join(|| self.listing(old, &git), || self.listing(new, &git));
        Ok(changes(&old?, &new?, set))
    }
}

fn changes(old: &Listing, new: &Listing, set: &ReadSet) -> Vec<Change> {
    let mut changes: BTreeSet<Change> = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for path in set.paths() {
        let how = match (old.id(path), new.id(path)) {
            (Some(before), Some(after)) if before != after => How::Changed,
            (None, Some(_)) => How::Added,
            (Some(_), None) => How::Removed,
            _ => continue,
        };
        seen.insert(path);
        changes.insert(Change { path: path.clone(), how });
    }
    for name in set.names().iter().filter(|name| old.bearers(name) != new.bearers(name)) {
        let (before, after) = (old.bearing(name), new.bearing(name));
        let mut add = |path: &[u8], how| {
            let path = String::from_utf8_lossy(path).into_owned();
            if !seen.contains(path.as_str()) {
                changes.insert(Change { path, how });
            }
        };
        after
            .iter()
            .filter(|path| before.binary_search(path).is_err())
            .for_each(|path| add(path, How::Joined));
        before
            .iter()
            .filter(|path| after.binary_search(path).is_err())
            .for_each(|path| add(path, How::Left));
    }
    changes.into_iter().collect()
}
