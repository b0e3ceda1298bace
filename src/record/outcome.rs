//! What measurements come to. All of it is derived, and can be derived anew.

use serde::{Deserialize, Serialize};

use super::control::ControlKind;
use super::figures::Percentiles;
use super::iteration::Lane;

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

/// The bytes of one execution, all copies of the query together, medians over iterations, from what the user gets down to what the device gives.
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

/// A variant over the baseline, as the geometric mean over scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    pub lane: Lane,
    /// Names of variants; the control is one of the candidates.
    pub baseline: String,
    pub candidate: String,
    /// That both were measured in.
    pub scenarios: u32,
    /// Candidate over baseline; below 1 is faster. Absent where no round has all scenarios.
    pub ratio: Option<f64>,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// Rounds that have all of these scenarios.
    pub pairs: u32,
    /// As of a [`Comparison`], among the variants and lanes.
    pub p: Option<f64>,
    pub p_adjusted: Option<f64>,
    pub verdict: Verdict,
}

/// What a variant costs, over all scenarios that every variant was measured in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub variant: String,
    /// Geometric means over the scenarios of the medians, per copy of the query, in the lane `end_to_end`.
    pub time_ns: f64,
    pub cpu_ns: f64,
    /// Of the tables of the scenario that has the largest.
    pub file_bytes: u64,
    /// The most of the scenarios; absent where it is not known of all.
    pub peak_memory_bytes: Option<u64>,
    /// What it took to write all datasets that the scenarios read; absent where it is not known.
    pub write_ns: Option<u64>,
    /// Variants that are better in one of these and worse in none, by more than noise. A variant without any is on the Pareto front.
    pub dominated_by: Vec<String>,
}

/// What a reader cares for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    Time,
    Size,
    Cpu,
    Balanced,
}

impl Preference {
    pub const ALL: [Preference; 4] = [
        Preference::Time,
        Preference::Size,
        Preference::Cpu,
        Preference::Balanced,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Preference::Time => "time",
            Preference::Size => "size",
            Preference::Cpu => "cpu",
            Preference::Balanced => "balanced",
        }
    }

    /// Weights of time, file size and CPU time, which add up to 1.
    pub fn weights(self) -> [f64; 3] {
        match self {
            Preference::Time => [1.0, 0.0, 0.0],
            Preference::Size => [0.0, 1.0, 0.0],
            Preference::Cpu => [0.0, 0.0, 1.0],
            Preference::Balanced => [0.4, 0.4, 0.2],
        }
    }
}

/// The variants in the order of a cost: the weighted geometric mean of time, file size and CPU time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    pub prefer: Preference,
    pub recommended: String,
    /// The best first.
    pub order: Vec<Ranked>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    pub variant: String,
    /// Its cost over that of the recommended one, paired by rounds.
    pub ratio: f64,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// Whether it is not shown to cost more than the best.
    pub tied: bool,
}

/// Which variants are the fastest on storage of which bandwidth, as far as a simulation of what they ask for tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakEven {
    /// Absent for the geometric mean over all scenarios that every variant has a profile in.
    pub scenario: Option<String>,
    /// Of each request, of the storage that is simulated.
    pub latency_ns: u64,
    /// The range of bandwidths that was looked at.
    pub low_bytes_per_s: f64,
    pub high_bytes_per_s: f64,
    /// From the lowest bandwidth to the highest.
    pub fastest: Vec<Stretch>,
    /// Where variants and the baseline cross.
    pub crossings: Vec<Crossing>,
}

/// A stretch of bandwidths, and who is the fastest there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    pub variant: String,
    /// Where it begins; absent for the first, which begins below the range that was looked at.
    pub from: Option<CrossingPoint>,
    /// Others that differ from it by less than the smallest effect all along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<String>,
}

/// Where a variant is as fast as the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    pub variant: String,
    pub baseline: String,
    /// Whether the variant is the faster one below that bandwidth, or above it.
    pub faster_below: bool,
    pub at: CrossingPoint,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CrossingPoint {
    pub bytes_per_s: f64,
    /// Where it may lie if the ratio of two predictions is 5 % off; the ends of the range where it may lie beyond.
    pub low_bytes_per_s: f64,
    pub high_bytes_per_s: f64,
}

/// A prediction beside what was measured of a throttled cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionCheck {
    pub cell: String,
    pub scenario: String,
    /// What the variant is called apart from the storage, as curves are.
    pub variant: String,
    /// The cell whose profile it was predicted from.
    pub from: String,
    pub bytes_per_s: Option<u64>,
    pub latency_ns: u64,
    pub predicted_ns: f64,
    pub measured_ns: f64,
    pub ci_low_ns: Option<f64>,
    pub ci_high_ns: Option<f64>,
    /// predicted / measured - 1.
    pub error: f64,
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
