//! Columns of numbers and of bools.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, ListArray, PrimitiveArray,
};
use arrow::buffer::{Buffer, NullBuffer};

use super::follow::Followed;
use super::index::{AliasTable, Hotspot, Index, Shuffle, Zipf};
use super::normal::Ziggurat;
use super::numeric::{Line, Numeric};
use super::ordered::{Order, Ranks, inside, normal_quantile, stepped};
use super::random::{Key, mix, scale, unit};
use super::rows::{Rows, bits, even_offsets, fill};
use super::walk::Walk;
use super::{ContentError, Maker, Source, element_field};
use crate::config::{Column, Distribution, Number, Value, VectorLayout};

#[cfg(target_endian = "big")]
compile_error!("vectors in the binary layout are copied from memory, and are little-endian");

/// Arrays of a column of numbers.
pub(super) fn maker<T: Numeric>(
    column: &Column,
    key: Key,
    total_rows: u64,
    layout: VectorLayout,
    followed: Option<Followed>,
) -> Result<Maker, ContentError> {
    let source = source::<T>(column, key, total_rows, followed)?;
    if !column.is_vector() {
        return Ok(Box::new(move |rows, nulls| {
            Arc::new(PrimitiveArray::<T>::new(source(rows, 1).into(), nulls))
        }));
    }
    // At most `i32::MAX`, as `ColumnGenerator::new` made sure.
    let size = column.size as usize;
    let element = Arc::new(element_field(column));
    Ok(match layout {
        VectorLayout::FixedSizeList => Box::new(move |rows, nulls| {
            let values = PrimitiveArray::<T>::new(source(rows, size).into(), None);
            Arc::new(FixedSizeListArray::new(
                element.clone(),
                size as i32,
                Arc::new(values),
                nulls,
            ))
        }),
        VectorLayout::List => Box::new(move |rows, nulls| {
            let values = PrimitiveArray::<T>::new(
                valid_values(&source, rows, size, nulls.as_ref()).into(),
                None,
            );
            let offsets = even_offsets(rows.len(), size, nulls.as_ref());
            Arc::new(ListArray::new(
                element.clone(),
                offsets,
                Arc::new(values),
                nulls,
            )) as ArrayRef
        }),
        VectorLayout::Binary => Box::new(move |rows, nulls| {
            let values = Buffer::from_vec(valid_values(&source, rows, size, nulls.as_ref()));
            let offsets = even_offsets(rows.len(), size * size_of::<T::Native>(), nulls.as_ref());
            Arc::new(BinaryArray::new(offsets, values, nulls))
        }),
    })
}

/// The values of the rows that are not null.
fn valid_values<T>(
    source: &Source<T>,
    rows: Rows<'_>,
    size: usize,
    nulls: Option<&NullBuffer>,
) -> Vec<T> {
    match nulls {
        None => source(rows, size),
        Some(nulls) => source(Rows::Listed(&rows.valid(nulls)), size),
    }
}

/// Values, rounded where the column asks for it.
fn source<T: Numeric>(
    column: &Column,
    key: Key,
    total_rows: u64,
    followed: Option<Followed>,
) -> Result<Source<T::Value>, ContentError> {
    let source = drawn::<T>(column, key, total_rows, followed)?;
    let Some(multiple) = column.multiple_of else {
        return Ok(source);
    };
    let round = T::to_multiple(multiple)?;
    Ok(Box::new(move |rows, size| {
        let mut values = source(rows, size);
        values.iter_mut().for_each(|value| *value = round(*value));
        values
    }))
}

