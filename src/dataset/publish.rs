//! Sealing a dataset: the manifest, which says that all of it is there, comes last.

use super::error::DatasetError;
use super::find::all_present;
use super::folder::{holds_files, remove_if_there, remove_notes};
use super::manifest::{Manifest, ManifestTable};
use super::names::{UNFINISHED_FILE, is_part_file};
use super::pipeline::written::WrittenFiles;
use super::plan::DatasetPlan;
use super::share::{Share, joined, write_part};
use crate::content::GENERATOR_VERSION;
use crate::record::WriteRecord;

/// The manifest of files that were written in the time and with the work of `write`.
pub(super) fn manifest_of(
    plan: &DatasetPlan,
    mut written: WrittenFiles,
    write: WriteRecord,
) -> Manifest {
    let tables = plan
        .tables
        .iter()
        .enumerate()
        .map(|(index, table)| {
            let mut files = written.tables.remove(&index).unwrap_or_default();
            files.sort_by(|left, right| left.path.cmp(&right.path));
            ManifestTable {
                name: table.name.to_owned(),
                rows: files.iter().map(|file| file.rows).sum(),
                files,
            }
        })
        .collect();
    Manifest {
        manifest_version: Manifest::version(),
        generator: format!("parquet-bench {}", env!("CARGO_PKG_VERSION")),
        generator_version: GENERATOR_VERSION,
        content_fingerprint: plan.content_fingerprint.clone(),
        layout_fingerprint: plan.layout_fingerprint.clone(),
        codec: plan.spec.layout.chunk.codec.to_string(),
        partition_by: plan.spec.layout.partition_by.clone(),
        shortfalls: written.shortfalls,
        columns: written.columns.records(&plan.file_schema()),
        tables,
        // The time of a part of the files says nothing about all of them, nor does that of a part
        // of the threads.
        write: (written.kept == 0 && !written.short_of_threads).then_some(write),
    }
}

/// The manifest of all files where each process has written its own, and the ranks of those that
/// have not.
pub(super) fn with_others(
    plan: &DatasetPlan,
    share: Share,
    own: Manifest,
) -> Result<(Manifest, Vec<u64>), DatasetError> {
    write_part(&plan.root, share, &own)?;
    Ok(match joined(plan, share.world_size())? {
        Ok(whole) if all_present(plan, &whole)? => (whole, Vec::new()),
        // A part whose files were removed since is as good as none.
        Ok(_) => {
            let others = (0..share.world_size()).filter(|rank| *rank != share.rank());
            (own, others.collect())
        }
        Err(missing) => (own, missing),
    })
}

/// Puts the manifest where it tells that the dataset is complete, and removes what led to it.
pub(super) fn publish(plan: &DatasetPlan, manifest: &Manifest) -> Result<(), DatasetError> {
    manifest.write(&plan.root)?;
    remove_if_there(&plan.root.join(UNFINISHED_FILE))?;
    remove_notes(&plan.root, |name| {
        is_part_file(name) && name.ends_with(".json")
    })
}

/// Removes the note of a dataset of which no file was written and none can be, so that the folder
/// is free for one that can. Why none can be tells more than that the note stays.
pub(super) fn withdraw(plan: &DatasetPlan) {
    let mut tables = plan.tables.iter().map(|table| plan.root.join(table.name));
    if !tables.any(|folder| holds_files(&folder)) {
        let _ = remove_if_there(&plan.root.join(UNFINISHED_FILE));
    }
}
