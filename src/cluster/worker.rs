//! A worker's state: the coordinator that holds its lease, the files that it has opened for it, and
//! the measurements under way.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::DateTime;
use datafusion::prelude::SessionContext;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::channel::{Channels, MeasuredChannels};
use super::fence::Fence;
use super::generation::{Generate, GenerateRequest, generated};
use super::message::{
    BeginRequest, EndRequest, EndedExecutions, FileShare, OpenRequest, Refused, SeenFile,
    TableShare, WorkerFacts, WorkerReport,
};
use super::panics::Panics;
use super::roots::Roots;
use super::scan_node::ScanSums;
use crate::config::Reader;
use crate::engine::{measured, memory_peak_bytes, reset_memory_peak, session};
use crate::observe::{
    ByteOrigin, CacheSetting, ExecutionStart, Ledger, MeasuredStore, Watch, WatchedFiles,
    build_name, memory_bytes, reset_peak, resident_bytes, space_of_processes, system,
};
use crate::storage::{ByteSource, FileLayout, Inputs, Location, Store, Stores, hostname};
use crate::table::layouts;

/// Most cells whose files a worker holds open for one coordinator.
const MOST_SESSIONS: usize = 4096;
/// Most measurements that are under way at once. A coordinator has one at a time, and perhaps one
/// that has failed and is being forgotten.
const MOST_MEASUREMENTS: usize = 8;

/// Options of the engine that coordinators do not set.
const OF_THE_WORKER: [&str; 3] = [
    "runtime.temp_directory",
    "runtime.max_temp_directory_size",
    "runtime.memory_limit",
];

/// Settings of a worker.
#[derive(Clone)]
pub struct WorkerSettings {
    /// Places below which it reads: folders and URLs.
    pub roots: Vec<String>,
    /// Most bytes that operators of a query may hold. Absent: half of the memory of this host.
    pub memory_limit_bytes: Option<u64>,
    /// Largest message that is taken.
    pub message_bytes: usize,
    /// True if cold measurements may drop the page cache of the whole host.
    pub drop_caches: bool,
    /// Runtime of the plans. The server has another one.
    pub plans: tokio::runtime::Handle,
    /// Panics of the worker's process.
    pub panics: Panics,
    /// Writes datasets. Absent: it writes nothing.
    pub generate: Option<Generate>,
}

/// Longest time that the queries of a lease may take to end before the next lease is refused.
const LONGEST_END: Duration = Duration::from_secs(2);

type Answer<T> = Result<T, Refused>;

/// A coordinator that this worker works for.
struct Lease {
    id: u64,
    who: String,
    /// True once it was given files to write.
    writes: bool,
    /// Sessions by their readers and options.
    contexts: HashMap<String, SessionContext>,
    sessions: HashMap<u64, Arc<OpenFiles>>,
    measurements: HashMap<u64, Arc<Measuring>>,
}

/// Files of one cell, as this worker has opened them.
struct OpenFiles {
    context: SessionContext,
    reader: Reader,
    store: Store,
    /// Files of this host.
    paths: Arc<[PathBuf]>,
    bytes: u64,
    layouts: Vec<(ObjectPath, Arc<FileLayout>)>,
    names: Arc<HashSet<ObjectPath>>,
}

/// A measurement under way.
pub(super) struct Measuring {
    pub(super) context: SessionContext,
    pub(super) sums: Arc<ScanSums>,
    pub(super) channels: MeasuredChannels,
    files: u64,
    ledger: Arc<Ledger>,
    watch: tokio::sync::Mutex<Option<(Watch, ExecutionStart)>>,
    panics_before: usize,
}

/// State of a worker.
pub(super) struct Worker {
    settings: WorkerSettings,
    roots: Roots,
    facts: WorkerFacts,
    channels: Arc<Channels>,
    lease: Mutex<Option<Lease>>,
    /// Scans of queries that have not ended although their lease has, with their coordinators.
    left: Mutex<Vec<(Arc<ScanSums>, String)>>,
}

