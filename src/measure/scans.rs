//! Figures of the scans of an executed plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use url::Url;

use super::cell::Cell;
use crate::cluster::{TableScans, WorkerReport};
use crate::engine::{PlannedScan, partition_rows, physical_scans, scan_metrics};
use crate::observe::{Ledger, ReadParts};
use crate::record::Scan;
use crate::table::OpenTable;

impl Cell {
    /// Returns the scans of an executed plan by table, with DataFusion's metrics and the ledger's
    /// figures, and the ledger's figures of all tables together. If workers executed the plan, the
    /// metrics are in their reports.
    pub(super) fn scans(
        &self,
        executed: &Arc<dyn ExecutionPlan>,
        reports: &[(Url, WorkerReport)],
        ledger: &Ledger,
    ) -> (Vec<Scan>, ReadParts) {
        let scans = physical_scans(executed);
        let mut all = ReadParts::default();
        let mut of_tables = Vec::new();
        for table in &self.tables {
            let mut metrics: BTreeMap<String, u64> = BTreeMap::new();
            let mut planned = 0;
            let mut widest: Option<&PlannedScan> = None;
            for scan in scans.iter().filter(|scan| reads(scan, table)) {
                // A table that is scanned twice counts twice, as it does in the metrics.
                planned += table.row_groups;
                for (name, value) in scan_metrics(scan)
                    .into_iter()
                    .filter(|_| reports.is_empty())
                {
                    *metrics.entry(name).or_default() += value;
                }
                if widest.is_none_or(|widest| widest.partitions < scan.partitions) {
                    widest = Some(scan);
                }
            }
            let of_workers = reports.iter().flat_map(|(_, report)| &report.scans);
            let of_workers: Vec<&TableScans> =
                of_workers.filter(|it| it.table == table.name).collect();
            for (name, value) in of_workers.iter().flat_map(|it| &it.metrics) {
                *metrics.entry(name.clone()).or_default() += value;
            }
            let touched = ledger.touched(table.objects.iter());
            all.encoded_bytes += touched.encoded_bytes;
            all.compressed_bytes += touched.compressed_bytes;
            let kept = row_groups_kept(&metrics);
            of_tables.push(Scan {
                table: table.name.clone(),
                metrics,
                row_groups_read: touched.row_groups,
                row_groups: table.row_groups,
                row_groups_pruned: planned.saturating_sub(kept),
                files_read: touched.files,
                files: table.objects.len() as u64,
                partition_rows: match reports {
                    [] => widest.map(partition_rows).unwrap_or_default(),
                    _ => rows_of_widest(&of_workers),
                },
            });
        }
        (of_tables, all)
    }
}

/// Rows of each partition, on all workers, of the scan of a table that has the most partitions.
fn rows_of_widest(of_workers: &[&TableScans]) -> Vec<u64> {
    let mut of_scans: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (scan, rows) in of_workers.iter().flat_map(|it| &it.partition_rows) {
        of_scans.entry(*scan).or_default().extend(rows);
    }
    let widest = of_scans.into_values().max_by_key(Vec::len);
    widest.unwrap_or_default()
}

pub(super) fn reads(scan: &PlannedScan, table: &OpenTable) -> bool {
    scan.table.as_ref() == Some(&table.name)
}

/// Returns the number of row groups that a scan kept after every kind of pruning. Bloom filters are
/// consulted last, and their metric counts even if there are none.
pub(super) fn row_groups_kept(metrics: &BTreeMap<String, u64>) -> u64 {
    let metric = |name: &str| metrics.get(name).copied().unwrap_or(0);
    metric("row_groups_pruned_bloom_filter_matched")
        .saturating_sub(metric("limit_pruned_row_groups_pruned"))
        .saturating_sub(metric("row_groups_pruned_dynamic_filter"))
}
