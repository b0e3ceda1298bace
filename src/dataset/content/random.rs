//! Random words by position: a pure function of a key and a position, in any order, on any thread.
//!
//! The words of one key are the output of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", OOPSLA 2014) seeded with the key: its n-th output needs none of those before it. Written out here
//! because generated content must stay the same for ever, whatever a library does in its next release.

/// 2^64 divided by the golden ratio: the step of SplitMix64's state.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function, a bijection: variant 13 of Stafford's mixers.
pub(super) const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Names an infinite series of random words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) u64);

impl Key {
    #[inline(always)]
    pub(super) fn word(self, position: u64) -> u64 {
        mix(self.0.wrapping_add(position.wrapping_mul(GOLDEN)))
    }

    /// The key of another series, independent of this one.
    pub(super) fn derive(self, purpose: u64) -> Key {
        Key(mix(mix(self.0) ^ mix(purpose.wrapping_add(GOLDEN))))
    }
}

/// Words one after the other, for what takes an unknown number of them.
pub(super) struct Stream(u64);

impl Stream {
    pub(super) fn new(seed: u64) -> Self {
        Stream(seed)
    }

    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }
}

/// A number of `0..count` out of a word: the upper half of their product.
///
/// Without Lemire's rejection step some numbers are likelier than others by `count` / 2^64 of their probability, which
/// no sample of a size that fits on a disk can show.
#[inline(always)]
pub(super) fn scale(word: u64, count: u64) -> u64 {
    ((u128::from(word) * u128::from(count)) >> 64) as u64
}

/// [0, 1) in steps of 2^-53.
#[inline(always)]
pub(super) fn unit(word: u64) -> f64 {
    // Signed integers are the ones that processors convert in one instruction.
    (word >> 11) as i64 as f64 * UNIT_STEP
}

/// (0, 1] in steps of 2^-53, for logarithms.
#[inline(always)]
pub(super) fn positive_unit(word: u64) -> f64 {
    ((word >> 11) + 1) as i64 as f64 * UNIT_STEP
}

const UNIT_STEP: f64 = 1.0 / (1_u64 << 53) as f64;
