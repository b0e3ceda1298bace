//! Simulates a slower storage: all requests share a bandwidth, and each has a latency. The layer
//! here reads through it.
//!
//! object_store's own throttle sleeps in each call by itself, so many calls at once are as fast as
//! many stores. Here all requests draw on one bucket.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::try_join_all;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetResult, ObjectStore, Result};
use parking_lot::Mutex;
use tokio::task::JoinError;

use super::layer::ReadLayer;
use super::system::wake_on_time;

/// Time for which a request is served before the next one has its turn.
const TURN: Duration = Duration::from_millis(1);

/// Fewest bytes of a turn, however slow the storage is.
const SMALLEST_TURN_BYTES: f64 = 16384.0;

/// Serves reads no faster than a storage of this bandwidth and latency.
#[derive(Debug)]
pub struct Throttle {
    /// Bytes per second of all requests together. Absent if there is no limit.
    bytes_per_s: Option<f64>,
    /// Time from a request to its first byte.
    latency: Duration,
    /// Time at which all requests so far are served.
    served: Mutex<Instant>,
}

impl Throttle {
    pub fn new(bytes_per_s: Option<f64>, latency: Duration) -> Self {
        Throttle {
            bytes_per_s,
            latency,
            served: Mutex::new(Instant::now()),
        }
    }

    /// Reads each range by a request of its own, all at once.
    pub(super) async fn get_ranges(
        self: &Arc<Self>,
        store: &Arc<dyn ObjectStore>,
        file: &Path,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Bytes>> {
        let ranges = ranges.iter().cloned();
        try_join_all(ranges.map(|range| self.fetch(Arc::clone(store), file.clone(), range))).await
    }

    /// Makes one request. The time of the real read is part of the simulated time.
    fn fetch(
        self: &Arc<Self>,
        store: Arc<dyn ObjectStore>,
        file: Path,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Bytes>> + Send + use<> {
        let throttle = Arc::clone(self);
        let asked = Instant::now();
        let bytes = range.end.saturating_sub(range.start) as f64;
        // A thread wakes within some microseconds of its time, the timers of tokio within 1 ms.
        let waited = tokio::task::spawn_blocking(move || throttle.wait(asked, bytes));
        async move {
            let ranges = std::slice::from_ref(&range);
            let (read, waited) = tokio::join!(store.get_ranges(&file, ranges), waited);
            waited.map_err(|source: JoinError| Error::JoinError { source })?;
            Ok(read?.pop().unwrap_or_default())
        }
    }

    /// Waits until a request made at `asked` would be answered. Requests take turns, so that
    /// simultaneous ones share the bandwidth. Each turn is planned from the time when the previous
    /// one was due, so that waking up late costs nothing.
    fn wait(&self, asked: Instant, mut bytes: f64) {
        wake_on_time();
        let mut due = asked + self.latency;
        sleep_until(due);
        let Some(bytes_per_s) = self.bytes_per_s else {
            return;
        };
        let turn = (bytes_per_s * TURN.as_secs_f64()).max(SMALLEST_TURN_BYTES);
        while bytes > 0.0 {
            let taken = bytes.min(turn);
            let time = Duration::from_secs_f64(taken / bytes_per_s);
            {
                let mut served = self.served.lock();
                due = due.max(*served) + time;
                *served = due;
            }
            sleep_until(due);
            bytes -= taken;
        }
    }
}

/// Reads no faster than a throttle allows, each range by a request of its own.
#[derive(Debug)]
pub struct ThrottleLayer {
    below: Arc<dyn ObjectStore>,
    throttle: Arc<Throttle>,
}

impl ThrottleLayer {
    pub fn new(below: Arc<dyn ObjectStore>, throttle: Arc<Throttle>) -> Self {
        ThrottleLayer { below, throttle }
    }
}

#[async_trait]
impl ReadLayer for ThrottleLayer {
    const NAME: &'static str = "throttled";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.throttle.get_ranges(&self.below, file, ranges).await
    }

    /// Refuses the read, as it would not be slowed down.
    async fn other(&self, _: &Path, _: GetOptions) -> Result<GetResult> {
        Err(Error::NotImplemented {
            operation: "throttled reads of other than bounded ranges".to_owned(),
            implementer: "ThrottleLayer".to_owned(),
        })
    }
}

fn sleep_until(due: Instant) {
    let left = due.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        std::thread::sleep(left);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt, PutPayload};

    use super::*;

    const LATENCY: Duration = Duration::from_millis(20);

    async fn throttled(bytes_per_s: Option<f64>) -> (Arc<Throttle>, Arc<dyn ObjectStore>, Path) {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let file = Path::from("a");
        let payload = PutPayload::from(vec![7_u8; 8 << 20]);
        store.put(&file, payload).await.unwrap();
        (Arc::new(Throttle::new(bytes_per_s, LATENCY)), store, file)
    }

    /// The lower bound of the time is certain on any machine. The upper one is not tested.
    #[tokio::test]
    async fn requests_at_once_share_one_bandwidth() {
        let (throttle, store, file) = throttled(Some(10e6)).await;
        let started = Instant::now();
        let range = [0..500_000];
        let (one, two) = tokio::join!(
            throttle.get_ranges(&store, &file, &range),
            throttle.get_ranges(&store, &file, &range)
        );
        assert_eq!(
            (one.unwrap()[0].len(), two.unwrap()[0].len()),
            (500_000, 500_000)
        );
        assert!(started.elapsed() >= LATENCY + Duration::from_millis(100));
    }

    #[tokio::test]
    async fn each_request_has_its_latency() {
        let (throttle, store, file) = throttled(None).await;
        let started = Instant::now();
        let read = throttle.get_ranges(&store, &file, &[0..10, 20..30]).await;
        assert_eq!(
            read.unwrap().iter().map(Bytes::len).collect::<Vec<_>>(),
            [10, 10]
        );
        assert!(started.elapsed() >= LATENCY);
    }
}
