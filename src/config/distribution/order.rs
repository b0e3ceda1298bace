//! The order of rows: `sortedness` with its `cycle`, or `drift`.

use super::draft::share;
use super::rules::Rules;
use super::target::{DistributionMeaning, DrawnColumn};
use crate::config::findings::Findings;
use crate::config::key_path::KeyPath;
use crate::config::kind::DistributionKind;
use crate::config::raw::RawDistributionKeys;

/// Reads the keys for the order of rows into `drawn`.
pub(super) fn order(
    keys: &mut RawDistributionKeys,
    kind: DistributionKind,
    rules: &Rules,
    target: DrawnColumn,
    drawn: &mut DistributionMeaning,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) {
    let sortedness_path = path.key("sortedness");
    let sorted_given = keys.sortedness.is_some();
    drawn.sortedness = share(findings, &sortedness_path, keys.sortedness.take(), 0.0);
    let cycle_path = path.key("cycle");
    let cycle_given = keys.cycle.is_some();
    drawn.cycle = findings.take_count(&cycle_path, keys.cycle.take());
    if cycle_given && drawn.sortedness == 0.0 {
        findings.problem(&cycle_path, "has no effect without `sortedness`");
    }
    let drift_path = path.key("drift");
    let drift_given = keys.drift.is_some();
    drawn.drift = findings.take(&drift_path, keys.drift.take());
    if let Some(drift) = drawn.drift.filter(|drift| !(*drift > 0.0 && *drift <= 1.0)) {
        findings.problem(
            &drift_path,
            format!("{drift} is not a share of the ranks; it lies above 0, and is at most 1"),
        );
    }
    if drift_given && sorted_given {
        findings.problem(&drift_path, "stands beside `sortedness`; give one of them");
    }
    let orders = !target.is_vector()
        && (target.dtype.draws_numbers()
            || (target.dtype.is_text()
                && kind == DistributionKind::Categorical
                && keys.values.is_some()));
    for (given, path) in [(sorted_given, &sortedness_path), (drift_given, &drift_path)] {
        if given && rules.ordered && !orders {
            findings.problem(
                path,
                "applies to single numbers, dates and times, and to the listed values of `categorical`",
            );
        }
    }
}
