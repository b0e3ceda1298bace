//! One timed measurement of a cell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

use super::cache::Cache;
use super::figures::Figures;
use super::worker::WorkerFigures;

/// Part of a query that is timed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Lane {
    /// The query as users run it.
    EndToEnd,
    /// The query's byte ranges, read and dropped.
    Storage,
    /// The query while its bytes are in memory.
    Compute,
}

impl Lane {
    pub const ALL: [Lane; 3] = [Lane::EndToEnd, Lane::Storage, Lane::Compute];

    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// Kind of the round of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    Warmup,
    Measured,
}

/// Outcome of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    Ok,
    /// The iteration finished, but its cache state could not be established. It does not count.
    Void,
    Failed,
}

/// One timed measurement of a cell in a lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    pub lane: Lane,
    /// Number of the round. Warm-up and measured rounds count apart, each from 0.
    pub round: u32,
    /// Place of the cell within its round, from 0.
    pub position: u32,
    /// Block that contains the round, if a cell has several rounds one after the other. Absent
    /// otherwise, and in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u32>,
    /// Time of its start, since the start of the run.
    pub started_offset_ns: u64,
    pub kind: Kind,
    pub status: Status,
    pub reason: Option<String>,
    #[serde(flatten)]
    pub figures: Figures,
    /// Largest number of partitions in which a scan ran.
    pub scan_partitions: u64,
    pub scans: Vec<Scan>,
    /// Share of each worker, in the order of the workers. Empty if there were none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<WorkerFigures>,
}

impl Iteration {
    /// Number of the unit that counts as one observation: the block if there are blocks, else the
    /// round.
    pub fn unit(&self) -> u32 {
        self.block.unwrap_or(self.round)
    }

    /// Makes an iteration that failed. It has a place, but no figures.
    pub fn failed(
        lane: Lane,
        kind: Kind,
        (round, position): (u32, u32),
        started_offset_ns: u64,
        cache: Cache,
        reason: String,
    ) -> Self {
        Iteration {
            lane,
            round,
            position,
            block: None,
            started_offset_ns,
            kind,
            status: Status::Failed,
            reason: Some(reason),
            figures: Figures {
                streams: 1,
                cache,
                ..Figures::default()
            },
            scan_partitions: 0,
            scans: Vec::new(),
            workers: Vec::new(),
        }
    }
}

/// One scan of a plan, with DataFusion's metrics by DataFusion's names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    pub table: String,
    /// Counters under their name (`bytes_scanned`); pruning metrics as `<name>_pruned` and
    /// `<name>_matched` (`row_groups_pruned_statistics_pruned`); times in nanoseconds, summed over
    /// partitions.
    pub metrics: BTreeMap<String, u64>,
    /// Row groups that were read. `row_groups` are those of the table.
    pub row_groups_read: u64,
    pub row_groups: u64,
    /// Row groups that partitions, statistics and filters ruled out before any of their data was
    /// read. Those that a limit left unread are not included. 0 if the plan has no scan of the
    /// table.
    #[serde(default)]
    pub row_groups_pruned: u64,
    pub files_read: u64,
    pub files: u64,
    /// Rows that each partition of the scan output. Of several scans, it is the one with the most
    /// partitions.
    #[serde(default)]
    pub partition_rows: Vec<u64>,
}
