//! Why no config can be learned.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use crate::config::ConfigError;
use crate::content::ContentError;
use crate::dataset::DatasetError;
use crate::table::TableError;

/// Why no config can be learned.
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
    #[error("interrupted")]
    Interrupted,
}
