//! The data that is kept of a training run.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::figures::Figures;
use super::iteration::{Lane, Status};

/// A training loop and its epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Place of this process among those that trained together, from 0, and their number.
    pub rank: u64,
    pub world_size: u64,
    pub hostname: String,
    /// Accelerators that this process fed.
    pub accelerators: u64,
    /// True if they waited for each other after each step.
    pub barrier: bool,
    /// True if accelerators of different processes wait for each other. They never do, so that the
    /// utilization of several processes is optimistic.
    pub barrier_between_processes: bool,
    pub epochs_asked: u64,
    pub batch_rows: u64,
    /// Readers of each accelerator.
    pub readers: u64,
    pub prefetched_batches: u64,
    pub drop_last: bool,
    pub seed_change_epoch: bool,
    /// Most steps of each epoch that were asked for.
    pub steps_asked: Option<u64>,
    /// Batch of evaluations. Absent if nothing is evaluated.
    pub evaluation_batch_rows: Option<u64>,
    pub shuffles_files: bool,
    /// Consecutive rows that were shuffled together. Absent if rows were not shuffled.
    pub shuffle_rows: Option<u64>,
    /// Read mode, by the config's name.
    pub access: String,
    /// Decoded row groups that were kept for samples by index. Absent for other read modes.
    pub cached_row_groups: Option<u64>,
    /// Form of the batches, by the config's name.
    pub tensors: String,
    /// Bytes of a row in a batch: matrices alone, without values of varying length.
    pub row_bytes: u64,
    /// Computation time of a step, in words.
    pub computation: String,
    pub seed: u64,
    /// Utilization that was aimed at, as a share.
    pub target_utilization: f64,
    /// Steps at the beginning and at the end of an epoch that do not count.
    pub excluded_start_steps: u64,
    pub excluded_end_steps: u64,
    /// Id of the dataset.
    pub dataset: String,
    pub table: String,
    pub files: u64,
    pub row_groups: u64,
    pub rows: u64,
    /// Files of the table `valid`; 0 if nothing is evaluated.
    pub files_of_evaluation: u64,
    pub file_bytes: u64,
    /// Columns that were read, and columns of the table.
    pub columns_read: u64,
    pub columns: u64,
    /// Bytes of a row by the types of all columns, as DLIO counts them.
    pub record_bytes: u64,
    pub plan: String,
    #[serde(default)]
    pub epochs: Vec<EpochRecord>,
    /// Absent unless accelerators were searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<AcceleratorSearch>,
}

/// Part of a training run that an epoch belongs to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Phase {
    Train,
    /// Follows an epoch, over the table `valid`.
    Evaluation,
}

impl Phase {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// One pass over the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    pub phase: Phase,
    /// `end_to_end` is the real thing; `storage` reads the byte ranges and drops them; `compute`
    /// has the bytes in memory, and its utilization is the ceiling.
    pub lane: Lane,
    /// Number of the epoch, from 1. An evaluation has that of the epoch before it.
    pub epoch: u64,
    pub status: Status,
    /// Reason why the epoch does not count.
    pub reason: Option<String>,
    /// Time of its start, in RFC 3339 and UTC, and since the start of the run.
    pub started_at: String,
    pub started_offset_ns: u64,
    /// Figures of all accelerators of this process together.
    #[serde(flatten)]
    pub figures: Figures,
    /// Rows of this process's share that are in no batch, as the last one would not be full.
    pub dropped_rows: u64,
    /// Most memory that was resident in this process. Absent if the system does not report it.
    pub peak_resident_bytes: Option<u64>,
    /// Nulls that became 0 or NaN in matrices.
    pub nulls: u64,
    /// Hits and misses of the decoded row groups that are kept for samples by index. Absent for
    /// other read modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_group_cache: Option<RowGroupCacheFigures>,
    pub accelerators: Vec<AcceleratorEpoch>,
}

