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
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::ScalarValue;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use serde_json::json;

use super::check::doubled;
use super::damage::without_panic;
use super::discover::with_partitions;
use super::open::{partition_value, type_of_folders};
use super::{TableError, TableFile};
use crate::dataset::{fingerprint, is_parquet};
use crate::engine::plain_message;
use crate::storage::{Inputs, list, local_path};

/// Rows that are read together, unless they are large.
const BATCH_ROWS: usize = 4096;

/// Bytes of text of the rows that are read together: a batch holds no more than 2 GiB of a column.
const BATCH_BYTES: u64 = 64 << 20;

/// Batches that may wait to be written.
const WAITING_BATCHES: usize = 2;

/// What is said of a file over which a decoder panics.
const CORRUPT: &str = "it cannot be read: it is corrupt";

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
    pub(super) fn of(path: &Path) -> Option<Self> {
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

    /// The format of files that are not Parquet: that of their names, or of the first file that is of
    /// any where a folder or a pattern names no Parquet.
    pub(super) fn of_location(location: &str) -> Option<Self> {
        let path = local_path(location).ok()?;
        if let Some(format) = Format::of(&path).filter(|_| !path.is_dir()) {
            return Some(format);
        }
        // What cannot be listed is for the reader of Parquet to name.
        let files = list(location, &|_| true).ok()?.files;
        match files.iter().any(|(path, _)| is_parquet(path)) {
            true => None,
            false => files.iter().find_map(|(path, _)| Format::of(path)),
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
    let listing = list(location, &is_wanted).map_err(|error| TableError::Listing {
        table: String::new(),
        location: location.to_owned(),
        source: error,
    })?;
    let other = |path: &&PathBuf| Format::of(path).is_some_and(|found| found != format);
    let listed = listing.files.iter().map(|(path, _)| path);
    if let Some(other) = listing.others.iter().chain(listed).find(other) {
        let reason = "it is of another format than other files; a pattern names those of one";
        return Err(bad(other, &reason));
    }
    let inputs = Inputs::of(listing.files.iter().map(|(path, _)| path.as_path()))?;
    let fingerprint = fingerprint_of(&listing.files, &inputs);
    let bytes = listing.files.iter().map(|(_, found)| found.len()).sum();
    let (partition_by, files) = with_partitions("", &listing.base, listing.files)?;
    let mut paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let (empty, mut filled): (Vec<TableFile>, Vec<TableFile>) =
        files.into_iter().partition(|file| file.object.size == 0);
    let mut notes = Vec::new();
    if let Some(first) = empty.first() {
        // Programs that write in parts leave such beside others.
        if filled.is_empty() || format.kind == Kind::Arrow {
            return Err(bad(&first.path, &"it is empty (0 bytes)"));
        }
        let (count, shown) = (empty.len(), first.path.display());
        notes.push(format!(
            "files of 0 bytes, {count} of them, have no rows, first {shown}"
        ));
        paths = filled.iter().map(|file| file.path.clone()).collect();
    }
    let look = match format.kind {
        Kind::Csv => csv::look(location, &paths, format.compression, b',')?,
        Kind::Tsv => csv::look(location, &paths, format.compression, b'\t')?,
        Kind::Json => json::look(&paths, format.compression)?,
        Kind::Arrow => ipc::look(&paths, unify)?,
    };
    notes.extend(look.notes);
    let folders = Folders::of(&partition_by, &filled, &look.schema)?;
    let fields = look.schema.fields().iter().chain(&folders.fields);
    let schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<FieldRef>>()));
    let files = filled.drain(..).zip(folders.values);
    let stream = AllFiles {
        schema: Arc::clone(&schema),
        stored: look.schema,
        files: files.map(|(file, values)| (file.path, values)).collect(),
        reader: look.reader,
    };
    let table = StreamingTable::try_new(schema, vec![Arc::new(stream)])
        .map_err(|error| bad(at, &plain_message(&error)))?;
    Ok(Rows {
        provider: Arc::new(table),
        paths,
        rows: look.rows,
        bytes,
        fingerprint,
        inputs,
        notes,
    })
}

/// Columns that the folders on the way to files give.
struct Folders {
    fields: Vec<FieldRef>,
    /// Of each file.
    values: Vec<Vec<ScalarValue>>,
}

