//! One execution of a physical plan, drained to the last batch of every partition.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use datafusion::common::runtime::JoinSet;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream_partitioned};
use futures::StreamExt;
use parking_lot::Mutex;

use crate::digest::ResultDigest;

/// Outcome of an execution.
#[derive(Debug)]
pub struct Execution {
    /// Time to the last batch of every partition.
    pub elapsed: Duration,
    /// Time to the first batch with rows. Absent if there was none.
    pub first_batch: Option<Duration>,
    pub rows: u64,
}

/// Executes a plan on all of its partitions at once, each in a task of its own, and drops the
/// batches. If there is a digest, every batch is added to it, which costs time: such an execution
/// should not be timed.
///
/// Dropping the future stops the execution.
pub async fn execute(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
    digest: Option<&Arc<Mutex<ResultDigest>>>,
) -> Result<Execution> {
    let first_batch_ns = Arc::new(AtomicU64::new(u64::MAX));
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for mut stream in execute_stream_partitioned(Arc::clone(plan), Arc::clone(context))? {
        let first_batch_ns = Arc::clone(&first_batch_ns);
        let digest = digest.map(Arc::clone);
        tasks.spawn(async move {
            let mut rows = 0_u64;
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                if rows == 0 && batch.num_rows() > 0 {
                    let elapsed = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    first_batch_ns.fetch_min(elapsed, Ordering::Relaxed);
                }
                rows += batch.num_rows() as u64;
                if let Some(digest) = &digest {
                    digest.lock().update(&batch)?;
                }
            }
            Ok::<u64, DataFusionError>(rows)
        });
    }
    let mut rows = 0;
    while let Some(partition) = tasks.join_next().await {
        rows += partition.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))??;
    }
    let elapsed = started.elapsed();
    let first_batch = match first_batch_ns.load(Ordering::Relaxed) {
        u64::MAX => None,
        nanoseconds => Some(Duration::from_nanos(nanoseconds)),
    };
    Ok(Execution {
        elapsed,
        first_batch,
        rows,
    })
}
