//! Finds the statistics that a query uses, and those among them that cannot be trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::prelude::SessionContext;

use super::warning::Warning;
use crate::engine::{
    EngineError, PlannedQuery, PlannedScan, compared_with_nan, logical_scans, plain_message,
    rows_without_scan,
};
use crate::files::hides_nan;
use crate::measure::Cell;
use crate::record::FromStatistics;
use crate::table::OpenTable;

/// Extends the error of a planner that failed, if a table has statistics that cannot be trusted.
/// These may be the cause.
pub(super) fn blaming_statistics(error: EngineError, tables: &[Arc<OpenTable>]) -> EngineError {
    let doubt = tables
        .iter()
        .find_map(|table| Some((table, table.doubts.first_key_value()?)));
    match (error, doubt) {
        (EngineError::PlannerFailed { said }, Some((table, (column, reason)))) => {
            EngineError::Planning {
                reason: format!(
                    "table `{}`: column `{column}`: {reason}; the planner may have failed for that: {said}",
                    table.name
                ),
            }
        }
        (error, _) => error,
    }
}

/// Columns that a scan does not read in some of its files, each with the number of these, and the
/// number of all files.
pub(super) type Constants = (BTreeMap<String, u64>, u64);

/// Returns the columns that scans take from statistics.
pub(super) fn not_read(scans: &[PlannedScan], constants: &[Constants]) -> Vec<FromStatistics> {
    let mut found = Vec::new();
    for (scan, (constant, of_files)) in scans.iter().zip(constants) {
        let table = scan.table.clone().unwrap_or_default();
        found.extend(constant.iter().map(|(column, files)| FromStatistics {
            table: table.clone(),
            column: Some(column.clone()),
            files: *files,
            of_files: *of_files,
        }));
    }
    found
}

/// Returns the values that a query takes from the statistics of tables that it does not scan, or
/// scans only in other branches.
pub(super) fn not_scanned(
    context: &SessionContext,
    planned: &PlannedQuery,
    scans: &[PlannedScan],
    tables: &[Arc<OpenTable>],
) -> Result<Vec<FromStatistics>, EngineError> {
    let mut found = Vec::new();
    let rows = rows_without_scan(&planned.physical);
    if rows == 0 {
        return Ok(found);
    }
    let optimized = context.state().optimize(&planned.logical);
    let optimized = optimized.map_err(|error| EngineError::Planning {
        reason: plain_message(&error),
    })?;
    let mut logical = logical_scans(&optimized);
    if rows <= logical.without_table {
        return Ok(found);
    }
    for table in tables {
        let mut left = logical.of_tables.remove(&table.name).unwrap_or_default();
        for scan in scans {
            if scan.table.as_ref() != Some(&table.name) {
                continue;
            }
            let same = left.iter().position(|columns| *columns == scan.columns);
            if !left.is_empty() {
                left.swap_remove(same.unwrap_or(0));
            }
        }
        let mut taken = BTreeSet::new();
        for columns in left {
            match columns.is_empty() {
                true => _ = taken.insert(None),
                false => taken.extend(columns.into_iter().map(Some)),
            }
        }
        let of_files = table.places.len() as u64;
        found.extend(taken.into_iter().map(|column| FromStatistics {
            table: table.name.clone(),
            column,
            files: of_files,
            of_files,
        }));
    }
    Ok(found)
}

/// Returns the reasons not to trust the statistics of columns that a cell's query uses.
pub(super) fn doubts(cell: &Cell, taken: &[FromStatistics], scans: &[PlannedScan]) -> Vec<Warning> {
    let mut doubts = Vec::new();
    for table in &cell.tables {
        let of_table = |scan: &&PlannedScan| scan.table.as_ref() == Some(&table.name);
        let mut columns: BTreeSet<&String> = scans
            .iter()
            .filter(of_table)
            .flat_map(|scan| &scan.columns)
            .collect();
        let own = taken.iter().filter(|it| it.table == table.name);
        let own: Vec<&String> = own.filter_map(|it| it.column.as_ref()).collect();
        columns.extend(own.iter().copied());
        let doubted = columns
            .iter()
            .filter_map(|column| Some((*column, table.doubts.get(*column)?)));
        doubts.extend(
            doubted.map(|(column, reason)| Warning::UntrustedStatistics {
                table: table.name.clone(),
                column: column.clone(),
                reason: reason.clone(),
            }),
        );
        let compared: BTreeSet<String> = scans
            .iter()
            .filter(of_table)
            .flat_map(compared_with_nan)
            .collect();
        doubts.extend(compared.into_iter().map(|column| Warning::ComparedWithNan {
            table: table.name.clone(),
            column,
        }));
        let hiding = own
            .iter()
            .filter(|column| hides_nan(&table.file_schema, column));
        doubts.extend(hiding.map(|column| Warning::BoundsWithoutNan {
            table: table.name.clone(),
            column: (*column).clone(),
        }));
    }
    doubts
}
