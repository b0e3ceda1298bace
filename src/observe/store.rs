//! The object store of one measurement.

use std::sync::Arc;

use object_store::ObjectStore;

use super::counting::CountingLayer;
use super::ledger::Ledger;
use crate::config::RequestSettings;
use crate::storage::{
    ByteSource, DirectLayer, InlineLayer, LayeredStore, MemoryLayer, PrefetchLayer, RecordingLayer,
    RequestLayer, RequestPlan, RequestPlanner, Store, ThrottleLayer, TimedCall, Trace,
};

/// An object store built for one measurement, in layers that write to its ledger:
///
/// ```text
/// recorded        the calls, if they are needed afterwards
/// counted         reads of the engine
/// prefetched      if row groups are read ahead
/// requested       if ranges are merged or split into requests
/// throttled       if the storage must be slower
/// counted         requests that reach the storage
/// direct, inline, memory  if bytes do not come from the store itself
/// ```
#[derive(Debug)]
pub struct MeasuredStore {
    objects: Arc<dyn ObjectStore>,
    memory: Option<Arc<MemoryLayer>>,
    recording: Option<Arc<RecordingLayer>>,
    /// Requests that a store behind a network gets for the ranges of a call.
    remote_plan: RequestPlan,
}

impl MeasuredStore {
    /// Builds layers over a store, whose reads come from `source` by such requests.
    pub fn new(
        store: &Store,
        source: &ByteSource,
        requests: &RequestSettings,
        ledger: &Arc<Ledger>,
    ) -> Self {
        let objects = Arc::clone(store.objects());
        let mut memory = None;
        let storage: Arc<dyn ObjectStore> = match source {
            ByteSource::Store | ByteSource::Throttled(_) => objects,
            ByteSource::Inline => LayeredStore::over(InlineLayer::new(objects)),
            ByteSource::Direct => LayeredStore::over(DirectLayer::new(objects)),
            ByteSource::Memory(loaded) => {
                let layer = Arc::new(MemoryLayer::new(objects, Arc::clone(loaded)));
                memory = Some(Arc::clone(&layer));
                LayeredStore::shared(layer)
            }
        };
        let remote_plan = RequestPlan::of_remote(requests);
        let plan = match store.is_remote() || matches!(source, ByteSource::Throttled(_)) {
            true => Some(remote_plan),
            false => RequestPlan::of_files(requests),
        };
        let planner = plan.map(|plan| RequestPlanner {
            plan,
            layouts: Arc::new(ledger.layouts()),
        });
        let in_memory = matches!(source, ByteSource::Memory(_));
        let mut counted = CountingLayer::of_storage(storage, Arc::clone(ledger), store.clone());
        if in_memory {
            // Memory has the ranges that the engine asks for, and not what lies between them.
            counted = counted.counting_by(planner.clone());
        }
        let mut objects = LayeredStore::over(counted);
        if let ByteSource::Throttled(throttle) = source {
            objects = LayeredStore::over(ThrottleLayer::new(objects, Arc::clone(throttle)));
        }
        if let Some(planner) = planner.filter(|_| !in_memory) {
            let layouts = Arc::clone(&planner.layouts);
            objects = LayeredStore::over(RequestLayer::new(objects, planner));
            let ahead = requests.prefetch_row_groups as usize;
            if ahead > 0 {
                objects = LayeredStore::over(PrefetchLayer::new(objects, ahead, layouts));
            }
        }
        let counted = CountingLayer::of_engine(objects, Arc::clone(ledger), store.clone());
        MeasuredStore {
            objects: LayeredStore::over(counted),
            memory,
            recording: None,
            remote_plan,
        }
    }

    /// Adds a layer that records the calls.
    #[must_use]
    pub fn recording(self) -> Self {
        let layer = Arc::new(RecordingLayer::new(self.objects));
        MeasuredStore {
            objects: LayeredStore::shared(Arc::clone(&layer)),
            memory: self.memory,
            recording: Some(layer),
            remote_plan: self.remote_plan,
        }
    }

    /// Returns the store that a plan is bound to when it is planned.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// Returns the calls so far, and forgets them. Empty if calls are not recorded.
    pub fn recorded(&self) -> Trace {
        let recording = self.recording.as_ref();
        recording.map_or_else(Trace::default, |layer| layer.take())
    }

    /// Returns the same calls by stream, as the requests that a remote object store would send,
    /// with their times.
    pub fn recorded_times(&self) -> Vec<Vec<TimedCall>> {
        let recording = self.recording.as_ref();
        recording.map_or_else(Vec::new, |layer| layer.take_timed(&self.remote_plan))
    }

    /// Returns the calls so far that memory could not answer, and forgets them. Empty for other
    /// sources.
    pub fn missed(&self) -> Trace {
        let memory = self.memory.as_ref();
        memory.map_or_else(Trace::default, |layer| layer.take_missed())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use std::time::Duration;

    use futures::TryStreamExt;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStoreExt, PutPayload};

