//! Columns of strings and of binary values.

use std::sync::Arc;

use arrow::array::GenericByteArray;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{BinaryType, ByteArrayType, Utf8Type};

use super::follow::Followed;
use super::index::{Hotspot, Index, Shuffle, Zipf};
use super::nested::Lengthening;
use super::numbers::{among, following, weighed};
use super::ordered::{Order, Ranks};
use super::random::{Key, Stream, scale};
use super::rows::{Rows, even_offsets, fill};
use super::template::{Json, Template};
use super::vocabulary::{Vocabulary, letters_and_digits};
use super::{ContentError, Lengths, Maker, Source};
use crate::config::{Column, Distribution, Value};

/// A type of values of any length: strings or binary.
pub(super) trait Text: ByteArrayType<Offset = i32> {
    /// `size` random characters, or bytes, for each row.
    fn random(key: Key) -> Source<u8>;

    /// Eight random characters, or bytes.
    fn eight(word: u64) -> [u8; 8];

    fn vocabulary(key: Key, size: Sizes, count: u64) -> Vocabulary;
}

/// Bytes of a made-up value.
pub(super) enum Sizes {
    Fixed(usize),
    /// By the value's number, or by its row.
    Drawn(Lengthening),
}

impl Sizes {
    fn of(column: &Column, key: Key) -> Result<Self, ContentError> {
        Ok(match column.length {
            Some(length) => Sizes::Drawn(Lengthening::new(key, length)?),
            // At most `i32::MAX`, as was made sure before.
            None => Sizes::Fixed(column.size as usize),
        })
    }

    pub(super) fn at(&self, number: u64) -> usize {
        match self {
            Sizes::Fixed(size) => *size,
            Sizes::Drawn(lengths) => lengths.at(number) as usize,
        }
    }

    pub(super) fn longest(&self) -> u64 {
        match self {
            Sizes::Fixed(size) => *size as u64,
            Sizes::Drawn(lengths) => lengths.longest(),
        }
    }

    fn mean(&self) -> f64 {
        match self {
            Sizes::Fixed(size) => *size as f64,
            Sizes::Drawn(lengths) => lengths.mean(),
        }
    }
}

impl Text for Utf8Type {
    fn random(key: Key) -> Source<u8> {
        Box::new(move |rows, size| fill(rows, size, |block| letters_and_digits(key.word(block))))
    }

    #[inline(always)]
    fn eight(word: u64) -> [u8; 8] {
        letters_and_digits(word)
    }

    fn vocabulary(key: Key, size: Sizes, count: u64) -> Vocabulary {
        Vocabulary::text(key, size, count)
    }
}

impl Text for BinaryType {
    fn random(key: Key) -> Source<u8> {
        Box::new(move |rows, size| fill(rows, size, |block| key.word(block).to_le_bytes()))
    }

    #[inline(always)]
    fn eight(word: u64) -> [u8; 8] {
        word.to_le_bytes()
    }

    fn vocabulary(key: Key, size: Sizes, count: u64) -> Vocabulary {
        Vocabulary::bytes(key, size, count)
    }
}

