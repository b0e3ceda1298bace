//! Tests if verdicts can be believed: how often equal things are told apart, and how often a small
//! difference is found.
//!
//! ```text
//! cargo bench --bench verdicts                all
//! cargo bench --bench verdicts -- equal       40 runs of a baseline and a copy of its files
//! cargo bench --bench verdicts -- planted     20 runs of 30 rounds of two equal variants, one of
//!                                             which loses 5 % of its median time
//! cargo bench --bench verdicts -- simulated   thousands of runs whose truth is known, per kind of
//!                                             noise
//! ```
//!
//! This is not timed: it prints a line per run, or per kind of noise, and a summary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::path::Path;

use parquet_bench::cancel::Cancel;
use parquet_bench::config::{Overrides, Source, load};
use parquet_bench::record::{Contrast, RunRecord, Verdict};
use parquet_bench::run::{Options, run};
use parquet_bench::session::{Event, Observer, Slowdown};
use parquet_bench::statistics::median;
use tokio::runtime::Runtime;

mod simulator;

const EQUAL_RUNS: usize = 40;
const PLANTED_RUNS: usize = 20;
const PLANTED_SHARE: f64 = 0.05;

struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}

/// A scan and its settings. Two readers on two cores of a shared host are noisy: 30 rounds of the
/// first workload have intervals of some 9 %, in which no 5 % can be found. So the planted
/// difference is looked for in a workload of which 30 rounds can show it.
struct Workload {
    name: &'static str,
    codec: &'static str,
    sql: &'static str,
    reader: &'static str,
}

const EQUAL: Workload = Workload {
    name: "equal",
    codec: "snappy",
    sql: "SELECT * FROM train",
    reader: "",
};

const PLANTED: Workload = Workload {
    name: "planted",
    codec: "gzip",
    sql: "SELECT sum(number_0), sum(number_1), max(text) FROM train",
    reader: "reader: { read_threads: 1 }\n",
};

fn config(folder: &Path, workload: &Workload, more: &str) -> String {
    let mut text = format!(
        "dataset:\n  data_folder: {}\n  num_files_train: 4\n  num_samples_per_file: 250000\n  compression: {}\n  \
         parquet:\n    row_group_size: 65536\n    columns:\n      - {{ name: id, dtype: int64, distribution: sequence }}\n      \
         - {{ name: text, dtype: string, size: 16, distribution: {{ kind: uniform, cardinality: 1000 }} }}\n",
        folder.join("data").display(),
        workload.codec
    );
    for number in 0..6 {
        text.push_str(&format!(
            "      - {{ name: number_{number}, dtype: float64 }}\n"
        ));
    }
    let Workload { sql, reader, .. } = workload;
    text + &format!("scenarios:\n  - {{ name: scan, sql: \"{sql}\" }}\n{reader}{more}")
}

fn one(runtime: &Runtime, folder: &Path, more: &str, seed: usize, spin: Option<f64>) -> RunRecord {
    let workload = spin.map_or(EQUAL, |_| PLANTED);
    let folder = &folder.join(workload.name);
    let source = Source {
        origin: "verdicts".to_owned(),
        text: config(folder, &workload, more),
        folder: None,
    };
    let overrides = Overrides {
        set: vec![format!("measure.seed={seed}")],
        ..Overrides::default()
    };
    let config = load(&source, &overrides).unwrap();
    let options = Options {
        results: folder.join("results"),
        slowdown: spin.map(|share| Slowdown {
            variant: "spinning".to_owned(),
            share,
        }),
        ..Options::default()
    };
    let outcome = run(runtime, &config, &options, &Cancel::default(), &Silent).unwrap();
    assert!(outcome.ended_by.is_none());
    outcome.record
}

/// Compares equal things: a lone baseline and its control.
fn equal(runtime: &Runtime, folder: &Path) {
    let more = "measure: { control: true, peak_memory: false }\n";
    let (mut told_apart, mut widths) = (0, Vec::new());
    for index in 0..EQUAL_RUNS {
        let record = one(runtime, folder, more, index, None);
        let noise = record.noise.first().expect("a control");
        let stopped = record.stopped.as_ref().expect("an end");
        let (low, high) = noise.contrast.interval().unwrap();
        let width = high / low - 1.0;
        println!(
            "equal {index:2}: {:.4} [{:.4}, {:.4}], width {:.2} %, {} rounds ({:?}), {:?}",
            noise.contrast.ratio.unwrap(),
            low,
            high,
            width * 100.0,
            stopped.rounds,
            stopped.by,
            noise.contrast.verdict
        );
        told_apart += usize::from(matches!(
            noise.contrast.verdict,
            Verdict::Faster | Verdict::Slower
        ));
        widths.push(width);
    }
    println!(
        "equal: told apart in {told_apart} of {EQUAL_RUNS} runs (at most 2 may be), median width of the interval {:.2} % (at most 4)",
        median(&widths).unwrap() * 100.0
    );
}

/// Compares two equal variants, one of which spins.
fn planted(runtime: &Runtime, folder: &Path) {
    let more =
        "variants: { plain: {}, spinning: {} }\nmeasure: { rounds: 30, peak_memory: false }\n";
    let mut found = 0;
    for index in 0..PLANTED_RUNS {
        let record = one(runtime, folder, more, index, Some(PLANTED_SHARE));
        let comparison = record.comparisons.first().expect("a comparison");
        let noise = record.noise.first().expect("a control");
        let bounds = |contrast: &Contrast| {
            let (low, high) = contrast.interval().unwrap();
            (contrast.ratio.unwrap(), low, high)
        };
        let (ratio, low, high) = bounds(&comparison.contrast);
        let (noise_ratio, noise_low, noise_high) = bounds(&noise.contrast);
        println!(
            "planted {index:2}: {ratio:.4} [{low:.4}, {high:.4}], \
             noise {noise_ratio:.4} [{noise_low:.4}, {noise_high:.4}], {:?}",
            comparison.contrast.verdict
        );
        found += usize::from(comparison.contrast.verdict == Verdict::Slower);
    }
    println!("planted: called slower in {found} of {PLANTED_RUNS} runs (at least 18 must be)");
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wants = |what: &str| {
        let all = ["equal", "planted", "simulated"];
        let named = asked.iter().any(|it| all.contains(&it.as_str()));
        !named || asked.iter().any(|it| it == what)
    };
    if wants("simulated") {
        let runs = asked.iter().find_map(|it| it.parse().ok());
        simulator::table::show(runs.unwrap_or(400));
    }
    if !wants("equal") && !wants("planted") {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    if wants("equal") {
        equal(&runtime, folder.path());
    }
    if wants("planted") {
        planted(&runtime, folder.path());
    }
}
