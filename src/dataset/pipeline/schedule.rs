//! Distributes the work over threads and limits the memory that it takes.
//!
//! The unit of work is one column of one row group: one thread encodes and compresses it into
//! memory. The thread that finishes the last column of a row group appends the row group to the
//! file, in order. The source limits the number of row groups in work, and thereby memory, for
//! files of any size. Every core is busy whether there are many files, one file of many row groups,
//! or one row group of many columns.

use std::iter::from_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter};

use super::encode::{close_column, write_arrays};
use super::file::FileWriter;
use super::format::FileFormat;
use super::prove::Prover;
use super::source::{NextFile, RowGroup, RowGroups};
use super::target::{Progress, Target};
use super::written::{WrittenFile, WrittenFiles};
use crate::dataset::error::DatasetError;
use crate::dataset::threads::together;

/// Writes all files of a source that do not exist yet, and proves each. Must not be called from
/// within the runtime.
pub(crate) fn write_all<'a>(
    target: &'a Target<'a>,
    format: &'a FileFormat,
    prover: &'a Prover<'a>,
    source: &'a mut (dyn RowGroups + 'a),
) -> Result<WrittenFiles, DatasetError> {
    let work = Work {
        target,
        format,
        prover,
        most_under_way: source.most_under_way(target.threads),
        state: Mutex::new(State {
            source,
            current: None,
            open: None,
            under_way: 0,
            progress: Progress {
                rows_done: 0,
                rows: target.plan.rows(),
                files_done: 0,
                bytes_written: 0,
            },
            written: WrittenFiles::default(),
            failure: None,
        }),
        changed: Condvar::new(),
    };
    let ran = together(target.threads, || work.run());
    let mut state = work.state.into_inner();
    state.written.short_of_threads = !ran.complete;
    match state.failure {
        Some(error) => Err(error),
        None => Ok(state.written),
    }
}

struct Work<'a> {
    target: &'a Target<'a>,
    format: &'a FileFormat,
    prover: &'a Prover<'a>,
    most_under_way: usize,
    state: Mutex<State<'a>>,
    changed: Condvar,
}

struct State<'a> {
    source: &'a mut (dyn RowGroups + 'a),
    /// Row group whose columns are being distributed, and its next column.
    current: Option<(Arc<Group<'a>>, usize)>,
    /// File whose row groups are being distributed, and its next row group.
    open: Option<(Arc<FileWriter<'a>>, usize)>,
    /// Number of row groups that are distributed and not yet appended.
    under_way: usize,
    progress: Progress,
    written: WrittenFiles,
    failure: Option<DatasetError>,
}

/// A row group being encoded.
struct Group<'a> {
    file: Arc<FileWriter<'a>>,
    index: usize,
    columns: Mutex<GroupColumns>,
}

struct GroupColumns {
    /// The rows. Absent once the last column is encoded.
    rows: Option<Arc<dyn RowGroup>>,
    /// The writers by column, one for each of a column's leaves.
    writers: Vec<Option<Vec<ArrowColumnWriter>>>,
    chunks: Vec<Option<Vec<ArrowColumnChunk>>>,
    left: usize,
}

impl GroupColumns {
    fn new(rows: Arc<dyn RowGroup>, writers: Vec<Vec<ArrowColumnWriter>>) -> Self {
        let left = writers.len();
        GroupColumns {
            rows: Some(rows),
            writers: writers.into_iter().map(Some).collect(),
            chunks: (0..left).map(|_| None).collect(),
            left,
        }
    }

    /// Takes the writers of a column, and a reference to the rows. None if they were taken before.
    fn take(&mut self, column: usize) -> Option<(Arc<dyn RowGroup>, Vec<ArrowColumnWriter>)> {
        Some((self.rows.clone()?, self.writers.get_mut(column)?.take()?))
    }

    /// Stores the chunks of a column. With the last column, returns the chunks of all columns and
    /// frees the rows, before the next row group's rows come into memory.
    fn add(
        &mut self,
        column: usize,
        chunks: Vec<ArrowColumnChunk>,
    ) -> Option<Vec<ArrowColumnChunk>> {
        self.chunks[column] = Some(chunks);
        self.left -= 1;
        (self.left == 0).then(|| {
            self.rows = None;
            let chunks = std::mem::take(&mut self.chunks);
            chunks.into_iter().flatten().flatten().collect()
        })
    }
}

