//! The column for which values are drawn, and the way in which they are drawn.

use crate::config::fit::stored;
use crate::config::leaf::Point;
use crate::config::model::{Distribution, Dtype, Length, Pool};
use crate::config::number::Number;

/// Default bounds of dates and times.
const DEFAULT_TIMES: (&str, &str) = ("2020-01-01", "2024-12-31");

/// The column for which values are drawn.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct DrawnColumn {
    pub(in crate::config) dtype: Dtype,
    pub(in crate::config) size: u64,
    /// Rows of the whole table.
    pub(in crate::config) rows: u64,
}

impl DrawnColumn {
    pub(in crate::config) fn is_vector(self) -> bool {
        self.size > 1 && self.dtype.is_numeric()
    }
}

/// The meaning of a column's key `distribution`.
#[derive(Debug, PartialEq)]
pub(in crate::config) struct DistributionMeaning {
    pub(in crate::config) distribution: Distribution,
    pub(in crate::config) null_fraction: f64,
    pub(in crate::config) sortedness: f64,
    pub(in crate::config) length: Option<Length>,
    pub(in crate::config) run_length: f64,
    pub(in crate::config) cycle: Option<u64>,
    pub(in crate::config) drift: Option<f64>,
    pub(in crate::config) pool: Option<Pool>,
    pub(in crate::config) multiple_of: Option<Number>,
}

impl DistributionMeaning {
    /// Returns the defaults of all keys.
    pub(in crate::config) fn by_default(dtype: Dtype) -> DistributionMeaning {
        DistributionMeaning {
            distribution: default_of(dtype),
            null_fraction: 0.0,
            sortedness: 0.0,
            length: None,
            run_length: 1.0,
            cycle: None,
            drift: None,
            pool: None,
            multiple_of: None,
        }
    }
}

/// Returns the default distribution, in which all values of a type's range are equally likely.
pub(in crate::config) fn default_of(dtype: Dtype) -> Distribution {
    let bound = |text: &str| stored(Point::Text(text.to_owned()), dtype).ok();
    let (min, max) = match dtype {
        Dtype::Date32 | Dtype::Timestamp(_) => (bound(DEFAULT_TIMES.0), bound(DEFAULT_TIMES.1)),
        Dtype::Decimal128 { .. } => {
            let (low, high) = dtype.integer_range().unwrap_or_default();
            (Some(Number::Integer(low)), Some(Number::Integer(high)))
        }
        _ => (None, None),
    };
    Distribution::Uniform {
        min,
        max,
        cardinality: None,
    }
}
