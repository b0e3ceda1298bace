//! Reads every footer of a table, checks it, and makes the table that the engine scans.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::prelude::SessionContext;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::file::metadata::{FileMetaData, ParquetMetaData};
use serde_json::json;

use super::check::{check_columns, doubled, same_values};
use super::doubts::{add_doubts, impossible_columns};
use super::losses::{Annotation, add_annotations};
use super::provider::{FilesTable, ProviderFile};
use super::unify::{same, wider};
use super::{TableError, TableFile, TableFiles, look, of, unreadable};
use crate::config::Column;
use crate::content::scalar_type;
use crate::dataset::{
    ColumnTotals, IDENTITY_KEY, check_plausible, column_records, file_layout, fingerprint,
    is_whole_number, key_value, row_caution, rows_of, wide_schema, with_wide_dictionaries,
};
use crate::engine::plain_message;
use crate::record::ColumnRecord;
use crate::storage::{FileLayout, Inputs};

/// A table that the engine can scan, and what its footers say.
#[derive(Debug)]
pub struct OpenTable {
    pub name: String,
    pub provider: Arc<dyn TableProvider>,
    pub paths: Vec<PathBuf>,
    /// The same files as the store names them.
    pub objects: Vec<object_store::path::Path>,
    /// Where each of them keeps its column chunks, in the same order.
    pub layouts: Vec<Arc<FileLayout>>,
    pub rows: u64,
    pub file_bytes: u64,
    pub row_groups: u64,
    pub columns: Vec<ColumnRecord>,
    /// Fields that files store, without partition columns.
    pub file_schema: SchemaRef,
    /// Of the list of files: names, sizes and times of change.
    pub files_fingerprint: String,
    /// The files as they were when they were opened.
    pub inputs: Inputs,
    /// Why the rows may not be those that the user means, one sentence each.
    pub cautions: Vec<String>,
    /// Why a column's statistics cannot be trusted, by its name.
    pub doubts: BTreeMap<String, String>,
    /// Key-values of the footers that all files agree on, without those that each writer makes, and
    /// the keys that they do not agree on.
    pub key_values: KeyValues,
    /// How the files annotate their columns.
    pub(crate) annotations: BTreeSet<Annotation>,
}

/// Reads the footers of all files and checks each: plausible figures, one schema, and the config's
/// columns where there are `wanted` ones. With `unify`, types that only widen are one schema. The
/// footers stay in the session's metadata cache, as far as it has room.
pub async fn open(
    context: &SessionContext,
    store: &Arc<dyn ObjectStore>,
    files: &TableFiles,
    wanted: Option<&[Column]>,
    unify: bool,
) -> Result<OpenTable, TableError> {
    let inputs = look(&files.name, files).await?;
    let reader = Reader::new(context, store, &files.name);
    let Gathered {
        summary,
        merged: file_schema,
        footers,
    } = gathered(&reader, files, wanted, unify).await?;
    check_partitions(files, &footers)?;
    let missing = missing_columns(files, &file_schema, &footers);
    let layouts = footers.iter();
    let layouts = layouts.map(|(footer, _)| Arc::new(file_layout(footer)));
    let layouts = layouts.collect();
    // A column that all files store as well is the files' own.
    let partition_by: Vec<(usize, &String)> = files
        .partition_by
        .iter()
        .enumerate()
        .filter(|(_, name)| file_schema.field_with_name(name).is_err())
        .collect();
    let partition_fields: Vec<FieldRef> = partition_by
        .iter()
        .map(|(index, name)| {
            Arc::new(Field::new(
                *name,
                type_of_partition(files, wanted, *index, name),
                true,
            ))
        })
        .collect();
    let mut provider_files = Vec::with_capacity(files.files.len());
    for (file, (footer, schema)) in files.files.iter().zip(footers) {
        let partition = partition_by
            .iter()
            .zip(&partition_fields)
            .map(|((index, name), field)| {
                partition_value(file.partition[*index].as_deref(), field.data_type()).map_err(
                    |value| TableError::BadPartitionValue {
                        table: files.name.clone(),
                        file: file.path.display().to_string(),
                        column: (*name).clone(),
                        value,
                        wanted: field.data_type().to_string(),
                    },
                )
            })
            .collect::<Result<_, _>>()?;
        provider_files.push(ProviderFile {
            object: file.object.clone(),
            partition,
            statistics: statistics(&files.name, &footer, &schema, &file_schema)?,
            schema: schema.wide.clone(),
        });
    }
    let recounts = !summary.cautions.is_empty();
    Ok(OpenTable {
        name: files.name.clone(),
        paths: files.files.iter().map(|file| file.path.clone()).collect(),
        objects: files
            .files
            .iter()
            .map(|file| file.object.location.clone())
            .collect(),
        layouts,
        rows: summary.rows,
        file_bytes: summary.file_bytes,
        row_groups: summary.row_groups,
        columns: column_records(&summary.columns, &file_schema),
        files_fingerprint: fingerprint_of(files),
        inputs,
        cautions: files
            .cautions
            .iter()
            .cloned()
            .chain(missing)
            .chain(summary.cautions)
            .collect(),
        doubts: summary.doubts,
        key_values: summary.key_values,
        annotations: summary.annotations,
        provider: Arc::new(FilesTable::new(
            &files.name,
            Arc::clone(&file_schema),
            partition_fields,
            provider_files,
            recounts,
        )),
        file_schema,
    })
}

