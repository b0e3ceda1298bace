//! The one screen where the wings meet: variants -> datasets -> cells -> rounds -> record.

mod cells;
mod control;
mod datasets;
mod doctor;
mod estimate;
mod existing;
mod journaled;
mod memory;
mod profiles;
mod reads;
mod replay;
mod rounds;
mod traces;
mod unchanged;
mod versions;

pub use cells::{CellPlan, Opened, check, existing, open};
pub use control::Control;
pub use datasets::{DatasetState, Datasets, KnownSources, writers};
pub use doctor::{Doctor, doctor};
pub use estimate::{Disk, Estimate, Free, by_file_system, estimate};
pub use existing::Existing;
pub use memory::{Needed, needed};
pub use reads::reader_of;
pub use replay::{Replayed, replay};
pub use traces::{KeptTrace, TRACES, TraceError, read_traces};

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::analysis::{disagreements, nan_may_be_pruned, summarise};
use crate::config::Config;
use crate::dataset::{Cancel, DatasetError, Progress, Share};
use crate::engine::EngineError;
use crate::measure::MeasureError;
use crate::observe::system;
use crate::output::{Output, OutputError};
use crate::record::{Event as Entry, Kind, RecordError, RunRecord, to_json, write_record};
use crate::scenario::ScenarioError;
use crate::storage::{InputError, StorageError, may_drop_caches};
use crate::table::TableError;
use journaled::Journaled;
use rounds::Rounds;
pub use unchanged::unchanged;
use versions::build;

/// What the command line adds to a config.
#[derive(Clone, Default)]
pub struct Options {
    /// Name of the variant that the others are compared with; the first where left out.
    pub baseline: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// Folder of journals and records.
    pub results: PathBuf,
    /// Where the record is put besides.
    pub record: Option<Output>,
    /// Whether large datasets may be written without asking.
    pub yes: bool,
    pub command_line: Vec<String>,
    /// Where what each cell asks of the store is put.
    pub trace: Option<Output>,
    /// How a process that does nothing but execute a cell is started, by the cell's id; none where it is not.
    pub needed: Option<Needed>,
    /// A variant that loses time in each execution, and which share of the median: for tests of what the program can detect.
    pub spin: Option<(String, f64)>,
}

/// What happens, for whoever shows it.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something to know about the config.
    Note(&'a str),
    /// Something that makes figures less than they could be.
    Warning(&'a str),
    /// A dataset is about to be written.
    Begun {
        folder: &'a Path,
        writers: usize,
        /// What each writer holds in memory.
        row_group_bytes: u64,
    },
    Writing {
        dataset: usize,
        datasets: usize,
        folder: &'a Path,
        progress: Progress,
    },
    /// Something is looked at besides the rounds: `what`, of a cell, the first being 0.
    Looking {
        what: &'static str,
        done: usize,
        total: usize,
        scenario: &'a str,
        variant: &'a str,
    },
    Written {
        dataset: usize,
        datasets: usize,
        folder: &'a Path,
        files: u64,
        /// Files that an interrupted run before this one had written.
        kept: u64,
        bytes: u64,
        /// Absent where files were kept.
        elapsed_ns: Option<u64>,
    },
    Reused {
        folder: &'a Path,
        files: u64,
        bytes: u64,
    },
    Opening {
        variant: &'a str,
        table: &'a str,
        files: usize,
    },
    /// An iteration is about to begin.
    Measuring {
        done: usize,
        total: usize,
        kind: Kind,
        round: u32,
        scenario: &'a str,
        variant: &'a str,
        /// Time until the last round, from what those before took; at most, where rounds end when intervals are narrow.
        left: Option<Duration>,
    },
    Measured {
        done: usize,
        total: usize,
    },
    Finished,
}

/// Whoever shows events.
pub trait Observer: Send + Sync {
    fn event(&self, event: Event<'_>);
}

/// Why a run did not come to its end, or never began.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("{}{source}", of_variant(.variant))]
    Table {
        variant: Option<String>,
        source: TableError,
    },
    /// A file that is read was changed meanwhile.
    #[error("{source}")]
    Input { source: InputError },
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error("{}{source}", of_variant(.variant))]
    Engine {
        variant: Option<String>,
        source: EngineError,
    },
    #[error("scenario `{scenario}`{}: {source}", on_variant(.variant))]
    Query {
        scenario: String,
        variant: Option<String>,
        source: EngineError,
    },
    #[error("scenario `{scenario}`{}: {source}", on_variant(.variant))]
    Measure {
        scenario: String,
        variant: Option<String>,
        source: MeasureError,
    },
    #[error("{reason}")]
    Consent { reason: String },
    #[error("{reason}")]
    Full { reason: String },
    #[error("results cannot be written to {path}: {source}")]
    Results {
        path: String,
        source: std::io::Error,
    },
    #[error("{reason}")]
    Memory { reason: String },
    #[error("there is no variant `{name}`; variants: {known}")]
    UnknownBaseline { name: String, known: String },
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("{path}: {source}")]
    Io {
        path: String,
        source: std::io::Error,
    },
    #[error("{path}: its file system does not take direct reads (O_DIRECT): {source}")]
    Direct {
        path: String,
        source: std::io::Error,
    },
    #[error("{path}: it lies in memory (tmpfs), so that it cannot be cold")]
    Memoryless { path: String },
    #[error("scenario and variant `{first}` and `{second}` have one name together, `{id}`")]
    SameCell {
        id: String,
        first: String,
        second: String,
    },
    #[error("a trace asks for {path}: {source}")]
    Missing {
        path: String,
        source: std::io::Error,
    },
    #[error("a trace cannot be replayed: {}", plain(source))]
    Replay { source: object_store::Error },
    #[error("measure.drop_caches: this user may not write to /proc/sys/vm/drop_caches")]
    DropCaches,
    /// What failed by itself; the rest was measured without it.
    #[error("{first}{}", and_more(*others))]
    GivenUp { first: String, others: usize },
    #[error("equal rows gave different results: {found}")]
    Disagreement {
        found: String,
        hint: Option<&'static str>,
    },
    #[error("interrupted")]
    Interrupted,
    #[error("internal error: {0}")]
    Internal(String),
}

