//! Loads learned keys as a config, as a later run does, to find out which keys a config takes.

use serde_json::{Value as Json, json};

use super::error::LearnError;
use super::keys::Keys;
use crate::config::{
    Column, Config, ConfigError, Dataset, Layout, Overrides, Source, load, to_config_text,
};

/// Returns the dataset that the text of a config describes.
pub(super) fn dataset_of(text: String) -> Result<Option<Dataset>, ConfigError> {
    let source = Source {
        origin: "the learned config".to_owned(),
        text,
        folder: None,
    };
    let Config { mut variants, .. } = load(&source, &Overrides::default())?;
    Ok(variants.pop().and_then(|variant| variant.dataset))
}

/// Loads a config that has one column of this name and type in such a layout.
///
/// # Errors
///
/// The first line of the config's error, without its place, if the config refuses the column.
pub(super) fn trial(
    name: &str,
    keys: &Keys,
    parquet: &Keys,
    chunk: &Keys,
) -> Result<Layout, String> {
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
        // The place of an error in a config that nobody has seen is of no use.
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

/// Loads the learned config. Returns its columns and layout as a run gets them.
pub(super) fn read_back(yaml: &str) -> Result<(Vec<Column>, Layout), LearnError> {
    dataset_of(yaml.to_owned())?
        .map(|dataset| (dataset.columns, dataset.layout))
        .ok_or_else(|| LearnError::Yaml("it has no dataset".to_owned()))
}
