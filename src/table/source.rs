//! Opens existing rows as a source: Parquet, CSV, JSON lines or Arrow files.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::prelude::SessionContext;
use serde_json::json;

use super::discover::discover;
use super::error::TableError;
use super::formats::{Format, open_rows};
use super::open::open;
use super::table_files::TableFile;
use super::writable::unwritable;
use crate::config::Reader;
use crate::config::without_secrets_of_urls;
use crate::dataset::{PlainFile, PlainSource, SOURCE_TABLE, SourceTable, fingerprint};
use crate::engine::{plain_message, session};
use crate::files::{FileError, changed_annotations, dropped_of_intervals, holds_intervals};
use crate::storage::{Inputs, Location, Stores};

/// A source has no name but its path.
const NAME: &str = "";

/// Options of the session that reads a source. It uses no statistics of files, row groups or pages,
/// since a footer may be wrong, and bounds leave out NaN. It keeps types as they are.
const OPTIONS: [(&str, &str); 7] = [
    ("execution.collect_statistics", "false"),
    ("execution.parquet.pruning", "false"),
    ("execution.parquet.enable_page_index", "false"),
    ("execution.parquet.bloom_filter_on_read", "false"),
    ("optimizer.enable_dynamic_filter_pushdown", "false"),
    ("execution.parquet.schema_force_view_types", "false"),
    ("execution.parquet.skip_metadata", "false"),
];

/// Opens existing rows. `memory_bytes` is the memory that sorting them may use before it spills to
/// disk. With `unify`, files whose types only widen are one source.
pub async fn open_source(
    stores: &Stores,
    location: &str,
    memory_bytes: u64,
    unify: bool,
) -> Result<SourceTable, TableError> {
    let bad = |reason: String| TableError::BadFile {
        table: NAME.to_owned(),
        file: location.to_owned(),
        reason,
    };
    let memory = format!("{}K", (memory_bytes >> 10).max(65_536));
    let options: Vec<(String, String)> = OPTIONS
        .into_iter()
        .chain([("runtime.memory_limit", memory.as_str())])
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // One partition keeps the order of the rows.
    let reader = Reader {
        read_threads: Some(1),
        ..Reader::default()
    };
    let context = session(&reader, &options)
        .await
        .map_err(|error| bad(error.to_string()))?;
    let found = match Format::of_location(stores, location) {
        None => of_parquet(&context, stores, location, unify).await?,
        Some(format) => {
            let rows = open_rows(stores, location, format, unify).await?;
            SourceFiles {
                provider: rows.provider,
                places: rows.places,
                rows: rows.rows,
                bytes: rows.bytes,
                fingerprint: rows.fingerprint,
                inputs: rows.inputs,
                plain: None,
                key_values: Vec::new(),
                notes: rows.notes,
            }
        }
    };
    context
        .register_table(
            TableReference::bare(SOURCE_TABLE),
            Arc::clone(&found.provider),
        )
        .map_err(|error| bad(plain_message(&error)))?;
    // Metadata of the schema is kept with the key-values.
    let fields = found.provider.schema().fields().clone();
    if fields.is_empty() {
        return Err(bad("holds no columns".to_owned()));
    }
    let schema = Arc::new(Schema::new(fields));
    if let Some((column, reason)) = unwritable(&schema) {
        return Err(bad(format!("column `{column}`: {reason}")));
    }
    if found.rows == 0 {
        return Err(bad("holds no rows".to_owned()));
    }
    let mut notes = found.notes;
    notes.extend(
        schema
            .fields()
            .iter()
            .filter_map(|field| seen_otherwise(field)),
    );
    Ok(SourceTable {
        location: without_secrets_of_urls(location),
        places: found.places,
        schema,
        rows: found.rows,
        bytes: found.bytes,
        fingerprint: found.fingerprint,
        notes,
        key_values: found.key_values,
        inputs: Arc::new(found.inputs),
        plain: found.plain.map(Arc::new),
        context,
    })
}

