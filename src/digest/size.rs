//! Counts the logical bytes of values, independently of the buffers that store them.

use arrow::array::{Array, AsArray, RecordBatch, RunArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Int16Type, Int32Type, Int64Type, RunEndIndexType};

use super::nested;

/// Bytes of the length of a value.
const LENGTH_BYTES: u64 = 4;

/// Returns the logical bytes of a batch's values. Equal rows count equally, however Arrow stores
/// them and wherever batches end.
///
/// A value of fixed width counts as that width, null or not, and a bool as one byte. A string,
/// binary value, list or map counts as 4 bytes for its length, plus its content if it is not null;
/// a list of fixed size is a list like any other. A struct counts as the sum of its fields, which
/// are all null if it is null itself. A union counts as one byte for the type, plus the value.
/// Values in dictionaries and runs count as often as they occur.
pub fn logical_bytes(batch: &RecordBatch) -> u64 {
    batch
        .columns()
        .iter()
        .map(|array| array_bytes(array, array.nulls()))
        .sum()
}

/// Returns the bytes of an array. `nulls` are those of the array and of the structs around it.
fn array_bytes(array: &dyn Array, nulls: Option<&NullBuffer>) -> u64 {
    let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
    let rows = array.len() as u64;
    if let Some(width) = fixed_width(array.data_type()) {
        return rows * width;
    }
    match array.data_type() {
        DataType::Utf8 => lengths(
            rows,
            nulls,
            array
                .as_string::<i32>()
                .offsets()
                .lengths()
                .map(|length| length as u64),
        ),
        DataType::Binary => lengths(
            rows,
            nulls,
            array
                .as_binary::<i32>()
                .offsets()
                .lengths()
                .map(|length| length as u64),
        ),
        DataType::LargeUtf8 => lengths(
            rows,
            nulls,
            array
                .as_string::<i64>()
                .offsets()
                .lengths()
                .map(|length| length as u64),
        ),
        DataType::LargeBinary => lengths(
            rows,
            nulls,
            array
                .as_binary::<i64>()
                .offsets()
                .lengths()
                .map(|length| length as u64),
        ),
        DataType::Utf8View => lengths(rows, nulls, array.as_string_view().lengths().map(u64::from)),
        DataType::BinaryView => {
            lengths(rows, nulls, array.as_binary_view().lengths().map(u64::from))
        }
        DataType::Struct(_) => {
            let fields = array.as_struct().columns().iter();
            fields
                .map(|field| array_bytes(field, NullBuffer::union(nulls, field.nulls()).as_ref()))
                .sum()
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = Values::new(dictionary.values());
            if dictionary.values().is_empty() {
                return rows * values.null;
            }
            let keys = dictionary.normalized_keys();
            values.sum(nulls, keys.into_iter())
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => run_bytes(array.as_run::<Int16Type>(), nulls),
            DataType::Int32 => run_bytes(array.as_run::<Int32Type>(), nulls),
            _ => run_bytes(array.as_run::<Int64Type>(), nulls),
        },
        DataType::Union(..) => {
            let array = array.as_union();
            let value = |row: usize| {
                let value = array
                    .child(array.type_id(row))
                    .slice(array.value_offset(row), 1);
                1 + array_bytes(&value, value.nulls())
            };
            (0..array.len()).map(value).sum()
        }
        _ => nested::lists(array).map_or(0, |lists| list_bytes(&lists, nulls)),
    }
}

/// Returns the bytes of a value of a type. None if values differ in size.
fn fixed_width(data_type: &DataType) -> Option<u64> {
    match data_type {
        DataType::Null => Some(0),
        DataType::Boolean => Some(1),
        DataType::FixedSizeBinary(width) => u64::try_from(*width).ok(),
        DataType::Struct(fields) => fields
            .iter()
            .map(|field| fixed_width(field.data_type()))
            .sum(),
        _ => data_type.primitive_width().map(|width| width as u64),
    }
}

fn null_bytes(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Struct(fields) => fields
            .iter()
            .map(|field| null_bytes(field.data_type()))
            .sum(),
        DataType::Dictionary(_, values) => null_bytes(values),
        DataType::RunEndEncoded(_, values) => null_bytes(values.data_type()),
        _ => fixed_width(data_type).unwrap_or(LENGTH_BYTES),
    }
}

fn lengths(rows: u64, nulls: Option<&NullBuffer>, lengths: impl Iterator<Item = u64>) -> u64 {
    let content: u64 = match nulls {
        None => lengths.sum(),
        Some(nulls) => lengths
            .zip(nulls)
            .filter(|(_, valid)| *valid)
            .map(|(length, _)| length)
            .sum(),
    };
    rows * LENGTH_BYTES + content
}

fn list_bytes(lists: &nested::Lists, nulls: Option<&NullBuffer>) -> u64 {
    let valid = lists
        .ranges
        .iter()
        .enumerate()
        .filter(|(row, _)| nulls.is_none_or(|nulls| nulls.is_valid(*row)));
    let mut content = 0;
    // Consecutive lists are counted together.
    let mut pending = 0..0;
    let count = |range: &std::ops::Range<usize>| {
        let values = lists.values.slice(range.start, range.len());
        array_bytes(&values, values.nulls())
    };
    for (_, range) in valid.filter(|(_, range)| !range.is_empty()) {
        if range.start == pending.end {
            pending.end = range.end;
        } else {
            content += count(&pending);
            pending = range.clone();
        }
    }
    lists.ranges.len() as u64 * LENGTH_BYTES + content + count(&pending)
}

fn run_bytes<R: RunEndIndexType>(array: &RunArray<R>, nulls: Option<&NullBuffer>) -> u64 {
    Values::new(array.values()).sum(
        nulls,
        (0..array.len()).map(|row| array.get_physical_index(row)),
    )
}

/// Bytes of values that occur more than once.
struct Values {
    each: Vec<u64>,
    null: u64,
}

impl Values {
    fn new(values: &dyn Array) -> Self {
        let each = (0..values.len()).map(|number| {
            let value = values.slice(number, 1);
            array_bytes(&value, value.nulls())
        });
        Values {
            each: each.collect(),
            null: null_bytes(values.data_type()),
        }
    }

    fn sum(&self, nulls: Option<&NullBuffer>, numbers: impl Iterator<Item = usize>) -> u64 {
        let valid = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        numbers
            .enumerate()
            .map(|(row, number)| {
                if valid(row) {
                    self.each[number]
                } else {
                    self.null
                }
            })
            .sum()
    }
}
