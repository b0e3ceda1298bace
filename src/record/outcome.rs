//! Results that are derived from measurements. All of them can be derived anew.

use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use strum::IntoStaticStr;

use super::control::ControlKind;
use super::iteration::Lane;
use super::percentiles::Percentiles;

/// Summary of the measured iterations of one cell in one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub median_ns: f64,
    /// Interval of the median at `confidence`. Absent if there are too few iterations for 99 %,
    /// which is below 8.
    pub ci_low_ns: Option<f64>,
    pub ci_high_ns: Option<f64>,
    /// Confidence that the interval reaches (at least the requested one), 0 to 1.
    pub confidence: Option<f64>,
    pub iterations: u32,
    pub rows_per_s: f64,
    pub arrow_bytes_per_s: f64,
    pub requested_bytes_per_s: f64,
    /// Bytes at each level. Absent in records from before they were kept.
    #[serde(default)]
    pub ledger: Option<LedgerSummary>,
    /// Times of single copies of a query that ran in several. Absent if there is one copy.
    #[serde(default)]
    pub stream_ns: Option<Percentiles>,
}

/// Writes summaries in the alphabetical order of their lanes. Records have always had this order,
/// which differs from that of [`Lane`].
pub(super) fn by_name_of_lane<S: Serializer>(
    summaries: &BTreeMap<Lane, Summary>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let by_name = summaries.iter().map(|(lane, it)| (lane.name(), it));
    by_name.collect::<BTreeMap<_, _>>().serialize(serializer)
}

/// Bytes of one execution, all copies of the query together, as medians over iterations. The fields
/// go from the user's bytes down to the device's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LedgerSummary {
    /// Logical bytes of the result.
    pub arrow_bytes: u64,
    /// Bytes of the column chunks that were read: before compression, and as stored.
    pub chunk_encoded_bytes: u64,
    pub chunk_compressed_bytes: u64,
    /// Bytes that the engine asked for: within these chunks, and outside of them.
    pub engine_data_bytes: u64,
    pub engine_metadata_bytes: u64,
    /// Bytes that were requested after merging.
    pub requested_bytes: u64,
    /// Bytes that block devices delivered. Absent if the system does not count them.
    pub device_read_bytes: Option<u64>,
    /// Bytes that were moved per byte of data: those of the device if the cache was cold or
    /// bypassed, else those requested, over the engine's data bytes. Absent if no data was read.
    pub over_read_ratio: Option<f64>,
}

/// Answer to the question if one thing takes less time than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    Faster,
    Slower,
    Tie,
    Inconclusive,
    /// No round has both, as the execution of one failed.
    Failed,
    /// No round has both, as no iteration of one counts.
    Void,
}

impl Verdict {
    /// Returns the name in records and reports: `faster`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Ratio of the times of two things, its uncertainty, and the verdict that follows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// Candidate over baseline; below 1 is faster. Absent if no round has both.
    pub ratio: Option<f64>,
    /// Interval of the ratio, at 99 % or more. Absent if there are too few rounds for that.
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// Number of rounds that the ratio is based on: those in which both were measured, or, if runs
    /// are compared as a whole, those of the one that has fewer.
    pub pairs: u32,
    /// Probability of rounds that differ at least as much as these, if the two were equal.
    #[serde(default)]
    pub p: Option<f64>,
    /// `p`, adjusted by Holm's method for the number of comparisons that are made at once.
    #[serde(default)]
    pub p_adjusted: Option<f64>,
    pub verdict: Verdict,
    /// Present if the verdict is [`Verdict::Inconclusive`]. Absent in records from before it was
    /// kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
}

/// Reason why a comparison is inconclusive.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Doubt {
    /// There are too few rounds for a verdict on so many comparisons at once.
    TooFewRounds,
    /// The controls, which are equal to the baseline, differ from it by as much.
    WithinNoise,
    /// The interval contains 1, and reaches beyond the smallest effect of interest.
    WideInterval,
}

impl Contrast {
    /// Returns the bounds of the ratio, the lower one first.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.ci_low.zip(self.ci_high)
    }
}

/// One cell against another of the same scenario and lane.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Comparison {
    pub scenario: String,
    pub lane: Lane,
    /// Always `elapsed_ns`.
    pub metric: String,
    /// Id of the baseline's cell. `candidate` is the id of the other.
    pub baseline: String,
    pub candidate: String,
    #[serde(flatten)]
    pub contrast: Contrast,
    /// Confidence that the interval reaches, 0 to 1. Without an interval, it is the requested one.
    pub confidence: f64,
    pub method: String,
    /// Number of comparisons of the run.
    #[serde(default)]
    pub family: u32,
}

