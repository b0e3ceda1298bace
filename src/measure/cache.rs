//! Establishing and attesting the cache state before an iteration.

use std::path::{Path, PathBuf};

use crate::record::{Cache, CacheState, Status};
use crate::storage::{Residency, make_resident, may_attest, residency};

/// Share of a working set's pages that must be resident for a warm iteration to count.
const WARM_RATIO: f64 = 0.99;

/// Makes every page of these files resident, and attests it. The status is `void` with its reason where less than 99 % are
/// resident afterwards. Where this user may not ask about a file's pages, the files are read all the same, and no ratio is
/// claimed.
pub fn establish_warm(files: &[PathBuf]) -> (Cache, Status, Option<String>) {
    let mut total = Residency::default();
    let mut attested = true;
    for file in files {
        match made_warm(file) {
            Ok(Some(found)) => total.add(found),
            Ok(None) => attested = false,
            Err(error) => {
                let cache = Cache {
                    state: CacheState::Warm,
                    resident_ratio_before: None,
                };
                return (
                    cache,
                    Status::Void,
                    Some(format!("{}: {error}", file.display())),
                );
            }
        }
    }
    let ratio = attested.then(|| total.ratio());
    let cache = Cache {
        state: CacheState::Warm,
        resident_ratio_before: ratio,
    };
    match ratio {
        Some(ratio) if ratio < WARM_RATIO => {
            let reason = format!(
                "{:.1} % of the working set is resident, 99 % is warm",
                ratio * 100.0
            );
            (cache, Status::Void, Some(reason))
        }
        _ => (cache, Status::Ok, None),
    }
}

fn made_warm(file: &Path) -> std::io::Result<Option<Residency>> {
    if !may_attest(file) {
        make_resident(file)?;
        return Ok(None);
    }
    let found = residency(file)?;
    if found.resident_pages == found.pages {
        return Ok(Some(found));
    }
    make_resident(file)?;
    residency(file).map(Some)
}
