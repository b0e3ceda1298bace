//! How Parquet files are laid out: what their footers, indexes and pages say.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef};
use arrow::compute::{cast, concat, sort};
use arrow::datatypes::{DataType, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::CompressionCodec;
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, SortingColumn,
};
use serde::Serialize;

use super::page_header::is_encrypted;
use super::{ENCRYPTED, TableError, TableFile, discover, look, look_again, unreadable};
use crate::dataset::{StoreReader, check_plausible, fell_back, is_dictionary, pages_of, rows_of};

/// Times that a footer is parsed; the shortest counts, as all that can happen to it makes it longer.
const PARSES: usize = 3;

/// Bytes of a file behind its footer: the footer's length, and the magic number.
const TAIL_BYTES: u64 = 8;

/// Longest value of a key in a footer that is kept, in characters.
const LONGEST_VALUE: usize = 200;

/// What to look at besides the footers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Depth {
    pub row_groups: bool,
    /// Reads and decompresses everything.
    pub pages: bool,
}

/// The layout of a set of files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    pub location: String,
    pub rows: u64,
    pub row_groups: u64,
    pub file_bytes: u64,
    /// Hive folders on the way to the files, outermost first.
    pub partition_by: Vec<String>,
    pub files: Vec<FileFacts>,
    /// Leaves, in the order in which they first appear.
    pub columns: Vec<ColumnFacts>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileFacts {
    pub path: String,
    pub file_bytes: u64,
    pub rows: u64,
    pub footer_bytes: u64,
    /// The shortest of a few parses, reading excluded.
    pub footer_parse_ns: u64,
    /// Of the format, as the footer says.
    pub version: i32,
    pub created_by: Option<String>,
    /// Long values are cut.
    pub key_values: Vec<(String, Option<String>)>,
    pub row_group_count: u64,
    /// Only where they were asked for.
    pub row_groups: Vec<RowGroupFacts>,
    /// Only where they were asked for.
    pub pages: Vec<PageRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowGroupFacts {
    pub row_group: u64,
    pub rows: u64,
    pub encoded_bytes: u64,
    pub compressed_bytes: u64,
    /// `column`, or `column desc`.
    pub sorted_by: Vec<String>,
}

/// One page of a column chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageRow {
    pub row_group: u64,
    pub column: String,
    pub page: u64,
    /// `dictionary`, `data v1` or `data v2`.
    pub kind: String,
    pub encoding: String,
    pub values: u64,
    pub encoded_bytes: u64,
    pub has_statistics: bool,
}

/// One leaf over all files.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ColumnFacts {
    pub column: String,
    /// The whole column that the leaf belongs to.
    pub root: String,
    pub physical_type: String,
    /// Of the whole column, in Arrow's words.
    pub dtype: String,
    pub encodings: BTreeSet<String>,
    pub codecs: BTreeSet<String>,
    pub chunks: u64,
    pub values: u64,
    /// Where all chunks tell.
    pub nulls: Option<u64>,
    /// Whether a chunk tells of more nulls than it has values.
    #[serde(skip)]
    pub has_more_nulls_than_values: bool,
    pub encoded_bytes: u64,
    pub compressed_bytes: u64,
    /// Data pages, where all chunks have an offset index.
    pub pages: Option<u64>,
    pub dictionary_chunks: u64,
    /// Chunks whose dictionary was given up for another encoding.
    pub fallback_chunks: u64,
    pub statistics_chunks: u64,
    pub column_index_chunks: u64,
    pub offset_index_chunks: u64,
    pub bloom_filter_chunks: u64,
    pub bloom_filter_bytes: u64,
    /// Place among the sorting columns, from 1, where it is the same in all row groups.
    pub sort_position: Option<u64>,
    pub sort_descending: bool,
    /// As text, by the statistics.
    pub min: Option<String>,
    pub max: Option<String>,
}

impl ColumnFacts {
    /// Compressed over encoded bytes.
    pub fn ratio(&self) -> Option<f64> {
        (self.encoded_bytes > 0).then(|| self.compressed_bytes as f64 / self.encoded_bytes as f64)
    }
}

