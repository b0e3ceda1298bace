//! The ledger of what goes over the network: attempts, retries and their causes, times.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::record::{EndpointFigures, RetryCounts, WireFigures};
use crate::storage::histogram::{LONGEST_NS, Spread};

tokio::task_local! {
    /// Ledger of the measurement that the current task reads for.
    static LEDGER: Arc<WireLedger>;
    /// Request of a store that the current task waits for.
    static REQUEST: Arc<WireRequest>;
}

/// Counts of the HTTP requests that one measurement causes.
#[derive(Debug, Default)]
pub struct WireLedger {
    counts: Mutex<WireCounts>,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
}

#[derive(Debug, Default)]
struct WireCounts {
    retries: RetryCounts,
    backoff: Duration,
    /// By the number of the endpoint.
    endpoints: Vec<EndpointCounts>,
    all: EndpointCounts,
}

#[derive(Debug)]
struct EndpointCounts {
    url: Arc<str>,
    attempts: u64,
    received_bytes: u64,
    retries: u64,
    first_byte_ns: Spread,
    attempt_ns: Spread,
}

impl Default for EndpointCounts {
    fn default() -> Self {
        EndpointCounts {
            url: Arc::from(""),
            attempts: 0,
            received_bytes: 0,
            retries: 0,
            first_byte_ns: Spread::up_to(LONGEST_NS),
            attempt_ns: Spread::up_to(LONGEST_NS),
        }
    }
}

impl WireLedger {
    /// Returns the figures so far. `None` if nothing went over the network.
    pub fn figures(&self) -> Option<WireFigures> {
        let counts = self.counts.lock();
        let endpoints = counts.endpoints.iter().map(|it| EndpointFigures {
            url: it.url.to_string(),
            attempts: it.attempts,
            received_bytes: it.received_bytes,
            retries: it.retries,
            first_byte_ns: it.first_byte_ns.percentiles(),
            attempt_ns: it.attempt_ns.percentiles(),
        });
        let endpoints: Vec<EndpointFigures> = endpoints.collect();
        (counts.all.attempts > 0).then(|| WireFigures {
            attempts: counts.all.attempts,
            received_bytes: counts.all.received_bytes,
            retries: counts.retries,
            backoff_ns: u64::try_from(counts.backoff.as_nanos()).unwrap_or(u64::MAX),
            first_byte_ns: counts.all.first_byte_ns.percentiles(),
            attempt_ns: counts.all.attempt_ns.percentiles(),
            most_in_flight: self.most_in_flight.load(Ordering::Relaxed),
            endpoints: match endpoints.len() {
                1 => Vec::new(),
                _ => endpoints,
            },
        })
    }

    /// Counts something in the sums and in those of an endpoint.
    fn count(&self, endpoint: &Endpoint, add: impl Fn(&mut EndpointCounts)) {
        let counts = &mut *self.counts.lock();
        add(&mut counts.all);
        while counts.endpoints.len() <= endpoint.index {
            counts.endpoints.push(EndpointCounts::default());
        }
        let own = &mut counts.endpoints[endpoint.index];
        own.url = Arc::clone(&endpoint.url);
        add(own);
    }
}

/// Makes the requests that `work` sends count in a ledger.
pub async fn counted_in<T>(ledger: Arc<WireLedger>, work: impl Future<Output = T>) -> T {
    LEDGER.scope(ledger, work).await
}

/// One of the addresses that a store is reached by.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) index: usize,
    /// Its URL, without user and password.
    pub(super) url: Arc<str>,
}

/// Cause of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    SlowDown,
    ServerError,
    Timeout,
    Connect,
    Reset,
    ShortBody,
    WrongRange,
    Other,
}

impl Fault {
    fn counter(self, retries: &mut RetryCounts) -> &mut u64 {
        match self {
            Fault::SlowDown => &mut retries.slow_down,
            Fault::ServerError => &mut retries.server_error,
            Fault::Timeout => &mut retries.timeout,
            Fault::Connect => &mut retries.connect,
            Fault::Reset => &mut retries.reset,
            Fault::ShortBody => &mut retries.short_body,
            Fault::WrongRange => &mut retries.wrong_range,
            Fault::Other => &mut retries.other,
        }
    }
}

