//! Encodes arrays into the column chunks of a row group, and puts row groups into a file.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
    compute_leaves,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::source::RowGroup;
use crate::config::Layout;
use crate::dataset::properties::writer_properties;

/// Begins a file. Returns its writer, and the factory of its columns' writers.
pub(crate) fn file_writer<W: Write + Send>(
    sink: W,
    schema: &SchemaRef,
    properties: &WriterProperties,
) -> Result<(SerializedFileWriter<W>, ArrowRowGroupWriterFactory), ParquetError> {
    let options = ArrowWriterOptions::new().with_properties(properties.clone());
    ArrowWriter::try_new_with_options(sink, Arc::clone(schema), options)?.into_serialized_writer()
}

/// Returns the writers of a row group by column: one for each of a column's leaves.
pub(crate) fn column_writers(
    factory: &ArrowRowGroupWriterFactory,
    schema: &SchemaRef,
    row_group: usize,
) -> Result<Vec<Vec<ArrowColumnWriter>>, ParquetError> {
    let mut writers = factory.create_column_writers(row_group)?.into_iter();
    Ok(schema
        .fields()
        .iter()
        .map(|field| writers.by_ref().take(leaves(field.data_type())).collect())
        .collect())
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

/// Encodes the arrays of a column into the writers of its leaves.
pub(crate) fn write_arrays(
    writers: &mut [ArrowColumnWriter],
    field: &Field,
    arrays: impl Iterator<Item = ArrayRef>,
) -> Result<(), ParquetError> {
    for array in arrays {
        for (writer, leaf) in writers.iter_mut().zip(compute_leaves(field, &array)?) {
            writer.write(&leaf)?;
        }
    }
    Ok(())
}

/// Closes the writers of a column and returns its chunks.
pub(crate) fn close_column(
    writers: Vec<ArrowColumnWriter>,
) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
    writers.into_iter().map(ArrowColumnWriter::close).collect()
}

/// Appends a row group. Its chunks must be in the order of the leaves.
pub(crate) fn append_row_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    chunks: impl IntoIterator<Item = ArrowColumnChunk>,
) -> Result<(), ParquetError> {
    let mut row_group = writer.next_row_group()?;
    for chunk in chunks {
        chunk.append_to_row_group(&mut row_group)?;
    }
    row_group.close()?;
    Ok(())
}

/// Returns the encoded bytes of a row group before compression.
pub(crate) fn encoded_bytes(
    group: &dyn RowGroup,
    schema: &SchemaRef,
    properties: &WriterProperties,
) -> Result<u64, ParquetError> {
    let (_, factory) = file_writer(io::sink(), schema, properties)?;
    let mut encoded = 0;
    let writers = column_writers(&factory, schema, 0)?;
    for (column, mut writers) in writers.into_iter().enumerate() {
        write_arrays(&mut writers, schema.field(column), group.arrays(column))?;
        // Only one chunk is in memory at a time.
        for writer in writers {
            let chunk = writer.close()?;
            encoded += u64::try_from(chunk.close().metadata.uncompressed_size()).unwrap_or(0);
        }
    }
    Ok(encoded)
}

/// Returns the compressed bytes of one column chunk with these arrays, written in `layout`.
pub(crate) fn chunk_bytes(
    field: &Field,
    layout: &Layout,
    arrays: &[ArrayRef],
) -> Result<u64, ParquetError> {
    let schema = Arc::new(Schema::new(vec![field.clone()]));
    let rows = arrays.iter().map(|array| array.len() as u64).sum();
    let properties = writer_properties(layout, &schema, Some(rows))?;
    let (_, factory) = file_writer(io::sink(), &schema, &properties)?;
    let mut writers = factory.create_column_writers(0)?;
    write_arrays(&mut writers, field, arrays.iter().cloned())?;
    let chunks = close_column(writers)?.into_iter();
    Ok(chunks
        .map(|chunk| u64::try_from(chunk.close().metadata.compressed_size()).unwrap_or(0))
        .sum())
}
