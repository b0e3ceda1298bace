//! The `bench` program: parses, calls the library, returns the exit code.

use std::process::ExitCode;

/// DataFusion's own command line uses it too: its large buffers make the system's allocator return memory and ask for it
/// again at every batch, which is noise here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keep_memory_of_c();
    parquet_bench::cli::main()
}

/// What zstd's C code frees stays with this process, too. By glibc's default, how much of it is returned to the kernel depends on the
/// largest block that was ever freed: a process that had written files read those of zstd up to 20 % faster than one that had not.
#[cfg(target_env = "gnu")]
fn keep_memory_of_c() {
    const LARGEST_ON_THE_HEAP_BYTES: libc::c_int = 32 << 20; // more is refused
    // SAFETY: mallopt(3) takes numbers only, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST_ON_THE_HEAP_BYTES);
        if address_space_is_limited() {
            // Otherwise up to 64 MiB of it are set aside for each thread, and stacks have more need
            // of that.
            libc::mallopt(libc::M_ARENA_MAX, 1);
        }
    }
}

/// Whether there is a limit of the kind that `ulimit -v` sets.
#[cfg(target_env = "gnu")]
fn address_space_is_limited() -> bool {
    use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
    getrlimit(Resource::RLIMIT_AS).is_ok_and(|(soft, _)| soft != RLIM_INFINITY)
}

#[cfg(not(target_env = "gnu"))]
fn keep_memory_of_c() {}
