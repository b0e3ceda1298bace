//! Establishes and verifies the state of the page cache before an execution.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::config::PageCache;
use crate::record::{Cache, CacheState, ColdEvidence, EngineCache};
use crate::storage::{Residency, drop_caches, evict, make_resident, may_attest, residency};

/// Least share of a working set's pages that must be resident for a warm iteration to count.
const WARM_RATIO: f64 = 0.99;

/// Largest share of the pages that may be resident for a cold iteration to count.
const COLD_RATIO: f64 = 0.01;

/// Least share of the requested bytes that devices must have delivered to prove that the bytes came
/// from no cache.
const DEVICE_SHARE: f64 = 0.95;

/// State of the page cache before executions.
#[derive(Debug, Clone)]
pub(super) struct CacheAttestation {
    state: CacheState,
    /// Share of resident pages, the worst of all executions. Absent if this user may not ask about
    /// a file's pages.
    ratio: Option<f64>,
    /// Reason why the iteration does not count.
    reason: Option<String>,
}

impl CacheAttestation {
    /// Returns a state of which nothing is verified, as no file of this host is read.
    pub(super) fn unverified(state: CacheState) -> Self {
        CacheAttestation {
            state,
            ratio: None,
            reason: None,
        }
    }

    fn found(state: CacheState, ratio: Option<f64>) -> Self {
        let percent = ratio.unwrap_or(0.0) * 100.0;
        let reason = match (state, ratio) {
            (CacheState::Warm, Some(ratio)) if ratio < WARM_RATIO => Some(format!(
                "{percent:.1} % of the working set is resident, 99 % is warm"
            )),
            (CacheState::Cold, Some(ratio)) if ratio > COLD_RATIO => Some(format!(
                "{percent:.1} % of the working set stayed resident after it was evicted, 1 % is cold"
            )),
            _ => None,
        };
        CacheAttestation {
            state,
            ratio,
            reason,
        }
    }

    fn failed(state: CacheState, file: &Path, error: &io::Error) -> Self {
        CacheAttestation {
            state,
            ratio: None,
            reason: Some(format!("{}: {error}", file.display())),
        }
    }

    /// Adds what was found before another execution of the same iteration.
    pub(super) fn join(&mut self, other: CacheAttestation) {
        let worse = match self.state {
            CacheState::Cold => f64::max,
            _ => f64::min,
        };
        let ratios = self.ratio.zip(other.ratio);
        self.ratio = ratios.map(|(one, two)| worse(one, two));
        if self.reason.is_none() {
            self.reason = other.reason;
        }
    }

    /// Returns the state as records keep it, and the reason why the executions do not count, if
    /// there is one. It is called after the executions, when the bytes that devices delivered are
    /// known.
    pub(super) fn finish(
        self,
        engine: EngineCache,
        device_read_bytes: Option<u64>,
        wanted_bytes: u64,
    ) -> (Cache, Option<String>) {
        let delivered = device_read_bytes.is_some_and(|bytes| {
            wanted_bytes > 0 && bytes as f64 >= wanted_bytes as f64 * DEVICE_SHARE
        });
        let cold_evidence = match self.state {
            CacheState::Warm | CacheState::Memory | CacheState::Remote => None,
            CacheState::Cold if self.ratio.is_some() && self.reason.is_none() => {
                Some(ColdEvidence::Residency)
            }
            _ if delivered => Some(ColdEvidence::DeviceBytes),
            _ => Some(ColdEvidence::None),
        };
        let cache = Cache {
            state: self.state,
            resident_ratio_before: self.ratio,
            cold_evidence,
            engine,
        };
        (cache, self.reason)
    }
}

/// Most bytes that are read of a set of files before the next set has its turn.
const TURN_BYTES: u64 = 1 << 20;

