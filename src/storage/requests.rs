//! The layer that makes requests of the ranges that the engine asks for.
//!
//! object_store does so by itself, with a gap, a number at once and a size that cannot be chosen.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, OBJECT_STORE_COALESCE_DEFAULT, ObjectStore, Result};
use tokio::sync::Semaphore;

use super::layer::ReadLayer;
use super::layout::FileLayouts;
use crate::config::RequestSettings;

/// Largest gap between two ranges of one request in stores behind a network, in bytes, where the
/// config says nothing.
pub const USUAL_GAP_BYTES: u64 = OBJECT_STORE_COALESCE_DEFAULT;

/// Requests of one call that object stores send at once by default.
const USUAL_AT_ONCE: usize = 10;

/// The way in which the ranges of a call become requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestPlan {
    /// Largest gap between two ranges of one request, in bytes. Absent: each range is a request.
    gap_bytes: Option<u64>,
    /// Largest size of a request in bytes, if there is a limit.
    split_bytes: Option<u64>,
    /// Most requests of all calls at once, if there is a limit.
    concurrency: Option<u32>,
    whole_row_groups: bool,
}

impl RequestPlan {
    /// Returns the plan for a store behind a network, or one that is slowed down to imitate it.
    pub fn of_remote(settings: &RequestSettings) -> Self {
        RequestPlan {
            gap_bytes: Some(settings.coalesce_gap_bytes.unwrap_or(USUAL_GAP_BYTES)),
            split_bytes: settings.split_bytes,
            concurrency: settings.concurrency,
            whole_row_groups: settings.row_group_reads,
        }
    }

    /// Returns the plan for files of this host. `None` if each range is a request of its own.
    pub fn of_files(settings: &RequestSettings) -> Option<Self> {
        (!settings.are_usual()).then_some(RequestPlan {
            gap_bytes: settings.coalesce_gap_bytes,
            ..RequestPlan::of_remote(settings)
        })
    }

    /// Returns the requests for ranges of one file, in the order of their starts.
    pub fn requests(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let mut sorted = ranges.to_vec();
        sorted.sort_unstable_by_key(|range| (range.start, range.end));
        let mut requests: Vec<Range<u64>> = Vec::new();
        // Beginning of the request that grows.
        let mut grows = 0;
        for range in sorted {
            let near = |last: &Range<u64>| match self.gap_bytes {
                Some(gap) => range.start.saturating_sub(last.end) <= gap,
                None => range.start < last.end,
            };
            match requests.last_mut().filter(|last| near(last)) {
                Some(last) if range.end <= last.end => {}
                Some(last) => {
                    // A range is not cut as long as its request can end before it.
                    let fits = self
                        .split_bytes
                        .is_none_or(|most| range.end - grows <= most);
                    match fits {
                        true => last.end = range.end,
                        false => {
                            grows = range.start.max(last.end);
                            requests.push(grows..range.end);
                        }
                    }
                }
                None => {
                    grows = range.start;
                    requests.push(range);
                }
            }
        }
        match self.split_bytes {
            None => requests,
            Some(most) => requests
                .into_iter()
                .flat_map(|request| pieces(request, most))
                .collect(),
        }
    }
}

/// Cuts a request into pieces of at most this many bytes.
fn pieces(request: Range<u64>, most: u64) -> impl Iterator<Item = Range<u64>> {
    let step = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
    let starts = (request.start..request.end).step_by(step);
    starts.map(move |start| start..request.end.min(start.saturating_add(most)))
}

/// A plan for the files of one measurement.
#[derive(Debug, Clone)]
pub struct RequestPlanner {
    pub plan: RequestPlan,
    pub layouts: Arc<FileLayouts>,
}

impl RequestPlanner {
    /// Returns the requests for ranges of a file, in the order of their starts.
    pub fn requests(&self, file: &Path, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let layout = self.layouts.get(file);
        match layout.filter(|_| self.plan.whole_row_groups) {
            Some(layout) => {
                let widened = ranges.iter().map(|range| layout.row_groups_of(range));
                self.plan.requests(&widened.collect::<Vec<_>>())
            }
            None => self.plan.requests(ranges),
        }
    }
}

