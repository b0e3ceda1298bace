//! Numbers of each distribution.

use std::cmp::Ordering;

use super::error::ContentError;
use super::follow::LeadingColumn;
use super::index::{Index, Shuffle};
use super::maker::ValueSource;
use super::normal::{Ziggurat, inside, normal_quantile, stepped};
use super::numeric::{bounds, number};
use super::ordered::Order;
use super::ranks::{Hotspot, Ranks, RisingRanks, Zipf};
use super::recipe::Recipe;
use super::sources::{Sources, indexed};
use super::values::weighed;
use super::walk::Walk;
use crate::config::{Distribution, Number, Value};
use crate::random::Key;

/// The positions of a column's numbers, and the words with which they are drawn.
#[derive(Clone, Copy)]
struct Positions {
    key: Key,
    order: Order,
    /// Numbers per row.
    per_row: u64,
    /// Numbers of the whole column.
    count: u64,
}

impl Positions {
    fn of(recipe: &Recipe<'_>) -> Self {
        let column = recipe.column;
        let per_row = if column.is_vector() { column.size } else { 1 };
        let count = recipe.total_rows.saturating_mul(per_row);
        Positions {
            key: recipe.key,
            order: Order::new(recipe.key, column, count),
            per_row,
            count,
        }
    }

    fn sorted(&self) -> bool {
        !self.order.is_random()
    }

    /// Returns an index by `ranks`, or if rows are sorted, by the ranks that `rising` makes.
    fn index(&self, ranks: Ranks, rising: impl FnOnce() -> RisingRanks) -> Index {
        match self.sorted() {
            true => Index::Ordered(self.order, rising()),
            false => Index::Drawn(ranks),
        }
    }
}

/// Returns numbers by the column's distribution, not yet rounded to multiples.
pub(super) fn drawn<T: Sources>(recipe: Recipe<'_>) -> Result<ValueSource<T::Value>, ContentError> {
    let positions = Positions::of(&recipe);
    match &recipe.column.distribution {
        Distribution::Uniform {
            min,
            max,
            cardinality,
        } => match positions.sorted() {
            true => T::ordered(positions.order, *min, *max, *cardinality),
            false => T::uniform(positions.key, *min, *max, *cardinality),
        },
        Distribution::Distinct {
            min,
            max,
            cardinality,
        } => {
            let values = cardinality.unwrap_or(positions.count).max(1);
            let shuffle = Shuffle::new(positions.key, positions.count, values);
            T::spread(positions.key, Index::Shuffled(shuffle), *min, *max, values)
        }
        Distribution::Normal {
            mean,
            std_dev,
            min,
            max,
            cardinality,
        } => {
            let bounds = bounds::<T>(*min, *max)?;
            let bell = (*mean, *std_dev);
            Ok(normal::<T>(
                positions,
                bell,
                bounds,
                *cardinality,
                |number| number,
            ))
        }
        Distribution::Lognormal {
            mean,
            std_dev,
            min,
            max,
            cardinality,
        } => {
            let bounds = bounds::<T>(*min, *max)?;
            let bell = (*mean, *std_dev);
            Ok(normal::<T>(
                positions,
                bell,
                bounds,
                *cardinality,
                libm::exp,
            ))
        }
        Distribution::Quantiles { values } => T::between(values, positions.order),
        Distribution::Zipf {
            exponent,
            cardinality,
            min,
        } => zipf::<T>(positions, *exponent, *cardinality, *min),
        Distribution::Hotspot {
            cardinality,
            hot_fraction,
            hot_share,
            min,
        } => {
            let line = counted::<T>(*min, *cardinality)?;
            let hotspot = Hotspot::new(*cardinality, *hot_fraction, *hot_share)?;
            let index = positions.index(Ranks::Hotspot(hotspot), || RisingRanks::Hotspot(hotspot));
            Ok(indexed(positions.key, index, line))
        }
        Distribution::Categorical {
            values: Some(values),
            weights,
            ..
        } => given::<T>(positions, values, weights.as_deref()),
        Distribution::Categorical {
            values: None,
            cardinality,
            min,
            ..
        } => {
            let line = counted::<T>(*min, *cardinality)?;
            let count = *cardinality;
            let index = positions.index(Ranks::Alike { count }, || RisingRanks::Alike { count });
            Ok(indexed(positions.key, index, line))
        }
        Distribution::Sequence {
            start,
            step,
            jitter,
            cardinality,
        } => sequence::<T>(positions, (*start, *step), *jitter, *cardinality),
        Distribution::RandomWalk {
            start,
            step,
            min,
            max,
        } => random_walk::<T>(positions.key, (*start, *step), *min, *max),
        Distribution::CorrelatedWith {
            correlation,
            mean,
            std_dev,
            min,
            max,
            ..
        } => {
            let followed = recipe.followed.ok_or(ContentError::Unfit)?;
            let bounds = bounds::<T>(*min, *max)?;
            let bell = (*mean, *std_dev);
            Ok(correlated::<T>(
                positions.key,
                followed,
                *correlation,
                bell,
                bounds,
            ))
        }
        Distribution::Constant { value } => {
            let value = number::<T>(value)?;
            Ok(Box::new(move |rows, size| vec![value; rows.len() * size]))
        }
        Distribution::Words { .. }
        | Distribution::Template { .. }
        | Distribution::Json { .. }
        | Distribution::Compressible { .. } => Err(ContentError::Unfit),
    }
}