impl<'a> Work<'a> {
    /// Runs one thread: takes columns until there are none.
    fn run(&self) {
        loop {
            let next = catch_unwind(AssertUnwindSafe(|| self.next())).unwrap_or_else(|_| {
                Err(DatasetError::Internal(
                    "the plan of the files panicked".to_owned(),
                ))
            });
            match next {
                Ok(Some((group, column))) => {
                    // If a panic ended this thread, the others would wait for its row group
                    // forever.
                    let encoded = catch_unwind(AssertUnwindSafe(|| self.encode(&group, column)));
                    let encoded = encoded.unwrap_or_else(|_| {
                        let file = &group.file;
                        let source = &self.state.lock().source;
                        Err(source.panicked(&file.file.path, &file.shown))
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
        let mut state = self.state.lock();
        state.failure.get_or_insert(error);
        self.changed.notify_all();
    }

    /// Returns the next column to encode. Waits while enough row groups are in work. None when all
    /// is done or something failed.
    fn next(&self) -> Result<Option<(Arc<Group<'a>>, usize)>, DatasetError> {
        let mut state = self.state.lock();
        loop {
            if self.target.cancel.is_cancelled() {
                state.failure.get_or_insert(DatasetError::Interrupted);
                self.changed.notify_all();
            }
            if state.failure.is_some() {
                return Ok(None);
            }
            if let Some((group, column)) = state.current.take() {
                if column + 1 < self.format.schema.fields().len() {
                    state.current = Some((Arc::clone(&group), column + 1));
                }
                return Ok(Some((group, column)));
            }
            if state.under_way >= self.most_under_way {
                self.changed.wait(&mut state);
                continue;
            }
            if let Some((file, index)) = state.open.take() {
                if index + 1 < file.row_groups {
                    state.open = Some((Arc::clone(&file), index + 1));
                }
                let rows = state.source.next_row_group()?;
                let columns = GroupColumns::new(rows, file.column_writers(index)?);
                let group = Group {
                    file,
                    index,
                    columns: Mutex::new(columns),
                };
                state.under_way += 1;
                state.current = Some((Arc::new(group), 0));
                continue;
            }
            match state.source.next_file()? {
                None => return Ok(None),
                Some(NextFile::Kept(kept)) => {
                    state.progress.rows_done += kept.file.rows;
                    state.written.kept += 1;
                    self.finish(&mut state, *kept);
                }
                Some(NextFile::ToWrite(file)) => {
                    let file = Arc::new(FileWriter::open(self.target, self.format, file)?);
                    match file.row_groups {
                        0 => {
                            file.close()?;
                            let written = self.prover.prove(&file.file)?;
                            self.finish(&mut state, written);
                        }
                        _ => state.open = Some((file, 0)),
                    }
                }
            }
        }
    }

    /// Encodes one column of a row group. With the last column, appends the row group.
    fn encode(&self, group: &Group<'_>, column: usize) -> Result<(), DatasetError> {
        let failed = |source| group.file.failed(source);
        let taken = group.columns.lock().take(column);
        let Some((rows, mut writers)) = taken else {
            return Err(DatasetError::Internal(format!(
                "column {column} was handed out twice"
            )));
        };
        let cancel = self.target.cancel;
        let mut arrays = rows.arrays(column);
        let until_cancelled = from_fn(|| match cancel.is_cancelled() {
            true => None,
            false => arrays.next(),
        });
        let field = self.format.schema.field(column);
        write_arrays(&mut writers, field, until_cancelled).map_err(failed)?;
        if cancel.is_cancelled() {
            return Err(DatasetError::Interrupted);
        }
        drop(arrays);
        drop(rows);
        let chunks = close_column(writers).map_err(failed)?;
        let complete = group.columns.lock().add(column, chunks);
        match complete {
            Some(chunks) => self.append(group, chunks),
            None => Ok(()),
        }
    }

    fn append(&self, group: &Group<'_>, chunks: Vec<ArrowColumnChunk>) -> Result<(), DatasetError> {
        let advance = group.file.append(group.index, chunks)?;
        let written = match advance.closed {
            true => Some(self.prover.prove(&group.file.file)?),
            false => None,
        };
        let mut state = self.state.lock();
        state.under_way -= advance.row_groups;
        state.progress.rows_done += advance.rows;
        state.progress.bytes_written += advance.bytes;
        match written {
            Some(written) => self.finish(&mut state, written),
            None => (self.target.progress)(state.progress),
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Counts a file that exists and is proven.
    fn finish(&self, state: &mut State<'_>, written: WrittenFile) {
        state.progress.files_done += 1;
        state.written.add(written);
        (self.target.progress)(state.progress);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use object_store::memory::InMemory;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::cancel::Cancel;
    use crate::config::{Overrides, Source, load};
    use crate::content::ColumnGenerator;
    use crate::dataset::pipeline::generated::GeneratedRows;
    use crate::dataset::pipeline::source::Arrays;
    use crate::dataset::pipeline::written::DataFile;
    use crate::dataset::plan::{DatasetPlan, place};
    use crate::storage::{Store, Stores};

    const ROW_GROUP_ROWS: u64 = 100;

    fn plan() -> DatasetPlan {
        let source = Source {
            origin: "x.yaml".to_owned(),
            text: "dataset: {num_files_train: 3, num_samples_per_file: 1000, \
                   parquet: {row_group_size: 100, columns: [{name: a, dtype: int64}, {name: b, dtype: string, size: 4}, {name: c, dtype: float64}]}}"
                .to_owned(),
            folder: None,
        };
        let mut config = load(&source, &Overrides::default()).unwrap();
        let dataset = config.variants[0].dataset.as_mut().unwrap();
        dataset.data_folder = "memory://test/data".to_owned();
        let memory = Store::of("memory://test", Arc::new(InMemory::new())).unwrap();
        let stores = Stores::default().with(memory);
        place(&stores, &[(dataset, None)]).unwrap().remove(0)
    }

    /// Rows that count as alive while they are in memory.
    struct CountedRows {
        rows: GeneratedRows,
        alive: Arc<AtomicUsize>,
    }

    impl RowGroup for CountedRows {
        fn arrays(&self, column: usize) -> Arrays<'_> {
            self.rows.arrays(column)
        }
    }

    impl Drop for CountedRows {
        fn drop(&mut self) {
            self.alive.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Files of counted rows, with one row group in work at a time.
    struct CountedFiles {
        columns: Arc<[ColumnGenerator]>,
        files: VecDeque<DataFile>,
        left: u64,
        alive: Arc<AtomicUsize>,
    }

    impl RowGroups for CountedFiles {
        fn next_file(&mut self) -> Result<Option<NextFile>, DatasetError> {
            let file = self.files.pop_front();
            self.left = file.as_ref().map_or(0, |file| file.rows);
            Ok(file.map(NextFile::ToWrite))
        }

        fn next_row_group(&mut self) -> Result<Arc<dyn RowGroup>, DatasetError> {
            assert_eq!(self.alive.fetch_add(1, Ordering::SeqCst), 0);
            let count = self.left.min(ROW_GROUP_ROWS);
            self.left -= count;
            Ok(Arc::new(CountedRows {
                rows: GeneratedRows::of_range(&self.columns, 0, count),
                alive: Arc::clone(&self.alive),
            }))
        }

        fn most_under_way(&self, _threads: usize) -> usize {
            1
        }

        fn panicked(&self, path: &str, _shown: &str) -> DatasetError {
            DatasetError::Internal(path.to_owned())
        }
    }

    #[test]
    fn rows_are_let_go_before_the_next_row_group_is_asked_for() {
        let plan = plan();
        let (runtime, cancel) = (Runtime::new().unwrap(), Cancel::default());
        let last = Mutex::new(None);
        let target = Target {
            plan: &plan,
            handle: runtime.handle(),
            threads: 4,
            share: None,
            wire: Arc::default(),
            cancel: &cancel,
            progress: &|progress| *last.lock() = Some(progress),
        };
        let schema = plan.file_schema();
        let layout = &plan.spec.layout;
        let format = FileFormat::new(layout, schema, ROW_GROUP_ROWS, 1000, Vec::new()).unwrap();
        let prover = Prover::new(&target, &format);
        let table = &plan.tables[0];
        let columns = plan
            .stored_columns()
            .map(|column| plan.generator(table, column).unwrap());
        let rows_of_files = [1000, 0, 250];
        let mut source = CountedFiles {
            columns: columns.collect(),
            files: (0..)
                .zip(rows_of_files)
                .map(|(file, rows)| DataFile {
                    table: 0,
                    path: table.file_path(&plan.spec.file_prefix, file, &[]),
                    partition: Vec::new(),
                    rows,
                })
                .collect(),
            left: 0,
            alive: Arc::default(),
        };
        let written = write_all(&target, &format, &prover, &mut source).unwrap();
        let files = &written.tables[&0];
        let found: Vec<(u64, u64)> = files
            .iter()
            .map(|file| (file.rows, file.row_groups))
            .collect();
        assert_eq!(found, [(1000, 10), (0, 0), (250, 3)]);
        let last = last.lock().unwrap();
        assert_eq!((last.rows_done, last.files_done), (1250, 3));
    }
}
