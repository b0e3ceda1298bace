//! Cells of several records, or of the several values of a key, against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::agreement::disagreement_between;
use super::comparison::{adjusted, counted, lanes, verdict};
use super::environment::{differences, excerpt};
use super::series::{Series, exponential, log_times, mean, middle, paired, values};
use crate::exit_class::ExitClass;
use crate::record::{CellRecord, Lane, RunRecord, Verdict, as_written};
use crate::statistics::{
    CONFIDENCE, Estimate, Interval, hodges_lehmann_paired, hodges_lehmann_unpaired, median,
    rank_sum_p, signed_rank_p,
};

/// What two runs of one config may differ by whatever their rounds say, in logarithms: where pages of files and of the program lie in
/// memory, and what the host does that day, stay the same throughout a run (Kalibera & Jones, "Rigorous Benchmarking in
/// Reasonable Time", ISMM 2013). At least, and at most where the runs themselves show it.
const LEAST_BETWEEN_RUNS: f64 = 0.02;
const MOST_BETWEEN_RUNS: f64 = 0.05;

/// Fewer cells do not show what two runs differ by.
const CELLS_TO_TELL: usize = 5;

/// Half of the width within which 95 % of a normal distribution lie, over its median absolute deviation.
const SPREAD: f64 = 1.96 * 1.4826;

/// Why records cannot be compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AcrossError {
    #[error("one record has nothing to be compared with")]
    OneRecord,
    #[error(
        "`{key}` is no label, and no key of a config; labels: {labels}; keys that variants differ in: {swept}"
    )]
    UnknownKey {
        key: String,
        labels: String,
        swept: String,
    },
    #[error("all cells that have `{key}` have {value}, so that there is nothing to compare")]
    OneValue { key: String, value: String },
    #[error("{cell} stands twice at {side}, in {first} and {second}")]
    Twice {
        cell: String,
        side: String,
        first: String,
        second: String,
    },
    #[error("no cell of {base} was measured in another: cells match by scenario, variant and lane")]
    Nothing { base: String },
}

impl AcrossError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            AcrossError::OneRecord => Some(
                "name another record, or a key that its variants differ in: --by dataset.compression",
            ),
            AcrossError::Twice { .. } => Some(
                "compare one record per value, or leave --by out to compare the records themselves",
            ),
            AcrossError::UnknownKey { .. }
            | AcrossError::OneValue { .. }
            | AcrossError::Nothing { .. } => None,
        }
    }
}

/// Sides of a comparison: the others with the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Across {
    /// What the sides differ in: a key, or `record`.
    pub by: String,
    pub sides: Vec<String>,
    /// Smallest effect of interest.
    pub effect: f64,
    pub cells: Vec<Compared>,
    /// Geometric means over scenarios, of each variant and lane, and of all variants of a lane where there are several.
    pub means: Vec<Compared>,
    /// Of each side but the first.
    pub between: Vec<Between>,
    /// Cells that a side lacks, or has no finished round of.
    pub unmatched: Vec<String>,
    /// Those of them that the first side has.
    pub missing: Vec<String>,
    /// Cells that read equal rows by the same SQL, and came to other results.
    pub disagreements: Vec<String>,
    /// What else is different, which ratios may be due to.
    pub differences: Vec<String>,
}

/// What the cells of a side moved by together, and what they may have moved by for their being of another run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Between {
    pub side: String,
    /// Median of the ratios of all cells.
    pub shift: f64,
    /// Share by which intervals are wider on both sides than the rounds make them; 0 within one run.
    pub allowance: f64,
}

/// A cell, or a mean of cells, of one side over that of the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Absent for a mean over scenarios.
    pub scenario: Option<String>,
    /// Absent for a mean over variants, too.
    pub variant: Option<String>,
    pub lane: Lane,
    pub side: String,
    /// Medians per copy of the query; of geometric means, where this is one.
    pub base_ns: f64,
    pub time_ns: f64,
    /// Side over first; below 1 is faster.
    pub ratio: f64,
    /// At 99 %, with what runs differ by; absent where there are too few rounds.
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// Whether rounds of one run are compared with each other, or rounds of two runs as a whole.
    pub paired: bool,
    pub base_rounds: usize,
    pub rounds: usize,
    /// Probability of such rounds if the two differed by no more than runs do, for cells by Holm's method.
    pub p_adjusted: Option<f64>,
    pub verdict: Verdict,
}

