//! Made-up values by number: words, texts of a length, bytes of a length.

use arrow::datatypes::{BinaryType, Utf8Type};

use super::characters::{LETTERS_AND_DIGITS, fill_random, letter_or_digit};
use super::lengths::Sizes;
use crate::random::{Key, SplitMix64};

/// Values that are numbered from 0, made when they are needed; the first ones are kept.
pub(super) struct Vocabulary {
    kind: Kind,
    /// The values of 0, 1, ... one after the other, and where each starts; the last start is their
    /// end.
    kept: Vec<u8>,
    starts: Vec<usize>,
}

enum Kind {
    Words,
    /// Letters and digits.
    Text(Numbered),
    Bytes(Numbered),
    /// All of them are kept.
    Given,
}

/// Random characters that end in the value's number, so that no two values are equal where their
/// length allows it. Values of a drawn length are made as long as it takes.
struct Numbered {
    key: Key,
    size: Sizes,
    /// Characters that the number takes.
    digits: usize,
    /// The number is multiplied by this, which spreads the values over all that the digits can
    /// tell.
    stride: u64,
}

/// Most values that are kept; none is added after this many bytes of them.
const KEPT_VALUES: u64 = 1 << 14;
const KEPT_BYTES: usize = 4 << 20;

impl Vocabulary {
    pub(super) fn words(count: u64) -> Self {
        Vocabulary::new(Kind::Words, count)
    }

    pub(super) fn text(key: Key, size: Sizes, count: u64) -> Self {
        Vocabulary::new(
            Kind::Text(Numbered::new(key, size, count, LETTERS_AND_DIGITS)),
            count,
        )
    }

    pub(super) fn bytes(key: Key, size: Sizes, count: u64) -> Self {
        Vocabulary::new(Kind::Bytes(Numbered::new(key, size, count, 256)), count)
    }

    /// Numbers beyond the given values stand for empty ones.
    pub(super) fn given<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut vocabulary = Vocabulary {
            kind: Kind::Given,
            kept: Vec::new(),
            starts: vec![0],
        };
        for value in values {
            vocabulary.kept.extend_from_slice(value.as_bytes());
            vocabulary.starts.push(vocabulary.kept.len());
        }
        vocabulary
    }

    fn new(kind: Kind, count: u64) -> Self {
        let mut kept = Vec::new();
        let mut starts = vec![0];
        for number in 0..count.min(KEPT_VALUES) {
            if kept.len() > KEPT_BYTES {
                break;
            }
            kind.append(number, &mut kept);
            starts.push(kept.len());
        }
        Vocabulary { kind, kept, starts }
    }

    pub(super) fn append(&self, number: u64, target: &mut Vec<u8>) {
        let number_kept = number as usize;
        match (
            self.starts.get(number_kept),
            self.starts.get(number_kept + 1),
        ) {
            (Some(start), Some(end)) => target.extend_from_slice(&self.kept[*start..*end]),
            _ => self.kind.append(number, target),
        }
    }

    /// Bytes of the longest of the first `count` values, or a little more.
    pub(super) fn longest(&self, count: u64) -> u64 {
        match &self.kind {
            Kind::Words => longest_word(count),
            Kind::Text(numbered) | Kind::Bytes(numbered) => {
                numbered.size.longest().max(numbered.digits as u64)
            }
            Kind::Given => self
                .starts
                .windows(2)
                .map(|value| value[1] - value[0])
                .max()
                .unwrap_or(0) as u64,
        }
    }

    /// Mean bytes of values that are drawn by `draw`, by a sample.
    pub(super) fn mean_length(&self, draw: impl Fn(u64) -> u64) -> f64 {
        const SAMPLES: u64 = 1024;
        if let Kind::Text(Numbered {
            size: Sizes::Fixed(size),
            ..
        })
        | Kind::Bytes(Numbered {
            size: Sizes::Fixed(size),
            ..
        }) = &self.kind
        {
            return *size as f64;
        }
        let mut value = Vec::new();
        let mut bytes = 0;
        for sample in 0..SAMPLES {
            value.clear();
            self.append(draw(Key(0).word(sample)), &mut value);
            bytes += value.len();
        }
        bytes as f64 / SAMPLES as f64
    }
}

