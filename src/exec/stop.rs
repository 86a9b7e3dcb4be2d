//! How a run is asked to stop: by signals, or by what drives it. Knows no node.
//!
//! | signal | first | when asked already |
//! | --- | --- | --- |
//! | SIGINT (Ctrl-C), SIGTERM | end in order | end at once |
//! | SIGHUP (the terminal went away) | end in order | – |

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How urgently a run is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    /// Not at all.
    #[default]
    No,
    /// Nothing more starts; what runs is asked to end and given time.
    InOrder,
    /// What runs is killed.
    AtOnce,
}

/// Where a run looks whether it is to stop.
pub type Stopping = watch::Receiver<Stop>;

/// Waits until the run is to stop.
pub async fn asked(stopping: &mut Stopping) {
    if stopping.wait_for(|asked| *asked != Stop::No).await.is_err() {
        // Nobody is left who could ask.
        std::future::pending::<()>().await;
    }
}

/// Listens for signals from now on, which therefore no longer end this process by themselves. Must be called
/// within a tokio runtime.
///
/// # Errors
/// When a signal cannot be listened for.
pub fn on_signals() -> io::Result<Stopping> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let (sender, receiver) = watch::channel(Stop::No);
    tokio::spawn(async move {
        loop {
            let again = tokio::select! {
                _ = interrupt.recv() => Stop::AtOnce,
                _ = terminate.recv() => Stop::AtOnce,
                _ = hangup.recv() => Stop::InOrder,
                () = sender.closed() => return,
            };
            sender.send_modify(|level| {
                *level = if *level == Stop::No { Stop::InOrder } else { again.max(*level) };
            });
        }
    });
    Ok(receiver)
}