fn fingerprint_of(files: &TableFiles) -> String {
    let list = files.files.iter().map(|file| {
        json!([
            file.path,
            file.object.size,
            file.object.last_modified.timestamp_micros()
        ])
    });
    fingerprint(&json!(list.collect::<Vec<_>>()))
}

/// The columns of files that have the same ones.
struct FileColumns {
    /// By name, as the engine reads them.
    types: HashMap<String, DataType>,
    /// What the engine is to read them by, where their dictionaries have narrow keys.
    wide: Option<SchemaRef>,
}

/// What the footers of all files come to.
struct Gathered {
    summary: Summary,
    merged: SchemaRef,
    /// Of each file, in their order.
    footers: Vec<Footer>,
}

type Footer = (Arc<ParquetMetaData>, Arc<FileColumns>);

async fn gathered(
    reader: &Reader<'_>,
    files: &TableFiles,
    wanted: Option<&[Column]>,
    unify: bool,
) -> Result<Gathered, TableError> {
    let mut summary = Summary::default();
    let each = files.files.iter();
    let each = each.map(|file| reader.footer(&file.object, &file.path));
    let mut found = futures::stream::iter(each).buffered(reader.concurrency);
    let mut known: Option<(KnownSchema, Arc<FileColumns>)> = None;
    let mut merged: Option<Schema> = None;
    let mut footers = Vec::with_capacity(files.files.len());
    for file in &files.files {
        let path = file.path.display().to_string();
        let Some(footer) = found.try_next().await? else {
            break;
        };
        check_identity(&files.name, file, &footer)?;
        let same = known.as_ref().filter(|(known, _)| known.is_of(&footer));
        let columns = match same {
            Some((_, columns)) => Arc::clone(columns),
            None => {
                let root = footer.file_metadata().schema_descr().root_schema();
                if let Some(column) = doubled(root.get_fields().iter().map(|it| it.name())) {
                    return Err(TableError::BadFile {
                        table: files.name.clone(),
                        file: path,
                        reason: format!("two of its columns are named `{column}`"),
                    });
                }
                let schema = reader.schema(&file.object, &path).await?;
                let schema = with_wide_dictionaries(&schema);
                if let Some(wanted) = wanted {
                    check_columns(&files.name, &path, &schema, wanted, &files.partition_by)?;
                }
                let fields = schema.fields().iter();
                let types = fields.map(|it| (it.name().clone(), it.data_type().clone()));
                let columns = Arc::new(FileColumns {
                    types: types.collect(),
                    wide: wide_schema(&footer),
                });
                merged = Some(match merged {
                    None => schema,
                    Some(merged) => merge(&files.name, &path, merged, &schema, unify)?,
                });
                add_annotations(&mut summary.annotations, &footer);
                let metadata = Arc::clone(&footer);
                known = Some((KnownSchema { metadata }, Arc::clone(&columns)));
                columns
            }
        };
        summary.add(&path, &footer, file.object.size);
        footers.push((footer, columns));
    }
    Ok(Gathered {
        summary,
        merged: Arc::new(merged.unwrap_or_else(Schema::empty)),
        footers,
    })
}

