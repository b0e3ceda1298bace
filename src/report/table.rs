//! A table, independent of the form in which it is drawn.

use std::borrow::Cow;

use crate::record::Verdict;

/// A table. Invisible characters in its text are shown as codes (see [`visible`](super::visible)).
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub title: String,
    pub description: Option<String>,
    pub heads: Vec<Head>,
    /// A cell per head in each row. The first one names the row.
    pub rows: Vec<Vec<TableCell>>,
}

/// The head of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Text in lines, which line ends separate.
    pub text: Cow<'static, str>,
    pub is_number: bool,
    /// Place among the columns that a narrow table leaves out, 0 first. `None` for a column that it
    /// keeps.
    pub dispensable: Option<usize>,
}

/// Content of a row below a head. Only a verdict is coloured; a name that reads like one is text.
#[derive(Debug, Clone, PartialEq)]
pub enum TableCell {
    Text(String),
    Verdict(Verdict),
    /// A text in the colour of a verdict.
    Judged {
        text: String,
        verdict: Verdict,
    },
}

impl TableCell {
    /// The words of the cell.
    pub fn text(&self) -> &str {
        match self {
            TableCell::Text(text) | TableCell::Judged { text, .. } => text,
            TableCell::Verdict(verdict) => verdict.name(),
        }
    }

    /// The verdict that the cell shows, if there is one.
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            TableCell::Text(_) => None,
            TableCell::Verdict(verdict) | TableCell::Judged { verdict, .. } => Some(*verdict),
        }
    }
}

impl From<String> for TableCell {
    fn from(text: String) -> Self {
        TableCell::Text(text)
    }
}

impl From<Verdict> for TableCell {
    fn from(verdict: Verdict) -> Self {
        TableCell::Verdict(verdict)
    }
}

/// A row of nothing but texts.
pub(super) fn texts(row: Vec<String>) -> Vec<TableCell> {
    row.into_iter().map(TableCell::from).collect()
}

impl Head {
    /// Head of a column of texts, aligned left.
    pub const fn text(text: &'static str) -> Self {
        Head {
            text: Cow::Borrowed(text),
            is_number: false,
            dispensable: None,
        }
    }

    /// Head of a column of numbers, aligned right.
    pub const fn number(text: &'static str) -> Self {
        Head {
            text: Cow::Borrowed(text),
            is_number: true,
            dispensable: None,
        }
    }

    /// Head of a column of numbers, with a name that is known only while running.
    pub fn named(name: &str) -> Self {
        Head {
            text: Cow::Owned(name.to_owned()),
            is_number: true,
            dispensable: None,
        }
    }

    /// The same head, which a narrow table leaves out at this place.
    pub const fn dispensable(mut self, place: usize) -> Self {
        self.dispensable = Some(place);
        self
    }
}
