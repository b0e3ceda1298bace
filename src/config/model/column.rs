//! Columns of a dataset: their types, and the properties of their values.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::distribution::Distribution;
use super::dtype::Dtype;
use crate::config::number::Number;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    pub name: String,
    pub dtype: Dtype,
    /// Numeric types: values per row, a vector where above 1. String and binary: length in bytes.
    pub size: u64,
    /// True if the default scenario reads the column.
    pub read: bool,
    /// Has no meaning for lists and structs.
    pub distribution: Distribution,
    /// Share of rows that are null, 0 to 1. The field is nullable if the share is above 0.
    pub null_fraction: f64,
    /// Degree to which the rows are in ascending order, 0 (random) to 1 (sorted); see
    /// [`Distribution`].
    pub sortedness: f64,
    /// Strings and binary: bytes of a value, instead of `size`. Lists: elements of a row.
    pub length: Option<Length>,
    /// Mean number of neighbouring rows that share one draw, at least 1; nulls come in such runs
    /// too.
    #[serde(skip_serializing_if = "is_one")]
    pub run_length: f64,
    /// Number of rows after which the order of `sortedness` starts again. Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle: Option<u64>,
    /// Standard deviation of a normal step, as a share of the ranks, above 0 and at most 1. Where
    /// set, each row's rank among all values is the rank of the row before plus such a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<f64>,
    /// Where set, rows choose from a pool of values that are drawn once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// Where set, numbers are rounded to multiples of this number, which is above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<Number>,
    /// Time zone of a timestamp: an IANA name, or an offset such as `+02:00`.
    pub time_zone: Option<String>,
    /// A list's elements, called `item`; a struct's fields.
    pub children: Vec<Column>,
}

fn is_one(number: &f64) -> bool {
    *number == 1.0
}

/// Values that are drawn once and then chosen by rank. The value of rank k is chosen with
/// probability proportional to k^-`exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pool {
    /// Number of values, at least 1.
    pub size: u64,
    /// At 0, all values are equally likely.
    pub exponent: f64,
}

/// Lengths of values: bytes of a string or binary value, elements of a list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Length {
    pub min: u64,
    /// At least `min`.
    pub max: u64,
    pub distribution: LengthDistribution,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LengthDistribution {
    /// All lengths are equally likely.
    Uniform,
    /// Normal around the middle of `min` and `max`, each of which is three standard deviations
    /// away.
    Normal,
    /// Mostly short: length `min` + k - 1 has a probability proportional to 1 / k.
    Zipf,
}

impl Column {
    /// Returns the mean number of bytes of the values of a row, without nulls and offsets.
    pub fn row_bytes(&self) -> f64 {
        let children = self.children.iter().map(Column::row_bytes).sum::<f64>();
        let mean = self
            .length
            .map(|length| (length.min as f64 + length.max as f64) / 2.0);
        match self.dtype {
            Dtype::Struct => children,
            Dtype::List => mean.unwrap_or(self.size as f64) * children,
            dtype => mean.unwrap_or(self.size as f64) * dtype.value_bytes() as f64,
        }
    }

    /// Returns true if each row holds several numbers.
    pub fn is_vector(&self) -> bool {
        self.size > 1 && self.dtype.is_numeric()
    }
}
