//! Intervals, of which the reader keeps only a part.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, IntervalUnit, Schema};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::basic::ConvertedType;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::data_type::{AsBytes, FixedLenByteArray};
use parquet::errors::ParquetError;

use super::chunk::positive;
use super::error::FileError;
use super::pages::page_reader;
use super::reader::read_footer;

/// Number of intervals that are read at a time.
const INTERVALS: usize = 8192;

/// Returns a reason to refuse a file if the reader would drop a part of its intervals: it reads
/// either months, or days and milliseconds. None if nothing would be lost. `path` is the file's
/// name in errors.
///
/// # Errors
///
/// A footer or a page that cannot be read.
pub(crate) async fn dropped_of_intervals(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
    schema: &Schema,
) -> Result<Option<String>, FileError> {
    let (_, footer) = read_footer(store, object, path).await?;
    let descriptor = footer.file_metadata().schema_descr_ptr();
    let mut place = (String::new(), 0);
    for (index, leaf) in descriptor.columns().iter().enumerate() {
        let root = leaf.path().parts().first().cloned().unwrap_or_default();
        place = match place {
            (last, place) if last == root => (root.clone(), place + 1),
            _ => (root.clone(), 0),
        };
        if leaf.converted_type() != ConvertedType::INTERVAL {
            continue;
        }
        let (read, lost, dropped) = match units_of(schema, &root).get(place.1).copied().flatten() {
            Some(IntervalUnit::YearMonth) => ("months", "days and milliseconds", 4..12),
            Some(IntervalUnit::DayTime) => ("days and milliseconds", "months", 0..4),
            _ => continue,
        };
        for group in footer.row_groups() {
            let (chunk, rows) = (group.column(index), positive(group.num_rows()));
            let Some(pages) = page_reader(store, object, path, chunk, rows).await? else {
                continue;
            };
            let reader = get_column_reader(chunk.column_descr_ptr(), Box::new(pages));
            let found = holds_bytes(reader, &dropped).map_err(|source| FileError::Parquet {
                path: path.to_owned(),
                source,
            })?;
            if found {
                return Ok(Some(format!(
                    "column `{root}` has intervals with {lost}; parquet-rs, which this program \
                     reads with, reads {read} of them and would drop the rest"
                )));
            }
        }
    }
    Ok(None)
}

/// Returns true if a value of a column has a byte other than 0 at one of these places.
fn holds_bytes(reader: ColumnReader, places: &Range<usize>) -> Result<bool, ParquetError> {
    let ColumnReader::FixedLenByteArrayColumnReader(mut column) = reader else {
        return Ok(false);
    };
    let is_set = |value: &FixedLenByteArray| {
        let bytes = value.as_bytes().get(places.clone());
        bytes.is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0))
    };
    let mut values: Vec<FixedLenByteArray> = Vec::new();
    loop {
        values.clear();
        // The levels must be read too, although they are not used.
        let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
        let (records, _, _) = column.read_records(
            INTERVALS,
            Some(&mut definitions),
            Some(&mut repetitions),
            &mut values,
        )?;
        if values.iter().any(is_set) {
            return Ok(true);
        }
        if records == 0 {
            return Ok(false);
        }
    }
}

/// Returns true if a column is or contains an interval.
pub(crate) fn holds_intervals(schema: &Schema) -> bool {
    let mut units = Vec::new();
    for field in schema.fields() {
        add_units(&mut units, field.data_type());
    }
    units.iter().any(Option::is_some)
}

/// Returns the units of a column's leaves, in the order of the file. None for leaves that are no
/// intervals.
fn units_of(schema: &Schema, column: &str) -> Vec<Option<IntervalUnit>> {
    let mut units = Vec::new();
    if let Ok(field) = schema.field_with_name(column) {
        add_units(&mut units, field.data_type());
    }
    units
}

/// Adds the unit of each leaf of a type: none if the leaf is no interval.
fn add_units(units: &mut Vec<Option<IntervalUnit>>, data_type: &DataType) {
    match data_type {
        DataType::Interval(unit) => units.push(Some(*unit)),
        DataType::Struct(fields) => {
            for field in fields {
                add_units(units, field.data_type());
            }
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => add_units(units, item.data_type()),
        _ => units.push(None),
    }
}
