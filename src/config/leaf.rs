//! Single values of the raw mirror. A value that cannot be read is kept as a sentence with the
//! reason. All wrong values of a file can then be reported together, by code that knows their key
//! paths.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use strum::VariantArray;

use super::model::Shuffling;
use super::number::{Number, Value};
use super::redact;
use crate::secret::Secret;
use crate::suggest::did_you_mean;
use crate::units::{parse_bytes, parse_seconds};

/// A value, or the reason why it could not be read.
#[derive(Debug, Clone)]
pub(super) struct Leaf<T>(pub(super) Result<T, String>);

impl<'de, T: Scalar> Deserialize<'de> for Leaf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Json::deserialize(deserializer).map(|value| Leaf(T::read(&value)))
    }
}

impl<T: Scalar> JsonSchema for Leaf<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        T::schema()
    }
}

/// A type that is written in a config as a single value.
pub(super) trait Scalar: Sized {
    /// # Errors
    ///
    /// A message with the problem of the value and the values that are allowed.
    fn read(value: &Json) -> Result<Self, String>;

    fn schema() -> Schema;
}

/// Returns a value as messages quote it.
pub(super) fn quoted(value: &Json) -> String {
    match value {
        Json::Null => "an empty value".to_owned(),
        Json::String(text) => format!("`{}`", redact::url(text)),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a mapping".to_owned(),
        other => format!("`{other}`"),
    }
}

/// Returns a message: `` `zstdd` is not a codec; known: none, zstd (did you mean `zstd`?) ``.
pub(super) fn unknown_choice<'a>(
    found: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let near = did_you_mean(found.trim_matches('`'), known.clone());
    let known: Vec<&str> = known.collect();
    format!("{found} is not {what}; known: {}{near}", known.join(", "))
}

/// Reads a whole number from an integer, a float without a fraction, or digits grouped by
/// underscores (which YAML 1.1 allows and 1.2 does not).
fn whole(value: &Json) -> Option<i128> {
    match value {
        Json::Number(number) => number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from))
            .or_else(|| number.as_f64().and_then(whole_float)),
        Json::String(text) if text.contains('_') => {
            let digits = text.replace('_', "");
            if digits.starts_with('+') {
                None
            } else {
                digits.parse().ok()
            }
        }
        _ => None,
    }
}

/// Returns the integer that a float is equal to. None for a fraction or beyond 2^64.
pub(super) fn whole_float(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && value.abs() <= 2f64.powi(64)).then_some(value as i128)
}

fn whole_from(value: &Json, smallest: u64) -> Result<u64, String> {
    let range = || {
        let is_text = value
            .as_str()
            .is_some_and(|text| text.parse::<u64>().is_ok());
        let why = match is_text {
            true => ", but a text; `${oc.decode:...}` makes a number of what the environment has",
            false => "",
        };
        format!(
            "{} is not a whole number of {smallest} or more{why}",
            quoted(value)
        )
    };
    let number = whole(value).ok_or_else(range)?;
    let number = u64::try_from(number).map_err(|_| range())?;
    if number < smallest {
        Err(range())
    } else {
        Ok(number)
    }
}

impl Scalar for u64 {
    fn read(value: &Json) -> Result<Self, String> {
        whole_from(value, 0)
    }

    fn schema() -> Schema {
        json_schema!({"type": "integer", "minimum": 0})
    }
}

/// A count of at least one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positive(pub(super) u64);

impl Scalar for Positive {
    fn read(value: &Json) -> Result<Self, String> {
        whole_from(value, 1).map(Positive)
    }

    fn schema() -> Schema {
        json_schema!({"type": "integer", "minimum": 1})
    }
}

/// A count of at least one that may be written with a fraction, as means are. It is rounded to the
/// nearest whole number.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoundedCount {
    pub(super) count: u64,
    /// The number as written. Absent if it has no fraction.
    pub(super) written: Option<f64>,
}

impl Scalar for RoundedCount {
    fn read(value: &Json) -> Result<Self, String> {
        let written = value.as_f64();
        let written = written.filter(|number| number.fract() != 0.0 && *number >= 1.0);
        let count = match written {
            Some(number) => number.round() as u64,
            None => whole_from(value, 1)?,
        };
        Ok(RoundedCount { count, written })
    }

    fn schema() -> Schema {
        json_schema!({"type": "number", "minimum": 1})
    }
}

impl Scalar for f64 {
    fn read(value: &Json) -> Result<Self, String> {
        Number::read(value).map(Number::as_f64)
    }

    fn schema() -> Schema {
        json_schema!({"type": "number"})
    }
}

