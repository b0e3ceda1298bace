//! Calls that only some operating systems have. Elsewhere they fail with `Unsupported`, or do
//! nothing if nothing can be promised anyway.

use std::fs::File;
use std::io;
use std::path::Path;

pub(super) use here::{direct_flag, drop_pages, wake_on_time};
pub use here::{end_with_parent, is_of_the_system, lies_in_memory, sync_file_system};

#[cfg(target_os = "linux")]
mod here {
    use super::*;

    /// Flag of open(2) for reads past the page cache.
    pub(in crate::storage) fn direct_flag() -> io::Result<libc::c_int> {
        Ok(libc::O_DIRECT)
    }

    /// Drops a file's pages from the page cache, by posix_fadvise(2).
    pub(in crate::storage) fn drop_pages(file: &File) -> io::Result<()> {
        let advice = nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED;
        nix::fcntl::posix_fadvise(file, 0, 0, advice).map_err(io::Error::from)
    }

    /// True if a file lies in memory only, and can thus be neither evicted nor read past the page
    /// cache. Some kernels accept O_DIRECT for such files all the same, and serve them from memory.
    pub fn lies_in_memory(path: &Path) -> bool {
        const RAMFS_MAGIC: i64 = 0x8584_58f6;
        nix::sys::statfs::statfs(path).is_ok_and(|found| {
            let kind = found.filesystem_type();
            kind == nix::sys::statfs::TMPFS_MAGIC || kind.0 == RAMFS_MAGIC
        })
    }

    /// True if a folder is one of the kernel's own, such as `/proc`.
    pub fn is_of_the_system(folder: &Path) -> bool {
        let found = nix::sys::statfs::statfs(folder);
        found.is_ok_and(|it| it.filesystem_type() == nix::sys::statfs::PROC_SUPER_MAGIC)
    }

    /// Makes the kernel wake this thread on time. By default it may do so up to 50 us later, to
    /// save power.
    pub(in crate::storage) fn wake_on_time() {
        // SAFETY: prctl(2) with this option takes numbers only, and concerns this thread alone.
        unsafe {
            libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64);
        }
    }

    /// Writes the file system of an open file to its device.
    pub fn sync_file_system(file: &File) -> io::Result<()> {
        Ok(nix::unistd::syncfs(file)?)
    }

    /// Makes this process end when its parent does. It may be called between fork and exec.
    pub fn end_with_parent() -> io::Result<()> {
        // SAFETY: prctl(2) with this option takes numbers only.
        match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod here {
    use super::*;

    fn unsupported<T>(what: &str) -> io::Result<T> {
        let message = format!("{what} needs Linux");
        Err(io::Error::new(io::ErrorKind::Unsupported, message))
    }

    pub(in crate::storage) fn direct_flag() -> io::Result<libc::c_int> {
        unsupported("O_DIRECT")
    }

    pub(in crate::storage) fn drop_pages(_: &File) -> io::Result<()> {
        unsupported("posix_fadvise")
    }

    pub fn lies_in_memory(_: &Path) -> bool {
        false
    }

    pub fn is_of_the_system(_: &Path) -> bool {
        false
    }

    pub(in crate::storage) fn wake_on_time() {}

    pub fn sync_file_system(file: &File) -> io::Result<()> {
        file.sync_all()
    }

    /// The process ends when its input does.
    pub fn end_with_parent() -> io::Result<()> {
        Ok(())
    }
}
