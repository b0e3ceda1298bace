//! Noise of a run that its rounds do not show: how they depend on each other, and how much equal
//! sets of files differ.

use std::collections::{BTreeMap, BTreeSet};

use super::measured::{lanes, with_baselines};
use super::series::{Series, log_times, mean, paired};
use crate::record::{CellRecord, ControlKind, Lane, LaneNoise, RunRecord};
use crate::statistics::{
    CONFIDENCE, Estimate, EstimatedScale, Interval, hodges_lehmann_paired, lag_one,
    normal_quantile, signed_rank_p, student_p, widening,
};

/// Expected standard deviation of ln of the ratio of two sets of equal files, and the number of
/// controls that it counts as. A bias may be the same in all scenarios, so that a control is one
/// observation, however many scenarios there are.
const EXPECTED_BIAS: f64 = 0.0046;
const EXPECTED_BIAS_DEGREES: f64 = 2.5;

/// Uncertainty of ratios besides the scatter of rounds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Uncertainty {
    /// Factor by which the standard error of a mean is larger than that of independent rounds.
    widening: f64,
    /// Bias that all rounds of a comparison share, of ln of a ratio of equals.
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

    /// Standard deviation of ln of a ratio of equals: that of the normal distribution that is as
    /// wide at [`CONFIDENCE`].
    pub(super) fn deviation(&self) -> f64 {
        self.bias.as_ref().map_or(0.0, |bias| {
            bias.bound(CONFIDENCE, 0.0, 1) / normal_quantile(1.0 - CONFIDENCE)
        })
    }

    /// The same uncertainty, without the bias if cells read the same files.
    pub(super) fn between(self, same_files: bool) -> Self {
        Uncertainty {
            bias: self.bias.filter(|_| !same_files),
            ..self
        }
    }

    /// Estimate of a shift from the differences of pairs, with an interval of [`CONFIDENCE`] by the
    /// rounds alone: that of the signed-rank test, made wider if rounds depend on each other.
    pub(super) fn of_rounds(&self, differences: &[f64]) -> Option<Estimate> {
        let estimate = hodges_lehmann_paired(differences, CONFIDENCE)?;
        Some(with_sides(estimate, |half, _| half * self.widening))
    }

    /// The estimate with an interval that also covers the differences that pairs of other files
    /// would have. Each side of the interval by the rounds is taken as a standard error, to which
    /// the bias is added.
    pub(super) fn of_files(&self, of_rounds: Estimate) -> Estimate {
        let Some(bias) = &self.bias else {
            return of_rounds;
        };
        with_sides(of_rounds, |half, confidence| {
            let error = half / normal_quantile(1.0 - confidence);
            bias.bound(confidence, error, 1).max(half)
        })
    }

    /// Two-sided probability of such differences if there is no shift, by the signed-rank test. If
    /// rounds depend on each other, it is that of Student's test with the wider standard error, if
    /// that is larger. `of_rounds` is the estimate of the differences by the rounds. `None` without
    /// any differences.
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

    /// Errors that an estimate has by rounds and bias. `None` without a bias or an interval.
    pub(super) fn errors(&self, of_rounds: Estimate) -> Option<Errors> {
        Some(Errors {
            of_rounds: standard_error(of_rounds.interval?),
            bias: self.bias.clone()?,
        })
    }
}

/// The estimate with other distances to the bounds of its interval. `side` gets each distance and
/// the confidence.
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
    /// Standard error by the rounds.
    of_rounds: f64,
    bias: EstimatedScale,
}

impl Errors {
    /// Probability that the errors reach `value` in one of `family` estimates.
    pub(super) fn p(&self, value: f64, family: usize) -> f64 {
        self.bias.p(value, self.of_rounds, family)
    }
}

/// Fewest scenarios in which one variant shows the correlation of its own noise.
const SCENARIOS_OF_ONE: usize = 3;

/// Correlation of neighbouring rounds of comparisons. It is the largest of that of all together,
/// that of all with the same weight, however much they scatter, and those of single variants. That
/// of a variant is reduced by its standard error, as the largest of several is larger by chance.
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

/// Values about 0 whose squares have a mean of 1. Values that do not scatter become 0.
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

/// Uncertainty of the ratios of a figure, such as time, in a lane: in single scenarios, and for
/// geometric means over all.
#[derive(Debug, Clone)]
pub(super) struct Uncertainties {
    pub(super) of_scenarios: Uncertainty,
    pub(super) of_means: Uncertainty,
    /// Correlation of neighbouring rounds of all comparisons. Absent if there are too few rounds.
    autocorrelation: Option<f64>,
    /// Number of copies of the baseline's files that were measured.
    copies: u32,
}

impl Uncertainties {
    /// Noise of the lane, in the form of a record.
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

    /// Derives uncertainties from all cells of a run. `series` gives ln of the figure of a cell by
    /// round.
    pub(super) fn of(record: &RunRecord, series: impl Fn(&CellRecord) -> Series) -> Self {
        // Series of the baseline and of the variant in each scenario, by variant.
        let mut pairs_of: BTreeMap<&str, Vec<(Series, Series)>> = BTreeMap::new();
        let mut copies: BTreeSet<&str> = BTreeSet::new();
        let mut of_baselines: BTreeMap<&str, Series> = BTreeMap::new();
        for (baseline, cell) in with_baselines(&record.cells) {
            let of_baseline = of_baselines
                .entry(&baseline.id)
                .or_insert_with(|| series(baseline));
            let pairs = pairs_of.entry(&cell.variant_name).or_default();
            pairs.push((of_baseline.clone(), series(cell)));
            // The same files measured once more show no bias of other files.
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
        // Noise that scenarios have in common shows in their mean.
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

/// Differences of a variant from the baseline by round, in each scenario and in the mean of all.
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

    /// Noise of all lanes, in the form of a record.
    pub(super) fn told(&self) -> Vec<LaneNoise> {
        let lanes = self.0.iter();
        lanes.map(|(lane, all)| all.told(*lane)).collect()
    }

    /// Uncertainty between two cells of a scenario.
    pub(super) fn between(
        &self,
        baseline: &CellRecord,
        candidate: &CellRecord,
        lane: Lane,
    ) -> Uncertainty {
        let found = self.0.get(&lane);
        let found = found.map_or(Uncertainty::NONE, |it| it.of_scenarios.clone());
        // The bias is known from controls, so that it does not apply to them.
        found.between(candidate.control.is_some() || baseline.dataset == candidate.dataset)
    }

    /// Uncertainty of geometric means over several scenarios.
    pub(super) fn of_means(&self, lane: Lane) -> Uncertainty {
        self.0
            .get(&lane)
            .map_or(Uncertainty::NONE, |it| it.of_means.clone())
    }
}