fn of_variant(variant: &Option<String>) -> String {
    variant
        .as_ref()
        .map_or_else(String::new, |variant| format!("variant `{variant}`: "))
}

/// An object store's error without its own words around it.
fn plain(error: &object_store::Error) -> String {
    match error {
        object_store::Error::Generic { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

fn and_more(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!("; and {others} more"),
    }
}

fn on_variant(variant: &Option<String>) -> String {
    variant
        .as_ref()
        .map_or_else(String::new, |variant| format!(" on variant `{variant}`"))
}

impl RunError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            RunError::Dataset(error) => error.hint(),
            RunError::Table { source, .. } => source.hint(),
            RunError::Disagreement { hint, .. } => hint.map(str::to_owned),
            RunError::Consent { .. } => Some(
                "add --yes to write it, or make it smaller: --set dataset.num_files_train=2"
                    .to_owned(),
            ),
            RunError::Full { .. } => Some(
                "make it smaller: --set dataset.num_files_train=2, or set dataset.data_folder to another disk"
                    .to_owned(),
            ),
            // What lies in memory cannot be evicted either.
            RunError::Direct { source, .. } if source.raw_os_error().is_some() => {
                Some("measure.cache: cold evicts files instead".to_owned())
            }
            RunError::DropCaches => {
                Some("without it, cold iterations evict the files that they read".to_owned())
            }
            RunError::Memory { .. } => {
                Some("make them smaller: --set dataset.parquet.row_group_size=1000".to_owned())
            }
            RunError::Query {
                source: EngineError::NotReadOnly { reason },
                ..
            } if !reason.contains("single SQL statement") => {
                Some("datasets are described by the config; SQL only reads them".to_owned())
            }
            _ => None,
        }
    }
}

/// A run that got as far as measuring.
#[derive(Debug)]
pub struct Outcome {
    pub record: RunRecord,
    pub journal: PathBuf,
    /// Absent where it could not be written.
    pub record_file: Option<PathBuf>,
    /// Why it ended early, if it did. What was measured until then is in the record.
    pub ended_by: Option<RunError>,
}

impl Outcome {
    /// Whether an expectation of a scenario failed.
    pub fn failed_expectation(&self) -> bool {
        self.record
            .cells
            .iter()
            .flat_map(|cell| &cell.expectations)
            .any(|expectation| !expectation.passed)
    }
}

