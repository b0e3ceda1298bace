//! Chooses how single values are drawn: candidates are generated, written, and compared with the
//! original.

use std::sync::Arc;

use arrow::array::ArrayRef;
use serde_json::{Value as Json, json};

use super::error::LearnError;
use super::keys::{Keys, type_keys};
use super::series::{Counts, Piece, Series, numbers_of};
use super::shape::Single;
use super::trial::dataset_of;
use super::written::{generated, sizes, some_rows};
use crate::config::{Codec, Column, Layout, VectorLayout};
use crate::content::ColumnGenerator;

/// Codecs by which a look-alike is fitted: no compression, matches alone, and matches with entropy
/// coding.
const FITTED: [Codec; 3] = [Codec::None, Codec::Snappy, Codec::Zstd(3)];

/// Weights of the two distances that count besides sizes: the distance of the distributions
/// (Kolmogorov and Smirnov's, for numbers), and the distance of the counts of different values (in
/// logarithms).
const SHAPE_WEIGHT: f64 = 0.5;
const DISTINCT_WEIGHT: f64 = 0.1;

/// Penalty per place in the list of candidates. A later candidate must be better by that much, as
/// the first ones are simpler.
const SIMPLICITY: f64 = 0.002;

/// Settings by which a column is fitted.
#[derive(Debug, Clone)]
pub(super) struct FitSettings {
    /// `dataset.parquet` without its columns.
    pub(super) layout: Keys,
    /// Keys of the column's own `parquet`.
    pub(super) chunk: Keys,
    /// Name of the column, from which masked names are derived.
    pub(super) name: String,
    pub(super) keep_values: bool,
    pub(super) seed: u64,
}

/// Compares candidates with the original.
pub(super) struct Fitter<'a> {
    /// `dtype` and the keys that belong to it.
    base: Keys,
    /// Numbers per row. Each of them counts as one value here.
    vector: u64,
    nulls: Keys,
    fitting: &'a FitSettings,
    pieces: Vec<Piece>,
    rows: u64,
    sizes: Vec<u64>,
    numbers: Vec<f64>,
    /// Counts of the values of all sampled rows.
    pub(super) counts: Counts,
    /// Number of different values in `pieces`.
    fitted_distinct: usize,
}

impl<'a> Fitter<'a> {
    pub(super) fn new(
        single: &Single,
        vector: u64,
        nulls: Keys,
        series: &Series,
        fitting: &'a FitSettings,
    ) -> Result<Self, LearnError> {
        let pieces = some_rows(series);
        let all: Vec<ArrayRef> = series
            .pieces
            .iter()
            .map(|piece| Arc::clone(&piece.array))
            .collect();
        let fitted: Vec<ArrayRef> = pieces
            .iter()
            .map(|piece| Arc::clone(&piece.array))
            .collect();
        let mut fitter = Fitter {
            base: type_keys(single, vector),
            vector,
            nulls,
            fitting,
            numbers: sorted_numbers(&fitted),
            fitted_distinct: Counts::of(&fitted)?.distinct(),
            pieces,
            rows: series.rows.max(1),
            sizes: Vec::new(),
            counts: Counts::of(&all)?,
        };
        if let Some((_, layout)) = fitter.trial(&fitter.with_nulls(Keys::new())) {
            fitter.sizes = sizes(&fitted, &layout, &FITTED, true)?;
        }
        Ok(fitter)
    }

    /// Returns the keys of a column that is drawn by `drawn`, nulls included.
    pub(super) fn with_nulls(&self, mut drawn: Keys) -> Keys {
        let mut keys = Keys::new();
        // `size` is a key of the column, not of the distribution.
        if let Some(size) = drawn.remove("size") {
            keys.insert("size".to_owned(), size);
        }
        drawn.extend(self.nulls.clone());
        if !drawn.is_empty() {
            keys.insert("distribution".to_owned(), Json::Object(drawn));
        }
        keys
    }

