//! Predicted times against bandwidths, with the measurements that check them.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{Position, coordinate, curve, interval, line, marker, text};
use super::figure::{Drawing, Frame, figure};
use super::label::{LINE_HEIGHT, Placer, fitted, long, spread, width_of};
use super::legend::{Entry, legend};
use super::plane::{Layout, Plane};
use super::quantity::{ABSENT, Quantity, is_usable};
use crate::report::table::{Head, Table, texts};
use crate::report::words::counted;

/// Most curves that have labels at their ends. More curves have a legend instead.
const MOST_LABELLED: usize = 8;
const LONGEST_NAME: f64 = 130.0;
/// Distance between the end of a curve and its label.
const LEADER: f64 = 14.0;
/// Width of the marker before a label.
const SIGN: f64 = 18.0;

/// Times in nanoseconds at bandwidths in bytes per second.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CurveLine {
    pub(crate) name: String,
    /// Pairs of bandwidth and time, sorted by bandwidth.
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) measured: Vec<MeasuredPoint>,
}

/// A measured time of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MeasuredPoint {
    pub(crate) bytes_per_s: f64,
    pub(crate) time_ns: f64,
    /// Low and high.
    pub(crate) interval_ns: Option<(f64, f64)>,
}

/// A point at which two curves cross.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CurveCrossing {
    pub(crate) bytes_per_s: f64,
    pub(crate) time_ns: f64,
    /// Text at the crossing, such as `zstd: 1.40 GB/s`.
    pub(crate) label: String,
}

/// A line per variant on logarithmic axes; dashed upright lines where they cross.
pub(crate) fn curves(frame: &Frame, curves: &[CurveLine], crossings: &[CurveCrossing]) -> Markup {
    let names: Vec<String> = curves
        .iter()
        .map(|curve| fitted(&curve.name, LONGEST_NAME))
        .collect();
    let is_labelled = curves.len() <= MOST_LABELLED;
    let (signs, top) = legend(&entries(curves, is_labelled), 0.0);
    let mut layout = Layout::below(top);
    if is_labelled {
        let widest = names.iter().map(|name| width_of(name)).fold(0.0, f64::max);
        layout.right = LEADER + SIGN + widest + 4.0;
    }
    let measured = || curves.iter().flat_map(|curve| &curve.measured);
    let points = || {
        let all = curves.iter().flat_map(|curve| curve.points.iter().copied());
        all.filter(|(bandwidth, time)| is_usable(*bandwidth) && is_usable(*time))
    };
    let ends = measured().flat_map(|point| {
        let (low, high) = point.interval_ns.unwrap_or((point.time_ns, point.time_ns));
        [point.time_ns, low, high]
    });
    let times = points().map(|(_, time)| time).chain(ends);
    let bandwidths = points().map(|(bandwidth, _)| bandwidth);
    let bandwidths = bandwidths.chain(measured().map(|point| point.bytes_per_s));
    let plane = Plane::new("time", AxisScale::Logarithmic, &layout, times);
    let x = Axis::new(
        "bandwidth of the storage",
        Quantity::BytesPerSecond,
        AxisScale::Logarithmic,
        plane.span(),
        bandwidths,
    );
    let place = |bandwidth: f64, time: f64| Some((x.at(bandwidth)?, plane.y().at(time)?));
    let lines = curves.iter().map(|curve| {
        let points = curve
            .points
            .iter()
            .filter_map(|(bandwidth, time)| place(*bandwidth, *time));
        points.collect::<Vec<Position>>()
    });
    let lines: Vec<Vec<Position>> = lines.collect();
    let crossed: Vec<(Position, String)> = crossings
        .iter()
        .filter_map(|crossing| {
            let at = place(crossing.bytes_per_s, crossing.time_ns)?;
            Some((at, fitted(&crossing.label, LONGEST_NAME)))
        })
        .collect();
    let is_empty = lines.iter().all(Vec::is_empty) && measured().count() == 0;
    let drawn = html! {
        (plane.drawn(&x, is_empty))
        (signs)
        @for ((x, _), _) in &crossed { (line("crossing", (*x, plane.area().top), (*x, plane.area().bottom))) }
        @for (index, points) in lines.iter().enumerate() {
            (curve(index, points))
            @for point in points.first().into_iter().chain(points.last()) { (marker(index, *point, true)) }
        }
        @for (index, curve) in curves.iter().enumerate() {
            @for point in &curve.measured {
                @if let Some((x, y)) = place(point.bytes_per_s, point.time_ns) {
                    @if let Some((low, high)) = point.interval_ns
                        && let (Some(low), Some(high)) = (plane.y().clamped(low), plane.y().clamped(high)) {
                        (interval(index, (x, low), (x, high)))
                    }
                    (marker(index, (x, y), false))
                }
            }
        }
        @if is_labelled { (names_at_ends(&plane, &lines, &names)) }
        (crossing_labels(&plane, &lines, &crossed))
    };
    let drawing = Drawing {
        height: plane.height(),
        drawn,
        description: description(curves, crossings),
        tables: tables(curves, crossings),
    };
    figure(frame, &drawing)
}

fn entries(curves: &[CurveLine], is_labelled: bool) -> Vec<Entry> {
    let sign = |index: usize| html! { (curve(index, &[(0.0, 0.0), (26.0, 0.0)])) (marker(index, (13.0, 0.0), true)) };
    let named = curves.iter().enumerate().filter(|_| !is_labelled);
    let named = named.map(|(index, curve)| Entry {
        sign: sign(index),
        name: curve.name.clone(),
    });
    let has_measured = curves.iter().any(|curve| !curve.measured.is_empty());
    let told_apart = [
        (curve(0, &[(0.0, 0.0), (26.0, 0.0)]), "predicted"),
        (
            html! { (interval(0, (14.0, -7.0), (14.0, 7.0))) (marker(0, (14.0, 0.0), false)) },
            "measured, with interval",
        ),
    ];
    let told_apart = told_apart.into_iter().filter(|_| has_measured);
    let told_apart = told_apart.map(|(sign, name)| Entry {
        sign: html! { g class="neutral" { (sign) } },
        name: name.to_owned(),
    });
    told_apart.chain(named).collect()
}

