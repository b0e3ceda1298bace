//! The iterations of a run: each is announced, executed, checked and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use url::Url;

use crate::analysis::summarise_measured;
use crate::cancel::Cancel;
use crate::config::{PageCache, Until};
use crate::measure::{
    Cell, IterationPlace, MeasureError, Trial, VerifiedResult, Visit, evaluate, offset_ns,
};
use crate::record::{CacheState, ColdEvidence, Event as Entry, Iteration, Kind, Lane, Status};
use crate::session::{
    AtSite, CellPlan, Event, Executor, Failure, Observer, RunJournal, Warning, unchanged,
};

/// If so many first measured iterations of a lane of a cell are all void, the lane is not measured
/// any further.
const MOST_VOID: u32 = 5;

/// The cells of a run, and the state of their iterations so far.
pub(super) struct Iterations<'a> {
    cells: &'a mut [CellPlan],
    journal: &'a mut RunJournal,
    cancel: &'a Cancel,
    observer: &'a dyn Observer,
    until: Option<Until>,
    /// True if the run goes on without workers that are lost.
    tolerates_lost_workers: bool,
    started: Instant,
    done: usize,
    total: usize,
    /// Reasons why lanes of cells were given up, by cell and lane. The run goes on without these
    /// lanes.
    given_up: BTreeMap<(usize, Lane), String>,
    warned: BTreeSet<Warning>,
    /// Number of void measured iterations, by cell and lane. At least [`MOST_VOID`] for a lane that
    /// has had a valid one.
    void: BTreeMap<(usize, Lane), u32>,
}

impl<'a> Iterations<'a> {
    pub(super) fn new(
        cells: &'a mut [CellPlan],
        journal: &'a mut RunJournal,
        cancel: &'a Cancel,
        observer: &'a dyn Observer,
        until: Option<Until>,
        tolerates_lost_workers: bool,
    ) -> Self {
        Iterations {
            tolerates_lost_workers,
            cells,
            journal,
            cancel,
            observer,
            until,
            started: Instant::now(),
            done: 0,
            total: 0,
            given_up: BTreeMap::new(),
            warned: BTreeSet::new(),
            void: BTreeMap::new(),
        }
    }

    pub(super) fn cells(&self) -> &[CellPlan] {
        self.cells
    }

