//! Statistics of a file, as the engine may use them.

use std::collections::HashMap;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use parquet::file::metadata::ParquetMetaData;

use super::error::TableError;
use super::unify::same_values;
use crate::files::impossible_columns;

/// Returns the statistics in a file's footer, which the engine prunes and answers by. `types` are
/// the types of the file's columns, as the engine reads them. Statistics are left out for columns
/// that are read as a wider type, as the engine would compare bounds of the file's type with bounds
/// of the table's type. They are also left out if no values can have such statistics, as the
/// planner fails over them.
pub(super) fn statistics(
    table: &str,
    footer: &ParquetMetaData,
    types: &HashMap<String, DataType>,
    file_schema: &SchemaRef,
) -> Result<Statistics, TableError> {
    let found = DFParquetMetadata::statistics_from_parquet_metadata(footer, file_schema);
    let mut statistics = found.map_err(|source| TableError::Engine {
        table: table.to_owned(),
        source,
    })?;
    let impossible = impossible_columns(footer);
    let fields = file_schema.fields().iter();
    for (field, column) in fields.zip(&mut statistics.column_statistics) {
        let stored = types.get(field.name());
        let bounds = (column.min_value.get_value(), column.max_value.get_value());
        let swapped = matches!(bounds, (Some(min), Some(max)) if !max.is_null() && min > max);
        if stored.is_some_and(|stored| !same_values(stored, field.data_type()))
            || impossible.contains(field.name().as_str())
            || swapped
        {
            *column = ColumnStatistics::new_unknown();
        }
    }
    Ok(statistics)
}
