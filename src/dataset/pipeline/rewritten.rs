//! Existing rows as a source of row groups, in the order of their source or sorted by the engine.
//!
//! One task reads the rows and cuts them into row groups. At most three of these are in memory: one
//! being read, one waiting and one being encoded. The written files are read back, and their rows
//! are compared with the source's.

use std::sync::Arc;
use std::vec;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use tokio::sync::mpsc::{Receiver, channel};

use super::encode::encoded_bytes;
use super::format::FileFormat;
use super::prove::Prover;
use super::reading::{Batches, SourceReader, failed, first_rows};
use super::schedule::write_all;
use super::source::{NextFile, RowGroup, RowGroups};
use super::target::Target;
use super::written::{DataFile, WrittenFiles};
use crate::config::RowGroupSize;
use crate::dataset::error::DatasetError;
use crate::dataset::partition::{MAX_PARTITIONS, PartitionKey, check_value, folder_name};
use crate::dataset::plain::{PlainFile, PlainReader};
use crate::dataset::properties::writer_properties;
use crate::dataset::source::{SOURCE_TABLE, SourceTable};
use crate::engine::plain_message;
use crate::record::Checksum;

/// Number of rows from which the size of a row is estimated, if row groups are cut by bytes.
const SAMPLED_ROWS: u64 = 65_536;

/// Files that were written from a source, and the digest of the rows that were read for them.
pub(crate) struct RewrittenFiles {
    pub(crate) files: WrittenFiles,
    /// Number of rows and checksum. Absent if a plain read of the source gives them.
    digest: Option<(u64, Checksum)>,
}

/// Writes all files that do not exist yet, and proves each. Does not check that they contain the
/// source's rows; [`verify`] does.
pub(crate) fn write_files(
    target: &Target<'_>,
    source: &SourceTable,
) -> Result<RewrittenFiles, DatasetError> {
    let plan = target.plan;
    let layout = &plan.spec.layout;
    let schema = plan.file_schema();
    let row_group_rows = match layout.row_group {
        RowGroupSize::Rows(rows) => rows,
        RowGroupSize::Bytes(bytes) => rows_for_bytes(target, source, &schema, bytes)?,
    };
    let files = files(target, source)?;
    let longest = files.iter().map(|file| file.rows).max().unwrap_or(0);
    let key_values = source.kept_key_values(layout);
    let key_values = key_values.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let format = FileFormat::new(
        layout,
        schema,
        row_group_rows,
        longest.max(1),
        key_values.collect(),
    );
    let format = format.map_err(|error| failed(source, &error))?;
    let prover = Prover::new(target, &format);
    // Existing files are found before anything is read, because the reader skips their rows.
    let files = files
        .into_iter()
        .map(|file| {
            let rows = file.rows;
            Ok((rows, prover.look_up(file)?))
        })
        .collect::<Result<Vec<(u64, NextFile)>, DatasetError>>()?;
    let (sender, groups) = channel(1);
    let reader = SourceReader {
        source: source.clone(),
        layout: layout.clone(),
        row_group_rows,
        cuts: files
            .iter()
            .map(|(rows, file)| (*rows, matches!(file, NextFile::ToWrite(_))))
            .collect(),
        sender,
    };
    let reader = target.handle.spawn(reader.run());
    let files: Vec<NextFile> = files.into_iter().map(|(_, file)| file).collect();
    let mut rows = SourceGroups {
        source,
        files: files.into_iter(),
        groups,
    };
    let result = write_all(target, &format, &prover, &mut rows);
    // Ends the reader if it is waiting to send.
    drop(rows);
    let read = target.handle.block_on(reader);
    // A corrupt page may make the decoder panic.
    let read = read.map_err(|_| failed(source, &"it cannot be decoded: it is corrupt"));
    // The reader's own error explains more than the error that its rows ended.
    match (result, read) {
        (Err(error @ DatasetError::Interrupted), _)
        | (Err(error), Ok(Err(DatasetError::Interrupted)))
        | (_, Ok(Err(error)))
        | (_, Err(error))
        | (Err(error), _) => Err(error),
        (Ok(files), Ok(Ok(digest))) => Ok(RewrittenFiles { files, digest }),
    }
}

/// Compares the rows of all files with the source's. If the source is Parquet, both are read by
/// parquet-rs alone.
///
/// # Errors
///
/// `NotTheSource` if they differ.
pub(crate) fn verify(
    target: &Target<'_>,
    source: &SourceTable,
    written: &RewrittenFiles,
) -> Result<(), DatasetError> {
    let plan = target.plan;
    let reader = PlainReader {
        schema: Arc::clone(&source.schema),
        partition_by: plan.spec.layout.partition_by.clone(),
        threads: target.threads,
        cancel: target.cancel.clone(),
    };
    let files = written.files.tables.values().flatten();
    let files: Vec<PlainFile> = files
        .map(|file| PlainFile {
            place: plan.root.join(&file.path),
            partition: file.partition.clone(),
        })
        .collect();
    let found = target.handle.block_on(reader.digest(&files))?;
    let wanted = match &written.digest {
        Some(digest) => digest.clone(),
        None => target.handle.block_on(source.plain_digest(&reader))?,
    };
    if found == wanted {
        return Ok(());
    }
    Err(DatasetError::NotTheSource {
        folder: plan.root.to_string(),
        location: source.location.clone(),
        reason: format!(
            "{} rows with checksum {}, read were {} rows with checksum {}",
            found.0, found.1.exact, wanted.0, wanted.1.exact
        ),
    })
}

