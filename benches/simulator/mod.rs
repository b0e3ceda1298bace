//! Simulated runs whose truth is known: the measurements of a run on a host with stated noise.

pub(crate) mod decisions;
pub(crate) mod table;

use parquet_bench::measure::{BLOCK, Schedule, Visit};
use parquet_bench::random::{Key, SplitMix64};
use parquet_bench::record::{
    CellRecord, ControlKind, DatasetRecord, Iteration, Kind, Lane, RunRecord, Status,
};
use serde_json::json;

/// Parameters of a run's times. All deviations and effects are of logarithms of times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Truth {
    /// Number of rounds, or of blocks of rounds if the noise is `blocked`.
    pub(crate) rounds: u32,
    pub(crate) scenarios: usize,
    /// Number of variants besides the baseline.
    pub(crate) variants: usize,
    /// Number of copies of the baseline's files.
    pub(crate) controls: usize,
    /// Share by which the last variant is slower than all others, which are equal.
    pub(crate) effect: f64,
    pub(crate) noise: Noise,
}

/// Differences between the times of equal things.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noise {
    /// Standard deviation from round to round.
    pub(crate) scatter: f64,
    /// Correlation of a cell's times of neighbouring rounds.
    pub(crate) autocorrelation: f64,
    /// Standard deviation of the noise that neighbouring visits share. `host_correlation` is its
    /// correlation from one visit to the next.
    pub(crate) host: f64,
    pub(crate) host_correlation: f64,
    /// True if a cell has several rounds one after the other.
    pub(crate) blocked: bool,
    /// Standard deviation of the bias of a set of files, the same in all rounds of a scenario.
    pub(crate) set_bias: f64,
    /// True if that bias is the same in all scenarios, too.
    pub(crate) one_bias: bool,
    pub(crate) modes: Option<Modes>,
    /// True if the scatter is skewed to the right, as waiting times are.
    pub(crate) skewed: bool,
    /// Chance that a cell fails in a round, and in all that follow.
    pub(crate) failures: f64,
}

/// Two levels of a cell's times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Modes {
    pub(crate) distance: f64,
    /// Chance that a round is in the mode of the previous round; 0.5 if modes are independent.
    pub(crate) stickiness: f64,
}

/// Differences of a run from another of the same config.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Between {
    /// Shift of all cells.
    pub(crate) host_shift: f64,
    /// Standard deviation of the difference between a cell and the same cell of the other run, in
    /// all rounds.
    pub(crate) scatter: f64,
    /// Change by the program, in the first scenario.
    pub(crate) effect: f64,
}

struct Normal(SplitMix64);

impl Normal {
    fn new(key: Key) -> Self {
        Normal(SplitMix64::new(key.0))
    }

    /// Returns a standard normal number, by Box and Muller's transformation.
    fn next(&mut self) -> f64 {
        let (first, second) = (1.0 - self.0.uniform(), self.0.uniform());
        (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
    }
}

/// Level of a cell's times through its rounds.
struct Series {
    noise: Noise,
    random: Normal,
    last: f64,
    slow: bool,
}

impl Series {
    fn new(noise: Noise, key: Key) -> Self {
        let mut random = Normal::new(key);
        Series {
            noise,
            last: random.next(),
            slow: random.0.uniform() < 0.5,
            random,
        }
    }

    fn next(&mut self) -> f64 {
        let correlation = self.noise.autocorrelation;
        let step = (1.0 - correlation * correlation).sqrt();
        self.last = correlation * self.last + step * self.random.next();
        let scatter = match self.noise.skewed {
            // A lognormal distribution with a standard deviation of 1, about its median.
            true => ((self.last * 0.8).exp() - 1.0) / 1.32,
            false => self.last,
        };
        let mode = self.noise.modes.map_or(0.0, |modes| {
            self.slow ^= self.random.0.uniform() >= modes.stickiness;
            if self.slow { modes.distance } else { 0.0 }
        });
        scatter * self.noise.scatter + mode
    }

