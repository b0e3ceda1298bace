//! Compression codecs, each defined in one place: its names, its levels, its name in Parquet.
//!
//! A new codec needs a variant of [`Codec`], an entry of [`FAMILIES`], a sentence in the
//! description of `dataset.compression`, and an arm in `dataset/bound.rs` for the largest size of
//! its output.

use std::fmt;
use std::mem::discriminant;
use std::ops::RangeInclusive;

use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use schemars::{Schema, json_schema};
use serde::Serialize;
use serde_json::Value as Json;

use super::leaf::{Scalar, quoted, unknown_choice};

/// A compression codec with the level that is used; levels lie within the codec's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    None,
    Snappy,
    Gzip(u32),
    Brotli(u32),
    /// LZ4_RAW of the Parquet specification.
    Lz4,
    Zstd(u32),
}

/// A codec at any of its levels.
#[derive(Debug)]
pub(super) struct Family {
    /// Name in configs and in reports.
    name: &'static str,
    /// Another spelling in configs.
    alias: Option<&'static str>,
    /// Names in the footers of files: first that of our writer, then those of other writers.
    in_files: &'static [&'static str],
    levels: Option<Levels>,
    /// Makes the codec at a level, which codecs without levels ignore.
    codec: fn(u32) -> Codec,
    /// Makes the codec at a level in the form that Parquet's writer takes.
    parquet: fn(u32) -> Result<Compression, ParquetError>,
}

/// The levels that a codec takes: ranges and defaults of the `parquet` crate.
#[derive(Debug)]
struct Levels {
    range: RangeInclusive<u32>,
    default: u32,
    /// A few levels, ascending, far enough apart for files to differ in size.
    spread: &'static [u32],
}

/// The codecs in the order in which messages list them.
static FAMILIES: [Family; 6] = [
    Family {
        name: "none",
        alias: Some("uncompressed"),
        in_files: &["UNCOMPRESSED"],
        levels: None,
        codec: |_| Codec::None,
        parquet: |_| Ok(Compression::UNCOMPRESSED),
    },
    Family {
        name: "snappy",
        alias: None,
        in_files: &["SNAPPY"],
        levels: None,
        codec: |_| Codec::Snappy,
        parquet: |_| Ok(Compression::SNAPPY),
    },
    Family {
        name: "gzip",
        alias: None,
        in_files: &["GZIP"],
        levels: Some(Levels {
            range: 0..=9,
            default: 6,
            spread: &[1, 6, 9],
        }),
        codec: Codec::Gzip,
        parquet: |level| Ok(Compression::GZIP(GzipLevel::try_new(level)?)),
    },
    Family {
        name: "brotli",
        alias: None,
        in_files: &["BROTLI"],
        levels: Some(Levels {
            range: 0..=11,
            default: 1,
            spread: &[1, 4, 9],
        }),
        codec: Codec::Brotli,
        parquet: |level| Ok(Compression::BROTLI(BrotliLevel::try_new(level)?)),
    },
    Family {
        name: "lz4",
        alias: None,
        in_files: &["LZ4_RAW", "LZ4"],
        levels: None,
        codec: |_| Codec::Lz4,
        parquet: |_| Ok(Compression::LZ4_RAW),
    },
    Family {
        name: "zstd",
        alias: None,
        in_files: &["ZSTD"],
        levels: Some(Levels {
            range: 1..=22,
            default: 1,
            spread: &[1, 3, 6, 9, 15],
        }),
        codec: Codec::Zstd,
        parquet: |level| {
            let level = i32::try_from(level).unwrap_or(i32::MAX);
            Ok(Compression::ZSTD(ZstdLevel::try_new(level)?))
        },
    },
];

/// Returns the codecs' names in configs.
fn names() -> impl Iterator<Item = &'static str> + Clone {
    FAMILIES.iter().map(|family| family.name)
}

impl Codec {
    /// Returns the codec's name in configs.
    pub fn name(self) -> &'static str {
        self.family().name
    }

    /// Returns the level of a codec that has levels.
    pub fn level(self) -> Option<u32> {
        match self {
            Codec::None | Codec::Snappy | Codec::Lz4 => None,
            Codec::Gzip(level) | Codec::Brotli(level) | Codec::Zstd(level) => Some(level),
        }
    }

    fn family(self) -> &'static Family {
        let same = |family: &&Family| discriminant(&(family.codec)(0)) == discriminant(&self);
        FAMILIES.iter().find(same).unwrap_or(&FAMILIES[0])
    }

    /// Returns the codec in the form that Parquet's writer takes. Fails if the level is outside of
    /// the codec's range; the config refuses such levels earlier.
    pub fn compression(self) -> Result<Compression, ParquetError> {
        (self.family().parquet)(self.level().unwrap_or(0))
    }

    /// Returns the codec's name in the footers of files that this program writes.
    pub fn name_in_files(self) -> &'static str {
        self.family().in_files.first().copied().unwrap_or_default()
    }

    /// Returns a codec's name in configs, given its name in the footers of files. None if this
    /// program does not write the codec.
    pub fn named_in_files(name: &str) -> Option<&'static str> {
        let known = |family: &&Family| family.in_files.contains(&name);
        FAMILIES.iter().find(known).map(|family| family.name)
    }

    /// Returns the codec of this name at a few of its levels, ascending. Empty for codecs without
    /// levels.
    pub fn at_spread_levels(name: &str) -> Vec<Codec> {
        let Some(family) = FAMILIES.iter().find(|family| family.name == name) else {
            return Vec::new();
        };
        let levels = family.levels.iter().flat_map(|levels| levels.spread);
        levels.map(|level| (family.codec)(*level)).collect()
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self.level() {
            Some(level) => write!(f, "{name}({level})"),
            None => f.write_str(name),
        }
    }
}

