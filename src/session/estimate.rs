//! Estimates the cost of writing a dataset: disk space (an upper bound and a guess), memory, and
//! time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::error::SessionError;
use crate::dataset::{Bound, DatasetPlan, Probe, bound, probe};
use crate::observe::{cores, memory_bytes};
use crate::storage::{Location, USUAL_PART_BYTES, sync_file_system};
use crate::units;

/// Size of a block, if the file system does not report it.
const USUAL_BLOCK_BYTES: u64 = 4096;

/// Space that the files of datasets will take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Estimate {
    /// Bytes of the values before they are encoded.
    pub values: u64,
    /// Absent if the rows come from a source, whose values have not been read yet.
    pub bound: Option<Bound>,
    /// Results of encoding a sample of a generated dataset.
    pub probe: Option<Probe>,
    /// Bytes of the files, guessed from the probe.
    pub file_bytes: u64,
    /// Bytes of the disk that the files take, by the same guess.
    pub blocks: u64,
}

/// Estimates a dataset from its plan, and encodes a sample of it.
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

/// Estimates a dataset from its plan alone. The guess is the upper bound.
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
    /// Returns the sum over several datasets. Its bound is absent if one of them has none.
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

    /// Returns the most bytes of the disk that it takes, or the guess if there is no bound.
    pub fn most_blocks(&self) -> u64 {
        self.bound.map_or(self.blocks, |bound| bound.blocks)
    }

    /// Returns the guess. It is 0 for rows from a source, whose compression is not known.
    pub fn likely_blocks(&self) -> u64 {
        self.bound.map_or(0, |_| self.blocks)
    }

    /// Returns the number of files and folders, as far as it is known.
    pub fn inodes(&self) -> u64 {
        self.bound.map_or(0, |bound| bound.inodes)
    }

    /// Returns, for example, `about 1.00 GB of files for 5.00 GB of values, at most 3.00 GB on
    /// disk,`
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

/// Returns the number of writers that a dataset can have: one per core, but only as many as have
/// room for a row group each in half of the available memory.
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

/// Free space on a file system for this user.
#[derive(Debug, Clone, Copy)]
pub struct Free {
    pub bytes: u64,
    /// Absent if the file system makes as many as are needed.
    pub inodes: Option<u64>,
    pub block_bytes: u64,
}

/// Returns a count of a file system, which some operating systems keep in 32 bits.
fn count(found: impl Into<u64>) -> u64 {
    found.into()
}

impl Free {
    /// Returns the room on the file system that contains, or will contain, a folder. `None` in a
    /// store.
    pub fn of(folder: &Location) -> Option<Free> {
        let found = nix::sys::statvfs::statvfs(existing_part(folder.local()?)?).ok()?;
        let block_bytes = found.fragment_size();
        Some(Free {
            bytes: count(found.blocks_available()).saturating_mul(block_bytes),
            inodes: (found.files() > 0).then(|| count(found.files_available())),
            block_bytes,
        })
    }

    /// True if there is room for that many bytes of blocks, and that many files and folders.
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

/// Returns the bytes of the disk that the tables in a dataset's folder take.
pub(super) fn blocks_of(root: &Location) -> u64 {
    let Some(root) = root.local() else {
        return 0;
    };
    let tables = ["train", "valid"].map(|table| walkdir::WalkDir::new(root.join(table)));
    let found = tables.into_iter().flatten().flatten();
    let blocks = found.filter_map(|entry| Some(entry.metadata().ok()?.blocks()));
    blocks.sum::<u64>().saturating_mul(512)
}

/// Groups items by the file systems of their folders. Groups and items keep their order.
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

/// Returns the part of a path that exists.
pub(super) fn existing_part(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|ancestor| ancestor.exists())
}

/// Bytes, and number of files, that are written to find out the speed of a disk.
const TRIED_BYTES: usize = 16 << 20;
const TRIED_FILES: u32 = 32;

/// Time to write files, sync them to their device and read them again.
#[derive(Debug, Clone, Copy)]
pub struct Disk {
    ns_per_byte: f64,
    ns_per_file: f64,
}

impl Disk {
    /// Tries the file system that contains, or will contain, a folder, in a temporary folder beside
    /// it. Small files are written and read again like those of datasets.
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
            let mut staged = place.stage(runtime.clone(), USUAL_PART_BYTES, Arc::default())?;
            staged.write_all(small)?;
            staged.publish()?;
            place.head()?;
            place.range(0..USUAL_BLOCK_BYTES)?;
        }
        sync_file_system(&File::open(tried.path())?)?;
        Ok(Disk {
            ns_per_byte,
            ns_per_file: nanoseconds(started.elapsed()) / f64::from(TRIED_FILES),
        })
    }

    /// Estimates the time of writing on `threads` threads: generating, encoding, writing, syncing
    /// and verifying. `None` without a probe.
    pub fn elapsed_ns_of(&self, estimate: &Estimate, rows: u64, threads: usize) -> Option<f64> {
        let encoding = estimate.probe?.elapsed_ns_of(rows, threads);
        let files = estimate.bound?.files as f64;
        Some(encoding + estimate.file_bytes as f64 * self.ns_per_byte + files * self.ns_per_file)
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}
