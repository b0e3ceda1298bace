//! Writes the files of a dataset on all cores.
//!
//! The unit of work is one column of one row group: it is generated, encoded and compressed into memory by one thread.
//! When the last column of a row group is done, that thread appends it to the file, in order. At most `threads` row
//! groups are under way at once, which bounds memory whatever a file's size, and keeps every core busy whether there are
//! many files, one file of many row groups, or one row group of many columns.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use tokio::runtime::Handle;

use super::encode::{Rows, TableColumns, by_column, rows_for_bytes, write_column};
use super::partition::{Key, folder_name, split_rows};
use super::proof::IDENTITY_KEY;
use super::properties::writer_properties;
use super::prover::Prover;
use super::share::Share;
use super::sink::ObjectSink;
use super::sort::{SortKey, sorted};
use super::threads::together;
use super::write::{Written, WrittenFile};
use super::{DatasetError, DatasetPlan, Progress};
use crate::cancel::Cancel;
use crate::config::{RowGroupSize, SortScope};
use crate::storage::object_path;

/// What to write, where, and with what.
pub(crate) struct Target<'a> {
    pub(crate) plan: &'a DatasetPlan,
    pub(crate) store: &'a Arc<dyn ObjectStore>,
    pub(crate) handle: &'a Handle,
    pub(crate) threads: usize,
    /// Which of the files are this process's, where several write them together.
    pub(crate) share: Option<Share>,
    pub(crate) cancel: &'a Cancel,
    pub(crate) progress: &'a (dyn Fn(Progress) + Sync),
}

/// Writes all files that are not there yet, and proves each. Must not be called from within the runtime.
pub(crate) fn write_files(target: &Target<'_>) -> Result<Written, DatasetError> {
    let plan = target.plan;
    let columns: Vec<TableColumns> = plan
        .tables
        .iter()
        .map(|table| {
            let stored = plan
                .stored_columns()
                .map(|column| plan.generator(table, column));
            let partitions = plan
                .partition_columns()
                .map(|column| Ok((column.name.clone(), plan.generator(table, column)?)));
            let sort = plan.spec.layout.sort_by.iter().filter_map(|sort| {
                let column = plan
                    .stored_columns()
                    .find(|column| column.name == sort.column)?;
                Some(plan.generator(table, column).map(|generator| SortKey {
                    generator,
                    descending: sort.descending,
                }))
            });
            Ok(TableColumns {
                stored: stored.collect::<Result<_, _>>()?,
                partitions: partitions.collect::<Result<_, DatasetError>>()?,
                sort: sort.collect::<Result<_, DatasetError>>()?,
            })
        })
        .collect::<Result<_, DatasetError>>()?;
    let schema = plan.file_schema();
    let parquet = |source| DatasetError::Parquet {
        path: plan.root.display().to_string(),
        source,
    };
    let layout = &plan.spec.layout;
    let row_group_rows = match layout.row_group {
        RowGroupSize::Rows(rows) => rows,
        RowGroupSize::Bytes(bytes) => {
            let first = columns
                .first()
                .map_or(&[][..], |table| table.stored.as_slice());
            rows_for_bytes(first, &schema, layout, bytes, plan.spec.rows_per_file)
                .map_err(parquet)?
        }
    };
    // A filter for more values than a file has takes long to make, and is folded to the same size.
    let most_rows = row_group_rows.min(plan.spec.rows_per_file);
    let properties = writer_properties(layout, &schema, Some(most_rows)).map_err(parquet)?;
    let work = Work {
        target,
        prover: Prover::new(target, Arc::clone(&schema), row_group_rows),
        columns: &columns,
        schema,
        properties,
        row_group_rows,
        state: Mutex::new(State {
            files: outputs(plan, target.share),
            ..State::default()
        }),
        changed: Condvar::new(),
    };
    let ran = together(target.threads, || work.run());
    let mut state = work
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    state.written.short_of_threads = !ran.complete;
    match state.failure {
        Some(error) => Err(error),
        None => Ok(state.written),
    }
}

/// A logical file that has not been looked at yet.
#[derive(Clone, Copy)]
struct LogicalFile {
    table: usize,
    file: u64,
}

