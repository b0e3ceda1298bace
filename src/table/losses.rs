//! What the columns of a source lose or change when they are written anew, and what cannot be written.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef};
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{AsBytes, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use crate::dataset::leaves_by_root;

/// Values of intervals that are looked at together.
const INTERVALS: usize = 8192;

/// The first column that Parquet, or this writer of it, cannot hold, and why: seen by writing one null
/// of each type to nowhere.
pub(super) fn unwritable(schema: &Schema) -> Option<(String, String)> {
    let mut tried = HashSet::new();
    let mut fields = schema.fields().iter();
    fields.find_map(|field| {
        if !tried.insert(field.data_type()) {
            return None;
        }
        let field = field.as_ref().clone().with_nullable(true);
        let name = field.name().clone();
        let data_type = field.data_type().to_string();
        let written = catch_unwind(AssertUnwindSafe(|| write_null(field)));
        let reason = match written {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it is not supported".to_owned(),
        };
        Some((
            name,
            format!("{data_type} cannot be written as Parquet: {reason}"),
        ))
    })
}

fn write_null(field: Field) -> Result<(), ParquetError> {
    let null = new_null_array(field.data_type(), 1);
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![null])?;
    let mut writer = ArrowWriter::try_new(io::sink(), schema, None)?;
    writer.write(&batch)?;
    writer.close().map(|_| ())
}

/// How the leaves of a file's columns are annotated otherwise once they are written with `written`, a
/// sentence for each column.
pub(super) fn annotations(
    metadata: &ParquetMetaData,
    written: &SchemaRef,
) -> Result<Vec<String>, ParquetError> {
    let found = metadata.file_metadata().schema_descr();
    let becomes = ArrowSchemaConverter::new().convert(written)?;
    let mut notes = Vec::new();
    let (of, will) = (leaves_by_root(found), leaves_by_root(&becomes));
    for field in written.fields() {
        let leaves = |of: &HashMap<_, Vec<_>>| of.get(field.name().as_str()).cloned();
        let (of, will) = (
            leaves(&of).unwrap_or_default(),
            leaves(&will).unwrap_or_default(),
        );
        let changed = of.iter().zip(&will).find_map(|(was, is)| {
            let lost = annotation(was).filter(|lost| annotation(is) != Some(lost))?;
            Some((was, lost, is))
        });
        if let Some((was, lost, is)) = changed {
            notes.push(format!(
                "the source's column `{}` is annotated {lost}, and is written as {}",
                was.path().string(),
                annotation(is).map_or_else(|| is.physical_type().to_string(), str::to_owned)
            ));
        }
        if of
            .iter()
            .any(|leaf| leaf.physical_type() == PhysicalType::INT96)
        {
            notes.push(format!(
                "the source's column `{}` is INT96; it is read and written as microseconds, without what lies below them",
                field.name()
            ));
        }
    }
    Ok(notes)
}

/// A leaf's annotation, by one name for the old and the new kind; none of a plain number or of bytes.
/// The widths of integers, the digits of decimals and the units of times are in Arrow's types.
fn annotation(leaf: &ColumnDescriptor) -> Option<&'static str> {
    Some(match leaf.logical_type_ref() {
        Some(LogicalType::Uuid) => "UUID",
        Some(LogicalType::Json) => "JSON",
        Some(LogicalType::Bson) => "BSON",
        Some(LogicalType::Enum) => "ENUM",
        Some(LogicalType::String) => "STRING",
        Some(LogicalType::Variant(_)) => "VARIANT",
        Some(LogicalType::Geometry(_)) => "GEOMETRY",
        Some(LogicalType::Geography(_)) => "GEOGRAPHY",
        Some(LogicalType::Decimal(_)) => "DECIMAL",
        Some(LogicalType::Date) => "DATE",
        Some(LogicalType::Time(_)) => "TIME",
        Some(LogicalType::Timestamp(_)) => "TIMESTAMP",
        Some(LogicalType::Float16) => "FLOAT16",
        Some(_) | None => match leaf.converted_type() {
            ConvertedType::UTF8 => "STRING",
            ConvertedType::JSON => "JSON",
            ConvertedType::BSON => "BSON",
            ConvertedType::ENUM => "ENUM",
            ConvertedType::INTERVAL => "INTERVAL",
            ConvertedType::DECIMAL => "DECIMAL",
            ConvertedType::DATE => "DATE",
            ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => "TIME",
            ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => "TIMESTAMP",
            _ => return None,
        },
    })
}

