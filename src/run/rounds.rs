//! The rounds of a run: every lane of every cell once per round, in a shuffled order, until there
//! are enough.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::iterations::Iterations;
use crate::analysis::{family, rounds_for, widest_interval};
use crate::cancel::Cancel;
use crate::config::{Config, PageCache};
use crate::measure::{BLOCK, Schedule};
use crate::observe::{HostUsage, memory_bytes, warm_alike};
use crate::record::{Event as Entry, Kind, StopReason, Stopped};
use crate::session::{CellPlan, Failure, Journaled, Observer, SessionError, Warning, visit_all};
use crate::storage::lies_in_memory;

/// All rounds of a run.
pub(super) struct Rounds<'a> {
    config: &'a Config,
    cancel: &'a Cancel,
    iterations: Iterations<'a>,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(
        config: &'a Config,
        cells: &'a mut [CellPlan],
        journal: &'a mut Journaled,
        cancel: &'a Cancel,
        observer: &'a dyn Observer,
    ) -> Self {
        Rounds {
            config,
            cancel,
            iterations: Iterations::new(cells, journal, cancel, observer, config.measure.until),
        }
    }

    /// Warm-ups first, then measured rounds until there are enough. Every iteration is in the
    /// journal before the next one begins. What became of the lanes of cells that failed by
    /// themselves.
    pub(super) async fn measure(mut self) -> Result<Vec<String>, Failure> {
        let measure = &self.config.measure;
        self.iterations.keep_cells()?;
        let schedule = self.schedule().await?;
        let host = HostUsage::now();
        let per_round = schedule.cells * measure.lanes.len();
        let least = self.least_rounds()?;
        self.iterations
            .expect(per_round * (measure.warmup as usize + least as usize));
        self.visit(&schedule, Kind::Warmup, 0..measure.warmup)
            .await?;
        let step = match schedule.blocked {
            true => BLOCK,
            false => 1,
        };
        let mut rounds = 0;
        let stopped = loop {
            let next = match measure.until {
                None => (rounds + step).min(least),
                Some(_) => rounds + step,
            };
            self.iterations
                .expect_more(per_round * (next - rounds) as usize);
            self.visit(&schedule, Kind::Measured, rounds..next).await?;
            rounds = next;
            if rounds >= least {
                let widest = widest_interval(self.iterations.journal().record());
                if let Some(by) = self.enough(widest) {
                    break self.stopped(by, rounds, widest);
                }
            }
        };
        let journal = self.iterations.journal();
        journal.append(Entry::Stopped { stopped })?;
        for text in HostUsage::now().since(&host).warnings() {
            self.iterations.warn(&Warning::Host(text))?;
        }
        Ok(self.iterations.given_up())
    }

    async fn visit(
        &mut self,
        schedule: &Schedule,
        kind: Kind,
        rounds: Range<u32>,
    ) -> Result<(), Failure> {
        let visits = schedule.visits(kind, rounds).into_iter();
        let visits = visits.map(|visit| (kind, visit));
        visit_all(&mut self.iterations, visits, self.cancel).await
    }

    /// The order of the rounds. Where the files of all warm cells stay in memory together, they are
    /// brought there alike.
    async fn schedule(&mut self) -> Result<Schedule, Failure> {
        let measure = &self.config.measure;
        let cells = self.iterations.cells();
        let ((sets, bytes), (_, available)) = (warm_files(cells), memory_bytes());
        let schedule = Schedule {
            cells: cells.len(),
            lanes: measure.lanes.clone(),
            seed: measure.seed,
            blocked: available > 0 && bytes > available / 2,
        };
        if schedule.blocked {
            self.iterations.warn(&Warning::Blocks)?;
        }
        let in_memory = sets.iter().flatten().any(|file| lies_in_memory(file));
        if !schedule.blocked && !in_memory {
            let warmed = tokio::task::spawn_blocking(move || warm_alike(&sets));
            let warmed = self.cancel.unless(warmed).await?;
            warmed.map_err(|error| SessionError::Internal(error.to_string()))?;
        }
        Ok(schedule)
    }

    /// Rounds that there are in any case: as many as were asked for, and no fewer than a verdict
    /// takes where it is for this program to say when to end.
    fn least_rounds(&mut self) -> Result<u32, Failure> {
        let measure = &self.config.measure;
        let record = self.iterations.journal().record();
        let (asked, comparisons) = (measure.rounds, family(record, measure.lanes.len()));
        let needed = rounds_for(comparisons);
        if measure.until.is_some() {
            return Ok(asked.max(needed));
        }
        if asked < needed && comparisons > 0 {
            self.iterations.warn(&Warning::FewRounds {
                asked,
                comparisons,
                needed,
            })?;
        }
        Ok(asked)
    }

    /// Why there have been enough rounds, if there have.
    fn enough(&self, widest: Option<f64>) -> Option<StopReason> {
        let Some(until) = self.config.measure.until else {
            return Some(StopReason::Rounds);
        };
        if widest.is_some_and(|widest| widest <= until.precision) {
            Some(StopReason::Precision)
        } else if self.iterations.elapsed() >= until.time_budget {
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
}

/// The files that warm cells are to find in memory, each set once, and their bytes.
fn warm_files(cells: &[CellPlan]) -> (Vec<Vec<PathBuf>>, u64) {
    let warm = cells
        .iter()
        .filter(|plan| plan.cell.reader().cache == PageCache::Warm);
    let mut seen = BTreeSet::new();
    let (mut sets, mut bytes) = (Vec::new(), 0);
    for table in warm.flat_map(|plan| &plan.cell.tables) {
        let places = table.places.iter();
        let paths = places.filter_map(|place| place.local().map(Path::to_owned));
        if table.places.first().is_some_and(|first| seen.insert(first)) {
            sets.push(paths.collect());
            bytes += table.file_bytes;
        }
    }
    (sets, bytes)
}
