//! Samples by index: each row is looked up by its number, in row groups that are decoded when they
//! are needed and kept for a while.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use datafusion::execution::TaskContext;
use object_store::ObjectStore;
use object_store::path::Path;

use super::order::{Batching, RowOrder, Unit};
use super::readers::{Ended, Filler, Prepared, RawUnit, next_batch};
use crate::engine::{OrderedScan, ScanPiece};
use crate::measure::MeasureError;

/// Hits and misses of all readers of a process.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
}

/// Way in which a row group's rows come into memory.
pub(super) enum RowGroupSource {
    /// Decoded by a plan of its own.
    Decoded {
        scan: Arc<OrderedScan>,
        context: Arc<TaskContext>,
        /// Files and their numbers of row groups.
        files: Arc<Vec<(Path, usize)>>,
    },
    /// Read and dropped.
    Raw {
        objects: Arc<dyn ObjectStore>,
        units: Arc<Vec<RawUnit>>,
    },
}

/// Reader that fills every n-th batch of an accelerator.
pub(super) struct SampleReader {
    pub(super) filler: Filler,
    pub(super) units: Arc<Vec<Unit>>,
    /// Number of the first row of each unit among those of the accelerator.
    pub(super) starts: Arc<Vec<u64>>,
    pub(super) source: RowGroupSource,
    pub(super) kept: usize,
    pub(super) lookups: Arc<Lookups>,
}

/// A row group in memory. Raw ones have no batches.
struct KeptRowGroup {
    unit: usize,
    /// Number of the first row of each batch within the row group.
    batches: Vec<(u64, Prepared)>,
}

impl SampleReader {
    /// Fills the batches `first`, `first + step`, and so on.
    pub(super) async fn fill(&self, first: u64, step: u64) -> Result<(), Ended> {
        // The one that was used last is at the end.
        let mut kept: VecDeque<KeptRowGroup> = VecDeque::new();
        let batching = self.filler.batches.batching;
        let order: RowOrder = self.filler.order;
        let mut number = first;
        while let Some(batch) = self.filler.batches.batch(number).await? {
            let rows = rows_of(batching, number);
            for place in rows.clone() {
                let sample = order.place(place);
                let unit = self.starts.partition_point(|start| *start <= sample) - 1;
                match kept.iter().position(|it| it.unit == unit) {
                    Some(found) => {
                        self.lookups.hits.fetch_add(1, Ordering::Relaxed);
                        if let Some(found) = kept.remove(found) {
                            kept.push_back(found);
                        }
                    }
                    None => {
                        self.lookups.misses.fetch_add(1, Ordering::Relaxed);
                        if kept.len() >= self.kept {
                            kept.pop_front();
                        }
                        let (read, reading, decoding) = self.read(unit).await?;
                        batch.times.add_read(reading, decoding, 1.0);
                        let prepared = read.batches.iter().map(|(_, prepared)| prepared);
                        let converting = prepared.map(|it| it.converting).sum();
                        batch.times.add_copied(converting, 1.0);
                        kept.push_back(read);
                    }
                }
                let row = sample - self.starts[unit];
                let to = u32::try_from(place - rows.start).unwrap_or(u32::MAX);
                let found = kept
                    .back()
                    .map(|it| &it.batches)
                    .filter(|it| !it.is_empty());
                match found {
                    None => self.filler.batches.arrived(&batch, 1, None)?,
                    Some(batches) => {
                        let index = batches.partition_point(|(start, _)| *start <= row) - 1;
                        let (start, prepared) = &batches[index];
                        let row = u32::try_from(row - start).unwrap_or(u32::MAX);
                        self.filler.copy_row(prepared, row, to, &batch)?;
                    }
                }
            }
            number += step;
        }
        Ok(())
    }

    /// Brings a row group into memory. Returns the times of reading and of decoding, too.
    async fn read(&self, unit: usize) -> Result<(KeptRowGroup, Duration, Duration), Ended> {
        let mut read = KeptRowGroup {
            unit,
            batches: Vec::new(),
        };
        let (mut reading, mut decoding) = (Duration::ZERO, Duration::ZERO);
        match &self.source {
            RowGroupSource::Raw { objects, units } => {
                let started = std::time::Instant::now();
                units[unit].read(objects).await?;
                reading = started.elapsed();
            }
            RowGroupSource::Decoded {
                scan,
                context,
                files,
            } => {
                let wanted = &self.units[unit];
                let (file, row_groups) = &files[wanted.file as usize];
                let piece = ScanPiece {
                    file,
                    row_groups: *row_groups,
                    read: wanted.row_groups.clone().collect(),
                };
                let plan = scan.in_order(&[vec![piece]]);
                let plan = plan.map_err(|error| Ended::Failed(error.into()))?;
                let mut stream = plan.execute(0, Arc::clone(context))?;
                let mut rows = 0;
                while let Some(found) = next_batch(&mut stream).await? {
                    reading += found.reading;
                    decoding += found.decoding;
                    let prepared = Prepared::of(&self.filler.batches, &found.batch)?;
                    read.batches.push((rows, prepared));
                    rows += found.batch.num_rows() as u64;
                }
                if rows != wanted.rows {
                    return Err(Ended::Failed(MeasureError::defect(format!(
                        "the engine returned {rows} of the {} rows of a row group",
                        wanted.rows
                    ))));
                }
            }
        }
        Ok((read, reading, decoding))
    }
}

/// Numbers of the rows of a batch.
fn rows_of(batching: Batching, batch: u64) -> std::ops::Range<u64> {
    let start = batch * batching.batch_rows;
    start..start + batching.rows_of(batch)
}
