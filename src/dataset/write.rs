//! Makes a dataset true: finds what is there, writes what is missing, proves it, and seals it with the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};
use object_store::ObjectStore;
use parquet::file::metadata::ParquetMetaData;
use tokio::runtime::Handle;
use walkdir::{DirEntry, WalkDir};

use super::manifest::{LOCK_FILE, UNFINISHED_FILE, Unfinished, read_json, write_json};
use super::rewrite;
use super::scheduler::{self, Target};
use super::share::{SEAL_LOCK, Share, joined, write_part};
use super::{
    ColumnTotals, DatasetError, DatasetPlan, MANIFEST_FILE, Manifest, ManifestFile, ManifestTable,
    Shortfalls, column_records,
};
use crate::cancel::Cancel;
use crate::dataset::content::GENERATOR_VERSION;
use crate::output::STAGED;
use crate::record::WriteRecord;

/// How far the writing of one dataset has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub rows_done: u64,
    pub rows: u64,
    /// Files, one per partition where there are partitions.
    pub files_done: u64,
    pub bytes_written: u64,
}

/// What lies in a dataset's folder.
#[derive(Debug)]
pub enum Found {
    /// Everything that the plan describes.
    Complete(Box<Manifest>),
    /// Nothing, or a part of it.
    ToWrite,
    /// Nothing, or a part of it, and nothing is to be generated.
    Missing,
    /// Parquet that is read as it is: this program did not write it, or it is another dataset and
    /// nothing is to be generated; that one's id is then `other`.
    External { other: Option<String> },
}

/// A dataset that is there now.
#[derive(Debug)]
pub struct Generated {
    pub manifest: Manifest,
    /// Files that this call wrote, and files that an interrupted one before it had written.
    pub files_written: u64,
    pub files_kept: u64,
    /// Processes whose files are still missing, where several write a dataset together; the manifest is then that of this
    /// one's files.
    pub missing_ranks: Vec<u64>,
    /// Whether the system let fewer writers start than were wanted.
    pub short_of_threads: bool,
}

impl Generated {
    /// One for which nothing had to be done.
    fn found(manifest: Manifest) -> Self {
        Generated {
            manifest,
            files_written: 0,
            files_kept: 0,
            missing_ranks: Vec::new(),
            short_of_threads: false,
        }
    }
}

/// Looks at what a plan's folder holds, and changes nothing. A dataset counts as complete when the manifest's fingerprints
/// are the plan's and all of its files are there with the sizes that it says. Where nothing is to be generated, what is there
/// is what counts.
pub fn find(plan: &DatasetPlan) -> Result<Found, DatasetError> {
    Ok(match found_in_folder(plan)? {
        Found::ToWrite if !plan.spec.generate => Found::Missing,
        found => found,
    })
}

fn found_in_folder(plan: &DatasetPlan) -> Result<Found, DatasetError> {
    let folder = || plan.root.display().to_string();
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
                return Ok(Found::External {
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
            Found::Complete(Box::new(manifest))
        } else {
            Found::ToWrite
        });
    }
    if let Some(unfinished) = read_json::<Unfinished>(&plan.root.join(UNFINISHED_FILE))? {
        if !matches(
            &unfinished.content_fingerprint,
            &unfinished.layout_fingerprint,
        ) {
            return Err(other(
                &unfinished.content_fingerprint,
                &unfinished.layout_fingerprint,
            ));
        }
        return Ok(Found::ToWrite);
    }
    if holds_parquet(&plan.root)? {
        return Ok(Found::External { other: None });
    }
    if let Some(data_folder) = swept_from(plan)
        && Manifest::read(data_folder)?.is_none()
        && !data_folder.join(UNFINISHED_FILE).exists()
        && holds_parquet(data_folder)?
    {
        return Err(DatasetError::ForeignSwept {
            folder: data_folder.display().to_string(),
        });
    }
    Ok(Found::ToWrite)
}

/// The id of a dataset with these fingerprints.
fn id_of(content: &str, layout: &str) -> String {
    format!("{content:.8}-{layout:.8}")
}

/// `data_folder` of a dataset that lies in `<data_folder>/variants/<fingerprint>`.
fn swept_from(plan: &DatasetPlan) -> Option<&Path> {
    let variants = plan.root.parent()?;
    (plan.root.file_name()? == plan.id().as_str() && variants.file_name()? == "variants")
        .then(|| variants.parent())?
}

