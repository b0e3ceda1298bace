//! Dictionaries with keys that are wide enough for the values of many files.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaData;

/// Type of the keys of dictionaries. The keys of a file's dictionary are only as wide as its own
/// values need, which may be too narrow for several files or row groups together.
const KEY: DataType = DataType::Int32;

/// Returns true if dictionaries of these values can be written and read again. Dictionaries of
/// other types are written wrongly, or cannot be read.
fn has_dictionaries(values: &DataType) -> bool {
    !values.is_nested()
        && !matches!(
            values,
            DataType::Null
                | DataType::Boolean
                | DataType::Float16
                | DataType::FixedSizeBinary(_)
                | DataType::Decimal32(..)
                | DataType::Decimal64(..)
                | DataType::Decimal128(..)
                | DataType::Decimal256(..)
                | DataType::Interval(_)
        )
}

/// Returns the type with keys of dictionaries at least 32 bits wide, and without dictionaries of
/// values that Parquet's reader or writer does not support.
pub(crate) fn with_wide_keys(data_type: &DataType) -> DataType {
    let field = |field: &FieldRef| {
        let wide = with_wide_keys(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(wide))
    };
    match data_type {
        DataType::Dictionary(_, value) if !has_dictionaries(value) => with_wide_keys(value),
        DataType::Dictionary(key, value) => {
            let narrow = matches!(
                key.as_ref(),
                DataType::Int8 | DataType::UInt8 | DataType::Int16 | DataType::UInt16
            );
            let key = if narrow { &KEY } else { key.as_ref() };
            DataType::Dictionary(Box::new(key.clone()), value.clone())
        }
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(field(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        other => other.clone(),
    }
}

/// Returns the schema with wide keys.
pub(crate) fn with_wide_dictionaries(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let wide = with_wide_keys(field.data_type());
        field.as_ref().clone().with_data_type(wide)
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}

/// Returns the schema with which a file's own dictionaries are read with wide keys. None if they
/// have wide keys already, or if the reader does not accept the schema.
pub(crate) fn wide_schema(metadata: &Arc<ParquetMetaData>) -> Option<SchemaRef> {
    let about = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata()).ok()?;
    let wide = Arc::new(with_wide_dictionaries(&schema));
    if *wide == schema {
        return None;
    }
    let options = ArrowReaderOptions::new().with_schema(Arc::clone(&wide));
    ArrowReaderMetadata::try_new(Arc::clone(metadata), options)
        .ok()
        .map(|_| wide)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Field;

    #[test]
    fn narrow_keys_are_widened_at_any_depth() {
        let dictionary = |key| DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8));
        let list = |item| DataType::List(Arc::new(Field::new("item", item, true)));
        assert_eq!(
            with_wide_keys(&list(dictionary(DataType::Int8))),
            list(dictionary(DataType::Int32))
        );
        let wide = dictionary(DataType::UInt64);
        assert_eq!(with_wide_keys(&wide), wide);
    }

    #[test]
    fn dictionaries_of_values_that_are_not_read_again_are_their_values() {
        for values in [
            DataType::Boolean,
            DataType::FixedSizeBinary(2),
            DataType::Decimal128(9, 2),
        ] {
            let dictionary =
                DataType::Dictionary(Box::new(DataType::Int8), Box::new(values.clone()));
            assert_eq!(with_wide_keys(&dictionary), values);
        }
    }
}
