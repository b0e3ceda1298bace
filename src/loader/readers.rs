//! Readers of an accelerator: each fills batches with the rows of its units.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::Stream;
use object_store::ObjectStore;
use object_store::path::Path;

use super::batches::{BatchInWork, Closed, EpochBatches};
use super::order::RowOrder;
use super::tensors::{BatchPart, CopiedRows, MatrixValues, PartRows};
use crate::measure::MeasureError;

/// A unit of a reader, with the place of its first row among the rows that the accelerator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) rows: u64,
}

/// End of a reader before its last row.
#[derive(Debug)]
pub(super) enum Ended {
    /// The loop wants no more.
    Closed,
    Failed(MeasureError),
}

impl From<Closed> for Ended {
    fn from(_: Closed) -> Self {
        Ended::Closed
    }
}

impl From<DataFusionError> for Ended {
    fn from(error: DataFusionError) -> Self {
        Ended::Failed(MeasureError::execution(&error))
    }
}

impl From<ArrowError> for Ended {
    fn from(error: ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

/// A batch of the engine, and the time that it took.
pub(super) struct ReadBatch {
    pub(super) batch: RecordBatch,
    /// Time in which the reader waited for storage.
    pub(super) reading: Duration,
    /// Time in which it decoded.
    pub(super) decoding: Duration,
}

impl ReadBatch {
    /// Returns the first `rows` rows, and the rest if there is one.
    fn split(self, rows: u64) -> (ReadBatch, Option<ReadBatch>) {
        let count = self.batch.num_rows();
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        if rows >= count {
            return (self, None);
        }
        let part = |from: usize, length: usize| {
            let share = length as f64 / count as f64;
            ReadBatch {
                batch: self.batch.slice(from, length),
                reading: self.reading.mul_f64(share),
                decoding: self.decoding.mul_f64(share),
            }
        };
        (part(0, rows), Some(part(rows, count - rows)))
    }
}

/// Error about rows that belong to no row group.
fn beyond(more: &ReadBatch) -> Ended {
    Ended::Failed(MeasureError::defect(format!(
        "the engine returned {} rows beyond those of its row groups",
        more.batch.num_rows()
    )))
}

/// Returns the next batch of a stream with rows. What a stream does while it is polled is decoding,
/// and between polls it waits.
pub(super) async fn next_batch(
    stream: &mut SendableRecordBatchStream,
) -> Result<Option<ReadBatch>, DataFusionError> {
    let (began, mut decoding) = (Instant::now(), Duration::ZERO);
    loop {
        let next = std::future::poll_fn(|context: &mut Context<'_>| {
            let polled = Instant::now();
            let found = Pin::new(&mut *stream).poll_next(context);
            decoding += polled.elapsed();
            found
        });
        match next.await.transpose()? {
            Some(batch) if batch.num_rows() == 0 => {}
            Some(batch) => {
                return Ok(Some(ReadBatch {
                    batch,
                    reading: began.elapsed().saturating_sub(decoding),
                    decoding,
                }));
            }
            None => return Ok(None),
        }
    }
}

/// Fills batches with rows of the engine.
pub(super) struct Filler {
    pub(super) batches: Arc<EpochBatches>,
    pub(super) order: RowOrder,
}

/// Columns of a batch of the engine in the forms that batches need.
pub(super) struct Prepared {
    values: MatrixValues,
    others: Vec<ArrayRef>,
    rows: usize,
    /// Time that converting took.
    pub(super) converting: Duration,
}

impl Prepared {
    pub(super) fn of(batches: &EpochBatches, batch: &RecordBatch) -> Result<Self, ArrowError> {
        let started = Instant::now();
        let values = MatrixValues::of(&batches.plan, batch)?;
        batches.nulls.fetch_add(values.nulls, Ordering::Relaxed);
        let others = batches.plan.others.iter();
        Ok(Prepared {
            others: others
                .map(|index| Arc::clone(batch.column(*index)))
                .collect(),
            rows: batch.num_rows(),
            converting: started.elapsed(),
            values,
        })
    }
}

impl Filler {
    /// Reads the segments of a stream, which returns their rows one after the other. With
    /// `whole_segments`, all rows of a segment are in memory before the first goes into a batch.
    pub(super) async fn fill(
        &self,
        mut stream: SendableRecordBatchStream,
        segments: &[Segment],
        whole_segments: bool,
    ) -> Result<(), Ended> {
        // Rest of a batch that goes beyond its segment.
        let mut rest: Option<ReadBatch> = None;
        for segment in segments {
            let (mut rows, mut held) = (0, Vec::new());
            while rows < segment.rows {
                let read = match rest.take() {
                    Some(read) => Some(read),
                    None => next_batch(&mut stream).await?,
                };
                let Some(read) = read else {
                    return Err(Ended::Failed(MeasureError::defect(format!(
                        "the engine returned {rows} of the {} rows of a row group",
                        segment.rows
                    ))));
                };
                let (read, beyond) = read.split(segment.rows - rows);
                rest = beyond;
                let first = segment.first + rows;
                rows += read.batch.num_rows() as u64;
                match whole_segments {
                    true => held.push((first, read)),
                    false => self.place(first, &read).await?,
                }
            }
            for (first, read) in held {
                self.place(first, &read).await?;
            }
        }
        if let Some(rest) = rest {
            return Err(beyond(&rest));
        }
        match next_batch(&mut stream).await? {
            None => Ok(()),
            Some(more) => Err(beyond(&more)),
        }
    }

