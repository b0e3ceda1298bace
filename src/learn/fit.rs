//! Choosing how a column is drawn: candidates are generated, written, and compared with the original.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::{cast, concat, filter};
use arrow::datatypes::{DataType, Field, Float64Type};
use serde_json::{Map, Value as Json, json};

use super::numbers::{self, Candidates};
use super::series::{Counts, Piece, Series};
use super::shape::{Shape, Single};
use super::text;
use super::{LearnError, dataset_of};
use crate::config::{Codec, Column, Layout, VectorLayout};
use crate::content::ColumnGenerator;
use crate::dataset::chunk_bytes;

/// Keys of a column or of its distribution, as a config has them.
pub(super) type Keys = Map<String, Json>;

/// The codecs that a look-alike is fitted by: no compression, matches alone, and matches with entropy coding.
const FITTED: [Codec; 3] = [Codec::None, Codec::Snappy, Codec::Zstd(3)];

/// Most rows and bytes of a piece that candidates are generated for, and most pieces.
const FITTED_ROWS: usize = 16_384;
const FITTED_BYTES: usize = 4 << 20;
const FITTED_PIECES: usize = 3;

/// Most elements of a piece that are looked at one by one.
const MOST_ELEMENTS: usize = 131_072;

/// What the likeness of a candidate is made of besides sizes: the distance of the distributions (Kolmogorov and Smirnov's,
/// for numbers) and of the counts of different values, as logarithms.
const SHAPE_WEIGHT: f64 = 0.5;
const DISTINCT_WEIGHT: f64 = 0.1;

/// A candidate that comes later in the list must be better by so much, as the first ones are simpler.
const SIMPLICITY: f64 = 0.002;

/// How columns are fitted.
#[derive(Debug, Clone)]
pub(super) struct Fitting {
    /// `dataset.parquet` without its columns.
    pub(super) layout: Keys,
    /// The column's own `parquet`.
    pub(super) chunk: Keys,
    /// Of the column, which masked names follow from.
    pub(super) name: String,
    pub(super) keep_values: bool,
    pub(super) seed: u64,
}

/// How the values of a series are drawn: the keys of a column but for its name.
pub(super) fn fit(series: &Series, shape: &Shape, fitting: &Fitting) -> Result<Keys, LearnError> {
    let mut keys = Keys::new();
    match shape {
        Shape::Single(single) => {
            let nulls = nulls_of(series);
            keys = Fitter::new(single, 1, nulls, series, fitting)?.keys(series, single)?;
        }
        Shape::Vector(single, size) => {
            let (nulls, values) = (nulls_of(series), flattened(series, *size as f64)?);
            keys = Fitter::new(single, *size, nulls, &values, fitting)?.keys(&values, single)?;
        }
        Shape::List(item) => {
            let lengths = list_lengths(series);
            let mean = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
            let values = flattened(series, mean)?;
            keys.insert("dtype".to_owned(), json!("list"));
            keys.insert(
                "item".to_owned(),
                Json::Object(fit(&values, item, fitting)?),
            );
            let mut drawn = Keys::new();
            drawn.insert("length".to_owned(), text::length_keys(&lengths, 0));
            drawn.extend(nulls_of(series));
            keys.insert("distribution".to_owned(), Json::Object(drawn));
        }
        Shape::Struct(fields) => {
            let mut list = Vec::with_capacity(fields.len());
            for (index, (name, shape)) in fields.iter().enumerate() {
                let values = series.map(series.rows, |piece| {
                    let array = piece.array.as_struct();
                    let values = array.column(index);
                    // What a struct that is null holds is null too, and is not counted twice.
                    let array = match array.nulls() {
                        Some(nulls) => {
                            filter(values, &BooleanArray::new(nulls.inner().clone(), None))?
                        }
                        None => Arc::clone(values),
                    };
                    Ok(Piece {
                        first: piece.first,
                        array,
                    })
                })?;
                let mut field = Keys::new();
                field.insert("name".to_owned(), json!(name));
                field.extend(fit(&values, shape, fitting)?);
                list.push(Json::Object(field));
            }
            keys.insert("dtype".to_owned(), json!("struct"));
            keys.insert("fields".to_owned(), Json::Array(list));
            let drawn = nulls_of(series);
            if !drawn.is_empty() {
                keys.insert("distribution".to_owned(), Json::Object(drawn));
            }
        }
    }
    Ok(keys)
}

