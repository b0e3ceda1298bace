//! Latencies of requests, from the median to the longest, a row per variant.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{line, marker};
use super::figure::{Drawing, Frame, figure};
use super::legend::{Entry, legend};
use super::quantity::Quantity;
use super::rows::Rows;
use crate::report::table::{Head, Table, texts};
use crate::report::words::counted;

const ROW_HEIGHT: f64 = 24.0;

/// Times that ranges show, and the rows that have them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RangeAxis {
    title: &'static str,
    /// Plural, as the first words of a sentence.
    plural: &'static str,
    /// Noun for a row.
    row: &'static str,
    marks: [&'static str; 4],
}

impl RangeAxis {
    pub(crate) const REQUESTS: RangeAxis = RangeAxis {
        title: "latency of a call",
        plural: "Latencies of the requests",
        row: "variant",
        marks: ["p50", "p90", "p99", "max"],
    };
    pub(crate) const WAITING: RangeAxis = RangeAxis {
        title: "waiting",
        plural: "Times of waiting",
        row: "epoch",
        marks: ["p50", "p95", "p99", "max"],
    };
}

/// Percentiles of the times of a row, in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Latencies {
    pub(crate) name: String,
    pub(crate) p50_ns: f64,
    /// The 90th or the 95th percentile, as the axis says.
    pub(crate) upper_ns: f64,
    pub(crate) p99_ns: f64,
    pub(crate) max_ns: f64,
}

impl Latencies {
    /// All times, in the order of the marks.
    fn all(&self) -> [f64; 4] {
        [self.p50_ns, self.upper_ns, self.p99_ns, self.max_ns]
    }
}

/// A line from the median to the longest latency, with a marker at each figure, on a logarithmic
/// axis.
pub(crate) fn ranges(frame: &Frame, of: RangeAxis, rows: &[Latencies]) -> Markup {
    let entries = of.marks.iter().enumerate().map(|(index, name)| Entry {
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
        of.title,
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
            "{} of {} on a logarithmic axis: the median (p50) {}, the 99th percentile {}, the longest {}.",
            of.plural,
            counted(rows.len(), of.row),
            Quantity::Time.range(rows.iter().map(|row| row.p50_ns)),
            Quantity::Time.range(rows.iter().map(|row| row.p99_ns)),
            Quantity::Time.range(rows.iter().map(|row| row.max_ns)),
        ),
        tables: vec![figures(of, rows)],
    };
    figure(frame, &drawing)
}

fn figures(of: RangeAxis, rows: &[Latencies]) -> Table {
    let cells = |row: &Latencies| {
        let latencies = row.all().map(|latency| Quantity::Time.shown(latency));
        [row.name.clone()].into_iter().chain(latencies).collect()
    };
    let heads = of.marks.iter().map(|name| Head::named(name));
    Table {
        title: of.plural.to_owned(),
        description: None,
        heads: [Head::text(of.row)].into_iter().chain(heads).collect(),
        rows: rows.iter().map(cells).map(texts).collect(),
    }
}