impl Kind {
    fn append(&self, number: u64, target: &mut Vec<u8>) {
        match self {
            Kind::Words => append_word(number, target),
            Kind::Text(numbered) => {
                numbered.append(number, target, fill_random::<Utf8Type>);
                let digits = target.len() - numbered.digits;
                numbered.write_number(
                    number,
                    &mut target[digits..],
                    LETTERS_AND_DIGITS,
                    letter_or_digit,
                );
            }
            Kind::Bytes(numbered) => {
                numbered.append(number, target, fill_random::<BinaryType>);
                let digits = target.len() - numbered.digits;
                numbered.write_number(number, &mut target[digits..], 256, |digit| digit as u8);
            }
            Kind::Given => {}
        }
    }
}

impl Numbered {
    fn new(key: Key, size: Sizes, count: u64, base: u64) -> Self {
        let mut digits = 0;
        let mut room = 1_u128;
        let most = match size {
            Sizes::Fixed(size) => size,
            Sizes::Drawn(_) => usize::MAX,
        };
        while digits < most && room < u128::from(count) {
            digits += 1;
            room *= u128::from(base);
        }
        // Less than the base, since one digit fewer would not do.
        let stride = (room / u128::from(count.max(1))).max(1) as u64;
        Numbered {
            key,
            size,
            digits,
            stride,
        }
    }

    fn append(
        &self,
        number: u64,
        target: &mut Vec<u8>,
        fill: impl FnOnce(&mut SplitMix64, &mut [u8]),
    ) {
        let start = target.len();
        target.resize(start + self.size.at(number).max(self.digits), 0);
        fill(
            &mut SplitMix64::new(self.key.word(number)),
            &mut target[start..],
        );
    }

    fn write_number(&self, number: u64, target: &mut [u8], base: u64, digit: impl Fn(u64) -> u8) {
        let mut rest = u128::from(number) * u128::from(self.stride);
        for character in target.iter_mut().rev() {
            *character = digit((rest % u128::from(base)) as u64);
            rest /= u128::from(base);
        }
    }
}

const ONSETS: [&str; 25] = [
    "b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "br", "ch",
    "dr", "gr", "pl", "sh", "st", "th", "tr",
];
const NUCLEI: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
const CODAS: [&str; 8] = ["", "n", "r", "s", "t", "l", "nd", "ng"];
const SYLLABLES: u128 = (ONSETS.len() * NUCLEI.len()) as u128;

/// The word of a number: the first 1 600 have one syllable, the next 320 000 two, and so on, as the
/// frequent words of a language are its short ones. No two are equal, since vowels tell where a
/// syllable ends.
fn append_word(number: u64, target: &mut Vec<u8>) {
    // Has no factor in common with any number of words, and so visits them all, in an order that
    // looks like none.
    const STRIDE: u128 = 7_368_787;
    let (syllables, rank, words) = syllables(number);
    let mut rest = rank * STRIDE % words;
    let coda = CODAS[(rest % CODAS.len() as u128) as usize];
    rest /= CODAS.len() as u128;
    for _ in 0..syllables {
        let syllable = (rest % SYLLABLES) as usize;
        rest /= SYLLABLES;
        target.extend_from_slice(ONSETS[syllable % ONSETS.len()].as_bytes());
        target.extend_from_slice(NUCLEI[syllable / ONSETS.len()].as_bytes());
    }
    target.extend_from_slice(coda.as_bytes());
}

/// Syllables of a word, its place among the words of as many, and how many of those there are.
fn syllables(number: u64) -> (usize, u128, u128) {
    let mut syllables = 1;
    let mut rank = u128::from(number);
    let mut words = SYLLABLES * CODAS.len() as u128;
    while rank >= words {
        rank -= words;
        words *= SYLLABLES;
        syllables += 1;
    }
    (syllables, rank, words)
}

fn longest_word(count: u64) -> u64 {
    let (syllables, ..) = syllables(count.saturating_sub(1));
    // "brai", "ng"
    4 * syllables as u64 + 2
}
