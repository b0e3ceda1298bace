//! One scenario on one variant, with all of its measurements.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::control::ControlKind;
use super::iteration::{Iteration, Lane};
use super::outcome::{Summary, by_name_of_lane};
use super::profile::RequestProfile;
use super::wire::RequestsRecord;

/// One scenario on one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    pub id: String,
    pub scenario: String,
    pub description: Option<String>,
    pub sql: String,
    pub variant_name: String,
    /// Values that this variant sets, by key path.
    pub variant: BTreeMap<String, serde_json::Value>,
    /// Ids of the datasets whose tables the query scans.
    pub dataset: Vec<String>,
    /// Reason why equal content may give different results, if the scenario states one. Its results
    /// are not compared then.
    #[serde(default)]
    pub nondeterministic: Option<String>,
    /// The physical plan as indented text.
    pub plan: String,
    /// Columns that the scans read, and columns that the scanned tables store, summed over the
    /// scans.
    pub columns_read: u64,
    pub columns_stored: u64,
    /// Columns that the query uses but that the engine does not read, as it takes their values from
    /// statistics. Absent in records from before they were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_statistics: Vec<FromStatistics>,
    /// Number of row groups in the scanned tables.
    pub row_groups: u64,
    /// Bytes of the files of the tables that the query scans; 0 in records from before it was kept.
    #[serde(default)]
    pub file_bytes: u64,
    /// Settings of the engine. Absent in records from before they were kept.
    #[serde(default)]
    pub engine: Option<EngineRecord>,
    /// Present if this is the control: the baseline once more, measured like any cell, whose ratio
    /// shows noise alone.
    #[serde(default)]
    pub control: Option<ControlKind>,
    pub iterations: Vec<Iteration>,
    /// Most resident memory of a process that did nothing but open the tables and execute the query
    /// once. Absent if no such process was started.
    pub peak_memory_bytes: Option<u64>,
    /// Resident memory of that process before the query began.
    #[serde(default)]
    pub base_memory_bytes: Option<u64>,
    /// Present if it was recorded.
    #[serde(default)]
    pub profile: Option<RequestProfile>,
    pub expectations: Vec<ExpectationResult>,
    /// Summaries by lane. Only measured iterations with status `ok` count.
    #[serde(serialize_with = "by_name_of_lane")]
    pub summary: BTreeMap<Lane, Summary>,
}

impl CellRecord {
    /// Returns the value of a key path in this cell's variant, as a config would write it. `config`
    /// is the config to which variants are applied.
    pub fn setting(&self, config: &serde_json::Value, key: &str) -> Option<String> {
        let of_config = || {
            key.split('.')
                .try_fold(config, |value, part| value.get(part))
        };
        self.variant.get(key).or_else(of_config).map(as_written)
    }
}

/// A column, or the number of rows, that the engine takes from statistics in footers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromStatistics {
    pub table: String,
    /// Absent for the number of rows.
    pub column: Option<String>,
    /// Number of files in which the column is not read. `of_files` is the number of all files that
    /// the query scans.
    pub files: u64,
    pub of_files: u64,
}

/// Effective settings of the engine for a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRecord {
    pub target_partitions: u64,
    /// Rows per batch.
    pub batch_size: u64,
    /// Room for footers, listings and statistics of files, in bytes.
    pub metadata_cache_limit_bytes: u64,
    pub list_files_cache_limit_bytes: u64,
    pub file_statistics_cache_limit_bytes: u64,
    /// Most memory that operators may hold, in bytes. Absent if this program's config sets no
    /// limit.
    pub memory_limit_bytes: Option<u64>,
    /// Simulated storage that slowed down reads. Absent if there was none.
    #[serde(default)]
    pub throttle: Option<ThrottleRecord>,
    /// The way in which ranges became requests. Absent for files of this host, unless it was
    /// chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<RequestsRecord>,
}

/// A simulated storage, which slows down reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleRecord {
    /// Bandwidth of all requests together. Absent if there was no limit.
    pub bytes_per_s: Option<u64>,
    /// Latency of each request.
    pub latency_ns: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectationResult {
    pub name: String,
    pub expected: String,
    pub found: String,
    pub passed: bool,
}

/// Returns a value as a config would write it.
pub fn as_written(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
