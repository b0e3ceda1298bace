//! Agreement of results: cells of a scenario must come to the same result if they read the same
//! rows.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::record::{CellRecord, Checksum, Iteration, Lane, Origin, RunRecord, Status};

/// Two results that must be equal and are not. Both variants are the same if a cell disagrees with
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "scenario {scenario}: variants {first_variant} and {second_variant} read equal rows, but {difference}"
)]
pub struct Disagreement {
    pub scenario: String,
    pub first_variant: String,
    pub second_variant: String,
    pub difference: Difference,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Difference {
    #[error("the first returned {first} rows and the second {second}")]
    Rows { first: u64, second: u64 },
    /// Checksums in hexadecimal, as in the record.
    #[error("the checksum of the first's result is {first} and of the second's {second}")]
    Exact { first: String, second: String },
    #[error(
        "a floating-point aggregate differs by more than 1e-9: sums {first} of the first, {second} of the second"
    )]
    Approximate { first: String, second: String },
}

/// Disagreements among cells of one scenario and SQL text whose datasets hold equal content, in the
/// row counts and the checksums of all iterations that count, warm-ups included. Each cell is
/// reported once per kind of difference.
pub fn disagreements(record: &RunRecord) -> Vec<Disagreement> {
    let mut groups: BTreeMap<(&str, &str, Vec<&str>), Vec<&CellRecord>> = BTreeMap::new();
    for cell in record
        .cells
        .iter()
        .filter(|cell| cell.nondeterministic.is_none())
    {
        if let Some(content) = content_of(record, cell) {
            groups
                .entry((&cell.scenario, &cell.sql, content))
                .or_default()
                .push(cell);
        }
    }
    groups
        .values()
        .flat_map(|cells| disagreements_among(cells))
        .collect()
}

/// Cells of a scenario that read different content, and are not known to have come to equal
/// results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentContent {
    /// True if some of the content is existing files, of which only the list is known.
    pub external: bool,
    /// Fewest and most rows of the results.
    pub fewest_rows: u64,
    pub most_rows: u64,
    /// False if nothing shows that the results differ: their row counts are equal, and their
    /// checksums are missing or mean nothing.
    pub results_differ: bool,
}

/// Returns `None` if the cells of this scenario that came to results read equal content, or if
/// these results are equal by row count and checksum.
pub fn different_content(record: &RunRecord, scenario: &str) -> Option<DifferentContent> {
    let cells: Vec<&CellRecord> = record
        .cells
        .iter()
        .filter(|cell| cell.scenario == scenario && finished(cell).next().is_some())
        .collect();
    let contents: BTreeSet<_> = cells.iter().map(|cell| content_of(record, cell)).collect();
    if contents.len() < 2 {
        return None;
    }
    let rows = || {
        cells
            .iter()
            .flat_map(|cell| finished(cell))
            .map(|it| it.figures.rows)
    };
    let (fewest_rows, most_rows) = (rows().min()?, rows().max()?);
    let deterministic = cells.iter().all(|cell| cell.nondeterministic.is_none());
    let results_differ =
        fewest_rows != most_rows || (deterministic && !disagreements_among(&cells).is_empty());
    // A control reads the rows of the baseline, and needs no checksum to prove it.
    let mut compared = cells.iter().filter(|cell| cell.control.is_none());
    if !results_differ && deterministic && compared.all(|cell| has_checksum(cell)) {
        return None;
    }
    Some(DifferentContent {
        external: record.datasets.iter().any(|dataset| {
            dataset.origin == Origin::External
                && cells.iter().any(|cell| cell.dataset.contains(&dataset.id))
        }),
        fewest_rows,
        most_rows,
        results_differ,
    })
}

/// Results of two cells of different records, compared with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ResultsBetween {
    /// Row counts and checksums are equal, whatever is known about the rows that were read.
    Equal,
    /// They differ, though both cells read equal rows by the same SQL.
    Disagree(Difference),
    /// They differ, and the rows that were read may differ, too.
    Other,
    /// A checksum is missing, the SQL differs, or the SQL may give any of several results.
    Unknown,
}

pub(super) fn results_between(
    (one_record, one): (&RunRecord, &CellRecord),
    (other_record, other): (&RunRecord, &CellRecord),
) -> ResultsBetween {
    let is_free = one.nondeterministic.is_some() || other.nondeterministic.is_some();
    if one.sql != other.sql || is_free {
        return ResultsBetween::Unknown;
    }
    let content = content_of(one_record, one);
    let same_rows = content.is_some() && content == content_of(other_record, other);
    let mut found = disagreements_among(&[one, other]).into_iter();
    match found.next() {
        Some(found) if same_rows => ResultsBetween::Disagree(found.difference),
        Some(_) => ResultsBetween::Other,
        None if has_checksum(one) && has_checksum(other) => ResultsBetween::Equal,
        None => ResultsBetween::Unknown,
    }
}

fn has_checksum(cell: &CellRecord) -> bool {
    finished(cell).any(|it| it.figures.checksum.is_some())
}