/// Reads the footers of all files behind a path, a folder or a glob, and more by `depth`.
pub async fn inspect(
    store: &Arc<dyn ObjectStore>,
    location: &str,
    depth: Depth,
) -> Result<Inspection, TableError> {
    // Files that are inspected have no name but their own.
    const NAME: &str = "";
    let store = Arc::clone(store);
    let found = discover(NAME, location).await?;
    let inputs = look(NAME, &found).await?;
    let mut inspection = Inspection {
        location: location.to_owned(),
        rows: 0,
        row_groups: 0,
        file_bytes: 0,
        partition_by: found.partition_by.clone(),
        files: Vec::new(),
        columns: Vec::new(),
    };
    let mut bounds = Vec::new();
    for file in found.files {
        let bad = |reason: String| TableError::BadFile {
            table: NAME.to_owned(),
            file: file.path.display().to_string(),
            reason,
        };
        // A corrupt file may make the parser panic.
        let (task_store, task_file) = (Arc::clone(&store), file.clone());
        let task = tokio::spawn(async move { read(&task_store, &task_file, depth).await });
        let (metadata, facts) = task
            .await
            .map_err(|_| bad(unreadable("it is corrupt")))?
            .map_err(bad)?;
        inspection.rows += facts.rows;
        inspection.row_groups += facts.row_group_count;
        inspection.file_bytes += facts.file_bytes;
        // So may a corrupt schema.
        let added = catch_unwind(AssertUnwindSafe(|| {
            add_columns(&mut inspection.columns, &mut bounds, &metadata)
        }));
        added
            .unwrap_or_else(|_| Err("its schema is corrupt".to_owned()))
            .map_err(bad)?;
        inspection.files.push(facts);
    }
    for (column, found) in inspection.columns.iter_mut().zip(bounds) {
        (column.min, column.max) = (text_of(found.0, false), text_of(found.1, true));
    }
    look_again(NAME, location, inputs).await?;
    Ok(inspection)
}

