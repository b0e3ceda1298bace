//! Training runs of one process, or of several that trained together, as a whole.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::exit_class::ExitClass;
use crate::record::{
    AcceleratorEpoch, EpochRecord, Lane, Phase, RunRecord, Status, TrainingRecord,
};

/// Reason why records are not those of one training run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MergeError {
    #[error("{run} is no training run, and {other} is one; show them apart")]
    NotTraining { run: String, other: String },
    #[error(
        "{run} and {other} differ in {what}: {one}, {two}; ranks of one training run have the same"
    )]
    Differ {
        run: String,
        other: String,
        what: &'static str,
        one: String,
        two: String,
    },
    #[error("{run} and {other} are both rank {rank}")]
    SameRank {
        run: String,
        other: String,
        rank: u64,
    },
    #[error("there are {found} of {wanted} ranks; missing: {missing}")]
    MissingRanks {
        found: usize,
        wanted: u64,
        missing: String,
    },
}

impl MergeError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }
}

/// A training run: the record of one process, or those of all of its ranks.
#[derive(Debug)]
pub struct TrainingRun<'a> {
    /// By rank.
    pub records: Vec<&'a RunRecord>,
    pub passes: Vec<PassSummary>,
}

/// A pass of all accelerators.
#[derive(Debug, Clone, PartialEq)]
pub struct PassSummary {
    pub phase: Phase,
    pub lane: Lane,
    pub epoch: u64,
    /// Reason why the pass does not count. Absent if it does.
    pub void: Option<String>,
    pub accelerators: u64,
    /// Steps of all accelerators, and those that count.
    pub steps: u64,
    pub counted_steps: u64,
    /// Mean over the accelerators. Absent if no step counts.
    pub utilization: Option<f64>,
    pub measured_utilization: Option<f64>,
    /// Accelerator with the least utilization. Absent if there is one accelerator.
    pub worst: Option<WorstAccelerator>,
    /// Rows per second of all accelerators: for one process those of the steps that count, for
    /// several those of the time in which all trained. Absent if there is no such time.
    pub samples_per_s: Option<f64>,
    /// Share of the longest rank's time in which all trained. 1 for one process.
    pub together: f64,
    /// The sum of what each accelerator has for itself, as DLIO reports it.
    pub dlio_samples_per_s: Option<f64>,
    /// Bytes that reached the storage, per second of the pass.
    pub requested_bytes_per_s: f64,
    pub samples: u64,
    pub dropped_rows: u64,
}

/// Accelerator with the least utilization.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstAccelerator {
    pub accelerator: u64,
    pub hostname: String,
    pub utilization: f64,
}

impl<'a> TrainingRun<'a> {
    /// Joins the records of one training run. `None` if the first is none.
    ///
    /// # Errors
    ///
    /// The records are not those of all ranks of one run, on the same data and by the same build.
    pub fn of(records: &'a [RunRecord]) -> Option<Result<Self, MergeError>> {
        let first = records.first()?;
        first.training.as_ref()?;
        Some(TrainingRun::joined(records))
    }

    fn joined(records: &'a [RunRecord]) -> Result<Self, MergeError> {
        let mut ranks: Vec<(&RunRecord, &TrainingRecord)> = Vec::new();
        for record in records {
            match &record.training {
                Some(training) => ranks.push((record, training)),
                None => {
                    return Err(MergeError::NotTraining {
                        run: record.run_id.clone(),
                        other: records[0].run_id.clone(),
                    });
                }
            }
        }
        if let [(first, one), others @ ..] = ranks.as_slice() {
            for (record, other) in others {
                same(first, one, record, other)?;
            }
            if !others.is_empty() {
                all_there(&ranks)?;
            }
        }
        ranks.sort_by_key(|(_, training)| training.rank);
        let passes = ranks
            .first()
            .map_or(0, |(_, training)| training.epochs.len());
        let pass = |index: usize| {
            let epochs = ranks.iter().map(|(_, training)| training.epochs.get(index));
            let epochs: Option<Vec<&EpochRecord>> = epochs.collect();
            epochs.and_then(|epochs| summary(&ranks, &epochs))
        };
        Ok(TrainingRun {
            passes: (0..passes).map_while(pass).collect(),
            records: ranks.into_iter().map(|(record, _)| record).collect(),
        })
    }

    /// Fails unless the records of all ranks are there.
    ///
    /// # Errors
    ///
    /// The ranks that are missing.
    pub fn check_all_ranks(&self) -> Result<(), MergeError> {
        let ranks = self
            .records
            .iter()
            .filter_map(|it| Some((*it, it.training.as_ref()?)));
        all_there(&ranks.collect::<Vec<_>>())
    }

