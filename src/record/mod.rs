//! What is kept on disk about a run: versioned types of their own, the journal and the store.
//!
//! The types name the fields that other programs may rely on. Within one `schema_version` fields are only added.

#[cfg(test)]
pub(crate) mod fixture;
mod journal;
mod non_finite;
mod store;
mod system;

pub use journal::{ApplyError, Journal};
pub use store::{RecordError, read_record, to_json, write_record};
pub use system::{Build, FileSystem, System};

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
    /// Smallest effect of interest: a ratio that differs from 1 by no more is of no practical consequence.
    #[serde(default = "default_effect")]
    pub effect: f64,
    /// Why there were no more rounds; absent where the run did not come to its end.
    #[serde(default)]
    pub stopped: Option<Stopped>,
    pub comparisons: Vec<Comparison>,
    pub noise: Vec<Noise>,
    #[serde(default)]
    pub ceilings: Vec<Ceilings>,
    #[serde(default)]
    pub findings: Vec<Finding>,
}

fn default_effect() -> f64 {
    0.01
}

/// How the rounds of a run came to their end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    pub by: StopReason,
    /// Measured rounds.
    pub rounds: u32,
    /// Widest of the intervals that were to become narrow, as a share: high / low - 1; absent where one had no bounds yet.
    pub widest_interval: Option<f64>,
    /// Width that was asked for, and the time that there was for it.
    pub precision: f64,
    pub time_budget_ns: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// As many as were asked for.
    Rounds,
    /// Every interval is as narrow as was asked for.
    Precision,
    /// The time was up before that.
    TimeBudget,
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
    /// Present where this is the control: the baseline once more, measured like any cell, whose ratio shows noise alone.
    #[serde(default)]
    pub control: Option<ControlKind>,
    pub iterations: Vec<Iteration>,
    /// Most memory resident in a process that did nothing but open the tables and execute the query once; absent where none
    /// was started.
    pub peak_memory_bytes: Option<u64>,
    /// What was resident in that process before the query began.
    #[serde(default)]
    pub base_memory_bytes: Option<u64>,
    pub expectations: Vec<ExpectationResult>,
    /// By lane; only measured iterations with status `ok` count.
    pub summary: BTreeMap<String, Summary>,
}

/// What a control reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// A copy of the baseline's files, byte for byte.
    Copy,
    /// The baseline's files themselves.
    SameFiles,
}

impl ControlKind {
    pub fn name(self) -> &'static str {
        match self {
            ControlKind::Copy => "copy",
            ControlKind::SameFiles => "same_files",
        }
    }
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

    pub fn name(self) -> &'static str {
        match self {
            Lane::EndToEnd => "end_to_end",
            Lane::Storage => "storage",
            Lane::Compute => "compute",
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
    /// Of the whole process, and of all streams.
    pub cpu_user_ns: u64,
    pub cpu_system_ns: u64,
    /// Page faults that were served without and with reading a device, and context switches that the process asked for and
    /// did not, of the whole process, by getrusage(2).
    #[serde(default)]
    pub minor_faults: u64,
    #[serde(default)]
    pub major_faults: u64,
    #[serde(default)]
    pub voluntary_switches: u64,
    #[serde(default)]
    pub involuntary_switches: u64,
    /// Most bytes that DataFusion's operators held in their memory pool at once. What scans hold is not in it.
    #[serde(default)]
    pub memory_pool_peak_bytes: Option<u64>,
    /// Copies of the query that ran at once. Times are of all of them together, rows and Arrow bytes of one, other bytes and
    /// CPU time of all.
    #[serde(default = "one")]
    pub streams: u32,
    /// How long each copy took, in each execution; empty where there is one copy.
    #[serde(default)]
    pub stream_elapsed_ns: Vec<u64>,
    /// Rows of one copy.
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
    /// Bytes of the column chunks that were asked for, in whole or in part: before compression, and as stored.
    #[serde(default)]
    pub chunk_encoded_bytes: u64,
    #[serde(default)]
    pub chunk_compressed_bytes: u64,
    /// Requests that reached the store.
    pub requests: u64,
    pub requested_bytes: u64,
    /// How long calls of the store took, over all executions; absent where there were none.
    #[serde(default)]
    pub store_calls: Option<StoreCalls>,
    /// Bytes that the block device delivered to this process meanwhile, where the system tells.
    pub device_read_bytes: Option<u64>,
    pub cache: Cache,
    /// Partitions that scans ran in, largest of the scans.
    pub scan_partitions: u64,
    pub scans: Vec<Scan>,
}

fn one() -> u32 {
    1
}

impl Iteration {
    /// One that came to nothing: its place, and no figures.
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
            started_offset_ns,
            kind,
            status: Status::Failed,
            reason: Some(reason),
            elapsed_ns: 0,
            planning_ns: 0,
            first_batch_ns: None,
            executions: 0,
            cpu_user_ns: 0,
            cpu_system_ns: 0,
            minor_faults: 0,
            major_faults: 0,
            voluntary_switches: 0,
            involuntary_switches: 0,
            memory_pool_peak_bytes: None,
            streams: 1,
            stream_elapsed_ns: Vec::new(),
            rows: 0,
            arrow_bytes: 0,
            checksum: None,
            engine_ranges: 0,
            engine_data_bytes: 0,
            engine_metadata_bytes: 0,
            chunk_encoded_bytes: 0,
            chunk_compressed_bytes: 0,
            requests: 0,
            requested_bytes: 0,
            store_calls: None,
            device_read_bytes: None,
            cache,
            scan_partitions: 0,
            scans: Vec::new(),
        }
    }
}

