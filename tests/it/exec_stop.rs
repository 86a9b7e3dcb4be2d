//! Signals that ask a run to stop.

use std::process::Command;
use std::time::Duration;

use graph_cli::exec::stop::{Stop, on_signals};
use rustix::process::{Signal, getpid, kill_process};

use crate::exec_world::block_on;

/// Signals are a process's own affair, so this is tested in a process of its own: where the variable says so, it sends
/// itself the signals of which it holds the names.
#[test]
fn driver() {
    let Ok(signals) = std::env::var("GRAPH_TEST_SIGNALS") else { return };
    let levels = block_on(async {
        let mut stopping = on_signals().expect("handlers");
        let mut levels = Vec::new();
        for name in signals.split(' ') {
            let signal = match name {
                "int" => Signal::INT,
                "term" => Signal::TERM,
                _ => Signal::HUP,
            };
            kill_process(getpid(), signal).expect("we are here");
            tokio::time::timeout(Duration::from_millis(500), stopping.changed()).await.ok();
            levels.push(*stopping.borrow_and_update());
        }
        levels
    });
    println!("levels {levels:?}");
}

#[test]
fn the_first_asks_in_order_and_the_second_at_once() {
    let check = |signals: &str, expect: &[Stop]| {
        let output = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "exec_stop::driver", "--nocapture"])
            .env("GRAPH_TEST_SIGNALS", signals)
            .output()
            .expect("a driver");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(&format!("levels {expect:?}")), "{signals}: {said}");
    };
    check("int int", &[Stop::InOrder, Stop::AtOnce]);
    check("term int", &[Stop::InOrder, Stop::AtOnce]);
    check("hup hup term", &[Stop::InOrder, Stop::InOrder, Stop::AtOnce]);
}
