//! Random numbers that never change, on any machine: SplitMix64 (Steele, Lea and Flood, "Fast
//! splittable pseudorandom number generators", OOPSLA 2014).
//!
//! It is written by hand, because generated content, checksums, masks and intervals must not change
//! with a library's next release. Its n-th output does not need the ones before it, so words come
//! one after the other ([`SplitMix64`]) or by position, in any order and on any thread ([`Key`]).

/// 2^64 divided by the golden ratio: the step of SplitMix64's state.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const UNIT_STEP: f64 = 1.0 / (1_u64 << 53) as f64;

/// SplitMix64's output function, a bijection: variant 13 of Stafford's mixers.
#[inline(always)]
pub const fn mix(word: u64) -> u64 {
    let word = half_mix(word);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The first half of [`mix`].
#[inline(always)]
const fn half_mix(word: u64) -> u64 {
    (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// An infinite series of random words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub u64);

impl Key {
    /// Returns the word at a position: from 1 on, that output of [`SplitMix64`] with the key as its
    /// seed.
    #[inline(always)]
    pub fn word(self, position: u64) -> u64 {
        mix(self.0.wrapping_add(position.wrapping_mul(GOLDEN)))
    }

    /// Returns the key of another series, independent of this one.
    pub fn derive(self, purpose: u64) -> Key {
        Key(mix(mix(self.0) ^ mix(purpose.wrapping_add(GOLDEN))))
    }
}

/// The numbers `0..count` in a random-looking order, of which any can be asked for alone: a Feistel
/// network over the next even power of two, repeated until the result is one of the numbers (Black
/// and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
#[derive(Debug, Clone, Copy)]
pub struct Permutation {
    key: Key,
    count: u64,
    half_bits: u32,
}

impl Permutation {
    pub fn new(key: Key, count: u64) -> Self {
        let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
        Permutation {
            key,
            count,
            half_bits: bits.div_ceil(2).max(1),
        }
    }

    /// Returns the number at a position below `count`. Positions from there on have no number of
    /// their own; theirs is any number.
    pub fn at(&self, position: u64) -> u64 {
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
            if number < self.count || position >= self.count {
                return number;
            }
        }
    }
}

/// Words one after the other, for users that need an unknown number of them.
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    pub fn new(seed: u64) -> Self {
        SplitMix64 { state: seed }
    }

    #[inline]
    pub fn next_word(&mut self) -> u64 {
        mix(self.next_state())
    }

    /// Returns the next word, half mixed: 32 bits from which the seed is not obvious, which is
    /// enough for a mask.
    pub fn next_half_mixed(&mut self) -> u32 {
        (half_mix(self.next_state()) >> 32) as u32
    }

    /// Returns a number that is uniform over the open interval from 0 to 1.
    pub fn uniform(&mut self) -> f64 {
        ((self.next_word() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Returns a number that is uniform over 0 to `count - 1`, for a `count` far below 2^52. 0 if
    /// `count` is 0.
    pub fn index(&mut self, count: usize) -> usize {
        (self.uniform() * count as f64) as usize
    }

    #[inline(always)]
    fn next_state(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        self.state
    }
}

/// Maps a word to a number of `0..count`: the upper half of their product.
///
/// Without Lemire's rejection step some numbers are likelier than others by `count` / 2^64 of their
/// probability, which no sample of a size that fits on a disk can show.
#[inline(always)]
pub fn scale(word: u64, count: u64) -> u64 {
    ((u128::from(word) * u128::from(count)) >> 64) as u64
}

/// Maps a word to [0, 1) in steps of 2^-53.
#[inline(always)]
pub fn unit(word: u64) -> f64 {
    // Processors convert signed integers in one instruction.
    (word >> 11) as i64 as f64 * UNIT_STEP
}

/// Maps a word to (0, 1] in steps of 2^-53, for logarithms.
#[inline(always)]
pub fn positive_unit(word: u64) -> f64 {
    ((word >> 11) + 1) as i64 as f64 * UNIT_STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for seed 1234567, as published with ports of the reference implementation
    /// (e.g. Rosetta Code).
    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers = [random.next_word(), random.next_word(), random.next_word()];
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn a_permutation_has_each_number_once_and_depends_on_its_key() {
        for count in [1, 2, 3, 7, 64, 65, 1000] {
            let orders = [1, 2].map(|key| {
                let order = Permutation::new(Key(key), count);
                (0..count)
                    .map(|position| order.at(position))
                    .collect::<Vec<_>>()
            });
            for order in &orders {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            }
            assert!(count < 64 || orders[0] != orders[1]);
        }
    }

    #[test]
    fn indexes_are_in_range_and_equally_frequent() {
        let mut random = SplitMix64::new(1);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.index(7)] += 1;
        }
        assert!(
            counts.iter().all(|count| (9_500..10_500).contains(count)),
            "{counts:?}"
        );
    }
}
