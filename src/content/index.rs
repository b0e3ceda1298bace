//! Choice of one of n values for a position.

use super::ordered::Order;
use super::ranks::{Ranks, RisingRanks};
use super::rows::{RowNumbers, fill};
use crate::random::{Key, mix};

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

/// The numbers `0..count` in a random-looking order, taken modulo `values`: a Feistel network over
/// the next even power of two, repeated until the result is one of the numbers (Black and Rogaway,
/// "Ciphers with arbitrary finite domains", CT-RSA 2002).
#[derive(Debug, Clone, Copy)]
pub(super) struct Shuffle {
    key: Key,
    count: u64,
    values: u64,
    half_bits: u32,
}

impl Shuffle {
    pub(super) fn new(key: Key, count: u64, values: u64) -> Self {
        let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
        Shuffle {
            key,
            count,
            values: values.max(1),
            half_bits: bits.div_ceil(2).max(1),
        }
    }

    fn draw(&self, position: u64) -> u64 {
        const ROUNDS: u64 = 4;
        let mask = (1_u64 << self.half_bits) - 1;
        let mut number = position;
        loop {
            let (mut left, mut right) = (number >> self.half_bits, number & mask);
            for round in 0..ROUNDS {
                let mixed = mix(self.key.word(round) ^ right) & mask;
                (left, right) = (right, left ^ mixed);
            }
            number = left << self.half_bits | right;
            // Positions beyond the table have no number of their own.
            if number < self.count || position >= self.count {
                return number % self.values;
            }
        }
    }
}
