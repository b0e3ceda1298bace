//! How a column's values are drawn.

use serde::Serialize;

use crate::config::number::{Number, Value};

/// How a column's values are drawn. Every value is a function of the seed, the column and the row
/// number.
///
/// Bounds are inclusive, and are integers for types that are drawn as integers, in the type's unit.
///
/// Kinds that draw numbers one by one can be more or less sorted: a share of the rows, the square
/// root of the column's `sortedness`, stands where sorting would put it, and the others stand
/// anywhere. Of n rows without equal neighbours, so many more than half are followed by a larger
/// one as Zeng et al. (VLDB 2023) take for their sortedness.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Distribution {
    /// Numbers: each of `min..=max` alike (floats: `[min, max)`). Bool: both alike. String: letters
    /// and digits, and binary: bytes, of the column's `size`. With `cardinality`, one of that many
    /// values, spread over the range.
    Uniform {
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// `cardinality` values, spread over the range as for `Uniform`, each in as many rows as the
    /// others (give or take one) and in no order. All rows differ where `cardinality` is left out.
    Distinct {
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Bell curve, rounded for integers, held within `min..=max` and within the type. With
    /// `cardinality`, that many values, each as likely as the others and in the middle of its
    /// share.
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
    /// Numbers by their quantiles: as many rows lie between two neighbours of `values` as between
    /// any other two, evenly. Equal neighbours are a value that so many rows have.
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
    /// `cardinality` values, of which the first `hot_fraction` get `hot_share` of the rows, each
    /// alike among themselves. Values as for `Zipf`.
    Hotspot {
        cardinality: u64,
        /// At least one value, and not all.
        hot_fraction: f64,
        /// 0 to 1.
        hot_share: f64,
        min: Option<Number>,
    },
    /// One of `values`, by `weights` or each alike. Where the config gives a `cardinality` only:
    /// numbers `min` .. `min` + cardinality - 1, made-up words for strings.
    Categorical {
        values: Option<Vec<Value>>,
        /// As many as `values`, none negative, not all 0.
        weights: Option<Vec<f64>>,
        cardinality: u64,
        min: Option<Number>,
    },
    /// `start` + row * `step` + up to `jitter`, row counted over the whole table; starts again
    /// after `cardinality` rows. The elements of a vector count on: element j of row r is number r
    /// * size + j.
    Sequence {
        start: Number,
        step: Number,
        /// Largest value that is added, each up to it alike.
        jitter: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Each row's value is the one before it and a normal step of standard deviation `step`,
    /// reflected at the bounds. Every block of rows starts anew, at a level drawn from `min..=max`;
    /// without bounds, near `start`.
    RandomWalk {
        start: f64,
        step: f64,
        min: Option<Number>,
        max: Option<Number>,
    },
    /// Follows the column named `with`. Numbers that follow numbers are normal with `mean` and
    /// `std_dev` and have `correlation` with them. Otherwise a share of the rows, `correlation`,
    /// has the one of `cardinality` values that belongs to the other column's, and the others any
    /// of them.
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
    /// Strings of `min_words` to `max_words` made-up words out of a vocabulary of `cardinality`,
    /// the frequent ones first (zipf with exponent 1).
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
        /// Values that `{zipf}`, `{uniform}` and `{word}` have.
        cardinality: u64,
    },
    /// JSON objects of `min_fields` to `max_fields` fields, with words, numbers and booleans as
    /// values.
    Json {
        min_fields: u64,
        max_fields: u64,
        /// Words that there are.
        cardinality: u64,
    },
    /// Binary of which the share `compressibility` compresses to nothing, and the rest not at all.
    Compressible {
        compressibility: f64,
    },
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplatePart {
    Text(String),
    /// The row number; padded with zeros to so many digits, as the numbers below.
    Row(u64),
    /// A number below `cardinality`.
    Uniform(u64),
    /// Rank - 1 by Zipf's law.
    Zipf(u64),
    /// A made-up word, by Zipf's law with exponent 1.
    Word,
    /// So many hexadecimal digits.
    Hex(u64),
    /// So many decimal digits.
    Digits(u64),
    /// So many letters and digits.
    Letters(u64),
    /// A random (version 4) UUID.
    Uuid,
}
