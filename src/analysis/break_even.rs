//! Which variant is the fastest on which storage: the recorded requests of each, simulated on storage of other bandwidths.

use std::collections::BTreeSet;

use serde_json::Value;

use super::comparison::counted;
use super::overall::distinct;
use super::simulate::{Call, Load, Profile, Storage};
use crate::record::{
    BreakEven, CacheState, CellRecord, Crossing, CrossingPoint, Lane, PredictionCheck, RunRecord,
    StoreCall, Stretch, as_written,
};
use crate::statistics::median;

/// The range of bandwidths that is looked at, in bytes per second: one disk's to beyond a memory's.
const LOWEST: f64 = 10e6;
const HIGHEST: f64 = 50e9;

/// Latencies that are looked at, in nanoseconds: a local SSD's, a file server's, an object store's near and far.
const LATENCIES_NS: [u64; 4] = [100_000, 1_000_000, 10_000_000, 50_000_000];

/// Curves take time.
const MOST_MEASURED_LATENCIES: usize = 8;

/// The latency that reports tell of first.
pub const LATENCY_NS: u64 = 1_000_000;

/// Points of a curve, fewer where there are so many requests that they would take long.
const POINTS: usize = 64;
const LEAST_POINTS: usize = 16;
const MOST_SIMULATED_REQUESTS: u64 = 2_000_000;

/// Requests of one call that are on their way at once, as remote object stores have it.
const REQUESTS_PER_CALL: usize = 10;

/// How far the ratio of two predictions may be off, for the range in which a crossing may lie.
const TOLERANCE: f64 = 0.05;

/// A predicted time of a variant at each bandwidth.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub variant: String,
    pub bytes: u64,
    pub requests: u64,
    /// Bytes per second, from the lowest to the highest, and nanoseconds.
    pub points: Vec<(f64, f64)>,
}

/// What the cells of a record do to a storage, from which their times on any other are predicted.
pub struct Predictions<'a> {
    record: &'a RunRecord,
    scenarios: Vec<(&'a str, Loads<'a>)>,
}

/// Cells with a profile, as loads.
type Loads<'a> = Vec<(&'a CellRecord, Load)>;

impl<'a> Predictions<'a> {
    pub fn of(record: &'a RunRecord) -> Self {
        let names = distinct(record.cells.iter().map(|cell| cell.scenario.as_str()));
        Predictions {
            record,
            scenarios: names.map(|name| (name, loads(record, name))).collect(),
        }
    }

    /// Curves of a scenario's variants at a latency, or of the geometric means over all scenarios, the baseline's first: of those cells
    /// that have a profile. Variants that differ only in how their files are cached, or in how slow a storage they were read from,
    /// have one curve together.
    pub fn curves(&self, scenario: Option<&str>, latency_ns: u64) -> Vec<Curve> {
        let mut found = self
            .scenarios
            .iter()
            .filter(|(name, _)| scenario.is_none_or(|scenario| scenario == *name))
            .map(|(_, loads)| curves_of(loads, latency_ns));
        match scenario {
            Some(_) => found.next().unwrap_or_default(),
            None => mean(&found.collect::<Vec<_>>()).unwrap_or_default(),
        }
    }