impl Compared {
    /// Scenario, variant, lane and side, as far as there are any.
    pub fn name(&self) -> String {
        let lane = (self.lane != Lane::EndToEnd).then(|| self.lane.name().to_owned());
        let parts = [self.scenario.clone(), self.variant.clone(), lane];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join("/")
    }
}

/// Scenario, variant, lane.
pub(super) type Place = (String, String, Lane);

/// The cells of one side, and the records that they come from, by name.
struct Side<'a> {
    name: String,
    cells: BTreeMap<Place, Member<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) file: &'a str,
    pub(super) record: &'a RunRecord,
    pub(super) cell: &'a CellRecord,
}

/// Compares records, whose names are given, with the first of them; or their cells by a label or by a key of the config.
pub fn across(records: &[(String, RunRecord)], by: Option<&str>) -> Result<Across, AcrossError> {
    let sides = match by {
        None => by_record(records),
        Some(key) => by_key(records, key)?,
    };
    let Some((base, others)) = sides.split_first().filter(|(_, others)| !others.is_empty()) else {
        // A key may name a whole section.
        let value = sides.into_iter().next();
        let value = value.map_or_else(String::new, |side| excerpt(&side.name, 0));
        return Err(match by {
            None => AcrossError::OneRecord,
            Some(key) => AcrossError::OneValue {
                key: key.to_owned(),
                value,
            },
        });
    };
    let effects = records.iter().map(|(_, record)| record.effect);
    let mut across = Across {
        by: by.unwrap_or("record").to_owned(),
        sides: sides.iter().map(|side| side.name.clone()).collect(),
        effect: effects.fold(0.0, f64::max),
        cells: Vec::new(),
        means: Vec::new(),
        between: Vec::new(),
        unmatched: unmatched(&sides),
        missing: missing(base, others),
        disagreements: disagreements(base, others),
        differences: doubts(records),
    };
    if let Some(key) = by {
        across.unmatched.extend(without_key(records, key));
    }
    let steady = Steady::of(records);
    let mut found = Vec::new();
    for side in others {
        let pairs: Vec<(&Place, Pair)> = side
            .cells
            .iter()
            .filter_map(|(place, member)| {
                let base = base.cells.get(place)?;
                Some((place, Pair::of(&[(*base, *member)], place.2, &steady)?))
            })
            .collect();
        let between = between(&side.name, pairs.iter().map(|(_, pair)| pair));
        let means = means(base, side, &pairs, &steady);
        across
            .means
            .extend(means.into_iter().map(|(variant, lane, pair)| {
                let p = pair.p(between.allowance);
                pair.compared((None, variant, lane), &between, p, across.effect)
            }));
        let told = pairs.into_iter().filter(|(place, _)| {
            let member = base.cells.get(*place);
            member.is_some_and(|member| member.cell.control.is_none())
        });
        found.extend(told.map(|(place, pair)| (place.clone(), pair, between.clone())));
        across.between.push(between);
        let told = differences((&base.name, &base.cells), (&side.name, &side.cells), by);
        across.differences.extend(told);
    }
    if found.is_empty() {
        return Err(AcrossError::Nothing {
            base: base.name.clone(),
        });
    }
    let p: Vec<Option<f64>> = found
        .iter()
        .map(|(_, pair, between)| pair.p(between.allowance))
        .collect();
    across.cells = found
        .into_iter()
        .zip(adjusted(&p))
        .map(|(((scenario, variant, lane), pair, between), p)| {
            pair.compared(
                (Some(scenario), Some(variant), lane),
                &between,
                p,
                across.effect,
            )
        })
        .collect();
    Ok(across)
}