    /// Copies rows of the engine into batches. `first` is the place of the first among the rows
    /// that the accelerator reads.
    async fn place(&self, first: u64, read: &ReadBatch) -> Result<(), Ended> {
        let prepared = Prepared::of(&self.batches, &read.batch)?;
        let rows = prepared.rows as u64;
        let share = |some: u64| some as f64 / rows as f64;
        let count = |batch: &BatchInWork, some: u64| {
            batch
                .times
                .add_read(read.reading, read.decoding, share(some));
            batch.times.add_copied(prepared.converting, share(some));
        };
        if self.order.is_sequential() {
            for (number, run) in runs(first..first + rows, self.batches.batching.batch_rows) {
                let Some(batch) = self.batches.batch(number).await? else {
                    continue;
                };
                count(&batch, run.end - run.start);
                let rows = (run.start - first) as usize..(run.end - first) as usize;
                let row = (run.start - number * self.batches.batching.batch_rows) as usize;
                self.copy_run(&prepared, rows, row, &batch)?;
            }
            return Ok(());
        }
        let places = (first..first + rows).map(|row| self.order.place(row));
        for scattered in Scattered::of(places, self.batches.batching.batch_rows) {
            let Some(batch) = self.batches.batch(scattered.batch).await? else {
                continue;
            };
            count(&batch, scattered.rows.len() as u64);
            self.copy_rows(&prepared, &scattered.rows, &batch)?;
        }
        Ok(())
    }

    fn copy_run(
        &self,
        prepared: &Prepared,
        rows: Range<usize>,
        to: usize,
        batch: &BatchInWork,
    ) -> Result<(), ArrowError> {
        let columns = || {
            let columns = prepared.others.iter();
            columns
                .map(|column| column.slice(rows.start, rows.len()))
                .collect()
        };
        let copied = CopiedRows::Run {
            rows: rows.clone(),
            to,
        };
        self.copy(prepared, &copied, batch);
        let part = (!prepared.others.is_empty()).then(|| BatchPart {
            columns: columns(),
            rows: PartRows::From(to),
        });
        self.batches.arrived(batch, rows.len() as u64, part)
    }

