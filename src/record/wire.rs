//! Figures of the requests of an object store, as its client saw them.

use serde::{Deserialize, Serialize};

use super::percentiles::Percentiles;

/// Requests of the executions of one iteration as they went over the network. Counts are those of
/// all executions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireFigures {
    /// HTTP requests that were sent, first attempts and later ones.
    pub attempts: u64,
    /// Bytes of all bodies that arrived, those of failed attempts included.
    pub received_bytes: u64,
    pub retries: RetryCounts,
    /// Time between failed attempts and the next ones, summed up over all requests.
    pub backoff_ns: u64,
    /// Time from an attempt to the head of its answer, within 1 %. Absent if nothing was answered.
    pub first_byte_ns: Option<Percentiles>,
    /// Time from an attempt to the end of its body, within 1 %. Absent if no body was complete.
    pub attempt_ns: Option<Percentiles>,
    /// Most attempts that were under way at once.
    pub most_in_flight: u64,
    /// Figures of each endpoint, in the order of the config. Empty if there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointFigures>,
}

impl WireFigures {
    /// Adds the counts of another host. Times are not added up.
    pub fn add_counts(&mut self, other: &WireFigures) {
        self.attempts += other.attempts;
        self.received_bytes += other.received_bytes;
        self.retries.add(&other.retries);
        self.backoff_ns += other.backoff_ns;
        self.most_in_flight += other.most_in_flight;
    }
}

/// The way in which ranges became requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestsRecord {
    /// Largest gap between two ranges of one request. Absent: each range was a request.
    pub coalesce_gap_bytes: Option<u64>,
    /// Largest size of a request. Absent if there was no limit.
    pub split_bytes: Option<u64>,
    /// Most requests at once. Absent: ten for each call of the engine.
    pub concurrency: Option<u32>,
    /// Bytes that were read at first of a file, for the sake of its footer. Absent: the engine's
    /// choice.
    pub footer_prefetch_bytes: Option<u64>,
    /// True if whole row groups were read.
    pub row_group_reads: bool,
    /// Row groups that were read ahead of the engine.
    pub prefetch_row_groups: u32,
}

/// A store behind a network that holds a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRecord {
    /// URLs of its servers, without users and passwords.
    pub endpoints: Vec<String>,
    /// Size of the parts in which the dataset's files were uploaded, if they are larger than one.
    /// Absent for files that this program did not write.
    pub part_bytes: Option<u64>,
}

/// Attempts that were made again, by the cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryCounts {
    /// Answers 503 and 429, by which a store asks for fewer requests.
    pub slow_down: u64,
    /// Other answers from 500 on, and 408.
    pub server_error: u64,
    /// Attempts without an answer, or without more of a body, for too long.
    pub timeout: u64,
    /// Connections that could not be made.
    pub connect: u64,
    /// Connections that ended before the answer was complete.
    pub reset: u64,
    /// Bodies that ended before the bytes that were asked for.
    pub short_body: u64,
    /// Answers with other bytes than those that were asked for.
    pub wrong_range: u64,
    /// Faults of other kinds.
    pub other: u64,
}

impl RetryCounts {
    /// Returns each cause in words, with its number.
    pub fn by_cause(&self) -> [(&'static str, u64); 8] {
        [
            ("slow down (503, 429)", self.slow_down),
            ("server error (5xx, 408)", self.server_error),
            ("timeout", self.timeout),
            ("no connection", self.connect),
            ("connection reset", self.reset),
            ("short body", self.short_body),
            ("wrong range", self.wrong_range),
            ("other", self.other),
        ]
    }

    pub fn total(&self) -> u64 {
        self.by_cause().iter().map(|(_, count)| count).sum()
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &RetryCounts) {
        self.slow_down += other.slow_down;
        self.server_error += other.server_error;
        self.timeout += other.timeout;
        self.connect += other.connect;
        self.reset += other.reset;
        self.short_body += other.short_body;
        self.wrong_range += other.wrong_range;
        self.other += other.other;
    }
}

/// Figures of one of several endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFigures {
    /// The endpoint's URL, without user and password.
    pub url: String,
    pub attempts: u64,
    pub received_bytes: u64,
    pub retries: u64,
    pub first_byte_ns: Option<Percentiles>,
    pub attempt_ns: Option<Percentiles>,
}
