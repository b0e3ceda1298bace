//! Elements of charts: lines, texts, markers of series. Positions are in units of length of the
//! chart.

use maud::{Markup, html};

/// Width of every chart, in units of length.
pub(super) const WIDTH: f64 = 480.0;

/// Number of colours of series, after which they begin anew. Together with the numbers of shapes
/// and of dashes, 280 series differ.
const COLOURS: usize = 8;
const DASHES: usize = 5;

/// x and y.
pub(super) type Position = (f64, f64);

/// Corners of markers relative to their middle, for a marker of size 1. The first shape of all, a
/// circle, is not among them.
const SHAPES: [&[Position]; 6] = [
    &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    &[(0.0, -1.2), (1.15, 0.85), (-1.15, 0.85)],
    &[(0.0, -1.35), (1.35, 0.0), (0.0, 1.35), (-1.35, 0.0)],
    &[(0.0, 1.2), (1.15, -0.85), (-1.15, -0.85)],
    &[(-1.0, -1.1), (1.0, -1.1), (-1.0, 1.1), (1.0, 1.1)],
    &[
        (0.0, -1.5),
        (0.42, -0.45),
        (1.45, -0.45),
        (0.65, 0.25),
        (0.95, 1.3),
        (0.0, 0.65),
        (-0.95, 1.3),
        (-0.65, 0.25),
        (-1.45, -0.45),
        (-0.42, -0.45),
    ],
];

/// A hollow cross.
const CROSS: [Position; 12] = [
    (0.0, -0.45),
    (0.85, -1.3),
    (1.3, -0.85),
    (0.45, 0.0),
    (1.3, 0.85),
    (0.85, 1.3),
    (0.0, 0.45),
    (-0.85, 1.3),
    (-1.3, 0.85),
    (-0.45, 0.0),
    (-1.3, -0.85),
    (-0.85, -1.3),
];

const MARKER_SIZE: f64 = 4.2;

/// A coordinate or length as text. It is rounded to a tenth of a unit, as less cannot be seen.
pub(super) fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}

/// CSS class with the colour of a series.
pub(super) fn colour_class(series: usize) -> String {
    format!("s{}", series % COLOURS)
}

pub(super) fn line(class: &str, from: Position, to: Position) -> Markup {
    html! {
        line class=(class) x1=(coordinate(from.0)) y1=(coordinate(from.1)) x2=(coordinate(to.0)) y2=(coordinate(to.1)) {}
    }
}

/// A text that starts at a point, ends there or has its middle there, as its class says: `start`,
/// `end` or `middle`.
pub(super) fn text(class: &str, at: Position, content: &str) -> Markup {
    html! { text class=(class) x=(coordinate(at.0)) y=(coordinate(at.1)) { (content) } }
}

/// A line through points, in the colour and with the dashes of a series.
pub(super) fn curve(series: usize, points: &[Position]) -> Markup {
    let class = format!("curve {} d{}", colour_class(series), series % DASHES);
    html! { polyline class=(class) points=(joined(points)) {} }
}

pub(super) fn polyline(class: &str, points: &[Position]) -> Markup {
    html! { polyline class=(class) points=(joined(points)) {} }
}

/// The marker of a series, filled or hollow.
pub(super) fn marker(series: usize, at: Position, is_filled: bool) -> Markup {
    let fill = if is_filled { "filled" } else { "hollow" };
    let class = format!("mark {fill} {}", colour_class(series));
    match SHAPES.get((series % (SHAPES.len() + 1)).wrapping_sub(1)) {
        Some(corners) => polygon(&class, at, corners),
        None => html! {
            circle class=(class) cx=(coordinate(at.0)) cy=(coordinate(at.1)) r=(coordinate(MARKER_SIZE)) {}
        },
    }
}

/// A cross in the colour of its series, for a value that does not count.
pub(super) fn cross(series: usize, at: Position) -> Markup {
    polygon(&format!("mark hollow {}", colour_class(series)), at, &CROSS)
}

/// A line between two values with strokes at its ends, level or upright as its points are.
pub(super) fn interval(series: usize, from: Position, to: Position) -> Markup {
    const END: f64 = 4.0;
    let class = format!("interval {}", colour_class(series));
    let is_level = (from.1 - to.1).abs() < f64::EPSILON;
    let (dx, dy) = if is_level { (0.0, END) } else { (END, 0.0) };
    html! {
        (line(&class, from, to))
        @for end in [from, to] {
            (line(&class, (end.0 - dx, end.1 - dy), (end.0 + dx, end.1 + dy)))
        }
    }
}

fn polygon(class: &str, (x, y): Position, corners: &[Position]) -> Markup {
    let placed: Vec<Position> = corners
        .iter()
        .map(|(dx, dy)| (x + dx * MARKER_SIZE, y + dy * MARKER_SIZE))
        .collect();
    html! { polygon class=(class) points=(joined(&placed)) {} }
}

pub(super) fn joined(points: &[Position]) -> String {
    let points = points
        .iter()
        .map(|(x, y)| format!("{},{}", coordinate(*x), coordinate(*y)));
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_hundred_series_all_look_different_at_their_points() {
        let drawn: HashSet<String> = (0..56)
            .map(|series| marker(series, (0.0, 0.0), true).into_string())
            .collect();
        assert_eq!(drawn.len(), 56);
        let lines: HashSet<String> = (0..200)
            .map(|series| {
                let marker = marker(series, (0.0, 0.0), true).into_string();
                format!("{marker}{}", curve(series, &[]).into_string())
            })
            .collect();
        assert_eq!(lines.len(), 200);
    }

    #[test]
    fn a_series_of_the_same_colour_has_another_shape_and_other_dashes() {
        for series in 0..8 {
            let other = series + COLOURS;
            assert_eq!(colour_class(series), colour_class(other));
            assert_ne!(
                marker(series, (0.0, 0.0), true).0,
                marker(other, (0.0, 0.0), true).0
            );
            assert_ne!(curve(series, &[]).0, curve(other, &[]).0);
        }
    }
}
