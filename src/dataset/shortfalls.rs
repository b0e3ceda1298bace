//! Shortfalls: parts of a layout that no writer can provide for the values at hand. They are
//! counted and reported, and are no reason to refuse a sound file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units;

/// Largest number of columns that a note names.
const MOST_NAMED: usize = 5;

/// Shortfalls of a set of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfalls {
    /// Chunks without bounds, by column. They have neither statistics of pages nor a column index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_bounds: BTreeMap<String, u64>,
    /// Chunks with bounds but without a column index, by column, because one of their pages has no
    /// bounds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_column_index: BTreeMap<String, u64>,
    /// Row groups whose encoded bytes are far from the wanted number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_group_bytes: Option<OffRowGroups>,
}

/// Row groups whose sizes differ from the wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffRowGroups {
    pub asked_bytes: u64,
    pub row_groups: u64,
    pub smallest_bytes: u64,
    pub largest_bytes: u64,
}

impl Shortfalls {
    /// Adds the shortfalls of other files.
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

    /// Returns a sentence for each kind of shortfall.
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
