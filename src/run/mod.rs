//! The one screen where the wings meet: variants -> datasets -> cells -> rounds -> record.

mod cells;
mod datasets;
mod journaled;
mod versions;

pub use cells::{CellPlan, Opened, check, open};
pub use datasets::{DatasetState, Datasets, free_bytes, writers};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio::runtime::Runtime;

use crate::analysis::{disagreements, summarise};
use crate::config::Config;
use crate::dataset::{Cancel, DatasetError, Progress};
use crate::engine::EngineError;
use crate::measure::{MeasureError, Probe, evaluate, offset_ns, order, unknown_cache};
use crate::record::{
    Event as Entry, Iteration, Kind, Lane, RecordError, RunRecord, Status, write_record,
};
use crate::scenario::ScenarioError;
use crate::storage::StorageError;
use crate::table::TableError;
use journaled::Journaled;

/// What the command line adds to a config.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the variant that the others are compared with; the first where left out.
    pub baseline: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// Folder of journals and records.
    pub results: PathBuf,
    /// Where the record is put besides.
    pub record: Option<PathBuf>,
    /// Whether large datasets may be written without asking.
    pub yes: bool,
    pub command_line: Vec<String>,
}

/// What happens, for whoever shows it.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something to know about the config.
    Note(&'a str),
    /// Something that makes figures less than they could be.
    Warning(&'a str),
    Writing {
        dataset: usize,
        datasets: usize,
        folder: &'a Path,
        progress: Progress,
    },
    Written {
        dataset: usize,
        datasets: usize,
        folder: &'a Path,
        files: u64,
        bytes: u64,
        elapsed_ns: u64,
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
    #[error("equal rows gave different results: {0}")]
    Disagreement(String),
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
            RunError::Consent { .. } => Some(
                "add --yes to write it, or make it smaller: --set dataset.num_files_train=2"
                    .to_owned(),
            ),
            RunError::Memory { .. } => {
                Some("make them smaller: --set dataset.parquet.row_group_size=1000".to_owned())
            }
            RunError::Query {
                source: EngineError::NotReadOnly { .. },
                ..
            } => Some("datasets are described by the config; SQL only reads them".to_owned()),
            _ => None,
        }
    }
}

/// A run that got as far as measuring.
#[derive(Debug)]
pub struct Outcome {
    pub record: RunRecord,
    pub journal: PathBuf,
    pub record_file: PathBuf,
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
    for note in &config.notes {
        observer.event(Event::Note(note));
    }
    let config = &with_baseline_first(config, options.baseline.as_deref())?;
    let mut datasets = Datasets::place(config)?;
    runtime.block_on(check(config, &datasets))?;
    datasets.ask_consent(options.yes)?;
    datasets.ensure(runtime, cancel, observer)?;
    let opened = runtime.block_on(async {
        tokio::select! {
            opened = open(config, &datasets, observer) => opened,
            () = cancel.cancelled() => Err(RunError::Interrupted),
        }
    })?;
    let mut journal = Journaled::start(config, options)?;
    let ended_by = match runtime.block_on(measure(config, opened, &mut journal, cancel, observer)) {
        Ok(()) => None,
        Err(error @ RunError::Record(_)) => return Err(error),
        Err(error) => Some(error),
    };
    observer.event(Event::Finished);
    let journal_file = journal.path().to_path_buf();
    let mut record = journal.finish(ended_by.is_none())?;
    summarise(&mut record);
    let record_file = write_record(&options.results, &record)?;
    if let Some(file) = &options.record {
        std::fs::copy(&record_file, file).map_err(|source| RunError::Io {
            path: file.display().to_string(),
            source,
        })?;
    }
    let ended_by = ended_by.or_else(|| {
        let found: Vec<String> = disagreements(&record)
            .iter()
            .map(ToString::to_string)
            .collect();
        (!found.is_empty()).then(|| RunError::Disagreement(found.join("; ")))
    });
    Ok(Outcome {
        record,
        journal: journal_file,
        record_file,
        ended_by,
    })
}

