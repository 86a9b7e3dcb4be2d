//! The `graph` program. Everything is in the library.

use graph_cli::cli;
use graph_cli::exec::kernel::verb;
use graph_cli::exec::supervise;

fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    // Before anything else: one supervisor is started for every step of every node.
    match args.next() {
        Some(verb) if verb == supervise::VERB => supervise::main_supervise(args),
        Some(verb) if verb::is_verb(&verb) => verb::main_kernel(&verb, args),
        _ => cli::main(),
    }
}
