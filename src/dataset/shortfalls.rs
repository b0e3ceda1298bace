//! What a layout asks for and no writer can write for the values at hand. It is counted and named,
//! and is no reason to refuse a sound file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units;

/// Columns that a note names.
const MOST_NAMED: usize = 5;

/// Shortfalls of a set of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfalls {
    /// Column chunks without bounds, and so without statistics of pages and without a column index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_bounds: BTreeMap<String, u64>,
    /// Column chunks with bounds and without a column index, as one of their pages has no bounds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_column_index: BTreeMap<String, u64>,
    /// Row groups whose encoded bytes are far from those that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_group_bytes: Option<OffRowGroups>,
}

/// Row groups of other sizes than were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffRowGroups {
    pub asked_bytes: u64,
    pub row_groups: u64,
    pub smallest_bytes: u64,
    pub largest_bytes: u64,
}

impl Shortfalls {
    /// Adds those of other files.
    pub fn add(&mut self, other: &Shortfalls) {
        for (sum, more) in [
            (&mut self.without_bounds, &other.without_bounds),
            (&mut self.without_column_index, &other.without_column_index),
        ] {
            for (column, chunks) in more {
                *sum.entry(column.clone()).or_default() += chunks;
            }
        }
        if let Some(more) = other.row_group_bytes {
            self.add_row_groups(more);
        }
    }

    pub(crate) fn add_row_groups(&mut self, more: OffRowGroups) {
        self.row_group_bytes = Some(match self.row_group_bytes {
            None => more,
            Some(sum) => OffRowGroups {
                asked_bytes: more.asked_bytes,
                row_groups: sum.row_groups + more.row_groups,
                smallest_bytes: sum.smallest_bytes.min(more.smallest_bytes),
                largest_bytes: sum.largest_bytes.max(more.largest_bytes),
            },
        });
    }

    /// A sentence for each.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if !self.without_bounds.is_empty() {
            sentences.push(format!(
                "column chunks without bounds, as none of their values can be compared (nulls, NaN, empty lists), have no \
                 statistics of pages and no column index: {}",
                named(&self.without_bounds)
            ));
        }
        if !self.without_column_index.is_empty() {
            sentences.push(format!(
                "column chunks with a page of nothing but NaN, or of nothing but nulls in lists, have no column index: {}",
                named(&self.without_column_index)
            ));
        }
        if let Some(off) = self.row_group_bytes {
            sentences.push(format!(
                "row groups are cut by rows, whose width changes: {} of them have {} to {} where row_group_bytes asks for {}",
                units::count(off.row_groups),
                units::bytes(off.smallest_bytes),
                units::bytes(off.largest_bytes),
                units::bytes(off.asked_bytes)
            ));
        }
        sentences
    }
}

fn named(columns: &BTreeMap<String, u64>) -> String {
    let mut named: Vec<String> = columns
        .iter()
        .take(MOST_NAMED)
        .map(|(column, chunks)| format!("`{column}` ({})", units::count(*chunks)))
        .collect();
    if columns.len() > MOST_NAMED {
        named.push(format!("and {} more columns", columns.len() - MOST_NAMED));
    }
    named.join(", ")
}
