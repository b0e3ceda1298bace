//! The rounds of a run: every lane of every cell once per round, in a shuffled order, each iteration kept before the next begins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::analysis::{family, rounds_for, widest_interval};
use crate::config::{Config, PageCache};
use crate::dataset::Cancel;
use crate::measure::{
    BLOCK, Cell, HostUsage, MeasureError, Probe, Schedule, Verified, Visit, evaluate, memory_bytes,
    offset_ns, warm_alike,
};
use crate::record::{
    CellRecord, ColdEvidence, Event as Entry, Iteration, Kind, Lane, Status, StopReason, Stopped,
};
use crate::session::{CellPlan, Event, Journaled, Observer, RunError, on_variant, unchanged};
use crate::storage::lies_in_memory;

/// All rounds of a run.
pub(crate) struct Rounds<'a> {
    pub(crate) config: &'a Config,
    pub(crate) journal: &'a mut Journaled,
    pub(crate) cancel: &'a Cancel,
    pub(crate) observer: &'a dyn Observer,
    started: Instant,
    done: usize,
    total: usize,
    /// Cells' lanes that failed by themselves, and that the run goes on without.
    given_up: BTreeMap<(usize, Lane), String>,
    warned: BTreeSet<&'static str>,
    /// Measured iterations that were void, of the lanes that have had no other.
    void: BTreeMap<(usize, Lane), u32>,
}

/// A lane of a cell whose first measured iterations are all void is not measured any further.
const MOST_VOID: u32 = 5;

impl<'a> Rounds<'a> {
    pub(crate) fn new(
        config: &'a Config,
        journal: &'a mut Journaled,
        cancel: &'a Cancel,
        observer: &'a dyn Observer,
    ) -> Self {
        Rounds {
            config,
            journal,
            cancel,
            observer,
            started: Instant::now(),
            done: 0,
            total: 0,
            given_up: BTreeMap::new(),
            warned: BTreeSet::new(),
            void: BTreeMap::new(),
        }
    }

    /// Warm-ups first, then measured rounds until there are enough. Every iteration is in the journal before the next one
    /// begins. What became of the lanes of cells that failed by themselves.
    pub(crate) async fn measure(mut self, cells: &mut [CellPlan]) -> Result<Vec<String>, RunError> {
        for cell in cells.iter() {
            self.journal.append(Entry::Cell {
                cell: Box::new(cell.record.clone()),
            })?;
        }
        let measure = &self.config.measure;
        let ((sets, bytes), (_, available)) = (warm_files(cells), memory_bytes());
        let schedule = Schedule {
            cells: cells.len(),
            lanes: measure.lanes.clone(),
            seed: measure.seed,
            blocked: available > 0 && bytes > available / 2,
        };
        if schedule.blocked {
            self.warn(
                "the files of all cells do not fit in half of the available memory, so that each cell has several rounds in a row; fewer \
                 variants or smaller data would be compared more closely",
            )?;
        }
        let in_memory = sets.iter().flatten().any(|file| lies_in_memory(file));
        if !schedule.blocked && !in_memory {
            let warmed = tokio::task::spawn_blocking(move || warm_alike(&sets));
            tokio::select! {
                warmed = warmed => warmed.map_err(|error| RunError::Internal(error.to_string()))?,
                () = self.cancel.cancelled() => return Err(RunError::Interrupted),
            }
        }
        let host = HostUsage::now();
        let per_round = cells.len() * measure.lanes.len();
        let least = self.least_rounds()?;
        self.total = per_round * (measure.warmup as usize + least as usize);
        self.visit(
            cells,
            Kind::Warmup,
            schedule.visits(Kind::Warmup, 0..measure.warmup),
        )
        .await?;
        let mut rounds = 0;
        let stopped = loop {
            let step = match schedule.blocked {
                true => BLOCK,
                false => 1,
            };
            let next = match measure.until {
                None => (rounds + step).min(least),
                Some(_) => rounds + step,
            };
            self.total = self
                .total
                .max(self.done + per_round * (next - rounds) as usize);
            self.visit(
                cells,
                Kind::Measured,
                schedule.visits(Kind::Measured, rounds..next),
            )
            .await?;
            rounds = next;
            if rounds >= least {
                let widest = widest_interval(self.journal.record());
                if let Some(by) = self.enough(widest) {
                    break self.stopped(by, rounds, widest);
                }
            }
        };
        self.journal.append(Entry::Stopped { stopped })?;
        for text in HostUsage::now().since(&host).warnings() {
            self.warn_of(&text)?;
        }
        Ok(self.given_up.into_values().collect())
    }

