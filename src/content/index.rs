//! Choice of one of n values for a position.

use super::ordered::Order;
use super::ranks::{Ranks, RisingRanks};
use super::rows::{RowNumbers, fill};
use crate::random::{Key, Permutation};

/// Chooses from values that are numbered from 0.
pub(super) enum Index {
    /// The position itself, which starts again after `period`.
    Position {
        period: Option<u64>,
    },
    Drawn(Ranks),
    /// Each value is in the same number of positions.
    Shuffled(Shuffle),
    /// More or less in the order of the positions.
    Ordered(Order, RisingRanks),
}

impl Index {
    /// Makes an index of `0..count` in which all are equally likely.
    pub(super) fn alike(count: u64) -> Self {
        Index::Drawn(Ranks::Alike { count })
    }

    /// Returns `size` values for each of `rows`. `value` makes a value from its number.
    pub(super) fn fill<T: Copy + Default>(
        &self,
        key: Key,
        rows: RowNumbers<'_>,
        size: usize,
        value: impl Fn(u64) -> T,
    ) -> Vec<T> {
        match self {
            Index::Position { period: None } => fill(rows, size, |position| [value(position)]),
            Index::Position {
                period: Some(period),
            } => fill(rows, size, |position| [value(position % period)]),
            Index::Drawn(ranks) => ranks.fill(key, rows, size, value),
            Index::Shuffled(shuffle) => {
                fill(rows, size, |position| [value(shuffle.draw(position))])
            }
            Index::Ordered(order, ranks) => order.fill(rows, size, |word| value(ranks.draw(word))),
        }
    }
}

/// The numbers `0..count` in a random-looking order, taken modulo `values`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shuffle {
    order: Permutation,
    values: u64,
}

impl Shuffle {
    pub(super) fn new(key: Key, count: u64, values: u64) -> Self {
        Shuffle {
            order: Permutation::new(key, count),
            values: values.max(1),
        }
    }

    fn draw(&self, position: u64) -> u64 {
        self.order.at(position) % self.values
    }
}
