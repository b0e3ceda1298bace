//! Comparisons of cells between several records, or between the values of a key.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::between_runs::{Between, Steady};
use super::environment::{differences, doubts, excerpt, results};
use super::series::{Series, log_times, mean, middle, paired, values};
use super::sides::{
    AcrossError, CellPlace, Member, Side, by_key, by_record, missing, unmatched, without_key,
};
use super::uncertainty::{OfTimes, Uncertainty, standard_error};
use super::verdict::{Ratio, adjusted, largest};
use crate::record::{Contrast, Lane, RunRecord};
use crate::statistics::{
    CONFIDENCE, Estimate, Interval, hodges_lehmann_unpaired, lag_one, widening,
};

/// A comparison of sides: each of the others with the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Across {
    /// Key in which the sides differ, or `record`.
    pub by: String,
    pub sides: Vec<String>,
    /// Smallest effect of interest.
    pub effect: f64,
    pub cells: Vec<SideComparison>,
    /// Geometric means over scenarios: of each variant and lane, and of all variants of a lane if
    /// there are several.
    pub means: Vec<SideComparison>,
    /// Movement of each side except the first, by lane.
    pub between: Vec<Between>,
    /// Cells that a side lacks or has no finished round of, and numbers of cells without the key.
    pub unmatched: Vec<String>,
    /// Cells of the first side that another side lacks or has no finished round of.
    pub missing: Vec<String>,
    /// Cells that read equal rows by the same SQL, but came to different results.
    pub disagreements: Vec<String>,
    /// Number of cells whose results are equal by row count and checksum, out of `results_compared`
    /// cells that both sides have.
    pub results_equal: usize,
    pub results_compared: usize,
    /// Other differences, to which ratios may be due.
    pub differences: Vec<String>,
}

/// A cell, or a mean of cells, of one side against the first side.
#[derive(Debug, Clone, PartialEq)]
pub struct SideComparison {
    /// Absent for a mean over scenarios.
    pub scenario: Option<String>,
    /// Absent for a mean over variants as well.
    pub variant: Option<String>,
    pub lane: Lane,
    pub side: String,
    /// Medians per copy of the query, in nanoseconds. For a mean, they are medians of geometric
    /// means.
    pub base_ns: f64,
    pub time_ns: f64,
    /// Ratio of this side to the first. For two runs, it is relative to the movement that all cells
    /// of the lane share, and its interval holds for all cells together. Its `p` is the probability
    /// of a ratio so far off if the program had not changed. Its `p_adjusted` is adjusted for all
    /// cells; that of a mean is not adjusted.
    pub contrast: Contrast,
    /// True if rounds of one run are paired, false if the rounds of two runs are compared as a
    /// whole.
    pub paired: bool,
    pub base_rounds: usize,
    pub rounds: usize,
}

/// Writes keys in the order that comparisons have always had.
impl Serialize for SideComparison {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = serializer.serialize_struct("Compared", 14)?;
        keys.serialize_field("scenario", &self.scenario)?;
        keys.serialize_field("variant", &self.variant)?;
        keys.serialize_field("lane", &self.lane)?;
        keys.serialize_field("side", &self.side)?;
        keys.serialize_field("base_ns", &self.base_ns)?;
        keys.serialize_field("time_ns", &self.time_ns)?;
        keys.serialize_field("ratio", &self.contrast.ratio)?;
        keys.serialize_field("ci_low", &self.contrast.ci_low)?;
        keys.serialize_field("ci_high", &self.contrast.ci_high)?;
        keys.serialize_field("paired", &self.paired)?;
        keys.serialize_field("base_rounds", &self.base_rounds)?;
        keys.serialize_field("rounds", &self.rounds)?;
        keys.serialize_field("p_adjusted", &self.contrast.p_adjusted)?;
        keys.serialize_field("verdict", &self.contrast.verdict)?;
        keys.end()
    }
}

impl SideComparison {
    /// Scenario, variant and lane, joined by slashes. Absent ones are left out, as is the lane
    /// `end_to_end`.
    pub fn name(&self) -> String {
        let lane = (self.lane != Lane::EndToEnd).then(|| self.lane.name().to_owned());
        let parts = [self.scenario.clone(), self.variant.clone(), lane];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join("/")
    }
}

