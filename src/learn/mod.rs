//! A config whose generated data is like some existing files: the same types, layout, and bytes for each value, and none
//! of the values.

mod fit;
mod grid;
mod layout;
mod mask;
mod numbers;
mod order;
mod sample;
mod series;
mod shape;
mod taking;
mod text;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::ArrayRef;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::cancel::{Cancel, Interrupted};
use crate::config::{
    Codec, Column, Config, ConfigError, Dataset, Layout, Overrides, Source, VectorLayout, load,
    to_config_text,
};
use crate::dataset::content::{ColumnGenerator, ContentError};
use crate::dataset::{DatasetError, together};
use crate::exit_class::ExitClass;
use crate::statistics::median;
use crate::storage::CountingStore;
use crate::table::{Depth, Inspection, TableError, inspect};
use fit::{Fitting, Keys, fit, generated, sizes};
use layout::LearnedLayout;
use sample::{Sample, SampledColumn};

/// The codecs that originals and look-alikes are compared by.
pub const CODECS: [Codec; 5] = [
    Codec::None,
    Codec::Snappy,
    Codec::Gzip(6),
    Codec::Lz4,
    Codec::Zstd(3),
];

/// Seed of a learned config.
const SEED: u64 = 42;

/// Why no config can be learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("{location}: {reason}")]
    Unlearnable { location: String, reason: String },
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    #[error("column `{column}`: {source}")]
    Content {
        column: String,
        source: ContentError,
    },
    #[error("the learned config is not one: {0}")]
    Config(#[from] ConfigError),
    #[error("the learned config cannot be written as YAML: {0}")]
    Yaml(String),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl LearnError {
    pub fn class(&self) -> ExitClass {
        match self {
            LearnError::Interrupted(_) => ExitClass::Interrupted,
            // A dataset here is the files that are learned from, whatever is wrong with it.
            LearnError::Table(_) | LearnError::Dataset(_) | LearnError::Unlearnable { .. } => {
                ExitClass::Usage
            }
            LearnError::Arrow(_)
            | LearnError::Parquet(_)
            | LearnError::Content { .. }
            | LearnError::Config(_)
            | LearnError::Yaml(_) => ExitClass::Failed,
        }
    }
}

/// A config, and how like the original its data is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learned {
    pub location: String,
    /// Of all files, and how many of these were looked at: of the column of which it was the most.
    pub rows: u64,
    pub sampled_rows: u64,
    pub columns: Vec<Likeness>,
    /// How far the look-alike is off, by bytes: the mean of the codecs' `weighted_error`. Files are
    /// written by one codec or another, so that each counts the same; the sum of all codecs' bytes
    /// would speak for those that compress least.
    pub weighted_error: Option<f64>,
    /// Of all columns and codecs, in absolute value; a share of the original's bytes. Half of them
    /// are off by less, whether they hold many bytes or few.
    pub median_error: Option<f64>,
    /// The same by codec.
    pub errors: Vec<CodecErrors>,
    /// What the config does not say, or says otherwise, one sentence each.
    pub notes: Vec<String>,
    /// The config as YAML.
    #[serde(skip)]
    pub yaml: String,
}

/// A column of the original beside its look-alike, written by the same writer in the learned layout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Likeness {
    pub column: String,
    pub dtype: String,
    /// The distribution's kind, or the type where that is nested.
    pub drawn_as: String,
    /// Compressed bytes for each row in the original files, by their footers; none of a column that folders tell.
    pub file_bytes_per_row: Option<f64>,
    /// Rows sampled, of which the bytes are.
    pub values: u64,
    pub sizes: Vec<CodecSizes>,
}

/// How far the columns of the look-alike are off where all are written by one codec.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CodecErrors {
    #[serde(serialize_with = "as_text")]
    pub codec: Codec,
    /// Bytes of a row that columns have too many or too few, summed without sign, as a share of the
    /// original's bytes of a row. None where there are no bytes.
    pub weighted_error: Option<f64>,
    /// Of all columns, in absolute value; a share of the original's bytes.
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
    /// How much larger the look-alike is, as a share of the original; negative where it is smaller.
    pub fn error(&self) -> f64 {
        self.alike_bytes as f64 / self.original_bytes.max(1) as f64 - 1.0
    }
}