/// The rows of a source as they are read, and the files into which they are written.
struct SourceGroups<'a> {
    source: &'a SourceTable,
    files: vec::IntoIter<NextFile>,
    groups: Receiver<Batches>,
}

impl RowGroups for SourceGroups<'_> {
    fn next_file(&mut self) -> Result<Option<NextFile>, DatasetError> {
        Ok(self.files.next())
    }

    fn next_row_group(&mut self) -> Result<Arc<dyn RowGroup>, DatasetError> {
        match self.groups.blocking_recv() {
            Some(group) => Ok(Arc::new(group)),
            None => Err(failed(self.source, &"its rows came to an end too early")),
        }
    }

    /// Returns one, to keep to the limit of three row groups in memory.
    fn most_under_way(&self, _threads: usize) -> usize {
        1
    }

    fn panicked(&self, _path: &str, shown: &str) -> DatasetError {
        // The source's rows may be the cause; callers that know its files can find out.
        DatasetError::Parquet {
            path: shown.to_owned(),
            source: ParquetError::General("the writer panicked".to_owned()),
        }
    }
}

/// Runs a read of the source in a separate task, because a corrupt page may make the decoder panic.
fn on_task<T: Send + 'static>(
    target: &Target<'_>,
    source: &SourceTable,
    read: impl Future<Output = Result<T, DataFusionError>> + Send + 'static,
) -> Result<T, DatasetError> {
    let read = target.handle.block_on(target.handle.spawn(read));
    read.map_err(|_| failed(source, &"it cannot be decoded: it is corrupt"))?
        .map_err(|error| failed(source, &plain_message(&error)))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the files with their rows, in the order in which the rows are read.
fn files(target: &Target<'_>, source: &SourceTable) -> Result<Vec<DataFile>, DatasetError> {
    let plan = target.plan;
    let Some(table) = plan.tables.first() else {
        return Ok(Vec::new());
    };
    let prefix = &plan.spec.file_prefix;
    let partition_by = &plan.spec.layout.partition_by;
    if partition_by.is_empty() {
        return Ok((0..table.split.files)
            .map(|file| DataFile {
                table: 0,
                path: table.file_path(prefix, file, &[]),
                partition: Vec::new(),
                rows: table.rows_of_file(file).1,
            })
            .collect());
    }
    let mut files = Vec::new();
    for batch in rows_by_partition(target, source, partition_by)? {
        let texts: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .map(|column| cast(column, &DataType::Utf8))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(source, &error))?;
        for row in 0..batch.num_rows() {
            let mut values = texts.iter().map(|column| {
                let column = column.as_string::<i32>();
                column.is_valid(row).then(|| column.value(row).to_owned())
            });
            let partition: PartitionKey = values.by_ref().take(partition_by.len()).collect();
            let rows = values.next().flatten().and_then(|rows| rows.parse().ok());
            for (value, name) in partition.iter().zip(partition_by) {
                if let Some(value) = value {
                    check_value(name, value)?;
                }
            }
            let folders: Vec<String> = partition_by
                .iter()
                .zip(&partition)
                .map(|(name, value)| folder_name(name, value.as_deref()))
                .collect();
            files.push(DataFile {
                table: 0,
                path: table.file_path(prefix, 0, &folders),
                partition,
                rows: rows.unwrap_or(0),
            });
            if files.len() > MAX_PARTITIONS {
                return Err(DatasetError::TooManyPartitions {
                    column: partition_by.last().cloned().unwrap_or_default(),
                    limit: MAX_PARTITIONS,
                });
            }
        }
    }
    Ok(files)
}

/// Returns the values of the partition columns and the number of rows with each combination, in the
/// order in which the rows are read.
fn rows_by_partition(
    target: &Target<'_>,
    source: &SourceTable,
    partition_by: &[String],
) -> Result<Vec<RecordBatch>, DatasetError> {
    let columns: Vec<String> = partition_by.iter().map(|name| quoted(name)).collect();
    let order: Vec<String> = columns
        .iter()
        .map(|column| format!("{column} ASC NULLS FIRST"))
        .collect();
    let columns = columns.join(", ");
    let sql = format!(
        "SELECT {columns}, count(*) FROM {SOURCE_TABLE} GROUP BY {columns} ORDER BY {}",
        order.join(", ")
    );
    let context = source.context.clone();
    on_task(target, source, async move {
        context.sql(&sql).await?.collect().await
    })
}

/// Returns the number of rows whose encoded size is nearest to `bytes`, estimated from the first
/// rows of the source.
fn rows_for_bytes(
    target: &Target<'_>,
    source: &SourceTable,
    schema: &SchemaRef,
    bytes: u64,
) -> Result<u64, DatasetError> {
    let layout = &target.plan.spec.layout;
    let properties =
        writer_properties(layout, schema, None).map_err(|error| failed(source, &error))?;
    let mut rows = SAMPLED_ROWS;
    // As for generated rows: with dictionaries the bytes of a row depend on the number of rows.
    for _ in 0..3 {
        let limit = usize::try_from(rows).unwrap_or(usize::MAX);
        let (of, ordered) = (source.clone(), layout.clone());
        let batches = on_task(target, source, async move {
            first_rows(&of, &ordered, limit).await
        })?;
        let sampled: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if sampled == 0 {
            return Ok(SAMPLED_ROWS);
        }
        let encoded = encoded_bytes(&Batches(batches), schema, &properties)
            .map_err(|error| failed(source, &error))?;
        let next = ((bytes as f64 * sampled as f64 / encoded.max(1) as f64) as u64).max(1);
        if next >= source.rows || next == rows {
            return Ok(next.min(source.rows).max(1));
        }
        rows = next;
    }
    Ok(rows)
}
