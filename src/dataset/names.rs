//! Names of the files that a dataset's folder has beside its data.

use std::path::Path;

use crate::output::folder_of;

/// Name of the manifest in a dataset's folder.
pub const MANIFEST_FILE: &str = "_bench_manifest.json";
/// Name of the note that stands there while files are being written. It makes the folder ours
/// before the manifest does.
pub(crate) const UNFINISHED_FILE: &str = "_bench_unfinished.json";
/// Locked by the process that writes.
pub(crate) const LOCK_FILE: &str = "_bench.lock";
/// Held for a moment by a process that looks whether the dataset is whole, or makes it so.
pub(crate) const SEAL_LOCK: &str = "_bench.seal.lock";

/// The manifest of the files that one of several processes has written.
pub(crate) fn part_file(rank: u64, world_size: u64) -> String {
    format!("_bench_manifest.{rank}-of-{world_size}.json")
}

/// Locked by one of several processes while it writes its files.
pub(crate) fn part_lock(rank: u64, world_size: u64) -> String {
    format!("_bench.{rank}-of-{world_size}.lock")
}

/// Whether a file is one of those that several processes leave in the folder.
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

/// Advice about a manifest, or another note of a dataset's folder, that cannot be read. Without
/// it nobody knows which of the Parquet files there are this program's, so it must not go alone.
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
