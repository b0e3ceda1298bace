//! The digest of a query's result.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type, Schema};
use arrow::error::ArrowError;

use super::hash;
use super::size::logical_bytes;
use crate::record::Checksum;

/// Digest of a result, whose batches can be added in any order. Equal multisets of rows give equal
/// checksums, whatever the batch boundaries and however Arrow stores the values.
///
/// Strings are equal as `Utf8`, `LargeUtf8`, `Utf8View` and in dictionaries or runs, lists in every
/// list type, and binary values in every binary type. A list of numbers without nulls equals the
/// binary value of its little-endian bytes. All NaNs are equal, except those in lists, and -0.0
/// differs from 0.0. The order of columns matters, their names do not.
///
/// The hash of a row combines those of its columns. The checksum consists of two sums over the rows
/// modulo 2^64, one of the hashes and one of the hashes hashed again. Duplicates therefore count.
pub struct ResultDigest {
    columns: Vec<Comparison>,
    rows: u64,
    arrow_bytes: u64,
    sums: [u64; 2],
    /// Hashes of the rows of a batch. Kept to reuse the memory.
    hashes: Vec<u64>,
}

/// Way of comparing a column.
enum Comparison {
    Bits,
    /// Compares the sum, for floating-point values that an aggregation produced.
    Sum(CompensatedSum),
}

impl ResultDigest {
    /// Makes an empty digest. With `approximate_floats`, columns of floats are results of an
    /// aggregation, whose last bits depend on the order of its input, and are compared by sums.
    /// Floats within lists and structs are always compared by bits.
    pub fn new(schema: &Schema, approximate_floats: bool) -> Self {
        let columns = schema.fields().iter().map(|field| {
            if approximate_floats && field.data_type().is_floating() {
                Comparison::Sum(CompensatedSum::default())
            } else {
                Comparison::Bits
            }
        });
        ResultDigest {
            columns: columns.collect(),
            rows: 0,
            arrow_bytes: 0,
            sums: [0; 2],
            hashes: Vec::new(),
        }
    }

    /// Adds a batch. Fails if its number of columns is not the schema's, or if Arrow's kernels
    /// cannot decode one of its types.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        if batch.num_columns() != self.columns.len() {
            return Err(ArrowError::SchemaError(format!(
                "a batch has {} columns where the result has {}",
                batch.num_columns(),
                self.columns.len()
            )));
        }
        let bytes = logical_bytes(batch);
        self.hashes.clear();
        self.hashes.resize(batch.num_rows(), hash::START);
        for (array, comparison) in batch.columns().iter().zip(&self.columns) {
            match comparison {
                Comparison::Bits => hash::combine(array, &mut self.hashes)?,
                Comparison::Sum(_) => hash::combine_kinds(array, &mut self.hashes),
            }
        }
        for (array, comparison) in batch.columns().iter().zip(&mut self.columns) {
            if let Comparison::Sum(sum) = comparison {
                add_weighted(array, &self.hashes, sum);
            }
        }
        for row in &self.hashes {
            self.sums[0] = self.sums[0].wrapping_add(*row);
            self.sums[1] = self.sums[1].wrapping_add(hash::step(*row, hash::START));
        }
        self.rows += batch.num_rows() as u64;
        self.arrow_bytes += bytes;
        Ok(())
    }

    /// Adds the rows of another digest of the same columns.
    pub fn add(&mut self, other: ResultDigest) {
        self.rows += other.rows;
        self.arrow_bytes += other.arrow_bytes;
        for (sum, more) in self.sums.iter_mut().zip(other.sums) {
            *sum = sum.wrapping_add(more);
        }
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            if let (Comparison::Sum(sum), Comparison::Sum(more)) = (column, more) {
                sum.add(more.total());
            }
        }
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the logical bytes, by the rules of [`logical_bytes`].
    pub fn arrow_bytes(&self) -> u64 {
        self.arrow_bytes
    }

    /// Returns the checksum. Its `approximate` has one number for each column that is compared by
    /// its sum, in column order.
    pub fn finish(self) -> Checksum {
        let [first, second] = self.sums.map(|sum| hash::step(sum, self.rows));
        let approximate = self.columns.iter().filter_map(|column| match column {
            Comparison::Bits => None,
            Comparison::Sum(sum) => Some(sum.total()),
        });
        Checksum {
            exact: format!("{first:016x}{second:016x}"),
            approximate: approximate.collect(),
        }
    }
}

/// Adds the finite values of a column of floats to a sum. The weight of each value is between 0.5
/// and 1.5 and depends on the rest of its row; it shows if values have changed rows.
///
/// The summand of a value x is |x| + x / 2. It differs between x and -x, and it is never negative:
/// the sum's relative error is therefore no larger than that of the values.
fn add_weighted(array: &dyn Array, hashes: &[u64], sum: &mut CompensatedSum) {
    let mut add = |row: usize, value: f64| {
        if value.is_finite() && array.is_valid(row) {
            let weight = 0.5 + (hashes[row] >> 11) as f64 / (1_u64 << 53) as f64;
            sum.add(weight * (value.abs() + value / 2.0));
        }
    };
    match array.data_type() {
        DataType::Float16 => {
            array
                .as_primitive::<Float16Type>()
                .values()
                .iter()
                .enumerate()
                .for_each(|(row, v)| add(row, v.to_f64()));
        }
        DataType::Float32 => {
            array
                .as_primitive::<Float32Type>()
                .values()
                .iter()
                .enumerate()
                .for_each(|(row, v)| add(row, (*v).into()));
        }
        DataType::Float64 => {
            array
                .as_primitive::<Float64Type>()
                .values()
                .iter()
                .enumerate()
                .for_each(|(row, v)| add(row, *v));
        }
        // Not reached, because the schema has floats here.
        _ => {}
    }
}

/// Neumaier's sum ("Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM
/// 54, 1974), whose error does not grow with the number of values.
#[derive(Default)]
struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    fn total(&self) -> f64 {
        // If the sum is infinite, the compensation is NaN.
        if self.sum.is_finite() {
            self.sum + self.lost
        } else {
            self.sum
        }
    }
}