/// Arrays of a column of strings or binary values, and how long its values are.
pub(super) fn maker<T: Text>(
    column: &Column,
    key: Key,
    total_rows: u64,
    followed: Option<Followed>,
) -> Result<(Maker, Lengths), ContentError> {
    // Keeps what makes up a value apart from which value is drawn.
    let values = key.derive(1);
    let sizes = Sizes::of(column, key)?;
    let made_up = |index: Index, sizes: Sizes, count: u64| {
        let vocabulary = T::vocabulary(values, sizes, count);
        let lengths = Lengths {
            longest: vocabulary.longest(count),
            mean: vocabulary.mean_length(|word| scale(word, count)),
        };
        (chosen::<T>(key, index, vocabulary), lengths)
    };
    let fixed = Lengths {
        longest: sizes.longest(),
        mean: sizes.mean(),
    };
    match &column.distribution {
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: None,
        } => match sizes {
            Sizes::Fixed(size) => {
                let source = T::random(key);
                let maker: Maker = Box::new(move |rows, nulls| {
                    let offsets = even_offsets(rows.len(), size, nulls.as_ref());
                    let bytes = match &nulls {
                        None => source(rows, size),
                        Some(nulls) => source(Rows::Listed(&rows.valid(nulls)), size),
                    };
                    Arc::new(GenericByteArray::<T>::new(
                        offsets,
                        Buffer::from_vec(bytes),
                        nulls,
                    ))
                });
                Ok((maker, fixed))
            }
            Sizes::Drawn(_) => Ok((
                each_row::<T>(move |row, bytes| {
                    append_random::<T>(&mut Stream::new(key.word(row)), sizes.at(row), bytes);
                }),
                fixed,
            )),
        },
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: Some(cardinality),
        } => {
            let count = (*cardinality).max(1);
            Ok(made_up(Index::Uniform { count }, sizes, count))
        }
        Distribution::Distinct {
            min: None,
            max: None,
            cardinality,
        } => {
            let count = cardinality.unwrap_or(total_rows).max(1);
            let shuffle = Shuffle::new(key, total_rows, count);
            Ok(made_up(Index::Shuffled(shuffle), sizes, count))
        }
        Distribution::Zipf {
            exponent,
            cardinality,
            min: None,
        } => {
            let index = Index::Zipf(Zipf::new(*exponent, *cardinality)?);
            Ok(made_up(index, sizes, *cardinality))
        }
        Distribution::Hotspot {
            cardinality,
            hot_fraction,
            hot_share,
            min: None,
        } => {
            let hotspot = Hotspot::new(*cardinality, *hot_fraction, *hot_share)?;
            Ok(made_up(Index::Hotspot(hotspot), sizes, *cardinality))
        }
        Distribution::CorrelatedWith {
            correlation,
            cardinality,
            ..
        } => {
            let followed = followed.ok_or(ContentError::Unfit)?;
            let count = (*cardinality).max(1);
            let vocabulary = T::vocabulary(values, sizes, count);
            let numbers = following(followed, key, *correlation, count);
            Ok((numbered::<T>(numbers, vocabulary), fixed))
        }
        Distribution::Categorical {
            values: Some(given),
            weights,
            ..
        } => {
            let given = weighed(given, weights.as_deref())
                .map(|(value, weight)| Ok((text(value)?, weight)))
                .collect::<Result<Vec<_>, ContentError>>()?;
            let weights: Vec<f64> = given.iter().map(|(_, weight)| *weight).collect();
            let vocabulary = Vocabulary::given(given.iter().map(|(text, _)| *text));
            let total: f64 = weights.iter().sum();
            let lengths = Lengths {
                longest: vocabulary.longest(given.len() as u64),
                mean: given
                    .iter()
                    .map(|(text, weight)| text.len() as f64 * weight / total)
                    .sum(),
            };
            let order = Order::new(key, column, total_rows);
            let index = match order.is_random() {
                true => among(&weights)?,
                false => Index::Ordered(order, Ranks::weighted(&weights)),
            };
            Ok((chosen::<T>(key, index, vocabulary), lengths))
        }
        Distribution::Categorical {
            values: None,
            cardinality,
            min: None,
            ..
        } => alike::<T>(key, Vocabulary::words(*cardinality), *cardinality),
        Distribution::Constant { value } => alike::<T>(key, Vocabulary::given([text(value)?]), 1),
        Distribution::Words {
            min_words,
            max_words,
            cardinality,
        } => {
            let zipf = Zipf::new(1.0, *cardinality)?;
            let span = max_words
                .checked_sub(*min_words)
                .ok_or(ContentError::Empty)?;
            let vocabulary = Vocabulary::words(*cardinality);
            if let Sizes::Drawn(lengths) = sizes {
                return Ok((cut_words::<T>(key, lengths, vocabulary, zipf), fixed));
            }
            let lengths = Lengths {
                longest: max_words.saturating_mul(vocabulary.longest(*cardinality) + 1),
                mean: (*min_words as f64 + span as f64 / 2.0)
                    * (vocabulary.mean_length(|word| zipf.draw(word)) + 1.0)
                    - 1.0,
            };
            Ok((
                sentences::<T>(key, *min_words, span, vocabulary, zipf),
                lengths,
            ))
        }
        Distribution::Template {
            template,
            exponent,
            cardinality,
        } => {
            let template = Template::new(template, *exponent, *cardinality)?;
            let longest = template.longest();
            Ok(sampled::<T>(longest, move |row, bytes| {
                template.append(row, key.word(row), bytes);
            }))
        }
        Distribution::Json {
            min_fields,
            max_fields,
            cardinality,
        } => {
            let json = Json::new(*min_fields, *max_fields, *cardinality)?;
            let longest = json.longest();
            Ok(sampled::<T>(longest, move |row, bytes| {
                json.append(key.word(row), bytes);
            }))
        }
        Distribution::Compressible { compressibility } => {
            let pattern = Pattern::new(*compressibility);
            Ok((
                each_row::<T>(move |row, bytes| {
                    let first = row.wrapping_mul(sizes.longest());
                    pattern.append(key.word(row), first, sizes.at(row), bytes);
                }),
                fixed,
            ))
        }
        _ => Err(ContentError::Unfit),
    }
}

/// Random bytes and zeros in turn, by the position in the whole column.
struct Pattern {
    period: u64,
    random: u64,
}

impl Pattern {
    /// Random bytes come at least so many at a time, which a codec's matches cost little beside.
    const RANDOM: f64 = 512.0;
    const LONGEST: f64 = 65_536.0;

    fn new(compressibility: f64) -> Self {
        let random_share = 1.0 - compressibility;
        let period =
            (Pattern::RANDOM / random_share).clamp(Pattern::RANDOM * 2.0, Pattern::LONGEST);
        Pattern {
            period: period as u64,
            random: (period * random_share).round() as u64,
        }
    }

