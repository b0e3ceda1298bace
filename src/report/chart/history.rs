//! Medians over runs, and the runs at which their level changed.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{Position, WIDTH, curve, interval, line, marker, text};
use super::figure::{Drawing, Frame, figure};
use super::label::{fitted, long, width_of};
use super::legend::{Entry, legend};
use super::plane::{Layout, Plane};
use super::quantity::Quantity;
use crate::report::table::{Head, Table, texts};
use crate::report::words::counted;

const LONGEST_RUN: f64 = 90.0;
const LONGEST_CHANGE: f64 = 200.0;
/// Most lines of labels of changes above the plot. A label that finds no room is only in the table.
const LABEL_LINES: usize = 4;
const LABEL_LINE: f64 = 15.0;
/// Most runs that have a marker each. If there are more runs, some have none.
const MOST_MARKED: usize = 60;

/// A scenario of a variant over runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Track {
    pub(crate) name: String,
    pub(crate) levels: Vec<Level>,
}

/// The median of a run with its interval, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Level {
    /// Index of the run.
    pub(crate) run: usize,
    pub(crate) median_ns: f64,
    /// Low and high.
    pub(crate) interval_ns: Option<(f64, f64)>,
}

/// A change from one level to another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LevelChange {
    /// The first run of the new level.
    pub(crate) run: usize,
    pub(crate) label: String,
}

/// Medians in the order of their runs, with upright lines where a level changed. `runs` has the
/// label of each run, such as its date.
pub(crate) fn history(
    frame: &Frame,
    runs: &[String],
    tracks: &[Track],
    changes: &[LevelChange],
) -> Markup {
    let entries = tracks.iter().enumerate().map(|(index, track)| Entry {
        sign: html! { (curve(index, &[(0.0, 0.0), (26.0, 0.0)])) (marker(index, (13.0, 0.0), true)) },
        name: track.name.clone(),
    });
    let several = tracks.len() > 1;
    let entries: Vec<Entry> = entries.filter(|_| several).collect();
    let (signs, top) = legend(&entries, 0.0);
    let lines = changes.len().min(LABEL_LINES);
    let all = || tracks.iter().flat_map(|track| &track.levels);
    let ends = all().flat_map(|level| {
        let (low, high) = level
            .interval_ns
            .unwrap_or((level.median_ns, level.median_ns));
        [level.median_ns, low, high]
    });
    let plane = Plane::new(
        "median time",
        AxisScale::Linear,
        &Layout {
            above: lines as f64 * LABEL_LINE,
            ..Layout::below(top)
        },
        ends,
    );
    let labels: Vec<String> = runs.iter().map(|run| fitted(run, LONGEST_RUN)).collect();
    let x = Axis::ordinal("run, in the order of time", plane.span(), &labels);
    let place = |level: &Level| Some((x.at(level.run as f64)?, plane.y().at(level.median_ns)?));
    let every = runs.len().div_ceil(MOST_MARKED).max(1);
    let drawn = html! {
        (plane.drawn(&x, all().all(|level| place(level).is_none())))
        (signs)
        (changed(&plane, &x, changes, lines))
        @for (index, track) in tracks.iter().enumerate() {
            @let points: Vec<Position> = track.levels.iter().filter_map(place).collect();
            (curve(index, &points))
            @for level in &track.levels {
                @if let (Some((at, _)), Some((low, high))) = (place(level), level.interval_ns)
                    && let (Some(low), Some(high)) = (plane.y().clamped(low), plane.y().clamped(high)) {
                    (interval(index, (at, low), (at, high)))
                }
            }
            @for point in points.iter().step_by(every) { (marker(index, *point, true)) }
        }
    };
    let changes_in_words: Vec<String> = changes
        .iter()
        .map(|change| format!("{} at {}", long(&change.label), run_name(runs, change.run)))
        .collect();
    let drawing = Drawing {
        height: plane.height(),
        drawn,
        description: format!(
            "Median times of {} over {}, {}. Changes: {}.",
            counted(tracks.len(), "track"),
            counted(runs.len(), "run"),
            Quantity::Time.range(all().map(|level| level.median_ns)),
            match changes.is_empty() {
                true => "none".to_owned(),
                false => changes_in_words.join(", "),
            }
        ),
        tables: tables(runs, tracks, changes),
    };
    figure(frame, &drawing)
}

/// Lines before the first runs of new levels, labelled above the plot. Labels are placed from right
/// to left: each stands right of its line, as low as it can without lying on a label or line
/// further right.
fn changed(plane: &Plane, x: &Axis, changes: &[LevelChange], lines: usize) -> Markup {
    let area = plane.area();
    let lowest = area.top - 7.0;
    let mut order: Vec<&LevelChange> = changes.iter().collect();
    order.sort_by_key(|change| std::cmp::Reverse(change.run));
    // Position at which the free room of each line of text ends.
    let mut ends = vec![f64::INFINITY; lines];
    let mut labels: Vec<(Position, String)> = Vec::new();
    let uprights = html! {
        @for change in order {
            @if let Some(at) = x.at(change.run as f64 - 0.5) {
                @let label = fitted(&change.label, LONGEST_CHANGE);
                @let width = width_of(&label);
                @let left = (at - 2.0).min(WIDTH - width);
                @let free = ends.iter().position(|end| left + width < *end);
                @let top = free.map_or(area.top, |index| lowest - index as f64 * LABEL_LINE);
                @for end in ends.iter_mut().take(free.map_or(0, |index| index + 1)) {
                    @let () = *end = left - 6.0;
                }
                @if free.is_some() {
                    @let () = labels.push(((left, top), label));
                }
                (line("change", (at, top + 4.0), (at, area.bottom)))
            }
        }
    };
    html! {
        (uprights)
        @for (at, label) in &labels { (text("name halo start", *at, label)) }
    }
}

fn run_name(runs: &[String], run: usize) -> String {
    runs.get(run)
        .map_or_else(|| format!("run {run}"), |name| long(name))
}

fn tables(runs: &[String], tracks: &[Track], changes: &[LevelChange]) -> Vec<Table> {
    let cells = |track: &Track, level: &Level| {
        let (low, high) = level.interval_ns.unwrap_or((f64::NAN, f64::NAN));
        let times = [level.median_ns, low, high].map(|time| Quantity::Time.shown(time));
        let names = [track.name.clone(), run_name(runs, level.run)];
        names.into_iter().chain(times).collect()
    };
    let rows = tracks
        .iter()
        .flat_map(|track| track.levels.iter().map(move |level| cells(track, level)));
    let levels = Table {
        title: "Medians of runs and the ends of their intervals".to_owned(),
        description: None,
        heads: vec![
            Head::text("series"),
            Head::text("run"),
            Head::number("median"),
            Head::number("low"),
            Head::number("high"),
        ],
        rows: rows.map(texts).collect(),
    };
    let changed = (!changes.is_empty()).then(|| Table {
        title: "Changes".to_owned(),
        description: None,
        heads: vec![Head::text("first run"), Head::text("change")],
        rows: changes
            .iter()
            .map(|change| texts(vec![run_name(runs, change.run), change.label.clone()]))
            .collect(),
    });
    [levels].into_iter().chain(changed).collect()
}
