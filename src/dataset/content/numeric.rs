//! What the number types can do that content is made of.

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::{
    ArrowNativeType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use half::f16;

use super::index::Index;
use super::ordered::{Order, Ranks};
use super::random::{Key, scale, unit};
use super::rows::fill;
use super::{ContentError, Source, numbers};
use crate::config::Number;

/// A type of numbers that columns are made of.
pub(super) trait Numeric: ArrowPrimitiveType<Native = Self::Value> + Send + Sync {
    type Value: ArrowNativeType + PartialOrd;
    /// Values at equal distances, numbered from 0.
    type Line: Line<Self::Value> + 'static;

    /// Smallest and largest finite value.
    const LIMITS: (Self::Value, Self::Value);

    /// `number` as the config wrote it; none where the type has no such value. Floats are rounded.
    fn value(number: Number) -> Option<Self::Value>;

    /// Each value of `numbers` rounded, and held within `min..=max`.
    fn rounded(
        numbers: impl Fn(u64) -> f64 + Send + Sync + 'static,
        min: Self::Value,
        max: Self::Value,
    ) -> Source<Self::Value>;

    /// A number rounded, and held within `min..=max`.
    fn round(number: f64, min: Self::Value, max: Self::Value) -> Self::Value;

    /// `count` values from `start` on; `step` is that far from one to the next.
    fn line(start: Number, step: Number, count: u64) -> Result<Self::Line, ContentError>;

    /// Each value of `min..=max` alike (floats: `min..max`), or `cardinality` values spread over it.
    fn uniform(
        key: Key,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    ) -> Result<Source<Self::Value>, ContentError>;

    /// The same values, in an order.
    fn ordered(
        order: Order,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    ) -> Result<Source<Self::Value>, ContentError>;

    /// `count` values spread over `min..=max` (floats: `min..max`), chosen by `index`.
    fn spread(
        key: Key,
        index: Index,
        min: Option<Number>,
        max: Option<Number>,
        count: u64,
    ) -> Result<Source<Self::Value>, ContentError>;

    /// Values by quantiles: as many words lie between two neighbours as between any others.
    fn between(quantiles: &[Number], order: Order) -> Result<Source<Self::Value>, ContentError>;

    /// What rounds a value to the nearest multiple of a number above 0 that the type has.
    fn to_multiple(
        multiple: Number,
    ) -> Result<impl Fn(Self::Value) -> Self::Value + Send + Sync + 'static, ContentError>;

    /// The values of a line, each with a random number of up to `jitter` added.
    fn jittered(
        key: Key,
        index: Index,
        line: Self::Line,
        jitter: Number,
    ) -> Result<Source<Self::Value>, ContentError>;
}

pub(super) trait Line<T>: Copy + Send + Sync {
    fn at(&self, number: u64) -> T;
}

/// `start + number * (step + fraction / 2^64)` in arithmetic modulo 2^64, which is exact where the true value fits.
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

    /// `count` values, the first `min` and the last `min + span`; one value is `min`.
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

/// `start + number * step`.
#[derive(Clone, Copy)]
pub(super) struct FloatLine {
    start: f64,
    step: f64,
}

impl FloatLine {
    fn new(start: Number, step: Number, count: u64, limit: f64) -> Result<Self, ContentError> {
        let line = FloatLine {
            start: start.as_f64(),
            step: step.as_f64(),
        };
        let last = line.number(count.saturating_sub(1));
        if [line.start, last]
            .iter()
            .any(|end| end.is_nan() || end.abs() > limit)
        {
            return Err(ContentError::Range { start, step, count });
        }
        Ok(line)
    }

    #[inline(always)]
    fn number(&self, number: u64) -> f64 {
        self.start + number as f64 * self.step
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

            fn rounded(
                numbers: impl Fn(u64) -> f64 + Send + Sync + 'static,
                min: $native,
                max: $native,
            ) -> Source<$native> {
                Box::new(move |rows, size| {
                    fill(rows, size, |position| {
                        [Self::round(numbers(position), min, max)]
                    })
                })
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

            fn uniform(
                key: Key,
                min: Option<Number>,
                max: Option<Number>,
                cardinality: Option<u64>,
            ) -> Result<Source<$native>, ContentError> {
                let (min, max) = numbers::bounds::<$arrow>(min, max)?;
                // The distance of two values of one type fits in 64 bits.
                let span = (i128::from(max) - i128::from(min)) as u64;
                // None is 2^64.
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
                        numbers::indexed(key, Index::Uniform { count }, line)
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
            ) -> Result<Source<$native>, ContentError> {
                let (low, high) = numbers::bounds::<$arrow>(min, max)?;
                let span = (i128::from(high) - i128::from(low)) as u64;
                let Some(count) = cardinality.or(span.checked_add(1)) else {
                    return Ok(Box::new(move |rows, size| {
                        order.fill(rows, size, |word| {
                            (low as u64).wrapping_add(word) as $native
                        })
                    }));
                };
                let count = count.clamp(1, span.saturating_add(1));
                let index = Index::Ordered(order, Ranks::Uniform { count });
                // The order brings its own key.
                Self::spread(Key(0), index, min, max, count)
            }

            fn spread(
                key: Key,
                index: Index,
                min: Option<Number>,
                max: Option<Number>,
                count: u64,
            ) -> Result<Source<$native>, ContentError> {
                let (min, max) = numbers::bounds::<$arrow>(min, max)?;
                let span = (i128::from(max) - i128::from(min)) as u64;
                if span.checked_add(1).is_some_and(|values| count > values) {
                    return Err(ContentError::Empty);
                }
                let line = IntegerLine::spread(min as u64, span, count);
                Ok(numbers::indexed(key, index, line))
            }

            fn between(
                quantiles: &[Number],
                order: Order,
            ) -> Result<Source<$native>, ContentError> {
                let ends = numbers::ends::<$arrow>(quantiles)?;
                Ok(Box::new(move |rows, size| {
                    order.fill(rows, size, |word| {
                        let (low, high, share) = numbers::between(&ends, word);
                        let span = (i128::from(high) - i128::from(low)) as u64;
                        let way = (u128::from(share) * u128::from(span) + (1 << 63)) >> 64;
                        (low as u64).wrapping_add(way as u64) as $native
                    })
                }))
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
                    // One of the two lies in the type, unless the multiple is beyond it.
                    <$native>::try_from(nearest)
                        .or_else(|_| <$native>::try_from(below))
                        .or_else(|_| <$native>::try_from(below.saturating_add(multiple)))
                        .unwrap_or_default()
                })
            }

            fn jittered(
                key: Key,
                index: Index,
                line: IntegerLine,
                jitter: Number,
            ) -> Result<Source<$native>, ContentError> {
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

/// The bounds of [min, max), 0 and 1 where they are left out, and the largest value below `max`; where both bounds are
/// one value, nothing lies below it.
macro_rules! half_open {
    ($arrow:ty, $native:ty, $below:expr, $min:expr, $max:expr) => {{
        let min = $min.unwrap_or(Number::Integer(0));
        let max = $max.unwrap_or(Number::Integer(1));
        let (min, max) = numbers::bounds::<$arrow>(Some(min), Some(max))?;
        let below: $native = $below(max);
        (min, max, if below < min { min } else { below })
    }};
}

macro_rules! float {
    ($arrow:ty, $native:ty, $cast:expr, $below:expr, $between:expr) => {
        impl Numeric for $arrow {
            type Value = $native;
            type Line = FloatLine;

            const LIMITS: ($native, $native) = (<$native>::MIN, <$native>::MAX);

            fn value(number: Number) -> Option<$native> {
                let number = number.as_f64();
                let value: $native = $cast(number);
                (value.is_finite() == number.is_finite()).then_some(value)
            }

            fn rounded(
                numbers: impl Fn(u64) -> f64 + Send + Sync + 'static,
                min: $native,
                max: $native,
            ) -> Source<$native> {
                let (min, max) = (f64::from(min), f64::from(max));
                Box::new(move |rows, size| {
                    fill(rows, size, |position| {
                        [$cast(numbers(position).clamp(min, max))]
                    })
                })
            }

            #[inline(always)]
            fn round(number: f64, min: $native, max: $native) -> $native {
                $cast(number.clamp(f64::from(min), f64::from(max)))
            }

            fn line(start: Number, step: Number, count: u64) -> Result<FloatLine, ContentError> {
                FloatLine::new(start, step, count, <$native>::MAX.into())
            }

            fn uniform(
                key: Key,
                min: Option<Number>,
                max: Option<Number>,
                cardinality: Option<u64>,
            ) -> Result<Source<$native>, ContentError> {
                let (min, max, limit) = half_open!($arrow, $native, $below, min, max);
                match cardinality {
                    None => Ok($between(key, min, max, limit)),
                    Some(cardinality) => {
                        let count = cardinality.max(1);
                        let (min, max) = (Number::Float(min.into()), Number::Float(max.into()));
                        let index = Index::Uniform { count };
                        Self::spread(key, index, Some(min), Some(max), count)
                    }
                }
            }

            fn ordered(
                order: Order,
                min: Option<Number>,
                max: Option<Number>,
                cardinality: Option<u64>,
            ) -> Result<Source<$native>, ContentError> {
                if let Some(cardinality) = cardinality {
                    let count = cardinality.max(1);
                    let index = Index::Ordered(order, Ranks::Uniform { count });
                    // The order brings its own key.
                    return Self::spread(Key(0), index, min, max, count);
                }
                let (min, max, limit) = half_open!($arrow, $native, $below, min, max);
                let (low, high) = (f64::from(min), f64::from(max));
                Ok(Box::new(move |rows, size| {
                    order.fill(rows, size, |word| {
                        let step = unit(word);
                        let value: $native = $cast(low * (1.0 - step) + high * step);
                        if value < limit { value } else { limit }
                    })
                }))
            }

            fn spread(
                key: Key,
                index: Index,
                min: Option<Number>,
                max: Option<Number>,
                count: u64,
            ) -> Result<Source<$native>, ContentError> {
                let (min, max, limit) = half_open!($arrow, $native, $below, min, max);
                let (low, high) = (f64::from(min), f64::from(max));
                let values = count.max(1) as f64;
                let step = match (high - low).is_finite() {
                    true => (high - low) / values,
                    // The distance is more than a float holds, and its parts are not, but for a single one.
                    false if count > 1 => high / values - low / values,
                    false => 0.0,
                };
                let line = Self::line(Number::Float(min.into()), Number::Float(step), count)?;
                Ok(numbers::indexed(key, index, BelowLine { line, limit }))
            }

            fn between(
                quantiles: &[Number],
                order: Order,
            ) -> Result<Source<$native>, ContentError> {
                let ends = numbers::ends::<$arrow>(quantiles)?;
                Ok(Box::new(move |rows, size| {
                    order.fill(rows, size, |word| {
                        let (low, high, share) = numbers::between(&ends, word);
                        let (low, high, share) = (f64::from(low), f64::from(high), unit(share));
                        $cast(low * (1.0 - share) + high * share)
                    })
                }))
            }

            fn to_multiple(
                multiple: Number,
            ) -> Result<impl Fn($native) -> $native + Send + Sync + 'static, ContentError> {
                let multiple = multiple.as_f64();
                // Hundredths are exact as whole numbers over 100, and not as a number of times 0.01.
                let parts = (1.0 / multiple).round();
                let exact = multiple < 1.0 && (1.0 / multiple - parts).abs() < 1e-9 * parts;
                let limit = f64::from(<$native>::MAX);
                Ok(move |value: $native| {
                    let value = f64::from(value);
                    let nearest = match exact {
                        true => (value * parts).round() / parts,
                        false => (value / multiple).round() * multiple,
                    };
                    $cast(if nearest.abs() <= limit {
                        nearest
                    } else {
                        value
                    })
                })
            }

            fn jittered(
                key: Key,
                index: Index,
                line: FloatLine,
                jitter: Number,
            ) -> Result<Source<$native>, ContentError> {
                let jitter = jitter.as_f64();
                let period = match index {
                    Index::Position { period } => period,
                    _ => None,
                };
                Ok(Box::new(move |rows, size| {
                    fill(rows, size, |position| {
                        let number = period.map_or(position, |period| position % period);
                        let more = unit(key.word(position)) * jitter;
                        [$cast(line.number(number) + more)]
                    })
                }))
            }
        }

        impl Line<$native> for FloatLine {
            #[inline(always)]
            fn at(&self, number: u64) -> $native {
                $cast(self.number(number))
            }
        }

        impl Line<$native> for BelowLine<$native> {
            #[inline(always)]
            fn at(&self, number: u64) -> $native {
                let value: $native = self.line.at(number);
                if value < self.limit {
                    value
                } else {
                    self.limit
                }
            }
        }
    };
}

/// A line whose values are rounded to no more than `limit`.
#[derive(Clone, Copy)]
struct BelowLine<T> {
    line: FloatLine,
    limit: T,
}

float!(Float16Type, f16, f16_of, f16_below, f16_between);
float!(
    Float32Type,
    f32,
    |number: f64| number as f32,
    f32::next_down,
    f32_between
);
float!(
    Float64Type,
    f64,
    |number: f64| number,
    f64::next_down,
    f64_between
);

/// By way of f32, because `f16::from_f64` does so on some processors and not on others.
#[inline(always)]
fn f16_of(number: f64) -> f16 {
    f16::from_f32(number as f32)
}

fn f16_below(value: f16) -> f16 {
    let bits = value.to_bits();
    match bits {
        0x0000 | 0x8000 => f16::from_bits(0x8001),
        _ if value.is_sign_positive() => f16::from_bits(bits - 1),
        _ => f16::from_bits(bits + 1),
    }
}

/// [min, max) in 2^11 steps, of which there are few enough to be looked up.
fn f16_between(key: Key, min: f16, max: f16, limit: f16) -> Source<f16> {
    const STEPS: u32 = 1 << 11;
    let (low, width) = (min.to_f32(), max.to_f32() - min.to_f32());
    let steps: Vec<f16> = (0..STEPS)
        .map(|step| f16::from_f32(low + width * (step as f32 / STEPS as f32)))
        .map(|value| if value < limit { value } else { limit })
        .collect();
    Box::new(move |rows, size| {
        fill::<f16, 4>(rows, size, |block| {
            let word = key.word(block);
            std::array::from_fn(|lane| steps[((word >> (lane * 16)) as u16 >> 5) as usize])
        })
    })
}

/// [min, max) in 2^24 steps.
fn f32_between(key: Key, min: f32, max: f32, limit: f32) -> Source<f32> {
    const STEP: f32 = 1.0 / (1_u32 << 24) as f32;
    fn steps(word: u64) -> [f32; 2] {
        [
            (word as u32 >> 8) as i32 as f32 * STEP,
            ((word >> 40) as u32) as i32 as f32 * STEP,
        ]
    }
    if (min, max) == (0.0, 1.0) {
        return Box::new(move |rows, size| fill(rows, size, |block| steps(key.word(block))));
    }
    let (low, width) = (f64::from(min), f64::from(max) - f64::from(min));
    Box::new(move |rows, size| {
        fill(rows, size, |block| {
            steps(key.word(block)).map(|step| {
                let value = (low + width * f64::from(step)) as f32;
                if value < limit { value } else { limit }
            })
        })
    })
}

/// [min, max) in 2^53 steps.
fn f64_between(key: Key, min: f64, max: f64, limit: f64) -> Source<f64> {
    if (min, max) == (0.0, 1.0) {
        return Box::new(move |rows, size| fill(rows, size, |block| [unit(key.word(block))]));
    }
    Box::new(move |rows, size| {
        fill(rows, size, |block| {
            let step = unit(key.word(block));
            // Two products, because `max - min` may be infinite.
            let value = min * (1.0 - step) + max * step;
            [if value < limit { value } else { limit }]
        })
    })
}
