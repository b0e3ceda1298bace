//! Tables of the shares of right decisions, by kind of noise.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use parquet_bench::statistics::median;

use super::decisions::{Across, Crossings, Histories, Stopping, Within};
use super::{Between, Modes, Noise, Truth};

const SEED: u64 = 16;

/// 24 comparisons: four variants and the baseline, in six scenarios.
pub(crate) const NULL: Truth = Truth {
    rounds: 14,
    scenarios: 6,
    variants: 4,
    controls: 2,
    effect: 0.0,
    noise: INDEPENDENT,
};

const INDEPENDENT: Noise = Noise {
    scatter: 0.02,
    autocorrelation: 0.0,
    host: 0.0,
    host_correlation: 0.0,
    blocked: false,
    set_bias: 0.0,
    one_bias: false,
    modes: None,
    skewed: false,
    failures: 0.0,
};

/// Returns the kinds of noise within a run, by name.
pub(crate) fn kinds() -> Vec<(&'static str, Noise)> {
    let autocorrelated = |autocorrelation| Noise {
        autocorrelation,
        ..INDEPENDENT
    };
    let visits = |blocked| Noise {
        host: 0.03,
        host_correlation: 0.7,
        scatter: 0.01,
        blocked,
        ..INDEPENDENT
    };
    let biased = |set_bias, one_bias| Noise {
        set_bias,
        one_bias,
        ..INDEPENDENT
    };
    let modes = |stickiness| Noise {
        modes: Some(Modes {
            distance: 0.08,
            stickiness,
        }),
        ..INDEPENDENT
    };
    vec![
        ("independent", INDEPENDENT),
        (
            "skewed",
            Noise {
                skewed: true,
                ..INDEPENDENT
            },
        ),
        ("lag-1 0.3", autocorrelated(0.3)),
        ("lag-1 0.5", autocorrelated(0.5)),
        ("lag-1 0.8", autocorrelated(0.8)),
        ("visits 0.7", visits(false)),
        ("visits 0.7, blocks", visits(true)),
        ("file sets 1 %", biased(0.01, false)),
        ("file sets 1 %, one bias", biased(0.01, true)),
        ("two modes", modes(0.5)),
        ("two modes, sticky", modes(0.8)),
        (
            "failures",
            Noise {
                failures: 0.01,
                ..INDEPENDENT
            },
        ),
    ]
}

fn share(part: u32, whole: u32) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{:.1} %", 100.0 * f64::from(part) / f64::from(whole)),
    }
}

/// Formats a figure that may be absent.
fn shown(figure: Option<f64>, unit: &str) -> String {
    figure.map_or_else(|| "-".to_owned(), |it| format!("{it:.2}{unit}"))
}

/// Returns every kind of noise with each of several values.
fn kinds_with<T: Copy, const N: usize>(values: [T; N]) -> Vec<(&'static str, Noise, T)> {
    let with = |(name, noise)| values.map(|value| (name, noise, value));
    kinds().into_iter().flat_map(with).collect()
}

/// Prints a table that has a row for each case.
fn print<T: Sync, const N: usize>(
    title: &str,
    head: [&str; N],
    cases: &[T],
    row: impl Fn(&T) -> [String; N] + Sync,
) {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(head);
    table.add_rows(in_parallel(cases, row));
    println!("{title}\n{table}\n");
}

/// Prints all tables, from `runs` runs of each kind, or a quarter of them.
pub(crate) fn show(runs: u32) {
    within(runs);
    between(runs);
    histories(runs / 4);
    crossings(runs / 4);
    stopping(runs / 4);
}

fn within(runs: u32) {
    let head = [
        "noise",
        "rounds",
        "any wrong verdict",
        "wrong mean",
        "wrong ranking",
        "wrong front",
        "coverage",
        "5 % found",
        "wrong beside it",
    ];
    let title = format!("within a run, {runs} runs a row");
    print(
        &title,
        head,
        &kinds_with([14, 30]),
        |(name, noise, rounds)| {
            let truth = Truth {
                rounds: *rounds,
                noise: *noise,
                ..NULL
            };
            let null = Within::of(&truth, runs, SEED);
            let planted = Truth {
                effect: 0.05,
                ..truth
            };
            let planted = Within::of(&planted, runs, SEED + 1);
            [
                (*name).to_owned(),
                rounds.to_string(),
                share(null.wrong_verdict, null.runs),
                share(null.wrong_mean, null.runs),
                share(null.wrong_ranking, null.runs),
                share(null.wrong_front, null.runs),
                share(null.covered, null.intervals),
                share(planted.found, planted.different),
                share(planted.wrong_verdict, planted.runs),
            ]
        },
    );
}

