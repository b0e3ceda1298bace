//! What writing a dataset will take: room, at most and by a guess, memory, and time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::error::SessionError;
use crate::dataset::{Bound, DatasetPlan, Probe, bound, probe};
use crate::observe::{cores, memory_bytes};
use crate::storage::Location;
use crate::units;

/// Of a file system that does not tell.
const USUAL_BLOCK_BYTES: u64 = 4096;

/// What the files of datasets will take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Estimate {
    /// Values before they are encoded.
    pub values: u64,
    /// None where rows come from a source, whose values nobody has looked at yet.
    pub bound: Option<Bound>,
    /// What was tried, of a generated dataset.
    pub probe: Option<Probe>,
    /// Bytes of the files, guessed from the probe.
    pub file_bytes: u64,
    /// Bytes of the disk that these take.
    pub blocks: u64,
}

/// Looks at what a dataset is to hold, and encodes a little of it.
pub fn estimate(plan: &DatasetPlan) -> Result<Estimate, SessionError> {
    let most = bounded(plan)?;
    let Some(bound) = most.bound else {
        return Ok(most);
    };
    let probe = probe(plan, &bound)?;
    let file_bytes = probe.map_or(bound.bytes, |probe| probe.file_bytes_of(plan.rows()));
    let file_bytes = file_bytes.min(bound.bytes);
    let ends = bound.blocks.saturating_sub(bound.bytes);
    Ok(Estimate {
        probe,
        file_bytes,
        blocks: file_bytes.saturating_add(ends),
        ..most
    })
}

/// Looks at what a dataset is to hold; what it will take is the most that it can.
pub(super) fn bounded(plan: &DatasetPlan) -> Result<Estimate, SessionError> {
    let values = plan.expected_arrow_bytes()?;
    let block_bytes = Free::of(&plan.root).map_or(USUAL_BLOCK_BYTES, |free| free.block_bytes);
    let bound = bound(plan, block_bytes)?;
    Ok(Estimate {
        values,
        bound,
        probe: None,
        file_bytes: bound.map_or(values, |bound| bound.bytes),
        blocks: bound.map_or(values, |bound| bound.blocks),
    })
}

impl Estimate {
    /// That of several datasets; its bound is none where one of them has none.
    pub fn sum<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> Estimate {
        estimates
            .copied()
            .reduce(|sum, more| Estimate {
                values: sum.values.saturating_add(more.values),
                bound: sum.bound.zip(more.bound).map(|(sum, more)| Bound {
                    bytes: sum.bytes.saturating_add(more.bytes),
                    blocks: sum.blocks.saturating_add(more.blocks),
                    inodes: sum.inodes.saturating_add(more.inodes),
                    files: sum.files.saturating_add(more.files),
                    row_groups: sum.row_groups.saturating_add(more.row_groups),
                }),
                probe: None,
                file_bytes: sum.file_bytes.saturating_add(more.file_bytes),
                blocks: sum.blocks.saturating_add(more.blocks),
            })
            .unwrap_or_default()
    }

    /// The most of the disk that it takes, or the best guess where nothing bounds it.
    pub fn most_blocks(&self) -> u64 {
        self.bound.map_or(self.blocks, |bound| bound.blocks)
    }

    /// The guess. Of rows from a source there is none: how far they compress is not known.
    pub fn likely_blocks(&self) -> u64 {
        self.bound.map_or(0, |_| self.blocks)
    }

    /// Files and folders, as far as these are known.
    pub fn inodes(&self) -> u64 {
        self.bound.map_or(0, |bound| bound.inodes)
    }

    /// `about 1.00 GB of files for 5.00 GB of values, at most 3.00 GB on disk,`
    pub fn in_words(&self) -> String {
        let values = units::bytes(self.values);
        let about = format!("about {} of files", units::bytes(self.file_bytes));
        match self.bound {
            None => format!("about {values} before compression"),
            Some(bound) => format!(
                "{about} for {values} of values, at most {} on disk,",
                units::bytes(bound.blocks)
            ),
        }
    }
}

/// Writers that a dataset can have: one per core, and no more than have room for a row group each
/// in half of the available memory.
pub fn writers(plan: &DatasetPlan) -> Result<usize, SessionError> {
    let (_, available) = memory_bytes();
    let row_group = plan.expected_row_group_bytes()?.max(1);
    if available == 0 {
        return Ok(cores());
    }
    match usize::try_from(available / 2 / row_group) {
        Ok(0) => Err(SessionError::Memory {
            reason: format!(
                "a row group of this dataset takes about {} of memory, {} are available",
                units::bytes(row_group),
                units::bytes(available)
            ),
        }),
        Ok(fitting) => Ok(fitting.min(cores())),
        Err(_) => Ok(cores()),
    }
}

