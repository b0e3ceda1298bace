//! Learns the keys of a column from its sample.

use serde_json::{Value as Json, json};

use super::error::LearnError;
use super::fit::fit;
use super::fitter::FitSettings;
use super::keys::{Keys, SEED, bare};
use super::sample::SampledColumn;
use super::trial::trial;

/// The keys of a column, absent if a config takes none for it, and a note for the user.
pub(super) struct Outcome {
    pub(super) keys: Option<Keys>,
    pub(super) note: Option<String>,
}

/// Learns a column. If a config refuses the column with its encoding, the encoding is left out. If
/// the config refuses it even so, the whole column is left out.
pub(super) fn learn_column(
    column: &SampledColumn,
    parquet: &Keys,
    mut chunk: Keys,
    keep_values: bool,
) -> Result<Outcome, LearnError> {
    let mut note = None;
    // If a config refuses the name or the type, it refuses every candidate.
    let bare = bare(&column.shape);
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
    let fitting = FitSettings {
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
