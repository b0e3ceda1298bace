//! Parts that the readers of all formats share: rows batch by batch, and refusals of a file.

use std::fmt;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::engine::plain_message;
use crate::files::without_panic;
use crate::table::check::doubled;
use crate::table::error::TableError;

/// Most rows that are read together. Large rows are read in smaller batches.
pub(super) const BATCH_ROWS: usize = 4096;

/// Most bytes of text that are read together, as a batch holds no more than 2 GiB of a column.
pub(super) const BATCH_BYTES: u64 = 64 << 20;

/// Reason that is given for a file on which a decoder panics.
pub(super) const CORRUPT: &str = "it cannot be read: it is corrupt";

/// Marks a text as UTF-8; it is not part of the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Results of reading all files once.
pub(super) struct Look {
    pub(super) schema: SchemaRef,
    pub(super) rows: u64,
    pub(super) notes: Vec<String>,
    pub(super) reader: Arc<dyn ReadRows>,
}

/// The rows of a file, a batch at a time, or the reason why it cannot be read.
pub(super) type FileBatches = Box<dyn Iterator<Item = Result<RecordBatch, String>>>;

/// A way to read the rows of a file.
pub(super) trait ReadRows: fmt::Debug + Send + Sync {
    fn batches(&self, path: &Path, schema: &SchemaRef) -> Result<FileBatches, String>;
}

/// Passes each batch of a file to `take` until it returns false. Returns true if it did so.
pub(super) fn each_batch(
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

pub(super) fn bad(path: &Path, reason: &dyn fmt::Display) -> TableError {
    TableError::BadFile {
        table: String::new(),
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

/// Refuses columns of which two have the same name.
pub(super) fn check_names<'a>(
    path: &Path,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), TableError> {
    match doubled(names) {
        None => Ok(()),
        Some(name) => Err(bad(
            path,
            &format!("two of its columns are named `{name}`; give each a name of its own"),
        )),
    }
}

/// Returns an error of arrow-rs without its category.
pub(super) fn said(error: &ArrowError) -> String {
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

/// Opens a text file. Its content is decompressed, without a byte order mark.
pub(super) fn opened(
    path: &Path,
    compression: FileCompressionType,
) -> Result<Box<dyn Read + Send>, String> {
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

/// Returns a note on a column whose numbers are rounded.
pub(super) fn rounded(name: &str) -> String {
    format!(
        "the source's column `{name}` has numbers of more digits than float64 holds, which are rounded to 53 bits"
    )
}

/// Returns a schema of strings.
pub(super) fn of_strings<'a>(names: impl IntoIterator<Item = &'a String>) -> SchemaRef {
    let fields = names.into_iter();
    let fields = fields.map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