impl Folders {
    fn of(names: &[String], files: &[TableFile], stored: &Schema) -> Result<Self, TableError> {
        let mut folders = Folders {
            fields: Vec::new(),
            values: vec![Vec::new(); files.len()],
        };
        for (index, name) in names.iter().enumerate() {
            if let (Ok(_), Some(first)) = (stored.field_with_name(name), files.first()) {
                let reason = format!("it has a column `{name}`, and lies in a folder `{name}=...`");
                return Err(bad(&first.path, &reason));
            }
            let texts = files.iter().map(|file| file.partition[index].as_deref());
            let data_type = type_of_folders(texts.clone().flatten());
            for (values, text) in folders.values.iter_mut().zip(texts) {
                let value = partition_value(text, &data_type);
                values.push(value.map_err(|text| bad(Path::new(&text), &"it is no value"))?);
            }
            folders
                .fields
                .push(Arc::new(Field::new(name, data_type, true)));
        }
        Ok(folders)
    }
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
    without_panic(CORRUPT, read).map_err(|reason| bad(path, &reason))
}

/// All files, one after the other.
#[derive(Debug)]
struct AllFiles {
    schema: SchemaRef,
    /// What the files hold, without the columns that folders give.
    stored: SchemaRef,
    /// With the values of its folders.
    files: Vec<(PathBuf, Vec<ScalarValue>)>,
    reader: Arc<dyn ReadRows>,
}

impl PartitionStream for AllFiles {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream =
            RecordBatchReceiverStream::builder(Arc::clone(&self.schema), WAITING_BATCHES);
        let (schema, stored) = (Arc::clone(&self.schema), Arc::clone(&self.stored));
        let (files, reader) = (self.files.clone(), Arc::clone(&self.reader));
        let sender = stream.tx();
        stream.spawn_blocking(move || {
            for (path, values) in files {
                let mut send = |batch: RecordBatch| {
                    let batch = with_values(&batch, &values, &schema);
                    sender.blocking_send(batch).is_ok()
                };
                let stopped = each_batch(reader.as_ref(), &path, &stored, &mut send)
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

/// A batch with columns of one value each behind its own.
fn with_values(
    batch: &RecordBatch,
    values: &[ScalarValue],
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let mut columns = batch.columns().to_vec();
    for value in values {
        columns.push(value.to_array_of_size(batch.num_rows())?);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn bad(path: &Path, reason: &dyn fmt::Display) -> TableError {
    TableError::BadFile {
        table: String::new(),
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

/// Refuses columns of which two have one name.
fn check_names<'a>(path: &Path, names: impl Iterator<Item = &'a str>) -> Result<(), TableError> {
    match doubled(names) {
        None => Ok(()),
        Some(name) => Err(bad(
            path,
            &format!("two of its columns are named `{name}`; give each a name of its own"),
        )),
    }
}

/// What arrow-rs says of a file, without its category.
fn said(error: &ArrowError) -> String {
    const CATEGORIES: [&str; 6] = [
        "Csv error: ",
        "Json error: ",
        "Ipc error: ",
        "Io error: ",
        "Parser error: ",
        "Schema error: ",
    ];
    let said = error.to_string();
    if said.contains("failed to fill whole buffer") {
        return "it ends in the middle of its rows".to_owned();
    }
    let short = CATEGORIES.iter().find_map(|it| said.strip_prefix(it));
    short.unwrap_or(&said).to_owned()
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

/// A note on a column whose numbers are rounded.
fn rounded(name: &str) -> String {
    format!(
        "the source's column `{name}` has numbers of more digits than float64 holds, which are rounded to 53 bits"
    )
}

/// A schema of strings.
fn of_strings<'a>(names: impl IntoIterator<Item = &'a String>) -> SchemaRef {
    let fields = names.into_iter();
    let fields = fields.map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PLAIN: FileCompressionType = FileCompressionType::UNCOMPRESSED;

    #[rstest]
    #[case("a.csv", Some((Kind::Csv, PLAIN)))]
    #[case("a.b.TSV", Some((Kind::Tsv, PLAIN)))]
    #[case("a.jsonl", Some((Kind::Json, PLAIN)))]
    #[case("a.ndjson.Zst", Some((Kind::Json, FileCompressionType::ZSTD)))]
    #[case("a.csv.gz", Some((Kind::Csv, FileCompressionType::GZIP)))]
    #[case("a.feather", Some((Kind::Arrow, PLAIN)))]
    #[case("a.feather.gz", None)]
    #[case("a.gz", None)]
    #[case("a.parquet", None)]
    #[case("csv", None)]
    fn formats_are_told_by_how_names_end(
        #[case] name: &str,
        #[case] expected: Option<(Kind, FileCompressionType)>,
    ) {
        let expected = expected.map(|(kind, compression)| Format { kind, compression });
        assert_eq!(Format::of(Path::new(name)), expected);
    }
}
