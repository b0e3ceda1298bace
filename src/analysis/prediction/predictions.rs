//! Predictions of the fastest variant on each storage: the recorded requests of each variant,
//! simulated on storage of other bandwidths.

use std::collections::BTreeSet;

use serde_json::Value;

use super::crossings::{crossings, fastest};
use super::curves::{
    Curve, HIGHEST, LOWEST, NamedLoad, POINTS, POINTS_OF_MAP, curves_of, mean, storage,
};
use super::load::{Call, Load, Profile};
use super::replicates::{deviations, log_ratio};
use crate::analysis::measured::{counted, distinct};
use crate::analysis::uncertainty::OfTimes;
use crate::random::Key;
use crate::record::{
    BreakEven, CacheState, CellRecord, Lane, PredictionCheck, RunRecord, StoreCall, as_written,
};
use crate::statistics::median;

/// Latencies that are predicted for, in nanoseconds: those of a local SSD, a file server, and an
/// object store near and far.
pub(super) const LATENCIES_NS: [u64; 4] = [100_000, 1_000_000, 10_000_000, 50_000_000];

/// Most latencies of throttled cells that are predicted for besides, as curves take time.
const MOST_MEASURED_LATENCIES: usize = 8;

/// Latency whose prediction reports show first.
pub const LATENCY_NS: u64 = 1_000_000;

/// Latencies of the rows of a phase map, in nanoseconds: from 10 µs to 100 ms, four per factor of
/// ten.
fn latencies_of_map() -> impl Iterator<Item = u64> {
    (0..=16).map(|row| 10_f64.powf(4.0 + f64::from(row) / 4.0).round() as u64)
}

/// Predicted times of a record's variants on other storage.
#[derive(Debug)]
pub struct Predictions {
    /// Loads of each scenario.
    loads: Vec<(String, Vec<NamedLoad>)>,
    curves: Vec<ScenarioCurves>,
    checks: Vec<PredictionCheck>,
    /// Smallest effect that the record's comparisons look for.
    effect: f64,
}

/// Curves of a scenario's variants at one latency, the baseline's first.
#[derive(Debug)]
struct ScenarioCurves {
    /// Absent for the geometric means over all scenarios.
    scenario: Option<String>,
    latency_ns: u64,
    curves: Vec<Curve>,
}

/// A cell with a profile, and its load.
struct ProfiledCell<'a> {
    cell: &'a CellRecord,
    load: NamedLoad,
}

/// True if variants read from different stores. Another storage than each one's own would be no
/// answer to the question between them.
fn stores_differ(record: &RunRecord) -> bool {
    let mut stores = record.datasets.iter().map(|dataset| &dataset.store);
    let first = stores.next();
    stores.any(|store| Some(store) != first)
}

impl Predictions {
    /// Predicts from the cells that have a profile. Variants that differ only in how their files
    /// are cached or read, or in how slow a storage they were read from, have one curve together.
    pub fn of(record: &RunRecord) -> Self {
        let scenarios = distinct(record.cells.iter().map(|cell| cell.scenario.as_str()));
        let uncertainty = OfTimes::of(record);
        let profiled: Vec<(&str, Vec<ProfiledCell>)> = scenarios
            .enumerate()
            .map(|(place, scenario)| {
                let key = Key(place as u64);
                (scenario, profiled(record, scenario, &uncertainty, key))
            })
            .collect();
        let checks = checks(record, &profiled);
        let profiled = match stores_differ(record) {
            true => Vec::new(),
            false => profiled,
        };
        let loads = profiled.into_iter().map(|(scenario, cells)| {
            let loads = cells.into_iter().map(|it| it.load);
            (scenario.to_owned(), loads.collect())
        });
        let loads: Vec<_> = loads.collect();
        let latencies = latencies_ns(record).into_iter();
        Predictions {
            curves: latencies
                .flat_map(|latency_ns| predicted(&loads, latency_ns, POINTS))
                .collect(),
            loads,
            checks,
            effect: record.effect,
        }
    }

    /// Curves of a scenario's variants at a latency, or those of the geometric means over all
    /// scenarios, the baseline's first. Empty at latencies other than those of the record's
    /// `break_even`.
    pub fn curves(&self, scenario: Option<&str>, latency_ns: u64) -> &[Curve] {
        let mut of_latency = self.curves.iter().filter(|it| it.latency_ns == latency_ns);
        let found = of_latency.find(|it| it.scenario.as_deref() == scenario);
        found.map_or(&[], |it| &it.curves)
    }

    /// The fastest variants by bandwidth at each latency: over all scenarios, and in each scenario
    /// in which several variants have a profile.
    pub(in crate::analysis) fn break_even(&self) -> Vec<BreakEven> {
        let found = self.curves.iter().map(|it| it.break_even(self.effect));
        found.flatten().collect()
    }

