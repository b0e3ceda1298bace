//! Values out of a few, each with its name.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value as Json};

use super::leaf::{Scalar, quoted};
use super::model::{
    Dtype, Encoding, LengthDistribution, PageCache, ReadMode, SortScope, Statistics, TimeUnit,
    VectorLayout,
};
use crate::record::{EngineCache, Lane};
use crate::suggest::did_you_mean;

/// A type whose values have names.
pub(super) trait Choice: Copy + 'static {
    /// What one of them is, as in "is not a codec".
    const WHAT: &'static str;
    const ALL: &'static [(Self, &'static str)];
}

impl<T: Choice> Scalar for T {
    fn read(value: &Json) -> Result<Self, String> {
        let word = value.as_str().unwrap_or_default();
        T::ALL
            .iter()
            .find(|(_, name)| *name == word)
            .map(|(choice, _)| *choice)
            .ok_or_else(|| {
                unknown_choice(
                    &quoted(value),
                    T::WHAT,
                    T::ALL.iter().map(|(_, name)| *name),
                )
            })
    }

    fn schema() -> Schema {
        let names = T::ALL.iter().map(|(_, name)| Json::from(*name)).collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), Json::from("string"));
        schema.insert("enum".to_owned(), Json::Array(names));
        Schema::from(schema)
    }
}

/// `` `zstdd` is not a codec; known: none, zstd (did you mean `zstd`?) ``
pub(super) fn unknown_choice<'a>(
    found: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let near = did_you_mean(found.trim_matches('`'), known.clone());
    let known: Vec<&str> = known.collect();
    format!("{found} is not {what}; known: {}{near}", known.join(", "))
}

/// Unit of a timestamp that names none.
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
            ("timestamp", Some(unit)) => TimeUnit::ALL
                .iter()
                .find(|(_, known)| *known == unit.trim())
                .map(|(unit, _)| Dtype::Timestamp(*unit))
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

/// `18, 2`
fn decimal(arguments: &str) -> Option<Dtype> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: u8 = scale.trim().parse().ok()?;
    ((1..=DECIMAL_PRECISION).contains(&precision) && scale <= precision)
        .then_some(Dtype::Decimal128 { precision, scale })
}

impl Choice for Encoding {
    const WHAT: &'static str = "an encoding";
    const ALL: &'static [(Self, &'static str)] = &Encoding::ALL;
}

impl Choice for Statistics {
    const WHAT: &'static str = "a kind of statistics";
    const ALL: &'static [(Self, &'static str)] = &[
        (Statistics::None, "none"),
        (Statistics::Chunk, "chunk"),
        (Statistics::Page, "page"),
    ];
}

impl Choice for SortScope {
    const WHAT: &'static str = "a sort scope";
    const ALL: &'static [(Self, &'static str)] = &[
        (SortScope::File, "file"),
        (SortScope::RowGroup, "row_group"),
    ];
}

impl Choice for LengthDistribution {
    const WHAT: &'static str = "a distribution of lengths";
    const ALL: &'static [(Self, &'static str)] = &[
        (LengthDistribution::Uniform, "uniform"),
        (LengthDistribution::Normal, "normal"),
        (LengthDistribution::Zipf, "zipf"),
    ];
}

impl Choice for VectorLayout {
    const WHAT: &'static str = "a vector layout";
    const ALL: &'static [(Self, &'static str)] = &[
        (VectorLayout::FixedSizeList, "fixed_size_list"),
        (VectorLayout::List, "list"),
        (VectorLayout::Binary, "binary"),
    ];
}

impl Choice for ReadMode {
    const WHAT: &'static str = "a read mode";
    const ALL: &'static [(Self, &'static str)] = &[
        (ReadMode::WholeFile, "default"),
        (ReadMode::RowGroup, "row_group"),
    ];
}

impl Choice for PageCache {
    const WHAT: &'static str = "a cache state";
    const ALL: &'static [(Self, &'static str)] = &[
        (PageCache::Warm, "warm"),
        (PageCache::Cold, "cold"),
        (PageCache::Direct, "direct"),
    ];
}

impl Choice for EngineCache {
    const WHAT: &'static str = "a state of the engine's caches";
    const ALL: &'static [(Self, &'static str)] =
        &[(EngineCache::Fresh, "fresh"), (EngineCache::Warm, "warm")];
}

impl Choice for Lane {
    const WHAT: &'static str = "a lane";
    const ALL: &'static [(Self, &'static str)] = &[
        (Lane::EndToEnd, "end_to_end"),
        (Lane::Storage, "storage"),
        (Lane::Compute, "compute"),
    ];
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