    /// Rounds that there are in any case: as many as were asked for, and no fewer than a verdict takes where it is for this
    /// program to say when to end.
    fn least_rounds(&mut self) -> Result<u32, RunError> {
        let asked = self.config.measure.rounds;
        let comparisons = family(self.journal.record(), self.config.measure.lanes.len());
        let needed = rounds_for(comparisons);
        if self.config.measure.until.is_some() {
            return Ok(asked.max(needed));
        }
        if asked < needed && comparisons > 0 {
            self.warn_of(&format!(
                "rounds: {asked} is too few for a verdict on {comparisons} comparison(s) at once; --rounds {needed} would do"
            ))?;
        }
        Ok(asked)
    }

    /// Time until the last round. None before the first iteration is over.
    fn left(&self) -> Option<Duration> {
        let elapsed = self.started.elapsed();
        let to_come = self.total.saturating_sub(self.done);
        let of_rounds =
            (self.done > 0).then(|| elapsed.mul_f64(to_come as f64 / self.done as f64))?;
        Some(match self.config.measure.until {
            None => of_rounds,
            Some(until) => of_rounds.max(until.time_budget.saturating_sub(elapsed)),
        })
    }

    /// Why there have been enough rounds, if there have.
    fn enough(&self, widest: Option<f64>) -> Option<StopReason> {
        let Some(until) = self.config.measure.until else {
            return Some(StopReason::Rounds);
        };
        if widest.is_some_and(|widest| widest <= until.precision) {
            Some(StopReason::Precision)
        } else if self.started.elapsed() >= until.time_budget {
            Some(StopReason::TimeBudget)
        } else {
            None
        }
    }

    fn stopped(&self, by: StopReason, rounds: u32, widest_interval: Option<f64>) -> Stopped {
        let until = self.config.measure.until;
        Stopped {
            by,
            rounds,
            widest_interval,
            precision: until.map(|until| until.precision),
            time_budget_ns: until
                .map(|until| u64::try_from(until.time_budget.as_nanos()).unwrap_or(u64::MAX)),
        }
    }

    /// Warns once of a thing.
    fn warn(&mut self, text: &'static str) -> Result<(), RunError> {
        match self.warned.insert(text) {
            true => self.warn_of(text),
            false => Ok(()),
        }
    }

    fn warn_of(&mut self, text: &str) -> Result<(), RunError> {
        self.journal.warn(self.observer, text)
    }

    async fn visit(
        &mut self,
        cells: &mut [CellPlan],
        kind: Kind,
        visits: Vec<Visit>,
    ) -> Result<(), RunError> {
        for visit in visits {
            if !self.given_up.contains_key(&(visit.cell, visit.lane))
                && let Some(plan) = cells.get_mut(visit.cell)
            {
                self.iterate(plan, kind, visit).await?;
            }
            self.done += 1;
            self.observer.event(Event::Measured {
                done: self.done,
                total: self.total,
            });
        }
        Ok(())
    }

    async fn iterate(
        &mut self,
        plan: &mut CellPlan,
        kind: Kind,
        visit: Visit,
    ) -> Result<(), RunError> {
        let left = self.left();
        let CellPlan {
            record,
            cell,
            verified,
            variant,
            ..
        } = plan;
        self.observer.event(Event::Measuring {
            done: self.done,
            total: self.total,
            kind,
            round: visit.round,
            scenario: &record.scenario,
            variant: variant.as_deref().unwrap_or(&record.variant_name),
            left,
        });
        let probe = Probe {
            lane: visit.lane,
            kind,
            round: visit.round,
            position: visit.position,
            started_offset_ns: offset_ns(self.started),
            arrow_bytes: verified.as_ref().map_or(0, |verified| verified.arrow_bytes),
        };
        let measured = tokio::select! {
            // An iteration that has come to its end is kept, also when the request to stop came with it.
            biased;
            measured = iterate(cell, verified, probe) => measured,
            () = self.cancel.cancelled() => return Err(RunError::Interrupted),
        };
        // Looked at between iterations, untimed: what ran on files that changed is void.
        if let Err(changed) = unchanged(cell).await {
            let iteration = voided(cell, measured, probe, &changed);
            self.journal.append(Entry::Iteration {
                cell: record.id.clone(),
                iteration: Box::new(iteration),
            })?;
            return Err(changed);
        }
        let (iteration, first) = match measured {
            Ok(measured) => measured,
            Err(source) => {
                let source = tokio::select! {
                    located = cell.locate(source) => located,
                    () = self.cancel.cancelled() => return Err(RunError::Interrupted),
                };
                self.journal.append(Entry::Iteration {
                    cell: record.id.clone(),
                    iteration: Box::new(cell.failed(probe, &source)),
                })?;
                if source.is_of_the_cell() {
                    let text = format!(
                        "{}, lane {}: {source}",
                        place_of(record, variant),
                        visit.lane.name()
                    );
                    self.given_up.insert((visit.cell, visit.lane), text.clone());
                    return self.warn_of(&text);
                }
                return Err(RunError::Measure {
                    scenario: record.scenario.clone(),
                    variant: variant.clone(),
                    source,
                });
            }
        };
        if let Some(text) = without_evidence(cell, &iteration) {
            self.warn(text)?;
        }
        let void = (iteration.status == Status::Void && kind == Kind::Measured)
            .then(|| iteration.reason.clone().unwrap_or_default());
        self.journal.append(Entry::Iteration {
            cell: record.id.clone(),
            iteration: Box::new(iteration),
        })?;
        if let Some(reason) = void {
            let place = (visit.cell, visit.lane);
            let row = self.void.entry(place).or_default();
            *row += 1;
            if *row == MOST_VOID {
                let text = format!(
                    "{}, lane {}: {MOST_VOID} iterations were void, and none was not: {reason}",
                    place_of(record, variant),
                    visit.lane.name()
                );
                self.given_up.insert(place, text.clone());
                return self.warn_of(&text);
            }
        } else if kind == Kind::Measured {
            // It can be done.
            self.void.insert((visit.cell, visit.lane), MOST_VOID);
        }
        if first && let Some(verified) = &plan.verified {
            let expectations = evaluate(&plan.cell.scenario, &verified.observed, |key| {
                plan.setting(key)
            });
            let cell = plan.record.id.clone();
            self.journal
                .append(Entry::Expectations { cell, expectations })?;
        }
        Ok(())
    }
}

