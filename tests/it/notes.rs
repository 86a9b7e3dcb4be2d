//! What a probe remembers, for one test. It keeps what tools said, and nothing of remotes.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::HashMap;
use std::sync::Mutex;

use graph::digest::Digest;
use graph_cli::probe::{Memory, SeenRef};

/// Remembers in memory.
#[derive(Default)]
pub(crate) struct Notes(pub(crate) Mutex<HashMap<Digest, String>>);

impl Memory for Notes {
    fn tool(&self, key: &Digest) -> Option<String> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn remember_tool(&self, key: &Digest, text: &str) {
        self.0.lock().unwrap().insert(*key, text.to_owned());
    }

    fn last_ref(&self, _: &str, _: &str) -> Option<SeenRef> {
        None
    }

    fn remember_refs(&self, _: &[(&str, &str, &str)]) {}
}
