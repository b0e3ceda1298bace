//! Phase maps: the fastest variant at each bandwidth and latency of a storage.

use maud::{Markup, html};

use super::axis::{Axis, AxisScale};
use super::draw::{Position, coordinate, joined, line, polyline, text};
use super::figure::{Drawing, Frame, figure};
use super::label::{Placer, fitted, long, width_of};
use super::legend::{Entry, legend};
use super::pattern::{Filling, filled_with, pattern};
use super::plane::{Layout, Plane};
use super::quantity::Quantity;
use crate::report::table::{Head, Table, texts};

const LONGEST_NAME: f64 = 150.0;
const LONGEST_MARK: f64 = 250.0;

/// Fastest variants at one latency.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PhaseRow {
    pub(crate) latency_ns: f64,
    /// From the lowest bandwidth to the highest.
    pub(crate) stretches: Vec<PhaseStretch>,
}

/// Range of bandwidths with the same fastest variants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PhaseStretch {
    /// Names of the fastest variants, such as `lz4 or none`.
    pub(crate) label: String,
    /// Series whose colour the region has.
    pub(crate) series: usize,
    /// Beginning. Absent for the first stretch.
    pub(crate) from: Option<Boundary>,
}

/// Bandwidth at which another variant becomes the fastest, in bytes per second.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Boundary {
    pub(crate) bytes_per_s: f64,
    /// Low and high. Absent if the bandwidth is too uncertain for bounds.
    pub(crate) bounds: Option<(f64, f64)>,
    /// The bandwidth and its bounds in words.
    pub(crate) shown: String,
}

/// A storage to be marked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StorageMark {
    pub(crate) label: String,
    /// In bytes per second. If it or the latency lies beyond the map, the mark stands at its edge.
    pub(crate) bytes_per_s: f64,
    pub(crate) latency_ns: f64,
}

/// Bandwidth across, latency up: each region in the colour and hatch of its fastest variants, with
/// their names, and the bounds of where regions meet. Rows are sorted by latency.
pub(crate) fn phases(
    frame: &Frame,
    (low, high): (f64, f64),
    rows: &[PhaseRow],
    marks: &[StorageMark],
) -> Markup {
    let regions = regions(rows);
    let (signs, top) = legend(&entries(frame, &regions, rows), 0.0);
    let latencies = rows.iter().map(|row| row.latency_ns);
    let plane = Plane::new(
        "latency of a request",
        AxisScale::Logarithmic,
        &Layout::below(top),
        latencies.clone(),
    );
    let x = Axis::new(
        "bandwidth of the storage",
        Quantity::BytesPerSecond,
        AxisScale::Logarithmic,
        plane.span(),
        [low, high].into_iter(),
    );
    let map = Map {
        edges: (
            x.clamped(low).unwrap_or(plane.area().left),
            x.clamped(high).unwrap_or(plane.area().right),
        ),
        heights: latencies
            .map(|it| plane.y().clamped(it).unwrap_or(plane.area().bottom))
            .collect(),
        x: &x,
        rows,
    };
    let runs = map.runs();
    let number = |label: &str| regions.iter().position(|it| it.label == label);
    let placed: Vec<(Position, &StorageMark)> = marks
        .iter()
        .filter_map(|mark| {
            let at = (
                x.clamped(mark.bytes_per_s)?,
                plane.y().clamped(mark.latency_ns)?,
            );
            Some((at, mark))
        })
        .collect();
    let mut placer = Placer::new(plane.area(), placed.iter().map(|(at, _)| *at));
    let drawn = html! {
        defs { @for (number, it) in regions.iter().enumerate() { (pattern(frame, number, it.series, Filling::Light)) } }
        (plane.drawn(&x, rows.is_empty()))
        (signs)
        @for run in &runs {
            @for (place, stretch) in map.rows[run.first].stretches.iter().enumerate() {
                @let number = number(&stretch.label).unwrap_or(0);
                polygon class="region" fill=(filled_with(frame, number)) points=(joined(&map.outline(run, place))) {}
            }
        }
        @for run in &runs {
            @for place in 1..map.rows[run.first].stretches.len() {
                (polyline("boundary", &map.left_side(run, place)))
            }
        }
        @for (row, y) in rows.iter().zip(&map.heights) {
            @for bounds in row.stretches.iter().filter_map(|it| it.from.as_ref()?.bounds) {
                @if let (Some(from), Some(to)) = (x.clamped(bounds.0), x.clamped(bounds.1)) {
                    (line("doubt", (from, *y), (to, *y)))
                }
            }
        }
        @for (at, _) in &placed { (own(*at)) }
        @for region in &regions {
            @let label = fitted(&region.label, LONGEST_NAME);
            @let half = width_of(&label) / 2.0;
            @if let Some((x, y)) = map.room_for(&runs, &region.label, half * 2.0) {
                @let () = placer.avoid((x - half, y - 6.0), (x + half, y + 6.0));
                (text("name halo middle", (x, y + 4.0), &label))
            }
        }
        @for (at, mark) in &placed {
            @let label = fitted(&mark.label, LONGEST_MARK);
            @if let Some(place) = placer.place(*at, &label) {
                @if let Some(end) = place.leader { (line("leader", *at, end)) }
                (text("name halo start strong", (place.x, place.y), &label))
            }
        }
    };
    let drawing = Drawing {
        height: plane.height(),
        drawn,
        description: description(rows, marks),
        tables: vec![figures(rows)],
    };
    figure(frame, &drawing)
}

