//! Random characters and bytes.

use arrow::datatypes::{BinaryType, ByteArrayType, Utf8Type};

use super::maker::ValueSource;
use super::rows::fill;
use crate::random::{Key, SplitMix64};

pub(super) const LETTERS_AND_DIGITS: u64 = 62;

/// A type of values of any length, made of characters or bytes.
pub(super) trait Characters: ByteArrayType<Offset = i32> {
    /// Returns a source of random characters or bytes.
    fn random(key: Key) -> ValueSource<u8>;

    /// Returns eight random characters or bytes.
    fn eight(word: u64) -> [u8; 8];
}

impl Characters for Utf8Type {
    fn random(key: Key) -> ValueSource<u8> {
        Box::new(move |rows, size| fill(rows, size, |block| letters_and_digits(key.word(block))))
    }

    #[inline(always)]
    fn eight(word: u64) -> [u8; 8] {
        letters_and_digits(word)
    }
}

impl Characters for BinaryType {
    fn random(key: Key) -> ValueSource<u8> {
        Box::new(move |rows, size| fill(rows, size, |block| key.word(block).to_le_bytes()))
    }

    #[inline(always)]
    fn eight(word: u64) -> [u8; 8] {
        word.to_le_bytes()
    }
}

pub(super) fn append_random<T: Characters>(
    stream: &mut SplitMix64,
    size: usize,
    target: &mut Vec<u8>,
) {
    let start = target.len();
    target.resize(start + size, 0);
    fill_random::<T>(stream, &mut target[start..]);
}

pub(super) fn fill_random<T: Characters>(stream: &mut SplitMix64, target: &mut [u8]) {
    for eight in target.chunks_mut(8) {
        let made = T::eight(stream.next_word());
        eight.copy_from_slice(&made[..eight.len()]);
    }
}

/// Returns eight characters: four pairs from 16 bits each. Some pairs are likelier than others by 1
/// in 17; single characters are equally likely to 1 in 1000.
#[inline(always)]
fn letters_and_digits(word: u64) -> [u8; 8] {
    const PAIRS: u64 = LETTERS_AND_DIGITS * LETTERS_AND_DIGITS;
    static TABLE: [[u8; 2]; PAIRS as usize] = pairs();
    let mut characters = [0; 8];
    for (lane, pair) in characters.as_chunks_mut().0.iter_mut().enumerate() {
        *pair = TABLE[((((word >> (lane * 16)) & 0xffff) * PAIRS) >> 16) as usize];
    }
    characters
}

const fn pairs<const PAIRS: usize>() -> [[u8; 2]; PAIRS] {
    let mut table = [[0; 2]; PAIRS];
    let mut pair = 0;
    while pair < PAIRS {
        let number = pair as u64;
        table[pair] = [
            letter_or_digit(number / LETTERS_AND_DIGITS),
            letter_or_digit(number % LETTERS_AND_DIGITS),
        ];
        pair += 1;
    }
    table
}

/// Returns one of the 62 characters, in the order of their codes.
pub(super) const fn letter_or_digit(digit: u64) -> u8 {
    let digit = digit as u8;
    match digit {
        0..=9 => b'0' + digit,
        10..=35 => b'A' + digit - 10,
        _ => b'a' + digit - 36,
    }
}
