//! Removing datasets: what a plan owns, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::executor::block_on;
use object_store::ObjectStore;

use super::control::{in_use, is_control};
use super::error::DatasetError;
use super::folder::{self, is_parquet, open_lock, remove_if_there};
use super::manifest::{Manifest, Unfinished, read_json};
use super::names::{LOCK_FILE, MANIFEST_FILE, UNFINISHED_FILE, is_part_file};
use super::partition::decode_partition_value;
use super::plan::DatasetPlan;
use super::proof::IDENTITY_KEY;
use crate::files::{key_value, read_footer};
use crate::output::STAGED;
use crate::storage::{local_store, object_path};

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

/// What a plan owns in its folder: the files that its manifest names, with the sizes that it says,
/// or those of an unfinished writing of it; each says in its footer what it is. None where nothing
/// is there, or what is there is of another dataset. Nothing is followed out of the folder.
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
    let mut so_far = Vec::new();
    if unfinished.is_some() {
        for table in &plan.tables {
            written_so_far(plan, table.split.files, &root.join(table.name), &mut so_far)?;
        }
    }
    let mut paths: Vec<PathBuf> = written.keys().chain(&so_far).cloned().collect();
    let known = Known {
        written,
        // What is staged has no footer yet, and a name that nobody else gives.
        so_far: so_far.into_iter().filter(|path| is_parquet(path)).collect(),
    };
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
        if is_part_file(&name) || name.starts_with(STAGED) {
            paths.push(entry.path());
        }
        // What a run that was killed has left.
        if is_control(&entry) && !in_use(&entry.path()) {
            paths.extend(entries(&entry.path())?.into_iter().map(|copy| copy.path()));
        }
    }
    for path in paths {
        removal.add(path, &known)?;
    }
    removal.notes.sort();
    removal.notes.dedup();
    Ok(Some(removal))
}

/// What is known of the data files that bear a plan's names.
struct Known {
    /// By the manifest, with the bytes that it says.
    written: BTreeMap<PathBuf, u64>,
    /// By their names alone, as no manifest tells of them.
    so_far: BTreeSet<PathBuf>,
}

impl Known {
    /// Why a file of so many bytes is not what was written, if it is not: somebody has put another
    /// one in its place.
    fn foreign(&self, path: &Path, found: u64) -> Option<String> {
        match self.written.get(path) {
            Some(bytes) if *bytes != found => Some(format!(
                "has {found} bytes, its manifest says {bytes}; it was changed after it was written"
            )),
            Some(_) => (!has_identity(path)).then(|| {
                "has the size that its manifest says, and no footer that says that it is of a \
                 dataset"
                    .to_owned()
            }),
            None => (self.so_far.contains(path) && !has_identity(path)).then(|| {
                "has a name of the dataset's, and no footer that says that it is of one".to_owned()
            }),
        }
    }
}

/// Whether a file's footer says that this program has written it.
fn has_identity(path: &Path) -> bool {
    let found = || -> Option<bool> {
        let store: Arc<dyn ObjectStore> = local_store();
        let object = object_path(path).ok()?;
        let (_, footer) = block_on(read_footer(&store, &object, "")).ok()?;
        Some(key_value(footer.file_metadata(), IDENTITY_KEY).is_some())
    };
    // A corrupt footer may make the parser panic.
    catch_unwind(found).is_ok_and(|found| found == Some(true))
}

impl Removal {
    /// Adds a file that is there, or a note of why it stays.
    fn add(&mut self, path: PathBuf, known: &Known) -> Result<(), DatasetError> {
        let alone = |path: &Path, why: &str| format!("{} {why}, and is left alone", path.display());
        if let Some(link) = link_on_the_way(&self.root, &path) {
            self.notes.push(alone(&link, "is a link"));
            return Ok(());
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => match known.foreign(&path, metadata.len()) {
                Some(why) => self.notes.push(alone(&path, &why)),
                None => {
                    self.bytes += metadata.len();
                    self.files.push(path);
                }
            },
            Ok(_) => self.notes.push(alone(&path, "is no file")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(DatasetError::io(&path, error)),
        }
        Ok(())
    }
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
        false => folder::entries(folder),
    }
}

/// Removes the files, and the folders that are empty then, up to the dataset's own.
///
/// # Errors
///
/// Where another process writes or measures the dataset, and where a file cannot be removed.
pub fn remove(removal: &Removal) -> Result<(), DatasetError> {
    let path = removal.root.join(LOCK_FILE);
    let lock = open_lock(&path)?;
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
        remove_if_there(file)?;
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
