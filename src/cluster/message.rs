//! Messages between a coordinator and its workers. Both are of the same build, so that the messages
//! need no version.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::config::{Connection, PageCache, Reader};
use crate::record::{EngineCache, Figures, System};

/// Header that names the measurement to which a plan or a result belongs.
pub(super) const MEASUREMENT: &str = "x-bench-measurement";

/// Facts of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerFacts {
    /// Program and build, which must be those of the coordinator.
    pub build: String,
    /// Number drawn at its start, by which two URLs of one worker are known.
    pub instance: u64,
    pub host: String,
    pub pid: u32,
    /// Boot of the kernel and namespace of processes, in which `pid` has a meaning. Empty if the
    /// system does not tell.
    pub processes: String,
    pub system: System,
    /// Places below which the worker reads.
    pub roots: Vec<String>,
    /// Most bytes that operators of a query may hold.
    pub memory_limit_bytes: u64,
}

/// Request for a worker's exclusive attention, which lasts as long as its answer is read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LeaseRequest {
    pub(super) lease: u64,
    /// User, host and process of the coordinator.
    pub(super) who: String,
}

/// Request to open the files that a worker reads for one cell.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenRequest {
    pub(super) lease: u64,
    pub(super) session: u64,
    pub(super) reader: Reader,
    /// Options of the engine.
    pub(super) options: Vec<(String, String)>,
    pub(super) connection: Connection,
    /// Number of the worker, counted from 0.
    pub(super) rank: u64,
    pub(super) tables: Vec<TableShare>,
}

/// Files of one table that a worker reads.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct TableShare {
    pub(super) table: String,
    pub(super) files: Vec<FileShare>,
}

/// A file by its location, with its size and time as the coordinator's plans state them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FileShare {
    pub(super) location: String,
    pub(super) bytes: u64,
    pub(super) modified_ns: i64,
}

/// Content of a file as a process sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenFile {
    pub(super) bytes: u64,
    /// Hash of its ends, the footer included. Absent in a store behind a network.
    pub(super) ends: Option<u64>,
    /// Tag of its content, by the store.
    pub(super) e_tag: Option<String>,
}

/// Request to bring caches into a state, and to observe executions from then on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BeginRequest {
    pub(super) lease: u64,
    pub(super) session: u64,
    pub(super) measurement: u64,
    pub(super) page_cache: PageCache,
    pub(super) engine: EngineCache,
    /// True if cold drops the page cache of the whole host.
    pub(super) whole_host: bool,
}

/// Report of executions that have ended since the worker last brought its caches into their state.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct EndedExecutions {
    pub(super) lease: u64,
    pub(super) measurement: u64,
    pub(super) executions: u32,
    pub(super) elapsed_ns: u64,
}

/// Request for the figures of a measurement, which ends with it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EndRequest {
    pub(super) ended: EndedExecutions,
    /// Queries that ran: executions, by the streams of each.
    pub(super) queries: u32,
}

/// A worker's share in a measurement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkerReport {
    /// Figures of one execution.
    pub figures: Figures,
    /// Reason why the executions do not count; absent if they do.
    pub void: Option<String>,
    /// Files of the cell that the worker has.
    pub files: u64,
    /// Time during which scans ran, of one execution.
    pub busy_ns: u64,
    pub resident_peak_bytes: Option<u64>,
    pub scans: Vec<TableScans>,
    /// Chunks of column chunks that were read, by the file's name in the store.
    pub(super) touched: Vec<(String, Vec<Range<usize>>)>,
    /// Messages of panics in the worker meanwhile.
    pub panics: Vec<String>,
}

/// Work of a worker's scans of one table, of one query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableScans {
    pub table: String,
    /// DataFusion's metrics, summed over scans, tasks and partitions.
    pub metrics: BTreeMap<String, u64>,
    /// Rows of each partition, for each scan of the table by its number in the plan.
    pub partition_rows: Vec<(u32, Vec<u64>)>,
}

/// An error, as the answer to a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) reason: String,
    /// True if the request is at fault, and not the worker.
    pub(super) usage: bool,
}

impl Refused {
    pub(super) fn usage(reason: impl Into<String>) -> Self {
        Refused {
            reason: reason.into(),
            usage: true,
        }
    }

    pub(super) fn failed(reason: impl ToString) -> Self {
        Refused {
            reason: reason.to_string(),
            usage: false,
        }
    }
}
