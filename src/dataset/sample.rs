//! Amounts of data in all rows of a generated column: exact if values have one size, else estimated
//! from a sample, with a margin.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

use crate::config::{Column, Distribution};
use crate::content::ColumnGenerator;
use crate::random::Key;

/// Largest number of rows, and of bytes of values, in the sample of a column.
const MOST_ROWS: u64 = 8192;
const MOST_BYTES: u64 = 8 << 20;

/// Smallest size of a text in a bound, in bytes, because numbered names contain digits.
pub(crate) const LEAST_TEXT: f64 = 20.0;

/// Logarithm of three over the probability that a bound from a sample is too low, which is 10^-9.
const LOG_OF_DOUBT: f64 = 22.0;

/// Upper bounds for the data of a leaf in a number of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct LeafBounds {
    /// Number of values, nulls and empty lists.
    pub(crate) levels: f64,
    /// Number of values without nulls.
    pub(crate) values: f64,
    /// Bytes of these values, if they are strings or binary.
    pub(crate) bytes: f64,
}

/// Returns upper bounds for each leaf of a column in `rows` rows, in the order of the file's
/// columns.
pub(crate) fn held(generator: &ColumnGenerator, column: &Column, rows: u64) -> Vec<LeafBounds> {
    let most = generator.most_per_row();
    let valid = most_valid(column, rows);
    if let (true, [only]) = (has_one_size(column), most) {
        let values = valid * only.values as f64;
        let levels = match only.values {
            1 => rows as f64,
            _ if column.null_fraction > 0.0 => values + rows as f64,
            _ => values,
        };
        return vec![LeafBounds {
            levels,
            values,
            bytes: valid * only.bytes as f64,
        }];
    }
    let chosen = chosen_rows(rows, generator);
    let array = generator.rows(&chosen);
    let starts: Vec<usize> = (0..=chosen.len()).collect();
    let mut moments = Vec::new();
    add_moments(&array, &starts, &vec![0; chosen.len()], &mut moments);
    let (all, looked_at) = (rows as f64, chosen.len() as f64);
    let text = column.dtype.is_text();
    most.iter()
        .zip(&moments)
        .map(|(most, found)| {
            let (values, bytes) = (most.values as f64, (most.bytes as f64).max(LEAST_TEXT));
            let upper = |moment: &Moment, most: f64| moment.upper(all, looked_at, most);
            let held = LeafBounds {
                levels: upper(&found.levels, values),
                values: upper(&found.values, values),
                bytes: upper(&found.bytes, bytes),
            };
            match text {
                true => LeafBounds {
                    values: held.values.min(valid),
                    bytes: held.bytes.min(valid * bytes),
                    ..held
                },
                false => held,
            }
        })
        .collect()
}

/// Returns true if all values of a column except nulls have the same size.
fn has_one_size(column: &Column) -> bool {
    match column.dtype.is_text() {
        true => {
            let sized = matches!(
                column.distribution,
                Distribution::Uniform { .. } | Distribution::Compressible { .. }
            );
            sized && column.length.is_none()
        }
        false => !column.dtype.is_nested(),
    }
}

/// Returns an upper bound for the rows that are not null: the mean plus seven standard deviations.
/// Nulls occur in runs if values do.
fn most_valid(column: &Column, rows: u64) -> f64 {
    let (rows, valid) = (rows as f64, 1.0 - column.null_fraction);
    let run = column.run_length.max(1.0);
    let spread = (2.0 * run * rows * valid * (1.0 - valid)).sqrt();
    (rows * valid + 7.0 * spread + 30.0 * run).min(rows)
}

/// Returns all rows if they are few, else one random row out of each of as many stretches of equal
/// length.
fn chosen_rows(rows: u64, generator: &ColumnGenerator) -> Vec<u64> {
    let bytes = generator.arrow_bytes_per_row().max(1.0) as u64;
    let most = MOST_ROWS
        .min(MOST_BYTES / bytes.max(1))
        .min(generator.max_rows_per_array() as u64)
        .clamp(1, rows.max(1));
    let start = |stretch: u64| {
        let product = u128::from(rows) * u128::from(stretch);
        u64::try_from(product / u128::from(most)).unwrap_or(u64::MAX)
    };
    (0..most.min(rows))
        .map(|stretch| {
            let (first, end) = (start(stretch), start(stretch + 1));
            first + Key(0).word(stretch + 1) % (end - first).max(1)
        })
        .collect()
}

/// Sums over the rows of a sample.
#[derive(Default)]
struct Moment {
    sum: f64,
    squares: f64,
}

impl Moment {
    fn add(&mut self, number: usize) {
        self.sum += number as f64;
        self.squares += (number as f64).powi(2);
    }