    /// Who is the fastest where, over all scenarios and of each in which several variants have a profile, at each of [`LATENCIES_NS`], and
    /// at those that cells were throttled to.
    pub(super) fn break_even(&self) -> Vec<BreakEven> {
        let cells = self.record.cells.iter();
        let throttles = cells.filter_map(|cell| cell.engine.as_ref()?.throttle);
        let measured: BTreeSet<u64> = throttles.map(|it| it.latency_ns).collect();
        let measured = measured.into_iter().take(MOST_MEASURED_LATENCIES);
        let latencies: BTreeSet<u64> = LATENCIES_NS.into_iter().chain(measured).collect();
        let mut found = Vec::new();
        for latency_ns in latencies {
            let names = self
                .scenarios
                .iter()
                .map(|(name, _)| Some((*name).to_owned()));
            let all: Vec<Vec<Curve>> = self
                .scenarios
                .iter()
                .map(|(_, loads)| curves_of(loads, latency_ns))
                .collect();
            let whole = mean(&all).into_iter().map(|curves| (None, curves));
            let each = names.zip(all);
            for (scenario, curves) in whole.chain(each).filter(|(_, curves)| curves.len() > 1) {
                found.push(BreakEven {
                    scenario,
                    latency_ns,
                    low_bytes_per_s: LOWEST,
                    high_bytes_per_s: HIGHEST,
                    fastest: fastest(&curves, self.record.effect),
                    crossings: crossings(&curves, self.record.effect),
                });
            }
        }
        found
    }

    /// Every throttled cell that was measured beside a prediction from the profile of one that differs from it in the storage alone.
    pub(super) fn checks(&self) -> Vec<PredictionCheck> {
        let cells = self
            .record
            .cells
            .iter()
            .filter(|cell| cell.control.is_none());
        let checks = cells.filter_map(|cell| {
            let throttle = cell.engine.as_ref()?.throttle?;
            let summary = cell.summary.get(Lane::EndToEnd.name())?;
            let mut loads = self.scenarios.iter().flat_map(|(_, loads)| loads);
            let (from, load) = loads.find(|(other, _)| same_but_for_the_storage(cell, other))?;
            let bytes_per_s = throttle
                .bytes_per_s
                .map_or(f64::INFINITY, |bytes| bytes as f64);
            let predicted_ns = load.time_ns(&storage(bytes_per_s, throttle.latency_ns));
            Some(PredictionCheck {
                cell: cell.id.clone(),
                scenario: cell.scenario.clone(),
                variant: name_of(from),
                from: from.id.clone(),
                bytes_per_s: throttle.bytes_per_s,
                latency_ns: throttle.latency_ns,
                predicted_ns,
                measured_ns: summary.median_ns,
                ci_low_ns: summary.ci_low_ns,
                ci_high_ns: summary.ci_high_ns,
                error: predicted_ns / summary.median_ns - 1.0,
            })
        });
        checks.collect()
    }
}

fn curves_of(loads: &[(&CellRecord, Load)], latency_ns: u64) -> Vec<Curve> {
    let requests = loads
        .iter()
        .map(|(_, load)| load.requests())
        .fold(1, u64::saturating_add);
    let points = (MOST_SIMULATED_REQUESTS / requests) as usize;
    let points = points.clamp(LEAST_POINTS, POINTS);
    let curve = |(cell, load): &(&CellRecord, Load)| Curve {
        variant: name_of(cell),
        bytes: load.bytes(),
        requests: load.requests(),
        points: bandwidths(points)
            .map(|bytes_per_s| (bytes_per_s, load.time_ns(&storage(bytes_per_s, latency_ns))))
            .collect(),
    };
    loads.iter().map(curve).collect()
}

fn bandwidths(points: usize) -> impl Iterator<Item = f64> {
    let step = (HIGHEST / LOWEST).ln() / (points - 1) as f64;
    (0..points).map(move |index| LOWEST * (step * index as f64).exp())
}

fn storage(bytes_per_s: f64, latency_ns: u64) -> Storage {
    Storage {
        bytes_per_s,
        latency_ns: latency_ns as f64,
        requests_per_call: REQUESTS_PER_CALL,
    }
}

