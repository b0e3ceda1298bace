//! A training loop over a dataset: epochs of steps, each of which takes a batch of rows and
//! computes for a time, and how much of its time an accelerator would be busy.

mod demand;
mod dlio;
mod rank;
mod search;
mod setup;
mod steps;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod trainer;

pub use demand::{Demand, Fleet, MLPERF_MEMORY_FACTOR};
pub use dlio::{SUMMARY, write_summary};
pub use rank::Rank;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use tokio::runtime::Runtime;

use crate::cancel::{Cancel, Interrupted};
use crate::config::Config;
use crate::observe::{build, memory_bytes, system};
use crate::output::Output;
use crate::record::{Event as Entry, RunRecord};
use crate::session::{
    Event, Failure, Observer, RunJournal, SessionError, Warning, check_results, keep_record, open,
    prepare,
};
use crate::storage::{Stores, may_drop_caches};
use search::check_search;
use setup::{Prepared, training_config};
use trainer::Trainer;

/// Options that the command line adds to a config.
#[derive(Clone, Default)]
pub struct TrainingOptions {
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
pub struct TrainingOutcome {
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
    options: &TrainingOptions,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<TrainingOutcome, Failure> {
    let config = &training_config(runtime, config, &options.stores, options.rank)?;
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
    let opened = open(config, &datasets, None, None, observer);
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
    let hosts = options
        .rank
        .world_size
        .div_ceil(options.rank.local_size.max(1));
    let small = small_for_memory(prepared.record.file_bytes, hosts);
    let all = datasets.warnings.into_iter().chain(warnings).chain(small);
    for warning in all {
        journal.warn(observer, &warning)?;
    }
    let mut run = Trainer {
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
    let Trainer { journal, steps, .. } = run;
    let journal_file = journal.path().to_path_buf();
    let (record, finished) = journal.finish(trained.is_ok());
    let copy = options.record.as_ref();
    let (record_file, kept) = keep_record(&record, finished, &options.results, copy);
    let folder = config.training.output_folder.clone();
    let folder = folder.unwrap_or_else(|| options.results.join(&record.run_id));
    let dlio = match steps.is_empty() {
        true => Ok(false),
        false => dlio::write_files(&folder, &record, &steps).map(|()| true),
    };
    drop(hold);
    Ok(TrainingOutcome {
        record_file,
        dlio_folder: dlio
            .as_ref()
            .is_ok_and(|written| *written)
            .then_some(folder),
        ended_by: trained
            .err()
            .or(kept.err())
            .or(dlio.err().map(Failure::from)),
        record,
        journal: journal_file,
    })
}

/// Warns of files that the page caches of all hosts could serve.
fn small_for_memory(bytes: u64, hosts: u64) -> Option<Warning> {
    let (memory, _) = memory_bytes();
    let memory = memory.saturating_mul(hosts);
    (bytes < memory.saturating_mul(MLPERF_MEMORY_FACTOR)).then_some(Warning::SmallForMemory {
        bytes,
        memory,
        hosts,
    })
}

async fn wait_until(time: Option<SystemTime>) {
    let left = time.and_then(|time| time.duration_since(SystemTime::now()).ok());
    if let Some(left) = left {
        tokio::time::sleep(left).await;
    }
}