/// Refuses a file that took the place of one that a manifest names. The manifest has sizes only, and
/// layouts of other rows often have the same.
fn check_identity(
    table: &str,
    file: &TableFile,
    footer: &ParquetMetaData,
) -> Result<(), TableError> {
    let found = key_value(footer.file_metadata(), IDENTITY_KEY);
    match &file.identity {
        Some(wanted) if found != Some(wanted.as_str()) => Err(TableError::Replaced {
            table: table.to_owned(),
            file: file.path.display().to_string(),
            found: found.map(str::to_owned),
        }),
        _ => Ok(()),
    }
}

/// Refuses a column that some files store, and that others have in the names of their folders
/// alone: whichever of the two were read, rows would come with a value that is not theirs.
fn check_partitions(files: &TableFiles, footers: &[Footer]) -> Result<(), TableError> {
    for column in &files.partition_by {
        let stores = |wanted: bool| {
            footers
                .iter()
                .position(|(_, it)| it.types.contains_key(column) == wanted)
        };
        if let (Some(stored), Some(named)) = (stores(true), stores(false)) {
            let path = |place: usize| files.files[place].path.display().to_string();
            return Err(TableError::PartlyStored {
                table: files.name.clone(),
                column: column.clone(),
                file: path(stored),
                other: path(named),
            });
        }
    }
    Ok(())
}

/// Columns that cautions name.
const MOST_NAMED: usize = 5;

/// What is said of a column that some files lack.
pub(super) fn missing(column: &str, lacking: usize, all: usize, first: &str) -> String {
    format!(
        "column `{column}` is missing in {lacking} of {all} files, first {first}: null for their rows"
    )
}

/// A caution for each column that some files lack, whose rows have nulls there.
fn missing_columns(files: &TableFiles, merged: &Schema, footers: &[Footer]) -> Vec<String> {
    let mut lacking: BTreeMap<usize, (usize, &Path)> = BTreeMap::new();
    for (file, (_, columns)) in files.files.iter().zip(footers) {
        // The schema has the columns of all files: one with as many has every one.
        if columns.types.len() == merged.fields().len() {
            continue;
        }
        for (place, field) in merged.fields().iter().enumerate() {
            if !columns.types.contains_key(field.name()) {
                lacking.entry(place).or_insert((0, file.path.as_path())).0 += 1;
            }
        }
    }
    let all = footers.len();
    let named = lacking.iter().take(MOST_NAMED);
    let mut cautions: Vec<String> = named
        .map(|(place, (count, first))| {
            let name = merged.field(*place).name();
            let what = missing(name, *count, all, &first.display().to_string());
            format!("{}{what}", of(&files.name))
        })
        .collect();
    if lacking.len() > MOST_NAMED {
        let more = lacking.len() - MOST_NAMED;
        cautions.push(format!(
            "{}{more} more columns are missing in some files, and null for their rows",
            of(&files.name)
        ));
    }
    cautions
}

/// What a file's footer says of its columns, for the engine to prune and to answer by. Of columns
/// that are read as a wider type nothing is known: the engine compares bounds of the file's type
/// with those of the table's. Nor is anything of those whose statistics no values can have: the
/// planner fails over them.
fn statistics(
    table: &str,
    footer: &ParquetMetaData,
    columns: &FileColumns,
    file_schema: &SchemaRef,
) -> Result<Statistics, TableError> {
    let found = DFParquetMetadata::statistics_from_parquet_metadata(footer, file_schema);
    let mut statistics = found.map_err(|source| TableError::Engine {
        table: table.to_owned(),
        source,
    })?;
    let impossible = impossible_columns(footer);
    let fields = file_schema.fields().iter();
    for (field, column) in fields.zip(&mut statistics.column_statistics) {
        let stored = columns.types.get(field.name());
        let bounds = (column.min_value.get_value(), column.max_value.get_value());
        let swapped = matches!(bounds, (Some(min), Some(max)) if !max.is_null() && min > max);
        if stored.is_some_and(|stored| !same_values(stored, field.data_type()))
            || impossible.contains(field.name().as_str())
            || swapped
        {
            *column = ColumnStatistics::new_unknown();
        }
    }
    Ok(statistics)
}

#[derive(Default)]
struct Summary {
    rows: u64,
    file_bytes: u64,
    row_groups: u64,
    columns: Vec<ColumnTotals>,
    cautions: Vec<String>,
    doubts: BTreeMap<String, String>,
    key_values: KeyValues,
    annotations: BTreeSet<Annotation>,
}

