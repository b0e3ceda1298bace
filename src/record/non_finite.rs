//! Floating-point numbers in JSON, which has no infinities and no NaN: serde_json writes `null` for
//! them, and cannot read it back.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    NonFinite(String),
}

pub(super) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    let number = |value: &f64| {
        if value.is_finite() {
            Number::Finite(*value)
        } else {
            Number::NonFinite(value.to_string())
        }
    };
    serializer.collect_seq(values.iter().map(number))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<f64>, D::Error> {
    let value = |number: Number| match number {
        Number::Finite(value) => Ok(value),
        Number::NonFinite(text) => match text.as_str() {
            "NaN" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            _ => Err(D::Error::custom(format!(
                "{text:?} is neither a number nor one of \"NaN\", \"inf\", \"-inf\""
            ))),
        },
    };
    Vec::<Number>::deserialize(deserializer)?
        .into_iter()
        .map(value)
        .collect()
}
