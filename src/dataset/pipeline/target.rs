//! The dataset that is being written, and the means to write it.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use tokio::runtime::Handle;

use crate::cancel::Cancel;
use crate::dataset::error::DatasetError;
use crate::dataset::plan::DatasetPlan;
use crate::dataset::share::Share;
use crate::storage::Location;

/// How far the writing of one dataset has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub rows_done: u64,
    pub rows: u64,
    /// Files, one per partition where there are partitions.
    pub files_done: u64,
    pub bytes_written: u64,
}

/// What to write, where, and with what.
pub(crate) struct Target<'a> {
    pub(crate) plan: &'a DatasetPlan,
    pub(crate) handle: &'a Handle,
    pub(crate) threads: usize,
    /// The files that are this process's, where several write them together.
    pub(crate) share: Option<Share>,
    pub(crate) cancel: &'a Cancel,
    pub(crate) progress: &'a (dyn Fn(Progress) + Sync),
}

impl Target<'_> {
    /// The place of a file below the dataset's folder.
    pub(crate) fn place(&self, path: &str) -> Location {
        self.plan.root.join(path)
    }

    /// The store that the dataset lies in.
    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        self.plan.root.store().objects()
    }

    /// Name in the store of a file below the dataset's folder.
    pub(crate) fn object(&self, path: &str) -> Result<ObjectPath, DatasetError> {
        Ok(self.place(path).object()?)
    }

    /// A file below the dataset's folder as errors name it.
    pub(crate) fn shown(&self, path: &str) -> String {
        self.place(path).to_string()
    }
}