    /// Returns the training loop, as the first rank has it.
    pub fn training(&self) -> Option<&'a TrainingRecord> {
        self.records.first()?.training.as_ref()
    }

    /// Returns the passes of a phase in a lane that count.
    pub fn counted(&self, phase: Phase, lane: Lane) -> impl Iterator<Item = &PassSummary> {
        let passes = self.passes.iter();
        passes.filter(move |it| it.phase == phase && it.lane == lane && it.void.is_none())
    }

    /// Returns the mean of a figure over the passes of a lane that count, and its standard
    /// deviation, that of a population.
    pub fn mean(
        &self,
        phase: Phase,
        lane: Lane,
        figure: fn(&PassSummary) -> Option<f64>,
    ) -> Option<(f64, f64)> {
        let values: Vec<f64> = self.counted(phase, lane).filter_map(figure).collect();
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>();
        Some((mean, (square / count).sqrt()))
    }
}

/// Refuses records that differ in what all ranks of a run have in common.
fn same(
    first: &RunRecord,
    one: &TrainingRecord,
    record: &RunRecord,
    other: &TrainingRecord,
) -> Result<(), MergeError> {
    let fingerprints = |record: &RunRecord| {
        let datasets = record.datasets.iter();
        let all =
            datasets.map(|it| format!("{}/{}", it.content_fingerprint, it.layout_fingerprint));
        all.collect::<Vec<_>>().join(", ")
    };
    let build = |record: &RunRecord| {
        let versions = &record.versions;
        format!(
            "{} {} {}",
            versions.bench, versions.commit, record.system.build.target
        )
    };
    let order = |it: &TrainingRecord| {
        format!(
            "seed {} (another in each epoch: {}), files shuffled: {}, rows shuffled within {}",
            it.seed,
            it.seed_change_epoch,
            it.shuffles_files,
            it.shuffle_rows.unwrap_or(1)
        )
    };
    let steps = |it: &TrainingRecord| {
        format!(
            "{} epochs of {} steps, without the first {} and the last {}; batches of evaluations: {}",
            it.epochs_asked,
            it.steps_asked
                .map_or_else(|| "all".to_owned(), |it| it.to_string()),
            it.excluded_start_steps,
            it.excluded_end_steps,
            it.evaluation_batch_rows
                .map_or_else(|| "none".to_owned(), |it| it.to_string())
        )
    };
    let loading = |it: &TrainingRecord| {
        format!(
            "read mode {}, tensors {}, {} readers, {} prefetched, last batch dropped: {}",
            it.access, it.tensors, it.readers, it.prefetched_batches, it.drop_last
        )
    };
    let of =
        |figure: fn(&TrainingRecord) -> u64| (figure(one).to_string(), figure(other).to_string());
    let (worlds, accelerators) = (of(|it| it.world_size), of(|it| it.accelerators));
    let batches = of(|it| it.batch_rows);
    let pairs = [
        ("their data", fingerprints(first), fingerprints(record)),
        ("the build of the program", build(first), build(record)),
        ("the number of ranks", worlds.0, worlds.1),
        ("accelerators per rank", accelerators.0, accelerators.1),
        ("reader.batch_size", batches.0, batches.1),
        (
            "train.computation_time",
            one.computation.clone(),
            other.computation.clone(),
        ),
        ("the order of rows", order(one), order(other)),
        ("their steps", steps(one), steps(other)),
        ("how they load", loading(one), loading(other)),
    ];
    match pairs.into_iter().find(|(_, one, two)| one != two) {
        None => Ok(()),
        Some((what, one, two)) => Err(MergeError::Differ {
            run: first.run_id.clone(),
            other: record.run_id.clone(),
            what,
            one,
            two,
        }),
    }
}

/// Refuses a rank that is there twice, or not at all.
fn all_there(ranks: &[(&RunRecord, &TrainingRecord)]) -> Result<(), MergeError> {
    let world_size = ranks.first().map_or(0, |(_, training)| training.world_size);
    for (index, (record, training)) in ranks.iter().enumerate() {
        let mut earlier = ranks[..index].iter();
        if let Some((other, _)) = earlier.find(|(_, it)| it.rank == training.rank) {
            return Err(MergeError::SameRank {
                run: other.run_id.clone(),
                other: record.run_id.clone(),
                rank: training.rank,
            });
        }
    }
    let is_there = |rank: &u64| ranks.iter().any(|(_, training)| training.rank == *rank);
    let missing: Vec<String> = (0..world_size)
        .filter(|rank| !is_there(rank))
        .take(20)
        .map(|it| it.to_string())
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(MergeError::MissingRanks {
            found: ranks.len(),
            wanted: world_size,
            missing: missing.join(", "),
        }),
    }
}

