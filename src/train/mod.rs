//! A training loop over a dataset: epochs of steps, each of which takes a batch of rows and computes
//! for a time, and how much of its time an accelerator would be busy.

mod accelerator;
mod batches;
mod buffer;
mod compute;
mod demand;
mod dlio;
mod epoch;
mod on_demand;
mod order;
mod rank;
mod readers;
mod search;
mod setup;
mod tensors;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use demand::{Demand, Fleet};
pub use dlio::{SUMMARY, write_summary};
pub use rank::Rank;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Runtime;

use crate::analysis::{step_times, timeline, utilization};
use crate::cancel::{Cancel, Interrupted};
use crate::config::{Computation, Config, Evaluation, Training};
use crate::measure::{MeasureError, offset_ns};
use crate::observe::{memory_bytes, system};
use crate::output::Output;
use crate::record::{
    AcceleratorEpoch, EpochRecord, Event as Entry, Figures, Lane, Phase, RunRecord, Status,
    Utilization, to_json, write_record,
};
use crate::session::{
    AtSite, Event, Failure, Observer, RunJournal, SessionError, Site, Warning, build,
    check_results, open, prepare, rfc3339, unchanged,
};
use crate::storage::{Stores, may_drop_caches};
use accelerator::Steps;
use epoch::{Pass, PassOutcome, Share, TrainingTable};
use search::check_search;
use setup::{Prepared, training_config};

/// Options that the command line adds to a config.
#[derive(Clone, Default)]
pub struct Options {
    /// Stores that locations of data may name.
    pub stores: Stores,
    pub labels: BTreeMap<String, String>,
    /// Folder of journals and records.
    pub results: PathBuf,
    /// File for the record, besides the one in `results`.
    pub record: Option<Output>,
    /// True if large datasets may be written without asking.
    pub yes: bool,
    pub command_line: Vec<String>,
    pub rank: Rank,
    /// True if, in place of epochs, the most accelerators are searched for that this host can feed.
    pub find_accelerators: bool,
    /// Time at which the first epoch starts, for processes that start together.
    pub start_at: Option<SystemTime>,
}

/// A training run that got as far as its first epoch.
#[derive(Debug)]
pub struct Outcome {
    pub record: RunRecord,
    pub journal: PathBuf,
    /// Absent if the record could not be written.
    pub record_file: Option<PathBuf>,
    /// Folder of the result files in DLIO's form. Absent if they could not be written.
    pub dlio_folder: Option<PathBuf>,
    /// Error of the run, if there was one. Everything that was measured is in the record
    /// nevertheless.
    pub ended_by: Option<Failure>,
}

