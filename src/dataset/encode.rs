//! Encoding columns: rows of a generator into a column writer, and how many rows make a row group of given bytes.

use std::io;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowWriterOptions, compute_leaves};
use parquet::errors::ParquetError;

use super::content::ColumnGenerator;
use super::properties::writer_properties;
use super::sort::SortKey;
use crate::cancel::Cancel;
use crate::config::Layout;

/// Rows generated and encoded at a time; few enough that they stay in the core's cache.
const ROWS_PER_ARRAY: usize = 8192;

/// The generators of a table's columns.
pub(crate) struct TableColumns {
    pub(crate) stored: Vec<ColumnGenerator>,
    pub(crate) partitions: Vec<(String, ColumnGenerator)>,
    /// What rows are sorted by, the most significant first.
    pub(crate) sort: Vec<SortKey>,
}

/// Which rows of the table a file holds.
pub(crate) enum Rows {
    Range { first: u64, count: u64 },
    List(Vec<u64>),
}

impl Rows {
    pub(crate) fn count(&self) -> u64 {
        match self {
            Rows::Range { count, .. } => *count,
            Rows::List(rows) => rows.len() as u64,
        }
    }
}

/// The writers of a row group by column: one for each of a column's leaves.
pub(crate) fn by_column(
    schema: &SchemaRef,
    writers: Vec<ArrowColumnWriter>,
) -> Vec<Vec<ArrowColumnWriter>> {
    let mut writers = writers.into_iter();
    schema
        .fields()
        .iter()
        .map(|field| writers.by_ref().take(leaves(field.data_type())).collect())
        .collect()
}

fn leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => leaves(field.data_type()),
        _ => 1,
    }
}

/// Encodes an array into the writers of its leaves.
pub(crate) fn write_array(
    writers: &mut [ArrowColumnWriter],
    field: &Field,
    array: &ArrayRef,
) -> Result<(), ParquetError> {
    for (writer, leaf) in writers.iter_mut().zip(compute_leaves(field, array)?) {
        writer.write(&leaf)?;
    }
    Ok(())
}

/// Generates `count` rows of a file, from its row `first`, into a column's writers. Stops early on request; what is written
/// then is for nobody to use.
#[allow(clippy::too_many_arguments)]
pub(crate) fn write_column(
    writers: &mut [ArrowColumnWriter],
    generator: &ColumnGenerator,
    schema: &SchemaRef,
    column: usize,
    rows: &Rows,
    first: u64,
    count: u64,
    cancel: &Cancel,
) -> Result<(), ParquetError> {
    let rows_per_array = generator.max_rows_per_array().clamp(1, ROWS_PER_ARRAY) as u64;
    let mut at = first;
    while at < first + count && !cancel.is_cancelled() {
        let take = rows_per_array.min(first + count - at);
        let array = match rows {
            Rows::Range { first, .. } => generator.range(first + at, take as usize),
            Rows::List(rows) => generator.rows(&rows[at as usize..(at + take) as usize]),
        };
        write_array(writers, schema.field(column), &array)?;
        at += take;
    }
    Ok(())
}

/// Compressed bytes of one column chunk that holds these arrays, written as `layout` says.
pub(crate) fn chunk_bytes(
    field: &Field,
    layout: &Layout,
    arrays: &[ArrayRef],
) -> Result<u64, ParquetError> {
    let schema = Arc::new(Schema::new(vec![field.clone()]));
    let rows = arrays.iter().map(|array| array.len() as u64).sum();
    let properties = writer_properties(layout, &schema, Some(rows))?;
    let options = ArrowWriterOptions::new().with_properties(properties);
    let (_, factory) =
        ArrowWriter::try_new_with_options(io::sink(), schema, options)?.into_serialized_writer()?;
    let mut writers = factory.create_column_writers(0)?;
    for array in arrays {
        write_array(&mut writers, field, array)?;
    }
    let mut bytes = 0;
    for writer in writers {
        let chunk = writer.close()?;
        bytes += u64::try_from(chunk.close().metadata.compressed_size()).unwrap_or(0);
    }
    Ok(bytes)
}

/// Rows of these columns whose encoded size comes nearest to `bytes`, found by encoding samples of the first rows.
pub(crate) fn rows_for_bytes(
    columns: &[ColumnGenerator],
    schema: &SchemaRef,
    layout: &Layout,
    bytes: u64,
    rows_per_file: u64,
) -> Result<u64, ParquetError> {
    let properties = writer_properties(layout, schema, None)?;
    let never = Cancel::default();
    let mut rows = ROWS_PER_ARRAY as u64;
    // Dictionaries make the bytes of a row depend on how many rows there are, hence the second look; a third changes
    // little.
    for _ in 0..3 {
        rows = rows.clamp(1, rows_per_file);
        let (_, factory) = ArrowWriter::try_new_with_options(
            io::sink(),
            Arc::clone(schema),
            ArrowWriterOptions::new().with_properties(properties.clone()),
        )?
        .into_serialized_writer()?;
        let mut encoded = 0_u64;
        let range = Rows::Range {
            first: 0,
            count: rows,
        };
        let writers = by_column(schema, factory.create_column_writers(0)?);
        for (column, mut writers) in writers.into_iter().enumerate() {
            write_column(
                &mut writers,
                &columns[column],
                schema,
                column,
                &range,
                0,
                rows,
                &never,
            )?;
            for writer in writers {
                let chunk = writer.close()?;
                encoded += u64::try_from(chunk.close().metadata.uncompressed_size()).unwrap_or(0);
            }
        }
        let per_row = encoded as f64 / rows as f64;
        let next = ((bytes as f64 / per_row) as u64).max(1);
        if next == rows {
            break;
        }
        rows = next;
    }
    Ok(rows)
}
