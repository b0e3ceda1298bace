//! Columns of comparison tables: the text of each for a cell, and the order in which narrow tables
//! leave them out.

use crate::record::{Ceilings, Lane, LedgerSummary, Scan, Status};
use crate::units;

use super::requests::{CellRequests, spread};
use super::scenario::{Cell, Scenario};
use super::table::{Head, TableCell};
use super::words::{ABSENT, ratio_with_interval};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportColumn {
    Variant,
    FileSize,
    SizeRatio,
    MedianTime,
    RowsOut,
    ArrowOut,
    Requested,
    RowGroupsRead,
    ColumnsRead,
    StreamTimes,
    PeakMemory,
    TimeRatio,
    Verdict,
    EndToEndTime,
    StorageTime,
    ComputeTime,
    StorageCeiling,
    ComputeCeiling,
    Binds,
    Overlap,
    ArrowBytes,
    EncodedBytes,
    CompressedBytes,
    DataBytes,
    MetadataBytes,
    RequestedBytes,
    DeviceBytes,
    OverRead,
    Ranges,
    Requests,
    FooterRequests,
    Attempts,
    Retries,
    Backoff,
    FirstByte,
    LastByte,
    InFlight,
}

/// Columns of the main table, in their order.
const ALL: [ReportColumn; 13] = [
    ReportColumn::Variant,
    ReportColumn::FileSize,
    ReportColumn::SizeRatio,
    ReportColumn::MedianTime,
    ReportColumn::RowsOut,
    ReportColumn::ArrowOut,
    ReportColumn::Requested,
    ReportColumn::RowGroupsRead,
    ReportColumn::ColumnsRead,
    ReportColumn::StreamTimes,
    ReportColumn::PeakMemory,
    ReportColumn::TimeRatio,
    ReportColumn::Verdict,
];

/// Columns that a narrow table leaves out, the least important first. The others are the answer
/// itself.
const DISPENSABLE: [ReportColumn; 10] = [
    ReportColumn::RowsOut,
    ReportColumn::ArrowOut,
    ReportColumn::Requested,
    ReportColumn::ColumnsRead,
    ReportColumn::StorageCeiling,
    ReportColumn::ComputeCeiling,
    ReportColumn::PeakMemory,
    ReportColumn::RowGroupsRead,
    ReportColumn::FileSize,
    ReportColumn::SizeRatio,
];

impl ReportColumn {
    /// Columns of the table of lanes.
    pub(super) const LANES: [Self; 8] = [
        Self::Variant,
        Self::EndToEndTime,
        Self::StorageTime,
        Self::ComputeTime,
        Self::StorageCeiling,
        Self::ComputeCeiling,
        Self::Binds,
        Self::Overlap,
    ];

    /// Columns of the table of bytes.
    pub(super) const LEDGER: [Self; 9] = [
        Self::Variant,
        Self::ArrowBytes,
        Self::EncodedBytes,
        Self::CompressedBytes,
        Self::DataBytes,
        Self::MetadataBytes,
        Self::RequestedBytes,
        Self::DeviceBytes,
        Self::OverRead,
    ];

    /// Columns of the table of requests to stores behind a network.
    pub(super) const REQUESTS: [Self; 11] = [
        Self::Variant,
        Self::Ranges,
        Self::Requests,
        Self::FooterRequests,
        Self::OverRead,
        Self::Attempts,
        Self::Retries,
        Self::Backoff,
        Self::FirstByte,
        Self::LastByte,
        Self::InFlight,
    ];

    /// Columns of the main table of a scenario. A lone variant is compared with nothing but its
    /// control, and a figure that no cell has needs no column.
    pub(super) fn of(scenario: &Scenario) -> Vec<Self> {
        let cells = || scenario.cells.iter();
        let has = |column: &Self| match column {
            Self::SizeRatio => scenario.cells.len() > 1,
            Self::TimeRatio | Self::Verdict => {
                scenario.cells.len() > 1 || !scenario.controls.is_empty()
            }
            // The lane storage makes no rows.
            Self::RowsOut | Self::ArrowOut => scenario.lane() != Lane::Storage,
            Self::StreamTimes => cells().any(|cell| stream_times(cell).is_some()),
            Self::PeakMemory => cells().any(|cell| cell.record.peak_memory_bytes.is_some()),
            _ => true,
        };
        ALL.into_iter().filter(has).collect()
    }

    /// Head of the column in a table.
    pub(super) fn of_table(self) -> Head {
        Head {
            text: self.head().into(),
            is_number: self.is_number(),
            dispensable: DISPENSABLE.iter().position(|column| *column == self),
        }
    }

