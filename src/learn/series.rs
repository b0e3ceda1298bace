//! A column's sampled values, and counts that apply to values of any type.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::xxh3_64;

use super::keys::rounded;

/// Stretches of neighbouring values of a column.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) pieces: Vec<Piece>,
    /// Rows of the whole column, sampled or not.
    pub(super) rows: u64,
    /// Share of the whole column that is null, by the footers. Absent if these do not count nulls;
    /// then the sample's share is used.
    pub(super) nulls: Option<f64>,
}

#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Row number of the first value in the whole column.
    pub(super) first: u64,
    pub(super) array: ArrayRef,
}

impl Series {
    pub(super) fn len(&self) -> usize {
        self.pieces.iter().map(|piece| piece.array.len()).sum()
    }

    pub(super) fn null_fraction(&self) -> f64 {
        let nulls = self
            .pieces
            .iter()
            .map(|piece| piece.array.logical_null_count());
        self.nulls
            .unwrap_or_else(|| nulls.sum::<usize>() as f64 / self.len().max(1) as f64)
    }

    /// Makes a series of `rows` rows by replacing the array of each piece.
    pub(super) fn map(
        &self,
        rows: u64,
        array: impl Fn(&Piece) -> Result<Piece, ArrowError>,
    ) -> Result<Series, ArrowError> {
        Ok(Series {
            pieces: self.pieces.iter().map(array).collect::<Result<_, _>>()?,
            rows,
            nulls: None,
        })
    }
}

/// Joins several arrays of one type into one.
pub(super) fn joined(arrays: &[ArrayRef], data_type: DataType) -> Result<ArrayRef, ArrowError> {
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    match arrays.is_empty() {
        true => Ok(arrow::array::new_empty_array(&data_type)),
        false => concat(&arrays),
    }
}

/// Returns the values of numeric, temporal and decimal arrays as numbers. Times, dates and decimals
/// count in the unit in which they are stored. Empty for other types.
pub(super) fn numbers_of(array: &ArrayRef) -> Vec<Option<f64>> {
    let plain = match array.data_type() {
        DataType::Date32 => cast(array, &DataType::Int32),
        DataType::Timestamp(..) => cast(array, &DataType::Int64),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary => return Vec::new(),
        DataType::Decimal128(..) => {
            let values = array.as_primitive::<Decimal128Type>();
            return values
                .iter()
                .map(|value| value.map(|value| value as f64))
                .collect();
        }
        _ => Ok(Arc::clone(array)),
    };
    let numbers = plain.and_then(|plain| cast(&plain, &DataType::Float64));
    numbers.map_or_else(
        |_| Vec::new(),
        |numbers| numbers.as_primitive::<Float64Type>().iter().collect(),
    )
}

/// Counts of repeated values.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// Number of rows of each different value, nulls left out, the most frequent first.
    pub(super) frequencies: Vec<usize>,
    /// Mean number of rows that share one draw, corrected for neighbours that are equal by chance.
    /// At least 1.
    pub(super) run_length: f64,
}

impl Counts {
    pub(super) fn of(arrays: &[ArrayRef]) -> Result<Self, ArrowError> {
        let mut counts: HashMap<u64, usize> = HashMap::new();
        let (mut rows, mut nulls, mut pairs, mut changes) = (0, 0, 0_usize, 0_usize);
        for array in arrays {
            let hashes = hashes(array)?;
            rows += hashes.len();
            for hash in &hashes {
                match hash {
                    Some(hash) => *counts.entry(*hash).or_default() += 1,
                    None => nulls += 1,
                }
            }
            pairs += hashes.len().saturating_sub(1);
            changes += hashes.windows(2).filter(|pair| pair[0] != pair[1]).count();
        }
        let mut frequencies: Vec<usize> = counts.into_values().collect();
        frequencies.sort_unstable_by(|left, right| right.cmp(left));
        let share = |count: usize| count as f64 / rows.max(1) as f64;
        let all = frequencies.iter().copied().chain([nulls]);
        let equal_by_chance: f64 = all.map(|count| share(count) * share(count)).sum();
        let run_length = match changes {
            0 => 1.0,
            changes => (1.0 - equal_by_chance) * pairs as f64 / changes as f64,
        };
        Ok(Counts {
            frequencies,
            run_length: run_length.max(1.0),
        })
    }

    pub(super) fn distinct(&self) -> usize {
        self.frequencies.len()
    }

    pub(super) fn valid(&self) -> usize {
        self.frequencies.iter().sum()
    }

    /// Number of values that were drawn, where a run of equal values counts once.
    pub(super) fn draws(&self) -> f64 {
        (self.valid() as f64 / self.run_length).max(self.distinct() as f64)
    }
}