/// Names right of the ends of their lines, moved so that they do not overlap.
fn names_at_ends(plane: &Plane, lines: &[Vec<Position>], names: &[String]) -> Markup {
    let area = plane.area();
    let last = |index: usize| lines.get(index)?.last().copied();
    let ends = names.iter().enumerate();
    let ends: Vec<(usize, &String, Position)> = ends
        .filter_map(|(index, name)| Some((index, name, last(index)?)))
        .collect();
    let heights: Vec<f64> = ends.iter().map(|(_, _, (_, y))| *y).collect();
    let heights = spread(&heights, LINE_HEIGHT, area.top + 4.0, area.bottom - 6.0);
    html! {
        @for ((index, name, (x, y)), height) in ends.iter().zip(&heights) {
            @let left = area.right + LEADER;
            (line("leader", (x + 6.0, *y), (left, *height)))
            (marker(*index, (left + SIGN / 2.0, *height), true))
            (text("name start", (left + SIGN, height + 4.0), name))
        }
    }
}

/// Dots at crossings, with labels where there is room.
fn crossing_labels(
    plane: &Plane,
    lines: &[Vec<Position>],
    crossed: &[(Position, String)],
) -> Markup {
    let dots = crossed.iter().map(|(at, _)| *at);
    let mut placer = Placer::new(plane.area(), dots.chain(lines.iter().flatten().copied()));
    html! {
        @for (at, label) in crossed {
            circle class="crossing-dot" cx=(coordinate(at.0)) cy=(coordinate(at.1)) r="4" {}
            @if let Some(place) = placer.place(*at, label) {
                @if let Some(end) = place.leader { (line("leader", *at, end)) }
                (text("name halo start", (place.x, place.y), label))
            }
        }
    }
}

fn description(curves: &[CurveLine], crossings: &[CurveCrossing]) -> String {
    let points = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let crossed: Vec<String> = crossings
        .iter()
        .map(|crossing| long(&crossing.label))
        .collect();
    format!(
        "Times of {} against the bandwidth of the storage, both on logarithmic axes: bandwidths {}, times {}. {}.",
        counted(curves.len(), "variant"),
        Quantity::BytesPerSecond.range(points().map(|(bandwidth, _)| bandwidth)),
        Quantity::Time.range(points().map(|(_, time)| time)),
        match crossed.is_empty() {
            true => "No curve crosses another one".to_owned(),
            false => format!("Crossings: {}", crossed.join(", ")),
        }
    )
}

fn tables(curves: &[CurveLine], crossings: &[CurveCrossing]) -> Vec<Table> {
    let mut tables = vec![predicted(curves)];
    if curves.iter().any(|curve| !curve.measured.is_empty()) {
        tables.push(measured(curves));
    }
    if !crossings.is_empty() {
        let cells = |crossing: &CurveCrossing| {
            vec![
                crossing.label.clone(),
                Quantity::Time.shown(crossing.time_ns),
            ]
        };
        tables.push(Table {
            title: "Crossings".to_owned(),
            description: None,
            heads: vec![Head::text("bandwidth"), Head::number("time")],
            rows: crossings.iter().map(cells).map(texts).collect(),
        });
    }
    tables
}

/// A row per bandwidth, a column per curve.
fn predicted(curves: &[CurveLine]) -> Table {
    let mut bandwidths: Vec<f64> = curves
        .iter()
        .flat_map(|curve| curve.points.iter().map(|(bandwidth, _)| *bandwidth))
        .collect();
    bandwidths.sort_by(f64::total_cmp);
    bandwidths.dedup();
    let row = |bandwidth: &f64| {
        let times = curves.iter().map(|curve| {
            let at = curve.points.iter().find(|(there, _)| there == bandwidth);
            at.map_or_else(
                || ABSENT.to_owned(),
                |(_, time)| Quantity::Time.shown(*time),
            )
        });
        let bandwidth = Quantity::BytesPerSecond.shown(*bandwidth);
        [bandwidth].into_iter().chain(times).collect()
    };
    let heads = curves.iter().map(|curve| Head::named(&curve.name));
    Table {
        title: "Times by bandwidth".to_owned(),
        description: None,
        heads: [Head::number("bandwidth")]
            .into_iter()
            .chain(heads)
            .collect(),
        rows: bandwidths.iter().map(row).map(texts).collect(),
    }
}

fn measured(curves: &[CurveLine]) -> Table {
    let cells = |curve: &CurveLine, point: &MeasuredPoint| {
        let (low, high) = point.interval_ns.unwrap_or((f64::NAN, f64::NAN));
        let times = [point.time_ns, low, high].map(|time| Quantity::Time.shown(time));
        let names = [
            curve.name.clone(),
            Quantity::BytesPerSecond.shown(point.bytes_per_s),
        ];
        names.into_iter().chain(times).collect()
    };
    let rows = curves
        .iter()
        .flat_map(|curve| curve.measured.iter().map(move |point| cells(curve, point)));
    Table {
        title: "Measured, to check the prediction".to_owned(),
        description: None,
        heads: vec![
            Head::text("variant"),
            Head::number("bandwidth"),
            Head::number("time"),
            Head::number("low"),
            Head::number("high"),
        ],
        rows: rows.map(texts).collect(),
    }
}
