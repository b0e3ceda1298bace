//! The inputs from which a column's values are made.

use super::follow::LeadingColumn;
use crate::config::{Column, VectorLayout};
use crate::random::Key;

/// Specification of a column, with the settings of its table.
pub(super) struct Recipe<'a> {
    pub(super) column: &'a Column,
    pub(super) key: Key,
    /// Rows of the table; for a list's items, the number of places for them in all rows.
    pub(super) total_rows: u64,
    pub(super) vector_layout: VectorLayout,
    /// The column that this one follows, if any.
    pub(super) followed: Option<LeadingColumn>,
}
