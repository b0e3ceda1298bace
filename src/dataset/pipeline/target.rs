//! The dataset that is being written, and the resources for writing it.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use tokio::runtime::Handle;

use crate::cancel::Cancel;
use crate::dataset::error::DatasetError;
use crate::dataset::plan::DatasetPlan;
use crate::dataset::share::Share;
use crate::storage::{Location, WireLedger};

/// Progress of writing one dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub rows_done: u64,
    pub rows: u64,
    /// Finished files; with partitions, each is the file of one partition.
    pub files_done: u64,
    pub bytes_written: u64,
}

/// A dataset to write, with the resources for writing it.
pub(crate) struct Target<'a> {
    pub(crate) plan: &'a DatasetPlan,
    pub(crate) handle: &'a Handle,
    pub(crate) threads: usize,
    /// Share of the files that this process writes. Absent if it writes all.
    pub(crate) share: Option<Share>,
    /// Ledger of what goes over the network while files are written.
    pub(crate) wire: Arc<WireLedger>,
    pub(crate) cancel: &'a Cancel,
    pub(crate) progress: &'a (dyn Fn(Progress) + Sync),
}

impl Target<'_> {
    /// Returns the place of a file, given by its path below the dataset's folder.
    pub(crate) fn place(&self, path: &str) -> Location {
        self.plan.root.join(path)
    }

    /// Returns the store of the dataset.
    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        self.plan.root.store().objects()
    }

    /// Returns the name of a file in the store, given by its path below the dataset's folder.
    pub(crate) fn object(&self, path: &str) -> Result<ObjectPath, DatasetError> {
        Ok(self.place(path).object()?)
    }

    /// Returns the name of a file in errors, given by its path below the dataset's folder.
    pub(crate) fn shown(&self, path: &str) -> String {
        self.place(path).to_string()
    }
}
