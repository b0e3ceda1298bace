//! The one screen where the wings meet: variants -> datasets -> cells -> rounds -> record.

mod iterations;
mod memory;
mod profiles;
mod rounds;
mod traces;
mod workers;

pub use workers::WorkersOfRun;

pub use memory::{MemoryProbe, NeededMemory, needed_memory};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::analysis::{Predictions, disagreements, nan_may_be_pruned, summarise};
use crate::cancel::{Cancel, Interrupted};
use crate::config::Config;
use crate::observe::{build, system};
use crate::output::Output;
use crate::record::{Event as Entry, RunRecord};
use crate::session::{
    Event, Failure, KnownSources, Observer, OpenedRun, RunJournal, SessionError, Slowdown, Warning,
    check_results, check_workers, keep_record, open, prepare, unchanged,
};
use crate::storage::{Stores, may_drop_caches};
use rounds::Rounds;
use workers::refuse_for_workers;

/// Options that the command line adds to a config.
#[derive(Clone, Default)]
pub struct Options {
    /// Stores that locations of data may name.
    pub stores: Stores,
    /// Name of the variant that the others are compared with. If absent, it is the first one.
    pub baseline: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// Folder of journals and records.
    pub results: PathBuf,
    /// File for the record, besides the one in `results`.
    pub record: Option<Output>,
    /// True if large datasets may be written without asking.
    pub yes: bool,
    pub command_line: Vec<String>,
    /// File for the requests of each cell to the store.
    pub trace: Option<Output>,
    /// Starts a process that does nothing but execute a cell. If absent, memory is not measured.
    pub memory: Option<MemoryProbe>,
    pub slowdown: Option<Slowdown>,
    /// Workers that execute the queries. Absent: this process does.
    pub workers: Option<WorkersOfRun>,
}

/// A run that got as far as measuring.
#[derive(Debug)]
pub struct Outcome {
    pub record: RunRecord,
    /// Predictions that the break-even points of the record rest on.
    pub predictions: Predictions,
    pub journal: PathBuf,
    /// Absent if the record could not be written.
    pub record_file: Option<PathBuf>,
    /// Error of the run, if there was one. Everything that was measured is in the record
    /// nevertheless.
    pub ended_by: Option<Failure>,
}

impl Outcome {
    /// Returns true if an expectation of a scenario failed.
    pub fn failed_expectation(&self) -> bool {
        self.record
            .cells
            .iter()
            .flat_map(|cell| &cell.expectations)
            .any(|expectation| !expectation.passed)
    }
}

