//! The page cache of this host: finds the resident pages of files, makes files resident, and evicts
//! them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::system;

/// Numbers of pages of a set of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Residency {
    pub resident_pages: u64,
    pub pages: u64,
}

impl Residency {
    /// Returns the share of the pages that are resident, 0 to 1. It is 1 if there are no pages.
    pub fn ratio(self) -> f64 {
        if self.pages == 0 {
            1.0
        } else {
            self.resident_pages as f64 / self.pages as f64
        }
    }

    pub fn add(&mut self, other: Residency) {
        self.resident_pages += other.resident_pages;
        self.pages += other.pages;
    }
}

/// True if `residency` is truthful about this file. Linux answers "all resident" for files that the
/// caller neither owns nor may write (mincore(2), since 5.2).
pub fn may_attest(path: &Path) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::W_OK).is_ok()
        || std::fs::metadata(path).is_ok_and(|metadata| {
            std::os::unix::fs::MetadataExt::uid(&metadata) == nix::unistd::Uid::effective().as_raw()
        })
}

/// Counts the resident pages of a file, by mincore(2).
pub fn residency(path: &Path) -> io::Result<Residency> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(Residency::default());
    }
    // SAFETY: the mapping is never read; mincore looks at page tables only, so that a truncation
    // meanwhile cannot fault.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    // SAFETY: sysconf has no preconditions.
    let page_size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(1) as usize;
    let pages = map.len().div_ceil(page_size);
    let mut states = vec![0_u8; pages];
    // SAFETY: the address and length are those of a live mapping, and `states` has a byte for each
    // of its pages.
    let result = unsafe {
        libc::mincore(
            map.as_ptr() as *mut libc::c_void,
            map.len(),
            states.as_mut_ptr().cast(),
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let resident_pages = states.iter().filter(|state| **state & 1 == 1).count() as u64;
    Ok(Residency {
        resident_pages,
        pages: pages as u64,
    })
}

/// Reads a file from end to end, so that its pages become resident.
pub fn make_resident(path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0_u8; 1 << 20];
    while file.read(&mut buffer)? > 0 {}
    Ok(())
}

/// Drops a file's pages from the page cache, by posix_fadvise(2). Pages that are not on the device
/// yet are written first, as they would stay. Pages that a process has mapped or locked stay, too.
pub fn evict(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    match file.sync_data() {
        // A file system that is never written to may have no fsync.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EROFS)) => {}
        synced => synced?,
    }
    system::drop_pages(&file)
}

const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// True if this user may drop the page cache of the whole host.
pub fn may_drop_caches() -> bool {
    nix::unistd::access(DROP_CACHES, nix::unistd::AccessFlags::W_OK).is_ok()
}

/// Drops the page cache, directory entries and inodes of the whole host.
pub fn drop_caches() -> io::Result<()> {
    nix::unistd::sync();
    std::fs::write(DROP_CACHES, "3")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_just_read_is_resident() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![1_u8; 300_000]).unwrap();
        make_resident(file.path()).unwrap();
        let found = residency(file.path()).unwrap();
        assert!(may_attest(file.path()));
        assert_eq!(found.pages, 300_000_u64.div_ceil(4096));
        assert!(found.ratio() > 0.99, "{found:?}");
    }

    #[test]
    fn an_evicted_file_is_not_resident_unless_it_is_mapped() {
        let mut file = crate::storage::file_on_disk();
        file.write_all(&vec![1_u8; 300_000]).unwrap();
        evict(file.path()).unwrap();
        assert_eq!(residency(file.path()).unwrap().resident_pages, 0);
        // SAFETY: nobody changes the file while it is mapped.
        let map = unsafe { memmap2::Mmap::map(file.as_file()).unwrap() };
        assert_eq!(
            map.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
            300_000
        );
        evict(file.path()).unwrap();
        assert!(residency(file.path()).unwrap().ratio() > 0.9);
        drop(map);
        evict(file.path()).unwrap();
        assert_eq!(residency(file.path()).unwrap().resident_pages, 0);
    }

    #[test]
    fn an_empty_file_has_no_pages_and_counts_as_resident() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(residency(file.path()).unwrap().ratio(), 1.0);
    }
}
