//! Makes a dataset complete: finds the files that exist, writes the missing ones, proves them, and
//! seals the dataset with the manifest.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Handle;

use super::error::DatasetError;
use super::find::{FolderContent, find};
use super::folder::{create, lock, remove_if_there, remove_staged, sync};
use super::manifest::{Manifest, UnfinishedDataset, write_json};
use super::names::{LOCK_FILE, MANIFEST_FILE, SEAL_LOCK, UNFINISHED_FILE};
use super::pipeline::target::{Progress, Target};
use super::pipeline::written::WrittenFiles;
use super::pipeline::{generated, rewritten};
use super::plan::DatasetPlan;
use super::publish::{manifest_of, publish, with_others, withdraw};
use super::share::Share;
use crate::cancel::Cancel;
use crate::observe::cpu_ns;
use crate::record::WriteRecord;

/// A dataset that now exists.
#[derive(Debug)]
pub struct EnsuredDataset {
    pub manifest: Manifest,
    /// Number of files that this call wrote. `files_kept` is the number of files that an earlier,
    /// interrupted call had written.
    pub files_written: u64,
    pub files_kept: u64,
    /// Ranks of the processes whose files are still missing, if several processes write a dataset
    /// together. The manifest is then that of this process's files.
    pub missing_ranks: Vec<u64>,
    /// True if the system let fewer writers start than were wanted.
    pub short_of_threads: bool,
}

impl EnsuredDataset {
    /// The result for a dataset that was complete already.
    fn found(manifest: Manifest) -> Self {
        EnsuredDataset {
            manifest,
            files_written: 0,
            files_kept: 0,
            missing_ranks: Vec::new(),
            short_of_threads: false,
        }
    }
}

/// Makes sure that the dataset exists, complete and proven. Must not be called from within the
/// runtime of `handle`.
///
/// Files appear under their names only when they are complete. The next call continues after an
/// interruption. Only one process writes a dataset at a time, and another one waits for it, unless
/// each process has a `share` of the files: then the last one to finish makes one manifest of all
/// files.
#[allow(clippy::too_many_arguments)]
pub fn ensure(
    plan: &DatasetPlan,
    handle: &Handle,
    threads: usize,
    share: Option<Share>,
    cancel: &Cancel,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<EnsuredDataset, DatasetError> {
    if let FolderContent::Complete(manifest) = find(plan)? {
        return Ok(EnsuredDataset::found(*manifest));
    }
    // From here on a cancellation does not end the process at once: the files in work are first
    // brought to a state from which the next call can continue.
    let Some(_hold) = cancel.hold() else {
        return Err(DatasetError::Interrupted);
    };
    create(&plan.root)?;
    if let (Some(source), Some(_)) = (&plan.source, share) {
        return Err(DatasetError::Source {
            location: source.location.clone(),
            reason: "is read in one stream, which several processes cannot share".to_owned(),
        });
    }
    let whole = lock(&plan.root, LOCK_FILE, share.is_some(), cancel)?;
    let _own = match share {
        Some(share) => Some(lock(&plan.root, &share.lock_name(), false, cancel)?),
        None => None,
    };
    // Another process that writes a part may be sealing the dataset right now. The lock keeps the
    // search and the removal below consistent.
    let sealing = || match share {
        Some(_) => lock(&plan.root, SEAL_LOCK, false, cancel).map(Some),
        None => Ok(None),
    };
    let looking = sealing()?;
    // Another process may have finished the dataset meanwhile.
    match find(plan)? {
        FolderContent::Complete(manifest) => return Ok(EnsuredDataset::found(*manifest)),
        FolderContent::External { .. } => {
            return Err(DatasetError::ForeignSwept {
                folder: plan.root.to_string(),
            });
        }
        FolderContent::Missing => {
            return Err(DatasetError::Missing {
                folder: plan.root.to_string(),
            });
        }
        FolderContent::ToWrite => {}
    }
    let unfinished = UnfinishedDataset {
        content_fingerprint: plan.content_fingerprint.clone(),
        layout_fingerprint: plan.layout_fingerprint.clone(),
    };
    write_json(&plan.root.join(UNFINISHED_FILE), &unfinished)?;
    remove_if_there(&plan.root.join(MANIFEST_FILE))?;
    drop(looking);
    if share.is_none() {
        // Staged files of other processes must stay: they may still be in use.
        remove_staged(&plan.root)?;
    }

    let target = Target {
        plan,
        handle,
        threads,
        share,
        wire: Arc::default(),
        cancel,
        progress,
    };
    let written = write_and_verify(&target);
    if share.is_none() && written.as_ref().is_err_and(is_of_partitions) {
        withdraw(plan);
    }
    let (written, write) = written?;
    let (kept, short_of_threads) = (written.kept, written.short_of_threads);
    let own = manifest_of(plan, written, write);
    let files_written = (own.files().count() as u64).saturating_sub(kept);
    let _sealing = sealing()?;
    let (manifest, missing_ranks) = match share {
        None => (own, Vec::new()),
        Some(share) => with_others(plan, share, own)?,
    };
    if whole.is_lost() {
        return Err(DatasetError::Busy {
            folder: plan.root.to_string(),
        });
    }
    if missing_ranks.is_empty() {
        publish(plan, &manifest)?;
    }
    Ok(EnsuredDataset {
        files_written,
        files_kept: kept,
        manifest,
        missing_ranks,
        short_of_threads,
    })
}

/// Returns true if the values of partition columns are the reason why a dataset cannot be written.
fn is_of_partitions(error: &DatasetError) -> bool {
    matches!(
        error,
        DatasetError::TooManyPartitions { .. }
            | DatasetError::UnnameablePartition { .. }
            | DatasetError::LongPartition { .. }
    )
}

/// Writes the missing files and flushes them to the device. Afterwards, rows from a source are
/// compared with the source; this does not count towards the time of writing.
fn write_and_verify(target: &Target<'_>) -> Result<(WrittenFiles, WriteRecord), DatasetError> {
    let started = Instant::now();
    let cpu_before = cpu_ns();
    let root = &target.plan.root;
    let synced = || -> Result<WriteRecord, DatasetError> {
        sync(root)?;
        Ok(WriteRecord {
            elapsed_ns: u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX),
            cpu_ns: cpu_ns().saturating_sub(cpu_before),
            wire: target.wire.figures(),
        })
    };
    let Some(source) = &target.plan.source else {
        let written = generated::write_files(target)?;
        return Ok((written, synced()?));
    };
    let copied = rewritten::write_files(target, source).and_then(|copied| {
        let write = synced()?;
        rewritten::verify(target, source, &copied)?;
        Ok((copied.files, write))
    });
    if !matches!(copied, Err(DatasetError::Interrupted)) {
        // A change of the source explains more than the error that it caused.
        source.check_unchanged()?;
    }
    copied
}
