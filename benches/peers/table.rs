//! The table: what was done, by whom, how long it took. Measures nothing.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::measure::Cost;

/// A line of the table.
pub(crate) struct Row {
    /// What was done.
    pub(crate) work: String,
    /// What `graph` took.
    pub(crate) ours: Option<Cost>,
    /// What another program took that does the same work.
    pub(crate) peer: Peer,
    /// What the goal is, and whatever else is to be said.
    pub(crate) note: String,
}

/// Another program.
pub(crate) enum Peer {
    /// There is none that does the same.
    None,
    /// It is not installed.
    Missing(&'static str),
    /// It was run.
    Ran(&'static str, Cost),
}

impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.work)?;
        if let Some(ours) = &self.ours {
            line(f, "graph", ours, None)?;
        }
        match (&self.peer, &self.ours) {
            (Peer::None, _) => {}
            (Peer::Missing(name), _) => {
                writeln!(f, "  {name:<22}not installed, so there is nothing to compare with")?;
            }
            (Peer::Ran(name, cost), ours) => line(f, name, cost, ours.as_ref())?,
        }
        if self.note.is_empty() { Ok(()) } else { writeln!(f, "  {}", self.note) }
    }
}

fn line(f: &mut Formatter<'_>, name: &str, cost: &Cost, against: Option<&Cost>) -> fmt::Result {
    let Cost { wall, best, cpu, peak_kib } = cost;
    let peak_mb = *peak_kib as f64 * 1024.0 / 1e6;
    write!(
        f,
        "  {name:<22}{:>12} median {:>12} best {:>12} cpu {peak_mb:>9.1} MB",
        shown(*wall),
        shown(*best),
        shown(*cpu)
    )?;
    match against {
        None => writeln!(f),
        Some(ours) => {
            let times = ratio(*wall, ours.wall);
            writeln!(f, "   {times:.2} times graph's (cpu {:.2})", ratio(*cpu, ours.cpu))
        }
    }
}

/// How often one goes into the other.
pub(crate) fn ratio(of: Duration, to: Duration) -> f64 {
    of.as_secs_f64() / to.as_secs_f64().max(1e-9)
}

/// A time, in milliseconds.
pub(crate) fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
