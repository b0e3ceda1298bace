//! Estimates the level of a codec, which files do not store.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef};

use super::error::LearnError;
use super::keys::bare;
use super::layout::LearnedLayout;
use super::parallel::in_parallel;
use super::sample::SampledColumn;
use super::trial::trial;
use super::written::{sizes, some_rows};
use crate::cancel::Cancel;
use crate::config::Codec;

/// Returns the codec with the level that makes the sample about as large as the files are, and a
/// note on it. `None` for a codec without levels. Files do not store the level.
pub(super) fn level(
    columns: &[SampledColumn],
    layout: &LearnedLayout,
    in_files: &BTreeMap<String, f64>,
    cancel: &Cancel,
) -> Result<Option<(String, String)>, LearnError> {
    let codecs = Codec::at_spread_levels(&layout.compression);
    if codecs.is_empty() {
        return Ok(None);
    }
    let made = in_parallel(columns, cancel, &|_, _| {}, |column| {
        let chunk = layout.chunk_of(&column.name);
        let Some(original) = in_files.get(&column.name) else {
            return Ok(None);
        };
        if chunk.contains_key("compression") {
            return Ok(None);
        }
        let layout = trial(&column.name, &bare(&column.shape), &layout.parquet, &chunk);
        let (Ok(layout), pieces) = (layout, some_rows(&column.series)) else {
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