/// Compares records, given with their names, with the first of them, or their cells by a label or
/// by a key of the config.
pub fn across(records: &[(String, RunRecord)], by: Option<&str>) -> Result<Across, AcrossError> {
    let sides = match by {
        None => by_record(records),
        Some(key) => by_key(records, key)?,
    };
    let Some((base, others)) = sides.split_first().filter(|(_, others)| !others.is_empty()) else {
        // The value may be long, as a key may name a whole section.
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
    let results = results(base, others);
    let mut across = Across {
        by: by.unwrap_or("record").to_owned(),
        sides: sides.iter().map(|side| side.name.clone()).collect(),
        effect: effects.fold(0.0, f64::max),
        cells: Vec::new(),
        means: Vec::new(),
        between: Vec::new(),
        unmatched: unmatched(&sides),
        missing: missing(base, others),
        disagreements: results.disagreements,
        results_equal: results.equal,
        results_compared: results.cells,
        differences: doubts(records),
    };
    if let Some(key) = by {
        across.unmatched.extend(without_key(records, key));
    }
    let runs = Runs::of(records);
    let mut compared = Vec::new();
    let mut means_of_sides = Vec::new();
    for side in others {
        let pairs: Vec<(&CellPlace, SeriesPair)> = side
            .cells
            .iter()
            .filter_map(|(place, member)| {
                let base = base.cells.get(place)?;
                Some((place, SeriesPair::of(&[(*base, *member)], place.2, &runs)?))
            })
            .collect();
        let lanes: BTreeSet<Lane> = pairs.iter().map(|(place, _)| place.2).collect();
        for lane in lanes {
            let of_lane = pairs.iter().filter(|(place, _)| place.2 == lane);
            let of_runs: Vec<(f64, f64)> = of_lane
                .filter(|(_, pair)| !pair.paired)
                .map(|(_, pair)| (pair.estimate.value, pair.error()))
                .collect();
            across.between.push(Between::of(&side.name, lane, &of_runs));
        }
        let means = means(base, side, &pairs, &runs);
        means_of_sides.extend(means.into_iter().map(|mean| (side.name.clone(), mean)));
        let told = pairs.into_iter().filter(|(place, _)| {
            let member = base.cells.get(*place);
            member.is_some_and(|member| member.cell.control.is_none())
        });
        compared.extend(told.map(|(place, pair)| (side.name.clone(), place.clone(), pair)));
        let told = differences(base, side, by);
        across.differences.extend(told);
    }
    if compared.is_empty() {
        return Err(AcrossError::Nothing {
            base: base.name.clone(),
        });
    }
    let family = compared.iter().filter(|(.., pair)| !pair.paired).count();
    let between = across.between.into_iter();
    across.between = between.map(|it| it.of_family(family)).collect();
    let of_side = |side: &str, lane: Lane| {
        let mut all = across.between.iter();
        all.find(|it| it.side == side && it.lane == lane)
    };
    let (mut cells, mut means) = (Vec::new(), Vec::new());
    let of_means = means_of_sides.len();
    for (side, (variant, lane, pair)) in means_of_sides {
        let found = of_side(&side, lane).map(|between| {
            let ratio = pair.ratio(between, of_means, across.effect);
            pair.compared((None, variant, lane), &side, &ratio, ratio.ratio.p())
        });
        means.extend(found);
    }
    let ratios: Vec<Option<Beside>> = compared
        .iter()
        .map(|(side, place, pair)| {
            let between = of_side(side, place.2)?;
            Some(pair.ratio(between, family, across.effect))
        })
        .collect();
    let of_all: Vec<Option<&Ratio>> = ratios
        .iter()
        .map(|ratio| ratio.as_ref().map(|it| &it.ratio))
        .collect();
    let p_adjusted = adjusted(&of_all);
    let judged = compared.into_iter().zip(ratios).zip(p_adjusted);
    for (((side, (scenario, variant, lane), pair), ratio), p_adjusted) in judged {
        let place = (Some(scenario), Some(variant), lane);
        cells.extend(ratio.map(|ratio| pair.compared(place, &side, &ratio, p_adjusted)));
    }
    (across.cells, across.means) = (cells, means);
    Ok(across)
}

/// Facts about each record as a whole that a comparison needs.
struct Runs<'a> {
    steady: Steady<'a>,
    uncertainty: BTreeMap<&'a str, OfTimes>,
}

impl<'a> Runs<'a> {
    fn of(records: &'a [(String, RunRecord)]) -> Self {
        let uncertainty = records.iter();
        Runs {
            steady: Steady::of(records),
            uncertainty: uncertainty
                .map(|(file, record)| (file.as_str(), OfTimes::of(record)))
                .collect(),
        }
    }

    /// Uncertainty of cells of one run, given as pairs of a cell of the first side and one of the
    /// other.
    fn within(&self, cells: &[(Member, Member)], lane: Lane) -> Uncertainty {
        let Some((one, other)) = cells.first() else {
            return Uncertainty::NONE;
        };
        let Some(uncertainty) = self.uncertainty.get(one.file) else {
            return Uncertainty::NONE;
        };
        match cells.len() {
            1 => uncertainty.between(one.cell, other.cell, lane),
            _ => uncertainty.of_means(lane),
        }
    }
}

/// Two series of times that are compared.
struct SeriesPair {
    base: Series,
    side: Series,
    paired: bool,
    /// Estimate of ln(side / base), with the interval of the rounds alone.
    estimate: Estimate,
    /// Uncertainty that the rounds of one run do not show.
    within: Uncertainty,
    /// Largest ratio between a control of this run and its baseline.
    noise: Option<f64>,
}

