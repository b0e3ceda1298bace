//! What the columns of a source lose or change when they are written anew, and what cannot be
//! written.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{AsBytes, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, Type as SchemaType};

use crate::dataset::leaves_by_root;

/// Values of intervals that are looked at together.
const INTERVALS: usize = 8192;

/// The first column that Parquet, or this writer of it, cannot hold, and why: seen by writing one
/// null of each type, and reading it.
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
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema, None)?;
    writer.write(&batch)?;
    writer.close()?;
    // What is nested too deep is written, and cannot be read.
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file))?.build()?;
    for batch in reader {
        batch?;
    }
    Ok(())
}

/// How a part of a column is annotated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Annotation {
    /// The column's name, and the path of the part.
    root: String,
    path: String,
    /// Place among the column's leaves; none of a group.
    leaf: Option<usize>,
    name: &'static str,
}

/// What INT96 is called among the annotations.
const INT96: &str = "INT96";

/// Adds the annotations of a file's columns.
pub(super) fn add_annotations(found: &mut BTreeSet<Annotation>, metadata: &ParquetMetaData) {
    let descriptor = metadata.file_metadata().schema_descr();
    for (root, leaves) in leaves_by_root(descriptor) {
        for (place, leaf) in leaves.into_iter().enumerate() {
            let int96 = leaf.physical_type() == PhysicalType::INT96;
            if let Some(name) = int96.then_some(INT96).or_else(|| annotation(leaf)) {
                found.insert(Annotation {
                    root: root.to_owned(),
                    path: leaf.path().string(),
                    leaf: Some(place),
                    name,
                });
            }
        }
    }
    for field in descriptor.root_schema().get_fields() {
        if has_variant(field) {
            found.insert(Annotation {
                root: field.name().to_owned(),
                path: field.name().to_owned(),
                leaf: None,
                name: "VARIANT",
            });
        }
    }
}

fn has_variant(part: &SchemaType) -> bool {
    let own = part.get_basic_info().logical_type_ref();
    matches!(own, Some(LogicalType::Variant(_)))
        || (part.is_group() && part.get_fields().iter().any(|part| has_variant(part)))
}

/// Which annotations are others once the columns are written with `written`, a sentence for each.
pub(super) fn changed_annotations(
    found: &BTreeSet<Annotation>,
    written: &SchemaRef,
) -> Result<Vec<String>, ParquetError> {
    let becomes = ArrowSchemaConverter::new().convert(written)?;
    let becomes = leaves_by_root(&becomes);
    let mut notes = Vec::new();
    for Annotation { path, name, .. } in found.iter().filter(|it| it.name == INT96) {
        notes.push(format!(
            "the source's column `{path}` is {name}; it is read and written as microseconds, without what lies below them"
        ));
    }
    for part in found.iter().filter(|it| it.name != INT96) {
        let leaves = becomes.get(part.root.as_str());
        let leaf = part.leaf.and_then(|place| leaves?.get(place).copied());
        let is = leaf.and_then(annotation);
        if is != Some(part.name) {
            let is = is
                .map(str::to_owned)
                .or_else(|| Some(leaf?.physical_type().to_string()));
            notes.push(format!(
                "the source's column `{}` is annotated {}, and is written as {}",
                part.path,
                part.name,
                is.as_deref().unwrap_or("a plain group")
            ));
        }
    }
    Ok(notes)
}

/// A leaf's annotation, by one name for the old and the new kind; none of a plain number or of
/// bytes. The widths of integers, the digits of decimals and the units of times are in Arrow's
/// types.
fn annotation(leaf: &ColumnDescriptor) -> Option<&'static str> {
    Some(match leaf.logical_type_ref() {
        Some(LogicalType::Uuid) => "UUID",
        Some(LogicalType::Json) => "JSON",
        Some(LogicalType::Bson) => "BSON",
        Some(LogicalType::Enum) => "ENUM",
        Some(LogicalType::String) => "STRING",
        Some(LogicalType::Geometry(_)) => "GEOMETRY",
        Some(LogicalType::Geography(_)) => "GEOGRAPHY",
        Some(LogicalType::Decimal(_)) => "DECIMAL",
        Some(LogicalType::Date) => "DATE",
        Some(LogicalType::Time(time)) if time.is_adjusted_to_u_t_c => "TIME in UTC",
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
            // The old kind is in UTC by definition.
            ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => "TIME in UTC",
            ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => "TIMESTAMP",
            _ => return None,
        },
    })
}

/// What of a file's intervals the reader drops, as a reason to refuse the file: it reads either
/// months or days and milliseconds. None where there is nothing to drop.
pub(super) fn dropped_of_intervals(path: &Path, schema: &Schema) -> Result<Option<String>, String> {
    // The units of a column's leaves, in the order in which a file has them.
    let units = |name: &str| {
        let mut units = Vec::new();
        if let Ok(field) = schema.field_with_name(name) {
            add_units(&mut units, field.data_type());
        }
        units
    };
    let failed = |error: ParquetError| error.to_string();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(failed)?;
    let descriptor = reader.metadata().file_metadata().schema_descr_ptr();
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
        let dropped = match units(&root).get(place.1).copied().flatten() {
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

/// Whether a column is, or holds, intervals.
pub(super) fn holds_intervals(schema: &Schema) -> bool {
    let mut units = Vec::new();
    for field in schema.fields() {
        add_units(&mut units, field.data_type());
    }
    units.iter().any(Option::is_some)
}

/// Adds the unit of each leaf of a type, which is none where the leaf is no interval.
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