fn outputs(plan: &DatasetPlan, share: Option<Share>) -> VecDeque<Output> {
    plan.tables
        .iter()
        .enumerate()
        .flat_map(|(table, plan)| {
            (0..plan.split.files).map(move |file| LogicalFile { table, file })
        })
        .enumerate()
        .filter(|(number, _)| share.is_none_or(|share| share.holds(*number as u64)))
        .map(|(_, file)| Output::Logical(file))
        .collect()
}

enum Output {
    Logical(LogicalFile),
    File(FileToWrite),
}

struct FileToWrite {
    table: usize,
    /// Below the dataset's folder.
    path: String,
    partition: Key,
    rows: Rows,
}

#[derive(Default)]
struct State {
    files: VecDeque<Output>,
    /// The row group whose columns are being handed out, and the next column.
    current: Option<(Arc<Group>, usize)>,
    /// The file whose row groups are being handed out, and the next row group.
    open: Option<(Arc<OpenFile>, usize)>,
    /// Row groups handed out and not yet appended.
    groups_under_way: usize,
    files_done: u64,
    rows_done: u64,
    bytes_written: u64,
    written: Written,
    failure: Option<DatasetError>,
}

struct Work<'a> {
    target: &'a Target<'a>,
    columns: &'a [TableColumns],
    schema: SchemaRef,
    properties: WriterProperties,
    row_group_rows: u64,
    state: Mutex<State>,
    changed: Condvar,
    prover: Prover<'a>,
}

/// A file being written.
struct OpenFile {
    output: FileToWrite,
    object: ObjectPath,
    factory: ArrowRowGroupWriterFactory,
    groups: usize,
    appender: Mutex<Appender>,
}

struct Appender {
    /// Taken when the file is closed.
    writer: Option<SerializedFileWriter<ObjectSink>>,
    /// Row groups that are encoded and wait for one before them.
    ready: BTreeMap<usize, Vec<ArrowColumnChunk>>,
    next: usize,
}

/// A row group being encoded.
struct Group {
    file: Arc<OpenFile>,
    index: usize,
    columns: Mutex<GroupColumns>,
}

struct GroupColumns {
    /// By column, each with a writer for each of its leaves.
    writers: Vec<Option<Vec<ArrowColumnWriter>>>,
    chunks: Vec<Option<Vec<ArrowColumnChunk>>>,
    left: usize,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work<'_> {
    /// One thread's work: takes columns until there are none.
    fn run(&self) {
        loop {
            let next = catch_unwind(AssertUnwindSafe(|| self.next())).unwrap_or_else(|_| {
                Err(DatasetError::Internal(
                    "the plan of the files panicked".to_owned(),
                ))
            });
            match next {
                Ok(Some((group, column))) => {
                    // A panic that ended this thread would leave the others waiting for its row group.
                    let encoded = catch_unwind(AssertUnwindSafe(|| self.encode(&group, column)));
                    let encoded = encoded.unwrap_or_else(|_| {
                        Err(DatasetError::Internal(format!(
                            "the writer of {} panicked",
                            group.file.output.path
                        )))
                    });
                    if let Err(error) = encoded {
                        self.fail(error);
                    }
                }
                Ok(None) => return,
                Err(error) => self.fail(error),
            }
        }
    }

    fn fail(&self, error: DatasetError) {
        let mut state = locked(&self.state);
        state.failure.get_or_insert(error);
        self.changed.notify_all();
    }

