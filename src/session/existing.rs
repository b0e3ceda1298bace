//! Examines files in a dataset's folder that are read as they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::datasets::DatasetState;
use super::warning::Warning;
use crate::config::RowGroupSize;
use crate::dataset::{DatasetPlan, FolderContent, TablePlan};
use crate::table::OpenTable;
use crate::units;

/// Files of a dataset's folder that are read as they are.
#[derive(Debug)]
pub struct ExistingFiles {
    pub rows: u64,
    pub files: u64,
    pub file_bytes: u64,
    /// Notes about the files, one sentence each.
    pub notes: Vec<String>,
}

/// Describes, by footers, how the files differ from the config. `None` unless files of others are
/// read because none are to be generated.
pub(super) fn difference(state: &DatasetState, tables: &[Arc<OpenTable>]) -> Option<Warning> {
    let FolderContent::External { other } = &state.found else {
        return None;
    };
    let plan = &state.plan;
    if plan.spec.generate || plan.source.is_some() {
        return None;
    }
    let mut found = Vec::new();
    if let Some(other) = other {
        found.push(format!("it is the dataset {other}, not {}", plan.id()));
    }
    for table in &plan.tables {
        if let Some(open) = tables
            .iter()
            .find(|open| open.name == plan.name_in_sql(table.name))
        {
            let prefix = match plan.tables.len() {
                1 => String::new(),
                _ => format!("`{}` has ", table.name),
            };
            let differing = differing(plan, table, open).into_iter();
            found.extend(differing.map(|words| format!("{prefix}{words}")));
        }
    }
    (!found.is_empty()).then(|| Warning::OtherFiles {
        folder: plan.root.clone(),
        found,
    })
}

/// Lists the facts of a table's files that the config states differently.
fn differing(plan: &DatasetPlan, table: &TablePlan, open: &OpenTable) -> Vec<String> {
    let mut found = Vec::new();
    let (files, layout) = (open.places.len() as u64, &plan.spec.layout);
    if !layout.partition_by.is_empty() {
        if open.rows != table.rows() {
            let (rows, wanted) = (units::count(open.rows), units::count(table.rows()));
            found.push(format!("{rows} rows, not {wanted}"));
        }
        return found;
    }
    if files != table.split.files {
        let (files, wanted) = (units::count(files), units::count(table.split.files));
        found.push(format!("{files} files, not {wanted}"));
    }
    let rows_per_file = plan.spec.rows_per_file;
    if open.rows != files.saturating_mul(rows_per_file) {
        let about = match open.rows % files.max(1) {
            0 => "",
            _ => "about ",
        };
        let (rows, wanted) = (
            units::count(open.rows / files.max(1)),
            units::count(rows_per_file),
        );
        found.push(format!("{about}{rows} rows per file, not {wanted}"));
    }
    if let RowGroupSize::Rows(rows) = layout.row_group {
        let each = open.rows.div_ceil(files.max(1)).div_ceil(rows.max(1));
        let wanted = files.saturating_mul(each);
        if open.row_groups != wanted {
            let (groups, wanted) = (units::count(open.row_groups), units::count(wanted));
            found.push(format!("{groups} row groups, not {wanted}"));
        }
    }
    let codecs: BTreeSet<&str> = open
        .columns
        .iter()
        .flat_map(|column| column.codecs.iter().map(String::as_str))
        .collect();
    let wanted: BTreeSet<&str> = plan
        .stored_columns()
        .map(|column| layout.chunk_of(&column.name).codec.name_in_files())
        .collect();
    if codecs != wanted {
        let names = |codecs: BTreeSet<&str>| codecs.into_iter().collect::<Vec<_>>().join(", ");
        found.push(format!("codec {}, not {}", names(codecs), names(wanted)));
    }
    found
}
