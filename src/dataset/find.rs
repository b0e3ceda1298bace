//! Finds what a dataset's folder already contains.

use super::error::DatasetError;
use super::folder::{bytes_of, holds_parquet, is_own};
use super::manifest::{Manifest, UnfinishedDataset, read_json};
use super::names::UNFINISHED_FILE;
use super::plan::DatasetPlan;
use crate::storage::{Location, sampled};
use object_store::path::Path as ObjectPath;
use std::collections::BTreeMap;

/// Content of a dataset's folder.
#[derive(Debug)]
pub enum FolderContent {
    /// The complete dataset of the plan.
    Complete(Box<Manifest>),
    /// Nothing or a part of the dataset; the rest is to be generated.
    ToWrite,
    /// Nothing or a part of the dataset, and nothing is to be generated.
    Missing,
    /// Parquet files that are read as they are. Either this program did not write them, or they are
    /// another dataset and nothing is to be generated; `other` is then that dataset's id.
    External { other: Option<String> },
}

/// Inspects a plan's folder, and changes nothing. A dataset counts as complete if the manifest's
/// fingerprints are the plan's and all of its files exist with the sizes in the manifest. If
/// nothing is to be generated, the files that exist are used.
pub fn find(plan: &DatasetPlan) -> Result<FolderContent, DatasetError> {
    Ok(match found_in_folder(plan)? {
        FolderContent::ToWrite if !plan.spec.generate => FolderContent::Missing,
        found => found,
    })
}

fn found_in_folder(plan: &DatasetPlan) -> Result<FolderContent, DatasetError> {
    let folder = || plan.root.to_string();
    let wanted = plan.id();
    let other = |content: &str, layout: &str| DatasetError::OtherDataset {
        folder: folder(),
        found: id_of(content, layout),
        wanted: wanted.clone(),
    };
    let matches = |content: &str, layout: &str| {
        content == plan.content_fingerprint && layout == plan.layout_fingerprint
    };
    if let Some(manifest) = Manifest::read(&plan.root)? {
        if !matches(&manifest.content_fingerprint, &manifest.layout_fingerprint) {
            if !plan.spec.generate {
                return Ok(FolderContent::External {
                    other: Some(id_of(
                        &manifest.content_fingerprint,
                        &manifest.layout_fingerprint,
                    )),
                });
            }
            return Err(other(
                &manifest.content_fingerprint,
                &manifest.layout_fingerprint,
            ));
        }
        return Ok(if all_present(plan, &manifest)? {
            FolderContent::Complete(Box::new(manifest))
        } else {
            FolderContent::ToWrite
        });
    }
    if plan.root.store().is_read_only() {
        return Err(DatasetError::ReadOnly { folder: folder() });
    }
    if let Some(unfinished) = read_json::<UnfinishedDataset>(&plan.root.join(UNFINISHED_FILE))? {
        if !matches(
            &unfinished.content_fingerprint,
            &unfinished.layout_fingerprint,
        ) {
            return Err(other(
                &unfinished.content_fingerprint,
                &unfinished.layout_fingerprint,
            ));
        }
        return Ok(FolderContent::ToWrite);
    }
    if holds_parquet(&plan.root)? {
        return Ok(FolderContent::External { other: None });
    }
    if let Some(data_folder) = swept_from(plan)
        && Manifest::read(&data_folder)?.is_none()
        && !is_own(&data_folder)
        && holds_parquet(&data_folder)?
    {
        return Err(DatasetError::ForeignSwept {
            folder: data_folder.to_string(),
        });
    }
    Ok(FolderContent::ToWrite)
}

/// Returns the id of a dataset with these fingerprints.
fn id_of(content: &str, layout: &str) -> String {
    format!("{content:.8}-{layout:.8}")
}

/// Returns the `data_folder` of a dataset in a folder of its own below its `variants/`. None if the
/// dataset is elsewhere.
fn swept_from(plan: &DatasetPlan) -> Option<Location> {
    let variants = plan.root.parent()?;
    (plan.root.name() == plan.folder_name() && variants.name() == "variants")
        .then(|| variants.parent())?
}

/// Most files of a store behind a network that are listed to find out if all exist: ten requests.
const MOST_LISTED: usize = 10_000;

/// Files that stand for all of more.
const SAMPLED: usize = 64;

/// Returns true if all files of a manifest exist. In a store behind a network, more than
/// [`MOST_LISTED`] are not listed; some that are spread evenly stand for all. Whoever reads the
/// others asks for each by its name, so that a missing one is an error then.
///
/// # Errors
///
/// `Changed` if a file's size differs from the one in the manifest.
pub(super) fn all_present(plan: &DatasetPlan, manifest: &Manifest) -> Result<bool, DatasetError> {
    let root = &plan.root;
    let mut all = true;
    let mut files: Vec<_> = manifest.files().collect();
    let mut listed: Option<BTreeMap<Location, u64>> = None;
    if root.store().is_remote() && !root.store().is_read_only() && files.len() <= MOST_LISTED {
        let found = root.objects_below();
        let found = found
            .map_err(|error| DatasetError::io(root, error))?
            .into_iter();
        let place = |object: &ObjectPath| Location::of_object(root.store(), object);
        listed = Some(found.map(|it| (place(&it.location), it.size)).collect());
    } else if root.store().is_remote() {
        files = sampled(&files, SAMPLED);
    }
    for file in files {
        let place = root.join(&file.path);
        let found = match &listed {
            Some(listed) => listed.get(&place).copied(),
            None => bytes_of(&place)?,
        };
        match found {
            Some(bytes) if bytes == file.bytes => {}
            Some(found) => {
                return Err(DatasetError::Changed {
                    file: place.to_string(),
                    found,
                    expected: file.bytes,
                });
            }
            None => all = false,
        }
    }
    Ok(all)
}
