//! Conclusions of a run as a whole: the variant to take, and how far its figures can be relied on.
//! All of them are derived.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::outcome::Preference;

/// How far the figures of a run can be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunConfidence {
    pub level: ConfidenceLevel,
    /// Reasons for the level, each a clause without a full stop, the weightiest first. A high level
    /// has one, too.
    pub reasons: Vec<String>,
    /// Steps that would raise the level. Empty if it is high.
    pub advice: Vec<String>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConfidenceLevel {
    Low,
    Medium,
    High,
}

impl ConfidenceLevel {
    /// Returns the name in records and reports: `high`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The variant to take for a preference, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    pub prefer: Preference,
    pub kind: ConclusionKind,
    /// Best of the variants of `alike` in time, size and CPU time together. Absent if nothing is
    /// concluded.
    pub variant: Option<String>,
    /// Variants that are not shown to cost more than the best, the best first.
    pub alike: Vec<String>,
    /// Reason, as a clause without a full stop, why nothing is concluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConclusionKind {
    /// One variant is shown to be the best.
    Recommended,
    /// One variant is ahead, in a run of low confidence.
    Leading,
    /// Several variants are not told apart.
    NoClearWinner,
    /// Variants could not be ranked, or their results differ.
    Nothing,
}

impl ConclusionKind {
    /// Returns the name in records and reports: `recommended`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
