//! What a query asks of its store, and when.

use serde::{Deserialize, Serialize};

/// What one execution of a query asks of its store, and when, while its bytes are in memory: what
/// it would do with a storage that answers at once, from which times on slower ones can be
/// predicted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestProfile {
    pub elapsed_ns: u64,
    /// Times of all executions that this is the median one of, in nanoseconds; empty in records of
    /// before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elapsed_of_all_ns: Vec<u64>,
    /// Tasks of the engine, each of which has one call on its way at a time, in their order.
    pub streams: Vec<Vec<StoreCall>>,
}

impl RequestProfile {
    /// Of more requests, no profile is kept or read: a record is to stay readable, and predictions
    /// quick.
    pub const MOST_REQUESTS: usize = 200_000;

    /// Requests of all calls; a call without any counts as one.
    pub fn requests(&self) -> usize {
        let calls = self.streams.iter().flatten();
        calls.map(|call| call.2.len().max(1)).sum()
    }
}

/// When a call began and was answered, in nanoseconds since the start of the execution, and the
/// bytes of its requests: ranges of one file that are less than 1 MiB apart are one request, as
/// remote object stores have it. Last, the number of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCall(pub u64, pub u64, pub Vec<u64>, #[serde(default)] pub u64);