    pub(super) fn journal(&mut self) -> &mut RunJournal {
        self.journal
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Shows what is known after these rounds.
    pub(super) fn tell_so_far(&self, rounds: u32) {
        let mut record = self.journal.record().clone();
        summarise_measured(&mut record);
        self.observer.event(Event::SoFar {
            rounds,
            record: &record,
        });
    }

    /// Reasons why lanes of cells were given up.
    pub(super) fn given_up(self) -> Vec<String> {
        self.given_up.into_values().collect()
    }

    /// Writes the cells to the journal, without iterations.
    pub(super) fn keep_cells(&mut self) -> Result<(), Failure> {
        self.cells.iter().try_for_each(|plan| {
            self.journal.append(Entry::Cell {
                cell: Box::new(plan.record.clone()),
            })
        })
    }

    /// Sets the number of iterations that will be made in all.
    pub(super) fn expect(&mut self, iterations: usize) {
        self.total = iterations;
    }

    /// Raises that number so that at least `iterations` more are expected from here on.
    pub(super) fn expect_more(&mut self, iterations: usize) {
        self.total = self.total.max(self.done + iterations);
    }

    /// Chooses the number of executions per iteration. All cells of a scenario have the same number
    /// in a lane. A cell that fails here fails again in its first round, which reports the failure.
    pub(super) async fn choose_executions(&mut self, lanes: &[Lane]) -> Result<(), Failure> {
        let mut trials: BTreeMap<(String, Lane), Vec<Trial>> = BTreeMap::new();
        for (place, plan) in self.cells.iter_mut().enumerate() {
            for lane in lanes {
                if self.given_up.contains_key(&(place, *lane)) {
                    continue;
                }
                if let Ok(trial) = self.cancel.unless(plan.cell.trial(*lane)).await? {
                    let scenario = plan.record.scenario.clone();
                    trials.entry((scenario, *lane)).or_default().push(trial);
                }
            }
        }
        for plan in self.cells.iter_mut() {
            for lane in lanes {
                let of_scenario = trials.get(&(plan.record.scenario.clone(), *lane));
                if let Some(trials) = of_scenario {
                    let executions = Trial::executions_of_all(trials);
                    plan.cell.execute_so_often(*lane, executions);
                }
            }
        }
        Ok(())
    }

    pub(super) fn warn(&mut self, warning: &Warning) -> Result<(), Failure> {
        self.journal.warn(self.observer, warning)
    }

    fn append(&mut self, visit: Visit, iteration: Iteration) -> Result<(), Failure> {
        self.journal.append(Entry::Iteration {
            cell: self.cells[visit.cell].record.id.clone(),
            iteration: Box::new(iteration),
        })
    }

    /// Gives up a lane of a cell, without which the run goes on.
    fn give_up(&mut self, visit: Visit, warning: &Warning) -> Result<(), Failure> {
        let place = (visit.cell, visit.lane);
        self.given_up.insert(place, warning.to_string());
        self.warn(warning)
    }

    async fn keep_failed(
        &mut self,
        visit: Visit,
        probe: IterationPlace,
        error: MeasureError,
    ) -> Result<(), Failure> {
        let plan = &self.cells[visit.cell];
        if let Some((worker, reason)) = error.lost_worker()
            && self.tolerates_lost_workers
        {
            let (worker, reason) = (worker.clone(), reason.to_owned());
            let iteration = plan.cell.failed(probe, &error);
            self.append(visit, iteration)?;
            return self.go_on_without(&worker, reason).await;
        }
        let error = self.cancel.unless(plan.cell.locate(error)).await?;
        let (site, iteration) = (plan.site.clone(), plan.cell.failed(probe, &error));
        self.append(visit, iteration)?;
        if !error.is_of_the_cell() {
            return Err(error).at(&site);
        }
        let warning = Warning::LaneFailed {
            site,
            lane: visit.lane,
            reason: error.to_string(),
        };
        self.give_up(visit, &warning)
    }

    /// Divides the queries of all cells among the workers that are left, and holds their results
    /// against the earlier ones. A cell that has none left is given up. Others may be lost on the
    /// way.
    async fn go_on_without(&mut self, worker: &Url, reason: String) -> Result<(), Failure> {
        let mut lost = vec![(worker.clone(), reason)];
        while let Some((worker, reason)) = lost.pop() {
            let mut cells = 0;
            for place in 0..self.cells.len() {
                let plan = &mut self.cells[place];
                let going_on = async {
                    let changed = plan.cell.go_on_without(&worker).await?;
                    if changed {
                        plan.cell.verify().await?;
                    }
                    Ok::<bool, MeasureError>(changed)
                };
                match self.cancel.unless(going_on).await? {
                    Ok(changed) => cells += usize::from(changed),
                    Err(error) => match error.lost_worker() {
                        // The one that is lost was the cell's last.
                        Some((other, reason)) if *other == worker => {
                            cells += 1;
                            self.give_up_cell(place, reason.to_owned())?;
                        }
                        Some((other, reason)) => {
                            cells += 1;
                            if !lost.iter().any(|(known, _)| known == other) {
                                lost.push((other.clone(), reason.to_owned()));
                            }
                        }
                        None => return Err(error).at(&self.cells[place].site),
                    },
                }
            }
            // A loss may be noticed by several streams at once.
            if cells > 0 {
                self.keep_loss(&worker, reason, cells)?;
            }
        }
        Ok(())
    }

    fn keep_loss(&mut self, worker: &Url, reason: String, cells: usize) -> Result<(), Failure> {
        self.journal.append(Entry::WorkerLost {
            url: worker.to_string(),
            reason: reason.clone(),
        })?;
        self.warn(&Warning::WorkerLost {
            worker: worker.to_string(),
            reason,
            cells,
        })
    }

    /// Gives up a cell that has no workers any more.
    fn give_up_cell(&mut self, cell: usize, reason: String) -> Result<(), Failure> {
        let warning = Warning::LaneFailed {
            site: self.cells[cell].site.clone(),
            lane: Lane::EndToEnd,
            reason,
        };
        match self
            .given_up
            .insert((cell, Lane::EndToEnd), warning.to_string())
        {
            None => self.warn(&warning),
            Some(_) => Ok(()),
        }
    }

    fn keep_measured(
        &mut self,
        kind: Kind,
        visit: Visit,
        iteration: Iteration,
        is_first: bool,
    ) -> Result<(), Failure> {
        let unproven = without_evidence(&self.cells[visit.cell].cell, &iteration);
        if let Some(warning) = unproven.filter(|it| self.warned.insert(it.clone())) {
            self.warn(&warning)?;
        }
        let void = (iteration.status == Status::Void)
            .then(|| iteration.reason.clone().unwrap_or_default());
        self.append(visit, iteration)?;
        if kind == Kind::Measured {
            self.count_void(visit, void)?;
        }
        match is_first {
            true => self.keep_expectations(visit),
            false => Ok(()),
        }
    }

    /// Gives up a lane that has had only void iterations. `void` is the reason of the last one, if
    /// it was void.
    fn count_void(&mut self, visit: Visit, void: Option<String>) -> Result<(), Failure> {
        let count = self.void.entry((visit.cell, visit.lane)).or_default();
        let gives_up = gives_up(count, void.is_some());
        let Some(reason) = void.filter(|_| gives_up) else {
            return Ok(());
        };
        let warning = Warning::LaneVoid {
            site: self.cells[visit.cell].site.clone(),
            lane: visit.lane,
            iterations: MOST_VOID,
            reason,
        };
        self.give_up(visit, &warning)
    }

    /// Writes to the journal how a cell's first result meets the scenario's expectations.
    fn keep_expectations(&mut self, visit: Visit) -> Result<(), Failure> {
        let plan = &self.cells[visit.cell];
        let Some(verified) = &plan.verified else {
            return Ok(());
        };
        let setting = |key: &str| plan.setting(key);
        let expectations = evaluate(&plan.cell.scenario, &verified.observed, setting);
        let cell = plan.record.id.clone();
        self.journal
            .append(Entry::Expectations { cell, expectations })
    }
}

impl Executor for Iterations<'_> {
    type Visit = (Kind, Visit);
    /// An iteration, and true if it was the first of its cell.
    type Done = (IterationPlace, Result<(Iteration, bool), MeasureError>);

