//! Made-up values by their numbers: words, texts of a length, bytes of a length.

use arrow::datatypes::{BinaryType, Utf8Type};

use super::characters::{LETTERS_AND_DIGITS, fill_random, letter_or_digit};
use super::lengths::Sizes;
use crate::random::{Key, SplitMix64};

/// Values that are numbered from 0 and made on demand. The first ones are kept in memory.
pub(super) struct Vocabulary {
    kind: WordKind,
    /// The first values one after the other, and the start of each. The last start is the end of
    /// the last value.
    kept: Vec<u8>,
    starts: Vec<usize>,
}

enum WordKind {
    Words,
    /// Letters and digits.
    Text(NumberedText),
    Bytes(NumberedText),
    /// Listed values, all of which are kept.
    Given,
}

/// Random characters that end in the value's number. No two values are equal, if their length
/// allows it. Values of drawn lengths are at least long enough for the number.
struct NumberedText {
    key: Key,
    size: Sizes,
    /// Number of characters that the value's number takes.
    digits: usize,
    /// Factor of the number. It spreads the values over the range of the digits.
    stride: u64,
}

/// Largest number of values that are kept, and number of bytes after which no more are added.
const KEPT_VALUES: u64 = 1 << 14;
const KEPT_BYTES: usize = 4 << 20;

impl Vocabulary {
    pub(super) fn words(count: u64) -> Self {
        Vocabulary::new(WordKind::Words, count)
    }

    pub(super) fn text(key: Key, size: Sizes, count: u64) -> Self {
        Vocabulary::new(
            WordKind::Text(NumberedText::new(key, size, count, LETTERS_AND_DIGITS)),
            count,
        )
    }

    pub(super) fn bytes(key: Key, size: Sizes, count: u64) -> Self {
        Vocabulary::new(
            WordKind::Bytes(NumberedText::new(key, size, count, 256)),
            count,
        )
    }

    /// Makes a vocabulary of given values. Numbers beyond them stand for empty values.
    pub(super) fn given<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut vocabulary = Vocabulary {
            kind: WordKind::Given,
            kept: Vec::new(),
            starts: vec![0],
        };
        for value in values {
            vocabulary.kept.extend_from_slice(value.as_bytes());
            vocabulary.starts.push(vocabulary.kept.len());
        }
        vocabulary
    }

    fn new(kind: WordKind, count: u64) -> Self {
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

    /// Returns the bytes of the longest of the first `count` values, or a little more.
    pub(super) fn longest(&self, count: u64) -> u64 {
        match &self.kind {
            WordKind::Words => longest_word(count),
            WordKind::Text(numbered) | WordKind::Bytes(numbered) => {
                numbered.size.longest().max(numbered.digits as u64)
            }
            WordKind::Given => self
                .starts
                .windows(2)
                .map(|value| value[1] - value[0])
                .max()
                .unwrap_or(0) as u64,
        }
    }

    /// Estimates the mean bytes of values that are drawn by `draw`, from a sample.
    pub(super) fn mean_length(&self, draw: impl Fn(u64) -> u64) -> f64 {
        const SAMPLES: u64 = 1024;
        if let WordKind::Text(NumberedText {
            size: Sizes::Fixed(size),
            ..
        })
        | WordKind::Bytes(NumberedText {
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

impl WordKind {
    fn append(&self, number: u64, target: &mut Vec<u8>) {
        match self {
            WordKind::Words => append_word(number, target),
            WordKind::Text(numbered) => {
                numbered.append(number, target, fill_random::<Utf8Type>);
                let digits = target.len() - numbered.digits;
                numbered.write_number(
                    number,
                    &mut target[digits..],
                    LETTERS_AND_DIGITS,
                    letter_or_digit,
                );
            }
            WordKind::Bytes(numbered) => {
                numbered.append(number, target, fill_random::<BinaryType>);
                let digits = target.len() - numbered.digits;
                numbered.write_number(number, &mut target[digits..], 256, |digit| digit as u8);
            }
            WordKind::Given => {}
        }
    }
}

impl NumberedText {
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
        // Less than the base, because one digit fewer would not suffice.
        let stride = (room / u128::from(count.max(1))).max(1) as u64;
        NumberedText {
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

/// Appends the word of a number. The first 1 600 words have one syllable, the next 320 000 two, and
/// so on: as in a language, frequent words are short. No two words are equal, because vowels mark
/// the end of a syllable.
fn append_word(number: u64, target: &mut Vec<u8>) {
    // Has no factor in common with any number of words. Its multiples therefore visit all of them,
    // in a random-looking order.
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

/// Returns the number of syllables of a word, its rank among the words with that many, and their
/// number.
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
