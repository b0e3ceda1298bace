//! Median times and their intervals, a row per variant.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{interval, line, marker, text};
use super::figure::{Drawing, Frame, figure};
use super::label::long;
use super::quantity::{Quantity, is_usable};
use super::rows::Rows;
use crate::report::table::{Head, Table, texts};
use crate::report::words::counted;

const TOP: f64 = 20.0;
const ROW_HEIGHT: f64 = 24.0;

/// A median with its interval, in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IntervalRow {
    pub(crate) name: String,
    pub(crate) median_ns: f64,
    /// Low and high.
    pub(crate) interval_ns: Option<(f64, f64)>,
    /// True if the others are compared with it. If it is true for several, the first is the
    /// baseline.
    pub(crate) is_baseline: bool,
}

/// A dot at each median, a line along its interval, and a dashed line at the baseline.
pub(crate) fn intervals(frame: &Frame, rows: &[IntervalRow]) -> Markup {
    let layout = Rows::new(rows.iter().map(|row| row.name.as_str()), TOP, ROW_HEIGHT);
    let ends = rows.iter().flat_map(|row| {
        let (low, high) = row.interval_ns.unwrap_or((row.median_ns, row.median_ns));
        [row.median_ns, low, high]
    });
    let axis = Axis::new(
        "median time",
        Quantity::Time,
        AxisScale::Zero,
        layout.span(),
        ends,
    );
    let baseline = rows.iter().find(|row| row.is_baseline);
    let reference = baseline.and_then(|row| axis.at(row.median_ns));
    let drawn = html! {
        (layout.drawn(&axis))
        @if let Some(x) = reference {
            (line("reference", (x, layout.top() - 4.0), (x, layout.bottom())))
            (text("tick middle", (x, TOP - 8.0), "baseline"))
        }
        @for (index, row) in rows.iter().enumerate() {
            @let y = layout.middle(index);
            @if let Some((low, high)) = row.interval_ns
                && let (Some(low), Some(high)) = (axis.clamped(low), axis.clamped(high)) {
                (interval(0, (low, y), (high, y)))
            }
            @if let Some(x) = axis.at(row.median_ns) { (marker(0, (x, y), !row.is_baseline)) }
            (Rows::value(y, &Quantity::Time.shown(row.median_ns)))
        }
    };
    let compared = baseline.map_or_else(String::new, |row| {
        format!(
            " The baseline, {}, is at {}.",
            long(&row.name),
            Quantity::Time.shown(row.median_ns)
        )
    });
    let fastest = rows
        .iter()
        .filter(|row| is_usable(row.median_ns))
        .min_by(|first, second| first.median_ns.total_cmp(&second.median_ns));
    let fastest = fastest.map_or_else(String::new, |row| {
        format!(" The fastest is {}.", long(&row.name))
    });
    let description = format!(
        "Median times of {} with their intervals, {}.{compared}{fastest}",
        counted(rows.len(), "variant"),
        Quantity::Time.range(rows.iter().map(|row| row.median_ns))
    );
    let drawing = Drawing {
        height: layout.height(),
        drawn,
        description,
        tables: vec![figures(rows)],
    };
    figure(frame, &drawing)
}

fn figures(rows: &[IntervalRow]) -> Table {
    let cells = |row: &IntervalRow| {
        let (low, high) = row.interval_ns.unwrap_or((f64::NAN, f64::NAN));
        vec![
            row.name.clone(),
            Quantity::Time.shown(row.median_ns),
            Quantity::Time.shown(low),
            Quantity::Time.shown(high),
        ]
    };
    Table {
        title: "Median times and the ends of their intervals".to_owned(),
        description: None,
        heads: vec![
            Head::text("variant"),
            Head::number("median"),
            Head::number("low"),
            Head::number("high"),
        ],
        rows: rows.iter().map(cells).map(texts).collect(),
    }
}
