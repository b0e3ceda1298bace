//! Values as a config gives them.

use crate::config::Value;

/// Each value with its weight.
pub(super) fn weighed<'a>(
    values: &'a [Value],
    weights: Option<&'a [f64]>,
) -> impl Iterator<Item = (&'a Value, f64)> {
    values.iter().enumerate().map(move |(index, value)| {
        let weight = weights.and_then(|weights| weights.get(index)).copied();
        (value, weight.unwrap_or(1.0))
    })
}
