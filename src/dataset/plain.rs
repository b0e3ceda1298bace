//! Computes rows and checksum of Parquet files, read by parquet-rs alone: without the engine,
//! without statistics, and independently of the code that writes rows. Used to compare a source
//! with the files that were written from it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::CastOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::nested_struct::cast_column;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::error::DatasetError;
use crate::cancel::Cancel;
use crate::digest::ResultDigest;
use crate::engine::plain_message;
use crate::files::{StoreReader, read_footer, row_difference, with_wide_keys};
use crate::record::Checksum;
use crate::storage::Location;

/// Largest number of rows, and approximate bytes before compression, that are decoded at a time.
const BATCH_ROWS: i64 = 8192;
const BATCH_BYTES: i64 = 8 << 20;

/// Largest sum of compressed bytes of the row groups that are in memory at a time, unless a single
/// one has more.
const HELD_BYTES: i64 = 512 << 20;

/// A Parquet file, and the values of partition columns from the names of its folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainFile {
    pub place: Location,
    /// Values in the order of the partition columns. None for a null.
    pub partition: Vec<Option<String>>,
}

/// Reads whole files and computes the digest of their rows.
#[derive(Clone)]
pub(crate) struct PlainReader {
    /// The columns of the digest, in their order. A file's columns are found by name.
    pub(crate) schema: SchemaRef,
    /// Columns whose values come from folder names if a file does not store them.
    pub(crate) partition_by: Vec<String>,
    pub(crate) threads: usize,
    pub(crate) cancel: Cancel,
}

impl PlainReader {
    /// Returns the number of rows and the checksum of all files. Reads row groups on up to
    /// `threads` tasks.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read, by name.
    pub(crate) async fn digest(
        &self,
        files: &[PlainFile],
    ) -> Result<(u64, Checksum), DatasetError> {
        let mut sum = ResultDigest::new(&self.schema, false);
        for file in files {
            let metadata = self.metadata(file).await?;
            let groups = (0..metadata.metadata().num_row_groups()).map(|group| {
                let (reader, file, metadata) = (self.clone(), file.clone(), metadata.clone());
                async move {
                    // A corrupt page may make the decoder panic.
                    let path = file.place.to_string();
                    let task =
                        tokio::spawn(async move { reader.row_group(&file, metadata, group).await });
                    task.await.map_err(|_| DatasetError::Parquet {
                        path,
                        source: ParquetError::General(format!(
                            "row group {group} cannot be decoded: it is corrupt"
                        )),
                    })?
                }
            });
            let at_once = self.at_once(metadata.metadata());
            let mut digests = futures::stream::iter(groups).buffer_unordered(at_once);
            while let Some(digest) = digests.try_next().await? {
                sum.add(digest);
            }
        }
        let rows = sum.rows();
        Ok((rows, sum.finish()))
    }

    /// Returns the number of row groups of a file that are read at once: one per thread, or as many
    /// as fit into [`HELD_BYTES`].
    fn at_once(&self, metadata: &ParquetMetaData) -> usize {
        let bytes = metadata.row_groups().iter().map(|it| it.compressed_size());
        let largest = bytes.max().unwrap_or(0).max(1);
        let fitting = usize::try_from(HELD_BYTES / largest).unwrap_or(0);
        self.threads.min(fitting).max(1)
    }

