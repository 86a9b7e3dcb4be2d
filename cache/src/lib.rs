//! What `graph` remembers between runs.
