//! What plans say: the tables a query names, the columns its scans read, the metrics that its scans keep.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::physical_plan::ParquetSource;
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::metrics::MetricValue;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};

use super::whole_file::WholeFilesExec;

/// A scan of Parquet files in a physical plan.
#[derive(Debug)]
pub struct PlannedScan {
    /// The table that it reads.
    pub table: Option<String>,
    /// Columns that it reads, partition columns included: those it gives out and those it filters on.
    pub columns: BTreeSet<String>,
    /// Columns that its table has.
    pub columns_stored: u64,
    /// Partitions that it runs in: readers that are at work at once.
    pub partitions: u64,
    node: Arc<dyn ExecutionPlan>,
    /// Whose partitions are the readers.
    readers: Arc<dyn ExecutionPlan>,
}

/// All Parquet scans of a plan.
pub fn physical_scans(plan: &Arc<dyn ExecutionPlan>) -> Vec<PlannedScan> {
    let mut scans = Vec::new();
    collect_scans(plan, plan, &mut scans);
    scans
}

/// `above` is the node that reads what `plan` gives out: a partition of a scan of whole files is a file.
fn collect_scans(
    plan: &Arc<dyn ExecutionPlan>,
    above: &Arc<dyn ExecutionPlan>,
    scans: &mut Vec<PlannedScan>,
) {
    let source = plan
        .downcast_ref::<DataSourceExec>()
        .and_then(|scan| scan.downcast_to_file_source::<ParquetSource>());
    if let Some((config, parquet)) = source {
        let file_source = config.file_source();
        let schema = file_source.table_schema().table_schema();
        let mut columns: BTreeSet<String> = match file_source.projection() {
            Some(projection) => projection
                .column_indices()
                .into_iter()
                .filter_map(|index| schema.fields().get(index))
                .map(|field| field.name().clone())
                .collect(),
            None => schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect(),
        };
        // Without filter pushdown the predicate only prunes, and the columns it needs are projected.
        let pushes_down = parquet.table_parquet_options().global.pushdown_filters;
        if let Some(filter) = file_source.filter().filter(|_| pushes_down) {
            columns.extend(
                collect_columns(&filter)
                    .into_iter()
                    .map(|column| column.name().to_owned()),
            );
        }
        scans.push(PlannedScan {
            table: config
                .file_groups
                .iter()
                .find_map(|group| group.files().first())
                .and_then(|file| file.table_reference.as_ref())
                .map(|reference| reference.table().to_owned()),
            columns,
            columns_stored: schema.fields().len() as u64,
            partitions: readers(plan, above).output_partitioning().partition_count() as u64,
            readers: Arc::clone(readers(plan, above)),
            node: Arc::clone(plan),
        });
    }
    for child in plan.children() {
        collect_scans(child, plan, scans);
    }
}

fn readers<'a>(
    scan: &'a Arc<dyn ExecutionPlan>,
    above: &'a Arc<dyn ExecutionPlan>,
) -> &'a Arc<dyn ExecutionPlan> {
    match above.downcast_ref::<WholeFilesExec>() {
        Some(_) => above,
        None => scan,
    }
}

/// Rows that each partition of a scan has given out.
pub fn partition_rows(scan: &PlannedScan) -> Vec<u64> {
    let mut rows = vec![0; scan.partitions as usize];
    let metrics = scan.readers.metrics();
    for metric in metrics.iter().flat_map(|metrics| metrics.iter()) {
        if let (MetricValue::OutputRows(count), Some(partition)) =
            (metric.value(), metric.partition())
            && let Some(rows) = rows.get_mut(partition)
        {
            *rows += count.value() as u64;
        }
    }
    rows
}

/// A scan's metrics after its execution, by DataFusion's names, summed over files and partitions. Metrics that have parts
/// come as `<name>_pruned`, `<name>_matched`, `<name>_part` and `<name>_total`; timestamps are left out.
pub fn scan_metrics(scan: &PlannedScan) -> BTreeMap<String, u64> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let mut add = |name: String, value: usize| *sums.entry(name).or_default() += value as u64;
    for metric in scan
        .node
        .metrics()
        .iter()
        .flat_map(|metrics| metrics.iter())
    {
        let value = metric.value();
        let name = value.name().to_owned();
        match value {
            MetricValue::PruningMetrics {
                pruning_metrics, ..
            } => {
                add(format!("{name}_pruned"), pruning_metrics.pruned());
                add(format!("{name}_matched"), pruning_metrics.matched());
            }
            MetricValue::Ratio { ratio_metrics, .. } => {
                add(format!("{name}_part"), ratio_metrics.part());
                add(format!("{name}_total"), ratio_metrics.total());
            }
            MetricValue::StartTimestamp(_)
            | MetricValue::EndTimestamp(_)
            | MetricValue::Custom { .. } => {}
            counted => add(name, counted.as_usize()),
        }
    }
    sums
}

/// Tables that a query scans, each once, by the names in its text.
pub fn tables_of(plan: &LogicalPlan) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    // The closure never fails, hence neither does the walk.
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            tables.insert(scan.table_name.table().to_owned());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    tables
}

/// Whether floating-point results may depend on the order of their inputs.
pub fn has_aggregation(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<AggregateExec>().is_some()
        || plan.downcast_ref::<WindowAggExec>().is_some()
        || plan.downcast_ref::<BoundedWindowAggExec>().is_some()
        || plan.children().into_iter().any(has_aggregation)
}

/// The physical plan as indented text.
pub fn plan_text(plan: &Arc<dyn ExecutionPlan>) -> String {
    displayable(plan.as_ref()).indent(false).to_string()
}
