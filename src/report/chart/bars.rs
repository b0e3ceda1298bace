//! Bars of several kinds, a row per variant: stacked into one bar, or grouped below each other.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{WIDTH, colour_class, coordinate, line};
use super::figure::{Drawing, Frame, figure};
use super::label::long;
use super::legend::{Entry, legend};
use super::pattern::{Filling, filled_with, pattern};
use super::quantity::{ABSENT, Quantity, is_usable};
use super::rows::Rows;
use crate::report::table::{Head, Table, texts};
use crate::report::words::counted;

const STACKED_ROW: f64 = 28.0;
const STACKED_BAR: f64 = 18.0;
const GROUPED_BAR: f64 = 13.0;
/// Gap between rows of grouped bars, in units of length.
const BETWEEN: f64 = 12.0;

/// The values of a row, in the order of the kinds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bars {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// Quantity that bars show, and the rows that have them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BarAxis {
    /// Title of the axis.
    title: &'static str,
    /// Plural of it, as the first word of a sentence.
    plural: &'static str,
    quantity: Quantity,
    /// Noun for a row.
    row: &'static str,
}

impl BarAxis {
    pub(crate) const BYTES: BarAxis = BarAxis {
        title: "bytes",
        plural: "Bytes",
        quantity: Quantity::Bytes,
        row: "variant",
    };
    pub(crate) const LANES: BarAxis = BarAxis {
        title: "time",
        plural: "Times",
        quantity: Quantity::Time,
        row: "cell",
    };
    pub(crate) const STEPS: BarAxis = BarAxis {
        title: "time",
        plural: "Times",
        quantity: Quantity::Time,
        row: "epoch",
    };
    pub(crate) const UTILIZATION: BarAxis = BarAxis {
        title: "utilization",
        plural: "Utilizations",
        quantity: Quantity::Share,
        row: "epoch",
    };
}

impl Bars {
    /// Values of a row that can be drawn, each with the index of its kind.
    fn usable(&self, kinds: usize) -> impl Iterator<Item = (usize, f64)> {
        let values = self.values.iter().take(kinds).enumerate();
        values.filter_map(|(kind, value)| Some((kind, value.filter(|value| is_usable(*value))?)))
    }

    fn total(&self, kinds: usize) -> f64 {
        self.usable(kinds).map(|(_, value)| value).sum()
    }
}

/// Stacked bars: bytes of several kinds that add up, such as data and metadata.
pub(crate) fn stacked(frame: &Frame, of: BarAxis, kinds: &[String], rows: &[Bars]) -> Markup {
    let quantity = of.quantity;
    let (signs, top) = signs(frame, kinds);
    let layout = Rows::new(rows.iter().map(|row| row.name.as_str()), top, STACKED_ROW);
    let total = |row: &Bars| row.total(kinds.len());
    let axis = Axis::new(
        of.title,
        quantity,
        AxisScale::Zero,
        layout.span(),
        rows.iter().map(total),
    );
    let drawn = html! {
        (layout.drawn(&axis))
        (signs)
        @for (index, row) in rows.iter().enumerate() {
            @let y = layout.middle(index);
            @let mut sum = 0.0;
            @for (kind, value) in row.usable(kinds.len()) {
                @let from = sum;
                @let () = sum += value;
                @if let (Some(from), Some(to)) = (axis.at(from), axis.at(sum)) {
                    (bar(frame, kind, (from, to), (y - STACKED_BAR / 2.0, STACKED_BAR)))
                }
            }
            (Rows::value(y, &quantity.shown(total(row))))
        }
    };
    let drawing = Drawing {
        height: layout.height(),
        drawn,
        description: format!(
            "{} of {}, made up of {}; in total {}.",
            of.plural,
            counted(rows.len(), of.row),
            names(kinds),
            quantity.range(rows.iter().map(total))
        ),
        tables: vec![figures(of, kinds, rows, Some(&total))],
    };
    figure(frame, &drawing)
}

