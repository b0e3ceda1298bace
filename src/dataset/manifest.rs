//! The manifest lists the content of a dataset's folder. It is written last; its presence means
//! that the dataset is complete.

use std::io::ErrorKind;

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::error::DatasetError;
use super::names::MANIFEST_FILE;
use super::shortfalls::Shortfalls;
use crate::record::{ColumnRecord, WriteRecord};
use crate::storage::Location;

const MANIFEST_VERSION: u32 = 1;

/// Largest number of bytes of a manifest that is read. A manifest has some hundred bytes for each
/// file, and there may be millions of files.
const MOST_BYTES: u64 = 4 << 30;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub manifest_version: u32,
    /// Program and version that wrote the files.
    pub generator: String,
    pub generator_version: u32,
    pub content_fingerprint: String,
    pub layout_fingerprint: String,
    /// The codec with its level. The level is the wanted one, since Parquet files do not store it.
    pub codec: String,
    pub partition_by: Vec<String>,
    /// Parts of the layout that no writer could provide.
    #[serde(default)]
    pub shortfalls: Shortfalls,
    pub columns: Vec<ColumnRecord>,
    pub tables: Vec<ManifestTable>,
    /// Time and work of writing the files. Absent if they were written by more than one call, or by
    /// fewer threads than wanted.
    pub write: Option<WriteRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTable {
    pub name: String,
    pub rows: u64,
    pub files: Vec<ManifestFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Path relative to the dataset's folder, with `/` between its parts.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    pub row_groups: u64,
    /// Values of the partition columns as text, outermost first.
    pub partition: Vec<Option<String>>,
}

/// The dataset that is being written to a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnfinishedDataset {
    pub(crate) content_fingerprint: String,
    pub(crate) layout_fingerprint: String,
}

impl Manifest {
    pub(crate) fn version() -> u32 {
        MANIFEST_VERSION
    }

    /// Returns the manifest of a folder. None if there is none.
    pub fn read(root: &Location) -> Result<Option<Manifest>, DatasetError> {
        let place = root.join(MANIFEST_FILE);
        let Some(manifest) = read_json::<Manifest>(&place)? else {
            return Ok(None);
        };
        let bad = |reason: String| DatasetError::BadManifest {
            path: place.to_string(),
            reason,
        };
        if !(1..=MANIFEST_VERSION).contains(&manifest.manifest_version) {
            return Err(bad(format!(
                "manifest_version is {}, this program reads 1 to {MANIFEST_VERSION}",
                manifest.manifest_version
            )));
        }
        for file in manifest.tables.iter().flat_map(|table| &table.files) {
            let below = file
                .path
                .split('/')
                .all(|part| !part.is_empty() && part != "." && part != "..");
            if !below {
                return Err(bad(format!(
                    "`{}` is not a path below the dataset's folder",
                    file.path
                )));
            }
        }
        Ok(Some(manifest))
    }

    /// Puts the manifest in place. In a local folder it is written to another file, synced and
    /// renamed, and the folder is synced.
    pub(crate) fn write(&self, root: &Location) -> Result<(), DatasetError> {
        write_json(&root.join(MANIFEST_FILE), self)
    }

    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    pub fn files(&self) -> impl Iterator<Item = &ManifestFile> {
        self.tables.iter().flat_map(|table| &table.files)
    }

    pub fn file_bytes(&self) -> u64 {
        self.files().map(|file| file.bytes).sum()
    }

    pub fn row_groups(&self) -> u64 {
        self.files().map(|file| file.row_groups).sum()
    }
}

/// Reads a note of a dataset's folder. None if there is none.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
    place: &Location,
) -> Result<Option<T>, DatasetError> {
    let bad = |reason: String| DatasetError::BadManifest {
        path: place.to_string(),
        reason,
    };
    let text = match place.read(MOST_BYTES) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(None),
        Err(error) => {
            return match error.kind() {
                ErrorKind::InvalidInput | ErrorKind::FileTooLarge => Err(bad(error.to_string())),
                _ => Err(DatasetError::io(place, error)),
            };
        }
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| match error.classify() {
            Category::Eof => bad(format!("it ends too early, as after a crash: {error}")),
            Category::Syntax | Category::Data | Category::Io => bad(error.to_string()),
        })
}

/// Writes a note into a dataset's folder.
pub(crate) fn write_json<T: Serialize>(place: &Location, value: &T) -> Result<(), DatasetError> {
    let mut text =
        serde_json::to_vec(value).map_err(|error| DatasetError::io(place, error.into()))?;
    text.push(b'\n');
    Ok(place.write(text)?)
}