/// A codec as written in a config: its name, and its level if the text gives one.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodecText {
    pub(super) family: &'static Family,
    pub(super) level: Option<u64>,
}

impl CodecText {
    /// Returns the text that a config would use for the codec.
    pub(super) fn of(codec: Codec) -> CodecText {
        CodecText {
            family: codec.family(),
            level: codec.level().map(u64::from),
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.family.name
    }

    pub(super) fn has_levels(self) -> bool {
        self.family.levels.is_some()
    }

    /// Returns the codec at `level`, or at its default level if none is given. Codecs without
    /// levels ignore it.
    ///
    /// # Errors
    ///
    /// A message that gives the codec's range if `level` is outside of it.
    pub(super) fn at(self, level: Option<u64>) -> Result<Codec, String> {
        let codec = self.family.codec;
        let Some(levels) = &self.family.levels else {
            return Ok(codec(0));
        };
        let level = level.unwrap_or(levels.default.into());
        match u32::try_from(level) {
            Ok(fitting) if levels.range.contains(&fitting) => Ok(codec(fitting)),
            _ => Err(format!(
                "{level} is not a level of {}; it has {} to {}",
                self.name(),
                levels.range.start(),
                levels.range.end()
            )),
        }
    }
}

/// The codec with its level that a text such as `zstd-9`, `zstd:9` or `zstd9` means.
fn written_otherwise(text: &str) -> Option<Codec> {
    FAMILIES
        .iter()
        .filter(|it| it.levels.is_some())
        .find_map(|family| {
            let level = text.strip_prefix(family.name)?;
            let level = level
                .trim_start_matches(['-', '_', ':', '=', '@', ' '])
                .parse()
                .ok()?;
            let codec = CodecText {
                family,
                level: Some(level),
            };
            codec.at(Some(level)).ok()
        })
}

impl Scalar for CodecText {
    fn read(value: &Json) -> Result<Self, String> {
        let unknown = |found: &str| Err(unknown_choice(found, "a codec", names()));
        let Some(text) = value.as_str() else {
            return unknown(&quoted(value));
        };
        let (name, level) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, level)) => (name.trim(), Some(level.trim())),
            None => (text.trim(), None),
        };
        let called = |family: &&Family| family.name == name || family.alias == Some(name);
        let Some(family) = FAMILIES.iter().find(called) else {
            return match written_otherwise(text.trim()) {
                Some(meant) => Err(format!("`{}` is not a codec; write `{meant}`", text.trim())),
                None => unknown(&format!("`{name}`")),
            };
        };
        let name = family.name;
        let Some(level) = level else {
            return Ok(CodecText {
                family,
                level: None,
            });
        };
        if family.levels.is_none() {
            return Err(format!(
                "`{text}` names a level, and {name} has none; write `{name}`"
            ));
        }
        let level: u64 = level
            .parse()
            .map_err(|_| format!("`{level}` in `{text}` is not a level; write `{name}(3)`"))?;
        let codec = CodecText {
            family,
            level: Some(level),
        };
        codec.at(Some(level)).map(|_| codec)
    }

    fn schema() -> Schema {
        let spellings = |has_levels: bool| -> Vec<&str> {
            FAMILIES
                .iter()
                .filter(|family| family.levels.is_some() == has_levels)
                .flat_map(|family| [Some(family.name), family.alias])
                .flatten()
                .collect()
        };
        let (plain, levelled) = (spellings(false).join("|"), spellings(true).join("|"));
        json_schema!({
            "type": "string",
            "pattern": format!(r"^({plain}|({levelled}) *(\( *[0-9]+ *\))?)$"),
            "examples": names().collect::<Vec<_>>(),
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
    #[case("zstd:9", "`zstd:9` is not a codec; write `zstd(9)`")]
    #[case("gzip-6", "`gzip-6` is not a codec; write `gzip(6)`")]
    #[case("brotli5", "`brotli5` is not a codec; write `brotli(5)`")]
    #[case(
        "zstd-99",
        "`zstd-99` is not a codec; known: none, snappy, gzip, brotli, lz4, zstd (did you mean `zstd`?)"
    )]
    fn other_codecs_and_levels_are_refused(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(CodecText::read(&json!(text)).unwrap_err(), expected);
    }
}