/// Writes the keys in the order that records have always had.
impl Serialize for Comparison {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = serializer.serialize_struct("Comparison", 16)?;
        keys.serialize_field("scenario", &self.scenario)?;
        keys.serialize_field("lane", &self.lane)?;
        keys.serialize_field("metric", &self.metric)?;
        keys.serialize_field("baseline", &self.baseline)?;
        keys.serialize_field("candidate", &self.candidate)?;
        keys.serialize_field("ratio", &self.contrast.ratio)?;
        keys.serialize_field("ci_low", &self.contrast.ci_low)?;
        keys.serialize_field("ci_high", &self.contrast.ci_high)?;
        keys.serialize_field("confidence", &self.confidence)?;
        keys.serialize_field("method", &self.method)?;
        keys.serialize_field("pairs", &self.contrast.pairs)?;
        keys.serialize_field("p", &self.contrast.p)?;
        keys.serialize_field("p_adjusted", &self.contrast.p_adjusted)?;
        keys.serialize_field("family", &self.family)?;
        keys.serialize_field("verdict", &self.contrast.verdict)?;
        match &self.contrast.doubt {
            Some(doubt) => keys.serialize_field("doubt", doubt)?,
            None => keys.skip_field("doubt")?,
        }
        keys.end()
    }
}

/// The control of a scenario and lane over its baseline. The two cells are equal, so their
/// difference is noise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "NoiseKeys")]
pub struct Noise {
    pub scenario: String,
    pub lane: Lane,
    /// Id of the control's cell. Absent in older records, which have one control.
    pub cell: Option<String>,
    pub kind: ControlKind,
    /// Ratio with its interval, which are always present, and the verdict that the control would
    /// have if it were any variant. Records do not keep the probabilities, so these are absent
    /// here.
    pub contrast: Contrast,
    pub confidence: f64,
}

/// The keys of a control in records.
#[derive(Deserialize)]
struct NoiseKeys {
    scenario: String,
    lane: Lane,
    #[serde(default)]
    cell: Option<String>,
    kind: ControlKind,
    ratio: f64,
    ci_low: f64,
    ci_high: f64,
    #[serde(default)]
    confidence: f64,
    pairs: u32,
    verdict: Verdict,
}

impl From<NoiseKeys> for Noise {
    fn from(keys: NoiseKeys) -> Self {
        Noise {
            scenario: keys.scenario,
            lane: keys.lane,
            cell: keys.cell,
            kind: keys.kind,
            contrast: Contrast {
                ratio: Some(keys.ratio),
                ci_low: Some(keys.ci_low),
                ci_high: Some(keys.ci_high),
                pairs: keys.pairs,
                p: None,
                p_adjusted: None,
                verdict: keys.verdict,
                doubt: None,
            },
            confidence: keys.confidence,
        }
    }
}

/// Writes the keys in the order that records have always had.
impl Serialize for Noise {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = serializer.serialize_struct("Noise", 10)?;
        keys.serialize_field("scenario", &self.scenario)?;
        keys.serialize_field("lane", &self.lane)?;
        match &self.cell {
            Some(cell) => keys.serialize_field("cell", cell)?,
            None => keys.skip_field("cell")?,
        }
        keys.serialize_field("kind", &self.kind)?;
        keys.serialize_field("ratio", &self.contrast.ratio)?;
        keys.serialize_field("ci_low", &self.contrast.ci_low)?;
        keys.serialize_field("ci_high", &self.contrast.ci_high)?;
        keys.serialize_field("confidence", &self.confidence)?;
        keys.serialize_field("pairs", &self.contrast.pairs)?;
        keys.serialize_field("verdict", &self.contrast.verdict)?;
        keys.end()
    }
}

/// Noise of a lane, over all cells, that does not show in the scatter of its rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LaneNoise {
    pub lane: Lane,
    /// Correlation of neighbouring rounds, or blocks of rounds, of a comparison. Absent if there
    /// are too few.
    pub autocorrelation: Option<f64>,
    /// Factor by which intervals are wider than those of independent rounds.
    pub widening: f64,
    /// Standard deviation, as a share, of the differences between equal sets of files.
    pub file_set_bias: f64,
    /// Number of copies of the baseline's files that it was estimated from, besides the prior
    /// expectation.
    pub copies: u32,
}

