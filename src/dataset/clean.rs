//! Removes the files of a dataset that belong to a plan, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};

use super::control::{in_use, is_control};
use super::error::DatasetError;
use super::folder::{self, is_parquet, remove_if_there};
use super::manifest::{Manifest, UnfinishedDataset, read_json};
use super::names::{LOCK_FILE, MANIFEST_FILE, UNFINISHED_FILE, is_part_file};
use super::partition::decode_partition_value;
use super::plan::DatasetPlan;
use super::proof::IDENTITY_KEY;
use crate::files::{key_value, read_footer};
use crate::output::STAGED;
use crate::storage::{Entry, EntryKind, Location, wait};

/// The files that a removal deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Folder of the dataset.
    pub root: Location,
    /// Files in the order of their removal. The manifest and the other notes come last, so an
    /// interrupted removal does not leave a dataset that looks complete.
    pub files: Vec<Location>,
    pub bytes: u64,
    /// Sentences on the files that are left alone, with the reasons.
    pub notes: Vec<String>,
}

/// Lists the files in its folder that belong to a plan: the files of its manifest with the sizes
/// given there, or those of an unfinished dataset. Their footers must have an identity of this
/// program. None if the folder has nothing of a dataset, or another dataset. Links are not
/// followed.
pub fn removal(plan: &DatasetPlan) -> Result<Option<Removal>, DatasetError> {
    let root = &plan.root;
    let own = |content: &str, layout: &str| {
        content == plan.content_fingerprint && layout == plan.layout_fingerprint
    };
    let manifest = Manifest::read(root)?;
    let unfinished = read_json::<UnfinishedDataset>(&root.join(UNFINISHED_FILE))?;
    let written: BTreeMap<Location, u64> = match (&manifest, &unfinished) {
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
    let mut places: Vec<Location> = written.keys().chain(&so_far).cloned().collect();
    let mut known = ExpectedFiles {
        written,
        remote: None,
        // A staged file has no footer yet, but a name that no other program gives.
        so_far: so_far
            .into_iter()
            .filter(|place| is_parquet(Path::new(&place.name())))
            .collect(),
    };
    let mut removal = Removal {
        root: root.clone(),
        files: Vec::new(),
        bytes: 0,
        notes: Vec::new(),
    };
    places.sort();
    places.dedup();
    for name in [MANIFEST_FILE, UNFINISHED_FILE, LOCK_FILE] {
        places.push(root.join(name));
    }
    for entry in entries(root)? {
        let place = root.join(&entry.name);
        // Copies that a killed run has left.
        if is_control(&entry) && !is_in_use(&place) {
            let copies = entries(&place)?.into_iter();
            places.extend(copies.map(|copy| place.join(&copy.name)));
        }
        if is_part_file(&entry.name)
            || entry.name.starts_with(STAGED)
            || entry.name.starts_with(LOCK_FILE) && entry.name != LOCK_FILE
        {
            places.push(place);
        }
    }
    if root.store().is_remote() {
        known.remote = Some(RemoteFiles::of(root, &known)?);
    }
    for place in places {
        removal.add(place, &known)?;
    }
    removal.notes.sort();
    removal.notes.dedup();
    Ok(Some(removal))
}

/// Expectations about the data files with names of a plan.
struct ExpectedFiles {
    /// Files in the manifest, with their sizes in bytes.
    written: BTreeMap<Location, u64>,
    /// Files known by their names alone, because no manifest contains them.
    so_far: BTreeSet<Location>,
    /// Facts of files in a store behind a network, where single questions take long.
    remote: Option<RemoteFiles>,
}

/// Facts of the files of a dataset in a store behind a network.
struct RemoteFiles {
    /// Sizes in bytes of all files below the root, by one listing.
    bytes: BTreeMap<Location, u64>,
    /// Data files whose footers have an identity.
    identified: BTreeSet<Location>,
}

/// Most footers that are asked for at once.
const FOOTERS_AT_ONCE: usize = 64;

impl RemoteFiles {
    fn of(root: &Location, known: &ExpectedFiles) -> Result<Self, DatasetError> {
        let listed = root.objects_below();
        let listed = listed.map_err(|error| DatasetError::io(root, error))?;
        let bytes: BTreeMap<Location, u64> = listed
            .into_iter()
            .map(|found| {
                (
                    Location::of_object(root.store(), &found.location),
                    found.size,
                )
            })
            .collect();
        let data = known.written.keys().chain(&known.so_far);
        let data: BTreeSet<Location> = data.filter(|it| bytes.contains_key(it)).cloned().collect();
        let identified = wait(
            futures::stream::iter(data)
                .map(|place| async move { is_identified(&place).await.then_some(place) })
                .buffer_unordered(FOOTERS_AT_ONCE)
                .filter_map(|found| async move { found })
                .collect(),
        );
        Ok(RemoteFiles { bytes, identified })
    }
}

impl ExpectedFiles {
    fn has_identity(&self, place: &Location) -> bool {
        match &self.remote {
            Some(remote) => remote.identified.contains(place),
            None => wait(is_identified(place)),
        }
    }

    /// Returns the kind of an entry and its size in bytes. `None` if nothing exists there.
    fn entry(&self, place: &Location) -> io::Result<Option<(EntryKind, u64)>> {
        if let Some(remote) = &self.remote {
            return Ok(remote
                .bytes
                .get(place)
                .map(|bytes| (EntryKind::File, *bytes)));
        }
        let Some(kind) = place.kind()? else {
            return Ok(None);
        };
        let bytes = match kind {
            EntryKind::File => place.bytes()?.unwrap_or(0),
            EntryKind::Folder | EntryKind::Other => 0,
        };
        Ok(Some((kind, bytes)))
    }

    /// Returns the reason why a file of `found` bytes is not the one that was written: somebody has
    /// replaced it. None if it is the one.
    fn foreign(&self, place: &Location, found: u64) -> Option<String> {
        match self.written.get(place) {
            Some(bytes) if *bytes != found => Some(format!(
                "has {found} bytes, its manifest says {bytes}; it was changed after it was written"
            )),
            Some(_) => (!self.has_identity(place)).then(|| {
                "has the size that its manifest says, and no footer that says that it is of a \
                 dataset"
                    .to_owned()
            }),
            None => (self.so_far.contains(place) && !self.has_identity(place)).then(|| {
                "has a name of the dataset's, and no footer that says that it is of one".to_owned()
            }),
        }
    }
}

/// Returns true if a file's footer has an identity that this program writes.
async fn is_identified(place: &Location) -> bool {
    let Ok(object) = place.object() else {
        return false;
    };
    let name = place.to_string();
    let read = read_footer(place.store().objects(), &object, &name);
    // A corrupt footer may make the parser panic.
    match AssertUnwindSafe(read).catch_unwind().await {
        Ok(Ok((_, footer))) => key_value(footer.file_metadata(), IDENTITY_KEY).is_some(),
        Ok(Err(_)) | Err(_) => false,
    }
}

impl Removal {
    /// Adds a file if it exists, or a note with the reason why it stays.
    fn add(&mut self, place: Location, known: &ExpectedFiles) -> Result<(), DatasetError> {
        if let Some(link) = link_on_the_way(&self.root, &place) {
            let link = link.display();
            self.notes
                .push(format!("{link} is a link, and is left alone"));
            return Ok(());
        }
        let alone = |why: &str| format!("{place} {why}, and is left alone");
        let failed = |error| DatasetError::io(&place, error);
        let bytes = match known.entry(&place).map_err(failed)? {
            None => return Ok(()),
            Some((EntryKind::File, bytes)) => bytes,
            Some((EntryKind::Folder | EntryKind::Other, _)) => {
                self.notes.push(alone("is no file"));
                return Ok(());
            }
        };
        match known.foreign(&place, bytes) {
            Some(why) => self.notes.push(alone(&why)),
            None => {
                self.bytes += bytes;
                self.files.push(place);
            }
        }
        Ok(())
    }
}

/// Returns the first symbolic link on the path from the root to a place, if any.
fn link_on_the_way(root: &Location, place: &Location) -> Option<PathBuf> {
    let (root, path) = (root.local()?, place.local()?);
    let below = path.strip_prefix(root).ok()?;
    let mut at = root.to_path_buf();
    below.components().find_map(|part| {
        at.push(part);
        let link = fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_symlink());
        link.then(|| at.clone())
    })
}