/// An iteration that is of no use, whatever it came to.
fn voided(
    cell: &Cell,
    measured: Result<(Iteration, bool), MeasureError>,
    probe: Probe,
    why: &RunError,
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

/// How a cell is named in sentences.
fn place_of(record: &CellRecord, variant: &Option<String>) -> String {
    format!("scenario `{}`{}", record.scenario, on_variant(variant))
}

/// What an iteration cannot show of its cache state.
fn without_evidence(cell: &Cell, iteration: &Iteration) -> Option<&'static str> {
    let reads = iteration.requested_bytes > 0;
    if iteration.lane == Lane::Compute || iteration.status != Status::Ok || !reads {
        return None;
    }
    match cell.reader().cache {
        PageCache::Warm if iteration.cache.resident_ratio_before.is_none() => Some(
            "this user may not ask which pages of the files are resident, so that a warm cache is established but not attested; run as \
             the owner of the files to have it attested",
        ),
        PageCache::Cold if iteration.cache.cold_evidence == Some(ColdEvidence::None) => Some(
            "this user may not ask which pages of the files are resident, and devices delivered less than 95 % of what was \
             requested, so that nothing shows that cold iterations were; run as the owner of the files, or with --cache direct",
        ),
        PageCache::Direct if iteration.cache.cold_evidence == Some(ColdEvidence::None) => Some(
            "devices delivered less than 95 % of what direct reads requested, so that nothing shows that no cache served them; \
             `bench doctor` tells what this storage allows",
        ),
        _ => None,
    }
}

/// The files that warm cells are to find in memory, each set once, and their bytes.
fn warm_files(cells: &[CellPlan]) -> (Vec<Vec<PathBuf>>, u64) {
    let warm = cells
        .iter()
        .filter(|plan| plan.cell.reader().cache == PageCache::Warm);
    let mut seen = BTreeSet::new();
    let (mut sets, mut bytes) = (Vec::new(), 0);
    for table in warm.flat_map(|plan| &plan.cell.tables) {
        if table.paths.first().is_some_and(|first| seen.insert(first)) {
            sets.push(table.paths.clone());
            bytes += table.file_bytes;
        }
    }
    (sets, bytes)
}

/// One iteration. A cell's first one is followed by an untimed execution that counts and checksums the result; the second
/// value says whether this was it.
async fn iterate(
    cell: &mut Cell,
    verified: &mut Option<Verified>,
    probe: Probe,
) -> Result<(Iteration, bool), MeasureError> {
    let mut iteration = cell.iterate(probe).await?;
    let first = verified.is_none();
    if first {
        let found = cell.verify().await?;
        if probe.lane != Lane::Storage {
            iteration.checksum = Some(found.checksum.clone());
            iteration.arrow_bytes = found.arrow_bytes;
        }
        *verified = Some(found);
    }
    if let Some(verified) = verified
        && probe.lane != Lane::Storage
        && verified.rows != iteration.rows
        && cell.scenario.nondeterministic.is_none()
    {
        return Err(MeasureError::defect(format!(
            "one execution gave {} rows, another {}",
            verified.rows, iteration.rows
        )));
    }
    Ok((iteration, first))
}
