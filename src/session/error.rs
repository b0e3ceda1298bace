//! Errors that stop a verb, with their sites.

use std::fmt;

use crate::cancel::Interrupted;
use crate::cluster::ClusterError;
use crate::config::PageCache;
use crate::dataset::DatasetError;
use crate::engine::EngineError;
use crate::exit_class::ExitClass;
use crate::measure::MeasureError;
use crate::output::OutputError;
use crate::record::RecordError;
use crate::scenario::ScenarioError;
use crate::storage::{InputError, StorageError};
use crate::table::TableError;
use crate::units;

/// Scenario and variant of an error or a warning, as far as it concerns one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    scenario: Option<String>,
    /// Absent if there is no other variant.
    variant: Option<String>,
}

impl Site {
    pub fn of_variant(variant: Option<String>) -> Self {
        Site {
            scenario: None,
            variant,
        }
    }

    /// Returns the site of a scenario on this variant.
    pub fn with(&self, scenario: &str) -> Self {
        Site {
            scenario: Some(scenario.to_owned()),
            variant: self.variant.clone(),
        }
    }

    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    fn is_empty(&self) -> bool {
        self.scenario.is_none() && self.variant.is_none()
    }
}

/// Formats the site for sentences: "scenario `a` on variant `b`".
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scenario) = &self.scenario {
            write!(f, "scenario `{scenario}`")?;
        }
        match (&self.scenario, &self.variant) {
            (Some(_), Some(variant)) => write!(f, " on variant `{variant}`"),
            (None, Some(variant)) => write!(f, "variant `{variant}`"),
            (_, None) => Ok(()),
        }
    }
}

/// An error and its site.
#[derive(Debug, thiserror::Error)]
#[error("{}{error}", before(site))]
pub struct Failure {
    site: Site,
    #[source]
    error: Box<SessionError>,
}

fn before(site: &Site) -> String {
    match site.is_empty() {
        true => String::new(),
        false => format!("{site}: "),
    }
}

impl Failure {
    pub fn error(&self) -> &SessionError {
        &self.error
    }

    pub fn class(&self) -> ExitClass {
        self.error.class()
    }

    /// Advice for the user.
    pub fn hint(&self) -> Option<String> {
        self.error.hint()
    }
}

/// An error that concerns no scenario and no variant, or names them itself.
impl<E: Into<SessionError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure {
            site: Site::default(),
            error: Box::new(error.into()),
        }
    }
}

/// A result whose error gets a site.
pub trait AtSite {
    type Value;

    fn at(self, site: &Site) -> Result<Self::Value, Failure>;
}

impl<T, E: Into<SessionError>> AtSite for Result<T, E> {
    type Value = T;

    fn at(self, site: &Site) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            site: site.clone(),
            error: Box::new(error.into()),
        })
    }
}