/// What footers keep beside their schemas.
#[derive(Debug, Default)]
pub struct KeyValues {
    /// None before the first file.
    shared: Option<Vec<(String, Option<String>)>>,
    /// Keys whose values differ between files, or that some files lack.
    pub differing: BTreeSet<String>,
}

impl KeyValues {
    /// The key-values that all files have alike.
    pub fn shared(&self) -> &[(String, Option<String>)] {
        self.shared.as_deref().unwrap_or_default()
    }

    fn add(&mut self, metadata: &FileMetaData) {
        let own = [ARROW_SCHEMA_META_KEY, IDENTITY_KEY];
        let found: Vec<(String, Option<String>)> = metadata
            .key_value_metadata()
            .into_iter()
            .flatten()
            .filter(|entry| !own.contains(&entry.key.as_str()))
            .map(|entry| (entry.key.clone(), entry.value.clone()))
            .collect();
        let Some(shared) = &mut self.shared else {
            self.shared = Some(found);
            return;
        };
        if *shared == found {
            return;
        }
        let of_one = |entry: &(String, Option<String>), entries: &[(String, Option<String>)]| {
            (!entries.contains(entry)).then(|| entry.0.clone())
        };
        let differing = shared.iter().filter_map(|entry| of_one(entry, &found));
        self.differing.extend(differing);
        let differing = found.iter().filter_map(|entry| of_one(entry, shared));
        self.differing.extend(differing);
        shared.retain(|(key, _)| !self.differing.contains(key));
    }
}

impl Summary {
    fn add(&mut self, path: &str, footer: &ParquetMetaData, file_bytes: u64) {
        let caution = row_caution(footer);
        self.cautions
            .extend(caution.map(|caution| format!("{path}: {caution}")));
        add_doubts(&mut self.doubts, footer);
        self.key_values.add(footer.file_metadata());
        self.rows += rows_of(footer);
        self.file_bytes += file_bytes;
        self.row_groups += footer.num_row_groups() as u64;
        ColumnTotals::add(&mut self.columns, footer);
    }
}

/// Reads footers and schemas the way a scan of the session will.
struct Reader<'a> {
    context: &'a SessionContext,
    store: Arc<dyn ObjectStore>,
    format: ParquetFormat,
    cache: Arc<FileMetadataCache>,
    table: &'a str,
    concurrency: usize,
}

impl<'a> Reader<'a> {
    fn new(context: &'a SessionContext, store: &Arc<dyn ObjectStore>, table: &'a str) -> Self {
        let state = context.state_ref();
        let state = state.read();
        let options = state.config_options();
        let parquet = TableParquetOptions {
            global: options.execution.parquet.clone(),
            ..Default::default()
        };
        Reader {
            context,
            store: Arc::clone(store),
            format: ParquetFormat::default().with_options(parquet),
            cache: context
                .runtime_env()
                .cache_manager
                .get_file_metadata_cache(),
            table,
            concurrency: options.execution.meta_fetch_concurrency.get(),
        }
    }

    /// A file's footer, parsed in a task of its own: a corrupt one may make the parser panic.
    async fn footer(
        &self,
        object: &ObjectMeta,
        path: &Path,
    ) -> Result<Arc<ParquetMetaData>, TableError> {
        let bad = |reason: String| TableError::BadFile {
            table: self.table.to_owned(),
            file: path.display().to_string(),
            reason,
        };
        if object.size == 0 {
            return Err(bad("it is empty (0 bytes), not a Parquet file".to_owned()));
        }
        let (store, cache) = (Arc::clone(&self.store), Arc::clone(&self.cache));
        let (meta, hint) = (object.clone(), self.format.metadata_size_hint());
        let task = tokio::spawn(async move {
            DFParquetMetadata::new(store.as_ref(), &meta)
                .with_metadata_size_hint(hint)
                .with_file_metadata_cache(Some(cache))
                .fetch_metadata()
                .await
        });
        let footer = match task.await {
            Ok(Ok(footer)) => footer,
            Ok(Err(error)) => return Err(bad(unreadable(&plain_message(&error)))),
            // A panic of the parser; what it says is of no use to whoever has the file.
            Err(_) => return Err(bad(unreadable("its footer is corrupt"))),
        };
        check_plausible(&footer, object.size)
            .map_err(|reason| bad(format!("its footer is corrupt: {reason}")))?;
        Ok(footer)
    }

