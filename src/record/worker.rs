//! Workers that executed the queries of a run.

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::system::System;

/// A worker of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerRecord {
    pub url: String,
    pub host: String,
    /// Number of its process on that host.
    pub pid: u32,
    pub system: System,
    /// Places below which it reads.
    pub roots: Vec<String>,
    /// Most bytes that operators of a query may hold there.
    pub memory_limit_bytes: u64,
    /// Reason why the run went on without it. Absent if it was there until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

/// Share of a worker in an iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerFigures {
    /// URL of the worker.
    pub worker: String,
    /// Figures of this worker's share. Times of the whole query are those of the iteration.
    #[serde(flatten)]
    pub figures: Figures,
    /// Files of the query's tables that the worker has.
    #[serde(default)]
    pub files: u64,
    /// Time during which scans ran on the worker, of one execution.
    pub busy_ns: u64,
    /// Most resident memory of the worker's process meanwhile. Absent if the system does not tell.
    pub resident_peak_bytes: Option<u64>,
    /// Bytes that the worker's scans read, by DataFusion's metric `bytes_scanned`.
    pub bytes_scanned: u64,
    /// Rows that the worker's scans output.
    pub scan_rows: u64,
}
