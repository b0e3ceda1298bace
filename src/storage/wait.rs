//! Waiting for a store on a thread that may block.

use std::future::Future;

use tokio::runtime::{Handle, RuntimeFlavor};

/// Waits for a store. On a multi-threaded runtime, other threads take over the tasks of this one.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(|| handle.block_on(future))
        }
        _ => futures::executor::block_on(future),
    }
}
