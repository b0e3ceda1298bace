//! Search for the most accelerators that this host can feed at the utilization that is aimed at.

use super::rank::Rank;
use super::trainer::{Trainer, located};
use crate::analysis::utilization;
use crate::config::Training;
use crate::loader::{Pass, usual_readers};
use crate::observe::memory_bytes;
use crate::record::{AcceleratorSearch, AcceleratorTrial, Event as Entry, Lane};
use crate::session::{Event, Failure, SessionError, unchanged};
use crate::statistics::{CONFIDENCE, student_quantile};

/// Least and most repetitions of a trial. More are made until its interval lies on one side of the
/// target.
const LEAST_REPETITIONS: usize = 4;
const MOST_REPETITIONS: usize = 12;

/// Computation time of a repetition, and the least number of steps that count in it.
const REPETITION_S: f64 = 0.5;
const LEAST_STEPS: u64 = 20;

/// Most accelerators that are tried.
const MOST: u64 = 4096;

/// Outcome of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Reaches,
    Misses,
    /// The interval contains the target.
    Unclear,
}

/// Refuses a search that cannot end with a number.
pub(super) fn check_search(training: &Training, rank: Rank) -> Result<(), SessionError> {
    if rank.world_size > 1 {
        return Err(SessionError::SearchAlone);
    }
    match training.computation.mean_s() > 0.0 {
        true => Ok(()),
        false => Err(SessionError::SearchWithoutTime),
    }
}

