//! Chooses how the values of a column are drawn, for all types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::DataType;
use serde_json::{Value as Json, json};

use super::error::LearnError;
use super::fitter::{FitSettings, Fitter};
use super::keys::{Keys, rounded, type_keys};
use super::numbers::{self, Candidates};
use super::series::{Piece, Series, joined};
use super::shape::{Shape, Single};
use super::text;

/// Most elements per piece that are looked at one by one.
const MOST_ELEMENTS: usize = 131_072;

/// Chooses how the values of a series are drawn. Returns all keys of its column except the name.
pub(super) fn fit(
    series: &Series,
    shape: &Shape,
    fitting: &FitSettings,
) -> Result<Keys, LearnError> {
    let mut keys = Keys::new();
    match shape {
        Shape::Single(single) => {
            let nulls = nulls_of(series);
            keys = single_keys(series, single, 1, nulls, fitting)?;
        }
        Shape::Vector(single, size) => {
            let (nulls, values) = (nulls_of(series), flattened(series, *size as f64)?);
            keys = single_keys(&values, single, *size, nulls, fitting)?;
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
                    // The values below a null struct are nulls too, and must not be counted twice.
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

/// Returns the keys of a column of single values, with `vector` of them in each row.
fn single_keys(
    series: &Series,
    single: &Single,
    vector: u64,
    nulls: Keys,
    fitting: &FitSettings,
) -> Result<Keys, LearnError> {
    let fitter = Fitter::new(single, vector, nulls, series, fitting)?;
    let drawn = if fitter.counts.distinct() == 0 {
        // The column holds nulls only, or no rows.
        fitter.with_nulls(Keys::new())
    } else if single.dtype.is_text() {
        text::fit(&fitter, series, single)?
    } else {
        let Candidates { keys, shift } =
            numbers::candidates(series, single, &fitter.counts, fitting)?;
        fitter.nearest(keys, shift)?.1
    };
    let mut keys = type_keys(single, vector);
    keys.extend(drawn);
    Ok(keys)
}

/// Returns `null_fraction` if there are nulls, else no key.
fn nulls_of(series: &Series) -> Keys {
    let mut keys = Keys::new();
    let share = series.null_fraction();
    if share > 0.0 {
        keys.insert("null_fraction".to_owned(), json!(rounded(share)));
    }
    keys
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

/// Returns the elements of lists and vectors as a series of their own.
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