    /// Returns an upper bound for the sum over `all` rows, none of which has more than `most`, by
    /// the empirical Bernstein bound [Maurer & Pontil 2009].
    fn upper(&self, all: f64, looked_at: f64, most: f64) -> f64 {
        if looked_at >= all {
            return self.sum;
        }
        let mean = self.sum / looked_at;
        let variance = (self.squares / looked_at - mean * mean).max(0.0);
        let margin = (2.0 * variance * LOG_OF_DOUBT / looked_at).sqrt()
            + 3.0 * most * LOG_OF_DOUBT / looked_at;
        all * (mean + margin).min(most)
    }
}

#[derive(Default)]
struct Moments {
    levels: Moment,
    values: Moment,
    bytes: Moment,
}

/// Adds the leaves of an array. Row r of the sample has the elements from `starts[r]` to before
/// `starts[r + 1]`, and additionally `empty[r]` lists without elements.
fn add_moments(array: &ArrayRef, starts: &[usize], empty: &[usize], found: &mut Vec<Moments>) {
    match array.data_type() {
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                add_moments(column, starts, empty, found);
            }
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.offsets();
            let at = |row: usize| usize::try_from(offsets[row]).unwrap_or(0);
            let inner: Vec<usize> = starts.iter().map(|start| at(*start)).collect();
            let empty: Vec<usize> = starts
                .windows(2)
                .zip(empty)
                .map(|(ends, empty)| {
                    let lists = ends[0]..ends[1];
                    empty + lists.filter(|list| at(*list) == at(list + 1)).count()
                })
                .collect();
            add_moments(list.values(), &inner, &empty, found);
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).unwrap_or(0);
            let inner: Vec<usize> = starts.iter().map(|start| start * size).collect();
            add_moments(array.as_fixed_size_list().values(), &inner, empty, found);
        }
        _ => {
            let mut moments = Moments::default();
            for (ends, empty) in starts.windows(2).zip(empty) {
                let row = array.slice(ends[0], ends[1] - ends[0]);
                moments.levels.add(row.len() + empty);
                moments.values.add(row.len() - row.null_count());
                moments.bytes.add(text_bytes(&row));
            }
            found.push(moments);
        }
    }
}

/// Returns the bytes of strings and binary values; 0 for other types.
fn text_bytes(array: &ArrayRef) -> usize {
    fn span<O: TryInto<usize> + Copy>(offsets: &[O]) -> usize {
        let at = |offset: Option<&O>| offset.and_then(|it| (*it).try_into().ok()).unwrap_or(0);
        at(offsets.last()) - at(offsets.first())
    }
    match array.data_type() {
        DataType::Utf8 => span(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => span(array.as_string::<i64>().value_offsets()),
        DataType::Binary => span(array.as_binary::<i32>().value_offsets()),
        _ => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Overrides, Source, load};
    use crate::dataset::plan::{DatasetPlan, place};
    use crate::storage::Stores;

    const ROWS: u64 = 100_000;

    fn plan() -> DatasetPlan {
        let source = Source {
            origin: "x.yaml".to_owned(),
            text: "dataset: {num_files_train: 1, num_samples_per_file: 100000, parquet: {columns: [\
                   {name: fixed, dtype: string, size: 9, distribution: {kind: uniform, null_fraction: 0.5}}, \
                   {name: drawn, dtype: string, distribution: {kind: uniform, length: {min: 0, max: 99}}}, \
                   {name: words, dtype: string, distribution: {kind: words}}, \
                   {name: number, dtype: int32}, {name: vector, dtype: float32, size: 3}, \
                   {name: list, dtype: list, distribution: {length: {max: 5}, null_fraction: 0.2}, item: {dtype: string, size: 4}}]}}"
                .to_owned(),
            folder: None,
        };
        let config = load(&source, &Overrides::default()).unwrap();
        let dataset = config.variants[0].dataset.as_ref().unwrap();
        place(&Stores::default(), &[(dataset, None)])
            .unwrap()
            .remove(0)
    }

    #[test]
    fn a_sample_bounds_what_all_rows_hold_from_near_above() {
        let plan = plan();
        for column in &plan.spec.columns {
            let generator = plan.generator(&plan.tables[0], column).unwrap();
            let found = held(&generator, column, ROWS);
            let mut real = LeafBounds::default();
            for first in (0..ROWS).step_by(10_000) {
                let array = generator.range(first, 10_000);
                let starts: Vec<usize> = (0..=10_000).collect();
                let mut moments = Vec::new();
                add_moments(&array, &starts, &[0; 10_000], &mut moments);
                real.levels += moments[0].levels.sum;
                real.values += moments[0].values.sum;
                real.bytes += moments[0].bytes.sum;
            }
            assert_eq!(found.len(), 1, "{}", column.name);
            let [found] = found[..] else { continue };
            let mut pairs = vec![(found.levels, real.levels), (found.values, real.values)];
            if column.dtype.is_text() {
                pairs.push((found.bytes, real.bytes));
            }
            for (most, real) in pairs {
                let ratio = most / real;
                assert!(
                    (1.0..1.6).contains(&ratio),
                    "{}: {most} for {real}",
                    column.name
                );
            }
        }
    }
}
