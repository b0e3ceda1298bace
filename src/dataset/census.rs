//! Numbers of files, row groups and folders of a dataset, before any of them is written.

use std::collections::BTreeSet;

use super::distinct::most_distinct;
use super::error::DatasetError;
use super::partition::{MAX_PARTITIONS, PartitionKey, folder_name, split_rows};
use super::plan::{DatasetPlan, TablePlan};
use crate::content::ColumnGenerator;

/// Largest number of rows whose partitions are counted. For more rows, the possible values of the
/// columns give an upper limit.
const MOST_ROWS: u64 = 4_000_000;

/// Counts and sizes of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) files: u64,
    pub(crate) row_groups: u64,
    /// Rows of the largest file, and of the largest row group.
    pub(crate) most_file_rows: u64,
    pub(crate) most_rows: u64,
    pub(crate) folders: u64,
    /// Bytes of the longest path below the dataset's folder.
    pub(crate) path_bytes: u64,
}

/// Counts the files of a table.
///
/// # Errors
///
/// A partition among the counted rows that cannot be named, or too many partitions.
pub(crate) fn census(
    plan: &DatasetPlan,
    table: &TablePlan,
    row_group_rows: u64,
) -> Result<Census, DatasetError> {
    let files = table.split.files;
    let rows_per_file = table.rows().div_ceil(files.max(1));
    let path = table.file_path(&plan.spec.file_prefix, files.saturating_sub(1), &[]);
    let whole = Census {
        files,
        row_groups: files.saturating_mul(rows_per_file.div_ceil(row_group_rows)),
        most_file_rows: rows_per_file,
        most_rows: rows_per_file.min(row_group_rows),
        folders: 1 + table.split.subfolders.min(files),
        path_bytes: path.len() as u64,
    };
    let partitions = plan
        .partition_columns()
        .map(|column| Ok((column.name.clone(), plan.generator(table, column)?)))
        .collect::<Result<Vec<_>, DatasetError>>()?;
    if partitions.is_empty() {
        return Ok(whole);
    }
    partitioned(plan, table, row_group_rows, &partitions, whole)
}

fn partitioned(
    plan: &DatasetPlan,
    table: &TablePlan,
    row_group_rows: u64,
    partitions: &[(String, ColumnGenerator)],
    whole: Census,
) -> Result<Census, DatasetError> {
    let mut found = Census {
        folders: whole.folders,
        ..Census::default()
    };
    let mut known: BTreeSet<PartitionKey> = BTreeSet::new();
    let (mut file, mut left) = (0, MOST_ROWS);
    while file < whole.files && left > 0 {
        let (first, count) = table.rows_of_file(file);
        for (key, rows) in split_rows(partitions, first, count.min(left))? {
            let rows = rows.len() as u64;
            found.files += 1;
            found.row_groups += rows.div_ceil(row_group_rows);
            found.most_file_rows = found.most_file_rows.max(rows);
            known.insert(key);
        }
        left = left.saturating_sub(count);
        file += 1;
    }
    let path_bytes = |key: &PartitionKey| {
        let folders = partitions.iter().zip(key);
        let bytes = folders.map(|((name, _), value)| folder_name(name, value.as_deref()).len() + 1);
        bytes.sum::<usize>() as u64
    };
    let longest = known.iter().map(path_bytes).max().unwrap_or(0);
    let depth = partitions.len() as u64;
    let looked_at_all = table.rows() <= MOST_ROWS;
    if !looked_at_all {
        // The other rows may be in other partitions.
        found.files = whole
            .files
            .saturating_mul(most_partitions(plan, table, whole.files));
        found.row_groups = found
            .files
            .saturating_add(table.rows().div_ceil(row_group_rows));
        found.most_file_rows = whole.most_file_rows;
    }
    found.most_rows = found.most_file_rows.min(row_group_rows);
    let folders = match looked_at_all {
        true => (known.len() as u64).saturating_mul(table.split.subfolders.max(1)),
        false => found.files,
    };
    let below = folders.min(found.files).saturating_mul(depth);
    found.folders = found.folders.saturating_add(below);
    found.path_bytes = whole.path_bytes + longest;
    Ok(found)
}

/// Returns the largest number of partitions that a file can have.
fn most_partitions(plan: &DatasetPlan, table: &TablePlan, files: u64) -> u64 {
    let values = plan.partition_columns().map(|column| {
        let nulls = u64::from(column.null_fraction > 0.0);
        most_distinct(column).map_or(u64::MAX, |most| most.saturating_add(nulls))
    });
    values
        .fold(1, u64::saturating_mul)
        .min(table.rows().div_ceil(files.max(1)))
        .min(MAX_PARTITIONS as u64)
}
