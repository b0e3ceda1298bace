//! The epochs of a training run, one after the other.

use std::time::{Duration, Instant, SystemTime};

use super::setup::Prepared;
use super::steps::PassSteps;
use crate::analysis::{step_times, timeline, utilization};
use crate::config::{Computation, Evaluation, Training};
use crate::loader::{Pass, PassOutcome, RowShare, TrainingTable};
use crate::measure::{MeasureError, offset_ns};
use crate::record::{
    AcceleratorEpoch, EpochRecord, Event as Entry, Figures, Lane, Phase, Status, TrainingStep,
};
use crate::session::{
    AtSite, Event, Failure, Observer, RunJournal, SessionError, Site, Warning, rfc3339, unchanged,
};

/// A training run that is going on.
pub(super) struct Trainer<'a> {
    pub(super) training: &'a Training,
    pub(super) prepared: Prepared,
    pub(super) journal: RunJournal,
    pub(super) observer: &'a dyn Observer,
    pub(super) began: Instant,
    /// Passes of the lane `end_to_end`.
    pub(super) steps: Vec<PassSteps>,
}

impl Trainer<'_> {
    /// Makes all epochs, then the ceiling.
    pub(super) async fn train(&mut self) -> Result<(), Failure> {
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
            if lanes.contains(&Lane::EndToEnd)
                && let Some(evaluation) = &self.training.evaluation
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
        match self.make(Phase::Train, epoch, &pass, &shares).await {
            Err(failure) if is_too_large(failure.error()) => {
                let why = format!("the ceiling is not measured: {failure}");
                self.journal.warn(self.observer, &Warning::Caution(why))
            }
            made => made,
        }
    }

    /// Makes a pass, and keeps its outcome.
    async fn make(
        &mut self,
        phase: Phase,
        epoch: u64,
        pass: &Pass,
        shares: &[RowShare],
    ) -> Result<(), Failure> {
        let table = match phase {
            Phase::Train => &self.prepared.table,
            Phase::Evaluation => self.prepared.valid.as_ref().ok_or(SessionError::NoValid)?,
        };
        let made = table.pass(pass, shares).await;
        let (ended, ended_ns) = (SystemTime::now(), offset_ns(self.began));
        // A changed file says more than the failure that it caused.
        unchanged(&table.cell).await?;
        let made = match made {
            Ok(made) => made,
            Err(error) => return Err(located(table, error).await),
        };
        // The caches were brought into their state before.
        let started = ended.checked_sub(made.elapsed).unwrap_or(ended);
        let elapsed_ns = u64::try_from(made.elapsed.as_nanos()).unwrap_or(u64::MAX);
        let offset = ended_ns.saturating_sub(elapsed_ns);
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

/// True if the bytes of a pass do not fit into memory.
fn is_too_large(error: &SessionError) -> bool {
    matches!(error, SessionError::Measure(MeasureError::TooLarge { .. }))
}

/// Adds what can be said of the file that caused an error.
pub(super) async fn located(table: &TrainingTable, error: MeasureError) -> Failure {
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
    shares: &[RowShare],
    made: &PassOutcome,
    training: &Training,
) -> EpochRecord {
    let excluded = training.excluded_steps;
    let accelerators = shares.iter().zip(&made.steps).map(|(share, done)| {
        let steps = &done.steps;
        let times = |figure: fn(&TrainingStep) -> u64| step_times(steps, figure);
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