fn drawn<T: Numeric>(
    column: &Column,
    key: Key,
    total_rows: u64,
    followed: Option<Followed>,
) -> Result<Source<T::Value>, ContentError> {
    let whole = |min: &Option<Number>| min.unwrap_or(Number::Integer(0));
    let width = if column.is_vector() { column.size } else { 1 };
    let positions = total_rows.saturating_mul(width);
    let order = Order::new(key, column, positions);
    let sorted = !order.is_random();
    let index = |plain: Index, ranks: &dyn Fn() -> Ranks| match sorted {
        true => Index::Ordered(order, ranks()),
        false => plain,
    };
    match &column.distribution {
        Distribution::Uniform {
            min,
            max,
            cardinality,
        } if sorted => T::ordered(order, *min, *max, *cardinality),
        Distribution::Uniform {
            min,
            max,
            cardinality,
        } => T::uniform(key, *min, *max, *cardinality),
        Distribution::Distinct {
            min,
            max,
            cardinality,
        } => {
            let values = cardinality.unwrap_or(positions).max(1);
            let shuffle = Index::Shuffled(Shuffle::new(key, positions, values));
            T::spread(key, shuffle, *min, *max, values)
        }
        Distribution::Normal {
            mean,
            std_dev,
            min,
            max,
            cardinality: None,
        } if !sorted => {
            let (mean, std_dev) = (*mean, *std_dev);
            let (min, max) = bounds::<T>(*min, *max)?;
            let ziggurat = Ziggurat::shared();
            Ok(T::rounded(
                move |position| mean + std_dev * ziggurat.draw(key.word(position)),
                min,
                max,
            ))
        }
        Distribution::Normal {
            mean,
            std_dev,
            min,
            max,
            cardinality,
        } => {
            let (mean, std_dev) = (*mean, *std_dev);
            let (min, max) = bounds::<T>(*min, *max)?;
            let score = scores(*cardinality);
            Ok(Box::new(move |rows, size| {
                order.fill(rows, size, |word| {
                    T::round(mean + std_dev * score(word), min, max)
                })
            }))
        }
        Distribution::Lognormal {
            mean,
            std_dev,
            min,
            max,
            cardinality,
        } => {
            let (mean, std_dev) = (*mean, *std_dev);
            let (min, max) = bounds::<T>(*min, *max)?;
            if sorted || cardinality.is_some() {
                let score = scores(*cardinality);
                return Ok(Box::new(move |rows, size| {
                    order.fill(rows, size, |word| {
                        T::round(libm::exp(mean + std_dev * score(word)), min, max)
                    })
                }));
            }
            let ziggurat = Ziggurat::shared();
            Ok(T::rounded(
                move |position| libm::exp(mean + std_dev * ziggurat.draw(key.word(position))),
                min,
                max,
            ))
        }
        Distribution::Quantiles { values } => T::between(values, order),
        Distribution::Zipf {
            exponent,
            cardinality,
            min,
        } => {
            let line = T::line(whole(min), Number::Integer(1), *cardinality)?;
            let plain = Index::Zipf(Zipf::new(*exponent, *cardinality)?);
            let index = index(plain, &|| Ranks::zipf(*exponent, *cardinality));
            Ok(indexed(key, index, line))
        }
        Distribution::Hotspot {
            cardinality,
            hot_fraction,
            hot_share,
            min,
        } => {
            let line = T::line(whole(min), Number::Integer(1), *cardinality)?;
            let hotspot = Hotspot::new(*cardinality, *hot_fraction, *hot_share)?;
            let index = index(Index::Hotspot(hotspot), &|| Ranks::Hotspot(hotspot));
            Ok(indexed(key, index, line))
        }
        Distribution::Categorical {
            values: Some(values),
            weights,
            ..
        } => {
            let mut values: Vec<(T::Value, f64)> = weighed(values, weights.as_deref())
                .map(|(value, weight)| Ok((number::<T>(value)?, weight)))
                .collect::<Result<_, ContentError>>()?;
            if sorted {
                values.sort_by(|left, right| {
                    left.0
                        .partial_cmp(&right.0)
                        .unwrap_or(std::cmp::Ordering::Equal)
                });
            }
            let (values, weights): (Vec<_>, Vec<f64>) = values.into_iter().unzip();
            let index = index(among(&weights)?, &|| Ranks::weighted(&weights));
            Ok(Box::new(move |rows, size| {
                index.fill(key, rows, size, |number| values[number as usize])
            }))
        }
        Distribution::Categorical {
            values: None,
            cardinality,
            min,
            ..
        } => {
            let line = T::line(whole(min), Number::Integer(1), *cardinality)?;
            let count = *cardinality;
            let index = index(Index::Uniform { count }, &|| Ranks::Uniform { count });
            Ok(indexed(key, index, line))
        }
        Distribution::Sequence {
            start,
            step,
            jitter,
            cardinality,
        } => {
            // The numbers of a vector follow one another too.
            let period = cardinality.map(|rows| rows.max(1).saturating_mul(width));
            let line = T::line(
                *start,
                *step,
                period.map_or(positions, |period| period.min(positions)),
            )?;
            let index = Index::Position { period };
            match jitter.filter(|jitter| jitter.as_f64() > 0.0) {
                None => Ok(indexed(key, index, line)),
                Some(jitter) => T::jittered(key, index, line, jitter),
            }
        }
        Distribution::RandomWalk {
            start,
            step,
            min,
            max,
        } => {
            let (low, high) = bounds::<T>(*min, *max)?;
            let walk = Walk {
                key,
                start: *start,
                step: *step,
                bounds: min.zip(*max).map(|(min, max)| (min.as_f64(), max.as_f64())),
            };
            Ok(Box::new(move |rows, size| {
                walk.fill(rows, size, |number| T::round(number, low, high))
            }))
        }
        Distribution::CorrelatedWith {
            correlation,
            mean,
            std_dev,
            min,
            max,
            ..
        } => {
            let followed = followed.ok_or(ContentError::Unfit)?;
            let (low, high) = bounds::<T>(*min, *max)?;
            let (mean, std_dev, correlation) = (*mean, *std_dev, *correlation);
            let rest = (1.0 - correlation * correlation).max(0.0).sqrt();
            let ziggurat = Ziggurat::shared();
            Ok(Box::new(move |rows, size| {
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
            }))
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

/// Standard normal numbers that rise with the words; with a cardinality, so many different ones.
fn scores(cardinality: Option<u64>) -> impl Fn(u64) -> f64 + Send + Sync {
    move |word| {
        normal_quantile(match cardinality {
            Some(cardinality) => stepped(word, cardinality.max(1)),
            None => inside(word),
        })
    }
}

/// Quantiles as values of the type, two or more.
pub(super) fn ends<T: Numeric>(quantiles: &[Number]) -> Result<Vec<T::Value>, ContentError> {
    if quantiles.len() < 2 {
        return Err(ContentError::Empty);
    }
    quantiles
        .iter()
        .map(|quantile| number::<T>(&Value::Number(*quantile)))
        .collect()
}

/// The neighbours of `ends` that a word lies between, and its place there out of 2^64.
#[inline(always)]
pub(super) fn between<T: Copy>(ends: &[T], word: u64) -> (T, T, u64) {
    let product = u128::from(word) * (ends.len() as u128 - 1);
    let number = (product >> 64) as usize;
    (ends[number], ends[number + 1], product as u64)
}

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

/// One of the values with these weights.
pub(super) fn among(weights: &[f64]) -> Result<Index, ContentError> {
    let drawn = weights.iter().any(|weight| *weight > 0.0);
    if !drawn || weights.iter().any(|weight| !weight.is_finite()) {
        return Err(ContentError::Empty);
    }
    Ok(match weights.windows(2).all(|pair| pair[0] == pair[1]) {
        true => Index::Uniform {
            count: weights.len() as u64,
        },
        false => Index::Weighted(AliasTable::new(weights)),
    })
}

/// The one of `cardinality` values that belongs to the other column's in a share of the rows, and any in the others.
pub(super) fn following(
    followed: Followed,
    key: Key,
    correlation: f64,
    cardinality: u64,
) -> impl Fn(Rows<'_>) -> Vec<u64> + Send + Sync {
    const OWN: u64 = u64::from_le_bytes(*b"own word");
    let own = key.derive(OWN);
    move |rows| {
        let mut hashes = followed.hashes(rows).into_iter();
        let mut numbers = Vec::with_capacity(rows.len());
        rows.each(|row| {
            let hash = hashes.next().unwrap_or_default();
            let word = match unit(key.word(row)) < correlation {
                true => mix(hash ^ key.0),
                false => own.word(row),
            };
            numbers.push(scale(word, cardinality));
        });
        numbers
    }
}

fn number<T: Numeric>(value: &Value) -> Result<T::Value, ContentError> {
    match value {
        Value::Number(number) => T::value(*number),
        Value::Bool(_) | Value::Text(_) => None,
    }
    .ok_or_else(|| ContentError::Value(value.clone()))
}

/// `min` and `max` as values, the type's limits where they are left out.
pub(super) fn bounds<T: Numeric>(
    min: Option<Number>,
    max: Option<Number>,
) -> Result<(T::Value, T::Value), ContentError> {
    let bound = |number: Option<Number>, limit| match number {
        None => Ok(limit),
        Some(number) => T::value(number)
            .filter(|_| number.as_f64().is_finite())
            .ok_or(ContentError::Value(Value::Number(number))),
    };
    let (min, max) = (bound(min, T::LIMITS.0)?, bound(max, T::LIMITS.1)?);
    if min > max {
        Err(ContentError::Empty)
    } else {
        Ok((min, max))
    }
}

pub(super) fn indexed<T: Copy + Default + 'static>(
    key: Key,
    index: Index,
    line: impl Line<T> + 'static,
) -> Source<T> {
    Box::new(move |rows, size| index.fill(key, rows, size, |number| line.at(number)))
}

/// Arrays of a column of bools.
pub(super) fn bool_maker(
    column: &Column,
    key: Key,
    followed: Option<Followed>,
) -> Result<Maker, ContentError> {
    let source: Source<bool> = match &column.distribution {
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: None,
        } => Box::new(move |rows, size| {
            fill(rows, size, |block| {
                key.word(block).to_le_bytes().map(|byte| byte % 2 == 1)
            })
        }),
        Distribution::Categorical {
            values: Some(values),
            weights,
            ..
        } => {
            let (values, weights): (Vec<bool>, Vec<f64>) = weighed(values, weights.as_deref())
                .map(|(value, weight)| Ok((bool_value(value)?, weight)))
                .collect::<Result<Vec<_>, ContentError>>()?
                .into_iter()
                .unzip();
            let index = among(&weights)?;
            Box::new(move |rows, size| {
                index.fill(key, rows, size, |number| values[number as usize])
            })
        }
        Distribution::CorrelatedWith {
            correlation,
            cardinality,
            ..
        } => {
            let followed = followed.ok_or(ContentError::Unfit)?;
            let numbers = following(followed, key, *correlation, (*cardinality).min(2));
            Box::new(move |rows, _| {
                numbers(rows)
                    .into_iter()
                    .map(|number| number == 1)
                    .collect()
            })
        }
        Distribution::Constant { value } => {
            let value = bool_value(value)?;
            Box::new(move |rows, size| vec![value; rows.len() * size])
        }
        _ => return Err(ContentError::Unfit),
    };
    Ok(Box::new(move |rows, nulls| {
        Arc::new(BooleanArray::new(bits(&source(rows, 1)), nulls))
    }))
}

fn bool_value(value: &Value) -> Result<bool, ContentError> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Number(_) | Value::Text(_) => Err(ContentError::Value(value.clone())),
    }
}