/// A number of workers against the baseline's, by the same plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Absent for the geometric mean over all scenarios.
    pub scenario: Option<String>,
    /// Names of the variants.
    pub baseline: String,
    pub candidate: String,
    pub baseline_workers: u32,
    pub workers: u32,
    /// Time of the baseline over that of the candidate, with its interval. The interval is absent
    /// if there are too few rounds.
    pub speed_up: f64,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// Speed-up over what as many workers would give at best, with its interval.
    pub efficiency: f64,
    pub efficiency_low: Option<f64>,
    pub efficiency_high: Option<f64>,
    /// Rounds that it rests on.
    pub pairs: u32,
}

/// A variant over the baseline, as the geometric mean over scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    pub lane: Lane,
    /// Name of the baseline's variant. `candidate` is that of another variant or the control.
    pub baseline: String,
    pub candidate: String,
    /// Number of scenarios in which both were measured.
    pub scenarios: u32,
    /// Ratio over the rounds that have all of these scenarios.
    #[serde(flatten)]
    pub contrast: Contrast,
}

/// Cost of a variant, over all scenarios in which every variant was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub variant: String,
    /// Geometric means over the scenarios of the medians, per copy of the query, in the lane
    /// `end_to_end`.
    pub time_ns: f64,
    pub cpu_ns: f64,
    /// Bytes of the tables of the scenario with the largest.
    pub file_bytes: u64,
    /// Largest of all scenarios. Absent if it is unknown for one of them.
    pub peak_memory_bytes: Option<u64>,
    /// Time to write all datasets that the scenarios read. Absent if it is unknown.
    pub write_ns: Option<u64>,
    /// Variants that are shown to be better in time, CPU time or size, and shown to be no worse in
    /// the others. A variant without any is on the Pareto front.
    pub dominated_by: Vec<String>,
}

/// Cost that a reader wants to be low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
        self.into()
    }

    /// Returns the weights of time, file size and CPU time, which add up to 1.
    pub fn weights(self) -> [f64; 3] {
        match self {
            Preference::Time => [1.0, 0.0, 0.0],
            Preference::Size => [0.0, 1.0, 0.0],
            Preference::Cpu => [0.0, 0.0, 1.0],
            Preference::Balanced => [0.4, 0.4, 0.2],
        }
    }
}

/// The variants in the order of a cost: the weighted geometric mean of time, file size and CPU
/// time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    pub prefer: Preference,
    pub recommended: String,
    /// The best first.
    pub order: Vec<RankedVariant>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankedVariant {
    pub variant: String,
    /// Cost over that of the recommended variant, paired by rounds.
    pub ratio: f64,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    /// True if the variant is not shown to cost more than the best.
    pub tied: bool,
}

/// The fastest variants by the bandwidth of the storage, as simulated from their requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakEven {
    /// Absent for the geometric mean over all scenarios for which every variant has a profile.
    pub scenario: Option<String>,
    /// Latency of each request of the simulated storage.
    pub latency_ns: u64,
    /// Range of the simulated bandwidths.
    pub low_bytes_per_s: f64,
    pub high_bytes_per_s: f64,
    /// From the lowest bandwidth to the highest.
    pub fastest: Vec<Stretch>,
    /// Crossings of variants with the baseline.
    pub crossings: Vec<Crossing>,
}

/// A stretch of bandwidths, and the fastest variant there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    pub variant: String,
    /// Beginning of the stretch. Absent for the first, which begins below the simulated range.
    pub from: Option<CrossingPoint>,
    /// Other variants that differ from it by less than the smallest effect throughout the stretch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<String>,
}

/// Bandwidth at which a variant is as fast as the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    pub variant: String,
    pub baseline: String,
    /// True if the variant is faster below that bandwidth, false if above it.
    pub faster_below: bool,
    pub at: CrossingPoint,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CrossingPoint {
    pub bytes_per_s: f64,
    /// Bounds of the bandwidth at 99 %, over resampled rounds and errors of the simulation. They
    /// are the ends of the simulated range if it may lie beyond.
    pub low_bytes_per_s: f64,
    pub high_bytes_per_s: f64,
}

/// A prediction beside the measurement of a throttled cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionCheck {
    pub cell: String,
    pub scenario: String,
    /// Name of the variant without its storage, as curves have it.
    pub variant: String,
    /// Cell from whose profile the time was predicted.
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

/// Results from the three lanes of a cell together.
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
    /// The larger of the two times over `end_to_end`, paired by rounds: 1 is perfect overlap of
    /// reading and computing; if their sum over `end_to_end` is 1, there is none.
    pub overlap: f64,
}

/// The slower of the two lanes, which limits how fast the query can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Binds {
    Storage,
    Compute,
    /// The interval of their ratio contains 1, or there is none.
    Undecided,
}

