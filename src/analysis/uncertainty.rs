//! What the rounds of a run do not show of its noise: how they depend on each other, and by how
//! much equal sets of files differ.

use std::collections::{BTreeMap, BTreeSet};

use super::measured::lanes;
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

    /// The same between cells that read the same files.
    pub(super) fn of_same_files(&self) -> Self {
        Uncertainty {
            widening: self.widening,
            bias: None,
        }
    }

    /// Estimate of a shift from the differences of pairs, with an interval of [`CONFIDENCE`] for
    /// the differences that pairs of other files would have, too.
    ///
    /// The interval of the signed-rank test is made wider where rounds depend on each other, then
    /// by the bias, with half of its width as a standard error.
    pub(super) fn estimate(&self, differences: &[f64]) -> Option<Estimate> {
        let Estimate { value, interval } = hodges_lehmann_paired(differences, CONFIDENCE)?;
        let widened = interval.map(|interval| {
            let half = |half: f64| self.with_bias(half * self.widening, interval.confidence);
            Interval {
                low: value - half(value - interval.low),
                high: value + half(interval.high - value),
                confidence: interval.confidence,
            }
        });
        Some(Estimate {
            value,
            interval: widened,
        })
    }

    /// Half the width of an interval of this confidence, with the bias.
    fn with_bias(&self, half: f64, confidence: f64) -> f64 {
        let Some(bias) = &self.bias else { return half };
        let error = half / normal_quantile(1.0 - confidence);
        bias.bound(confidence, error, 1).max(half)
    }

    /// Two-sided probability of such differences where there is no shift, by the signed-rank test;
    /// and where rounds depend on each other, by Student's with the wider standard error, if that
    /// is larger. `None` without any.
    pub(super) fn p_of_rounds(&self, differences: &[f64]) -> Option<f64> {
        let p = signed_rank_p(differences)?;
        if self.widening <= 1.0 {
            return Some(p);
        }
        let Estimate { value, interval } = self.of_same_files().estimate(differences)?;
        let of_wider = interval.map_or(1.0, |interval| {
            let error = standard_error(interval);
            match error > 0.0 {
                true => student_p(value / error, differences.len() as f64 - 1.0),
                false => 0.0,
            }
        });
        Some(p.max(of_wider))
    }

    /// Errors that an estimate from the differences has by rounds and bias; `None` without a bias,
    /// or an interval.
    pub(super) fn errors(&self, differences: &[f64]) -> Option<Errors> {
        let interval = self.of_same_files().estimate(differences)?.interval?;
        Some(Errors {
            of_rounds: standard_error(interval),
            bias: self.bias.clone()?,
        })
    }
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
fn autocorrelation(pairs_of: &BTreeMap<&str, Vec<(Series, Series)>>) -> Option<f64> {
    let differences = |pairs: &Vec<(Series, Series)>| -> Vec<Vec<f64>> {
        pairs
            .iter()
            .map(|(one, other)| paired(one, other))
            .collect()
    };
    let of_variants: Vec<Vec<Vec<f64>>> = pairs_of.values().map(differences).collect();
    let all: Vec<Vec<f64>> = of_variants.iter().flatten().cloned().collect();
    let alike: Vec<Vec<f64>> = all.iter().map(|it| of_unit_scatter(it)).collect();
    let several = of_variants.iter().filter(|it| it.len() >= SCENARIOS_OF_ONE);
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
fn standard_error(interval: Interval) -> f64 {
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
        let mut baselines: BTreeMap<&str, Series> = BTreeMap::new();
        // Of each variant, its series and those of the baseline.
        let mut pairs_of: BTreeMap<&str, Vec<(Series, Series)>> = BTreeMap::new();
        // Of each control, its series and those of its baselines.
        let mut controls: BTreeMap<&str, Vec<(Series, Series)>> = BTreeMap::new();
        for cell in &record.cells {
            let own = series(cell);
            let Some(baseline) = baselines.get(cell.scenario.as_str()) else {
                baselines.insert(&cell.scenario, own);
                continue;
            };
            let pairs = pairs_of.entry(&cell.variant_name).or_default();
            pairs.push((baseline.clone(), own.clone()));
            // The same files once more show no bias of others.
            if cell.control == Some(ControlKind::Copy) {
                let pairs = controls.entry(&cell.variant_name).or_default();
                pairs.push((baseline.clone(), own));
            }
        }
        let autocorrelation = autocorrelation(&pairs_of);
        let widening_of = |correlation: Option<f64>| correlation.map_or(1.0, widening);
        let widening = widening_of(autocorrelation);
        let means = pairs_of.values().map(|pairs| {
            let (baselines, own): (Vec<Series>, Vec<Series>) = pairs.iter().cloned().unzip();
            paired(&mean(&baselines), &mean(&own))
        });
        // What scenarios have in common shows in their mean.
        let of_means = lag_one(&means.collect::<Vec<_>>());
        let widening_of_means = widening.max(widening_of(of_means));
        let of_rounds = Uncertainty {
            widening,
            bias: None,
        };
        let shift = |baseline: &Series, control: &Series| {
            let found = of_rounds.estimate(&paired(baseline, control))?;
            Some((found.value, standard_error(found.interval?)))
        };
        let of_scenarios = controls.values().map(|pairs| {
            let shifts = pairs
                .iter()
                .filter_map(|(baseline, own)| shift(baseline, own));
            shifts.collect::<Vec<_>>()
        });
        let shifts_of_means = controls.values().map(|pairs| {
            let (baselines, own): (Vec<Series>, Vec<Series>) = pairs.iter().cloned().unzip();
            shift(&mean(&baselines), &mean(&own)).into_iter().collect()
        });
        let with = |widening: f64, controls: Vec<Vec<(f64, f64)>>| Uncertainty {
            widening,
            bias: Some(EstimatedScale::of(
                EXPECTED_BIAS,
                EXPECTED_BIAS_DEGREES,
                &controls,
            )),
        };
        let measured = |all: &mut dyn Iterator<Item = Vec<(f64, f64)>>| {
            all.filter(|it| !it.is_empty()).collect::<Vec<_>>()
        };
        let of_scenarios = measured(&mut of_scenarios.into_iter());
        let copies = of_scenarios.len() as u32;
        Uncertainties {
            of_scenarios: with(widening, of_scenarios),
            of_means: with(
                widening_of_means,
                measured(&mut shifts_of_means.into_iter()),
            ),
            autocorrelation,
            copies,
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
        match candidate.control.is_some() || baseline.dataset == candidate.dataset {
            true => found.of_same_files(),
            false => found,
        }
    }

    /// Of the geometric means over several scenarios.
    pub(super) fn of_means(&self, lane: Lane) -> Uncertainty {
        self.0
            .get(&lane)
            .map_or(Uncertainty::NONE, |it| it.of_means.clone())
    }
}
