//! Generated rows as a source of row groups. They are made column by column during encoding.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::errors::ParquetError;

use super::encode::encoded_bytes;
use super::format::FileFormat;
use super::prove::Prover;
use super::rows::Rows;
use super::schedule::write_all;
use super::sorted::{SortKey, sorted_rows};
use super::source::{Arrays, NextFile, RowGroup, RowGroups};
use super::target::Target;
use super::written::{DataFile, WrittenFiles};
use crate::config::{Layout, RowGroupSize, SortScope};
use crate::content::ColumnGenerator;
use crate::dataset::error::DatasetError;
use crate::dataset::partition::{folder_name, split_rows};
use crate::dataset::plan::{DatasetPlan, TablePlan};
use crate::dataset::properties::writer_properties;
use crate::dataset::share::Share;

/// Number of rows that are generated and encoded at a time, few enough to stay in the core's cache.
const ROWS_PER_ARRAY: u64 = 8192;

/// Writes all files that do not exist yet, and proves each. Must not be called from within the
/// runtime.
pub(crate) fn write_files(target: &Target<'_>) -> Result<WrittenFiles, DatasetError> {
    let plan = target.plan;
    let tables = plan
        .tables
        .iter()
        .map(|table| TableColumns::new(plan, table))
        .collect::<Result<Vec<TableColumns>, DatasetError>>()?;
    let schema = plan.file_schema();
    let parquet = |source| DatasetError::Parquet {
        path: plan.root.to_string(),
        source,
    };
    let (layout, rows_per_file) = (&plan.spec.layout, plan.spec.rows_per_file);
    let row_group_rows = match (layout.row_group, tables.first()) {
        (RowGroupSize::Rows(rows), _) => rows,
        (RowGroupSize::Bytes(bytes), Some(table)) => {
            rows_for_bytes(&table.stored, &schema, layout, bytes, rows_per_file).map_err(parquet)?
        }
        (RowGroupSize::Bytes(_), None) => rows_per_file,
    };
    let format = FileFormat::new(layout, schema, row_group_rows, rows_per_file, Vec::new())
        .map_err(parquet)?;
    let prover = Prover::new(target, &format);
    let mut files = GeneratedFiles {
        plan,
        prover: &prover,
        tables,
        row_group_rows,
        logical: logical_files(plan, target.share),
        split: VecDeque::new(),
        current: None,
    };
    write_all(target, &format, &prover, &mut files)
}

/// Returns the number of rows whose encoded size is nearest to `bytes`, found by encoding samples
/// of the first rows.
pub(crate) fn rows_for_bytes(
    columns: &Arc<[ColumnGenerator]>,
    schema: &SchemaRef,
    layout: &Layout,
    bytes: u64,
    rows_per_file: u64,
) -> Result<u64, ParquetError> {
    let properties = writer_properties(layout, schema, None)?;
    let mut rows = ROWS_PER_ARRAY;
    // With dictionaries the bytes of a row depend on the number of rows, hence the second pass; a
    // third one changes little.
    for _ in 0..3 {
        rows = rows.clamp(1, rows_per_file);
        let group = GeneratedRows::of_range(columns, 0, rows);
        let encoded = encoded_bytes(&group, schema, &properties)?;
        let per_row = encoded as f64 / rows as f64;
        let next = ((bytes as f64 / per_row) as u64).max(1);
        if next == rows {
            break;
        }
        rows = next;
    }
    Ok(rows)
}

/// The generators of a table's columns.
struct TableColumns {
    stored: Arc<[ColumnGenerator]>,
    partitions: Vec<(String, ColumnGenerator)>,
    /// Columns that rows are sorted by, the most significant first.
    sort: Vec<SortKey>,
}

impl TableColumns {
    fn new(plan: &DatasetPlan, table: &TablePlan) -> Result<Self, DatasetError> {
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
    }
}

/// The generated rows of a row group.
pub(crate) struct GeneratedRows {
    columns: Arc<[ColumnGenerator]>,
    /// Rows of the whole file.
    rows: Arc<Rows>,
    /// First row of the group within the file, and number of rows.
    first: u64,
    count: u64,
}

impl GeneratedRows {
    /// Makes a row group of consecutive rows of a table.
    pub(crate) fn of_range(columns: &Arc<[ColumnGenerator]>, first: u64, count: u64) -> Self {
        GeneratedRows {
            columns: Arc::clone(columns),
            rows: Arc::new(Rows::Range { first, count }),
            first: 0,
            count,
        }
    }
}

impl RowGroup for GeneratedRows {
    fn arrays(&self, column: usize) -> Arrays<'_> {
        let generator = &self.columns[column];
        let rows_per_array = (generator.max_rows_per_array() as u64).clamp(1, ROWS_PER_ARRAY);
        let (mut at, end) = (self.first, self.first + self.count);
        Box::new(std::iter::from_fn(move || {
            let rows = rows_per_array.min(end - at);
            (rows > 0).then(|| {
                at += rows;
                self.rows.array(generator, at - rows, rows)
            })
        }))
    }
}

