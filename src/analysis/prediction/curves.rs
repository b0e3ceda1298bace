//! Predicted times of a variant by the bandwidth of a storage.

use std::collections::BTreeSet;

use super::load::Load;
use super::simulation::Storage;

/// Range of bandwidths that is looked at, in bytes per second: one disk's to beyond a memory's.
pub(super) const LOWEST: f64 = 10e6;
pub(super) const HIGHEST: f64 = 50e9;

/// Points of a curve, fewer where so many requests would take long to simulate.
const POINTS: usize = 64;
const LEAST_POINTS: usize = 16;
const MOST_SIMULATED_REQUESTS: u64 = 2_000_000;

/// Requests of one call that are on their way at once, as with remote object stores.
const REQUESTS_PER_CALL: usize = 10;

/// Predicted times of a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub variant: String,
    pub bytes: u64,
    pub requests: u64,
    /// Bandwidth in bytes per second, from the lowest to the highest, and time in nanoseconds.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// At a bandwidth, on a straight line of logarithms between the points beside it; not beyond
    /// the ends.
    pub fn time_ns(&self, bytes_per_s: f64) -> f64 {
        let after = self.points.partition_point(|(at, _)| *at < bytes_per_s);
        let after = after.min(self.points.len().saturating_sub(1));
        let (Some((to, to_ns)), Some((from, from_ns))) = (
            self.points.get(after),
            self.points.get(after.saturating_sub(1)),
        ) else {
            return f64::NAN;
        };
        if to <= from {
            return *to_ns;
        }
        let share = ((bytes_per_s / from).ln() / (to / from).ln()).clamp(0.0, 1.0);
        (from_ns.ln() + (to_ns / from_ns).ln() * share).exp()
    }
}

/// Curves of variants, by their names, on storage of a latency.
pub(super) fn curves_of(loads: &[(&str, &Load)], latency_ns: u64) -> Vec<Curve> {
    let requests = loads
        .iter()
        .map(|(_, load)| load.requests())
        .fold(1, u64::saturating_add);
    let points = (MOST_SIMULATED_REQUESTS / requests) as usize;
    let points = points.clamp(LEAST_POINTS, POINTS);
    let curve = |(variant, load): &(&str, &Load)| Curve {
        variant: (*variant).to_owned(),
        bytes: load.bytes(),
        requests: load.requests(),
        points: bandwidths(points)
            .map(|bytes_per_s| (bytes_per_s, load.time_ns(&storage(bytes_per_s, latency_ns))))
            .collect(),
    };
    loads.iter().map(curve).collect()
}

/// Bandwidths from the lowest to the highest, equally far apart by their logarithms.
pub(super) fn bandwidths(points: usize) -> impl Iterator<Item = f64> {
    let step = (HIGHEST / LOWEST).ln() / (points - 1) as f64;
    (0..points).map(move |index| LOWEST * (step * index as f64).exp())
}

/// The storage that is simulated.
pub(super) fn storage(bytes_per_s: f64, latency_ns: u64) -> Storage {
    Storage {
        bytes_per_s,
        latency_ns: latency_ns as f64,
        requests_per_call: REQUESTS_PER_CALL,
    }
}

/// Geometric means over the scenarios in which every variant has a curve. `None` for fewer than two
/// such scenarios.
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
            // A scenario of many requests has fewer points; they are taken from the straight lines
            // between these.
            for point in &mut mean.points {
                point.1 += other.time_ns(point.0).ln();
            }
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
