//! The place of each file and of each task among the workers, which is the same in every execution:
//! else the caches of workers would be neither warm nor cold.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileGroupPartitioner, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::SessionContext;
use datafusion_distributed::{
    DesiredTaskCountEvent, DesiredTaskCountEventResponse, DistributedExec, DistributedExt,
    DistributedLeafExec, RouteTasksEvent, RouteTasksEventResponse, ScaleUpLeafNodeEvent,
    ScaleUpLeafNodeEventResponse, SessionStateBuilderExt, WorkerResolver,
};
use http::{HeaderMap, HeaderValue};
use url::Url;

use super::channel::MeasuredChannels;
use super::message::MEASUREMENT;
use super::scan_node::{ObserveScans, ScanCodec};

/// Options that are set for plans of workers, and for those that are compared with them. Filters
/// that are built while a query runs stop where its stages meet, and subqueries are planned in
/// another way; both would make the bytes differ.
pub const PLANNED_ALIKE: [(&str, &str); 2] = [
    ("optimizer.enable_dynamic_filter_pushdown", "false"),
    (
        "optimizer.enable_physical_uncorrelated_scalar_subquery",
        "false",
    ),
];

struct Urls(Vec<Url>);

impl WorkerResolver for Urls {
    fn get_urls(&self) -> Result<Vec<Url>> {
        Ok(self.0.clone())
    }
}

/// Makes a session whose plans run on workers, in so many tasks for each stage.
pub(super) fn distributed(
    context: &SessionContext,
    urls: &[Url],
    tasks: usize,
    measurement: &str,
    channels: MeasuredChannels,
) -> Result<SessionContext> {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(measurement);
    headers.insert(
        MEASUREMENT,
        value.map_err(|error| DataFusionError::External(Box::new(error)))?,
    );
    let routes = urls.to_vec();
    let state = SessionStateBuilder::new_from_existing(context.state())
        .with_physical_optimizer_rule(Arc::new(ObserveScans))
        .with_physical_optimizer_rule(Arc::new(JoinsYield))
        .with_distributed_worker_resolver(Urls(urls.to_vec()))
        .with_distributed_planner()
        .with_distributed_max_tasks_per_stage(tasks)?
        // A child of a union would go to one task alone, which need not be that of its files.
        .with_distributed_children_isolator_unions(false)?
        // The workers' own reports have the metrics. The engine's way can wait for ever.
        .with_distributed_metrics_collection(false)?
        // Compression would cost more CPU time than all else, and hide what a shuffle moves.
        .with_distributed_compression(None)?
        .with_distributed_user_codec(ScanCodec::default())
        .with_distributed_channel_resolver(channels)
        .with_distributed_passthrough_headers(headers)?
        .with_distributed_desired_task_count_handler(move |event: DesiredTaskCountEvent<'_>| {
            scan_of(event.plan)?;
            Some(Ok(DesiredTaskCountEventResponse::desired(tasks)))
        })
        .with_distributed_scale_up_leaf_node_handler(whole_files)
        .with_distributed_route_tasks_handler(move |event: RouteTasksEvent<'_>| {
            let urls = (0..event.task_count).map(|task| routes[task % routes.len()].clone());
            Some(Ok(RouteTasksEventResponse::new(urls.collect())))
        })
        .build();
    Ok(SessionContext::new_with_state(state))
}

/// Lets joins give back their thread after some batches, as scans do, so that a task whose
/// coordinator is gone can end. A join may make thousands of batches of each one that it reads.
#[derive(Debug)]
struct JoinsYield;

