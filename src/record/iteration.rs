//! One timed measurement of a cell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

use super::cache::Cache;
use super::figures::Figures;

/// What is timed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Lane {
    /// The real thing.
    EndToEnd,
    /// The byte ranges that it asks for, read and dropped.
    Storage,
    /// The same query, its bytes already in memory.
    Compute,
}

impl Lane {
    pub const ALL: [Lane; 3] = [Lane::EndToEnd, Lane::Storage, Lane::Compute];

    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// Kind of round that an iteration is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    Warmup,
    Measured,
}

/// What became of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    Ok,
    /// Finished, but its cache state could not be established; not counted.
    Void,
    Failed,
}

/// One timed measurement of a cell in a lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    pub lane: Lane,
    /// Warm-up and measured rounds count apart, each from 0.
    pub round: u32,
    /// Place of the cell within its round, from 0.
    pub position: u32,
    /// Block of rounds that this one is of, where a cell has several rounds one after the other;
    /// absent elsewhere, and in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u32>,
    /// Since the start of the run.
    pub started_offset_ns: u64,
    pub kind: Kind,
    pub status: Status,
    pub reason: Option<String>,
    #[serde(flatten)]
    pub figures: Figures,
    /// Partitions that scans ran in, largest of the scans.
    pub scan_partitions: u64,
    pub scans: Vec<Scan>,
}

impl Iteration {
    /// Number of what this iteration is one observation of, or a part of one: its block where there
    /// are blocks, else its round.
    pub fn unit(&self) -> u32 {
        self.block.unwrap_or(self.round)
    }

    /// Iteration that came to nothing: its place, and no figures.
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
    /// Row groups that were read, and that the table holds.
    pub row_groups_read: u64,
    pub row_groups: u64,
    /// Row groups that partitions, statistics and filters ruled out before anything of them was
    /// read; what a limit left unread is not among them. 0 where the plan has no scan of the table.
    #[serde(default)]
    pub row_groups_pruned: u64,
    pub files_read: u64,
    pub files: u64,
    /// Rows that each partition of the scan gave out, of the scan of most partitions where there
    /// are several.
    #[serde(default)]
    pub partition_rows: Vec<u64>,
}
