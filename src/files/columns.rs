//! Sums of the facts about columns in the footers of a set of files.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::datatypes::Schema;
use parquet::basic::CompressionCodec;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::schema::types::{ColumnDescriptor, ColumnPath};
use serde::Serialize;

use super::chunk::{fell_back, has_dictionary, nulls, positive};
use crate::record::{ColumnRecord, LeafRecord};

/// Facts about one leaf over all files.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ColumnFacts {
    pub column: String,
    /// Name of the top-level column to which the leaf belongs.
    pub root: String,
    pub physical_type: String,
    /// Arrow type of the top-level column. Set by `inspect`, as are `min` and `max`.
    pub dtype: String,
    pub encodings: BTreeSet<String>,
    pub codecs: BTreeSet<String>,
    pub chunks: u64,
    pub values: u64,
    /// Number of nulls. Absent if a chunk does not give it.
    pub nulls: Option<u64>,
    /// True if a chunk claims more nulls than it has values.
    #[serde(skip)]
    pub has_more_nulls_than_values: bool,
    pub encoded_bytes: u64,
    pub compressed_bytes: u64,
    /// Number of data pages. Absent if a chunk has no offset index.
    pub pages: Option<u64>,
    pub dictionary_chunks: u64,
    /// Chunks whose dictionary was given up for another encoding.
    pub fallback_chunks: u64,
    pub statistics_chunks: u64,
    pub column_index_chunks: u64,
    pub offset_index_chunks: u64,
    pub bloom_filter_chunks: u64,
    pub bloom_filter_bytes: u64,
    /// Place among the sorting columns, counted from 1. Absent if it is not the same in all row
    /// groups.
    pub sort_position: Option<u64>,
    pub sort_descending: bool,
    /// Smallest value as text, from the statistics.
    pub min: Option<String>,
    /// Largest value as text, from the statistics.
    pub max: Option<String>,
}

impl ColumnFacts {
    fn of(leaf: &ColumnDescriptor) -> Self {
        ColumnFacts {
            column: leaf.path().string(),
            root: leaf.path().parts().first().cloned().unwrap_or_default(),
            physical_type: leaf.physical_type().to_string(),
            nulls: Some(0),
            pages: Some(0),
            ..ColumnFacts::default()
        }
    }

    /// Returns the ratio of compressed to encoded bytes. None if there are no bytes.
    pub fn ratio(&self) -> Option<f64> {
        (self.encoded_bytes > 0).then(|| self.compressed_bytes as f64 / self.encoded_bytes as f64)
    }

    /// Adds a chunk with `pages` data pages.
    fn add(&mut self, chunk: &ColumnChunkMetaData, sorting: SortPlace, pages: Option<u64>) {
        let sorted = (self.sort_position, self.sort_descending);
        (self.sort_position, self.sort_descending) = match self.chunks == 0 || sorted == sorting {
            true => sorting,
            false => (None, false),
        };
        let nulls = nulls(chunk);
        self.chunks += 1;
        self.values += positive(chunk.num_values());
        self.has_more_nulls_than_values |=
            nulls.is_some_and(|nulls| nulls > positive(chunk.num_values()));
        let sum = self.nulls.zip(nulls);
        self.nulls = sum.map(|(sum, nulls)| sum.saturating_add(nulls));
        self.pages = self.pages.zip(pages).map(|(sum, pages)| sum + pages);
        self.encoded_bytes += positive(chunk.uncompressed_size());
        self.compressed_bytes += positive(chunk.compressed_size());
        self.dictionary_chunks += u64::from(has_dictionary(chunk));
        self.fallback_chunks += u64::from(fell_back(chunk));
        self.statistics_chunks += u64::from(chunk.statistics().is_some());
        self.column_index_chunks += u64::from(chunk.column_index_offset().is_some());
        self.offset_index_chunks += u64::from(chunk.offset_index_offset().is_some());
        self.bloom_filter_chunks += u64::from(chunk.bloom_filter_offset().is_some());
        self.bloom_filter_bytes += chunk
            .bloom_filter_length()
            .map_or(0, |length| positive(length.into()));
        self.encodings
            .extend(chunk.encodings().map(|encoding| encoding.to_string()));
        let codec = CompressionCodec::from(chunk.compression());
        self.codecs.insert(format!("{codec:?}"));
    }
}

/// Place among the sorting columns of a row group, from 1, and true if it is descending.
type SortPlace = (Option<u64>, bool);

fn sort_place(row_group: &RowGroupMetaData, leaf: usize) -> SortPlace {
    let sorting = row_group.sorting_columns().map(Vec::as_slice);
    let sorting = sorting.unwrap_or_default();
    let place = sorting
        .iter()
        .position(|sort| usize::try_from(sort.column_idx) == Ok(leaf));
    match place {
        Some(place) => (Some(place as u64 + 1), sorting[place].descending),
        None => (None, false),
    }
}

/// The leaves of a set of files, in the order in which they first appear.
#[derive(Debug, Default)]
pub struct Columns {
    facts: Vec<ColumnFacts>,
    paths: Vec<ColumnPath>,
    places: HashMap<ColumnPath, usize>,
}

