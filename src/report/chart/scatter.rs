//! Sizes of files against times.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{Position, interval, line, marker, polyline, text};
use super::figure::{Drawing, Frame, figure};
use super::label::{Placer, fitted, long};
use super::legend::{Entry, legend};
use super::plane::{Layout, Plane};
use super::quantity::Quantity;
use crate::report::table::{Head, Table, texts};
use crate::report::words::counted;

const LONGEST_NAME: f64 = 150.0;

/// A variant with its file size and its time. Less is better in both.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tradeoff {
    pub(crate) name: String,
    pub(crate) file_bytes: f64,
    pub(crate) time_ns: f64,
    /// Low and high.
    pub(crate) interval_ns: Option<(f64, f64)>,
    /// True if no other variant is shown to dominate it, which takes CPU time into account.
    pub(crate) is_on_front: bool,
}

/// Named points. Those on the Pareto front are filled and joined by steps.
pub(crate) fn scatter(frame: &Frame, points: &[Tradeoff]) -> Markup {
    let entries = [(true, "on the Pareto front"), (false, "not on it")];
    let entries = entries.map(|(is_on_front, name)| Entry {
        sign: marker(0, (14.0, 0.0), is_on_front),
        name: name.to_owned(),
    });
    let has_intervals = points.iter().any(|point| point.interval_ns.is_some());
    let of_interval = has_intervals.then(|| Entry {
        sign: interval(0, (14.0, -7.0), (14.0, 7.0)),
        name: "99 % interval".to_owned(),
    });
    let entries: Vec<Entry> = entries.into_iter().chain(of_interval).collect();
    let (signs, top) = legend(&entries, 0.0);
    let times = points.iter().map(|point| point.time_ns);
    let ends = points.iter().flat_map(|point| {
        let (low, high) = point.interval_ns.unwrap_or((point.time_ns, point.time_ns));
        [point.time_ns, low, high]
    });
    let plane = Plane::new("time", AxisScale::Linear, &Layout::below(top), ends);
    let sizes = points.iter().map(|point| point.file_bytes);
    let x = Axis::new(
        "file size",
        Quantity::Bytes,
        AxisScale::Linear,
        plane.span(),
        sizes.clone(),
    );
    let place = |point: &Tradeoff| Some((x.at(point.file_bytes)?, plane.y().at(point.time_ns)?));
    let mut placed: Vec<(&Tradeoff, Position)> = points
        .iter()
        .filter_map(|point| Some((point, place(point)?)))
        .collect();
    placed.sort_by(|(first, _), (second, _)| {
        let by_front = second.is_on_front.cmp(&first.is_on_front);
        by_front.then(first.file_bytes.total_cmp(&second.file_bytes))
    });
    // Points that are on the front for want of a proof only are no steps of it.
    let mut lowest = f64::INFINITY;
    let front = placed.iter().filter(|(point, _)| {
        let is_step = point.is_on_front && point.time_ns < lowest;
        lowest = if is_step { point.time_ns } else { lowest };
        is_step
    });
    let front: Vec<Position> = front.map(|(_, at)| *at).collect();
    let front = steps(&front);
    let (names, left_out) = labels(&plane, &placed, &front);
    let drawn = html! {
        (plane.drawn(&x, placed.is_empty()))
        (signs)
        (polyline("front", &front))
        @for (point, (x, _)) in &placed {
            @if let Some((low, high)) = point.interval_ns
                && let (Some(low), Some(high)) = (plane.y().clamped(low), plane.y().clamped(high)) {
                (interval(0, (*x, low), (*x, high)))
            }
        }
        @for (point, at) in placed.iter().rev() { (marker(0, *at, point.is_on_front)) }
        (names)
    };
    let on_front: Vec<String> = points
        .iter()
        .filter(|point| point.is_on_front)
        .map(|point| long(&point.name))
        .collect();
    let named = match left_out {
        0 => String::new(),
        count => format!(" {count} of the names have no room in the chart; the table has them."),
    };
    let drawing = Drawing {
        height: plane.height(),
        drawn,
        description: format!(
            "File size and time of {}: sizes {}, times {}. On the Pareto front: {}.{named}",
            counted(points.len(), "variant"),
            Quantity::Bytes.range(sizes),
            Quantity::Time.range(times),
            match on_front.is_empty() {
                true => "none".to_owned(),
                false => on_front.join(", "),
            }
        ),
        tables: vec![figures(points)],
    };
    figure(frame, &drawing)
}

/// Names beside their points, and the number of names that find no room.
fn labels(plane: &Plane, placed: &[(&Tradeoff, Position)], front: &[Position]) -> (Markup, usize) {
    let mut placer = Placer::new(plane.area(), placed.iter().map(|(_, at)| *at));
    for step in front.windows(2) {
        placer.avoid(step[0], step[1]);
    }
    for (point, (x, _)) in placed {
        let ends = point.interval_ns;
        let ends = ends.and_then(|(low, high)| plane.y().clamped(low).zip(plane.y().clamped(high)));
        if let Some((low, high)) = ends {
            placer.avoid((*x, low), (*x, high));
        }
    }
    let mut left_out = 0;
    let drawn = html! {
        @for (point, at) in placed {
            @let name = fitted(&point.name, LONGEST_NAME);
            @if let Some(place) = placer.place(*at, &name) {
                @if let Some(end) = place.leader { (line("leader", *at, end)) }
                (text("name halo start", (place.x, place.y), &name))
            } @else {
                @let () = left_out += 1;
            }
        }
    };
    (drawn, left_out)
}

/// Steps along the front: from each point level to the size of the next one, then down to its time.
/// No place on them is better than a point of the front.
fn steps(front: &[Position]) -> Vec<Position> {
    let mut steps: Vec<Position> = Vec::with_capacity(front.len() * 2);
    for (x, y) in front {
        if let Some((_, last)) = steps.last().copied() {
            steps.push((*x, last));
        }
        steps.push((*x, *y));
    }
    steps
}

fn figures(points: &[Tradeoff]) -> Table {
    let cells = |point: &Tradeoff| {
        let (low, high) = point.interval_ns.unwrap_or((f64::NAN, f64::NAN));
        vec![
            point.name.clone(),
            Quantity::Bytes.shown(point.file_bytes),
            Quantity::Time.shown(point.time_ns),
            Quantity::Time.shown(low),
            Quantity::Time.shown(high),
            if point.is_on_front { "yes" } else { "no" }.to_owned(),
        ]
    };
    Table {
        title: "File sizes and times".to_owned(),
        description: None,
        heads: vec![
            Head::text("variant"),
            Head::number("file size"),
            Head::number("time"),
            Head::number("low"),
            Head::number("high"),
            Head::text("on the Pareto front"),
        ],
        rows: points.iter().map(cells).map(texts).collect(),
    }
}