/// Adds up one pass of all ranks.
fn summary(
    ranks: &[(&RunRecord, &TrainingRecord)],
    epochs: &[&EpochRecord],
) -> Option<PassSummary> {
    let first = epochs.first()?;
    let all = || epochs.iter().flat_map(|epoch| &epoch.accelerators);
    let mean = |figure: fn(&AcceleratorEpoch) -> Option<f64>| {
        let values: Option<Vec<f64>> = all().map(figure).collect();
        let values = values.filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    // DLIO excludes no step of an evaluation from its rate.
    let rate = |it: &AcceleratorEpoch| match first.phase {
        Phase::Train => it.utilization.samples_per_s,
        Phase::Evaluation => Some(it.samples as f64 / it.elapsed_ns.max(1) as f64 * 1e9),
    };
    let rates: Option<Vec<f64>> = all().map(rate).collect();
    let dlio_samples_per_s = rates.map(|rates| rates.iter().sum());
    let mut worst: Option<WorstAccelerator> = None;
    for ((_, training), epoch) in ranks.iter().zip(epochs) {
        for accelerator in &epoch.accelerators {
            let Some(utilization) = accelerator.utilization.utilization else {
                continue;
            };
            if worst
                .as_ref()
                .is_none_or(|worst| utilization < worst.utilization)
            {
                worst = Some(WorstAccelerator {
                    accelerator: accelerator.accelerator,
                    hostname: training.hostname.clone(),
                    utilization,
                });
            }
        }
    }
    let accelerators = all().count() as u64;
    let together = together(epochs);
    let requested: u64 = epochs
        .iter()
        .map(|epoch| epoch.figures.requested_bytes)
        .sum();
    Some(PassSummary {
        phase: first.phase,
        lane: first.lane,
        epoch: first.epoch,
        void: epochs
            .iter()
            .find(|epoch| epoch.status != Status::Ok)
            .map(|epoch| epoch.reason.clone().unwrap_or_default()),
        accelerators,
        steps: all().map(|it| it.steps).sum(),
        counted_steps: all().map(|it| it.utilization.counted_steps).sum(),
        utilization: mean(|it| it.utilization.utilization),
        measured_utilization: mean(|it| it.utilization.measured_utilization),
        worst: worst.filter(|_| accelerators > 1),
        samples_per_s: match epochs {
            [_] => dlio_samples_per_s,
            _ => together.map(|(rate, _)| rate),
        },
        together: match epochs {
            [_] => 1.0,
            _ => together.map_or(0.0, |(_, share)| share),
        },
        dlio_samples_per_s,
        requested_bytes_per_s: requested as f64 / whole_ns(epochs).max(1.0) * 1e9,
        samples: all().map(|it| it.samples).sum(),
        dropped_rows: epochs.iter().map(|epoch| epoch.dropped_rows).sum(),
    })
}

/// Start of a pass, in nanoseconds since 1970.
fn start_ns(epoch: &EpochRecord) -> Option<f64> {
    let time: DateTime<Utc> = epoch.started_at.parse().ok()?;
    Some(time.timestamp_micros() as f64 * 1e3)
}

/// Time from the start of the first rank's pass to the end of the last one's.
fn whole_ns(epochs: &[&EpochRecord]) -> f64 {
    let elapsed = |epoch: &EpochRecord| epoch.figures.elapsed_ns as f64;
    if let [only] = epochs {
        return elapsed(only);
    }
    let starts: Option<Vec<f64>> = epochs.iter().map(|epoch| start_ns(epoch)).collect();
    let starts = starts.unwrap_or_else(|| vec![0.0; epochs.len()]);
    let ends = epochs
        .iter()
        .zip(&starts)
        .map(|(epoch, start)| start + elapsed(epoch));
    let first = starts.iter().copied().fold(f64::INFINITY, f64::min);
    ends.fold(0.0, f64::max) - first
}

/// Rows per second in the time in which all ranks trained, and that time as a share of the longest
/// rank's. `None` if there is no such time.
fn together(epochs: &[&EpochRecord]) -> Option<(f64, f64)> {
    let starts: Option<Vec<f64>> = epochs.iter().map(|epoch| start_ns(epoch)).collect();
    let starts = starts?;
    let ends = epochs.iter().zip(&starts).map(|(epoch, start)| {
        let ends = epoch
            .accelerators
            .iter()
            .filter_map(|it| it.timeline.last());
        start
            + ends
                .map(|it| it.end_ns as f64)
                .fold(f64::INFINITY, f64::min)
    });
    let from = starts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let to = ends.fold(f64::INFINITY, f64::min);
    if !to.is_finite() || to <= from {
        return None;
    }
    let samples: f64 = epochs
        .iter()
        .zip(&starts)
        .flat_map(|(epoch, start)| {
            let within = move |it: &AcceleratorEpoch| {
                samples_until(it, to - start) - samples_until(it, from - start)
            };
            epoch.accelerators.iter().map(within)
        })
        .sum();
    let longest = epochs.iter().map(|epoch| epoch.figures.elapsed_ns).max()?;
    Some((
        samples / (to - from) * 1e9,
        (to - from) / longest.max(1) as f64,
    ))
}

/// Rows that an accelerator had taken at a time, interpolated within a stretch of its timeline.
fn samples_until(accelerator: &AcceleratorEpoch, time_ns: f64) -> f64 {
    let (mut began, mut samples) = (0.0, 0.0);
    for stretch in &accelerator.timeline {
        let end = stretch.end_ns as f64;
        if time_ns < end {
            let share = (time_ns - began) / (end - began).max(1.0);
            return samples + stretch.samples as f64 * share.clamp(0.0, 1.0);
        }
        (began, samples) = (end, samples + stretch.samples as f64);
    }
    samples
}