/// Does everything that one `bench train` does: makes sure that the dataset is there, opens it,
/// checks that there is at least one step, and trains. Each finished epoch is in the journal before
/// the next one starts.
///
/// Errors before the journal begins are returned as such. Later ones are in the outcome.
pub fn train(
    runtime: &Runtime,
    config: &Config,
    options: &Options,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Outcome, Failure> {
    let config = &training_config(runtime, config, &options.stores)?;
    if options.find_accelerators {
        check_search(&config.training, options.rank)?;
    }
    check_results(&options.results)?;
    if config.measure.drop_caches && !may_drop_caches() {
        return Err(SessionError::DropCaches.into());
    }
    let datasets = prepare(
        runtime,
        &options.stores,
        config,
        options.yes,
        None,
        cancel,
        observer,
    )?;
    let Some(hold) = cancel.hold() else {
        return Err(Interrupted.into());
    };
    let opened = open(config, &datasets, None, observer);
    let opened = runtime.block_on(cancel.unless(opened))??;
    let folders: Vec<PathBuf> = opened
        .datasets
        .iter()
        .filter(|dataset| dataset.store.is_none())
        .map(|dataset| PathBuf::from(&dataset.location))
        .collect();
    let records = opened.datasets.clone();
    let warnings: Vec<Warning> = opened.warnings.clone();
    let prepared = Prepared::of(config, opened, options.rank);
    let prepared = runtime.block_on(cancel.unless(prepared))??;
    if let Some(folder) = &config.training.output_folder {
        let training = &prepared.record;
        let first = training.rank * training.accelerators;
        let world = training.world_size * training.accelerators;
        dlio::check_folder(folder, first, training.accelerators, world)?;
    }
    let mut journal = RunJournal::start(
        config,
        &options.results,
        &options.labels,
        &options.command_line,
        system(&folders, build()),
    )?;
    for dataset in records {
        journal.append(Entry::Dataset {
            dataset: Box::new(dataset),
        })?;
    }
    journal.append(Entry::Training {
        training: Box::new(prepared.record.clone()),
    })?;
    let small = small_for_memory(prepared.record.file_bytes);
    let all = datasets.warnings.into_iter().chain(warnings).chain(small);
    for warning in all {
        journal.warn(observer, &warning)?;
    }
    let mut run = TrainingRun {
        training: &config.training,
        prepared,
        journal,
        observer,
        began: Instant::now(),
        steps: Vec::new(),
    };
    let trained = async {
        wait_until(options.start_at).await;
        match options.find_accelerators {
            true => run.search().await,
            false => run.train().await,
        }
    };
    let trained = runtime.block_on(cancel.unless(trained));
    let trained = trained.map_err(Failure::from).and_then(|done| done);
    observer.event(Event::Finished);
    let TrainingRun { journal, steps, .. } = run;
    let journal_file = journal.path().to_path_buf();
    let (record, finished) = journal.finish(trained.is_ok());
    let kept = finished.and_then(|()| Ok(write_record(&options.results, &record)?));
    let folder = config.training.output_folder.clone();
    let folder = folder.unwrap_or_else(|| options.results.join(&record.run_id));
    let dlio = match steps.is_empty() {
        true => Ok(false),
        false => dlio::write_files(&folder, &record, &steps).map(|()| true),
    };
    let copied = match (&kept, &options.record) {
        (Ok(_), Some(copy)) => copy
            .write(|copy| std::io::Write::write_all(copy, to_json(&record)?.as_bytes()))
            .map_err(Failure::from),
        _ => Ok(()),
    };
    drop(hold);
    Ok(Outcome {
        record_file: kept.as_ref().ok().cloned(),
        dlio_folder: dlio
            .as_ref()
            .is_ok_and(|written| *written)
            .then_some(folder),
        ended_by: trained
            .err()
            .or(kept.err())
            .or(copied.err())
            .or(dlio.err().map(Failure::from)),
        record,
        journal: journal_file,
    })
}

/// MLPerf Storage wants datasets of five times the host's memory, so that the page cache cannot
/// serve them.
const MLPERF_MEMORY_FACTOR: u64 = 5;

fn small_for_memory(bytes: u64) -> Option<Warning> {
    let (memory, _) = memory_bytes();
    (bytes < memory.saturating_mul(MLPERF_MEMORY_FACTOR))
        .then_some(Warning::SmallForMemory { bytes, memory })
}

async fn wait_until(time: Option<SystemTime>) {
    let left = time.and_then(|time| time.duration_since(SystemTime::now()).ok());
    if let Some(left) = left {
        tokio::time::sleep(left).await;
    }
}

/// Steps of one pass, for the result files in DLIO's form.
struct PassSteps {
    phase: Phase,
    epoch: u64,
    started: SystemTime,
    ended: SystemTime,
    /// Steps of each accelerator, and its utilization.
    steps: Vec<Steps>,
    utilizations: Vec<Utilization>,
}

/// A training run that is going on.
struct TrainingRun<'a> {
    training: &'a Training,
    prepared: Prepared,
    journal: RunJournal,
    observer: &'a dyn Observer,
    began: Instant,
    /// Passes of the lane `end_to_end`.
    steps: Vec<PassSteps>,
}

