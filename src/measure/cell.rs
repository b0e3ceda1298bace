//! One scenario on one variant: how it is planned, executed and observed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use datafusion::error::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::cache::establish_warm;
use super::checksum::ResultDigest;
use super::execute::{Execution, execute};
use super::expectation::Observed;
use super::process::{cpu_ns, device_read_bytes};
use crate::engine::{
    EngineError, Planned, PlannedScan, has_aggregation, physical_scans, plain_message, plan,
    plan_text, scan_metrics, tables_of,
};
use crate::record::{Cache, Checksum, Iteration, Kind, Lane, Scan};
use crate::scenario::Scenario;
use crate::storage::CountingStore;
use crate::table::{OpenTable, first_damage};

/// A query faster than this is executed several times per iteration.
const SHORTEST_ITERATION: Duration = Duration::from_millis(50);
/// Most executions of one iteration.
const MOST_EXECUTIONS: u32 = 1000;

/// Why a cell gave no figures.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{message}")]
    Execution {
        message: String,
        /// Whether what was read is at fault: a page that cannot be decoded, a file that is gone.
        bad_input: bool,
    },
}

impl MeasureError {
    fn execution(error: &DataFusionError) -> Self {
        MeasureError::Execution {
            message: plain_message(error),
            bad_input: false,
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

    /// Row groups in the query's tables.
    pub fn row_groups(&self) -> u64 {
        self.tables.iter().map(|table| table.row_groups).sum()
    }

    /// One iteration: the cache state first, untimed, then the plan, then its executions to the last batch.
    pub async fn iterate(&mut self, probe: Probe) -> Result<Iteration, MeasureError> {
        let (cache, status, reason) = establish_warm(&self.files());
        let planned = plan(&self.context, &self.scenario.sql).await?;
        let task = self.context.task_ctx();
        self.store.reset();
        let device_before = device_read_bytes();
        let (user_before, system_before) = cpu_ns();
        let mut total = Duration::ZERO;
        let mut first_batch: Option<Duration> = None;
        let mut rows = None;
        let mut physical = Arc::clone(&planned.physical);
        let executions = self.executions.unwrap_or(1);
        for execution in 0..executions {
            if execution > 0 {
                physical = planned.again(&self.context).await?;
            }
            let found = execute(&physical, &task, None)
                .await
                .map_err(|error| MeasureError::execution(&error))?;
            total += found.elapsed;
            if let Some(after) = found.first_batch {
                first_batch = Some(first_batch.unwrap_or_default() + after);
            }
            check_rows(&mut rows, &found)?;
        }
        let (user_after, system_after) = cpu_ns();
        let device_after = device_read_bytes();
        let counters = self.store.counters();
        let elapsed = total / executions;
        let per_execution = u64::from(executions);
        let scans = self.scans(&physical);
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
            first_batch_ns: first_batch.map(|total| nanoseconds(total / executions)),
            executions,
            cpu_user_ns: user_after.saturating_sub(user_before) / per_execution,
            cpu_system_ns: system_after.saturating_sub(system_before) / per_execution,
            rows: rows.unwrap_or(0),
            arrow_bytes: probe.arrow_bytes,
            checksum: None,
            engine_ranges: counters.ranges / per_execution,
            engine_data_bytes: counters.data_bytes / per_execution,
            engine_metadata_bytes: counters.metadata_bytes / per_execution,
            requests: counters.requests / per_execution,
            requested_bytes: counters.requested_bytes / per_execution,
            device_read_bytes: device_before
                .zip(device_after)
                .map(|(before, after)| after.saturating_sub(before) / per_execution),
            cache,
            scan_partitions: physical_scans(&physical)
                .iter()
                .map(|scan| scan.partitions)
                .max()
                .unwrap_or(0),
            scans,
        };
        self.executions.get_or_insert(executions_for(elapsed));
        Ok(iteration)
    }

    /// An untimed execution that counts and checksums the result.
    pub async fn verify(&self) -> Result<Verified, MeasureError> {
        let planned = plan(&self.context, &self.scenario.sql).await?;
        let approximate = has_aggregation(&planned.physical);
        let digest = Arc::new(Mutex::new(ResultDigest::new(
            &planned.physical.schema(),
            approximate,
        )));
        self.store.reset();
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
        let observed = Observed {
            columns,
            rows: found.rows,
            row_groups_kept,
            row_groups: self.row_groups(),
            plan: plan_text(&planned.physical),
        };
        let digest = Arc::into_inner(digest).ok_or_else(|| MeasureError::Execution {
            message: "a partition was still running after the last batch".to_owned(),
            bad_input: false,
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

    /// The same error, with the file and the row group that cannot be read where there is one.
    pub async fn locate(&self, error: MeasureError) -> MeasureError {
        let MeasureError::Execution { message, .. } = error else {
            return error;
        };
        let files = self.files();
        match tokio::task::spawn_blocking(move || first_damage(&files)).await {
            Ok(Some(damage)) => MeasureError::Execution {
                message: damage,
                bad_input: true,
            },
            Ok(None) | Err(_) => MeasureError::Execution {
                message,
                bad_input: false,
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
                for scan in scans.iter().filter(|scan| reads(scan, table)) {
                    for (name, value) in scan_metrics(scan) {
                        *metrics.entry(name).or_default() += value;
                    }
                }
                let touched = self.store.touched(table.objects.iter());
                Scan {
                    table: table.name.clone(),
                    metrics,
                    row_groups_read: touched.row_groups,
                    row_groups: table.row_groups,
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
    scan.first_file
        .as_ref()
        .is_some_and(|file| table.objects.binary_search(file).is_ok())
}

/// Row groups that a scan kept after every kind of pruning; bloom filters are the last to be asked, and are counted
/// whether or not there are any.
fn row_groups_kept(metrics: &BTreeMap<String, u64>) -> u64 {
    let metric = |name: &str| metrics.get(name).copied().unwrap_or(0);
    metric("row_groups_pruned_bloom_filter_matched")
        .saturating_sub(metric("limit_pruned_row_groups_pruned"))
        .saturating_sub(metric("row_groups_pruned_dynamic_filter"))
}

fn check_rows(known: &mut Option<u64>, found: &Execution) -> Result<(), MeasureError> {
    let rows = *known.get_or_insert(found.rows);
    if rows == found.rows {
        return Ok(());
    }
    Err(MeasureError::Execution {
        message: format!(
            "two executions of one iteration gave {rows} and {} rows",
            found.rows
        ),
        bad_input: false,
    })
}

fn executions_for(elapsed: Duration) -> u32 {
    if elapsed >= SHORTEST_ITERATION {
        return 1;
    }
    let needed = SHORTEST_ITERATION
        .as_nanos()
        .div_ceil(elapsed.as_nanos().max(1));
    u32::try_from(needed)
        .unwrap_or(MOST_EXECUTIONS)
        .min(MOST_EXECUTIONS)
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