async fn read(
    store: &Arc<dyn ObjectStore>,
    file: &TableFile,
    depth: Depth,
) -> Result<(ParquetMetaData, FileFacts), String> {
    let size = file.object.size;
    let object = &file.object.location;
    let range = async |range| {
        let read = store.get_range(object, range).await;
        read.map_err(|error| error.to_string())
    };
    if size < TAIL_BYTES + 4 {
        return Err(format!("it has {size} bytes, which no Parquet file has"));
    }
    let tail = range(size - TAIL_BYTES..size).await?;
    let (length, magic) = tail.split_at(4);
    if magic == b"PARE" {
        return Err(ENCRYPTED.to_owned());
    }
    if magic != b"PAR1" {
        return Err("not a readable Parquet file: it does not end in PAR1".to_owned());
    }
    let length = u64::from(
        length
            .iter()
            .rev()
            .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)),
    );
    if length > size - TAIL_BYTES - 4 {
        return Err(format!(
            "not a readable Parquet file: its footer claims {length} bytes, the file has {size}"
        ));
    }
    let footer = range(size - TAIL_BYTES - length..size - TAIL_BYTES).await?;
    let mut parse_ns = u64::MAX;
    let mut metadata = None;
    for _ in 0..PARSES {
        let started = Instant::now();
        let parsed = ParquetMetaDataReader::decode_metadata(&footer)
            .map_err(|error| unreadable(&error.to_string()))?;
        let elapsed = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        parse_ns = parse_ns.min(elapsed);
        metadata = Some(parsed);
    }
    let metadata = metadata.ok_or_else(|| "its footer was not parsed".to_owned())?;
    if is_encrypted(&footer) {
        return Err(ENCRYPTED.to_owned());
    }
    check_plausible(&metadata, size)
        .map_err(|reason| format!("its footer is corrupt: {reason}"))?;
    let mut reader = StoreReader {
        store: Arc::clone(store),
        object: object.clone(),
        metadata: Arc::new(metadata.clone()),
    };
    let mut indexes = ParquetMetaDataReader::new_with_metadata(metadata)
        .with_page_index_policy(PageIndexPolicy::Optional);
    indexes
        .load_page_index(&mut reader)
        .await
        .map_err(|error| format!("its page index cannot be read: {error}"))?;
    let metadata = indexes.finish().map_err(|error| error.to_string())?;
    let about = metadata.file_metadata();
    let mut facts = FileFacts {
        path: file.path.display().to_string(),
        file_bytes: size,
        rows: rows_of(&metadata),
        footer_bytes: length,
        footer_parse_ns: parse_ns,
        version: about.version(),
        created_by: about.created_by().map(str::to_owned),
        key_values: about
            .key_value_metadata()
            .into_iter()
            .flatten()
            .map(|entry| (entry.key.clone(), entry.value.as_deref().map(shortened)))
            .collect(),
        row_group_count: metadata.num_row_groups() as u64,
        row_groups: Vec::new(),
        pages: Vec::new(),
    };
    for (index, row_group) in metadata.row_groups().iter().enumerate() {
        let rows = positive(row_group.num_rows());
        if depth.row_groups {
            let compressed = row_group.columns().iter();
            facts.row_groups.push(RowGroupFacts {
                row_group: index as u64,
                rows,
                encoded_bytes: positive(row_group.total_byte_size()),
                compressed_bytes: compressed
                    .map(|chunk| positive(chunk.compressed_size()))
                    .sum(),
                sorted_by: row_group
                    .sorting_columns()
                    .into_iter()
                    .flatten()
                    .map(|sort| {
                        let leaf = usize::try_from(sort.column_idx).ok();
                        let leaf = leaf.and_then(|leaf| row_group.columns().get(leaf));
                        let name = leaf.map_or_else(
                            || format!("column {}", sort.column_idx),
                            |leaf| leaf.column_path().string(),
                        );
                        format!("{name}{}", if sort.descending { " desc" } else { "" })
                    })
                    .collect(),
            });
        }
        if depth.pages {
            for chunk in row_group.columns() {
                let column = chunk.column_path().string();
                let pages = pages_of(store, object, &facts.path, chunk, rows).await;
                let pages = pages.map_err(|error| {
                    format!("row group {index}, column `{column}`: {}", error.reason())
                })?;
                facts
                    .pages
                    .extend(pages.iter().enumerate().map(|(number, page)| PageRow {
                        row_group: index as u64,
                        column: column.clone(),
                        page: number as u64,
                        kind: match page.is_dictionary {
                            true => "dictionary".to_owned(),
                            false => format!("data v{}", page.version),
                        },
                        encoding: page.encoding.to_string(),
                        values: page.values,
                        encoded_bytes: page.bytes,
                        has_statistics: page.has_statistics,
                    }));
            }
        }
    }
    Ok((metadata, facts))
}

fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

type Bounds = (Vec<ArrayRef>, Vec<ArrayRef>);

/// Adds the chunks of a file; minima and maxima are gathered in `bounds`, beside the columns.
fn add_columns(
    columns: &mut Vec<ColumnFacts>,
    bounds: &mut Vec<Bounds>,
    metadata: &ParquetMetaData,
) -> Result<(), String> {
    let about = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata())
        .map_err(|error| {
            format!("parquet-rs, which this program reads with, cannot read its schema: {error}")
        })?;
    for (leaf, descriptor) in about.schema_descr().columns().iter().enumerate() {
        let name = descriptor.path().string();
        let at = match columns.iter().position(|column| column.column == name) {
            Some(at) => at,
            None => {
                let top = descriptor.path().parts().first();
                let field = top.and_then(|top| schema.field_with_name(top).ok());
                columns.push(ColumnFacts {
                    column: name.clone(),
                    root: top.cloned().unwrap_or_default(),
                    physical_type: descriptor.physical_type().to_string(),
                    dtype: field.map_or_else(String::new, |field| field.data_type().to_string()),
                    nulls: Some(0),
                    pages: Some(0),
                    ..ColumnFacts::default()
                });
                bounds.push(Bounds::default());
                columns.len() - 1
            }
        };
        let (column, found) = (&mut columns[at], &mut bounds[at]);
        for (index, row_group) in metadata.row_groups().iter().enumerate() {
            let sorting = row_group.sorting_columns().map(Vec::as_slice);
            let pages = metadata
                .offset_index()
                .and_then(|index_of| index_of.get(index)?.get(leaf))
                .map(|index_of| index_of.page_locations().len() as u64);
            add_chunk(
                column,
                row_group.column(leaf),
                sorting.unwrap_or_default(),
                leaf,
                pages,
            );
        }
        let descriptor = about.schema_descr();
        add_bounds(found, &schema, &name, descriptor, metadata);
    }
    Ok(())
}