/// Does everything that one `bench run` does: makes sure that the datasets are there, opens them as
/// tables, plans every cell, then measures in rounds. Each finished iteration is in the journal
/// before the next one starts.
///
/// Errors before the journal begins are returned as such. Later ones are in the outcome.
pub fn run(
    runtime: &Runtime,
    config: &Config,
    options: &Options,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Outcome, Failure> {
    let config = &with_baseline_first(config, options.baseline.as_deref())?;
    check_results(&options.results)?;
    check_workers(config, options.workers.as_ref().map(|it| &it.workers))?;
    if options.workers.is_some() {
        refuse_for_workers(&config.measure, options.trace.is_some())?;
    }
    let began = Instant::now();
    // Workers look at their own rights.
    if config.measure.drop_caches && options.workers.is_none() && !may_drop_caches() {
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
    // From here on there are the control's files to remove, and measurements to keep.
    let Some(hold) = cancel.hold() else {
        return Err(Interrupted.into());
    };
    let slowdown = options.slowdown.as_ref();
    let workers = options.workers.as_ref().map(|it| &it.workers);
    let opened = open(config, &datasets, workers, slowdown, observer);
    let opened = runtime.block_on(cancel.unless(opened))??;
    let locations = opened.datasets.iter();
    let is_local = |text: &str| {
        let location = options.stores.location(text);
        location.is_ok_and(|location| location.local().is_some())
    };
    // Folders as the user wrote them.
    let folders: Vec<PathBuf> = locations
        .map(|it| &it.location)
        .filter(|text| is_local(text))
        .map(PathBuf::from)
        .collect();
    let mut journal = RunJournal::start(
        config,
        &options.results,
        &options.labels,
        &options.command_line,
        system(&folders, build()),
    )?;
    let all = Whole {
        config,
        options,
        cancel,
        observer,
        sources: Arc::new(datasets.known_sources(config)),
        preparing: began.elapsed(),
    };
    let warnings = datasets.warnings.into_iter();
    let measured = runtime.block_on(all.measure(opened, warnings, &mut journal));
    observer.event(Event::Finished);
    let journal_file = journal.path().to_path_buf();
    let whole = match &measured {
        Ok(()) => true,
        Err(failure) => matches!(failure.error(), SessionError::GivenUp { .. }),
    };
    let (mut record, finished) = journal.finish(whole);
    let predictions = summarise(&mut record);
    let copy = options.record.as_ref();
    let (record_file, kept) = keep_record(&record, finished, &options.results, copy);
    drop(hold);
    let found = disagreements(&record);
    let agreed = match found.as_slice() {
        [] => Ok(()),
        disagreeing => {
            let found: Vec<String> = disagreeing.iter().map(ToString::to_string).collect();
            Err(SessionError::Disagreement {
                found: found.join("; "),
                hint: nan_may_be_pruned(&record, disagreeing),
            })
        }
    };
    Ok(Outcome {
        record_file,
        ended_by: measured
            .err()
            .or(kept.err())
            .or(agreed.err().map(Failure::from)),
        record,
        predictions,
        journal: journal_file,
    })
}

/// Everything that a run has at hand when its tables are open.
struct Whole<'a> {
    config: &'a Config,
    options: &'a Options,
    cancel: &'a Cancel,
    observer: &'a dyn Observer,
    sources: Arc<KnownSources>,
    /// Time that writing and opening the datasets took.
    preparing: Duration,
}

impl Whole<'_> {
    /// Measures the rounds, then traces, requests and memory.
    async fn measure(
        &self,
        opened: OpenedRun,
        warnings: impl Iterator<Item = Warning>,
        journal: &mut RunJournal,
    ) -> Result<(), Failure> {
        for worker in self
            .options
            .workers
            .iter()
            .flat_map(|it| it.workers.records())
        {
            journal.append(Entry::Worker {
                worker: Box::new(worker),
            })?;
        }
        for dataset in opened.datasets {
            journal.append(Entry::Dataset {
                dataset: Box::new(dataset),
            })?;
        }
        for warning in warnings.chain(opened.warnings) {
            journal.warn(self.observer, &warning)?;
        }
        let mut cells = opened.cells;
        let until = self.config.measure.until.map(|it| it.after(self.preparing));
        let rounds = Rounds::new(
            self.config,
            until,
            &mut cells,
            journal,
            self.cancel,
            self.observer,
            self.options.workers.as_ref(),
        );
        let given_up = rounds.measure().await?;
        let looked_at = async {
            if let Some(file) = &self.options.trace {
                traces::write(file, journal.record(), &mut cells).await?;
            }
            let measure = &self.config.measure;
            // Requests of workers have no times in common, and memory is in their own figures.
            let here = self.options.workers.is_none();
            if here && measure.break_even.unwrap_or(self.config.variants.len() > 1) {
                profiles::look(&mut cells, journal, self.observer).await?;
            }
            if let Some(probe) = &self.options.memory
                && here
                && self.config.measure.peak_memory
            {
                memory::look(probe, &self.sources, &cells, journal, self.observer).await?;
            }
            Ok::<(), Failure>(())
        };
        let looked_at = self.cancel.unless(looked_at).await?;
        // A changed file says more than the failure that it caused.
        for plan in &cells {
            unchanged(&plan.cell).await?;
        }
        looked_at?;
        match given_up.split_first() {
            None => Ok(()),
            Some((first, others)) => Err(SessionError::GivenUp {
                first: first.clone(),
                others: others.len(),
            }
            .into()),
        }
    }
}

/// The config with the variant of this name first, if there is a name.
pub fn with_baseline_first(config: &Config, baseline: Option<&str>) -> Result<Config, Failure> {
    let mut config = config.clone();
    let Some(name) = baseline else {
        return Ok(config);
    };
    let Some(index) = config
        .variants
        .iter()
        .position(|variant| variant.name == name)
    else {
        let known: Vec<&str> = config
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
            .collect();
        return Err(SessionError::UnknownBaseline {
            name: name.to_owned(),
            known: known.join(", "),
        }
        .into());
    };
    config.variants[..=index].rotate_right(1);
    Ok(config)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
