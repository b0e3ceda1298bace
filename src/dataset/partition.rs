//! Hive partitions: the folders of the rows of a logical file.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::error::DatasetError;
use crate::content::ColumnGenerator;

/// Value in a folder's name that stands for a null, as in Hive.
pub const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// Largest number of partitions that one logical file may have.
pub(crate) const MAX_PARTITIONS: usize = 10_000;

/// Largest length of a folder's name in bytes on Linux (NAME_MAX).
const LONGEST_NAME: usize = 255;

/// Number of rows whose partitions are determined at a time.
const ROWS_AT_ONCE: u64 = 65_536;

/// Characters that are escaped in folder names: those that Hive escapes, and the space, which
/// object stores' URLs escape anyway.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'\'')
    .add(b'*')
    .add(b'/')
    .add(b':')
    .add(b'=')
    .add(b'?')
    .add(b'\\')
    .add(b'{')
    .add(b'[')
    .add(b']')
    .add(b'^');

/// Values of the partition columns as text, outermost first.
pub(crate) type PartitionKey = Vec<Option<String>>;

/// Returns the folder name for `name=value`.
pub(crate) fn folder_name(column: &str, value: Option<&str>) -> String {
    let column = utf8_percent_encode(column, ESCAPED);
    match value {
        Some(value) => format!("{column}={}", utf8_percent_encode(value, ESCAPED)),
        None => format!("{column}={DEFAULT_PARTITION}"),
    }
}

/// Returns the value behind the `=` of a folder's name. None for a null. If the decoded bytes are
/// not UTF-8, the text is returned as written.
pub fn decode_partition_value(text: &str) -> Option<String> {
    if text == DEFAULT_PARTITION {
        return None;
    }
    Some(
        percent_decode_str(text)
            .decode_utf8()
            .map_or_else(|_| text.to_owned(), |decoded| decoded.into_owned()),
    )
}

/// Returns true if a folder's text is the canonical text of a 64-bit integer. `01` and `+1` are
/// not: as numbers they would lose their spelling.
pub(crate) fn is_whole_number(text: &str) -> bool {
    text.parse::<i64>()
        .is_ok_and(|value| value.to_string() == text)
}

/// Fails for a value that cannot be part of a folder's name.
pub(crate) fn check_value(column: &str, value: &str) -> Result<(), DatasetError> {
    if value.is_empty() || value == DEFAULT_PARTITION {
        return Err(DatasetError::UnnameablePartition {
            column: column.to_owned(),
            value: value.to_owned(),
        });
    }
    let bytes = folder_name(column, Some(value)).len();
    match bytes > LONGEST_NAME {
        true => Err(DatasetError::LongPartition {
            column: column.to_owned(),
            bytes,
            limit: LONGEST_NAME,
        }),
        false => Ok(()),
    }
}

/// Returns the rows of `first..first + count` by partition, in the order of the keys. Takes 8 bytes
/// of memory per row.
pub(crate) fn split_rows(
    columns: &[(String, ColumnGenerator)],
    first: u64,
    count: u64,
) -> Result<BTreeMap<PartitionKey, Vec<u64>>, DatasetError> {
    let internal = |error: arrow::error::ArrowError| DatasetError::Internal(error.to_string());
    let fields: Vec<_> = columns
        .iter()
        .map(|(_, column)| SortField::new(column.field().data_type().clone()))
        .collect();
    let converter = RowConverter::new(fields).map_err(internal)?;
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut partitions: Vec<(PartitionKey, Vec<u64>)> = Vec::new();
    let mut at = first;
    while at < first + count {
        let rows = ROWS_AT_ONCE.min(first + count - at);
        let arrays: Vec<ArrayRef> = columns
            .iter()
            .map(|(_, column)| column.range(at, rows as usize))
            .collect();
        let keys = converter.convert_columns(&arrays).map_err(internal)?;
        for (offset, key) in keys.iter().enumerate() {
            let index = match known.get(key.as_ref()) {
                Some(index) => *index,
                None => {
                    if partitions.len() == MAX_PARTITIONS {
                        let column = columns
                            .last()
                            .map(|(name, _)| name.clone())
                            .unwrap_or_default();
                        return Err(DatasetError::TooManyPartitions {
                            column,
                            limit: MAX_PARTITIONS,
                        });
                    }
                    partitions.push((key_text(columns, &arrays, offset)?, Vec::new()));
                    known.insert(key.as_ref().to_vec(), partitions.len() - 1);
                    partitions.len() - 1
                }
            };
            partitions[index].1.push(at + offset as u64);
        }
        at += rows;
    }
    Ok(partitions.into_iter().collect())
}

fn key_text(
    columns: &[(String, ColumnGenerator)],
    arrays: &[ArrayRef],
    row: usize,
) -> Result<PartitionKey, DatasetError> {
    columns
        .iter()
        .zip(arrays)
        .map(|((name, _), array)| {
            let text = cast(&array.slice(row, 1), &DataType::Utf8)
                .map_err(|error| DatasetError::Internal(error.to_string()))?;
            let text = text.as_string::<i32>();
            if text.is_null(0) {
                return Ok(None);
            }
            let value = text.value(0);
            check_value(name, value)?;
            Ok(Some(value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_survive_any_value() {
        for value in [
            "plain",
            "a/b",
            "a=b",
            "100%",
            "sp ace",
            "ünïcode",
            "..",
            "a\\b",
            "%2F",
            "q\"'*?{}[]^#:",
        ] {
            let folder = folder_name("region", Some(value));
            assert!(!folder.contains('/') && !folder.contains(' '), "{folder}");
            let (name, text) = folder.split_once('=').unwrap_or_default();
            assert_eq!(name, "region");
            assert_eq!(decode_partition_value(text).as_deref(), Some(value));
        }
        assert_eq!(
            folder_name("region", None),
            "region=__HIVE_DEFAULT_PARTITION__"
        );
        assert_eq!(decode_partition_value(DEFAULT_PARTITION), None);
    }

    #[test]
    fn a_number_is_one_only_as_it_is_written() {
        for text in [
            "0",
            "1",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
        ] {
            assert!(is_whole_number(text), "{text}");
        }
        for text in [
            "",
            "01",
            "+1",
            "-0",
            "007",
            " 1",
            "1.0",
            "9223372036854775808",
        ] {
            assert!(!is_whole_number(text), "{text}");
        }
    }
}
