//! Parts that the sections of the page share.

use maud::{Markup, html};

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

/// A sentence whose names in backticks are set as code.
pub(super) fn prose(sentence: &str) -> Markup {
    let parts: Vec<&str> = sentence.split('`').collect();
    // A name with a backtick of its own leaves no pairs.
    let is_paired = parts.len() % 2 == 1;
    html! {
        @if is_paired {
            @for (index, part) in parts.iter().enumerate() {
                @if index % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (sentence) }
    }
}