/// A request of a store, which may take several attempts.
#[derive(Debug, Default)]
pub(super) struct WireRequest {
    ledger: Option<Arc<WireLedger>>,
    state: Mutex<RequestState>,
}

#[derive(Debug, Default)]
struct RequestState {
    attempts: u32,
    /// Cause of the last attempt's failure, and the time of it.
    failed: Option<(Fault, Instant)>,
    /// The last failure in words.
    said: Option<String>,
}

impl WireRequest {
    /// Begins a request, which counts in the ledger of the current task.
    pub(super) fn begin() -> Arc<Self> {
        Arc::new(WireRequest {
            ledger: LEDGER.try_with(Arc::clone).ok(),
            state: Mutex::default(),
        })
    }

    /// Makes the attempts that `work` sends attempts of this request.
    pub(super) async fn scope<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        REQUEST.scope(Arc::clone(self), work).await
    }

    /// Does the same for a function that polls.
    pub(super) fn sync_scope<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        REQUEST.sync_scope(Arc::clone(self), work)
    }

    /// Returns the number of attempts, and the last failure in words.
    pub(super) fn attempts(&self) -> (u32, Option<String>) {
        let state = self.state.lock();
        (state.attempts, state.said.clone())
    }
}

/// An HTTP request that is under way.
#[derive(Debug)]
pub(super) struct Attempt {
    request: Arc<WireRequest>,
    endpoint: Endpoint,
    began: Instant,
    is_in_flight: bool,
}

impl Attempt {
    /// Begins an attempt of the current task's request.
    pub(super) fn begin(endpoint: &Endpoint) -> Self {
        let request = REQUEST.try_with(Arc::clone).unwrap_or_default();
        let began = Instant::now();
        let failed = {
            let mut state = request.state.lock();
            state.attempts += 1;
            state.failed.take()
        };
        if let Some(ledger) = &request.ledger {
            if let Some((fault, at)) = failed {
                let counts = &mut *ledger.counts.lock();
                *fault.counter(&mut counts.retries) += 1;
                counts.backoff += began.saturating_duration_since(at);
            }
            ledger.count(endpoint, |it| {
                it.attempts += 1;
                it.retries += u64::from(failed.is_some());
            });
            let now = ledger.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
            ledger.most_in_flight.fetch_max(now, Ordering::Relaxed);
        }
        Attempt {
            request,
            endpoint: endpoint.clone(),
            began,
            is_in_flight: true,
        }
    }

    /// Takes the attempt out of those under way.
    pub(super) fn landed(mut self) -> Self {
        self.land();
        self
    }

    fn land(&mut self) {
        let was_in_flight = std::mem::replace(&mut self.is_in_flight, false);
        if let Some(ledger) = self.request.ledger.as_ref().filter(|_| was_in_flight) {
            ledger.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Counts the head of an answer.
    pub(super) fn answered(&self) {
        let elapsed = nanoseconds(self.began.elapsed());
        if let Some(ledger) = &self.request.ledger {
            ledger.count(&self.endpoint, |it| it.first_byte_ns.add(elapsed));
        }
    }

    /// Counts the end of a complete body.
    pub(super) fn complete(&self) {
        let elapsed = nanoseconds(self.began.elapsed());
        if let Some(ledger) = &self.request.ledger {
            ledger.count(&self.endpoint, |it| it.attempt_ns.add(elapsed));
        }
    }

    /// Counts bytes of a body.
    pub(super) fn received(&self, bytes: u64) {
        if let Some(ledger) = &self.request.ledger {
            ledger.count(&self.endpoint, |it| it.received_bytes += bytes);
        }
    }

    /// Notes that the attempt failed. If there is another attempt, it counts as a retry.
    pub(super) fn failed(&self, fault: Fault, said: String) {
        let mut state = self.request.state.lock();
        state.failed = Some((fault, Instant::now()));
        state.said = Some(said);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.land();
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
