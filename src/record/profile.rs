//! The requests of a query to its store, with their times.

use serde::{Deserialize, Serialize};

/// The requests of one execution of a query to its store, with their times, while its bytes are in
/// memory. This is how the query would behave on a storage that answers at once, and the base of
/// predictions for slower storages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestProfile {
    pub elapsed_ns: u64,
    /// Times of all executions, in nanoseconds, of which this one is the median. Empty in older
    /// records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elapsed_of_all_ns: Vec<u64>,
    /// Calls by stream, in their order. A stream is a task of the engine, which makes one call at a
    /// time.
    pub streams: Vec<Vec<StoreCall>>,
}

impl RequestProfile {
    /// Most requests of a profile that is kept or read. A record must stay readable, and
    /// predictions quick.
    pub const MOST_REQUESTS: usize = 200_000;

    /// Number of requests of all calls. A call without any counts as one.
    pub fn requests(&self) -> usize {
        let calls = self.streams.iter().flatten();
        calls.map(|call| call.2.len().max(1)).sum()
    }
}

/// A call: the times when it began and was answered, in nanoseconds since the start of the
/// execution; the bytes of each of its requests, where ranges of one file that are less than 1 MiB
/// apart are one request, as with remote object stores; and the number of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCall(pub u64, pub u64, pub Vec<u64>, #[serde(default)] pub u64);