/// The keys of a column's type, with what they need besides.
pub(super) fn bare(shape: &Shape) -> Keys {
    match shape {
        Shape::Single(single) => type_keys(single, 1),
        Shape::Vector(single, size) => type_keys(single, *size),
        Shape::List(item) => keys_of(json!({
            "dtype": "list", "item": bare(item), "distribution": { "length": { "max": 1 } },
        })),
        Shape::Struct(fields) => {
            let fields: Vec<Keys> = fields
                .iter()
                .map(|(name, shape)| {
                    let mut keys = keys_of(json!({ "name": name }));
                    keys.extend(bare(shape));
                    keys
                })
                .collect();
            keys_of(json!({ "dtype": "struct", "fields": fields }))
        }
    }
}

fn type_keys(single: &Single, vector: u64) -> Keys {
    let mut keys = keys_of(json!({ "dtype": single.dtype.to_string() }));
    if let Some(zone) = &single.time_zone {
        keys.insert("time_zone".to_owned(), json!(zone));
    }
    if vector > 1 {
        keys.insert("size".to_owned(), json!(vector));
    }
    keys
}

/// `null_fraction`, where there are nulls.
fn nulls_of(series: &Series) -> Keys {
    let mut keys = Keys::new();
    let share = series.null_fraction();
    if share > 0.0 {
        keys.insert("null_fraction".to_owned(), json!(rounded(share)));
    }
    keys
}

/// Four significant digits.
pub(super) fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

fn list_lengths(series: &Series) -> Vec<f64> {
    let mut lengths = Vec::new();
    for piece in &series.pieces {
        let list = piece.array.as_list::<i32>();
        lengths.extend(
            (0..list.len())
                .filter(|row| list.is_valid(*row))
                .map(|row| list.value_length(row) as f64),
        );
    }
    lengths
}

/// The elements of lists and vectors, as a column of its own.
fn flattened(series: &Series, mean_length: f64) -> Result<Series, LearnError> {
    let rows = (series.rows as f64 * mean_length).round().max(1.0) as u64;
    Ok(series.map(rows, |piece| {
        let lists = &piece.array;
        let rows = (0..lists.len()).filter(|row| lists.is_valid(*row));
        let (valid, item): (Vec<ArrayRef>, DataType) = match lists.data_type() {
            DataType::FixedSizeList(..) => {
                let list = lists.as_fixed_size_list();
                (rows.map(|row| list.value(row)).collect(), list.value_type())
            }
            _ => {
                let list = lists.as_list::<i32>();
                (rows.map(|row| list.value(row)).collect(), list.value_type())
            }
        };
        let array = joined(&valid, item)?;
        Ok(Piece {
            first: (piece.first as f64 * mean_length) as u64,
            array: array.slice(0, array.len().min(MOST_ELEMENTS)),
        })
    })?)
}

fn joined(arrays: &[ArrayRef], data_type: DataType) -> Result<ArrayRef, arrow::error::ArrowError> {
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    match arrays.is_empty() {
        true => Ok(arrow::array::new_empty_array(&data_type)),
        false => concat(&arrays),
    }
}

/// The first rows of some pieces; of rows that are very large, one.
pub(super) fn some_rows(series: &Series) -> Vec<Piece> {
    let step = series.pieces.len().div_ceil(FITTED_PIECES).max(1);
    let pieces = series.pieces.iter().step_by(step);
    let mut found: Vec<Piece> = Vec::new();
    let mut room = FITTED_PIECES * FITTED_BYTES;
    for piece in pieces.filter(|piece| !piece.array.is_empty()) {
        let rows = piece.array.len();
        let row_bytes = (piece.array.get_array_memory_size() / rows).max(1);
        // Each candidate is generated and written for all of these.
        if !found.is_empty() && row_bytes > room {
            break;
        }
        let most = (FITTED_BYTES / row_bytes).clamp(1, FITTED_ROWS).min(rows);
        room = room.saturating_sub(row_bytes * most);
        found.push(Piece {
            first: piece.first,
            array: piece.array.slice(0, most),
        });
    }
    found
}

/// Compares candidates with the original.
pub(super) struct Fitter<'a> {
    /// `dtype` and what belongs to it.
    base: Keys,
    /// Numbers in a row, each of them a value here.
    vector: u64,
    nulls: Keys,
    fitting: &'a Fitting,
    pieces: Vec<Piece>,
    rows: u64,
    sizes: Vec<u64>,
    numbers: Vec<f64>,
    /// Of all sampled rows.
    pub(super) counts: Counts,
    /// Of `pieces`.
    fitted_distinct: usize,
}

