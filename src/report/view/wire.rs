//! How durations and times are written in the serialised form: seconds as a number, instants as RFC 3339.

use jiff::Timestamp;
use serde::Serializer;

/// Milliseconds as seconds with up to three decimals.
pub(super) fn seconds<S: Serializer>(ms: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(in_seconds(*ms))
}

/// As [`seconds`], or null.
pub(super) fn maybe_seconds<S: Serializer>(
    ms: &Option<u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match ms {
        Some(ms) => serializer.serialize_f64(in_seconds(*ms)),
        None => serializer.serialize_none(),
    }
}

/// Milliseconds since 1970 as `2026-01-31T02:00:00Z`; null for what no calendar has.
pub(super) fn instant<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match Timestamp::from_millisecond(*ms) {
        Ok(instant) => serializer.collect_str(&instant),
        Err(_) => serializer.serialize_none(),
    }
}

fn in_seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