fn add_chunk(
    column: &mut ColumnFacts,
    chunk: &ColumnChunkMetaData,
    sorting: &[SortingColumn],
    leaf: usize,
    pages: Option<u64>,
) {
    let first = column.chunks == 0;
    let sorted = sorting
        .iter()
        .position(|sort| usize::try_from(sort.column_idx) == Ok(leaf));
    let place = sorted.map(|place| place as u64 + 1);
    let descending = sorted.is_some_and(|place| sorting[place].descending);
    if first {
        (column.sort_position, column.sort_descending) = (place, descending);
    } else if (column.sort_position, column.sort_descending) != (place, descending) {
        (column.sort_position, column.sort_descending) = (None, false);
    }
    column.chunks += 1;
    column.values += positive(chunk.num_values());
    let nulls = chunk
        .statistics()
        .and_then(|statistics| statistics.null_count_opt());
    column.has_more_nulls_than_values |=
        nulls.is_some_and(|nulls| nulls > positive(chunk.num_values()));
    let sum = column.nulls.zip(nulls);
    column.nulls = sum.map(|(sum, nulls)| sum.saturating_add(nulls));
    column.pages = column.pages.zip(pages).map(|(sum, pages)| sum + pages);
    column.encoded_bytes += positive(chunk.uncompressed_size());
    column.compressed_bytes += positive(chunk.compressed_size());
    // Some writers leave out where the dictionary is.
    let has_dictionary =
        chunk.dictionary_page_offset().is_some() || chunk.encodings().any(is_dictionary);
    column.dictionary_chunks += u64::from(has_dictionary);
    column.fallback_chunks += u64::from(fell_back(chunk));
    column.statistics_chunks += u64::from(chunk.statistics().is_some());
    column.column_index_chunks += u64::from(chunk.column_index_offset().is_some());
    column.offset_index_chunks += u64::from(chunk.offset_index_offset().is_some());
    column.bloom_filter_chunks += u64::from(chunk.bloom_filter_offset().is_some());
    column.bloom_filter_bytes += chunk
        .bloom_filter_length()
        .and_then(|length| u64::try_from(length).ok())
        .unwrap_or(0);
    column
        .encodings
        .extend(chunk.encodings().map(|encoding| encoding.to_string()));
    let codec = CompressionCodec::from(chunk.compression());
    column.codecs.insert(format!("{codec:?}"));
}

/// Minima and maxima of the row groups, for columns that are no part of another one.
fn add_bounds(
    bounds: &mut Bounds,
    schema: &Schema,
    name: &str,
    descriptor: &parquet::schema::types::SchemaDescriptor,
    metadata: &ParquetMetaData,
) {
    let Ok(converter) = StatisticsConverter::try_new(name, schema, descriptor) else {
        return;
    };
    let groups = || metadata.row_groups().iter();
    if let (Ok(low), Ok(high)) = (
        converter.row_group_mins(groups()),
        converter.row_group_maxes(groups()),
    ) {
        bounds.0.push(low);
        bounds.1.push(high);
    }
}

/// The smallest or the largest of all values, as text.
fn text_of(arrays: Vec<ArrayRef>, largest: bool) -> Option<String> {
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    let options = arrow::compute::SortOptions {
        descending: largest,
        nulls_first: false,
    };
    let sorted = sort(&concat(&arrays).ok()?, Some(options)).ok()?;
    if sorted.is_empty() || sorted.is_null(0) {
        return None;
    }
    let options = FormatOptions::new().with_display_error(false);
    let text = ArrayFormatter::try_new(&sorted, &options)
        .and_then(|formatter| formatter.value(0).try_to_string())
        // A date or a time that no calendar has is shown as the number that it is.
        .or_else(|_| {
            let number = cast(&sorted.slice(0, 1), &DataType::Int64)?;
            let formatter = ArrayFormatter::try_new(&number, &options)?;
            formatter.value(0).try_to_string()
        });
    text.ok().map(|text| shortened(&text))
}