/// Use of the decoded row groups that are kept for samples by index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowGroupCacheFigures {
    pub hits: u64,
    pub misses: u64,
}

/// The loop of one accelerator in one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceleratorEpoch {
    /// Number among the accelerators of all processes, from 0.
    pub accelerator: u64,
    pub steps: u64,
    /// Rows of these steps.
    pub samples: u64,
    /// Time from the start of the readers to the end of the loop.
    pub elapsed_ns: u64,
    #[serde(flatten)]
    pub utilization: Utilization,
    pub waiting: StepTimes,
    /// Time in which readers waited for storage, summed over the readers of a batch.
    pub reading: StepTimes,
    /// Time in which readers decoded, summed in the same way.
    pub decoding: StepTimes,
    /// Time in which readers copied rows into batches, summed in the same way.
    pub copying: StepTimes,
    /// Measured computation time.
    pub computing: StepTimes,
    /// Time in which the accelerator waited for the others of this process.
    pub barrier: StepTimes,
    /// Stretches of equally many steps, in order.
    pub timeline: Vec<TimelineStretch>,
}

/// Times of one step of a training loop, in nanoseconds. Records keep what they add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrainingStep {
    pub samples: u64,
    /// Time until a batch was there.
    pub waiting_ns: u64,
    /// Time of the readers for this batch.
    pub reading_ns: u64,
    pub decoding_ns: u64,
    pub copying_ns: u64,
    /// Computation time that was asked for, and the one that it became.
    pub set_compute_ns: u64,
    pub compute_ns: u64,
    pub barrier_ns: u64,
    /// End of the step, since the start of the epoch.
    pub end_ns: u64,
}

impl TrainingStep {
    /// Time from the start of the fetch to the end of the computation.
    pub fn processing_ns(&self) -> u64 {
        self.waiting_ns + self.compute_ns
    }
}

/// Utilization of an accelerator in the steps that count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Utilization {
    /// Steps that count.
    pub counted_steps: u64,
    /// Time of the loop without the steps that do not count.
    pub window_ns: u64,
    /// Computation time that was asked for, in the steps that count.
    pub set_compute_ns: u64,
    /// Computation time that was measured in these steps.
    pub measured_compute_ns: u64,
    /// Share of the window that is computation time that was asked for. Absent if no step counts.
    pub utilization: Option<f64>,
    /// Share of the window that is measured computation time, as DLIO reports it.
    pub measured_utilization: Option<f64>,
    /// Rows of the steps that count, per second of the window.
    pub samples_per_s: Option<f64>,
}

/// Times of the steps of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTimes {
    pub total_ns: u64,
    pub p50_ns: u64,
    pub p95_ns: u64,
    pub p99_ns: u64,
    pub max_ns: u64,
}

/// Some steps that follow each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineStretch {
    pub steps: u64,
    pub samples: u64,
    /// End of the last step, since the start of the epoch.
    pub end_ns: u64,
    /// Sums over the steps.
    pub waiting_ns: u64,
    pub reading_ns: u64,
    pub decoding_ns: u64,
    pub copying_ns: u64,
    pub computing_ns: u64,
}

/// Search for the most accelerators that this host can feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceleratorSearch {
    pub target_utilization: f64,
    /// Largest number whose utilization is shown to reach the target. 0 if one is too many.
    pub most: u64,
    /// Smallest number whose utilization is shown to miss it. Absent if the search ended before.
    pub too_many: Option<u64>,
    /// Largest number for which the rows make enough steps, and memory has room.
    pub limit: u64,
    pub trials: Vec<AcceleratorTrial>,
}

/// Utilization of some accelerators, measured several times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceleratorTrial {
    pub accelerators: u64,
    /// Mean over the accelerators, in each repetition.
    pub utilizations: Vec<f64>,
    /// Interval of the mean of the repetitions.
    pub ci_low: f64,
    pub ci_high: f64,
    pub samples_per_s: f64,
}