    /// The next column to encode; waits while enough row groups are under way. None when all is done or something failed.
    fn next(&self) -> Result<Option<(Arc<Group>, usize)>, DatasetError> {
        let mut state = locked(&self.state);
        loop {
            if self.target.cancel.is_cancelled() {
                state.failure.get_or_insert(DatasetError::Interrupted);
                self.changed.notify_all();
            }
            if state.failure.is_some() {
                return Ok(None);
            }
            if let Some((group, column)) = state.current.take() {
                if column + 1 < self.schema.fields().len() {
                    state.current = Some((Arc::clone(&group), column + 1));
                }
                return Ok(Some((group, column)));
            }
            if state.groups_under_way >= self.target.threads.max(1) {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if let Some((file, index)) = state.open.take() {
                if index + 1 < file.groups {
                    state.open = Some((Arc::clone(&file), index + 1));
                }
                state.groups_under_way += 1;
                state.current = Some((Arc::new(self.new_group(file, index)?), 0));
                continue;
            }
            match state.files.pop_front() {
                None => return Ok(None),
                Some(Output::Logical(file)) => {
                    for output in self.files_of(file)?.into_iter().rev() {
                        state.files.push_front(Output::File(output));
                    }
                }
                Some(Output::File(output)) => {
                    let object = object_path(&self.target.plan.root.join(&output.path))?;
                    let output_rows = output.rows.count();
                    match self.already_there(&output)? {
                        Some(file) => {
                            state.rows_done += output_rows;
                            state.files_done += 1;
                            state.written.kept += 1;
                            state.written.add(file);
                            self.report(&state);
                        }
                        None => {
                            let output = self.in_order(output)?;
                            state.open = Some((Arc::new(self.open(output, object)?), 0));
                        }
                    }
                }
            }
        }
    }

    /// The files that a logical file becomes: itself, or one for each partition that it has rows of.
    fn files_of(
        &self,
        LogicalFile { table, file }: LogicalFile,
    ) -> Result<Vec<FileToWrite>, DatasetError> {
        let plan = self.target.plan;
        let (table_plan, columns) = (&plan.tables[table], &self.columns[table]);
        let (first, count) = table_plan.rows_of_file(file);
        let prefix = &plan.spec.file_prefix;
        if columns.partitions.is_empty() {
            let path = table_plan.file_path(prefix, file, &[]);
            return Ok(vec![FileToWrite {
                table,
                path,
                partition: Vec::new(),
                rows: Rows::Range { first, count },
            }]);
        }
        let partitions = split_rows(&columns.partitions, first, count)?;
        Ok(partitions
            .into_iter()
            .map(|(partition, rows)| {
                let folders: Vec<String> = columns
                    .partitions
                    .iter()
                    .zip(&partition)
                    .map(|((name, _), value)| folder_name(name, value.as_deref()))
                    .collect();
                let path = table_plan.file_path(prefix, file, &folders);
                FileToWrite {
                    table,
                    path,
                    partition,
                    rows: Rows::List(rows),
                }
            })
            .collect())
    }

    /// The file with its rows in the order that they are written in.
    fn in_order(&self, output: FileToWrite) -> Result<FileToWrite, DatasetError> {
        let keys = &self.columns[output.table].sort;
        if keys.is_empty() {
            return Ok(output);
        }
        let part = match self.target.plan.spec.layout.sort_scope {
            SortScope::File => output.rows.count(),
            SortScope::RowGroup => self.row_group_rows,
        };
        Ok(FileToWrite {
            rows: sorted(keys, &output.rows, part)?,
            ..output
        })
    }

    /// A file that an interrupted run left complete, when it proves to be what is wanted.
    fn already_there(&self, output: &FileToWrite) -> Result<Option<WrittenFile>, DatasetError> {
        let rows = output.rows.count();
        self.prover
            .kept(output.table, &output.path, &output.partition, rows)
    }

    fn open(&self, output: FileToWrite, object: ObjectPath) -> Result<OpenFile, DatasetError> {
        let parquet = |source| DatasetError::Parquet {
            path: output.path.clone(),
            source,
        };
        let sink = ObjectSink::new(
            Arc::clone(self.target.store),
            self.target.handle.clone(),
            object.clone(),
        );
        let options = ArrowWriterOptions::new().with_properties(self.properties.clone());
        let (mut writer, factory) =
            ArrowWriter::try_new_with_options(sink, Arc::clone(&self.schema), options)
                .and_then(ArrowWriter::into_serialized_writer)
                .map_err(parquet)?;
        writer.append_key_value_metadata(KeyValue::new(
            IDENTITY_KEY.to_owned(),
            self.prover.identity(&output.path),
        ));
        let groups = usize::try_from(output.rows.count().div_ceil(self.row_group_rows))
            .unwrap_or(usize::MAX);
        let appender = Mutex::new(Appender {
            writer: Some(writer),
            ready: BTreeMap::new(),
            next: 0,
        });
        Ok(OpenFile {
            output,
            object,
            factory,
            groups,
            appender,
        })
    }

    fn new_group(&self, file: Arc<OpenFile>, index: usize) -> Result<Group, DatasetError> {
        let writers = file
            .factory
            .create_column_writers(index)
            .map_err(|source| DatasetError::Parquet {
                path: file.output.path.clone(),
                source,
            })?;
        let writers = by_column(&self.schema, writers);
        let left = writers.len();
        let columns = GroupColumns {
            writers: writers.into_iter().map(Some).collect(),
            chunks: (0..left).map(|_| None).collect(),
            left,
        };
        Ok(Group {
            file,
            index,
            columns: Mutex::new(columns),
        })
    }

    /// Encodes one column of a row group; whoever does the last one appends the row group.
    fn encode(&self, group: &Group, column: usize) -> Result<(), DatasetError> {
        let output = &group.file.output;
        let parquet = |source| DatasetError::Parquet {
            path: output.path.clone(),
            source,
        };
        let writers = locked(&group.columns).writers[column].take();
        let Some(mut writers) = writers else {
            return Err(DatasetError::Internal(format!(
                "column {column} was handed out twice"
            )));
        };
        let generator = &self.columns[output.table].stored[column];
        let first = group.index as u64 * self.row_group_rows;
        let count = self.row_group_rows.min(output.rows.count() - first);
        write_column(
            &mut writers,
            generator,
            &self.schema,
            column,
            &output.rows,
            first,
            count,
            self.target.cancel,
        )
        .map_err(parquet)?;
        if self.target.cancel.is_cancelled() {
            return Err(DatasetError::Interrupted);
        }
        let chunks: Vec<ArrowColumnChunk> = writers
            .into_iter()
            .map(ArrowColumnWriter::close)
            .collect::<Result<_, _>>()
            .map_err(parquet)?;
        let complete = {
            let mut columns = locked(&group.columns);
            columns.chunks[column] = Some(chunks);
            columns.left -= 1;
            (columns.left == 0).then(|| std::mem::take(&mut columns.chunks))
        };
        match complete {
            Some(chunks) => self.append(group, chunks.into_iter().flatten().flatten().collect()),
            None => Ok(()),
        }
    }

    fn append(&self, group: &Group, chunks: Vec<ArrowColumnChunk>) -> Result<(), DatasetError> {
        let file = &group.file;
        let failed = |source| self.write_failed(file, source);
        let rows = file.output.rows.count();
        let (mut groups, mut rows_appended, mut bytes_appended) = (0, 0, 0);
        let mut appender = locked(&file.appender);
        appender.ready.insert(group.index, chunks);
        while let Some(chunks) = {
            let next = appender.next;
            appender.ready.remove(&next)
        } {
            let Some(writer) = appender.writer.as_mut() else {
                break;
            };
            let bytes_before = writer.bytes_written();
            let mut row_group = writer.next_row_group().map_err(failed)?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut row_group).map_err(failed)?;
            }
            row_group.close().map_err(failed)?;
            bytes_appended += (writer.bytes_written() - bytes_before) as u64;
            rows_appended += self
                .row_group_rows
                .min(rows - appender.next as u64 * self.row_group_rows);
            appender.next += 1;
            groups += 1;
        }
        let closing = if appender.next == file.groups {
            appender.writer.take()
        } else {
            None
        };
        drop(appender);
        let written = match closing {
            Some(writer) => {
                let sink = writer.into_inner().map_err(failed)?;
                sink.finish().map_err(|error| failed(error.into()))?;
                Some(self.prove(&file.output, &file.object)?)
            }
            None => None,
        };
        let mut state = locked(&self.state);
        state.groups_under_way -= groups;
        state.rows_done += rows_appended;
        state.bytes_written += bytes_appended;
        if let Some(written) = written {
            state.files_done += 1;
            state.written.add(written);
        }
        self.report(&state);
        self.changed.notify_all();
        Ok(())
    }

    fn prove(
        &self,
        output: &FileToWrite,
        object: &ObjectPath,
    ) -> Result<WrittenFile, DatasetError> {
        let (path, partition) = (output.path.clone(), output.partition.clone());
        self.prover
            .prove(output.table, path, partition, output.rows.count(), object)
    }

    /// The error behind a failed write: the writer wraps what the store said.
    fn write_failed(&self, file: &OpenFile, source: ParquetError) -> DatasetError {
        let path = self
            .target
            .plan
            .root
            .join(&file.output.path)
            .display()
            .to_string();
        DatasetError::Parquet { path, source }
    }

    fn report(&self, state: &State) {
        (self.target.progress)(Progress {
            rows_done: state.rows_done,
            rows: self.target.plan.rows(),
            files_done: state.files_done,
            bytes_written: state.bytes_written,
        });
    }
}