fn by_record(records: &[(String, RunRecord)]) -> Vec<Side<'_>> {
    let differing: BTreeSet<&String> = records
        .iter()
        .flat_map(|(_, record)| record.labels.keys())
        .filter(|label| {
            let values: BTreeSet<_> = records
                .iter()
                .map(|(_, it)| it.labels.get(*label))
                .collect();
            values.len() > 1
        })
        .collect();
    let labelled = |record: &RunRecord| {
        let labels: Vec<String> = differing
            .iter()
            .filter_map(|label| Some(format!("{label}={}", record.labels.get(*label)?)))
            .collect();
        labels.join(",")
    };
    let labels: Vec<String> = records.iter().map(|(_, record)| labelled(record)).collect();
    let unique = labels.iter().collect::<BTreeSet<_>>().len() == labels.len();
    let sides = records.iter().zip(labels).map(|((file, record), label)| {
        let cells = record.cells.iter().flat_map(|cell| {
            measured_lanes(cell).map(move |lane| {
                let place = (cell.scenario.clone(), cell.variant_name.clone(), lane);
                (place, Member { file, record, cell })
            })
        });
        Side {
            name: if unique && !label.is_empty() {
                label
            } else {
                file.clone()
            },
            cells: cells.collect(),
        }
    });
    sides.collect()
}

fn by_key<'a>(records: &'a [(String, RunRecord)], key: &str) -> Result<Vec<Side<'a>>, AcrossError> {
    let mut sides: Vec<Side> = Vec::new();
    for (file, record) in records {
        for cell in record.cells.iter().filter(|cell| cell.control.is_none()) {
            let Some(value) = setting(record, cell, key) else {
                continue;
            };
            let index = match sides.iter().position(|side| side.name == value) {
                Some(index) => index,
                None => {
                    sides.push(Side {
                        name: value,
                        cells: BTreeMap::new(),
                    });
                    sides.len() - 1
                }
            };
            let side = &mut sides[index];
            for lane in measured_lanes(cell) {
                let place = (cell.scenario.clone(), without(cell, key), lane);
                if let Some(first) = side.cells.get(&place) {
                    return Err(AcrossError::Twice {
                        cell: format!("{}/{}", place.0, place.1),
                        side: format!("{key}={}", side.name),
                        first: first.file.to_owned(),
                        second: file.clone(),
                    });
                }
                side.cells.insert(place, Member { file, record, cell });
            }
        }
    }
    if sides.is_empty() {
        let all = |keys: BTreeSet<&String>| match keys.is_empty() {
            true => "none".to_owned(),
            false => keys.into_iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let labels = records.iter().flat_map(|(_, record)| record.labels.keys());
        let cells = records.iter().flat_map(|(_, record)| &record.cells);
        return Err(AcrossError::UnknownKey {
            key: key.to_owned(),
            labels: all(labels.collect()),
            swept: all(cells.flat_map(|cell| cell.variant.keys()).collect()),
        });
    }
    Ok(sides)
}

/// The value of a label of the run, or of a key of the config in a variant.
fn setting(record: &RunRecord, cell: &CellRecord, key: &str) -> Option<String> {
    if let Some(label) = record.labels.get(key) {
        return Some(label.clone());
    }
    cell.setting(&record.config, key)
}

/// What a variant is called apart from a key.
fn without(cell: &CellRecord, key: &str) -> String {
    if !cell.variant.contains_key(key) {
        return cell.variant_name.clone();
    }
    let others = cell.variant.iter().filter(|(other, _)| *other != key);
    let others: Vec<String> = others
        .map(|(key, value)| format!("{key}={}", as_written(value)))
        .collect();
    match others.is_empty() {
        true => "all else equal".to_owned(),
        false => others.join(","),
    }
}

/// Lanes that a cell has finished rounds of.
fn measured_lanes(cell: &CellRecord) -> impl Iterator<Item = Lane> {
    let lanes = lanes(cell).into_iter();
    lanes.filter(|lane| counted(cell, *lane).next().is_some())
}

/// What is known of whole records that makes a comparison doubtful.
fn doubts(records: &[(String, RunRecord)]) -> Vec<String> {
    let mut told = Vec::new();
    for (index, (file, record)) in records.iter().enumerate() {
        if !record.complete {
            told.push(format!("{file} did not come to its end"));
        }
        let expectations = record.cells.iter().flat_map(|cell| &cell.expectations);
        let failed = expectations.filter(|it| !it.passed).count();
        if failed > 0 {
            told.push(format!("in {file}, {failed} expectation(s) failed"));
        }
        let same = records[..index]
            .iter()
            .find(|(_, other)| other.run_id == record.run_id);
        if let Some((first, _)) = same {
            told.push(format!("{file} is the same run as {first}, by its run_id"));
        }
    }
    told
}

