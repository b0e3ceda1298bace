//! How a column's values are drawn: whether the parameters fit each other, the column's type and its rows.

use std::collections::HashSet;

use super::fit::{fitted, fitting_value, limits, shown};
use super::key_path::KeyPath;
use super::kind::Kind;
use super::leaf::{Leaf, Positive, whole_float};
use super::model::{Distribution, Dtype, Number, Value};
use super::raw::{RawDistribution, RawDistributionKeys};
use super::validate::Findings;

const DEFAULT_STD_DEV: f64 = 1.0;
const DEFAULT_EXPONENT: f64 = 1.1;
const DEFAULT_ZIPF_CARDINALITY: u64 = 1000;
const DEFAULT_VOCABULARY: u64 = 10_000;
const DEFAULT_WORDS: (u64, u64) = (3, 12);

/// Letters and digits, which made-up strings consist of.
const CHARACTERS: u64 = 62;

/// The column that values are drawn for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) dtype: Dtype,
    pub(super) size: u64,
    /// Of the whole table.
    pub(super) rows: u64,
}

/// The distribution and the share of nulls. Where something is wrong, a problem and the default distribution.
pub(super) fn validate(
    raw: Option<RawDistribution>,
    target: Target,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> (Distribution, f64) {
    let default = Distribution::Uniform {
        min: None,
        max: None,
        cardinality: None,
    };
    let mut keys = match raw {
        None => return (default, 0.0),
        Some(RawDistribution::Keys(keys)) => *keys,
        Some(RawDistribution::Kind(kind)) => RawDistributionKeys {
            kind: Some(kind),
            ..Default::default()
        },
    };
    let null_path = path.key("null_fraction");
    let null_fraction = findings
        .take(&null_path, keys.null_fraction.take())
        .unwrap_or(0.0);
    if !(0.0..=1.0).contains(&null_fraction) {
        findings.problem(
            &null_path,
            format!("{null_fraction} is not a share; it lies between 0 and 1"),
        );
    }
    if keys.kind.is_none() {
        findings.problem(path, "needs a `kind`");
    }
    let kind_path = path.key("kind");
    let Some(kind) = findings.take(&kind_path, keys.kind.take()) else {
        return (default, null_fraction);
    };
    if let Some(wanted) = kind.refuses(target.dtype) {
        let message = format!(
            "`{}` does not fit {}; it draws {wanted}",
            kind.name(),
            target.dtype
        );
        findings.problem(&kind_path, message);
        return (default, null_fraction);
    }
    let before = findings.problems.len();
    for key in keys.given() {
        if !kind.parameters().contains(&key) {
            let known = kind.parameters().join(", ");
            let message = format!("does not apply to `{}`, which takes {known}", kind.name());
            findings.problem(&path.key(key), message);
        }
    }
    let mut draft = Draft {
        target,
        path,
        findings,
    };
    let drawn = match kind {
        Kind::Uniform => draft.uniform(keys),
        Kind::Normal => draft.normal(keys),
        Kind::Zipf => draft.zipf(keys),
        Kind::Categorical => draft.categorical(keys),
        Kind::Sequence => draft.sequence(keys),
        Kind::Constant => draft.constant(keys),
        Kind::Words => draft.words(keys),
    };
    match drawn {
        Some(drawn) if findings.problems.len() == before => (drawn, null_fraction),
        _ => (default, null_fraction),
    }
}

struct Draft<'a, 'b> {
    target: Target,
    path: &'a KeyPath,
    findings: &'a mut Findings<'b>,
}

impl Draft<'_, '_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>) {
        self.findings.problem(&self.path.key(key), message);
    }

    /// A number that the column's type can hold, integers as integers.
    fn number(&mut self, key: &str, leaf: Option<Leaf<Number>>) -> Option<Number> {
        let number = self.findings.take(&self.path.key(key), leaf)?;
        let dtype = self.target.dtype;
        if !dtype.is_numeric() {
            self.refuse(
                key,
                format!("applies to numbers, and the column is {dtype}"),
            );
            return None;
        }
        match fitted(number, dtype) {
            Ok(number) => Some(number),
            Err(message) => {
                self.refuse(key, message);
                None
            }
        }
    }

    fn count(&mut self, key: &str, leaf: Option<Leaf<Positive>>) -> Option<u64> {
        self.findings.take_count(&self.path.key(key), leaf)
    }

    fn float(&mut self, key: &str, leaf: Option<Leaf<f64>>, default: f64) -> f64 {
        self.findings
            .take(&self.path.key(key), leaf)
            .unwrap_or(default)
    }

    fn positive_float(&mut self, key: &str, leaf: Option<Leaf<f64>>, default: f64) -> f64 {
        let value = self.float(key, leaf, default);
        if value <= 0.0 {
            self.refuse(key, format!("{value} is not above 0"));
        }
        value
    }

    fn uniform(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let either = keys.min.is_some() || keys.max.is_some();
        let min = self.number("min", keys.min);
        let max = self.number("max", keys.max);
        let cardinality = self.count("cardinality", keys.cardinality);
        let dtype = self.target.dtype;
        if dtype == Dtype::Bool && cardinality.is_some() {
            self.refuse(
                "cardinality",
                "applies to numbers, string and binary, and the column is bool",
            );
        }
        let (low, high) = match dtype.integer_range() {
            Some((low, high)) => (Number::Integer(low), Number::Integer(high)),
            None => (Number::Float(0.0), Number::Float(1.0)),
        };
        let (low, high) = (min.unwrap_or(low), max.unwrap_or(high));
        if either {
            self.check_order(low, high, max.is_none());
        }
        if let (Number::Integer(low), Number::Integer(high), Some(cardinality)) =
            (low, high, cardinality)
            && i128::from(cardinality) > high - low + 1
        {
            let message = format!(
                "{cardinality} is more than the {} values from {low} to {high}",
                high - low + 1
            );
            self.refuse("cardinality", message);
        }
        self.check_made_up(cardinality);
        // One bound alone is completed, so that both or none are given.
        let bound = |bound| either.then_some(bound);
        Some(Distribution::Uniform {
            min: bound(low),
            max: bound(high),
            cardinality,
        })
    }

    /// `min` must lie below `max`, for integers it may equal it.
    fn check_order(&mut self, low: Number, high: Number, high_is_default: bool) {
        let ordered = match (low, high) {
            (Number::Integer(low), Number::Integer(high)) => low <= high,
            (low, high) => low.as_f64() < high.as_f64(),
        };
        if !ordered {
            let (low, high) = (shown(low), shown(high));
            let because = if high_is_default {
                " where left out"
            } else {
                ""
            };
            self.refuse(
                "min",
                format!("{low} is not below `max`, which is {high}{because}"),
            );
        }
    }

    /// Strings and bytes of a given size are only so many.
    fn check_made_up(&mut self, cardinality: Option<u64>) {
        if let (Some(cardinality), Some(most)) = (cardinality, self.made_up_values())
            && cardinality > most
        {
            let Target { dtype, size, .. } = self.target;
            self.refuse(
                "cardinality",
                format!("{cardinality} is more than the {most} {dtype} values of size {size}"),
            );
        }
    }

    /// How many made-up values of the column's size there are, where they can be counted and are no numbers.
    fn made_up_values(&self) -> Option<u64> {
        let base = match self.target.dtype {
            Dtype::String => CHARACTERS,
            Dtype::Binary => 256,
            _ => return None,
        };
        base.checked_pow(u32::try_from(self.target.size).ok()?)
    }

    fn normal(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let min = self.number("min", keys.min);
        let max = self.number("max", keys.max);
        let mean = self.float("mean", keys.mean, 0.0);
        let std_dev = self.positive_float("std_dev", keys.std_dev, DEFAULT_STD_DEV);
        if let (Some(min), Some(max)) = (min, max) {
            self.check_order(min, max, false);
        }
        let (low, high) = limits(self.target.dtype);
        let low = min.map_or(low, Number::as_f64);
        let high = max.map_or(high, Number::as_f64);
        if !(low..=high).contains(&mean) && low <= high {
            self.refuse("mean", format!("{mean} lies outside of {low} to {high}"));
        }
        Some(Distribution::Normal {
            mean,
            std_dev,
            min,
            max,
        })
    }

    fn zipf(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let exponent = self.positive_float("exponent", keys.exponent, DEFAULT_EXPONENT);
        let min = self.number("min", keys.min).or_else(|| self.zero());
        let cardinality = self.count("cardinality", keys.cardinality);
        self.check_run(min, cardinality);
        self.check_made_up(cardinality);
        let most = self
            .values_from(min)
            .or_else(|| self.made_up_values())
            .unwrap_or(u64::MAX);
        let cardinality = cardinality.unwrap_or(DEFAULT_ZIPF_CARDINALITY.min(most));
        Some(Distribution::Zipf {
            exponent,
            cardinality,
            min,
        })
    }

    fn categorical(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let cardinality = self.count("cardinality", keys.cardinality);
        let has_min = keys.min.is_some();
        let min = self.number("min", keys.min);
        match (keys.values, cardinality) {
            (Some(_), Some(_)) => {
                self.refuse("cardinality", "stands beside `values`; give one of them");
                None
            }
            (Some(_), None) if has_min => {
                self.refuse("min", "stands beside `values`; give one of them");
                None
            }
            (Some(values), None) => self.values(values),
            (None, Some(_)) if self.target.dtype == Dtype::Bool => {
                self.refuse(
                    "cardinality",
                    "applies to numbers, string and binary; for bool, write `values: [true]`",
                );
                None
            }
            (None, Some(cardinality)) => {
                let min = min.or_else(|| self.zero());
                self.check_run(min, Some(cardinality));
                Some(Distribution::Categorical {
                    values: None,
                    cardinality,
                    min,
                })
            }
            (None, None) => {
                self.findings
                    .problem(self.path, "`categorical` needs `values` or a `cardinality`");
                None
            }
        }
    }

    fn values(&mut self, leaves: Vec<Leaf<Value>>) -> Option<Distribution> {
        let place = self.path.key("values");
        if leaves.is_empty() {
            self.refuse("values", "lists no value; give at least one");
        }
        let mut values: Vec<Value> = Vec::new();
        let mut known = HashSet::new();
        for (index, leaf) in leaves.into_iter().enumerate() {
            let path = place.item(index, None);
            let Some(value) = self.findings.take(&path, Some(leaf)) else {
                continue;
            };
            match fitting_value(value, self.target.dtype) {
                Err(message) => self.findings.problem(&path, message),
                Ok(value) if known.insert(format!("{value:?}")) => values.push(value),
                Ok(_) => self
                    .findings
                    .problem(&path, "is listed twice; each value is drawn alike"),
            }
        }
        let cardinality = u64::try_from(values.len()).ok()?;
        Some(Distribution::Categorical {
            values: Some(values),
            cardinality,
            min: None,
        })
    }

    fn sequence(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        if keys.start.is_some() && keys.min.is_some() {
            self.refuse(
                "min",
                "stands beside `start`, which means the same; give one of them",
            );
        }
        let key = if keys.start.is_some() { "start" } else { "min" };
        let start = self.number(key, keys.start.or(keys.min));
        let step_given = keys.step.is_some();
        let step = self.findings.take(&self.path.key("step"), keys.step);
        let cardinality = self.count("cardinality", keys.cardinality);
        let start = start.or_else(|| self.zero())?;
        let step = if step_given {
            step?
        } else {
            Number::Integer(1)
        };
        if step.as_f64() == 0.0 {
            self.refuse("step", "0 repeats one value; write `kind: constant`");
        }
        // A vector's elements count on: row r holds the numbers r * size to r * size + size - 1.
        let steps = self
            .target
            .rows
            .min(cardinality.unwrap_or(u64::MAX))
            .saturating_mul(self.target.size)
            .saturating_sub(1);
        let step = match (step, self.target.dtype.is_integer()) {
            (Number::Float(step), true) => match whole_float(step) {
                Some(step) => Number::Integer(step),
                None => {
                    self.refuse(
                        "step",
                        format!(
                            "{step} has a fraction, and the column is {}",
                            self.target.dtype
                        ),
                    );
                    return None;
                }
            },
            (step, _) => step,
        };
        let last = match (start, step) {
            (Number::Integer(start), Number::Integer(step)) => i128::from(steps)
                .checked_mul(step)
                .and_then(|way| start.checked_add(way))
                .map(Number::Integer),
            (start, step) => Some(Number::Float(start.as_f64() + steps as f64 * step.as_f64())),
        };
        if last.is_none_or(|last| fitted(last, self.target.dtype).is_err()) {
            let (dtype, rows) = (self.target.dtype, self.target.rows);
            let message = format!(
                "{rows} rows of it leave the range of {dtype}; give a smaller `step`, or a `cardinality` after which it starts again"
            );
            self.findings.problem(self.path, message);
        }
        Some(Distribution::Sequence {
            start,
            step,
            cardinality,
        })
    }

    fn constant(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        if keys.value.is_none() {
            self.findings
                .problem(self.path, "`constant` needs a `value`");
        }
        let value = self.findings.take(&self.path.key("value"), keys.value)?;
        match fitting_value(value, self.target.dtype) {
            Ok(value) => Some(Distribution::Constant { value }),
            Err(message) => {
                self.refuse("value", message);
                None
            }
        }
    }

    fn words(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        // A bound beyond the other's default moves that default.
        let min_given = keys.min.is_some();
        let min = self.word_count("min", keys.min, DEFAULT_WORDS.0);
        let max_words = self.word_count("max", keys.max, DEFAULT_WORDS.1.max(min));
        let min_words = if min_given { min } else { min.min(max_words) };
        if min_words > max_words {
            self.refuse(
                "min",
                format!("{min_words} is more than `max`, which is {max_words}"),
            );
        }
        let cardinality = self
            .count("cardinality", keys.cardinality)
            .unwrap_or(DEFAULT_VOCABULARY);
        Some(Distribution::Words {
            min_words,
            max_words,
            cardinality,
        })
    }

    fn word_count(&mut self, key: &str, leaf: Option<Leaf<Number>>, default: u64) -> u64 {
        let Some(number) = self.findings.take(&self.path.key(key), leaf) else {
            return default;
        };
        let whole = match number {
            Number::Integer(number) => Some(number),
            Number::Float(number) => whole_float(number),
        };
        match whole
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| *number > 0)
        {
            Some(count) => count,
            None => {
                self.refuse(
                    key,
                    format!("{} is not a number of words, 1 or more", shown(number)),
                );
                default
            }
        }
    }

    /// Where counting starts, for numbers.
    fn zero(&self) -> Option<Number> {
        match self.target.dtype {
            dtype if dtype.is_integer() => Some(Number::Integer(0)),
            dtype if dtype.is_float() => Some(Number::Float(0.0)),
            _ => None,
        }
    }

    /// How many whole numbers the type has from `min` on.
    fn values_from(&self, min: Option<Number>) -> Option<u64> {
        let min = min?;
        let (_, high) = limits(self.target.dtype);
        match (min, self.target.dtype.integer_range()) {
            (Number::Integer(min), Some((_, high))) => u64::try_from(high - min + 1).ok(),
            _ => Some((high - min.as_f64() + 1.0) as u64),
        }
    }

    /// Whether `min`, `min` + 1, ... `min` + `cardinality` - 1 all fit the type.
    fn check_run(&mut self, min: Option<Number>, cardinality: Option<u64>) {
        if let (Some(min), Some(cardinality)) = (min, cardinality)
            && let Some(most) = self
                .values_from(Some(min))
                .filter(|most| cardinality > *most)
        {
            let (dtype, min) = (self.target.dtype, shown(min));
            self.refuse(
                "cardinality",
                format!(
                    "{cardinality} is more than the {most} values that {dtype} has from {min} on"
                ),
            );
        }
    }
}
