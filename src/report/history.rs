//! Scenarios over many runs.

use crate::analysis::{Change, History, Point, least_runs};
use crate::record::Lane;
use crate::units;

use super::csv::{field, line, optional};
use super::page::Page;
use super::table::{Head, Table, texts};
use super::text;
use super::words::{ABSENT, named};

pub(super) fn page(histories: &[History]) -> Page {
    let changes: Vec<String> = histories
        .iter()
        .flat_map(|history| {
            history
                .changes
                .iter()
                .filter_map(|change| told(history, change))
        })
        .collect();
    let most = histories
        .iter()
        .map(|it| it.points.len())
        .max()
        .unwrap_or(0);
    let least = least_runs(histories.len());
    let answers = match changes.is_empty() {
        false => changes,
        true if most < least => vec![format!(
            "No change can be found in {most} run(s) of {} series; it takes at least {least}.",
            histories.len()
        )],
        true => vec![format!("No change found, in up to {most} runs.")],
    };
    let mixed = histories.iter().filter(|it| !it.differences.is_empty());
    let mixed: Vec<String> = mixed
        .map(|it| format!("{} in {}", name(it), it.differences.join(" and ")))
        .collect();
    Page {
        cautions: named("RUNS OF OTHER WORK stand beside each other: they differ in what a cell does", &mixed),
        results_agree: true,
        answers,
        overview: None,
        screen: None,
        failures: Vec::new(),
        tables: histories.iter().map(table).collect(),
        notes: vec![
            "change: Pettitt's test on the medians of the runs at 1 % over all series, by permutation, in turn on the parts that a change makes; levels that \
             differ by no more than the smallest effect are not told. Runs of different hosts and versions stand beside each other as they \
             are: `bench compare` tells what differs between two."
                .to_owned(),
        ],
    }
}

pub(super) fn name(history: &History) -> String {
    let lane = match history.lane {
        Lane::EndToEnd => String::new(),
        lane => format!(", lane {}", lane.name()),
    };
    format!(
        "{}/{}{lane}",
        text::name(&history.scenario),
        text::name(&history.variant)
    )
}

/// Sentence on a change.
fn told(history: &History, change: &Change) -> Option<String> {
    let point = history.points.get(change.at)?;
    let way = if change.ratio > 1.0 {
        "slower"
    } else {
        "faster"
    };
    Some(format!(
        "{}: {way} since {} of {} (commit {}), {} the time before (p {:.4}).",
        name(history),
        text::name(&point.run_id),
        text::name(&point.started_at),
        text::name(&point.commit),
        units::ratio(change.ratio),
        change.p
    ))
}

const HEADS: [Head; 5] = [
    Head::text("run"),
    Head::text("started").dispensable(0),
    Head::text("commit").dispensable(1),
    Head::number("median time\n[interval]"),
    Head::text("change"),
];

fn table(history: &History) -> Table {
    let row = |(index, point): (usize, &Point)| {
        let change = history.changes.iter().find(|change| change.at == index);
        texts(vec![
            text::name(&point.run_id),
            text::name(&point.started_at),
            text::name(&point.commit),
            match point.ci_low_ns.zip(point.ci_high_ns) {
                Some((low, high)) => units::duration_interval_ns(point.median_ns, low, high),
                None => units::duration_ns(point.median_ns),
            },
            change.map_or_else(
                || ABSENT.to_owned(),
                |change| format!("{} from here", units::ratio(change.ratio)),
            ),
        ])
    };
    Table {
        title: name(history),
        description: None,
        heads: HEADS.to_vec(),
        rows: history.points.iter().enumerate().map(row).collect(),
    }
}

const COLUMNS: [&str; 10] = [
    "scenario",
    "variant",
    "lane",
    "run_id",
    "started_at",
    "commit",
    "median_ns",
    "ci_low_ns",
    "ci_high_ns",
    "change_ratio",
];

/// A row per cell and run.
pub(super) fn csv(histories: &[History]) -> String {
    let mut lines = vec![line(COLUMNS.iter().map(|it| (*it).to_owned()))];
    for history in histories {
        for (index, point) in history.points.iter().enumerate() {
            let change = history.changes.iter().find(|change| change.at == index);
            let row = [
                field(&history.scenario),
                field(&history.variant),
                history.lane.name().to_owned(),
                field(&point.run_id),
                field(&point.started_at),
                field(&point.commit),
                point.median_ns.to_string(),
                optional(point.ci_low_ns),
                optional(point.ci_high_ns),
                optional(change.map(|change| change.ratio)),
            ];
            lines.push(line(row.into_iter()));
        }
    }
    lines.concat()
}
