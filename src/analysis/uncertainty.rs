//! What the rounds of a run do not show of its noise: how they depend on each other, and by how
//! much equal sets of files differ.

use std::collections::{BTreeMap, BTreeSet};

use super::measured::{lanes, with_baselines};
use super::series::{Series, log_times, mean, paired};
use crate::record::{CellRecord, ControlKind, Lane, LaneNoise, RunRecord};
use crate::statistics::{
    CONFIDENCE, Estimate, EstimatedScale, Interval, hodges_lehmann_paired, lag_one,
    normal_quantile, signed_rank_p, student_p, widening,
};

/// Standard deviation of ln of the ratio of two sets of equal files that is expected, and the
/// number of controls that this counts for. A bias may be the same in all scenarios, so that a
/// control is one observation, however many scenarios there are.
const EXPECTED_BIAS: f64 = 0.0046;
const EXPECTED_BIAS_DEGREES: f64 = 2.5;

/// Uncertainty of ratios beside what rounds scatter by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Uncertainty {
    /// Factor by which the standard error of a mean is larger than that of independent rounds.
    widening: f64,
    /// Bias that all rounds of a comparison have alike, of ln of a ratio of equals.
    bias: Option<EstimatedScale>,
}

impl Uncertainty {
    /// Independent rounds without a bias.
    pub(super) const NONE: Uncertainty = Uncertainty {
        widening: 1.0,
        bias: None,
    };

    pub(super) fn widening(&self) -> f64 {
        self.widening
    }

    /// Standard deviation, of the normal distribution that is as wide at [`CONFIDENCE`], of ln of
    /// a ratio of equals.
    pub(super) fn deviation(&self) -> f64 {
        self.bias.as_ref().map_or(0.0, |bias| {
            bias.bound(CONFIDENCE, 0.0, 1) / normal_quantile(1.0 - CONFIDENCE)
        })
    }

    /// The same between cells that read the same files, where they do.
    pub(super) fn between(self, same_files: bool) -> Self {
        Uncertainty {
            bias: self.bias.filter(|_| !same_files),
            ..self
        }
    }

    /// Estimate of a shift from the differences of pairs, with an interval of [`CONFIDENCE`] by the
    /// rounds alone: that of the signed-rank test, made wider where rounds depend on each other.
    pub(super) fn of_rounds(&self, differences: &[f64]) -> Option<Estimate> {
        let estimate = hodges_lehmann_paired(differences, CONFIDENCE)?;
        Some(with_sides(estimate, |half, _| half * self.widening))
    }

    /// The estimate with an interval for the differences that pairs of other files would have, too:
    /// each side of that of the rounds is taken for a standard error, to which the bias comes.
    pub(super) fn of_files(&self, of_rounds: Estimate) -> Estimate {
        let Some(bias) = &self.bias else {
            return of_rounds;
        };
        with_sides(of_rounds, |half, confidence| {
            let error = half / normal_quantile(1.0 - confidence);
            bias.bound(confidence, error, 1).max(half)
        })
    }

    /// Two-sided probability of such differences, whose estimate by the rounds this is, where there
    /// is no shift, by the signed-rank test; and where rounds depend on each other, by Student's
    /// with the wider standard error, if that is larger. `None` without any.
    pub(super) fn p_of_rounds(&self, differences: &[f64], of_rounds: Estimate) -> Option<f64> {
        let p = signed_rank_p(differences)?;
        if self.widening <= 1.0 {
            return Some(p);
        }
        let of_wider = of_rounds.interval.map_or(1.0, |interval| {
            let error = standard_error(interval);
            match error > 0.0 {
                true => student_p(of_rounds.value / error, differences.len() as f64 - 1.0),
                false => 0.0,
            }
        });
        Some(p.max(of_wider))
    }

    /// Errors that an estimate has by rounds and bias; `None` without a bias, or an interval.
    pub(super) fn errors(&self, of_rounds: Estimate) -> Option<Errors> {
        Some(Errors {
            of_rounds: standard_error(of_rounds.interval?),
            bias: self.bias.clone()?,
        })
    }
}