/// Everything that one `bench run` does: makes sure that the datasets are there, opens them as tables, plans every cell, then
/// measures in rounds, each finished iteration in the journal before the next one starts.
///
/// Errors before the first iteration come back as such; from then on they end up in the outcome.
pub fn run(
    runtime: &Runtime,
    config: &Config,
    options: &Options,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Outcome, RunError> {
    let config = &with_baseline_first(config, options.baseline.as_deref())?;
    check_results(&options.results)?;
    if config.measure.drop_caches && !may_drop_caches() {
        return Err(RunError::DropCaches);
    }
    let datasets = prepare(runtime, config, options.yes, None, cancel, observer)?;
    // From here on there are the control's files to remove, and measurements to keep.
    let Some(hold) = cancel.hold() else {
        return Err(RunError::Interrupted);
    };
    let opened = runtime.block_on(async {
        tokio::select! {
            opened = open(config, &datasets, observer) => opened,
            () = cancel.cancelled() => Err(RunError::Interrupted),
        }
    })?;
    let folders: Vec<PathBuf> = opened
        .datasets
        .iter()
        .map(|dataset| PathBuf::from(&dataset.location))
        .collect();
    let mut journal = Journaled::start(config, options, system(&folders, build()))?;
    let all = Whole {
        config,
        options,
        cancel,
        observer,
        sources: Arc::new(datasets.known_sources(config)),
    };
    let warnings = datasets.warnings.into_iter();
    let measured = runtime.block_on(all.measure(opened, warnings, &mut journal));
    observer.event(Event::Finished);
    let journal_file = journal.path().to_path_buf();
    let whole = matches!(measured, Ok(()) | Err(RunError::GivenUp { .. }));
    let (mut record, finished) = journal.finish(whole);
    summarise(&mut record);
    let kept = finished.and_then(|()| Ok(write_record(&options.results, &record)?));
    let copied = match (&kept, &options.record) {
        (Ok(_), Some(copy)) => copy
            .write(|copy| copy.write_all(to_json(&record)?.as_bytes()))
            .map_err(RunError::from),
        _ => Ok(()),
    };
    drop(hold);
    let found = disagreements(&record);
    let agreed = match found.as_slice() {
        [] => Ok(()),
        disagreeing => {
            let found: Vec<String> = disagreeing.iter().map(ToString::to_string).collect();
            Err(RunError::Disagreement {
                found: found.join("; "),
                hint: nan_may_be_pruned(&record, disagreeing),
            })
        }
    };
    Ok(Outcome {
        record_file: kept.as_ref().ok().cloned(),
        ended_by: measured
            .err()
            .or(kept.err())
            .or(copied.err())
            .or(agreed.err()),
        record,
        journal: journal_file,
    })
}

/// What a run has at hand once its tables are open.
struct Whole<'a> {
    config: &'a Config,
    options: &'a Options,
    cancel: &'a Cancel,
    observer: &'a dyn Observer,
    sources: Arc<KnownSources>,
}

impl Whole<'_> {
    /// The rounds, and what is looked at besides when they are over.
    async fn measure(
        &self,
        opened: Opened,
        warnings: impl Iterator<Item = String>,
        journal: &mut Journaled,
    ) -> Result<(), RunError> {
        for dataset in opened.datasets {
            journal.append(Entry::Dataset {
                dataset: Box::new(dataset),
            })?;
        }
        for text in warnings.chain(opened.warnings) {
            journal.warn(self.observer, &text)?;
        }
        let mut cells = opened.cells;
        for plan in &mut cells {
            let spin = self.options.spin.as_ref();
            let spin = spin.filter(|(variant, _)| *variant == plan.record.variant_name);
            plan.cell.spin = spin.map(|(_, share)| *share);
        }
        let rounds = Rounds::new(self.config, journal, self.cancel, self.observer);
        let given_up = rounds.measure(&mut cells).await?;
        let looked_at = async {
            if let Some(file) = &self.options.trace {
                traces::write(file, journal.record(), &mut cells).await?;
            }
            let measure = &self.config.measure;
            if measure.break_even.unwrap_or(self.config.variants.len() > 1) {
                profiles::look(&mut cells, journal, self.observer).await?;
            }
            if let Some(needed) = &self.options.needed
                && self.config.measure.peak_memory
            {
                memory::look(needed, &self.sources, &cells, journal, self.observer).await?;
            }
            Ok::<(), RunError>(())
        };
        let looked_at = tokio::select! {
            looked_at = looked_at => looked_at,
            () = self.cancel.cancelled() => return Err(RunError::Interrupted),
        };
        // A change tells more than what it made fail.
        for plan in &cells {
            unchanged(&plan.cell).await?;
        }
        looked_at?;
        match given_up.split_first() {
            None => Ok(()),
            Some((first, others)) => Err(RunError::GivenUp {
                first: first.clone(),
                others: others.len(),
            }),
        }
    }
}

/// Gets the datasets of a config ready: whatever can be told to be wrong comes first, then consent to writing, then the
/// writing of what is missing.
pub fn prepare(
    runtime: &Runtime,
    config: &Config,
    yes: bool,
    share: Option<Share>,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Datasets, RunError> {
    for note in &config.notes {
        observer.event(Event::Note(note));
    }
    let placed_and_checked = async {
        let datasets = Datasets::place(config).await?;
        check(config, &datasets, observer).await?;
        Ok(datasets)
    };
    let mut datasets = runtime.block_on(async {
        tokio::select! {
            datasets = placed_and_checked => datasets,
            () = cancel.cancelled() => Err(RunError::Interrupted),
        }
    })?;
    for note in datasets.source_notes() {
        observer.event(Event::Note(&note));
    }
    datasets.ask_consent(yes)?;
    datasets.ensure(runtime, share, cancel, observer)?;
    Ok(datasets)
}

/// Refuses a results folder that cannot be written to, before hours are spent on getting results.
fn check_results(results: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(results)
        .and_then(|()| tempfile::tempfile_in(results))
        .map(|_| ())
        .map_err(|source| RunError::Results {
            path: results.display().to_string(),
            source,
        })
}

/// The config with the variant of this name first, where there is a name.
pub fn with_baseline_first(config: &Config, baseline: Option<&str>) -> Result<Config, RunError> {
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
        return Err(RunError::UnknownBaseline {
            name: name.to_owned(),
            known: known.join(", "),
        });
    };
    config.variants[..=index].rotate_right(1);
    Ok(config)
}
