//! Columns that the folders on the way to files give.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use object_store::ObjectMeta;

use super::check::doubled;
use super::error::TableError;
use super::table_files::{TableFile, TableFiles};
use crate::config::Column;
use crate::content::scalar_type;
use crate::dataset::{decode_partition_value, is_whole_number};
use crate::storage::object_path;

/// Reads `key=value` folders below `base`. All files of a table lie under the same keys, each of
/// which occurs once.
pub(super) fn with_partitions(
    table: &str,
    base: &Path,
    found: Vec<(PathBuf, Metadata)>,
) -> Result<(Vec<String>, Vec<TableFile>), TableError> {
    let mut expected: Option<(Vec<String>, PathBuf)> = None;
    let mut files = Vec::with_capacity(found.len());
    for (path, found) in found {
        let object = object_of(&path, &found)?;
        let folder = path
            .strip_prefix(base)
            .ok()
            .and_then(Path::parent)
            .unwrap_or(Path::new(""));
        let (keys, partition): (Vec<String>, Vec<Option<String>>) = folder
            .components()
            .filter_map(|part| {
                let part = part.as_os_str().to_str()?;
                let (key, value) = part.split_once('=')?;
                Some((decode_partition_value(key)?, decode_partition_value(value)))
            })
            .unzip();
        let (known, first) = expected.get_or_insert_with(|| (keys.clone(), path.clone()));
        if *known != keys {
            return Err(TableError::MixedPartitions {
                table: table.to_owned(),
                file: path.display().to_string(),
                found: keys.join(", "),
                first: first.display().to_string(),
                expected: known.join(", "),
            });
        }
        files.push(TableFile {
            path,
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
            file: first.display().to_string(),
            reason: format!("two of the folders on the way to it are named `{key}=...`"),
        });
    }
    Ok((keys, files))
}

/// What the store says of a file that was listed.
fn object_of(path: &Path, found: &Metadata) -> Result<ObjectMeta, TableError> {
    // Seconds that are no date, which only a clock gone wrong gives, are the epoch.
    let modified = chrono::DateTime::from_timestamp(
        found.mtime(),
        u32::try_from(found.mtime_nsec()).unwrap_or(0),
    );
    Ok(ObjectMeta {
        location: object_path(path)?,
        last_modified: modified.unwrap_or_default(),
        size: found.len(),
        e_tag: None,
        version: None,
    })
}

/// The type of a partition column as the config says; without a config, 64-bit integers where all
/// values are written as these are, else strings.
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

/// The type of a column that folders give.
pub(super) fn type_of_folders<'a>(values: impl Iterator<Item = &'a str>) -> DataType {
    let mut values = values.peekable();
    match values.peek().is_some() && values.all(is_whole_number) {
        true => DataType::Int64,
        false => DataType::Utf8,
    }
}

/// A folder's text as a value; fails with the text where it is not of the type.
pub(super) fn partition_value(
    text: Option<&str>,
    data_type: &DataType,
) -> Result<ScalarValue, String> {
    let Some(text) = text else {
        return ScalarValue::try_from(data_type).map_err(|error| error.to_string());
    };
    ScalarValue::try_from_string(text.to_owned(), data_type).map_err(|_| text.to_owned())
}
