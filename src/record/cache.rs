//! The caches that an iteration found, and the evidence for their state.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// State of the caches that an iteration found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cache {
    pub state: CacheState,
    /// Share of the working set's pages that were resident before the iteration, 0 to 1, the worst
    /// of its executions. Absent if it could not be verified.
    pub resident_ratio_before: Option<f64>,
    /// Evidence that a cold or direct iteration was one.
    #[serde(default)]
    pub cold_evidence: Option<ColdEvidence>,
    /// State of the engine's own caches of footers. If they are fresh, footers are read within the
    /// iteration.
    #[serde(default)]
    pub engine: EngineCache,
}

impl Cache {
    /// Returns what holds of all of these: the state of the first, and the weakest evidence. `None`
    /// if there are none.
    pub fn of_all<'a>(caches: impl IntoIterator<Item = &'a Cache>) -> Option<Cache> {
        let mut caches = caches.into_iter();
        let mut all = caches.next()?.clone();
        for other in caches {
            let ratios = all.resident_ratio_before.zip(other.resident_ratio_before);
            all.resident_ratio_before = ratios.map(|(one, other)| match all.state {
                CacheState::Cold => one.max(other),
                _ => one.min(other),
            });
            all.cold_evidence = match (all.cold_evidence, other.cold_evidence) {
                (Some(ColdEvidence::None), _) | (_, Some(ColdEvidence::None)) => {
                    Some(ColdEvidence::None)
                }
                (one, other) => one.or(other),
            };
        }
        Some(all)
    }
}

/// Source of an iteration's bytes, as far as this host can know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CacheState {
    /// The client's page cache.
    #[default]
    Warm,
    /// Not the client's page cache. The caches of servers, controllers and hypervisors are not
    /// visible.
    Cold,
    /// Read past the client's page cache, by O_DIRECT.
    Direct,
    /// The process's own memory, as in the lane `compute`.
    Memory,
    /// A store behind a network. Nothing is known of the caches of its servers.
    Remote,
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
    /// Block devices delivered at least 95 % of the requested bytes.
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
    /// The caches are emptied before each execution.
    Fresh,
    /// The caches were filled when the table was opened, and are kept.
    #[default]
    Warm,
}

impl EngineCache {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}
