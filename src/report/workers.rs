//! Workers of a run: what more of them are worth, and how evenly they were at work.

use std::collections::BTreeSet;

use crate::analysis::CellShares;
use crate::record::{RunRecord, Scaling};
use crate::units;

use super::table::{Head, Table};
use super::text;
use super::words::{ABSENT, counted};

/// Distance of the slowest worker from the median above which the first screen gives a reason.
const UNEVEN: f64 = 0.1;

/// Sentences of the first screen on the workers. Empty if there were none.
pub(super) fn sentences(record: &RunRecord) -> Vec<String> {
    if record.workers.is_empty() {
        return Vec::new();
    }
    let hosts: BTreeSet<&str> = record.workers.iter().map(|it| it.host.as_str()).collect();
    let all: Vec<CellShares> = of_cells(record).collect();
    let most = all.iter().map(|it| it.shares.len()).max().unwrap_or(0);
    let named = record.workers.len();
    let mut sentences = vec![format!(
        "{}{} on {} executed the queries.",
        if most < named {
            format!("{most} of ")
        } else {
            String::new()
        },
        counted(named, "worker"),
        counted(hosts.len(), "host")
    )];
    let lost = record.workers.iter().filter(|it| it.lost.is_some());
    sentences.extend(lost.map(|worker| {
        format!(
            "{} was LOST: {}.",
            text::visible(&worker.url),
            text::passage(worker.lost.as_deref().unwrap_or_default())
        )
    }));
    let of_all = record.scaling.iter().filter(|it| it.scenario.is_none());
    let of_all: Vec<&Scaling> = of_all.collect();
    let shown = match of_all.is_empty() {
        true => record.scaling.iter().collect(),
        false => of_all,
    };
    sentences.extend(shown.into_iter().map(speed_up));
    let left_out: usize = all.iter().map(|it| it.left_out).sum();
    if left_out > 0 {
        sentences.push(format!(
            "{} with another number of workers {} not count.",
            counted(left_out, "iteration"),
            if left_out == 1 { "does" } else { "do" }
        ));
    }
    let uneven = all.iter().filter_map(|shares| {
        let spread = shares.spread()?;
        Some((spread, shares))
    });
    if let Some((spread, shares)) = uneven.max_by(|one, other| one.0.total_cmp(&other.0))
        && let Some(slowest) = shares.slowest()
    {
        let reason = match spread > UNEVEN {
            true => {
                "; files of other sizes, a busier host or a slower way to the storage may be behind it (--details)"
            }
            false => "",
        };
        sentences.push(format!(
            "The slowest worker of {} is {}: its scans took {}, {} more than the median worker's{reason}.",
            text::quoted(&shares.cell.scenario),
            text::visible(slowest.worker),
            units::duration_ns(slowest.busy_ns),
            units::percent(spread)
        ));
    }
    sentences.extend(exchanged(&all));
    sentences
}

/// Shares of the workers in each cell that is no control.
fn of_cells(record: &RunRecord) -> impl Iterator<Item = CellShares<'_>> {
    let cells = record.cells.iter().filter(|it| it.control.is_none());
    cells.filter_map(CellShares::of)
}

/// Sentence on the scenario that moves most from process to process. `None` if nothing was
/// measured.
fn exchanged(all: &[CellShares]) -> Option<String> {
    let moved = all.iter().filter_map(|it| Some((it.moved_bytes?, it.cell)));
    let (bytes, cell) = moved.max_by_key(|(bytes, _)| *bytes)?;
    Some(format!(
        "{} moves most from process to process, {} for each execution.",
        text::quoted(&cell.scenario),
        units::bytes(bytes)
    ))
}

fn speed_up(found: &Scaling) -> String {
    let of = match &found.scenario {
        Some(scenario) => text::quoted(scenario),
        None => "all scenarios together".to_owned(),
    };
    format!(
        "{} workers over {}, {of}: {} times as fast, efficiency {}.",
        found.workers,
        found.baseline_workers,
        with_interval(found.speed_up, found.ci_low, found.ci_high),
        with_interval(
            found.efficiency,
            found.efficiency_low,
            found.efficiency_high
        ),
    )
}

fn with_interval(value: f64, low: Option<f64>, high: Option<f64>) -> String {
    match low.zip(high) {
        Some((low, high)) => format!("{value:.2} [{low:.2}, {high:.2}]"),
        None => format!("{value:.2}"),
    }
}

/// A row per scenario and number of workers, if variants differ in it.
pub(super) fn scaling(record: &RunRecord) -> Option<Table> {
    let rows = record.scaling.iter().map(|found| {
        vec![
            match &found.scenario {
                Some(scenario) => text::name(scenario).into(),
                None => "all, geometric mean".to_owned().into(),
            },
            format!("{} over {}", found.workers, found.baseline_workers).into(),
            with_interval(found.speed_up, found.ci_low, found.ci_high).into(),
            with_interval(
                found.efficiency,
                found.efficiency_low,
                found.efficiency_high,
            )
            .into(),
            u64::from(found.pairs).to_string().into(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| Table {
        title: "workers".to_owned(),
        description: Some(
            "speed-up over fewer workers by the same plan, and its share of what as many workers would give at best"
                .to_owned(),
        ),
        heads: vec![
            Head::text("scenario"),
            Head::text("workers"),
            Head::number("speed-up\n[interval]"),
            Head::number("efficiency\n[interval]"),
            Head::number("rounds"),
        ],
        rows,
    })
}

/// A table per cell with a row per worker.
pub(super) fn shares(record: &RunRecord) -> Vec<Table> {
    let tables = of_cells(record).map(|found| {
        let rows = found.shares.iter().map(|share| {
            vec![
                text::name(share.worker).into(),
                units::count(share.files).into(),
                units::duration_ns(share.busy_ns).into(),
                units::duration_ns(share.cpu_ns).into(),
                units::bytes(share.bytes_scanned).into(),
                units::count(share.requests).into(),
                units::bytes(share.requested_bytes).into(),
                units::count(share.retries).into(),
                units::bytes(share.exchanged_bytes).into(),
                share
                    .resident_peak_bytes
                    .map_or_else(|| ABSENT.to_owned(), units::bytes)
                    .into(),
                share.cache.to_owned().into(),
            ]
        });
        let left_out = match found.left_out {
            0 => String::new(),
            rounds => format!("; {rounds} rounds with another number of workers do not count"),
        };
        Table {
            title: text::name(&found.cell.id),
            description: Some(format!(
                "workers, each with its own files: medians of one execution, the largest memory, and the retries of all{left_out}"
            )),
            heads: vec![
                Head::text("worker"),
                Head::number("files").dispensable(4),
                Head::number("scans\ntook"),
                Head::number("CPU time").dispensable(3),
                Head::number("scanned"),
                Head::number("requests"),
                Head::number("requested"),
                Head::number("retries").dispensable(1),
                Head::number("from\nworkers"),
                Head::number("memory").dispensable(2),
                Head::text("cache").dispensable(0),
            ],
            rows: rows.collect(),
        }
    });
    tables.collect()
}
