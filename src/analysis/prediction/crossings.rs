//! Crossings of curves, and the lowest curve in between.

use super::curves::{Curve, HIGHEST, LOWEST};
use crate::record::{Crossing, CrossingPoint, Stretch};

/// Share by which the ratio of two predictions may be off, for the range in which a crossing may
/// lie.
const TOLERANCE: f64 = 0.05;

/// The fastest variant from the lowest bandwidth to the highest. A variant must be faster by at
/// least `effect` to replace the current leader.
pub(super) fn fastest(curves: &[Curve], effect: f64) -> Vec<Stretch> {
    let points = curves.first().map_or(0, |curve| curve.points.len());
    let time = |curve: usize, point: usize| curves[curve].points[point].1;
    let best = |point: usize| {
        let by_time =
            |one: &usize, other: &usize| time(*one, point).total_cmp(&time(*other, point));
        (0..curves.len()).min_by(by_time)
    };
    let Some(first) = best(0).filter(|_| points > 0) else {
        return Vec::new();
    };
    let mut held: Vec<(usize, Option<CrossingPoint>)> = vec![(first, None)];
    for point in 1..points {
        let Some(next) = best(point) else { continue };
        while let Some((current, from)) = held.last().copied() {
            if time(next, point) >= time(current, point) * (1.0 - effect) {
                break;
            }
            let at = taken_over(&curves[current], &curves[next], point);
            let begins =
                |at: &CrossingPoint| from.is_none_or(|from| at.bytes_per_s > from.bytes_per_s);
            if let Some(at) = at.filter(begins) {
                held.push((next, Some(at)));
                break;
            }
            // It was never the fastest, by more than the effect, of those that are in question.
            held.pop();
            if held.is_empty() {
                held.push((next, None));
            }
        }
    }
    let stretch = |(index, (curve, from)): (usize, &(usize, Option<CrossingPoint>))| {
        let start = from.map_or(0.0, |at| at.bytes_per_s);
        let end = held.get(index + 1).and_then(|(_, from)| *from);
        let end = end.map_or(f64::INFINITY, |at| at.bytes_per_s);
        let own = &curves[*curve];
        let within = |(own, other): (&(f64, f64), &(f64, f64))| {
            own.0 < start || own.0 > end || (other.1 / own.1).ln().abs() < effect
        };
        let equal = curves.iter().filter(|it| it.variant != own.variant);
        Stretch {
            variant: own.variant.clone(),
            from: *from,
            equal: equal
                .filter(|it| own.points.iter().zip(&it.points).all(within))
                .map(|it| it.variant.clone())
                .collect(),
        }
    };
    held.iter().enumerate().map(stretch).collect()
}

/// Crossing at which the second curve came to lie below the first for good, before a point at which
/// it lies there. `None` if it lay there all along.
fn taken_over(first: &Curve, second: &Curve, point: usize) -> Option<CrossingPoint> {
    let log_ratios = log_ratios(first, second);
    let before = log_ratios
        .get(..point)?
        .iter()
        .rposition(|(_, it)| *it >= 0.0)?;
    Some(crossing_point(&log_ratios, before, point, false))
}

/// Crossing between two points, of which the first has the ratio below 1 or not, and the range in
/// which it may lie.
fn crossing_point(
    log_ratios: &[(f64, f64)],
    before: usize,
    after: usize,
    lower_before: bool,
) -> CrossingPoint {
    // Further out, the ratio need not go on rising: where it never lies beyond the tolerance, the
    // range does not end.
    let level = if lower_before { TOLERANCE } else { -TOLERANCE };
    CrossingPoint {
        bytes_per_s: reaches(log_ratios, before, after, 0.0).exp(),
        low_bytes_per_s: last_beyond(log_ratios, before, -level).exp(),
        high_bytes_per_s: first_beyond(log_ratios, after, level).exp(),
    }
}

/// Logarithms of bandwidths, and of the second time over the first.
fn log_ratios(first: &Curve, second: &Curve) -> Vec<(f64, f64)> {
    first
        .points
        .iter()
        .zip(&second.points)
        .map(|((bytes_per_s, first), (_, second))| (bytes_per_s.ln(), (second / first).ln()))
        .collect()
}

/// Crossings of each variant with the baseline, whose curve is the first.
pub(super) fn crossings(curves: &[Curve], effect: f64) -> Vec<Crossing> {
    let Some((baseline, others)) = curves.split_first() else {
        return Vec::new();
    };
    let crossings = others.iter().flat_map(|curve| {
        changes(baseline, curve, effect)
            .into_iter()
            .map(|(at, faster_below)| Crossing {
                variant: curve.variant.clone(),
                baseline: baseline.variant.clone(),
                faster_below,
                at,
            })
    });
    crossings.collect()
}

/// Crossings after which the second curve lies on the other side of the first, by at least the
/// smallest effect before and after, and whether it is the lower one before.
fn changes(first: &Curve, second: &Curve, effect: f64) -> Vec<(CrossingPoint, bool)> {
    let log_ratios = log_ratios(first, second);
    // The sides on which it lies clearly, and where.
    let clear: Vec<(usize, bool)> = log_ratios
        .iter()
        .enumerate()
        .filter(|(_, (_, log_ratio))| log_ratio.abs() >= effect)
        .map(|(index, (_, log_ratio))| (index, *log_ratio < 0.0))
        .collect();
    let mut changes = Vec::new();
    for two in clear.windows(2) {
        let ((before, lower), (after, lower_after)) = (two[0], two[1]);
        if lower != lower_after {
            changes.push((crossing_point(&log_ratios, before, after, lower), lower));
        }
    }
    changes
}

/// ln of the bandwidth at which the ratio reaches a level between two points, on straight lines
/// between its points.
fn reaches(log_ratios: &[(f64, f64)], before: usize, after: usize, level: f64) -> f64 {
    let sign = (log_ratios[after].1 - log_ratios[before].1).signum();
    for two in log_ratios[before..=after].windows(2) {
        let ((x, y), (next_x, next_y)) = (two[0], two[1]);
        if (next_y - level) * sign >= 0.0 {
            let share = if next_y == y {
                0.0
            } else {
                (level - y) / (next_y - y)
            };
            return x + (next_x - x) * share.clamp(0.0, 1.0);
        }
    }
    log_ratios[after].0
}

/// ln of the last bandwidth at or below a point at which the ratio was as far on its side as a
/// level; else of the lowest.
fn last_beyond(log_ratios: &[(f64, f64)], from: usize, level: f64) -> f64 {
    let beyond = |index: &usize| log_ratios[*index].1 * level.signum() >= level.abs();
    match (0..=from).rev().find(beyond) {
        Some(index) if index < from => reaches(log_ratios, index, index + 1, level),
        // The point itself is beyond: the level is reached between it and the crossing.
        Some(index) => reaches(
            log_ratios,
            index,
            (index + 1).min(log_ratios.len() - 1),
            level,
        ),
        None => LOWEST.ln(),
    }
}

/// ln of the first bandwidth at or above a point at which the ratio is as far on its side as a
/// level; else of the highest.
fn first_beyond(log_ratios: &[(f64, f64)], from: usize, level: f64) -> f64 {
    let beyond = |index: &usize| log_ratios[*index].1 * level.signum() >= level.abs();
    match (from..log_ratios.len()).find(beyond) {
        Some(index) => reaches(log_ratios, index.saturating_sub(1), index, level),
        None => HIGHEST.ln(),
    }
}