    /// Builds a column of these keys, and its layout. Returns `None` if a config would refuse them.
    fn trial(&self, keys: &Keys) -> Option<(Column, Layout)> {
        let mut column = self.base.clone();
        column.insert("name".to_owned(), json!("column"));
        column.extend(keys.clone());
        if !self.fitting.chunk.is_empty() {
            column.insert(
                "parquet".to_owned(),
                Json::Object(self.fitting.chunk.clone()),
            );
        }
        let mut parquet = self.fitting.layout.clone();
        parquet.insert("columns".to_owned(), json!([column]));
        let config = json!({
            "dataset": {
                "num_files_train": 1,
                "num_samples_per_file": self.rows.div_ceil(self.vector),
                "parquet": parquet,
            },
        });
        let mut dataset = dataset_of(config.to_string()).ok()??;
        let mut column = dataset.columns.pop()?;
        if self.vector > 1 {
            // The numbers of a vector are compared one by one, and are null together.
            (column.size, column.null_fraction) = (1, 0.0);
        }
        Some((column, dataset.layout))
    }

    pub(super) fn keeps_values(&self) -> bool {
        self.fitting.keep_values
    }

    pub(super) fn column(&self) -> &str {
        &self.fitting.name
    }

    /// Finds the candidate that is most like the original. Returns its own keys, and those of its
    /// column, nulls included.
    pub(super) fn best(&self, candidates: Vec<Keys>) -> Result<(Keys, Keys), LearnError> {
        self.nearest(candidates, 0.0)
    }

    /// Does the same for candidates whose numbers were moved by `shift`.
    pub(super) fn nearest(
        &self,
        candidates: Vec<Keys>,
        shift: f64,
    ) -> Result<(Keys, Keys), LearnError> {
        let numbers: Vec<f64> = self.numbers.iter().map(|number| number + shift).collect();
        let mut best: Option<(f64, Keys, Keys)> = None;
        for (rank, candidate) in candidates.into_iter().enumerate() {
            let keys = self.with_nulls(candidate.clone());
            let Some((column, layout)) = self.trial(&keys) else {
                continue;
            };
            let Some(distance) = self.distance(&column, &layout, &numbers)? else {
                continue;
            };
            let distance = distance + SIMPLICITY * rank as f64;
            if best.as_ref().is_none_or(|(least, ..)| distance < *least) {
                best = Some((distance, candidate, keys));
            }
        }
        // If no candidate works, the type's default is taken.
        Ok(best.map_or_else(
            || (Keys::new(), self.with_nulls(Keys::new())),
            |(_, candidate, keys)| (candidate, keys),
        ))
    }

    /// Distance of the column from the original. `None` if the column cannot be generated.
    fn distance(
        &self,
        column: &Column,
        layout: &Layout,
        numbers: &[f64],
    ) -> Result<Option<f64>, LearnError> {
        let Ok(generator) = ColumnGenerator::new(
            self.fitting.seed,
            "train",
            column,
            self.rows,
            VectorLayout::List,
        ) else {
            return Ok(None);
        };
        let mut arrays = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            arrays.push(generated(&generator, piece.first, piece.array.len())?);
        }
        let made = sizes(&arrays, layout, &FITTED, column.null_fraction > 0.0)?;
        let apart = |made: f64, original: f64| ((made + 1.0) / (original + 1.0)).ln().abs();
        let by_size: f64 = made
            .iter()
            .zip(&self.sizes)
            .map(|(made, original)| apart(*made as f64, *original as f64))
            .sum::<f64>()
            / FITTED.len() as f64;
        let distinct = Counts::of(&arrays)?.distinct();
        let by_distinct = apart(distinct as f64, self.fitted_distinct as f64);
        let by_shape = distance_of(&sorted_numbers(&arrays), numbers);
        Ok(Some(
            by_size + DISTINCT_WEIGHT * by_distinct + SHAPE_WEIGHT * by_shape,
        ))
    }
}

/// Returns the finite values of arrays of numbers, ascending. Empty for other types.
fn sorted_numbers(arrays: &[ArrayRef]) -> Vec<f64> {
    let mut numbers: Vec<f64> = arrays.iter().flat_map(numbers_of).flatten().collect();
    numbers.retain(|number| number.is_finite());
    numbers.sort_unstable_by(f64::total_cmp);
    numbers
}

/// Returns the largest distance of two empirical distribution functions. Both lists must ascend.
fn distance_of(left: &[f64], right: &[f64]) -> f64 {
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    let share = |numbers: &[f64], number: f64| {
        numbers.partition_point(|other| *other <= number) as f64 / numbers.len() as f64
    };
    const POINTS: usize = 200;
    let points = [left, right].into_iter().flat_map(|numbers| {
        (0..POINTS).map(move |point| numbers[point * (numbers.len() - 1) / (POINTS - 1)])
    });
    points
        .map(|number| (share(left, number) - share(right, number)).abs())
        .fold(0.0, f64::max)
}
