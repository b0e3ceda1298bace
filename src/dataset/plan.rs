//! The plan of a dataset: the files to write and their places, as a value.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{Field, Schema, SchemaRef};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::error::DatasetError;
use super::source::SourceTable;
use crate::config::{
    Column, Dataset, Distribution, Layout, RowGroupSize, Split, USUAL_ROW_GROUP_ROWS,
};
use crate::content::{ColumnGenerator, GENERATOR_VERSION, field_of};
use crate::storage::{Location, Stores, USUAL_PART_BYTES};

/// A dataset, placed in a folder.
#[derive(Debug, Clone)]
pub struct DatasetPlan {
    pub spec: Dataset,
    /// Folder that holds the manifest and the tables' folders.
    pub root: Location,
    /// Fingerprint of the rows: columns, row counts, seed and generator version, or those of the
    /// source.
    pub content_fingerprint: String,
    /// Fingerprint of the layout: codec, row groups, vector layout, partitions, file split and
    /// names.
    pub layout_fingerprint: String,
    pub tables: Vec<TablePlan>,
    /// Source of the rows. Absent if they are generated.
    pub source: Option<Arc<SourceTable>>,
    /// Name of a column -> its position in `spec.columns`. A map, because there may be very many
    /// columns.
    positions: HashMap<String, usize>,
    /// Mean logical bytes of a row. Computed once, because it takes the generators of all columns.
    row_bytes: OnceLock<f64>,
}

/// One table of a dataset: `train` or `valid`.
#[derive(Debug, Clone)]
pub struct TablePlan {
    pub name: &'static str,
    pub split: Split,
    rows: u64,
}

impl TablePlan {
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the first row of a logical file, and its number of rows. Files differ by at most one
    /// row.
    pub fn rows_of_file(&self, file: u64) -> (u64, u64) {
        let start = |file: u64| {
            let product = u128::from(self.rows) * u128::from(file);
            (product / u128::from(self.split.files.max(1))) as u64
        };
        (start(file), start(file + 1) - start(file))
    }

    /// Returns the path of a logical file below the dataset's folder, in DLIO's scheme.
    /// `partitions` are the names of the Hive folders in between.
    pub fn file_path(&self, prefix: &str, file: u64, partitions: &[String]) -> String {
        let files = self.split.files;
        let width = files.to_string().len();
        let mut path = self.name.to_owned();
        if self.split.subfolders > 1 {
            let subfolder_width = self.split.subfolders.to_string().len();
            path.push_str(&format!(
                "/{:0subfolder_width$}",
                file % self.split.subfolders
            ));
        }
        for partition in partitions {
            path.push('/');
            path.push_str(partition);
        }
        path.push_str(&format!("/{prefix}_{file:0width$}_of_{files}.parquet"));
        path
    }
}

impl DatasetPlan {
    /// Returns the size of the parts of uploads in bytes.
    pub fn part_bytes(&self) -> u64 {
        self.spec.part_bytes.unwrap_or(USUAL_PART_BYTES)
    }

    /// Returns the name in SQL of a table of the dataset.
    pub fn name_in_sql<'a>(&'a self, table: &'a str) -> &'a str {
        match table {
            "train" => &self.spec.table,
            other => other,
        }
    }

    /// Returns a short name that differs between different datasets: content, then layout.
    pub fn id(&self) -> String {
        format!(
            "{}-{}",
            &self.content_fingerprint[..8],
            &self.layout_fingerprint[..8]
        )
    }

    /// Returns the name of the dataset's folder beside those of other datasets: what people tell
    /// layouts apart by, then the [`id`](Self::id). An example is
    /// `zstd-3_sorted-by-time_114570a7-38f24cb7`. It follows from the dataset alone, so that equal
    /// datasets are found again whatever their variants are called.
    pub(crate) fn folder_name(&self) -> String {
        format!("{}_{}", layout_words(&self.spec.layout), self.id())
    }

    pub fn rows(&self) -> u64 {
        self.tables.iter().map(TablePlan::rows).sum()
    }

    /// Returns the identity in the footer of a file, given by its path below the folder: its
    /// dataset, and its place in it.
    pub(crate) fn identity(&self, path: &str) -> String {
        let (content, layout) = (&self.content_fingerprint, &self.layout_fingerprint);
        format!("{content}-{layout}/{path}")
    }

