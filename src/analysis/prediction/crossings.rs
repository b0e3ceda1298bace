//! Crossings of curves, and the fastest variant between them.

use super::curves::{Curve, HIGHEST, LOWEST};
use super::replicates::MODEL_ERRORS;
use crate::record::{Crossing, CrossingPoint, Stretch};
use crate::statistics::CONFIDENCE;

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
            // The current variant was never the fastest by more than the effect, so that it has no
            // stretch.
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
    let at = reaches(&log_ratios, before, point);
    Some(crossing_point((first, second), &log_ratios, at, false))
}

/// Crossing at `at`, which is ln of a bandwidth, and the range in which it may lie. `lower_before`
/// is true if the second curve lies below the first before the crossing. The range holds the
/// crossings of all replicates except the outermost. Each replicate has its nearest crossing in the
/// same direction. If it has none, its crossing is taken to be the highest bandwidth if its curves
/// still lie at `at` as they do before the crossing, or else the lowest.
fn crossing_point(
    (first, second): (&Curve, &Curve),
    log_ratios: &[(f64, f64)],
    at: f64,
    lower_before: bool,
) -> CrossingPoint {
    let replicates = first.replicates().min(second.replicates());
    let middle = log_ratios.partition_point(|(bandwidth, _)| *bandwidth < at);
    let middle = middle.min(log_ratios.len().saturating_sub(1));
    // Ratios are turned so that the first curve is the lower one before the crossing.
    let side = if lower_before { -1.0 } else { 1.0 };
    let crossing = |replicate: usize, error: f64| {
        let mut nearest: Option<f64> = None;
        let (mut before, mut is_before) = ((0.0, f64::NAN), true);
        for (point, (bandwidth, ratio)) in log_ratios.iter().enumerate() {
            let off = second.off(point, replicate) - first.off(point, replicate);
            let here = (*bandwidth, (ratio + off) * side + error);
            if before.1 >= 0.0 && here.1 < 0.0 {
                let found = reaches(&[before, here], 0, 1);
                nearest = Some(match nearest {
                    Some(known) if (known - at).abs() <= (found - at).abs() => known,
                    _ => found,
                });
            }
            if point == middle {
                is_before = here.1 >= 0.0;
            }
            before = here;
        }
        nearest.unwrap_or(if is_before { HIGHEST.ln() } else { LOWEST.ln() })
    };
    let errors = MODEL_ERRORS.iter().take(replicates).enumerate();
    let mut all: Vec<f64> = errors
        .map(|(replicate, error)| crossing(replicate, *error))
        .collect();
    all.sort_by(f64::total_cmp);
    let outermost = ((1.0 - CONFIDENCE) / 2.0 * all.len() as f64) as usize;
    let (low, high) = match all.get(outermost..all.len() - outermost) {
        Some([low, .., high]) => (low.min(at), high.max(at)),
        _ => (LOWEST.ln(), HIGHEST.ln()),
    };
    CrossingPoint {
        bytes_per_s: at.exp(),
        low_bytes_per_s: low.exp(),
        high_bytes_per_s: high.exp(),
    }
}

/// Logarithms of bandwidths, and of the ratios of the second time to the first.
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
/// smallest effect before and after. Each comes with true if the second curve is the lower one
/// before.
fn changes(first: &Curve, second: &Curve, effect: f64) -> Vec<(CrossingPoint, bool)> {
    let log_ratios = log_ratios(first, second);
    // Points at which the second curve lies clearly on one side, and true if that is the lower one.
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
            let at = reaches(&log_ratios, before, after);
            let point = crossing_point((first, second), &log_ratios, at, lower);
            changes.push((point, lower));
        }
    }
    changes
}

/// ln of the bandwidth at which the ratio reaches 1 between two points, on straight lines between
/// the points of `log_ratios`.
fn reaches(log_ratios: &[(f64, f64)], before: usize, after: usize) -> f64 {
    let sign = (log_ratios[after].1 - log_ratios[before].1).signum();
    for two in log_ratios[before..=after].windows(2) {
        let ((x, y), (next_x, next_y)) = (two[0], two[1]);
        if next_y * sign >= 0.0 {
            let share = if next_y == y { 0.0 } else { -y / (next_y - y) };
            return x + (next_x - x) * share.clamp(0.0, 1.0);
        }
    }
    log_ratios[after].0
}
