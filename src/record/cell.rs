//! One scenario on one variant, and everything measured of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::control::ControlKind;
use super::iteration::{Iteration, Lane};
use super::outcome::{Summary, by_name_of_lane};
use super::profile::RequestProfile;

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
    /// Why equal content may give different results, where the scenario says so; its results are
    /// not compared.
    #[serde(default)]
    pub nondeterministic: Option<String>,
    /// The physical plan, indented text.
    pub plan: String,
    /// Columns that the scans read and columns that the scanned tables store, summed over the
    /// scans.
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
    /// Present where this is the control: the baseline once more, measured like any cell, whose
    /// ratio shows noise alone.
    #[serde(default)]
    pub control: Option<ControlKind>,
    pub iterations: Vec<Iteration>,
    /// Most memory resident in a process that did nothing but open the tables and execute the query
    /// once; absent where none was started.
    pub peak_memory_bytes: Option<u64>,
    /// What was resident in that process before the query began.
    #[serde(default)]
    pub base_memory_bytes: Option<u64>,
    /// Present where it was looked at.
    #[serde(default)]
    pub profile: Option<RequestProfile>,
    pub expectations: Vec<ExpectationResult>,
    /// Only measured iterations with status `ok` count.
    #[serde(serialize_with = "by_name_of_lane")]
    pub summary: BTreeMap<Lane, Summary>,
}

impl CellRecord {
    /// The value of a key path in this cell's variant, as a config would write it, where `config`
    /// is what variants are applied to.
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
    /// Files in which the column is not read, of all files that the query scans.
    pub files: u64,
    pub of_files: u64,
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectationResult {
    pub name: String,
    pub expected: String,
    pub found: String,
    pub passed: bool,
}

/// A value as a config would write it.
pub fn as_written(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
