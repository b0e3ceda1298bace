//! Writes the rows of a source in another layout.
//!
//! One task reads the rows, in the order of the source or sorted by the engine, and cuts them into row groups. All threads
//! encode the columns of a row group; then it is appended. Three row groups are in memory at most: one being read, one
//! waiting and one being encoded. What was written is read back, and its rows compared with the source's.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{
    SortColumn as Keys, SortOptions, cast, concat_batches, lexsort_to_indices, take,
};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::encode::{by_column, write_array};
use super::partition::{Key, MAX_PARTITIONS, check_value, folder_name};
use super::plain::{PlainFile, PlainReader};
use super::proof::IDENTITY_KEY;
use super::properties::writer_properties;
use super::prover::Prover;
use super::scheduler::Target;
use super::sink::ObjectSink;
use super::source::{SOURCE_TABLE, SourceTable};
use super::threads::together;
use super::write::{Written, WrittenFile};
use super::{DatasetError, Progress};
use crate::config::{Layout, RowGroupSize, SortScope};
use crate::digest::ResultDigest;
use crate::engine::plain_message;
use crate::record::Checksum;
use crate::storage::object_path;

/// Rows that the size of a row is estimated from, where row groups are cut by bytes.
const SAMPLED_ROWS: u64 = 65_536;

/// A file to write, in the order in which its rows come.
struct FileToWrite {
    path: String,
    partition: Key,
    rows: u64,
}

/// Files that were written from a source, and what of the source is known by reading it for them.
pub(crate) struct Copied {
    pub(crate) written: Written,
    /// Rows and checksum, where no plain read can tell them.
    digest: Option<(u64, Checksum)>,
}

/// Writes all files that are not there yet, and proves each. Whether they hold the source's rows is
/// for [`verify`] to tell.
pub(crate) fn write_files(
    target: &Target<'_>,
    source: &SourceTable,
) -> Result<Copied, DatasetError> {
    let plan = target.plan;
    let layout = &plan.spec.layout;
    let schema = plan.file_schema();
    let parquet = |error: ParquetError| failed(source, &error);
    let row_group_rows = match layout.row_group {
        RowGroupSize::Rows(rows) => rows,
        RowGroupSize::Bytes(bytes) => rows_for_bytes(target, source, &schema, bytes)?,
    };
    let files = files(target, source)?;
    let longest = files.iter().map(|file| file.rows).max().unwrap_or(0);
    // A filter for more values than a file has takes long to make, and is folded to the same size.
    let most_rows = row_group_rows.min(longest.max(1));
    let properties = writer_properties(layout, &schema, Some(most_rows)).map_err(parquet)?;
    let prover = Prover::new(target, Arc::clone(&schema), row_group_rows);
    let kept = files
        .iter()
        .map(|file| prover.kept(0, &file.path, &file.partition, file.rows))
        .collect::<Result<Vec<Option<WrittenFile>>, DatasetError>>()?;
    let mut work = Work {
        target,
        source,
        prover: &prover,
        schema: &schema,
        properties,
        row_group_rows,
        progress: Progress {
            rows_done: 0,
            rows: plan.rows(),
            files_done: 0,
            bytes_written: 0,
        },
        written: Written::default(),
    };
    let (sender, mut receiver) = channel(1);
    let cuts = files.iter().zip(&kept);
    let reading = Reading {
        source: source.clone(),
        order: order(layout),
        layout: layout.clone(),
        row_group_rows,
        cuts: cuts
            .map(|(file, kept)| (file.rows, kept.is_none()))
            .collect(),
        partition_by: layout.partition_by.clone(),
        sender,
    };
    let reader = target.handle.spawn(reading.run());
    let result = files
        .into_iter()
        .zip(kept)
        .try_for_each(|(file, kept)| work.file(file, kept, &mut receiver));
    // Ends a reader that waits for room.
    drop(receiver);
    let read = target.handle.block_on(reader);
    // A corrupt page may make the decoder panic.
    let read = read.map_err(|_| failed(source, &"it cannot be decoded: it is corrupt"));
    // What the reader says tells more than that it fell silent.
    match (result, read) {
        (Err(error @ DatasetError::Interrupted), _)
        | (Err(error), Ok(Err(DatasetError::Interrupted)))
        | (_, Ok(Err(error)))
        | (_, Err(error))
        | (Err(error), _) => Err(error),
        (Ok(()), Ok(Ok(digest))) => Ok(Copied {
            written: work.written,
            digest,
        }),
    }
}

