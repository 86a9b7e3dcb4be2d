//! The `graph` program. Everything is in the library.

use graph_cli::cli;
use graph_cli::exec::supervise;

fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    // Before anything else: one supervisor is started for every step of every node.
    if args.next().is_some_and(|verb| verb == supervise::VERB) {
        return supervise::main_supervise(args);
    }
    cli::main()
}
