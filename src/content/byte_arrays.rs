//! Arrays of strings and of binary values.

use std::sync::Arc;

use arrow::array::GenericByteArray;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};

use super::characters::{Characters, append_random};
use super::index::Index;
use super::lengths::{Lengths, Sizes};
use super::maker::Maker;
use super::rows::{RowNumbers, even_offsets};
use super::vocabulary::Vocabulary;
use crate::random::{Key, SplitMix64};

/// Returns a maker of random characters or bytes.
pub(super) fn random<T: Characters>(key: Key, sizes: Sizes) -> Maker {
    let Sizes::Fixed(size) = sizes else {
        return each_row::<T>(move |row, bytes| {
            append_random::<T>(&mut SplitMix64::new(key.word(row)), sizes.at(row), bytes);
        });
    };
    let source = T::random(key);
    Box::new(move |rows, nulls| {
        let offsets = even_offsets(rows.len(), size, nulls.as_ref());
        let bytes = match &nulls {
            None => source(rows, size),
            Some(nulls) => source(RowNumbers::Listed(&rows.valid(nulls)), size),
        };
        Arc::new(GenericByteArray::<T>::new(
            offsets,
            Buffer::from_vec(bytes),
            nulls,
        ))
    })
}

/// Returns a maker that appends each row's value, given the row's number. Nulls take no space.
pub(super) fn each_row<T: Characters>(
    append: impl Fn(u64, &mut Vec<u8>) + Send + Sync + 'static,
) -> Maker {
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

/// Returns a maker of values that are made row by row, and their lengths: the mean is from a
/// sample.
pub(super) fn sampled<T: Characters>(
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

/// Returns a maker of values by their numbers in the vocabulary.
pub(super) fn numbered<T: Characters>(
    numbers: impl Fn(RowNumbers<'_>) -> Vec<u64> + Send + Sync + 'static,
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

/// Returns a maker of values of a vocabulary, chosen by an index.
pub(super) fn chosen<T: Characters>(key: Key, index: Index, vocabulary: Vocabulary) -> Maker {
    numbered::<T>(
        move |rows| index.fill(key, rows, 1, |number| number),
        vocabulary,
    )
}

fn is_valid(nulls: Option<&NullBuffer>, index: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(index))
}

fn array<T: Characters>(
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
