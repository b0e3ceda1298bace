//! What is kept on disk about a run: versioned types of their own, the journal and the store.
//!
//! The types name the fields that other programs may rely on. Within one `schema_version` fields are only added.

#[cfg(test)]
pub(crate) mod fixture;
mod iteration;
mod journal;
mod non_finite;
mod outcome;
mod store;
mod system;

pub use iteration::{
    Cache, CacheState, Checksum, ColdEvidence, EngineCache, ExpectationResult, Iteration, Kind,
    Lane, Percentiles, RequestProfile, Scan, Status, StoreCall, StoreCalls,
};
pub use journal::{ApplyError, Journal};
pub use outcome::{
    Binds, BreakEven, Ceilings, Comparison, Contrast, Crossing, CrossingPoint, Finding,
    FindingKind, Ledger, Noise, Overall, PredictionCheck, Preference, Ranked, Ranking, Standing,
    Stretch, Summary, Verdict,
};
pub use store::{RecordError, read_record, to_json, write_record};
pub use system::{Build, FileSystem, System};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the record format that this program writes, and the newest that it reads.
pub const SCHEMA_VERSION: u32 = 2;

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
    #[serde(default)]
    pub overall: Vec<Overall>,
    #[serde(default)]
    pub standings: Vec<Standing>,
    #[serde(default)]
    pub rankings: Vec<Ranking>,
    #[serde(default)]
    pub break_even: Vec<BreakEven>,
    #[serde(default)]
    pub prediction_checks: Vec<PredictionCheck>,
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
    /// Width that was asked for, and the time that there was for it; absent where a number of rounds was asked for.
    pub precision: Option<f64>,
    pub time_budget_ns: Option<u64>,
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
    /// What it took to write it, in this run or an earlier one; absent where it was not written in one go.
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
    /// Columns that the query takes and that the engine does not read, as statistics say what they
    /// hold; absent in records from before it was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_statistics: Vec<FromStatistics>,
    /// Row groups in the scanned tables.
    pub row_groups: u64,
    /// Bytes of the files of the tables that the query scans; 0 in records from before it was kept.
    #[serde(default)]
    pub file_bytes: u64,
    /// What the engine was set to; absent in records from before it was kept.
    #[serde(default)]
    pub engine: Option<EngineRecord>,
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
    /// Present where it was looked at.
    #[serde(default)]
    pub profile: Option<RequestProfile>,
    pub expectations: Vec<ExpectationResult>,
    /// Only measured iterations with status `ok` count.
    #[serde(serialize_with = "outcome::by_name_of_lane")]
    pub summary: BTreeMap<Lane, Summary>,
}

/// A column, or the number of rows, that the engine takes from statistics in footers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromStatistics {
    pub table: String,
    /// Absent for the number of rows.
    pub column: Option<String>,
    /// Files in which the column is not read, of all files that the query scans.
    pub files: u64,
    pub of_files: u64,
}

impl CellRecord {
    /// The value of a key path in this cell's variant, as a config would write it, where `config` is what variants are applied to.
    pub fn setting(&self, config: &serde_json::Value, key: &str) -> Option<String> {
        let of_config = || {
            key.split('.')
                .try_fold(config, |value, part| value.get(part))
        };
        self.variant.get(key).or_else(of_config).map(as_written)
    }
}

/// A value as a config would write it.
pub fn as_written(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Settings of the engine that a cell ran in, as they were in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRecord {
    pub target_partitions: u64,
    /// Rows.
    pub batch_size: u64,
    /// Room for footers, listings and statistics of files, in bytes.
    pub metadata_cache_limit_bytes: u64,
    pub list_files_cache_limit_bytes: u64,
    pub file_statistics_cache_limit_bytes: u64,
    /// Most that operators may hold; absent where there is no limit of this program's config.
    pub memory_limit_bytes: Option<u64>,
    /// What reads were slowed down to; absent where they were not.
    #[serde(default)]
    pub throttle: Option<ThrottleRecord>,
}

/// A storage that reads were made as slow as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleRecord {
    /// Of all requests together; absent where there was no limit.
    pub bytes_per_s: Option<u64>,
    /// Of each request.
    pub latency_ns: u64,
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
    /// What a cell asks of the store, and when.
    Profile {
        cell: String,
        profile: RequestProfile,
    },
    Stopped {
        stopped: Stopped,
    },
    /// Last line of a run that came to its end.
    Finished,
}
