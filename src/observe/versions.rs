//! Versions of this program and of its main libraries.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::record::{Build, Versions};

const LOCK: &str = include_str!("../../Cargo.lock");

/// Returns the versions that this binary was built with, from its lock file, and the commit if the
/// build knew it.
pub fn versions() -> Versions {
    let of = |package: &str| locked_version(package).unwrap_or_default();
    Versions {
        bench: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("BENCH_COMMIT").unwrap_or("unknown").to_owned(),
        datafusion: of("datafusion"),
        arrow: of("arrow"),
        parquet: of("parquet"),
        object_store: of("object_store"),
    }
}

/// Describes the build of this binary.
pub fn build() -> Build {
    let of = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Build {
        // The binary's allocator. A program that only uses the library has its own.
        allocator: "mimalloc".to_owned(),
        target: of(option_env!("BENCH_TARGET")),
        target_features: of(option_env!("BENCH_TARGET_FEATURES")),
        profile: of(option_env!("BENCH_PROFILE")),
        opt_level: of(option_env!("BENCH_OPT_LEVEL")),
        rustflags: of(option_env!("BENCH_RUSTFLAGS")),
        rustc: of(option_env!("BENCH_RUSTC")),
    }
}

/// Names this program and its build in one line. Programs that work together must have the same.
pub fn build_name() -> String {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let (versions, build) = (versions(), build());
        let hash = hash_of_executable().map_or_else(String::new, |hash| format!(", {hash:016x}"));
        format!(
            "bench {} ({}, {}{hash}), DataFusion {}",
            versions.bench, versions.commit, build.profile, versions.datafusion
        )
    });
    NAME.clone()
}

/// Pieces of the executable that are hashed, and their size in bytes. Other code has other
/// addresses all over the file.
const PIECES: u64 = 256;
const PIECE_BYTES: usize = 4 << 10;

/// Hash of the running executable: of its size, and of pieces spread over it. `None` if it cannot
/// be read.
fn hash_of_executable() -> Option<u64> {
    // On Linux it is the one that runs, even if another one has taken its place.
    let own = PathBuf::from("/proc/self/exe");
    let path = own.exists().then_some(own);
    let file = File::open(path.or_else(|| std::env::current_exe().ok())?).ok()?;
    let bytes = file.metadata().ok()?.len();
    let mut piece = vec![0; PIECE_BYTES];
    (0..PIECES).try_fold(bytes, |hash, number| {
        let read = file.read_at(&mut piece, bytes / PIECES * number).ok()?;
        Some(xxh3_64_with_seed(&piece[..read], hash))
    })
}

fn locked_version(package: &str) -> Option<String> {
    let entry = format!("name = \"{package}\"\nversion = \"");
    let behind = LOCK.split_once(&entry)?.1;
    behind
        .split_once('"')
        .map(|(version, _)| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_known() {
        let versions = versions();
        for version in [
            versions.datafusion,
            versions.arrow,
            versions.parquet,
            versions.object_store,
        ] {
            assert!(version.split('.').count() == 3, "{version}");
        }
    }
}
