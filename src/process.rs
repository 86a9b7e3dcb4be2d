//! The one door to other programs that answer at once: argv in, output out, with a deadline. Builds are in `exec`.