    /// Phase maps: the fastest variants by bandwidth, at latencies from the lowest to the highest.
    /// The first map is the one over all scenarios, if there are several, and each scenario in
    /// which several variants have a profile has one. Latencies of [`Self::curves`] have the same
    /// stretches there. Simulates, which takes about as long as [`Self::of`].
    pub fn phase_maps(&self) -> Vec<Vec<BreakEven>> {
        let mut maps: Vec<Vec<BreakEven>> = Vec::new();
        if self.loads.iter().all(|(_, loads)| loads.len() < 2) {
            // Nothing could be faster than a lone variant.
            return maps;
        }
        for latency_ns in latencies_of_map() {
            let known = || self.curves.iter().filter(|it| it.latency_ns == latency_ns);
            let rows: Vec<BreakEven> = match known().next() {
                Some(_) => known()
                    .filter_map(|it| it.break_even(self.effect))
                    .collect(),
                None => predicted(&self.loads, latency_ns, POINTS_OF_MAP)
                    .iter()
                    .filter_map(|it| it.break_even(self.effect))
                    .collect(),
            };
            for row in rows {
                match maps.iter_mut().find(|map| map[0].scenario == row.scenario) {
                    Some(map) => map.push(row),
                    None => maps.push(vec![row]),
                }
            }
        }
        maps
    }

    /// Every measured throttled cell, beside a prediction from the profile of a cell that differs
    /// from it only in the storage.
    pub(in crate::analysis) fn checks(&self) -> &[PredictionCheck] {
        &self.checks
    }
}

impl ScenarioCurves {
    /// `None` if there is only one variant.
    fn break_even(&self, effect: f64) -> Option<BreakEven> {
        (self.curves.len() > 1).then(|| BreakEven {
            scenario: self.scenario.clone(),
            latency_ns: self.latency_ns,
            low_bytes_per_s: LOWEST,
            high_bytes_per_s: HIGHEST,
            fastest: fastest(&self.curves, effect),
            crossings: crossings(&self.curves, effect),
        })
    }
}

/// [`LATENCIES_NS`], and the latencies to which cells were throttled.
fn latencies_ns(record: &RunRecord) -> BTreeSet<u64> {
    let cells = record.cells.iter();
    let throttles = cells.filter_map(|cell| cell.engine.as_ref()?.throttle);
    let measured: BTreeSet<u64> = throttles.map(|it| it.latency_ns).collect();
    let measured = measured.into_iter().take(MOST_MEASURED_LATENCIES);
    LATENCIES_NS.into_iter().chain(measured).collect()
}

/// Curves over all scenarios, then those of each scenario, of at most `most_points` points.
fn predicted(
    loads: &[(String, Vec<NamedLoad>)],
    latency_ns: u64,
    most_points: usize,
) -> Vec<ScenarioCurves> {
    let curves = |(_, loads): &(_, Vec<NamedLoad>)| curves_of(loads, latency_ns, most_points);
    let each: Vec<Vec<Curve>> = loads.iter().map(curves).collect();
    let whole = mean(&each).into_iter().map(|curves| (None, curves));
    let names = loads.iter().map(|(name, _)| Some(name.clone()));
    let predicted = whole.chain(names.zip(each));
    predicted
        .map(|(scenario, curves)| ScenarioCurves {
            scenario,
            latency_ns,
            curves,
        })
        .collect()
}