fn all_present(plan: &DatasetPlan, manifest: &Manifest) -> Result<bool, DatasetError> {
    let mut all = true;
    for file in manifest.files() {
        let path = plan.root.join(&file.path);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() == file.bytes => {}
            Ok(metadata) => {
                return Err(DatasetError::Changed {
                    file: path.display().to_string(),
                    found: metadata.len(),
                    expected: file.bytes,
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => all = false,
            Err(error) => return Err(DatasetError::io(&path, error)),
        }
    }
    Ok(all)
}

/// Whether a folder holds Parquet anywhere below that this program did not write. Folders with a manifest, or with the
/// note of an unfinished dataset, are its own. Links are followed, each folder is looked at once,
/// and the system's `/proc` is not, whose links lead everywhere.
fn holds_parquet(root: &Path) -> Result<bool, DatasetError> {
    if !root.is_dir() {
        return entries(root).map(|_| false);
    }
    let mut seen = BTreeSet::new();
    let below = WalkDir::new(root).follow_links(true).into_iter();
    let below = below.filter_entry(|entry| {
        !entry.file_type().is_dir()
            || (entry.depth() == 0 || !is_own(entry.path()))
                && !is_of_the_system(entry.path())
                && is_new(entry, &mut seen)
    });
    for entry in below {
        let path = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry.into_path(),
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                if let (true, Some(source)) = (path.is_dir(), error.into_io_error()) {
                    return Err(DatasetError::io(&path, source));
                }
                // A link that leads nowhere is what its name says.
                path
            }
        };
        if is_parquet(&path) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_own(folder: &Path) -> bool {
    let notes = [MANIFEST_FILE, UNFINISHED_FILE];
    notes.iter().any(|note| folder.join(note).exists())
}

fn is_of_the_system(folder: &Path) -> bool {
    statfs(folder).is_ok_and(|found| found.filesystem_type() == PROC_SUPER_MAGIC)
}

/// Whether a folder has not been seen by another name.
fn is_new(folder: &DirEntry, seen: &mut BTreeSet<(u64, u64)>) -> bool {
    match folder.metadata() {
        Ok(found) => seen.insert((found.dev(), found.ino())),
        // The walk itself says why.
        Err(_) => true,
    }
}

/// Makes sure that the dataset is there, complete and proven. Must not be called from within the runtime of `handle`.
///
/// Files appear under their names only when complete; what an interruption leaves is continued by the next call. Only one
/// process writes a dataset at a time, and another waits for it, unless each has a `share` of its files: then the last one
/// to finish makes one manifest of all.
#[allow(clippy::too_many_arguments)]
pub fn ensure(
    plan: &DatasetPlan,
    store: &Arc<dyn ObjectStore>,
    handle: &Handle,
    threads: usize,
    share: Option<Share>,
    cancel: &Cancel,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Generated, DatasetError> {
    if let Found::Complete(manifest) = find(plan)? {
        return Ok(Generated::found(*manifest));
    }
    // What is under way is brought to where the next call can go on from.
    let Some(_hold) = cancel.hold() else {
        return Err(DatasetError::Interrupted);
    };
    fs::create_dir_all(&plan.root).map_err(|error| DatasetError::io(&plan.root, error))?;
    if let (Some(source), Some(_)) = (&plan.source, share) {
        return Err(DatasetError::Source {
            location: source.location.clone(),
            reason: "is read in one stream, which several processes cannot share".to_owned(),
        });
    }
    let _whole = lock(&plan.root, LOCK_FILE, share.is_some(), cancel)?;
    let _own = match share {
        Some(share) => Some(lock(&plan.root, &share.lock_name(), false, cancel)?),
        None => None,
    };
    // Others that write a part may seal the whole at this moment: what is found and what is removed must belong together.
    let sealing = || match share {
        Some(_) => lock(&plan.root, SEAL_LOCK, false, cancel).map(Some),
        None => Ok(None),
    };
    let looking = sealing()?;
    // Another process may have finished it meanwhile.
    match find(plan)? {
        Found::Complete(manifest) => return Ok(Generated::found(*manifest)),
        Found::External { .. } => {
            return Err(DatasetError::ForeignSwept {
                folder: plan.root.display().to_string(),
            });
        }
        Found::Missing => {
            return Err(DatasetError::Missing {
                folder: plan.root.display().to_string(),
            });
        }
        Found::ToWrite => {}
    }
    let unfinished = Unfinished {
        content_fingerprint: plan.content_fingerprint.clone(),
        layout_fingerprint: plan.layout_fingerprint.clone(),
    };
    write_json(&plan.root.join(UNFINISHED_FILE), &unfinished)?;
    remove_if_there(&plan.root.join(MANIFEST_FILE))?;
    drop(looking);
    if share.is_none() {
        // Of others' files nobody knows which are still being written.
        remove_staged(&plan.root)?;
    }

    let target = Target {
        plan,
        store,
        handle,
        threads,
        share,
        cancel,
        progress,
    };
    let written = write_and_verify(&target);
    if share.is_none() && written.as_ref().is_err_and(is_of_partitions) {
        withdraw(plan);
    }
    let (written, write) = written?;
    let (kept, short_of_threads) = (written.kept, written.short_of_threads);
    let own = seal(plan, written, write);
    let files_written = (own.files().count() as u64).saturating_sub(kept);
    let _sealing = sealing()?;
    let (manifest, missing_ranks) = match share {
        None => (own, Vec::new()),
        Some(share) => with_others(plan, share, own)?,
    };
    if missing_ranks.is_empty() {
        publish(plan, &manifest)?;
    }
    Ok(Generated {
        files_written,
        files_kept: kept,
        manifest,
        missing_ranks,
        short_of_threads,
    })
}

/// Whether a dataset cannot be written for the values that it would be partitioned by.
fn is_of_partitions(error: &DatasetError) -> bool {
    matches!(
        error,
        DatasetError::TooManyPartitions { .. }
            | DatasetError::UnnameablePartition { .. }
            | DatasetError::LongPartition { .. }
    )
}

/// Removes the note of a dataset of which no file was written and none can be, so that the folder
/// is free for one that can. Why none can be tells more than that the note stays.
fn withdraw(plan: &DatasetPlan) {
    let tables = plan.tables.iter().map(|table| plan.root.join(table.name));
    let is_file = |entry: walkdir::Result<DirEntry>| match entry {
        Ok(entry) => !entry.file_type().is_dir(),
        Err(error) => error
            .io_error()
            .is_none_or(|error| error.kind() != std::io::ErrorKind::NotFound),
    };
    if !tables.flat_map(WalkDir::new).any(is_file) {
        let _ = remove_if_there(&plan.root.join(UNFINISHED_FILE));
    }
}

/// The manifest of all files where each process has written its own, and the ranks of those that
/// have not.
fn with_others(
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
fn publish(plan: &DatasetPlan, manifest: &Manifest) -> Result<(), DatasetError> {
    manifest.write(&plan.root)?;
    remove_if_there(&plan.root.join(UNFINISHED_FILE))?;
    for entry in entries(&plan.root)? {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if Share::is_part_file(&name) && name.ends_with(".json") {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

/// A file as it was written and proven.
pub(crate) struct WrittenFile {
    pub(crate) table: usize,
    pub(crate) path: String,
    pub(crate) partition: Vec<Option<String>>,
    pub(crate) bytes: u64,
    pub(crate) metadata: Arc<ParquetMetaData>,
    pub(crate) shortfalls: Shortfalls,
}

/// What all files come to, kept as files finish, so that footers need not be held.
#[derive(Default)]
pub(crate) struct Written {
    /// Files that an earlier call had written.
    pub(crate) kept: u64,
    pub(crate) tables: BTreeMap<usize, Vec<ManifestFile>>,
    pub(crate) columns: Vec<ColumnTotals>,
    pub(crate) shortfalls: Shortfalls,
    /// Whether fewer threads wrote than were wanted.
    pub(crate) short_of_threads: bool,
}

impl Written {
    pub(crate) fn add(&mut self, file: WrittenFile) {
        ColumnTotals::add(&mut self.columns, &file.metadata);
        self.shortfalls.add(&file.shortfalls);
        self.tables
            .entry(file.table)
            .or_default()
            .push(ManifestFile {
                path: file.path,
                rows: u64::try_from(file.metadata.file_metadata().num_rows()).unwrap_or(0),
                bytes: file.bytes,
                row_groups: file.metadata.num_row_groups() as u64,
                partition: file.partition,
            });
    }
}

/// Writes what is missing, and brings it to the device; then rows from a source are compared with
/// it, which is no part of the time that writing takes.
fn write_and_verify(target: &Target<'_>) -> Result<(Written, WriteRecord), DatasetError> {
    let started = Instant::now();
    let cpu_before = process_cpu_ns();
    let root = &target.plan.root;
    let synced = || -> Result<WriteRecord, DatasetError> {
        let folder = File::open(root).map_err(|error| DatasetError::io(root, error))?;
        sync(&folder, root)?;
        Ok(WriteRecord {
            elapsed_ns: u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX),
            cpu_ns: process_cpu_ns().saturating_sub(cpu_before),
        })
    };
    let Some(source) = &target.plan.source else {
        let written = scheduler::write_files(target)?;
        return Ok((written, synced()?));
    };
    let copied = rewrite::write_files(target, source).and_then(|copied| {
        let write = synced()?;
        rewrite::verify(target, source, &copied)?;
        Ok((copied.written, write))
    });
    if !matches!(copied, Err(DatasetError::Interrupted)) {
        // That the source was changed tells more than what it made fail.
        source.check_unchanged()?;
    }
    copied
}

fn seal(plan: &DatasetPlan, mut written: Written, write: WriteRecord) -> Manifest {
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
        columns: column_records(&written.columns, &plan.file_schema()),
        tables,
        // The time of a part of the files says nothing about all of them, nor does that of a part
        // of the threads.
        write: (written.kept == 0 && !written.short_of_threads).then_some(write),
    }
}

/// Writes all data of the file system that holds `folder` to its device.
fn sync(folder: &File, path: &Path) -> Result<(), DatasetError> {
    nix::unistd::syncfs(folder).map_err(|error| DatasetError::io(path, error.into()))
}

/// Whether a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |open: fs::Metadata, named: fs::Metadata| {
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    };
    file.metadata()
        .and_then(|open| Ok(same(open, fs::metadata(path)?)))
        .unwrap_or(false)
}

/// Holds a lock of the folder until dropped, `shared` with others that do; waits while another process holds it.
fn lock(root: &Path, name: &str, shared: bool, cancel: &Cancel) -> Result<File, DatasetError> {
    let path = root.join(name);
    let create = || open_lock(&path);
    let mut file = create()?;
    loop {
        let locked = match shared {
            true => file.try_lock_shared(),
            false => file.try_lock(),
        };
        match locked {
            Ok(()) if is_at(&file, &path) => return Ok(file),
            // Whoever held it before has removed it; a lock of a file without a name keeps nobody out.
            Ok(()) => file = create()?,
            Err(TryLockError::WouldBlock) if cancel.is_cancelled() => {
                return Err(DatasetError::Interrupted);
            }
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(std::time::Duration::from_millis(50))
            }
            Err(TryLockError::Error(error)) => return Err(DatasetError::io(&path, error)),
        }
    }
}

/// Opens, or makes, a file to be locked. Nothing is opened through a link, and what is there is
/// kept.
pub(super) fn open_lock(path: &Path) -> Result<File, DatasetError> {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| DatasetError::io(path, error))
}

/// Removes what the object store's own temporary files left when a process was killed.
fn remove_staged(root: &Path) -> Result<(), DatasetError> {
    for entry in entries(root)? {
        if entry.file_name().to_string_lossy().starts_with(STAGED) {
            remove_if_there(&entry.path())?;
        }
    }
    let mut folders: Vec<PathBuf> = vec![root.join("train"), root.join("valid")];
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            let kind = entry
                .file_type()
                .map_err(|error| DatasetError::io(&folder, error))?;
            let name = entry.file_name();
            let staged =
                name.to_string_lossy()
                    .rsplit_once(".parquet#")
                    .is_some_and(|(_, suffix)| {
                        !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
                    });
            if kind.is_dir() {
                folders.push(entry.path());
            } else if staged {
                remove_if_there(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// Whether a file is Parquet by its name.
pub(crate) fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// What a folder holds; nothing where it is not there.
pub(super) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, DatasetError> {
    match fs::read_dir(folder).and_then(Iterator::collect) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|error| DatasetError::io(folder, error)),
    }
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), DatasetError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DatasetError::io(path, error))
        }
        _ => Ok(()),
    }
}

/// User and system time of this process so far, in nanoseconds.
pub(crate) fn cpu_ns() -> (u64, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::{TimeVal, TimeValLike};
    let nanoseconds = |time: TimeVal| u64::try_from(time.num_nanoseconds()).unwrap_or(0);
    getrusage(UsageWho::RUSAGE_SELF).map_or((0, 0), |usage| {
        (
            nanoseconds(usage.user_time()),
            nanoseconds(usage.system_time()),
        )
    })
}

fn process_cpu_ns() -> u64 {
    let (user, system) = cpu_ns();
    user + system
}