    use super::*;
    use crate::observe::Counters;
    use crate::storage::{
        Call, Chunk, FileLayout, LoadedBytes, Throttle, object_path, replay_local, replay_through,
    };

    async fn store_with_file() -> (Store, Path) {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let path = Path::from("a.parquet");
        let payload = PutPayload::from(vec![7_u8; 100]);
        objects.put(&path, payload).await.unwrap();
        (Store::of("memory://test", objects).unwrap(), path)
    }

    fn measured(store: &Store, source: &ByteSource) -> (MeasuredStore, Arc<Ledger>) {
        let ledger = Arc::new(Ledger::default());
        let requests = RequestSettings::default();
        (
            MeasuredStore::new(store, source, &requests, &ledger),
            ledger,
        )
    }

    #[tokio::test]
    async fn reads_of_chunks_and_of_metadata_are_counted_on_their_way() {
        let (store, path) = store_with_file().await;
        let chunk = |range, row_group| Chunk {
            range,
            row_group,
            encoded_bytes: 1000,
            ..Chunk::default()
        };
        let layout = FileLayout {
            chunks: vec![chunk(4..20, 0), chunk(20..40, 0), chunk(50..80, 1)],
            ..FileLayout::default()
        };
        let ledger = Arc::new(Ledger::new([(path.clone(), Arc::new(layout))]));
        let measured = MeasuredStore::new(
            &store,
            &ByteSource::Store,
            &RequestSettings::default(),
            &ledger,
        );
        let objects = measured.objects();
        objects.get_ranges(&path, &[4..14, 30..40]).await.unwrap();
        objects.get_range(&path, 75..100).await.unwrap();
        // Between two row groups, where some writers put bloom filters.
        objects.get_range(&path, 41..49).await.unwrap();
        let expected = Counters {
            ranges: 4,
            data_bytes: 20,
            metadata_bytes: 33,
            requests: 4,
            metadata_requests: 2,
            requested_bytes: 53,
        };
        assert_eq!(ledger.counters(), expected);
        let touched = ledger.touched([&path].into_iter());
        assert_eq!((touched.row_groups, touched.compressed_bytes), (1, 36));
    }

    #[tokio::test]
    async fn a_replay_counts_what_the_trace_asked_for() {
        let (store, path) = store_with_file().await;
        for source in [ByteSource::Store, throttled()] {
            let (recording, read) = measured(&store, &source);
            let recording = recording.recording();
            let objects = recording.objects();
            objects.get_ranges(&path, &[10..20, 40..50]).await.unwrap();
            let trace = Arc::new(recording.recorded());
            let (again, ledger) = measured(&store, &source);
            replay_through(&trace, &store, again.objects())
                .await
                .unwrap();
            assert_eq!(ledger.counters(), read.counters());
        }
        let trace = Trace {
            files: vec![Path::from("gone")],
            streams: vec![vec![Call {
                file: 0,
                ranges: vec![(0, 1)],
            }]],
        };
        let (measured, _) = measured(&store, &ByteSource::Store);
        let replayed = replay_through(&Arc::new(trace), &store, measured.objects()).await;
        assert!(replayed.is_err());
    }

    fn throttled() -> ByteSource {
        ByteSource::Throttled(Arc::new(Throttle::new(None, Duration::ZERO)))
    }

    #[tokio::test]
    async fn memory_serves_what_was_recorded_and_says_what_it_has_not() {
        let (store, path) = store_with_file().await;
        let (recording, _) = measured(&store, &ByteSource::Store);
        let recording = recording.recording();
        let objects = recording.objects();
        objects.get_ranges(&path, &[10..20, 40..50]).await.unwrap();
        objects.get_range(&path, 60..70).await.unwrap();
        let trace = recording.recorded();
        assert_eq!((trace.ranges(), trace.bytes()), (3, 30));
        let loaded = Arc::new(LoadedBytes::of(&trace, &store).await.unwrap());
        let (memory, ledger) = measured(&store, &ByteSource::Memory(loaded));
        store.objects().delete(&path).await.unwrap();
        let read = memory.objects().get_range(&path, 61..62).await;
        assert_eq!(read.unwrap().len(), 1);
        memory.objects().get_ranges(&path, &[10..20]).await.unwrap();
        assert_eq!(memory.missed(), Trace::default());
        // Requests are counted as if they had reached the storage.
        assert_eq!(ledger.counters().requests, 2);
        let beyond = memory.objects().get_ranges(&path, &[0..5]).await;
        assert!(beyond.is_err());
        let missed = memory.missed();
        assert_eq!((missed.ranges(), missed.bytes()), (1, 5));
        assert_eq!(memory.missed(), Trace::default());
    }

    #[tokio::test]
    async fn a_slower_storage_gets_fewer_requests_than_the_engine_makes() {
        let (store, path) = store_with_file().await;
        let (slow, ledger) = measured(&store, &throttled());
        slow.objects()
            .get_ranges(&path, &[10..20, 40..50])
            .await
            .unwrap();
        let expected = Counters {
            ranges: 2,
            metadata_bytes: 20,
            requests: 1,
            metadata_requests: 1,
            requested_bytes: 40,
            ..Counters::default()
        };
        assert_eq!(ledger.counters(), expected);
    }

