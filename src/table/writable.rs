//! Finds columns that Parquet, or this writer of it, cannot hold.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

/// Returns the first column that Parquet, or this writer of it, cannot hold, and the reason. It
/// writes one null of each type, and reads it.
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
    // Types that are nested too deep can be written, but not read.
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file))?.build()?;
    for batch in reader {
        batch?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, IntervalUnit, UnionFields, UnionMode};

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
