//! Reads the rows of a source through the engine, in the order in which they are written.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use futures::StreamExt;
use tokio::sync::mpsc::Sender;

use super::sorted::{sort_options, sorted_batches};
use super::source::{Arrays, RowGroup};
use crate::config::{Layout, SortScope};
use crate::dataset::error::DatasetError;
use crate::dataset::source::{SOURCE_TABLE, SourceTable};
use crate::digest::ResultDigest;
use crate::engine::plain_message;
use crate::record::Checksum;

/// Rows from the source, without partition columns.
pub(crate) struct Batches(pub(crate) Vec<RecordBatch>);

impl RowGroup for Batches {
    fn arrays(&self, column: usize) -> Arrays<'_> {
        let Batches(batches) = self;
        Box::new(
            batches
                .iter()
                .map(move |batch| Arc::clone(batch.column(column))),
        )
    }
}

/// Returns the error for a source that cannot be read.
pub(crate) fn failed(source: &SourceTable, error: &dyn std::fmt::Display) -> DatasetError {
    DatasetError::Source {
        location: source.location.clone(),
        reason: error.to_string(),
    }
}

/// Returns the columns by which all rows are sorted before they are written: partitions first.
fn order(layout: &Layout) -> Vec<(String, SortOptions)> {
    let partitions = layout.partition_by.iter();
    let partitions = partitions.map(|name| (name.clone(), sort_options(false)));
    let sorted = layout
        .sort_by
        .iter()
        .filter(|_| layout.sort_scope == SortScope::File)
        .map(|sort| (sort.column.clone(), sort_options(sort.descending)));
    partitions.chain(sorted).collect()
}

/// Returns the rows of a source in the order of a layout, at least the first `limit` of them. The
/// plan is made by hand: the time of the engine's planner grows with the square of the columns, and
/// there is nothing for it to optimise.
async fn rows(
    source: &SourceTable,
    layout: &Layout,
    limit: Option<usize>,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let state = source.context.state();
    let table = source
        .context
        .table_provider(TableReference::bare(SOURCE_TABLE))
        .await?;
    let order = order(layout);
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

/// Returns the first rows of a source in the order of a layout: `limit` of them, or all if there
/// are fewer.
pub(crate) async fn first_rows(
    source: &SourceTable,
    layout: &Layout,
    limit: usize,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let stored = StoredColumns::of(source, layout);
    let mut stream = rows(source, layout, Some(limit)).await?;
    let (mut batches, mut left) = (Vec::new(), limit);
    while left > 0
        && let Some(batch) = stream.next().await.transpose()?
    {
        let batch = batch.slice(0, batch.num_rows().min(left));
        left -= batch.num_rows();
        batches.push(stored.of_batch(&batch)?);
    }
    Ok(batches)
}

/// Selects the columns that files store.
struct StoredColumns {
    positions: Vec<usize>,
    schema: SchemaRef,
}

impl StoredColumns {
    fn of(source: &SourceTable, layout: &Layout) -> Self {
        let fields = source.schema.fields().iter();
        let positions = fields
            .zip(0..)
            .filter(|(field, _)| !layout.partition_by.contains(field.name()))
            .map(|(_, position)| position);
        StoredColumns {
            positions: positions.collect(),
            schema: source.stored_schema(layout),
        }
    }

    fn of_batch(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let positions = self.positions.iter();
        let columns: Vec<ArrayRef> = positions
            .map(|column| Arc::clone(batch.column(*column)))
            .collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

/// Reads the rows of a source and sends them on as row groups.
pub(crate) struct SourceReader {
    pub(crate) source: SourceTable,
    pub(crate) layout: Layout,
    pub(crate) row_group_rows: u64,
    /// For each file, its number of rows, and true if the rows are wanted.
    pub(crate) cuts: Vec<(u64, bool)>,
    pub(crate) sender: Sender<Batches>,
}

impl SourceReader {
    /// Reads all rows. Returns their number and checksum, or none if a plain read of the source
    /// gives these. Fails early if the receiver of the row groups is gone.
    pub(crate) async fn run(self) -> Result<Option<(u64, Checksum)>, DatasetError> {
        let source = &self.source;
        let engine = |error| failed(source, &plain_message(&error));
        let arrow = |error: ArrowError| failed(source, &error);
        let mut rows = CutRows {
            source,
            stream: rows(source, &self.layout, None).await.map_err(engine)?,
            stored: StoredColumns::of(source, &self.layout),
            digest: match source.plain {
                Some(_) => None,
                None => Some(ResultDigest::new(&source.schema, false)),
            },
            waiting: VecDeque::new(),
        };
        let sorts =
            self.layout.sort_scope == SortScope::RowGroup && !self.layout.sort_by.is_empty();
        for (file_rows, wanted) in self.cuts {
            let mut left = file_rows;
            while left > 0 {
                let count = self.row_group_rows.min(left);
                left -= count;
                let mut group = rows.take(count).await?;
                if !wanted {
                    continue;
                }
                if sorts {
                    let schema = &rows.stored.schema;
                    group = vec![sorted_batches(&self.layout, schema, &group).map_err(arrow)?];
                }
                if self.sender.send(Batches(group)).await.is_err() {
                    return Err(DatasetError::Interrupted);
                }
            }
        }
        rows.end().await
    }
}

/// A source's stream of rows, from which pieces are taken.
struct CutRows<'a> {
    source: &'a SourceTable,
    stream: SendableRecordBatchStream,
    stored: StoredColumns,
    /// Digest of all rows read so far. Absent if a plain read of the source gives it.
    digest: Option<ResultDigest>,
    waiting: VecDeque<RecordBatch>,
}

impl CutRows<'_> {
    /// Returns the next `rows` rows, in the batches of the stream.
    async fn take(&mut self, rows: u64) -> Result<Vec<RecordBatch>, DatasetError> {
        let (mut missing, mut taken) = (rows, Vec::new());
        while missing > 0 {
            let batch = match self.waiting.pop_front() {
                Some(batch) => batch,
                None => self.next().await?,
            };
            let count = missing.min(batch.num_rows() as u64) as usize;
            if count < batch.num_rows() {
                self.waiting
                    .push_front(batch.slice(count, batch.num_rows() - count));
            }
            missing -= count as u64;
            if count > 0 {
                taken.push(batch.slice(0, count));
            }
        }
        Ok(taken)
    }

    async fn next(&mut self) -> Result<RecordBatch, DatasetError> {
        let arrow = |error: ArrowError| failed(self.source, &error);
        let Some(batch) = self.stream.next().await else {
            return Err(failed(
                self.source,
                &format!(
                    "has fewer than its {} rows; was it changed meanwhile?",
                    self.source.rows
                ),
            ));
        };
        let batch = batch.map_err(|error| failed(self.source, &plain_message(&error)))?;
        if let Some(digest) = &mut self.digest {
            digest.update(&batch).map_err(arrow)?;
        }
        self.stored.of_batch(&batch).map_err(arrow)
    }

    /// Reads the remaining rows. Any rows beyond the expected number change the checksum or,
    /// without a digest, are an error.
    async fn end(mut self) -> Result<Option<(u64, Checksum)>, DatasetError> {
        let source = self.source;
        while let Some(batch) = self.stream.next().await {
            let batch = batch.map_err(|error| failed(source, &plain_message(&error)))?;
            if let Some(digest) = &mut self.digest {
                digest
                    .update(&batch)
                    .map_err(|error| failed(source, &error))?;
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
        Ok(self.digest.map(|digest| (digest.rows(), digest.finish())))
    }
}
