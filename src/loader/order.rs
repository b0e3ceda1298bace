//! Orders of an epoch: which accelerator reads which row groups, and the place of each row.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::random::{Key, Permutation};

/// Row groups of one file that are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) file: u32,
    pub(super) row_groups: Range<u32>,
    pub(super) rows: u64,
}

/// Returns the units of each file: whole files, or row groups one by one. Those without rows are
/// left out. There is a list of rows of row groups for each file.
pub(super) fn units<'a>(
    files: impl Iterator<Item = &'a [u64]>,
    whole_files: bool,
) -> Vec<Vec<Unit>> {
    let of_file = |(file, row_groups): (usize, &[u64])| {
        let file = u32::try_from(file).unwrap_or(u32::MAX);
        let count = u32::try_from(row_groups.len()).unwrap_or(u32::MAX);
        let all: Vec<Unit> = match whole_files {
            true => vec![Unit {
                file,
                row_groups: 0..count,
                rows: row_groups.iter().sum(),
            }],
            false => (0..count)
                .zip(row_groups)
                .map(|(index, rows)| Unit {
                    file,
                    row_groups: index..index + 1,
                    rows: *rows,
                })
                .collect(),
        };
        all.into_iter().filter(|unit| unit.rows > 0).collect()
    };
    files.enumerate().map(of_file).collect()
}

/// Purposes of the random numbers of an epoch.
const FILES: u64 = 1;
const ROWS: u64 = 2;
const TIMES: u64 = 3;

/// Source of everything that is random in an epoch. It is the same in all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochKey(Key);

impl EpochKey {
    /// `epoch` counts from 1. With `changes`, each epoch has an order of its own.
    pub fn new(seed: u64, epoch: u64, changes: bool) -> Self {
        EpochKey(Key(seed).derive(if changes { epoch } else { 0 }))
    }

    fn files(self) -> Key {
        self.0.derive(FILES)
    }

    fn rows(self, accelerator: u64) -> Key {
        self.0.derive(ROWS).derive(accelerator)
    }

    /// Key of the computation times of an accelerator.
    pub(super) fn times(self, accelerator: u64) -> Key {
        self.0.derive(TIMES).derive(accelerator)
    }
}

/// Deals the units of all files to `accelerators` accelerators, and returns the shares of those in
/// `wanted`. Each unit in turn goes to the accelerator with the fewest rows so far, so that shares
/// differ by less than the rows of the largest unit. All processes deal alike.
pub(super) fn deal(
    files: &[Vec<Unit>],
    key: EpochKey,
    shuffles_files: bool,
    accelerators: u64,
    wanted: Range<u64>,
) -> Vec<Vec<Unit>> {
    let order = Permutation::new(key.files(), files.len() as u64);
    let in_order = (0..files.len()).map(|place| match shuffles_files {
        true => order.at(place as u64) as usize,
        false => place,
    });
    let mut shares: Vec<Vec<Unit>> = wanted.clone().map(|_| Vec::new()).collect();
    let mut next: BinaryHeap<Reverse<(u64, u64)>> =
        (0..accelerators).map(|it| Reverse((0, it))).collect();
    for unit in in_order.flat_map(|file| &files[file]) {
        let Some(mut least) = next.peek_mut() else {
            break;
        };
        let Reverse((rows, accelerator)) = *least;
        *least = Reverse((rows + unit.rows, accelerator));
        if let Some(place) = accelerator.checked_sub(wanted.start)
            && let Some(share) = shares.get_mut(place as usize)
        {
            share.push(unit.clone());
        }
    }
    shares
}

/// Place of each row in the batches of an accelerator. Rows are shuffled within windows of
/// consecutive rows: the k-th window of `window` rows is shuffled as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowOrder {
    key: Key,
    rows: u64,
    /// 1 if rows stay where they are.
    window: u64,
}

impl RowOrder {
    /// `window` is absent if rows are not shuffled.
    pub(super) fn new(key: EpochKey, accelerator: u64, rows: u64, window: Option<u64>) -> Self {
        RowOrder {
            key: key.rows(accelerator),
            rows,
            window: window.unwrap_or(1).clamp(1, rows.max(1)),
        }
    }

    /// True if rows stay where they are.
    pub(super) fn is_sequential(&self) -> bool {
        self.window == 1
    }

    pub(super) fn window(&self) -> u64 {
        self.window
    }

    /// Returns the first place that the `row`-th row to be read, or one after it, can have.
    pub(super) fn first_place(&self, row: u64) -> u64 {
        row / self.window * self.window
    }

    /// Returns the place of the row that is the `row`-th to be read. `row` is below the number of
    /// rows.
    pub(super) fn place(&self, row: u64) -> u64 {
        if self.window == 1 {
            return row;
        }
        let window = row / self.window;
        let start = window * self.window;
        let rows = self.window.min(self.rows - start);
        start + Permutation::new(self.key.derive(window), rows).at(row - start)
    }
}

/// Numbers of batches of an accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// Rows of the accelerator's share.
    pub rows: u64,
    /// Rows of a full batch.
    pub batch_rows: u64,
    /// Batches of an epoch.
    pub batches: u64,
}