/// The calls of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCalls {
    /// A call asks for one range or for several of one file.
    pub calls: u64,
    /// From the call to its last byte, within 1 %.
    pub latency_ns: Percentiles,
    /// Of single ranges, within 1 %.
    pub range_bytes: Percentiles,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub max: u64,
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
    /// Share of the working set's pages that were resident before the iteration, 0 to 1, the worst of its executions; absent
    /// where not attested.
    pub resident_ratio_before: Option<f64>,
    /// What shows that a cold or direct iteration was one.
    #[serde(default)]
    pub cold_evidence: Option<ColdEvidence>,
    /// The engine's own caches of footers. Where they are fresh, footers are read within the iteration.
    #[serde(default)]
    pub engine: EngineCache,
}

/// Where the bytes of an iteration come from, as far as this host can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheState {
    /// The client's page cache.
    Warm,
    /// Not the client's page cache. A server's, a controller's or a hypervisor's cache is not seen.
    Cold,
    /// Read past the client's page cache, by O_DIRECT.
    Direct,
    /// The process's own memory, as the lane `compute` has it.
    Memory,
}

impl CacheState {
    pub fn name(self) -> &'static str {
        match self {
            CacheState::Warm => "warm",
            CacheState::Cold => "cold",
            CacheState::Direct => "direct",
            CacheState::Memory => "memory",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColdEvidence {
    /// At most 1 % of the files' pages were resident before each execution.
    Residency,
    /// Block devices delivered at least 95 % of the bytes that were requested.
    DeviceBytes,
    None,
}

impl ColdEvidence {
    pub fn name(self) -> &'static str {
        match self {
            ColdEvidence::Residency => "residency",
            ColdEvidence::DeviceBytes => "device_bytes",
            ColdEvidence::None => "none",
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineCache {
    /// Emptied before each execution.
    Fresh,
    /// Filled when the table was opened, and kept.
    #[default]
    Warm,
}

impl EngineCache {
    pub fn name(self) -> &'static str {
        match self {
            EngineCache::Fresh => "fresh",
            EngineCache::Warm => "warm",
        }
    }
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
    /// Rows that each partition of the scan gave out, of the scan of most partitions where there are several.
    #[serde(default)]
    pub partition_rows: Vec<u64>,
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
    /// Where the bytes went; absent in records from before it was kept.
    #[serde(default)]
    pub ledger: Option<Ledger>,
    /// Time of single copies of a query that ran in several; absent where there is one copy.
    #[serde(default)]
    pub stream_ns: Option<Percentiles>,
}

/// The bytes of one execution, medians over iterations, from what the user gets down to what the device gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Logical bytes of the result.
    pub arrow_bytes: u64,
    /// The column chunks that were asked for: before compression, and as stored.
    pub chunk_encoded_bytes: u64,
    pub chunk_compressed_bytes: u64,
    /// Of these chunks, and of all else, what the engine asked for.
    pub engine_data_bytes: u64,
    pub engine_metadata_bytes: u64,
    /// What was sent for after merging.
    pub requested_bytes: u64,
    /// What block devices delivered, where the system tells.
    pub device_read_bytes: Option<u64>,
    /// Bytes that were moved for a byte of data: those of the device where the cache was cold or passed by, else those
    /// requested, over the engine's data bytes; absent where no data was read.
    pub over_read_ratio: Option<f64>,
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
    /// Probability of pairs as far from equal as these, were the two equal; and the same made larger by Holm's method for as
    /// many comparisons as the run makes.
    #[serde(default)]
    pub p: Option<f64>,
    #[serde(default)]
    pub p_adjusted: Option<f64>,
    /// Comparisons that the run makes.
    #[serde(default)]
    pub family: u32,
    pub verdict: Verdict,
}

/// The control of a scenario and lane over its baseline: two cells that are equal, so that what they differ by is noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    pub scenario: String,
    pub lane: Lane,
    pub kind: ControlKind,
    pub ratio: f64,
    pub ci_low: f64,
    pub ci_high: f64,
    #[serde(default)]
    pub confidence: f64,
    #[serde(default)]
    pub pairs: u32,
    /// What would be said of the control if it were any variant.
    pub verdict: Verdict,
}

/// What the three lanes of a cell say together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ceilings {
    pub cell: String,
    /// Medians of the lanes.
    pub end_to_end_ns: f64,
    pub storage_ns: f64,
    pub compute_ns: f64,
    /// Requested bytes of the end-to-end lane over these times.
    pub end_to_end_bytes_per_s: f64,
    pub storage_bytes_per_s: f64,
    pub compute_bytes_per_s: f64,
    /// Time of `storage` over that of `compute`, paired by rounds.
    pub ratio: f64,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    pub binds: Binds,
    /// The larger of the two times over `end_to_end`, paired by rounds: 1 is perfect overlap of reading and computing; at their
    /// sum over `end_to_end` = 1, there is none.
    pub overlap: f64,
}

/// Which of the two takes longer, and so bounds how fast the query can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binds {
    Storage,
    Compute,
    /// The interval of their ratio holds 1, or there is none.
    Undecided,
}

/// Something about the timings of a cell that a reader has to know. Nothing is left out of the figures for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub cell: String,
    pub lane: Lane,
    pub kind: FindingKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    Drift,
    Bimodality,
    Outliers,
    Parallelism,
    Ranges,
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
    /// What a process that did nothing but execute a cell's query needed.
    Memory {
        cell: String,
        peak_memory_bytes: u64,
        base_memory_bytes: u64,
    },
    Stopped {
        stopped: Stopped,
    },
    /// Last line of a run that came to its end.
    Finished,
}
