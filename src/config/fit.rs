//! Checks that values and lengths fit a column's type.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use super::error::Problem;
use super::key_path::KeyPath;
use super::leaf::{Point, flag_of, whole_float};
use super::model::{DECIMAL_DIGITS, Dtype, TimeUnit};
use super::number::{Number, Value};

const LARGEST_FLOAT16: f64 = 65_504.0;

pub(super) fn shown(number: Number) -> String {
    match number {
        Number::Integer(number) => number.to_string(),
        Number::Float(number) => number.to_string(),
    }
}

/// Returns the smallest and the largest finite value of a numeric type.
pub(super) fn limits(dtype: Dtype) -> (f64, f64) {
    match (dtype.integer_range(), dtype) {
        (Some((low, high)), _) => (low as f64, high as f64),
        (None, Dtype::Float16) => (-LARGEST_FLOAT16, LARGEST_FLOAT16),
        (None, Dtype::Float32) => (f32::MIN.into(), f32::MAX.into()),
        (None, _) => (f64::MIN, f64::MAX),
    }
}

/// Returns the number in the form that the type holds: an integer or a float. Fails if it lies
/// outside of the type's range, or has a fraction and the type has none.
pub(super) fn fitted(number: Number, dtype: Dtype) -> Result<Number, String> {
    let outside = |low: String, high: String| {
        let holds = match dtype {
            Dtype::Decimal128 { precision, .. } if u32::from(precision) > DECIMAL_DIGITS => {
                "of which values of up to 18 digits are made:"
            }
            _ => "which holds",
        };
        format!(
            "{} does not fit {dtype}, {holds} {low} to {high}",
            shown(number)
        )
    };
    let Some((low, high)) = dtype.integer_range() else {
        let (low, high) = limits(dtype);
        let value = number.as_f64();
        return if (low..=high).contains(&value) {
            Ok(Number::Float(value))
        } else {
            Err(outside(low.to_string(), high.to_string()))
        };
    };
    let whole = match number {
        Number::Integer(number) => number,
        Number::Float(float) if float.fract() != 0.0 => {
            return Err(format!("{float} has a fraction, and the column is {dtype}"));
        }
        Number::Float(float) => {
            whole_float(float).ok_or_else(|| outside(low.to_string(), high.to_string()))?
        }
    };
    if (low..=high).contains(&whole) {
        Ok(Number::Integer(whole))
    } else {
        Err(outside(low.to_string(), high.to_string()))
    }
}

/// Returns the number that a column of this type stores for a point in the config: days or units
/// since 1970 for a date or a time, the number without its point for a decimal.
pub(super) fn stored(point: Point, dtype: Dtype) -> Result<Number, String> {
    let number = match (point, dtype) {
        (Point::Text(text), dtype) if dtype.is_temporal() => moment(&text, dtype)?,
        (Point::Text(text), dtype) => {
            return Err(format!(
                "`{text}` is not a number, and the column is {dtype}"
            ));
        }
        (Point::Number(number), Dtype::Decimal128 { scale, .. }) => without_point(number, scale)
            .ok_or_else(|| {
                format!(
                    "{} has more than the {scale} digits behind the point that {dtype} has",
                    shown(number)
                )
            })?,
        (Point::Number(number), _) => number,
    };
    fitted(number, dtype)
}

/// Returns a number times 10^`scale` if that is a whole number, give or take the rounding error of
/// the conversion from text to float. None otherwise.
fn without_point(number: Number, scale: u8) -> Option<Number> {
    let factor = 10_i128.checked_pow(scale.into())?;
    match number {
        Number::Integer(number) => number.checked_mul(factor).map(Number::Integer),
        Number::Float(number) => {
            let scaled = number * factor as f64;
            let whole = scaled.round();
            ((scaled - whole).abs() <= 1e-6 * whole.abs().max(1.0))
                .then(|| whole_float(whole).map(Number::Integer))?
        }
    }
}

fn moment(text: &str, dtype: Dtype) -> Result<Number, String> {
    let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let unreadable = |example: &str| format!("`{text}` is not a {dtype}; write `{example}`");
    let Dtype::Timestamp(unit) = dtype else {
        let day = date(text).ok_or_else(|| unreadable("2026-01-31"))?;
        let days = day.signed_duration_since(NaiveDate::default()).num_days();
        return Ok(Number::Integer(days.into()));
    };
    let time = DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .ok()
        .or_else(|| {
            ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
                .iter()
                .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
                .or_else(|| date(text).map(|day| day.and_time(NaiveTime::MIN)))
                .map(|time| time.and_utc())
        })
        .ok_or_else(|| unreadable("2026-01-31T12:00:00"))?;
    let per_second = i128::from(unit.per_second());
    let fraction = i128::from(time.timestamp_subsec_nanos()) * per_second
        / i128::from(TimeUnit::Ns.per_second());
    Ok(Number::Integer(
        i128::from(time.timestamp()) * per_second + fraction,
    ))
}

/// Returns a value as a column of this type holds it. Fails if the column cannot hold it.
pub(super) fn fitting_value(value: Value, dtype: Dtype) -> Result<Value, String> {
    match (value, dtype) {
        (Value::Number(number), dtype) if dtype.draws_numbers() => {
            stored(Point::Number(number), dtype).map(Value::Number)
        }
        (Value::Text(text), dtype) if dtype.is_temporal() => {
            stored(Point::Text(text), dtype).map(Value::Number)
        }
        (Value::Bool(flag), Dtype::Bool) => Ok(Value::Bool(flag)),
        (Value::Text(text), Dtype::Bool) => flag_of(&text)
            .map(Value::Bool)
            .ok_or_else(|| format!("`{text}` is not a boolean; write `true` or `false`")),
        (Value::Text(text), dtype) if dtype.is_text() => Ok(Value::Text(text)),
        (Value::Text(text), dtype) => Err(format!(
            "`{text}` is not a number, and the column is {dtype}"
        )),
        (Value::Bool(flag), dtype) if dtype.is_text() => Err(format!(
            "`{flag}` is not text; put it in quotes: `\"{flag}\"`"
        )),
        (Value::Bool(flag), dtype) => {
            Err(format!("`{flag}` is a boolean, and the column is {dtype}"))
        }
        (Value::Number(number), Dtype::Bool) => Err(format!(
            "{} is not a boolean; write `true` or `false`",
            shown(number)
        )),
        (Value::Number(number), _) => {
            let number = shown(number);
            Err(format!(
                "`{number}` is not text; put it in quotes: `\"{number}\"`"
            ))
        }
    }
}

/// Returns a problem if a length is too large for Arrow's 32-bit offsets.
pub(super) fn check_length(path: &KeyPath, length: u64) -> Option<Problem> {
    let longest = i32::MAX;
    (length > u64::from(longest.unsigned_abs())).then(|| {
        Problem::new(
            path.clone(),
            format!("{length} is longer than the {longest} that a value may be"),
        )
    })
}
