//! Latencies of requests, from the median to the longest, a row per variant.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{line, marker};
use super::figure::{Drawing, Frame, counted, figure};
use super::legend::{Entry, legend};
use super::quantity::Quantity;
use super::rows::Rows;
use crate::report::table::{Head, Table, texts};

const ROW_HEIGHT: f64 = 24.0;
const MARKS: [&str; 4] = ["p50", "p90", "p99", "max"];

/// Latencies of the requests of a variant, in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Latencies {
    pub(crate) name: String,
    pub(crate) p50_ns: f64,
    pub(crate) p90_ns: f64,
    pub(crate) p99_ns: f64,
    pub(crate) max_ns: f64,
}

impl Latencies {
    /// All latencies, in the order of [`MARKS`].
    fn all(&self) -> [f64; 4] {
        [self.p50_ns, self.p90_ns, self.p99_ns, self.max_ns]
    }
}

/// A line from the median to the longest latency, with a marker at each figure, on a logarithmic
/// axis.
pub(crate) fn ranges(frame: &Frame, rows: &[Latencies]) -> Markup {
    let entries = MARKS.iter().enumerate().map(|(index, name)| Entry {
        sign: marker(index, (14.0, 0.0), index != 0),
        name: (*name).to_owned(),
    });
    let (signs, top) = legend(&entries.collect::<Vec<_>>(), 0.0);
    let layout = Rows::new(
        rows.iter().map(|row| row.name.as_str()),
        top + 8.0,
        ROW_HEIGHT,
    );
    let all = || rows.iter().flat_map(Latencies::all);
    let axis = Axis::new(
        "latency of a call",
        Quantity::Time,
        AxisScale::Logarithmic,
        layout.span(),
        all(),
    );
    let drawn = html! {
        (layout.drawn(&axis))
        (signs)
        @for (index, row) in rows.iter().enumerate() {
            @let y = layout.middle(index);
            @let places = row.all().map(|latency| axis.at(latency));
            @let (first, last) = (places.iter().flatten().next(), places.iter().flatten().next_back());
            @if let (Some(first), Some(last)) = (first, last) { (line("range", (*first, y), (*last, y))) }
            @for (mark, place) in places.iter().enumerate().rev() {
                @if let Some(x) = place { (marker(mark, (*x, y), mark != 0)) }
            }
            (Rows::value(y, &Quantity::Time.shown(row.max_ns)))
        }
    };
    let drawing = Drawing {
        height: layout.height(),
        drawn,
        description: format!(
            "Latencies of the requests of {} on a logarithmic axis: the median (p50) {}, the 99th percentile {}, the longest {}.",
            counted(rows.len(), "variant"),
            Quantity::Time.range(rows.iter().map(|row| row.p50_ns)),
            Quantity::Time.range(rows.iter().map(|row| row.p99_ns)),
            Quantity::Time.range(rows.iter().map(|row| row.max_ns)),
        ),
        tables: vec![figures(rows)],
    };
    figure(frame, &drawing)
}

fn figures(rows: &[Latencies]) -> Table {
    let cells = |row: &Latencies| {
        let latencies = row.all().map(|latency| Quantity::Time.shown(latency));
        [row.name.clone()].into_iter().chain(latencies).collect()
    };
    let heads = MARKS.iter().map(|name| Head::named(name));
    Table {
        title: "Latencies of requests".to_owned(),
        description: None,
        heads: [Head::text("variant")].into_iter().chain(heads).collect(),
        rows: rows.iter().map(cells).map(texts).collect(),
    }
}