impl Scalar for Number {
    fn read(value: &Json) -> Result<Self, String> {
        match (value, whole(value)) {
            (Json::Number(number), _) if number.is_f64() => number
                .as_f64()
                .map(Number::Float)
                .ok_or_else(|| format!("{number} is too large")),
            (_, Some(number)) => Ok(Number::Integer(number)),
            _ => Err(format!("{} is not a number", quoted(value))),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "number"})
    }
}

/// A number, or the text of a date or a time that stands for one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Point {
    Number(Number),
    Text(String),
}

impl Scalar for Point {
    fn read(value: &Json) -> Result<Self, String> {
        match (Number::read(value), value) {
            (Ok(number), _) => Ok(Point::Number(number)),
            (Err(_), Json::String(text)) => Ok(Point::Text(text.clone())),
            (Err(message), _) => Err(message),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": ["number", "string"]})
    }
}

impl Scalar for Value {
    fn read(value: &Json) -> Result<Self, String> {
        match value {
            Json::Bool(flag) => Ok(Value::Bool(*flag)),
            Json::Number(_) => Number::read(value).map(Value::Number),
            Json::String(text) => Ok(Value::Text(text.clone())),
            _ => Err(format!(
                "{} is not a text, number or boolean",
                quoted(value)
            )),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": ["boolean", "number", "string"]})
    }
}

impl Scalar for bool {
    fn read(value: &Json) -> Result<Self, String> {
        match value {
            Json::Bool(flag) => Ok(*flag),
            Json::String(text) => flag_of(text)
                .ok_or_else(|| format!("`{text}` is not a boolean; write `true` or `false`")),
            other => Err(format!(
                "{} is not a boolean; write `true` or `false`",
                quoted(other)
            )),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "boolean"})
    }
}

/// Reads the words of YAML 1.1 for true and false, in any case: <https://yaml.org/type/bool.html>.
pub(super) fn flag_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

impl Scalar for String {
    fn read(value: &Json) -> Result<Self, String> {
        match value {
            Json::String(text) => Ok(text.clone()),
            Json::Bool(_) | Json::Number(_) => Err(format!(
                "`{value}` is not text; put it in quotes: `\"{value}\"`"
            )),
            other => Err(format!("{} is not text", quoted(other))),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "string"})
    }
}

/// A number of bytes, at least 1: an integer, or text with a unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

impl Scalar for Bytes {
    fn read(value: &Json) -> Result<Self, String> {
        let bytes = match value {
            Json::String(text) if !text.contains('_') => parse_bytes(text),
            other => whole(other).and_then(|bytes| u64::try_from(bytes).ok()),
        };
        bytes.filter(|bytes| *bytes > 0).map(Bytes).ok_or_else(|| {
            format!(
                "{} is not a number of bytes; write `134217728`, `128MiB` or `64MB`",
                quoted(value)
            )
        })
    }

    fn schema() -> Schema {
        json_schema!({"type": ["integer", "string"], "minimum": 1, "pattern": "^[0-9]+ *(B|[kKMG]B|[KMGT]iB)$"})
    }
}

/// A number of bytes, which may be 0: an integer, or text with a unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent(pub(super) u64);

impl Scalar for Extent {
    fn read(value: &Json) -> Result<Self, String> {
        match whole(value) {
            Some(0) => Ok(Extent(0)),
            _ => Bytes::read(value).map(|bytes| Extent(bytes.0)),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+ *(B|[kKMG]B|[KMGT]iB)$"})
    }
}

/// A secret, which no message quotes.
#[derive(Debug, Clone)]
pub(super) struct SecretText(pub(super) Secret);

impl Scalar for SecretText {
    fn read(value: &Json) -> Result<Self, String> {
        match value {
            Json::String(text) if !text.trim().is_empty() => {
                Ok(SecretText(Secret::new(text.trim())))
            }
            _ => Err("is not a text; put the secret in quotes".to_owned()),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "string", "minLength": 1})
    }
}

/// A share of a whole, above 0 and at most 1: a number, or text in per cent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction(pub(super) f64);

impl Scalar for Fraction {
    fn read(value: &Json) -> Result<Self, String> {
        let share = match value {
            Json::Number(number) => number.as_f64(),
            Json::String(text) => text
                .strip_suffix('%')
                .and_then(|number| number.trim().parse::<f64>().ok())
                .map(|percent| percent / 100.0),
            _ => None,
        };
        let share = share.filter(|share| *share > 0.0 && *share <= 1.0);
        share.map(Fraction).ok_or_else(|| {
            format!(
                "{} is not a share above 0 and up to 1; write `0.01` or `1%`",
                quoted(value)
            )
        })
    }

    fn schema() -> Schema {
        json_schema!({"type": ["number", "string"], "exclusiveMinimum": 0, "maximum": 1, "pattern": "^[0-9.]+ *%$"})
    }
}