/// Returns true if a folder of copies belongs to a process that is alive.
fn is_in_use(folder: &Location) -> bool {
    folder.local().is_some_and(in_use)
}

/// Finds files with names that the plan gives, finished or not.
fn written_so_far(
    plan: &DatasetPlan,
    files: u64,
    folder: &Location,
    found: &mut Vec<Location>,
) -> Result<(), DatasetError> {
    let start = format!("{}_", plan.spec.file_prefix);
    let end = format!("_of_{files}.parquet");
    let width = files.to_string().len();
    let layout = &plan.spec.layout;
    let subfolders = plan.tables.iter().any(|table| table.split.subfolders > 1);
    let own = |name: &str| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        // The object store appends `#` and digits to the names of staged files.
        let name = match name.split_once('#') {
            Some((name, stage)) if digits(stage) => name,
            Some(_) => return false,
            None => name,
        };
        let number = name
            .strip_prefix(&start)
            .and_then(|rest| rest.strip_suffix(&end));
        // The number must have the plan's spelling and belong to one of its files.
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
        let place = folder.join(&entry.name);
        match entry.kind {
            EntryKind::Folder if own_folder(&entry.name) => {
                written_so_far(plan, files, &place, found)?;
            }
            EntryKind::File if own(&entry.name) => found.push(place),
            EntryKind::Folder | EntryKind::File | EntryKind::Other => {}
        }
    }
    Ok(())
}