fn with_baseline_first(config: &Config, baseline: Option<&str>) -> Result<Config, RunError> {
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

/// All rounds, warm-ups first. Every iteration is in the journal before the next one begins.
async fn measure(
    config: &Config,
    opened: Opened,
    journal: &mut Journaled,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let started = Instant::now();
    for dataset in opened.datasets {
        journal.append(Entry::Dataset {
            dataset: Box::new(dataset),
        })?;
    }
    let mut cells = opened.cells;
    for cell in &cells {
        journal.append(Entry::Cell {
            cell: Box::new(cell.record.clone()),
        })?;
    }
    let schedule = &config.measure;
    let rounds = (0..schedule.warmup)
        .map(|round| (Kind::Warmup, round))
        .chain((0..schedule.rounds).map(|round| (Kind::Measured, round)));
    let total = cells.len() * (schedule.warmup + schedule.rounds) as usize;
    let mut done = 0;
    let mut warned_of_residency = false;
    for (kind, round) in rounds {
        for (position, index) in order(cells.len(), schedule.seed, kind, round)
            .into_iter()
            .enumerate()
        {
            let plan = &mut cells[index];
            let CellPlan {
                record,
                cell,
                verified,
                variant,
                ..
            } = plan;
            let shown_variant = variant.as_deref().unwrap_or(&record.variant_name);
            observer.event(Event::Measuring {
                done,
                total,
                kind,
                round,
                scenario: &record.scenario,
                variant: shown_variant,
            });
            let probe = Probe {
                kind,
                round,
                position: u32::try_from(position).unwrap_or(u32::MAX),
                started_offset_ns: offset_ns(started),
                arrow_bytes: verified.as_ref().map_or(0, |verified| verified.arrow_bytes),
            };
            let measured = tokio::select! {
                measured = iterate(cell, verified, probe) => measured,
                () = cancel.cancelled() => return Err(RunError::Interrupted),
            };
            let (iteration, first) = match measured {
                Ok(measured) => measured,
                Err(source) => {
                    let iteration = Box::new(failed(&probe, &source));
                    journal.append(Entry::Iteration {
                        cell: record.id.clone(),
                        iteration,
                    })?;
                    let source = cell.locate(source).await;
                    return Err(RunError::Measure {
                        scenario: record.scenario.clone(),
                        variant: variant.clone(),
                        source,
                    });
                }
            };
            if iteration.cache.resident_ratio_before.is_none() && !warned_of_residency {
                warned_of_residency = true;
                let text = "this user may not ask which pages of the files are resident, so that a warm cache is \
                            established but not attested";
                observer.event(Event::Warning(text));
                journal.append(Entry::Warning {
                    text: text.to_owned(),
                })?;
            }
            journal.append(Entry::Iteration {
                cell: record.id.clone(),
                iteration: Box::new(iteration),
            })?;
            if first && let Some(verified) = &plan.verified {
                let expectations = evaluate(&plan.cell.scenario, &verified.observed, |key| {
                    plan.setting(key)
                });
                let cell = plan.record.id.clone();
                journal.append(Entry::Expectations { cell, expectations })?;
            }
            done += 1;
            observer.event(Event::Measured { done, total });
        }
    }
    Ok(())
}

/// One iteration. A cell's first one is followed by an untimed execution that counts and checksums the result; the second
/// value says whether this was it.
async fn iterate(
    cell: &mut crate::measure::Cell,
    verified: &mut Option<crate::measure::Verified>,
    probe: Probe,
) -> Result<(Iteration, bool), MeasureError> {
    let mut iteration = cell.iterate(probe).await?;
    let first = verified.is_none();
    if first {
        let found = cell.verify().await?;
        iteration.checksum = Some(found.checksum.clone());
        iteration.arrow_bytes = found.arrow_bytes;
        *verified = Some(found);
    }
    if let Some(verified) = verified
        && verified.rows != iteration.rows
        && cell.scenario.nondeterministic.is_none()
    {
        return Err(MeasureError::Execution {
            message: format!(
                "one execution gave {} rows, another {}",
                verified.rows, iteration.rows
            ),
            bad_input: false,
        });
    }
    Ok((iteration, first))
}

/// The iteration that an error ended, without figures.
fn failed(probe: &Probe, error: &MeasureError) -> Iteration {
    Iteration {
        lane: Lane::EndToEnd,
        round: probe.round,
        position: probe.position,
        started_offset_ns: probe.started_offset_ns,
        kind: probe.kind,
        status: Status::Failed,
        reason: Some(error.to_string()),
        elapsed_ns: 0,
        planning_ns: 0,
        first_batch_ns: None,
        executions: 0,
        cpu_user_ns: 0,
        cpu_system_ns: 0,
        rows: 0,
        arrow_bytes: 0,
        checksum: None,
        engine_ranges: 0,
        engine_data_bytes: 0,
        engine_metadata_bytes: 0,
        requests: 0,
        requested_bytes: 0,
        device_read_bytes: None,
        cache: unknown_cache(),
        scan_partitions: 0,
        scans: Vec::new(),
    }
}
