//! Learns a config whose generated data is like some existing files: the same types, the same
//! layout, and about the same bytes per value, but none of the values.

mod column;
mod error;
mod fit;
mod fitter;
mod grid;
mod keys;
mod layout;
mod level;
mod likeness;
mod mask;
mod numbers;
mod order;
mod parallel;
mod places;
mod reading;
mod sample;
mod series;
mod shape;
mod stretches;
mod taking;
mod text;
mod trial;
mod written;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::cancel::Cancel;
use crate::config::{Column, to_config_text};
use crate::files::Depth;
use crate::storage::Stores;
use crate::table::{Inspection, inspect};
use column::learn_column;
pub use error::LearnError;
use keys::{Keys, SEED};
use level::level;
pub use likeness::{CODECS, CodecErrors, CodecSizes, LearnedConfig, Likeness};
use likeness::{likeness, mean, median_error};
use parallel::in_parallel;
use reading::LIMITS;
use sample::{Sample, SampledColumn};
use trial::read_back;

/// Looks at footers, page indexes and a bounded sample of the files behind a path, a folder or a
/// glob. `progress` is called with the number of columns that are done, and the number of all.
pub async fn learn(
    stores: &Stores,
    location: &str,
    keep_values: bool,
    cancel: &Cancel,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<LearnedConfig, LearnError> {
    let depth = Depth {
        row_groups: true,
        pages: false,
    };
    let inspection = inspect(stores, location, depth).await?;
    let mut sample = sample::take(stores, location, &inspection, LIMITS).await?;
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
    Ok(LearnedConfig {
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

fn split_files(config: &Json) -> u64 {
    config["dataset"]["num_files_train"]
        .as_u64()
        .unwrap_or(1)
        .max(1)
}

/// Removes the keys of sorting and partitioning if they name columns that the config lacks.
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

/// Returns a folder for the look-alike, named after the original.
fn folder_of(location: &str) -> String {
    let name = Path::new(location.trim_end_matches('/'))
        .file_stem()
        .map(|name| name.to_string_lossy().replace(['*', '?', '['], "_"))
        .filter(|name| !name.is_empty() && name != "..");
    format!("data/like_{}", name.unwrap_or_else(|| "files".to_owned()))
}
