//! Check of a scenario's expectations.

use std::collections::BTreeSet;

use crate::record::ExpectationResult;
use crate::scenario::{Check, Scenario};

/// Observed behaviour of a cell.
#[derive(Debug, Clone)]
pub struct CellBehaviour {
    /// Columns that the scans read, partition columns included.
    pub columns: BTreeSet<String>,
    pub rows: u64,
    /// Row groups that the scans kept after pruning, by DataFusion's metrics, and all row groups of
    /// the tables.
    pub row_groups_kept: u64,
    pub row_groups: u64,
    pub plan: String,
}

/// Evaluates the expectations that apply to a variant. `setting` returns the value of a key path in
/// the variant as text, if it has one.
pub fn evaluate(
    scenario: &Scenario,
    observed: &CellBehaviour,
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

fn check(check: &Check, observed: &CellBehaviour) -> (String, bool) {
    match check {
        Check::Columns(expected) => {
            let expected: BTreeSet<String> = expected.iter().cloned().collect();
            let as_expected =
                |names: BTreeSet<String>| Check::Columns(names.into_iter().collect()).to_string();
            let found = as_expected(observed.columns.clone());
            // A column may be in the query and not be read, as statistics answer for it.
            let not_read: BTreeSet<String> = &expected - &observed.columns;
            let found = match not_read.is_empty() {
                true => found,
                false => format!("{found} (not read: {})", as_expected(not_read)),
            };
            (found, expected == observed.columns)
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_same(&["a", "b"], ("a, b", true))]
    #[case::one_more(&["a", "b", "c"], ("a, b, c", false))]
    #[case::one_less(&["a"], ("a (not read: b)", false))]
    #[case::others(&["a", "c"], ("a, c (not read: b)", false))]
    #[case::nothing(&[], ("none (not read: a, b)", false))]
    fn columns_are_those_that_are_expected_and_no_others(
        #[case] read: &[&str],
        #[case] expected: (&str, bool),
    ) {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let observed = CellBehaviour {
            columns: names(read),
            rows: 0,
            row_groups_kept: 0,
            row_groups: 0,
            plan: String::new(),
        };
        let asked: BTreeSet<String> = names(&["b", "a"]);
        let (found, passed) = check(&Check::Columns(asked.into_iter().collect()), &observed);
        assert_eq!((found.as_str(), passed), expected);
    }
}