    /// Returns a column of the config by its name.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.spec.columns.get(*self.positions.get(name)?)
    }

    /// Returns the columns that files store: all but the partition columns, in the order of the
    /// config.
    pub fn stored_columns(&self) -> impl Iterator<Item = &Column> {
        let partitions: HashSet<&str> = self
            .spec
            .layout
            .partition_by
            .iter()
            .map(String::as_str)
            .collect();
        self.spec
            .columns
            .iter()
            .filter(move |column| !partitions.contains(column.name.as_str()))
    }

    /// Returns the partition columns, outermost folder first.
    pub fn partition_columns(&self) -> impl Iterator<Item = &Column> {
        self.spec
            .layout
            .partition_by
            .iter()
            .filter_map(|name| self.column(name))
    }

    /// Returns the columns that a column follows, beginning with the one that it names. The
    /// validation of the config limits their number.
    fn followed_by(&self, column: &Column) -> Vec<Column> {
        let mut followed: Vec<Column> = Vec::new();
        let mut next = column;
        while let Distribution::CorrelatedWith { with, .. } = &next.distribution
            && followed.len() < self.spec.columns.len()
            && let Some(other) = self.column(with)
        {
            followed.push(other.clone());
            next = other;
        }
        followed
    }

    pub(crate) fn generator(
        &self,
        table: &TablePlan,
        column: &Column,
    ) -> Result<ColumnGenerator, DatasetError> {
        ColumnGenerator::among(
            self.spec.seed,
            table.name,
            column,
            &self.followed_by(column),
            table.rows(),
            self.spec.layout.vector_layout,
        )
        .map_err(|source| DatasetError::Content {
            column: column.name.clone(),
            source,
        })
    }

    /// Returns the Arrow schema of the files.
    pub fn file_schema(&self) -> SchemaRef {
        if let Some(source) = &self.source {
            return source.stored_schema(&self.spec.layout);
        }
        let layout = self.spec.layout.vector_layout;
        Arc::new(Schema::new(
            self.stored_columns()
                .map(|column| field_of(column, layout))
                .collect::<Vec<_>>(),
        ))
    }

    /// Returns the schema of the tables: the files' columns, then the partition columns.
    pub fn table_schema(&self) -> SchemaRef {
        let stored = self.file_schema();
        let partitions = self.partition_fields();
        Arc::new(Schema::new(
            stored
                .fields()
                .iter()
                .cloned()
                .chain(partitions)
                .collect::<Vec<_>>(),
        ))
    }

    /// Returns the fields of the partition columns, outermost folder first.
    pub fn partition_fields(&self) -> Vec<Arc<Field>> {
        let layout = &self.spec.layout;
        match &self.source {
            Some(source) => source.partition_fields(layout),
            None => self
                .partition_columns()
                .map(|column| Arc::new(field_of(column, layout.vector_layout)))
                .collect(),
        }
    }

    /// Estimates the logical bytes of all rows, before encoding and compression.
    pub fn expected_arrow_bytes(&self) -> Result<u64, DatasetError> {
        if let Some(source) = &self.source {
            return Ok(source.bytes);
        }
        let Some(table) = self.tables.first() else {
            return Ok(0);
        };
        let per_row = match self.row_bytes.get() {
            Some(known) => *known,
            None => {
                let mut per_row = 0.0;
                for column in self.stored_columns() {
                    per_row += self.generator(table, column)?.arrow_bytes_per_row();
                }
                *self.row_bytes.get_or_init(|| per_row)
            }
        };
        Ok((per_row * self.rows() as f64) as u64)
    }

    /// Estimates the bytes of memory that one row group takes while it is written, from its logical
    /// bytes.
    pub fn expected_row_group_bytes(&self) -> Result<u64, DatasetError> {
        let rows = match self.spec.layout.row_group {
            RowGroupSize::Bytes(bytes) => return Ok(bytes),
            RowGroupSize::Rows(rows) => {
                let files = self.tables.first().map_or(1, |table| table.split.files);
                rows.min(self.rows().div_ceil(files.max(1)))
            }
        };
        let per_row = self.expected_arrow_bytes()? as f64 / self.rows().max(1) as f64;
        Ok((per_row * rows as f64) as u64)
    }
}

/// Most characters of the words for a layout in the name of a folder.
const MOST_CHARACTERS: usize = 60;

/// Codec, row groups, sort columns and partitions of a layout, as far as they are not the usual
/// ones, in characters that all file systems and object stores take.
fn layout_words(layout: &Layout) -> String {
    let mut words = vec![
        layout
            .chunk
            .codec
            .to_string()
            .replace('(', "-")
            .replace(')', ""),
    ];
    match layout.row_group {
        RowGroupSize::Rows(USUAL_ROW_GROUP_ROWS) => {}
        RowGroupSize::Rows(rows) => words.push(format!("rg-{rows}-rows")),
        RowGroupSize::Bytes(bytes) => words.push(format!("rg-{bytes}-bytes")),
    }
    if !layout.sort_by.is_empty() {
        let columns: Vec<&str> = layout.sort_by.iter().map(|it| it.column.as_str()).collect();
        words.push(format!("sorted-by-{}", columns.join("-")));
    }
    if !layout.partition_by.is_empty() {
        words.push(format!("partitions-{}", layout.partition_by.join("-")));
    }
    let plain = |it: char| match it {
        it if it.is_ascii_alphanumeric() || it == '-' || it == '_' => it,
        _ => '_',
    };
    words
        .join("_")
        .chars()
        .take(MOST_CHARACTERS)
        .map(plain)
        .collect()
}

