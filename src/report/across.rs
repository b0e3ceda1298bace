//! A comparison of records, or of the values of a key.

use serde::Serialize;

use crate::analysis::{Across, Compared, Gate};
use crate::record::Verdict;
use crate::units;

use super::csv::{field, line, optional};
use super::page::Page;
use super::table::{Head, Table, TableCell};
use super::text;
use super::words::{ABSENT, MOST_NAMED, named, ratio_with_interval};

pub(super) fn page(across: &Across, gate: Option<&Gate>) -> Page {
    let mut answers: Vec<String> = gate.map(|gate| gated(across, gate)).unwrap_or_default();
    answers.extend(across.sides.iter().skip(1).map(|side| answer(across, side)));
    let mut tables = Vec::new();
    if !across.means.is_empty() {
        tables.push(table(
            "geometric means".to_owned(),
            "over the scenarios that both sides have, of each variant and of all",
            &across.means,
        ));
    }
    tables.push(table(
        format!("by {}", text::name(&across.by)),
        "each cell over the same cell of the first side",
        &across.cells,
    ));
    Page {
        cautions: [
            named("RESULTS DISAGREE, on equal rows", &across.disagreements),
            named(
                "What else differs, so that ratios may be due to it",
                &across.differences,
            ),
        ]
        .concat(),
        results_agree: across.disagreements.is_empty(),
        answers,
        overview: None,
        tables,
        notes: notes(across),
    }
}

fn answer(across: &Across, side: &str) -> String {
    let of_side = || across.cells.iter().filter(|cell| cell.side == side);
    let with = |told: Verdict| -> Vec<String> {
        let cells = of_side().filter(|cell| cell.contrast.verdict == told);
        cells.map(|cell| text::name(&cell.name())).collect()
    };
    let mut between = across.between.iter().filter(|it| it.side == side);
    let between_runs = between.any(|it| it.allowance > 0.0);
    let mut parts = Vec::new();
    for told in [
        Verdict::Slower,
        Verdict::Faster,
        Verdict::Tie,
        Verdict::Inconclusive,
    ] {
        let cells = with(told);
        let word = match told {
            Verdict::Tie if between_runs => "the same within what runs differ by",
            told => told.name(),
        };
        if !cells.is_empty() {
            parts.push(match cells.len() == of_side().count() {
                true => format!("all {} cells are {word}", cells.len()),
                false if told == Verdict::Tie => format!("{}: {word}", cells.len()),
                false => format!("{word}: {}", text::listed(&cells, MOST_NAMED)),
            });
        }
    }
    let mut means = across.means.iter().filter(|mean| mean.side == side);
    let whole = means.find(|mean| mean.variant.is_none());
    let whole = whole.or_else(|| {
        let mut means = across.means.iter().filter(|mean| mean.side == side);
        means.next().filter(|_| means.next().is_none())
    });
    let whole = whole.map_or_else(String::new, |mean| {
        format!(", {} the time as a geometric mean", interval(mean))
    });
    format!(
        "{} against {}{whole}: {}.",
        text::name(side),
        text::name(&across.sides[0]),
        parts.join("; ")
    )
}

/// Sentences on whether a comparison passes a limit.
pub(super) fn gated(across: &Across, gate: &Gate) -> Vec<String> {
    let limit = units::percent(gate.limit);
    let listed = |cells: &[Compared]| {
        let cells = cells
            .iter()
            .map(|cell| format!("{} {}", text::name(&cell.name()), interval(cell)));
        cells.collect::<Vec<_>>().join("; ")
    };
    let mut told = Vec::new();
    told.extend(named("FAILED: results differ", &gate.disagreements));
    if !gate.slower.is_empty() {
        told.push(format!(
            "FAILED: slower by more than {limit}: {}.",
            listed(&gate.slower)
        ));
    }
    if !gate.inconclusive.is_empty() {
        told.push(format!(
            "Cannot exclude {limit}: {}.",
            listed(&gate.inconclusive)
        ));
        let wide = across.between.iter().find(|it| it.allowance >= gate.limit);
        told.extend(wide.map(|it| {
            format!(
                "Two runs may differ by {} whatever is compared, so that {limit} cannot be excluded: name a higher limit, \
                 or measure five cells and more, from which what runs differ by is estimated.",
                units::percent(it.allowance)
            )
        }));
    }
    told.extend(named(
        "Not measured, so that nothing is excluded",
        &gate.missing,
    ));
    if told.is_empty() {
        told.push(format!("Passed: no cell is slower by more than {limit}."));
    }
    told
}

