//! What `graph` keeps: whether it can be used, and who uses it now.

use std::path::Path;

use cache::Cache;

use super::check::Check;

/// Everything about a state directory. One that is not there yet is fine.
pub(super) fn checks(state: &Path) -> Vec<Check> {
    if !state.join("cache.db").exists() {
        return Vec::new();
    }
    let mut checks = Vec::new();
    match Cache::open_to_plan(state).and_then(|cache| cache.stat()) {
        Ok(stat) => checks.push(Check::ok("cache", told(&stat))),
        Err(error) => {
            let hints = error.hints();
            let mut check = Check::broken("cache", error.to_string());
            check.hints.extend(hints);
            checks.push(check);
        }
    }
    if let Some(holder) = Cache::locked_by(state) {
        checks.push(Check::ok("lock", format!("{holder} is at work")));
    }
    checks
}

fn told(stat: &cache::Stat) -> String {
    format!(
        "{} nodes, {} artifacts of {}",
        stat.nodes,
        stat.artifacts,
        crate::config::Size(stat.artifact_bytes)
    )
}