/// The estimate with other distances from it to the bounds of its interval, given each and the
/// confidence.
fn with_sides(estimate: Estimate, side: impl Fn(f64, f64) -> f64) -> Estimate {
    let Estimate { value, interval } = estimate;
    let interval = interval.map(|interval| Interval {
        low: value - side(value - interval.low, interval.confidence),
        high: value + side(interval.high - value, interval.confidence),
        confidence: interval.confidence,
    });
    Estimate { value, interval }
}

/// Errors of an estimate.
#[derive(Debug, Clone)]
pub(super) struct Errors {
    /// Standard error.
    of_rounds: f64,
    bias: EstimatedScale,
}

impl Errors {
    /// Probability that they come to as much in one of so many estimates.
    pub(super) fn p(&self, value: f64, family: usize) -> f64 {
        self.bias.p(value, self.of_rounds, family)
    }
}

/// Scenarios in which one variant shows the correlation of its own noise.
const SCENARIOS_OF_ONE: usize = 3;

/// Correlation of neighbouring rounds of comparisons: of all together, of all with the same weight,
/// however much they scatter, or of those of one variant, whichever is the largest. That of a
/// variant is less by its standard error, as the largest of several is larger by chance.
fn autocorrelation(differences_of: &BTreeMap<&str, Differences>) -> Option<f64> {
    let of_variants = || differences_of.values().map(|it| &it.of_scenarios);
    let all: Vec<Vec<f64>> = of_variants().flatten().cloned().collect();
    let alike: Vec<Vec<f64>> = all.iter().map(|it| of_unit_scatter(it)).collect();
    let several = of_variants().filter(|it| it.len() >= SCENARIOS_OF_ONE);
    let found = several.filter_map(|it| {
        let neighbours: usize = it.iter().map(|series| series.len().saturating_sub(1)).sum();
        Some(lag_one(it)? - 1.0 / (neighbours.max(1) as f64).sqrt())
    });
    let found = found.chain(lag_one(&all)).chain(lag_one(&alike));
    found.reduce(f64::max)
}

/// Values about 0 whose squares come to 1 in the mean; as they are where they do not scatter.
fn of_unit_scatter(values: &[f64]) -> Vec<f64> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / count;
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    values.iter().map(|it| (it - mean) / deviation).collect()
}

/// Standard error of an estimate that has this interval.
pub(super) fn standard_error(interval: Interval) -> f64 {
    (interval.high - interval.low) / 2.0 / normal_quantile(1.0 - interval.confidence)
}

/// Uncertainty of the ratios of a figure, such as time, in a lane: of single scenarios, and of
/// geometric means over all.
#[derive(Debug, Clone)]
pub(super) struct Uncertainties {
    pub(super) of_scenarios: Uncertainty,
    pub(super) of_means: Uncertainty,
    /// Correlation of neighbouring rounds of all comparisons; absent where these are too few.
    autocorrelation: Option<f64>,
    /// Copies of the baseline's files that were measured.
    copies: u32,
}

impl Uncertainties {
    /// As a record has it.
    fn told(&self, lane: Lane) -> LaneNoise {
        LaneNoise {
            lane,
            autocorrelation: self.autocorrelation,
            widening: self.of_scenarios.widening,
            file_set_bias: self
                .of_scenarios
                .bias
                .as_ref()
                .map_or(0.0, EstimatedScale::median),
            copies: self.copies,
        }
    }

