//! Compares the data of a learned config with the original.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use serde::Serialize;
use serde_json::Value as Json;

use super::error::LearnError;
use super::keys::{Keys, SEED};
use super::sample::SampledColumn;
use super::written::{generated, sizes};
use crate::config::{Codec, Column, Layout, VectorLayout};
use crate::content::ColumnGenerator;
use crate::statistics::median;

/// Codecs by which originals and look-alikes are compared.
pub const CODECS: [Codec; 5] = [
    Codec::None,
    Codec::Snappy,
    Codec::Gzip(6),
    Codec::Lz4,
    Codec::Zstd(3),
];

/// A learned config, and a comparison of its data with the original.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearnedConfig {
    pub location: String,
    /// Rows of all files. `sampled_rows` is the number of rows sampled of the column of which the
    /// most were sampled.
    pub rows: u64,
    pub sampled_rows: u64,
    pub columns: Vec<Likeness>,
    /// Error of the look-alike, weighted by bytes: the mean of the codecs' `weighted_error`. A file
    /// is written by one codec, so each codec counts the same. A sum over all codecs' bytes would
    /// count those most that compress least.
    pub weighted_error: Option<f64>,
    /// Median of the absolute errors, over all columns and codecs, as a share of the original's
    /// bytes. Half of the columns are off by less, no matter how many bytes they hold.
    pub median_error: Option<f64>,
    /// Errors by codec.
    pub errors: Vec<CodecErrors>,
    /// Facts that the config omits or states otherwise, one sentence each.
    pub notes: Vec<String>,
    /// The config as YAML.
    #[serde(skip)]
    pub yaml: String,
}

/// A column of the original beside its look-alike. The same writer wrote both, in the learned
/// layout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Likeness {
    pub column: String,
    pub dtype: String,
    /// Kind of the distribution, or the type if that has no distribution kind.
    pub drawn_as: String,
    /// Compressed bytes per row in the original files, by their footers. Absent for a column whose
    /// values come from folder names.
    pub file_bytes_per_row: Option<f64>,
    /// Number of sampled rows, whose bytes are in `sizes`.
    pub values: u64,
    pub sizes: Vec<CodecSizes>,
}

/// Errors of the look-alike's columns if all are written by one codec.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CodecErrors {
    #[serde(serialize_with = "as_text")]
    pub codec: Codec,
    /// Bytes per row that columns have too many or too few, summed as absolute values, as a share
    /// of the original's bytes per row. `None` if there are no bytes.
    pub weighted_error: Option<f64>,
    /// Median of the absolute errors over all columns, as a share of the original's bytes.
    pub median_error: Option<f64>,
}

/// Compressed bytes of the sampled values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CodecSizes {
    #[serde(serialize_with = "as_text")]
    pub codec: Codec,
    pub original_bytes: u64,
    pub alike_bytes: u64,
}

fn as_text<S: serde::Serializer>(codec: &Codec, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(codec)
}

impl CodecSizes {
    /// Returns how much larger the look-alike is, as a share of the original. Negative if it is
    /// smaller.
    pub fn error(&self) -> f64 {
        self.alike_bytes as f64 / self.original_bytes.max(1) as f64 - 1.0
    }
}

impl CodecErrors {
    pub(super) fn of(columns: &[Likeness], codec: Codec) -> Self {
        CodecErrors {
            codec,
            weighted_error: weighted_error(columns, codec),
            median_error: median_error(columns, Some(codec)),
        }
    }
}

/// Weights a column by the bytes that it takes per row. These are its sampled bytes over its
/// sampled values: fewer values are sampled of a column with large values, so a sum of sampled
/// bytes would underrate just the columns that hold the most. The bytes per row in the files'
/// footers are those of the files' own codecs and levels, and do not apply to the other codecs.
/// Columns whose values come from folder names take no bytes of any file.
fn weighted_error(columns: &[Likeness], codec: Codec) -> Option<f64> {
    let (mut apart, mut original) = (0.0, 0.0);
    for column in columns {
        let sizes = column.sizes.iter().find(|sizes| sizes.codec == codec);
        if let (Some(sizes), Some(_)) = (sizes, column.file_bytes_per_row) {
            let of_row = |bytes: u64| bytes as f64 / column.values.max(1) as f64;
            apart += of_row(sizes.alike_bytes.abs_diff(sizes.original_bytes));
            original += of_row(sizes.original_bytes);
        }
    }
    (original > 0.0).then(|| apart / original)
}

/// Returns the mean. `None` of no numbers.
pub(super) fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