/// A span of time, above 0: a number of seconds, or text with a unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span(pub(super) Duration);

impl Scalar for Span {
    fn read(value: &Json) -> Result<Self, String> {
        seconds_of(value)
            .filter(|seconds| *seconds > 0.0)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(Span)
            .ok_or_else(|| {
                format!(
                    "{} is not a span of time; write seconds, `90s`, `5min` or `1h`",
                    quoted(value)
                )
            })
    }

    fn schema() -> Schema {
        json_schema!({"type": ["number", "string"], "exclusiveMinimum": 0, "pattern": "^[0-9.]+ *(us|ms|s|min|h)$"})
    }
}

/// Bytes per second, above 0, or no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bandwidth(pub(super) Option<u64>);

impl Scalar for Bandwidth {
    fn read(value: &Json) -> Result<Self, String> {
        let bytes = match value {
            Json::String(text) if text == "none" => return Ok(Bandwidth(None)),
            Json::String(text) => parse_bytes(text.strip_suffix("/s").unwrap_or(text)),
            other => whole(other).and_then(|bytes| u64::try_from(bytes).ok()),
        };
        let bytes = bytes.filter(|bytes| *bytes > 0);
        bytes.map(|bytes| Bandwidth(Some(bytes))).ok_or_else(|| {
            format!(
                "{} is not a bandwidth; write `none`, bytes per second, or a whole number of B, kB, MB, GB, KiB, MiB, GiB or TiB, as `200MB/s`",
                quoted(value)
            )
        })
    }

    fn schema() -> Schema {
        json_schema!({"type": ["integer", "string"], "minimum": 1, "pattern": "^(none|[0-9]+ *(B|[kKMG]B|[KMGT]iB)(/s)?)$"})
    }
}

/// A span of time from 0 to a minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latency(pub(super) Duration);

impl Scalar for Latency {
    fn read(value: &Json) -> Result<Self, String> {
        let span = seconds_of(value).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let span = span.filter(|span| *span <= Duration::from_secs(60));
        span.map(Latency).ok_or_else(|| {
            format!(
                "{} is not a latency of up to a minute; write `0`, seconds, or a number of us, ms, s or min, as `0.2ms`",
                quoted(value)
            )
        })
    }

    fn schema() -> Schema {
        json_schema!({"type": ["number", "string"], "minimum": 0, "maximum": 60, "pattern": "^[0-9.]+ *(us|ms|s|min)$"})
    }
}

/// A span of time from 0 to an hour.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepTime(pub(super) f64);

impl Scalar for StepTime {
    fn read(value: &Json) -> Result<Self, String> {
        let seconds = seconds_of(value).filter(|seconds| (0.0..=3600.0).contains(seconds));
        seconds.map(StepTime).ok_or_else(|| {
            format!(
                "{} is not a time of up to an hour; write seconds, a number of us, ms, s or min, as `375us`, or a distribution, as \
                 `{{mean: 0.5, stdev: 0.1}}`",
                quoted(value)
            )
        })
    }

    fn schema() -> Schema {
        json_schema!({"type": ["number", "string"], "minimum": 0, "maximum": 3600, "pattern": "^[0-9.]+ *(us|ms|s|min)$"})
    }
}

/// A number of steps, or no limit: 0 and -1.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepCount(pub(super) Option<u64>);

impl Scalar for StepCount {
    fn read(value: &Json) -> Result<Self, String> {
        match whole(value) {
            Some(-1 | 0) => Ok(StepCount(None)),
            _ => whole_from(value, 1).map(|steps| StepCount(Some(steps))),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "integer", "minimum": -1})
    }
}

/// DLIO's word for an order. YAML 1.1 reads a bare `off` or `on` as a boolean.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShuffleWord(pub(super) Shuffling);

impl Scalar for ShuffleWord {
    fn read(value: &Json) -> Result<Self, String> {
        let word = match value {
            Json::Bool(true) => "seed".to_owned(),
            Json::Bool(false) => "off".to_owned(),
            Json::String(text) => match flag_of(text) {
                Some(true) => "seed".to_owned(),
                Some(false) => "off".to_owned(),
                None => text.to_ascii_lowercase(),
            },
            _ => String::new(),
        };
        let found = Shuffling::VARIANTS
            .iter()
            .find(|it| <&str>::from(**it) == word);
        found.map(|it| ShuffleWord(*it)).ok_or_else(|| {
            let known = Shuffling::VARIANTS.iter().map(|it| <&str>::from(*it));
            unknown_choice(&quoted(value), "an order", known)
        })
    }

    fn schema() -> Schema {
        let names: Vec<&str> = Shuffling::VARIANTS
            .iter()
            .map(|it| <&str>::from(*it))
            .collect();
        json_schema!({"anyOf": [{"type": "string", "enum": names}, {"type": "boolean"}]})
    }
}

