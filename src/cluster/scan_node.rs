//! A plan node over each scan, which catches panics and adds up on the worker what the scan did.
//!
//! The distributed engine takes a panic in a worker's task for the end of its rows. It can also
//! send each metric of each file back to the coordinator, which takes 46 kB there for each file; so
//! the worker adds them up itself, and they come with its report.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    StatisticsArgs,
};
use datafusion_distributed::DistributedTaskContext;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use futures::{Stream, StreamExt};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::message::TableScans;
use crate::engine::{partition_rows, physical_scans, scan_metrics};

/// Name of a scan: what a plan's own description of its files loses on its way to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ScanName {
    table: String,
    /// Number of the scan in its plan.
    number: u32,
}

/// A scan that is observed.
#[derive(Debug)]
struct ScanNode {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    name: ScanName,
    /// Absent on the coordinator.
    task: Option<Arc<ScanTask>>,
}

impl ScanNode {
    fn over(input: Arc<dyn ExecutionPlan>, name: ScanName, task: Option<Arc<ScanTask>>) -> Self {
        ScanNode {
            properties: Arc::clone(input.properties()),
            input,
            name,
            task,
        }
    }
}

impl DisplayAs for ScanNode {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScanNode: table={}", self.name.table)
    }
}

impl ExecutionPlan for ScanNode {
    fn name(&self) -> &str {
        "ScanNode"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(input) = children.into_iter().next() else {
            return internal_err!("a scan has an input");
        };
        Ok(Arc::new(ScanNode::over(
            input,
            self.name.clone(),
            self.task.clone(),
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let running = self.task.as_ref().map(|task| {
            let _ = task.plan.set(Arc::clone(&self.input));
            Running::of(&task.sums)
        });
        Ok(Box::pin(ScanStream {
            input: self.input.execute(partition, context)?,
            ended: false,
            running,
        }))
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        match inputs.first() {
            Some(statistics) => Ok(Arc::clone(statistics)),
            None => Ok(Arc::new(Statistics::new_unknown(&self.schema()))),
        }
    }
}

/// Rows of a scan. A panic is an error of the query.
struct ScanStream {
    input: SendableRecordBatchStream,
    ended: bool,
    running: Option<Running>,
}

impl Stream for ScanStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.running.as_ref().is_some_and(|it| it.0.is_stopped()) {
            self.ended = true;
            return Poll::Ready(Some(Err(DataFusionError::Execution(STOPPED.to_owned()))));
        }
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| self.input.poll_next_unpin(cx)));
        polled.unwrap_or_else(|panic| {
            self.ended = true;
            Poll::Ready(Some(Err(DataFusionError::Execution(format!(
                "a scan panicked: {}",
                said(panic.as_ref())
            )))))
        })
    }
}

impl RecordBatchStream for ScanStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it gave no reason")
}

/// A worker's part of one scan of one query.
#[derive(Debug)]
struct ScanTask {
    name: ScanName,
    /// Number of the task among those of its stage.
    number: usize,
    /// The scan itself, from its first execution on.
    plan: OnceLock<Arc<dyn ExecutionPlan>>,
    claimed: OnceLock<()>,
    added: Arc<AtomicBool>,
    sums: Arc<ScanSums>,
}

impl ScanTask {
    /// Adds the metrics to the sums, once.
    fn add(&self) {
        if self.claimed.set(()).is_err() {
            return;
        }
        if let Some(plan) = self.plan.get() {
            let mut tables = self.sums.tables.lock();
            let table = tables.entry(self.name.table.clone()).or_default();
            for scan in physical_scans(plan) {
                for (name, value) in scan_metrics(&scan) {
                    *table.metrics.entry(name).or_default() += value;
                }
                for (partition, rows) in partition_rows(&scan).into_iter().enumerate() {
                    let place = (self.name.number, self.number, partition);
                    *table.partition_rows.entry(place).or_default() += rows;
                }
            }
        }
        self.added.store(true, Ordering::Release);
    }
}

impl Drop for ScanTask {
    fn drop(&mut self) {
        self.add();
    }
}

#[derive(Debug, Default)]
struct TableSums {
    metrics: BTreeMap<String, u64>,
    /// Rows by the number of the scan, of the task and of the partition.
    partition_rows: BTreeMap<(u32, usize, usize), u64>,
}

/// Sums over a worker's scans in one measurement.
#[derive(Debug, Default)]
pub(super) struct ScanSums {
    tables: Mutex<BTreeMap<String, TableSums>>,
    /// Scans, each with a mark that its metrics are in the sums.
    tasks: Mutex<Vec<(Weak<ScanTask>, Arc<AtomicBool>)>>,
    clock: Mutex<BusyClock>,
    stopped: AtomicBool,
}

/// Reason why scans end that are stopped.
pub(super) const STOPPED: &str =
    "the measurement is over, as its coordinator has ended it or is gone";

/// Time during which at least one scan runs.
#[derive(Debug, Default)]
struct BusyClock {
    running: usize,
    since: Option<Instant>,
    total: Duration,
}

/// A stream of a scan that runs.
struct Running(Arc<ScanSums>);

impl Running {
    fn of(sums: &Arc<ScanSums>) -> Self {
        let mut clock = sums.clock.lock();
        clock.running += 1;
        if clock.running == 1 {
            clock.since = Some(Instant::now());
        }
        drop(clock);
        Running(Arc::clone(sums))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut clock = self.0.clock.lock();
        clock.running -= 1;
        if clock.running == 0
            && let Some(since) = clock.since.take()
        {
            clock.total += since.elapsed();
        }
    }
}

