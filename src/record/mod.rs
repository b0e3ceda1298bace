//! What is kept on disk about a run: versioned types of their own, the journal and the store.
//!
//! The types name the fields that other programs may rely on. Within one `schema_version` fields are only added.

#[cfg(test)]
pub(crate) mod fixture;
mod journal;
mod non_finite;
mod store;

pub use journal::{ApplyError, Journal};
pub use store::{RecordError, read_record, to_json, write_record};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the record format that this program writes, and the newest that it reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything kept of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub schema_version: u32,
    pub run_id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    pub command_line: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// Seed of the order of cells in a round.
    pub seed: u64,
    pub versions: Versions,
    pub system: System,
    pub config: serde_json::Value,
    pub warnings: Vec<String>,
    /// False where the run was interrupted or failed before its last round.
    pub complete: bool,
    pub datasets: Vec<DatasetRecord>,
    pub cells: Vec<CellRecord>,
    pub comparisons: Vec<Comparison>,
    pub noise: Vec<Noise>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    pub bench: String,
    pub commit: String,
    pub datafusion: String,
    pub arrow: String,
    pub parquet: String,
    pub object_store: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    pub os: String,
    pub kernel: String,
    pub cpu_model: String,
    /// Cores that this process may use.
    pub cores: u64,
    pub memory_total_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Written by this program, footers verified.
    Generated,
    /// Read as it was found.
    External,
}

/// One dataset, or one table of existing files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecord {
    pub id: String,
    /// Tables it is registered as.
    pub tables: Vec<String>,
    pub origin: Origin,
    /// Folder, file, glob or URL it was read from.
    pub location: String,
    /// Existing rows that it was written from, where it was not generated.
    #[serde(default)]
    pub source: Option<String>,
    /// Equal for equal rows, whatever the layout. For external data, of the file list.
    pub content_fingerprint: String,
    pub layout_fingerprint: String,
    pub rows: u64,
    pub files: u64,
    pub file_bytes: u64,
    pub row_groups: u64,
    pub columns: Vec<ColumnRecord>,
    /// Present where this run generated it.
    pub write: Option<WriteRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRecord {
    pub name: String,
    pub dtype: String,
    pub encodings: Vec<String>,
    /// Codecs found in the footers.
    pub codecs: Vec<String>,
    /// Bytes of its chunks before compression, from the footers.
    pub encoded_bytes: u64,
    /// Bytes of its chunks as stored, from the footers.
    pub compressed_bytes: u64,
    /// Its chunks, and those of them whose dictionary the writer gave up for another encoding; 0 in records from before
    /// they were counted.
    #[serde(default)]
    pub chunks: u64,
    #[serde(default)]
    pub fallback_chunks: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteRecord {
    pub elapsed_ns: u64,
    /// User and system time of the whole process while writing.
    pub cpu_ns: u64,
}

/// One scenario on one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    pub id: String,
    pub scenario: String,
    pub description: Option<String>,
    pub sql: String,
    pub variant_name: String,
    /// Key path -> value that this variant sets.
    pub variant: BTreeMap<String, serde_json::Value>,
    /// Ids of the datasets whose tables its query scans.
    pub dataset: Vec<String>,
    /// Why equal content may give different results, where the scenario says so; its results are not compared.
    #[serde(default)]
    pub nondeterministic: Option<String>,
    /// The physical plan, indented text.
    pub plan: String,
    /// Columns that the scans read and columns that the scanned tables store, summed over the scans.
    pub columns_read: u64,
    pub columns_stored: u64,
    /// Row groups in the scanned tables.
    pub row_groups: u64,
    /// Bytes of the files of the tables that the query scans; 0 in records from before it was kept.
    #[serde(default)]
    pub file_bytes: u64,
    pub iterations: Vec<Iteration>,
    pub peak_memory_bytes: Option<u64>,
    pub expectations: Vec<ExpectationResult>,
    /// By lane; only measured iterations with status `ok` count.
    pub summary: BTreeMap<String, Summary>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    EndToEnd,
}

