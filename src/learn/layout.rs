//! The layout of files, as keys of a config.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::keys::{Keys, keys_of};
use crate::config::Codec;
use crate::files::ColumnFacts;
use crate::table::Inspection;

/// The layout of a set of files.
#[derive(Debug, Clone, Default)]
pub(super) struct LearnedLayout {
    /// `dataset.compression`.
    pub(super) compression: String,
    /// `dataset.parquet`, without columns, partitions and sorting.
    pub(super) parquet: Keys,
    /// `partition_by` and `sort_by`, which name columns.
    pub(super) order: Keys,
    /// `columns[].parquet`, by column.
    pub(super) columns: BTreeMap<String, Keys>,
    pub(super) notes: Vec<String>,
}

impl LearnedLayout {
    /// Returns the column's `parquet`. Empty if the column has none of its own.
    pub(super) fn chunk_of(&self, column: &str) -> Keys {
        self.columns.get(column).cloned().unwrap_or_default()
    }
}

/// Rows at which arrow-rs and others end a page. Page sizes near it need no key.
const USUAL_PAGE_ROWS: f64 = 20_000.0;

/// Learns the layout of inspected files. `page_version` is the version of the first data page.
pub(super) fn learn(inspection: &Inspection, page_version: u8) -> LearnedLayout {
    let mut learned = LearnedLayout::default();
    let columns = &inspection.columns;
    let codec = most_bytes(
        columns
            .iter()
            .map(|column| (codec_of(column), column.compressed_bytes)),
    );
    let codec = match codec {
        Some(Some(codec)) => codec,
        _ => {
            learned
                .notes
                .push("its codec is none that is written here; the config says `none`".to_owned());
            "none"
        }
    };
    learned.compression = codec.to_owned();

    let parquet = &mut learned.parquet;
    let groups = inspection.files.iter().flat_map(|file| &file.row_groups);
    let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
    for group in groups.filter(|group| group.rows > 0) {
        *sizes.entry(group.rows).or_default() += group.rows;
    }
    // Take the size of the groups that hold the most rows, as the last group of a file is the rest.
    if let Some((rows, _)) = sizes.iter().max_by_key(|(_, rows)| **rows) {
        // If the last group is a little larger than the others, there must not be one group more.
        let (files, groups) = (inspection.files.len() as u64, inspection.row_groups);
        let rows_per_file = inspection.rows.div_ceil(files.max(1));
        let groups_per_file = groups.div_ceil(files.max(1)).max(1);
        let rows = match rows_per_file.div_ceil(*rows) > groups_per_file {
            true => rows_per_file.div_ceil(groups_per_file),
            false => *rows,
        };
        parquet.insert("row_group_size".to_owned(), json!(rows));
    }
    if page_version == 2 {
        parquet.insert("writer_version".to_owned(), json!(2));
    }
    let sum = |of: fn(&ColumnFacts) -> u64| columns.iter().map(of).sum::<u64>();
    let chunks = sum(|column| column.chunks);
    let indexed = sum(|column| column.offset_index_chunks);
    let told = sum(|column| column.statistics_chunks) > 0;
    if !told {
        parquet.insert("statistics".to_owned(), json!("none"));
    }
    // The writer here writes page indexes only with statistics.
    parquet.insert("page_index".to_owned(), json!(indexed > 0 && told));
    if indexed == chunks && chunks > 0 {
        page_rows(columns, parquet);
    }
    let filters = sum(|column| column.bloom_filter_chunks);
    if filters == chunks && chunks > 0 {
        parquet.insert("bloom_filter".to_owned(), json!(true));
    }

    if !inspection.partition_by.is_empty() {
        let names = json!(inspection.partition_by);
        learned.order.insert("partition_by".to_owned(), names);
    }
    let mut sorted: Vec<(u64, &ColumnFacts)> = columns
        .iter()
        .filter_map(|column| Some((column.sort_position?, column)))
        .collect();
    sorted.sort_by_key(|(position, _)| *position);
    // Only whole columns can be sorted by, and only if their name does not end like a direction.
    let whole = |column: &ColumnFacts| {
        let name = &column.column;
        *name == column.root && !name.ends_with(" desc") && !name.ends_with(" asc")
    };
    if !sorted.is_empty() && sorted.iter().all(|(_, column)| whole(column)) {
        let names: Vec<String> = sorted
            .iter()
            .map(|(_, column)| {
                let order = if column.sort_descending { " desc" } else { "" };
                format!("{}{order}", column.column)
            })
            .collect();
        learned.order.insert("sort_by".to_owned(), json!(names));
        learned
            .order
            .insert("sort_scope".to_owned(), json!("row_group"));
    }

    for (name, leaves) in by_column(columns) {
        let keys = chunk_keys(&leaves, codec, filters == chunks);
        if !keys.is_empty() {
            learned.columns.insert(name, keys);
        }
    }
    learned
}

