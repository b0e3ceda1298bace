//! One scenario on one variant: how it is planned, executed and observed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::cache::establish_warm;
use super::execute::{Execution, execute};
use super::expectation::Observed;
use super::process::Usage;
use crate::dataset::checksum::ResultDigest;
use crate::engine::{
    EngineError, Planned, PlannedScan, has_aggregation, physical_scans, plain_message, plan,
    plan_text, scan_metrics, tables_of,
};
use crate::record::{Cache, Checksum, Iteration, Kind, Lane, Scan, Status};
use crate::scenario::Scenario;
use crate::storage::CountingStore;
use crate::table::{OpenTable, first_damage};

/// A query faster than this is executed several times per iteration.
const SHORTEST_ITERATION: Duration = Duration::from_millis(50);
/// Most time that an iteration spends on planning its executions anew.
const MOST_PLANNING: Duration = Duration::from_secs(1);
/// Most executions of one iteration.
const MOST_EXECUTIONS: u32 = 1000;

/// Why a cell gave no figures.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{message}")]
    Execution { message: String, cause: Cause },
}

/// What an execution failed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Reading a file or decoding a page, or a task that panicked over either.
    Reading,
    /// A file that cannot be read.
    BadInput,
    /// Anything else, such as a division by zero in the query.
    Other,
}

impl MeasureError {
    fn execution(error: &DataFusionError) -> Self {
        let cause = match error.find_root() {
            DataFusionError::ParquetError(_)
            | DataFusionError::ObjectStore(_)
            | DataFusionError::IoError(_)
            | DataFusionError::ExecutionJoin(_)
            | DataFusionError::External(_) => Cause::Reading,
            DataFusionError::ArrowError(error, _) => match **error {
                ArrowError::ParquetError(_)
                | ArrowError::ExternalError(_)
                | ArrowError::IoError(..) => Cause::Reading,
                _ => Cause::Other,
            },
            _ => Cause::Other,
        };
        MeasureError::Execution {
            message: plain_message(error),
            cause,
        }
    }

    pub(crate) fn defect(message: String) -> Self {
        MeasureError::Execution {
            message,
            cause: Cause::Other,
        }
    }
}

/// A scenario, bound to the session and the tables of a variant.
pub struct Cell {
    pub id: String,
    pub scenario: Arc<Scenario>,
    pub context: SessionContext,
    pub store: Arc<CountingStore>,
    /// The tables that the query scans.
    pub tables: Vec<Arc<OpenTable>>,
    /// Executions per iteration, as the first iteration's time suggests; none before it.
    executions: Option<u32>,
}

/// The place of an iteration in a run.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    pub kind: Kind,
    pub round: u32,
    pub position: u32,
    pub started_offset_ns: u64,
    /// Logical bytes of the result, known from the checksummed execution.
    pub arrow_bytes: u64,
}

impl Cell {
    /// Plans the query once, and picks the tables that it scans out of those registered in the session.
    pub async fn new(
        id: String,
        scenario: Arc<Scenario>,
        context: SessionContext,
        store: Arc<CountingStore>,
        registered: &[Arc<OpenTable>],
    ) -> Result<(Self, Planned), EngineError> {
        let planned = plan(&context, &scenario.sql).await?;
        let named = tables_of(&planned.logical);
        let tables = registered
            .iter()
            .filter(|table| named.contains(&table.name))
            .cloned()
            .collect();
        Ok((
            Cell {
                id,
                scenario,
                context,
                store,
                tables,
                executions: None,
            },
            planned,
        ))
    }

    /// Files that the query's tables consist of.
    pub fn files(&self) -> Vec<PathBuf> {
        self.tables
            .iter()
            .flat_map(|table| table.paths.iter().cloned())
            .collect()
    }

