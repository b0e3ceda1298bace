//! Values that are more or less in the order of the rows, by words that rise with the position.

use super::rows::{RowNumbers, fill};
use super::walk::Walk;
use crate::config::Column;
use crate::random::{Key, scale};

/// The words of positions, which determine the order of values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Random(Key),
    Placed(Words),
    Wandering(Walk),
}

/// Words by position. A share of them has the place that sorting would give them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    key: Key,
    placing: Key,
    /// Share of positions that are in order, out of 2^53.
    threshold: u64,
    /// 2^64 divided by the number of positions that are sorted together.
    stride: u64,
    /// Number of positions after which the order starts again.
    cycle: u64,
}

impl Order {
    /// Makes the order of a column. `positions` is the number of positions of the whole column.
    pub(super) fn new(key: Key, column: &Column, positions: u64) -> Self {
        if let Some(drift) = column.drift {
            return Order::Wandering(Walk {
                key,
                start: 0.5,
                step: drift,
                bounds: Some((0.0, 1.0)),
            });
        }
        match column.sortedness > 0.0 {
            true => {
                let cycle = column.cycle.unwrap_or(u64::MAX);
                Order::Placed(Words::new(key, column.sortedness, positions, cycle))
            }
            false => Order::Random(key),
        }
    }

    pub(super) fn is_random(&self) -> bool {
        matches!(self, Order::Random(_))
    }

    /// Returns `size` values for each row, each made from a word by `value`.
    pub(super) fn fill<T: Copy + Default>(
        &self,
        rows: RowNumbers<'_>,
        size: usize,
        value: impl Fn(u64) -> T,
    ) -> Vec<T> {
        match self {
            Order::Random(key) => fill(rows, size, |position| [value(key.word(position))]),
            Order::Placed(words) => fill(rows, size, |position| [value(words.word(position))]),
            Order::Wandering(walk) => walk.fill(rows, size, |share| {
                // The cast stops at the largest word.
                value((share * 18_446_744_073_709_551_616.0) as u64)
            }),
        }
    }
}

impl Words {
    /// Makes the words. A pair of neighbours rises for sure if both are in order, and in half of
    /// the other cases. The share of rising pairs beyond a half, doubled, is therefore the square
    /// of the share of rows in order.
    fn new(key: Key, sortedness: f64, positions: u64, cycle: u64) -> Self {
        let cycle = cycle.clamp(1, positions.max(1));
        const PLACED: u64 = u64::from_le_bytes(*b"in order");
        Words {
            key,
            placing: key.derive(PLACED),
            threshold: (sortedness.clamp(0.0, 1.0).sqrt() * (1_u64 << 53) as f64) as u64,
            stride: u64::try_from((1_u128 << 64) / u128::from(cycle)).unwrap_or(u64::MAX),
            cycle,
        }
    }

    #[inline]
    fn word(&self, position: u64) -> u64 {
        let word = self.key.word(position);
        if self.placing.word(position) >> 11 < self.threshold {
            (position % self.cycle)
                .wrapping_mul(self.stride)
                .saturating_add(scale(word, self.stride))
        } else {
            word
        }
    }
}