impl Worker {
    pub(super) fn new(
        settings: WorkerSettings,
        channels: Arc<Channels>,
    ) -> Result<Self, super::error::ClusterError> {
        let roots = Roots::of(&settings.roots)?;
        let (total, _) = memory_bytes();
        let limit = settings.memory_limit_bytes.unwrap_or(total / 2);
        Ok(Worker {
            facts: WorkerFacts {
                build: build_name(),
                instance: getrandom::u64().unwrap_or_default(),
                host: hostname(),
                pid: std::process::id(),
                processes: space_of_processes(),
                system: system(&roots.folders(), crate::observe::build()),
                roots: roots.texts(),
                memory_limit_bytes: limit,
            },
            settings,
            roots,
            channels,
            lease: Mutex::new(None),
            left: Mutex::default(),
        })
    }

    pub(super) fn facts(&self) -> &WorkerFacts {
        &self.facts
    }

    pub(super) fn settings(&self) -> &WorkerSettings {
        &self.settings
    }

    /// Begins a job that writes, and returns its lines as they come.
    pub(super) fn generate(
        &self,
        request: GenerateRequest,
    ) -> Answer<mpsc::UnboundedReceiver<Bytes>> {
        self.with_lease(request.lease, |held| match held.writes {
            true => Err(Refused::usage("it writes already")),
            false => {
                held.writes = true;
                Ok(())
            }
        })?;
        let Some(generate) = &self.settings.generate else {
            return Err(Refused::usage(
                "it writes nothing; `bench worker --generate` starts one that writes datasets below its roots",
            ));
        };
        generated(Arc::clone(generate), self.roots.clone(), request.job).map_err(Refused::failed)
    }

    /// Gives the worker to a coordinator, if no other one has it.
    pub(super) fn take(&self, id: u64, who: &str) -> Answer<()> {
        let mut lease = self.lease.lock();
        if let Some(held) = lease.as_ref() {
            return Err(Refused::usage(format!(
                "it works for {}, and two coordinators would measure each other; wait until that one has ended, or start another worker",
                held.who
            )));
        }
        *lease = Some(Lease {
            id,
            who: who.to_owned(),
            writes: false,
            contexts: HashMap::new(),
            sessions: HashMap::new(),
            measurements: HashMap::new(),
        });
        Ok(())
    }

