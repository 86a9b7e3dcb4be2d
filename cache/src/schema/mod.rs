//! The formats of the database and the steps between them. Knows no query.

use rusqlite::Connection;

/// The format that this program writes.
pub(crate) const CURRENT: i64 = 5;

/// Marks the file as ours, so that a database of something else is never taken for a cache: `grph`.
pub(crate) const APPLICATION: i64 = 0x6772_7068;

/// `STEPS[n]` makes format `n + 1` of format `n`; format 0 is an empty database. A step that has been released is
/// never changed: what differs is a new step.
const STEPS: [&str; 5] = [
    include_str!("v1.sql"),
    include_str!("v2.sql"),
    include_str!("v3.sql"),
    include_str!("v4.sql"),
    include_str!("v5.sql"),
];

/// Brings a database from format `from` to the current one. The caller holds a write transaction.
pub(crate) fn migrate(connection: &Connection, from: i64) -> rusqlite::Result<()> {
    let from = usize::try_from(from).expect("a format is no negative number");
    for step in &STEPS[from..] {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", CURRENT)
}

#[cfg(test)]
mod tests {
    use super::{CURRENT, STEPS};

    #[test]
    fn every_format_has_a_step() {
        assert_eq!(i64::try_from(STEPS.len()), Ok(CURRENT));
    }
}
