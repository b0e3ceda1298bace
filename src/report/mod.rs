//! How a record is shown: the answer first, then a table per scenario, then what the numbers rest on.
//!
//! A record is all that is needed, so that an old one is shown as a fresh run is. What is shown comes from its `summary` and
//! `comparisons`, which `analysis` fills.

mod answer;
mod cautions;
mod columns;
mod csv;
mod markdown;
mod notes;
mod page;
mod terminal;
mod text;

use thiserror::Error;

use crate::record::{RunRecord, to_json};
use page::Page;
pub use text::visible;

/// What a record is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Table,
    /// For a pull request.
    Markdown,
    /// A row per iteration.
    Csv,
    /// The record itself.
    Json,
}

#[derive(Debug, Error)]
pub enum ReportError {
    #[error("the record cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Shows a record. `width` is that of the terminal in characters: [`Format::Table`] leaves out its least important columns
/// until it fits; without a width it has all of them. With `details`, tables and Markdown have more tables and name every
/// finding.
pub fn render(
    record: &RunRecord,
    format: Format,
    details: bool,
    width: Option<u16>,
) -> Result<String, ReportError> {
    match format {
        Format::Table => Ok(terminal::render(&Page::of(record, details), width)),
        Format::Markdown => Ok(markdown::render(&Page::of(record, details))),
        Format::Csv => Ok(csv::render(record)),
        Format::Json => Ok(to_json(record)?),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