    /// Waits until no query computes whose coordinator is gone, which would disturb the next one.
    pub(super) async fn idle(&self) -> Answer<()> {
        let began = Instant::now();
        loop {
            let who = {
                let mut left = self.left.lock();
                left.retain(|(sums, _)| sums.is_running());
                left.first().map(|(_, who)| who.clone())
            };
            match who {
                None => return Ok(()),
                Some(who) if began.elapsed() > LONGEST_END => {
                    return Err(Refused::usage(format!(
                        "it still computes a query of {who}, whose coordinator is gone; wait until the query has ended, or start the worker anew"
                    )));
                }
                Some(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Ends a lease, with everything that was opened under it.
    pub(super) fn release(&self, id: u64) {
        let mut lease = self.lease.lock();
        if let Some(held) = lease.take_if(|held| held.id == id) {
            // Queries may still run, whose coordinator is gone.
            held.measurements.values().for_each(|it| it.sums.stop());
            let sums = held.measurements.values().map(|it| Arc::clone(&it.sums));
            let left = sums.map(|sums| (sums, held.who.clone()));
            self.left.lock().extend(left);
        }
    }

    /// Names the coordinator that holds a lease.
    pub(super) fn who(&self, id: u64) -> String {
        let who = self.with_lease(id, |held| Ok(held.who.clone()));
        who.unwrap_or_else(|_| "somebody without a lease".to_owned())
    }

    fn with_lease<T>(&self, id: u64, work: impl FnOnce(&mut Lease) -> Answer<T>) -> Answer<T> {
        let mut lease = self.lease.lock();
        match lease.as_mut().filter(|held| held.id == id) {
            Some(held) => work(held),
            None => Err(Refused::failed("it does not work for this coordinator")),
        }
    }

    /// Opens files for a cell, and returns what they are, in the order of the request.
    pub(super) async fn open(&self, request: OpenRequest) -> Answer<Vec<SeenFile>> {
        let OpenRequest {
            lease,
            session: id,
            mut reader,
            options,
            connection,
            rank,
            tables,
        } = request;
        self.with_lease(lease, |held| match held.sessions.len() {
            MOST_SESSIONS.. => Err(Refused::usage(format!(
                "it holds the files of {MOST_SESSIONS} cells, and takes no more"
            ))),
            _ => Ok(()),
        })?;
        if [reader.batch_size, reader.read_threads].contains(&Some(0)) {
            return Err(Refused::usage("a batch has rows, and a reader threads"));
        }
        let limit = self.facts.memory_limit_bytes;
        reader.memory_limit_bytes = Some(match reader.memory_limit_bytes {
            Some(bytes) => bytes.min(limit),
            None => limit,
        });
        let forbidden = options
            .iter()
            .find(|(name, _)| OF_THE_WORKER.contains(&name.as_str()));
        if let Some((name, _)) = forbidden {
            return Err(Refused::usage(format!(
                "datafusion.{name} is for the worker to decide: it writes no temporary files, and has --memory-limit and \
                 measure.memory_limit"
            )));
        }
        let context = self.context(lease, &reader, &options).await?;
        let stores = Stores::reached_by(&connection, rank);
        let mut facts = Vec::new();
        let mut opened = OpenFiles {
            context,
            reader,
            store: Store::local(),
            paths: Arc::from([]),
            bytes: 0,
            layouts: Vec::new(),
            names: Arc::default(),
        };
        let mut paths = Vec::new();
        for TableShare { table, files } in tables {
            let places = self.places(&stores, files.clone()).await?;
            let found = facts_of(places.clone()).await?;
            let objects: Vec<(ObjectMeta, Location)> = files
                .iter()
                .zip(places)
                .map(|(file, place)| Ok((object_of(file, &place)?, place)))
                .collect::<Answer<_>>()?;
            // Files that are not those of the coordinator are not opened: it will say so.
            let same = files
                .iter()
                .zip(&found)
                .all(|(file, found)| file.bytes == found.bytes);
            facts.extend(found);
            let Some((_, first)) = objects.first().filter(|_| same) else {
                continue;
            };
            if !opened.layouts.is_empty() && opened.store.url() != first.store().url() {
                return Err(Refused::usage(format!(
                    "its tables lie in several stores, {} and {}",
                    opened.store.url(),
                    first.store().url()
                )));
            }
            opened.store = first.store().clone();
            let found = layouts(&opened.context, &opened.store, &table, &objects)
                .await
                .map_err(|error| Refused::usage(error.to_string()))?;
            for ((object, place), layout) in objects.into_iter().zip(found) {
                paths.extend(place.local().map(PathBuf::from));
                opened.bytes += object.size;
                opened.layouts.push((object.location, layout));
            }
        }
        opened.paths = paths.into();
        opened.names = Arc::new(opened.layouts.iter().map(|it| it.0.clone()).collect());
        self.with_lease(lease, |held| {
            held.sessions.insert(id, Arc::new(opened));
            Ok(())
        })?;
        Ok(facts)
    }

    /// Returns the session of a reader and its options, whose caches all cells with the same ones
    /// share, as they do on one host.
    async fn context(
        &self,
        lease: u64,
        reader: &Reader,
        options: &[(String, String)],
    ) -> Answer<SessionContext> {
        let key = serde_json::to_string(&(reader, options)).map_err(Refused::failed)?;
        let known = self.with_lease(lease, |held| Ok(held.contexts.get(&key).cloned()))?;
        if let Some(known) = known {
            return Ok(known);
        }
        let context = session(reader, options)
            .await
            .map_err(|error| Refused::usage(error.to_string()))?;
        self.with_lease(lease, |held| {
            Ok(held.contexts.entry(key).or_insert(context).clone())
        })
    }

    /// Resolves locations, and refuses those outside of the roots, whatever links they lead
    /// through.
    async fn places(&self, stores: &Stores, files: Vec<FileShare>) -> Answer<Vec<Location>> {
        let (stores, roots) = (stores.clone(), self.roots.clone());
        let resolve = move || {
            let resolved = files.into_iter().map(|file| {
                let place = stores
                    .location(&file.location)
                    .map_err(|error| Refused::usage(error.to_string()))?;
                // What is not there is not outside, and says so itself.
                roots.check(&place).map_err(Refused::usage)?;
                let is_other = place
                    .local()
                    .and_then(|path| path.metadata().ok())
                    .is_some_and(|found| !found.is_file());
                match is_other {
                    true => Err(Refused::usage(format!("{place} is no file"))),
                    false => Ok(place),
                }
            });
            resolved.collect()
        };
        blocking(resolve).await?
    }

    /// Brings the caches into a state, and watches executions from then on.
    pub(super) async fn begin(&self, request: BeginRequest) -> Answer<()> {
        if request.whole_host && !self.settings.drop_caches {
            return Err(Refused::usage(
                "measure.drop_caches: its host's page cache is not dropped; `bench worker --drop-caches` allows it",
            ));
        }
        let files = self.with_lease(request.lease, |held| {
            if held.measurements.len() >= MOST_MEASUREMENTS {
                return Err(Refused::usage(format!(
                    "{MOST_MEASUREMENTS} measurements are under way, and it takes no more"
                )));
            }
            held.sessions
                .get(&request.session)
                .cloned()
                .ok_or_else(|| Refused::failed("it has not opened these files"))
        })?;
        let ledger = Arc::new(Ledger::new(files.layouts.iter().cloned()));
        let remote = files.store.is_remote();
        let source = ByteSource::of_query(&files.reader, remote);
        let store = MeasuredStore::new(&files.store, &source, &files.reader.requests, &ledger);
        let sums = Arc::<ScanSums>::default();
        let (objects, names) = (Arc::clone(store.objects()), Arc::clone(&files.names));
        let fenced = Fence::around(objects, names, Arc::clone(&sums));
        let fenced: Arc<dyn ObjectStore> = Arc::new(fenced);
        let context = measured(&files.context, &files.reader, files.store.url(), &fenced)
            .map_err(Refused::failed)?;
        let context = super::placement::without_files(&context).map_err(Refused::failed)?;
        let setting = CacheSetting {
            page_cache: request.page_cache,
            engine: request.engine,
            whole_host: request.whole_host,
            origin: match remote {
                true => ByteOrigin::Network,
                false => ByteOrigin::Files,
            },
        };
        let watched = WatchedFiles {
            paths: Arc::clone(&files.paths),
            bytes: files.bytes,
        };
        let watch = Watch::begin(watched, setting, Arc::clone(&ledger))
            .await
            .map_err(Refused::failed)?;
        reset_memory_peak(&context);
        reset_peak();
        let start = watch.start();
        let measuring = Arc::new(Measuring {
            context,
            sums,
            channels: MeasuredChannels::new(&self.channels),
            files: files.names.len() as u64,
            ledger,
            watch: tokio::sync::Mutex::new(Some((watch, start))),
            panics_before: self.settings.panics.count(),
        });
        self.with_lease(request.lease, |held| {
            held.measurements.insert(request.measurement, measuring);
            Ok(())
        })
    }

    /// Returns the measurement that a header names, if it is under way.
    pub(super) fn measuring(&self, named: &str) -> Option<Arc<Measuring>> {
        let (lease, measurement) = named.split_once('-')?;
        let (lease, measurement) = (lease.parse().ok()?, measurement.parse().ok()?);
        let found = self.with_lease(lease, |held| {
            Ok(held.measurements.get(&measurement).map(Arc::clone))
        });
        found.ok().flatten()
    }

    fn under_way(&self, ended: &EndedExecutions) -> Answer<Arc<Measuring>> {
        self.with_lease(ended.lease, |held| {
            let found = held.measurements.get(&ended.measurement);
            found
                .cloned()
                .ok_or_else(|| Refused::failed("no such measurement is under way"))
        })
    }

    /// Brings the caches into their state once more.
    pub(super) async fn prepare(&self, ended: EndedExecutions) -> Answer<()> {
        let measuring = self.under_way(&ended)?;
        let mut watch = measuring.watch.lock().await;
        let Some((watch, start)) = watch.as_mut() else {
            return Err(Refused::failed("the measurement has ended"));
        };
        watch.stop_several(
            start,
            Duration::from_nanos(ended.elapsed_ns),
            ended.executions,
        );
        let clear = watch.setting().engine == crate::record::EngineCache::Fresh;
        if clear {
            crate::engine::clear_caches(&measuring.context);
        }
        watch.prepare().await.map_err(Refused::failed)?;
        *start = watch.start();
        Ok(())
    }

    /// Ends a measurement, and returns what it took.
    pub(super) async fn end(&self, request: EndRequest) -> Answer<WorkerReport> {
        let ended = request.ended;
        let measuring = self.with_lease(ended.lease, |held| {
            let found = held.measurements.remove(&ended.measurement);
            found.ok_or_else(|| Refused::failed("no such measurement is under way"))
        })?;
        if ended.executions == 0 {
            // It has failed, and its queries may still run.
            measuring.sums.stop();
        }
        let Some((mut watch, start)) = measuring.watch.lock().await.take() else {
            return Err(Refused::failed("the measurement has ended"));
        };
        watch.stop_several(
            &start,
            Duration::from_nanos(ended.elapsed_ns),
            ended.executions,
        );
        let executions = u64::from(watch.executions().max(1));
        let busy = measuring.sums.busy() / watch.executions().max(1);
        let touched = measuring.ledger.touched_chunks();
        let mut report = WorkerReport {
            figures: Default::default(),
            void: None,
            files: measuring.files,
            busy_ns: u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX),
            resident_peak_bytes: resident_bytes().map(|(_, peak)| peak),
            scans: measuring.sums.finish(request.queries),
            touched: touched
                .into_iter()
                .map(|(file, chunks)| (String::from(file), chunks))
                .collect(),
            panics: self.settings.panics.since(measuring.panics_before),
        };
        let parts = measuring.ledger.touched(measuring.ledger.files());
        let observation = watch.end();
        let received = &measuring.channels.received;
        let received = received.load(std::sync::atomic::Ordering::Relaxed);
        report.figures = crate::record::Figures {
            memory_pool_peak_bytes: memory_peak_bytes(&measuring.context),
            chunk_encoded_bytes: parts.encoded_bytes,
            chunk_compressed_bytes: parts.compressed_bytes,
            exchanged_bytes: Some(received / executions),
            ..observation.figures
        };
        report.void = observation.void;
        Ok(report)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Refused::failed)
}

/// Looks at files, in their order.
async fn facts_of(places: Vec<Location>) -> Answer<Vec<SeenFile>> {
    blocking(move || {
        let facts = places.iter().map(|place| {
            let failed = |error: String| Refused::usage(format!("{place}: {error}"));
            let found = place.head().map_err(|error| failed(error.to_string()))?;
            let found = found.ok_or_else(|| failed("it is not there".to_owned()))?;
            let ends = match place.local() {
                None => None,
                Some(_) => {
                    let looked = Inputs::of([place]).map_err(|error| failed(error.to_string()))?;
                    looked.ends().first().copied()
                }
            };
            Ok(SeenFile {
                bytes: found.size,
                ends,
                e_tag: found.e_tag.filter(|_| place.local().is_none()),
            })
        });
        facts.collect()
    })
    .await?
}

/// A file as the coordinator's plans describe it: caches of footers are valid by size and time.
fn object_of(file: &FileShare, place: &Location) -> Answer<ObjectMeta> {
    Ok(ObjectMeta {
        location: place
            .object()
            .map_err(|error| Refused::usage(error.to_string()))?,
        last_modified: DateTime::from_timestamp_nanos(file.modified_ns),
        size: file.bytes,
        e_tag: None,
        version: None,
    })
}
