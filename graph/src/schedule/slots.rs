//! What running nodes hold of the host. Knows no node.

use crate::resource::{Capacity, Pool};

/// What one running node holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// Whose limit it counts against.
    pub(super) pool: Pool,
    /// The bytes it is expected to need.
    pub(super) memory: u64,
}

/// Capacity, and what is held of it.
///
/// Invariant: the counts are those of the slots taken and not given back.
#[derive(Debug)]
pub(super) struct Slots {
    capacity: Capacity,
    held: [usize; Pool::ALL.len()],
    memory: u64,
}

impl Slots {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self { capacity, held: [0; Pool::ALL.len()], memory: 0 }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held == [0; Pool::ALL.len()]
    }

    /// Whether one more fits. What is too big for the host runs alone rather than never.
    pub(super) fn fits(&self, slot: Slot) -> bool {
        self.is_idle()
            || self.held[slot.pool as usize] < self.capacity.slots(slot.pool)
                && self.memory.saturating_add(slot.memory) <= self.capacity.memory
    }

    pub(super) fn take(&mut self, slot: Slot) {
        self.held[slot.pool as usize] += 1;
        self.memory += slot.memory;
    }

    pub(super) fn give_back(&mut self, slot: Slot) {
        self.held[slot.pool as usize] -= 1;
        self.memory -= slot.memory;
    }
}

#[cfg(test)]
mod tests {
    use super::{Slot, Slots};
    use crate::resource::{Capacity, Pool};

    #[test]
    fn pools_and_memory_limit_and_one_alone_always_fits() {
        let mut slots = Slots::new(Capacity::new(2, 1, 100));
        let build = |memory| Slot { pool: Pool::Build, memory };
        let light = Slot { pool: Pool::Light, memory: 0 };
        assert!(slots.fits(build(500)), "alone");
        slots.take(build(60));
        assert!(slots.fits(build(40)) && !slots.fits(build(41)), "memory");
        slots.take(build(0));
        assert!(!slots.fits(build(0)), "the pool is full");
        assert!(slots.fits(light), "the other is not");
        slots.take(light);
        assert!(!slots.fits(light));
        for slot in [build(60), build(0), light] {
            slots.give_back(slot);
        }
        assert!(slots.is_idle());
    }
}