/// What of a file's intervals the reader drops, as a reason to refuse the file: it reads either months
/// or days and milliseconds. None where there is nothing to drop.
pub(super) fn dropped_of_intervals(path: &Path, schema: &Schema) -> Result<Option<String>, String> {
    let unit = |name: &str| match schema.field_with_name(name).ok()?.data_type() {
        DataType::Interval(unit) => Some(*unit),
        // Within lists and structs, they are taken for days.
        data_type if data_type.is_nested() => Some(IntervalUnit::DayTime),
        _ => None,
    };
    let failed = |error: ParquetError| error.to_string();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(failed)?;
    let descriptor = reader.metadata().file_metadata().schema_descr_ptr();
    for (index, leaf) in descriptor.columns().iter().enumerate() {
        if leaf.converted_type() != ConvertedType::INTERVAL {
            continue;
        }
        let root = leaf.path().parts().first().cloned().unwrap_or_default();
        let dropped = match unit(&root) {
            Some(IntervalUnit::YearMonth) => 4..12,
            Some(IntervalUnit::DayTime) => 0..4,
            _ => continue,
        };
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group).map_err(failed)?;
            let ColumnReader::FixedLenByteArrayColumnReader(mut column) =
                group.get_column_reader(index).map_err(failed)?
            else {
                continue;
            };
            let mut values: Vec<FixedLenByteArray> = Vec::new();
            loop {
                values.clear();
                // Levels are read along, though nobody looks at them.
                let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
                let (records, _, _) = column
                    .read_records(
                        INTERVALS,
                        Some(&mut definitions),
                        Some(&mut repetitions),
                        &mut values,
                    )
                    .map_err(failed)?;
                let is_set = |value: &FixedLenByteArray| {
                    let bytes = value.as_bytes().get(dropped.clone());
                    bytes.is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0))
                };
                if values.iter().any(is_set) {
                    let (read, lost) = match dropped.start {
                        0 => ("days and milliseconds", "months"),
                        _ => ("months", "days and milliseconds"),
                    };
                    return Ok(Some(format!(
                        "column `{root}` has intervals with {lost}; parquet-rs, which this program reads with, reads \
                         {read} of them and would drop the rest"
                    )));
                }
                if records == 0 {
                    break;
                }
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use arrow::datatypes::{UnionFields, UnionMode};

    #[test]
    fn types_that_parquet_cannot_hold_are_named_with_their_column() {
        let fields = UnionFields::from_fields(vec![Field::new("a", DataType::Int32, true)]);
        let union = DataType::Union(fields, UnionMode::Sparse);
        let months = DataType::Interval(IntervalUnit::MonthDayNano);
        for bad in [union, months] {
            let schema = Schema::new(vec![
                Field::new("good", DataType::Utf8, false),
                Field::new("bad", bad, true),
            ]);
            let (column, reason) = unwritable(&schema).unwrap();
            assert_eq!(column, "bad");
            assert!(reason.contains("cannot be written as Parquet"), "{reason}");
        }
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let good = Schema::new(vec![
            Field::new("d", dictionary, true),
            Field::new("n", DataType::Null, true),
            Field::new("t", DataType::Decimal256(60, 3), true),
        ]);
        assert_eq!(unwritable(&good), None);
    }
}
