//! Batches in work: readers fill them in any order, and the loop takes them in theirs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::ArrayRef;
use arrow::error::ArrowError;
use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::buffer::SharedMatrix;
use super::order::Batching;
use super::tensors::{BatchPart, TensorPlan, assembled};
use crate::measure::MeasureError;

/// The batches of an accelerator in an epoch.
#[derive(Debug)]
pub(crate) struct EpochBatches {
    pub(super) plan: Arc<TensorPlan>,
    pub(super) batching: Batching,
    /// Batches that the loop takes.
    pub(super) wanted: u64,
    /// Batches that may be in work or wait.
    capacity: u64,
    state: Mutex<BatchState>,
    /// A batch is full, or something has ended.
    ready: Condvar,
    /// The loop has taken a batch, or something has ended.
    room: Notify,
    /// Nulls that became 0 or NaN.
    pub(super) nulls: AtomicU64,
    /// Batches that the loop has taken: the values of the first matrix, and the other columns.
    #[cfg(test)]
    pub(crate) seen: Mutex<Vec<(Vec<f64>, Vec<ArrayRef>)>>,
}

#[derive(Debug, Default)]
struct BatchState {
    /// Number of the batch that the loop takes next.
    next: u64,
    /// Batches from that one on.
    in_work: VecDeque<Arc<BatchInWork>>,
    /// Batches that were taken, whose memory is used again.
    taken: Vec<Arc<BatchInWork>>,
    /// Memory of batches to come.
    unused: Vec<Vec<SharedMatrix>>,
    closed: bool,
    failed: Option<MeasureError>,
}

/// A batch that readers fill.
#[derive(Debug)]
pub(super) struct BatchInWork {
    rows: u64,
    filled: AtomicU64,
    /// All rows are there, and the columns that are in no matrix are put together.
    is_full: AtomicBool,
    pub(super) matrices: Vec<SharedMatrix>,
    parts: Mutex<Vec<BatchPart>>,
    /// Columns that are in no matrix.
    others: Mutex<Vec<ArrayRef>>,
    pub(super) times: ReaderTimes,
}

/// Time of readers in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct ReaderTimes {
    reading: AtomicU64,
    decoding: AtomicU64,
    copying: AtomicU64,
}

impl ReaderTimes {
    /// Adds a share of the time that a reader waited for storage and decoded.
    pub(super) fn add_read(&self, reading: Duration, decoding: Duration, share: f64) {
        let of = |time: Duration| (time.as_nanos() as f64 * share) as u64;
        self.reading.fetch_add(of(reading), Ordering::Relaxed);
        self.decoding.fetch_add(of(decoding), Ordering::Relaxed);
    }

    pub(super) fn add_copied(&self, copying: Duration, share: f64) {
        let nanoseconds = (copying.as_nanos() as f64 * share) as u64;
        self.copying.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Times of reading, decoding and copying.
    pub(super) fn nanoseconds(&self) -> [u64; 3] {
        [&self.reading, &self.decoding, &self.copying].map(|it| it.load(Ordering::Relaxed))
    }
}

/// Answer to a reader that wants to fill a batch.
enum Found {
    Batch(Arc<BatchInWork>),
    /// The loop must take a batch first.
    NoRoom,
    /// Memory for one more batch is needed.
    NoMemory,
}

/// The loop has ended, and wants no more batches.
#[derive(Debug)]
pub(super) struct Closed;

impl EpochBatches {
    /// `rows_in_work` are the rows beyond the first batch that readers must be able to place before
    /// that batch is full.
    pub(super) fn new(
        plan: Arc<TensorPlan>,
        batching: Batching,
        wanted: u64,
        prefetched: u64,
        rows_in_work: u64,
    ) -> Self {
        EpochBatches {
            plan,
            batching,
            wanted,
            capacity: 1 + prefetched + rows_in_work.div_ceil(batching.batch_rows),
            state: Mutex::default(),
            ready: Condvar::new(),
            room: Notify::new(),
            nulls: AtomicU64::new(0),
            #[cfg(test)]
            seen: Mutex::default(),
        }
    }

    /// Returns a batch for rows to be copied to, as soon as there is room for it. `None` if the
    /// loop does not want it.
    pub(super) async fn batch(&self, number: u64) -> Result<Option<Arc<BatchInWork>>, Closed> {
        if number >= self.wanted {
            return Ok(None);
        }
        loop {
            let room = self.room.notified();
            let mut room = std::pin::pin!(room);
            room.as_mut().enable();
            match self.batch_now(number)? {
                Found::Batch(found) => return Ok(Some(found)),
                // No lock is held while memory is asked for.
                Found::NoMemory => {
                    let memory = self.new_memory();
                    self.state.lock().unused.push(memory);
                }
                Found::NoRoom => room.await,
            }
        }
    }

    fn new_memory(&self) -> Vec<SharedMatrix> {
        let rows = self.batching.batch_rows.min(self.batching.rows) as usize;
        let matrices = self.plan.matrices.iter();
        matrices
            .map(|matrix| SharedMatrix::new(matrix.row_bytes() * rows))
            .collect()
    }

