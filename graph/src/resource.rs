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
    /// Builds that take their cores from one common jobserver, so that together they fill the host.
    Shared,
    /// Short steps that use about one core.
    Light,
}

impl Pool {
    /// All pools.
    pub const ALL: [Self; 3] = [Self::Build, Self::Shared, Self::Light];
}

/// What one run may use at a time.
///
/// Invariant: every count is at least one, so a run always gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Nodes of [`Pool::Build`] at a time.
    pub builds: usize,
    /// Nodes of [`Pool::Shared`] at a time.
    pub shared: usize,
    /// Nodes of [`Pool::Light`] at a time.
    pub lights: usize,
    /// Bytes of memory that running nodes together are expected to need.
    pub memory: u64,
}

impl Capacity {
    /// Capacity with every count raised to at least one, for as many shared builds as light steps.
    #[must_use]
    pub fn new(builds: usize, lights: usize, memory: u64) -> Self {
        let lights = lights.max(1);
        Self { builds: builds.max(1), shared: lights, lights, memory: memory.max(1) }
    }

    /// For no more than so many builds at a time, of whichever pool.
    #[must_use]
    pub fn with_jobs(self, jobs: usize) -> Self {
        Self { builds: jobs.max(1), shared: jobs.max(1), ..self }
    }

    /// How many nodes of a pool may run at a time.
    #[must_use]
    pub fn slots(&self, pool: Pool) -> usize {
        match pool {
            Pool::Build => self.builds,
            Pool::Shared => self.shared,
            Pool::Light => self.lights,
        }
    }
}
