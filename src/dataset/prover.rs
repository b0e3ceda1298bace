//! Reading back what was written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::datatypes::SchemaRef;
use object_store::path::Path as ObjectPath;

use super::DatasetError;
use super::page_proof::prove_pages;
use super::proof::{FILE_IDENTITY, NO_IDENTITY, Wanted, prove};
use super::scheduler::Target;
use super::write::WrittenFile;
use crate::files::read_footer;
use crate::storage::object_path;

/// Proves the files of one dataset.
pub(crate) struct Prover<'a> {
    target: &'a Target<'a>,
    schema: SchemaRef,
    row_group_rows: u64,
    /// Whether the pages of a file have been looked at.
    pages_proven: AtomicBool,
}

impl<'a> Prover<'a> {
    pub(crate) fn new(target: &'a Target<'a>, schema: SchemaRef, row_group_rows: u64) -> Self {
        Prover {
            target,
            schema,
            row_group_rows,
            pages_proven: AtomicBool::new(false),
        }
    }

    /// What a file's footer says that it is.
    pub(crate) fn identity(&self, path: &str) -> String {
        self.target.plan.identity(path)
    }

    /// A file that an interrupted writing has left complete. None where there is none, or a torn one.
    ///
    /// # Errors
    ///
    /// `Foreign` for a sound file that this program has not written: it is somebody's, and stays.
    pub(crate) fn kept(
        &self,
        table: usize,
        path: &str,
        partition: &[Option<String>],
        rows: u64,
    ) -> Result<Option<WrittenFile>, DatasetError> {
        let file = self.target.plan.root.join(path);
        match std::fs::symlink_metadata(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DatasetError::io(&file, error)),
            Ok(_) => {}
        }
        let object = object_path(&file)?;
        match self.prove(table, path.to_owned(), partition.to_vec(), rows, &object) {
            Ok(written) => Ok(Some(written)),
            Err(DatasetError::FileNotAsAsked {
                what: FILE_IDENTITY,
                found,
                ..
            }) if found == NO_IDENTITY => Err(DatasetError::Foreign {
                file: file.display().to_string(),
            }),
            Err(_) => Ok(None),
        }
    }

    /// Reads the footer back from the store and compares it with what was asked for; of the first file, its pages too.
    pub(crate) fn prove(
        &self,
        table: usize,
        path: String,
        partition: Vec<Option<String>>,
        rows: u64,
        object: &ObjectPath,
    ) -> Result<WrittenFile, DatasetError> {
        let plan = self.target.plan;
        let (store, handle) = (self.target.store, self.target.handle);
        let file = plan.root.join(&path).display().to_string();
        let (bytes, metadata) = handle.block_on(read_footer(store, object, &file))?;
        let wanted = Wanted {
            file: &file,
            identity: &self.identity(&path),
            schema: &self.schema,
            layout: &plan.spec.layout,
            rows,
            row_group_rows: self.row_group_rows,
        };
        let shortfalls = prove(&metadata, bytes, &wanted)?;
        if !self.pages_proven.swap(true, Ordering::Relaxed) {
            let layout = &plan.spec.layout;
            handle.block_on(prove_pages(store, object, &file, &metadata, layout))?;
        }
        Ok(WrittenFile {
            table,
            path,
            partition,
            bytes,
            metadata: Arc::new(metadata),
            shortfalls,
        })
    }
}
