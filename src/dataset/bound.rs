//! Upper bounds for the space that a dataset can take, from the worst cases of its values, the
//! encodings, the codecs and the format.
//!
//! Counts of rows, files and row groups are exact. Sizes of values are those of their types, or
//! come from a sample with a margin. The bounds that follow from them are the worst that the writer
//! of parquet-rs can do.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::Type;
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::census::{Census, census};
use super::distinct::most_distinct_stored;
use super::error::DatasetError;
use super::pipeline::generated::rows_for_bytes;
use super::plan::{DatasetPlan, TablePlan};
use super::properties::{
    asked_encoding, most_filter_bytes, page_encoding, physical, write_batch, writer_properties,
};
use super::sample::{LEAST_TEXT, LeafBounds, held};

use crate::config::{
    ChunkLayout, Codec, Column, Distribution, Encoding, Layout, RowGroupSize, Statistics,
    VectorLayout,
};
use crate::content::{ColumnGenerator, Most};

/// Largest size, in bytes, of a row group that is encoded to find its number of rows.
const MOST_ENCODED_BYTES: u64 = 32 << 20;

/// Bytes of a text's minimum or maximum in statistics and indexes: parquet-rs truncates it.
const KEPT_OF_TEXT: f64 = 64.0;

/// Values that DELTA_BINARY_PACKED packs together in a mini block: for INT32, and for INT64.
const MINI_BLOCKS: (f64, f64) = (32.0, 64.0);
const BLOCKS_OF: f64 = 4.0;

/// Upper bounds for the space and the files of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Bytes of all files, including the manifest.
    pub bytes: u64,
    /// Bytes of the file system's blocks that the files and folders take.
    pub blocks: u64,
    /// Files and folders.
    pub inodes: u64,
    pub files: u64,
    pub row_groups: u64,
}

/// Returns upper bounds for the files of a generated dataset on a file system with blocks of
/// `block_bytes`. None for existing rows, whose values are not known before they are read.
pub fn bound(plan: &DatasetPlan, block_bytes: u64) -> Result<Option<Bound>, DatasetError> {
    if plan.source.is_some() {
        return Ok(None);
    }
    let schema = plan.file_schema();
    let parquet = |source| DatasetError::Parquet {
        path: plan.root.to_string(),
        source,
    };
    let layout = &plan.spec.layout;
    let empty_file = empty_file_bytes(layout, &schema).map_err(parquet)?;
    let leaves = ArrowSchemaConverter::new()
        .convert(&schema)
        .map_err(parquet)?;
    let block = block_bytes.max(1) as f64;
    let (mut bytes, mut blocks, mut names) = (0.0_f64, 0.0_f64, 0.0_f64);
    let (mut files, mut folders, mut row_groups) = (0_u64, 1_u64, 0_u64);
    for table in &plan.tables {
        let known = leaves_of(plan, table)?;
        let row_group_rows = row_group_rows(plan, table, &schema, &known)?;
        let census = census(plan, table, row_group_rows)?;
        let whole = Whole {
            plan,
            schema: &leaves,
            known,
            rows: table.rows(),
            row_group_rows,
            census,
            empty_file,
        };
        let (of_table, of_files) = (whole.bytes(), census.files as f64);
        bytes += of_table;
        let with_ends = of_table + of_files * (block - 1.0);
        let one_by_one = of_files * (whole.largest_file().bytes() / block).ceil() * block;
        blocks += with_ends.min(one_by_one);
        names += of_files * (census.path_bytes as f64 + 16.0);
        files = files.saturating_add(census.files);
        folders = folders.saturating_add(census.folders);
        row_groups = row_groups.saturating_add(census.row_groups);
    }
    let manifest = 100.0 * files as f64 + 2.0 * names + 600.0 + columns_in_manifest(plan);
    bytes += manifest;
    // File systems keep lists of blocks, with at most 4 bytes for each of 4096.
    blocks += bytes / 1024.0 + manifest + 2.0 * block + folders as f64 * block + 2.0 * names;
    Ok(Some(Bound {
        bytes: bytes.ceil() as u64,
        blocks: blocks.ceil() as u64,
        inodes: files.saturating_add(folders).saturating_add(4),
        files,
        row_groups,
    }))
}

