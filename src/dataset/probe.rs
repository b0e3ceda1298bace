//! Estimates the time of writing a dataset and its size, by writing a few rows to memory.

use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::WriterProperties;

use super::bound::Bound;
use super::error::DatasetError;
use super::pipeline::encode::{
    append_row_group, close_column, column_writers, file_writer, write_arrays,
};
use super::pipeline::generated::GeneratedRows;
use super::pipeline::source::RowGroup;
use super::plan::DatasetPlan;
use super::properties::writer_properties;
use crate::content::ColumnGenerator;

/// Largest number of rows, and of bytes of values, that are written.
const MOST_ROWS: u64 = 32_768;
const MOST_BYTES: u64 = 64 << 20;

/// Largest number of row groups that are written, if they are small.
const MOST_GROUPS: u64 = 64;

/// Time and size of a few rows of a dataset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    pub rows: u64,
    /// Time of generating, encoding and compressing the rows in one thread, and of writing footers
    /// and reading them back.
    pub elapsed_ns: u64,
    /// Bytes of the files with these rows.
    pub file_bytes: u64,
}

impl Probe {
    /// Estimates the bytes of the files with `rows` rows.
    pub fn file_bytes_of(&self, rows: u64) -> u64 {
        (self.file_bytes as f64 / self.rows.max(1) as f64 * rows as f64) as u64
    }

    /// Estimates the time for `rows` rows on `threads` threads, without the time of the disk.
    pub fn elapsed_ns_of(&self, rows: u64, threads: usize) -> f64 {
        self.elapsed_ns as f64 / self.rows.max(1) as f64 * rows as f64 / threads.max(1) as f64
    }
}

/// Generates and encodes the first rows of a generated dataset. If its files and row groups are
/// small, those of the probe have their mean size. None for existing rows, which are not generated.
pub fn probe(plan: &DatasetPlan, bound: &Bound) -> Result<Option<Probe>, DatasetError> {
    let (Some(table), None) = (plan.tables.first(), &plan.source) else {
        return Ok(None);
    };
    let parquet = |source| DatasetError::Parquet {
        path: plan.root.to_string(),
        source,
    };
    let row_bytes = plan.expected_arrow_bytes()? / plan.rows().max(1);
    let most = MOST_ROWS
        .min(MOST_BYTES / row_bytes.max(1))
        .clamp(1, table.rows().max(1));
    let of_group = plan.rows().div_ceil(bound.row_groups.max(1));
    let rows = of_group.clamp(1, most);
    let groups = (most / rows).min(MOST_GROUPS);
    let schema = plan.file_schema();
    let properties = writer_properties(&plan.spec.layout, &schema, Some(rows)).map_err(parquet)?;
    let generators = plan
        .stored_columns()
        .map(|column| plan.generator(table, column))
        .collect::<Result<Arc<[ColumnGenerator]>, _>>()?;
    let of_file = (bound.row_groups / bound.files.max(1)).max(1);
    let started = Instant::now();
    let (mut done, mut file_bytes) = (0, 0);
    while done < groups {
        let file = ProbeFile {
            schema: &schema,
            properties: &properties,
            generators: &generators,
            first: done * rows,
            groups: of_file.min(groups - done),
            rows,
        };
        done += file.groups;
        file_bytes += file.written().map_err(parquet)?;
    }
    Ok(Some(Probe {
        rows: rows * groups,
        elapsed_ns: u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX),
        file_bytes,
    }))
}

/// A file of a few row groups.
struct ProbeFile<'a> {
    schema: &'a SchemaRef,
    properties: &'a WriterProperties,
    generators: &'a Arc<[ColumnGenerator]>,
    /// First row of the file within the table.
    first: u64,
    groups: u64,
    /// Rows of each row group.
    rows: u64,
}

impl ProbeFile<'_> {
    /// Makes the file in memory, reads its footer back as a proof does, and returns its size in
    /// bytes.
    fn written(&self) -> Result<u64, ParquetError> {
        let (mut writer, factory) = file_writer(Vec::<u8>::new(), self.schema, self.properties)?;
        for group in 0..self.groups {
            let first = self.first + group * self.rows;
            let rows = GeneratedRows::of_range(self.generators, first, self.rows);
            let index = usize::try_from(group).unwrap_or(usize::MAX);
            let writers = column_writers(&factory, self.schema, index)?;
            let mut chunks = Vec::new();
            for (column, mut writers) in writers.into_iter().enumerate() {
                let field = self.schema.field(column);
                write_arrays(&mut writers, field, rows.arrays(column))?;
                chunks.extend(close_column(writers)?);
            }
            append_row_group(&mut writer, chunks)?;
        }
        let file = Bytes::from(writer.into_inner()?);
        ParquetMetaDataReader::new().parse_and_finish(&file)?;
        Ok(file.len() as u64)
    }
}
