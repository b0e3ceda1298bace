//! Arrow files and streams.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchReader, new_null_array};
use arrow::compute::CastOptions;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use arrow::ipc::reader::{FileReader, StreamReader, read_footer_length};
use arrow::ipc::{root_as_footer, root_as_message};
use datafusion::common::nested_struct::cast_column;

use super::rows::{CORRUPT, FileBatches, Look, ReadRows, bad, check_names, each_batch, said};
use crate::engine::plain_message;
use crate::files::{with_wide_keys, without_panic};
use crate::table::error::TableError;
use crate::table::merge::{ColumnTypes, merge, missing_columns, types_of};

/// First bytes of an Arrow file, of a Feather file of version 1, and of a message of an Arrow
/// stream.
const FILE: &[u8] = b"ARROW1";
const FEATHER_1: &[u8] = b"FEA1";
const MESSAGE: &[u8] = b"\xff\xff\xff\xff";

/// Bytes of the mark of a message, and of the length of its header behind the mark.
const LENGTH_BYTES: u64 = 4;

/// Bytes of the unfolded length in front of a compressed buffer, and the most bytes that one
/// compressed byte can unfold to.
const UNFOLDED_BYTES: u64 = 8;
const MOST_UNFOLDED: u64 = 1 << 16;

/// Bytes at the end of an Arrow file: the length of the footer, and the magic once more.
const END_BYTES: u64 = 10;

#[derive(Debug)]
struct ArrowRows;

impl ReadRows for ArrowRows {
    fn batches(&self, path: &Path, schema: &SchemaRef) -> Result<FileBatches, String> {
        let reader = open(path)?;
        let schema = Arc::clone(schema);
        Ok(Box::new(reader.map(move |batch| {
            as_wanted(&batch.map_err(|error| said(&error))?, &schema)
        })))
    }
}

/// Reads all files, so that damaged ones are reported before anything is written.
pub(super) fn look(paths: &[PathBuf], unify: bool) -> Result<Look, TableError> {
    let mut merged: Option<Schema> = None;
    let mut notes = Vec::new();
    let mut columns: Vec<ColumnTypes> = Vec::new();
    for path in paths {
        let found = without_panic(CORRUPT, || open(path).map(|reader| reader.schema()));
        let found = found.map_err(|reason| bad(path, &reason))?;
        check_names(
            path,
            found.fields().iter().map(|field| field.name().as_str()),
        )?;
        if found.fields().is_empty() {
            return Err(bad(path, &"it holds no columns"));
        }
        columns.push(types_of(&found));
        for field in found.fields() {
            let note = note(field);
            notes.extend(note.filter(|note| !notes.contains(note)));
        }
        let writable = Schema::new(
            found
                .fields()
                .iter()
                .map(writable)
                .collect::<Vec<FieldRef>>(),
        );
        merged = Some(match merged {
            None => writable,
            Some(known) => merge("", &path.display().to_string(), known, &writable, unify)?,
        });
    }
    let schema = Arc::new(merged.unwrap_or_else(Schema::empty));
    let files = paths.iter().map(PathBuf::as_path).zip(&columns);
    notes.extend(missing_columns(&schema, files, |path| {
        path.display().to_string()
    }));
    let mut rows = 0;
    for path in paths {
        each_batch(&ArrowRows, path, &schema, &mut |batch| {
            rows += batch.num_rows() as u64;
            true
        })?;
    }
    Ok(Look {
        schema,
        rows,
        notes,
        reader: Arc::new(ArrowRows),
    })
}

fn open(path: &Path) -> Result<Box<dyn RecordBatchReader>, String> {
    let failed = |error: io::Error| error.to_string();
    let mut file = File::open(path).map_err(failed)?;
    let mut start = Vec::new();
    file.by_ref()
        .take(8)
        .read_to_end(&mut start)
        .map_err(failed)?;
    if start.starts_with(FEATHER_1) {
        return Err(
            "it is a Feather file of version 1, which is not read; those of version 2 are"
                .to_owned(),
        );
    }
    if start.starts_with(FILE) {
        check_file(&file)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let reader = FileReader::try_new_buffered(file, None).map_err(|error| said(&error))?;
        return Ok(Box::new(reader));
    }
    let marked = start.starts_with(MESSAGE);
    match check_stream(&file) {
        Err(reason) if marked => return Err(reason),
        Err(_) => return Err("it is neither an Arrow file nor an Arrow stream".to_owned()),
        Ok(()) => file.seek(SeekFrom::Start(0)).map_err(failed)?,
    };
    let reader = StreamReader::try_new_buffered(file, None).map_err(|error| said(&error))?;
    Ok(Box::new(reader))
}

/// Refuses a file whose metadata states impossible lengths, as readers allocate memory by these
/// before they read.
fn check_file(file: &File) -> Result<(), String> {
    let bytes = file.metadata().map_err(|error| error.to_string())?.len();
    checked_blocks(file, bytes)
        .ok_or_else(|| "its footer or a part of it is corrupt, or the file is cut".to_owned())
}

fn checked_blocks(file: &File, bytes: u64) -> Option<()> {
    let before_end = bytes.checked_sub(END_BYTES)?;
    let end = read(file, before_end, END_BYTES)?;
    let footer_bytes = read_footer_length(end.try_into().ok()?).ok()?;
    let footer_start = before_end.checked_sub(u64::try_from(footer_bytes).ok()?)?;
    let footer = read(file, footer_start, before_end - footer_start)?;
    let footer = root_as_footer(&footer).ok()?;
    let batches = footer.recordBatches().into_iter().flatten();
    let dictionaries = footer.dictionaries().into_iter().flatten();
    for block in batches.chain(dictionaries) {
        let start = u64::try_from(block.offset()).ok()?;
        let metadata = u64::try_from(block.metaDataLength()).ok()?;
        let body = u64::try_from(block.bodyLength()).ok()?;
        if start.checked_add(metadata)?.checked_add(body)? > footer_start {
            return None;
        }
        checked_message(file, start, footer_start)?;
    }
    Some(())
}