/// Makes sets of files equally warm. All are evicted, then read by turns, a share of each. Each set
/// thus gets the same mixture of places and page sizes in memory. Pages stay in place throughout a
/// run, and a set that is read after another could have better or worse ones all the time.
pub fn warm_alike(sets: &[Vec<PathBuf>]) {
    for file in sets.iter().flatten() {
        // A file that cannot be evicted stays as it is. A file that cannot be read fails when its
        // state is verified.
        let _ = evict(file);
    }
    let sizes: Vec<u64> = sets.iter().map(|files| bytes_of(files)).collect();
    let turns = sizes
        .iter()
        .max()
        .map_or(0, |most| most.div_ceil(TURN_BYTES));
    let mut readers: Vec<Turns> = sets.iter().map(|files| Turns::of(files)).collect();
    for turn in 0..turns {
        // No set is always the first.
        let first = turn as usize % readers.len().max(1);
        for index in (first..readers.len()).chain(0..first) {
            readers[index].read(sizes[index].div_ceil(turns));
        }
    }
}

fn bytes_of(files: &[PathBuf]) -> u64 {
    let sizes = files.iter().flat_map(std::fs::metadata);
    sizes.map(|found| found.len()).sum()
}

/// A set of files that is read in parts.
struct Turns<'a> {
    files: std::slice::Iter<'a, PathBuf>,
    open: Option<File>,
    buffer: Vec<u8>,
}

impl<'a> Turns<'a> {
    fn of(files: &'a [PathBuf]) -> Self {
        Turns {
            files: files.iter(),
            open: None,
            buffer: vec![0; TURN_BYTES as usize],
        }
    }

    fn read(&mut self, mut bytes: u64) {
        while bytes > 0 {
            let Some(file) = &mut self.open else {
                match self.files.next() {
                    Some(path) => self.open = File::open(path).ok(),
                    None => return,
                }
                continue;
            };
            let wanted = bytes.min(TURN_BYTES) as usize;
            match file.read(&mut self.buffer[..wanted]) {
                Ok(0) | Err(_) => self.open = None,
                Ok(read) => bytes -= read as u64,
            }
        }
    }
}

/// Brings the page cache into a state, and verifies it. If this user may not ask about a file's
/// pages, they are read or evicted all the same, but no ratio is claimed. With `whole_host`, cold
/// drops the pages of all other files, too.
pub(super) fn establish(files: &[PathBuf], state: PageCache, whole_host: bool) -> CacheAttestation {
    // No files: nothing to establish.
    if files.is_empty() {
        return CacheAttestation::found(state.state(), None);
    }
    match state {
        PageCache::Warm => each(files, CacheState::Warm, made_warm),
        PageCache::Direct => CacheAttestation::found(CacheState::Direct, None),
        PageCache::Cold => {
            let evicted = each(files, CacheState::Cold, |file| {
                evict(file)?;
                Ok(None)
            });
            if evicted.reason.is_some() {
                return evicted;
            }
            if whole_host && let Err(error) = drop_caches() {
                return CacheAttestation::failed(
                    CacheState::Cold,
                    Path::new("drop_caches"),
                    &error,
                );
            }
            each(files, CacheState::Cold, |file| {
                may_attest(file).then(|| residency(file)).transpose()
            })
        }
    }
}

/// Applies `act` to each file, and sums up the pages that it finds. There is no ratio if `act`
/// finds nothing for a file.
fn each(
    files: &[PathBuf],
    state: CacheState,
    act: impl Fn(&Path) -> io::Result<Option<Residency>>,
) -> CacheAttestation {
    let mut total = Residency::default();
    let mut attested = true;
    for file in files {
        match act(file) {
            Ok(Some(found)) => total.add(found),
            Ok(None) => attested = false,
            Err(error) => return CacheAttestation::failed(state, file, &error),
        }
    }
    CacheAttestation::found(state, attested.then(|| total.ratio()))
}

