//! Numbers from 0 on, drawn from random words: equally likely, by rank, by weights, or the first
//! ones more often.

use std::hint::select_unpredictable;

use super::error::ContentError;
use super::rejection::RejectionInversion;
use super::rows::{RowNumbers, fill};
use crate::random::{Key, scale};

/// Number of ranks that are drawn from a table, which takes 8 bytes for each. Later ones are
/// calculated, which is slower.
const TABLE_RANKS: u64 = 1 << 14;

/// Fastest ways to draw numbers.
pub(super) enum Ranks {
    /// One of `0..count`, all equally likely.
    Alike {
        count: u64,
    },
    /// Rank minus 1.
    Zipf(Zipf),
    Weighted(AliasTable),
    /// The first numbers more often than the others.
    Hotspot(Hotspot),
}

impl Ranks {
    /// Makes ranks with one number for each of the weights.
    pub(super) fn weighted(weights: &[f64]) -> Result<Self, ContentError> {
        let drawn = weights.iter().any(|weight| *weight > 0.0);
        if !drawn || weights.iter().any(|weight| !weight.is_finite()) {
            return Err(ContentError::Empty);
        }
        Ok(match weights.windows(2).all(|pair| pair[0] == pair[1]) {
            true => Ranks::Alike {
                count: weights.len() as u64,
            },
            false => Ranks::Weighted(AliasTable::new(weights)),
        })
    }

    /// Returns `size` values for each of `rows`. `value` makes a value from the number that is
    /// drawn for its position.
    pub(super) fn fill<T: Copy + Default>(
        &self,
        key: Key,
        rows: RowNumbers<'_>,
        size: usize,
        value: impl Fn(u64) -> T,
    ) -> Vec<T> {
        match self {
            Ranks::Alike { count } => fill(rows, size, |position| {
                [value(scale(key.word(position), *count))]
            }),
            Ranks::Zipf(zipf) => fill(rows, size, |position| {
                [value(zipf.draw(key.word(position)))]
            }),
            Ranks::Weighted(table) => fill(rows, size, |position| {
                [value(table.draw(key.word(position)))]
            }),
            Ranks::Hotspot(hotspot) => fill(rows, size, |position| {
                [value(hotspot.draw(key.word(position)))]
            }),
        }
    }
}

/// Ways to draw numbers that never decrease as the word rises.
pub(super) enum RisingRanks {
    Alike {
        count: u64,
    },
    Hotspot(Hotspot),
    /// The word at which each number ends.
    Weighted(Vec<u64>),
    Zipf {
        ends: Vec<u64>,
        others: Option<RejectionInversion>,
    },
}

impl RisingRanks {
    /// Makes ranks by `weights`, which must be finite, not negative and not all 0.
    pub(super) fn weighted(weights: &[f64]) -> Self {
        RisingRanks::Weighted(ends(weights))
    }

    /// Makes ranks by Zipf's law. The exponent must be above 0.
    pub(super) fn zipf(exponent: f64, count: u64) -> Self {
        let (weights, others) = zipf_weights(exponent, count);
        RisingRanks::Zipf {
            ends: ends(&weights),
            others,
        }
    }

    pub(super) fn draw(&self, word: u64) -> u64 {
        let find = |ends: &[u64]| {
            let number = ends.partition_point(|end| *end <= word);
            number.min(ends.len().saturating_sub(1))
        };
        match self {
            RisingRanks::Alike { count } => scale(word, *count),
            RisingRanks::Hotspot(hotspot) => hotspot.draw(word),
            RisingRanks::Weighted(ends) => find(ends) as u64,
            RisingRanks::Zipf { ends, others } => {
                let number = find(ends);
                match others {
                    Some(others) if number + 1 == ends.len() => {
                        let start = number.checked_sub(1).map_or(0, |before| ends[before]);
                        let share = (word - start) as f64 / ((u64::MAX - start) as f64).max(1.0);
                        others.quantile(share.min(1.0))
                    }
                    _ => number as u64,
                }
            }
        }
    }
}

fn ends(weights: &[f64]) -> Vec<u64> {
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    let mut ends: Vec<u64> = weights
        .iter()
        .map(|weight| {
            sum += weight;
            // The cast stops at the largest word.
            (sum / total * 18_446_744_073_709_551_616.0) as u64
        })
        .collect();
    // The rounding error of the sum is added to the last number that has a weight.
    if let Some(last) = weights.iter().rposition(|weight| *weight > 0.0) {
        ends.truncate(last + 1);
        ends[last] = u64::MAX;
    }
    ends
}

/// Ranks by Zipf's law: rank k of 1..=count has a probability proportional to k^-exponent. The
/// numbers drawn are k - 1.
pub(super) struct Zipf {
    /// An entry for each of the first ranks, and one for all others together, if there are any.
    table: AliasTable,
    others: Option<RejectionInversion>,
}

impl Zipf {
    pub(super) fn new(exponent: f64, count: u64) -> Result<Self, ContentError> {
        if !(exponent.is_finite() && exponent > 0.0) {
            return Err(ContentError::Exponent(exponent));
        }
        if count == 0 {
            return Err(ContentError::Empty);
        }
        let (weights, others) = zipf_weights(exponent, count);
        Ok(Zipf {
            table: AliasTable::new(&weights),
            others,
        })
    }