    fn append(&self, seed: u64, first: u64, size: usize, target: &mut Vec<u8>) {
        let mut stream = Stream::new(seed);
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

fn append_random<T: Text>(stream: &mut Stream, size: usize, target: &mut Vec<u8>) {
    let start = target.len();
    target.resize(start + size, 0);
    fill_random::<T>(stream, &mut target[start..]);
}

pub(super) fn fill_random<T: Text>(stream: &mut Stream, target: &mut [u8]) {
    for eight in target.chunks_mut(8) {
        let made = T::eight(stream.next());
        eight.copy_from_slice(&made[..eight.len()]);
    }
}

/// Values that are made row by row, and their mean length by a sample.
fn sampled<T: Text>(
    longest: u64,
    append: impl Fn(u64, &mut Vec<u8>) + Send + Sync + 'static,
) -> (Maker, Lengths) {
    const SAMPLES: u64 = 1024;
    let mut bytes = Vec::new();
    (0..SAMPLES).for_each(|row| append(row, &mut bytes));
    let lengths = Lengths {
        longest,
        mean: bytes.len() as f64 / SAMPLES as f64,
    };
    (each_row::<T>(append), lengths)
}

/// Each row's value by its number; nulls take no room.
fn each_row<T: Text>(append: impl Fn(u64, &mut Vec<u8>) + Send + Sync + 'static) -> Maker {
    Box::new(move |rows, nulls| {
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(rows.len() + 1);
        ends.push(0);
        rows.each(|row| {
            if is_valid(nulls.as_ref(), ends.len() - 1) {
                append(row, &mut bytes);
            }
            ends.push(bytes.len() as i32);
        });
        Arc::new(array::<T>(bytes, ends, nulls))
    })
}

/// One of the `count` values of `vocabulary`, each alike.
fn alike<T: Text>(
    key: Key,
    vocabulary: Vocabulary,
    count: u64,
) -> Result<(Maker, Lengths), ContentError> {
    if count == 0 {
        return Err(ContentError::Empty);
    }
    let lengths = Lengths {
        longest: vocabulary.longest(count),
        mean: vocabulary.mean_length(|word| scale(word, count)),
    };
    Ok((
        chosen::<T>(key, Index::Uniform { count }, vocabulary),
        lengths,
    ))
}

fn chosen<T: Text>(key: Key, index: Index, vocabulary: Vocabulary) -> Maker {
    numbered::<T>(
        move |rows| index.fill(key, rows, 1, |number| number),
        vocabulary,
    )
}

/// Values by their numbers in the vocabulary.
fn numbered<T: Text>(
    numbers: impl Fn(Rows<'_>) -> Vec<u64> + Send + Sync + 'static,
    vocabulary: Vocabulary,
) -> Maker {
    Box::new(move |rows, nulls| {
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(rows.len() + 1);
        ends.push(0);
        for (row, number) in numbers(rows).into_iter().enumerate() {
            if is_valid(nulls.as_ref(), row) {
                vocabulary.append(number, &mut bytes);
            }
            ends.push(bytes.len() as i32);
        }
        Arc::new(array::<T>(bytes, ends, nulls))
    })
}

fn sentences<T: Text>(
    key: Key,
    min_words: u64,
    span: u64,
    vocabulary: Vocabulary,
    zipf: Zipf,
) -> Maker {
    each_row::<T>(move |row, bytes| {
        let mut stream = Stream::new(key.word(row));
        let words = min_words + scale(stream.next(), span.saturating_add(1));
        for word in 0..words {
            if word > 0 {
                bytes.push(b' ');
            }
            vocabulary.append(zipf.draw(stream.next()), bytes);
        }
    })
}

/// Words until a value has the length that is drawn for it; the last one is cut.
fn cut_words<T: Text>(key: Key, lengths: Lengthening, vocabulary: Vocabulary, zipf: Zipf) -> Maker {
    each_row::<T>(move |row, bytes| {
        let mut stream = Stream::new(key.word(row));
        let start = bytes.len();
        let end = start + lengths.at(row) as usize;
        while bytes.len() < end {
            if bytes.len() > start {
                bytes.push(b' ');
            }
            vocabulary.append(zipf.draw(stream.next()), bytes);
        }
        bytes.truncate(end);
    })
}

fn is_valid(nulls: Option<&NullBuffer>, index: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(index))
}

fn array<T: Text>(
    bytes: Vec<u8>,
    ends: Vec<i32>,
    nulls: Option<NullBuffer>,
) -> GenericByteArray<T> {
    GenericByteArray::new(
        OffsetBuffer::new(ends.into()),
        Buffer::from_vec(bytes),
        nulls,
    )
}

fn text(value: &Value) -> Result<&str, ContentError> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Err(ContentError::Value(value.clone())),
    }
}
