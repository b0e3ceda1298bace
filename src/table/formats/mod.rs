//! CSV, JSON and Arrow files as rows to write anew.
//!
//! All files are read once before anything is written: their rows are counted, and their columns
//! take types that hold each of their values.

mod csv;
mod ipc;
mod json;

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{Cursor, Read};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use serde_json::json;

use super::TableError;
use crate::dataset::{fingerprint, is_parquet};
use crate::engine::plain_message;
use crate::storage::{Inputs, Listing, list};

/// Rows that are read together.
const BATCH_ROWS: usize = 4096;

/// Batches that may wait to be written.
const WAITING_BATCHES: usize = 2;

/// Marks a text as UTF-8; it is no part of the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What rows are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Csv,
    Tsv,
    Json,
    Arrow,
}

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    kind: Kind,
    compression: FileCompressionType,
}

impl Format {
    /// By how a file's name ends; none for Parquet, and for whatever is not known.
    fn of(path: &Path) -> Option<Self> {
        let extension = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
        let (compression, inner) = match extension(path)?.as_str() {
            "gz" => (FileCompressionType::GZIP, path.with_extension("")),
            "bz2" => (FileCompressionType::BZIP2, path.with_extension("")),
            "xz" => (FileCompressionType::XZ, path.with_extension("")),
            "zst" => (FileCompressionType::ZSTD, path.with_extension("")),
            _ => (FileCompressionType::UNCOMPRESSED, path.to_path_buf()),
        };
        let kind = match extension(&inner)?.as_str() {
            "csv" => Kind::Csv,
            "tsv" => Kind::Tsv,
            "json" | "jsonl" | "ndjson" => Kind::Json,
            "arrow" | "feather" | "ipc" if compression == FileCompressionType::UNCOMPRESSED => {
                Kind::Arrow
            }
            _ => return None,
        };
        Some(Format { kind, compression })
    }

    /// The format of files that are not Parquet. A folder without Parquet is of the format of its
    /// first file that is of any.
    pub(super) fn of_location(path: &Path) -> Option<Self> {
        if !path.is_dir() {
            return Format::of(path);
        }
        let mut names: Vec<PathBuf> = std::fs::read_dir(path)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        names.sort();
        match names.iter().any(|name| name.is_dir() || is_parquet(name)) {
            true => None,
            false => names.iter().find_map(|name| Format::of(name)),
        }
    }
}

/// Rows of files that are not Parquet.
pub(super) struct Rows {
    pub(super) provider: Arc<dyn TableProvider>,
    pub(super) paths: Vec<PathBuf>,
    pub(super) rows: u64,
    /// Of the files.
    pub(super) bytes: u64,
    pub(super) fingerprint: String,
    pub(super) inputs: Inputs,
    /// What of the files is read as something else, one sentence each.
    pub(super) notes: Vec<String>,
}

/// Opens all files of a format behind a location. With `unify`, Arrow files whose types only widen
/// have one schema.
pub(super) async fn open_rows(
    location: &str,
    format: Format,
    unify: bool,
) -> Result<Rows, TableError> {
    let named = location.to_owned();
    let opened = tokio::task::spawn_blocking(move || open_all(&named, format, unify));
    opened
        .await
        .map_err(|error| bad(Path::new(location), &error))?
}

fn open_all(location: &str, format: Format, unify: bool) -> Result<Rows, TableError> {
    let at = Path::new(location);
    let is_wanted = move |path: &Path| Format::of(path) == Some(format);
    let Listing { files, others, .. } =
        list(location, &is_wanted).map_err(|error| TableError::Listing {
            table: String::new(),
            location: location.to_owned(),
            source: error,
        })?;
    if let Some(other) = others.iter().find(|it| Format::of(it).is_some()) {
        let reason = "it is of another format than the files before; a pattern names those of one";
        return Err(bad(other, &reason));
    }
    if let Some((empty, _)) = files.iter().find(|(_, found)| found.len() == 0) {
        return Err(bad(empty, &"it is empty (0 bytes)"));
    }
    let inputs = Inputs::of(files.iter().map(|(path, _)| path.as_path()))?;
    let fingerprint = fingerprint_of(&files, &inputs);
    let bytes = files.iter().map(|(_, found)| found.len()).sum();
    let paths: Vec<PathBuf> = files.into_iter().map(|(path, _)| path).collect();
    let Look {
        schema,
        rows,
        notes,
        reader,
    } = match format.kind {
        Kind::Csv => csv::look(location, &paths, format.compression, b',')?,
        Kind::Tsv => csv::look(location, &paths, format.compression, b'\t')?,
        Kind::Json => json::look(&paths, format.compression)?,
        Kind::Arrow => ipc::look(&paths, unify)?,
    };
    let stream = AllFiles {
        schema: Arc::clone(&schema),
        paths: paths.clone(),
        reader,
    };
    let table = StreamingTable::try_new(schema, vec![Arc::new(stream)])
        .map_err(|error| bad(at, &plain_message(&error)))?;
    Ok(Rows {
        provider: Arc::new(table),
        paths,
        rows,
        bytes,
        fingerprint,
        inputs,
        notes,
    })
}

