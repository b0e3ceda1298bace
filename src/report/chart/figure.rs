//! A chart with its title, its text alternative and its figures as a table.

use maud::{Markup, html};

use super::draw::WIDTH;
use super::label::{long, shortened};
use super::table::table;
use crate::report::table::Table;

/// Number, title and description of a chart, without its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// Number that no other chart on the page has. All ids of this chart contain it, such as
    /// `chart-3`.
    pub(crate) number: usize,
    pub(crate) title: String,
    /// The plot in words, for readers who cannot see it. If absent, it is made from the data.
    pub(crate) description: Option<String>,
}

/// A chart without its frame.
pub(super) struct Drawing {
    /// Height in units of length.
    pub(super) height: f64,
    pub(super) drawn: Markup,
    pub(super) description: String,
    pub(super) tables: Vec<Table>,
}

/// Puts a chart into its frame.
pub(super) fn figure(frame: &Frame, drawing: &Drawing) -> Markup {
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
                    desc id=(description_id) { (shortened(description, LONGEST_DESCRIPTION)) }
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

/// Most characters of a description.
const LONGEST_DESCRIPTION: usize = 1_000;
