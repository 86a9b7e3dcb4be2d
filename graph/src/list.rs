//! A list in two pieces, each of which may be shared: nodes of a matrix have most of what they are made of in common.
//! Knows no node.

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

/// A list that costs 32 bytes where others hold its items as well. What it is made of in two is no part of its value.
pub struct List<T> {
    first: Arc<[T]>,
    rest: Arc<[T]>,
}

impl<T> List<T> {
    /// The items of one list, then those of another.
    #[must_use]
    pub fn joined(first: Arc<[T]>, rest: Arc<[T]>) -> Self {
        Self { first, rest }
    }

    /// The two pieces, for one who can remember what became of a piece.
    #[must_use]
    pub fn pieces(&self) -> [&Arc<[T]>; 2] {
        [&self.first, &self.rest]
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item by its place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.first.get(index).or_else(|| self.rest.get(index.checked_sub(self.first.len())?))
    }

    /// The items, to be changed.
    #[must_use]
    pub fn to_vec(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.iter().cloned().collect()
    }

    /// The items in order.
    #[inline]
    pub fn iter(&self) -> Iter<'_, T> {
        self.first.iter().chain(self.rest.iter())
    }
}

/// The items of a [`List`].
pub type Iter<'a, T> = std::iter::Chain<std::slice::Iter<'a, T>, std::slice::Iter<'a, T>>;

impl<T: Clone> List<T> {
    /// Adds an item at the end, to this list alone.
    pub fn push(&mut self, item: T) {
        self.extend([item]);
    }
}

impl<T: Clone> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.rest = self.rest.iter().cloned().chain(items).collect();
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> Index<usize> for List<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        self.get(index).expect("an index below the length")
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { first: Arc::default(), rest: Arc::default() }
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self { first: Arc::clone(&self.first), rest: Arc::clone(&self.rest) }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self { first: items.into(), rest: Arc::default() }
    }
}

impl<T> From<Arc<[T]>> for List<T> {
    fn from(items: Arc<[T]>) -> Self {
        Self { first: items, rest: Arc::default() }
    }
}

impl<T, const COUNT: usize> From<[T; COUNT]> for List<T> {
    fn from(items: [T; COUNT]) -> Self {
        Self { first: items.into(), rest: Arc::default() }
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self { first: items.into_iter().collect(), rest: Arc::default() }
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::List;

    #[test]
    fn where_it_is_cut_makes_no_difference() {
        let whole: List<u8> = vec![1, 2, 3].into();
        let cut = List::joined(Arc::from([1]), Arc::from([2, 3]));
        assert_eq!(whole, cut);
        assert_eq!((cut.len(), cut[1], cut.get(3)), (3, 2, None));
        let mut longer = cut.clone();
        longer.push(4);
        assert_eq!((longer.len(), longer[3], cut.len()), (4, 4, 3));
        assert!(List::<u8>::default().is_empty());
    }
}
