//! The control: another copy of the baseline's files. Its measurements differ from the baseline's
//! only by noise.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::datasets::DatasetState;
use super::estimate::Free;
use super::warning::Warning;
use crate::dataset::{CONTROL_FOLDER, OwnedFolder, THREAD_STACK};
use crate::record::ControlKind;
use crate::storage::Location;
use crate::table::TableFiles;
use crate::units;

/// Most bytes of files that are copied. They are not copied either if the copy would take more than
/// a tenth of the free space.
const MOST_COPIED_BYTES: u64 = 1 << 30;

/// A table's files, and their dataset.
pub(super) type Files<'a> = (TableFiles, Option<&'a DatasetState>);

/// Files that the control reads.
#[derive(Debug)]
pub struct Control {
    pub kind: ControlKind,
    /// Reason why they are the baseline's own files, if they are.
    pub warning: Option<Warning>,
    /// Removed when this is dropped.
    _folders: Vec<OwnedFolder>,
}

impl Control {
    /// Copies the files of tables byte for byte, beside their datasets. Nothing is written beside
    /// files that this program did not write, so these are read again themselves. So are files that
    /// are too large.
    pub(crate) async fn of(tables: Vec<Files<'_>>) -> (Vec<Files<'_>>, Self) {
        let bytes = tables
            .iter()
            .flat_map(|(table, _)| &table.files)
            .map(|file| file.object.size)
            .sum::<u64>();
        let same = |why: String| Control {
            kind: ControlKind::SameFiles,
            warning: Some(Warning::NoCopy { why }),
            _folders: Vec::new(),
        };
        let states = tables.iter().map(|(_, state)| *state);
        let roots = states.map(|state| {
            let state = state.filter(|state| state.manifest().is_some())?;
            Some(&state.plan.root)
        });
        let roots: Option<Vec<&Location>> = roots.collect();
        let Some(roots) = roots else {
            return (tables, same("they are not this program's".to_owned()));
        };
        if bytes > MOST_COPIED_BYTES {
            let limit = units::bytes(MOST_COPIED_BYTES);
            let why = format!("they have {}, more than {limit}", units::bytes(bytes));
            return (tables, same(why));
        }
        let free = roots.first().and_then(|root| Free::of(root));
        if free.is_some_and(|free| bytes > free.bytes / 10) {
            let why = "a copy would take more than a tenth of the free space".to_owned();
            return (tables, same(why));
        }
        let folders: Option<Vec<&Path>> = roots.iter().map(|root| root.local()).collect();
        let Some(folders) = folders else {
            return (
                tables,
                same("they lie in no folder of this host".to_owned()),
            );
        };
        match copied(&tables, &folders).await {
            Ok((copies, folders)) => {
                let control = Control {
                    kind: ControlKind::Copy,
                    warning: None,
                    _folders: folders,
                };
                (copies, control)
            }
            Err(error) => (tables, same(format!("they cannot be copied: {error}"))),
        }
    }
}

/// Returns the same tables over copies of their files, and the folders of the copies.
async fn copied<'a>(
    tables: &[Files<'a>],
    roots: &[&Path],
) -> io::Result<(Vec<Files<'a>>, Vec<OwnedFolder>)> {
    let mut folders = Vec::new();
    let mut copies = tables.to_vec();
    let mut jobs = Vec::new();
    for ((table, _), root) in copies.iter_mut().zip(roots) {
        let folder = OwnedFolder::create(root, CONTROL_FOLDER)?;
        for (index, file) in table.files.iter_mut().enumerate() {
            // The name is not that of a table's file. The order of names is that of the files.
            let copy = folder.path().join(format!("{index:08}.copy"));
            let place = Location::of_file(copy.clone());
            file.object.location = place.object().map_err(io::Error::other)?;
            let original = std::mem::replace(&mut file.place, place);
            let original = original.local().map(Path::to_owned);
            jobs.push((original.ok_or(io::ErrorKind::Unsupported)?, copy));
        }
        table.location = folder.path().display().to_string();
        folders.push(folder);
    }
    let (sender, receiver) = oneshot::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let builder = std::thread::Builder::new().stack_size(THREAD_STACK);
    let thread = builder.spawn(move || {
        let copied = jobs
            .iter()
            .try_for_each(|(from, to)| copy_bytes(from, to, &asked));
        // The receiver may have stopped waiting.
        let _ = sender.send(copied);
    });
    let thread = thread
        .map_err(|error| io::Error::other(format!("a thread for that cannot start: {error}")))?;
    // If the receiver stops waiting, this ends the copying before the folders are removed.
    let _copying = CopyThread {
        stop,
        thread: Some(thread),
    };
    receiver.await.map_err(io::Error::other)??;
    Ok((copies, folders))
}

/// A thread. Dropping this stops it and waits for its end.
struct CopyThread {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for CopyThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Copies by reading and writing. On some file systems `std::fs::copy` would share the blocks of
/// the original.
fn copy_bytes(from: &Path, to: &Path, stop: &AtomicBool) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, fs::File::create_new(to)?);
    let mut buffer = vec![0; 1 << 20];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match from.read(&mut buffer)? {
            0 => return to.sync_data(),
            bytes => to.write_all(&buffer[..bytes])?,
        }
    }
}
