//! Reads every footer of a table, checks it, and makes the table that the engine scans.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;
use serde_json::json;

use super::error::{TableError, of};
use super::footers::FooterReader;
use super::gather::{Footer, KeyValues, TableFooters, gathered};
use super::look::look;
use super::merge::missing_columns;
use super::partitions::{partition_value, type_of_partition};
use super::provider::{FilesTable, ProviderFile};
use super::statistics::statistics;
use super::table_files::{TableFile, TableFiles};
use crate::config::Column;
use crate::dataset::fingerprint;
use crate::files::{Annotation, file_layout};
use crate::record::ColumnRecord;
use crate::storage::{FileLayout, Inputs, Location, Store};

/// A table that the engine can scan, and facts from its footers.
#[derive(Debug)]
pub struct OpenTable {
    pub name: String,
    pub provider: Arc<dyn TableProvider>,
    pub places: Vec<Location>,
    /// Store of the files.
    pub store: Store,
    /// The same files by their names in the store.
    pub objects: Vec<object_store::path::Path>,
    /// Positions of the column chunks of each file, in the same order.
    pub layouts: Vec<Arc<FileLayout>>,
    pub rows: u64,
    pub file_bytes: u64,
    pub row_groups: u64,
    pub columns: Vec<ColumnRecord>,
    /// Fields that files store, without partition columns.
    pub file_schema: SchemaRef,
    /// Fingerprint of the list of files: names, sizes and times of change.
    pub files_fingerprint: String,
    /// State of the files when they were opened.
    pub inputs: Inputs,
    /// Reasons why the rows may not be those that the user means, one sentence each.
    pub cautions: Vec<String>,
    /// Reasons not to trust a column's statistics, by column name.
    pub doubts: BTreeMap<String, String>,
    /// Key-values on which the footers of all files agree, without those that each writer makes,
    /// and the keys on which they do not agree.
    pub key_values: KeyValues,
    /// True if a footer claims no rows although its row groups have some, so that readers must
    /// count anew.
    pub recounts: bool,
    /// Annotations of the columns in the files.
    pub(crate) annotations: BTreeSet<Annotation>,
}

/// Reads the footers of all files and checks each: figures must be plausible, the schema must be
/// the same, and the columns must be those in `wanted`, if there are such. With `unify`, types may
/// differ if one only widens the other. The footers stay in the session's metadata cache, as far as
/// it has room.
pub async fn open(
    context: &SessionContext,
    files: &TableFiles,
    wanted: Option<&[Column]>,
    unify: bool,
) -> Result<OpenTable, TableError> {
    let inputs = look(&files.name, files).await?;
    let first = files.files.first().map(|file| file.place.store());
    let store = first.cloned().unwrap_or_else(Store::local);
    context.register_object_store(store.url().as_ref(), Arc::clone(store.objects()));
    let reader = FooterReader::new(context, &store, &files.name);
    let TableFooters {
        summary,
        merged: file_schema,
        footers,
    } = gathered(&reader, files, wanted, unify).await?;
    check_partitions(files, &footers)?;
    let missing = missing_cautions(files, &file_schema, &footers);
    let mut layouts: Vec<Arc<FileLayout>> = Vec::with_capacity(footers.len());
    for (footer, _) in &footers {
        let before = layouts.last().map(Arc::as_ref);
        layouts.push(Arc::new(file_layout(footer, before)));
    }
    let folders = Folders::of(files, wanted, &file_schema);
    let mut provider_files = Vec::with_capacity(files.files.len());
    for (file, (footer, columns)) in files.files.iter().zip(footers) {
        provider_files.push(ProviderFile {
            object: file.object.clone(),
            partition: folders.values(&files.name, file)?,
            statistics: statistics(&files.name, &footer, &columns.types, &file_schema)?,
            schema: columns.wide.clone(),
        });
    }
    let recounts = !summary.cautions.is_empty();
    Ok(OpenTable {
        name: files.name.clone(),
        places: files.files.iter().map(|file| file.place.clone()).collect(),
        store: store.clone(),
        objects: files
            .files
            .iter()
            .map(|file| file.object.location.clone())
            .collect(),
        layouts,
        rows: summary.rows,
        file_bytes: summary.file_bytes,
        row_groups: summary.row_groups,
        columns: summary.columns.records(&file_schema),
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
        recounts,
        key_values: summary.key_values,
        annotations: summary.annotations,
        provider: Arc::new(FilesTable::new(
            &files.name,
            store.url().clone(),
            Arc::clone(&file_schema),
            folders.fields,
            provider_files,
            recounts,
        )),
        file_schema,
    })
}

fn fingerprint_of(files: &TableFiles) -> String {
    let list = files.files.iter().map(|file| {
        json!([
            file.place.to_string(),
            file.object.size,
            file.object.last_modified.timestamp_micros()
        ])
    });
    fingerprint(&json!(list.collect::<Vec<_>>()))
}

/// The partition columns whose values are read from folder names. A column that all files store as
/// well is not one of them, as it is read from the files.
struct Folders {
    /// Indexes among the partition columns.
    places: Vec<usize>,
    fields: Vec<FieldRef>,
}

impl Folders {
    fn of(files: &TableFiles, wanted: Option<&[Column]>, stored: &Schema) -> Self {
        let mut folders = Folders {
            places: Vec::new(),
            fields: Vec::new(),
        };
        for (place, name) in files.partition_by.iter().enumerate() {
            if stored.field_with_name(name).is_err() {
                let data_type = type_of_partition(files, wanted, place, name);
                folders.places.push(place);
                folders
                    .fields
                    .push(Arc::new(Field::new(name, data_type, true)));
            }
        }
        folders
    }

    /// Returns a file's values of these columns.
    fn values(&self, table: &str, file: &TableFile) -> Result<Vec<ScalarValue>, TableError> {
        let value = |(place, field): (&usize, &FieldRef)| {
            let value = partition_value(file.partition[*place].as_deref(), field.data_type());
            value.map_err(|value| TableError::BadPartitionValue {
                table: table.to_owned(),
                file: file.place.to_string(),
                column: field.name().clone(),
                value,
                wanted: field.data_type().to_string(),
            })
        };
        self.places.iter().zip(&self.fields).map(value).collect()
    }
}

/// Refuses a column that some files store and that others have only in the names of their folders.
/// Whichever of the two were read, some rows would get a wrong value.
fn check_partitions(files: &TableFiles, footers: &[Footer]) -> Result<(), TableError> {
    for column in &files.partition_by {
        let stores = |wanted: bool| {
            footers
                .iter()
                .position(|(_, it)| it.types.contains_key(column) == wanted)
        };
        if let (Some(stored), Some(named)) = (stores(true), stores(false)) {
            let path = |place: usize| files.files[place].place.to_string();
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

/// Most columns that cautions name.
const MOST_NAMED: usize = 5;

/// Returns a caution for each column that some files lack. Beyond the first few, one caution stands
/// for all.
fn missing_cautions(files: &TableFiles, merged: &Schema, footers: &[Footer]) -> Vec<String> {
    let columns = files.files.iter().zip(footers);
    let columns = columns.map(|(file, (_, columns))| (&file.place, &columns.types));
    let mut missing = missing_columns(merged, columns, |place| place.to_string());
    if let Some(more @ 1..) = missing.len().checked_sub(MOST_NAMED) {
        missing.truncate(MOST_NAMED);
        missing.push(format!(
            "{more} more columns are missing in some files, and null for their rows"
        ));
    }
    let of_table = |what| format!("{}{what}", of(&files.name));
    missing.into_iter().map(of_table).collect()
}