/// All files of a table, or one of them.
struct Whole<'a> {
    plan: &'a DatasetPlan,
    schema: &'a SchemaDescriptor,
    known: Vec<KnownLeaf<'a>>,
    rows: u64,
    row_group_rows: u64,
    census: Census,
    /// Bytes of a file without rows.
    empty_file: f64,
}

impl<'a> Whole<'a> {
    /// Returns the file with the most rows, with every row as large as a row can be.
    fn largest_file(&self) -> Whole<'a> {
        let rows = self.census.most_file_rows;
        let known = self.known.iter().map(|known| {
            let (values, bytes) = (known.most.values as f64, known.most.bytes as f64);
            KnownLeaf {
                held: LeafBounds {
                    levels: values * rows as f64,
                    values: values * rows as f64,
                    bytes: bytes * rows as f64,
                },
                ..*known
            }
        });
        Whole {
            known: known.collect(),
            rows,
            census: Census {
                files: 1,
                row_groups: rows.div_ceil(self.row_group_rows),
                ..self.census
            },
            ..*self
        }
    }

    fn bytes(&self) -> f64 {
        let layout = &self.plan.spec.layout;
        let wide = self.wide();
        let (files, groups) = (self.census.files as f64, self.census.row_groups as f64);
        let mut bytes = 0.0;
        for (known, descriptor) in self.known.iter().zip(self.schema.columns()) {
            let leaf = TableLeaf {
                known,
                descriptor,
                chunk: layout.chunk_of(&known.column.name),
                layout,
                rows: self.rows as f64,
                row_group_rows: self.row_group_rows,
                census: self.census,
                wide,
            };
            let pages = leaf.pages();
            bytes += leaf.chunk_bytes(pages) + leaf.structure_bytes(pages);
        }
        bytes += groups * (14.0 + 4.0 * wide + 10.0 * layout.sort_by.len() as f64);
        // The key-value with the file's identity.
        let identity = 100.0 + self.census.path_bytes as f64 + 2.0 * wide;
        bytes + files * (self.empty_file + identity)
    }

    /// Returns the bytes of a number in a file's metadata, an offset or a count: seven bits per
    /// byte, and one bit for the sign.
    fn wide(&self) -> f64 {
        let groups = self.census.row_groups as f64;
        let roughly: f64 = self
            .known
            .iter()
            .map(|leaf| 2.0 * leaf.held.bytes + 144.0 * leaf.held.levels + 4096.0 * groups)
            .sum();
        let files = 65_536.0 * self.census.files as f64;
        (bits_of(2.0 * (roughly + files)) / 7.0).ceil()
    }
}

/// Returns the bytes of a file without rows: its schema in both forms, and the rest of a footer.
fn empty_file_bytes(layout: &Layout, schema: &SchemaRef) -> Result<f64, ParquetError> {
    let properties = writer_properties(layout, schema, None)?;
    let options = ArrowWriterOptions::new().with_properties(properties);
    let writer = ArrowWriter::try_new_with_options(Vec::<u8>::new(), Arc::clone(schema), options)?;
    Ok(writer.into_inner()?.len() as f64)
}

fn columns_in_manifest(plan: &DatasetPlan) -> f64 {
    plan.stored_columns()
        .map(|column| 400.0 + 2.0 * column.name.len() as f64 + 60.0 * column.children.len() as f64)
        .sum()
}

/// Facts about a leaf that are known before anything is written.
#[derive(Clone, Copy)]
struct KnownLeaf<'a> {
    /// The config's column to which the leaf belongs.
    column: &'a Column,
    held: LeafBounds,
    most: Most,
    distinct: Option<f64>,
    /// True if no value is missing: there are neither nulls nor lists without elements.
    is_full: bool,
    /// True if the leaf is a list whose rows all have the same number of elements.
    is_vector: bool,
}

