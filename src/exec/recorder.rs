//! Has results recorded, those together that come together. Knows no schedule.
//!
//! To record one result costs several waits for the disk, and the next few cost hardly more with it than alone. So while
//! some are being recorded, those that end meanwhile gather, and are recorded together when that is done: a single one
//! waits for nobody, and a thousand small nodes wait for the disk a few dozen times. What takes long to keep, such as an
//! image, goes by itself, so that nobody waits for that either.

use std::fs;
use std::sync::Arc;

use anyhow::anyhow;
use graph::record::{Outcome, Record};
use graph::schedule::Finished;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::exec::attempts::{Ended, Ran, report};
use crate::exec::job::Execution;
use crate::exec::run::{Journal, Success};

/// So many are recorded together at most.
const MOST: usize = 512;

/// What leaves more than this many bytes is recorded by itself.
const LARGE: u64 = 8 << 20;

type Answer = anyhow::Result<Arc<Record>>;
type Waiting = (Ran, oneshot::Sender<(Ran, Answer)>);

/// Where results are handed in.
pub(super) struct Recorder<J> {
    journal: Arc<J>,
    line: mpsc::UnboundedSender<Waiting>,
}

impl<J> Clone for Recorder<J> {
    fn clone(&self) -> Self {
        Self { journal: self.journal.clone(), line: self.line.clone() }
    }
}

/// What a result is, once it was looked at.
enum Seen {
    /// It is recorded.
    Recorded(Ended),
    /// A success that is kept in no time.
    Small(Ran),
    /// A success that takes its time.
    Large(Ran),
}

impl<J: Journal> Recorder<J> {
    /// One for a run. Must be called within a tokio runtime; it ends with the last handle.
    pub(super) fn new(journal: Arc<J>) -> Self {
        let (line, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write_all(journal.clone(), waiting));
        Self { journal, line }
    }

    /// Records a result, as a success only if what was hashed is what was built.
    pub(super) async fn record(self, ran: Ran) -> anyhow::Result<Ended> {
        let journal = self.journal.clone();
        let (ran, answer) = match spawn_blocking(move || look(&*journal, ran)).await?? {
            Seen::Recorded(ended) => return Ok(ended),
            Seen::Large(ran) => {
                let journal = self.journal;
                spawn_blocking(move || {
                    let answer = succeeded(&*journal, &[&ran]).pop();
                    (ran, answer.expect("there is one answer to one"))
                })
                .await?
            }
            Seen::Small(ran) => {
                let (sender, answer) = oneshot::channel();
                let lost = || anyhow!("a defect of graph: nobody records any more");
                self.line.send((ran, sender)).map_err(|_| lost())?;
                answer.await.map_err(|_| lost())?
            }
        };
        let (wall_ms, retry) = (ran.execution.cost.wall_ms, ran.execution.retry);
        Ok(Ended { finished: Finished::Succeeded(answer?), wall_ms, failure: None, retry })
    }
}

async fn write_all<J: Journal>(journal: Arc<J>, mut line: mpsc::UnboundedReceiver<Waiting>) {
    let mut waiting = Vec::new();
    while line.recv_many(&mut waiting, MOST).await > 0 {
        let (together, senders): (Vec<Ran>, Vec<_>) =
            std::mem::take(&mut waiting).into_iter().unzip();
        let journal = journal.clone();
        let written = spawn_blocking(move || {
            let answers = succeeded(&*journal, &together.iter().collect::<Vec<_>>());
            together.into_iter().zip(answers).collect::<Vec<_>>()
        });
        // If that panicked, those who wait are told by the loss of their senders.
        for (answer, sender) in written.await.unwrap_or_default().into_iter().zip(senders) {
            sender.send(answer).ok();
        }
    }
}

fn succeeded<'a, J: Journal>(journal: &J, ran: &[&'a Ran]) -> Vec<Answer> {
    let success = |ran: &&'a Ran| Success {
        node: &ran.node,
        judgement: &ran.judgement,
        execution: &ran.execution,
    };
    journal.succeeded(&ran.iter().map(success).collect::<Vec<_>>())
}

fn look<J: Journal>(journal: &J, mut ran: Ran) -> anyhow::Result<Seen> {
    if ran.execution.outcome == Outcome::Succeeded {
        let Some(doubt) = doubt(journal, &ran)? else {
            return Ok(if is_small(&ran.execution) { Seen::Small(ran) } else { Seen::Large(ran) });
        };
        ran.execution.outcome = Outcome::Unsure;
        ran.execution.failure = Some(report(Outcome::Unsure, doubt, ran.log));
    }
    let execution = &ran.execution;
    journal.failed(&ran.node, &ran.judgement, execution)?;
    Ok(Seen::Recorded(Ended {
        finished: Finished::Failed(execution.outcome),
        wall_ms: execution.cost.wall_ms,
        failure: execution.failure.clone(),
        retry: execution.retry,
    }))
}

/// Whether it is quick to keep: no large file, and nothing to be looked up in a commit.
fn is_small(execution: &Execution) -> bool {
    let size = |found: &crate::exec::collect::Found| {
        fs::metadata(&found.source).map_or(u64::MAX, |file| file.len())
    };
    let all = execution.outputs.iter().map(size).fold(0, u64::saturating_add);
    execution.reads.is_none() && all <= LARGE
}

/// Why nobody knows what was built, if so.
fn doubt<J: Journal>(journal: &J, ran: &Ran) -> anyhow::Result<Option<String>> {
    let changed = journal.changed(&ran.node, &ran.judgement)?;
    if changed.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = changed.iter().map(|name| format!("`{name}`")).collect();
    Ok(Some(format!("it ran well, but what went into it changed meanwhile: {}", names.join(", "))))
}