/// Possible reason why results differ though the rows are equal. `None` unless a query with a
/// disagreement names a column of floats, or takes all columns of a table that has one.
pub fn nan_may_be_pruned(record: &RunRecord, found: &[Disagreement]) -> Option<&'static str> {
    let disagrees = |cell: &&CellRecord| found.iter().any(|it| it.scenario == cell.scenario);
    let mut cells = record.cells.iter().filter(disagrees);
    let takes_floats = |cell: &CellRecord| {
        let of_cell = record.datasets.iter();
        let of_cell = of_cell.filter(|dataset| cell.dataset.contains(&dataset.id));
        let mut columns = of_cell.flat_map(|dataset| &dataset.columns);
        columns.any(|column| {
            let named = cell.sql.contains(&column.name) || cell.sql.contains('*');
            named && column.dtype.contains("Float")
        })
    };
    cells.any(takes_floats).then_some(
        "bounds in statistics leave out NaN, and the engine prunes by bounds: where a column of floats holds NaN, a filter \
         may lose its rows on a variant with statistics, and keep them on one without",
    )
}

/// Iterations that count and came to a result. The lane `storage` makes no result, and a void
/// iteration may have read files that were being changed.
fn finished(cell: &CellRecord) -> impl Iterator<Item = &Iteration> {
    cell.iterations
        .iter()
        .filter(|iteration| iteration.status == Status::Ok && iteration.lane != Lane::Storage)
}

/// Content fingerprints of a cell's datasets in their order. `None` if a dataset is not in the
/// record.
pub(super) fn content_of<'a>(record: &'a RunRecord, cell: &CellRecord) -> Option<Vec<&'a str>> {
    let content = |id: &String| {
        let dataset = record.datasets.iter().find(|dataset| dataset.id == *id)?;
        Some(dataset.content_fingerprint.as_str())
    };
    cell.dataset.iter().map(content).collect()
}

fn disagreements_among(cells: &[&CellRecord]) -> Vec<Disagreement> {
    let mut rows: Option<(&CellRecord, u64)> = None;
    let mut checksum: Option<(&CellRecord, &Checksum)> = None;
    let mut found = Vec::new();
    for cell in cells {
        let (mut rows_differ, mut checksums_differ) = (false, false);
        for iteration in finished(cell) {
            let (reference, expected) = *rows.get_or_insert((cell, iteration.figures.rows));
            if iteration.figures.rows != expected && !rows_differ {
                rows_differ = true;
                let difference = Difference::Rows {
                    first: expected,
                    second: iteration.figures.rows,
                };
                found.push(disagreement(reference, cell, difference));
            }
            let Some(ours) = &iteration.figures.checksum else {
                continue;
            };
            let (reference, expected) = *checksum.get_or_insert((cell, ours));
            if let Some(difference) = difference(expected, ours).filter(|_| !checksums_differ) {
                checksums_differ = true;
                found.push(disagreement(reference, cell, difference));
            }
        }
    }
    found
}

fn disagreement(first: &CellRecord, second: &CellRecord, difference: Difference) -> Disagreement {
    Disagreement {
        scenario: first.scenario.clone(),
        first_variant: first.variant_name.clone(),
        second_variant: second.variant_name.clone(),
        difference,
    }
}