impl<'a> Fitter<'a> {
    fn new(
        single: &Single,
        vector: u64,
        nulls: Keys,
        series: &Series,
        fitting: &'a Fitting,
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

    /// The keys of a column of this type.
    fn keys(&self, series: &Series, single: &Single) -> Result<Keys, LearnError> {
        let drawn = if self.counts.distinct() == 0 {
            // Nothing but nulls, or nothing at all.
            self.with_nulls(Keys::new())
        } else if single.dtype.is_text() {
            text::fit(self, series, single)?
        } else {
            let Candidates { keys, shift } =
                numbers::candidates(series, single, &self.counts, self.fitting)?;
            self.nearest(keys, shift)?.1
        };
        let mut keys = self.base.clone();
        keys.extend(drawn);
        Ok(keys)
    }

    /// The keys of a column that is drawn so, nulls included.
    fn with_nulls(&self, mut drawn: Keys) -> Keys {
        let mut keys = Keys::new();
        // Size is a key of the column.
        if let Some(size) = drawn.remove("size") {
            keys.insert("size".to_owned(), size);
        }
        drawn.extend(self.nulls.clone());
        if !drawn.is_empty() {
            keys.insert("distribution".to_owned(), Json::Object(drawn));
        }
        keys
    }

    /// A column of these keys, and its layout; none where a config would refuse it.
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
            // A vector's numbers are compared one by one, and are null together.
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

    /// The keys of the candidate that is most like the original, its own and those of the column, nulls included.
    pub(super) fn best(&self, candidates: Vec<Keys>) -> Result<(Keys, Keys), LearnError> {
        self.nearest(candidates, 0.0)
    }

    /// The same of candidates whose numbers were moved by `shift`.
    fn nearest(&self, candidates: Vec<Keys>, shift: f64) -> Result<(Keys, Keys), LearnError> {
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
        // A type's default fits where nothing else does.
        Ok(best.map_or_else(
            || (Keys::new(), self.with_nulls(Keys::new())),
            |(_, candidate, keys)| (candidate, keys),
        ))
    }

    /// How unlike the original the column is; none where it cannot be generated.
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

/// Rows `first..first + count` of a generator, in one array.
pub(super) fn generated(
    generator: &ColumnGenerator,
    first: u64,
    count: usize,
) -> Result<ArrayRef, LearnError> {
    let most = generator.max_rows_per_array();
    let arrays: Vec<ArrayRef> = (0..count)
        .step_by(most)
        .map(|at| generator.range(first + at as u64, most.min(count - at)))
        .collect();
    Ok(joined(&arrays, generator.field().data_type().clone())?)
}

/// Compressed bytes of the arrays, each a column chunk of its own, by codec.
pub(super) fn sizes(
    arrays: &[ArrayRef],
    layout: &Layout,
    codecs: &[Codec],
    nullable: bool,
) -> Result<Vec<u64>, LearnError> {
    codecs
        .iter()
        .map(|codec| {
            let mut layout = layout.clone();
            layout.chunk.codec = *codec;
            for chunk in layout.columns.values_mut() {
                chunk.codec = *codec;
            }
            layout.sort_by.clear();
            let mut bytes = 0;
            for array in arrays.iter().filter(|array| !array.is_empty()) {
                let name = layout
                    .columns
                    .keys()
                    .next()
                    .map_or("column", String::as_str);
                let field = Field::new(name, array.data_type().clone(), nullable);
                bytes += chunk_bytes(&field, &layout, std::slice::from_ref(array))?;
            }
            Ok(bytes)
        })
        .collect()
}

/// Values of arrays of numbers, ascending; none for other types.
fn sorted_numbers(arrays: &[ArrayRef]) -> Vec<f64> {
    let mut numbers: Vec<f64> = arrays.iter().flat_map(numbers_of).flatten().collect();
    numbers.retain(|number| number.is_finite());
    numbers.sort_unstable_by(f64::total_cmp);
    numbers
}

/// Numbers of numeric, temporal and decimal arrays, dates and decimals in their own units; nothing for other types.
pub(super) fn numbers_of(array: &ArrayRef) -> Vec<Option<f64>> {
    let plain = match array.data_type() {
        DataType::Date32 => cast(array, &DataType::Int32),
        DataType::Timestamp(..) => cast(array, &DataType::Int64),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary => return Vec::new(),
        DataType::Decimal128(..) => {
            let values = array.as_primitive::<arrow::datatypes::Decimal128Type>();
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

/// The largest distance of two empirical distribution functions; both lists ascend.
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

/// Keys of an object.
pub(super) fn keys_of(json: Json) -> Keys {
    match json {
        Json::Object(keys) => keys,
        _ => Keys::new(),
    }
}

/// The same keys with more of them.
pub(super) fn with(keys: &Keys, more: Json) -> Keys {
    let mut keys = keys.clone();
    keys.extend(keys_of(more));
    keys
}

/// How often each of these was seen, the rarest too, as weights: shares with four digits.
pub(super) fn weights<K: Ord>(counts: &BTreeMap<K, usize>) -> Vec<f64> {
    let total: usize = counts.values().sum();
    counts
        .values()
        .map(|count| rounded(*count as f64 / total.max(1) as f64))
        .collect()
}
