//! Predicted times of a variant by the bandwidth of a storage.

use std::collections::BTreeSet;

use super::load::Load;
use super::replicates::{Deviations, REPLICATES};
use super::simulation::Storage;

/// Range of bandwidths of all curves, in bytes per second: from that of one disk to beyond that of
/// memory.
pub(super) const LOWEST: f64 = 10e6;
pub(super) const HIGHEST: f64 = 50e9;

/// Most points of a curve that a report draws or takes crossings from, and of one of the many
/// curves of a phase map. There are fewer, but at least `LEAST_POINTS`, if it would take long to
/// simulate so many requests.
pub(super) const POINTS: usize = 64;
pub(super) const POINTS_OF_MAP: usize = 24;
const LEAST_POINTS: usize = 16;
const MOST_SIMULATED_REQUESTS: u64 = 2_000_000;

/// Requests of one call that are under way at once, as with remote object stores.
const REQUESTS_PER_CALL: usize = 10;

/// Predicted times of a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub variant: String,
    pub bytes: u64,
    pub requests: u64,
    /// Bandwidths in bytes per second, from the lowest to the highest, and times in nanoseconds.
    pub points: Vec<(f64, f64)>,
    /// The part of the curve's scenario; for a mean, those of all its scenarios.
    pub(super) parts: Vec<Part>,
}

/// Work in one scenario, as far as a curve's times follow it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// Growth of ln of the time with ln of the work, at each point: 1 where the storage takes no
    /// time, 0 where it takes all of the time.
    pub(super) follows: Vec<f64>,
    pub(super) deviations: Deviations,
}

/// A load with the name of its variant.
#[derive(Debug)]
pub(super) struct NamedLoad {
    pub(super) variant: String,
    pub(super) load: Load,
    pub(super) deviations: Deviations,
}

impl Curve {
    /// Time at a bandwidth in nanoseconds, on a straight line of logarithms between the points
    /// beside it. Beyond the ends of the curve, it is that at the end.
    pub fn time_ns(&self, bytes_per_s: f64) -> f64 {
        self.between(bytes_per_s, &|point| self.points[point].1.ln())
            .exp()
    }

    /// Value at a bandwidth, on a straight line between its values at the points beside it.
    fn between(&self, bytes_per_s: f64, value: &dyn Fn(usize) -> f64) -> f64 {
        let after = self.points.partition_point(|(at, _)| *at < bytes_per_s);
        let after = after.min(self.points.len().saturating_sub(1));
        let before = after.saturating_sub(1);
        let (Some((to, _)), Some((from, _))) = (self.points.get(after), self.points.get(before))
        else {
            return f64::NAN;
        };
        if to <= from {
            return value(after);
        }
        let share = ((bytes_per_s / from).ln() / (to / from).ln()).clamp(0.0, 1.0);
        value(before) + (value(after) - value(before)) * share
    }

    /// Deviation of ln of the time at a point in a replicate.
    pub(super) fn off(&self, point: usize, replicate: usize) -> f64 {
        let of_part = |part: &Part| match &part.deviations {
            Some(deviations) => part.follows[point] * deviations[replicate],
            None => 0.0,
        };
        let sum: f64 = self.parts.iter().map(of_part).sum();
        sum / self.parts.len().max(1) as f64
    }

    /// Number of replicates. 0 if the deviations of a part are not known.
    pub(super) fn replicates(&self) -> usize {
        let known = self.parts.iter().all(|part| part.deviations.is_some());
        if known { REPLICATES } else { 0 }
    }
}

/// Factor by which work is increased to see how times follow it.
const MORE_WORK: f64 = 1.1;

/// Curves of variants on a storage with this latency, of at most `most_points` each.
pub(super) fn curves_of(loads: &[NamedLoad], latency_ns: u64, most_points: usize) -> Vec<Curve> {
    let requests = loads
        .iter()
        .map(|it| it.load.requests())
        .fold(1, u64::saturating_add);
    let points = (MOST_SIMULATED_REQUESTS / requests) as usize;
    let points = points.clamp(LEAST_POINTS, most_points.max(LEAST_POINTS));
    let curve = |it: &NamedLoad| {
        let more = it.load.scaled(MORE_WORK);
        let times = |load: &Load| {
            let points = bandwidths(points);
            points
                .map(|bytes_per_s| (bytes_per_s, load.time_ns(&storage(bytes_per_s, latency_ns))))
                .collect::<Vec<_>>()
        };
        let points = times(&it.load);
        let follows = points.iter().zip(times(&more));
        let follows = follows.map(|((_, time), (_, longer))| {
            ((longer / time).ln() / MORE_WORK.ln()).clamp(0.0, 1.0)
        });
        let part = Part {
            follows: follows.collect(),
            deviations: it.deviations.clone(),
        };
        Curve {
            variant: it.variant.clone(),
            bytes: it.load.bytes(),
            requests: it.load.requests(),
            points,
            parts: vec![part],
        }
    };
    loads.iter().map(curve).collect()
}

/// Bandwidths from the lowest to the highest, at equal distances of their logarithms.
pub(super) fn bandwidths(points: usize) -> impl Iterator<Item = f64> {
    let step = (HIGHEST / LOWEST).ln() / (points - 1) as f64;
    (0..points).map(move |index| LOWEST * (step * index as f64).exp())
}

/// Storage that is simulated.
pub(super) fn storage(bytes_per_s: f64, latency_ns: u64) -> Storage {
    Storage {
        bytes_per_s,
        latency_ns: latency_ns as f64,
        requests_per_call: REQUESTS_PER_CALL,
    }
}

/// Geometric means over the scenarios in which every variant has a curve. `None` if there are fewer
/// than two such scenarios.
pub(super) fn mean(all: &[Vec<Curve>]) -> Option<Vec<Curve>> {
    let variants: BTreeSet<&str> = all.iter().flatten().map(|it| it.variant.as_str()).collect();
    let mut whole = all.iter().filter(|curves| curves.len() == variants.len());
    let first = whole.next()?;
    let others: Vec<&Vec<Curve>> = whole.collect();
    if others.is_empty() {
        return None;
    }
    let of_variant = |curve: &Curve| {
        let mut mean = curve.clone();
        let mut scenarios = 1.0;
        for point in &mut mean.points {
            point.1 = point.1.ln();
        }
        for other in &others {
            let other = other.iter().find(|it| it.variant == curve.variant)?;
            // A scenario of many requests has fewer points. Times between these lie on straight
            // lines.
            for point in &mut mean.points {
                point.1 += other.time_ns(point.0).ln();
            }
            let follows = other.parts.iter().map(|part| Part {
                follows: mean
                    .points
                    .iter()
                    .map(|(at, _)| other.between(*at, &|point| part.follows[point]))
                    .collect(),
                deviations: part.deviations.clone(),
            });
            mean.parts.extend(follows);
            mean.bytes = mean.bytes.saturating_add(other.bytes);
            mean.requests = mean.requests.saturating_add(other.requests);
            scenarios += 1.0;
        }
        for point in &mut mean.points {
            point.1 = (point.1 / scenarios).exp();
        }
        Some(mean)
    };
    Some(first.iter().filter_map(of_variant).collect())
}
