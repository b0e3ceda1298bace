//! Layout of the rows of a dataset in files.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::dtype::Physical;
use crate::config::codec::Codec;

/// Layout of the rows of a dataset in files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layout {
    pub row_group: RowGroupSize,
    pub vector_layout: VectorLayout,
    /// Columns that become folders, outermost first; never all of the columns.
    pub partition_by: Vec<String>,
    /// Columns that rows are sorted by, the most significant first. Empty: rows stay in the order
    /// in which they are drawn.
    pub sort_by: Vec<SortColumn>,
    pub sort_scope: SortScope,
    /// Version of data page headers and of the default encodings, 1 or 2.
    pub writer_version: u8,
    /// Number of rows at which a page ends.
    pub data_page_rows: u64,
    /// True if files have column and offset indexes.
    pub page_index: bool,
    /// Layout of the chunks of every column that `columns` does not name.
    pub chunk: ChunkLayout,
    /// Complete layouts of the columns that have keys of their own, by column name.
    pub columns: BTreeMap<String, ChunkLayout>,
}

impl Layout {
    /// Returns the layout of a column's chunks, by the column's top-level name.
    pub fn chunk_of(&self, column: &str) -> &ChunkLayout {
        self.columns.get(column).unwrap_or(&self.chunk)
    }
}

/// Layout of column chunks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChunkLayout {
    pub codec: Codec,
    pub encoding: Encoding,
    /// Bytes of a dictionary beyond which the writer falls back to another encoding.
    pub dictionary_page_bytes: u64,
    /// Bytes, encoded and before compression, at which a page ends.
    pub data_page_bytes: u64,
    pub statistics: Statistics,
    pub bloom_filter: Option<BloomFilter>,
}

/// Encoding of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Encoding {
    /// The writer's choice: a dictionary while it is small enough, then the default of the writer
    /// version.
    Auto,
    Plain,
    Dictionary,
    DeltaBinaryPacked,
    DeltaLengthByteArray,
    DeltaByteArray,
    ByteStreamSplit,
    Rle,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns true if Parquet has this encoding for a physical type and the writer offers it.
    pub fn fits(self, physical: Physical, writer_version: u8) -> bool {
        match self {
            Encoding::Auto | Encoding::Plain => true,
            Encoding::Dictionary => match physical {
                Physical::Boolean => false,
                // The writer makes no dictionaries of this type in files of version 1.
                Physical::FixedLenByteArray => writer_version == 2,
                _ => true,
            },
            Encoding::DeltaBinaryPacked => {
                matches!(physical, Physical::Int32 | Physical::Int64)
            }
            Encoding::DeltaLengthByteArray => physical == Physical::ByteArray,
            Encoding::DeltaByteArray => {
                matches!(physical, Physical::ByteArray | Physical::FixedLenByteArray)
            }
            Encoding::ByteStreamSplit => matches!(
                physical,
                Physical::Int32
                    | Physical::Int64
                    | Physical::Float
                    | Physical::Double
                    | Physical::FixedLenByteArray
            ),
            Encoding::Rle => physical == Physical::Boolean,
        }
    }

    /// Returns the names of the encodings that fit a physical type.
    pub fn fitting(physical: Physical, writer_version: u8) -> Vec<&'static str> {
        Encoding::VARIANTS
            .iter()
            .filter(|encoding| encoding.fits(physical, writer_version))
            .map(|encoding| encoding.name())
            .collect()
    }
}

/// Minima, maxima and null counts that files store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Statistics {
    None,
    /// Statistics of column chunks, in the footer.
    Chunk,
    /// Statistics of column chunks, and of pages in their headers.
    Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BloomFilter {
    /// Wanted share of false positives, above 0 and below 1.
    pub fpp: f64,
    /// Number of distinct values of a column chunk that the filter has room for, at most the rows
    /// of a row group. Absent: the rows of a row group.
    pub ndv: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SortColumn {
    pub column: String,
    pub descending: bool,
}

/// Range of rows within which they are sorted. Nulls come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SortScope {
    File,
    RowGroup,
}

/// Size at which a row group ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowGroupSize {
    Rows(u64),
    /// Bytes of encoded data before compression, as `total_byte_size` in the footer counts them.
    Bytes(u64),
}

/// Storage of columns with `size` above 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum VectorLayout {
    FixedSizeList,
    List,
    Binary,
}