/// Geometric means over the scenarios of which every variant has a curve. `None` for less than two of them.
fn mean(all: &[Vec<Curve>]) -> Option<Vec<Curve>> {
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
            // A scenario of many requests has fewer points; they are taken from the straight lines between these.
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

impl Curve {
    /// At a bandwidth, on a straight line of logarithms between the points beside it; not beyond the ends.
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

/// Keys of a variant that change nothing of what its query asks for.
fn is_of_the_storage(key: &str) -> bool {
    key.starts_with("storage.throttle") || key == "measure.cache" || key == "reader.odirect"
}

/// What a variant sets, apart from the storage.
fn settings(cell: &CellRecord) -> impl Iterator<Item = (&String, &Value)> {
    let settings = cell.variant.iter();
    settings.filter(|(key, _)| !is_of_the_storage(key))
}

/// What a variant is called, apart from the storage.
fn name_of(cell: &CellRecord) -> String {
    if settings(cell).count() == cell.variant.len() {
        return cell.variant_name.clone();
    }
    let values: Vec<String> = settings(cell).map(|(_, value)| as_written(value)).collect();
    match values.is_empty() {
        true => "all variants".to_owned(),
        false => values.join(","),
    }
}

fn same_but_for_the_storage(one: &CellRecord, other: &CellRecord) -> bool {
    one.scenario == other.scenario
        && one.dataset == other.dataset
        && settings(one).eq(settings(other))
}

fn loads<'a>(record: &'a RunRecord, scenario: &str) -> Vec<(&'a CellRecord, Load)> {
    let mut loads: Vec<(&CellRecord, Load)> = Vec::new();
    for cell in record.cells.iter().filter(|it| it.scenario == scenario) {
        let known = loads
            .iter()
            .any(|(known, _)| same_but_for_the_storage(known, cell));
        if !known && let Some(load) = load(record, cell) {
            loads.push((cell, load));
        }
    }
    loads
}

/// What a cell does to a storage. What bytes cost that are not in memory yet is fitted, so that a storage as fast as the page cache gives the
/// time that was measured with a warm one.
fn load(record: &RunRecord, cell: &CellRecord) -> Option<Load> {
    let profile = cell.profile.as_ref()?;
    let calls = |calls: &Vec<StoreCall>| {
        let calls = calls.iter().map(|call| Call {
            began_ns: call.0,
            ended_ns: call.1,
            request_bytes: call.2.clone(),
            file: call.3,
        });
        calls.collect()
    };
    let mut load = Load::of(&Profile {
        elapsed_ns: profile.elapsed_ns,
        cores: record.system.cores.max(1) as f64,
        shared_files: shares_files(record, cell),
        streams: profile.streams.iter().map(calls).collect(),
    });
    if let Some((elapsed_ns, in_calls_ns)) = warm_ns(cell) {
        load.fit(elapsed_ns, in_calls_ns);
    }
    Some(load)
}

/// Whether DataFusion's streams share their files: those of one scan do unless told otherwise, but not those of several, nor those
/// of executions at once.
fn shares_files(record: &RunRecord, cell: &CellRecord) -> bool {
    let option = "execution.enable_file_stream_work_stealing";
    let of_variant = cell.variant.get(&format!("datafusion.{option}"));
    let of_config = || record.config.get("datafusion")?.get(option);
    let mut iterations = counted(cell, Lane::EndToEnd);
    of_variant.or_else(of_config) != Some(&Value::Bool(false))
        && iterations.all(|iteration| iteration.scans.len() < 2 && iteration.figures.streams < 2)
}

/// Medians of the time with a warm page cache and nothing slowed down, and of what all calls of the store took of it.
fn warm_ns(cell: &CellRecord) -> Option<(f64, f64)> {
    let throttled = cell
        .engine
        .as_ref()
        .is_some_and(|engine| engine.throttle.is_some());
    let mut states = counted(cell, Lane::EndToEnd).map(|iteration| iteration.figures.cache.state);
    let warm = !throttled && states.all(|state| state == CacheState::Warm);
    let summary = cell.summary.get(Lane::EndToEnd.name()).filter(|_| warm)?;
    let in_calls: Vec<f64> = counted(cell, Lane::EndToEnd)
        .filter_map(|iteration| {
            let calls = iteration.figures.store_calls.as_ref()?;
            let per_execution = calls.calls as f64 / f64::from(iteration.figures.executions.max(1));
            Some(calls.latency_ns.p50 as f64 * per_execution)
        })
        .collect();
    Some((summary.median_ns, median(&in_calls).unwrap_or(0.0)))
}

/// The fastest variant from the lowest bandwidth to the highest. Who is less than the smallest effect faster does not take over.
fn fastest(curves: &[Curve], effect: f64) -> Vec<Stretch> {
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

/// Where the second curve came to lie below the first for good, before a point at which it does. `None` where it lay there all along.
fn taken_over(first: &Curve, second: &Curve, point: usize) -> Option<CrossingPoint> {
    let log_ratios = log_ratios(first, second);
    let before = log_ratios
        .get(..point)?
        .iter()
        .rposition(|(_, it)| *it >= 0.0)?;
    Some(crossing_point(&log_ratios, before, point, false))
}

/// Where the ratio changes its side between two points, of which the first has it below 1 or not, and where it may do so.
fn crossing_point(
    log_ratios: &[(f64, f64)],
    before: usize,
    after: usize,
    lower_before: bool,
) -> CrossingPoint {
    // Further out, the ratio need not go on rising: where it does not come to lie beyond the tolerance, neither does the range end.
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

/// Where each variant and the baseline cross.
fn crossings(curves: &[Curve], effect: f64) -> Vec<Crossing> {
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

/// Where the second curve comes to lie on the other side of the first, by at least the smallest effect on both sides, and whether it
/// is the lower one before.
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

/// Where the ratio reaches a level between two points, on straight lines between its points.
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

/// Where, at or below a point, the ratio was last as far on its side as a level; else the lowest bandwidth.
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

/// Where, at or above a point, the ratio is first as far on its side as a level; else the highest bandwidth.
fn first_beyond(log_ratios: &[(f64, f64)], from: usize, level: f64) -> f64 {
    let beyond = |index: &usize| log_ratios[*index].1 * level.signum() >= level.abs();
    match (from..log_ratios.len()).find(beyond) {
        Some(index) => reaches(log_ratios, index.saturating_sub(1), index, level),
        None => HIGHEST.ln(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::summarise;
    use crate::record::fixture::{cell, record, rounds};
    use crate::record::{EngineRecord, RequestProfile, StoreCall, ThrottleRecord};

    const MB: u64 = 1_000_000;

    /// A query of one stream that asks for so many MB and then computes for so many ms.
    fn profiled(variant: &str, megabytes: u64, compute_ms: u64) -> CellRecord {
        let elapsed_ns = compute_ms * 1_000_000;
        CellRecord {
            profile: Some(RequestProfile {
                elapsed_ns,
                streams: vec![vec![StoreCall(0, 0, vec![megabytes * MB], 0)]],
            }),
            ..cell("scan", variant, rounds(&[elapsed_ns; 10]))
        }
    }

    fn engine(throttle: Option<ThrottleRecord>) -> Option<EngineRecord> {
        Some(EngineRecord {
            target_partitions: 2,
            batch_size: 8192,
            metadata_cache_limit_bytes: 0,
            list_files_cache_limit_bytes: 0,
            file_statistics_cache_limit_bytes: 0,
            memory_limit_bytes: None,
            throttle,
        })
    }

    /// 100 MB and 20 ms against 50 MB and 70 ms: they are equal where 50 MB take 50 ms, at 1 GB/s.
    #[test]
    fn a_smaller_and_slower_variant_wins_below_the_bandwidth_that_its_bytes_pay_for() {
        let mut record = record();
        record.cells = vec![profiled("none", 100, 20), profiled("zstd", 50, 70)];
        summarise(&mut record);
        assert_eq!(record.break_even.len(), LATENCIES_NS.len());
        let found = &record.break_even[1];
        assert_eq!(found.latency_ns, LATENCY_NS);
        let names: Vec<_> = found.fastest.iter().map(|it| it.variant.as_str()).collect();
        assert_eq!(names, ["zstd", "none"]);
        assert!(found.fastest.iter().all(|it| it.equal.is_empty()));
        let crossing = &found.crossings[0];
        assert!(crossing.faster_below && crossing.variant == "zstd");
        let at = crossing.at;
        assert!((at.bytes_per_s / 1e9 - 1.0).abs() < 0.01, "{at:?}");
        assert_eq!(found.fastest[1].from, Some(at));
        assert!(
            at.low_bytes_per_s < 0.95e9 && at.high_bytes_per_s > 1.05e9,
            "{at:?}"
        );
        assert!(
            at.low_bytes_per_s > 0.5e9 && at.high_bytes_per_s < 2e9,
            "{at:?}"
        );
    }

    /// The second scenario has its crossing at 4 GB/s, and the same shape.
    #[test]
    fn all_scenarios_together_cross_between_where_each_does() {
        let mut record = record();
        let second = |cell: CellRecord| CellRecord {
            scenario: "other".to_owned(),
            ..cell
        };
        record.cells = vec![
            profiled("none", 100, 20),
            profiled("zstd", 50, 70),
            second(profiled("none", 400, 20)),
            second(profiled("zstd", 200, 70)),
        ];
        summarise(&mut record);
        let at = |scenario: Option<&str>| {
            let mut found = record
                .break_even
                .iter()
                .filter(|it| it.latency_ns == LATENCY_NS);
            let found = found.find(|it| it.scenario.as_deref() == scenario).unwrap();
            found.crossings[0].at.bytes_per_s / 1e9
        };
        assert!((at(Some("scan")) - 1.0).abs() < 0.01 && (at(Some("other")) - 4.0).abs() < 0.04);
        assert!((1.2..3.5).contains(&at(None)), "{}", at(None));
        let whole = Predictions::of(&record).curves(None, LATENCY_NS);
        assert_eq!((whole.len(), whole[0].bytes), (2, 500 * MB));
    }

    #[test]
    fn a_variant_that_is_smaller_and_as_fast_wins_everywhere() {
        let mut record = record();
        record.cells = vec![profiled("none", 100, 20), profiled("lz4", 50, 19)];
        summarise(&mut record);
        let found = &record.break_even[1];
        assert_eq!(found.fastest.len(), 1);
        assert_eq!(
            (found.fastest[0].variant.as_str(), found.crossings.len()),
            ("lz4", 0)
        );
    }

    #[test]
    fn a_throttled_cell_is_held_against_the_prediction_from_its_twin() {
        let mut record = record();
        let mut slow = cell("scan", "none", rounds(&[122_000_000; 10]));
        slow.variant
            .insert("storage.throttle.bandwidth".to_owned(), "1GB/s".into());
        slow.engine = engine(Some(ThrottleRecord {
            bytes_per_s: Some(1000 * MB),
            latency_ns: 1_000_000,
        }));
        slow.id = "scan/slow".to_owned();
        slow.variant_name = "slow".to_owned();
        let mut fast = profiled("none", 100, 20);
        fast.engine = engine(None);
        record.cells = vec![fast, slow];
        summarise(&mut record);
        let check = &record.prediction_checks[0];
        assert_eq!(
            (check.cell.as_str(), check.from.as_str()),
            ("scan/slow", "scan/none")
        );
        assert!((check.predicted_ns - 121e6).abs() < 1.0, "{check:?}");
        assert!((check.error - (121.0 / 122.0 - 1.0)).abs() < 1e-9);
        // They are one curve, so that nothing breaks even.
        assert!(record.break_even.is_empty());
        assert_eq!(
            Predictions::of(&record)
                .curves(Some("scan"), LATENCY_NS)
                .len(),
            1
        );
    }

    #[test]
    fn what_bytes_cost_that_are_not_in_memory_is_fitted_to_the_warm_time() {
        let mut record = record();
        let mut fast = profiled("none", 100, 20);
        fast.iterations = rounds(&[30_000_000; 10]);
        record.cells = vec![fast];
        summarise(&mut record);
        let curve = &Predictions::of(&record).curves(Some("scan"), LATENCIES_NS[0])[0];
        let (_, at_most) = curve.points.last().unwrap();
        // 10 ms more after the call, and 2 ms of transfer at 50 GB/s.
        assert!((at_most - 32.1e6).abs() < 0.3e6, "{at_most}");
        let (_, at_least) = curve.points.first().unwrap();
        assert!((at_least / 1e9 - 10.03).abs() < 0.01, "{at_least}");
    }

    /// Times at eight bandwidths of the range.
    fn curve(variant: &str, times: [f64; 8]) -> Curve {
        Curve {
            variant: variant.to_owned(),
            bytes: 1,
            requests: 1,
            points: bandwidths(8).zip(times).collect(),
        }
    }

    fn held(curves: &[Curve]) -> Vec<(String, Option<f64>)> {
        let found = fastest(curves, 0.01);
        let stretches = found.into_iter();
        stretches
            .map(|it| (it.variant, it.from.map(|at| at.bytes_per_s.log10())))
            .collect()
    }

    /// Who was ahead by less than the effect gives way without having had a stretch.
    #[test]
    fn one_that_was_never_clearly_ahead_has_no_stretch() {
        let none = curve("none", [100.0, 100.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0]);
        let lz4 = curve("lz4", [100.5, 99.5, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0]);
        let found = held(&[none.clone(), lz4]);
        assert_eq!(found.len(), 2);
        assert!(
            found[1].1.is_some_and(|at| (7.0..7.6).contains(&at)),
            "{found:?}"
        );
        let always = curve("lz4", [99.5, 99.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0]);
        assert_eq!(held(&[none, always]), [("lz4".to_owned(), None)]);
    }

    #[test]
    fn equal_variants_are_told_together() {
        let times = [100.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0];
        let found = fastest(
            &[
                curve("none", times),
                curve("lz4", times.map(|it| it * 1.005)),
            ],
            0.01,
        );
        assert_eq!((found.len(), &found[0].equal), (1, &vec!["lz4".to_owned()]));
    }

    proptest! {
        #[test]
        fn stretches_rise(
            curves in prop::collection::vec(prop::array::uniform8(1.0..1.3_f64), 1..6)
        ) {
            let curves: Vec<Curve> = curves.into_iter().enumerate()
                .map(|(index, times)| curve(&index.to_string(), times)).collect();
            let found = fastest(&curves, 0.05);
            prop_assert!(found[0].from.is_none());
            let starts: Vec<f64> = found.iter().skip(1).map(|it| it.from.unwrap().bytes_per_s).collect();
            prop_assert!(starts.windows(2).all(|two| two[0] < two[1]), "{found:?}");
            for stretch in found.iter().filter_map(|it| it.from) {
                prop_assert!(stretch.low_bytes_per_s <= stretch.bytes_per_s && stretch.bytes_per_s <= stretch.high_bytes_per_s, "{found:?}");
            }
        }
    }

    /// A scenario that a variant has no profile in says nothing of all variants.
    #[test]
    fn the_mean_is_over_scenarios_that_all_variants_have() {
        let mut record = record();
        let of = |scenario: &str, cell: CellRecord| CellRecord {
            scenario: scenario.to_owned(),
            ..cell
        };
        for scenario in ["a", "b", "c"] {
            record.cells.push(of(scenario, profiled("none", 100, 20)));
            record.cells.push(of(scenario, profiled("zstd", 50, 70)));
        }
        record.cells[4].profile = None;
        let curves = Predictions::of(&record).curves(None, LATENCY_NS);
        assert_eq!((curves.len(), curves[0].bytes), (2, 200 * MB));
    }
}
