//! Compression codecs as configs write them, and which levels they have.

use std::ops::RangeInclusive;

use schemars::{Schema, json_schema};
use serde_json::Value as Json;

use super::choice::unknown_choice;
use super::leaf::{Scalar, quoted};
use super::model::Codec;

/// A codec as written: its name, and its level where it names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CodecText {
    /// One of `Codec::NAMES`.
    pub(super) name: &'static str,
    pub(super) level: Option<u64>,
}

/// Levels that a codec takes, and the one where none is given: the ranges and defaults of the `parquet` crate.
struct Levels {
    range: RangeInclusive<u64>,
    default: u64,
    codec: fn(u32) -> Codec,
}

fn levels(name: &str) -> Option<Levels> {
    Some(match name {
        "gzip" => Levels {
            range: 0..=9,
            default: 6,
            codec: Codec::Gzip,
        },
        "brotli" => Levels {
            range: 0..=11,
            default: 1,
            codec: Codec::Brotli,
        },
        "zstd" => Levels {
            range: 1..=22,
            default: 1,
            codec: Codec::Zstd,
        },
        _ => return None,
    })
}

impl CodecText {
    pub(super) const NONE: CodecText = CodecText {
        name: "none",
        level: None,
    };

    /// As a config would write it.
    pub(super) fn of(codec: Codec) -> CodecText {
        let (name, level) = match codec {
            Codec::None => ("none", None),
            Codec::Snappy => ("snappy", None),
            Codec::Gzip(level) => ("gzip", Some(level)),
            Codec::Brotli(level) => ("brotli", Some(level)),
            Codec::Lz4 => ("lz4", None),
            Codec::Zstd(level) => ("zstd", Some(level)),
        };
        CodecText {
            name,
            level: level.map(u64::from),
        }
    }

    pub(super) fn has_levels(self) -> bool {
        levels(self.name).is_some()
    }

    /// The codec at `level`, at its default level where none is given. A level is ignored by codecs without levels.
    ///
    /// # Errors
    ///
    /// Names the range where `level` lies outside of it.
    pub(super) fn at(self, level: Option<u64>) -> Result<Codec, String> {
        let Some(levels) = levels(self.name) else {
            return Ok(match self.name {
                "snappy" => Codec::Snappy,
                "lz4" => Codec::Lz4,
                _ => Codec::None,
            });
        };
        let level = level.unwrap_or(levels.default);
        match u32::try_from(level) {
            Ok(fitting) if levels.range.contains(&level) => Ok((levels.codec)(fitting)),
            _ => Err(format!(
                "{level} is not a level of {}; it has {} to {}",
                self.name,
                levels.range.start(),
                levels.range.end()
            )),
        }
    }
}

impl Scalar for CodecText {
    fn read(value: &Json) -> Result<Self, String> {
        let Some(text) = value.as_str() else {
            return Err(unknown_choice(
                &quoted(value),
                "a codec",
                Codec::NAMES.into_iter(),
            ));
        };
        let (name, level) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, level)) => (name.trim(), Some(level.trim())),
            None => (text.trim(), None),
        };
        let known = if name == "uncompressed" { "none" } else { name };
        let Some(name) = Codec::NAMES.into_iter().find(|codec| *codec == known) else {
            return Err(unknown_choice(
                &format!("`{name}`"),
                "a codec",
                Codec::NAMES.into_iter(),
            ));
        };
        let Some(level) = level else {
            return Ok(CodecText { name, level: None });
        };
        if levels(name).is_none() {
            return Err(format!(
                "`{text}` names a level, and {name} has none; write `{name}`"
            ));
        }
        let level: u64 = level
            .parse()
            .map_err(|_| format!("`{level}` in `{text}` is not a level; write `{name}(3)`"))?;
        let codec = CodecText {
            name,
            level: Some(level),
        };
        codec.at(Some(level)).map(|_| codec)
    }

    fn schema() -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(none|uncompressed|snappy|lz4|(gzip|brotli|zstd) *(\( *[0-9]+ *\))?)$",
            "examples": Codec::NAMES,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("none", Codec::None)]
    #[case("uncompressed", Codec::None)]
    #[case("snappy", Codec::Snappy)]
    #[case("lz4", Codec::Lz4)]
    #[case("gzip", Codec::Gzip(6))]
    #[case("brotli", Codec::Brotli(1))]
    #[case("zstd", Codec::Zstd(1))]
    #[case("zstd(22)", Codec::Zstd(22))]
    #[case("gzip(0)", Codec::Gzip(0))]
    #[case("brotli( 11 )", Codec::Brotli(11))]
    fn codecs_are_read_with_their_level(#[case] text: &str, #[case] expected: Codec) {
        let codec = CodecText::read(&json!(text)).unwrap();
        assert_eq!(codec.at(codec.level).unwrap(), expected);
    }

    #[rstest]
    #[case("gzip(10)", "10 is not a level of gzip; it has 0 to 9")]
    #[case("brotli(12)", "12 is not a level of brotli; it has 0 to 11")]
    #[case("zstd(0)", "0 is not a level of zstd; it has 1 to 22")]
    #[case("zstd(23)", "23 is not a level of zstd; it has 1 to 22")]
    #[case(
        "zstd(99999999999)",
        "99999999999 is not a level of zstd; it has 1 to 22"
    )]
    #[case("zstd(fast)", "`fast` in `zstd(fast)` is not a level; write `zstd(3)`")]
    #[case("zstd(-1)", "`-1` in `zstd(-1)` is not a level; write `zstd(3)`")]
    #[case(
        "snappy(3)",
        "`snappy(3)` names a level, and snappy has none; write `snappy`"
    )]
    #[case(
        "zstdd",
        "`zstdd` is not a codec; known: none, snappy, gzip, brotli, lz4, zstd (did you mean `zstd`?)"
    )]
    #[case(
        "zstd:9",
        "`zstd:9` is not a codec; known: none, snappy, gzip, brotli, lz4, zstd (did you mean `zstd`?)"
    )]
    fn other_codecs_and_levels_are_refused(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(CodecText::read(&json!(text)).unwrap_err(), expected);
    }
}