/// A file of a table, before its rows are split into partitions.
#[derive(Clone, Copy)]
struct LogicalFile {
    table: usize,
    file: u64,
}

/// Returns the logical files that this process writes.
fn logical_files(plan: &DatasetPlan, share: Option<Share>) -> VecDeque<LogicalFile> {
    plan.tables
        .iter()
        .enumerate()
        .flat_map(|(table, plan)| {
            (0..plan.split.files).map(move |file| LogicalFile { table, file })
        })
        .zip(0..)
        .filter(|(_, number)| share.is_none_or(|share| share.holds(*number)))
        .map(|(file, _)| file)
        .collect()
}

/// The files of a generated dataset.
struct GeneratedFiles<'a> {
    plan: &'a DatasetPlan,
    prover: &'a Prover<'a>,
    tables: Vec<TableColumns>,
    row_group_rows: u64,
    /// Logical files that have not been handled yet.
    logical: VecDeque<LogicalFile>,
    /// Remaining files of the logical file that was split last.
    split: VecDeque<(DataFile, Rows)>,
    /// Remaining rows of the last file.
    current: Option<GeneratedRows>,
}

impl RowGroups for GeneratedFiles<'_> {
    fn next_file(&mut self) -> Result<Option<NextFile>, DatasetError> {
        while self.split.is_empty()
            && let Some(logical) = self.logical.pop_front()
        {
            self.split = self.files_of(logical)?;
        }
        let Some((file, rows)) = self.split.pop_front() else {
            return Ok(None);
        };
        let table = file.table;
        let next = self.prover.look_up(file)?;
        if let NextFile::ToWrite(_) = &next {
            let rows = self.in_order(table, rows)?;
            self.current = Some(GeneratedRows {
                columns: Arc::clone(&self.tables[table].stored),
                first: 0,
                count: rows.count(),
                rows: Arc::new(rows),
            });
        }
        Ok(Some(next))
    }

    fn next_row_group(&mut self) -> Result<Arc<dyn RowGroup>, DatasetError> {
        let Some(left) = self.current.as_mut().filter(|left| left.count > 0) else {
            return Err(DatasetError::Internal(
                "a file has fewer rows than it was to have".to_owned(),
            ));
        };
        let count = self.row_group_rows.min(left.count);
        let group = GeneratedRows {
            columns: Arc::clone(&left.columns),
            rows: Arc::clone(&left.rows),
            first: left.first,
            count,
        };
        left.first += count;
        left.count -= count;
        if left.count == 0 {
            // The file's list of rows is freed with its last row group.
            self.current = None;
        }
        Ok(Arc::new(group))
    }

    /// Returns one per thread. That keeps all threads busy, because each makes the rows that it
    /// encodes.
    fn most_under_way(&self, threads: usize) -> usize {
        threads.max(1)
    }

    fn panicked(&self, path: &str, _shown: &str) -> DatasetError {
        DatasetError::Internal(format!("the writer of {path} panicked"))
    }
}

impl GeneratedFiles<'_> {
    /// Returns the files of a logical file: itself, or one for each partition of which it has rows.
    fn files_of(
        &self,
        LogicalFile { table, file }: LogicalFile,
    ) -> Result<VecDeque<(DataFile, Rows)>, DatasetError> {
        let (table_plan, columns) = (&self.plan.tables[table], &self.tables[table]);
        let (first, count) = table_plan.rows_of_file(file);
        let prefix = &self.plan.spec.file_prefix;
        if columns.partitions.is_empty() {
            let file = DataFile {
                table,
                path: table_plan.file_path(prefix, file, &[]),
                partition: Vec::new(),
                rows: count,
            };
            return Ok(VecDeque::from([(file, Rows::Range { first, count })]));
        }
        let partitions = split_rows(&columns.partitions, first, count)?.into_iter();
        Ok(partitions
            .map(|(partition, rows)| {
                let folders: Vec<String> = columns
                    .partitions
                    .iter()
                    .zip(&partition)
                    .map(|((name, _), value)| folder_name(name, value.as_deref()))
                    .collect();
                let file = DataFile {
                    table,
                    path: table_plan.file_path(prefix, file, &folders),
                    partition,
                    rows: rows.len() as u64,
                };
                (file, Rows::List(rows))
            })
            .collect())
    }

    /// Returns the rows of a file in the order in which they are written.
    fn in_order(&self, table: usize, rows: Rows) -> Result<Rows, DatasetError> {
        let keys = &self.tables[table].sort;
        if keys.is_empty() {
            return Ok(rows);
        }
        let part = match self.plan.spec.layout.sort_scope {
            SortScope::File => rows.count(),
            SortScope::RowGroup => self.row_group_rows,
        };
        sorted_rows(keys, &rows, part)
    }
}
