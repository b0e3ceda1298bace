//! Distributions of columns' values.

use serde::Serialize;

use crate::config::number::{Number, Value};

/// Distribution of a column's values. Every value is a function of the seed, the column and the row
/// number.
///
/// Bounds are inclusive, and are integers for types that are drawn as integers, in the type's unit.
///
/// Kinds that draw numbers one by one can be more or less sorted: a share of the rows, the square
/// root of the column's `sortedness`, has the place that sorting would give them; the others have
/// random places. Without equal neighbours, `sortedness` is then the share of rows that are
/// followed by a larger one, less a half, doubled: the measure of Zeng et al. (VLDB 2023).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Distribution {
    /// Numbers: each of `min..=max` is equally likely (floats: `[min, max)`). Bool: both are
    /// equally likely. String: letters and digits, and binary: bytes, of the column's `size`. With
    /// `cardinality`, one of that many values, spread over the range.
    Uniform {
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// `cardinality` values, spread over the range as for `Uniform`. Each of them is in the same
    /// number of rows (give or take one), in no order. If `cardinality` is left out, all rows
    /// differ.
    Distinct {
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Bell curve, rounded for integers, kept within `min..=max` and within the type. With
    /// `cardinality`, that many values, each equally likely and in the middle of its share.
    Normal {
        mean: f64,
        std_dev: f64,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Numbers whose natural logarithm is normal with `mean` and `std_dev`; otherwise as `Normal`.
    Lognormal {
        mean: f64,
        std_dev: f64,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Numbers by their quantiles: each pair of neighbouring `values` has the same number of rows
    /// between them, evenly spread. If neighbours are equal, that many rows have this very value.
    Quantiles {
        /// Two or more, ascending.
        values: Vec<Number>,
    },
    /// Rank k of 1..=`cardinality` with probability proportional to k^-`exponent`. Numbers: `min` +
    /// k - 1. String and binary: the k-th of `cardinality` made-up values of the column's `size`.
    Zipf {
        exponent: f64,
        cardinality: u64,
        min: Option<Number>,
    },
    /// `cardinality` values. The first `hot_fraction` of them get `hot_share` of the rows; within
    /// each of the two groups all values are equally likely. Values as for `Zipf`.
    Hotspot {
        cardinality: u64,
        /// At least one value, and not all.
        hot_fraction: f64,
        /// 0 to 1.
        hot_share: f64,
        min: Option<Number>,
    },
    /// One of `values`, by `weights`, or all equally likely. If the config gives only a
    /// `cardinality`: numbers `min` .. `min` + cardinality - 1, made-up words for strings.
    Categorical {
        values: Option<Vec<Value>>,
        /// One weight for each of `values`, none negative, not all 0.
        weights: Option<Vec<f64>>,
        cardinality: u64,
        min: Option<Number>,
    },
    /// `start` + row * `step` + up to `jitter`, with the row counted over the whole table; starts
    /// again after `cardinality` rows. The elements of a vector continue the count: element j of
    /// row r is number r * size + j.
    Sequence {
        start: Number,
        step: Number,
        /// Largest random value that is added; all values up to it are equally likely.
        jitter: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Each row's value is the previous one plus a normal step of standard deviation `step`,
    /// reflected at the bounds. Every block of rows starts anew, at a level drawn from `min..=max`;
    /// without bounds, near `start`.
    RandomWalk {
        start: f64,
        step: f64,
        min: Option<Number>,
        max: Option<Number>,
    },
    /// Values that follow the column named `with`. Numbers that follow numbers are normal with
    /// `mean` and `std_dev`, and their correlation with the other column is `correlation`.
    /// Otherwise, in a share `correlation` of the rows the value is the one of `cardinality` values
    /// that belongs to the other column's value; the remaining rows have any of them.
    CorrelatedWith {
        with: String,
        /// -1 to 1 between numbers, else 0 to 1.
        correlation: f64,
        mean: f64,
        std_dev: f64,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: u64,
    },
    Constant {
        value: Value,
    },
    /// Strings of `min_words` to `max_words` made-up words out of a vocabulary of `cardinality`
    /// words, which follow Zipf's law with exponent 1.
    Words {
        min_words: u64,
        max_words: u64,
        cardinality: u64,
    },
    /// Text with placeholders in braces.
    Template {
        template: Vec<TemplatePart>,
        /// The exponent of `{zipf}`.
        exponent: f64,
        /// Number of different values of `{zipf}`, `{uniform}` and `{word}`.
        cardinality: u64,
    },
    /// JSON objects of `min_fields` to `max_fields` fields, with words, numbers and booleans as
    /// values.
    Json {
        min_fields: u64,
        max_fields: u64,
        /// Number of different words.
        cardinality: u64,
    },
    /// Binary values. The share `compressibility` of each compresses to nothing, the rest not at
    /// all.
    Compressible {
        compressibility: f64,
    },
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplatePart {
    Text(String),
    /// The row number, padded with zeros to the given number of digits, as are the two numbers
    /// below.
    Row(u64),
    /// A random number below `cardinality`, each equally likely.
    Uniform(u64),
    /// A random rank by Zipf's law, minus 1.
    Zipf(u64),
    /// A made-up word, by Zipf's law with exponent 1.
    Word,
    /// Random hexadecimal digits, as many as given.
    Hex(u64),
    /// Random decimal digits, as many as given.
    Digits(u64),
    /// Random letters and digits, as many as given.
    Letters(u64),
    /// A random (version 4) UUID.
    Uuid,
}
