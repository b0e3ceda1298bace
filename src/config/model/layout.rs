//! How the rows of a dataset are laid out in files.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::dtype::Physical;
use crate::config::codec::Codec;

/// How the rows of a dataset are laid out in files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layout {
    pub row_group: RowGroupSize,
    pub vector_layout: VectorLayout,
    /// Columns that become folders, outermost first; never all of the columns.
    pub partition_by: Vec<String>,
    /// Columns that rows are sorted by, the most significant first; none for the order in which
    /// they are drawn.
    pub sort_by: Vec<SortColumn>,
    pub sort_scope: SortScope,
    /// 1 or 2: data page headers of that version, and its default encodings.
    pub writer_version: u8,
    /// Rows at which a page ends.
    pub data_page_rows: u64,
    /// Whether files have column and offset indexes.
    pub page_index: bool,
    /// The chunks of every column that `columns` does not name.
    pub chunk: ChunkLayout,
    /// Columns with keys of their own, complete.
    pub columns: BTreeMap<String, ChunkLayout>,
}

impl Layout {
    /// How the chunks of a column, by its top-level name, are laid out.
    pub fn chunk_of(&self, column: &str) -> &ChunkLayout {
        self.columns.get(column).unwrap_or(&self.chunk)
    }
}

/// How column chunks are laid out.
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

/// How values are encoded.
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

    /// Whether the format has this encoding for a physical type, and the writer offers it.
    pub fn fits(self, physical: Physical, writer_version: u8) -> bool {
        match self {
            Encoding::Auto | Encoding::Plain => true,
            Encoding::Dictionary => match physical {
                Physical::Boolean => false,
                // The writer has no dictionaries of these in files of version 1.
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

    /// The encodings that fit a physical type, by name.
    pub fn fitting(physical: Physical, writer_version: u8) -> Vec<&'static str> {
        Encoding::VARIANTS
            .iter()
            .filter(|encoding| encoding.fits(physical, writer_version))
            .map(|encoding| encoding.name())
            .collect()
    }
}

/// Which minima, maxima and null counts are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Statistics {
    None,
    /// Those of column chunks, in the footer.
    Chunk,
    /// Those of column chunks, and of pages in their headers.
    Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BloomFilter {
    /// Wanted share of false positives, above 0 and below 1.
    pub fpp: f64,
    /// Most distinct values of a column chunk that it has room for; no more than the rows of a row
    /// group, which it is where left out.
    pub ndv: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SortColumn {
    pub column: String,
    pub descending: bool,
}

/// The rows among which sorting takes place. Nulls come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SortScope {
    File,
    RowGroup,
}

/// Where a row group ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowGroupSize {
    Rows(u64),
    /// Bytes of encoded data before compression, as `total_byte_size` in the footer counts them.
    Bytes(u64),
}

/// How a column with `size` above 1 is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum VectorLayout {
    FixedSizeList,
    List,
    Binary,
}