/// Compares the rows of all files with the source's. Both are read by parquet-rs alone where the source
/// is Parquet.
///
/// # Errors
///
/// `NotTheSource` where they differ.
pub(crate) fn verify(
    target: &Target<'_>,
    source: &SourceTable,
    copied: &Copied,
) -> Result<(), DatasetError> {
    let plan = target.plan;
    let reader = PlainReader {
        store: Arc::clone(target.store),
        schema: Arc::clone(&source.schema),
        partition_by: plan.spec.layout.partition_by.clone(),
        threads: target.threads,
        cancel: target.cancel.clone(),
    };
    let files = copied.written.tables.values().flatten();
    let files: Vec<PlainFile> = files
        .map(|file| PlainFile {
            path: plan.root.join(&file.path),
            partition: file.partition.clone(),
        })
        .collect();
    let found = target.handle.block_on(reader.digest(&files))?;
    let wanted = match &copied.digest {
        Some(digest) => digest.clone(),
        None => target.handle.block_on(source.plain_digest(&reader))?,
    };
    if found == wanted {
        return Ok(());
    }
    Err(DatasetError::NotTheSource {
        folder: plan.root.display().to_string(),
        location: source.location.clone(),
        reason: format!(
            "{} rows with checksum {}, read were {} rows with checksum {}",
            found.0, found.1.exact, wanted.0, wanted.1.exact
        ),
    })
}

/// Runs a read of the source as a task of its own, as a corrupt page may make the decoder panic.
fn on_task<T: Send + 'static>(
    target: &Target<'_>,
    source: &SourceTable,
    read: impl Future<Output = Result<T, DataFusionError>> + Send + 'static,
) -> Result<T, DatasetError> {
    let read = target.handle.block_on(target.handle.spawn(read));
    read.map_err(|_| failed(source, &"it cannot be decoded: it is corrupt"))?
        .map_err(|error| failed(source, &plain_message(&error)))
}

