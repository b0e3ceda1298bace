//! All data that is kept of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell::CellRecord;
use super::conclusion::{Conclusion, RunConfidence};
use super::dataset::DatasetRecord;
use super::outcome::{
    BreakEven, Ceilings, Comparison, Finding, LaneNoise, Noise, Overall, PredictionCheck, Ranking,
    Scaling, Standing,
};
use super::system::{Disturbance, System};
use super::training::TrainingRecord;
use super::worker::WorkerRecord;

/// Version of the record format that this program writes, and the newest that it reads.
pub const SCHEMA_VERSION: u32 = 2;

/// Version of the method by which verdicts are reached. Version 1 took rounds as independent, and
/// did not add the bias of sets of files.
pub const ANALYSIS_VERSION: u32 = 2;

/// All data that is kept of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub schema_version: u32,
    pub run_id: String,
    /// Time of the start, in RFC 3339 and UTC.
    pub started_at: String,
    pub command_line: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// Seed of the order of cells in a round.
    pub seed: u64,
    pub versions: Versions,
    pub system: System,
    pub config: serde_json::Value,
    pub warnings: Vec<String>,
    /// False if the run was interrupted or failed before its last round.
    pub complete: bool,
    pub datasets: Vec<DatasetRecord>,
    pub cells: Vec<CellRecord>,
    /// Workers that executed the queries. Empty if the process itself did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<WorkerRecord>,
    /// Absent unless it is a run of `bench train`, which has no cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingRecord>,
    /// Smallest effect of interest. A ratio that differs from 1 by no more has no practical
    /// consequence.
    #[serde(default = "default_effect")]
    pub effect: f64,
    /// Version of the method of the program that made the run.
    #[serde(default = "first_analysis_version")]
    pub analysis_version: u32,
    /// Why the run stopped. Absent if it did not come to its end.
    #[serde(default)]
    pub stopped: Option<EndOfRounds>,
    pub comparisons: Vec<Comparison>,
    pub noise: Vec<Noise>,
    #[serde(default)]
    pub lane_noise: Vec<LaneNoise>,
    #[serde(default)]
    pub ceilings: Vec<Ceilings>,
    /// Numbers of workers, each against the baseline's. Empty unless they differ between variants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaling: Vec<Scaling>,
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
    /// Absent if nothing was measured.
    #[serde(default)]
    pub confidence: Option<RunConfidence>,
    /// One for each preference. Empty if there are no variants to choose from.
    #[serde(default)]
    pub conclusions: Vec<Conclusion>,
}

fn first_analysis_version() -> u32 {
    1
}

fn default_effect() -> f64 {
    0.01
}

/// Reason and figures of the end of a run's rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndOfRounds {
    pub by: StopReason,
    /// Number of measured rounds.
    pub rounds: u32,
    /// Width of the widest of the intervals that should become narrow, as a share: high / low - 1.
    /// Absent if one had no bounds yet.
    pub widest_interval: Option<f64>,
    /// Requested width of intervals, and the time limit. Absent if a number of rounds was
    /// requested.
    pub precision: Option<f64>,
    pub time_budget_ns: Option<u64>,
    /// Disturbances during the rounds. Absent in records from before they were kept.
    #[serde(default)]
    pub disturbance: Option<Disturbance>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The requested number of rounds was made.
    Rounds,
    /// Every interval was as narrow as requested.
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
