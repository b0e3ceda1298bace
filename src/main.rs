//! The `bench` program: parses, calls the library, returns the exit code.

use std::process::ExitCode;

/// DataFusion's own command line uses it too: its large buffers make the system's allocator return memory and ask for it
/// again at every batch, which is noise here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    parquet_bench::cli::main()
}
