//! Datasets that a run reads, and the cost of writing them.

use serde::{Deserialize, Serialize};

use super::layout::LayoutRecord;
use super::wire::{StoreRecord, WireFigures};

/// One dataset, or one table of existing files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecord {
    pub id: String,
    /// Tables under which it is registered.
    pub tables: Vec<String>,
    pub origin: Origin,
    /// Folder, file, glob or URL from which it was read.
    pub location: String,
    /// Existing rows from which it was written. Absent if it was generated.
    #[serde(default)]
    pub source: Option<String>,
    /// Equal for equal rows, whatever the layout. For external data it is of the list of files.
    pub content_fingerprint: String,
    pub layout_fingerprint: String,
    /// Layout that it was written in. Absent for existing files, and in records from before it was
    /// kept.
    #[serde(default)]
    pub layout: Option<LayoutRecord>,
    pub rows: u64,
    pub files: u64,
    pub file_bytes: u64,
    pub row_groups: u64,
    pub columns: Vec<ColumnRecord>,
    /// Cost of writing it, in this run or an earlier one. Absent if it was not written in one go.
    pub write: Option<WriteRecord>,
    /// Store behind a network that it lies in. Absent for files of this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreRecord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Written by this program, footers verified.
    Generated,
    /// Read as it was found.
    External,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRecord {
    pub name: String,
    pub dtype: String,
    pub encodings: Vec<String>,
    /// Codecs found in the footers.
    pub codecs: Vec<String>,
    /// Bytes of the column's chunks before compression, from the footers.
    pub encoded_bytes: u64,
    /// Bytes of the column's chunks as stored, from the footers.
    pub compressed_bytes: u64,
    /// Number of the column's chunks. `fallback_chunks` are those whose dictionary the writer gave
    /// up for another encoding. 0 in records from before they were counted.
    #[serde(default)]
    pub chunks: u64,
    #[serde(default)]
    pub fallback_chunks: u64,
    /// Leaves of a nested column. Empty for a column that is its only leaf, and in records from
    /// before they were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<LeafRecord>,
}

/// A leaf of a nested column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafRecord {
    /// Names from the column downwards, such as `tags`, `list`, `item`.
    pub path: Vec<String>,
    pub encodings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteRecord {
    pub elapsed_ns: u64,
    /// User and system time of the whole process while writing.
    pub cpu_ns: u64,
    /// Requests of the writing on the network, checks of what was kept included. Absent for files
    /// of this host, and if several processes wrote the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<WireFigures>,
}