impl ScanSums {
    fn task(self: &Arc<Self>, name: ScanName, number: usize) -> Arc<ScanTask> {
        let added = Arc::new(AtomicBool::new(false));
        let task = Arc::new(ScanTask {
            name,
            number,
            plan: OnceLock::new(),
            claimed: OnceLock::new(),
            added: Arc::clone(&added),
            sums: Arc::clone(self),
        });
        let mut tasks = self.tasks.lock();
        tasks.retain(|(_, added)| !added.load(Ordering::Acquire));
        tasks.push((Arc::downgrade(&task), added));
        task
    }

    /// Ends all scans with an error.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// True while a scan is read from.
    pub(super) fn is_running(&self) -> bool {
        self.clock.lock().running > 0
    }

    /// Time during which scans ran, until now.
    pub(super) fn busy(&self) -> Duration {
        let clock = self.clock.lock();
        clock.total + clock.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Returns the scans of each table, as means over so many queries.
    pub(super) fn finish(&self, queries: u32) -> Vec<TableScans> {
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for (task, added) in tasks {
            match task.upgrade() {
                Some(task) => task.add(),
                // It is being dropped on another thread, which adds it.
                None => {
                    while !added.load(Ordering::Acquire) {
                        std::thread::yield_now();
                    }
                }
            }
        }
        let queries = u64::from(queries.max(1));
        let tables = self.tables.lock();
        let tables = tables.iter().map(|(table, sums)| {
            let mut partition_rows: Vec<(u32, Vec<u64>)> = Vec::new();
            for ((scan, _, _), rows) in &sums.partition_rows {
                match partition_rows.last_mut().filter(|last| last.0 == *scan) {
                    Some((_, of_scan)) => of_scan.push(rows / queries),
                    None => partition_rows.push((*scan, vec![rows / queries])),
                }
            }
            let metrics = sums.metrics.iter();
            TableScans {
                table: table.clone(),
                metrics: metrics
                    .map(|(name, value)| (name.clone(), value / queries))
                    .collect(),
                partition_rows,
            }
        });
        tables.collect()
    }
}

/// Puts a node over each scan of files, and a boundary over those of one partition. The distributed
/// engine divides a plan where partitions are merged. Without such a place, it would run the plan
/// where it was made.
#[derive(Debug)]
pub(super) struct ObserveScans;

impl PhysicalOptimizerRule for ObserveScans {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut number = 0;
        plan.transform_up(|node| {
            if node.downcast_ref::<DataSourceExec>().is_none() {
                return Ok(Transformed::no(node));
            }
            let scans = physical_scans(&node);
            let Some(table) = scans.into_iter().find_map(|scan| scan.table) else {
                return Ok(Transformed::no(node));
            };
            let name = ScanName { table, number };
            number += 1;
            let limit = node.fetch();
            let partitions = node.output_partitioning().partition_count();
            let over: Arc<dyn ExecutionPlan> = Arc::new(ScanNode::over(node, name, None));
            if partitions > 1 {
                return Ok(Transformed::yes(over));
            }
            // The limit of a scan's only partition is that of the query; several tasks have
            // several.
            let merged = CoalescePartitionsExec::new(over).with_fetch(limit);
            Ok(Transformed::yes(Arc::new(merged) as Arc<dyn ExecutionPlan>))
        })
        .data()
    }

    fn name(&self) -> &str {
        "observe_scans"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Sends these nodes to workers. `sums` is absent on the coordinator.
#[derive(Debug, Default)]
pub(super) struct ScanCodec {
    pub(super) sums: Option<Arc<ScanSums>>,
}

impl PhysicalExtensionCodec for ScanCodec {
    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buffer: &mut Vec<u8>,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let Some(scan) = node.downcast_ref::<ScanNode>() else {
            return internal_err!("workers have no plan node {}", node.name());
        };
        let name = serde_json::to_vec(&scan.name);
        buffer.extend(name.map_err(|error| DataFusionError::External(Box::new(error)))?);
        Ok(())
    }

    fn try_decode(
        &self,
        buffer: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let name = serde_json::from_slice::<ScanName>(buffer);
        let name = name.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let Some(input) = inputs.first() else {
            return internal_err!("a scan has an input");
        };
        let number = context
            .session_config()
            .get_extension::<DistributedTaskContext>();
        let number = number.map_or(0, |task| task.task_index);
        let task = self
            .sums
            .as_ref()
            .map(|sums| sums.task(name.clone(), number));
        let input = with_footer_hint(input, context).unwrap_or_else(|| Arc::clone(input));
        Ok(Arc::new(ScanNode::over(input, name, task)))
    }
}

/// Returns a scan that reads as many bytes at first, for the sake of a footer, as the session says.
/// A plan loses that on its way. `None` if nothing is said.
fn with_footer_hint(
    plan: &Arc<dyn ExecutionPlan>,
    context: &TaskContext,
) -> Option<Arc<dyn ExecutionPlan>> {
    let options = context.session_config().options();
    let hint = options.execution.parquet.metadata_size_hint?;
    let scan = plan.downcast_ref::<DataSourceExec>()?;
    let (config, source) = scan.downcast_to_file_source::<ParquetSource>()?;
    let source = source.clone().with_metadata_size_hint(hint);
    let config = FileScanConfigBuilder::from(config.clone())
        .with_source(Arc::new(source))
        .build();
    Some(DataSourceExec::from_data_source(config))
}
