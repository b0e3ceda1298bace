//! The `bench` program: parses, calls the library, returns the exit code.

use std::alloc::{GlobalAlloc, Layout};
use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use mimalloc::MiMalloc;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use parquet_bench::cli::exit::USAGE;
use parquet_bench::observe::give_memory_back_by;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// Mimalloc, which DataFusion's own command line uses, too. The system's allocator would return the
/// memory of its large buffers and ask for it again at every batch, which is noise here. If a limit
/// of the address space leaves no room, this allocator ends the program with an error; Rust would
/// abort it without running any of our code.
struct Allocator;

// SAFETY: mimalloc does all the work; each call is passed on unchanged.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller fulfils the requirements, here and below.
        given(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        given(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: see above.
        unsafe { MiMalloc.dealloc(memory, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: see above.
        given(unsafe { MiMalloc.realloc(memory, layout, bytes) }, bytes)
    }
}

unsafe extern "C" {
    /// Gives unused memory back, all of it if forced. Source: mimalloc.h.
    fn mi_collect(force: bool);
}

fn give_memory_back() {
    // SAFETY: mimalloc is the allocator of this program; it may collect at any time.
    unsafe { mi_collect(true) }
}

#[inline]
fn given(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        refused(bytes);
    }
    memory
}

/// Ends the program, unless there is no limit, or the requested bytes exceed it: a caller that asks
/// for so much may be able to do without.
#[cold]
fn refused(bytes: usize) {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    let Some(limit) = address_space().filter(|limit| bytes as u64 <= *limit) else {
        return;
    };
    while IS_SAID.swap(true, Ordering::Relaxed) {
        // SAFETY: pause(2) only waits, here for another thread that ends the process.
        unsafe { libc::pause() };
    }
    // Nothing here may allocate memory.
    let mut text = [0_u8; 256];
    let mut rest = &mut text[..];
    // SAFETY: isatty(3) takes a number only.
    let bar = match unsafe { libc::isatty(libc::STDERR_FILENO) } {
        1 => "\n",
        _ => "",
    };
    let _ = writeln!(
        rest,
        "{bar}error: memory ran out, as {bytes} bytes more were asked for; the limit of this host's \
         address space (ulimit -v), {limit} bytes, is too low"
    );
    let left = rest.len();
    let length = text.len() - left;
    // SAFETY: the text has at least `length` bytes, and _exit(2) takes a number only.
    unsafe {
        libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), length);
        libc::_exit(i32::from(USAGE));
    }
}

fn main() -> ExitCode {
    keep_memory_of_c();
    give_memory_back_by(give_memory_back);
    parquet_bench::cli::main()
}

/// Keeps memory that zstd's C code frees in this process. By glibc's default, the part that is
/// returned to the kernel depends on the largest block that was ever freed: a process that had
/// written files read those of zstd up to 20 % faster than one that had not.
#[cfg(target_env = "gnu")]
fn keep_memory_of_c() {
    const LARGEST_ON_THE_HEAP_BYTES: libc::c_int = 32 << 20; // more is refused
    // SAFETY: mallopt(3) takes numbers only, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST_ON_THE_HEAP_BYTES);
        if address_space().is_some() {
            // Otherwise up to 64 MiB of the address space are reserved for each thread, which
            // stacks need more.
            libc::mallopt(libc::M_ARENA_MAX, 1);
        }
    }
}

/// Returns the limit that `ulimit -v` sets, in bytes, if there is one.
fn address_space() -> Option<u64> {
    let (soft, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    (soft != RLIM_INFINITY).then_some(soft)
}

#[cfg(not(target_env = "gnu"))]
fn keep_memory_of_c() {}
