//! Errors that leave a cell without figures.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;
use url::Url;

use crate::cluster::{ClusterError, worker_of};
use crate::engine::{EngineError, plain_message};
use crate::exit_class::ExitClass;
use crate::units;

/// Reason why a cell has no figures.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error("{message}")]
    Execution { message: String, cause: Cause },
    #[error(
        "the lane `compute` would hold {} in memory, which is more than half of the {} that are available",
        units::bytes(*bytes),
        units::bytes(*available)
    )]
    TooLarge { bytes: u64, available: u64 },
}

/// Cause of a failed execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A file could not be read, or a task panicked, perhaps over one.
    Reading,
    /// Content of a file could not be decoded.
    Decoding,
    /// A file is damaged or cannot be read.
    BadInput,
    /// More memory was needed than the limit allows.
    Memory,
    /// Anything else, such as a division by zero in the query.
    Other,
}

impl MeasureError {
    pub(crate) fn execution(error: &DataFusionError) -> Self {
        let cause = match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Cause::Memory,
            // Errors of a store, and of some codecs.
            DataFusionError::ParquetError(error) => match **error {
                ParquetError::External(_) => Cause::Reading,
                _ => Cause::Decoding,
            },
            DataFusionError::ObjectStore(_)
            | DataFusionError::IoError(_)
            | DataFusionError::ExecutionJoin(_)
            | DataFusionError::External(_) => Cause::Reading,
            DataFusionError::ArrowError(error, _) => match **error {
                ArrowError::ParquetError(_) => Cause::Decoding,
                ArrowError::ExternalError(_) | ArrowError::IoError(..) => Cause::Reading,
                _ => Cause::Other,
            },
            _ => Cause::Other,
        };
        let message = plain_message(error);
        MeasureError::Execution {
            message: match worker_of(error) {
                Some(worker) => format!("{worker}: {message}"),
                None => message,
            },
            cause,
        }
    }

    /// Queries are planned before they are measured, so an error of the engine here is not the
    /// user's fault.
    pub fn class(&self) -> ExitClass {
        match self {
            MeasureError::Execution { cause, .. } => match cause {
                Cause::BadInput => ExitClass::Usage,
                Cause::Reading | Cause::Decoding | Cause::Memory | Cause::Other => {
                    ExitClass::Failed
                }
            },
            MeasureError::Cluster(error) => error.class(),
            MeasureError::Engine(_) | MeasureError::TooLarge { .. } => ExitClass::Failed,
        }
    }

    /// True if the error concerns this cell alone, and a run can go on without the cell.
    pub fn is_of_the_cell(&self) -> bool {
        match self {
            MeasureError::TooLarge { .. } => true,
            MeasureError::Execution { cause, .. } => *cause == Cause::Memory,
            MeasureError::Engine(_) | MeasureError::Cluster(_) => false,
        }
    }

    /// Returns the worker whose loss is the error, and the reason.
    pub fn lost_worker(&self) -> Option<(&Url, &str)> {
        match self {
            MeasureError::Cluster(
                ClusterError::Lost { url, reason } | ClusterError::Unreachable { url, reason },
            ) => Some((url, reason)),
            _ => None,
        }
    }

    pub(crate) fn reading(message: String) -> Self {
        MeasureError::Execution {
            message,
            cause: Cause::Reading,
        }
    }

    pub(crate) fn defect(message: String) -> Self {
        MeasureError::Execution {
            message,
            cause: Cause::Other,
        }
    }
}