/// Returns the entries of a folder. Empty if it does not exist or is a link.
fn entries(folder: &Location) -> Result<Vec<Entry>, DatasetError> {
    let is_link = folder.local().is_some_and(Path::is_symlink);
    match is_link {
        true => Ok(Vec::new()),
        false => folder::entries(folder),
    }
}

/// Longest time that a removal waits for another process's claim of a dataset in a store.
const PATIENCE: Duration = Duration::from_secs(70);

/// Removes the files, and the folders that are then empty, up to the dataset's own.
///
/// # Errors
///
/// `Busy` or `InUse` if another process writes or measures the dataset, and any error of removing a
/// file.
pub fn remove(removal: &Removal) -> Result<(), DatasetError> {
    let root = &removal.root;
    let lock = root.join(LOCK_FILE);
    let began = Instant::now();
    // In a store, it takes a while to see that a process was killed.
    let gives_up = || !root.store().is_remote() || began.elapsed() > PATIENCE;
    let Ok(Some(claim)) = lock.claim(false, &gives_up) else {
        return Err(DatasetError::Busy {
            folder: root.to_string(),
        });
    };
    for entry in entries(root)? {
        if is_control(&entry) && is_in_use(&root.join(&entry.name)) {
            return Err(DatasetError::InUse {
                folder: root.to_string(),
            });
        }
    }
    let mut folders: BTreeSet<Location> = BTreeSet::new();
    let is_data = |file: &&Location| is_parquet(Path::new(&file.name()));
    let (data, notes): (Vec<&Location>, Vec<&Location>) = removal.files.iter().partition(is_data);
    if root.store().is_remote() {
        let data: Vec<Location> = data.iter().copied().cloned().collect();
        Location::remove_all(&data).map_err(|error| DatasetError::io(root, error))?;
    }
    for file in data.into_iter().chain(notes) {
        if !(root.store().is_remote() && is_data(&file)) {
            remove_if_there(file)?;
        }
        let parents = std::iter::successors(file.parent(), Location::parent);
        folders.extend(parents.take_while(|folder| folder.is_below(root)));
    }
    claim.remove();
    // Deepest folders first. Those that are not empty stay.
    for folder in folders.iter().rev() {
        folder.remove_empty_folder();
    }
    if let Some(variants) = root.parent().filter(|parent| parent.name() == "variants") {
        variants.remove_empty_folder();
    }
    Ok(())
}
