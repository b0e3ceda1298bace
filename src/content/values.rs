//! Values that a config lists.

use crate::config::Value;

/// Returns each value with its weight, 1 by default.
pub(super) fn weighed<'a>(
    values: &'a [Value],
    weights: Option<&'a [f64]>,
) -> impl Iterator<Item = (&'a Value, f64)> {
    values.iter().enumerate().map(move |(index, value)| {
        let weight = weights.and_then(|weights| weights.get(index)).copied();
        (value, weight.unwrap_or(1.0))
    })
}
