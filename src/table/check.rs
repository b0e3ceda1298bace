//! Compares a file's columns with the wanted ones.

use std::collections::HashSet;

use arrow::datatypes::{DataType, Schema};

use super::error::TableError;
use super::unify::{is_bytes, same_values, values_of};
use crate::config::{Column, VectorLayout};
use crate::content::{field_of, scalar_type};

/// Returns a name that occurs twice. The engine would silently read one of the two columns.
pub(crate) fn doubled<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut known = HashSet::new();
    names.into_iter().find(|name| !known.insert(*name))
}

/// Returns the type of a list's items, and their number if it is fixed.
fn list_of(data_type: &DataType) -> Option<(&DataType, Option<i32>)> {
    match values_of(data_type) {
        DataType::List(item) | DataType::LargeList(item) => Some((item.data_type(), None)),
        DataType::FixedSizeList(item, size) => Some((item.data_type(), Some(*size))),
        _ => None,
    }
}

/// Checks a file's schema against the config's columns, partition columns left out.
pub(crate) fn check_columns(
    table: &str,
    file: &str,
    schema: &Schema,
    columns: &[Column],
    partition_by: &[String],
) -> Result<(), TableError> {
    for column in columns
        .iter()
        .filter(|column| !partition_by.contains(&column.name))
    {
        let wanted = if column.is_vector() {
            format!("a vector of {} {}", column.size, column.dtype)
        } else if column.is_record() {
            let bytes = dlio_bytes(column.size);
            format!("{}, or {bytes} uint8 as DLIO writes them", column.dtype)
        } else {
            column.dtype.to_string()
        };
        let Ok(field) = schema.field_with_name(&column.name) else {
            return Err(TableError::MissingColumn {
                table: table.to_owned(),
                file: file.to_owned(),
                column: column.name.clone(),
                wanted,
            });
        };
        if !fits(column, field.data_type()) {
            return Err(TableError::OtherType {
                table: table.to_owned(),
                file: file.to_owned(),
                column: column.name.clone(),
                found: field.data_type().to_string(),
                wanted,
                widens: false,
            });
        }
    }
    Ok(())
}

/// Returns the bytes that DLIO writes for a record of `record` bytes: the largest square number
/// that is no larger.
fn dlio_bytes(record: u64) -> u64 {
    record.isqrt().pow(2)
}

/// True if values of type `found` can be the column that the config describes. DLIO writes vectors
/// as lists or as fixed-size lists; vectors may also be stored as binary.
fn fits(column: &Column, found: &DataType) -> bool {
    if column.dtype.is_nested() {
        let wanted = field_of(column, VectorLayout::FixedSizeList);
        return same_values(found, wanted.data_type());
    }
    let element = scalar_type(column);
    if column.is_record()
        && let Some((item, size)) = list_of(found)
    {
        let fits = |size: i32| u64::try_from(size) == Ok(dlio_bytes(column.size));
        return *item == DataType::UInt8 && size.is_none_or(fits);
    }
    if !column.is_vector() {
        return same_values(found, &element);
    }
    match list_of(found) {
        Some((item, size)) => {
            same_values(item, &element)
                && size.is_none_or(|size| u64::try_from(size) == Ok(column.size))
        }
        None => is_bytes(values_of(found)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use DataType as D;
    use arrow::datatypes::{Field, TimeUnit};
    use rstest::rstest;

    use super::*;

    fn element(data_type: D) -> Arc<Field> {
        Arc::new(Field::new("element", data_type, true))
    }

    fn list(data_type: D) -> D {
        D::List(element(data_type))
    }

    fn vector(data_type: D, size: i32) -> D {
        D::FixedSizeList(element(data_type), size)
    }

    fn dictionary(value: D) -> D {
        D::Dictionary(Box::new(D::Int8), Box::new(value))
    }

    fn record(fields: &[(&str, D)]) -> D {
        let fields = fields.iter();
        let fields = fields.map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
        D::Struct(fields.collect())
    }

    #[rstest]
    #[case(D::Utf8, D::LargeUtf8, true)]
    #[case(D::Utf8View, D::Utf8, true)]
    #[case(D::Binary, D::BinaryView, true)]
    #[case(D::Utf8, D::Binary, false)]
    #[case(dictionary(D::Utf8), D::Utf8View, true)]
    #[case(dictionary(D::Utf8), D::Int8, false)]
    #[case(D::Null, D::Utf8, true)]
    #[case(D::Int32, D::Int64, false)]
    #[case(
        D::Timestamp(TimeUnit::Millisecond, None),
        D::Timestamp(TimeUnit::Microsecond, None),
        false
    )]
    #[case(list(D::Utf8), D::LargeList(element(D::LargeUtf8)), true)]
    #[case(list(D::Null), list(D::Int8), true)]
    #[case(list(D::Int32), list(D::Int64), false)]
    #[case(vector(D::Int32, 3), list(D::Int32), true)]
    #[case(vector(D::Int32, 3), vector(D::Int32, 3), true)]
    #[case(vector(D::Int32, 3), vector(D::Int32, 4), false)]
    #[case(record(&[("a", D::Utf8)]), record(&[("a", D::Utf8View)]), true)]
    #[case(record(&[("a", D::Utf8)]), record(&[("b", D::Utf8)]), false)]
    #[case(record(&[("a", D::Int8)]), record(&[("a", D::Int8), ("b", D::Int8)]), false)]
    fn layouts_of_a_type_hold_the_same_values(
        #[case] left: D,
        #[case] right: D,
        #[case] expected: bool,
    ) {
        assert_eq!(same_values(&left, &right), expected);
        assert_eq!(same_values(&right, &left), expected);
    }

    #[test]
    fn the_first_name_that_comes_again_is_doubled() {
        assert_eq!(doubled(["a", "b", "c", "b", "a"]), Some("b"));
        assert_eq!(doubled(["a", "A", " a"]), None);
        assert_eq!(doubled([]), None);
    }

    #[rstest]
    #[case(0, 0)]
    #[case(15, 9)]
    #[case(16, 16)]
    #[case(17, 16)]
    fn records_of_dlio_are_squares(#[case] asked: u64, #[case] written: u64) {
        assert_eq!(dlio_bytes(asked), written);
    }
}