impl Batching {
    pub(super) fn new(rows: u64, batch_rows: u64, drop_last: bool) -> Self {
        let batch_rows = batch_rows.max(1);
        Batching {
            rows,
            batch_rows,
            batches: match drop_last {
                true => rows / batch_rows,
                false => rows.div_ceil(batch_rows),
            },
        }
    }

    /// Rows of a batch. The last one may have fewer than the others.
    pub fn rows_of(&self, batch: u64) -> u64 {
        self.batch_rows
            .min(self.rows.saturating_sub(batch * self.batch_rows))
    }

    /// Rows that are in no batch.
    pub fn dropped_rows(&self) -> u64 {
        self.rows
            .saturating_sub(self.batches.saturating_mul(self.batch_rows))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_has_one_place_whatever_is_shuffled(
            row_groups in proptest::collection::vec(proptest::collection::vec(0_u64..40, 0..5), 1..12),
            (seed, epoch, changes) in (any::<u64>(), 1_u64..5, any::<bool>()),
            (shuffles_files, whole_files) in (any::<bool>(), any::<bool>()),
            window in proptest::option::of(1_u64..200),
            (accelerators, batch_rows) in (1_u64..6, 1_u64..60),
            drop_last in any::<bool>(),
        ) {
            let files = units(row_groups.iter().map(Vec::as_slice), whole_files);
            let key = EpochKey::new(seed, epoch, changes);
            let shares = deal(&files, key, shuffles_files, accelerators, 0..accelerators);
            let mut units_seen = Vec::new();
            for (accelerator, share) in shares.iter().enumerate() {
                units_seen.extend(share.iter().map(|unit| (unit.file, unit.row_groups.start)));
                let rows = share.iter().map(|unit| unit.rows).sum();
                let order = RowOrder::new(key, accelerator as u64, rows, window);
                let mut places: Vec<u64> = (0..rows).map(|row| order.place(row)).collect();
                for (row, place) in places.iter().enumerate() {
                    let window = window.unwrap_or(1).min(rows);
                    prop_assert_eq!(row as u64 / window, place / window);
                }
                places.sort_unstable();
                prop_assert_eq!(places, (0..rows).collect::<Vec<_>>());
                let batching = Batching::new(rows, batch_rows, drop_last);
                let in_batches: u64 = (0..batching.batches).map(|it| batching.rows_of(it)).sum();
                prop_assert_eq!(in_batches + batching.dropped_rows(), rows);
                prop_assert!(batching.dropped_rows() < batch_rows);
                prop_assert!(drop_last || batching.dropped_rows() == 0);
                // A process that feeds one accelerator sees the same share.
                let alone = accelerator as u64..accelerator as u64 + 1;
                let alone = deal(&files, key, shuffles_files, accelerators, alone);
                prop_assert_eq!(&alone[0], share);
            }
            units_seen.sort_unstable();
            let mut all: Vec<_> =
                files.iter().flatten().map(|unit| (unit.file, unit.row_groups.start)).collect();
            all.sort_unstable();
            prop_assert_eq!(units_seen, all);
            let largest = files.iter().flatten().map(|unit| unit.rows).max().unwrap_or(0);
            let rows: Vec<u64> =
                shares.iter().map(|share| share.iter().map(|unit| unit.rows).sum()).collect();
            let (least, most) = (rows.iter().min().unwrap(), rows.iter().max().unwrap());
            prop_assert!(most - least <= largest);
        }
    }

    fn orders(seed: u64, epoch: u64, changes: bool) -> (Vec<Vec<Unit>>, Vec<u64>) {
        let row_groups = vec![vec![10_u64]; 20];
        let files = units(row_groups.iter().map(Vec::as_slice), false);
        let key = EpochKey::new(seed, epoch, changes);
        let order = RowOrder::new(key, 0, 200, Some(64));
        let places = (0..200).map(|row| order.place(row)).collect();
        (deal(&files, key, true, 1, 0..1), places)
    }

    #[test]
    fn an_order_depends_on_the_seed_and_on_the_epoch_if_it_may() {
        assert_eq!(orders(1, 1, true), orders(1, 1, true));
        let other = |one: (Vec<Vec<Unit>>, Vec<u64>), two: (Vec<Vec<Unit>>, Vec<u64>)| {
            one.0 != two.0 && one.1 != two.1
        };
        assert!(other(orders(1, 1, true), orders(1, 2, true)));
        assert!(other(orders(1, 1, true), orders(2, 1, true)));
        assert_eq!(orders(1, 1, false), orders(1, 2, false));
    }

    #[test]
    fn without_shuffles_rows_come_in_the_order_of_the_files() {
        let row_groups = [vec![3_u64, 2], vec![4]];
        let files = units(row_groups.iter().map(Vec::as_slice), false);
        let key = EpochKey::new(7, 1, true);
        let shares = deal(&files, key, false, 1, 0..1);
        let read: Vec<_> = shares[0]
            .iter()
            .map(|it| (it.file, it.row_groups.start))
            .collect();
        assert_eq!(read, [(0, 0), (0, 1), (1, 0)]);
        let order = RowOrder::new(key, 0, 9, None);
        assert!((0..9).all(|row| order.place(row) == row));
    }
}
