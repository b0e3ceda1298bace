//! Parts that all charts of two axes share.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale, Span};
use super::draw::{WIDTH, line, text};
use super::label::{Area, width_of};
use super::quantity::{Quantity, is_usable};

const HEIGHT: f64 = 300.0;
/// Height of a plot that has nothing to plot.
const EMPTY_HEIGHT: f64 = 60.0;
/// Room above the plot for the title of the upright axis, and for the topmost label of its ticks.
const TITLE: f64 = 26.0;
const BELOW: f64 = 42.0;
/// Room at the right for half of a tick label.
const MARGIN: f64 = 22.0;

/// An area between two axes.
pub(super) struct Plane {
    area: Area,
    y: Axis,
    /// Height at which the title of the upright axis stands.
    title: f64,
}

/// Position of a plane within its chart.
pub(super) struct Layout {
    /// Upper end of the room for the title of the upright axis. A legend may lie above it.
    pub(super) top: f64,
    /// Room between the title and the plot.
    pub(super) above: f64,
    /// Room right of the plot.
    pub(super) right: f64,
}

impl Layout {
    /// A layout just below other content, which ends at `top`.
    pub(super) fn below(top: f64) -> Self {
        Layout {
            top,
            above: 0.0,
            right: MARGIN,
        }
    }
}

impl Plane {
    /// A plane whose upright axis shows times.
    pub(super) fn new(
        what: &str,
        kind: AxisScale,
        layout: &Layout,
        times: impl Iterator<Item = f64> + Clone,
    ) -> Self {
        let top = layout.top + TITLE + layout.above;
        let has_any = times.clone().any(is_usable);
        let bottom = top + if has_any { HEIGHT } else { EMPTY_HEIGHT };
        let span = Span {
            from: bottom,
            to: top,
        };
        let y = Axis::new(what, Quantity::Time, kind, span, times);
        let widest = y
            .ticks
            .iter()
            .map(|tick| width_of(&tick.label))
            .fold(20.0, f64::max);
        let area = Area {
            left: widest + 14.0,
            top,
            right: WIDTH - layout.right,
            bottom,
        };
        Plane {
            area,
            y,
            title: layout.top + 12.0,
        }
    }

    pub(super) fn area(&self) -> Area {
        self.area
    }

    pub(super) fn y(&self) -> &Axis {
        &self.y
    }

    /// Ends of the level axis.
    pub(super) fn span(&self) -> Span {
        Span {
            from: self.area.left,
            to: self.area.right,
        }
    }

    /// Height of the whole chart.
    pub(super) fn height(&self) -> f64 {
        self.area.bottom + BELOW
    }

    /// Grid and axes, and a text that says so if there is nothing to plot.
    pub(super) fn drawn(&self, x: &Axis, is_empty: bool) -> Markup {
        let Area {
            left,
            top,
            right,
            bottom,
        } = self.area;
        html! {
            @for tick in &self.y.ticks {
                (line("grid", (left, tick.at), (right, tick.at)))
                (text("tick end", (left - 8.0, tick.at + 4.0), &tick.label))
            }
            @for tick in &x.ticks {
                (line("grid", (tick.at, top), (tick.at, bottom)))
                (text("tick middle", (tick.at, bottom + 15.0), &tick.label))
            }
            (line("axis", (left, top), (left, bottom)))
            (line("axis", (left, bottom), (right, bottom)))
            (text("axis-title start", (4.0, self.title), &self.y.title))
            (text("axis-title middle", ((left + right) / 2.0, bottom + 34.0), &x.title))
            @if is_empty {
                (text("empty middle", ((left + right) / 2.0, (top + bottom) / 2.0), "nothing to plot"))
            }
        }
    }
}