    #[inline(always)]
    pub(super) fn draw(&self, word: u64) -> u64 {
        let number = self.table.draw(word);
        match &self.others {
            Some(others) if number == TABLE_RANKS => others.draw(word),
            _ => number,
        }
    }
}

/// Returns the weights of the first ranks, and the weight of all others together, if there are any.
fn zipf_weights(exponent: f64, count: u64) -> (Vec<f64>, Option<RejectionInversion>) {
    let mut weights: Vec<f64> = (1..=count.min(TABLE_RANKS))
        .map(|rank| libm::pow(rank as f64, -exponent))
        .collect();
    let others =
        (count > TABLE_RANKS).then(|| RejectionInversion::new(exponent, TABLE_RANKS + 1, count));
    weights.extend(others.as_ref().map(RejectionInversion::total_weight));
    (weights, others)
}

/// `count` numbers, of which the first `hot` get a share of the words. Numbers never fall as the
/// word rises.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hotspot {
    count: u64,
    hot: u64,
    /// Words below this are hot, out of 2^64.
    threshold: u128,
}

impl Hotspot {
    /// Makes a hotspot. At least one value is hot, and at least one is not.
    pub(super) fn new(count: u64, hot_fraction: f64, hot_share: f64) -> Result<Self, ContentError> {
        if count < 2 {
            return Err(ContentError::Empty);
        }
        Ok(Hotspot {
            count,
            hot: ((count as f64 * hot_fraction).round() as u64).clamp(1, count - 1),
            threshold: (hot_share.clamp(0.0, 1.0) * 18_446_744_073_709_551_616.0) as u128,
        })
    }

    pub(super) fn draw(&self, word: u64) -> u64 {
        let word = u128::from(word);
        if word < self.threshold {
            (word * u128::from(self.hot) / self.threshold) as u64
        } else {
            let cold = u128::from(self.count - self.hot);
            let above = (word - self.threshold) * cold / ((1_u128 << 64) - self.threshold);
            self.hot + above as u64
        }
    }
}

/// Walker's alias method, with the table built as by Vose ("A linear algorithm for generating
/// random numbers with a given distribution", IEEE Transactions on Software Engineering 17, 1991).
/// Probabilities are exact to 2^-32.
pub(super) struct AliasTable {
    /// Share of the entry's own number, in steps of 2^-32, and the number that gets the rest.
    entries: Vec<(u32, u32)>,
}

impl AliasTable {
    /// Makes a table. `weights` must be finite, not all 0, and fewer than 2^32.
    fn new(weights: &[f64]) -> Self {
        let scale = weights.len() as f64 / weights.iter().sum::<f64>();
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        // An entry that finds no partner below keeps its whole share, and is its own alias.
        let mut entries: Vec<(u32, u32)> = (0..weights.len() as u32)
            .map(|number| (u32::MAX, number))
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..shares.len()).partition(|number| shares[*number] < 1.0);
        while let (Some(receiver), Some(giver)) = (small.pop(), large.last().copied()) {
            entries[receiver] = ((shares[receiver] * 4_294_967_296.0) as u32, giver as u32);
            shares[giver] -= 1.0 - shares[receiver];
            if shares[giver] < 1.0 {
                large.pop();
                small.push(giver);
            }
        }
        AliasTable { entries }
    }

    #[inline(always)]
    fn draw(&self, word: u64) -> u64 {
        let product = u128::from(word) * self.entries.len() as u128;
        let number = (product >> 64) as u64;
        let (share, alias) = self.entries[number as usize];
        // The lower half of the product serves as a second random word.
        let own = ((product as u64) >> 32) as u32 <= share;
        select_unpredictable(own, number, u64::from(alias))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_never_fall_as_the_word_rises_and_reach_both_ends() {
        let hotspot = Hotspot::new(100, 0.1, 0.9);
        let all = [
            RisingRanks::Alike { count: 100 },
            RisingRanks::weighted(&[0.0, 3.0, 1.0, 0.0]),
            RisingRanks::zipf(1.2, 100),
            RisingRanks::zipf(0.9, 1_000_000),
        ];
        let mut all: Vec<RisingRanks> = all.into();
        all.extend(hotspot.map(RisingRanks::Hotspot));
        for ranks in all {
            let mut before = 0;
            for step in 0..100_000_u64 {
                let number = ranks.draw(step * (u64::MAX / 100_000));
                assert!(number >= before);
                before = number;
            }
            match &ranks {
                RisingRanks::Weighted(_) => {
                    assert_eq!((ranks.draw(0), ranks.draw(u64::MAX)), (1, 2));
                }
                RisingRanks::Zipf {
                    others: Some(_), ..
                } => assert_eq!(ranks.draw(u64::MAX), 999_999),
                _ => assert_eq!((ranks.draw(0), ranks.draw(u64::MAX)), (0, 99)),
            }
        }
    }
}
