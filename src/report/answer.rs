//! The answer of a scenario in a sentence or two.

use crate::record::Verdict;
use crate::units;

use super::scenario::{Cell, Scenario};
use super::words::{MOST_VARIANTS_NAMED, ratio_with_interval};

/// Names the variant that is better to read, by how much, and the verdicts on the others. Every
/// claim is against the baseline, as the others are not compared with each other. Claims nothing
/// where results differ. `None` if nothing was compared.
pub(super) fn answer(scenario: &Scenario) -> Option<String> {
    let baseline = scenario.baseline()?;
    let candidates = &scenario.cells[1..];
    if candidates.iter().all(|cell| cell.comparison.is_none()) {
        return None;
    }
    let title = super::text::name(scenario.name);
    if scenario.results_differ() {
        return Some(format!(
            "{title}: the results of the variants differ, so that their times do not tell which is better."
        ));
    }
    let mut faster = with_verdict(candidates, Verdict::Faster);
    faster.sort_by(|first, second| time_ratio(first).total_cmp(&time_ratio(second)));
    let mut sentences = match faster.split_first() {
        Some((best, others)) => {
            let mut sentences = vec![format!(
                "{title}: {}",
                gain(best, baseline, others.is_empty())
            )];
            sentences.extend(list("also faster", others));
            sentences
        }
        None => {
            let mut slower = with_verdict(candidates, Verdict::Slower);
            slower.sort_by(|first, second| time_ratio(first).total_cmp(&time_ratio(second)));
            let told = candidates
                .iter()
                .filter(|cell| cell.record.control.is_none());
            match slower.split_first() {
                Some((next, others)) if slower.len() == told.count() => {
                    let mut sentences = vec![format!(
                        "{title}: {} is the fastest; next is {}{}",
                        baseline.quoted(),
                        next.quoted(),
                        costs(next, baseline)
                    )];
                    sentences.extend(list("then", others));
                    return Some(format!("{}.", sentences.join("; ")));
                }
                _ => vec![format!(
                    "{title}: no variant is shown to be faster than {}",
                    baseline.quoted()
                )],
            }
        }
    };
    for told in [
        Verdict::Tie,
        Verdict::Slower,
        Verdict::Inconclusive,
        Verdict::Failed,
        Verdict::Void,
    ] {
        sentences.extend(list(told.name(), &with_verdict(candidates, told)));
    }
    Some(format!("{}.", sentences.join("; ")))
}

fn with_verdict<'a, 'b>(cells: &'b [Cell<'a>], verdict: Verdict) -> Vec<&'b Cell<'a>> {
    cells
        .iter()
        .filter(|cell| {
            cell.comparison
                .is_some_and(|comparison| comparison.contrast.verdict == verdict)
        })
        .collect()
}

fn time_ratio(cell: &Cell) -> f64 {
    cell.comparison
        .and_then(|comparison| comparison.contrast.ratio)
        .unwrap_or(f64::NAN)
}

fn gain(best: &Cell, baseline: &Cell, alone: bool) -> String {
    let claim = if alone {
        "is faster than"
    } else {
        "gains most over"
    };
    format!(
        "{} {claim} {}{}",
        best.quoted(),
        baseline.quoted(),
        costs(best, baseline)
    )
}

/// Time and size as ratios to those of the baseline.
fn costs(cell: &Cell, baseline: &Cell) -> String {
    let contrast = cell.comparison.map(|comparison| &comparison.contrast);
    let known = contrast.filter(|contrast| contrast.interval().is_some());
    let time = known.and_then(ratio_with_interval);
    let time = time.map_or_else(String::new, |ratio| format!(", {ratio} the time"));
    let size = cell
        .size_ratio(baseline)
        .map(|ratio| format!(", {} the size", units::ratio(ratio)))
        .unwrap_or_default();
    format!("{time}{size}")
}

fn list(word: &str, cells: &[&Cell]) -> Option<String> {
    let names: Vec<String> = cells.iter().map(|cell| cell.quoted()).collect();
    let listed = || super::text::listed(&names, MOST_VARIANTS_NAMED);
    (!names.is_empty()).then(|| format!("{word}: {}", listed()))
}
