//! Types that hold the values of two others, and dictionary keys that have room for the values of many
//! files.

use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef, Fields,
};

/// Bits of the keys of dictionaries. A dictionary of a file has as narrow keys as its own values
/// need, which those of several files together may exceed.
const KEY: DataType = DataType::Int32;

/// The type with the keys of its dictionaries at least 32 bits wide.
pub(crate) fn with_wide_keys(data_type: &DataType) -> DataType {
    let field = |field: &FieldRef| {
        let wide = with_wide_keys(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(wide))
    };
    match data_type {
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

/// The type that holds all values of two types, if there is one that only widens them: integers,
/// floats and decimals of more digits, structs with the fields of both, and time zones that are
/// spellings of UTC.
pub(crate) fn wider(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType as D;
    if left == right {
        return Some(left.clone());
    }
    match (left, right) {
        (D::Null, other) | (other, D::Null) => Some(other.clone()),
        (D::Dictionary(_, value), other) | (other, D::Dictionary(_, value)) => wider(value, other),
        (D::Timestamp(unit, Some(one)), D::Timestamp(other_unit, Some(other)))
            if unit == other_unit && is_utc(one) && is_utc(other) =>
        {
            Some(left.clone())
        }
        (D::Struct(one), D::Struct(other)) => Some(D::Struct(fields_of_both(one, other)?)),
        (D::List(one), D::List(other)) => Some(D::List(item(one, other)?)),
        (D::LargeList(one), D::LargeList(other)) => Some(D::LargeList(item(one, other)?)),
        (D::FixedSizeList(one, size), D::FixedSizeList(other, other_size))
            if size == other_size =>
        {
            Some(D::FixedSizeList(item(one, other)?, *size))
        }
        _ => integers(left, right)
            .or_else(|| floats(left, right))
            .or_else(|| decimals(left, right))
            .or_else(|| texts(left, right)),
    }
}

fn is_utc(zone: &str) -> bool {
    [
        "utc", "z", "etc/utc", "gmt", "+00:00", "-00:00", "+0000", "+00",
    ]
    .contains(&zone.to_ascii_lowercase().as_str())
}

fn item(one: &FieldRef, other: &FieldRef) -> Option<FieldRef> {
    let data_type = wider(one.data_type(), other.data_type())?;
    let nullable = one.is_nullable() || other.is_nullable();
    let field = one.as_ref().clone();
    Some(Arc::new(
        field.with_data_type(data_type).with_nullable(nullable),
    ))
}

/// The fields of both, in the order of the first; those that one lacks are null for its rows.
fn fields_of_both(one: &Fields, other: &Fields) -> Option<Fields> {
    let named = |fields: &Fields, name: &str| {
        let mut fields = fields.iter();
        fields.find(|field| field.name() == name).cloned()
    };
    let nullable =
        |field: &FieldRef| -> FieldRef { Arc::new(Field::clone(field).with_nullable(true)) };
    let mut fields = Vec::new();
    for field in one {
        fields.push(match named(other, field.name()) {
            Some(same) => item(field, &same)?,
            None => nullable(field),
        });
    }
    let added = other
        .iter()
        .filter(|field| named(one, field.name()).is_none());
    fields.extend(added.map(nullable));
    Some(fields.into())
}

/// Whether an integer has a sign, and its bits.
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
    // An unsigned integer needs a bit more where there is a sign.
    let of_signed = if signed { bits } else { other_bits };
    let of_unsigned = if signed { other_bits } else { bits };
    match of_signed.max(of_unsigned.saturating_mul(2)) {
        16 => Some(DataType::Int16),
        32 => Some(DataType::Int32),
        64 => Some(DataType::Int64),
        _ => None,
    }
}

/// Bits of the integers that a float holds exactly.
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

/// Digits and scale.
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

fn texts(left: &DataType, right: &DataType) -> Option<DataType> {
    let text = |it: &DataType| {
        matches!(
            it,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    };
    let bytes = |it: &DataType| {
        matches!(
            it,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView
        )
    };
    let alike = (text(left) && text(right)) || (bytes(left) && bytes(right));
    alike.then(|| left.clone())
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
    fn spellings_of_utc_are_one_zone_and_others_are_not() {
        let zone = |name: &str| DataType::Timestamp(TimeUnit::Microsecond, Some(name.into()));
        assert_eq!(wider(&zone("UTC"), &zone("+00:00")), Some(zone("UTC")));
        assert_eq!(wider(&zone("UTC"), &zone("Europe/Zurich")), None);
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
}