/// Reads seconds from a number, or from text with a unit.
fn seconds_of(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => parse_seconds(text),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!(1), Some(1))]
    #[case(json!(1e6), Some(1_000_000))]
    #[case(json!("1_000_000"), Some(1_000_000))]
    #[case(json!(18_446_744_073_709_551_615u64), Some(u64::MAX))]
    #[case(json!(0), None)]
    #[case(json!(-1), None)]
    #[case(json!(1.5), None)]
    #[case(json!("eight"), None)]
    #[case(json!("1_000_000_000_000_000_000_000"), None)]
    #[case(json!(1e30), None)]
    #[case(json!(true), None)]
    #[case(json!(null), None)]
    fn counts_are_whole_and_at_least_one(#[case] value: Json, #[case] expected: Option<u64>) {
        assert_eq!(Positive::read(&value).ok().map(|count| count.0), expected);
    }

    #[rstest]
    #[case(json!(114_660.07), Some((114_660, true)))]
    #[case(json!(1.5), Some((2, true)))]
    #[case(json!(512), Some((512, false)))]
    #[case(json!(512.0), Some((512, false)))]
    #[case(json!("1_000"), Some((1000, false)))]
    #[case(json!(0.5), None)]
    #[case(json!(-3.5), None)]
    #[case(json!("1.5"), None)]
    fn lengths_are_rounded(#[case] value: Json, #[case] expected: Option<(u64, bool)>) {
        let read = RoundedCount::read(&value).ok();
        assert_eq!(
            read.map(|length| (length.count, length.written.is_some())),
            expected
        );
    }

    #[rstest]
    #[case(json!("Yes"), true)]
    #[case(json!("ON"), true)]
    #[case(json!("no"), false)]
    #[case(json!("Off"), false)]
    #[case(json!(true), true)]
    fn booleans_of_yaml_1_1_are_taken(#[case] value: Json, #[case] expected: bool) {
        assert_eq!(bool::read(&value), Ok(expected));
    }

    #[rstest]
    #[case(json!("maybe"))]
    #[case(json!(1))]
    fn other_words_are_not_booleans(#[case] value: Json) {
        assert!(
            bool::read(&value)
                .unwrap_err()
                .contains("write `true` or `false`")
        );
    }

    #[rstest]
    #[case(json!("128MiB"), Some(134_217_728))]
    #[case(json!("64 MB"), Some(64_000_000))]
    #[case(json!(4096), Some(4096))]
    #[case(json!("0MiB"), None)]
    #[case(json!("12 parsecs"), None)]
    #[case(json!("MiB"), None)]
    #[case(json!("99999999999999TiB"), None)]
    fn bytes_are_read_with_their_unit(#[case] value: Json, #[case] expected: Option<u64>) {
        assert_eq!(Bytes::read(&value).ok().map(|bytes| bytes.0), expected);
    }

    #[rstest]
    #[case(json!(0.03), Some(0.03))]
    #[case(json!("3%"), Some(0.03))]
    #[case(json!("0.5 %"), Some(0.005))]
    #[case(json!(1), Some(1.0))]
    #[case(json!(0), None)]
    #[case(json!(3), None)]
    #[case(json!("-1%"), None)]
    #[case(json!("nan%"), None)]
    #[case(json!("3"), None)]
    #[case(json!(true), None)]
    fn shares_are_numbers_or_per_cent(#[case] value: Json, #[case] expected: Option<f64>) {
        assert_eq!(Fraction::read(&value).ok().map(|share| share.0), expected);
    }

    #[rstest]
    #[case(json!(90), Some(90.0))]
    #[case(json!(0.5), Some(0.5))]
    #[case(json!("90s"), Some(90.0))]
    #[case(json!("1.5 min"), Some(90.0))]
    #[case(json!("250ms"), Some(0.25))]
    #[case(json!("1h"), Some(3600.0))]
    #[case(json!("0s"), None)]
    #[case(json!("-1s"), None)]
    #[case(json!("5"), None)]
    #[case(json!("5 days"), None)]
    #[case(json!("inf s"), None)]
    #[case(json!(1e300), None)]
    fn spans_of_time_are_seconds_or_have_a_unit(
        #[case] value: Json,
        #[case] expected: Option<f64>,
    ) {
        let read = Span::read(&value).ok();
        assert_eq!(read.map(|span| span.0.as_secs_f64()), expected);
    }

    #[test]
    fn a_number_where_text_is_meant_asks_for_quotes() {
        assert!(
            String::read(&json!(2026))
                .unwrap_err()
                .contains("put it in quotes")
        );
    }
}