/// Returns the key `run_length`. `None` if the runs are too short to be sure of.
pub(super) fn runs(counts: &Counts) -> Option<Json> {
    const SHORTEST: f64 = 1.1;
    const LONGEST: f64 = 65_536.0;
    let length = counts.run_length;
    (length > SHORTEST).then(|| json!({ "run_length": rounded(length.min(LONGEST)) }))
}

/// Returns a hash of each value, equal for equal values. `None` for a null.
fn hashes(array: &ArrayRef) -> Result<Vec<Option<u64>>, ArrowError> {
    let converter = RowConverter::new(vec![SortField::new(array.data_type().clone())])?;
    let rows = converter.convert_columns(std::slice::from_ref(array))?;
    let nulls = array.logical_nulls();
    Ok(rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(index));
            valid.then(|| xxh3_64(row.as_ref()))
        })
        .collect())
}

/// Returns pools from which the rows may have been drawn: the sizes and exponents that give as many
/// different values.
pub(super) fn pools(counts: &Counts) -> Vec<(u64, f64)> {
    /// Above this share of different values, no value was chosen twice on purpose.
    const UNIQUE: f64 = 0.97;
    let (draws, distinct) = (counts.draws(), counts.distinct() as f64);
    if distinct < 2.0 || distinct > draws * UNIQUE {
        return Vec::new();
    }
    [0.0, 0.5, 0.8, 1.0, 1.3]
        .into_iter()
        .filter_map(|exponent| Some((pool_size(exponent, draws, distinct)?, exponent)))
        .collect()
}

/// Returns the size of a pool from which `draws` draws take `distinct` different values on average.
/// `None` if it would be larger than 1e9.
fn pool_size(exponent: f64, draws: f64, distinct: f64) -> Option<u64> {
    const LARGEST: f64 = 1e9;
    let (mut low, mut high) = (distinct, distinct);
    while expected_distinct(exponent, high, draws) < distinct * 0.999 {
        low = high;
        high *= 2.0;
        if high > LARGEST {
            return None;
        }
    }
    for _ in 0..40 {
        let middle = (low * high).sqrt();
        match expected_distinct(exponent, middle, draws) < distinct * 0.999 {
            true => low = middle,
            false => high = middle,
        }
    }
    Some(high.round() as u64)
}

/// Returns the expected number of different values among draws from ranks 1 to `size`, whose
/// probabilities are as k^-exponent. It is a sum over stretches of ranks, each taken at its middle.
fn expected_distinct(exponent: f64, size: f64, draws: f64) -> f64 {
    let mut stretches = Vec::new();
    let mut first = 1.0_f64;
    while first <= size {
        let ranks = (first * 0.02)
            .max(1.0)
            .floor()
            .min(size - first + 1.0)
            .max(1.0);
        let weight = (first + (ranks - 1.0) / 2.0).powf(-exponent);
        stretches.push((ranks, weight));
        first += ranks;
    }
    let total: f64 = stretches.iter().map(|(ranks, weight)| ranks * weight).sum();
    stretches
        .iter()
        .map(|(ranks, weight)| ranks * -(draws * (-weight / total).ln_1p()).exp_m1())
        .sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int32Array;

    use super::*;

    #[test]
    fn counts_tell_values_from_nulls_and_runs_from_chance() {
        let runs = (0..6_000).map(|row| (row / 10 % 100 != 3).then_some(row / 10 * 7 % 13));
        let array: ArrayRef = Arc::new(Int32Array::from_iter(runs));
        let counts = Counts::of(&[array]).unwrap();
        assert_eq!((counts.distinct(), counts.valid()), (13, 5_940));
        // Runs are 10 rows long. Among 13 values, neighbours would be equal by chance in 1 of 13
        // cases, but here never are.
        assert!(
            (counts.run_length - 9.2).abs() < 0.2,
            "{}",
            counts.run_length
        );
        let single: ArrayRef = Arc::new(Int32Array::from_iter_values(0..100));
        assert_eq!(Counts::of(&[single]).unwrap().run_length, 1.0);
    }

    #[test]
    fn a_pool_is_as_large_as_draws_from_it_tell() {
        // The number of different values that d draws from n leave is n (1 - (1 - 1/n)^d).
        for size in [50.0_f64, 1_000.0, 20_000.0] {
            let draws = 5_000.0;
            let distinct = size * (1.0 - (1.0 - 1.0 / size).powf(draws));
            let found = pool_size(0.0, draws, distinct).unwrap() as f64;
            assert!((found / size - 1.0).abs() < 0.1, "{found} {size}");
        }
        // A skewed pool must be larger to show equally many values.
        assert!(pool_size(1.0, 5_000.0, 900.0) > pool_size(0.0, 5_000.0, 900.0));
    }
}
