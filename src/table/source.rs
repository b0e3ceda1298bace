//! Existing rows as a source: Parquet, CSV, JSON lines or Arrow files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Fields, Schema, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::prelude::SessionContext;
use object_store::ObjectStore;
use parquet::basic::Type as PhysicalType;
use serde_json::json;

use super::{TableError, discover, open};
use crate::config::Reader;
use crate::dataset::{SOURCE_TABLE, SourceTable, fingerprint, is_parquet, read_footer};
use crate::engine::{plain_message, session};
use crate::storage::{CountingStore, local_path, object_path};

/// What messages call the source.
const NAME: &str = "source";

/// Opens existing rows. `memory_bytes` is what sorting them may use before it spills to disk.
pub async fn open_source(
    store: &Arc<CountingStore>,
    location: &str,
    memory_bytes: u64,
) -> Result<SourceTable, TableError> {
    let bad = |reason: String| TableError::BadFile {
        table: NAME.to_owned(),
        file: location.to_owned(),
        reason,
    };
    // Types are kept as they are; one partition keeps the order of the rows.
    let options = [
        (
            "execution.parquet.schema_force_view_types",
            "false".to_owned(),
        ),
        (
            "runtime.memory_limit",
            format!("{}K", (memory_bytes >> 10).max(65_536)),
        ),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value));
    let reader = Reader {
        read_threads: Some(1),
        ..Reader::default()
    };
    let context = session(&reader, &options, store)
        .await
        .map_err(|error| bad(error.to_string()))?;
    let path = local_path(location)?;
    let found = match format_of(&path) {
        None => {
            let objects = Arc::clone(store) as Arc<dyn ObjectStore>;
            let files = discover(&objects, NAME, location).await?;
            let table = open(&context, store, &files, None).await?;
            Found {
                bytes: table
                    .columns
                    .iter()
                    .map(|column| column.encoded_bytes)
                    .sum(),
                fingerprint: table.files_fingerprint.clone(),
                rows: Some(table.rows),
                paths: table.paths.clone(),
                provider: Arc::clone(&table.provider),
            }
        }
        Some((format, extension)) => {
            let table = listed(&context, location, &path, format, extension).await;
            table.map_err(bad)?
        }
    };
    context
        .register_table(
            TableReference::bare(SOURCE_TABLE),
            Arc::clone(&found.provider),
        )
        .map_err(|error| bad(plain_message(&error)))?;
    let rows = match found.rows {
        Some(rows) => rows,
        None => count(&context).await.map_err(bad)?,
    };
    if rows == 0 {
        return Err(bad("holds no rows".to_owned()));
    }
    // What pandas and others keep beside a schema says nothing about the columns.
    let fields = found.provider.schema().fields().clone();
    if fields.is_empty() {
        return Err(bad("holds no columns".to_owned()));
    }
    let parquet = found.rows.and(found.paths.first());
    let notes = notes_on(store, &fields, parquet.map(PathBuf::as_path)).await?;
    Ok(SourceTable {
        location: location.to_owned(),
        paths: found.paths,
        schema: Arc::new(Schema::new(fields)),
        rows,
        bytes: found.bytes,
        fingerprint: found.fingerprint,
        notes,
        context,
    })
}

/// What columns of these types become in a Parquet file. `first` is the first of the source's files, where these are Parquet.
async fn notes_on(
    store: &Arc<CountingStore>,
    fields: &Fields,
    first: Option<&Path>,
) -> Result<Vec<String>, TableError> {
    let mut notes = Vec::new();
    if let Some(path) = first {
        let objects = Arc::clone(store) as Arc<dyn ObjectStore>;
        let shown = path.display().to_string();
        let (_, metadata) = read_footer(&objects, &object_path(path)?, &shown)
            .await
            .map_err(|error| TableError::BadFile {
                table: NAME.to_owned(),
                file: shown,
                reason: error.to_string(),
            })?;
        let leaves = metadata.file_metadata().schema_descr();
        for leaf in leaves.columns() {
            if leaf.physical_type() == PhysicalType::INT96 {
                notes.push(format!(
                    "the source's column `{}` is INT96; it is read and written as microseconds, without what lies below them",
                    leaf.path().string()
                ));
            }
        }
    }
    for field in fields {
        let becomes = match field.data_type() {
            DataType::Date64 => "milliseconds, which Parquet has no date of",
            DataType::Timestamp(TimeUnit::Second, _) => {
                "seconds, which Parquet has no timestamp of"
            }
            _ => continue,
        };
        notes.push(format!(
            "the source's column `{}` counts {becomes}: readers other than Arrow's see whole numbers",
            field.name()
        ));
    }
    Ok(notes)
}