fn fingerprint_of(files: &[(PathBuf, Metadata)], inputs: &Inputs) -> String {
    let files = files.iter().zip(inputs.ends());
    let list: Vec<_> = files
        .map(|((path, found), ends)| {
            json!([path, found.len(), found.mtime_nsec(), found.mtime(), ends])
        })
        .collect();
    fingerprint(&json!(list))
}

/// What reading all files once has shown.
struct Look {
    schema: SchemaRef,
    rows: u64,
    notes: Vec<String>,
    reader: Arc<dyn ReadRows>,
}

/// The rows of a file, a batch at a time, or why it cannot be read.
type Batches = Box<dyn Iterator<Item = Result<RecordBatch, String>>>;

/// A way to read the rows of a file.
trait ReadRows: fmt::Debug + Send + Sync {
    fn batches(&self, path: &Path, schema: &SchemaRef) -> Result<Batches, String>;
}

/// Gives each batch of a file to `take`, until this says that it wants no more. Says whether it
/// did.
fn each_batch(
    reader: &dyn ReadRows,
    path: &Path,
    schema: &SchemaRef,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool, TableError> {
    let read = || -> Result<bool, String> {
        for batch in reader.batches(path, schema)? {
            if !take(batch?) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    // A corrupt file may make a decoder panic.
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|reason| bad(path, &reason)),
        Err(_) => Err(bad(path, &"it cannot be read: it is corrupt")),
    }
}

/// All files, one after the other.
#[derive(Debug)]
struct AllFiles {
    schema: SchemaRef,
    paths: Vec<PathBuf>,
    reader: Arc<dyn ReadRows>,
}

impl PartitionStream for AllFiles {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream =
            RecordBatchReceiverStream::builder(Arc::clone(&self.schema), WAITING_BATCHES);
        let (schema, paths) = (Arc::clone(&self.schema), self.paths.clone());
        let (reader, sender) = (Arc::clone(&self.reader), stream.tx());
        stream.spawn_blocking(move || {
            let mut send = |batch| sender.blocking_send(Ok(batch)).is_ok();
            for path in paths {
                let stopped = each_batch(reader.as_ref(), &path, &schema, &mut send)
                    .map_err(|error| DataFusionError::External(Box::new(error)))?;
                if stopped {
                    break;
                }
            }
            Ok(())
        });
        stream.build()
    }
}

fn bad(path: &Path, reason: &dyn fmt::Display) -> TableError {
    TableError::BadFile {
        table: String::new(),
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

/// The content of a text file, decompressed, without a byte order mark.
fn opened(path: &Path, compression: FileCompressionType) -> Result<Box<dyn Read + Send>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut reader = compression
        .convert_read(file)
        .map_err(|error| plain_message(&error))?;
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(BYTE_ORDER_MARK.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| error.to_string())?;
    if start == BYTE_ORDER_MARK {
        start.clear();
    }
    Ok(Box::new(Cursor::new(start).chain(reader)))
}

/// Whether a float of 64 bits holds this integer.
fn is_exact_as_float(value: i128) -> bool {
    value as f64 as i128 == value
}

/// Whether a type is, or holds, floats of 64 bits.
fn holds_floats(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float64 => true,
        DataType::List(item) => holds_floats(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| holds_floats(field.data_type())),
        _ => false,
    }
}

/// A note on a column whose integers are rounded.
fn rounded(name: &str) -> String {
    format!(
        "the source's column `{name}` has integers that float64 rounds to 53 bits, and other numbers that only float64 holds"
    )
}

/// A schema of strings.
fn of_strings<'a>(names: impl IntoIterator<Item = &'a String>) -> SchemaRef {
    let fields = names.into_iter();
    let fields = fields.map(|name| arrow::datatypes::Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