    /// From all cells of a run: `series` is ln of the figure of a cell by round.
    pub(super) fn of(record: &RunRecord, series: impl Fn(&CellRecord) -> Series) -> Self {
        // Of each variant, its series and those of the baseline.
        let mut pairs_of: BTreeMap<&str, Vec<(Series, Series)>> = BTreeMap::new();
        let mut copies: BTreeSet<&str> = BTreeSet::new();
        let mut of_baselines: BTreeMap<&str, Series> = BTreeMap::new();
        for (baseline, cell) in with_baselines(&record.cells) {
            let of_baseline = of_baselines
                .entry(&baseline.id)
                .or_insert_with(|| series(baseline));
            let pairs = pairs_of.entry(&cell.variant_name).or_default();
            pairs.push((of_baseline.clone(), series(cell)));
            // The same files once more show no bias of others.
            if cell.control == Some(ControlKind::Copy) {
                copies.insert(&cell.variant_name);
            }
        }
        let differences_of: BTreeMap<&str, Differences> = pairs_of
            .iter()
            .map(|(variant, pairs)| (*variant, Differences::of(pairs)))
            .collect();
        let autocorrelation = autocorrelation(&differences_of);
        let widening_of = |correlation: Option<f64>| correlation.map_or(1.0, widening);
        let widening = widening_of(autocorrelation);
        // What scenarios have in common shows in their mean.
        let means = differences_of.values().map(|it| it.of_mean.clone());
        let widening_of_means = widening.max(widening_of(lag_one(&means.collect::<Vec<_>>())));
        let of_rounds = Uncertainty {
            widening,
            bias: None,
        };
        let shift = |differences: &Vec<f64>| {
            let found = of_rounds.of_rounds(differences)?;
            Some((found.value, standard_error(found.interval?)))
        };
        let of_copies = || copies.iter().filter_map(|copy| differences_of.get(copy));
        let with = |widening: f64, shifts: Vec<Vec<(f64, f64)>>| {
            let measured: Vec<_> = shifts.into_iter().filter(|it| !it.is_empty()).collect();
            let bias = EstimatedScale::of(EXPECTED_BIAS, EXPECTED_BIAS_DEGREES, &measured);
            let uncertainty = Uncertainty {
                widening,
                bias: Some(bias),
            };
            (uncertainty, measured.len() as u32)
        };
        let of_scenarios = of_copies().map(|it| it.of_scenarios.iter().filter_map(shift).collect());
        let of_means = of_copies().map(|it| shift(&it.of_mean).into_iter().collect());
        let (of_means, _) = with(widening_of_means, of_means.collect());
        let (of_scenarios, copies) = with(widening, of_scenarios.collect());
        Uncertainties {
            of_scenarios,
            of_means,
            autocorrelation,
            copies,
        }
    }
}

/// Differences of a variant from the baseline, by round: of each scenario, and of their mean.
struct Differences {
    of_scenarios: Vec<Vec<f64>>,
    of_mean: Vec<f64>,
}

impl Differences {
    fn of(pairs: &[(Series, Series)]) -> Self {
        let (baselines, own): (Vec<Series>, Vec<Series>) = pairs.iter().cloned().unzip();
        let of_scenarios = pairs.iter().map(|(one, other)| paired(one, other));
        Differences {
            of_scenarios: of_scenarios.collect(),
            of_mean: paired(&mean(&baselines), &mean(&own)),
        }
    }
}

/// Uncertainty of the ratios of times, by lane.
pub(super) struct OfTimes(BTreeMap<Lane, Uncertainties>);

impl OfTimes {
    pub(super) fn of(record: &RunRecord) -> Self {
        let all: BTreeSet<Lane> = record.cells.iter().flat_map(lanes).collect();
        let of_lane = |lane| Uncertainties::of(record, |cell| log_times(cell, lane));
        OfTimes(all.into_iter().map(|lane| (lane, of_lane(lane))).collect())
    }

    /// As a record has it.
    pub(super) fn told(&self) -> Vec<LaneNoise> {
        let lanes = self.0.iter();
        lanes.map(|(lane, all)| all.told(*lane)).collect()
    }

    /// Of two cells of a scenario.
    pub(super) fn between(
        &self,
        baseline: &CellRecord,
        candidate: &CellRecord,
        lane: Lane,
    ) -> Uncertainty {
        let found = self.0.get(&lane);
        let found = found.map_or(Uncertainty::NONE, |it| it.of_scenarios.clone());
        // A control is what the bias is known by.
        found.between(candidate.control.is_some() || baseline.dataset == candidate.dataset)
    }

    /// Of the geometric means over several scenarios.
    pub(super) fn of_means(&self, lane: Lane) -> Uncertainty {
        self.0
            .get(&lane)
            .map_or(Uncertainty::NONE, |it| it.of_means.clone())
    }
}
