//! Columns of strings and of binary values.

use std::sync::Arc;

use arrow::array::GenericByteArray;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{BinaryType, ByteArrayType, Utf8Type};

use super::index::{Index, Zipf};
use super::random::{Key, Stream, scale};
use super::rows::{Rows, even_offsets, fill};
use super::vocabulary::{Vocabulary, letters_and_digits};
use super::{ContentError, Lengths, Maker, Source};
use crate::config::{Column, Distribution, Value};

/// A type of values of any length: strings or binary.
pub(super) trait Text: ByteArrayType<Offset = i32> {
    /// `size` random characters, or bytes, for each row.
    fn random(key: Key) -> Source<u8>;

    fn vocabulary(key: Key, size: usize, count: u64) -> Vocabulary;
}

impl Text for Utf8Type {
    fn random(key: Key) -> Source<u8> {
        Box::new(move |rows, size| fill(rows, size, |block| letters_and_digits(key.word(block))))
    }

    fn vocabulary(key: Key, size: usize, count: u64) -> Vocabulary {
        Vocabulary::text(key, size, count)
    }
}

impl Text for BinaryType {
    fn random(key: Key) -> Source<u8> {
        Box::new(move |rows, size| fill(rows, size, |block| key.word(block).to_le_bytes()))
    }

    fn vocabulary(key: Key, size: usize, count: u64) -> Vocabulary {
        Vocabulary::bytes(key, size, count)
    }
}

/// Arrays of a column of strings or binary values, and how long its values are.
pub(super) fn maker<T: Text>(column: &Column, key: Key) -> Result<(Maker, Lengths), ContentError> {
    // At most `i32::MAX`, as `ColumnGenerator::new` made sure.
    let size = column.size as usize;
    let fixed = Lengths {
        longest: column.size,
        mean: column.size as f64,
    };
    // Keeps what makes up a value apart from which value is drawn.
    let values = key.derive(1);
    match &column.distribution {
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: None,
        } => {
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
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: Some(cardinality),
        } => {
            let count = (*cardinality).max(1);
            Ok((
                chosen::<T>(
                    key,
                    Index::Uniform { count },
                    T::vocabulary(values, size, count),
                ),
                fixed,
            ))
        }
        Distribution::Zipf {
            exponent,
            cardinality,
            min: None,
        } => {
            let index = Index::Zipf(Zipf::new(*exponent, *cardinality)?);
            Ok((
                chosen::<T>(key, index, T::vocabulary(values, size, *cardinality)),
                fixed,
            ))
        }
        Distribution::Categorical {
            values: Some(given),
            ..
        } => {
            let given = given.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            among::<T>(
                key,
                Vocabulary::given(given.iter().copied()),
                given.len() as u64,
            )
        }
        Distribution::Categorical {
            values: None,
            cardinality,
            min: None,
        } => among::<T>(key, Vocabulary::words(*cardinality), *cardinality),
        Distribution::Constant { value } => among::<T>(key, Vocabulary::given([text(value)?]), 1),
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
        _ => Err(ContentError::Unfit),
    }
}

/// One of the `count` values of `vocabulary`, each alike.
fn among<T: Text>(
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
    Box::new(move |rows, nulls| {
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(rows.len() + 1);
        ends.push(0);
        for (row, number) in index
            .fill(key, rows, 1, |number| number)
            .into_iter()
            .enumerate()
        {
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
    Box::new(move |rows, nulls| {
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(rows.len() + 1);
        ends.push(0);
        rows.each(|row| {
            if is_valid(nulls.as_ref(), ends.len() - 1) {
                let mut stream = Stream::new(key.word(row));
                let words = min_words + scale(stream.next(), span.saturating_add(1));
                for word in 0..words {
                    if word > 0 {
                        bytes.push(b' ');
                    }
                    vocabulary.append(zipf.draw(stream.next()), &mut bytes);
                }
            }
            ends.push(bytes.len() as i32);
        });
        Arc::new(array::<T>(bytes, ends, nulls))
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
