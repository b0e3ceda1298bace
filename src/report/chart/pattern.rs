//! Patterns that fill areas, so that they differ by more than their colours.

use maud::{Markup, html};

use super::draw::colour_class;
use super::figure::Frame;

/// Number of hatches, after which they begin anew. It has no factor in common with the number of
/// colours, so that 56 kinds differ.
const HATCHES: usize = 7;

/// Look of the first of the hatches, which has no lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// It is solid, for areas that hold no text.
    OneSolid,
    /// It is as light as the others, for areas that hold text.
    Light,
}

fn id(frame: &Frame, number: usize) -> String {
    format!("chart-{}-hatch-{number}", frame.number)
}

/// The `fill` of an area that has a pattern of its chart.
pub(super) fn filled_with(frame: &Frame, number: usize) -> String {
    format!("url(#{})", id(frame, number))
}

/// Pattern `number` of a chart, in the colour of a series.
pub(super) fn pattern(frame: &Frame, number: usize, series: usize, filling: Filling) -> Markup {
    let lines = match number % HATCHES {
        0 => "",
        1 => "M-2,2 L2,-2 M0,8 L8,0 M6,10 L10,6",
        2 => "M1,1 h2 v2 h-2 z M5,5 h2 v2 h-2 z",
        3 => "M-2,6 L2,10 M0,0 L8,8 M6,-2 L10,2",
        4 => "M0,2 H8 M0,6 H8",
        5 => "M2,0 V8 M6,0 V8",
        _ => "M0,0 L8,8 M0,8 L8,0",
    };
    let is_solid = filling == Filling::OneSolid && number.is_multiple_of(HATCHES);
    let fill = if is_solid { "solid" } else { "tint" };
    let hatch = match filling {
        Filling::OneSolid => "hatch",
        Filling::Light => "hatch light",
    };
    html! {
        pattern class=(colour_class(series)) id=(id(frame, number)) width="8" height="8" patternUnits="userSpaceOnUse" {
            rect class=(fill) width="8" height="8" {}
            path class=(hatch) d=(lines) {}
        }
    }
}
