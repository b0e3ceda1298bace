//! Finds the smallest and the largest value of a column, as text, from the statistics of row
//! groups.

use arrow::array::{Array, ArrayRef};
use arrow::compute::{SortOptions, cast, concat, sort};
use arrow::datatypes::{DataType, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

use super::facts::shortened;

/// Minima and maxima of a leaf, with an array for each file.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    minima: Vec<ArrayRef>,
    maxima: Vec<ArrayRef>,
}

impl Bounds {
    /// Adds the bounds of a file, if the leaf is a column of its own.
    pub(crate) fn add(&mut self, footer: &ParquetMetaData, schema: &Schema, leaf: &str) {
        let descriptor = footer.file_metadata().schema_descr();
        let Ok(converter) = StatisticsConverter::try_new(leaf, schema, descriptor) else {
            return;
        };
        let groups = || footer.row_groups().iter();
        if let (Ok(minima), Ok(maxima)) = (
            converter.row_group_mins(groups()),
            converter.row_group_maxes(groups()),
        ) {
            self.minima.push(minima);
            self.maxima.push(maxima);
        }
    }

    /// Returns the smallest of all values. None if it is unknown.
    pub(crate) fn min(&self) -> Option<String> {
        first_of(&self.minima, false)
    }

    /// Returns the largest of all values. None if it is unknown.
    pub(crate) fn max(&self) -> Option<String> {
        first_of(&self.maxima, true)
    }
}

/// Returns the first value in order, as text.
fn first_of(arrays: &[ArrayRef], descending: bool) -> Option<String> {
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    let options = SortOptions {
        descending,
        nulls_first: false,
    };
    let sorted = sort(&concat(&arrays).ok()?, Some(options)).ok()?;
    if sorted.is_empty() || sorted.is_null(0) {
        return None;
    }
    let options = FormatOptions::new().with_display_error(false);
    let text = ArrayFormatter::try_new(&sorted, &options)
        .and_then(|formatter| formatter.value(0).try_to_string())
        // A date or a time outside of the calendar is shown as a number.
        .or_else(|_| {
            let number = cast(&sorted.slice(0, 1), &DataType::Int64)?;
            let formatter = ArrayFormatter::try_new(&number, &options)?;
            formatter.value(0).try_to_string()
        });
    text.ok().map(|text| shortened(&text))
}
