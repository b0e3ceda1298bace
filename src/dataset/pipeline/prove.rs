//! Reads written files back.

use std::sync::atomic::{AtomicBool, Ordering};

use super::format::FileFormat;
use super::source::NextFile;
use super::target::Target;
use super::written::{DataFile, WrittenFile};
use crate::dataset::error::DatasetError;
use crate::dataset::folder::is_taken;
use crate::dataset::page_proof::prove_pages;
use crate::dataset::proof::{ExpectedFile, FILE_IDENTITY, NO_IDENTITY, prove};
use crate::files::read_footer;

/// Proves the files of one dataset.
pub(crate) struct Prover<'a> {
    target: &'a Target<'a>,
    format: &'a FileFormat,
    /// True once the pages of a file have been checked.
    pages_proven: AtomicBool,
}

impl<'a> Prover<'a> {
    pub(crate) fn new(target: &'a Target<'a>, format: &'a FileFormat) -> Self {
        Prover {
            target,
            format,
            pages_proven: AtomicBool::new(false),
        }
    }

    /// Checks whether an interrupted call has left a file complete. A file that is damaged or
    /// differs from the plan is rewritten.
    ///
    /// # Errors
    ///
    /// `Foreign` for a sound file that this program has not written. It belongs to somebody else
    /// and stays.
    pub(crate) fn look_up(&self, file: DataFile) -> Result<NextFile, DatasetError> {
        if !is_taken(&self.target.plan.root.join(&file.path))? {
            return Ok(NextFile::ToWrite(file));
        }
        match self.prove(&file) {
            Ok(written) => Ok(NextFile::Kept(Box::new(written))),
            Err(DatasetError::FileNotAsAsked {
                what: FILE_IDENTITY,
                found,
                ..
            }) if found == NO_IDENTITY => Err(DatasetError::Foreign {
                file: self.target.shown(&file.path),
            }),
            Err(_) => Ok(NextFile::ToWrite(file)),
        }
    }

    /// Reads the footer back from the store and compares it with the plan. For the first file,
    /// compares the pages too.
    pub(crate) fn prove(&self, file: &DataFile) -> Result<WrittenFile, DatasetError> {
        let Target { plan, handle, .. } = self.target;
        let store = self.target.store();
        let layout = &plan.spec.layout;
        let (object, shown) = (
            self.target.object(&file.path)?,
            self.target.shown(&file.path),
        );
        let (bytes, metadata) = handle.block_on(read_footer(store, &object, &shown))?;
        let wanted = ExpectedFile {
            file: &shown,
            identity: &plan.identity(&file.path),
            schema: &self.format.schema,
            layout,
            rows: file.rows,
            row_group_rows: self.format.row_group_rows,
        };
        let shortfalls = prove(&metadata, bytes, &wanted)?;
        if !self.pages_proven.swap(true, Ordering::Relaxed) {
            handle.block_on(prove_pages(store, &object, &shown, &metadata, layout))?;
        }
        Ok(WrittenFile {
            file: DataFile {
                table: file.table,
                path: file.path.clone(),
                partition: file.partition.clone(),
                rows: file.rows,
            },
            bytes,
            metadata,
            shortfalls,
        })
    }
}
