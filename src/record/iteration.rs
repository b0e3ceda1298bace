//! One timed measurement, and what it is made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::non_finite;

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
    /// Copies of the query that ran at once. Times are of all of them together; rows, Arrow bytes and the bytes of
    /// chunks of one; other bytes and CPU time of all.
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
    /// Requests that reached the store; in the lane `compute`, those that would have, as memory answers them.
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

/// What one execution of a query asks of its store, and when, while its bytes are in memory: what it would do with a storage
/// that answers at once, from which times on slower ones can be predicted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestProfile {
    pub elapsed_ns: u64,
    /// Tasks of the engine, each of which has one call on its way at a time, in their order.
    pub streams: Vec<Vec<StoreCall>>,
}

impl RequestProfile {
    /// Of more requests, no profile is kept or read: a record is to stay readable, and predictions quick.
    pub const MOST_REQUESTS: usize = 200_000;

    /// Requests of all calls; a call without any counts as one.
    pub fn requests(&self) -> usize {
        let calls = self.streams.iter().flatten();
        calls.map(|call| call.2.len().max(1)).sum()
    }
}

/// When a call began and was answered, in nanoseconds since the start of the execution, and the bytes of its requests: ranges of
/// one file that are less than 1 MiB apart are one request, as remote object stores have it. Last, the number of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCall(pub u64, pub u64, pub Vec<u64>, #[serde(default)] pub u64);

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
