//! Bytes with a given compressibility.

use arrow::datatypes::BinaryType;

use super::characters::fill_random;
use crate::random::SplitMix64;

/// Alternating random bytes and zeros, by the position in the whole column.
pub(super) struct Pattern {
    period: u64,
    random: u64,
}

impl Pattern {
    /// Smallest number of random bytes in a row. Compared with these, the cost of a codec's matches
    /// is small.
    const RANDOM: f64 = 512.0;
    const LONGEST: f64 = 65_536.0;

    pub(super) fn new(compressibility: f64) -> Self {
        let random_share = 1.0 - compressibility;
        let period =
            (Pattern::RANDOM / random_share).clamp(Pattern::RANDOM * 2.0, Pattern::LONGEST);
        Pattern {
            period: period as u64,
            random: (period * random_share).round() as u64,
        }
    }

    pub(super) fn append(&self, seed: u64, first: u64, size: usize, target: &mut Vec<u8>) {
        let mut stream = SplitMix64::new(seed);
        let end = target.len() + size;
        let mut position = first;
        while target.len() < end {
            let left = (end - target.len()) as u64;
            let at = position % self.period;
            let (random, run) = match at < self.random {
                true => (true, self.random - at),
                false => (false, self.period - at),
            };
            let run = run.min(left);
            let start = target.len();
            target.resize(start + run as usize, 0);
            if random {
                fill_random::<BinaryType>(&mut stream, &mut target[start..]);
            }
            position = position.wrapping_add(run);
        }
    }
}
