//! Form and extent of a report.

use strum::IntoStaticStr;

use crate::record::Preference;

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// Tables for a terminal.
    Table,
    /// Markdown for a pull request.
    Markdown,
    /// A row per iteration of a record, per cell or mean of a comparison, or per run of a history.
    Csv,
    /// The record, the comparison or the history itself.
    Json,
}

impl Format {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns true if people read the form, rather than programs.
    pub fn is_for_readers(self) -> bool {
        matches!(self, Format::Table | Format::Markdown)
    }
}

/// Form and extent of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub format: Format,
    /// True for more tables, and for every finding.
    pub details: bool,
    /// Preference that the recommendation serves.
    pub prefer: Preference,
    /// Width of the terminal in characters. [`Format::Table`] leaves out its least important
    /// columns until it fits. Without a width, it has all of them.
    pub width: Option<u16>,
    /// True if verdicts are coloured, too.
    pub colour: bool,
}
