//! DLIO's read mode `default`: a reader has the projection of a whole file in memory before it
//! outputs the first row.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;

/// Puts a [`WholeFilesExec`] over every scan of Parquet. It runs last, when everything that can be
/// pushed into scans is there.
#[derive(Debug)]
pub(super) struct WholeFiles {
    /// Number of files that are read at once.
    pub(super) readers: usize,
}

impl PhysicalOptimizerRule for WholeFiles {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let scan = node
                .downcast_ref::<DataSourceExec>()
                .and_then(|scan| scan.downcast_to_file_source::<ParquetSource>());
            let Some((config, _)) = scan else {
                return Ok(Transformed::no(node));
            };
            // Each file is one partition; files that were split by bytes are joined again.
            let mut seen = HashSet::new();
            let mut files = Vec::new();
            for file in config.file_groups.iter().flat_map(FileGroup::iter) {
                if seen.insert(file.object_meta.location.clone()) {
                    let mut file = file.clone();
                    file.range = None;
                    files.push(FileGroup::new(vec![file]));
                }
            }
            let readers = config.file_groups.len().min(files.len());
            let (readers, limit) = (readers.clamp(1, self.readers), config.limit);
            let config = FileScanConfigBuilder::from(config.clone())
                .with_file_groups(files)
                .with_preserve_order(true)
                .build();
            let scan = DataSourceExec::from_data_source(config);
            let whole = WholeFilesExec::new(scan, readers, limit);
            Ok(Transformed::yes(Arc::new(whole) as _))
        })
        .data()
    }

    fn name(&self) -> &str {
        "whole_files"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Reads the partitions of its input, each of which is a file. It has one reader per partition of
/// its own, which reads one file after the other, and holds all batches of a file before it outputs
/// the first.
#[derive(Debug)]
pub(super) struct WholeFilesExec {
    input: Arc<dyn ExecutionPlan>,
    /// Number of rows after which a reader stops, as a partition of the replaced scan does. Nodes
    /// above rely on it.
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
    /// Partitions of the input that no reader has taken yet.
    left: Arc<Mutex<VecDeque<usize>>>,
    metrics: ExecutionPlanMetricsSet,
}

impl WholeFilesExec {
    fn new(input: Arc<dyn ExecutionPlan>, readers: usize, limit: Option<usize>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(readers),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let files = input.output_partitioning().partition_count();
        WholeFilesExec {
            input,
            limit,
            properties: Arc::new(properties),
            left: Arc::new(Mutex::new((0..files).collect())),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for WholeFilesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readers = self.properties.output_partitioning().partition_count();
        write!(f, "WholeFilesExec: readers={readers}")
    }
}

impl ExecutionPlan for WholeFilesExec {
    fn name(&self) -> &str {
        "WholeFilesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let readers = self.properties.output_partitioning().partition_count();
        let input = children.into_iter().next().ok_or_else(|| {
            DataFusionError::Internal("WholeFilesExec was given no input".to_owned())
        })?;
        Ok(Arc::new(WholeFilesExec::new(input, readers, self.limit)))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let readers = self.properties.output_partitioning().partition_count();
        let input = Arc::clone(&self.input).reset_state()?;
        Ok(Arc::new(WholeFilesExec::new(input, readers, self.limit)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (input, left) = (Arc::clone(&self.input), Arc::clone(&self.left));
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let wanted = Arc::new(AtomicUsize::new(self.limit.unwrap_or(usize::MAX)));
        let still_wanted = Arc::clone(&wanted);
        let files = futures::stream::iter(std::iter::from_fn(move || {
            match still_wanted.load(Ordering::Relaxed) {
                0 => None,
                _ => left.lock().pop_front(),
            }
        }));
        let rows = metrics.output_rows().clone();
        let held = MemoryConsumer::new("WholeFilesExec").register(context.memory_pool());
        let held = Arc::new(Mutex::new(held));
        let batches = files
            .then(move |file| {
                let opened = input.execute(file, Arc::clone(&context));
                let held = Arc::clone(&held);
                async move {
                    let mut opened = opened?;
                    let mut batches: Vec<RecordBatch> = Vec::new();
                    // Consumers may have dropped the batches of the file before.
                    held.lock().free();
                    while let Some(batch) = opened.try_next().await? {
                        held.lock().try_grow(batch.get_array_memory_size())?;
                        batches.push(batch);
                    }
                    Ok::<_, DataFusionError>(futures::stream::iter(batches.into_iter().map(Ok)))
                }
            })
            .try_flatten()
            .map_ok(move |batch: RecordBatch| {
                let left = wanted.load(Ordering::Relaxed);
                let batch = match batch.num_rows() > left {
                    true => batch.slice(0, left),
                    false => batch,
                };
                wanted.store(left - batch.num_rows(), Ordering::Relaxed);
                batch
            })
            .inspect_ok(move |batch: &RecordBatch| {
                rows.add(batch.num_rows());
            });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