    /// Copies one row. Its columns that are in no matrix are copied, too, so that the batch does
    /// not keep all rows beside it in memory.
    pub(super) fn copy_row(
        &self,
        prepared: &Prepared,
        row: u32,
        to: u32,
        batch: &BatchInWork,
    ) -> Result<(), ArrowError> {
        self.copy(prepared, &CopiedRows::Each(&[(row, to)]), batch);
        let started = Instant::now();
        let one = UInt32Array::from(vec![row]);
        let columns = prepared.others.iter().map(|column| {
            let taken = take(column, &one, None)?;
            match taken.data_type() {
                // Views would refer to the memory of all rows.
                DataType::Utf8View => cast(&taken, &DataType::LargeUtf8),
                DataType::BinaryView => cast(&taken, &DataType::LargeBinary),
                _ => Ok(taken),
            }
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        let part = (!columns.is_empty()).then_some(BatchPart {
            columns,
            rows: PartRows::From(to as usize),
        });
        batch.times.add_copied(started.elapsed(), 1.0);
        self.batches.arrived(batch, 1, part)
    }

    /// Copies single rows, each to its row of the batch.
    fn copy_rows(
        &self,
        prepared: &Prepared,
        rows: &[(u32, u32)],
        batch: &BatchInWork,
    ) -> Result<(), ArrowError> {
        self.copy(prepared, &CopiedRows::Each(rows), batch);
        let part = (!prepared.others.is_empty()).then(|| BatchPart {
            columns: prepared.others.clone(),
            rows: PartRows::Each(rows.to_vec()),
        });
        self.batches.arrived(batch, rows.len() as u64, part)
    }

    fn copy(&self, prepared: &Prepared, rows: &CopiedRows<'_>, batch: &BatchInWork) {
        let started = Instant::now();
        prepared
            .values
            .copy(&self.batches.plan, rows, &batch.matrices);
        batch.times.add_copied(started.elapsed(), 1.0);
    }

    /// Reads the bytes of segments and drops them. Batches are full when the bytes of their
    /// rows have been read.
    pub(super) async fn read_raw(
        &self,
        objects: &Arc<dyn ObjectStore>,
        segments: &[(Segment, RawUnit)],
    ) -> Result<(), Ended> {
        let batch_rows = self.batches.batching.batch_rows;
        for (segment, unit) in segments {
            let started = Instant::now();
            unit.read(objects).await?;
            let elapsed = started.elapsed();
            let rows = segment.first..segment.first + segment.rows;
            let share = |some: u64| some as f64 / segment.rows as f64;
            let counts: Vec<(u64, u64)> = match self.order.is_sequential() {
                true => runs(rows, batch_rows)
                    .map(|(number, run)| (number, run.end - run.start))
                    .collect(),
                false => {
                    let places = rows.map(|row| self.order.place(row));
                    let scattered = Scattered::of(places, batch_rows).into_iter();
                    scattered
                        .map(|it| (it.batch, it.rows.len() as u64))
                        .collect()
                }
            };
            for (number, rows) in counts {
                let Some(batch) = self.batches.batch(number).await? else {
                    continue;
                };
                batch.times.add_read(elapsed, Duration::ZERO, share(rows));
                self.batches.arrived(&batch, rows, None)?;
            }
        }
        Ok(())
    }
}

/// Byte ranges of a unit, row group by row group.
#[derive(Debug, Clone)]
pub(super) struct RawUnit {
    pub(super) file: Path,
    pub(super) row_groups: Vec<Vec<Range<u64>>>,
}

impl RawUnit {
    pub(super) async fn read(&self, objects: &Arc<dyn ObjectStore>) -> Result<(), Ended> {
        for ranges in &self.row_groups {
            let read = objects.get_ranges(&self.file, ranges).await;
            drop(read.map_err(|error| Ended::Failed(MeasureError::reading(error.to_string())))?);
        }
        Ok(())
    }
}

/// Splits rows at the ends of batches: number of the batch, and its rows among these.
fn runs(rows: Range<u64>, batch_rows: u64) -> impl Iterator<Item = (u64, Range<u64>)> {
    let mut start = rows.start;
    std::iter::from_fn(move || {
        if start >= rows.end {
            return None;
        }
        let number = start / batch_rows;
        let end = rows.end.min((number + 1) * batch_rows);
        let run = start..end;
        start = end;
        Some((number, run))
    })
}

/// Rows of one batch of the engine that go to one batch of the loop.
struct Scattered {
    batch: u64,
    /// Rows of the engine's batch, and their rows in the loop's.
    rows: Vec<(u32, u32)>,
}

impl Scattered {
    /// Gathers rows by the batch that their places are in, ascending, so that no reader waits for
    /// room beyond a batch that needs its rows.
    fn of(places: impl Iterator<Item = u64>, batch_rows: u64) -> Vec<Scattered> {
        let mut all: std::collections::BTreeMap<u64, Vec<(u32, u32)>> = Default::default();
        for (row, place) in places.enumerate() {
            let rows = all.entry(place / batch_rows).or_default();
            // Batches have fewer than 2^32 rows.
            rows.push((row as u32, (place % batch_rows) as u32));
        }
        all.into_iter()
            .map(|(batch, rows)| Scattered { batch, rows })
            .collect()
    }
}
