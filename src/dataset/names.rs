//! Names of the files in a dataset's folder that are not data.

use std::path::Path;

use crate::output::folder_of;

/// Name of the manifest in a dataset's folder.
pub const MANIFEST_FILE: &str = "_bench_manifest.json";
/// Name of the note in the folder while files are being written. It marks the folder as this
/// program's before there is a manifest.
pub(crate) const UNFINISHED_FILE: &str = "_bench_unfinished.json";
/// File that is locked by the process that writes.
pub(crate) const LOCK_FILE: &str = "_bench.lock";
/// File that is locked briefly by a process that checks whether the dataset is complete, or seals
/// it.
pub(crate) const SEAL_LOCK: &str = "_bench.seal.lock";

/// Returns the name of the manifest of the files that one of several processes has written.
pub(crate) fn part_file(rank: u64, world_size: u64) -> String {
    format!("_bench_manifest.{rank}-of-{world_size}.json")
}

/// Returns the name of the file that one of several processes locks while it writes its files.
pub(crate) fn part_lock(rank: u64, world_size: u64) -> String {
    format!("_bench.{rank}-of-{world_size}.lock")
}

/// Returns true if a file is one of those that several processes leave in the folder.
pub(crate) fn is_part_file(name: &str) -> bool {
    let middle = |start: &str, end: &str| {
        let middle = name.strip_prefix(start)?.strip_suffix(end)?;
        let (rank, world_size) = middle.split_once("-of-")?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        (digits(rank) && digits(world_size)).then_some(())
    };
    name == SEAL_LOCK
        || middle("_bench_manifest.", ".json").is_some()
        || middle("_bench.", ".lock").is_some()
}

/// Returns advice about an unreadable manifest or other note of a dataset's folder. Without a
/// manifest it is unknown which Parquet files belong to the dataset, so the advice is to remove the
/// files together with the manifest.
pub(crate) fn way_out(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_part_file(&name) {
        return format!(
            "remove {}, and start the process of that rank again, which keeps what it has written",
            path.display()
        );
    }
    let folder = folder_of(path);
    format!(
        "remove {}, and {} and {} with it, to have the dataset written again; without a manifest `bench clean` cannot tell \
         which files are the dataset's",
        path.display(),
        folder.join("train").display(),
        folder.join("valid").display()
    )
}
