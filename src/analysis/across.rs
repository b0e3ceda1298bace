//! Cells of several records, or of the several values of a key, against each other.

use std::collections::BTreeSet;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::between_runs::{Between, Steady, between};
use super::environment::{differences, disagreements, doubts, excerpt};
use super::series::{Series, exponential, log_times, mean, middle, paired, values};
use super::sides::{
    AcrossError, Member, Place, Side, by_key, by_record, missing, unmatched, without_key,
};
use super::verdict::{Ratio, adjusted};
use crate::record::{Contrast, Lane, RunRecord, Verdict};
use crate::statistics::{
    CONFIDENCE, Estimate, Interval, hodges_lehmann_paired, hodges_lehmann_unpaired, rank_sum_p,
    signed_rank_p,
};

/// Sides of a comparison: the others with the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Across {
    /// Key that the sides differ in, or `record`.
    pub by: String,
    pub sides: Vec<String>,
    /// Smallest effect of interest.
    pub effect: f64,
    pub cells: Vec<Compared>,
    /// Geometric means over scenarios, of each variant and lane, and of all variants of a lane
    /// where there are several.
    pub means: Vec<Compared>,
    /// Movement of each side but the first.
    pub between: Vec<Between>,
    /// Cells that a side lacks, or has no finished round of.
    pub unmatched: Vec<String>,
    /// Those of them that the first side has.
    pub missing: Vec<String>,
    /// Cells that read equal rows by the same SQL, and came to other results.
    pub disagreements: Vec<String>,
    /// Other differences, which ratios may be due to.
    pub differences: Vec<String>,
}

/// A cell, or a mean of cells, of one side over that of the first.
#[derive(Debug, Clone, PartialEq)]
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
    /// Side over first, with an interval that is wider by what runs differ by. Its p are the
    /// probability of such rounds if the two differed by no more than runs do, adjusted for cells
    /// alone.
    pub contrast: Contrast,
    /// True where rounds of one run are compared with each other, false for rounds of two runs as a
    /// whole.
    pub paired: bool,
    pub base_rounds: usize,
    pub rounds: usize,
}

/// Keys in the order that comparisons have always had them in.
impl Serialize for Compared {
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

impl Compared {
    /// Scenario, variant and lane, as far as there are any.
    pub fn name(&self) -> String {
        let lane = (self.lane != Lane::EndToEnd).then(|| self.lane.name().to_owned());
        let parts = [self.scenario.clone(), self.variant.clone(), lane];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join("/")
    }
}

/// Compares records, whose names are given, with the first of them; or their cells by a label or by
/// a key of the config.
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
        let between = between(
            &side.name,
            pairs
                .iter()
                .map(|(_, pair)| (pair.estimate.value, pair.paired)),
        );
        let means = means(base, side, &pairs, &steady);
        across
            .means
            .extend(means.into_iter().map(|(variant, lane, pair)| {
                let p = pair.p(between.allowance);
                pair.compared((None, variant, lane), &between, (p, p), across.effect)
            }));
        let told = pairs.into_iter().filter(|(place, _)| {
            let member = base.cells.get(*place);
            member.is_some_and(|member| member.cell.control.is_none())
        });
        found.extend(told.map(|(place, pair)| (place.clone(), pair, between.clone())));
        across.between.push(between);
        let told = differences(base, side, by);
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
        .zip(p.iter().copied().zip(adjusted(&p)))
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

/// Two series of times that are compared.
struct Pair {
    base: Series,
    side: Series,
    paired: bool,
    /// Estimate of ln(side / base).
    estimate: Estimate,
    /// Interval of the control of this run.
    noise: Option<(f64, f64)>,
}

impl Pair {
    /// Cells of both sides, the first and the other one of each; of several, their geometric means.
    /// `None` without common rounds.
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
            noise: noise.and_then(|noise| noise.contrast.interval()),
        })
    }

    fn allowance(&self, between_runs: f64) -> f64 {
        if self.paired { 0.0 } else { between_runs }
    }

    /// Probability of such rounds if the two differed by no more than runs do.
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
        (p, p_adjusted): (Option<f64>, Option<f64>),
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
        let within = effect.max(allowance);
        let is_tie = |interval: Interval| interval.low >= -within && interval.high <= within;
        let ratio = Ratio {
            estimate: Some(exponential(widened)),
            pairs: self.base.len().min(self.side.len()),
            p,
        };
        let mut contrast = ratio.judged(p_adjusted, self.noise, effect);
        if !self.paired && self.estimate.interval.is_some_and(is_tie) {
            contrast.verdict = Verdict::Tie;
        }
        Compared {
            scenario,
            variant,
            lane,
            side: between.side.clone(),
            base_ns: middle(&self.base).unwrap_or(f64::NAN),
            time_ns: middle(&self.side).unwrap_or(f64::NAN),
            contrast,
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
