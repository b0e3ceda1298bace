//! Errors that prevent learning a config.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use crate::cancel::Interrupted;
use crate::config::ConfigError;
use crate::content::ContentError;
use crate::dataset::DatasetError;
use crate::exit_class::ExitClass;
use crate::table::TableError;

/// Reason why no config can be learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("{location}: {reason}")]
    Unlearnable { location: String, reason: String },
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    #[error("column `{column}`: {source}")]
    Content {
        column: String,
        source: ContentError,
    },
    #[error("the learned config is not one: {0}")]
    Config(#[from] ConfigError),
    #[error("the learned config cannot be written as YAML: {0}")]
    Yaml(String),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl LearnError {
    pub fn class(&self) -> ExitClass {
        match self {
            LearnError::Interrupted(_) => ExitClass::Interrupted,
            // The only datasets here are the files to learn from, so any error about them is the
            // user's.
            LearnError::Table(_) | LearnError::Dataset(_) | LearnError::Unlearnable { .. } => {
                ExitClass::Usage
            }
            LearnError::Arrow(_)
            | LearnError::Parquet(_)
            | LearnError::Content { .. }
            | LearnError::Config(_)
            | LearnError::Yaml(_) => ExitClass::Failed,
        }
    }
}
