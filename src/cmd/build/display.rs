//! Shows a run while it goes on: takes its events on a thread of its own and gives the display its time.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anstream::AutoStream;
use graph::event::Event;

use super::run::Progress;
use crate::context::{Ci, Context};
use crate::report::live::{Display, Screen};

/// How often the display is given its time.
const TICK: Duration = Duration::from_millis(100);

/// How long what happens next may gather, so that it is written at once: nobody sees the difference.
const GATHER: Duration = Duration::from_millis(10);

/// The display that fits who looks, unless the user said which.
pub(super) fn choose(progress: Progress, context: &Context) -> Display {
    let live = || {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        let side = |said: Option<u16>, default: usize| {
            said.filter(|&side| side > 0).map_or(default, usize::from)
        };
        let choice = AutoStream::choice(&io::stderr());
        Display::on(Screen {
            columns: side(size.map(|size| size.ws_col), 80),
            rows: side(size.map(|size| size.ws_row), 24),
            colours: choice != anstream::ColorChoice::Never,
        })
    };
    match progress {
        Progress::Live => live(),
        Progress::Plain => Display::in_log(),
        Progress::Github => Display::in_github(&token()),
        Progress::Auto => match context.ci {
            Ci::GitHub => Display::in_github(&token()),
            Ci::None
                if context.stderr.is_terminal() && context.env.text("TERM") != Some("dumb") =>
            {
                live()
            }
            Ci::None | Ci::Other => Display::in_log(),
        },
    }
}

/// Shows events until there are no more, and gives the display back.
pub(super) fn show(mut display: Display, events: Receiver<Vec<Event>>) -> JoinHandle<Display> {
    thread::spawn(move || {
        let begun = Instant::now();
        // The buffer lies behind what takes colours out, since that hands a line on in pieces.
        let stderr: Box<dyn Write> = Box::new(io::BufWriter::new(io::stderr()));
        let mut out: Box<dyn Write> = match &display {
            Display::Bar(_) => stderr,
            Display::Plain(_) | Display::GitHub(_) => {
                Box::new(AutoStream::new(stderr, AutoStream::choice(&io::stderr())))
            }
        };
        // That nobody can read it is no reason to stop building.
        loop {
            match events.recv_timeout(TICK) {
                Ok(first) => std::iter::once(first)
                    .chain(events.try_iter())
                    .flatten()
                    .for_each(|event| drop(display.consume(&event, begun.elapsed(), &mut out))),
                Err(RecvTimeoutError::Timeout) => {
                    if let (Display::Bar(_), Ok(size)) =
                        (&display, rustix::termios::tcgetwinsize(io::stderr()))
                    {
                        display.resize(
                            usize::from(size.ws_col).max(1),
                            usize::from(size.ws_row).max(1),
                        );
                    }
                    drop(display.tick(begun.elapsed(), &mut out));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            drop(out.flush());
            thread::sleep(GATHER);
        }
        drop(display.finish(begun.elapsed(), &mut out));
        drop(out.flush());
        display
    })
}

/// A word that no build can guess, to end what it must not end itself.
fn token() -> String {
    let mut random = [0_u8; 16];
    let read =
        std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random));
    if read.is_err() {
        random = std::process::id()
            .to_le_bytes()
            .repeat(4)
            .try_into()
            .expect("four times four is sixteen");
    }
    random.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}