/// Grouped bars: values of several kinds that are compared, such as the times of the lanes of a
/// cell.
pub(crate) fn grouped(frame: &Frame, of: BarAxis, kinds: &[String], rows: &[Bars]) -> Markup {
    let quantity = of.quantity;
    let (signs, top) = signs(frame, kinds);
    let row_height = kinds.len().max(1) as f64 * GROUPED_BAR + BETWEEN;
    let layout = Rows::new(rows.iter().map(|row| row.name.as_str()), top, row_height);
    let all = || {
        let values = rows.iter().flat_map(|row| row.usable(kinds.len()));
        values.map(|(_, value)| value)
    };
    let axis = Axis::new(of.title, quantity, AxisScale::Zero, layout.span(), all());
    let start = layout.span().from;
    let drawn = html! {
        (layout.drawn(&axis))
        (signs)
        @for (index, row) in rows.iter().enumerate() {
            @let first = layout.middle(index) - kinds.len() as f64 * GROUPED_BAR / 2.0;
            @if index > 0 {
                @let edge = layout.middle(index) - row_height / 2.0;
                (line("separator", (0.0, edge), (WIDTH, edge)))
            }
            @for (kind, value) in row.usable(kinds.len()) {
                @let y = first + kind as f64 * GROUPED_BAR;
                @if let Some(end) = axis.at(value) { (bar(frame, kind, (start, end), (y + 1.0, GROUPED_BAR - 2.0))) }
                (Rows::value(y + GROUPED_BAR / 2.0, &quantity.shown(value)))
            }
        }
    };
    let drawing = Drawing {
        height: layout.height(),
        drawn,
        description: format!(
            "{} of {} in {}, {}.",
            of.plural,
            counted(rows.len(), of.row),
            names(kinds),
            quantity.range(all())
        ),
        tables: vec![figures(of, kinds, rows, None)],
    };
    figure(frame, &drawing)
}

fn names(kinds: &[String]) -> String {
    let names: Vec<String> = kinds.iter().map(|kind| long(kind)).collect();
    names.join(", ")
}

/// Hatches and legend of the kinds, and the height that they take.
fn signs(frame: &Frame, kinds: &[String]) -> (Markup, f64) {
    let entries = kinds.iter().enumerate().map(|(kind, name)| Entry {
        sign: bar(frame, kind, (2.0, 26.0), (-6.0, 12.0)),
        name: name.clone(),
    });
    let (drawn, height) = legend(&entries.collect::<Vec<_>>(), 0.0);
    let drawn = html! {
        defs { @for kind in 0..kinds.len() { (pattern(frame, kind, kind, Filling::OneSolid)) } }
        (drawn)
    };
    (drawn, height + 8.0)
}

/// A bar from left to right, with its top and its height.
fn bar(frame: &Frame, kind: usize, (left, right): (f64, f64), (top, height): (f64, f64)) -> Markup {
    html! {
        rect class=(format!("bar {}", colour_class(kind))) fill=(filled_with(frame, kind))
            x=(coordinate(left)) y=(coordinate(top)) width=(coordinate(right - left)) height=(coordinate(height)) {}
    }
}

fn figures(
    of: BarAxis,
    kinds: &[String],
    rows: &[Bars],
    total: Option<&dyn Fn(&Bars) -> f64>,
) -> Table {
    let cells = |row: &Bars| {
        let values = (0..kinds.len()).map(|kind| match row.values.get(kind) {
            Some(Some(value)) => of.quantity.shown(*value),
            _ => ABSENT.to_owned(),
        });
        let mut cells = vec![row.name.clone()];
        cells.extend(values);
        cells.extend(total.map(|total| of.quantity.shown(total(row))));
        cells
    };
    let first = match of.row {
        "cell" => "variant",
        row => row,
    };
    let mut heads = vec![Head::text(first)];
    heads.extend(kinds.iter().map(|kind| Head::named(kind)));
    heads.extend(total.map(|_| Head::number("total")));
    Table {
        title: format!("{} by kind", of.plural),
        description: None,
        heads,
        rows: rows.iter().map(cells).map(texts).collect(),
    }
}