    /// Bytes of these files.
    pub fn file_bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.file_bytes).sum()
    }

    /// Row groups in the query's tables.
    pub fn row_groups(&self) -> u64 {
        self.tables.iter().map(|table| table.row_groups).sum()
    }

    /// One iteration: the cache state first, untimed, then the plan, then its executions to the last batch. Only these are
    /// timed, and only their bytes and CPU time are counted.
    pub async fn iterate(&mut self, probe: Probe) -> Result<Iteration, MeasureError> {
        let (cache, status, reason) = self.warmed().await?;
        let planned = plan(&self.context, &self.scenario.sql).await?;
        let task = self.context.task_ctx();
        let mut physical = Arc::clone(&planned.physical);
        if self.executions.is_none() && probe.kind == Kind::Measured {
            // Without a warm-up, an execution that is not counted tells how many one iteration takes.
            let found = self.executed(&physical, &task).await?;
            self.executions = Some(executions_for(found.elapsed, planned.elapsed));
            physical = planned.again(&self.context).await?;
        }
        let executions = self.executions.unwrap_or(1);
        let mut sum = Sum::default();
        self.store.reset_counters();
        for execution in 0..executions {
            if execution > 0 {
                physical = planned.again(&self.context).await?;
            }
            self.store.reset_touched();
            let before = Usage::now();
            let found = self.executed(&physical, &task).await?;
            sum.add(&found, &before, &Usage::now());
            if let Some(rows) = sum.rows
                && rows != found.rows
                && self.scenario.nondeterministic.is_none()
            {
                return Err(MeasureError::defect(format!(
                    "two executions of one iteration gave {rows} and {} rows",
                    found.rows
                )));
            }
        }
        let counters = self.store.counters();
        let elapsed = sum.elapsed / executions;
        let per_execution = u64::from(executions);
        let iteration = Iteration {
            lane: Lane::EndToEnd,
            round: probe.round,
            position: probe.position,
            started_offset_ns: probe.started_offset_ns,
            kind: probe.kind,
            status,
            reason,
            elapsed_ns: nanoseconds(elapsed),
            planning_ns: nanoseconds(planned.elapsed),
            first_batch_ns: sum.first_batch.map(|total| nanoseconds(total / executions)),
            executions,
            cpu_user_ns: sum.cpu_user_ns / per_execution,
            cpu_system_ns: sum.cpu_system_ns / per_execution,
            rows: sum.rows.unwrap_or(0),
            arrow_bytes: probe.arrow_bytes,
            checksum: None,
            engine_ranges: counters.ranges / per_execution,
            engine_data_bytes: counters.data_bytes / per_execution,
            engine_metadata_bytes: counters.metadata_bytes / per_execution,
            requests: counters.requests / per_execution,
            requested_bytes: counters.requested_bytes / per_execution,
            device_read_bytes: sum.device_read_bytes.map(|total| total / per_execution),
            cache,
            scan_partitions: physical_scans(&physical)
                .iter()
                .map(|scan| scan.partitions)
                .max()
                .unwrap_or(0),
            scans: self.scans(&physical),
        };
        if probe.kind == Kind::Warmup {
            self.executions = Some(executions_for(elapsed, planned.elapsed));
        }
        Ok(iteration)
    }

    /// Establishes the cache state, on a thread where reading files may take its time.
    async fn warmed(&self) -> Result<(Cache, Status, Option<String>), MeasureError> {
        let files = self.files();
        tokio::task::spawn_blocking(move || establish_warm(&files))
            .await
            .map_err(|error| MeasureError::defect(error.to_string()))
    }

    async fn executed(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        task: &Arc<TaskContext>,
    ) -> Result<Execution, MeasureError> {
        execute(plan, task, None)
            .await
            .map_err(|error| MeasureError::execution(&error))
    }

    /// An untimed execution that counts and checksums the result.
    pub async fn verify(&self) -> Result<Verified, MeasureError> {
        let planned = plan(&self.context, &self.scenario.sql).await?;
        let approximate = has_aggregation(&planned.physical);
        let digest = Arc::new(Mutex::new(ResultDigest::new(
            &planned.physical.schema(),
            approximate,
        )));
        self.store.reset_touched();
        let found = execute(&planned.physical, &self.context.task_ctx(), Some(&digest))
            .await
            .map_err(|error| MeasureError::execution(&error))?;
        let scans = physical_scans(&planned.physical);
        let columns = scans
            .iter()
            .flat_map(|scan| scan.columns.iter().cloned())
            .collect();
        let row_groups_kept = self
            .scans(&planned.physical)
            .iter()
            .map(|scan| row_groups_kept(&scan.metrics))
            .sum();
        // A table that is scanned twice counts twice, as it does in the metrics.
        let scans_of =
            |table: &OpenTable| scans.iter().filter(|scan| reads(scan, table)).count() as u64;
        let observed = Observed {
            columns,
            rows: found.rows,
            row_groups_kept,
            row_groups: self
                .tables
                .iter()
                .map(|table| table.row_groups * scans_of(table).max(1))
                .sum(),
            plan: plan_text(&planned.physical),
        };
        let digest = Arc::into_inner(digest).ok_or_else(|| {
            MeasureError::defect("a partition was still running after the last batch".to_owned())
        })?;
        let digest = digest.into_inner().unwrap_or_else(PoisonError::into_inner);
        let arrow_bytes = digest.arrow_bytes();
        Ok(Verified {
            rows: found.rows,
            arrow_bytes,
            checksum: digest.finish(),
            observed,
        })
    }

    /// The same error, with the file and the row group that cannot be read where there is one. Only what reading may have
    /// caused is looked into.
    pub async fn locate(&self, error: MeasureError) -> MeasureError {
        let MeasureError::Execution {
            message,
            cause: Cause::Reading,
        } = error
        else {
            return error;
        };
        let files = self.files();
        match tokio::task::spawn_blocking(move || first_damage(&files)).await {
            Ok(Some(damage)) => MeasureError::Execution {
                message: damage,
                cause: Cause::BadInput,
            },
            Ok(None) | Err(_) => MeasureError::Execution {
                message,
                cause: Cause::Reading,
            },
        }
    }

    /// What the scans of an executed plan did, by table: DataFusion's metrics, and what the store saw.
    fn scans(&self, executed: &Arc<dyn ExecutionPlan>) -> Vec<Scan> {
        let scans = physical_scans(executed);
        self.tables
            .iter()
            .map(|table| {
                let mut metrics: BTreeMap<String, u64> = BTreeMap::new();
                let mut planned = 0;
                for scan in scans.iter().filter(|scan| reads(scan, table)) {
                    // A table that is scanned twice counts twice, as it does in the metrics.
                    planned += table.row_groups;
                    for (name, value) in scan_metrics(scan) {
                        *metrics.entry(name).or_default() += value;
                    }
                }
                let touched = self.store.touched(table.objects.iter());
                let kept = row_groups_kept(&metrics);
                Scan {
                    table: table.name.clone(),
                    metrics,
                    row_groups_read: touched.row_groups,
                    row_groups: table.row_groups,
                    row_groups_pruned: planned.saturating_sub(kept),
                    files_read: touched.files,
                    files: table.objects.len() as u64,
                }
            })
            .collect()
    }
}

