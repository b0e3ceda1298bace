//! Finds types that hold the values of two others.

use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef, Fields,
};

/// Returns the type of a column that has the same kind of values in two files: strings, bytes,
/// lists and dictionaries match in any of their layouts. A column of nulls only, at any depth,
/// matches any type, and takes the type of the other file. A column that may be null in one file
/// may be null in the result.
pub(super) fn same(left: &DataType, right: &DataType) -> Option<DataType> {
    common(left, right, Rule::Same)
}

/// True if two types hold the same values, in any layout of their buffers; see [`same`].
pub(crate) fn same_values(left: &DataType, right: &DataType) -> bool {
    same(left, right).is_some()
}

/// Returns the type that holds all values of two types. `None` unless it only widens them:
/// integers, floats and decimals of more digits, structs with the fields of both, and time zones
/// that are spellings of UTC.
pub(super) fn wider(left: &DataType, right: &DataType) -> Option<DataType> {
    common(left, right, Rule::Wider)
}

/// Rule by which two types are matched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Same,
    Wider,
}

fn common(left: &DataType, right: &DataType, rule: Rule) -> Option<DataType> {
    use DataType as D;
    let both = |one: &FieldRef, other: &FieldRef| field_of_both(one, other, rule);
    match (left, right) {
        _ if left == right => Some(left.clone()),
        (D::Null, other) | (other, D::Null) => Some(other.clone()),
        (D::Struct(one), D::Struct(other)) if rule == Rule::Wider || named_alike(one, other) => {
            Some(D::Struct(fields_of_both(one, other, rule)?))
        }
        (D::List(one), D::List(other) | D::LargeList(other) | D::FixedSizeList(other, _)) => {
            Some(D::List(both(one, other)?))
        }
        (D::LargeList(one), D::List(other) | D::LargeList(other) | D::FixedSizeList(other, _)) => {
            Some(D::LargeList(both(one, other)?))
        }
        (D::FixedSizeList(one, size), D::FixedSizeList(other, other_size))
            if size == other_size =>
        {
            Some(D::FixedSizeList(both(one, other)?, *size))
        }
        (D::FixedSizeList(one, size), D::List(other) | D::LargeList(other)) => {
            Some(D::FixedSizeList(both(one, other)?, *size))
        }
        (D::Map(one, sorted), D::Map(other, _)) => Some(D::Map(both(one, other)?, *sorted)),
        (one, other) if are_alike(one, other) => Some(one.clone()),
        _ if rule == Rule::Wider => wider_value(left, right),
        _ => None,
    }
}

/// True if two types hold the same values: strings and binaries in any of their layouts, and
/// dictionaries as their values. The two must not both be lists, structs or maps.
fn are_alike(left: &DataType, right: &DataType) -> bool {
    let (one, other) = (values_of(left), values_of(right));
    if (one, other) != (left, right) {
        return same_values(one, other);
    }
    is_text(one) && is_text(other)
        || is_bytes(one) && is_bytes(other)
        || !matches!(one, DataType::Struct(_)) && one.equals_datatype(other)
}

