//! Waiting for a store on a thread that may block.

use std::future::Future;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::remote::network;

/// Waits for a store. On a multi-threaded runtime, other threads take over the tasks of this one.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(|| handle.block_on(future))
        }
        Ok(_) => futures::executor::block_on(future),
        // A thread without a runtime. Requests over the network need the timers of one.
        Err(_) => match network() {
            Some(network) => network.block_on(future),
            None => futures::executor::block_on(future),
        },
    }
}