impl Binds {
    /// Returns the name in records and reports: `storage`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A fact about the timings of a cell that a reader must know. The figures still include all
/// timings.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CONTRAST: Contrast = Contrast {
        ratio: Some(0.5),
        ci_low: Some(0.25),
        ci_high: None,
        pairs: 10,
        p: Some(0.125),
        p_adjusted: None,
        verdict: Verdict::Faster,
        doubt: None,
    };

    fn comparison() -> Comparison {
        Comparison {
            scenario: "scan".to_owned(),
            lane: Lane::EndToEnd,
            metric: "elapsed_ns".to_owned(),
            baseline: "scan/none".to_owned(),
            candidate: "scan/zstd".to_owned(),
            contrast: CONTRAST,
            confidence: 0.99,
            method: "m".to_owned(),
            family: 3,
        }
    }

    fn noise() -> Noise {
        Noise {
            scenario: "scan".to_owned(),
            lane: Lane::Storage,
            cell: None,
            kind: ControlKind::Copy,
            contrast: Contrast {
                ci_high: Some(2.0),
                p: None,
                ..CONTRAST
            },
            confidence: 0.99,
        }
    }

    #[test]
    fn a_contrast_keeps_the_keys_of_records_and_their_order() {
        let shown = serde_json::to_string(&comparison()).unwrap();
        let expected = r#"{"scenario":"scan","lane":"end_to_end","metric":"elapsed_ns","baseline":"scan/none","candidate":"scan/zstd","ratio":0.5,"ci_low":0.25,"ci_high":null,"confidence":0.99,"method":"m","pairs":10,"p":0.125,"p_adjusted":null,"family":3,"verdict":"faster"}"#;
        assert_eq!(shown, expected);
        let shown = serde_json::to_string(&noise()).unwrap();
        let expected = r#"{"scenario":"scan","lane":"storage","kind":"copy","ratio":0.5,"ci_low":0.25,"ci_high":2.0,"confidence":0.99,"pairs":10,"verdict":"faster"}"#;
        assert_eq!(shown, expected);
        let overall = Overall {
            lane: Lane::Compute,
            baseline: "none".to_owned(),
            candidate: "zstd".to_owned(),
            scenarios: 2,
            contrast: CONTRAST,
        };
        let shown = serde_json::to_string(&overall).unwrap();
        let expected = r#"{"lane":"compute","baseline":"none","candidate":"zstd","scenarios":2,"ratio":0.5,"ci_low":0.25,"ci_high":null,"pairs":10,"p":0.125,"p_adjusted":null,"verdict":"faster"}"#;
        assert_eq!(shown, expected);
        assert_eq!(serde_json::from_str::<Overall>(expected).unwrap(), overall);
    }

    #[test]
    fn comparisons_are_read_back_also_from_records_that_lack_the_newer_keys() {
        let mut written = serde_json::to_value(comparison()).unwrap();
        let read = |written: &Value| serde_json::from_value::<Comparison>(written.clone()).unwrap();
        assert_eq!(read(&written), comparison());
        for key in ["p", "p_adjusted", "family"] {
            written.as_object_mut().unwrap().remove(key);
        }
        let old = read(&written);
        assert_eq!((old.contrast.p, old.family), (None, 0));
        let mut written = serde_json::to_value(noise()).unwrap();
        let read = |written: &Value| serde_json::from_value::<Noise>(written.clone()).unwrap();
        assert_eq!(read(&written), noise());
        written.as_object_mut().unwrap().remove("confidence");
        let old = read(&written);
        assert_eq!((old.confidence, old.contrast), (0.0, noise().contrast));
    }

    #[test]
    fn summaries_are_written_in_the_alphabetical_order_of_their_lanes() {
        #[derive(Serialize, Deserialize)]
        struct Cell {
            #[serde(serialize_with = "by_name_of_lane")]
            summary: BTreeMap<Lane, Summary>,
        }
        let summary = json!({
            "median_ns": 1.0, "iterations": 1, "rows_per_s": 1.0,
            "arrow_bytes_per_s": 1.0, "requested_bytes_per_s": 1.0,
        });
        let lanes = Lane::ALL.map(|lane| (lane.name().to_owned(), summary.clone()));
        let lanes: BTreeMap<String, Value> = lanes.into_iter().collect();
        let read: Cell = serde_json::from_value(json!({ "summary": lanes })).unwrap();
        assert_eq!(read.summary.keys().copied().collect::<Vec<_>>(), Lane::ALL);
        let written = serde_json::to_value(&read).unwrap();
        let written: Vec<&String> = written["summary"].as_object().unwrap().keys().collect();
        assert_eq!(written, ["compute", "end_to_end", "storage"]);
    }
}
