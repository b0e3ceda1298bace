//! Columns that follow another one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use xxhash_rust::xxh3::xxh3_64;

use super::error::ContentError;
use super::generator::ColumnGenerator;
use super::normal::{inside, normal_quantile};
use super::rows::RowNumbers;
use crate::random::{Key, mix, scale, unit};

/// The column that is followed, without its nulls.
pub(super) struct LeadingColumn {
    generator: ColumnGenerator,
    /// Absent if the column contains texts or bools.
    moments: Option<MeanAndDeviation>,
}

#[derive(Debug, Clone, Copy)]
struct MeanAndDeviation {
    mean: f64,
    std_dev: f64,
}

/// Number of rows from which the moments are estimated.
const SAMPLED_ROWS: u64 = 8192;

impl LeadingColumn {
    pub(super) fn new(generator: ColumnGenerator, total_rows: u64) -> Result<Self, ContentError> {
        let mut followed = LeadingColumn {
            generator: generator.without_nulls(),
            moments: None,
        };
        // The sample is from all rows, because the first ones of a sorted column are unlike the
        // others.
        const SAMPLE: Key = Key(u64::from_le_bytes(*b"a sample"));
        let mut rows: Vec<u64> = (0..SAMPLED_ROWS)
            .map(|number| scale(SAMPLE.word(number), total_rows.max(1)))
            .collect();
        rows.sort_unstable();
        let sample = followed.generator.rows(&rows);
        let numbers = numbers(&sample).ok_or(ContentError::Unfit)?;
        if let Numbers::Real(values) = numbers {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values
                .iter()
                .map(|value| (value - mean) * (value - mean))
                .sum::<f64>()
                / count;
            followed.moments = Some(MeanAndDeviation {
                mean,
                std_dev: variance.sqrt(),
            });
        }
        Ok(followed)
    }

    /// Returns the distance of each row's number from the mean, in standard deviations. Texts and
    /// bools get normal numbers from their hashes.
    pub(super) fn scores(&self, rows: RowNumbers<'_>) -> Vec<f64> {
        let array = self.generator.array(rows);
        match (numbers(&array), self.moments) {
            (Some(Numbers::Real(values)), Some(MeanAndDeviation { mean, std_dev })) => values
                .into_iter()
                .map(|value| match std_dev > 0.0 {
                    true => (value - mean) / std_dev,
                    false => 0.0,
                })
                .collect(),
            (Some(numbers), _) => numbers
                .hashes()
                .into_iter()
                .map(|hash| normal_quantile(inside(hash)))
                .collect(),
            (None, _) => vec![0.0; array.len()],
        }
    }

    /// Returns a function that gives a number below `cardinality` for each row: in a share
    /// `correlation` of the rows the one that belongs to the followed column's value, in the others
    /// any of them.
    pub(super) fn numbers(
        self,
        key: Key,
        correlation: f64,
        cardinality: u64,
    ) -> impl Fn(RowNumbers<'_>) -> Vec<u64> + Send + Sync {
        const OWN: u64 = u64::from_le_bytes(*b"own word");
        let own = key.derive(OWN);
        move |rows| {
            let mut hashes = self.hashes(rows).into_iter();
            let mut numbers = Vec::with_capacity(rows.len());
            rows.each(|row| {
                let hash = hashes.next().unwrap_or_default();
                let word = match unit(key.word(row)) < correlation {
                    true => mix(hash ^ key.0),
                    false => own.word(row),
                };
                numbers.push(scale(word, cardinality));
            });
            numbers
        }
    }

    /// Returns a word for each row, equal for equal values.
    fn hashes(&self, rows: RowNumbers<'_>) -> Vec<u64> {
        let array = self.generator.array(rows);
        numbers(&array).map_or_else(|| vec![0; array.len()], Numbers::hashes)
    }
}

enum Numbers {
    Real(Vec<f64>),
    Hashed(Vec<u64>),
}

impl Numbers {
    fn hashes(self) -> Vec<u64> {
        match self {
            Numbers::Real(values) => values
                .into_iter()
                .map(|value| mix(value.to_bits()))
                .collect(),
            Numbers::Hashed(hashes) => hashes,
        }
    }
}

/// Returns the values of an array without nulls, as numbers or as hashes.
fn numbers(array: &ArrayRef) -> Option<Numbers> {
    let hashed = |values: &mut dyn Iterator<Item = &[u8]>| {
        Numbers::Hashed(values.map(|value| mix(xxh3_64(value))).collect())
    };
    Some(match array.data_type() {
        DataType::Utf8 => hashed(
            &mut array
                .as_string::<i32>()
                .iter()
                .map(|text| text.unwrap_or_default().as_bytes()),
        ),
        DataType::LargeUtf8 => hashed(
            &mut array
                .as_string::<i64>()
                .iter()
                .map(|text| text.unwrap_or_default().as_bytes()),
        ),
        DataType::Binary => hashed(
            &mut array
                .as_binary::<i32>()
                .iter()
                .map(Option::unwrap_or_default),
        ),
        DataType::Boolean => Numbers::Hashed(
            array
                .as_boolean()
                .values()
                .iter()
                .map(|flag| mix(u64::from(flag) + 1))
                .collect(),
        ),
        other => {
            let plain: ArrayRef = match other {
                DataType::Date32 => cast(array, &DataType::Int32).ok()?,
                DataType::Timestamp(..) => cast(array, &DataType::Int64).ok()?,
                _ => Arc::clone(array),
            };
            let real = cast(&plain, &DataType::Float64).ok()?;
            Numbers::Real(real.as_primitive::<Float64Type>().values().to_vec())
        }
    })
}