/// Does the same as [`check_file`] for a stream. Bytes behind its end are refused, as they would
/// not be read.
fn check_stream(file: &File) -> Result<(), String> {
    let bytes = file.metadata().map_err(|error| error.to_string())?.len();
    let mut at = 0;
    while at < bytes {
        let next = checked_message(file, at, bytes);
        match next.ok_or("a message of it is corrupt, or the stream is cut")? {
            Message::Until(end) => at = end,
            Message::Last(end) if end < bytes => {
                return Err(format!(
                    "{} bytes follow the end of its stream, and would not be read; give each stream a file of its own",
                    bytes - end
                ));
            }
            Message::Last(_) => break,
        }
    }
    Ok(())
}

/// The end of a message, or of the mark that no more follow.
enum Message {
    Until(u64),
    Last(u64),
}

/// Returns the length of a message's header, and its offset. Streams from before version 0.15 of
/// the format have no mark in front of the length.
fn header_at(file: &File, at: u64) -> Option<(u64, u64)> {
    let number = |at| read(file, at, LENGTH_BYTES)?.try_into().ok();
    let first: [u8; 4] = number(at)?;
    let at = at.checked_add(LENGTH_BYTES)?;
    let (length, at) = match first.as_slice() == MESSAGE {
        true => (number(at)?, at.checked_add(LENGTH_BYTES)?),
        false => (first, at),
    };
    Some((u64::from(u32::from_le_bytes(length)), at))
}

/// Checks that a message ends before `limit`, and that its buffers claim no more than they can
/// unfold to. `None` if not.
fn checked_message(file: &File, at: u64, limit: u64) -> Option<Message> {
    let (length, header) = header_at(file, at)?;
    if length == 0 {
        return Some(Message::Last(header));
    }
    let body = header.checked_add(length).filter(|body| *body <= limit)?;
    let message = read(file, header, length)?;
    let message = root_as_message(&message).ok()?;
    let end = body.checked_add(u64::try_from(message.bodyLength()).ok()?);
    let end = end.filter(|end| *end <= limit)?;
    let batch = match message.header_as_dictionary_batch() {
        Some(dictionary) => dictionary.data(),
        None => message.header_as_record_batch(),
    };
    if let Some(batch) = batch.filter(|batch| batch.compression().is_some()) {
        for buffer in batch.buffers().into_iter().flatten() {
            let length = u64::try_from(buffer.length()).ok()?;
            if length == 0 {
                continue;
            }
            let start = body.checked_add(u64::try_from(buffer.offset()).ok()?)?;
            let unfolded = read(file, start, UNFOLDED_BYTES)?;
            let unfolded = i64::from_le_bytes(unfolded.try_into().ok()?);
            let most = length.saturating_mul(MOST_UNFOLDED);
            // -1 stands for a buffer that is not compressed.
            if unfolded != -1 && !u64::try_from(unfolded).is_ok_and(|it| it <= most) {
                return None;
            }
        }
    }
    Some(Message::Until(end))
}

/// Reads `length` bytes of a file at an offset. `None` if it does not have them.
fn read(file: &File, at: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

/// Returns a column's field with a type that Parquet has: times in milliseconds instead of seconds,
/// and plain values instead of runs.
fn writable(field: &FieldRef) -> FieldRef {
    let data_type = writable_type(field.data_type());
    Arc::new(
        field
            .as_ref()
            .clone()
            .with_data_type(with_wide_keys(&data_type)),
    )
}

fn writable_type(data_type: &DataType) -> DataType {
    let part = |field: &FieldRef| -> FieldRef {
        let data_type = writable_type(field.data_type());
        Arc::new(Field::clone(field).with_data_type(data_type))
    };
    match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => {
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
        }
        DataType::Date64 => DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        // Views in dictionaries cannot be written.
        DataType::Dictionary(key, values) => {
            let values = match values.as_ref() {
                DataType::Utf8View => DataType::Utf8,
                DataType::BinaryView => DataType::Binary,
                other => writable_type(other),
            };
            DataType::Dictionary(key.clone(), Box::new(values))
        }
        DataType::RunEndEncoded(_, values) => writable_type(values.data_type()),
        DataType::List(item) => DataType::List(part(item)),
        DataType::ListView(item) => DataType::ListView(part(item)),
        DataType::LargeListView(item) => DataType::LargeListView(part(item)),
        DataType::LargeList(item) => DataType::LargeList(part(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(part(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(part).collect()),
        DataType::Map(entries, sorted) => DataType::Map(part(entries), *sorted),
        other => other.clone(),
    }
}

/// Returns a note on a column whose type is not kept.
fn note(field: &Field) -> Option<String> {
    let (is, becomes) = (field.data_type(), writable_type(field.data_type()));
    (*is != becomes).then(|| {
        format!(
            "the source's column `{}` is {is}, which Parquet does not have, and is written as {becomes}",
            field.name()
        )
    })
}

/// Returns a batch with the wanted columns, matched by name.
fn as_wanted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    // A value that does not fit is an error, not a null.
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let column = |field: &FieldRef| -> Result<ArrayRef, String> {
        let Some(column) = batch.column_by_name(field.name()) else {
            return Ok(new_null_array(field.data_type(), batch.num_rows()));
        };
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        let cast = cast_column(column, field.data_type(), &strict);
        cast.map_err(|error| format!("column `{}`: {}", field.name(), plain_message(&error)))
    };
    let columns = schema.fields().iter().map(column);
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| said(&error))
}
