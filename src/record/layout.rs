//! Layout of a dataset that this program wrote, in the words of configs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Layout of the rows of a dataset in files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayoutRecord {
    /// Rows of a row group. Absent if row groups end by their bytes.
    pub row_group_rows: Option<u64>,
    /// Encoded bytes of a row group before compression. Absent if row groups end by their rows.
    pub row_group_bytes: Option<u64>,
    /// Columns that became folders, outermost first.
    pub partition_by: Vec<String>,
    /// Columns that rows are sorted by, the most significant first. Nulls come first.
    pub sort_by: Vec<SortRecord>,
    /// `file` or `row_group`.
    pub sort_scope: String,
    /// Version of data pages, 1 or 2.
    pub writer_version: u8,
    /// Rows at which a page ends at the latest.
    pub data_page_rows: u64,
    pub page_index: bool,
    /// `fixed_size_list`, `list` or `binary`.
    pub vector_layout: String,
    /// Layout of the chunks of every column that `columns` does not name.
    pub chunk: ChunkLayoutRecord,
    /// Layouts of the columns with keys of their own, by top-level name.
    pub columns: BTreeMap<String, ChunkLayoutRecord>,
}

impl LayoutRecord {
    /// Returns the layout of a column's chunks, by the column's top-level name.
    pub fn chunk_of(&self, column: &str) -> &ChunkLayoutRecord {
        self.columns.get(column).unwrap_or(&self.chunk)
    }
}

/// Layout of column chunks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkLayoutRecord {
    /// `none`, `snappy`, `gzip`, `brotli`, `lz4` or `zstd`.
    pub codec: String,
    /// Absent for codecs without levels.
    pub level: Option<u32>,
    /// `auto` or an encoding.
    pub encoding: String,
    /// Bytes of a dictionary beyond which the writer falls back to another encoding.
    pub dictionary_page_bytes: u64,
    /// Bytes, encoded and before compression, at which a page ends.
    pub data_page_bytes: u64,
    /// `none`, `chunk` or `page`.
    pub statistics: String,
    pub bloom_filter: Option<BloomFilterRecord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BloomFilterRecord {
    /// Share of false positives.
    pub fpp: f64,
    /// Distinct values that the filter has room for. Absent: the rows of a row group.
    pub ndv: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortRecord {
    pub column: String,
    pub descending: bool,
}