/// Returns the type of the values of a dictionary, or any other type itself.
pub(super) fn values_of(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values_of(values),
        other => other,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

pub(super) fn is_bytes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

/// Returns the type that holds the values of two types, neither of which has fields.
fn wider_value(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType as D;
    match (left, right) {
        (D::Dictionary(_, value), other) | (other, D::Dictionary(_, value)) => wider(value, other),
        (D::Timestamp(unit, Some(one)), D::Timestamp(other_unit, Some(other)))
            if unit == other_unit && is_utc(one) && is_utc(other) =>
        {
            Some(left.clone())
        }
        _ => integers(left, right)
            .or_else(|| floats(left, right))
            .or_else(|| decimals(left, right)),
    }
}

fn is_utc(zone: &str) -> bool {
    [
        "utc", "z", "etc/utc", "gmt", "+00:00", "-00:00", "+0000", "+00",
    ]
    .contains(&zone.to_ascii_lowercase().as_str())
}

fn named_alike(one: &Fields, other: &Fields) -> bool {
    let names = one.iter().map(|field| field.name());
    names.eq(other.iter().map(|field| field.name()))
}

fn field_of_both(one: &FieldRef, other: &FieldRef, rule: Rule) -> Option<FieldRef> {
    let data_type = common(one.data_type(), other.data_type(), rule)?;
    let nullable = one.is_nullable() || other.is_nullable();
    let field = one.as_ref().clone();
    Some(Arc::new(
        field.with_data_type(data_type).with_nullable(nullable),
    ))
}

/// Returns the fields of both, in the order of the first. A field that one of them lacks becomes
/// nullable.
fn fields_of_both(one: &Fields, other: &Fields, rule: Rule) -> Option<Fields> {
    if named_alike(one, other) {
        let pairs = one.iter().zip(other);
        return pairs
            .map(|(one, other)| field_of_both(one, other, rule))
            .collect();
    }
    let named = |fields: &Fields, name: &str| {
        let mut fields = fields.iter();
        fields.find(|field| field.name() == name).cloned()
    };
    let nullable =
        |field: &FieldRef| -> FieldRef { Arc::new(Field::clone(field).with_nullable(true)) };
    let mut fields = Vec::new();
    for field in one {
        fields.push(match named(other, field.name()) {
            Some(same) => field_of_both(field, &same, rule)?,
            None => nullable(field),
        });
    }
    let added = other
        .iter()
        .filter(|field| named(one, field.name()).is_none());
    fields.extend(added.map(nullable));
    Some(fields.into())
}

/// Returns sign (true if it has one) and bits of an integer type. `None` for other types.
fn integer(data_type: &DataType) -> Option<(bool, u8)> {
    Some(match data_type {
        DataType::Int8 => (true, 8),
        DataType::Int16 => (true, 16),
        DataType::Int32 => (true, 32),
        DataType::Int64 => (true, 64),
        DataType::UInt8 => (false, 8),
        DataType::UInt16 => (false, 16),
        DataType::UInt32 => (false, 32),
        DataType::UInt64 => (false, 64),
        _ => return None,
    })
}

fn integers(left: &DataType, right: &DataType) -> Option<DataType> {
    let ((signed, bits), (other_signed, other_bits)) = (integer(left)?, integer(right)?);
    if signed == other_signed {
        return Some(if bits >= other_bits { left } else { right }.clone());
    }
    // A signed integer must be wider to hold an unsigned one.
    let of_signed = if signed { bits } else { other_bits };
    let of_unsigned = if signed { other_bits } else { bits };
    match of_signed.max(of_unsigned.saturating_mul(2)) {
        16 => Some(DataType::Int16),
        32 => Some(DataType::Int32),
        64 => Some(DataType::Int64),
        _ => None,
    }
}

/// Returns the bits of the integers that a float type holds exactly. `None` for other types.
fn float(data_type: &DataType) -> Option<u8> {
    Some(match data_type {
        DataType::Float16 => 11,
        DataType::Float32 => 24,
        DataType::Float64 => 53,
        _ => return None,
    })
}

fn floats(left: &DataType, right: &DataType) -> Option<DataType> {
    if let (Some(one), Some(other)) = (float(left), float(right)) {
        return Some(if one >= other { left } else { right }.clone());
    }
    let number = if float(left).is_some() { right } else { left };
    float(left).or(float(right))?;
    // A float of 64 bits holds integers of up to 32.
    match integer(number)? {
        (_, 8 | 16 | 32) => Some(DataType::Float64),
        _ => None,
    }
}

/// Returns digits and scale of a decimal type. `None` for other types.
fn decimal(data_type: &DataType) -> Option<(i16, i16)> {
    match data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => Some(((*precision).into(), (*scale).into())),
        _ => None,
    }
}

