//! Why a verb did not come to its end.

use crate::dataset::DatasetError;
use crate::engine::EngineError;
use crate::measure::MeasureError;
use crate::output::OutputError;
use crate::record::RecordError;
use crate::scenario::ScenarioError;
use crate::storage::{InputError, StorageError};
use crate::table::TableError;

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

pub(crate) fn on_variant(variant: &Option<String>) -> String {
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