    fn begin(&mut self, (kind, visit): Self::Visit) -> bool {
        if self.given_up.contains_key(&(visit.cell, visit.lane)) {
            return false;
        }
        let CellPlan { record, site, .. } = &self.cells[visit.cell];
        self.observer.event(Event::Measuring {
            done: self.done,
            total: self.total,
            kind,
            round: visit.round,
            scenario: &record.scenario,
            variant: site.variant().unwrap_or(&record.variant_name),
            left: left(self.elapsed(), self.done, self.total, self.until),
        });
        true
    }

    async fn execute(&mut self, (kind, visit): Self::Visit) -> Self::Done {
        let CellPlan { cell, verified, .. } = &mut self.cells[visit.cell];
        let probe = IterationPlace {
            lane: visit.lane,
            kind,
            round: visit.round,
            position: visit.position,
            block: visit.block,
            started_offset_ns: offset_ns(self.started),
            arrow_bytes: verified.as_ref().map_or(0, |verified| verified.arrow_bytes),
        };
        (probe, iterate(cell, verified, probe).await)
    }

    async fn check(&self, (_, visit): Self::Visit) -> Result<(), Failure> {
        unchanged(&self.cells[visit.cell].cell).await
    }

    async fn keep(
        &mut self,
        (kind, visit): Self::Visit,
        (probe, measured): Self::Done,
        checked: Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Err(changed) = checked {
            let cell = &self.cells[visit.cell].cell;
            let iteration = voided(cell, measured, probe, &changed);
            self.append(visit, iteration)?;
            return Err(changed);
        }
        match measured {
            Ok((iteration, is_first)) => self.keep_measured(kind, visit, iteration, is_first),
            Err(error) => self.keep_failed(visit, probe, error).await,
        }
    }

    fn end(&mut self) {
        self.done += 1;
        self.observer.event(Event::Measured {
            done: self.done,
            total: self.total,
        });
    }
}

/// Time until the end of the last of `total` iterations, and no less than the rest of a time
/// budget. `None` before the first one is over.
fn left(elapsed: Duration, done: usize, total: usize, until: Option<Until>) -> Option<Duration> {
    let to_come = total.saturating_sub(done);
    let of_rounds = (done > 0).then(|| elapsed.mul_f64(to_come as f64 / done as f64))?;
    Some(match until {
        None => of_rounds,
        Some(until) => of_rounds.max(until.time_budget.saturating_sub(elapsed)),
    })
}

