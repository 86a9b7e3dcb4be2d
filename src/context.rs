//! The world as the command found it: working directory, environment, clock, terminal. Read once, passed on.
