//! Datasets that a run reads, and what it took to write them.

use serde::{Deserialize, Serialize};

/// One dataset, or one table of existing files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecord {
    pub id: String,
    /// Tables it is registered as.
    pub tables: Vec<String>,
    pub origin: Origin,
    /// Folder, file, glob or URL it was read from.
    pub location: String,
    /// Existing rows that it was written from, where it was not generated.
    #[serde(default)]
    pub source: Option<String>,
    /// Equal for equal rows, whatever the layout. For external data, of the file list.
    pub content_fingerprint: String,
    pub layout_fingerprint: String,
    pub rows: u64,
    pub files: u64,
    pub file_bytes: u64,
    pub row_groups: u64,
    pub columns: Vec<ColumnRecord>,
    /// What it took to write it, in this run or an earlier one; absent where it was not written in
    /// one go.
    pub write: Option<WriteRecord>,
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
    /// Bytes of its chunks before compression, from the footers.
    pub encoded_bytes: u64,
    /// Bytes of its chunks as stored, from the footers.
    pub compressed_bytes: u64,
    /// Its chunks, and those of them whose dictionary the writer gave up for another encoding; 0 in
    /// records from before they were counted.
    #[serde(default)]
    pub chunks: u64,
    #[serde(default)]
    pub fallback_chunks: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteRecord {
    pub elapsed_ns: u64,
    /// User and system time of the whole process while writing.
    pub cpu_ns: u64,
}