/// Counts a measured iteration of a lane. Returns true if the run goes on without the lane now.
fn gives_up(void: &mut u32, is_void: bool) -> bool {
    if !is_void {
        // After one valid iteration, void ones do not count any more.
        *void = MOST_VOID;
        return false;
    }
    *void += 1;
    *void == MOST_VOID
}

/// An iteration that is of no use, whatever its result was.
fn voided(
    cell: &Cell,
    measured: Result<(Iteration, bool), MeasureError>,
    probe: IterationPlace,
    why: &Failure,
) -> Iteration {
    let iteration = match measured {
        Ok((iteration, _)) => iteration,
        Err(source) => cell.failed(probe, &source),
    };
    Iteration {
        status: Status::Void,
        reason: Some(why.to_string()),
        ..iteration
    }
}

/// Warning about a part of its cache state that an iteration cannot show.
fn without_evidence(cell: &Cell, iteration: &Iteration) -> Option<Warning> {
    let reads = iteration.figures.requested_bytes > 0;
    let is_remote = iteration.figures.cache.state == CacheState::Remote;
    if is_remote || iteration.lane == Lane::Compute || iteration.status != Status::Ok || !reads {
        return None;
    }
    let unproven = iteration.figures.cache.cold_evidence == Some(ColdEvidence::None);
    match cell.reader().cache {
        PageCache::Warm if iteration.figures.cache.resident_ratio_before.is_none() => {
            Some(Warning::WarmUnattested)
        }
        PageCache::Cold if unproven => Some(Warning::ColdUnproven),
        PageCache::Direct if unproven => Some(Warning::DirectUnproven),
        _ => None,
    }
}

/// Makes one iteration. The first one of a cell is followed by an untimed execution that counts and
/// checksums the result. The first one of a lane that has a result keeps the checksum. The second
/// value is true if this was the first one of the cell.
async fn iterate(
    cell: &mut Cell,
    verified: &mut Option<VerifiedResult>,
    probe: IterationPlace,
) -> Result<(Iteration, bool), MeasureError> {
    let mut iteration = cell.iterate(probe).await?;
    let first = verified.is_none();
    if first {
        *verified = Some(cell.verify().await?);
    }
    if let Some(verified) = verified
        && probe.lane != Lane::Storage
        && !std::mem::replace(&mut verified.is_kept, true)
    {
        iteration.figures.checksum = Some(verified.checksum.clone());
        iteration.figures.arrow_bytes = verified.arrow_bytes;
    }
    if let Some(verified) = verified
        && probe.lane != Lane::Storage
        && verified.rows != iteration.figures.rows
        && cell.scenario.nondeterministic.is_none()
    {
        return Err(MeasureError::defect(format!(
            "one execution gave {} rows, another {}",
            verified.rows, iteration.figures.rows
        )));
    }
    Ok((iteration, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_that_of_the_iterations_to_come() {
        let elapsed = Duration::from_secs(6);
        assert_eq!(left(elapsed, 0, 9, None), None);
        assert_eq!(left(elapsed, 3, 9, None), Some(Duration::from_secs(12)));
        assert_eq!(left(elapsed, 9, 9, None), Some(Duration::ZERO));
    }

    #[test]
    fn time_left_is_no_less_than_what_is_left_of_the_time_that_may_be_taken() {
        let until = Some(Until {
            precision: 0.04,
            time_budget: Duration::from_secs(20),
        });
        let left = |elapsed| left(Duration::from_secs(elapsed), 3, 9, until);
        assert_eq!(left(6), Some(Duration::from_secs(14)));
        assert_eq!(left(30), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_lane_is_given_up_once_when_its_first_iterations_are_all_void() {
        let mut void = 0;
        let given_up: Vec<bool> = (0..MOST_VOID + 2)
            .map(|_| gives_up(&mut void, true))
            .collect();
        let places: Vec<usize> = (0..given_up.len())
            .filter(|place| given_up[*place])
            .collect();
        assert_eq!(places, [MOST_VOID as usize - 1]);
    }

    #[test]
    fn a_lane_with_one_valid_iteration_is_never_given_up() {
        let mut void = 0;
        assert!(!gives_up(&mut void, true));
        assert!(!gives_up(&mut void, false));
        assert!((0..3 * MOST_VOID).all(|_| !gives_up(&mut void, true)));
    }
}
