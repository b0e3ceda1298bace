//! Parts that the sections of the page share.

use crate::report::chart::Frame;

/// Counts the charts of a page, to number them.
#[derive(Default)]
pub(super) struct Charts(usize);

impl Charts {
    pub(super) fn frame(&mut self, title: String) -> Frame {
        self.0 += 1;
        Frame {
            number: self.0,
            title,
            description: None,
        }
    }
}