/// Returns the leaves of a table's files, in their order.
fn leaves_of<'a>(
    plan: &'a DatasetPlan,
    table: &TablePlan,
) -> Result<Vec<KnownLeaf<'a>>, DatasetError> {
    let vectors = plan.spec.layout.vector_layout;
    let mut known = Vec::new();
    for column in plan.stored_columns() {
        let generator = plan.generator(table, column)?;
        let mut leaves = Vec::new();
        add_leaves(column, &mut leaves);
        let held = held(&generator, column, table.rows());
        for ((leaf, held), most) in leaves.iter().zip(held).zip(generator.most_per_row()) {
            // Texts that follow another column contain a number, whose digits may exceed the
            // column's size.
            let least = match leaf.distribution {
                Distribution::CorrelatedWith { .. } if leaf.dtype.is_text() => LEAST_TEXT as u64,
                _ => 0,
            };
            let is_list = column.is_vector() && vectors != VectorLayout::Binary;
            known.push(KnownLeaf {
                column,
                held,
                most: Most {
                    bytes: most.bytes.max(least),
                    ..*most
                },
                distinct: most_distinct_stored(leaf, vectors).map(|most| most as f64),
                is_full: !column.dtype.is_nested() && column.null_fraction == 0.0,
                is_vector: is_list,
            });
        }
    }
    Ok(known)
}

fn add_leaves<'a>(column: &'a Column, leaves: &mut Vec<&'a Column>) {
    if column.dtype.is_nested() {
        for child in &column.children {
            add_leaves(child, leaves);
        }
    } else {
        leaves.push(column);
    }
}

/// Returns the rows of a full row group. If they follow from a size that takes long to encode,
/// returns a lower bound, which gives at least as many row groups as there will be.
fn row_group_rows(
    plan: &DatasetPlan,
    table: &TablePlan,
    schema: &SchemaRef,
    known: &[KnownLeaf<'_>],
) -> Result<u64, DatasetError> {
    let layout = &plan.spec.layout;
    let bytes = match layout.row_group {
        RowGroupSize::Rows(rows) => return Ok(rows.max(1)),
        RowGroupSize::Bytes(bytes) => bytes,
    };
    if bytes > MOST_ENCODED_BYTES {
        let all: f64 = known
            .iter()
            .map(|leaf| leaf.held.bytes + 9.0 * leaf.held.levels)
            .sum();
        let rows = bytes as f64 * table.rows() as f64 / (2.0 * all).max(1.0);
        return Ok((rows as u64).max(1));
    }
    // The writer samples the first table, and uses the result for all tables.
    let Some(first) = plan.tables.first() else {
        return Ok(1);
    };
    let generators = plan
        .stored_columns()
        .map(|column| plan.generator(first, column))
        .collect::<Result<Arc<[ColumnGenerator]>, _>>()?;
    rows_for_bytes(&generators, schema, layout, bytes, plan.spec.rows_per_file).map_err(|source| {
        DatasetError::Parquet {
            path: plan.root.to_string(),
            source,
        }
    })
}

/// One leaf in all files of a table.
struct TableLeaf<'a> {
    known: &'a KnownLeaf<'a>,
    descriptor: &'a ColumnDescriptor,
    chunk: &'a ChunkLayout,
    layout: &'a Layout,
    rows: f64,
    row_group_rows: u64,
    census: Census,
    /// Bytes of a number in the file's metadata.
    wide: f64,
}

