//! The rounds of a run: every lane of every cell once per round, in a shuffled order, until there
//! are enough rounds.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::iterations::Iterations;
use super::workers::WorkersOfRun;
use crate::analysis::{family, rounds_for, widest_interval};
use crate::cancel::Cancel;
use crate::config::{Config, PageCache, Until};
use crate::measure::{BLOCK, Schedule};
use crate::observe::{HostUsage, memory_bytes, warm_alike};
use crate::record::{EndOfRounds, Event as Entry, Kind, StopReason};
use crate::session::{CellPlan, Failure, Observer, RunJournal, SessionError, Warning, visit_all};
use crate::storage::lies_in_memory;

/// Time after which a run says for the first time what it knows. Those that end soon need not.
const TELL_FIRST_AT: Duration = Duration::from_secs(30);

/// All rounds of a run.
pub(super) struct Rounds<'a> {
    config: &'a Config,
    /// Precision at which the rounds end, and the time that is left for them. Absent if their
    /// number is fixed.
    until: Option<Until>,
    cancel: &'a Cancel,
    /// Processes of this host that work for the run.
    helpers: Vec<u32>,
    iterations: Iterations<'a>,
    /// Time after which the run next says what it knows.
    tell_at: Duration,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(
        config: &'a Config,
        until: Option<Until>,
        cells: &'a mut [CellPlan],
        journal: &'a mut RunJournal,
        cancel: &'a Cancel,
        observer: &'a dyn Observer,
        workers: Option<&'a WorkersOfRun>,
    ) -> Self {
        Rounds {
            helpers: workers.map_or_else(Vec::new, |it| it.workers.processes_here()),
            config,
            cancel,
            until,
            iterations: Iterations::new(
                cells,
                journal,
                cancel,
                observer,
                until,
                workers.is_some_and(|it| it.tolerates_losses),
            ),
            tell_at: TELL_FIRST_AT,
        }
    }

    /// Does the warm-ups, then measured rounds until there are enough. Every iteration is in the
    /// journal before the next one begins. Returns the reasons why lanes of cells were given up.
    pub(super) async fn measure(mut self) -> Result<Vec<String>, Failure> {
        let measure = &self.config.measure;
        self.iterations.keep_cells()?;
        let schedule = self.schedule().await?;
        let host = HostUsage::with(&self.helpers);
        let per_round = schedule.cells * measure.lanes.len();
        let least = self.least_rounds(schedule.blocked)?;
        self.iterations
            .expect(per_round * (measure.warmup as usize + least as usize));
        self.visit(&schedule, Kind::Warmup, 0..measure.warmup)
            .await?;
        self.iterations.choose_executions(&measure.lanes).await?;
        let mut rounds = 0;
        let stopped = loop {
            let next = next_rounds(rounds, schedule.blocked, self.until, least);
            self.iterations
                .expect_more(per_round * (next - rounds) as usize);
            self.visit(&schedule, Kind::Measured, rounds..next).await?;
            rounds = next;
            if rounds >= least {
                let widest = widest_interval(self.iterations.journal().record());
                if let Some(by) = enough(self.until, widest, self.iterations.elapsed()) {
                    break self.stopped(by, rounds, widest);
                }
            }
            let elapsed = self.iterations.elapsed();
            if let Some(next) = told_next_at(self.tell_at, elapsed) {
                self.tell_at = next;
                self.iterations.tell_so_far(rounds);
            }
        };
        let disturbance = HostUsage::with(&self.helpers).since(&host);
        let journal = self.iterations.journal();
        journal.append(Entry::Stopped {
            stopped: EndOfRounds {
                disturbance: Some(disturbance),
                ..stopped
            },
        })?;
        for text in disturbance.warnings() {
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

    /// Order of the rounds. If the files of all warm cells stay in memory together, all of them are
    /// brought there in the same way first.
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

    /// Fewest rounds of the run, with a warning if they are too few for a verdict.
    fn least_rounds(&mut self, blocked: bool) -> Result<u32, Failure> {
        let measure = &self.config.measure;
        let record = self.iterations.journal().record();
        let comparisons = family(record, measure.lanes.len());
        let (least, warning) = least_rounds(measure.rounds, self.until, comparisons, blocked);
        if let Some(warning) = warning {
            self.iterations.warn(&warning)?;
        }
        Ok(least)
    }

    fn stopped(&self, by: StopReason, rounds: u32, widest_interval: Option<f64>) -> EndOfRounds {
        let until = self.config.measure.until;
        EndOfRounds {
            by,
            rounds,
            widest_interval,
            precision: until.map(|until| until.precision),
            time_budget_ns: until
                .map(|until| u64::try_from(until.time_budget.as_nanos()).unwrap_or(u64::MAX)),
            disturbance: None,
        }
    }
}

/// Fewest rounds of a run: as many as were asked for, and no fewer than a verdict takes if `until`
/// leaves it to this program when to end. Otherwise, a warning says that they are too few. A block
/// counts as one round.
fn least_rounds(
    asked: u32,
    until: Option<Until>,
    comparisons: usize,
    blocked: bool,
) -> (u32, Option<Warning>) {
    let needed = rounds_for(comparisons) * if blocked { BLOCK } else { 1 };
    if until.is_some() {
        return (asked.max(needed), None);
    }
    let too_few = asked < needed && comparisons > 0;
    let warning = too_few.then_some(Warning::FewRounds {
        asked,
        comparisons,
        needed,
    });
    (asked, warning)
}

/// Number of rounds after which the intervals are looked at next.
fn next_rounds(rounds: u32, blocked: bool, until: Option<Until>, least: u32) -> u32 {
    let step = match blocked {
        true => BLOCK,
        false => 1,
    };
    match until {
        None => (rounds + step).min(least),
        Some(_) => rounds + step,
    }
}

/// Time after which to tell the next time, if it is time to tell now: twice as late each time, so
/// that a run of hours tells no more than some lines.
fn told_next_at(due: Duration, elapsed: Duration) -> Option<Duration> {
    (elapsed >= due).then(|| elapsed.max(due).saturating_mul(2))
}

/// Reason why the rounds so far are enough, if they are. They are no fewer than the fewest.
fn enough(until: Option<Until>, widest: Option<f64>, elapsed: Duration) -> Option<StopReason> {
    let Some(until) = until else {
        return Some(StopReason::Rounds);
    };
    if widest.is_some_and(|widest| widest <= until.precision) {
        Some(StopReason::Precision)
    } else if elapsed >= until.time_budget {
        Some(StopReason::TimeBudget)
    } else {
        None
    }
}

/// Files that warm cells should find in memory, each set once, and their bytes.
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

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: Until = Until {
        precision: 0.04,
        time_budget: Duration::from_secs(10),
    };
    const EARLY: Duration = Duration::from_secs(9);

    #[test]
    fn without_a_precision_the_rounds_that_were_asked_for_are_enough() {
        assert_eq!(enough(None, None, EARLY), Some(StopReason::Rounds));
        assert_eq!(enough(None, Some(9.0), EARLY), Some(StopReason::Rounds));
    }

    #[test]
    fn rounds_end_when_the_widest_interval_is_as_narrow_as_asked() {
        let by = |widest| enough(Some(UNTIL), widest, EARLY);
        assert_eq!(by(Some(0.04)), Some(StopReason::Precision));
        assert_eq!(by(Some(0.041)), None);
        assert_eq!(by(None), None);
    }

    #[test]
    fn rounds_end_when_the_time_is_used_up_and_precision_counts_before_it() {
        let by = |widest| enough(Some(UNTIL), widest, UNTIL.time_budget);
        assert_eq!(by(Some(0.5)), Some(StopReason::TimeBudget));
        assert_eq!(by(None), Some(StopReason::TimeBudget));
        assert_eq!(by(Some(0.01)), Some(StopReason::Precision));
    }

    #[test]
    fn a_long_run_tells_what_it_knows_ever_more_rarely() {
        let seconds = Duration::from_secs;
        let mut due = TELL_FIRST_AT;
        let mut told = Vec::new();
        for elapsed in (1..=3600).map(seconds) {
            if let Some(next) = told_next_at(due, elapsed) {
                due = next;
                told.push(elapsed.as_secs());
            }
        }
        assert_eq!(told, [30, 60, 120, 240, 480, 960, 1920]);
    }

    #[test]
    fn rounds_that_were_asked_for_stay_with_a_warning_where_a_verdict_takes_more() {
        let needed = rounds_for(3);
        let warning = Warning::FewRounds {
            asked: needed - 1,
            comparisons: 3,
            needed,
        };
        assert_eq!(
            least_rounds(needed - 1, None, 3, false),
            (needed - 1, Some(warning))
        );
        assert_eq!(least_rounds(needed, None, 3, false), (needed, None));
        // If nothing is compared, there is no verdict to miss.
        assert_eq!(least_rounds(1, None, 0, false), (1, None));
    }

    #[test]
    fn with_a_precision_there_are_as_many_rounds_as_a_verdict_takes() {
        let needed = rounds_for(3);
        assert_eq!(least_rounds(1, Some(UNTIL), 3, false), (needed, None));
        assert_eq!(
            least_rounds(needed + 1, Some(UNTIL), 3, false),
            (needed + 1, None)
        );
        let blocks = least_rounds(1, Some(UNTIL), 3, true);
        assert_eq!(blocks, (needed * BLOCK, None));
    }

    #[test]
    fn blocks_are_whole_but_for_the_last_of_exact_rounds() {
        assert_eq!(next_rounds(2, false, None, 7), 3);
        assert_eq!(next_rounds(0, true, None, BLOCK + 1), BLOCK);
        assert_eq!(next_rounds(BLOCK, true, None, BLOCK + 1), BLOCK + 1);
        let next = next_rounds(BLOCK, true, Some(UNTIL), BLOCK + 1);
        assert_eq!(next, 2 * BLOCK);
    }
}