/// Reads the ranges of each call by the requests of a plan.
#[derive(Debug)]
pub struct RequestLayer {
    below: Arc<dyn ObjectStore>,
    planner: RequestPlanner,
    /// Permits for requests, if their number is limited.
    permits: Option<Semaphore>,
}

impl RequestLayer {
    pub fn new(below: Arc<dyn ObjectStore>, planner: RequestPlanner) -> Self {
        let permits = planner.plan.concurrency;
        RequestLayer {
            below,
            planner,
            permits: permits.map(|permits| Semaphore::new(permits as usize)),
        }
    }

    async fn request(&self, file: &Path, range: Range<u64>) -> Result<(Range<u64>, Bytes)> {
        let permit = match &self.permits {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        };
        let ranges = std::slice::from_ref(&range);
        let bytes = self.below.get_ranges(file, ranges).await?.pop();
        drop(permit);
        let bytes = bytes.unwrap_or_default();
        let wanted = range.end - range.start;
        if bytes.len() as u64 != wanted {
            return Err(Error::Generic {
                store: "LocalFileSystem",
                source: format!(
                    "{file}: asked for {wanted} bytes from {}, got {}",
                    range.start,
                    bytes.len()
                )
                .into(),
            });
        }
        Ok((range, bytes))
    }
}

#[async_trait]
impl ReadLayer for RequestLayer {
    const NAME: &'static str = "requested";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let requests = self.planner.requests(file, ranges);
        let at_once = match self.planner.plan.concurrency {
            Some(most) => most as usize,
            None => USUAL_AT_ONCE,
        };
        let read: Vec<(Range<u64>, Bytes)> = futures::stream::iter(requests)
            .map(|request| self.request(file, request))
            .buffered(at_once)
            .try_collect()
            .await?;
        Ok(ranges.iter().map(|range| part_of(&read, range)).collect())
    }
}

