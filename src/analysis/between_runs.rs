//! Times of two runs, and what two runs of one config differ by whatever their rounds say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::series::{Series, log_times, values};
use super::sides::Member;
use crate::record::{Lane, RunRecord};
use crate::statistics::median;

/// Least and most, in logarithms, that two runs of one config may differ by whatever their rounds
/// say: where pages of files and of the program lie in memory, and what the host does that day,
/// stay the same throughout a run (Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time",
/// ISMM 2013).
const LEAST_BETWEEN_RUNS: f64 = 0.02;
const MOST_BETWEEN_RUNS: f64 = 0.05;

/// Fewer cells do not show what two runs differ by.
const CELLS_TO_TELL: usize = 5;

/// Half of the width within which 95 % of a normal distribution lie, over its median absolute
/// deviation.
const SPREAD: f64 = 1.96 * 1.4826;

/// Fewer cells do not show what all have in common.
const CELLS_IN_COMMON: usize = 5;

/// Movement of the cells of a side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Between {
    pub side: String,
    /// Median of the ratios of all cells.
    pub shift: f64,
    /// Share by which intervals are wider on both sides than the rounds make them; 0 within one
    /// run.
    pub allowance: f64,
}

/// Influence of the host on each round, by record and lane: the median over the cells of how far
/// each was from its own median. Over the rounds, that is about 0, so that a cell's level stays
/// what it is.
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

/// Movement of a side, from ln of the ratio of each of its cells and whether the rounds are paired.
/// A shift that the cells of another run share, and how far they scatter around it, may both be the
/// host's.
pub(super) fn between(side: &str, log_ratios: impl Iterator<Item = (f64, bool)>) -> Between {
    let (mut all, mut of_runs) = (Vec::new(), Vec::new());
    for (log_ratio, paired) in log_ratios {
        all.push(log_ratio);
        if !paired {
            of_runs.push(log_ratio);
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
