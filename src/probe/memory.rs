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

    /// As [`Memory::tool`], of many keys, in their order.
    fn tools(&self, keys: &[Digest]) -> Vec<Option<String>> {
        keys.iter().map(|key| self.tool(key)).collect()
    }

    /// Remembers what a tool said: kas its version, git a file of a commit.
    fn remember_tool(&self, key: &Digest, text: &str);

    /// As [`Memory::remember_tool`], of many answers.
    fn remember_tools(&self, told: &[(Digest, String)]) {
        told.iter().for_each(|(key, text)| self.remember_tool(key, text));
    }

    /// What a ref of a remote named when it was last asked for.
    fn last_ref(&self, url: &str, name: &str) -> Option<SeenRef>;

    /// As [`Memory::last_ref`], of many refs, each as URL and name, in their order.
    fn last_refs(&self, refs: &[(&str, &str)]) -> Vec<Option<SeenRef>> {
        refs.iter().map(|(url, name)| self.last_ref(url, name)).collect()
    }

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