/// Returns the bytes of a range from the requests that cover it. They are copied only if there are
/// several.
fn part_of(read: &[(Range<u64>, Bytes)], range: &Range<u64>) -> Bytes {
    if range.is_empty() {
        return Bytes::new();
    }
    let first = read.partition_point(|(request, _)| request.end <= range.start);
    let slice = |(request, bytes): &(Range<u64>, Bytes)| {
        let start = range.start.max(request.start) - request.start;
        let end = range.end.min(request.end) - request.start;
        bytes.slice(start as usize..end as usize)
    };
    let covering = &read[first..];
    let covering = covering
        .iter()
        .take_while(|(request, _)| request.start < range.end);
    let mut parts: Vec<Bytes> = covering.map(slice).collect();
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let mut whole = BytesMut::with_capacity((range.end - range.start) as usize);
    for part in parts {
        whole.extend_from_slice(&part);
    }
    whole.freeze()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt, PutPayload, coalesce_ranges};
    use proptest::prelude::*;

    use super::*;
    use crate::storage::LayeredStore;

    fn plan(gap: u64, split: Option<u64>) -> RequestPlan {
        RequestPlan::of_remote(&RequestSettings {
            coalesce_gap_bytes: Some(gap),
            split_bytes: split,
            ..RequestSettings::default()
        })
    }

    #[test]
    fn near_ranges_are_one_request_and_large_ones_are_several() {
        let ranges = [20..30, 0..10, 3_000_000..3_000_001];
        let usual = RequestPlan::of_remote(&RequestSettings::default());
        assert_eq!(usual.requests(&ranges), [0..30, 3_000_000..3_000_001]);
        assert_eq!(plan(9, None).requests(&ranges[..2]), [0..10, 20..30]);
        assert_eq!(plan(10, None).requests(&ranges[..2]), [0..30]);
        // Between ranges, if that does.
        assert_eq!(
            plan(0, Some(10)).requests(&[0..6, 6..12, 12..15]),
            [0..6, 6..15]
        );
        assert_eq!(
            plan(0, Some(10)).requests(&[0..25]),
            [0..10, 10..20, 20..25]
        );
        assert_eq!(
            plan(0, Some(10)).requests(&[0..4, 4..30]),
            [0..4, 4..14, 14..24, 24..30]
        );
        assert_eq!(plan(0, None).requests(&[]), []);
    }

    #[test]
    fn files_of_this_host_are_asked_for_each_range_unless_requests_are_chosen() {
        assert_eq!(RequestPlan::of_files(&RequestSettings::default()), None);
        let chosen = RequestSettings {
            concurrency: Some(2),
            ..RequestSettings::default()
        };
        let plan = RequestPlan::of_files(&chosen).unwrap();
        assert_eq!(plan.requests(&[0..10, 10..20]), [0..10, 10..20]);
    }

    /// A store that gives fewer bytes than it was asked for, without an error.
    #[derive(Debug)]
    struct ShortLayer(Arc<dyn ObjectStore>);

    #[async_trait]
    impl ReadLayer for ShortLayer {
        const NAME: &'static str = "short";

        fn below(&self) -> &Arc<dyn ObjectStore> {
            &self.0
        }

        async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
            let read = self.0.get_ranges(file, ranges).await?;
            Ok(read
                .into_iter()
                .map(|bytes| bytes.slice(..bytes.len() / 2))
                .collect())
        }
    }

    #[tokio::test]
    async fn bytes_that_are_too_few_are_an_error_that_names_file_and_range() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let file = Path::from("a.parquet");
        store
            .put(&file, PutPayload::from(vec![7; 100]))
            .await
            .unwrap();
        let planner = RequestPlanner {
            plan: plan(0, None),
            layouts: Arc::default(),
        };
        let layer = RequestLayer::new(LayeredStore::over(ShortLayer(store)), planner);
        let error = layer
            .ranges(&file, &[20..60])
            .await
            .unwrap_err()
            .to_string();
        for words in ["a.parquet", "40 bytes from 20", "got 20"] {
            assert!(error.contains(words), "{error}");
        }
    }

    fn some_ranges() -> impl Strategy<Value = Vec<Range<u64>>> {
        let one = (0_u64..200_000, 1_u64..20_000).prop_map(|(start, length)| start..start + length);
        prop::collection::vec(one, 0..20)
    }

    proptest! {
        #[test]
        fn requests_are_those_that_object_stores_make_by_themselves(ranges in some_ranges(), gap in 0_u64..50_000) {
            let mut sent = Vec::new();
            let fetch = |range: Range<u64>| {
                sent.push(range.clone());
                async move { Ok::<_, Error>(Bytes::from(vec![0; (range.end - range.start) as usize])) }
            };
            let fetched = coalesce_ranges(&ranges, fetch, gap);
            futures::executor::block_on(fetched).unwrap();
            prop_assert_eq!(plan(gap, None).requests(&ranges), sent);
        }

        #[test]
        fn whatever_the_requests_are_the_bytes_are_those_of_the_ranges(
            ranges in some_ranges(),
            gap in 0_u64..50_000,
            split in prop::option::of(1000_u64..50_000),
            concurrency in prop::option::of(1_u32..5),
        ) {
            let content: Vec<u8> = (0..220_000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
            let file = Path::from("a");
            let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let settings = RequestSettings {
                coalesce_gap_bytes: Some(gap),
                split_bytes: split,
                concurrency,
                ..RequestSettings::default()
            };
            let plan = RequestPlan::of_remote(&settings);
            let requests = plan.requests(&ranges);
            prop_assert!(requests.windows(2).all(|two| two[0].end <= two[1].start));
            if let Some(split) = split {
                prop_assert!(requests.iter().all(|it| it.end - it.start <= split));
            }
            let planner = RequestPlanner { plan, layouts: Arc::default() };
            let layer = RequestLayer::new(Arc::clone(&store), planner);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(async {
                store.put(&file, PutPayload::from(content.clone())).await.unwrap();
                layer.ranges(&file, &ranges).await.unwrap()
            });
            let expected: Vec<&[u8]> =
                ranges.iter().map(|range| &content[range.start as usize..range.end as usize]).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