/// Returns a note on a type that other readers of Parquet take for another.
fn seen_otherwise(field: &Field) -> Option<String> {
    let counts = counted(field.data_type())?;
    Some(format!(
        "the source's column `{}` counts {counts}: readers other than Arrow's see whole numbers",
        field.name()
    ))
}

/// Describes the unit of a type, or of a part of it, if Parquet has no type for that unit.
fn counted(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::Date64 => Some("milliseconds, which Parquet has no date of"),
        DataType::Timestamp(TimeUnit::Second, _) => {
            Some("seconds, which Parquet has no timestamp of")
        }
        DataType::Time32(TimeUnit::Second) => Some("seconds, which Parquet has no time of day of"),
        DataType::Duration(_) => Some("a duration, which Parquet has no type of"),
        DataType::Dictionary(_, values) => counted(values),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::Map(item, _) => counted(item.data_type()),
        DataType::Struct(fields) => fields.iter().find_map(|field| counted(field.data_type())),
        _ => None,
    }
}

/// Refuses a file whose intervals have parts that the reader drops.
async fn refuse_dropped_intervals(file: &TableFile, schema: &SchemaRef) -> Result<(), TableError> {
    let path = file.place.to_string();
    let bad = |reason: String| TableError::BadFile {
        table: NAME.to_owned(),
        file: path.clone(),
        reason,
    };
    let store = Arc::clone(file.place.store().objects());
    let (object, shown, schema) = (
        file.object.location.clone(),
        path.clone(),
        Arc::clone(schema),
    );
    // A corrupt page may make the decoder panic.
    let task =
        tokio::spawn(async move { dropped_of_intervals(&store, &object, &shown, &schema).await });
    let dropped = task.await.map_err(|error| bad(error.to_string()))?;
    let dropped = dropped.map_err(|error| match error {
        FileError::Parquet { source, .. } => bad(source.to_string()),
        other => bad(other.reason()),
    })?;
    match dropped {
        Some(reason) => Err(bad(reason)),
        None => Ok(()),
    }
}

struct SourceFiles {
    provider: Arc<dyn TableProvider>,
    places: Vec<Location>,
    rows: u64,
    bytes: u64,
    fingerprint: String,
    inputs: Inputs,
    plain: Option<PlainSource>,
    key_values: Vec<(String, Option<String>)>,
    notes: Vec<String>,
}

async fn of_parquet(
    context: &SessionContext,
    stores: &Stores,
    location: &str,
    unify: bool,
) -> Result<SourceFiles, TableError> {
    let files = discover(stores, NAME, location).await?;
    let table = open(context, &files, None, unify).await?;
    let schema = table.provider.schema();
    let bad = |file: String, reason: String| TableError::BadFile {
        table: NAME.to_owned(),
        file,
        reason,
    };
    let mut notes = table.cautions.clone();
    let changed = changed_annotations(&table.annotations, &schema);
    notes.extend(changed.map_err(|error| bad(location.to_owned(), error.to_string()))?);
    if !table.key_values.differing.is_empty() {
        let keys: Vec<&str> = table
            .key_values
            .differing
            .iter()
            .map(String::as_str)
            .collect();
        notes.push(format!(
            "key-values of the source's footers that its files do not agree on are not kept: {}",
            keys.join(", ")
        ));
    }
    if holds_intervals(&schema) {
        for file in &files.files {
            refuse_dropped_intervals(file, &schema).await?;
        }
    }
    let plain = files.files.iter().map(|file| PlainFile {
        place: file.place.clone(),
        partition: file.partition.clone(),
    });
    Ok(SourceFiles {
        bytes: table
            .columns
            .iter()
            .map(|column| column.encoded_bytes)
            .sum(),
        fingerprint: fingerprint(&json!([table.files_fingerprint, table.inputs.ends()])),
        rows: table.rows,
        places: table.places.clone(),
        provider: Arc::clone(&table.provider),
        plain: Some(PlainSource::new(
            plain.collect(),
            files.partition_by.clone(),
        )),
        key_values: table.key_values.shared().to_vec(),
        inputs: table.inputs,
        notes,
    })
}
