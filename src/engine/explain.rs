//! Facts from plans: the tables that a query names, the columns that its scans read, and the
//! metrics of its scans.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ColumnStatistics, ScalarValue};
use datafusion::datasource::physical_plan::{FileGroup, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Literal};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::metrics::MetricValue;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};

use datafusion_distributed::{DistributedExec, DistributedLeafExec, display_plan_ascii};

use super::whole_file::WholeFilesExec;

/// A scan of Parquet files in a physical plan.
#[derive(Debug)]
pub struct PlannedScan {
    /// Table that the scan reads.
    pub table: Option<String>,
    /// Columns that the scan reads, partition columns included: those that it outputs, and those
    /// that it filters by.
    pub columns: BTreeSet<String>,
    /// Number of columns of the table.
    pub columns_stored: u64,
    /// Number of partitions of the scan, which is the number of readers that work at once.
    pub partitions: u64,
    /// Rows that the scan outputs, by the footers of its files. Absent if it filters, or if
    /// statistics are not collected.
    pub rows: Option<u64>,
    node: Arc<dyn ExecutionPlan>,
    /// Plan node whose partitions are the readers.
    readers: Arc<dyn ExecutionPlan>,
}

/// Returns all Parquet scans of a plan.
pub fn physical_scans(plan: &Arc<dyn ExecutionPlan>) -> Vec<PlannedScan> {
    let mut scans = Vec::new();
    collect_scans(plan, plan, &mut scans);
    scans
}