impl Lane {
    pub fn name(self) -> &'static str {
        match self {
            Lane::EndToEnd => "end_to_end",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Warmup,
    Measured,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    /// Finished, but its cache state could not be established; not counted.
    Void,
    Failed,
}

/// One timed measurement of a cell in a lane. Figures are per execution unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    pub lane: Lane,
    /// Warm-up and measured rounds count apart, each from 0.
    pub round: u32,
    /// Place of the cell within its round, from 0.
    pub position: u32,
    /// Since the start of the run.
    pub started_offset_ns: u64,
    pub kind: Kind,
    pub status: Status,
    pub reason: Option<String>,
    /// Execution to the last batch of every partition, planning excluded.
    pub elapsed_ns: u64,
    pub planning_ns: u64,
    /// From the start of the execution; absent where no batch came.
    pub first_batch_ns: Option<u64>,
    /// How many times the query was executed; the figures are means over these.
    pub executions: u32,
    pub cpu_user_ns: u64,
    pub cpu_system_ns: u64,
    pub rows: u64,
    /// Logical bytes of the result's values; counted in the checksummed execution, whose rows are the same.
    pub arrow_bytes: u64,
    /// Order-independent checksum of the result, where this iteration took one (warm-ups; outside the timed region).
    pub checksum: Option<Checksum>,
    /// Byte ranges that the engine asked for.
    pub engine_ranges: u64,
    /// Bytes of column chunks that the engine asked for.
    pub engine_data_bytes: u64,
    /// Bytes of footers, page indexes and bloom filters that the engine asked for.
    pub engine_metadata_bytes: u64,
    /// Requests that reached the store.
    pub requests: u64,
    pub requested_bytes: u64,
    /// Bytes that the block device delivered to this process meanwhile, where the system tells.
    pub device_read_bytes: Option<u64>,
    pub cache: Cache,
    /// Partitions that scans ran in, largest of the scans.
    pub scan_partitions: u64,
    pub scans: Vec<Scan>,
}

/// Order-independent checksum: equal for equal multisets of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checksum {
    /// Hexadecimal, over all values that must be equal to the bit.
    pub exact: String,
    /// Sums of floating-point values that an aggregation produced; equal within 1e-9 relative. What JSON has no number
    /// for is kept as "NaN", "inf" and "-inf".
    #[serde(with = "non_finite")]
    pub approximate: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cache {
    pub state: CacheState,
    /// Share of the working set's pages that were resident before the iteration, 0 to 1; absent where not attested.
    pub resident_ratio_before: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheState {
    Warm,
}

/// One scan of a plan, with DataFusion's metrics by DataFusion's names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    pub table: String,
    /// Counters under their name (`bytes_scanned`); pruning metrics as `<name>_pruned` and `<name>_matched`
    /// (`row_groups_pruned_statistics_pruned`); times in nanoseconds, summed over partitions.
    pub metrics: BTreeMap<String, u64>,
    /// Row groups that were read, and that the table holds.
    pub row_groups_read: u64,
    pub row_groups: u64,
    /// Row groups that partitions, statistics and filters ruled out before anything of them was read; what a limit
    /// left unread is not among them. 0 where the plan has no scan of the table.
    #[serde(default)]
    pub row_groups_pruned: u64,
    pub files_read: u64,
    pub files: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectationResult {
    pub name: String,
    pub expected: String,
    pub found: String,
    pub passed: bool,
}

/// What the measured iterations of one cell in one lane come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub median_ns: f64,
    /// Interval of the median at `confidence`; absent where there are too few iterations for 99 %, which is under 8.
    pub ci_low_ns: Option<f64>,
    pub ci_high_ns: Option<f64>,
    /// Confidence that the interval reaches (at least what was asked), 0 to 1.
    pub confidence: Option<f64>,
    pub iterations: u32,
    pub rows_per_s: f64,
    pub arrow_bytes_per_s: f64,
    pub requested_bytes_per_s: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Faster,
    Slower,
    Tie,
    Inconclusive,
}

/// One cell against another of the same scenario and lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub scenario: String,
    pub lane: Lane,
    /// `elapsed_ns`.
    pub metric: String,
    /// Cell ids.
    pub baseline: String,
    pub candidate: String,
    /// Candidate over baseline; below 1 is faster. Absent without pairs.
    pub ratio: Option<f64>,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// Confidence that the interval reaches, 0 to 1; where there is none, the one that was asked for.
    pub confidence: f64,
    pub method: String,
    /// Rounds in which both cells were measured.
    pub pairs: u32,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    pub scenario: String,
    pub lane: Lane,
    pub kind: String,
    pub ratio: f64,
    pub ci_low: f64,
    pub ci_high: f64,
}

/// A line of the journal, in the order things happened. A record is what the lines add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// First line: the record without datasets and cells.
    Started {
        record: Box<RunRecord>,
    },
    Dataset {
        dataset: Box<DatasetRecord>,
    },
    /// A cell before its first iteration.
    Cell {
        cell: Box<CellRecord>,
    },
    Iteration {
        cell: String,
        iteration: Box<Iteration>,
    },
    Expectations {
        cell: String,
        expectations: Vec<ExpectationResult>,
    },
    Warning {
        text: String,
    },
    /// Last line of a run that came to its end.
    Finished,
}
