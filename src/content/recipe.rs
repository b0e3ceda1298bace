//! Everything that a column's values are made by.

use super::follow::Followed;
use crate::config::{Column, VectorLayout};
use crate::random::Key;

/// Specification of a column, with what its table adds.
pub(super) struct Recipe<'a> {
    pub(super) column: &'a Column,
    pub(super) key: Key,
    /// Rows of the table; of a list's items, the places for them in all rows.
    pub(super) total_rows: u64,
    pub(super) vector_layout: VectorLayout,
    /// The column that this one follows.
    pub(super) followed: Option<Followed>,
}