impl Trainer<'_> {
    /// Doubles the number of accelerators until they miss the target, then halves the gap from both
    /// sides.
    pub(super) async fn search(&mut self) -> Result<(), Failure> {
        let limit = self.most_to_try();
        if limit == 0 {
            return Err(SessionError::SearchTooSmall.into());
        }
        let mut search = AcceleratorSearch {
            target_utilization: self.training.target_utilization,
            most: 0,
            too_many: None,
            limit,
            trials: Vec::new(),
        };
        let mut next = 1;
        // The smallest that is not shown to reach the target.
        let mut unknown = loop {
            match self.tried(&mut search, next).await? {
                Found::Reaches if next == limit => break next + 1,
                Found::Reaches => {
                    search.most = next;
                    next = (next * 2).min(limit);
                    continue;
                }
                Found::Misses => search.too_many = Some(next),
                Found::Unclear => {}
            }
            break next;
        };
        if unknown > limit {
            search.most = limit;
        }
        while unknown > search.most + 1 {
            let middle = search.most.midpoint(unknown);
            match self.tried(&mut search, middle).await? {
                Found::Reaches => search.most = middle,
                Found::Misses => {
                    search.too_many = Some(middle);
                    unknown = middle;
                }
                Found::Unclear => unknown = middle,
            }
        }
        self.find_too_many(&mut search, unknown).await?;
        self.journal.append(Entry::Search { search })
    }

    /// Finds the smallest number that is shown to miss the target, above one that is not shown to
    /// reach it.
    async fn find_too_many(
        &mut self,
        search: &mut AcceleratorSearch,
        mut unclear: u64,
    ) -> Result<(), Failure> {
        let mut next = unclear;
        while search.too_many.is_none() && next < search.limit {
            next = (next * 2).min(search.limit);
            match self.tried(search, next).await? {
                Found::Misses => search.too_many = Some(next),
                Found::Reaches | Found::Unclear => unclear = next,
            }
        }
        while let Some(misses) = search.too_many.filter(|misses| *misses > unclear + 1) {
            let middle = unclear.midpoint(misses);
            match self.tried(search, middle).await? {
                Found::Misses => search.too_many = Some(middle),
                Found::Reaches | Found::Unclear => unclear = middle,
            }
        }
        Ok(())
    }

    /// Largest number of accelerators for which the rows make enough steps, and memory has room. 0
    /// if there is none.
    fn most_to_try(&self) -> u64 {
        let (mut fits, mut too_many) = (0, MOST + 1);
        while too_many > fits + 1 {
            let middle = fits.midpoint(too_many);
            match self.can_try(middle) {
                true => fits = middle,
                false => too_many = middle,
            }
        }
        fits
    }

    /// Settings of a pass of so many accelerators, long enough to show a utilization.
    fn trial_pass(&self, accelerators: u64) -> Pass {
        let enough = (REPETITION_S / self.training.computation.mean_s()).ceil() as u64;
        let excluded = self.training.excluded_steps;
        let excluded = excluded.start.saturating_add(excluded.end);
        let steps = enough.max(LEAST_STEPS).saturating_add(excluded);
        let pass = self.prepared.pass(self.training, Lane::EndToEnd, 1);
        let readers = self.training.loading.readers;
        Pass {
            world: accelerators,
            local: 0..accelerators,
            readers: readers.unwrap_or_else(|| usual_readers(accelerators)),
            steps: Some(pass.steps.map_or(steps, |most| most.min(steps))),
            ..pass
        }
    }

    /// True if the rows make enough steps for so many accelerators.
    fn can_try(&self, accelerators: u64) -> bool {
        let pass = self.trial_pass(accelerators);
        let excluded = self.training.excluded_steps;
        let least = excluded
            .start
            .saturating_add(excluded.end)
            .saturating_add(2);
        let loading = &self.training.loading;
        let batches = loading
            .prefetched_batches
            .saturating_add(2)
            .saturating_mul(accelerators);
        let batch_bytes = loading
            .batch_rows
            .saturating_mul(self.prepared.table.row_bytes());
        let (_, available) = memory_bytes();
        if available > 0 && batches.saturating_mul(batch_bytes) > available / 2 {
            return false;
        }
        let shares = self.prepared.table.shares(&pass);
        shares.iter().all(|share| share.steps >= least)
    }

    /// Measures a number of accelerators, unless that has been done.
    async fn tried(
        &mut self,
        search: &mut AcceleratorSearch,
        accelerators: u64,
    ) -> Result<Found, Failure> {
        let target = search.target_utilization;
        let known = search
            .trials
            .iter()
            .find(|trial| trial.accelerators == accelerators);
        if let Some(trial) = known {
            return Ok(found(trial, target));
        }
        let pass = self.trial_pass(accelerators);
        let excluded = self.training.excluded_steps;
        let mut trial = AcceleratorTrial {
            accelerators,
            utilizations: Vec::new(),
            ci_low: 0.0,
            ci_high: 1.0,
            samples_per_s: 0.0,
        };
        let mut rates = Vec::new();
        while trial.utilizations.len() < LEAST_REPETITIONS
            || trial.utilizations.len() < MOST_REPETITIONS
                && found(&trial, target) == Found::Unclear
        {
            self.observer.event(Event::Trying { accelerators });
            let table = &self.prepared.table;
            let shares = table.shares(&pass);
            let made = table.pass(&pass, &shares).await;
            unchanged(&table.cell).await?;
            let made = match made {
                Ok(made) => made,
                Err(error) => return Err(located(table, error).await),
            };
            if let Some(reason) = made.observation.void {
                return Err(SessionError::SearchVoid { reason }.into());
            }
            let of_each = made.steps.iter().map(|done| {
                utilization(&done.steps, done.elapsed_ns, excluded.start, excluded.end)
            });
            let of_each: Vec<_> = of_each.collect();
            let count = of_each.len().max(1) as f64;
            let found: Option<Vec<f64>> = of_each.iter().map(|it| it.utilization).collect();
            let Some(found) = found else {
                return Err(SessionError::SearchTooSmall.into());
            };
            let sum: f64 = found.iter().sum();
            rates.push(
                of_each
                    .iter()
                    .filter_map(|it| it.samples_per_s)
                    .sum::<f64>(),
            );
            trial.utilizations.push(sum / count);
            (trial.ci_low, trial.ci_high) = interval(&trial.utilizations);
        }
        trial.samples_per_s = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        let result = found(&trial, target);
        search.trials.push(trial);
        Ok(result)
    }
}

fn found(trial: &AcceleratorTrial, target: f64) -> Found {
    if trial.ci_low >= target {
        Found::Reaches
    } else if trial.ci_high < target {
        Found::Misses
    } else {
        Found::Unclear
    }
}

/// Student's interval of the mean, within 0 and 1.
fn interval(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    if values.len() < 2 {
        return (0.0, 1.0);
    }
    let mean = values.iter().sum::<f64>() / count;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (square / (count - 1.0) / count).sqrt();
    let reach = student_quantile(CONFIDENCE, count - 1.0) * error;
    ((mean - reach).max(0.0), (mean + reach).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_mean() {
        assert_eq!(interval(&[0.5]), (0.0, 1.0));
        let (low, high) = interval(&[0.8, 0.9, 0.7, 0.8]);
        // The error is 0.0408, and Student's quantile for 3 degrees of freedom is 5.841.
        assert!((low - 0.5615).abs() < 1e-3 && high == 1.0, "{low} {high}");
        assert_eq!(interval(&[0.25; 4]), (0.25, 0.25));
    }
}
