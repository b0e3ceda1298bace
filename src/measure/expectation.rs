//! Whether a scenario's expectations hold.

use std::collections::BTreeSet;

use crate::record::ExpectationResult;
use crate::scenario::{Check, Scenario};

/// Behaviour that a cell was seen to have.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Columns that its scans read, partition columns included.
    pub columns: BTreeSet<String>,
    pub rows: u64,
    /// Row groups that the scans kept after pruning, by DataFusion's metrics, and those that the
    /// tables hold.
    pub row_groups_kept: u64,
    pub row_groups: u64,
    pub plan: String,
}

/// Evaluates the expectations that apply to a variant, which is told by `setting`: the value of a
/// key path in the variant as text, if it has one.
pub fn evaluate(
    scenario: &Scenario,
    observed: &Observed,
    setting: impl Fn(&str) -> Option<String>,
) -> Vec<ExpectationResult> {
    let applies = |only: &[(String, String)]| {
        only.iter()
            .all(|(key, value)| setting(key).as_ref() == Some(value))
    };
    scenario
        .expectations
        .iter()
        .filter(|expectation| applies(&expectation.only))
        .map(|expectation| {
            let (found, passed) = check(&expectation.check, observed);
            ExpectationResult {
                name: expectation.name.to_owned(),
                expected: expectation.check.to_string(),
                found,
                passed,
            }
        })
        .collect()
}

fn check(check: &Check, observed: &Observed) -> (String, bool) {
    match check {
        Check::Columns(expected) => {
            let expected: BTreeSet<&String> = expected.iter().collect();
            let found: Vec<&str> = observed.columns.iter().map(String::as_str).collect();
            let found = if found.is_empty() {
                "none".to_owned()
            } else {
                found.join(", ")
            };
            (
                found,
                observed
                    .columns
                    .iter()
                    .all(|column| expected.contains(column)),
            )
        }
        Check::Rows(comparator, expected) => (
            observed.rows.to_string(),
            comparator.holds(observed.rows as f64, *expected as f64),
        ),
        Check::RowGroupsPruned(comparator, expected) => {
            let total = observed.row_groups;
            let pruned = match total {
                0 => 0.0,
                total => 1.0 - observed.row_groups_kept as f64 / total as f64,
            };
            let found = format!(
                "{pruned:.4} ({} of {total} row groups kept)",
                observed.row_groups_kept
            );
            (found, comparator.holds(pruned, *expected))
        }
        Check::Plan(text) => {
            let passed = observed.plan.contains(text.as_str());
            (if passed { "present" } else { "absent" }.to_owned(), passed)
        }
    }
}