fn difference(first: &Checksum, second: &Checksum) -> Option<Difference> {
    if first.exact != second.exact {
        return Some(Difference::Exact {
            first: first.exact.clone(),
            second: second.exact.clone(),
        });
    }
    let equal = first.agrees_with(second);
    (!equal).then(|| Difference::Approximate {
        first: format!("{:?}", first.approximate),
        second: format!("{:?}", second.approximate),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::record::ControlKind;
    use crate::record::fixture::{codecs, iteration, warmup};

    fn told(record: &RunRecord) -> Vec<String> {
        disagreements(record)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn equal_results_agree() {
        assert_eq!(told(&codecs()), [""; 0]);
    }

    #[test]
    fn one_iteration_with_other_rows_is_told_of_once() {
        let mut record = codecs();
        record.cells[2].iterations[4].figures.rows = 999;
        record.cells[2].iterations[5].figures.rows = 998;
        assert_eq!(
            told(&record),
            [
                "scenario full_scan: variants none and lz4 read equal rows, but the first returned 1000 rows and the second 999"
            ]
        );
    }

    #[test]
    fn a_cell_may_disagree_with_itself() {
        let mut record = codecs();
        record.cells[0].iterations[10].figures.rows = 7;
        let found = disagreements(&record);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (
                found[0].first_variant.as_str(),
                found[0].second_variant.as_str()
            ),
            ("none", "none")
        );
    }

    #[test]
    fn failed_iterations_returned_nothing_to_compare() {
        let mut record = codecs();
        let iteration = &mut record.cells[1].iterations[3];
        (iteration.status, iteration.figures.rows) = (Status::Failed, 0);
        assert_eq!(told(&record), [""; 0]);
    }

    #[test]
    fn another_checksum_is_told_of() {
        let mut record = codecs();
        record.cells[3].iterations[0] = warmup("cd", &[1.5]);
        assert_eq!(
            disagreements(&record)[0].difference,
            Difference::Exact {
                first: "ab".to_owned(),
                second: "cd".to_owned()
            }
        );
    }

    #[rstest]
    #[case(1.0, 1.0 + 0.9e-9, true)]
    #[case(1.0, 1.0 + 1.1e-9, false)]
    #[case(-1e300, -1e300 * (1.0 + 1e-10), true)]
    #[case(0.0, -0.0, true)]
    #[case(0.0, 1e-300, false)]
    #[case(f64::NAN, f64::NAN, true)]
    #[case(f64::NAN, 1.0, false)]
    #[case(f64::INFINITY, f64::INFINITY, true)]
    #[case(f64::INFINITY, f64::NEG_INFINITY, false)]
    #[case(f64::INFINITY, 1.0, false)]
    #[case(f64::MAX, f64::MIN, false)]
    fn floating_point_sums_agree_within_a_billionth(
        #[case] first: f64,
        #[case] second: f64,
        #[case] agree: bool,
    ) {
        let mut record = codecs();
        record.cells[0].iterations[0] = warmup("ab", &[first]);
        record.cells[1].iterations[0] = warmup("ab", &[second]);
        record.cells.truncate(2);
        assert_eq!(disagreements(&record).is_empty(), agree);
    }

    #[test]
    fn a_missing_sum_is_a_difference() {
        let mut record = codecs();
        record.cells[1].iterations[0] = warmup("ab", &[]);
        assert!(matches!(
            disagreements(&record)[0].difference,
            Difference::Approximate { .. }
        ));
    }

    #[test]
    fn other_content_other_sql_and_other_scenarios_are_not_compared() {
        let mut record = codecs();
        for cell in &mut record.cells[1..] {
            cell.iterations[0].figures.rows = 5;
            cell.iterations.truncate(1);
        }
        record.datasets[1].content_fingerprint = "other rows".to_owned();
        record.cells[2].sql = "SELECT 1".to_owned();
        record.cells[3].scenario = "another".to_owned();
        assert_eq!(told(&record), [""; 0]);
        record.datasets[1].content_fingerprint = "rows of seed 10".to_owned();
        assert_eq!(told(&record).len(), 1);
    }

    /// The record of `codecs` with a second variant that reads other content.
    fn other_content() -> RunRecord {
        let mut record = codecs();
        record.datasets[1].content_fingerprint = "rows of seed 11".to_owned();
        record
    }

    fn found(record: &RunRecord) -> Option<DifferentContent> {
        different_content(record, "full_scan")
    }

    #[test]
    fn equal_content_and_equal_results_are_not_told_of() {
        let mut equal_content = codecs();
        equal_content.cells[1].iterations[0].figures.rows = 5;
        assert_eq!(found(&equal_content), None);
        assert_eq!(found(&other_content()), None);
    }

    #[test]
    fn other_row_counts_of_other_content_are_told_of() {
        let mut record = other_content();
        record.cells[1].iterations[4].figures.rows = 7;
        record.datasets[0].origin = Origin::External;
        let expected = DifferentContent {
            external: true,
            fewest_rows: 7,
            most_rows: 1_000,
            results_differ: true,
        };
        assert_eq!(found(&record), Some(expected));
        assert_eq!(different_content(&record, "another"), None);
    }

    #[rstest]
    #[case::other_checksum(Some(warmup("cd", &[1.5])), None, Some(true))]
    #[case::other_sum(Some(warmup("ab", &[1.6])), None, Some(true))]
    #[case::no_checksum(None, None, Some(false))]
    #[case::nondeterministic(Some(warmup("cd", &[1.5])), Some("no order"), Some(false))]
    #[case::equal(Some(warmup("ab", &[1.5])), None, None)]
    fn checksums_tell_whether_results_of_other_content_differ(
        #[case] first: Option<Iteration>,
        #[case] nondeterministic: Option<&str>,
        #[case] differ: Option<bool>,
    ) {
        let mut record = other_content();
        record.cells[1].iterations[0] = first.unwrap_or_else(|| iteration(0, 1));
        for cell in &mut record.cells {
            cell.nondeterministic = nondeterministic.map(str::to_owned);
        }
        assert_eq!(found(&record).map(|it| it.results_differ), differ);
    }

    #[test]
    fn a_control_needs_no_checksum() {
        let mut record = other_content();
        let mut control = record.cells[0].clone();
        control.id = "full_scan/(control)".to_owned();
        control.control = Some(ControlKind::Copy);
        control.iterations.remove(0);
        record.cells.push(control);
        assert_eq!(found(&record), None);
        // But its results must not differ.
        let last = record.cells.len() - 1;
        record.cells[last].iterations[3].figures.rows = 7;
        assert_eq!(found(&record).map(|it| it.results_differ), Some(true));
    }

    #[test]
    fn cells_without_results_are_not_told_of() {
        let mut record = other_content();
        for iteration in &mut record.cells[1].iterations {
            (iteration.status, iteration.figures.rows) = (Status::Failed, 0);
        }
        assert_eq!(found(&record), None);
    }
}