/// Records of which some cells have no value of a key.
fn without_key(records: &[(String, RunRecord)], key: &str) -> Vec<String> {
    let told = records.iter().filter_map(|(file, record)| {
        let cells = record.cells.iter().filter(|cell| cell.control.is_none());
        let lacking = cells
            .filter(|cell| setting(record, cell, key).is_none())
            .count();
        (lacking > 0).then(|| format!("{lacking} cell(s) of {file} have no `{key}`"))
    });
    told.collect()
}

/// Cells of the first side that another was not measured in.
fn missing(base: &Side, others: &[Side]) -> Vec<String> {
    let mut told = Vec::new();
    for side in others {
        for (place, member) in &base.cells {
            if member.cell.control.is_none() && !side.cells.contains_key(place) {
                told.push(format!("{} in {}", called(place), side.name));
            }
        }
    }
    told
}

fn disagreements(base: &Side, others: &[Side]) -> Vec<String> {
    let mut told = Vec::new();
    for side in others {
        for (place, first) in base
            .cells
            .iter()
            .filter(|(place, _)| place.2 == Lane::EndToEnd)
        {
            let Some(second) = side.cells.get(place) else {
                continue;
            };
            let one = (first.record, first.cell);
            let other = (second.record, second.cell);
            if let Some(difference) = disagreement_between(one, other) {
                let (cell, first, second) = (called(place), &base.name, &side.name);
                told.push(format!("{cell} ({first}, {second}): {difference}"));
            }
        }
    }
    told
}

fn called((scenario, variant, lane): &Place) -> String {
    match lane {
        Lane::EndToEnd => format!("{scenario}/{variant}"),
        lane => format!("{scenario}/{variant}/{}", lane.name()),
    }
}

fn unmatched(sides: &[Side]) -> Vec<String> {
    let places: BTreeSet<&Place> = sides.iter().flat_map(|side| side.cells.keys()).collect();
    let mut told = Vec::new();
    for place in places {
        let lacking = sides.iter().filter(|side| !side.cells.contains_key(place));
        let lacking: Vec<&str> = lacking.map(|side| side.name.as_str()).collect();
        if !lacking.is_empty() {
            let (scenario, variant, lane) = place;
            told.push(format!(
                "{scenario}/{variant} ({}): not in {}",
                lane.name(),
                lacking.join(", ")
            ));
        }
    }
    told
}

/// Two series of times that are compared.
struct Pair {
    base: Series,
    side: Series,
    paired: bool,
    /// Of ln(side / base).
    estimate: Estimate,
    /// What noise does to equal cells of this run.
    noise: Option<(f64, f64)>,
}

impl Pair {
    /// Of cells of both sides, the first and the other one of each; of several, their geometric means. `None` without common rounds.
    fn of(cells: &[(Member, Member)], lane: Lane, steady: &Steady) -> Option<Self> {
        let one_run = cells
            .iter()
            .all(|(one, other)| one.record.run_id == other.record.run_id);
        let geometric_mean = |members: &mut dyn Iterator<Item = Member>| {
            let all: Vec<Series> = members
                .map(|it| match one_run {
                    true => log_times(it.cell, lane),
                    false => steady.times(it, lane),
                })
                .collect();
            mean(&all)
        };
        let base = geometric_mean(&mut cells.iter().map(|(base, _)| *base));
        let side = geometric_mean(&mut cells.iter().map(|(_, side)| *side));
        let estimate = match one_run {
            true => hodges_lehmann_paired(&paired(&base, &side), CONFIDENCE),
            false => hodges_lehmann_unpaired(&values(&base), &values(&side), CONFIDENCE),
        };
        let noise = match cells {
            // A copy of a record whose times were changed has no other noise than it.
            [(one, other)] if one_run && one.cell.id != other.cell.id => {
                let mut noise = one.record.noise.iter();
                noise.find(|it| it.scenario == one.cell.scenario && it.lane == lane)
            }
            _ => None,
        };
        Some(Pair {
            base,
            side,
            paired: one_run,
            estimate: estimate?,
            noise: noise.map(|noise| (noise.ci_low, noise.ci_high)),
        })
    }

