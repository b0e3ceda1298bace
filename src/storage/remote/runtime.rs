//! The threads that move bytes over the network. They do nothing else, so that neither the times of
//! requests nor their answers wait for a thread that decodes.

use std::sync::OnceLock;

use object_store::{Error, Result};
use tokio::runtime::{Builder, Handle, Runtime};

/// Number of the threads. One moves more than 1 GB/s over loopback.
const THREADS: usize = 2;

static NETWORK: OnceLock<std::result::Result<Runtime, String>> = OnceLock::new();

/// Returns the runtime of these threads, if a store has started them.
pub(in crate::storage) fn started() -> Option<Handle> {
    let runtime = NETWORK.get()?.as_ref().ok()?;
    Some(runtime.handle().clone())
}

/// Returns the runtime of these threads, which start with the first call.
pub(super) fn handle() -> Result<Handle> {
    let runtime = NETWORK.get_or_init(|| {
        let built = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("network")
            .enable_all()
            .build();
        built.map_err(|error| error.to_string())
    });
    match runtime {
        Ok(runtime) => Ok(runtime.handle().clone()),
        Err(said) => Err(Error::Generic {
            store: "network",
            source: format!("the threads of the network cannot start: {said}").into(),
        }),
    }
}