    async fn metadata(&self, file: &PlainFile) -> Result<ArrowReaderMetadata, DatasetError> {
        let path = file.place.to_string();
        let parquet = |source| DatasetError::Parquet {
            path: path.clone(),
            source,
        };
        let (_, footer) =
            read_footer(file.place.store().objects(), &file.place.object()?, &path).await?;
        let footer = Arc::new(footer);
        let options = ArrowReaderOptions::new();
        let metadata =
            ArrowReaderMetadata::try_new(Arc::clone(&footer), options).map_err(parquet)?;
        let int96: HashSet<&str> = footer
            .file_metadata()
            .schema_descr()
            .columns()
            .iter()
            .filter(|leaf| leaf.physical_type() == PhysicalType::INT96)
            .filter_map(|leaf| leaf.path().parts().first().map(String::as_str))
            .collect();
        let wanted: HashMap<&str, &DataType> = self
            .schema
            .fields()
            .iter()
            .map(|field| (field.name().as_str(), field.data_type()))
            .collect();
        let fields = metadata.schema().fields().iter().map(|field| {
            let name = field.name().as_str();
            let data_type = match field.data_type() {
                // The reader would read INT96 as nanoseconds, which would overflow for distant
                // dates.
                _ if int96.contains(name) && wanted.contains_key(name) => wanted[name].clone(),
                // Views do not copy the repeated values of a dictionary.
                DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
                DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
                other => with_wide_keys(other),
            };
            field.as_ref().clone().with_data_type(data_type)
        });
        let fields: Vec<Field> = fields.collect();
        let hint = Schema::new_with_metadata(fields, metadata.schema().metadata().clone());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(hint));
        match ArrowReaderMetadata::try_new(Arc::clone(&footer), options) {
            // For some nested columns the reader accepts no other types.
            Err(_) if int96.is_empty() => Ok(metadata),
            hinted => hinted.map_err(parquet),
        }
    }

    async fn row_group(
        &self,
        file: &PlainFile,
        metadata: ArrowReaderMetadata,
        group: usize,
    ) -> Result<ResultDigest, DatasetError> {
        let parquet = |source| DatasetError::Parquet {
            path: file.place.to_string(),
            source,
        };
        let mut digest = ResultDigest::new(&self.schema, false);
        let reader = StoreReader {
            store: Arc::clone(file.place.store().objects()),
            object: file.place.object()?,
            metadata: Arc::clone(metadata.metadata()),
        };
        let about = metadata.metadata().row_group(group);
        let (claimed, batch_rows) = (about.num_rows(), batch_rows(about));
        let mut stream = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
            .with_row_groups(vec![group])
            .with_batch_size(batch_rows)
            .build()
            .map_err(parquet)?;
        while let Some(batch) = stream.next().await {
            if self.cancel.is_cancelled() {
                return Err(DatasetError::Interrupted);
            }
            let rows = self
                .aligned(&batch.map_err(parquet)?, &file.partition)
                .map_err(|reason| parquet(ParquetError::General(reason)))?;
            digest
                .update(&rows)
                .map_err(|error| parquet(error.into()))?;
        }
        if let Some(what) = row_difference(claimed, digest.rows()) {
            let what = format!("row group {group}: {what}");
            return Err(parquet(ParquetError::General(what)));
        }
        Ok(digest)
    }

    /// Returns the columns of the schema, in its order. A column that the file does not store gets
    /// its partition value or null.
    fn aligned(
        &self,
        batch: &RecordBatch,
        partition: &[Option<String>],
    ) -> Result<RecordBatch, String> {
        let schema = batch.schema_ref();
        let stored: HashMap<&str, &ArrayRef> = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, column)| (field.name().as_str(), column))
            .collect();
        let columns = self.schema.fields().iter().map(|field| {
            if let Some(column) = stored.get(field.name().as_str()) {
                return as_values_of(column, field.data_type());
            }
            let text = self
                .partition_by
                .iter()
                .position(|name| name == field.name())
                .and_then(|index| partition.get(index).cloned().flatten());
            match text {
                Some(text) => ScalarValue::try_from_string(text, field.data_type()),
                None => ScalarValue::try_from(field.data_type()),
            }
            .and_then(|value| value.to_array_of_size(batch.num_rows()))
            .map_err(|error| plain_message(&error))
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>, String>>()?;
        let fields: Vec<Field> = self
            .schema
            .fields()
            .iter()
            .zip(&columns)
            .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
            .collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
            .map_err(|error| error.to_string())
    }
}

/// Returns the column in a type that compares like `wanted`. Values in dictionaries are compared as
/// they are, so narrow keys are not converted.
fn as_values_of(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, String> {
    let value_type = |data_type: &DataType| match data_type {
        DataType::Dictionary(_, value) => value.as_ref().clone(),
        other => other.clone(),
    };
    let alike = match (value_type(column.data_type()), value_type(wanted)) {
        (DataType::Utf8View, DataType::Utf8 | DataType::LargeUtf8)
        | (DataType::BinaryView, DataType::Binary | DataType::LargeBinary) => true,
        (found, wanted) => found == wanted,
    };
    if alike {
        return Ok(Arc::clone(column));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    // Matches fields of structs by name, because a file may lack some.
    cast_column(column, wanted, &options).map_err(|error| plain_message(&error))
}

/// Returns the number of rows of a row group that are decoded at a time: few if rows are large.
fn batch_rows(group: &RowGroupMetaData) -> usize {
    let row_bytes = group.total_byte_size() / group.num_rows().max(1);
    usize::try_from((BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS)).unwrap_or(1)
}