impl TableLeaf<'_> {
    fn chunks(&self) -> f64 {
        self.census.row_groups as f64
    }

    /// Returns the bytes of a value of a fixed size. None for text.
    fn width(&self) -> Option<f64> {
        Some(match self.descriptor.physical_type() {
            Type::BOOLEAN => 1.0 / 8.0,
            Type::INT32 | Type::FLOAT => 4.0,
            Type::INT64 | Type::DOUBLE => 8.0,
            Type::INT96 => 12.0,
            Type::FIXED_LEN_BYTE_ARRAY => f64::from(self.descriptor.type_length().max(1)),
            Type::BYTE_ARRAY => return None,
        })
    }

    fn plain(&self) -> f64 {
        let held = self.known.held;
        match self.width() {
            Some(width) => held.values * width,
            None => held.values * 4.0 + held.bytes,
        }
    }

    /// Returns the bytes of the longest value in the encoding PLAIN.
    fn longest(&self) -> f64 {
        let of_text = self.known.most.bytes as f64 + 4.0;
        self.width().unwrap_or(of_text)
    }

    /// Returns the largest number of values of one chunk.
    fn values_of_chunk(&self) -> f64 {
        let most = self.census.most_rows as f64 * self.known.most.values as f64;
        most.min(self.known.held.values)
    }

    /// Returns the largest number of different values of one chunk.
    fn distinct_of_chunk(&self) -> f64 {
        let most = self.known.distinct.unwrap_or(f64::INFINITY);
        self.values_of_chunk().min(most)
    }

    /// Returns the encoding of data pages without a dictionary, and true if the writer first tries
    /// a dictionary.
    fn encoding(&self) -> (Encoding, bool) {
        let kind = self.descriptor.physical_type();
        let asked = asked_encoding(self.layout, &self.known.column.name, kind);
        if page_encoding(asked).is_some() {
            return (asked, false);
        }
        let second = self.layout.writer_version == 2;
        let otherwise = match kind {
            _ if !second => Encoding::Plain,
            Type::BOOLEAN => Encoding::Rle,
            Type::INT32 | Type::INT64 => Encoding::DeltaBinaryPacked,
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => Encoding::DeltaByteArray,
            _ => Encoding::Plain,
        };
        let version = self.layout.writer_version;
        let fits = Encoding::Dictionary.fits(physical(kind), version);
        (otherwise, fits)
    }

    /// Returns the bytes of all values in an encoding without a dictionary, and the bytes that each
    /// page adds.
    fn encoded(&self, encoding: Encoding) -> (f64, f64) {
        let held = self.known.held;
        let lengths = || {
            let bits = 1.0 + bits_of(2.0 * self.known.most.bytes as f64 + 1.0);
            delta(held.values, bits, MINI_BLOCKS.0)
        };
        match encoding {
            Encoding::DeltaBinaryPacked if self.width() == Some(4.0) => {
                delta(held.values, 33.0, MINI_BLOCKS.0)
            }
            Encoding::DeltaBinaryPacked => delta(held.values, 64.0, MINI_BLOCKS.1),
            Encoding::DeltaLengthByteArray => {
                let (lengths, of_page) = lengths();
                (lengths + held.bytes, of_page)
            }
            Encoding::DeltaByteArray => {
                let (lengths, of_page) = lengths();
                let bytes = self.width().map_or(held.bytes, |width| held.values * width);
                (2.0 * lengths + bytes, 2.0 * of_page)
            }
            Encoding::Rle => (hybrid(held.values, 1.0), 12.0),
            _ => (self.plain(), 1.0),
        }
    }

    /// Returns true if a dictionary may grow so large that the writer gives it up.
    fn may_fall_back(&self) -> bool {
        let limit = self.chunk.dictionary_page_bytes as f64;
        self.distinct_of_chunk() * self.longest() >= limit
    }

    /// Returns the bytes of dictionaries, the bytes of the values in data pages, and the bytes that
    /// each data page adds.
    fn with_dictionary(&self, otherwise: Encoding) -> (f64, f64, f64) {
        let limit = self.chunk.dictionary_page_bytes as f64;
        let (distinct, longest) = (self.distinct_of_chunk(), self.longest());
        let entries = self.known.held.values.min(distinct * self.chunks());
        let of_row = longest * self.known.most.values as f64;
        let dictionaries = (entries * longest)
            .min(self.plain())
            .min((2.0 * limit + of_row) * self.chunks());
        let bits = bits_of(distinct);
        let (indices, of_page) = (hybrid(self.known.held.values, bits), 6.0 + bits);
        if !self.may_fall_back() {
            return (dictionaries, indices, of_page);
        }
        let (encoded, of_other) = self.encoded(otherwise);
        let beside = indices.max(encoded);
        // A value is either in the dictionary, with an index, or in a data page, never both.
        let all = self.plain().max(encoded) + indices;
        let dictionaries = dictionaries.min((all - beside).max(0.0));
        (dictionaries, beside, of_page.max(of_other))
    }

    /// Returns the bytes of definition and repetition levels, and the bytes that each page adds.
    fn levels(&self) -> (f64, f64) {
        let levels = self.known.held.levels;
        let (mut bytes, mut of_page) = (0.0, 0.0);
        let definition = f64::from(self.descriptor.max_def_level());
        if definition > 0.0 {
            of_page += 10.0;
            if !self.known.is_full {
                bytes += hybrid(levels, bits_of(definition + 1.0));
            }
        }
        let repetition = f64::from(self.descriptor.max_rep_level());
        if repetition > 0.0 {
            of_page += 10.0;
            let each = hybrid(levels, bits_of(repetition + 1.0));
            bytes += match self.known.is_vector {
                // Each row takes a start, a group of eight, and a run.
                true => each.min(10.0 * self.rows),
                false => each,
            };
        }
        (bytes, of_page)
    }

    /// Returns the number of data pages of all chunks. A page ends at a number of rows or of bytes,
    /// at the end of the chunk, and when a dictionary has grown too large.
    fn pages(&self) -> f64 {
        let (otherwise, has_dictionary) = self.encoding();
        let (bytes, of_page) = match has_dictionary {
            true => {
                let (_, values, of_page) = self.with_dictionary(otherwise);
                (values, of_page)
            }
            false => self.encoded(otherwise),
        };
        let limit = self.chunk.data_page_bytes as f64;
        let levels = self.known.held.levels;
        let by_rows = self.rows / self.layout.data_page_rows.max(1) as f64;
        let by_bytes = match limit >= 2.0 * of_page {
            true => bytes / (limit - of_page),
            // Each batch of the writer becomes a page of its own.
            false if self.width().is_some() => {
                levels / write_batch(self.layout) as f64 + levels / 1024.0 + self.chunks()
            }
            false => levels,
        };
        let last = match has_dictionary && self.may_fall_back() {
            true => 2.0,
            false => 1.0,
        };
        (by_rows + by_bytes + last * self.chunks())
            .min(levels)
            .ceil()
    }

    /// Returns the bytes of the column chunks: pages with their headers, in the worst case of the
    /// codec.
    fn chunk_bytes(&self, pages: f64) -> f64 {
        let (otherwise, has_dictionary) = self.encoding();
        let (dictionaries, values, of_page) = match has_dictionary {
            true => self.with_dictionary(otherwise),
            false => {
                let (values, of_page) = self.encoded(otherwise);
                (0.0, values, of_page)
            }
        };
        let (levels, levels_of_page) = self.levels();
        let dictionary_pages = if has_dictionary { self.chunks() } else { 0.0 };
        let encoded = dictionaries + values + levels + pages * (of_page + levels_of_page);
        let all_pages = pages + dictionary_pages;
        let header = match self.layout.writer_version {
            2 => 15.0 + 7.0 * self.wide,
            _ => 14.0 + 3.0 * self.wide,
        };
        let statistics = match self.chunk.statistics {
            Statistics::Page => self.statistics_bytes(),
            Statistics::None | Statistics::Chunk => 0.0,
        };
        compressed(self.chunk.codec, encoded, all_pages) + all_pages * header + pages * statistics
    }

    /// Returns the bytes of a minimum or a maximum.
    fn bound_bytes(&self) -> f64 {
        let width = self.width().map(f64::ceil);
        width.unwrap_or(KEPT_OF_TEXT.min(self.known.most.bytes as f64)) + 2.0
    }

    /// Returns the bytes of the statistics of a chunk or a page: two bounds, counts and flags.
    /// Bounds of a fixed size are stored twice, the second time in the fields for old readers.
    fn statistics_bytes(&self) -> f64 {
        let bounds = if self.width().is_some() { 4.0 } else { 2.0 };
        5.0 + self.wide + bounds * self.bound_bytes()
    }

    /// Returns the bytes that the leaf takes in footers, indexes and bloom filters.
    fn structure_bytes(&self, pages: f64) -> f64 {
        let wide = self.wide;
        let counted = [
            self.descriptor.max_def_level(),
            self.descriptor.max_rep_level(),
        ];
        let counted = counted.into_iter().filter(|level| *level > 0);
        let histograms: f64 = counted.map(|level| f64::from(level) + 1.0).sum();
        let path = self.descriptor.path().parts().iter();
        let path: f64 = path.map(|part| part.len() as f64 + 2.0).sum();
        let page_kinds = match self.encoding().1 {
            true if self.may_fall_back() => 3.0,
            true => 2.0,
            false => 1.0,
        };
        let has_statistics = self.chunk.statistics != Statistics::None;
        let mut of_chunk = 28.0 + 5.0 * wide + path + page_kinds * (6.0 + wide);
        if has_statistics {
            of_chunk += self.statistics_bytes() + 6.0 + wide + histograms * wide;
        }
        if self.chunk.bloom_filter.is_some() {
            of_chunk += 2.0 + 2.0 * wide;
        }
        let mut of_page = 0.0;
        if self.layout.page_index {
            of_chunk += 32.0 + 4.0 * wide;
            of_page += 4.0 + 4.0 * wide;
            if has_statistics {
                of_page += 1.0 + 2.0 * self.bound_bytes() + (histograms + 1.0) * wide;
            }
        }
        of_chunk * self.chunks() + of_page * pages + self.filter_bytes()
    }

    /// Returns the bytes of bloom filters. The writer folds each to the size that the chunk's
    /// values need.
    fn filter_bytes(&self) -> f64 {
        let Some(bloom) = self.chunk.bloom_filter else {
            return 0.0;
        };
        // Some more values than there are, because the number of set bits is random.
        let values = (self.distinct_of_chunk() * 1.25).ceil() as u64 + 8;
        let of_chunk = most_filter_bytes(bloom, values.min(self.row_group_rows));
        self.chunks() * of_chunk as f64
    }
}

