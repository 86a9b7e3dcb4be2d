//! A long list written by several threads: each makes the text of a piece of it, and the pieces are written in order. A few
//! are in memory at a time, however long the list is. Knows nothing of what is written.

use std::io::{self, Write};
use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// How many items a piece is of.
const PIECE: usize = 2048;

/// Writes what is made of items by their numbers, in order.
///
/// # Errors
/// When the writer fails, or a piece cannot be made.
pub(super) fn in_order(
    count: usize,
    make: impl Fn(Range<usize>) -> io::Result<Vec<u8>> + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    if count <= PIECE {
        return out.write_all(&make(0..count)?);
    }
    let pieces = count.div_ceil(PIECE);
    let at_a_time = 2 * rayon::current_num_threads();
    let piece = |at: usize| make(at * PIECE..count.min((at + 1) * PIECE));
    let mut made: Vec<io::Result<Vec<u8>>> = Vec::new();
    for first in (0..pieces).step_by(at_a_time) {
        let mut next = Vec::new();
        let these = first..pieces.min(first + at_a_time);
        // This thread writes what the others have made before.
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| next = these.into_par_iter().map(piece).collect());
            write_all(std::mem::take(&mut made), out)
        })?;
        made = next;
    }
    write_all(made, out)
}

fn write_all(pieces: Vec<io::Result<Vec<u8>>>, out: &mut dyn Write) -> io::Result<()> {
    pieces.into_iter().try_for_each(|piece| out.write_all(&piece?))
}

#[cfg(test)]
mod tests {
    use super::{PIECE, in_order};

    #[test]
    fn the_order_is_that_of_the_list() {
        for count in [0, 1, PIECE, PIECE + 1, 40 * PIECE + 7] {
            let line = |at: usize| format!("{at}\n");
            let mut out = Vec::new();
            in_order(count, |range| Ok(range.map(line).collect::<String>().into_bytes()), &mut out)
                .expect("memory takes all");
            assert!(out == (0..count).map(line).collect::<String>().into_bytes(), "{count}");
        }
    }
}