fn between(runs: u32) {
    let head = [
        "host shift",
        "scatter",
        "any wrong verdict",
        "wrong gate",
        "15 % found",
        "fails gate",
    ];
    let cases: Vec<(f64, f64)> = [0.0, 0.03, 0.1, 0.2]
        .into_iter()
        .flat_map(|shift| [0.0, 0.01, 0.02].map(|scatter| (shift, scatter)))
        .collect();
    let truth = Truth { rounds: 14, ..NULL };
    let title = format!("between two runs of 30 cells, {runs} pairs a row");
    print(&title, head, &cases, |(host_shift, scatter)| {
        let between = Between {
            host_shift: *host_shift,
            scatter: *scatter,
            effect: 0.0,
        };
        let null = Across::of(&truth, &between, runs, SEED);
        let changed = Between {
            effect: 0.15,
            ..between
        };
        let found = Across::of(&truth, &changed, runs / 2, SEED + 1);
        [
            format!("{:.0} %", host_shift * 100.0),
            format!("{:.0} %", scatter * 100.0),
            share(null.wrong_verdict, null.pairs),
            share(null.wrong_gate, null.pairs),
            share(found.found, found.pairs),
            share(found.gated, found.pairs),
        ]
    });
}

fn histories(histories: u32) {
    let head = ["runs", "cells", "correlation of runs", "any wrong change"];
    let cases: Vec<(u32, usize, f64)> = [12, 30]
        .into_iter()
        .flat_map(|points| [1, 6].map(|scenarios| (points, scenarios)))
        .flat_map(|(points, scenarios)| [0.0, 0.5, 0.8].map(|it| (points, scenarios, it)))
        .collect();
    let title = format!("histories that never changed, {histories} a row");
    print(&title, head, &cases, |(points, scenarios, correlation)| {
        let truth = Truth {
            rounds: 8,
            scenarios: *scenarios,
            variants: 1,
            ..NULL
        };
        let found = Histories::of(&truth, (0.02, *correlation), *points, histories, SEED);
        [
            points.to_string(),
            (scenarios * 2).to_string(),
            correlation.to_string(),
            share(found.wrong_change, found.histories),
        ]
    });
}

fn crossings(runs: u32) {
    let head = ["noise", "rounds", "told", "coverage", "median width"];
    let title = format!("crossings of two variants, {runs} runs a row");
    print(
        &title,
        head,
        &kinds_with([8, 30]),
        |(name, noise, rounds)| {
            let truth = Truth {
                rounds: *rounds,
                noise: *noise,
                ..NULL
            };
            let found = Crossings::of(&truth, runs, SEED);
            [
                (*name).to_owned(),
                rounds.to_string(),
                share(found.told, found.runs),
                share(found.covered, found.told),
                shown(median(&found.widths), "x"),
            ]
        },
    );
}

fn stopping(runs: u32) {
    let head = ["noise", "comparisons", "wrong verdict", "median rounds"];
    let mut cases = kinds_with([1, 6]);
    cases.retain(|(_, noise, _)| !noise.blocked && noise.failures == 0.0);
    let title = format!("runs that end when intervals span 4 %, or after 60 rounds, {runs} a row");
    print(&title, head, &cases, |(name, noise, scenarios)| {
        let truth = Truth {
            scenarios: *scenarios,
            variants: 1,
            noise: *noise,
            ..NULL
        };
        let found = Stopping::of(&truth, 0.04, 60, runs, SEED);
        [
            (*name).to_owned(),
            scenarios.to_string(),
            share(found.wrong, found.runs),
            shown(median(&found.rounds), ""),
        ]
    });
}

/// Returns the rows of all cases, in their order, computed by two threads.
fn in_parallel<T: Sync, const N: usize>(
    cases: &[T],
    row: impl Fn(&T) -> [String; N] + Sync,
) -> Vec<[String; N]> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut rows = Vec::new();
        loop {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(case) = cases.get(number) else {
                return rows;
            };
            rows.push((number, row(case)));
        }
    };
    let mut rows: Vec<(usize, [String; N])> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let rows = threads.into_iter().flat_map(|it| it.join().expect("rows"));
        rows.collect()
    });
    rows.sort_by_key(|(number, _)| *number);
    rows.into_iter().map(|(_, row)| row).collect()
}