fn decimals(left: &DataType, right: &DataType) -> Option<DataType> {
    let ((digits, scale), (other_digits, other_scale)) = (decimal(left)?, decimal(right)?);
    let after = scale.max(other_scale);
    let before = (digits - scale).max(other_digits - other_scale);
    let precision = u8::try_from(before + after).ok()?;
    let scale = i8::try_from(after).ok()?;
    if precision <= DECIMAL128_MAX_PRECISION {
        Some(DataType::Decimal128(precision, scale))
    } else if precision <= DECIMAL256_MAX_PRECISION {
        Some(DataType::Decimal256(precision, scale))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::TimeUnit;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(DataType::Int32, DataType::Int64, Some(DataType::Int64))]
    #[case(DataType::UInt32, DataType::Int8, Some(DataType::Int64))]
    #[case(DataType::UInt64, DataType::Int64, None)]
    #[case(DataType::Int32, DataType::Float64, Some(DataType::Float64))]
    #[case(DataType::Int64, DataType::Float64, None)]
    #[case(DataType::Float32, DataType::Float64, Some(DataType::Float64))]
    #[case(DataType::Utf8, DataType::Int64, None)]
    #[case(
        DataType::Decimal128(9, 2),
        DataType::Decimal128(12, 4),
        Some(DataType::Decimal128(12, 4))
    )]
    #[case(
        DataType::Decimal128(38, 0),
        DataType::Decimal128(38, 10),
        Some(DataType::Decimal256(48, 10))
    )]
    fn numbers_widen_only_where_no_value_is_lost(
        #[case] left: DataType,
        #[case] right: DataType,
        #[case] expected: Option<DataType>,
    ) {
        assert_eq!(wider(&left, &right), expected);
        assert_eq!(wider(&right, &left), expected);
    }

    #[test]
    fn layouts_of_the_same_values_are_alike() {
        let dictionary = |values| DataType::Dictionary(Box::new(DataType::Int8), Box::new(values));
        let list = |item| DataType::List(Arc::new(Field::new("item", item, true)));
        let fixed = |item| DataType::FixedSizeList(Arc::new(Field::new("f", item, false)), 3);
        assert!(same_values(
            &DataType::Utf8,
            &dictionary(DataType::Utf8View)
        ));
        assert!(same_values(&DataType::Null, &dictionary(DataType::Int32)));
        assert!(same_values(
            &list(DataType::LargeBinary),
            &fixed(DataType::Binary)
        ));
        assert!(!same_values(&DataType::Utf8, &DataType::Binary));
        assert!(!same_values(
            &list(DataType::Int32),
            &fixed(DataType::Int64)
        ));
        assert!(!same_values(&dictionary(DataType::Utf8), &DataType::Int32));
    }

    #[test]
    fn spellings_of_utc_are_one_zone_and_others_are_not() {
        let zone = |name: &str| DataType::Timestamp(TimeUnit::Microsecond, Some(name.into()));
        assert_eq!(wider(&zone("UTC"), &zone("+00:00")), Some(zone("UTC")));
        assert_eq!(wider(&zone("UTC"), &zone("Europe/Zurich")), None);
    }

    #[test]
    fn nothing_but_nulls_takes_the_other_type_at_any_depth() {
        let list = |item, nullable| DataType::List(Arc::new(Field::new("item", item, nullable)));
        let of =
            |item: DataType| DataType::Struct(vec![Field::new("a", list(item, true), true)].into());
        let decimal = DataType::Decimal128(9, 2);
        assert_eq!(
            same(&of(DataType::Null), &of(decimal.clone())),
            Some(of(decimal.clone()))
        );
        assert_eq!(
            same(&list(decimal.clone(), false), &list(decimal.clone(), true)),
            Some(list(decimal.clone(), true))
        );
        assert_eq!(same(&of(DataType::Int32), &of(decimal)), None);
    }

    #[test]
    fn structs_take_the_fields_of_both() {
        let of = |fields: Vec<Field>| DataType::Struct(fields.into());
        let one = of(vec![Field::new("a", DataType::Int32, false)]);
        let other = of(vec![
            Field::new("b", DataType::Utf8, false),
            Field::new("a", DataType::Int64, false),
        ]);
        let both = of(vec![
            Field::new("a", DataType::Int64, false),
            Field::new("b", DataType::Utf8, true),
        ]);
        assert_eq!(wider(&one, &other), Some(both));
    }

    #[rstest]
    #[case(DataType::Int32, DataType::Int64)]
    #[case(DataType::Float32, DataType::Float64)]
    #[case(DataType::Decimal128(9, 2), DataType::Decimal128(12, 2))]
    #[case(DataType::Utf8, DataType::Binary)]
    fn types_that_widen_are_not_the_same(#[case] left: DataType, #[case] right: DataType) {
        assert_eq!(same(&left, &right), None);
    }

    #[test]
    fn lists_take_the_layout_of_the_first_and_what_may_be_null_in_one_may_be_null() {
        let field = |nullable| Arc::new(Field::new("element", DataType::Int8, nullable));
        let list = DataType::List(field(true));
        let vector = |nullable, size| DataType::FixedSizeList(field(nullable), size);
        assert_eq!(same(&list, &vector(false, 3)), Some(list.clone()));
        assert_eq!(same(&vector(false, 3), &list), Some(vector(true, 3)));
        assert_eq!(wider(&vector(false, 3), &vector(false, 4)), None);
    }

    #[test]
    fn dictionaries_widen_as_their_values_do() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Int32));
        assert_eq!(wider(&dictionary, &DataType::Int64), Some(DataType::Int64));
        assert_eq!(wider(&dictionary, &DataType::Utf8), None);
    }
}
