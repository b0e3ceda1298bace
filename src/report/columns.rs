//! The columns of a comparison table: what each says of a cell, and which to do without first.

use crate::record::{Scan, Status, Verdict};
use crate::units;

use super::page::{Cell, Scenario};

/// Where there is nothing to say.
const ABSENT: &str = "-";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Variant,
    FileSize,
    SizeRatio,
    MedianTime,
    RowsOut,
    ArrowOut,
    Requested,
    RowGroupsRead,
    ColumnsRead,
    TimeRatio,
    Verdict,
}

/// In the order that a table has them.
const ALL: [Column; 11] = [
    Column::Variant,
    Column::FileSize,
    Column::SizeRatio,
    Column::MedianTime,
    Column::RowsOut,
    Column::ArrowOut,
    Column::Requested,
    Column::RowGroupsRead,
    Column::ColumnsRead,
    Column::TimeRatio,
    Column::Verdict,
];

/// What a narrow table leaves out, the least important first. The rest is the answer itself.
pub(super) const DISPENSABLE: [Column; 7] = [
    Column::RowsOut,
    Column::ArrowOut,
    Column::Requested,
    Column::ColumnsRead,
    Column::RowGroupsRead,
    Column::FileSize,
    Column::SizeRatio,
];

impl Column {
    /// A lone variant is compared with nothing.
    pub(super) fn of(scenario: &Scenario) -> Vec<Self> {
        let compares =
            |column: &Self| matches!(column, Self::SizeRatio | Self::TimeRatio | Self::Verdict);
        ALL.into_iter()
            .filter(|column| scenario.cells.len() > 1 || !compares(column))
            .collect()
    }

    /// Lines are separated by a line end.
    pub(super) fn head(self) -> &'static str {
        match self {
            Self::Variant => "variant",
            Self::FileSize => "file size",
            Self::SizeRatio => "size\nratio",
            Self::MedianTime => "median time\n[interval]",
            Self::RowsOut => "rows out",
            Self::ArrowOut => "Arrow data\nout",
            Self::Requested => "bytes\nrequested",
            Self::RowGroupsRead => "row groups\nread",
            Self::ColumnsRead => "columns\nread",
            Self::TimeRatio => "time ratio\n[interval]",
            Self::Verdict => "verdict",
        }
    }

    pub(super) fn is_number(self) -> bool {
        !matches!(self, Self::Variant | Self::Verdict)
    }

    pub(super) fn text(self, cell: &Cell, scenario: &Scenario) -> String {
        let shown = match self {
            Self::Variant => Some(variant(cell)),
            Self::FileSize => cell.file_bytes.map(units::bytes),
            Self::SizeRatio => scenario
                .baseline()
                .and_then(|baseline| cell.size_ratio(baseline))
                .map(units::ratio),
            Self::MedianTime => median_time(cell),
            Self::RowsOut => cell
                .summary
                .map(|summary| units::rows_per_second(summary.rows_per_s)),
            Self::ArrowOut => cell
                .summary
                .map(|summary| units::bytes_per_second(summary.arrow_bytes_per_s)),
            Self::Requested => cell
                .summary
                .map(|summary| units::bytes_per_second(summary.requested_bytes_per_s)),
            Self::RowGroupsRead => row_groups_read(cell),
            Self::ColumnsRead => columns_read(cell),
            Self::TimeRatio => time_ratio(cell, scenario),
            Self::Verdict => cell
                .comparison
                .map(|comparison| verdict(comparison.verdict).to_owned()),
        };
        shown.unwrap_or_else(|| ABSENT.to_owned())
    }
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faster => "faster",
        Verdict::Slower => "slower",
        Verdict::Tie => "tie",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// The name, and how many measured iterations the numbers beside it do not rest on.
fn variant(cell: &Cell) -> String {
    let count = |status| {
        cell.measured()
            .filter(|iteration| iteration.status == status)
            .count()
    };
    let lost = [
        (count(Status::Failed), "failed"),
        (count(Status::Void), "void"),
    ];
    let lost: Vec<String> = lost
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if lost.is_empty() {
        cell.name()
    } else {
        format!("{} ({})", cell.name(), lost.join(", "))
    }
}

fn median_time(cell: &Cell) -> Option<String> {
    let summary = cell.summary?;
    Some(match (summary.ci_low_ns, summary.ci_high_ns) {
        (Some(low), Some(high)) => units::duration_interval_ns(summary.median_ns, low, high),
        _ => units::duration_ns(summary.median_ns),
    })
}

/// Such as `12 of 96, 84 pruned`, or `12 to 14 of 96` where iterations differ (as they may with filters that are built while
/// running).
fn row_groups_read(cell: &Cell) -> Option<String> {
    let scanned = || {
        cell.counted()
            .map(|iteration| &iteration.scans)
            .filter(|scans| !scans.is_empty())
    };
    let over_iterations = |figure: fn(&Scan) -> u64| {
        let sums = || scanned().map(|scans| scans.iter().map(figure).sum::<u64>());
        Some((sums().min()?, sums().max()?))
    };
    let shown = |(fewest, most): (u64, u64)| match fewest == most {
        true => units::count(most),
        false => format!("{} to {}", units::count(fewest), units::count(most)),
    };
    let read = over_iterations(|scan| scan.row_groups_read)?;
    let (_, stored) = over_iterations(|scan| scan.row_groups)?;
    let pruned = match over_iterations(|scan| scan.row_groups_pruned)? {
        (0, 0) => String::new(),
        pruned => format!(", {} pruned", shown(pruned)),
    };
    Some(format!(
        "{} of {}{pruned}",
        shown(read),
        units::count(stored)
    ))
}

fn columns_read(cell: &Cell) -> Option<String> {
    let (read, stored) = (cell.record.columns_read, cell.record.columns_stored);
    (stored > 0).then(|| format!("{} of {}", units::count(read), units::count(stored)))
}

fn time_ratio(cell: &Cell, scenario: &Scenario) -> Option<String> {
    if scenario
        .baseline()
        .is_some_and(|baseline| baseline.record.id == cell.record.id)
    {
        return Some("baseline".to_owned());
    }
    let comparison = cell.comparison?;
    Some(match (comparison.ci_low, comparison.ci_high) {
        (Some(low), Some(high)) => units::ratio_interval(comparison.ratio?, low, high),
        _ => units::ratio(comparison.ratio?),
    })
}