pub(super) fn median_error(columns: &[Likeness], codec: Option<Codec>) -> Option<f64> {
    let sizes = columns.iter().flat_map(|column| &column.sizes);
    let errors: Vec<f64> = sizes
        .filter(|sizes| codec.is_none_or(|codec| sizes.codec == codec))
        .map(|sizes| sizes.error().abs())
        .collect();
    median(&errors)
}

/// Compares the sampled rows with the same rows of the look-alike.
pub(super) fn likeness(
    sampled: &SampledColumn,
    column: &Column,
    keys: &Keys,
    columns: &[Column],
    layout: &Layout,
    rows: u64,
    file_bytes_per_row: Option<f64>,
) -> Result<Likeness, LearnError> {
    let generator =
        ColumnGenerator::among(SEED, "train", column, columns, rows, VectorLayout::List).map_err(
            |source| LearnError::Content {
                column: sampled.name.clone(),
                source,
            },
        )?;
    let series = &sampled.series;
    let original: Vec<ArrayRef> = series
        .pieces
        .iter()
        .map(|piece| Arc::clone(&piece.array))
        .collect();
    let alike = series
        .pieces
        .iter()
        .map(|piece| generated(&generator, piece.first, piece.array.len()))
        .collect::<Result<Vec<_>, _>>()?;
    let own = Layout {
        columns: BTreeMap::from([(column.name.clone(), layout.chunk_of(&column.name).clone())]),
        ..layout.clone()
    };
    let before = sizes(&original, &own, &CODECS, true)?;
    let after = sizes(&alike, &own, &CODECS, generator.field().is_nullable())?;
    let drawn = keys.get("distribution").and_then(|drawn| drawn.get("kind"));
    let dtype = keys.get("dtype").and_then(Json::as_str).unwrap_or_default();
    Ok(Likeness {
        column: sampled.name.clone(),
        dtype: dtype.to_owned(),
        file_bytes_per_row,
        drawn_as: drawn.and_then(Json::as_str).unwrap_or(dtype).to_owned(),
        values: series.len() as u64,
        sizes: CODECS
            .iter()
            .zip(before.into_iter().zip(after))
            .map(|(codec, (original_bytes, alike_bytes))| CodecSizes {
                codec: *codec,
                original_bytes,
                alike_bytes,
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column with that many bytes for that many values, by every codec.
    fn column(values: u64, original_bytes: u64, alike_bytes: u64, stored: bool) -> Likeness {
        Likeness {
            column: "column".to_owned(),
            dtype: "int64".to_owned(),
            file_bytes_per_row: stored.then_some(1.0),
            drawn_as: "uniform".to_owned(),
            values,
            sizes: CODECS
                .map(|codec| CodecSizes {
                    codec,
                    original_bytes,
                    alike_bytes,
                })
                .to_vec(),
        }
    }

    #[test]
    fn a_column_that_holds_nearly_all_bytes_decides_how_far_the_whole_is_off() {
        let mut columns: Vec<Likeness> = (0..9).map(|_| column(100, 100, 101, true)).collect();
        columns.push(column(100, 99_100, 199_100, true));
        let error = weighted_error(&columns, Codec::Snappy).unwrap_or_default();
        assert!((error - 100_009.0 / 100_000.0).abs() < 1e-9, "{error}");
        let median = median_error(&columns, Some(Codec::Snappy)).unwrap_or_default();
        assert!((median - 0.01).abs() < 1e-9, "{median}");
    }

    #[test]
    fn too_many_bytes_do_not_make_up_for_too_few() {
        let columns = [column(10, 100, 150, true), column(10, 100, 50, true)];
        assert_eq!(weighted_error(&columns, Codec::Lz4), Some(0.5));
    }

    #[test]
    fn a_column_of_which_fewer_values_are_sampled_weighs_no_less() {
        // 1000 bytes of a row that are off by half, and 10 that are right.
        let columns = [
            column(10, 10_000, 15_000, true),
            column(1_000, 10_000, 10_000, true),
        ];
        let error = weighted_error(&columns, Codec::None).unwrap_or_default();
        assert!((error - 500.0 / 1_010.0).abs() < 1e-9, "{error}");
    }

    #[test]
    fn columns_that_folders_tell_weigh_nothing() {
        let columns = [column(10, 100, 110, true), column(10, 100, 900, false)];
        let error = weighted_error(&columns, Codec::None).unwrap_or_default();
        assert!((error - 0.1).abs() < 1e-9, "{error}");
        assert_eq!(weighted_error(&columns[1..], Codec::None), None);
        assert_eq!(mean(&[]), None);
    }
}