    fn allowance(&self, between_runs: f64) -> f64 {
        if self.paired { 0.0 } else { between_runs }
    }

    /// Of the two differing by no more than runs do.
    fn p(&self, between_runs: f64) -> Option<f64> {
        let allowance = self.allowance(between_runs);
        if self.estimate.value.abs() <= allowance {
            return Some(1.0);
        }
        let moved = |value: &f64| value - allowance * self.estimate.value.signum();
        let differences = || {
            paired(&self.base, &self.side)
                .iter()
                .map(moved)
                .collect::<Vec<_>>()
        };
        match self.paired {
            true => signed_rank_p(&differences()),
            false => {
                let side: Vec<f64> = self.side.values().map(moved).collect();
                rank_sum_p(&values(&self.base), &side)
            }
        }
    }

    fn compared(
        &self,
        (scenario, variant, lane): (Option<String>, Option<String>, Lane),
        between: &Between,
        p_adjusted: Option<f64>,
        effect: f64,
    ) -> Compared {
        let allowance = self.allowance(between.allowance);
        let widened = Estimate {
            value: self.estimate.value,
            interval: self.estimate.interval.map(|interval| Interval {
                low: interval.low - allowance,
                high: interval.high + allowance,
                confidence: interval.confidence,
            }),
        };
        let rounds = self.base.len().min(self.side.len());
        let within = effect.max(allowance);
        let is_tie = |interval: Interval| interval.low >= -within && interval.high <= within;
        let estimate = exponential(widened);
        Compared {
            scenario,
            variant,
            lane,
            side: between.side.clone(),
            base_ns: middle(&self.base).unwrap_or(f64::NAN),
            time_ns: middle(&self.side).unwrap_or(f64::NAN),
            ratio: estimate.value,
            ci_low: estimate.interval.map(|interval| interval.low),
            ci_high: estimate.interval.map(|interval| interval.high),
            paired: self.paired,
            base_rounds: self.base.len(),
            rounds: self.side.len(),
            p_adjusted,
            verdict: match self.estimate.interval {
                Some(interval) if !self.paired && is_tie(interval) => Verdict::Tie,
                _ => verdict(Some(estimate), rounds, p_adjusted, self.noise, effect),
            },
        }
    }
}

/// Fewer cells do not show what all have in common.
const CELLS_IN_COMMON: usize = 5;

/// What all cells of a round had in common, which is the host's, by file and lane: the median over the cells of how far each was from its
/// own median. Over the rounds, that is about 0, so that a cell's level stays what it is.
struct Steady<'a>(BTreeMap<(&'a str, Lane), BTreeMap<u32, f64>>);

impl<'a> Steady<'a> {
    fn of(records: &'a [(String, RunRecord)]) -> Self {
        let mut all = BTreeMap::new();
        for (file, record) in records {
            for lane in Lane::ALL {
                let mut of_round: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
                for cell in &record.cells {
                    let times = log_times(cell, lane);
                    let Some(level) = median(&values(&times)) else {
                        continue;
                    };
                    for (round, time) in times {
                        of_round.entry(round).or_default().push(time - level);
                    }
                }
                let common = of_round
                    .into_iter()
                    .filter(|(_, all)| all.len() >= CELLS_IN_COMMON)
                    .filter_map(|(round, all)| Some((round, median(&all)?)));
                all.insert((file.as_str(), lane), common.collect());
            }
        }
        Steady(all)
    }

    /// A cell's times without it.
    fn times(&self, member: Member, lane: Lane) -> Series {
        let common = self.0.get(&(member.file, lane));
        let times = log_times(member.cell, lane).into_iter();
        let times = times.map(|(round, time)| {
            let common = common.and_then(|all| all.get(&round));
            (round, time - common.copied().unwrap_or(0.0))
        });
        times.collect()
    }
}

