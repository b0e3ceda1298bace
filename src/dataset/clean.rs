//! Removing datasets: what a plan owns, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::control::{in_use, is_control};
use super::manifest::{LOCK_FILE, UNFINISHED_FILE, Unfinished, read_json};
use super::partition::decode_partition_value;
use super::share::Share;
use super::{DatasetError, DatasetPlan, MANIFEST_FILE, Manifest, write};
use crate::output::STAGED;

/// What would be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Of the dataset.
    pub root: PathBuf,
    /// Files, the manifest and the like last, so that what is interrupted can be told from what is whole.
    pub files: Vec<PathBuf>,
    pub bytes: u64,
    /// What is left alone, and why.
    pub notes: Vec<String>,
}

/// What a plan owns in its folder: the files that its manifest names and that have the sizes that
/// it says, or those of an unfinished writing of it. None where nothing is there, or what is there
/// is of another dataset. Nothing is followed out of the folder.
pub fn removal(plan: &DatasetPlan) -> Result<Option<Removal>, DatasetError> {
    let root = &plan.root;
    let own = |content: &str, layout: &str| {
        content == plan.content_fingerprint && layout == plan.layout_fingerprint
    };
    let manifest = Manifest::read(root)?;
    let unfinished = read_json::<Unfinished>(&root.join(UNFINISHED_FILE))?;
    let written: BTreeMap<PathBuf, u64> = match (&manifest, &unfinished) {
        (Some(manifest), _) if own(&manifest.content_fingerprint, &manifest.layout_fingerprint) => {
            let files = manifest.files();
            files
                .map(|file| (root.join(&file.path), file.bytes))
                .collect()
        }
        (None, Some(note)) if own(&note.content_fingerprint, &note.layout_fingerprint) => {
            BTreeMap::new()
        }
        _ => return Ok(None),
    };
    let mut paths: Vec<PathBuf> = written.keys().cloned().collect();
    if unfinished.is_some() {
        for table in &plan.tables {
            written_so_far(plan, table.split.files, &root.join(table.name), &mut paths)?;
        }
    }
    let mut removal = Removal {
        root: root.clone(),
        files: Vec::new(),
        bytes: 0,
        notes: Vec::new(),
    };
    paths.sort();
    paths.dedup();
    for name in [MANIFEST_FILE, UNFINISHED_FILE, LOCK_FILE] {
        paths.push(root.join(name));
    }
    for entry in entries(root)? {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if Share::is_part_file(&name) || name.starts_with(STAGED) {
            paths.push(entry.path());
        }
        // What a run that was killed has left.
        if is_control(&entry) && !in_use(&entry.path()) {
            paths.extend(entries(&entry.path())?.into_iter().map(|copy| copy.path()));
        }
    }
    for path in paths {
        if let Some(link) = link_on_the_way(root, &path) {
            removal
                .notes
                .push(format!("{} is a link, and is left alone", link.display()));
            continue;
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => match written.get(&path) {
                // Somebody has put another file in the place of the one that was written.
                Some(bytes) if *bytes != metadata.len() => removal.notes.push(format!(
                    "{} has {} bytes, its manifest says {bytes}; it was changed after it was written, and is left alone",
                    path.display(),
                    metadata.len()
                )),
                _ => {
                    removal.bytes += metadata.len();
                    removal.files.push(path);
                }
            },
            Ok(_) => removal
                .notes
                .push(format!("{} is no file, and is left alone", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(DatasetError::io(&path, error)),
        }
    }
    removal.notes.sort();
    removal.notes.dedup();
    Ok(Some(removal))
}

/// The first part of the way from the root to a path that is a symbolic link.
fn link_on_the_way(root: &Path, path: &Path) -> Option<PathBuf> {
    let below = path.strip_prefix(root).ok()?;
    let mut at = root.to_path_buf();
    below.components().find_map(|part| {
        at.push(part);
        let link = fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_symlink());
        link.then(|| at.clone())
    })
}

/// Files that bear the names of the plan's, finished or not.
fn written_so_far(
    plan: &DatasetPlan,
    files: u64,
    folder: &Path,
    found: &mut Vec<PathBuf>,
) -> Result<(), DatasetError> {
    let start = format!("{}_", plan.spec.file_prefix);
    let end = format!("_of_{files}.parquet");
    let width = files.to_string().len();
    let layout = &plan.spec.layout;
    let subfolders = plan.tables.iter().any(|table| table.split.subfolders > 1);
    let own = |name: &str| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        // Behind a `#`: what the object store stages.
        let name = match name.split_once('#') {
            Some((name, stage)) if digits(stage) => name,
            Some(_) => return false,
            None => name,
        };
        let number = name
            .strip_prefix(&start)
            .and_then(|rest| rest.strip_suffix(&end));
        // As the plan writes it, and one that it has.
        number.is_some_and(|number| {
            let known = number.parse::<u64>().is_ok_and(|number| number < files);
            number.len() == width && digits(number) && known
        })
    };
    let own_folder = |name: &str| {
        let column = name
            .split_once('=')
            .and_then(|(column, _)| decode_partition_value(column));
        column.is_some_and(|column| layout.partition_by.contains(&column))
            || (subfolders && name.bytes().all(|it| it.is_ascii_digit()))
    };
    for entry in entries(folder)? {
        let kind = entry
            .file_type()
            .map_err(|error| DatasetError::io(folder, error))?;
        if kind.is_dir() && own_folder(&entry.file_name().to_string_lossy()) {
            written_so_far(plan, files, &entry.path(), found)?;
        } else if kind.is_file() && own(&entry.file_name().to_string_lossy()) {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// What a folder holds; nothing where it is not there, or is a link.
fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, DatasetError> {
    match fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_symlink()) {
        true => Ok(Vec::new()),
        false => write::entries(folder),
    }
}

/// Removes the files, and the folders that are empty then, up to the dataset's own.
///
/// # Errors
///
/// Where another process writes or measures the dataset, and where a file cannot be removed.
pub fn remove(removal: &Removal) -> Result<(), DatasetError> {
    let path = removal.root.join(LOCK_FILE);
    let lock = write::open_lock(&path)?;
    if lock.try_lock().is_err() {
        return Err(DatasetError::Busy {
            folder: removal.root.display().to_string(),
        });
    }
    for entry in entries(&removal.root)? {
        if is_control(&entry) && in_use(&entry.path()) {
            return Err(DatasetError::InUse {
                folder: removal.root.display().to_string(),
            });
        }
    }
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for file in &removal.files {
        write::remove_if_there(file)?;
        let below = |folder: &&Path| folder.starts_with(&removal.root);
        folders.extend(
            file.ancestors()
                .skip(1)
                .take_while(below)
                .map(Path::to_path_buf),
        );
    }
    let _ = fs::remove_file(&path);
    // The deepest first; those that hold something else stay.
    for folder in folders.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
    if let Some(variants) = removal
        .root
        .parent()
        .filter(|parent| parent.ends_with("variants"))
    {
        let _ = fs::remove_dir(variants);
    }
    Ok(())
}
