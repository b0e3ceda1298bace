//! Types with a few values, each of which has a name.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value as Json};
use strum::VariantArray;

use super::kind::DistributionKind;
use super::leaf::{Scalar, quoted, unknown_choice};
use super::model::{
    Dtype, Encoding, EndpointSpread, HeldAgainst, LengthDistribution, PageCache, ReadMode,
    SortScope, Statistics, Tensors, TimeUnit, VectorLayout,
};
use crate::record::{EngineCache, Lane};

/// A type whose values have names.
pub(super) trait Choice: Copy + 'static {
    /// Noun for a value of the type in messages, such as "a codec" in "is not a codec".
    const WHAT: &'static str;
    /// All values, in the order in which messages list them.
    const ALL: &'static [Self];

    fn name(self) -> &'static str;

    fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|choice| choice.name())
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|choice| choice.name() == name)
    }
}

impl<T: Choice> Scalar for T {
    fn read(value: &Json) -> Result<Self, String> {
        T::named(value.as_str().unwrap_or_default())
            .ok_or_else(|| unknown_choice(&quoted(value), T::WHAT, T::names()))
    }

    fn schema() -> Schema {
        let names = T::names().map(Json::from).collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), Json::from("string"));
        schema.insert("enum".to_owned(), Json::Array(names));
        Schema::from(schema)
    }
}

/// Implements `Choice` with the names and the order of the enums' variants.
macro_rules! choices {
    ($($choice:ty: $what:literal,)*) => {$(
        impl Choice for $choice {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = <$choice>::VARIANTS;

            fn name(self) -> &'static str {
                self.into()
            }
        }
    )*};
}

choices! {
    Encoding: "an encoding",
    DistributionKind: "a distribution",
    EndpointSpread: "a way to choose an endpoint",
    LengthDistribution: "a distribution of lengths",
    HeldAgainst: "something that results can be held against",
    PageCache: "a cache state",
    ReadMode: "a read mode",
    SortScope: "a sort scope",
    Statistics: "a kind of statistics",
    Tensors: "a form of batches",
    VectorLayout: "a vector layout",
}

impl Choice for EngineCache {
    const WHAT: &'static str = "a state of the engine's caches";
    const ALL: &'static [Self] = &[EngineCache::Fresh, EngineCache::Warm];

    fn name(self) -> &'static str {
        EngineCache::name(self)
    }
}

impl Choice for Lane {
    const WHAT: &'static str = "a lane";
    const ALL: &'static [Self] = &Lane::ALL;

    fn name(self) -> &'static str {
        Lane::name(self)
    }
}

/// Default unit of timestamps.
const DEFAULT_TIME_UNIT: TimeUnit = TimeUnit::Us;

/// Largest precision of a decimal in 128 bits.
const DECIMAL_PRECISION: u8 = 38;

impl Scalar for Dtype {
    fn read(value: &Json) -> Result<Self, String> {
        let word = value.as_str().unwrap_or_default();
        if let Some((dtype, _)) = Dtype::ALL.iter().find(|(_, name)| *name == word) {
            return Ok(*dtype);
        }
        let (name, arguments) = match word.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, arguments)) => (name.trim(), Some(arguments)),
            None => (word, None),
        };
        match (name, arguments) {
            ("timestamp", None) => Ok(Dtype::Timestamp(DEFAULT_TIME_UNIT)),
            ("timestamp", Some(unit)) => TimeUnit::VARIANTS
                .iter()
                .find(|known| <&str>::from(*known) == unit.trim())
                .map(|unit| Dtype::Timestamp(*unit))
                .ok_or_else(|| {
                    format!(
                        "`{}` in `{word}` is not a unit; known: s, ms, us, ns",
                        unit.trim()
                    )
                }),
            ("decimal128" | "decimal", Some(arguments)) => decimal(arguments).ok_or_else(|| {
                format!(
                    "`{word}` is not a decimal; write `decimal128(18, 2)`: up to \
                     {DECIMAL_PRECISION} digits, and how many of them stand behind the point"
                )
            }),
            _ => Err(unknown_choice(
                &quoted(value),
                "a column type",
                Dtype::ALL
                    .iter()
                    .map(|(_, name)| *name)
                    .chain(["decimal128(18, 2)"]),
            )),
        }
    }

    fn schema() -> Schema {
        let plain: Vec<&str> = Dtype::ALL
            .iter()
            .filter(|(dtype, _)| !matches!(dtype, Dtype::Timestamp(_)))
            .map(|(_, name)| *name)
            .collect();
        json_schema!({
            "type": "string",
            "pattern": format!(
                r"^({}|timestamp *(\( *(s|ms|us|ns) *\))?|decimal(128)? *\( *[0-9]+ *(, *[0-9]+ *)?\))$",
                plain.join("|")
            ),
            "examples": plain,
        })
    }
}

/// Reads precision and scale, as in `18, 2`. Without a scale, it is 0.
fn decimal(arguments: &str) -> Option<Dtype> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: u8 = scale.trim().parse().ok()?;
    ((1..=DECIMAL_PRECISION).contains(&precision) && scale <= precision)
        .then_some(Dtype::Decimal128 { precision, scale })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_choice_lists_the_known_ones_and_the_nearest() {
        let message = Dtype::read(&json!("flaot32")).unwrap_err();
        assert!(
            message.contains("`flaot32` is not a column type; known: int8, "),
            "{message}"
        );
        assert!(message.ends_with("(did you mean `float32`?)"), "{message}");
    }
}