/// Groups leaves by the name of their column.
fn by_column(columns: &[ColumnFacts]) -> BTreeMap<String, Vec<&ColumnFacts>> {
    let mut by_column: BTreeMap<String, Vec<&ColumnFacts>> = BTreeMap::new();
    for column in columns {
        by_column
            .entry(column.root.clone())
            .or_default()
            .push(column);
    }
    by_column
}

/// Returns the keys in which a column's chunks differ from the dataset's.
fn chunk_keys(leaves: &[&ColumnFacts], codec: &str, all_filtered: bool) -> Keys {
    let mut keys = Keys::new();
    let own = most_bytes(
        leaves
            .iter()
            .map(|leaf| (codec_of(leaf), leaf.compressed_bytes)),
    );
    if let Some(Some(own)) = own
        && own != codec
    {
        keys.insert("compression".to_owned(), json!(own));
    }
    let encodings: BTreeSet<Option<&str>> = leaves.iter().map(|leaf| encoding_of(leaf)).collect();
    if let (1, Some(Some(encoding))) = (encodings.len(), encodings.first()) {
        keys.insert("encoding".to_owned(), json!(encoding));
    }
    if !all_filtered && leaves.iter().any(|leaf| leaf.bloom_filter_chunks > 0) {
        keys.insert("bloom_filter".to_owned(), json!(true));
    }
    keys
}

/// Returns the encoding that the writer was asked for. `None` if the chunks are as a writer makes
/// them by default.
fn encoding_of(leaf: &ColumnFacts) -> Option<&'static str> {
    if leaf.dictionary_chunks > 0 {
        return None;
    }
    let has = |name: &str| leaf.encodings.contains(name);
    // Levels are run lengths in any column; only booleans have values in that encoding.
    [
        ("DELTA_BINARY_PACKED", "delta_binary_packed"),
        ("DELTA_LENGTH_BYTE_ARRAY", "delta_length_byte_array"),
        ("DELTA_BYTE_ARRAY", "delta_byte_array"),
        ("BYTE_STREAM_SPLIT", "byte_stream_split"),
        ("PLAIN", "plain"),
    ]
    .into_iter()
    .find(|(name, _)| has(name))
    .map(|(_, encoding)| encoding)
    .filter(|_| leaf.physical_type != "BOOLEAN")
}

/// Returns a codec's name in a config. `None` if the writer here does not have the codec.
fn codec_of(column: &ColumnFacts) -> Option<&'static str> {
    Codec::named_in_files(column.codecs.first()?)
}

fn most_bytes<K: Ord>(items: impl Iterator<Item = (K, u64)>) -> Option<K> {
    let mut sums: BTreeMap<K, u64> = BTreeMap::new();
    for (key, bytes) in items {
        *sums.entry(key).or_default() += bytes;
    }
    sums.into_iter()
        .max_by_key(|(_, bytes)| *bytes)
        .map(|(key, _)| key)
}

/// Sets `data_page_rows`, the rows at which pages end, if all flat columns have equally many pages
/// and these are not of the usual size.
fn page_rows(columns: &[ColumnFacts], parquet: &mut Keys) {
    let flat = columns.iter().filter(|column| column.column == column.root);
    let pages: BTreeSet<(Option<u64>, u64)> =
        flat.map(|column| (column.pages, column.values)).collect();
    if let (1, Some((Some(pages), values))) = (pages.len(), pages.first())
        && *pages > 0
    {
        let rows = *values as f64 / *pages as f64;
        let chunk = columns.first().map_or(1, |column| column.chunks.max(1));
        // One page per chunk does not show where pages end.
        if *pages > chunk && !(0.8..=1.05).contains(&(rows / USUAL_PAGE_ROWS)) {
            parquet.insert("data_page_rows".to_owned(), json!(rows.ceil() as u64));
        }
    }
}

/// Returns the keys for the number of files, and for the rows of each.
pub(super) fn split(inspection: &Inspection, partitions: u64) -> Keys {
    let files = (inspection.files.len() as u64)
        .div_ceil(partitions.max(1))
        .max(1);
    let mut keys = keys_of(json!({
        "num_files_train": files,
        "num_samples_per_file": inspection.rows.div_ceil(files),
    }));
    keys.insert("format".to_owned(), Json::from("parquet"));
    keys
}
