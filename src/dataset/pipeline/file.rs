//! One file during writing: it is opened, its row groups are appended in order, and it is closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedFileWriter;

use super::encode::{append_row_group, column_writers, file_writer};
use super::format::FileFormat;
use super::target::Target;
use super::written::DataFile;
use crate::dataset::error::DatasetError;
use crate::dataset::proof::IDENTITY_KEY;
use crate::storage::StagedObject;

/// A file that is being written. It appears under its name when it is closed.
pub(crate) struct FileWriter<'a> {
    pub(crate) file: DataFile,
    /// Name of the file in errors.
    pub(crate) shown: String,
    format: &'a FileFormat,
    factory: ArrowRowGroupWriterFactory,
    /// Number of row groups that the file will have.
    pub(crate) row_groups: usize,
    appender: Mutex<Appender>,
}

struct Appender {
    /// The writer. Absent once the file is closed.
    writer: Option<SerializedFileWriter<StagedObject>>,
    /// Encoded row groups that wait for an earlier one.
    ready: BTreeMap<usize, Vec<ArrowColumnChunk>>,
    next: usize,
}

/// Progress made by one call of [`FileWriter::append`].
#[derive(Debug, Default)]
pub(crate) struct Advance {
    pub(crate) row_groups: usize,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// True if the file has all of its row groups and is closed.
    pub(crate) closed: bool,
}

impl<'a> FileWriter<'a> {
    /// Opens a file. If it has no rows, the caller must close it.
    pub(crate) fn open(
        target: &Target<'_>,
        format: &'a FileFormat,
        file: DataFile,
    ) -> Result<Self, DatasetError> {
        let shown = target.shown(&file.path);
        let place = target.place(&file.path);
        let sink = place.stage(
            target.handle.clone(),
            target.plan.part_bytes(),
            Arc::clone(&target.wire),
        )?;
        let (mut writer, factory) = file_writer(sink, &format.schema, &format.properties)
            .map_err(|source| failed(&shown, source))?;
        let identity = target.plan.identity(&file.path);
        writer.append_key_value_metadata(KeyValue::new(IDENTITY_KEY.to_owned(), identity));
        for key_value in &format.key_values {
            writer.append_key_value_metadata(key_value.clone());
        }
        let row_groups =
            usize::try_from(file.rows.div_ceil(format.row_group_rows)).unwrap_or(usize::MAX);
        Ok(FileWriter {
            file,
            shown,
            format,
            factory,
            row_groups,
            appender: Mutex::new(Appender {
                writer: Some(writer),
                ready: BTreeMap::new(),
                next: 0,
            }),
        })
    }

    /// Returns the writers of a row group by column: one for each of a column's leaves.
    pub(crate) fn column_writers(
        &self,
        row_group: usize,
    ) -> Result<Vec<Vec<ArrowColumnWriter>>, DatasetError> {
        column_writers(&self.factory, &self.format.schema, row_group)
            .map_err(|source| self.failed(source))
    }

    /// Appends a row group, and the later ones that waited for it. If an earlier one is still
    /// missing, it is kept until then. Closes the file after the last row group.
    pub(crate) fn append(
        &self,
        row_group: usize,
        chunks: Vec<ArrowColumnChunk>,
    ) -> Result<Advance, DatasetError> {
        let mut advance = Advance::default();
        let mut appender = self.appender.lock();
        let Appender {
            writer,
            ready,
            next,
        } = &mut *appender;
        ready.insert(row_group, chunks);
        while let Some(chunks) = ready.remove(next) {
            let Some(writer) = writer.as_mut() else { break };
            let bytes_before = writer.bytes_written();
            append_row_group(writer, chunks).map_err(|source| self.failed(source))?;
            advance.bytes += (writer.bytes_written() - bytes_before) as u64;
            advance.rows += self.rows_of(*next);
            advance.row_groups += 1;
            *next += 1;
        }
        let complete = *next == self.row_groups;
        drop(appender);
        if complete {
            self.close()?;
            advance.closed = true;
        }
        Ok(advance)
    }

    /// Writes the footer and publishes the file under its name.
    pub(crate) fn close(&self) -> Result<(), DatasetError> {
        let Some(writer) = self.appender.lock().writer.take() else {
            return Ok(());
        };
        let sink = writer.into_inner().map_err(|source| self.failed(source))?;
        sink.publish().map_err(|error| self.failed(error.into()))
    }

    fn rows_of(&self, row_group: usize) -> u64 {
        let before = row_group as u64 * self.format.row_group_rows;
        self.format.row_group_rows.min(self.file.rows - before)
    }

    /// Returns the error for a failed writer. The writer's error contains that of the store.
    pub(crate) fn failed(&self, source: ParquetError) -> DatasetError {
        failed(&self.shown, source)
    }
}

fn failed(shown: &str, source: ParquetError) -> DatasetError {
    DatasetError::Parquet {
        path: shown.to_owned(),
        source,
    }
}