/// Returns the bits of a number below `count`.
fn bits_of(count: f64) -> f64 {
    count.max(1.0).log2().ceil()
}

/// Returns the bytes of the hybrid of RLE and bit packing in its worst case: single groups of eight
/// values, each with its header.
fn hybrid(values: f64, bits: f64) -> f64 {
    match bits > 0.0 {
        true => values / 8.0 * (1.0 + bits),
        false => 0.0,
    }
}

/// Returns the bytes of DELTA_BINARY_PACKED, and the bytes that each page adds: its header, and the
/// unused part of a mini block.
fn delta(values: f64, bits: f64, mini_block: f64) -> (f64, f64) {
    let block_header = 10.0 + BLOCKS_OF;
    let each = bits / 8.0 + block_header / (BLOCKS_OF * mini_block);
    (values * each, 20.0 + block_header + mini_block * bits / 8.0)
}

/// Returns the largest compressed size of `bytes` in `pages` pages: incompressible bytes, stored
/// with the headers of the codec.
fn compressed(codec: Codec, bytes: f64, pages: f64) -> f64 {
    match codec {
        Codec::None => bytes,
        Codec::Snappy => bytes * (1.0 + 1.0 / 6.0) + 32.0 * pages,
        Codec::Lz4 => bytes * (1.0 + 1.0 / 255.0) + 16.0 * pages,
        // A block with fixed codes takes up to nine bits per byte.
        Codec::Gzip(_) => bytes * (1.0 + 1.0 / 8.0) + 24.0 * pages,
        Codec::Brotli(_) => bytes * (1.0 + 1.0 / 256.0) + 32.0 * pages,
        Codec::Zstd(_) => bytes * (1.0 + 1.0 / 256.0) + 24.0 * pages,
    }
}