fn failed(source: &SourceTable, error: &dyn std::fmt::Display) -> DatasetError {
    DatasetError::Source {
        location: source.location.clone(),
        reason: error.to_string(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Columns that all rows are sorted by before they are written: partitions first.
fn order(layout: &Layout) -> Vec<(String, SortOptions)> {
    let options = |descending| SortOptions {
        descending,
        nulls_first: true,
    };
    let partitions = layout.partition_by.iter();
    let partitions = partitions.map(|name| (name.clone(), options(false)));
    let sorted = layout
        .sort_by
        .iter()
        .filter(|_| layout.sort_scope == SortScope::File)
        .map(|sort| (sort.column.clone(), options(sort.descending)));
    partitions.chain(sorted).collect()
}

/// The rows of a source in an order, at least the first `limit` of them. The scan is planned by
/// hand: the engine's planner takes time by the square of the columns, and has nothing to find
/// here.
async fn rows(
    source: &SourceTable,
    order: &[(String, SortOptions)],
    limit: Option<usize>,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let state = source.context.state();
    let table = source
        .context
        .table_provider(TableReference::bare(SOURCE_TABLE))
        .await?;
    let scanned = if order.is_empty() { limit } else { None };
    let mut plan = table.scan(&state, None, &[], scanned).await?;
    let schema = plan.schema();
    let keys = order.iter().map(|(name, options)| {
        let expr = col(name, &schema)?;
        Ok(PhysicalSortExpr {
            expr,
            options: *options,
        })
    });
    let keys = keys.collect::<Result<Vec<_>, DataFusionError>>()?;
    if let Some(keys) = LexOrdering::new(keys) {
        plan = Arc::new(SortExec::new(keys, plan).with_fetch(limit));
    }
    execute_stream(plan, state.task_ctx())
}

/// The files and their rows, in the order in which the rows come.
fn files(target: &Target<'_>, source: &SourceTable) -> Result<Vec<FileToWrite>, DatasetError> {
    let plan = target.plan;
    let Some(table) = plan.tables.first() else {
        return Ok(Vec::new());
    };
    let prefix = &plan.spec.file_prefix;
    let partition_by = &plan.spec.layout.partition_by;
    if partition_by.is_empty() {
        return Ok((0..table.split.files)
            .map(|file| FileToWrite {
                path: table.file_path(prefix, file, &[]),
                partition: Vec::new(),
                rows: table.rows_of_file(file).1,
            })
            .collect());
    }
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
    let batches = on_task(target, source, async move {
        context.sql(&sql).await?.collect().await
    })?;
    let mut files = Vec::new();
    for batch in batches {
        let texts: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .map(|column| cast(column, &DataType::Utf8))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(source, &error))?;
        for row in 0..batch.num_rows() {
            let mut values = texts.iter().map(|column| {
                let column = arrow::array::AsArray::as_string::<i32>(column);
                let valid = arrow::array::Array::is_valid(column, row);
                valid.then(|| column.value(row).to_owned())
            });
            let partition: Key = values.by_ref().take(partition_by.len()).collect();
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
            files.push(FileToWrite {
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

/// Rows whose encoded size comes nearest to `bytes`, by the first rows of the source.
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
    // As for generated rows: dictionaries make the bytes of a row depend on how many rows there are.
    for _ in 0..3 {
        let limit = usize::try_from(rows).unwrap_or(usize::MAX);
        let (of, order) = (source.clone(), order(layout));
        let batches = on_task(target, source, async move {
            first_rows(&of, &order, limit).await
        })?;
        let sampled: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if sampled == 0 {
            return Ok(SAMPLED_ROWS);
        }
        let encoded =
            encoded_bytes(&batches, schema, &properties).map_err(|error| failed(source, &error))?;
        let next = ((bytes as f64 * sampled as f64 / encoded.max(1) as f64) as u64).max(1);
        if next >= source.rows || next == rows {
            return Ok(next.min(source.rows).max(1));
        }
        rows = next;
    }
    Ok(rows)
}

async fn first_rows(
    source: &SourceTable,
    order: &[(String, SortOptions)],
    limit: usize,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let mut stream = rows(source, order, Some(limit)).await?;
    let (mut batches, mut left) = (Vec::new(), limit);
    while left > 0
        && let Some(batch) = stream.next().await.transpose()?
    {
        let batch = batch.slice(0, batch.num_rows().min(left));
        left -= batch.num_rows();
        batches.push(batch);
    }
    Ok(batches)
}

fn encoded_bytes(
    batches: &[RecordBatch],
    schema: &SchemaRef,
    properties: &WriterProperties,
) -> Result<u64, ParquetError> {
    let options = ArrowWriterOptions::new().with_properties(properties.clone());
    let (_, factory) =
        ArrowWriter::try_new_with_options(std::io::sink(), Arc::clone(schema), options)?
            .into_serialized_writer()?;
    let mut encoded = 0;
    let writers = by_column(schema, factory.create_column_writers(0)?);
    for (field, mut writers) in schema.fields().iter().zip(writers) {
        for batch in batches {
            if let Some(array) = batch.column_by_name(field.name()) {
                write_array(&mut writers, field, array)?;
            }
        }
        for writer in writers {
            let chunk = writer.close()?;
            encoded += u64::try_from(chunk.close().metadata.uncompressed_size()).unwrap_or(0);
        }
    }
    Ok(encoded)
}

/// The rows of a row group, without partition columns.
type RowGroup = Vec<RecordBatch>;

/// Reads the rows, and hands them on as row groups.
struct Reading {
    source: SourceTable,
    order: Vec<(String, SortOptions)>,
    layout: Layout,
    row_group_rows: u64,
    /// Rows of each file, and whether they are wanted.
    cuts: Vec<(u64, bool)>,
    partition_by: Vec<String>,
    sender: Sender<RowGroup>,
}

impl Reading {
    /// Gives the number of rows and their checksum, once all are read, where no plain read can tell
    /// them. Ends early where nobody takes the row groups.
    async fn run(self) -> Result<Option<(u64, Checksum)>, DatasetError> {
        let source = &self.source;
        let engine = |error| failed(source, &plain_message(&error));
        let arrow = |error: arrow::error::ArrowError| failed(source, &error);
        let mut stream = rows(source, &self.order, None).await.map_err(engine)?;
        let mut digest = match source.plain {
            Some(_) => None,
            None => Some(ResultDigest::new(&source.schema, false)),
        };
        let stored: Vec<usize> = (0..source.schema.fields().len())
            .filter(|column| {
                !self
                    .partition_by
                    .contains(source.schema.field(*column).name())
            })
            .collect();
        let schema = source.stored_schema(&self.layout);
        let mut waiting: VecDeque<RecordBatch> = VecDeque::new();
        for (rows, wanted) in self.cuts {
            let mut left = rows;
            while left > 0 {
                let mut missing = self.row_group_rows.min(left);
                left -= missing;
                let mut group = Vec::new();
                while missing > 0 {
                    let batch = match waiting.pop_front() {
                        Some(batch) => batch,
                        None => match stream.next().await {
                            Some(batch) => {
                                let batch = batch.map_err(engine)?;
                                if let Some(digest) = &mut digest {
                                    digest.update(&batch).map_err(arrow)?;
                                }
                                let columns = stored
                                    .iter()
                                    .map(|column| Arc::clone(batch.column(*column)));
                                RecordBatch::try_new(Arc::clone(&schema), columns.collect())
                                    .map_err(arrow)?
                            }
                            None => {
                                return Err(DatasetError::Source {
                                    location: source.location.clone(),
                                    reason: format!(
                                        "has fewer than its {} rows; was it changed meanwhile?",
                                        source.rows
                                    ),
                                });
                            }
                        },
                    };
                    let taken = missing.min(batch.num_rows() as u64) as usize;
                    if taken < batch.num_rows() {
                        waiting.push_front(batch.slice(taken, batch.num_rows() - taken));
                    }
                    missing -= taken as u64;
                    if taken > 0 {
                        group.push(batch.slice(0, taken));
                    }
                }
                if !wanted {
                    continue;
                }
                if self.layout.sort_scope == SortScope::RowGroup && !self.layout.sort_by.is_empty()
                {
                    group = vec![sorted(&self.layout, &schema, &group).map_err(arrow)?];
                }
                if self.sender.send(group).await.is_err() {
                    return Err(DatasetError::Interrupted);
                }
            }
        }
        // Rows beyond those that were counted make the checksums differ.
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(engine)?;
            if let Some(digest) = &mut digest {
                digest.update(&batch).map_err(arrow)?;
            } else if batch.num_rows() > 0 {
                return Err(failed(
                    source,
                    &format!(
                        "gave more than the {} rows that its footers tell of",
                        source.rows
                    ),
                ));
            }
        }
        Ok(digest.map(|digest| (digest.rows(), digest.finish())))
    }
}

fn sorted(
    layout: &Layout,
    schema: &SchemaRef,
    group: &[RecordBatch],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = concat_batches(schema, group)?;
    let keys: Vec<Keys> = layout
        .sort_by
        .iter()
        .filter_map(|sort| {
            let values = Arc::clone(rows.column_by_name(&sort.column)?);
            let options = Some(SortOptions {
                descending: sort.descending,
                nulls_first: true,
            });
            Some(Keys { values, options })
        })
        .collect();
    let order = lexsort_to_indices(&keys, None)?;
    let columns = rows
        .columns()
        .iter()
        .map(|column| take(column, &order, None))
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

struct Work<'a> {
    target: &'a Target<'a>,
    source: &'a SourceTable,
    prover: &'a Prover<'a>,
    schema: &'a SchemaRef,
    properties: WriterProperties,
    row_group_rows: u64,
    progress: Progress,
    written: Written,
}

impl Work<'_> {
    fn file(
        &mut self,
        file: FileToWrite,
        kept: Option<WrittenFile>,
        groups: &mut Receiver<RowGroup>,
    ) -> Result<(), DatasetError> {
        let written = match kept {
            Some(written) => {
                self.written.kept += 1;
                self.progress.rows_done += file.rows;
                written
            }
            None => self.write(file, groups)?,
        };
        self.written.add(written);
        self.progress.files_done += 1;
        (self.target.progress)(self.progress);
        Ok(())
    }

    fn write(
        &mut self,
        file: FileToWrite,
        groups: &mut Receiver<RowGroup>,
    ) -> Result<WrittenFile, DatasetError> {
        let path = self.target.plan.root.join(&file.path);
        let object = object_path(&path)?;
        let failed = |source| DatasetError::Parquet {
            path: path.display().to_string(),
            source,
        };
        let sink = ObjectSink::new(
            Arc::clone(self.target.store),
            self.target.handle.clone(),
            object.clone(),
        );
        let options = ArrowWriterOptions::new().with_properties(self.properties.clone());
        let (mut writer, factory) =
            ArrowWriter::try_new_with_options(sink, Arc::clone(self.schema), options)
                .and_then(ArrowWriter::into_serialized_writer)
                .map_err(failed)?;
        let identity = self.prover.identity(&file.path);
        writer.append_key_value_metadata(KeyValue::new(IDENTITY_KEY.to_owned(), identity));
        let layout = &self.target.plan.spec.layout;
        for (key, value) in self.source.kept_key_values(layout) {
            writer.append_key_value_metadata(KeyValue::new(key.clone(), value.clone()));
        }
        let count = file.rows.div_ceil(self.row_group_rows);
        for index in 0..count {
            if self.target.cancel.is_cancelled() {
                return Err(DatasetError::Interrupted);
            }
            let group = groups.blocking_recv().ok_or_else(|| DatasetError::Source {
                location: self.source.location.clone(),
                reason: "its rows came to an end too early".to_owned(),
            })?;
            let before = writer.bytes_written();
            self.append(&mut writer, &factory, index, &group)
                .map_err(failed)?;
            self.progress.rows_done += self
                .row_group_rows
                .min(file.rows - index * self.row_group_rows);
            self.progress.bytes_written += (writer.bytes_written() - before) as u64;
            (self.target.progress)(self.progress);
        }
        let sink = writer.into_inner().map_err(failed)?;
        sink.finish().map_err(|error| failed(error.into()))?;
        self.prover
            .prove(0, file.path, file.partition, file.rows, &object)
    }

    /// Encodes the columns of a row group on all threads, and appends it.
    fn append(
        &mut self,
        writer: &mut SerializedFileWriter<ObjectSink>,
        factory: &ArrowRowGroupWriterFactory,
        index: u64,
        group: &RowGroup,
    ) -> Result<(), ParquetError> {
        let writers =
            factory.create_column_writers(usize::try_from(index).unwrap_or(usize::MAX))?;
        let todo: VecDeque<(usize, Vec<ArrowColumnWriter>)> = by_column(self.schema, writers)
            .into_iter()
            .enumerate()
            .collect();
        let todo = Mutex::new(todo);
        let done: Mutex<Vec<(usize, Vec<ArrowColumnChunk>)>> = Mutex::new(Vec::new());
        let encode = || -> Result<(), ParquetError> {
            loop {
                let next = todo
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some((column, mut writers)) = next else {
                    return Ok(());
                };
                for batch in group {
                    write_array(
                        &mut writers,
                        self.schema.field(column),
                        batch.column(column),
                    )?;
                }
                let chunks = writers
                    .into_iter()
                    .map(ArrowColumnWriter::close)
                    .collect::<Result<_, _>>()?;
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((column, chunks));
            }
        };
        let encoded = together(self.target.threads, || {
            catch_unwind(AssertUnwindSafe(encode))
                .unwrap_or_else(|_| Err(ParquetError::General("the writer panicked".to_owned())))
        });
        self.written.short_of_threads |= !encoded.complete;
        encoded.results.into_iter().collect::<Result<(), _>>()?;
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(column, _)| *column);
        let mut row_group = writer.next_row_group()?;
        for chunk in done.into_iter().flat_map(|(_, chunks)| chunks) {
            chunk.append_to_row_group(&mut row_group)?;
        }
        row_group.close()?;
        Ok(())
    }
}
