//! The training loop: what `bench train` emulates.

use std::path::PathBuf;

use strum::{IntoStaticStr, VariantArray};

use super::reading::ReadMode;

/// A training loop: epochs of steps, each of which takes a batch of rows and computes for a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    pub epochs: u32,
    /// Most steps of each accelerator in each epoch. Absent: as many as the rows make.
    pub steps: Option<u64>,
    /// Time that a step computes.
    pub computation: Computation,
    /// Seed of the shuffles and of the computation times.
    pub seed: u64,
    /// True if each epoch has an order of its own.
    pub seed_change_epoch: bool,
    /// Accelerators that this process feeds at once, each with a loop of its own.
    pub accelerators: u32,
    /// True if the accelerators of this process wait for each other after each step.
    pub barrier: bool,
    pub loading: Loading,
    /// Absent unless the workload evaluates.
    pub evaluation: Option<Evaluation>,
    /// Accelerator utilization that is aimed at, as a share.
    pub target_utilization: f64,
    /// Steps at the beginning and at the end of an epoch that do not count for the utilization.
    pub excluded_steps: ExcludedSteps,
    /// Folder of the result files in DLIO's form. Absent: one beside the record.
    pub output_folder: Option<PathBuf>,
}

/// The way in which rows become batches.
#[derive(Debug, Clone, PartialEq)]
pub struct Loading {
    /// Rows of a batch.
    pub batch_rows: u64,
    /// Readers of each accelerator. Absent: the cores, shared out among the accelerators.
    pub readers: Option<u64>,
    /// Finished batches that may wait for the loop.
    pub prefetched_batches: u64,
    /// True if a last batch that is not full is dropped.
    pub drop_last: bool,
    /// True if files have another order in each epoch.
    pub shuffles_files: bool,
    /// True if rows have another order in each epoch.
    pub shuffles_rows: bool,
    /// Consecutive rows that are shuffled together. Absent: the default of the way of access.
    pub shuffle_rows: Option<u64>,
    pub access: ReadMode,
    /// Decoded row groups that are kept for samples by index.
    pub cached_row_groups: u64,
    pub tensors: Tensors,
}

/// Evaluation after some epochs: a loop over the table `valid`.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    pub batch_rows: u64,
    pub computation: Computation,
    /// First epoch that is followed by an evaluation, counted from 1.
    pub after_epoch: u32,
    /// Epochs from one evaluation to the next.
    pub every_epochs: u32,
}

/// Number of steps that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExcludedSteps {
    pub start: u64,
    pub end: u64,
}

/// Distribution of computation times, in seconds. Draws below 0 count by their absolute value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Computation {
    Constant(f64),
    Normal { mean: f64, std_dev: f64 },
    Uniform { min: f64, max: f64 },
    Gamma { shape: f64, scale: f64 },
    Exponential { scale: f64 },
    Poisson { mean: f64 },
}

impl Computation {
    /// Returns the mean of the distribution in seconds, without regard to draws below 0.
    pub fn mean_s(&self) -> f64 {
        match *self {
            Computation::Constant(seconds) => seconds,
            Computation::Normal { mean, .. } | Computation::Poisson { mean } => mean,
            Computation::Uniform { min, max } => (min + max) / 2.0,
            Computation::Gamma { shape, scale } => shape * scale,
            Computation::Exponential { scale } => scale,
        }
    }
}

/// Form of the batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Tensors {
    /// One row-major matrix of all numbers, of the type that NumPy would promote them to.
    #[default]
    One,
    /// A row-major matrix for each type of numbers.
    PerDtype,
    /// Columns as the engine returns them, nothing copied.
    None,
}

impl Tensors {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Order of files or of rows, by DLIO's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Shuffling {
    Off,
    Seed,
    Random,
}