impl TrainingRun<'_> {
    async fn train(&mut self) -> Result<(), Failure> {
        let epochs = u64::from(self.training.epochs);
        let mut next_evaluation = self
            .training
            .evaluation
            .as_ref()
            .map(|it| u64::from(it.after_epoch));
        let lanes = self.prepared.lanes.clone();
        for epoch in 1..=epochs {
            for lane in lanes.iter().filter(|lane| **lane != Lane::Compute) {
                self.epoch(*lane, epoch).await?;
            }
            if let Some(evaluation) = &self.training.evaluation
                && next_evaluation == Some(epoch)
            {
                self.evaluate(evaluation, epoch).await?;
                next_evaluation = Some(epoch + u64::from(evaluation.every_epochs));
            }
        }
        if lanes.contains(&Lane::Compute) {
            self.ceiling(epochs).await?;
        }
        Ok(())
    }

    fn announce(&self, lane: Lane, phase: Phase, epoch: u64) {
        self.observer.event(Event::Training {
            phase,
            lane,
            epoch,
            epochs: u64::from(self.training.epochs),
        });
    }

    async fn epoch(&mut self, lane: Lane, epoch: u64) -> Result<(), Failure> {
        self.announce(lane, Phase::Train, epoch);
        let pass = self.prepared.pass(self.training, lane, epoch);
        let shares = self.prepared.table.shares(&pass);
        self.make(Phase::Train, epoch, &pass, &shares).await
    }

    /// Makes a pass over the table `valid`.
    async fn evaluate(&mut self, evaluation: &Evaluation, epoch: u64) -> Result<(), Failure> {
        self.announce(Lane::EndToEnd, Phase::Evaluation, epoch);
        let pass = Pass {
            batch_rows: evaluation.batch_rows,
            computation: evaluation.computation,
            steps: None,
            ..self.prepared.pass(self.training, Lane::EndToEnd, epoch)
        };
        let Some(valid) = &self.prepared.valid else {
            return Err(SessionError::NoValid.into());
        };
        let shares = valid.shares(&pass);
        self.make(Phase::Evaluation, epoch, &pass, &shares).await
    }

    /// Makes a pass with the bytes in memory, over as many rows as fit there.
    async fn ceiling(&mut self, epoch: u64) -> Result<(), Failure> {
        self.announce(Lane::Compute, Phase::Train, epoch);
        let mut pass = self.prepared.pass(self.training, Lane::Compute, epoch);
        let most = ceiling_steps(&pass.computation);
        pass.steps = Some(pass.steps.map_or(most, |steps| steps.min(most)));
        let shares = self.prepared.table.shares(&pass);
        let shares = self.prepared.table.hold_in_memory(shares, &pass);
        self.make(Phase::Train, epoch, &pass, &shares).await
    }

    /// Makes a pass, and keeps its outcome.
    async fn make(
        &mut self,
        phase: Phase,
        epoch: u64,
        pass: &Pass,
        shares: &[Share],
    ) -> Result<(), Failure> {
        let table = match phase {
            Phase::Train => &self.prepared.table,
            Phase::Evaluation => self.prepared.valid.as_ref().ok_or(SessionError::NoValid)?,
        };
        let offset = offset_ns(self.began);
        let made = table.pass(pass, shares).await;
        let ended = SystemTime::now();
        // A changed file says more than the failure that it caused.
        unchanged(&table.cell).await?;
        let made = match made {
            Ok(made) => made,
            Err(error) => return Err(located(table, error).await),
        };
        // The caches were brought into their state before.
        let started = ended.checked_sub(made.elapsed).unwrap_or(ended);
        let record = epoch_record(
            (phase, epoch),
            (started, offset),
            pass,
            shares,
            &made,
            self.training,
        );
        if pass.lane == Lane::EndToEnd {
            self.steps.push(PassSteps {
                phase,
                epoch,
                started,
                ended,
                utilizations: record
                    .accelerators
                    .iter()
                    .map(|it| it.utilization)
                    .collect(),
                steps: made.steps,
            });
        }
        self.journal.append(Entry::Epoch {
            epoch: Box::new(record),
        })
    }
}

async fn located(table: &TrainingTable, error: MeasureError) -> Failure {
    let error = table.cell.locate(error).await;
    let failed: Result<(), MeasureError> = Err(error);
    match failed.at(&Site::default()) {
        Ok(()) => SessionError::Internal("an error was lost".to_owned()).into(),
        Err(failure) => failure,
    }
}

/// Steps that suffice for a ceiling: 50, or those of 10 seconds of computation if they are more.
fn ceiling_steps(computation: &Computation) -> u64 {
    const LEAST: u64 = 50;
    const ENOUGH: Duration = Duration::from_secs(10);
    const MOST: u64 = 10_000;
    let steps = ENOUGH.as_secs_f64() / computation.mean_s().max(1e-9);
    (steps as u64).clamp(LEAST, MOST)
}

fn epoch_record(
    (phase, epoch): (Phase, u64),
    (started, started_offset_ns): (SystemTime, u64),
    pass: &Pass,
    shares: &[Share],
    made: &PassOutcome,
    training: &Training,
) -> EpochRecord {
    let excluded = training.excluded_steps;
    let accelerators = shares.iter().zip(&made.steps).map(|(share, done)| {
        let steps = &done.steps;
        let times = |figure: fn(&crate::analysis::Step) -> u64| step_times(steps, figure);
        AcceleratorEpoch {
            accelerator: share.accelerator,
            steps: steps.len() as u64,
            samples: steps.iter().map(|step| step.samples).sum(),
            elapsed_ns: done.elapsed_ns,
            utilization: utilization(steps, done.elapsed_ns, excluded.start, excluded.end),
            waiting: times(|step| step.waiting_ns),
            reading: times(|step| step.reading_ns),
            decoding: times(|step| step.decoding_ns),
            copying: times(|step| step.copying_ns),
            computing: times(|step| step.compute_ns),
            barrier: times(|step| step.barrier_ns),
            timeline: timeline(steps),
        }
    });
    let accelerators: Vec<AcceleratorEpoch> = accelerators.collect();
    let observed = &made.observation;
    EpochRecord {
        phase,
        lane: pass.lane,
        epoch,
        status: match observed.void {
            None => Status::Ok,
            Some(_) => Status::Void,
        },
        reason: observed.void.clone(),
        started_at: rfc3339(started),
        started_offset_ns,
        figures: Figures {
            rows: accelerators.iter().map(|it| it.samples).sum(),
            streams: 1,
            ..observed.figures.clone()
        },
        dropped_rows: shares
            .iter()
            .map(|share| share.batching.dropped_rows())
            .sum(),
        peak_resident_bytes: made.peak_bytes,
        nulls: made.nulls,
        row_group_cache: made.lookups,
        accelerators,
    }
}