fn checks(record: &RunRecord, profiled: &[(&str, Vec<ProfiledCell>)]) -> Vec<PredictionCheck> {
    let cells = record.cells.iter().filter(|cell| cell.control.is_none());
    let checks = cells.filter_map(|cell| {
        let throttle = cell.engine.as_ref()?.throttle?;
        let summary = cell.summary.get(&Lane::EndToEnd)?;
        let mut profiled = profiled.iter().flat_map(|(_, cells)| cells);
        let from = profiled.find(|it| same_but_for_the_storage(cell, it.cell))?;
        let bytes_per_s = throttle
            .bytes_per_s
            .map_or(f64::INFINITY, |bytes| bytes as f64);
        let predicted_ns = from
            .load
            .load
            .time_ns(&storage(bytes_per_s, throttle.latency_ns));
        Some(PredictionCheck {
            cell: cell.id.clone(),
            scenario: cell.scenario.clone(),
            variant: from.load.variant.clone(),
            from: from.cell.id.clone(),
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
/// Returns true if a key of a variant does not change which bytes its query asks for.
fn is_of_the_storage(key: &str) -> bool {
    key.starts_with("storage.throttle") || key == "measure.cache" || key == "reader.odirect"
}

/// Settings of a variant, without those of the storage.
fn settings(cell: &CellRecord) -> impl Iterator<Item = (&String, &Value)> {
    let settings = cell.variant.iter();
    settings.filter(|(key, _)| !is_of_the_storage(key))
}

/// Name of a variant, without settings of the storage.
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

fn profiled<'a>(
    record: &'a RunRecord,
    scenario: &str,
    uncertainty: &OfTimes,
    key: Key,
) -> Vec<ProfiledCell<'a>> {
    let mut cells: Vec<(&CellRecord, Load, Option<Warm>)> = Vec::new();
    for cell in record.cells.iter().filter(|it| it.scenario == scenario) {
        let known = cells
            .iter()
            .any(|(known, ..)| same_but_for_the_storage(known, cell));
        if !known && let Some(load) = load(record, cell) {
            cells.push((cell, load, warm(cell)));
        }
    }
    // Predictions are relative to one cell, and must not change with the baseline, which is a
    // matter of taste.
    let mut cells: Vec<(usize, _)> = cells.into_iter().enumerate().collect();
    cells.sort_by_key(|(_, (cell, ..))| cell.variant_name.as_str());
    let (places, cells): (Vec<usize>, Vec<_>) = cells.into_iter().unzip();
    let looked_at = cells.iter().map(|(cell, _, warm)| (*cell, warm.is_some()));
    let deviations = deviations(&looked_at.collect::<Vec<_>>(), uncertainty, key);
    let first = cells.first();
    let first = first.and_then(|(cell, _, warm)| Some((*cell, (*warm)?)));
    let fitted = |((cell, mut load, warm), deviations): ((&'a CellRecord, Load, _), _)| {
        if let Some(warm) = warm {
            load.fit(warm_ns(cell, warm, first), warm.in_calls_ns);
        }
        ProfiledCell {
            cell,
            load: NamedLoad {
                variant: name_of(cell),
                load,
                deviations,
            },
        }
    };
    let fitted = cells.into_iter().zip(deviations).map(fitted);
    let mut fitted: Vec<(usize, ProfiledCell)> = places.into_iter().zip(fitted).collect();
    fitted.sort_by_key(|(place, _)| *place);
    fitted.into_iter().map(|(_, it)| it).collect()
}

/// Load of a cell's profile. `None` if it has no profile.
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
    Some(Load::of(&Profile {
        elapsed_ns: profile.elapsed_ns,
        cores: record.system.cores.max(1) as f64,
        shared_files: shares_files(record, cell),
        streams: profile.streams.iter().map(calls).collect(),
    }))
}

/// Returns true if DataFusion's streams share their files. Those of one scan do unless an option
/// forbids it. Those of several scans, or of executions at once, do not.
fn shares_files(record: &RunRecord, cell: &CellRecord) -> bool {
    let option = "execution.enable_file_stream_work_stealing";
    let of_variant = cell.variant.get(&format!("datafusion.{option}"));
    let of_config = || record.config.get("datafusion")?.get(option);
    let mut iterations = counted(cell, Lane::EndToEnd);
    of_variant.or_else(of_config) != Some(&Value::Bool(false))
        && iterations.all(|iteration| iteration.scans.len() < 2 && iteration.figures.streams < 2)
}

/// Medians of a cell with a warm page cache and without a throttle. The cost of bytes that are not
/// in memory yet is fitted to them, so that a storage as fast as the page cache gives the time that
/// was measured with a warm one.
#[derive(Debug, Clone, Copy)]
struct Warm {
    elapsed_ns: f64,
    /// Time that all calls of the store took together.
    in_calls_ns: f64,
}

fn warm(cell: &CellRecord) -> Option<Warm> {
    let throttled = cell
        .engine
        .as_ref()
        .is_some_and(|engine| engine.throttle.is_some());
    let mut states = counted(cell, Lane::EndToEnd).map(|iteration| iteration.figures.cache.state);
    let warm = !throttled && states.all(|state| state == CacheState::Warm);
    let summary = cell.summary.get(&Lane::EndToEnd).filter(|_| warm)?;
    let in_calls: Vec<f64> = counted(cell, Lane::EndToEnd)
        .filter_map(|iteration| {
            let calls = iteration.figures.store_calls.as_ref()?;
            let per_execution = calls.calls as f64 / f64::from(iteration.figures.executions.max(1));
            Some(calls.latency_ns.p50 as f64 * per_execution)
        })
        .collect();
    Some(Warm {
        elapsed_ns: summary.median_ns,
        in_calls_ns: median(&in_calls).unwrap_or(0.0),
    })
}

/// Time of a cell with a warm page cache, in nanoseconds: that of the first cell by their ratio
/// over the rounds that both have, which is more precise than the cell's own median. Without such
/// rounds, it is that median.
fn warm_ns(cell: &CellRecord, warm: Warm, first: Option<(&CellRecord, Warm)>) -> f64 {
    let ratio = first
        .and_then(|(first, of_first)| Some(of_first.elapsed_ns * log_ratio(first, cell)?.exp()));
    ratio.unwrap_or(warm.elapsed_ns)
}