    fn batch_now(&self, number: u64) -> Result<Found, Closed> {
        let state = &mut *self.state.lock();
        if state.closed {
            return Err(Closed);
        }
        // Batches that the loop has taken are full, so that no reader asks for them.
        let place = number.saturating_sub(state.next);
        if place >= self.capacity {
            return Ok(Found::NoRoom);
        }
        while state.in_work.len() as u64 <= place {
            let next = state.next + state.in_work.len() as u64;
            let Some(matrices) = state.memory() else {
                return Ok(Found::NoMemory);
            };
            state.in_work.push_back(Arc::new(BatchInWork {
                rows: self.batching.rows_of(next),
                filled: AtomicU64::new(0),
                is_full: AtomicBool::new(false),
                matrices,
                parts: Mutex::default(),
                others: Mutex::default(),
                times: ReaderTimes::default(),
            }));
        }
        let found = state.in_work.get(place as usize).cloned();
        Ok(found.map_or(Found::NoRoom, Found::Batch))
    }

    /// Says that rows of a batch have arrived, after they were copied to its matrices, with their
    /// other columns.
    pub(super) fn arrived(
        &self,
        batch: &BatchInWork,
        rows: u64,
        part: Option<BatchPart>,
    ) -> Result<(), ArrowError> {
        if let Some(part) = part {
            batch.parts.lock().push(part);
        }
        // Acquire: the reader of the last row assembles what the others have left. Release: see
        // `SharedMatrix`.
        let filled = batch.filled.fetch_add(rows, Ordering::AcqRel) + rows;
        if filled < batch.rows {
            return Ok(());
        }
        if !self.plan.as_they_are {
            let started = std::time::Instant::now();
            let mut parts = std::mem::take(&mut *batch.parts.lock());
            if !parts.is_empty() {
                *batch.others.lock() = assembled(&mut parts, batch.rows as usize)?;
                batch.times.add_copied(started.elapsed(), 1.0);
            }
        }
        batch.is_full.store(true, Ordering::Release);
        // The loop looks for full batches while it holds the lock.
        drop(self.state.lock());
        self.ready.notify_all();
        Ok(())
    }

    /// Takes the next batch, as soon as it is full. `None` after the last one.
    pub(super) fn take(&self) -> Result<Option<TakenBatch<'_>>, MeasureError> {
        let mut state = self.state.lock();
        loop {
            if let Some(error) = state.failed.take() {
                return Err(error);
            }
            if state.closed || state.next >= self.wanted {
                return Ok(None);
            }
            let first = state.in_work.front();
            if first.is_some_and(|it| it.is_full.load(Ordering::Acquire))
                && let Some(batch) = state.in_work.pop_front()
            {
                state.next += 1;
                drop(state);
                self.room.notify_waiters();
                return Ok(Some(TakenBatch {
                    batches: self,
                    batch,
                }));
            }
            self.ready.wait(&mut state);
        }
    }

    /// Ends the work: readers and the loop stop.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.ready.notify_all();
        self.room.notify_waiters();
    }

    /// Ends the work with an error, which the loop gets.
    pub(super) fn fail(&self, error: MeasureError) {
        let mut state = self.state.lock();
        if !state.closed {
            state.failed.get_or_insert(error);
        }
        drop(state);
        self.ready.notify_all();
    }
}

#[cfg(test)]
impl EpochBatches {
    /// Keeps the content of a batch whose first matrix is of 64-bit floats.
    pub(super) fn look_at(&self, batch: &TakenBatch<'_>) {
        use arrow::datatypes::DataType;
        let matrix = self.plan.matrices.first();
        if matrix.is_some_and(|matrix| matrix.dtype == DataType::Float64) {
            self.seen.lock().push((batch.values(), batch.others()));
        }
    }
}

impl BatchState {
    /// Takes memory that is not in use, such as that of a batch that the loop has done with.
    fn memory(&mut self) -> Option<Vec<SharedMatrix>> {
        if let Some(unused) = self.unused.pop() {
            return Some(unused);
        }
        let unused = self
            .taken
            .iter()
            .position(|it| Arc::strong_count(it) == 1)?;
        let batch = Arc::try_unwrap(self.taken.swap_remove(unused)).ok()?;
        Some(batch.matrices)
    }
}

/// A full batch. Its memory is used again when it is dropped.
pub(super) struct TakenBatch<'a> {
    batches: &'a EpochBatches,
    batch: Arc<BatchInWork>,
}

impl TakenBatch<'_> {
    pub(super) fn rows(&self) -> u64 {
        self.batch.rows
    }

    pub(super) fn times(&self) -> &ReaderTimes {
        &self.batch.times
    }

    /// Returns the values of the first matrix, which has them in this type.
    #[cfg(test)]
    pub(super) fn values<T: Copy>(&self) -> Vec<T> {
        let matrix = &self.batches.plan.matrices[0];
        self.batch.matrices[0].values(matrix.width * self.batch.rows as usize)
    }

    /// Returns the columns that are in no matrix.
    #[cfg(test)]
    pub(super) fn others(&self) -> Vec<ArrayRef> {
        self.batch.others.lock().clone()
    }
}

impl Drop for TakenBatch<'_> {
    fn drop(&mut self) {
        // Columns of varying length are dropped with the batch.
        self.batch.parts.lock().clear();
        self.batch.others.lock().clear();
        self.batches
            .state
            .lock()
            .taken
            .push(Arc::clone(&self.batch));
    }
}