/// What a result turned out to be.
#[derive(Debug)]
pub struct Verified {
    pub rows: u64,
    pub arrow_bytes: u64,
    pub checksum: Checksum,
    pub observed: Observed,
}

fn reads(scan: &PlannedScan, table: &OpenTable) -> bool {
    scan.table.as_ref() == Some(&table.name)
}

/// Row groups that a scan kept after every kind of pruning; bloom filters are the last to be asked, and are counted
/// whether or not there are any.
fn row_groups_kept(metrics: &BTreeMap<String, u64>) -> u64 {
    let metric = |name: &str| metrics.get(name).copied().unwrap_or(0);
    metric("row_groups_pruned_bloom_filter_matched")
        .saturating_sub(metric("limit_pruned_row_groups_pruned"))
        .saturating_sub(metric("row_groups_pruned_dynamic_filter"))
}

/// What the executions of an iteration add up to.
#[derive(Default)]
struct Sum {
    elapsed: Duration,
    first_batch: Option<Duration>,
    /// Of the first execution; the others give as many.
    rows: Option<u64>,
    cpu_user_ns: u64,
    cpu_system_ns: u64,
    device_read_bytes: Option<u64>,
}

impl Sum {
    fn add(&mut self, found: &Execution, before: &Usage, after: &Usage) {
        self.rows.get_or_insert(found.rows);
        self.elapsed += found.elapsed;
        if let Some(first_batch) = found.first_batch {
            self.first_batch = Some(self.first_batch.unwrap_or_default() + first_batch);
        }
        self.cpu_user_ns += after.cpu_user_ns.saturating_sub(before.cpu_user_ns);
        self.cpu_system_ns += after.cpu_system_ns.saturating_sub(before.cpu_system_ns);
        if let Some((before, after)) = before.device_read_bytes.zip(after.device_read_bytes) {
            self.device_read_bytes =
                Some(self.device_read_bytes.unwrap_or(0) + after.saturating_sub(before));
        }
    }
}

/// Executions that make an iteration long enough to be timed, without spending more than about a second on planning them.
fn executions_for(elapsed: Duration, planning: Duration) -> u32 {
    let times = |total: Duration, one: Duration| {
        let times = total.as_nanos().div_ceil(one.as_nanos().max(1));
        u32::try_from(times).unwrap_or(u32::MAX)
    };
    times(SHORTEST_ITERATION, elapsed)
        .min(times(MOST_PLANNING, planning))
        .clamp(1, MOST_EXECUTIONS)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Offset of now from the start of a run.
pub fn offset_ns(started: Instant) -> u64 {
    nanoseconds(started.elapsed())
}

/// Cache of an iteration that never came to be.
pub(crate) fn unknown_cache() -> Cache {
    Cache {
        state: crate::record::CacheState::Warm,
        resident_ratio_before: None,
    }
}
