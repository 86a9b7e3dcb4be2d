//! Work on a long list, done by several threads in passes over parts of it. The engine's one door to threads: what is made
//! is the same however many they are. Knows nothing of what is done.

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

/// A shorter list is not worth a second thread.
const WORTH_A_THREAD: usize = 2048;

/// What a pass makes of each part of the list, in order. There are few parts, since a pass may have to learn what their
/// items have in common; a short list is one.
pub(crate) fn in_passes<T: Sync, R: Send>(
    list: &[T],
    pass: impl Fn(&[T]) -> Vec<R> + Send + Sync,
) -> Vec<Vec<R>> {
    if !is_long(list.len()) {
        return vec![pass(list)];
    }
    let length = list.len().div_ceil(4 * rayon::current_num_threads());
    list.par_chunks(length.max(WORTH_A_THREAD / 2)).map(pass).collect()
}

/// Whether a list of this length is worth several threads.
pub(crate) fn is_long(length: usize) -> bool {
    length >= WORTH_A_THREAD
}

/// What the passes made, as one list.
pub(crate) fn joined<R>(parts: Vec<Vec<R>>) -> Vec<R> {
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else { return Vec::new() };
    all.reserve_exact(parts.as_slice().iter().map(Vec::len).sum());
    parts.for_each(|part| all.extend(part));
    all
}