impl PhysicalOptimizerRule for JoinsYield {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let yielding = plan.transform_up(|plan| match plan.name().ends_with("JoinExec") {
            true => Ok(Transformed::yes(
                Arc::new(CooperativeExec::new(plan)) as Arc<_>
            )),
            false => Ok(Transformed::no(plan)),
        });
        Ok(yielding?.data)
    }

    fn name(&self) -> &str {
        "joins_yield"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Makes a session that writes no temporary files.
pub(super) fn without_files(context: &SessionContext) -> Result<SessionContext> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::from_runtime_env(&context.runtime_env())
        .with_disk_manager_builder(disk)
        .build_arc()?;
    let state = SessionStateBuilder::new_from_existing(context.state()).with_runtime_env(runtime);
    Ok(SessionContext::new_with_state(state.build()))
}

fn scan_of(plan: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    let scan = plan.downcast_ref::<DataSourceExec>()?;
    scan.data_source().downcast_ref::<FileScanConfig>()
}

/// Gives each task of a scan whole files: the files in the order of their names, one to each task
/// in turn. Within a task, its files are cut for its partitions as they are on one host.
fn whole_files(event: ScaleUpLeafNodeEvent<'_>) -> Option<Result<ScaleUpLeafNodeEventResponse>> {
    let scan = scan_of(event.plan)?;
    let partitions = event.plan.output_partitioning().partition_count();
    let options = event.session_config.options();
    let cut_from = options.optimizer.repartition_file_min_size;
    let may_cut = options.optimizer.repartition_file_scans;
    let mut of_tasks = vec![Vec::new(); event.task_count];
    for (number, file) in files_of(scan).into_iter().enumerate() {
        of_tasks[number % event.task_count].push(file);
    }
    let variants = of_tasks.into_iter().map(|files| {
        let groups = FileGroup::new(files).split_files(partitions);
        let cut = FileGroupPartitioner::new()
            .with_target_partitions(partitions)
            .with_repartition_file_min_size(cut_from)
            .with_preserve_order_within_groups(!scan.output_ordering.is_empty())
            .repartition_file_groups(&groups)
            .filter(|_| may_cut);
        let mut groups = cut.unwrap_or(groups);
        groups.resize(partitions, FileGroup::default());
        let mut scan = scan.clone();
        scan.file_groups = groups;
        DataSourceExec::from_data_source(scan) as Arc<dyn ExecutionPlan>
    });
    let leaf = DistributedLeafExec::try_new(Arc::clone(event.plan), variants);
    Some(leaf.map(|leaf| ScaleUpLeafNodeEventResponse::new(Arc::new(leaf))))
}

/// The files of a scan, each once and whole, in the order of their names.
fn files_of(scan: &FileScanConfig) -> Vec<PartitionedFile> {
    let files = scan.file_groups.iter().flat_map(FileGroup::iter);
    let mut seen = HashSet::new();
    let mut files: Vec<PartitionedFile> = files
        .filter(|file| seen.insert(&file.object_meta.location))
        .map(|file| PartitionedFile {
            range: None,
            ..file.clone()
        })
        .collect();
    files.sort_by(|one, other| one.object_meta.location.cmp(&other.object_meta.location));
    files
}

/// True if a plan runs on workers. One without scans, or whose values all come from statistics,
/// runs where it was planned.
pub(super) fn is_distributed(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<DistributedExec>().is_some()
}

/// Returns the files of each worker, of so many, each once for each table.
pub(super) fn shares(plan: &Arc<dyn ExecutionPlan>, workers: usize) -> Vec<Vec<PartitionedFile>> {
    let mut shares = vec![Vec::new(); workers];
    let mut seen = vec![HashSet::new(); workers];
    // The closure never fails, so the walk does not fail either.
    let _ = plan.apply(|node| {
        let leaf = node.downcast_ref::<DistributedLeafExec>();
        for (task, variant) in leaf
            .iter()
            .flat_map(|leaf| leaf.variants().iter().enumerate())
        {
            let worker = task % workers;
            for file in scan_of(variant).map(files_of).unwrap_or_default() {
                if seen[worker].insert(file.object_meta.location.clone()) {
                    shares[worker].push(file);
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    shares
}
