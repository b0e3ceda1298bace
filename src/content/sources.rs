//! Numbers of each type by their positions: over a range, in an order, chosen by an index.

use super::error::ContentError;
use super::index::Index;
use super::maker::ValueSource;
use super::numeric::{Line, Numeric, number};
use super::ordered::Order;
use crate::config::{Number, Value};
use crate::random::Key;

/// A type of numbers that can be drawn.
pub(super) trait Sources: Numeric {
    /// Returns the values of `numbers`, rounded and kept within `min..=max`.
    fn rounded(
        numbers: impl Fn(u64) -> f64 + Send + Sync + 'static,
        min: Self::Value,
        max: Self::Value,
    ) -> ValueSource<Self::Value>;

    /// Returns values of `min..=max` (floats: `min..max`), or of `cardinality` values spread over
    /// it, all equally likely.
    fn uniform(
        key: Key,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    ) -> Result<ValueSource<Self::Value>, ContentError>;

    /// Returns the same values, in an order.
    fn ordered(
        order: Order,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    ) -> Result<ValueSource<Self::Value>, ContentError>;

    /// Returns values chosen by `index` from `count` values spread over `min..=max` (floats:
    /// `min..max`).
    fn spread(
        key: Key,
        index: Index,
        min: Option<Number>,
        max: Option<Number>,
        count: u64,
    ) -> Result<ValueSource<Self::Value>, ContentError>;

    /// Returns values by quantiles: the same number of words lies between each two neighbours.
    fn between(
        quantiles: &[Number],
        order: Order,
    ) -> Result<ValueSource<Self::Value>, ContentError>;

    /// Returns the values of a line, each plus a random number of up to `jitter`.
    fn jittered(
        key: Key,
        index: Index,
        line: Self::Line,
        jitter: Number,
    ) -> Result<ValueSource<Self::Value>, ContentError>;
}

/// Returns values of a line, chosen by an index.
pub(super) fn indexed<T: Copy + Default + 'static>(
    key: Key,
    index: Index,
    line: impl Line<T> + 'static,
) -> ValueSource<T> {
    Box::new(move |rows, size| index.fill(key, rows, size, |number| line.at(number)))
}

/// Returns the quantiles as values of the type. Fails if there are fewer than two.
pub(super) fn ends<T: Numeric>(quantiles: &[Number]) -> Result<Vec<T::Value>, ContentError> {
    if quantiles.len() < 2 {
        return Err(ContentError::Empty);
    }
    quantiles
        .iter()
        .map(|quantile| number::<T>(&Value::Number(*quantile)))
        .collect()
}

/// Returns the two neighbours in `ends` between which a word lies, and its place there out of 2^64.
#[inline(always)]
pub(super) fn between<T: Copy>(ends: &[T], word: u64) -> (T, T, u64) {
    let product = u128::from(word) * (ends.len() as u128 - 1);
    let number = (product >> 64) as usize;
    (ends[number], ends[number + 1], product as u64)
}
