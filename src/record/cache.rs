//! The caches that an iteration found, and what shows it.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// Caches as an iteration found them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cache {
    pub state: CacheState,
    /// Share of the working set's pages that were resident before the iteration, 0 to 1, the worst
    /// of its executions; absent where not attested.
    pub resident_ratio_before: Option<f64>,
    /// What shows that a cold or direct iteration was one.
    #[serde(default)]
    pub cold_evidence: Option<ColdEvidence>,
    /// The engine's own caches of footers. Where they are fresh, footers are read within the
    /// iteration.
    #[serde(default)]
    pub engine: EngineCache,
}

/// Where the bytes of an iteration come from, as far as this host can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CacheState {
    /// The client's page cache.
    #[default]
    Warm,
    /// Not the client's page cache. A server's, a controller's or a hypervisor's cache is not seen.
    Cold,
    /// Read past the client's page cache, by O_DIRECT.
    Direct,
    /// The process's own memory, as the lane `compute` has it.
    Memory,
}

impl CacheState {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ColdEvidence {
    /// At most 1 % of the files' pages were resident before each execution.
    Residency,
    /// Block devices delivered at least 95 % of the bytes that were requested.
    DeviceBytes,
    None,
}

impl ColdEvidence {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum EngineCache {
    /// Emptied before each execution.
    Fresh,
    /// Filled when the table was opened, and kept.
    #[default]
    Warm,
}

impl EngineCache {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}