/// A ratio relative to the movement that all cells share, and the share within which it counts as
/// equal.
struct Beside {
    ratio: Ratio,
    equal: f64,
}

impl SeriesPair {
    /// Compares cells, given as pairs of a cell of the first side and one of the other. Of several
    /// pairs, it compares the geometric means. `None` if there are no rounds to compare.
    fn of(cells: &[(Member, Member)], lane: Lane, runs: &Runs) -> Option<Self> {
        let one_run = cells
            .iter()
            .all(|(one, other)| one.record.run_id == other.record.run_id);
        let geometric_mean = |members: &mut dyn Iterator<Item = Member>| {
            let all: Vec<Series> = members
                .map(|it| match one_run {
                    true => log_times(it.cell, lane),
                    false => runs.steady.times(it, lane),
                })
                .collect();
            mean(&all)
        };
        let base = geometric_mean(&mut cells.iter().map(|(base, _)| *base));
        let side = geometric_mean(&mut cells.iter().map(|(_, side)| *side));
        let within = runs.within(cells, lane);
        let estimate = match one_run {
            true => within.of_rounds(&paired(&base, &side)),
            false => hodges_lehmann_unpaired(&values(&base), &values(&side), CONFIDENCE),
        };
        let noise = match cells {
            // Cells with the same id are those of a record and of a copy of it with other times.
            // The noise of the record says nothing about such a copy.
            [(one, other)] if one_run && one.cell.id != other.cell.id => {
                let noise = one.record.noise.iter();
                let noise = noise.filter(|it| it.scenario == one.cell.scenario && it.lane == lane);
                largest(noise.filter_map(|noise| noise.contrast.interval()))
            }
            _ => None,
        };
        Some(SeriesPair {
            base,
            side,
            paired: one_run,
            estimate: estimate?,
            within,
            noise,
        })
    }

    /// Standard error by the rounds, which may resemble their neighbours. 0 if the rounds are too
    /// few to tell.
    fn error(&self) -> f64 {
        let of_one = |series: &Series| lag_one(&[values(series)]).map_or(1.0, widening);
        let wider = of_one(&self.base).max(of_one(&self.side));
        wider * self.estimate.interval.map_or(0.0, standard_error)
    }

    /// Ratio of the pair, if `family` comparisons are looked at together.
    fn ratio(&self, between: &Between, family: usize, effect: f64) -> Beside {
        if self.paired {
            let differences = paired(&self.base, &self.side);
            return Beside {
                ratio: Ratio::of_paired(&differences, &self.within),
                equal: effect,
            };
        }
        let (half, p) = between.off(self.estimate.value, self.error(), family);
        let value = between.beside(self.estimate.value);
        let beside = |interval: Interval| {
            (
                between.beside(interval.low).exp(),
                between.beside(interval.high).exp(),
            )
        };
        // Rounds that are too few for an interval of their own are too few for one between two
        // runs.
        let of_rounds = self.estimate.interval.map(beside);
        let bounds = of_rounds.map(|_| Interval {
            low: (value - half).exp(),
            high: (value + half).exp(),
            confidence: CONFIDENCE,
        });
        Beside {
            ratio: Ratio {
                estimate: Some(Estimate {
                    value: value.exp(),
                    interval: bounds,
                }),
                of_rounds,
                pairs: self.base.len().min(self.side.len()),
                p_of_rounds: Some(p),
                errors: None,
            },
            equal: Between::equal(half, effect),
        }
    }

    fn compared(
        &self,
        (scenario, variant, lane): (Option<String>, Option<String>, Lane),
        side: &str,
        beside: &Beside,
        p_adjusted: Option<f64>,
    ) -> SideComparison {
        SideComparison {
            scenario,
            variant,
            lane,
            side: side.to_owned(),
            base_ns: middle(&self.base).unwrap_or(f64::NAN),
            time_ns: middle(&self.side).unwrap_or(f64::NAN),
            contrast: beside.ratio.judged(p_adjusted, self.noise, beside.equal),
            paired: self.paired,
            base_rounds: self.base.len(),
            rounds: self.side.len(),
        }
    }
}

/// Geometric means over the scenarios that both sides have: of each variant, and of all variants.
fn means(
    base: &Side,
    side: &Side,
    pairs: &[(&CellPlace, SeriesPair)],
    runs: &Runs,
) -> Vec<(Option<String>, Lane, SeriesPair)> {
    let member = |place: &CellPlace| Some((*base.cells.get(place)?, *side.cells.get(place)?));
    let told = |place: &CellPlace| {
        let member = base.cells.get(place);
        member.is_some_and(|member| member.cell.control.is_none())
    };
    let places: Vec<&CellPlace> = pairs
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
                .then(|| SeriesPair::of(&cells, lane, runs))
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
