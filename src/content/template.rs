//! Composed texts: templates, and JSON objects.

use arrow::datatypes::Utf8Type;

use super::characters::fill_random;
use super::error::ContentError;
use super::ranks::Zipf;
use super::vocabulary::Vocabulary;
use crate::config::TemplatePart;
use crate::random::{SplitMix64, scale, unit};

/// Exponent of Zipf's law for words.
const WORD_EXPONENT: f64 = 1.0;

pub(super) struct Template {
    parts: Vec<TemplatePart>,
    zipf: Zipf,
    words: Zipf,
    vocabulary: Vocabulary,
    cardinality: u64,
}

impl Template {
    pub(super) fn new(
        parts: &[TemplatePart],
        exponent: f64,
        cardinality: u64,
    ) -> Result<Self, ContentError> {
        Ok(Template {
            parts: parts.to_vec(),
            zipf: Zipf::new(exponent, cardinality)?,
            words: Zipf::new(WORD_EXPONENT, cardinality)?,
            vocabulary: Vocabulary::words(cardinality),
            cardinality,
        })
    }

    pub(super) fn longest(&self) -> u64 {
        const DIGITS: u64 = 20;
        self.parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => text.len() as u64,
                TemplatePart::Row(width)
                | TemplatePart::Uniform(width)
                | TemplatePart::Zipf(width) => DIGITS.max(*width),
                TemplatePart::Word => self.vocabulary.longest(self.cardinality),
                TemplatePart::Hex(count)
                | TemplatePart::Digits(count)
                | TemplatePart::Letters(count) => *count,
                TemplatePart::Uuid => 36,
            })
            .fold(0, u64::saturating_add)
    }

    pub(super) fn append(&self, row: u64, seed: u64, target: &mut Vec<u8>) {
        let mut stream = SplitMix64::new(seed);
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => target.extend_from_slice(text.as_bytes()),
                TemplatePart::Row(width) => append_number(row, *width, target),
                TemplatePart::Uniform(width) => {
                    append_number(scale(stream.next_word(), self.cardinality), *width, target);
                }
                TemplatePart::Zipf(width) => {
                    append_number(self.zipf.draw(stream.next_word()), *width, target);
                }
                TemplatePart::Word => {
                    let word = self.words.draw(stream.next_word());
                    self.vocabulary.append(word, target);
                }
                TemplatePart::Hex(count) => append_digits(*count, 16, &mut stream, target),
                TemplatePart::Digits(count) => append_digits(*count, 10, &mut stream, target),
                TemplatePart::Letters(count) => {
                    let start = target.len();
                    target.resize(start + *count as usize, 0);
                    fill_random::<Utf8Type>(&mut stream, &mut target[start..]);
                }
                TemplatePart::Uuid => append_uuid(&mut stream, target),
            }
        }
    }
}

/// Appends random digits of a base. Each word gives sixteen: its digits as a fraction.
fn append_digits(count: u64, base: u64, stream: &mut SplitMix64, target: &mut Vec<u8>) {
    const DIGITS_OF_A_WORD: usize = 16;
    let start = target.len();
    target.resize(start + count as usize, 0);
    for digits in target[start..].chunks_mut(DIGITS_OF_A_WORD) {
        let mut fraction = stream.next_word();
        for digit in digits {
            let product = u128::from(fraction) * u128::from(base);
            fraction = product as u64;
            *digit = hex_digit((product >> 64) as u64);
        }
    }
}

fn append_number(number: u64, width: u64, target: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut first = digits.len();
    while rest > 0 || first == digits.len() {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let digits = &digits[first..];
    let padding = (width as usize).saturating_sub(digits.len());
    target.resize(target.len() + padding, b'0');
    target.extend_from_slice(digits);
}

fn hex_digit(digit: u64) -> u8 {
    match digit as u8 & 15 {
        digit @ 0..=9 => b'0' + digit,
        digit => b'a' + digit - 10,
    }
}

/// Appends a UUID of RFC 9562, version 4: random except for version and variant.
fn append_uuid(stream: &mut SplitMix64, target: &mut Vec<u8>) {
    let high = stream.next_word() & !0xf000 | 0x4000;
    let low = stream.next_word() & !(3 << 62) | 2 << 62;
    for (number, digit) in (0..16)
        .map(|digit| high >> (60 - 4 * digit))
        .chain((0..16).map(|digit| low >> (60 - 4 * digit)))
        .enumerate()
    {
        if [8, 12, 16, 20].contains(&number) {
            target.push(b'-');
        }
        target.push(hex_digit(digit));
    }
}

/// Flat objects. Each field has a fixed name and type: words, integers, decimals and booleans in
/// turn.
pub(super) struct Json {
    min_fields: u64,
    span: u64,
    words: Zipf,
    vocabulary: Vocabulary,
    cardinality: u64,
}

impl Json {
    pub(super) fn new(
        min_fields: u64,
        max_fields: u64,
        cardinality: u64,
    ) -> Result<Self, ContentError> {
        Ok(Json {
            min_fields,
            span: max_fields
                .checked_sub(min_fields)
                .ok_or(ContentError::Empty)?,
            words: Zipf::new(WORD_EXPONENT, cardinality)?,
            vocabulary: Vocabulary::words(cardinality),
            cardinality,
        })
    }

    pub(super) fn longest(&self) -> u64 {
        // A name, its quotes, the colon and comma; a word and its quotes.
        let fields = self.min_fields.saturating_add(self.span);
        let name = self.vocabulary.longest(fields.max(1));
        let value = self.vocabulary.longest(self.cardinality).max(8) + 2;
        fields.saturating_mul(name + 4 + value).saturating_add(2)
    }

    pub(super) fn append(&self, seed: u64, target: &mut Vec<u8>) {
        let mut stream = SplitMix64::new(seed);
        let fields = self.min_fields + scale(stream.next_word(), self.span.saturating_add(1));
        for field in 0..fields {
            target.push(if field == 0 { b'{' } else { b',' });
            target.push(b'"');
            self.vocabulary.append(field, target);
            target.extend_from_slice(b"\":");
            let word = stream.next_word();
            match field % 4 {
                0 => {
                    target.push(b'"');
                    self.vocabulary.append(self.words.draw(word), target);
                    target.push(b'"');
                }
                1 => append_number(scale(word, 100_000), 0, target),
                2 => {
                    let cents = (unit(word) * 10_000.0) as u64;
                    append_number(cents / 100, 0, target);
                    target.push(b'.');
                    append_number(cents % 100, 2, target);
                }
                _ => target.extend_from_slice(if word.is_multiple_of(2) {
                    b"true"
                } else {
                    b"false"
                }),
            }
        }
        target.push(b'}');
    }
}
