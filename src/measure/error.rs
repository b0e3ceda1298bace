//! Why a cell gives no figures.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;

use crate::engine::{EngineError, plain_message};
use crate::exit_class::ExitClass;
use crate::units;

/// Why a cell gave no figures.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Engine(#[from] EngineError),
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
    /// Reading a file, or a task that panicked, perhaps over one.
    Reading,
    /// Decoding what a file holds.
    Decoding,
    /// A file that cannot be read.
    BadInput,
    /// More memory than the limit allows.
    Memory,
    /// Anything else, such as a division by zero in the query.
    Other,
}

impl MeasureError {
    pub(super) fn execution(error: &DataFusionError) -> Self {
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
        MeasureError::Execution {
            message: plain_message(error),
            cause,
        }
    }

    /// A query has been planned before it is measured, so that what the engine refuses here is no
    /// fault of the user's.
    pub fn class(&self) -> ExitClass {
        match self {
            MeasureError::Execution { cause, .. } => match cause {
                Cause::BadInput => ExitClass::Usage,
                Cause::Reading | Cause::Decoding | Cause::Memory | Cause::Other => {
                    ExitClass::Failed
                }
            },
            MeasureError::Engine(_) | MeasureError::TooLarge { .. } => ExitClass::Failed,
        }
    }

    /// Whether it concerns this cell alone, so that a run can go on without it.
    pub fn is_of_the_cell(&self) -> bool {
        match self {
            MeasureError::TooLarge { .. } => true,
            MeasureError::Execution { cause, .. } => *cause == Cause::Memory,
            MeasureError::Engine(_) => false,
        }
    }

    pub(super) fn reading(message: String) -> Self {
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
