//! Which one of n values a position gets: by its number, evenly, or by rank.

use std::hint::select_unpredictable;

use super::ContentError;
use super::ordered::{Order, Ranks};
use super::random::{Key, Stream, mix, scale, unit};
use super::rows::{Rows, fill};

/// This many ranks are drawn from a table, of 8 bytes each; the ones behind them by calculation, which is slower.
const TABLE_RANKS: u64 = 1 << 14;

/// Chooses among values that are numbered from 0.
pub(super) enum Index {
    /// The position itself, starting again after `period`.
    Position { period: Option<u64> },
    /// One of `0..count`, each alike.
    Uniform { count: u64 },
    /// Rank - 1.
    Zipf(Zipf),
    /// By weights.
    Weighted(AliasTable),
    /// The first ones more often.
    Hotspot(Hotspot),
    /// Each in as many positions as the others.
    Shuffled(Shuffle),
    /// More or less in the order of the positions.
    Ordered(Order, Ranks),
}

impl Index {
    /// `size` values for each of `rows`, by their numbers.
    pub(super) fn fill<T: Copy + Default>(
        &self,
        key: Key,
        rows: Rows<'_>,
        size: usize,
        value: impl Fn(u64) -> T,
    ) -> Vec<T> {
        match self {
            Index::Position { period: None } => fill(rows, size, |position| [value(position)]),
            Index::Position {
                period: Some(period),
            } => fill(rows, size, |position| [value(position % period)]),
            Index::Uniform { count } => fill(rows, size, |position| {
                [value(scale(key.word(position), *count))]
            }),
            Index::Zipf(zipf) => fill(rows, size, |position| {
                [value(zipf.draw(key.word(position)))]
            }),
            Index::Weighted(table) => fill(rows, size, |position| {
                [value(table.draw(key.word(position)))]
            }),
            Index::Hotspot(hotspot) => fill(rows, size, |position| {
                [value(hotspot.draw(key.word(position)))]
            }),
            Index::Shuffled(shuffle) => {
                fill(rows, size, |position| [value(shuffle.draw(position))])
            }
            Index::Ordered(order, ranks) => order.fill(rows, size, |word| value(ranks.draw(word))),
        }
    }
}

/// Ranks by Zipf's law: rank k of 1..=count with probability proportional to k^-exponent. Drawn are k - 1.
pub(super) struct Zipf {
    /// An entry for each of the first ranks, and one for all of the others, where there are any.
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

/// Weights of the first ranks, and that of all others together, where there are any.
pub(super) fn zipf_weights(exponent: f64, count: u64) -> (Vec<f64>, Option<RejectionInversion>) {
    let mut weights: Vec<f64> = (1..=count.min(TABLE_RANKS))
        .map(|rank| libm::pow(rank as f64, -exponent))
        .collect();
    let others =
        (count > TABLE_RANKS).then(|| RejectionInversion::new(exponent, TABLE_RANKS + 1, count));
    weights.extend(others.as_ref().map(RejectionInversion::total_weight));
    (weights, others)
}

/// `count` numbers, of which the first `hot` get a share of the words. A number never falls as the word rises.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hotspot {
    count: u64,
    hot: u64,
    /// Words below this are hot, out of 2^64.
    threshold: u128,
}

impl Hotspot {
    /// At least one value is hot, and at least one is not.
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

/// The numbers `0..count` in an order that looks like none, then taken modulo `values`: a Feistel network over the next
/// even power of two, walked until it is back among the numbers (Black and Rogaway, "Ciphers with arbitrary finite
/// domains", CT-RSA 2002).
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

/// Walker's alias method, with the table built as by Vose ("A linear algorithm for generating random numbers with a
/// given distribution", IEEE Transactions on Software Engineering 17, 1991). Probabilities are exact to 2^-32.
pub(super) struct AliasTable {
    /// Share of the entry's own number in steps of 2^-32, and the number that has the rest.
    entries: Vec<(u32, u32)>,
}

impl AliasTable {
    /// `weights` are finite, not all 0, and fewer than 2^32.
    pub(super) fn new(weights: &[f64]) -> Self {
        let scale = weights.len() as f64 / weights.iter().sum::<f64>();
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        // An entry that meets no partner below has its whole share, and is its own alias.
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
    pub(super) fn draw(&self, word: u64) -> u64 {
        let product = u128::from(word) * self.entries.len() as u128;
        let number = (product >> 64) as u64;
        let (share, alias) = self.entries[number as usize];
        // What is left of the word below the number is as good as another one.
        let own = ((product as u64) >> 32) as u32 <= share;
        select_unpredictable(own, number, u64::from(alias))
    }
}

/// Ranks `start..=count`, by rejection-inversion: Hörmann and Derflinger, "Rejection-inversion to generate variates from
/// monotone discrete distributions", ACM Transactions on Modeling and Computer Simulation 6, 1996. Needs no table, for any
/// number of ranks. Ranks beyond 2^53 come in steps, as f64 does.
pub(super) struct RejectionInversion {
    exponent: f64,
    start: f64,
    count: f64,
    /// The integral where the area of the first rank starts, and where that of the last one ends.
    first: f64,
    last: f64,
    /// Numbers that lie no further left of their rank are accepted at once.
    shortcut: f64,
}

impl RejectionInversion {
    fn new(exponent: f64, start: u64, count: u64) -> Self {
        let (start, count) = (start as f64, count as f64);
        let mut zipf = RejectionInversion {
            exponent,
            start,
            count,
            first: 0.0,
            last: 0.0,
            shortcut: 0.0,
        };
        zipf.first = zipf.integral(start + 0.5) - zipf.weight(start);
        zipf.last = zipf.integral(count + 0.5);
        let second = start + 1.0;
        zipf.shortcut = second - zipf.inverse(zipf.integral(second + 0.5) - zipf.weight(second));
        zipf
    }

    /// The rank - 1 below which a share of all ranks' weight lies, nearly. It never falls as the share rises.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let below = self.integral(self.start - 0.5);
        let number = self.inverse(below + share * (self.last - below));
        ((number + 0.5) as u64 as f64).clamp(self.start, self.count) as u64 - 1
    }

    /// Sum of k^-exponent over the ranks, to a relative 1 / `start`^2, by the midpoint rule.
    fn total_weight(&self) -> f64 {
        self.last - self.integral(self.start - 0.5)
    }

    #[cold]
    fn draw(&self, seed: u64) -> u64 {
        let mut stream = Stream::new(seed);
        loop {
            let area = self.last + unit(stream.next()) * (self.first - self.last);
            let number = self.inverse(area);
            // The cast rounds towards 0.
            let rank = ((number + 0.5) as u64 as f64).clamp(self.start, self.count);
            if rank - number <= self.shortcut
                || area >= self.integral(rank + 0.5) - self.weight(rank)
            {
                return rank as u64 - 1;
            }
        }
    }

    fn weight(&self, rank: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(rank))
    }

    /// An antiderivative of x^-exponent, 0 at x = 1.
    fn integral(&self, number: f64) -> f64 {
        let power = 1.0 - self.exponent;
        let logarithm = libm::log(number);
        if power == 0.0 {
            logarithm
        } else {
            libm::expm1(power * logarithm) / power
        }
    }

    fn inverse(&self, area: f64) -> f64 {
        let power = 1.0 - self.exponent;
        let logarithm = if power == 0.0 {
            area
        } else {
            libm::log1p((power * area).max(-1.0)) / power
        };
        libm::exp(logarithm)
    }
}