fn interval(cell: &Compared) -> String {
    ratio_with_interval(&cell.contrast).unwrap_or_else(|| ABSENT.to_owned())
}

const HEADS: [Head; 8] = [
    Head::text("cell"),
    Head::text("side").dispensable(3),
    Head::number("first").dispensable(2),
    Head::number("this side").dispensable(1),
    Head::number("time ratio\n[interval]"),
    Head::number("rounds").dispensable(0),
    Head::text("method").dispensable(0),
    Head::text("verdict"),
];

fn table(title: String, description: &str, cells: &[Compared]) -> Table {
    let row = |cell: &Compared| {
        let name = match (&cell.scenario, &cell.variant) {
            (None, None) => format!("all ({})", cell.lane.name()),
            (None, Some(variant)) => format!("{variant} ({})", cell.lane.name()),
            _ => cell.name(),
        };
        vec![
            text::name(&name).into(),
            text::name(&cell.side).into(),
            units::duration_ns(cell.base_ns).into(),
            units::duration_ns(cell.time_ns).into(),
            interval(cell).into(),
            format!("{}, {}", cell.base_rounds, cell.rounds).into(),
            TableCell::Text(if cell.paired { "paired" } else { "unpaired" }.to_owned()),
            cell.contrast.verdict.into(),
        ]
    };
    Table {
        title,
        description: Some(description.to_owned()),
        heads: HEADS.to_vec(),
        rows: cells.iter().map(row).collect(),
    }
}

fn notes(across: &Across) -> Vec<String> {
    let mut notes = Vec::new();
    if across.cells.iter().any(|cell| cell.paired) {
        notes.push(
            "paired: Hodges-Lehmann estimate of the log ratios within the rounds of one run, interval by Wilcoxon's signed-rank test at 99 %."
                .to_owned(),
        );
    }
    for between in across.between.iter().filter(|it| it.allowance > 0.0) {
        notes.push(format!(
            "unpaired, {}: Hodges-Lehmann estimate and interval of the Mann-Whitney test at 99 %, made wider by {} on both sides: two runs of one \
             config differ by more than their rounds show. At least 2 %, at most 5 %, by how all cells moved together (a ratio of {} in the \
             middle) and scatter around that. Within it is the same; p is of a difference beyond it, by Holm's method for {} comparisons. Runs \
             side by side, or several of each (--history), tell more.",
            text::name(&between.side),
            units::percent(between.allowance),
            units::ratio(between.shift),
            across.cells.len()
        ));
    }
    notes.extend(named("not in all", &across.unmatched));
    notes
}

/// A comparison as JSON, with what a limit makes of it.
pub(super) fn json(across: &Across, gate: Option<&Gate>) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        across: &'a Across,
        gate: Option<&'a Gate>,
    }
    let json = serde_json::to_string_pretty(&Whole { across, gate })?;
    Ok(format!("{json}\n"))
}

const COLUMNS: [&str; 14] = [
    "scenario",
    "variant",
    "lane",
    "by",
    "first",
    "side",
    "base_ns",
    "time_ns",
    "ratio",
    "ci_low",
    "ci_high",
    "paired",
    "p_adjusted",
    "verdict",
];

/// A row per cell, then one per mean, which has no scenario.
pub(super) fn csv(across: &Across) -> String {
    let mut lines = vec![line(COLUMNS.iter().map(|it| (*it).to_owned()))];
    for cell in across.cells.iter().chain(&across.means) {
        let name = |name: &Option<String>| name.as_deref().map(field).unwrap_or_default();
        let row = [
            name(&cell.scenario),
            name(&cell.variant),
            cell.lane.name().to_owned(),
            field(&across.by),
            field(&across.sides[0]),
            field(&cell.side),
            cell.base_ns.to_string(),
            cell.time_ns.to_string(),
            optional(cell.contrast.ratio),
            optional(cell.contrast.ci_low),
            optional(cell.contrast.ci_high),
            cell.paired.to_string(),
            optional(cell.contrast.p_adjusted),
            cell.contrast.verdict.name().to_owned(),
        ];
        lines.push(line(row.into_iter()));
    }
    lines.concat()
}
