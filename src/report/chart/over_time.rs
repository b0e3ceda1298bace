//! Iterations in the course of a run.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{cross, marker};
use super::figure::{Drawing, Frame, figure};
use super::legend::{Entry, legend};
use super::plane::{Layout, Plane};
use super::quantity::Quantity;
use crate::report::table::{Head, Table, texts};
use crate::report::words::counted;

/// The iterations of a variant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IterationSeries {
    pub(crate) name: String,
    pub(crate) points: Vec<IterationPoint>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct IterationPoint {
    /// Seconds since the run began.
    pub(crate) elapsed_s: f64,
    /// Duration of the iteration, in nanoseconds.
    pub(crate) time_ns: f64,
    /// True if the iteration does not count.
    pub(crate) is_void: bool,
}

/// A point per iteration, with the marker of its variant, or a hollow cross if the iteration is
/// void.
pub(crate) fn over_time(frame: &Frame, series: &[IterationSeries]) -> Markup {
    let all = || series.iter().flat_map(|series| &series.points);
    let voids = all().filter(|point| point.is_void).count();
    let (signs, top) = legend(&entries(series, voids > 0), 0.0);
    let times = || all().map(|point| point.time_ns);
    let elapsed = || all().map(|point| point.elapsed_s);
    let plane = Plane::new(
        "time of an iteration",
        AxisScale::Linear,
        &Layout::below(top),
        times(),
    );
    let x = Axis::new(
        "time since the run began",
        Quantity::Elapsed,
        AxisScale::Zero,
        plane.span(),
        elapsed(),
    );
    let place =
        |point: &IterationPoint| Some((x.at(point.elapsed_s)?, plane.y().at(point.time_ns)?));
    let drawn = html! {
        (plane.drawn(&x, all().all(|point| place(point).is_none())))
        (signs)
        @for (index, series) in series.iter().enumerate() {
            @for point in &series.points {
                @if let Some(at) = place(point) {
                    @if point.is_void { (cross(index, at)) } @else { (marker(index, at, true)) }
                }
            }
        }
    };
    let drawing = Drawing {
        height: plane.height(),
        drawn,
        description: format!(
            "Times of {} of {} against the time since the run began: times {}, begun {}. {voids} of them are void.",
            counted(all().count(), "iteration"),
            counted(series.len(), "variant"),
            Quantity::Time.range(times()),
            Quantity::Elapsed.range(elapsed())
        ),
        tables: vec![figures(series)],
    };
    figure(frame, &drawing)
}

fn entries(series: &[IterationSeries], has_void: bool) -> Vec<Entry> {
    let variants = series.iter().enumerate().map(|(index, series)| Entry {
        sign: marker(index, (14.0, 0.0), true),
        name: series.name.clone(),
    });
    let void = has_void.then(|| Entry {
        sign: html! { g class="neutral" { (cross(0, (14.0, 0.0))) } },
        name: "void: does not count".to_owned(),
    });
    // The entry of void iterations comes first, as a long legend is cut off at its end.
    void.into_iter().chain(variants).collect()
}

fn figures(series: &[IterationSeries]) -> Table {
    let cells = |series: &IterationSeries, point: &IterationPoint| {
        vec![
            series.name.clone(),
            Quantity::Elapsed.shown(point.elapsed_s),
            Quantity::Time.shown(point.time_ns),
            if point.is_void { "void" } else { "counted" }.to_owned(),
        ]
    };
    let rows = series
        .iter()
        .flat_map(|series| series.points.iter().map(move |point| cells(series, point)));
    Table {
        title: "Iterations".to_owned(),
        description: None,
        heads: vec![
            Head::text("variant"),
            Head::number("begun"),
            Head::number("time"),
            Head::text("state"),
        ],
        rows: rows.map(texts).collect(),
    }
}