/// Places datasets in folders. Returns the plans in the given order. A dataset is placed at its
/// `data_folder` if no other dataset has that folder, else in
/// `<data_folder>/variants/`, by [`DatasetPlan::folder_name`]. Equal datasets get equal places.
pub fn place(
    stores: &Stores,
    datasets: &[(&Dataset, Option<Arc<SourceTable>>)],
) -> Result<Vec<DatasetPlan>, DatasetError> {
    for (dataset, source) in datasets {
        let folder = stores.location(&dataset.data_folder)?;
        if let Some(source) = source {
            source.check(&dataset.layout)?;
            refuse_own_source(stores, source, &folder)?;
        }
    }
    place_checked(stores, datasets)
}

/// Does the same as [`place`], without the checks of sources, which an earlier call of [`place`]
/// has made.
pub(crate) fn place_checked(
    stores: &Stores,
    datasets: &[(&Dataset, Option<Arc<SourceTable>>)],
) -> Result<Vec<DatasetPlan>, DatasetError> {
    let mut plans = Vec::with_capacity(datasets.len());
    let mut fingerprints: BTreeMap<Location, Vec<String>> = BTreeMap::new();
    for (dataset, source) in datasets {
        let folder = stores.location(&dataset.data_folder)?;
        let plan = unplaced(dataset, source.clone(), folder.clone());
        let id = plan.id();
        let known = fingerprints.entry(folder).or_default();
        if !known.contains(&id) {
            known.push(id);
        }
        plans.push(plan);
    }
    for plan in &mut plans {
        if fingerprints
            .get(&plan.root)
            .is_some_and(|known| known.len() > 1)
        {
            plan.root = plan.root.join("variants").join(&plan.folder_name());
        }
    }
    Ok(plans)
}

/// Returns true if files that are written into a dataset's folder `root` would become part of the
/// folder at `location`.
pub(crate) fn grows_by(
    stores: &Stores,
    location: &str,
    root: &Location,
) -> Result<bool, DatasetError> {
    let folder = stores.location(location)?.with_links_resolved();
    Ok(folder.is_folder() && root.with_links_resolved().is_below(&folder))
}

/// Fails if the dataset would be written to the place of its source, which would change or replace
/// it.
fn refuse_own_source(
    stores: &Stores,
    source: &SourceTable,
    folder: &Location,
) -> Result<(), DatasetError> {
    let target = folder.with_links_resolved();
    let read = stores.location(&source.location)?.with_links_resolved();
    let inside = read.is_folder() && target.is_below(&read);
    let own = source
        .places
        .iter()
        .find(|place| place.with_links_resolved().is_below(&target));
    match own.or(inside.then_some(&read)) {
        Some(place) => Err(DatasetError::Source {
            location: source.location.clone(),
            reason: format!(
                "{folder} would be written to, and {place} is read; set dataset.data_folder to another folder"
            ),
        }),
        None => Ok(()),
    }
}

fn unplaced(dataset: &Dataset, source: Option<Arc<SourceTable>>, root: Location) -> DatasetPlan {
    let rows = |split: Split| match &source {
        Some(source) => source.rows,
        None => split.files * dataset.rows_per_file,
    };
    let mut tables = vec![TablePlan {
        name: "train",
        split: dataset.train,
        rows: rows(dataset.train),
    }];
    if let Some(split) = dataset.valid {
        tables.push(TablePlan {
            name: "valid",
            split,
            rows: rows(split),
        });
    }
    let rows: Vec<_> = tables
        .iter()
        .map(|table| json!([table.name, table.rows()]))
        .collect();
    let columns: Vec<_> = dataset.columns.iter().map(content_of).collect();
    let content = match &source {
        Some(source) => json!([
            "source",
            SOURCE_READER_VERSION,
            source.fingerprint,
            source.rows
        ]),
        None => json!([GENERATOR_VERSION, dataset.seed, rows, columns]),
    };
    let splits: Vec<_> = tables
        .iter()
        .map(|table| json!([table.name, table.split]))
        .collect();
    let mut layout = json!([
        dataset.layout,
        splits,
        dataset.rows_per_file,
        dataset.file_prefix
    ]);
    // Objects keep their parts, and reads that straddle two of them may be slower.
    let part_bytes = dataset.part_bytes.filter(|it| *it != USUAL_PART_BYTES);
    if let (Some(bytes), Some(parts), true) =
        (part_bytes, layout.as_array_mut(), root.store().is_remote())
    {
        parts.push(json!({"part_bytes": bytes}));
    }
    DatasetPlan {
        spec: dataset.clone(),
        root,
        content_fingerprint: fingerprint(&content),
        layout_fingerprint: fingerprint(&layout),
        tables,
        source,
        positions: (0..)
            .zip(&dataset.columns)
            .map(|(position, column)| (column.name.clone(), position))
            .collect(),
        row_bytes: OnceLock::new(),
    }
}