impl Columns {
    /// Adds a footer's column chunks.
    pub fn add(&mut self, footer: &ParquetMetaData) {
        for (index, row_group) in footer.row_groups().iter().enumerate() {
            let pages = footer.offset_index().and_then(|groups| groups.get(index));
            // The files of a table usually list their columns in the same order.
            let mut expected = 0;
            for (leaf, chunk) in row_group.columns().iter().enumerate() {
                let place = match self.paths.get(expected) {
                    Some(path) if path == chunk.column_path() => expected,
                    _ => self.place_of(chunk.column_descr()),
                };
                let pages = pages.and_then(|leaves| leaves.get(leaf));
                let pages = pages.map(|pages| pages.page_locations().len() as u64);
                self.facts[place].add(chunk, sort_place(row_group, leaf), pages);
                expected = place + 1;
            }
        }
    }

    /// Returns the place of a leaf. A new leaf gets the last place.
    pub(crate) fn place_of(&mut self, leaf: &ColumnDescriptor) -> usize {
        if let Some(place) = self.places.get(leaf.path()) {
            return *place;
        }
        let place = self.facts.len();
        self.facts.push(ColumnFacts::of(leaf));
        self.paths.push(leaf.path().clone());
        self.places.insert(leaf.path().clone(), place);
        place
    }

    pub(crate) fn facts_mut(&mut self) -> &mut [ColumnFacts] {
        &mut self.facts
    }

    pub(crate) fn into_facts(self) -> Vec<ColumnFacts> {
        self.facts
    }

    /// Returns the columns for the run record. Each is the sum of its leaves, and has the type of
    /// the schema's column.
    pub fn records(&self, schema: &Schema) -> Vec<ColumnRecord> {
        let types: HashMap<&str, String> = schema
            .fields()
            .iter()
            .map(|field| (field.name().as_str(), field.data_type().to_string()))
            .collect();
        let mut order: Vec<&str> = Vec::new();
        let mut by_root: BTreeMap<&str, Vec<&ColumnFacts>> = BTreeMap::new();
        let mut nested: BTreeMap<&str, Vec<LeafRecord>> = BTreeMap::new();
        for (facts, path) in self.facts.iter().zip(&self.paths) {
            if path.parts().len() > 1 {
                nested.entry(&facts.root).or_default().push(LeafRecord {
                    path: path.parts().to_vec(),
                    encodings: facts.encodings.iter().cloned().collect(),
                });
            }
            let leaves = by_root.entry(&facts.root).or_default();
            if leaves.is_empty() {
                order.push(&facts.root);
            }
            leaves.push(facts);
        }
        let record = |name: &str| {
            let leaves = &by_root[name];
            let sum = |of: fn(&ColumnFacts) -> u64| leaves.iter().copied().map(of).sum();
            let names = |of: fn(&ColumnFacts) -> &BTreeSet<String>| {
                let names: BTreeSet<&String> = leaves.iter().copied().flat_map(of).collect();
                names.into_iter().cloned().collect()
            };
            ColumnRecord {
                name: name.to_owned(),
                dtype: types.get(name).cloned().unwrap_or_default(),
                encodings: names(|leaf| &leaf.encodings),
                codecs: names(|leaf| &leaf.codecs),
                encoded_bytes: sum(|leaf| leaf.encoded_bytes),
                compressed_bytes: sum(|leaf| leaf.compressed_bytes),
                chunks: sum(|leaf| leaf.chunks),
                fallback_chunks: sum(|leaf| leaf.fallback_chunks),
                leaves: nested.get(name).cloned().unwrap_or_default(),
            }
        };
        order.into_iter().map(record).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, RecordBatch, StructArray};
    use arrow::datatypes::{DataType, Field};
    use parquet::arrow::ArrowWriter;

    use super::*;

    fn footer_of(names: &[&str]) -> ParquetMetaData {
        let column = |name: &&str| {
            let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
            ((*name).to_owned(), values)
        };
        let batch = RecordBatch::try_from_iter(names.iter().map(column)).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::<u8>::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap()
    }

    #[test]
    fn columns_are_added_up_by_their_names_in_whatever_order_files_have_them() {
        let mut columns = Columns::default();
        for names in [
            &["a", "b", "c"][..],
            &["c", "d", "a"],
            &["a", "b", "c", "d"],
            &["e", "b"],
        ] {
            columns.add(&footer_of(names));
        }
        let records = columns.records(&Schema::empty());
        let chunks: Vec<_> = records
            .iter()
            .map(|record| (record.name.as_str(), record.chunks))
            .collect();
        assert_eq!(chunks, [("a", 3), ("b", 3), ("c", 3), ("d", 2), ("e", 1)]);
    }
    #[test]
    fn a_record_of_a_column_has_all_of_its_leaves() {
        let numbers = |name| {
            let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
            (Arc::new(Field::new(name, DataType::Int32, false)), values)
        };
        let pair: ArrayRef = Arc::new(StructArray::from(vec![numbers("x"), numbers("y")]));
        let batch =
            RecordBatch::try_from_iter([("pair", pair), ("one", numbers("one").1)]).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::<u8>::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let footer = writer.close().unwrap();
        let mut columns = Columns::default();
        columns.add(&footer);
        columns.add(&footer);
        let leaves: Vec<_> = columns.facts.iter().map(|leaf| &leaf.column).collect();
        assert_eq!(leaves, ["pair.x", "pair.y", "one"]);
        let encoded: u64 = columns.facts[..2]
            .iter()
            .map(|leaf| leaf.encoded_bytes)
            .sum();
        let records = columns.records(&batch.schema());
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].name.as_str(), records[0].chunks), ("pair", 4));
        assert_eq!(records[0].encoded_bytes, encoded);
        assert_eq!((records[1].name.as_str(), records[1].chunks), ("one", 2));
        assert_eq!(records[1].dtype, "Int32");
    }
}