/// Reason why a run, or another verb, did not begin or did not finish.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    Table(#[from] TableError),
    /// A file was changed while it was read.
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error(transparent)]
    Record(#[from] RecordError),
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
    #[error("{location}: it lies in a store, of which this host holds no pages; measure.cache: {} is for files", cache.name())]
    NoPages { location: String, cache: PageCache },
    #[error("{path}: it lies in memory (tmpfs), so that it cannot be cold")]
    InMemory { path: String },
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
    #[error(
        "training runs one variant, and there are {}: {}; leave `sweep` and `variants` out",
        names.len(),
        names.join(", ")
    )]
    SeveralVariants { names: Vec<String> },
    #[error(
        "dataset.parquet.read_mode: on_demand reads rows by their numbers, which queries have none of; it is for `bench train`, and \
         queries take row_group or default"
    )]
    OnDemand,
    #[error(
        "--find-accelerators is for one process, and there are several ranks; start it once, without the launcher"
    )]
    SearchAlone,
    #[error(
        "--find-accelerators needs steps that take time; set train.computation_time to that of the accelerator, as 0.000375"
    )]
    SearchWithoutTime,
    #[error(
        "storage.prefetch_row_groups reads the next row groups of a file, which other ranks may have, and samples by index do not want; \
         leave it out"
    )]
    ReadsAhead,
    #[error(
        "--find-accelerators: the rows make too few steps for one accelerator; set a smaller reader.batch_size, or read more rows"
    )]
    SearchTooSmall,
    #[error("--find-accelerators: {reason}")]
    SearchVoid { reason: String },
    #[error("training reads one table, and `tables` has several; leave the others out")]
    SeveralTables,
    #[error(
        "workflow.evaluation reads the table `valid`, and there is none; set dataset.num_files_eval"
    )]
    NoValid,
    #[error("{}", too_few_steps(*accelerator, *accelerators, *rows, *batch_rows, *found, *wanted))]
    TooFewSteps {
        accelerator: u64,
        accelerators: u64,
        rows: u64,
        batch_rows: u64,
        found: u64,
        /// Absent if one would do.
        wanted: Option<u64>,
    },
    #[error("{}", too_few_units(table, *units, *holds_files, *accelerators))]
    TooFewUnits {
        table: String,
        units: u64,
        /// True if files are dealt as a whole, false if row groups are.
        holds_files: bool,
        accelerators: u64,
    },
    #[error("{reason}")]
    BatchMemory { reason: String },
    #[error("measure.drop_caches: this user may not write to /proc/sys/vm/drop_caches")]
    DropCaches,
    /// Cells or lanes failed by themselves; the rest was measured without them.
    #[error("{first}{}", and_more(*others))]
    GivenUp { first: String, others: usize },
    #[error("equal rows gave different results: {found}")]
    Disagreement {
        found: String,
        hint: Option<&'static str>,
    },
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("internal error: {0}")]
    Internal(String),
}

