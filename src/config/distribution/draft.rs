//! Reading of a distribution's keys, as far as several kinds share it.

use super::target::DrawnColumn;
use crate::config::findings::Findings;
use crate::config::fit::{limits, shown, stored};
use crate::config::key_path::KeyPath;
use crate::config::leaf::{Leaf, Point, Positive, whole_float};
use crate::config::model::Dtype;
use crate::config::number::Number;

pub(super) const DEFAULT_STD_DEV: f64 = 1.0;
pub(super) const DEFAULT_EXPONENT: f64 = 1.1;
pub(super) const DEFAULT_CARDINALITY: u64 = 1000;

/// Number of letters and digits, the characters of made-up strings.
const CHARACTERS: u64 = 62;

/// Returns a share, 0 to 1. Any other number is a problem.
pub(super) fn share(
    findings: &mut Findings<'_>,
    path: &KeyPath,
    leaf: Option<Leaf<f64>>,
    default: f64,
) -> f64 {
    let share = findings.take(path, leaf).unwrap_or(default);
    if !(0.0..=1.0).contains(&share) {
        findings.problem(
            path,
            format!("{share} is not a share; it lies between 0 and 1"),
        );
    }
    share
}

/// A distribution whose keys are being read, and the facts about its column.
pub(super) struct DistributionDraft<'a, 'b> {
    pub(super) target: DrawnColumn,
    /// True if the lengths of values are drawn. Values then become as long as is necessary to tell
    /// them apart.
    pub(super) has_length: bool,
    pub(super) path: &'a KeyPath,
    pub(super) findings: &'a mut Findings<'b>,
}

impl DistributionDraft<'_, '_> {
    pub(super) fn refuse(&mut self, key: &str, message: impl Into<String>) {
        self.findings.problem(&self.path.key(key), message);
    }

    /// Returns a number in the form that the column's type stores, integers as integers.
    pub(super) fn number(&mut self, key: &str, leaf: Option<Leaf<Point>>) -> Option<Number> {
        let point = self.findings.take(&self.path.key(key), leaf)?;
        let dtype = self.target.dtype;
        if !dtype.draws_numbers() {
            self.refuse(
                key,
                format!("applies to numbers, and the column is {dtype}"),
            );
            return None;
        }
        match stored(point, dtype) {
            Ok(number) => Some(number),
            Err(message) => {
                self.refuse(key, message);
                None
            }
        }
    }

    pub(super) fn count(&mut self, key: &str, leaf: Option<Leaf<Positive>>) -> Option<u64> {
        self.findings.take_count(&self.path.key(key), leaf)
    }

    pub(super) fn float(&mut self, key: &str, leaf: Option<Leaf<f64>>, default: f64) -> f64 {
        self.findings
            .take(&self.path.key(key), leaf)
            .unwrap_or(default)
    }

    pub(super) fn positive_float(
        &mut self,
        key: &str,
        leaf: Option<Leaf<f64>>,
        default: f64,
    ) -> f64 {
        let value = self.float(key, leaf, default);
        if value <= 0.0 {
            self.refuse(key, format!("{value} is not above 0"));
        }
        value
    }

    /// Returns the factor from a number as written to one as stored: 10^scale for a decimal, else
    /// 1.
    pub(super) fn unit(&self) -> f64 {
        match self.target.dtype {
            Dtype::Decimal128 { scale, .. } => 10_f64.powi(scale.into()),
            _ => 1.0,
        }
    }

    /// Returns a point on the scale of stored numbers, which need not be a value of the type.
    pub(super) fn place(&mut self, key: &str, leaf: Option<Leaf<Point>>) -> Option<f64> {
        match self.findings.take(&self.path.key(key), leaf)? {
            Point::Number(number) => Some(number.as_f64() * self.unit()),
            text => match stored(text, self.target.dtype) {
                Ok(number) => Some(number.as_f64()),
                Err(message) => {
                    self.refuse(key, message);
                    None
                }
            },
        }
    }

    /// Returns a distance between two values, a whole number if the type is drawn as integers.
    pub(super) fn distance(&mut self, key: &str, leaf: Leaf<Point>) -> Option<Number> {
        let number = match self.findings.take(&self.path.key(key), Some(leaf))? {
            Point::Number(number) => number,
            Point::Text(text) => {
                self.refuse(key, format!("`{text}` is not a number"));
                return None;
            }
        };
        let dtype = self.target.dtype;
        if dtype.is_float() {
            return Some(number);
        }
        let whole = match (number, dtype) {
            (Number::Integer(number), Dtype::Decimal128 { scale, .. }) => {
                number.checked_mul(10_i128.pow(scale.into()))
            }
            (Number::Integer(number), _) => Some(number),
            (Number::Float(number), _) => whole_float((number * self.unit() * 1e6).round() / 1e6),
        };
        if whole.is_none() {
            let number = shown(number);
            self.refuse(
                key,
                format!("{number} has a fraction, and the column is {dtype}"),
            );
        }
        whole.map(Number::Integer)
    }

    /// Returns the number at which counting starts. None if the type is not drawn as numbers.
    pub(super) fn zero(&self) -> Option<Number> {
        match self.target.dtype {
            dtype if dtype.integer_range().is_some() => Some(Number::Integer(0)),
            dtype if dtype.is_float() => Some(Number::Float(0.0)),
            _ => None,
        }
    }

    /// Refuses a `min` that is not below `max`. Integers may be equal.
    pub(super) fn check_order(&mut self, low: Number, high: Number, high_is_default: bool) {
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

    /// Checks the order of the bounds. Returns them, with the type's limits in place of missing
    /// ones.
    pub(super) fn check_bounds(&mut self, min: Option<Number>, max: Option<Number>) -> (f64, f64) {
        if let (Some(min), Some(max)) = (min, max) {
            self.check_order(min, max, false);
        }
        let (low, high) = limits(self.target.dtype);
        (
            min.map_or(low, Number::as_f64),
            max.map_or(high, Number::as_f64),
        )
    }

    /// Refuses a cardinality that is larger than the number of strings or bytes of the column's
    /// size.
    pub(super) fn check_made_up(&mut self, cardinality: Option<u64>) {
        if let (Some(cardinality), Some(most)) = (cardinality, self.made_up_values())
            && cardinality > most
        {
            let DrawnColumn { dtype, size, .. } = self.target;
            self.refuse(
                "cardinality",
                format!("{cardinality} is more than the {most} {dtype} values of size {size}"),
            );
        }
    }

    /// Returns the number of made-up values of the column's size. None if the values are numbers,
    /// have drawn lengths, or are too many for 64 bits.
    pub(super) fn made_up_values(&self) -> Option<u64> {
        let base = match self.target.dtype {
            Dtype::String | Dtype::LargeString => CHARACTERS,
            Dtype::Binary => 256,
            _ => return None,
        };
        if self.has_length {
            return None;
        }
        base.checked_pow(u32::try_from(self.target.size).ok()?)
    }
}
