//! The object store of one measurement.

use std::sync::Arc;

use object_store::ObjectStore;

use super::counting::CountingLayer;
use super::ledger::Ledger;
use crate::storage::{
    DirectLayer, Layered, MemoryLayer, RecordingLayer, Source, ThrottleLayer, Timed, Trace,
};

/// An object store built for one measurement, in layers that write to its ledger:
///
/// ```text
/// recorded        the calls, where they are to be known afterwards
/// counted         what the engine asks for
/// throttled       where the storage is to be slower
/// counted         what reaches the storage
/// direct, memory  where bytes do not come from the store itself
/// ```
#[derive(Debug)]
pub struct MeasuredStore {
    objects: Arc<dyn ObjectStore>,
    memory: Option<Arc<MemoryLayer>>,
    recording: Option<Arc<RecordingLayer>>,
}

impl MeasuredStore {
    /// Layers over a store, whose reads come from `source`.
    pub fn new(store: &Arc<dyn ObjectStore>, source: &Source, ledger: &Arc<Ledger>) -> Self {
        let store = Arc::clone(store);
        let mut memory = None;
        let storage: Arc<dyn ObjectStore> = match source {
            Source::Store | Source::Throttled(_) => store,
            Source::Direct => Layered::new(DirectLayer::new(store)),
            Source::Memory(loaded) => {
                let layer = Arc::new(MemoryLayer::new(store, Arc::clone(loaded)));
                memory = Some(Arc::clone(&layer));
                Layered::shared(layer)
            }
        };
        let counted = CountingLayer::of_storage(storage, Arc::clone(ledger));
        let mut objects = Layered::new(counted);
        if let Source::Throttled(throttle) = source {
            objects = Layered::new(ThrottleLayer::new(objects, Arc::clone(throttle)));
        }
        let counted = CountingLayer::of_engine(objects, Arc::clone(ledger));
        MeasuredStore {
            objects: Layered::new(counted),
            memory,
            recording: None,
        }
    }

    /// The same, which records the calls besides.
    #[must_use]
    pub fn recording(self) -> Self {
        let layer = Arc::new(RecordingLayer::new(self.objects));
        MeasuredStore {
            objects: Layered::shared(Arc::clone(&layer)),
            memory: self.memory,
            recording: Some(layer),
        }
    }

    /// The store that a plan binds when it is planned.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// The calls so far, which are forgotten; none where they are not recorded.
    pub fn recorded(&self) -> Trace {
        let recording = self.recording.as_ref();
        recording.map_or_else(Trace::default, |layer| layer.take())
    }

    /// The same calls by stream, as the requests that a remote object store would send, and when.
    pub fn recorded_times(&self) -> Vec<Vec<Timed>> {
        let recording = self.recording.as_ref();
        recording.map_or_else(Vec::new, |layer| layer.take_timed())
    }

    /// The calls that memory could not answer so far, which are forgotten; none of another source.
    pub fn missed(&self) -> Trace {
        let memory = self.memory.as_ref();
        memory.map_or_else(Trace::default, |layer| layer.take_missed())
    }
}
