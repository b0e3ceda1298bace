//! Parts that all charts of a row per variant share: names at the left, an axis below, values at
//! the right.

use maud::{Markup, html};

use super::axis::{Axis, Span};
use super::draw::{WIDTH, line, text};
use super::label::{fitted, width_of};

const LONGEST_NAME: f64 = 180.0;
/// Room at the right for values.
const VALUES: f64 = 74.0;
/// Room below the rows for tick labels and the title of the axis.
const BELOW: f64 = 42.0;
/// Height of all rows above which tick labels stand above them, too.
const HIGH: f64 = 700.0;

/// Rows below each other.
pub(super) struct Rows {
    names: Vec<String>,
    left: f64,
    top: f64,
    row_height: f64,
}

impl Rows {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>, top: f64, row_height: f64) -> Self {
        let names: Vec<String> = names.map(|name| fitted(name, LONGEST_NAME)).collect();
        let widest = names.iter().map(|name| width_of(name)).fold(40.0, f64::max);
        let is_high = names.len() as f64 * row_height > HIGH;
        Rows {
            names,
            left: widest + 12.0,
            top: if is_high { top + 18.0 } else { top },
            row_height,
        }
    }

    /// Ends of the axis.
    pub(super) fn span(&self) -> Span {
        Span {
            from: self.left,
            to: WIDTH - VALUES,
        }
    }

    pub(super) fn top(&self) -> f64 {
        self.top
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.names.len().max(1) as f64 * self.row_height
    }

    /// Height of the whole chart.
    pub(super) fn height(&self) -> f64 {
        self.bottom() + BELOW
    }

    /// Height of the middle of a row.
    pub(super) fn middle(&self, row: usize) -> f64 {
        self.top + (row as f64 + 0.5) * self.row_height
    }

    /// A value at the right of a row.
    pub(super) fn value(y: f64, shown: &str) -> Markup {
        text("value end", (WIDTH - 4.0, y + 4.0), shown)
    }

    /// Grid, axis and names.
    pub(super) fn drawn(&self, axis: &Axis) -> Markup {
        let (span, bottom) = (self.span(), self.bottom());
        let is_high = bottom - self.top > HIGH;
        html! {
            @for tick in &axis.ticks {
                (line("grid", (tick.at, self.top), (tick.at, bottom)))
                (text("tick middle", (tick.at, bottom + 15.0), &tick.label))
                @if is_high { (text("tick middle", (tick.at, self.top - 6.0), &tick.label)) }
            }
            (line("axis", (span.from, bottom), (span.to, bottom)))
            (text("axis-title middle", ((span.from + span.to) / 2.0, bottom + 34.0), &axis.title))
            @for (row, name) in self.names.iter().enumerate() {
                (text("name end", (self.left - 8.0, self.middle(row) + 4.0), name))
            }
            @if self.names.is_empty() {
                (text("empty middle", ((span.from + span.to) / 2.0, self.middle(0) + 4.0), "nothing to plot"))
            }
        }
    }
}