    #[tokio::test]
    async fn measurements_of_one_store_do_not_see_each_other() {
        let (store, path) = store_with_file().await;
        let (one, ledger) = measured(&store, &ByteSource::Store);
        let (two, other) = measured(&store, &throttled());
        let two = two.recording();
        one.objects().get_range(&path, 0..10).await.unwrap();
        two.objects().get_range(&path, 0..30).await.unwrap();
        let bytes = |ledger: &Ledger| ledger.counters().requested_bytes;
        assert_eq!((bytes(&ledger), bytes(&other)), (10, 30));
        let recorded = (one.recorded().ranges(), two.recorded().ranges());
        assert_eq!(recorded, (0, 1));
    }

    #[tokio::test]
    async fn local_files_are_replayed_whatever_their_names_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b%20c#1=2.parquet");
        std::fs::write(&file, [7; 100]).unwrap();
        let (store, path) = (Store::local(), object_path(&file).unwrap());
        let (recording, _) = measured(&store, &ByteSource::Store);
        let recording = recording.recording();
        let objects = recording.objects();
        objects.get_ranges(&path, &[10..20, 40..50]).await.unwrap();
        let trace = recording.recorded();
        let text = serde_json::to_string(&trace).unwrap();
        assert_eq!(serde_json::from_str::<Trace>(&text).unwrap(), trace);
        let trace = Arc::new(trace);
        replay_local(&trace, false).await.unwrap();
        let ledger = Ledger::default();
        ledger.replayed(&trace);
        assert_eq!(ledger.counters().requested_bytes, 20);
        std::fs::write(&file, [7; 49]).unwrap();
        let error = replay_local(&trace, false).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("a b%20c#1=2.parquet"), "{error}");
    }

    #[tokio::test]
    async fn a_read_beyond_the_end_of_a_file_is_told_with_its_name_and_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cut.parquet");
        std::fs::write(&file, [7; 100]).unwrap();
        let (store, path) = (Store::local(), object_path(&file).unwrap());
        let ranges = [10..20, 80..90];
        let (recording, _) = measured(&store, &ByteSource::Store);
        let recording = recording.recording();
        recording
            .objects()
            .get_ranges(&path, &ranges)
            .await
            .unwrap();
        let trace = Arc::new(recording.recorded());
        std::fs::write(&file, [7; 40]).unwrap();
        let mut errors = vec![
            LoadedBytes::of(&trace, &store).await.err(),
            replay_local(&trace, false).await.err(),
            replay_through(&trace, &store, measured(&store, &throttled()).0.objects())
                .await
                .err(),
            store.objects().get_ranges(&path, &ranges).await.err(),
        ];
        for source in [ByteSource::Store, ByteSource::Direct, throttled()] {
            let (measured, ledger) = measured(&store, &source);
            let objects = measured.objects();
            errors.push(objects.get_ranges(&path, &ranges).await.err());
            errors.push(objects.get_range(&path, 80..90).await.err());
            let counted = ledger.counters();
            assert_eq!((counted.ranges, ledger.calls()), (0, None));
        }
        for error in errors {
            let error = error.unwrap().to_string();
            for words in ["cut.parquet", "bytes 80 to 90", "ends after 40 bytes"] {
                assert!(error.contains(words), "{error}");
            }
        }
    }

    #[tokio::test]
    async fn writing_listing_and_asking_for_the_size_count_no_bytes() {
        let (store, path) = store_with_file().await;
        let (counted, ledger) = measured(&store, &ByteSource::Store);
        let objects = counted.objects();
        assert_eq!(objects.head(&path).await.unwrap().size, 100);
        objects.copy(&path, &Path::from("b.parquet")).await.unwrap();
        let (from, to) = (Path::from("b.parquet"), Path::from("c.parquet"));
        objects.rename(&from, &to).await.unwrap();
        let listed: Vec<_> = objects.list(None).try_collect().await.unwrap();
        assert_eq!(listed.len(), 2);
        objects.delete(&path).await.unwrap();
        assert_eq!(ledger.counters(), Counters::default());
    }

    #[tokio::test]
    async fn a_failed_read_counts_nothing() {
        let (store, _) = store_with_file().await;
        let (counted, ledger) = measured(&store, &ByteSource::Store);
        let missing = Path::from("missing");
        let read = counted.objects().get_ranges(&missing, &[0..1, 1..2]).await;
        assert!(read.is_err());
        assert_eq!(ledger.counters(), Counters::default());
    }

    #[tokio::test]
    async fn reads_without_an_end_are_refused_where_a_layer_could_not_serve_them() {
        let (store, path) = store_with_file().await;
        for (source, allowed) in [
            (ByteSource::Store, true),
            (ByteSource::Direct, false),
            (throttled(), false),
        ] {
            let (measured, _) = measured(&store, &source);
            let read = measured.objects().get(&path).await;
            assert_eq!(read.is_ok(), allowed, "{source:?}");
        }
    }
}