struct Found {
    provider: Arc<dyn TableProvider>,
    paths: Vec<PathBuf>,
    rows: Option<u64>,
    bytes: u64,
    fingerprint: String,
}

/// The format of files that are not Parquet, and how their names end.
fn format_of(path: &Path) -> Option<(Arc<dyn FileFormat>, String)> {
    let of = |path: &Path| {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let format: Arc<dyn FileFormat> = match extension.as_str() {
            "csv" => Arc::new(CsvFormat::default()),
            "tsv" => Arc::new(CsvFormat::default().with_delimiter(b'\t')),
            "json" | "jsonl" | "ndjson" => Arc::new(JsonFormat::default()),
            "arrow" | "feather" | "ipc" => Arc::new(ArrowFormat),
            _ => return None,
        };
        Some((format, extension))
    };
    if !path.is_dir() {
        return of(path);
    }
    // A folder without Parquet is of the kind of its first file that is of any.
    let mut names: Vec<PathBuf> = std::fs::read_dir(path)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    names.sort();
    match names.iter().any(|name| name.is_dir() || is_parquet(name)) {
        true => None,
        false => names.iter().find_map(|name| of(name)),
    }
}

async fn listed(
    context: &SessionContext,
    location: &str,
    path: &Path,
    format: Arc<dyn FileFormat>,
    extension: String,
) -> Result<Found, String> {
    let folder = path.is_dir();
    let mut paths: Vec<PathBuf> = if folder {
        let entries = std::fs::read_dir(path).map_err(|error| error.to_string())?;
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|found| found.eq_ignore_ascii_case(&extension))
            })
            .collect()
    } else if path.exists() {
        vec![path.to_path_buf()]
    } else {
        glob::glob(&path.to_string_lossy())
            .map_err(|error| error.to_string())?
            .filter_map(Result::ok)
            .filter(|path| path.is_file())
            .collect()
    };
    paths.sort();
    if paths.is_empty() {
        return Err("no such file or folder".to_owned());
    }
    let mut list = Vec::new();
    let mut bytes = 0;
    let mut urls = Vec::new();
    for path in &paths {
        let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err(format!("{} is not a file", path.display()));
        }
        let changed = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
            .map(|time| time.as_micros() as u64);
        bytes += metadata.len();
        list.push(json!([path, metadata.len(), changed]));
        let url = url::Url::from_file_path(path)
            .map_err(|()| format!("{} is no path", path.display()))?;
        urls.push(ListingTableUrl::parse(url.as_str()).map_err(|error| plain_message(&error))?);
    }
    let options = ListingOptions::new(format).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
    let config = config
        .infer_schema(&context.state())
        .await
        .map_err(|error| format!("{location} cannot be read: {}", plain_message(&error)))?;
    let table = ListingTable::try_new(config).map_err(|error| plain_message(&error))?;
    Ok(Found {
        provider: Arc::new(table),
        paths,
        rows: None,
        bytes,
        fingerprint: fingerprint(&json!(list)),
    })
}

async fn count(context: &SessionContext) -> Result<u64, String> {
    let counted = async {
        context
            .table(TableReference::bare(SOURCE_TABLE))
            .await?
            .count()
            .await
    };
    counted
        .await
        .map(|rows| rows as u64)
        .map_err(|error| plain_message(&error))
}