/// From how all cells of another run moved: a shift that they share, and how far they scatter around it, may both be the host's.
fn between<'a>(side: &str, pairs: impl Iterator<Item = &'a Pair>) -> Between {
    let (mut all, mut of_runs) = (Vec::new(), Vec::new());
    for pair in pairs {
        all.push(pair.estimate.value);
        if !pair.paired {
            of_runs.push(pair.estimate.value);
        }
    }
    let shift = median(&of_runs).unwrap_or(0.0);
    let deviations: Vec<f64> = of_runs.iter().map(|it| (it - shift).abs()).collect();
    let seen = match deviations.len() {
        0 => 0.0,
        few if few < CELLS_TO_TELL => MOST_BETWEEN_RUNS,
        _ => {
            let spread = median(&deviations).unwrap_or(0.0) * SPREAD;
            shift
                .abs()
                .max(spread)
                .clamp(LEAST_BETWEEN_RUNS, MOST_BETWEEN_RUNS)
        }
    };
    Between {
        side: side.to_owned(),
        shift: median(&all).unwrap_or(0.0).exp(),
        allowance: seen,
    }
}

/// Geometric means over the scenarios that both sides have: of each variant, and of all.
fn means(
    base: &Side,
    side: &Side,
    pairs: &[(&Place, Pair)],
    steady: &Steady,
) -> Vec<(Option<String>, Lane, Pair)> {
    let member = |place: &Place| Some((*base.cells.get(place)?, *side.cells.get(place)?));
    let told = |place: &Place| {
        let member = base.cells.get(place);
        member.is_some_and(|member| member.cell.control.is_none())
    };
    let places: Vec<&Place> = pairs
        .iter()
        .map(|(place, _)| *place)
        .filter(|it| told(it))
        .collect();
    let mut means = Vec::new();
    let lanes: BTreeSet<Lane> = places.iter().map(|(.., lane)| *lane).collect();
    for lane in lanes {
        let of_lane = || places.iter().filter(move |place| place.2 == lane);
        let variants: BTreeSet<&String> = of_lane().map(|place| &place.1).collect();
        let mean_of = |variant: Option<&String>| {
            let cells = of_lane().filter(|place| variant.is_none_or(|variant| place.1 == *variant));
            let cells: Vec<(Member, Member)> = cells.filter_map(|place| member(place)).collect();
            (cells.len() > 1)
                .then(|| Pair::of(&cells, lane, steady))
                .flatten()
        };
        for variant in &variants {
            means.extend(mean_of(Some(variant)).map(|pair| (Some((*variant).clone()), lane, pair)));
        }
        if variants.len() > 1 {
            means.extend(mean_of(None).map(|pair| (None, lane, pair)));
        }
    }
    means
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::fixture::{cell, record, rounds};
    use crate::statistics::simulated::Random;

    /// Six scenarios on two variants in 20 rounds each, with 1 % of noise. `shift` is of all cells; `slower` is one that takes 10 % more.
    fn run(name: &str, seed: u64, shift: f64, slower: Option<&str>) -> (String, RunRecord) {
        let mut random = Random(seed);
        let mut record = record();
        record.run_id = name.to_owned();
        for (index, scenario) in ["a", "b", "c", "d", "e", "f"].iter().enumerate() {
            for variant in ["none", "zstd"] {
                let id = format!("{scenario}/{variant}");
                let factor = shift
                    * if slower == Some(id.as_str()) {
                        1.1
                    } else {
                        1.0
                    };
                let mut time = || {
                    let noise = 0.99 + 0.02 * random.uniform();
                    (10e6 * (index + 1) as f64 * factor * noise) as u64
                };
                let times: Vec<u64> = (0..20).map(|_| time()).collect();
                record.cells.push(cell(scenario, variant, rounds(&times)));
            }
        }
        (format!("{name}.json"), record)
    }

    fn verdicts(across: &Across) -> Vec<(String, Verdict)> {
        let told = across
            .cells
            .iter()
            .filter(|cell| cell.verdict != Verdict::Tie);
        told.map(|cell| (cell.name(), cell.verdict)).collect()
    }

    #[test]
    fn two_runs_of_one_config_have_no_winner() {
        for shift in [1.0, 1.03, 0.96] {
            let found = across(
                &[run("one", 1, 1.0, None), run("two", 2, shift, None)],
                None,
            )
            .unwrap();
            let won = verdicts(&found);
            let won: Vec<_> = won
                .iter()
                .filter(|it| it.1 != Verdict::Inconclusive)
                .collect();
            assert!(won.is_empty(), "{shift}: {won:?}");
            assert!((found.between[0].shift - shift).abs() < 0.01, "{found:?}");
        }
    }

    #[test]
    fn exactly_the_cell_that_became_slower_is_named() {
        let found = across(
            &[
                run("one", 1, 1.0, None),
                run("two", 2, 1.01, Some("d/zstd")),
            ],
            None,
        )
        .unwrap();
        assert_eq!(verdicts(&found), [("d/zstd".to_owned(), Verdict::Slower)]);
        let slower = found.cells.iter().find(|it| it.name() == "d/zstd").unwrap();
        assert!(
            !slower.paired && (slower.ratio - 1.11).abs() < 0.02,
            "{slower:?}"
        );
    }

    #[test]
    fn a_slowdown_of_everything_is_found_where_it_is_larger_than_what_runs_differ_by() {
        let found = across(&[run("one", 1, 1.0, None), run("two", 2, 1.2, None)], None).unwrap();
        assert_eq!(verdicts(&found).len(), 12);
        let all = found
            .means
            .iter()
            .find(|mean| mean.variant.is_none())
            .unwrap();
        assert!(
            (all.ratio - 1.2).abs() < 0.01 && all.verdict == Verdict::Slower,
            "{all:?}"
        );
        assert_eq!(found.means.len(), 3);
    }

    #[test]
    fn cells_of_one_run_are_paired_by_a_key_that_variants_differ_in() {
        let (name, mut one) = run("one", 1, 1.0, None);
        for cell in &mut one.cells {
            if cell.variant_name == "zstd" {
                for iteration in &mut cell.iterations {
                    iteration.elapsed_ns = iteration.elapsed_ns / 100 * 103;
                }
            }
        }
        let found = across(&[(name, one)], Some("dataset.compression")).unwrap();
        assert_eq!(found.sides, ["none", "zstd"]);
        assert!(found.cells.iter().all(|cell| cell.paired));
        assert_eq!(found.between[0].allowance, 0.0);
        assert!(
            found
                .cells
                .iter()
                .all(|cell| cell.verdict == Verdict::Slower),
            "{found:?}"
        );
        assert_eq!(found.cells[0].name(), "a/all else equal");
    }

    #[test]
    fn labels_name_the_sides_and_can_be_compared_by() {
        let (mut one, mut two) = (run("one", 1, 1.0, None), run("two", 2, 1.0, None));
        one.1.labels.insert("array".to_owned(), "A".to_owned());
        two.1.labels.insert("array".to_owned(), "B".to_owned());
        let records = [one, two];
        assert_eq!(
            across(&records, None).unwrap().sides,
            ["array=A", "array=B"]
        );
        assert_eq!(across(&records, Some("array")).unwrap().sides, ["A", "B"]);
        let error = across(&records, Some("arrays")).unwrap_err().to_string();
        assert!(
            error.contains("labels: array") && error.contains("dataset.compression"),
            "{error}"
        );
        let error = across(&records, Some("dataset.compression")).unwrap_err();
        assert!(matches!(error, AcrossError::Twice { .. }), "{error}");
        assert_eq!(
            across(&records[..1], None).unwrap_err(),
            AcrossError::OneRecord
        );
        assert!(matches!(
            across(&records, Some("dataset.seed")).unwrap_err(),
            AcrossError::Twice { .. } | AcrossError::OneValue { .. }
        ));
    }

    #[test]
    fn what_a_side_lacks_is_listed() {
        let (one, mut two) = (run("one", 1, 1.0, None), run("two", 2, 1.0, None));
        two.1.cells.retain(|cell| cell.id != "a/zstd");
        let found = across(&[one, two], None).unwrap();
        assert_eq!(found.unmatched, ["a/zstd (end_to_end): not in two.json"]);
        assert_eq!(found.cells.len(), 11);
    }
}