/// All stretches of a map with the same fastest variants.
struct Region {
    label: String,
    series: usize,
}

fn regions(rows: &[PhaseRow]) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    for stretch in rows.iter().flat_map(|row| &row.stretches) {
        if !regions.iter().any(|it| it.label == stretch.label) {
            regions.push(Region {
                label: stretch.label.clone(),
                series: stretch.series,
            });
        }
    }
    regions
}

fn entries(frame: &Frame, regions: &[Region], rows: &[PhaseRow]) -> Vec<Entry> {
    let swatch = |number: usize| {
        html! { rect class="region" fill=(filled_with(frame, number)) x="2" y="-6" width="24" height="12" {} }
    };
    let named = regions.iter().enumerate().map(|(number, it)| Entry {
        sign: swatch(number),
        name: it.label.clone(),
    });
    let mut entries: Vec<Entry> = named.collect();
    let boundaries = || {
        let stretches = rows.iter().flat_map(|row| &row.stretches);
        stretches.filter_map(|it| it.from.as_ref())
    };
    if boundaries().any(|it| it.bounds.is_some()) {
        entries.push(Entry {
            sign: html! { (line("boundary", (14.0, -6.0), (14.0, 6.0))) (line("doubt", (3.0, 0.0), (25.0, 0.0))) },
            name: "boundary, 99 % bounds".to_owned(),
        });
    }
    if boundaries().any(|it| it.bounds.is_none()) {
        entries.push(Entry {
            sign: line("boundary", (14.0, -6.0), (14.0, 6.0)),
            name: "very uncertain boundary".to_owned(),
        });
    }
    entries
}

/// Circle with a cross, for a storage.
fn own(at: Position) -> Markup {
    const RADIUS: f64 = 6.0;
    html! {
        circle class="own" cx=(coordinate(at.0)) cy=(coordinate(at.1)) r=(coordinate(RADIUS)) {}
        (line("own", (at.0 - RADIUS, at.1), (at.0 + RADIUS, at.1)))
        (line("own", (at.0, at.1 - RADIUS), (at.0, at.1 + RADIUS)))
    }
}

/// Rows that have the same stretches and lie beside each other, which share their outlines.
struct SameRows {
    first: usize,
    /// Index of the last row.
    last: usize,
}

/// Geometry of a map.
struct Map<'a> {
    /// Left and right edge.
    edges: (f64, f64),
    /// Height of each row's latency.
    heights: Vec<f64>,
    x: &'a Axis,
    rows: &'a [PhaseRow],
}

