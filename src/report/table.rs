//! A table, before it is known how it is drawn.

use std::borrow::Cow;

/// All of its text is visible (see `text`).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) heads: Vec<Head>,
    /// A text per head. The first names what the others are of.
    pub(super) rows: Vec<Vec<String>>,
}

/// The head of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    /// Lines are separated by a line end.
    pub(super) text: Cow<'static, str>,
    pub(super) is_number: bool,
    /// What a narrow table leaves out, 0 first; what it cannot do without is `None`.
    pub(super) dispensable: Option<usize>,
}

impl Head {
    pub(super) const fn text(text: &'static str) -> Self {
        Head {
            text: Cow::Borrowed(text),
            is_number: false,
            dispensable: None,
        }
    }

    pub(super) const fn number(text: &'static str) -> Self {
        Head {
            text: Cow::Borrowed(text),
            is_number: true,
            dispensable: None,
        }
    }

    /// Of numbers, called as a variant or a part is.
    pub(super) fn named(name: &str) -> Self {
        Head {
            text: Cow::Owned(name.to_owned()),
            is_number: true,
            dispensable: None,
        }
    }

    /// The same, left out of a narrow table in this place.
    pub(super) const fn dispensable(mut self, place: usize) -> Self {
        self.dispensable = Some(place);
        self
    }
}