fn made_warm(file: &Path) -> io::Result<Option<Residency>> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use rstest::rstest;

    use super::*;
    use crate::storage::file_on_disk;

    #[test]
    fn cold_and_warm_files_are_attested_and_what_stays_mapped_is_void() {
        let mut file = file_on_disk();
        file.write_all(&vec![1_u8; 1_000_000]).unwrap();
        let files = [file.path().to_path_buf()];
        let establish = |state| establish(&files, state, false);
        let finished =
            |attested: CacheAttestation| attested.finish(EngineCache::Warm, Some(0), 100);
        for (state, expected, ratio) in [
            (PageCache::Cold, CacheState::Cold, 0.0),
            (PageCache::Warm, CacheState::Warm, 1.0),
            (PageCache::Cold, CacheState::Cold, 0.0),
        ] {
            let (cache, void) = finished(establish(state));
            assert_eq!((cache.state, void), (expected, None));
            assert_eq!(cache.resident_ratio_before, Some(ratio));
        }
        // SAFETY: nobody changes the file while it is mapped.
        let map = unsafe { memmap2::Mmap::map(file.as_file()).unwrap() };
        assert_eq!(
            map.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
            1_000_000
        );
        let (_, void) = finished(establish(PageCache::Cold));
        assert!(void.unwrap().contains("1 % is cold"));
    }

    #[test]
    fn sets_of_files_are_warm_after_they_were_read_by_turns() {
        let sizes = [3_000_000, 10, 0, 5_000_000];
        let files: Vec<_> = sizes
            .iter()
            .map(|size| {
                let mut file = file_on_disk();
                file.write_all(&vec![1; *size]).unwrap();
                file
            })
            .collect();
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path().to_path_buf()).collect();
        let gone = PathBuf::from("/no/such/file");
        warm_alike(&[
            paths[..3].to_vec(),
            vec![gone, paths[3].clone()],
            Vec::new(),
        ]);
        for path in &paths {
            assert_eq!(residency(path).unwrap().ratio(), 1.0);
        }
        warm_alike(&[]);
    }

    #[test]
    fn a_file_that_is_gone_voids_the_iteration() {
        let files = [PathBuf::from("/no/such/file")];
        for state in [PageCache::Warm, PageCache::Cold] {
            let (_, void) = establish(&files, state, false).finish(EngineCache::Warm, None, 0);
            assert!(void.unwrap().contains("/no/such/file"));
        }
    }

    #[rstest]
    #[case(CacheState::Cold, Some(0.0), Some(0), Some(ColdEvidence::Residency))]
    #[case(CacheState::Cold, None, Some(95), Some(ColdEvidence::DeviceBytes))]
    #[case(CacheState::Cold, None, Some(94), Some(ColdEvidence::None))]
    #[case(CacheState::Direct, None, Some(104), Some(ColdEvidence::DeviceBytes))]
    #[case(CacheState::Direct, None, None, Some(ColdEvidence::None))]
    #[case(CacheState::Warm, Some(1.0), Some(100), None)]
    fn what_shows_that_an_iteration_was_cold_is_said(
        #[case] state: CacheState,
        #[case] ratio: Option<f64>,
        #[case] device: Option<u64>,
        #[case] evidence: Option<ColdEvidence>,
    ) {
        let (cache, _) =
            CacheAttestation::found(state, ratio).finish(EngineCache::Fresh, device, 100);
        assert_eq!(
            (cache.cold_evidence, cache.engine),
            (evidence, EngineCache::Fresh)
        );
    }

    #[test]
    fn the_worst_of_several_executions_counts() {
        let cold = |ratio| CacheAttestation::found(CacheState::Cold, Some(ratio));
        let warm = |ratio| CacheAttestation::found(CacheState::Warm, Some(ratio));
        let of = |mut one: CacheAttestation, two: CacheAttestation| {
            one.join(two);
            one.finish(EngineCache::Warm, None, 0)
        };
        assert!(of(cold(0.0), cold(0.5)).1.is_some());
        assert_eq!(of(cold(0.5), cold(0.0)).0.resident_ratio_before, Some(0.5));
        assert_eq!(of(warm(1.0), warm(0.5)).0.resident_ratio_before, Some(0.5));
    }
}
