//! What refs of remotes named when they were last asked, for `--offline`. Asks no remote.

use graph::digest::{Digest, Fields};
use rusqlite::{OptionalExtension, Row};

use crate::db::Database;
use crate::error::Error;

/// What a ref named, and when that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRef {
    /// The commit, in full.
    pub commit: String,
    /// In milliseconds since 1970.
    pub seen: i64,
}

/// What refs of remotes named when they were last asked, each as URL and name, in their order.
pub(crate) fn last(db: &Database, refs: &[(&str, &str)]) -> Result<Vec<Option<SeenRef>>, Error> {
    db.read("read refs", |tx| {
        let mut query =
            tx.prepare_cached("SELECT oid, seen FROM refs WHERE url = ?1 AND name = ?2")?;
        let mut find = |&(url, name): &(&str, &str)| {
            let seen = |row: &Row<'_>| Ok(SeenRef { commit: row.get(0)?, seen: row.get(1)? });
            query.query_row((identity(url).as_bytes(), name), seen).optional()
        };
        Ok(refs.iter().map(&mut find).collect::<Result<_, _>>()?)
    })
}

/// Remembers what refs name, each as URL, name and commit.
pub(crate) fn remember(db: &Database, refs: &[(&str, &str, &str)], now: i64) -> Result<(), Error> {
    if refs.is_empty() {
        return Ok(());
    }
    db.write("remember refs", |tx| {
        let mut insert = tx.prepare_cached(
            "INSERT OR REPLACE INTO refs (url, name, oid, seen) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (url, name, commit) in refs {
            insert.execute((identity(url).as_bytes(), name, commit, now))?;
        }
        Ok(())
    })
}

/// The digest of a URL without the user and password in it: those are not to be found out from the database, and a
/// job's token that is another every day names the same repository.
fn identity(url: &str) -> Digest {
    let bare = url.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find('/').unwrap_or(rest.len());
        let at = rest[..end].rfind('@')?;
        Some(format!("{scheme}://{}", &rest[at + 1..]))
    });
    Fields::of("graph remote url v1").field(bare.as_deref().unwrap_or(url)).finish()
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn credentials_do_not_count() {
        let same = |a, b| identity(a) == identity(b);
        assert!(same("https://u:pa@ss@host/x", "https://host/x"));
        assert!(!same("https://host/x", "https://host/y"));
        assert!(!same("https://host/a@b", "https://host/b"));
        assert!(!same("git@host:x", "host:x"));
    }
}