    fn fails(&mut self) -> bool {
        self.random.0.uniform() < self.noise.failures
    }
}

fn record(truth: &Truth) -> RunRecord {
    let record = json!({
        "schema_version": parquet_bench::record::SCHEMA_VERSION,
        "run_id": "simulated",
        "started_at": "2026-01-01T12:00:00Z",
        "command_line": [],
        "labels": {},
        "seed": 1,
        "versions": {
            "bench": "0", "commit": "", "datafusion": "0", "arrow": "0", "parquet": "0", "object_store": "0",
        },
        "system": { "os": "", "kernel": "", "cpu_model": "", "cores": 2, "memory_total_bytes": 1 },
        "config": {},
        "warnings": [],
        "complete": true,
        "datasets": [],
        "cells": [],
        "effect": 0.01,
        "comparisons": [],
        "noise": [],
        "ceilings": [],
        "findings": [],
    });
    let mut record: RunRecord = serde_json::from_value(record).expect("a record without cells");
    let names = names(truth);
    record.datasets = names.iter().map(|name| dataset(name)).collect();
    record.cells = (0..truth.scenarios)
        .flat_map(|scenario| names.iter().map(move |name| cell(scenario, name)))
        .collect();
    record
}

/// Beginning of the names of controls.
const CONTROL: &str = "control";

/// Returns the names of variants, the baseline first and the controls last.
fn names(truth: &Truth) -> Vec<String> {
    let variants = (0..truth.variants).map(|variant| format!("variant_{variant}"));
    let baseline = std::iter::once("baseline".to_owned());
    baseline
        .chain(variants)
        .chain((0..truth.controls).map(|control| format!("{CONTROL}_{control}")))
        .collect()
}

fn dataset(name: &str) -> DatasetRecord {
    let dataset = json!({
        "id": name, "tables": ["train"], "origin": "generated", "location": name,
        "content_fingerprint": "rows", "layout_fingerprint": name, "rows": 1, "files": 1,
        "file_bytes": 1_000_000, "row_groups": 1, "columns": [],
    });
    serde_json::from_value(dataset).expect("a dataset")
}

fn cell(scenario: usize, variant: &str) -> CellRecord {
    let cell = json!({
        "id": format!("scenario_{scenario}/{variant}"), "scenario": format!("scenario_{scenario}"),
        "sql": "", "variant_name": variant, "variant": {}, "dataset": [variant], "plan": "",
        "columns_read": 1, "columns_stored": 1, "row_groups": 1, "file_bytes": 1_000_000,
        "iterations": [], "expectations": [], "summary": {},
    });
    let mut cell: CellRecord = serde_json::from_value(cell).expect("a cell without iterations");
    cell.control = variant.starts_with(CONTROL).then_some(ControlKind::Copy);
    cell
}

fn iteration(visit: Visit, elapsed_ns: u64, cpu_ns: u64) -> Iteration {
    let mut iteration = Iteration::failed(
        visit.lane,
        Kind::Measured,
        (visit.round, visit.position),
        0,
        Default::default(),
        String::new(),
    );
    (iteration.status, iteration.reason) = (Status::Ok, None);
    iteration.block = visit.block;
    iteration.figures.elapsed_ns = elapsed_ns;
    iteration.figures.cpu_user_ns = cpu_ns;
    iteration.figures.executions = 1;
    iteration.figures.rows = 1;
    iteration
}

/// Makes a run before its analysis. Equal arguments make equal runs.
pub(crate) fn run(truth: &Truth, seed: u64) -> RunRecord {
    run_between(truth, &Between::default(), seed)
}

/// Makes a run that differs from [`run`] by `between`.
pub(crate) fn run_between(truth: &Truth, between: &Between, seed: u64) -> RunRecord {
    const LEVEL_NS: f64 = 1e8;
    let (mut record, noise, key) = (record(truth), truth.noise, Key(seed));
    let sets = truth.variants + truth.controls + 1;
    let schedule = Schedule {
        cells: record.cells.len(),
        lanes: vec![Lane::EndToEnd],
        seed,
        blocked: noise.blocked,
    };
    let rounds = truth.rounds * if noise.blocked { BLOCK } else { 1 };
    let mut random = Normal::new(key.derive(1));
    let biases: Vec<f64> = (0..record.cells.len()).map(|_| random.next()).collect();
    let of_run: Vec<f64> = (0..record.cells.len()).map(|_| random.next()).collect();
    let level = |cell: usize| {
        let (scenario, set) = (cell / sets, cell % sets);
        let bias = biases[if noise.one_bias { set } else { cell }];
        let effect = if set == truth.variants {
            truth.effect.ln_1p()
        } else {
            0.0
        };
        let changed = if scenario == 0 && set == 0 {
            between.effect.ln_1p()
        } else {
            0.0
        };
        bias * noise.set_bias
            + of_run[cell] * between.scatter
            + between.host_shift.ln_1p()
            + effect
            + changed
    };
    let series = |purpose: u64| -> Vec<Series> {
        let cells = 0..record.cells.len() as u64;
        let key = key.derive(purpose);
        cells
            .map(|cell| Series::new(noise, key.derive(cell)))
            .collect()
    };
    let (mut times, mut cpu) = (series(2), series(3));
    let mut failed = vec![false; record.cells.len()];
    let mut host = random.next();
    for visit in schedule.visits(Kind::Measured, 0..rounds) {
        let correlation = noise.host_correlation;
        host = correlation * host + (1.0 - correlation * correlation).sqrt() * random.next();
        let common = level(visit.cell) + host * noise.host;
        let (time, cpu) = (times[visit.cell].next(), cpu[visit.cell].next());
        failed[visit.cell] |= times[visit.cell].fails();
        if failed[visit.cell] {
            continue;
        }
        let ns = |log: f64| (LEVEL_NS * (common + log).exp()).round() as u64;
        let cell = &mut record.cells[visit.cell];
        cell.iterations.push(iteration(visit, ns(time), ns(cpu)));
    }
    record
}
