//! Partition columns, whose values come from folder names.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use object_store::ObjectMeta;

use super::check::doubled;
use super::error::TableError;
use super::table_files::{TableFile, TableFiles};
use crate::config::Column;
use crate::content::scalar_type;
use crate::dataset::{decode_partition_value, is_whole_number};
use crate::storage::Location;

/// Reads `key=value` folders below `base`. All files of a table must lie under the same keys, and
/// each key must occur only once.
pub(super) fn with_partitions(
    table: &str,
    base: &Location,
    found: Vec<(Location, ObjectMeta)>,
) -> Result<(Vec<String>, Vec<TableFile>), TableError> {
    let mut expected: Option<(Vec<String>, Location)> = None;
    let mut files = Vec::with_capacity(found.len());
    for (place, object) in found {
        let below = place.below(base).unwrap_or_default();
        let folders = below.rsplit_once('/').map_or("", |(folders, _)| folders);
        let (keys, partition): (Vec<String>, Vec<Option<String>>) = folders
            .split('/')
            .filter_map(|part| {
                let (key, value) = part.split_once('=')?;
                Some((decode_partition_value(key)?, decode_partition_value(value)))
            })
            .unzip();
        let (known, first) = expected.get_or_insert_with(|| (keys.clone(), place.clone()));
        if *known != keys {
            return Err(TableError::MixedPartitions {
                table: table.to_owned(),
                file: place.to_string(),
                found: keys.join(", "),
                first: first.to_string(),
                expected: known.join(", "),
            });
        }
        files.push(TableFile {
            place,
            object,
            partition,
            identity: None,
        });
    }
    let Some((keys, first)) = expected else {
        return Ok((Vec::new(), files));
    };
    if let Some(key) = doubled(keys.iter().map(String::as_str)) {
        return Err(TableError::BadFile {
            table: table.to_owned(),
            file: first.to_string(),
            reason: format!("two of the folders on the way to it are named `{key}=...`"),
        });
    }
    Ok((keys, files))
}

/// Returns the type of a partition column as the config states it. Without a config, it is a 64-bit
/// integer if all values are written like whole numbers, else a string.
pub(super) fn type_of_partition(
    files: &TableFiles,
    wanted: Option<&[Column]>,
    index: usize,
    name: &str,
) -> DataType {
    if let Some(known) = files.partition_types.get(index) {
        return known.clone();
    }
    if let Some(column) =
        wanted.and_then(|columns| columns.iter().find(|column| column.name == name))
    {
        return scalar_type(column);
    }
    let files = files.files.iter();
    type_of_folders(files.filter_map(|file| file.partition[index].as_deref()))
}

/// Returns the type of a partition column by its values in folder names.
pub(super) fn type_of_folders<'a>(values: impl Iterator<Item = &'a str>) -> DataType {
    let mut values = values.peekable();
    match values.peek().is_some() && values.all(is_whole_number) {
        true => DataType::Int64,
        false => DataType::Utf8,
    }
}

/// Converts the text in a folder's name to a value. `None` is a null.
///
/// # Errors
///
/// The text itself, if it is not of the type.
pub(super) fn partition_value(
    text: Option<&str>,
    data_type: &DataType,
) -> Result<ScalarValue, String> {
    let Some(text) = text else {
        return ScalarValue::try_from(data_type).map_err(|error| error.to_string());
    };
    ScalarValue::try_from_string(text.to_owned(), data_type).map_err(|_| text.to_owned())
}
