//! Lists, structs, and how long values are.

use std::sync::Arc;

use arrow::array::{ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Fields};

use super::index::Zipf;
use super::normal::Ziggurat;
use super::random::{Key, scale};
use super::rows::Rows;
use super::{ColumnGenerator, ContentError, Maker};
use crate::config::{Length, LengthDistribution};

/// Draws lengths.
pub(super) struct Lengthening {
    key: Key,
    min: u64,
    max: u64,
    zipf: Option<Zipf>,
    normal: bool,
}

impl Lengthening {
    pub(super) fn new(key: Key, length: Length) -> Result<Self, ContentError> {
        const LENGTH: u64 = u64::from_le_bytes(*b"a length");
        let span = length
            .max
            .checked_sub(length.min)
            .ok_or(ContentError::Empty)?;
        Ok(Lengthening {
            key: key.derive(LENGTH),
            min: length.min,
            max: length.max,
            zipf: match length.distribution {
                LengthDistribution::Zipf => Some(Zipf::new(1.0, span.saturating_add(1))?),
                _ => None,
            },
            normal: length.distribution == LengthDistribution::Normal,
        })
    }

    pub(super) fn longest(&self) -> u64 {
        self.max
    }

    pub(super) fn at(&self, number: u64) -> u64 {
        let word = self.key.word(number);
        let span = self.max - self.min;
        if let Some(zipf) = &self.zipf {
            self.min + zipf.draw(word)
        } else if self.normal {
            let middle = self.min as f64 + span as f64 / 2.0;
            let length = middle + Ziggurat::shared().draw(word) * span as f64 / 6.0;
            (length.round() as u64).clamp(self.min, self.max)
        } else {
            self.min + scale(word, span.saturating_add(1))
        }
    }

    /// Mean length, by a sample.
    pub(super) fn mean(&self) -> f64 {
        const SAMPLES: u64 = 1024;
        (0..SAMPLES)
            .map(|number| self.at(number) as f64)
            .sum::<f64>()
            / SAMPLES as f64
    }
}

/// Lists of a drawn length. Element j of row r is row r * `longest` + j of the item.
pub(super) fn list_maker(field: Arc<Field>, item: ColumnGenerator, lengths: Lengthening) -> Maker {
    Box::new(move |rows, nulls| {
        let mut elements = Vec::new();
        let mut each = Vec::with_capacity(rows.len());
        rows.each(|row| {
            let valid = nulls
                .as_ref()
                .is_none_or(|nulls: &NullBuffer| nulls.is_valid(each.len()));
            let length = if valid { lengths.at(row) } else { 0 };
            let first = row.wrapping_mul(lengths.longest());
            elements.extend((0..length).map(|element| first.wrapping_add(element)));
            each.push(length as usize);
        });
        Arc::new(ListArray::new(
            Arc::clone(&field),
            OffsetBuffer::from_lengths(each),
            item.array(Rows::Listed(&elements)),
            nulls,
        ))
    })
}

/// Structs of one value of each field.
pub(super) fn struct_maker(fields: Fields, children: Vec<ColumnGenerator>) -> Maker {
    Box::new(move |rows, nulls| {
        let values = children.iter().map(|child| child.array(rows)).collect();
        Arc::new(StructArray::new(fields.clone(), values, nulls))
    })
}