impl CodecErrors {
    fn of(columns: &[Likeness], codec: Codec) -> Self {
        CodecErrors {
            codec,
            weighted_error: weighted_error(columns, codec),
            median_error: median_error(columns, Some(codec)),
        }
    }
}

/// A column weighs as much as the bytes that it takes of a row. These are the sampled bytes over
/// the sampled values, since of a column with large values fewer are sampled, and a sum of sampled
/// bytes would make little of just the columns that hold the most. The bytes of a row in the files,
/// by their footers, are those of the files' own codec and levels, and say nothing of the other
/// ones. Columns that folders tell take no bytes of any file.
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

/// The mean; none of nothing.
fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

fn median_error(columns: &[Likeness], codec: Option<Codec>) -> Option<f64> {
    let sizes = columns.iter().flat_map(|column| &column.sizes);
    let errors: Vec<f64> = sizes
        .filter(|sizes| codec.is_none_or(|codec| sizes.codec == codec))
        .map(|sizes| sizes.error().abs())
        .collect();
    median(&errors)
}

/// Looks at footers, page indexes and a bounded sample of the files behind a path, a folder or a glob. `progress` is told
/// how many columns are done, and how many there are.
pub async fn learn(
    store: &Arc<CountingStore>,
    location: &str,
    keep_values: bool,
    cancel: &Cancel,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Learned, LearnError> {
    let depth = Depth {
        row_groups: true,
        pages: false,
    };
    let inspection = inspect(store, location, depth).await?;
    let mut sample = sample::take(store, location, &inspection, sample::LIMITS).await?;
    let mut layout = layout::learn(&inspection, sample.page_version);
    let mut notes = std::mem::take(&mut layout.notes);
    notes.extend(sample.notes.iter().cloned());
    let in_files = bytes_per_row(&inspection);
    if let Some((level, note)) = level(&sample.columns, &layout, &in_files, cancel)? {
        layout.compression = level;
        notes.push(note);
    }

    let outcomes = in_parallel(&sample.columns, cancel, progress, |column| {
        let chunk = layout.chunk_of(&column.name);
        learn_column(column, &layout.parquet, chunk, keep_values)
    })?;
    let mut sampled = Vec::with_capacity(outcomes.len());
    let mut fitted = Vec::with_capacity(outcomes.len());
    for (column, outcome) in std::mem::take(&mut sample.columns)
        .into_iter()
        .zip(outcomes)
    {
        notes.extend(outcome.note);
        if let Some(keys) = outcome.keys {
            sampled.push(column);
            fitted.push(keys);
        }
    }
    sample.columns = sampled;
    if sample.columns.is_empty() {
        return Err(LearnError::Unlearnable {
            location: location.to_owned(),
            reason: format!("none of its columns can be generated: {}", notes.join("; ")),
        });
    }

    let mut parquet = layout.parquet.clone();
    let mut order = layout.order.clone();
    keep_known(&mut order, &sample);
    parquet.extend(order);
    parquet.insert("columns".to_owned(), json!(fitted));
    let mut dataset = layout::split(&inspection, sample.partitions);
    dataset.insert("data_folder".to_owned(), json!(folder_of(location)));
    dataset.insert("seed".to_owned(), json!(SEED));
    dataset.insert("compression".to_owned(), json!(layout.compression));
    dataset.insert("parquet".to_owned(), Json::Object(parquet));
    let config = json!({ "dataset": dataset });
    let yaml = to_config_text(&config).map_err(LearnError::Yaml)?;
    let (columns, layout) = read_back(&yaml)?;

    let likenesses: Vec<(&SampledColumn, &Column, &Keys)> = sample
        .columns
        .iter()
        .zip(&columns)
        .zip(&fitted)
        .map(|((sampled, column), keys)| (sampled, column, keys))
        .collect();
    let rows = inspection.rows;
    let columns = in_parallel(
        &likenesses,
        cancel,
        &|_, _| {},
        |(sampled, column, keys)| {
            let in_file = in_files.get(&column.name).copied();
            likeness(sampled, column, keys, &columns, &layout, rows, in_file)
        },
    )?;
    let made = u128::from(rows.div_ceil(split_files(&config))) * u128::from(split_files(&config));
    if made != u128::from(rows) {
        notes.push(format!(
            "files of one size make {made} rows of the original's {rows}"
        ));
    }
    let errors = CODECS
        .map(|codec| CodecErrors::of(&columns, codec))
        .to_vec();
    let weighted: Vec<f64> = errors.iter().filter_map(|of| of.weighted_error).collect();
    Ok(Learned {
        location: location.to_owned(),
        rows,
        sampled_rows: sample.rows,
        weighted_error: mean(&weighted),
        median_error: median_error(&columns, None),
        errors,
        columns,
        notes,
        yaml,
    })
}

/// Compressed bytes for each row, by column.
fn bytes_per_row(inspection: &Inspection) -> BTreeMap<String, f64> {
    let mut bytes: BTreeMap<String, f64> = BTreeMap::new();
    for column in &inspection.columns {
        *bytes.entry(column.root.clone()).or_default() +=
            column.compressed_bytes as f64 / inspection.rows.max(1) as f64;
    }
    bytes
}

/// The codec with the level that makes the sample about as large as the files are, and a note on it; none for a codec
/// without levels. Files do not store the level.
fn level(
    columns: &[SampledColumn],
    layout: &LearnedLayout,
    in_files: &BTreeMap<String, f64>,
    cancel: &Cancel,
) -> Result<Option<(String, String)>, LearnError> {
    let codecs = match layout.compression.as_str() {
        "zstd" => [1, 3, 6, 9, 15].map(Codec::Zstd).to_vec(),
        "gzip" => [1, 6, 9].map(Codec::Gzip).to_vec(),
        "brotli" => [1, 4, 9].map(Codec::Brotli).to_vec(),
        _ => return Ok(None),
    };
    let made = in_parallel(columns, cancel, &|_, _| {}, |column| {
        let chunk = layout.chunk_of(&column.name);
        let Some(original) = in_files.get(&column.name) else {
            return Ok(None);
        };
        if chunk.contains_key("compression") {
            return Ok(None);
        }
        let layout = trial(
            &column.name,
            &fit::bare(&column.shape),
            &layout.parquet,
            &chunk,
        );
        let (Ok(layout), pieces) = (layout, fit::some_rows(&column.series)) else {
            return Ok(None);
        };
        let rows: usize = pieces.iter().map(|piece| piece.array.len()).sum();
        let arrays: Vec<ArrayRef> = pieces.into_iter().map(|piece| piece.array).collect();
        let bytes = sizes(&arrays, &layout, &codecs, true)?;
        Ok(Some((original * rows as f64, bytes)))
    })?;
    let mut sums = vec![0.0; codecs.len()];
    let mut original = 0.0;
    for (bytes, made) in made.into_iter().flatten() {
        original += bytes;
        for (sum, bytes) in sums.iter_mut().zip(made) {
            *sum += bytes as f64;
        }
    }
    let apart = |sum: &f64| (sum / original).ln().abs();
    let nearest = codecs
        .iter()
        .zip(&sums)
        .min_by(|left, right| apart(left.1).total_cmp(&apart(right.1)));
    Ok(nearest.filter(|_| original > 0.0).map(|(codec, _)| {
        let note = format!(
            "files do not tell the level of their codec; {codec} comes nearest to their size"
        );
        (codec.to_string(), note)
    }))
}

/// The keys of a column, where there are some that a config takes, and what should be known about it.
struct Outcome {
    keys: Option<Keys>,
    note: Option<String>,
}

/// Learns a column. What a config refuses of it is left out: its encoding where its type is not the original's, else all.
fn learn_column(
    column: &SampledColumn,
    parquet: &Keys,
    mut chunk: Keys,
    keep_values: bool,
) -> Result<Outcome, LearnError> {
    let mut note = None;
    // A name and a type that are refused would refuse anything.
    let bare = fit::bare(&column.shape);
    if let Err(reason) = trial(&column.name, &bare, parquet, &chunk) {
        chunk.remove("encoding");
        match trial(&column.name, &bare, parquet, &chunk) {
            Ok(_) => {
                note = Some(format!(
                    "`{}` is written in another encoding: {reason}",
                    column.name
                ))
            }
            Err(reason) => {
                let name = column.name.escape_debug();
                return Ok(Outcome {
                    keys: None,
                    note: Some(format!("`{name}` is left out: {reason}")),
                });
            }
        }
    }
    let fitting = Fitting {
        layout: parquet.clone(),
        chunk: chunk.clone(),
        name: column.name.clone(),
        keep_values,
        seed: SEED,
    };
    let mut keys = Keys::new();
    keys.insert("name".to_owned(), json!(column.name));
    keys.extend(fit(&column.series, &column.shape, &fitting)?);
    if !chunk.is_empty() {
        keys.insert("parquet".to_owned(), Json::Object(chunk));
    }
    Ok(Outcome {
        keys: Some(keys),
        note,
    })
}

/// Whether a config takes a column of this name and type in such a layout; if not, what it says.
fn trial(name: &str, keys: &Keys, parquet: &Keys, chunk: &Keys) -> Result<Layout, String> {
    let mut column = Keys::new();
    column.insert("name".to_owned(), json!(name));
    column.extend(keys.clone());
    if !chunk.is_empty() {
        column.insert("parquet".to_owned(), Json::Object(chunk.clone()));
    }
    let mut parquet = parquet.clone();
    parquet.insert("columns".to_owned(), json!([column]));
    let text = to_config_text(&json!({ "dataset": { "parquet": parquet } }))?;
    let short = |error: ConfigError| {
        let first = error.to_string();
        let first = first.lines().next().unwrap_or_default();
        // Where it stands in a config that nobody has seen is of no use.
        first
            .split_once(": ")
            .map_or(first, |(_, said)| said)
            .to_owned()
    };
    let dataset = dataset_of(text).map_err(short)?;
    dataset
        .map(|dataset| dataset.layout)
        .ok_or_else(|| "it has no dataset".to_owned())
}

/// The dataset that the text of a config describes.
fn dataset_of(text: String) -> Result<Option<Dataset>, ConfigError> {
    let source = Source {
        origin: "the learned config".to_owned(),
        text,
        folder: None,
    };
    let Config { mut variants, .. } = load(&source, &Overrides::default())?;
    Ok(variants.pop().and_then(|variant| variant.dataset))
}

fn split_files(config: &Json) -> u64 {
    config["dataset"]["num_files_train"]
        .as_u64()
        .unwrap_or(1)
        .max(1)
}

/// Leaves out sorting and partitions by columns that the config has not.
fn keep_known(order: &mut Keys, sample: &Sample) {
    order.retain(|_, names| {
        names.as_array().is_none_or(|names| {
            names.iter().filter_map(Json::as_str).all(|name| {
                let name = name.strip_suffix(" desc").unwrap_or(name);
                sample.columns.iter().any(|column| column.name == name)
            })
        })
    });
    if !order.contains_key("sort_by") {
        order.remove("sort_scope");
    }
}

/// The config's columns and layout, as whoever runs it gets them.
fn read_back(yaml: &str) -> Result<(Vec<Column>, Layout), LearnError> {
    dataset_of(yaml.to_owned())?
        .map(|dataset| (dataset.columns, dataset.layout))
        .ok_or_else(|| LearnError::Yaml("it has no dataset".to_owned()))
}

/// The sampled rows, and the same rows of the look-alike.
fn likeness(
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

/// Does the same with each item, on all cores; results are in the order of the items.
fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    cancel: &Cancel,
    progress: &(dyn Fn(usize, usize) + Sync),
    work: impl Fn(&T) -> Result<R, LearnError> + Sync,
) -> Result<Vec<R>, LearnError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let worker = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return Ok(results);
            };
            if cancel.is_cancelled() {
                return Err(Interrupted.into());
            }
            results.push((index, work(item)?));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, items.len());
        }
    };
    let mut results = together(threads.min(items.len()), worker)
        .results
        .into_iter()
        .collect::<Result<Vec<_>, LearnError>>()?
        .into_iter()
        .flatten()
        .collect::<Vec<(usize, R)>>();
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// A folder for the look-alike, named after the original.
fn folder_of(location: &str) -> String {
    let name = Path::new(location.trim_end_matches('/'))
        .file_stem()
        .map(|name| name.to_string_lossy().replace(['*', '?', '['], "_"))
        .filter(|name| !name.is_empty() && name != "..");
    format!("data/like_{}", name.unwrap_or_else(|| "files".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column with so many bytes of so many values, by every codec.
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
