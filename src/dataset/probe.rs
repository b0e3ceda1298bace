//! How long writing will take and how large it will be, by writing a few rows to nowhere.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;

use super::encode::{Rows, by_column, write_column};
use super::properties::writer_properties;
use super::{Cancel, DatasetError, DatasetPlan};

/// Most rows, and most bytes of values, that are tried.
const MOST_ROWS: u64 = 32_768;
const MOST_BYTES: u64 = 64 << 20;

/// Most row groups that are tried, where they are small.
const MOST_GROUPS: u64 = 64;

/// What a few rows of a dataset took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    pub rows: u64,
    /// Generating, encoding and compressing them in one thread.
    pub elapsed_ns: u64,
    /// What they take in column chunks, compressed.
    pub chunk_bytes: u64,
}

impl Probe {
    /// Bytes of the column chunks of so many rows.
    pub fn chunk_bytes_of(&self, rows: u64) -> u64 {
        (self.chunk_bytes as f64 / self.rows.max(1) as f64 * rows as f64) as u64
    }

    /// Time for so many rows on so many threads, the disk left out of account.
    pub fn elapsed_ns_of(&self, rows: u64, threads: usize) -> f64 {
        self.elapsed_ns as f64 / self.rows.max(1) as f64 * rows as f64 / threads.max(1) as f64
    }
}

/// Generates and encodes the first rows of a generated dataset, in row groups of `group_rows` where these are few. None for
/// existing rows, which are not generated.
pub fn probe(plan: &DatasetPlan, group_rows: u64) -> Result<Option<Probe>, DatasetError> {
    let (Some(table), None) = (plan.tables.first(), &plan.source) else {
        return Ok(None);
    };
    let parquet = |source| DatasetError::Parquet {
        path: plan.root.display().to_string(),
        source,
    };
    let row_bytes = plan.expected_arrow_bytes()? / plan.rows().max(1);
    let most = MOST_ROWS
        .min(MOST_BYTES / row_bytes.max(1))
        .clamp(1, table.rows().max(1));
    let rows = group_rows.clamp(1, most);
    let groups = (most / rows).min(MOST_GROUPS);
    let schema = plan.file_schema();
    let properties = writer_properties(&plan.spec.layout, &schema, Some(rows)).map_err(parquet)?;
    let generators = plan
        .stored_columns()
        .map(|column| plan.generator(table, column))
        .collect::<Result<Vec<_>, _>>()?;
    let options = ArrowWriterOptions::new().with_properties(properties);
    let (_, factory) = ArrowWriter::try_new_with_options(io::sink(), Arc::clone(&schema), options)
        .and_then(ArrowWriter::into_serialized_writer)
        .map_err(parquet)?;
    let never = Cancel::default();
    let started = Instant::now();
    let mut chunk_bytes = 0;
    for group in 0..groups {
        let writers = factory
            .create_column_writers(usize::try_from(group).unwrap_or(usize::MAX))
            .map_err(parquet)?;
        let range = Rows::Range {
            first: group * rows,
            count: rows,
        };
        let writers = by_column(&schema, writers);
        for (column, (generator, mut writers)) in generators.iter().zip(writers).enumerate() {
            write_column(
                &mut writers,
                generator,
                &schema,
                column,
                &range,
                0,
                rows,
                &never,
            )
            .map_err(parquet)?;
            for writer in writers {
                let chunk = writer.close().map_err(parquet)?;
                chunk_bytes += u64::try_from(chunk.close().metadata.compressed_size()).unwrap_or(0);
            }
        }
    }
    Ok(Some(Probe {
        rows: rows * groups,
        elapsed_ns: u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX),
        chunk_bytes,
    }))
}
