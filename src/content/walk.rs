//! Random walks with access to any position.

use std::collections::HashMap;

use super::normal::Ziggurat;
use super::rows::RowNumbers;
use crate::random::{Key, unit};

/// Positions per block. A walk starts anew in each block, so at most one block must be computed to
/// get to a position.
const BLOCK: u64 = 4096;

/// Number of blocks that are kept in memory while unordered rows are made: 64 MiB.
const KEPT_BLOCKS: usize = 2048;

#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    pub(super) key: Key,
    pub(super) start: f64,
    /// Standard deviation of a step.
    pub(super) step: f64,
    /// Bounds at which the walk is reflected. It starts between them.
    pub(super) bounds: Option<(f64, f64)>,
}

impl Walk {
    /// Returns `size` values for each row, each made by `value`.
    pub(super) fn fill<T>(
        &self,
        rows: RowNumbers<'_>,
        size: usize,
        value: impl Fn(f64) -> T,
    ) -> Vec<T> {
        let mut values = Vec::with_capacity(rows.len() * size);
        let mut blocks: HashMap<u64, Vec<f64>> = HashMap::new();
        rows.each(|row| {
            let first = row.wrapping_mul(size as u64);
            for element in 0..size as u64 {
                let position = first.wrapping_add(element);
                let number = position / BLOCK;
                if !blocks.contains_key(&number) && blocks.len() == KEPT_BLOCKS {
                    blocks.clear();
                }
                let block = blocks.entry(number).or_insert_with(|| self.block(number));
                values.push(value(block[(position % BLOCK) as usize]));
            }
        });
        values
    }

    fn block(&self, number: u64) -> Vec<f64> {
        const LEVEL: u64 = u64::from_le_bytes(*b"a  level");
        let ziggurat = Ziggurat::shared();
        let word = self.key.derive(LEVEL).word(number);
        let mut at = match self.bounds {
            Some((low, high)) => low + unit(word) * (high - low),
            // The spread is the distance that a walk covers in a block.
            None => self.start + self.step * (BLOCK as f64).sqrt() * ziggurat.draw(word),
        };
        (0..BLOCK)
            .map(|offset| {
                let here = at;
                let word = self
                    .key
                    .word(number.wrapping_mul(BLOCK).wrapping_add(offset));
                at += self.step * ziggurat.draw(word);
                if let Some((low, high)) = self.bounds {
                    if at < low {
                        at = 2.0 * low - at;
                    } else if at > high {
                        at = 2.0 * high - at;
                    }
                    // A step may be longer than the distance between the bounds.
                    at = at.clamp(low, high);
                }
                here
            })
            .collect()
    }
}
