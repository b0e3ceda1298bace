//! Writing of one dataset by several processes: the files of each process, and the test that all
//! files exist.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::DatasetError;
use super::manifest::{Manifest, read_json, write_json};
use super::names::{part_file, part_lock};
use super::plan::DatasetPlan;
use crate::record::WriteRecord;
use crate::storage::Location;

/// One of the processes that write a dataset together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    rank: u64,
    world_size: u64,
}

impl Share {
    /// Largest number of processes that write one dataset together.
    pub const MOST: u64 = 100_000;

    /// Makes a share. None if the rank is not below the world size, or there are too many
    /// processes.
    pub fn new(rank: u64, world_size: u64) -> Option<Self> {
        (rank < world_size && world_size <= Share::MOST).then_some(Share { rank, world_size })
    }

    pub fn rank(self) -> u64 {
        self.rank
    }

    pub fn world_size(self) -> u64 {
        self.world_size
    }

    /// Returns true if this process writes the logical file of this number.
    pub(crate) fn holds(self, file: u64) -> bool {
        file % self.world_size == self.rank
    }

    pub(crate) fn lock_name(self) -> String {
        part_lock(self.rank, self.world_size)
    }
}

/// The manifest of the files that one process has written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    rank: u64,
    world_size: u64,
    manifest: Manifest,
}

pub(crate) fn write_part(
    root: &Location,
    share: Share,
    manifest: &Manifest,
) -> Result<(), DatasetError> {
    let part = Part {
        rank: share.rank,
        world_size: share.world_size,
        manifest: manifest.clone(),
    };
    write_json(&root.join(&part_file(share.rank, share.world_size)), &part)
}

/// Joins the parts of `world_size` processes to one manifest, or returns the ranks whose parts are
/// missing.
pub(crate) fn joined(
    plan: &DatasetPlan,
    world_size: u64,
) -> Result<Result<Manifest, Vec<u64>>, DatasetError> {
    let mut missing = Vec::new();
    let mut whole: Option<Manifest> = None;
    for rank in 0..world_size {
        let place = plan.root.join(&part_file(rank, world_size));
        let part = read_json::<Part>(&place)?.filter(|part| {
            part.manifest.content_fingerprint == plan.content_fingerprint
                && part.manifest.layout_fingerprint == plan.layout_fingerprint
                && (part.rank, part.world_size) == (rank, world_size)
        });
        match (part, &mut whole) {
            (None, _) => missing.push(rank),
            (Some(part), None) => whole = Some(part.manifest),
            (Some(part), Some(whole)) => add(whole, part.manifest),
        }
    }
    match whole {
        Some(mut whole) if missing.is_empty() => {
            for table in &mut whole.tables {
                table
                    .files
                    .sort_by(|left, right| left.path.cmp(&right.path));
                table.rows = table.files.iter().map(|file| file.rows).sum();
            }
            Ok(Ok(whole))
        }
        _ => Ok(Err(missing)),
    }
}

/// Adds a part to the whole. The parts are written at the same time, so the time of the whole is
/// that of the slowest.
fn add(whole: &mut Manifest, part: Manifest) {
    whole.shortfalls.add(&part.shortfalls);
    for (table, more) in whole.tables.iter_mut().zip(part.tables) {
        table.files.extend(more.files);
    }
    for column in part.columns {
        match whole
            .columns
            .iter_mut()
            .find(|known| known.name == column.name)
        {
            None => whole.columns.push(column),
            Some(known) => {
                let all = |left: &[String], right: &[String]| -> Vec<String> {
                    let all: BTreeSet<&String> = left.iter().chain(right).collect();
                    all.into_iter().cloned().collect()
                };
                known.encodings = all(&known.encodings, &column.encodings);
                known.codecs = all(&known.codecs, &column.codecs);
                known.encoded_bytes += column.encoded_bytes;
                known.compressed_bytes += column.compressed_bytes;
                known.chunks += column.chunks;
                known.fallback_chunks += column.fallback_chunks;
            }
        }
    }
    whole.write = whole
        .write
        .take()
        .zip(part.write)
        .map(|(one, other)| WriteRecord {
            elapsed_ns: one.elapsed_ns.max(other.elapsed_ns),
            cpu_ns: one.cpu_ns + other.cpu_ns,
            wire: None,
        });
}