/// Version of the code that reads sources. Datasets of version 1 may have wrong rows: columns whose
/// bounds were equal were not read.
const SOURCE_READER_VERSION: u32 = 2;

/// Returns the part of a column that determines its content, without keys that only concern
/// reading.
fn content_of(column: &Column) -> serde_json::Value {
    let children: Vec<_> = column.children.iter().map(content_of).collect();
    let mut content = json!([
        column.name,
        column.dtype,
        column.size,
        column.distribution,
        column.null_fraction,
        column.sortedness,
        column.length,
        column.time_zone,
        children
    ]);
    let more = (
        column.run_length,
        column.cycle,
        column.drift,
        column.pool,
        column.multiple_of,
    );
    // Columns without these keys keep the fingerprint that they had before the keys existed.
    if let (true, Some(list)) = (
        more != (1.0, None, None, None, None),
        content.as_array_mut(),
    ) {
        list.push(json!(more));
    }
    content
}

/// Returns the first 128 bits of SHA-256 in hexadecimal.
pub(crate) fn fingerprint(value: &serde_json::Value) -> String {
    let digest = Sha256::digest(value.to_string().as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides, Source, load};

    fn config(text: &str) -> Config {
        let source = Source {
            origin: "x.yaml".to_owned(),
            text: text.to_owned(),
            folder: None,
        };
        load(&source, &Overrides::default()).unwrap()
    }

    fn names<'a>(columns: impl Iterator<Item = &'a Column>) -> Vec<&'a str> {
        columns.map(|column| column.name.as_str()).collect()
    }

    #[test]
    fn a_column_has_the_values_that_it_has_among_all_columns_of_its_table() {
        let config = config(
            "dataset: {num_samples_per_file: 100, parquet: {partition_by: [d, a], columns: [\
                   {name: c, distribution: {kind: correlated_with, column: b}}, \
                   {name: b, dtype: string, size: 4, distribution: {kind: correlated_with, column: a}}, \
                   {name: a, dtype: int8}, {name: d, dtype: bool}, {name: e, dtype: int64}]}}",
        );
        let dataset = config.variants[0].dataset.as_ref().unwrap();
        let plan = place(&Stores::default(), &[(dataset, None)])
            .unwrap()
            .remove(0);
        let table = &plan.tables[0];
        for column in &dataset.columns {
            let found = plan.generator(table, column).unwrap().range(0, 100);
            let layout = dataset.layout.vector_layout;
            let columns = &dataset.columns;
            let among = ColumnGenerator::among(
                dataset.seed,
                "train",
                column,
                columns,
                table.rows(),
                layout,
            );
            assert!(*found == *among.unwrap().range(0, 100), "{}", column.name);
        }
        assert_eq!(names(plan.stored_columns()), ["c", "b", "e"]);
        assert_eq!(names(plan.partition_columns()), ["d", "a"]);
    }

    #[test]
    fn folders_of_layouts_have_names_that_people_can_tell_apart() {
        let name = |codec: &str, layout: &str| {
            let text = format!(
                "{{ dataset: {{ compression: \"{codec}\", num_samples_per_file: 9, parquet: {{ columns: [{{ name: a, dtype: int64 }}, {{ name: \"b/\u{e9}\", dtype: int32 }}], {layout} }} }} }}"
            );
            let config = config(&text);
            let dataset = config.variants[0].dataset.as_ref().unwrap();
            let plan = place(&Stores::default(), &[(dataset, None)])
                .unwrap()
                .remove(0);
            let name = plan.folder_name();
            let (words, id) = name.rsplit_once('_').unwrap();
            assert_eq!(id, plan.id());
            words.to_owned()
        };
        assert_eq!(name("none", ""), "none");
        assert_eq!(name("zstd(9)", ""), "zstd-9");
        assert_eq!(
            name("lz4", "row_group_size: 5, sort_by: [a, \"b/\u{e9}\"]"),
            "lz4_rg-5-rows_sorted-by-a-b__"
        );
        assert_eq!(name("snappy", "partition_by: [a]"), "snappy_partitions-a");
    }
}
