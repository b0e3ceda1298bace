//! Seals a dataset: the manifest, which marks it as complete, is written last.

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

/// Returns the manifest of written files. `write` is the time and the work that they took.
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
        // The time is only meaningful for all files and with all threads.
        write: (written.kept == 0 && !written.short_of_threads).then_some(write),
    }
}

/// Stores this process's part. Returns the manifest of all files if all processes have written
/// theirs, else the own one with the ranks of those that have not.
pub(super) fn with_others(
    plan: &DatasetPlan,
    share: Share,
    own: Manifest,
) -> Result<(Manifest, Vec<u64>), DatasetError> {
    write_part(&plan.root, share, &own)?;
    Ok(match joined(plan, share.world_size())? {
        Ok(whole) if all_present(plan, &whole)? => (whole, Vec::new()),
        // A part whose files have been removed meanwhile counts as missing.
        Ok(_) => {
            let others = (0..share.world_size()).filter(|rank| *rank != share.rank());
            (own, others.collect())
        }
        Err(missing) => (own, missing),
    })
}

/// Puts the manifest in place, which marks the dataset as complete, and removes the notes of the
/// unfinished dataset.
pub(super) fn publish(plan: &DatasetPlan, manifest: &Manifest) -> Result<(), DatasetError> {
    manifest.write(&plan.root)?;
    remove_if_there(&plan.root.join(UNFINISHED_FILE))?;
    remove_notes(&plan.root, |name| {
        is_part_file(name) && name.ends_with(".json")
    })
}

/// Removes the note of an unfinished dataset if no file of it was written, to free the folder for
/// another dataset. Ignores an error of the removal: the error that stopped the writing matters
/// more.
pub(super) fn withdraw(plan: &DatasetPlan) {
    let mut tables = plan.tables.iter().map(|table| plan.root.join(table.name));
    if !tables.any(|folder| holds_files(&folder)) {
        let _ = remove_if_there(&plan.root.join(UNFINISHED_FILE));
    }
}