/// Returns normal numbers of a mean and a standard deviation, each transformed by `curve` and kept
/// within bounds.
fn normal<T: Sources>(
    positions: Positions,
    (mean, std_dev): (f64, f64),
    (min, max): (T::Value, T::Value),
    cardinality: Option<u64>,
    curve: impl Fn(f64) -> f64 + Send + Sync + 'static,
) -> ValueSource<T::Value> {
    let Positions { key, order, .. } = positions;
    if positions.sorted() || cardinality.is_some() {
        let score = scores(cardinality);
        return Box::new(move |rows, size| {
            order.fill(rows, size, |word| {
                T::round(curve(mean + std_dev * score(word)), min, max)
            })
        });
    }
    let ziggurat = Ziggurat::shared();
    T::rounded(
        move |position| curve(mean + std_dev * ziggurat.draw(key.word(position))),
        min,
        max,
    )
}

/// Returns standard normal numbers that rise with the words. With a cardinality, there are that
/// many different ones.
fn scores(cardinality: Option<u64>) -> impl Fn(u64) -> f64 + Send + Sync {
    move |word| {
        normal_quantile(match cardinality {
            Some(cardinality) => stepped(word, cardinality.max(1)),
            None => inside(word),
        })
    }
}

/// Returns `count` whole numbers from `min` on.
fn counted<T: Sources>(min: Option<Number>, count: u64) -> Result<T::Line, ContentError> {
    T::line(min.unwrap_or(Number::Integer(0)), Number::Integer(1), count)
}

fn zipf<T: Sources>(
    positions: Positions,
    exponent: f64,
    cardinality: u64,
    min: Option<Number>,
) -> Result<ValueSource<T::Value>, ContentError> {
    let line = counted::<T>(min, cardinality)?;
    let ranks = Ranks::Zipf(Zipf::new(exponent, cardinality)?);
    let index = positions.index(ranks, || RisingRanks::zipf(exponent, cardinality));
    Ok(indexed(positions.key, index, line))
}

/// Returns values that the config lists, in rising order if rows are sorted.
fn given<T: Sources>(
    positions: Positions,
    values: &[Value],
    weights: Option<&[f64]>,
) -> Result<ValueSource<T::Value>, ContentError> {
    let mut values: Vec<(T::Value, f64)> = weighed(values, weights)
        .map(|(value, weight)| Ok((number::<T>(value)?, weight)))
        .collect::<Result<_, ContentError>>()?;
    if positions.sorted() {
        values.sort_by(|left, right| left.0.partial_cmp(&right.0).unwrap_or(Ordering::Equal));
    }
    let (values, weights): (Vec<_>, Vec<f64>) = values.into_iter().unzip();
    let index = positions.index(Ranks::weighted(&weights)?, || {
        RisingRanks::weighted(&weights)
    });
    Ok(Box::new(move |rows, size| {
        index.fill(positions.key, rows, size, |number| values[number as usize])
    }))
}

/// Returns the numbers of a sequence. The numbers within a vector are consecutive, too.
fn sequence<T: Sources>(
    positions: Positions,
    (start, step): (Number, Number),
    jitter: Option<Number>,
    cardinality: Option<u64>,
) -> Result<ValueSource<T::Value>, ContentError> {
    let period = cardinality.map(|rows| rows.max(1).saturating_mul(positions.per_row));
    let count = period.map_or(positions.count, |period| period.min(positions.count));
    let line = T::line(start, step, count)?;
    let index = Index::Position { period };
    match jitter.filter(|jitter| jitter.as_f64() > 0.0) {
        None => Ok(indexed(positions.key, index, line)),
        Some(jitter) => T::jittered(positions.key, index, line, jitter),
    }
}

fn random_walk<T: Sources>(
    key: Key,
    (start, step): (f64, f64),
    min: Option<Number>,
    max: Option<Number>,
) -> Result<ValueSource<T::Value>, ContentError> {
    let (low, high) = bounds::<T>(min, max)?;
    let walk = Walk {
        key,
        start,
        step,
        bounds: min.zip(max).map(|(min, max)| (min.as_f64(), max.as_f64())),
    };
    Ok(Box::new(move |rows, size| {
        walk.fill(rows, size, |number| T::round(number, low, high))
    }))
}

/// Returns normal numbers, each the sum of a part from the followed column and a part of its own.
fn correlated<T: Sources>(
    key: Key,
    followed: LeadingColumn,
    correlation: f64,
    (mean, std_dev): (f64, f64),
    (low, high): (T::Value, T::Value),
) -> ValueSource<T::Value> {
    let rest = (1.0 - correlation * correlation).max(0.0).sqrt();
    let ziggurat = Ziggurat::shared();
    Box::new(move |rows, size| {
        let mut scores = followed.scores(rows).into_iter();
        let mut values = Vec::with_capacity(rows.len() * size);
        rows.each(|row| {
            let score = scores.next().unwrap_or_default();
            let first = row.wrapping_mul(size as u64);
            values.extend((0..size as u64).map(|element| {
                let own = ziggurat.draw(key.word(first.wrapping_add(element)));
                T::round(
                    mean + std_dev * (correlation * score + rest * own),
                    low,
                    high,
                )
            }));
        });
        values
    })
}
