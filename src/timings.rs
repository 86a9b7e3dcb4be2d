//! Where the time of a command went: each span of the program that the main thread was in, and for how long.
//! Knows no span by its name.
//!
//! A span counts without those within it, so that the times add up to no more than the whole. What other threads do
//! is not counted, because the main thread waits for it in a span of its own.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use tracing::Subscriber;
use tracing::span::Id;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The times so far. A clone is the same times.
#[derive(Debug, Clone)]
pub struct Timings {
    /// The thread that counts.
    thread: ThreadId,
    /// When the command began.
    began: Instant,
    times: Arc<Mutex<Times>>,
}

#[derive(Debug, Default)]
struct Times {
    /// Names in the order of their first span.
    spent: Vec<(&'static str, Duration)>,
    /// The spans under way, outermost first.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    name: &'static str,
    entered: Instant,
    /// What spans within it took.
    within: Duration,
}

impl Timings {
    /// For a command that began now and then, of the thread that asks.
    #[must_use]
    pub fn since(began: Instant) -> Self {
        Self { thread: thread::current().id(), began, times: Arc::default() }
    }

    /// One line on what a command took, and what for: `plan took 83 ms: parse 12, facts 30, other 41`.
    #[must_use]
    pub fn told(&self, what: &str, now: Instant) -> String {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        told(what, now.duration_since(self.began), &times.spent)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Timings {
    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if thread::current().id() != self.thread {
            return;
        }
        let Some(span) = context.span(id) else { return };
        self.times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .enter(span.name(), Instant::now());
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        if thread::current().id() == self.thread {
            self.times.lock().unwrap_or_else(PoisonError::into_inner).exit(Instant::now());
        }
    }
}

impl Times {
    fn enter(&mut self, name: &'static str, now: Instant) {
        if !self.spent.iter().any(|(known, _)| *known == name) {
            self.spent.push((name, Duration::ZERO));
        }
        self.open.push(Open { name, entered: now, within: Duration::ZERO });
    }

    fn exit(&mut self, now: Instant) {
        let Some(open) = self.open.pop() else { return };
        let whole = now.duration_since(open.entered);
        if let Some(around) = self.open.last_mut() {
            around.within += whole;
        }
        if let Some((_, spent)) = self.spent.iter_mut().find(|(known, _)| *known == open.name) {
            *spent += whole.saturating_sub(open.within);
        }
    }
}

fn told(what: &str, whole: Duration, spent: &[(&'static str, Duration)]) -> String {
    let other = whole.saturating_sub(spent.iter().map(|(_, time)| *time).sum());
    let parts = spent.iter().copied().chain([("other", other)]);
    let parts: Vec<String> =
        parts.map(|(name, time)| format!("{name} {}", Milliseconds(time))).collect();
    format!("{what} took {} ms: {}", Milliseconds(whole), parts.join(", "))
}

/// A time as people compare it: tenths count only where there are few.
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_secs_f64() * 1000.0;
        if ms < 9.95 { write!(f, "{ms:.1}") } else { write!(f, "{ms:.0}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_spans_are_not_counted_twice() {
        let (mut times, start) = (Times::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        times.enter("load", at(1));
        times.enter("parse", at(2));
        times.exit(at(12));
        times.enter("parse", at(13));
        times.exit(at(14));
        times.exit(at(20));
        times.enter("judge", at(30));
        times.exit(at(31));
        let line = told("plan", Duration::from_millis(40), &times.spent);
        assert_eq!(line, "plan took 40 ms: load 8.0, parse 11, judge 1.0, other 20");
    }

    #[test]
    fn an_exit_without_an_entry_counts_nothing() {
        let mut times = Times::default();
        times.exit(Instant::now());
        assert_eq!(told("list", Duration::ZERO, &times.spent), "list took 0.0 ms: other 0.0");
    }
}
