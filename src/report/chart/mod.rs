//! Charts as SVG that needs no script: each with its title, a text alternative, axes with their units, and its figures as a table.
//!
//! Colours come from the style sheet by classes, so that a page is light or dark as its reader's screen is. What a colour tells, a
//! shape, a dash, a hatch or a label tells as well. Values that are negative or no numbers are not plotted, and on logarithmic axes
//! neither are zeros; tables have `-` in place of what is no measurement.

mod axis;
mod bars;
mod curves;
mod draw;
mod history;
mod intervals;
mod label;
mod legend;
mod over_time;
mod plane;
mod quantity;
mod ranges;
mod rows;
mod scatter;
mod table;

use maud::{Markup, html};

pub(crate) use bars::{Bars, grouped, stacked};
pub(crate) use curves::{Crossing, Curve, Measured, curves};
pub(crate) use history::{ChangePoint, Level, Track, history};
pub(crate) use intervals::{Estimate, intervals};
pub(crate) use over_time::{IterationPoint, IterationSeries, over_time};
pub(crate) use ranges::{Latencies, ranges};
pub(crate) use scatter::{Tradeoff, scatter};
pub(crate) use table::table;

use super::table::{Head, Table};

use draw::WIDTH;
use label::long;

/// What every chart has besides its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// Of this chart and of no other on its page: all of its ids are made of it, such as `chart-3`.
    pub(crate) number: usize,
    pub(crate) title: String,
    /// What is plotted, in words, for those who do not see it; without it, it is made of the data.
    pub(crate) description: Option<String>,
}

/// A chart, before it has its frame.
struct Drawing {
    /// In units of length.
    height: f64,
    drawn: Markup,
    description: String,
    tables: Vec<Table>,
}

fn figure(frame: &Frame, drawing: &Drawing) -> Markup {
    let id = format!("chart-{}", frame.number);
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
    let title = long(&frame.title);
    let description = frame.description.as_ref().unwrap_or(&drawing.description);
    html! {
        figure.chart id=(id) {
            figcaption { (title) }
            div.scroll tabindex="0" role="region" aria-label=(format!("Chart: {title}")) {
                svg viewBox=(format!("0 0 {WIDTH} {:.0}", drawing.height.ceil())) role="img"
                    aria-labelledby=(format!("{title_id} {description_id}")) {
                    title id=(title_id) { (title) }
                    desc id=(description_id) { (label::shortened(description, LONGEST_DESCRIPTION)) }
                    (drawing.drawn)
                }
            }
            details open {
                summary { "Table" }
                @for figures in &drawing.tables { (table(figures)) }
            }
        }
    }
}

/// In characters.
const LONGEST_DESCRIPTION: usize = 1_000;

/// `1 variant`, `3 variants`.
fn counted(count: usize, one: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {one}{ending}")
}

#[cfg(test)]
mod tests;
