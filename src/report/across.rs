//! A comparison of records, or of the values of a key.

use serde::Serialize;

use crate::analysis::{Across, Between, Gate, GateOutcome, SideComparison};
use crate::record::{Lane, Verdict};
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
        match across.between.iter().any(|it| it.ci_low.is_some()) {
            true => {
                "each cell over the same cell of the first side, beside what all have in common"
            }
            false => "each cell over the same cell of the first side",
        },
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
        screen: None,
        failures: Vec::new(),
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
    let movements: Vec<&Between> = across.between.iter().filter(|it| it.side == side).collect();
    let between_runs = movements.iter().any(|it| it.cells > 0);
    let mut parts = Vec::new();
    for told in [
        Verdict::Slower,
        Verdict::Faster,
        Verdict::Tie,
        Verdict::Inconclusive,
        Verdict::Failed,
        Verdict::Void,
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
    let whole = match between_runs {
        true => {
            let movements: Vec<String> = movements.iter().filter_map(|it| moved(it)).collect();
            match movements.is_empty() {
                true => String::new(),
                false => format!(", {}; beside that", movements.join(", ")),
            }
        }
        false => whole.map_or_else(String::new, |mean| {
            format!(", {} the time as a geometric mean", interval(mean))
        }),
    };
    format!(
        "{} against {}{whole}: {}.",
        text::name(side),
        text::name(&across.sides[0]),
        parts.join("; ")
    )
}

/// Movement that all cells of two runs have in common, in words. `None` if too few cells show it.
fn moved(between: &Between) -> Option<String> {
    let (low, high) = between.ci_low.zip(between.ci_high)?;
    let of_lane = match between.lane {
        Lane::EndToEnd => String::new(),
        lane => format!(" of lane {}", lane.name()),
    };
    Some(format!(
        "all cells{of_lane} together {} the time",
        units::ratio_interval(between.shift, low, high)
    ))
}

/// Sentences on everything that keeps a comparison from passing a limit. Empty if it passes.
pub(super) fn gated(across: &Across, gate: &Gate) -> Vec<String> {
    let limit = units::percent(gate.limit);
    let listed = |cells: &[SideComparison]| {
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
            let few = match it.ci_low {
                None => "; with five cells and more, what they differ by is estimated",
                Some(_) => "",
            };
            format!(
                "Cells of two runs may differ by {} here, whatever the program does, so that {limit} cannot be excluded: \
                 name a higher limit, or measure on a quieter host{few}.",
                units::percent(it.allowance)
            )
        }));
    }
    for it in &gate.moved {
        let movement = moved(it).unwrap_or_else(|| "all cells together may take longer".to_owned());
        let beyond = it.ci_low.is_some_and(|low| low > 1.0 + gate.limit);
        let what = match beyond {
            true => format!("Everything is slower by more than {limit}"),
            false => format!("Cannot exclude {limit} of everything"),
        };
        told.push(format!(
            "{what}: {movement}, by the host or by the program. {}",
            to_tell_the_host(across, it)
        ));
    }
    told.extend(named(
        "Not measured, so that nothing is excluded",
        &gate.missing,
    ));
    told
}

/// The last line of a gate: its outcome, how the results compare, and the exit code.
pub(super) fn gate_line(across: &Across, gate: &Gate, code: u8) -> String {
    let limit = units::percent(gate.limit);
    let outcome = match gate.outcome() {
        GateOutcome::Passed => format!("PASSED: no cell is slower by more than {limit}"),
        GateOutcome::Failed if gate.slower.is_empty() => "FAILED".to_owned(),
        GateOutcome::Failed => format!(
            "FAILED: {} slower by more than {limit}",
            cells(gate.slower.len(), "is", "are")
        ),
        GateOutcome::Undecided => format!("UNDECIDED ({})", undecided(gate)),
    };
    let results = match (across.results_equal, across.results_compared) {
        _ if !gate.disagreements.is_empty() => "results differ".to_owned(),
        (equal, all) if equal == all => "results are identical".to_owned(),
        (0, _) => "results could not be compared".to_owned(),
        (equal, all) => format!("results are identical in {equal} of {all} cells"),
    };
    format!("GATE {outcome}; {results}; exit code {code}\n")
}

/// Reasons why a gate is undecided.
fn undecided(gate: &Gate) -> String {
    let certain = |it: &&Between| it.ci_low.is_some_and(|low| low > 1.0 + gate.limit);
    let mut reasons = Vec::new();
    match gate.moved.iter().find(certain) {
        Some(moved) => reasons.push(format!(
            "everything is {} slower, by the host or by the program",
            units::percent(moved.shift - 1.0)
        )),
        None => reasons.extend(
            gate.worst()
                .map(|worst| format!("could be up to {} slower", units::percent(worst))),
        ),
    }
    let without = gate.inconclusive.iter();
    let without = without.filter(|it| it.contrast.interval().is_none());
    match without.count() {
        0 => {}
        count => reasons.push(format!(
            "{} too few rounds for an interval",
            cells(count, "has", "have")
        )),
    }
    match gate.missing.len() {
        0 => {}
        count => reasons.push(format!("{} not measured", cells(count, "was", "were"))),
    }
    reasons.join("; ")
}

fn cells(count: usize, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 cell {one}"),
        count => format!("{count} cells {several}"),
    }
}

/// Sentence that helps to tell whether the host moved everything: the movement of the lane storage,
/// or how to find out if that lane was not measured.
fn to_tell_the_host(across: &Across, between: &Between) -> String {
    let mut others = across.between.iter().filter(|it| it.side == between.side);
    let storage = others.find(|it| it.lane == Lane::Storage && it.lane != between.lane);
    match storage.and_then(moved) {
        Some(storage) => format!("The lane storage reads without the engine: {storage}."),
        None if between.lane == Lane::Storage => {
            "This lane reads without the engine, so that it is the host or its storage.".to_owned()
        }
        None => "Runs in turn, several of each, would tell; so would `--lane all`, as the lane storage has no engine in it."
            .to_owned(),
    }
}

fn interval(cell: &SideComparison) -> String {
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

fn table(title: String, description: &str, cells: &[SideComparison]) -> Table {
    let row = |cell: &SideComparison| {
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
    for between in across.between.iter().filter(|it| it.cells > 0) {
        let common = match between.ci_low {
            Some(_) => format!(
                "the ratio of the Hodges-Lehmann estimate beside {}, the median of all {} cells and controls, which host and program have \
                 moved alike",
                units::ratio(between.shift),
                between.cells
            ),
            None => format!(
                "the ratio of the Hodges-Lehmann estimate; {} cells are too few to tell what they have in common, so that a host \
                 that is slower today counts as noise",
                between.cells
            ),
        };
        let lane = match between.lane {
            Lane::EndToEnd => String::new(),
            lane => format!(", lane {}", lane.name()),
        };
        notes.push(format!(
            "unpaired, {}{lane}: {common}. Cells of two runs scatter about that by more than their rounds show, so that the interval is \
             that of all cells together at 99 % (Student's quantile for {} comparisons): {} either way. The same is \
             what rounds place within that, and within 5 %. Runs in turn, or several of each (--history), tell more.",
            text::name(&between.side),
            across.cells.len(),
            units::percent(between.allowance)
        ));
    }
    notes.extend(named("not in all", &across.unmatched));
    notes
}

/// A comparison as JSON, with the outcome of the gate if there is one.
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

/// A row per cell, then a row per mean. Means have no scenario.
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
