//! Requested row numbers, and vectors of their values.

use std::mem;

use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};

/// Row numbers of one table.
#[derive(Clone, Copy)]
pub(super) enum RowNumbers<'a> {
    Range { first: u64, count: usize },
    Listed(&'a [u64]),
}

impl RowNumbers<'_> {
    pub(super) fn len(self) -> usize {
        match self {
            RowNumbers::Range { count, .. } => count,
            RowNumbers::Listed(rows) => rows.len(),
        }
    }

    /// Returns the rows as runs of neighbours: first row and number of rows.
    fn runs(self) -> impl Iterator<Item = (u64, usize)> {
        let (range, listed) = match self {
            RowNumbers::Range { first, count } => (Some((first, count)), [].as_slice()),
            RowNumbers::Listed(rows) => (None, rows),
        };
        let runs = listed
            .chunk_by(|row, next| row.checked_add(1) == Some(*next))
            .map(|run| (run[0], run.len()));
        range.into_iter().chain(runs)
    }

    pub(super) fn each(self, mut visit: impl FnMut(u64)) {
        for (first, count) in self.runs() {
            (first..first + count as u64).for_each(&mut visit);
        }
    }

    /// Returns the rows that are not null, for use as [`RowNumbers::Listed`].
    pub(super) fn valid(self, nulls: &NullBuffer) -> Vec<u64> {
        let mut valid = Vec::with_capacity(self.len() - nulls.null_count());
        let mut flags = nulls.iter();
        self.each(|row| {
            if flags.next() == Some(true) {
                valid.push(row);
            }
        });
        valid
    }
}

/// Returns `size` values for each of `rows`, one row after the other.
///
/// Value j of a row has the position row * `size` + j. `block(b)` makes the values of `LANES`
/// positions from `b * LANES` on, which share one random word. A value therefore depends on its
/// position alone.
pub(super) fn fill<T: Copy + Default, const LANES: usize>(
    rows: RowNumbers<'_>,
    size: usize,
    block: impl Fn(u64) -> [T; LANES],
) -> Vec<T> {
    if let (RowNumbers::Listed(rows), 1) = (rows, size) {
        // Scattered rows would be runs of one value.
        let lanes = LANES as u64;
        return rows
            .iter()
            .map(|row| block(row / lanes)[(row % lanes) as usize])
            .collect();
    }
    let mut values = vec![T::default(); rows.len() * size];
    let mut rest = values.as_mut_slice();
    for (first, count) in rows.runs() {
        let (run, after) = mem::take(&mut rest).split_at_mut(count * size);
        fill_run(run, first.wrapping_mul(size as u64), &block);
        rest = after;
    }
    values
}

/// Fills `values` with the values of consecutive positions from `start` on.
#[inline(always)]
fn fill_run<T: Copy, const LANES: usize>(
    values: &mut [T],
    start: u64,
    block: &impl Fn(u64) -> [T; LANES],
) {
    let lanes = LANES as u64;
    let mut number = start / lanes;
    let mut values = values;
    let lane = (start % lanes) as usize;
    if lane > 0 {
        let (head, body) = values.split_at_mut(values.len().min(LANES - lane));
        head.copy_from_slice(&block(number)[lane..lane + head.len()]);
        values = body;
        number += 1;
    }
    let (blocks, tail) = values.as_chunks_mut::<LANES>();
    for target in blocks {
        *target = block(number);
        number += 1;
    }
    if !tail.is_empty() {
        tail.copy_from_slice(&block(number)[..tail.len()]);
    }
}

/// Returns the offsets of `rows` values of `length` each. Nulls take no space.
pub(super) fn even_offsets(
    rows: usize,
    length: usize,
    nulls: Option<&NullBuffer>,
) -> OffsetBuffer<i32> {
    match nulls {
        None => OffsetBuffer::from_repeated_length(length, rows),
        Some(nulls) => {
            OffsetBuffer::from_lengths(nulls.iter().map(|valid| if valid { length } else { 0 }))
        }
    }
}

pub(super) fn bits(values: &[bool]) -> BooleanBuffer {
    BooleanBuffer::collect_bool(values.len(), |index| values[index])
}