/// What is left on a file system for this user.
#[derive(Debug, Clone, Copy)]
pub struct Free {
    pub bytes: u64,
    /// None where the file system makes as many as are needed.
    pub inodes: Option<u64>,
    pub block_bytes: u64,
}

impl Free {
    /// Room on the file system that holds, or will hold, a folder; none in a store.
    pub fn of(folder: &Location) -> Option<Free> {
        let found = nix::sys::statvfs::statvfs(existing_part(folder.local()?)?).ok()?;
        let block_bytes = found.fragment_size();
        Some(Free {
            bytes: found.blocks_available().saturating_mul(block_bytes),
            inodes: (found.files() > 0).then(|| found.files_available()),
            block_bytes,
        })
    }

    /// Whether there is room for so many bytes of blocks, and for so many files and folders.
    pub fn has_room(&self, bytes: u64, inodes: u64) -> bool {
        bytes <= self.bytes && self.has_inodes(inodes)
    }

    pub fn has_inodes(&self, inodes: u64) -> bool {
        self.inodes.is_none_or(|free| inodes <= free)
    }

    pub fn in_words(&self) -> String {
        match self.inodes {
            None => units::bytes(self.bytes),
            Some(inodes) => format!(
                "{} and {} inodes",
                units::bytes(self.bytes),
                units::count(inodes)
            ),
        }
    }
}

/// Bytes of the disk that the tables in a dataset's folder take.
pub(super) fn blocks_of(root: &Location) -> u64 {
    let Some(root) = root.local() else {
        return 0;
    };
    let tables = ["train", "valid"].map(|table| walkdir::WalkDir::new(root.join(table)));
    let found = tables.into_iter().flatten().flatten();
    let blocks = found.filter_map(|entry| Some(entry.metadata().ok()?.blocks()));
    blocks.sum::<u64>().saturating_mul(512)
}

/// Sorts what lies in folders by the file systems that hold them, in the order of the first ones.
pub fn by_file_system<T>(
    all: impl IntoIterator<Item = T>,
    folder: impl Fn(&T) -> &Location,
) -> Vec<Vec<T>> {
    let mut groups: Vec<(Option<u64>, Vec<T>)> = Vec::new();
    for one in all {
        let part = folder(&one).local().and_then(existing_part);
        let found = part.and_then(|part| fs::metadata(part).ok());
        let device = found.map(|found| found.dev());
        match groups.iter_mut().find(|(known, _)| *known == device) {
            Some((_, group)) => group.push(one),
            None => groups.push((device, vec![one])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The part of a path that is there.
pub(super) fn existing_part(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|ancestor| ancestor.exists())
}

/// Bytes, and files, that are written to see how fast a disk is.
const TRIED_BYTES: usize = 16 << 20;
const TRIED_FILES: u32 = 32;

/// How fast files are written, brought to their device and read again.
#[derive(Debug, Clone, Copy)]
pub struct Disk {
    ns_per_byte: f64,
    ns_per_file: f64,
}

impl Disk {
    /// Tries the file system that holds, or will hold, a folder, in a folder beside it that is
    /// removed. Small files are written and read again as those of datasets are.
    pub fn probe(folder: &Location, runtime: &Handle) -> io::Result<Disk> {
        let beside = folder.local().and_then(existing_part);
        let beside = beside.ok_or(io::ErrorKind::NotFound)?;
        let tried = tempfile::TempDir::new_in(beside)?;
        let large = tried.path().join("large");
        let bytes: Vec<u8> = (0..TRIED_BYTES / 8)
            .flat_map(|number| {
                (number as u64)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .to_le_bytes()
            })
            .collect();
        let started = Instant::now();
        let mut file = File::create_new(&large)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        let ns_per_byte = nanoseconds(started.elapsed()) / TRIED_BYTES as f64;
        let small = &bytes[..USUAL_BLOCK_BYTES as usize];
        let started = Instant::now();
        for number in 0..TRIED_FILES {
            let place = Location::of_file(tried.path().join(number.to_string()));
            let mut staged = place.stage(runtime.clone())?;
            staged.write_all(small)?;
            staged.publish()?;
            place.head()?;
            place.range(0..USUAL_BLOCK_BYTES)?;
        }
        nix::unistd::syncfs(&File::open(tried.path())?)?;
        Ok(Disk {
            ns_per_byte,
            ns_per_file: nanoseconds(started.elapsed()) / f64::from(TRIED_FILES),
        })
    }

    /// Time to write what is estimated on so many threads: generating, encoding, writing, syncing
    /// and proving. None without a probe.
    pub fn elapsed_ns_of(&self, estimate: &Estimate, rows: u64, threads: usize) -> Option<f64> {
        let encoding = estimate.probe?.elapsed_ns_of(rows, threads);
        let files = estimate.bound?.files as f64;
        Some(encoding + estimate.file_bytes as f64 * self.ns_per_byte + files * self.ns_per_file)
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}