/// Returns an object store's error without the store's words around it.
fn plain(error: &object_store::Error) -> String {
    match error {
        object_store::Error::Generic { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

fn too_few_steps(
    accelerator: u64,
    accelerators: u64,
    rows: u64,
    batch_rows: u64,
    found: u64,
    wanted: Option<u64>,
) -> String {
    let rows = format!(
        "accelerator {accelerator} of {accelerators} has {} rows in batches of {}",
        units::count(rows),
        units::count(batch_rows)
    );
    match wanted {
        None => {
            format!("{rows}, and so no step; set a smaller reader.batch_size, or read more rows")
        }
        Some(wanted) => format!(
            "{rows}, which are {} steps, and train.total_training_steps is {}",
            units::count(found),
            units::count(wanted)
        ),
    }
}

fn too_few_units(table: &str, units: u64, holds_files: bool, accelerators: u64) -> String {
    if units == 0 {
        return format!(
            "table `{table}` holds no rows, and training needs a step for each accelerator"
        );
    }
    let (dealt, advice) = match holds_files {
        true => (
            "files",
            "more files, `dataset.parquet.read_mode: row_group`",
        ),
        false => ("row groups", "a smaller dataset.parquet.row_group_size"),
    };
    format!(
        "table `{table}` has {} {dealt} for {} accelerators, and each needs at least one; set fewer train.accelerators, {advice} or fewer \
         processes",
        units::count(units),
        units::count(accelerators)
    )
}

fn and_more(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!("; and {others} more"),
    }
}

impl SessionError {
    pub fn class(&self) -> ExitClass {
        match self {
            SessionError::Storage(error) => error.class(),
            SessionError::Dataset(error) => error.class(),
            SessionError::Table(error) => error.class(),
            SessionError::Input(error) => error.class(),
            SessionError::Output(error) => error.class(),
            SessionError::Scenario(error) => error.class(),
            SessionError::Cluster(error) => error.class(),
            SessionError::Engine(error) => error.class(),
            SessionError::Measure(error) => error.class(),
            SessionError::Record(error) => error.class(),
            SessionError::Consent { .. }
            | SessionError::Full { .. }
            | SessionError::Results { .. }
            | SessionError::Memory { .. }
            | SessionError::UnknownBaseline { .. }
            | SessionError::Direct { .. }
            | SessionError::InMemory { .. }
            | SessionError::NoPages { .. }
            | SessionError::SameCell { .. }
            | SessionError::Missing { .. }
            | SessionError::Replay { .. }
            | SessionError::SeveralVariants { .. }
            | SessionError::SeveralTables
            | SessionError::OnDemand
            | SessionError::ReadsAhead
            | SessionError::SearchTooSmall
            | SessionError::SearchAlone
            | SessionError::SearchWithoutTime
            | SessionError::NoValid
            | SessionError::TooFewSteps { .. }
            | SessionError::TooFewUnits { .. }
            | SessionError::BatchMemory { .. }
            | SessionError::DropCaches => ExitClass::Usage,
            SessionError::Io { .. }
            | SessionError::SearchVoid { .. }
            | SessionError::GivenUp { .. }
            | SessionError::Disagreement { .. }
            | SessionError::Internal(_) => ExitClass::Failed,
            SessionError::Interrupted(_) => ExitClass::Interrupted,
        }
    }

    /// Advice for the user.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            SessionError::Dataset(error) => return error.hint(),
            SessionError::Table(error) => return error.hint(),
            SessionError::Cluster(error) => return error.hint(),
            SessionError::Engine(error) => return error.hint(),
            SessionError::Disagreement { hint, .. } => (*hint)?,
            SessionError::Consent { .. } => {
                "add --yes to write it, or make it smaller: --set dataset.num_files_train=2"
            }
            SessionError::Full { .. } => {
                "make it smaller: --set dataset.num_files_train=2, or set dataset.data_folder to another disk"
            }
            // Files in memory cannot be evicted either.
            SessionError::Direct { source, .. } => {
                source.raw_os_error()?;
                "measure.cache: cold evicts files instead"
            }
            SessionError::DropCaches => {
                "without it, cold iterations evict the files that they read"
            }
            SessionError::Memory { .. } => {
                "make them smaller: --set dataset.parquet.row_group_size=1000"
            }
            SessionError::Storage(_)
            | SessionError::Input(_)
            | SessionError::Output(_)
            | SessionError::Scenario(_)
            | SessionError::Measure(_)
            | SessionError::Record(_)
            | SessionError::Results { .. }
            | SessionError::UnknownBaseline { .. }
            | SessionError::Io { .. }
            | SessionError::InMemory { .. }
            | SessionError::NoPages { .. }
            | SessionError::SameCell { .. }
            | SessionError::Missing { .. }
            | SessionError::Replay { .. }
            | SessionError::SeveralVariants { .. }
            | SessionError::SeveralTables
            | SessionError::OnDemand
            | SessionError::ReadsAhead
            | SessionError::SearchTooSmall
            | SessionError::SearchAlone
            | SessionError::SearchWithoutTime
            | SessionError::SearchVoid { .. }
            | SessionError::NoValid
            | SessionError::TooFewSteps { .. }
            | SessionError::TooFewUnits { .. }
            | SessionError::BatchMemory { .. }
            | SessionError::GivenUp { .. }
            | SessionError::Interrupted(_)
            | SessionError::Internal(_) => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_site_and_then_its_error() {
        let failed = |site: &Site| {
            let failed: Result<(), _> = Err(SessionError::DropCaches);
            failed.at(site).unwrap_err().to_string()
        };
        let nowhere = SessionError::DropCaches.to_string();
        let several = Site::of_variant(Some("zstd".to_owned()));
        assert_eq!(Failure::from(SessionError::DropCaches).to_string(), nowhere);
        assert_eq!(failed(&Site::of_variant(None)), nowhere);
        assert_eq!(failed(&several), format!("variant `zstd`: {nowhere}"));
        assert_eq!(
            failed(&several.with("scan")),
            format!("scenario `scan` on variant `zstd`: {nowhere}")
        );
        assert_eq!(
            failed(&Site::default().with("scan")),
            format!("scenario `scan`: {nowhere}")
        );
    }
}
