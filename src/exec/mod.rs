//! Runs what the schedule says, and nothing else. The only place where the program waits.
