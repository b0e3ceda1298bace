//! Reads the rows of all files, one file after the other, as the engine asks for them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;

use super::rows::{ReadRows, each_batch};

/// Number of batches that may wait to be written.
const WAITING_BATCHES: usize = 2;

/// All files, one after the other.
#[derive(Debug)]
pub(super) struct AllFiles {
    pub(super) schema: SchemaRef,
    /// Schema of the files, without the partition columns.
    pub(super) stored: SchemaRef,
    /// Paths, each with its partition values.
    pub(super) files: Vec<(PathBuf, Vec<ScalarValue>)>,
    pub(super) reader: Arc<dyn ReadRows>,
}

impl PartitionStream for AllFiles {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream =
            RecordBatchReceiverStream::builder(Arc::clone(&self.schema), WAITING_BATCHES);
        let (schema, stored) = (Arc::clone(&self.schema), Arc::clone(&self.stored));
        let (files, reader) = (self.files.clone(), Arc::clone(&self.reader));
        let sender = stream.tx();
        stream.spawn_blocking(move || {
            for (path, values) in files {
                let mut send = |batch: RecordBatch| {
                    let batch = with_values(&batch, &values, &schema);
                    sender.blocking_send(batch).is_ok()
                };
                let stopped = each_batch(reader.as_ref(), &path, &stored, &mut send)
                    .map_err(|error| DataFusionError::External(Box::new(error)))?;
                if stopped {
                    break;
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// Appends one column per value to a batch, which repeats the value.
fn with_values(
    batch: &RecordBatch,
    values: &[ScalarValue],
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let mut columns = batch.columns().to_vec();
    for value in values {
        columns.push(value.to_array_of_size(batch.num_rows())?);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