    /// The schema of one file as the engine reads it: view types, INT96 and binary as the options say.
    async fn schema(&self, object: &ObjectMeta, path: &str) -> Result<SchemaRef, TableError> {
        let bad = |reason: String| TableError::BadFile {
            table: self.table.to_owned(),
            file: path.to_owned(),
            reason: format!(
                "parquet-rs, which this program reads with, cannot read its schema: {reason}"
            ),
        };
        let state = self.context.state();
        let inferred = self
            .format
            .infer_schema(&state, &self.store, std::slice::from_ref(object));
        // A corrupt one may make the parser panic.
        std::panic::AssertUnwindSafe(inferred)
            .catch_unwind()
            .await
            .map_err(|_| bad("it is corrupt".to_owned()))?
            .map_err(|error| bad(plain_message(&error)))
    }
}

/// The schema last seen, so that thousands of alike files are not each converted to Arrow.
struct KnownSchema {
    metadata: Arc<ParquetMetaData>,
}

impl KnownSchema {
    fn is_of(&self, other: &ParquetMetaData) -> bool {
        let (left, right) = (self.metadata.file_metadata(), other.file_metadata());
        left.schema_descr().root_schema() == right.schema_descr().root_schema()
            && key_value(left, ARROW_SCHEMA_META_KEY) == key_value(right, ARROW_SCHEMA_META_KEY)
    }
}

/// The columns of both; those in both are of one type.
pub(super) fn merge(
    table: &str,
    file: &str,
    known: Schema,
    schema: &Schema,
    unify: bool,
) -> Result<Schema, TableError> {
    let mut fields: Vec<FieldRef> = known.fields().iter().cloned().collect();
    let places: HashMap<&String, usize> = known
        .fields()
        .iter()
        .enumerate()
        .map(|(place, field)| (field.name(), place))
        .collect();
    let mut found = HashSet::with_capacity(fields.len());
    for field in schema.fields() {
        let Some(place) = places.get(field.name()) else {
            fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
            continue;
        };
        found.insert(*place);
        let known = &fields[*place];
        let (known_type, found_type) = (known.data_type(), field.data_type());
        let both = match unify {
            true => wider(known_type, found_type),
            false => same(known_type, found_type),
        };
        let Some(both) = both else {
            return Err(TableError::OtherType {
                table: table.to_owned(),
                file: file.to_owned(),
                column: field.name().clone(),
                found: found_type.to_string(),
                wanted: format!("{known_type} (as in the files before)"),
                widens: wider(known_type, found_type).is_some(),
            });
        };
        let nullable = known.is_nullable() || field.is_nullable();
        let known = known.as_ref().clone().with_data_type(both);
        fields[*place] = Arc::new(known.with_nullable(nullable));
    }
    // A column that this file lacks is null for its rows.
    for (place, known) in fields.iter_mut().enumerate().take(places.len()) {
        if !found.contains(&place) && !known.is_nullable() {
            *known = Arc::new(known.as_ref().clone().with_nullable(true));
        }
    }
    Ok(Schema::new(fields))
}

/// As the config says; without a config, 64-bit integers where all values are written as these are,
/// else strings.
fn type_of_partition(
    files: &TableFiles,
    wanted: Option<&[Column]>,
    index: usize,
    name: &str,
) -> DataType {
    if let Some(known) = files.partition_types.get(index) {
        return known.clone();
    }
    if let Some(column) =
        wanted.and_then(|columns| columns.iter().find(|column| column.name == name))
    {
        return scalar_type(column);
    }
    let files = files.files.iter();
    type_of_folders(files.filter_map(|file| file.partition[index].as_deref()))
}

/// The type of a column that folders give.
pub(super) fn type_of_folders<'a>(values: impl Iterator<Item = &'a str>) -> DataType {
    let mut values = values.peekable();
    match values.peek().is_some() && values.all(is_whole_number) {
        true => DataType::Int64,
        false => DataType::Utf8,
    }
}

/// A folder's text as a value; fails with the text where it is not of the type.
pub(super) fn partition_value(
    text: Option<&str>,
    data_type: &DataType,
) -> Result<ScalarValue, String> {
    let Some(text) = text else {
        return ScalarValue::try_from(data_type).map_err(|error| error.to_string());
    };
    ScalarValue::try_from_string(text.to_owned(), data_type).map_err(|_| text.to_owned())
}
