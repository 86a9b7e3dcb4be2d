//! How many characters a part of a pattern can match: Python's look-behind needs to know. Knows no syntax.

/// The fewest and the most characters that a part matches. Saturating: what is unbounded is equal to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Width {
    pub(super) const NOTHING: Self = Self { least: 0, most: 0 };
    pub(super) const ONE: Self = Self { least: 1, most: 1 };

    /// One after the other.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            least: self.least.saturating_add(next.least),
            most: self.most.saturating_add(next.most),
        }
    }

    /// One or the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    /// Repeated.
    pub(super) fn times(self, least: u32, most: Option<u32>) -> Self {
        Self {
            least: self.least.saturating_mul(least.into()),
            most: match most {
                Some(most) => self.most.saturating_mul(most.into()),
                None if self.most == 0 => 0,
                None => u64::MAX,
            },
        }
    }

    /// Whether it always matches the same number.
    pub(super) fn is_fixed(self) -> bool {
        self.least == self.most
    }
}
