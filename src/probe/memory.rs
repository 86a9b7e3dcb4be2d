//! What probes remember between runs: the seam to the cache, and its plain form, which remembers nothing.

use graph::digest::Digest;

/// What a ref named when it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRef {
    /// The commit, in full.
    pub commit: String,
    /// When, in milliseconds since 1970.
    pub seen: i64,
}

/// Remembers observations. What cannot be remembered is observed again, so nothing here fails.
pub trait Memory: Sync {
    /// What was remembered under a key, which must cover everything that the answer depends on.
    fn tool(&self, key: &Digest) -> Option<String>;

    /// Remembers what a tool said: kas its version, git a file of a commit.
    fn remember_tool(&self, key: &Digest, text: &str);

    /// What a ref of a remote named when it was last asked for.
    fn last_ref(&self, url: &str, name: &str) -> Option<SeenRef>;

    /// Remembers what refs name now, each as URL, name and commit.
    fn remember_refs(&self, refs: &[(&str, &str, &str)]);
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forgetful;

impl Memory for Forgetful {
    fn tool(&self, _: &Digest) -> Option<String> {
        None
    }

    fn remember_tool(&self, _: &Digest, _: &str) {}

    fn last_ref(&self, _: &str, _: &str) -> Option<SeenRef> {
        None
    }

    fn remember_refs(&self, _: &[(&str, &str, &str)]) {}
}
