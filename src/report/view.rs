//! How something is shown.

use strum::IntoStaticStr;

use crate::record::Preference;

/// Format that a record is shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// For a terminal.
    Table,
    /// For a pull request.
    Markdown,
    /// A row per iteration, or per cell of a comparison or history.
    Csv,
    /// The record itself, or what was compared.
    Json,
}

impl Format {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether people read it, rather than programs.
    pub fn is_for_readers(self) -> bool {
        matches!(self, Format::Table | Format::Markdown)
    }
}

/// How something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub format: Format,
    /// More tables, and every finding.
    pub details: bool,
    /// Preference that the recommendation is for.
    pub prefer: Preference,
    /// Width of the terminal in characters: [`Format::Table`] leaves out its least important
    /// columns until it fits; without a width it has all of them.
    pub width: Option<u16>,
    /// Whether verdicts are coloured, too.
    pub colour: bool,
}
