//! Versions of this program and of what it is built on.

use crate::record::Versions;

const LOCK: &str = include_str!("../../Cargo.lock");

/// The versions that this binary was built with, from its lock file; the commit where the build knew one.
pub(crate) fn versions() -> Versions {
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
