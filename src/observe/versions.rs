//! Versions of this program and of its main libraries.

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
    let (versions, build) = (versions(), build());
    format!(
        "bench {} ({}, {}), DataFusion {}",
        versions.bench, versions.commit, build.profile, versions.datafusion
    )
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
