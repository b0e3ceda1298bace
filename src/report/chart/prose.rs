//! Sentences with names in them.

use maud::{Markup, html};

/// A sentence whose names in backticks are set as code.
pub(crate) fn prose(sentence: &str) -> Markup {
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