impl Map<'_> {
    fn runs(&self) -> Vec<SameRows> {
        let labels = |row: usize| self.rows[row].stretches.iter().map(|it| &it.label);
        let mut runs: Vec<SameRows> = Vec::new();
        for row in 0..self.heights.len() {
            match runs.last_mut() {
                Some(run) if labels(run.last).eq(labels(row)) => run.last = row,
                _ => runs.push(SameRows {
                    first: row,
                    last: row,
                }),
            }
        }
        runs
    }

    /// Lower and upper end of rows: halfway to the rows beside them.
    fn ends(&self, run: &SameRows) -> (f64, f64) {
        let halfway = |row: usize, other: Option<usize>| {
            let own = self.heights[row];
            let other = other.and_then(|it| self.heights.get(it));
            other.map_or(own, |other| (own + other) / 2.0)
        };
        (
            halfway(run.first, run.first.checked_sub(1)),
            halfway(run.last, Some(run.last + 1)),
        )
    }

    /// Left end of a stretch in a row. It is the right edge if the row has no such stretch.
    fn start(&self, row: usize, place: usize) -> f64 {
        match self.rows[row].stretches.get(place) {
            None => self.edges.1,
            Some(stretch) => {
                let at = stretch.from.as_ref();
                let at = at.and_then(|it| self.x.clamped(it.bytes_per_s));
                at.unwrap_or(self.edges.0)
            }
        }
    }

    /// Left side of a stretch, from the lower end of its rows to the upper end.
    fn left_side(&self, run: &SameRows, place: usize) -> Vec<Position> {
        let (lower, upper) = self.ends(run);
        let rows = (run.first..=run.last).map(|row| (self.start(row, place), self.heights[row]));
        let first = (self.start(run.first, place), lower);
        let last = (self.start(run.last, place), upper);
        [first].into_iter().chain(rows).chain([last]).collect()
    }

    fn outline(&self, run: &SameRows, place: usize) -> Vec<Position> {
        let left = self.left_side(run, place);
        let right = self.left_side(run, place + 1).into_iter().rev();
        left.into_iter().chain(right).collect()
    }

    /// Middle of the widest row of a region in its highest run of rows. `None` if a text of this
    /// width has no room there.
    fn room_for(&self, runs: &[SameRows], label: &str, width: f64) -> Option<Position> {
        let places = runs.iter().flat_map(|run| {
            let stretches = self.rows[run.first].stretches.iter().enumerate();
            let own = stretches.filter(|(_, it)| it.label == label);
            own.map(move |(place, _)| (run, place))
        });
        let spots = places.filter_map(|(run, place)| {
            let (lower, upper) = self.ends(run);
            let middle = (lower + upper) / 2.0;
            let nearest = (run.first..=run.last).min_by(|one, other| {
                let far = |row: usize| (self.heights[row] - middle).abs();
                far(*one).total_cmp(&far(*other))
            })?;
            let (left, right) = (self.start(nearest, place), self.start(nearest, place + 1));
            let has_room = right - left >= width + 6.0 && lower - upper >= 13.0;
            let area = (right - left) * (lower - upper);
            has_room.then_some((area, ((left + right) / 2.0, middle)))
        });
        let largest = spots.max_by(|one, other| one.0.total_cmp(&other.0));
        largest.map(|(_, at)| at)
    }
}

fn description(rows: &[PhaseRow], marks: &[StorageMark]) -> String {
    let told = [0, rows.len() / 2, rows.len().saturating_sub(1)];
    let told = told.into_iter().filter_map(|row| rows.get(row));
    let told: Vec<String> = told
        .map(|row| {
            let stretches = row.stretches.iter().map(|stretch| {
                let from = stretch.from.as_ref();
                let from = from.map_or_else(String::new, |it| format!(" from {}", it.shown));
                format!("{}{from}", long(&stretch.label))
            });
            let stretches: Vec<String> = stretches.collect();
            format!(
                "at {}: {}",
                Quantity::Time.shown(row.latency_ns),
                stretches.join(", ")
            )
        })
        .collect();
    let marks: Vec<String> = marks.iter().map(|it| long(&it.label)).collect();
    format!(
        "Fastest variants by the bandwidth of the storage and the latency of a request; {}. Marked: {}.",
        told.join("; "),
        match marks.is_empty() {
            true => "nothing".to_owned(),
            false => marks.join(", "),
        }
    )
}

fn figures(rows: &[PhaseRow]) -> Table {
    let cells = rows.iter().flat_map(|row| {
        row.stretches.iter().map(|stretch| {
            vec![
                Quantity::Time.shown(row.latency_ns),
                stretch.label.clone(),
                match &stretch.from {
                    Some(from) => from.shown.clone(),
                    None => "the lowest".to_owned(),
                },
            ]
        })
    });
    Table {
        title: "Fastest variants".to_owned(),
        description: None,
        heads: vec![
            Head::number("latency"),
            Head::text("fastest"),
            Head::text("from this bandwidth on"),
        ],
        rows: cells.map(texts).collect(),
    }
}
