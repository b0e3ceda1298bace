//! Comparisons of times between two runs, which differ by more than their rounds show.

use std::collections::BTreeMap;

use serde::Serialize;

use super::series::{Series, log_times, values};
use super::sides::Member;
use crate::record::{Lane, RunRecord};
use crate::statistics::{CONFIDENCE, median, median_interval, scale, student_p, student_quantile};

/// Least standard deviation, in logarithms, of the difference of a cell between two runs of one
/// config. The places of files and of the program in memory, and the work of the host on that day,
/// stay the same throughout a run (Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time",
/// ISMM 2013).
const LEAST_DEVIATION: f64 = 0.005;

/// Standard deviation, in logarithms, if there are too few cells to show one: a host may be a fifth
/// slower than on the day before.
const UNKNOWN_DEVIATION: f64 = 0.087;

/// Fewest cells that show which movement all share, as opposed to that of one of them.
const CELLS_TO_TELL: usize = 5;

/// Largest share within which cells count as equal, however much runs differ.
const MOST_EQUAL: f64 = 0.05;

/// Degrees of freedom of a standard deviation that is taken for granted.
const GRANTED: f64 = 1e6;

/// Movement of the cells of a side in a lane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Between {
    pub side: String,
    pub lane: Lane,
    /// Number of cells of two runs. Cells that are compared within one run have not moved together.
    pub cells: usize,
    /// Median of their ratios, to which the ratios of single cells are relative. 1 if there are too
    /// few cells.
    pub shift: f64,
    /// Interval of `shift` at 99 %. Absent if there are too few cells.
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// Share by which any of the cells may be off `shift` if the program has not changed. 0 within
    /// one run.
    pub allowance: f64,
    #[serde(skip)]
    scatter: Scatter,
}

/// Distances of cells from the movement that all share, in logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scatter {
    log_shift: f64,
    deviation: f64,
    degrees: f64,
    /// Squared standard error of the cells by their rounds, as far as `deviation` includes it. 0 if
    /// it does not.
    of_rounds: f64,
}

impl Between {
    /// Movement of cells of two runs. Each has ln of its ratio, and the standard error of that by
    /// the rounds.
    pub(super) fn of(side: &str, lane: Lane, cells: &[(f64, f64)]) -> Self {
        let ratios: Vec<f64> = cells.iter().map(|(ratio, _)| *ratio).collect();
        let errors: Vec<f64> = cells.iter().map(|(_, error)| error * error).collect();
        let of_rounds = median(&errors).unwrap_or(0.0);
        let enough = ratios.len() >= CELLS_TO_TELL;
        let log_shift = median(&ratios).filter(|_| enough).unwrap_or(0.0);
        // If a part of the cells moved by itself, the spread of their middle half shows it.
        let scatter = match scale(&ratios).filter(|_| enough) {
            Some((deviation, degrees)) => Scatter {
                log_shift,
                deviation: deviation
                    .max(of_middle_half(&ratios))
                    .max(of_rounds.sqrt())
                    .max(LEAST_DEVIATION),
                degrees,
                of_rounds,
            },
            None => Scatter {
                log_shift,
                deviation: UNKNOWN_DEVIATION,
                degrees: GRANTED,
                of_rounds: 0.0,
            },
        };
        let interval = median_interval(&ratios, CONFIDENCE).filter(|_| enough);
        Between {
            side: side.to_owned(),
            lane,
            cells: ratios.len(),
            shift: log_shift.exp(),
            ci_low: interval.map(|it| it.low.exp()),
            ci_high: interval.map(|it| it.high.exp()),
            allowance: 0.0,
            scatter,
        }
    }

    /// The same movement, with the allowance for `family` cells that are looked at together.
    pub(super) fn of_family(mut self, family: usize) -> Self {
        if self.cells > 0 {
            let (half, _) = self.scatter.off(0.0, 0.0, family);
            self.allowance = half.exp_m1();
        }
        self
    }

    /// ln of a ratio, relative to the movement that all cells share.
    pub(super) fn beside(&self, log_ratio: f64) -> f64 {
        log_ratio - self.scatter.log_shift
    }

    /// Distance, in logarithms, that a cell may be off in either direction if the program has not
    /// changed and `family` cells are looked at together; and the probability of its being as far
    /// off as it is. A mean of cells may be off as far as one cell, as the causes of their
    /// movements need not be independent. `error` is the standard error by the rounds.
    pub(super) fn off(&self, log_ratio: f64, error: f64, family: usize) -> (f64, f64) {
        self.scatter.off(self.beside(log_ratio), error, family)
    }

    /// Share within which ratios count as equal.
    pub(super) fn equal(half: f64, effect: f64) -> f64 {
        half.exp_m1().min(MOST_EQUAL).max(effect)
    }
}

impl Scatter {
    fn off(&self, beside: f64, error: f64, family: usize) -> (f64, f64) {
        // Cells whose rounds scatter more than those of most may be farther off.
        let more = (error * error - self.of_rounds).max(0.0);
        let deviation = (self.deviation.powi(2) + more).sqrt();
        let confidence = 1.0 - (1.0 - CONFIDENCE) / family.max(1) as f64;
        (
            deviation * student_quantile(confidence, self.degrees),
            student_p(beside / deviation, self.degrees),
        )
    }
}

/// Standard deviation of normal values whose middle half is as wide as that of `values`.
fn of_middle_half(values: &[f64]) -> f64 {
    const QUARTILES: f64 = 1.349;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let from_either_end = sorted.len() / 4;
    let ends = sorted
        .get(from_either_end)
        .zip(sorted.get((sorted.len().saturating_sub(1)).saturating_sub(from_either_end)));
    ends.map_or(0.0, |(low, high)| (high - low) / QUARTILES)
}

/// Fewest cells that show what all have in common in a round.
const CELLS_IN_COMMON: usize = 5;

/// Influence of the host on each round, by record and lane: the median over the cells of their
/// distances from their own medians, in logarithms. Over all rounds it is about 0, so that times
/// without it keep the level of their cell.
pub(super) struct Steady<'a>(BTreeMap<(&'a str, Lane), BTreeMap<u32, f64>>);

impl<'a> Steady<'a> {
    pub(super) fn of(records: &'a [(String, RunRecord)]) -> Self {
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

    /// ln of a cell's times without that influence.
    pub(super) fn times(&self, member: Member, lane: Lane) -> Series {
        let common = self.0.get(&(member.file, lane));
        let times = log_times(member.cell, lane).into_iter();
        let times = times.map(|(round, time)| {
            let common = common.and_then(|all| all.get(&round));
            (round, time - common.copied().unwrap_or(0.0))
        });
        times.collect()
    }
}