    fn head(self) -> &'static str {
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
            Self::StreamTimes => "query time\np50, p99",
            Self::PeakMemory => "peak\nmemory",
            Self::TimeRatio => "time ratio\n[interval]",
            Self::Verdict => "verdict",
            Self::EndToEndTime => "end_to_end",
            Self::StorageTime => "storage",
            Self::ComputeTime => "compute",
            Self::StorageCeiling => "storage\nceiling",
            Self::ComputeCeiling => "compute\nceiling",
            Self::Binds => "binds",
            Self::Overlap => "overlap",
            Self::ArrowBytes => "Arrow data\nout",
            Self::EncodedBytes => "chunks\nencoded",
            Self::CompressedBytes => "chunks\ncompressed",
            Self::DataBytes => "engine\ndata",
            Self::MetadataBytes => "engine\nmetadata",
            Self::RequestedBytes => "requested",
            Self::DeviceBytes => "device\nread",
            Self::OverRead => "moved per\nbyte asked",
            Self::Ranges => "ranges",
            Self::Requests => "requests",
            Self::FooterRequests => "of them for\nfooters",
            Self::Attempts => "attempts",
            Self::Retries => "retries",
            Self::Backoff => "waiting",
            Self::FirstByte => "first byte\np50, p99",
            Self::LastByte => "last byte\np50, p99",
            Self::InFlight => "most\nat once",
        }
    }

    fn is_number(self) -> bool {
        !matches!(self, Self::Variant | Self::Verdict | Self::Binds)
    }

    /// Content of the column for a cell.
    pub(super) fn shown(self, cell: &Cell, scenario: &Scenario) -> TableCell {
        match (self, cell.comparison) {
            (Self::Verdict, Some(comparison)) if cell.noise.is_none() => {
                comparison.contrast.verdict.into()
            }
            _ => {
                let text = self.text(cell, scenario);
                text.unwrap_or_else(|| ABSENT.to_owned()).into()
            }
        }
    }

    /// Text of the column for a cell, except for verdicts on variants. `None` if there is nothing
    /// to say.
    fn text(self, cell: &Cell, scenario: &Scenario) -> Option<String> {
        let ledger = || cell.summary.and_then(|summary| summary.ledger);
        let of_ledger =
            |figure: fn(&LedgerSummary) -> u64| ledger().as_ref().map(figure).map(units::bytes);
        let of_ceilings = |figure: fn(&Ceilings) -> f64, shown: fn(f64) -> String| {
            cell.ceilings.map(figure).map(shown)
        };
        let of_requests = |shown: fn(CellRequests) -> String| CellRequests::of(cell).map(shown);
        match self {
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
            Self::StreamTimes => stream_times(cell),
            Self::PeakMemory => cell.record.peak_memory_bytes.map(units::bytes),
            Self::TimeRatio => time_ratio(cell, scenario),
            Self::Verdict => cell.noise.map(|_| "noise".to_owned()),
            Self::EndToEndTime => lane_time(cell, Lane::EndToEnd),
            Self::StorageTime => lane_time(cell, Lane::Storage),
            Self::ComputeTime => lane_time(cell, Lane::Compute),
            Self::StorageCeiling => {
                of_ceilings(|it| it.storage_bytes_per_s, units::bytes_per_second)
            }
            Self::ComputeCeiling => {
                of_ceilings(|it| it.compute_bytes_per_s, units::bytes_per_second)
            }
            Self::Binds => cell.ceilings.map(|it| it.binds.name().to_owned()),
            Self::Overlap => of_ceilings(|it| it.overlap, |share| format!("{share:.2}")),
            Self::ArrowBytes => of_ledger(|it| it.arrow_bytes),
            Self::EncodedBytes => of_ledger(|it| it.chunk_encoded_bytes),
            Self::CompressedBytes => of_ledger(|it| it.chunk_compressed_bytes),
            Self::DataBytes => of_ledger(|it| it.engine_data_bytes),
            Self::MetadataBytes => of_ledger(|it| it.engine_metadata_bytes),
            Self::RequestedBytes => of_ledger(|it| it.requested_bytes),
            Self::DeviceBytes => ledger()
                .and_then(|it| it.device_read_bytes)
                .map(units::bytes),
            Self::OverRead => ledger().and_then(|it| it.over_read_ratio).map(units::ratio),
            Self::Ranges => of_requests(|it| units::count(it.ranges)),
            Self::Requests => of_requests(|it| units::count(it.requests)),
            Self::FooterRequests => of_requests(|it| units::count(it.of_footers)),
            Self::Attempts => of_requests(|it| units::count(it.attempts)),
            Self::Retries => of_requests(|it| units::count(it.retries.total())),
            Self::Backoff => of_requests(|it| units::duration_ns(it.backoff_ns as f64)),
            Self::FirstByte => CellRequests::of(cell)?.first_byte_ns.map(spread),
            Self::LastByte => CellRequests::of(cell)?.attempt_ns.map(spread),
            Self::InFlight => of_requests(|it| units::count(it.most_in_flight)),
        }
    }
}

/// Name of a variant, with the numbers of measured iterations that failed or are void, which the
/// figures beside it leave out.
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

/// Median and tail of the times of single copies of a query.
fn stream_times(cell: &Cell) -> Option<String> {
    let times = cell.summary?.stream_ns?;
    let shown = |time: u64| units::duration_ns(time as f64);
    Some(format!("{}, {}", shown(times.p50), shown(times.p99)))
}

/// Median of a lane, and its ratio to the baseline's with the verdict.
fn lane_time(cell: &Cell, lane: Lane) -> Option<String> {
    let summary = cell.record.summary.get(&lane)?;
    let shown = units::duration_ns(summary.median_ns);
    let compared = cell.of_lanes.iter().find(|it| it.lane == lane);
    let compared = compared.and_then(|it| Some((it.contrast.ratio?, it.contrast.verdict.name())));
    Some(match compared {
        Some((ratio, verdict)) => format!("{shown}, {} {verdict}", units::ratio(ratio)),
        None => shown,
    })
}

pub(super) fn median_time(cell: &Cell) -> Option<String> {
    let summary = cell.summary?;
    Some(match (summary.ci_low_ns, summary.ci_high_ns) {
        (Some(low), Some(high)) => units::duration_interval_ns(summary.median_ns, low, high),
        _ => units::duration_ns(summary.median_ns),
    })
}

/// Row groups read, such as `12 of 96, 84 pruned`, or `12 to 14 of 96` if iterations differ (as
/// they may with filters that are built while running).
pub(super) fn row_groups_read(cell: &Cell) -> Option<String> {
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

pub(super) fn columns_read(cell: &Cell) -> Option<String> {
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
    let noise = cell.noise.map(|noise| &noise.contrast);
    let contrast = noise.or(cell.comparison.map(|comparison| &comparison.contrast))?;
    ratio_with_interval(contrast)
}
