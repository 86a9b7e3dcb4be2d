//! What a node needs while it runs and what the host can give. Knows no node.

use serde::{Deserialize, Serialize};

/// A class of work with a limit of its own: cheap steps do not wait behind image builds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// Whole builds, each of which can fill the host.
    #[default]
    Build,
    /// Short steps that use about one core.
    Light,
}

/// What one run may use at a time.
///
/// Invariant: every count is at least one, so a run always gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Nodes of [`Pool::Build`] at a time.
    pub builds: usize,
    /// Nodes of [`Pool::Light`] at a time.
    pub lights: usize,
    /// Bytes of memory that running nodes together are expected to need.
    pub memory: u64,
}

impl Capacity {
    /// Capacity with every count raised to at least one.
    #[must_use]
    pub fn new(builds: usize, lights: usize, memory: u64) -> Self {
        Self { builds: builds.max(1), lights: lights.max(1), memory: memory.max(1) }
    }

    /// How many nodes of a pool may run at a time.
    #[must_use]
    pub fn slots(&self, pool: Pool) -> usize {
        match pool {
            Pool::Build => self.builds,
            Pool::Light => self.lights,
        }
    }
}
