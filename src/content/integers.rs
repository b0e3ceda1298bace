//! Integers.

use arrow::datatypes::{
    Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::error::ContentError;
use super::index::Index;
use super::maker::ValueSource;
use super::numeric::{Line, Numeric, bounds};
use super::ordered::Order;
use super::ranks::RisingRanks;
use super::rows::fill;
use super::sources::{Sources, between, ends, indexed};
use crate::config::Number;
use crate::random::{Key, scale};

/// `start + number * (step + fraction / 2^64)` in arithmetic modulo 2^64, which is exact if the
/// true value fits.
#[derive(Clone, Copy)]
pub(super) struct IntegerLine {
    start: u64,
    step: u64,
    fraction: u64,
}

impl IntegerLine {
    fn new(
        start: Number,
        step: Number,
        count: u64,
        limits: (i128, i128),
    ) -> Result<Self, ContentError> {
        let (Number::Integer(first), Number::Integer(distance)) = (start, step) else {
            return Err(ContentError::Fraction);
        };
        let last = i128::from(count.saturating_sub(1))
            .checked_mul(distance)
            .and_then(|way| first.checked_add(way));
        if [Some(first), last]
            .iter()
            .any(|end| end.is_none_or(|end| end < limits.0 || end > limits.1))
        {
            return Err(ContentError::Range { start, step, count });
        }
        // The casts keep the lowest 64 bits.
        Ok(IntegerLine {
            start: first as u64,
            step: distance as u64,
            fraction: 0,
        })
    }

    /// Makes a line of `count` values, from `min` to `min + span`. A single value is `min`.
    fn spread(min: u64, span: u64, count: u64) -> Self {
        if count == 1 || span.checked_add(1) == Some(count) {
            return IntegerLine {
                start: min,
                step: 1,
                fraction: 0,
            };
        }
        let step = (u128::from(span) << 64).div_ceil(u128::from(count - 1));
        IntegerLine {
            start: min,
            step: (step >> 64) as u64,
            fraction: step as u64,
        }
    }

    #[inline(always)]
    fn bits(&self, number: u64) -> u64 {
        self.start
            .wrapping_add(number.wrapping_mul(self.step))
            .wrapping_add(scale(number, self.fraction))
    }
}

macro_rules! integer {
    ($arrow:ty, $native:ty, $lanes:literal) => {
        impl Numeric for $arrow {
            type Value = $native;
            type Line = IntegerLine;

            const LIMITS: ($native, $native) = (<$native>::MIN, <$native>::MAX);

            fn value(number: Number) -> Option<$native> {
                match number {
                    Number::Integer(value) => <$native>::try_from(value).ok(),
                    Number::Float(_) => None,
                }
            }

            #[inline(always)]
            fn round(number: f64, min: $native, max: $native) -> $native {
                // The cast rounds towards 0 and stops at the type's limits.
                ((number + 0.5_f64.copysign(number)) as $native).clamp(min, max)
            }

            fn line(start: Number, step: Number, count: u64) -> Result<IntegerLine, ContentError> {
                IntegerLine::new(
                    start,
                    step,
                    count,
                    (<$native>::MIN.into(), <$native>::MAX.into()),
                )
            }

            fn to_multiple(
                multiple: Number,
            ) -> Result<impl Fn($native) -> $native + Send + Sync + 'static, ContentError> {
                let Number::Integer(multiple) = multiple else {
                    return Err(ContentError::Fraction);
                };
                let multiple = multiple.max(1);
                Ok(move |value: $native| {
                    let below = i128::from(value).div_euclid(multiple) * multiple;
                    let nearest =
                        below + (i128::from(value) - below + multiple / 2) / multiple * multiple;
                    // At least one of these fits the type, unless the multiple does not.
                    <$native>::try_from(nearest)
                        .or_else(|_| <$native>::try_from(below))
                        .or_else(|_| <$native>::try_from(below.saturating_add(multiple)))
                        .unwrap_or_default()
                })
            }
        }

        impl Sources for $arrow {
            fn rounded(
                numbers: impl Fn(u64) -> f64 + Send + Sync + 'static,
                min: $native,
                max: $native,
            ) -> ValueSource<$native> {
                Box::new(move |rows, size| {
                    fill(rows, size, |position| {
                        [Self::round(numbers(position), min, max)]
                    })
                })
            }

            fn uniform(
                key: Key,
                min: Option<Number>,
                max: Option<Number>,
                cardinality: Option<u64>,
            ) -> Result<ValueSource<$native>, ContentError> {
                let (min, max) = bounds::<$arrow>(min, max)?;
                // The distance of two values of one type fits in 64 bits.
                let span = (i128::from(max) - i128::from(min)) as u64;
                // None stands for 2^64.
                let values = span.checked_add(1);
                let count = match (cardinality, values) {
                    (Some(cardinality), Some(values)) => Some(cardinality.clamp(1, values)),
                    (Some(cardinality), None) => Some(cardinality.max(1)),
                    (None, values) => values,
                };
                let whole_type = (min, max) == Self::LIMITS && count == values;
                Ok(match count {
                    Some(count) if !whole_type => {
                        let line = IntegerLine::spread(min as u64, span, count);
                        indexed(key, Index::alike(count), line)
                    }
                    _ => Box::new(move |rows, size| {
                        fill::<$native, $lanes>(rows, size, |block| {
                            let word = key.word(block);
                            std::array::from_fn(|lane| {
                                (word >> (lane * <$native>::BITS as usize)) as $native
                            })
                        })
                    }),
                })
            }

            fn ordered(
                order: Order,
                min: Option<Number>,
                max: Option<Number>,
                cardinality: Option<u64>,
            ) -> Result<ValueSource<$native>, ContentError> {
                let (low, high) = bounds::<$arrow>(min, max)?;
                let span = (i128::from(high) - i128::from(low)) as u64;
                let Some(count) = cardinality.or(span.checked_add(1)) else {
                    return Ok(Box::new(move |rows, size| {
                        order.fill(rows, size, |word| {
                            (low as u64).wrapping_add(word) as $native
                        })
                    }));
                };
                let count = count.clamp(1, span.saturating_add(1));
                let index = Index::Ordered(order, RisingRanks::Alike { count });
                // The order has its own key.
                Self::spread(Key(0), index, min, max, count)
            }

            fn spread(
                key: Key,
                index: Index,
                min: Option<Number>,
                max: Option<Number>,
                count: u64,
            ) -> Result<ValueSource<$native>, ContentError> {
                let (min, max) = bounds::<$arrow>(min, max)?;
                let span = (i128::from(max) - i128::from(min)) as u64;
                if span.checked_add(1).is_some_and(|values| count > values) {
                    return Err(ContentError::Empty);
                }
                let line = IntegerLine::spread(min as u64, span, count);
                Ok(indexed(key, index, line))
            }

            fn between(
                quantiles: &[Number],
                order: Order,
            ) -> Result<ValueSource<$native>, ContentError> {
                let ends = ends::<$arrow>(quantiles)?;
                Ok(Box::new(move |rows, size| {
                    order.fill(rows, size, |word| {
                        let (low, high, share) = between(&ends, word);
                        let span = (i128::from(high) - i128::from(low)) as u64;
                        let way = (u128::from(share) * u128::from(span) + (1 << 63)) >> 64;
                        (low as u64).wrapping_add(way as u64) as $native
                    })
                }))
            }

            fn jittered(
                key: Key,
                index: Index,
                line: IntegerLine,
                jitter: Number,
            ) -> Result<ValueSource<$native>, ContentError> {
                let Number::Integer(jitter) = jitter else {
                    return Err(ContentError::Fraction);
                };
                let jitter = u64::try_from(jitter).map_err(|_| ContentError::Empty)?;
                let period = match index {
                    Index::Position { period } => period,
                    _ => None,
                };
                Ok(Box::new(move |rows, size| {
                    fill(rows, size, |position| {
                        let number = period.map_or(position, |period| position % period);
                        let more = scale(key.word(position), jitter.saturating_add(1));
                        [line.bits(number).wrapping_add(more) as $native]
                    })
                }))
            }
        }

        impl Line<$native> for IntegerLine {
            #[inline(always)]
            fn at(&self, number: u64) -> $native {
                self.bits(number) as $native
            }
        }
    };
}

integer!(Int8Type, i8, 8);
integer!(Int16Type, i16, 4);
integer!(Int32Type, i32, 2);
integer!(Int64Type, i64, 1);
integer!(UInt8Type, u8, 8);
integer!(UInt16Type, u16, 4);
integer!(UInt32Type, u32, 2);
integer!(UInt64Type, u64, 1);
