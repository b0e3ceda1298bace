//! Ratios of times of every scenario and variant.

use std::collections::BTreeSet;

use crate::analysis::distinct;
use crate::record::{Doubt, Verdict};

use super::super::scenario::{Cell, Scenario};
use super::super::table::{Head, Table, TableCell};
use super::super::text;
use super::super::words::{ABSENT, mark};
use super::costs::whole;

/// A row per scenario, a column per variant except the baseline. `None` if there is one scenario,
/// whose ratios stand beside its costs, or if nothing was compared.
pub(super) fn matrix(scenarios: &[Scenario]) -> Option<Table> {
    if scenarios.len() < 2 || !scenarios.iter().any(|it| it.cells.len() > 1) {
        return None;
    }
    let cells = scenarios.iter().flat_map(|it| it.cells.iter().skip(1));
    let variants: Vec<&str> = distinct(cells.map(|it| it.record.variant_name.as_str())).collect();
    let baseline = scenarios.first()?.baseline()?;
    let first = Head {
        is_number: false,
        ..Head::named(&format!("time against {}", baseline.quoted()))
    };
    let of_variants = variants.iter().map(|name| Head {
        is_number: false,
        ..Head::named(&text::name(name))
    });
    let rows = scenarios.iter().map(|scenario| {
        let cells = variants.iter().map(|variant| {
            let mut cells = scenario.cells.iter();
            let found = cells.find(|it| it.record.variant_name == *variant);
            found.map_or_else(|| ABSENT.to_owned().into(), |cell| ratio(scenario, cell))
        });
        let name = TableCell::from(text::name(scenario.name));
        std::iter::once(name).chain(cells).collect()
    });
    Some(Table {
        title: "scenarios".to_owned(),
        description: None,
        rows: rows.collect(),
        heads: std::iter::once(first).chain(of_variants).collect(),
    })
}

/// Ratio and mark. Where results differ, words say so in place of the mark.
fn ratio(scenario: &Scenario, cell: &Cell) -> TableCell {
    let Some(comparison) = cell.comparison else {
        return ABSENT.to_owned().into();
    };
    let contrast = &comparison.contrast;
    let ratio = contrast.ratio.map(whole);
    if scenario.results_differ() {
        let ratio = ratio.unwrap_or_else(|| ABSENT.to_owned());
        return format!("{ratio} other rows").into();
    }
    let mark = mark(contrast);
    TableCell::Judged {
        text: ratio.map_or_else(|| mark.to_owned(), |ratio| format!("{ratio} {mark}")),
        verdict: contrast.verdict,
    }
}

/// Meanings of the marks of inconclusive comparisons that occur.
pub(super) fn doubts(scenarios: &[Scenario]) -> Option<String> {
    let cells = scenarios.iter().flat_map(|it| &it.cells);
    let contrasts = cells.filter_map(|cell| Some(&cell.comparison?.contrast));
    let found: BTreeSet<Option<Doubt>> = contrasts
        .filter(|it| it.verdict == Verdict::Inconclusive)
        .map(|it| it.doubt)
        .collect();
    let meanings = found.into_iter().flatten().map(|doubt| match doubt {
        Doubt::TooFewRounds => "few rounds: unproven for so many comparisons",
        Doubt::WithinNoise => "in noise: equal files differ by as much",
        Doubt::WideInterval => "unclear: may be equal (the interval holds 0 %)",
    });
    let meanings: Vec<&str> = meanings.collect();
    (!meanings.is_empty()).then(|| format!("{}.", meanings.join("; ")))
}
