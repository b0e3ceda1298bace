//! The columns of a dataset: their types, and what their values have in common.

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
    /// Whether the default scenario reads it.
    pub read: bool,
    /// Without meaning for lists and structs.
    pub distribution: Distribution,
    /// Share of rows that are null, 0 to 1. The field is nullable where it is above 0.
    pub null_fraction: f64,
    /// How far the rows are in ascending order, 0 (at random) to 1 (sorted); see [`Distribution`].
    pub sortedness: f64,
    /// Strings and binary: bytes of a value, instead of `size`. Lists: elements of a row.
    pub length: Option<Length>,
    /// Mean number of neighbouring rows that share one draw, at least 1; nulls come in such runs
    /// too.
    #[serde(skip_serializing_if = "is_one")]
    pub run_length: f64,
    /// Where set, rows are sorted by `sortedness` within so many of them, and then anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle: Option<u64>,
    /// Where set, each row's rank among all values is that of the row before and a normal step: its
    /// standard deviation as a share of the ranks, above 0 and at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<f64>,
    /// Where set, rows choose among so many values that are drawn once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// Where set, numbers are rounded to multiples of it; above 0.
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

/// Values that are drawn once, and chosen by rank: that of rank k with probability proportional to
/// k^-`exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pool {
    /// How many values there are, at least 1.
    pub size: u64,
    /// 0 for each alike.
    pub exponent: f64,
}

/// How long values are: bytes of a string or binary value, elements of a list.
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
    /// Each length alike.
    Uniform,
    /// Around the middle of `min` and `max`, which lie three standard deviations from it.
    Normal,
    /// Short ones mostly: length `min` + k - 1 with probability proportional to 1 / k.
    Zipf,
}

impl Column {
    /// Whether a row holds several numbers.
    pub fn is_vector(&self) -> bool {
        self.size > 1 && self.dtype.is_numeric()
    }
}
