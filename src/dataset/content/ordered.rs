//! Values that are more or less in the order of the rows: words that rise with the position, and what is drawn from a
//! word without ever falling as the word rises.

use super::index::{Hotspot, RejectionInversion, zipf_weights};
use super::random::{Key, scale, unit};
use super::rows::{Rows, fill};
use super::walk::Walk;
use crate::config::Column;

/// The words of positions, and so the order in which values stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Random(Key),
    Placed(Words),
    Wandering(Walk),
}

/// Words by position, of which a share stand where sorting would put them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    key: Key,
    placing: Key,
    /// Out of 2^53: how many positions are in order.
    threshold: u64,
    /// 2^64 over the number of positions that are sorted together.
    stride: u64,
    /// Positions after which the order starts again.
    cycle: u64,
}

impl Order {
    /// `positions` are those of the whole column.
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

    /// `size` values for each row, each made of a word.
    pub(super) fn fill<T: Copy + Default>(
        &self,
        rows: Rows<'_>,
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
    /// A pair of neighbours rises for sure where both are in order, and in half of the other cases. So the share of
    /// rising pairs beyond a half, doubled, is the square of the share of rows in order.
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

/// Numbers from 0 that never fall as the word rises.
pub(super) enum Ranks {
    Uniform {
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

impl Ranks {
    /// `weights` are finite, none negative, not all 0.
    pub(super) fn weighted(weights: &[f64]) -> Self {
        Ranks::Weighted(ends(weights))
    }

    /// The exponent is above 0.
    pub(super) fn zipf(exponent: f64, count: u64) -> Self {
        let (weights, others) = zipf_weights(exponent, count);
        Ranks::Zipf {
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
            Ranks::Uniform { count } => scale(word, *count),
            Ranks::Hotspot(hotspot) => hotspot.draw(word),
            Ranks::Weighted(ends) => find(ends) as u64,
            Ranks::Zipf { ends, others } => {
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
    // Whatever rounding left over belongs to the last one that has a weight.
    if let Some(last) = weights.iter().rposition(|weight| *weight > 0.0) {
        ends.truncate(last + 1);
        ends[last] = u64::MAX;
    }
    ends
}

/// The middle of the n-th of `cardinality` equal shares of the words.
#[inline]
pub(super) fn stepped(word: u64, cardinality: u64) -> f64 {
    (scale(word, cardinality) as f64 + 0.5) / cardinality as f64
}

/// The word as a probability that is neither 0 nor 1.
#[inline]
pub(super) fn inside(word: u64) -> f64 {
    unit(word) + 0.5 / (1_u64 << 53) as f64
}

/// The number below which a standard normal variable lies with probability `share`, which is above 0 and below 1:
/// Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37, 1988 (PPND16).
/// Relative error about 1e-16.
pub(super) fn normal_quantile(share: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_6,
        133.141_667_891_784_38,
        1_971.590_950_306_551_4,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ];
    const B: [f64; 8] = [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ];
    const C: [f64; 8] = [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_8e-9,
    ];
    const E: [f64; 8] = [
        6.657_904_643_501_104,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_9,
        0.026_532_189_526_576_124,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_6e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ];
    fn ratio(above: &[f64; 8], below: &[f64; 8], at: f64) -> f64 {
        let value = |coefficients: &[f64; 8]| {
            coefficients
                .iter()
                .rev()
                .fold(0.0, |sum, coefficient| sum * at + coefficient)
        };
        value(above) / value(below)
    }
    let centred = share - 0.5;
    if centred.abs() <= 0.425 {
        return centred * ratio(&A, &B, 0.180_625 - centred * centred);
    }
    let tail = if centred < 0.0 { share } else { 1.0 - share };
    let root = (-libm::log(tail)).sqrt();
    let number = if root <= 5.0 {
        ratio(&C, &D, root - 1.6)
    } else {
        ratio(&E, &F, root - 5.0)
    };
    number.copysign(centred)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution_are_those_of_the_tables() {
        for (share, expected) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813_5),
            (1e-10, -6.361_340_902_404_056),
            (1e-20, -9.262_340_089_798_408),
            (0.25, -0.674_489_750_196_081_7),
        ] {
            let found = normal_quantile(share);
            assert!((found - expected).abs() < 1e-13, "{share}: {found}");
        }
    }

    #[test]
    fn ranks_never_fall_as_the_word_rises_and_reach_both_ends() {
        let hotspot = Hotspot::new(100, 0.1, 0.9);
        let all = [
            Ranks::Uniform { count: 100 },
            Ranks::weighted(&[0.0, 3.0, 1.0, 0.0]),
            Ranks::zipf(1.2, 100),
            Ranks::zipf(0.9, 1_000_000),
        ];
        let mut all: Vec<Ranks> = all.into();
        all.extend(hotspot.map(Ranks::Hotspot));
        for ranks in all {
            let mut before = 0;
            for step in 0..100_000_u64 {
                let number = ranks.draw(step * (u64::MAX / 100_000));
                assert!(number >= before);
                before = number;
            }
            match &ranks {
                Ranks::Weighted(_) => {
                    assert_eq!((ranks.draw(0), ranks.draw(u64::MAX)), (1, 2));
                }
                Ranks::Zipf {
                    others: Some(_), ..
                } => assert_eq!(ranks.draw(u64::MAX), 999_999),
                _ => assert_eq!((ranks.draw(0), ranks.draw(u64::MAX)), (0, 99)),
            }
        }
    }
}
