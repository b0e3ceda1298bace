//! Floating-point numbers.

use arrow::datatypes::{Float16Type, Float32Type, Float64Type};
use half::f16;

use super::error::ContentError;
use super::index::Index;
use super::maker::ValueSource;
use super::numeric::{Line, Numeric, bounds};
use super::ordered::Order;
use super::ranks::RisingRanks;
use super::rows::fill;
use super::sources::{Sources, between, ends, indexed};
use crate::config::Number;
use crate::random::{Key, unit};

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

/// Returns the bounds of [min, max), by default 0 and 1, and the largest value below `max`. If both
/// bounds are equal, that is the bound itself.
macro_rules! half_open {
    ($arrow:ty, $native:ty, $below:expr, $min:expr, $max:expr) => {{
        let min = $min.unwrap_or(Number::Integer(0));
        let max = $max.unwrap_or(Number::Integer(1));
        let (min, max) = bounds::<$arrow>(Some(min), Some(max))?;
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

            #[inline(always)]
            fn round(number: f64, min: $native, max: $native) -> $native {
                $cast(number.clamp(f64::from(min), f64::from(max)))
            }

            fn line(start: Number, step: Number, count: u64) -> Result<FloatLine, ContentError> {
                FloatLine::new(start, step, count, <$native>::MAX.into())
            }

            fn to_multiple(
                multiple: Number,
            ) -> Result<impl Fn($native) -> $native + Send + Sync + 'static, ContentError> {
                let multiple = multiple.as_f64();
                // Hundredths are exact as whole numbers divided by 100, but not as multiples of
                // 0.01.
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
        }

        impl Sources for $arrow {
            fn rounded(
                numbers: impl Fn(u64) -> f64 + Send + Sync + 'static,
                min: $native,
                max: $native,
            ) -> ValueSource<$native> {
                let (min, max) = (f64::from(min), f64::from(max));
                Box::new(move |rows, size| {
                    fill(rows, size, |position| {
                        [$cast(numbers(position).clamp(min, max))]
                    })
                })
            }

            fn uniform(
                key: Key,
                min: Option<Number>,
                max: Option<Number>,
                cardinality: Option<u64>,
            ) -> Result<ValueSource<$native>, ContentError> {
                let (min, max, limit) = half_open!($arrow, $native, $below, min, max);
                match cardinality {
                    None => Ok($between(key, min, max, limit)),
                    Some(cardinality) => {
                        let count = cardinality.max(1);
                        let (min, max) = (Number::Float(min.into()), Number::Float(max.into()));
                        let index = Index::alike(count);
                        Self::spread(key, index, Some(min), Some(max), count)
                    }
                }
            }

            fn ordered(
                order: Order,
                min: Option<Number>,
                max: Option<Number>,
                cardinality: Option<u64>,
            ) -> Result<ValueSource<$native>, ContentError> {
                if let Some(cardinality) = cardinality {
                    let count = cardinality.max(1);
                    let index = Index::Ordered(order, RisingRanks::Alike { count });
                    // The order has its own key.
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
            ) -> Result<ValueSource<$native>, ContentError> {
                let (min, max, limit) = half_open!($arrow, $native, $below, min, max);
                let (low, high) = (f64::from(min), f64::from(max));
                let values = count.max(1) as f64;
                let step = match (high - low).is_finite() {
                    true => (high - low) / values,
                    // The distance exceeds the range of a float, but its parts do not, unless there
                    // is only one.
                    false if count > 1 => high / values - low / values,
                    false => 0.0,
                };
                let line = Self::line(Number::Float(min.into()), Number::Float(step), count)?;
                Ok(indexed(key, index, BelowLine { line, limit }))
            }

            fn between(
                quantiles: &[Number],
                order: Order,
            ) -> Result<ValueSource<$native>, ContentError> {
                let ends = ends::<$arrow>(quantiles)?;
                Ok(Box::new(move |rows, size| {
                    order.fill(rows, size, |word| {
                        let (low, high, share) = between(&ends, word);
                        let (low, high, share) = (f64::from(low), f64::from(high), unit(share));
                        $cast(low * (1.0 - share) + high * share)
                    })
                }))
            }

            fn jittered(
                key: Key,
                index: Index,
                line: FloatLine,
                jitter: Number,
            ) -> Result<ValueSource<$native>, ContentError> {
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

/// A line whose rounded values do not exceed `limit`.
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

/// Converts by way of f32, because `f16::from_f64` does so on some processors and not on others.
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

/// Returns a source of [min, max) in 2^11 steps, few enough for a table.
fn f16_between(key: Key, min: f16, max: f16, limit: f16) -> ValueSource<f16> {
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

/// Returns a source of [min, max) in 2^24 steps.
fn f32_between(key: Key, min: f32, max: f32, limit: f32) -> ValueSource<f32> {
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

/// Returns a source of [min, max) in 2^53 steps.
fn f64_between(key: Key, min: f64, max: f64, limit: f64) -> ValueSource<f64> {
    if (min, max) == (0.0, 1.0) {
        return Box::new(move |rows, size| fill(rows, size, |block| [unit(key.word(block))]));
    }
    Box::new(move |rows, size| {
        fill(rows, size, |block| {
            let step = unit(key.word(block));
            // There are two products, because `max - min` may be infinite.
            let value = min * (1.0 - step) + max * step;
            [if value < limit { value } else { limit }]
        })
    })
}