/// Collects the scans of `plan`. `above` is the node that reads the output of `plan`. It decides on
/// the number of readers if whole files are read, as each partition of the scan is then a file.
fn collect_scans(
    plan: &Arc<dyn ExecutionPlan>,
    above: &Arc<dyn ExecutionPlan>,
    scans: &mut Vec<PlannedScan>,
) {
    if let Some(leaf) = plan.downcast_ref::<DistributedLeafExec>() {
        // Its variants are shares of this scan.
        return collect_scans(leaf.original(), above, scans);
    }
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
        // Without filter pushdown the predicate only prunes, and the columns that it needs are
        // projected.
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
            rows: match file_source.filter().is_some() || config.limit.is_some() {
                true => None,
                false => stated_rows(&config.file_groups),
            },
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

/// Rows of files by their statistics, each file once.
fn stated_rows(groups: &[FileGroup]) -> Option<u64> {
    let mut seen = HashSet::new();
    let files = groups.iter().flat_map(|group| group.files());
    let files = files.filter(|file| seen.insert(&file.object_meta.location));
    let rows = files.map(|file| match file.statistics.as_ref()?.num_rows {
        Precision::Exact(rows) => Some(rows as u64),
        Precision::Inexact(_) | Precision::Absent => None,
    });
    rows.sum()
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

/// Returns the columns that a scan does not read in some of its files, each with the number of
/// these files, and the number of all files. By the statistics of such a file, the column has a
/// single value there, and the engine takes that value. The rule is that of DataFusion's
/// `constant_columns_from_stats`.
pub fn from_statistics(scan: &PlannedScan) -> (BTreeMap<String, u64>, u64) {
    let (mut constant, mut all) = (BTreeMap::new(), 0);
    let config = scan
        .node
        .downcast_ref::<DataSourceExec>()
        .and_then(|scan| scan.downcast_to_file_source::<ParquetSource>());
    let Some((config, _)) = config else {
        return (constant, all);
    };
    let schema = config.file_source().table_schema().file_schema();
    let files = config.file_groups.iter().flat_map(|group| group.files());
    let mut seen = HashSet::new();
    for file in files {
        // A file counts once even if several partitions read parts of it.
        if !seen.insert(&file.object_meta.location) {
            continue;
        }
        all += 1;
        let Some(statistics) = &file.statistics else {
            continue;
        };
        for (field, column) in schema.fields().iter().zip(&statistics.column_statistics) {
            if scan.columns.contains(field.name()) && is_constant(column, &statistics.num_rows) {
                *constant.entry(field.name().clone()).or_default() += 1;
            }
        }
    }
    (constant, all)
}

fn is_constant(column: &ColumnStatistics, rows: &Precision<usize>) -> bool {
    let nulls = &column.null_count;
    if let (Precision::Exact(min), Precision::Exact(max)) = (&column.min_value, &column.max_value)
        && min == max
        && !min.is_null()
        && matches!(nulls, Precision::Exact(0))
    {
        return true;
    }
    matches!((rows, nulls), (Precision::Exact(rows), Precision::Exact(nulls)) if rows == nulls)
}

/// Returns the columns that the predicate of a scan compares with NaN. The engine prunes by the
/// predicate, but bounds leave out NaN.
pub fn compared_with_nan(scan: &PlannedScan) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    let source = scan
        .node
        .downcast_ref::<DataSourceExec>()
        .and_then(|scan| scan.downcast_to_file_source::<ParquetSource>());
    let Some(filter) = source.and_then(|(config, _)| config.file_source().filter()) else {
        return columns;
    };
    // The closure never fails, so the walk does not fail either.
    let _ = filter.apply(|expr| {
        if let Some(comparison) = expr.downcast_ref::<BinaryExpr>() {
            let (left, right) = (comparison.left(), comparison.right());
            for (one, other) in [(left, right), (right, left)] {
                if is_nan(one) {
                    let found = collect_columns(other).into_iter();
                    columns.extend(found.map(|column| column.name().to_owned()));
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    columns
}

fn is_nan(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let literal = expr.downcast_ref::<Literal>();
    literal.is_some_and(|literal| match literal.value() {
        ScalarValue::Float16(Some(value)) => value.is_nan(),
        ScalarValue::Float32(Some(value)) => value.is_nan(),
        ScalarValue::Float64(Some(value)) => value.is_nan(),
        _ => false,
    })
}

/// Returns the number of places where a plan makes a row without a scan: values that the planner
/// took from statistics, such as counts, minima and maxima, and queries that name no table.
pub fn rows_without_scan(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = usize::from(plan.downcast_ref::<PlaceholderRowExec>().is_some());
    let below = plan.children().into_iter().map(rows_without_scan);
    own + below.sum::<usize>()
}

/// The scans of an optimized plan.
#[derive(Debug, Default)]
pub struct LogicalScans {
    /// Columns that each scan takes, by the name of its table.
    pub of_tables: BTreeMap<String, Vec<BTreeSet<String>>>,
    /// Number of places where the plan makes a row without a table.
    pub without_table: usize,
}

pub fn logical_scans(plan: &LogicalPlan) -> LogicalScans {
    let mut scans = LogicalScans::default();
    // The closure never fails, so the walk does not fail either.
    let _ = plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::TableScan(scan) => {
                let fields = scan.projected_schema.fields().iter();
                let columns = fields.map(|field| field.name().clone()).collect();
                let table = scan.table_name.table().to_owned();
                scans.of_tables.entry(table).or_default().push(columns);
            }
            LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => {
                scans.without_table += 1;
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    scans
}

/// Returns the number of rows that each partition of a scan has output.
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

/// Returns a scan's metrics after its execution, by DataFusion's names, summed over files and
/// partitions. Metrics that have parts are split into `<name>_pruned`, `<name>_matched`,
/// `<name>_part` and `<name>_total`; timestamps are left out.
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

/// Returns the tables that a query scans, each once, by the names in its text.
pub fn tables_of(plan: &LogicalPlan) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    // The closure never fails, so the walk does not fail either.
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            tables.insert(scan.table_name.table().to_owned());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    tables
}

/// True if a plan has aggregations or window functions, whose floating-point results may depend on
/// the order of their inputs.
pub fn has_aggregation(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<AggregateExec>().is_some()
        || plan.downcast_ref::<WindowAggExec>().is_some()
        || plan.downcast_ref::<BoundedWindowAggExec>().is_some()
        || plan.children().into_iter().any(has_aggregation)
}

/// True if a plan reads its scans to their ends: it has no limits, and no joins, which need not
/// read one side if the other one is empty.
pub fn drains_its_scans(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let stops = plan.fetch().is_some() || plan.name().contains("Join");
    let limited = plan
        .downcast_ref::<AggregateExec>()
        .is_some_and(|it| it.limit_options().is_some());
    !stops && !limited && plan.children().into_iter().all(drains_its_scans)
}

/// True if a plan stops after some rows in no certain order, so that it is open which they are.
pub fn has_unordered_limit(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let is_sorted = plan.name().contains("Sort") || plan.output_ordering().is_some();
    plan.fetch().is_some() && !is_sorted || plan.children().into_iter().any(has_unordered_limit)
}

/// Returns the physical plan as indented text.
///
/// If it runs on workers, it is drawn in its stages.
pub fn plan_text(plan: &Arc<dyn ExecutionPlan>) -> String {
    if plan.downcast_ref::<DistributedExec>().is_some() {
        return display_plan_ascii(plan.as_ref(), false);
    }
    displayable(plan.as_ref()).indent(false).to_string()
}
