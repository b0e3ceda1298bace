//! Plans, executes and observes one scenario on one variant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use futures::future::try_join_all;
use url::Url;

use super::error::MeasureError;
use super::execute::{Execution, execute};
use super::measurement::Measurement;
use crate::cluster::{ClusterError, Crew, Deployment};
use crate::config::{PageCache, Reader};
use crate::engine::{
    EngineError, PlannedQuery, clear_caches, memory_peak_bytes, plan, reset_memory_peak, tables_of,
};
use crate::observe::Observation;
use crate::record::{
    Cache, CacheState, EngineCache, Figures, Iteration, Kind, Lane, Status, WorkerFigures,
};
use crate::scenario::Scenario;
use crate::statistics::median;
use crate::storage::{ByteSource, Location, Store, Trace};
use crate::table::OpenTable;

/// A query faster than this is executed several times per iteration.
const SHORTEST_ITERATION: Duration = Duration::from_millis(50);
/// Most time that an iteration spends on planning its executions anew.
const MOST_PLANNING: Duration = Duration::from_secs(1);
/// Most executions of one iteration.
const MOST_EXECUTIONS: u32 = 1000;

/// Parts of a new cell.
pub struct CellParts<'a> {
    pub id: String,
    pub scenario: Arc<Scenario>,
    pub context: SessionContext,
    pub reader: Reader,
    /// All tables of the session.
    pub registered: &'a [Arc<OpenTable>],
    /// True if a cold iteration drops the page cache of the whole host.
    pub drop_caches: bool,
    /// Workers that execute the query. Absent: this process does.
    pub crew: Option<Crew>,
    /// Options of the engine, which workers are given.
    pub options: &'a [(String, String)],
    /// Time to waste in each execution, as a share of the median of those before. It serves tests
    /// of the program's sensitivity.
    pub slowdown: Option<f64>,
}

/// A scenario, bound to the session and the tables of a variant.
pub struct Cell {
    pub id: String,
    pub scenario: Arc<Scenario>,
    pub context: SessionContext,
    /// Store of the files, without layers.
    pub(super) store: Store,
    /// Files of the tables that lie on this host.
    pub(super) files: Arc<[PathBuf]>,
    /// Tables that the query scans.
    pub tables: Vec<Arc<OpenTable>>,
    pub(super) reader: Reader,
    pub(super) drop_caches: bool,
    /// Present if workers execute the query.
    pub(super) deployment: Option<Arc<Deployment>>,
    slowdown: Option<f64>,
    /// Executions per iteration.
    pub(super) executions: BTreeMap<Lane, u32>,
    pub(super) trials: BTreeMap<Lane, Trial>,
    /// Facts of trials, which the first iteration after a trial reports.
    calibrations: BTreeMap<Lane, Calibration>,
    /// Calls of an execution. Absent until one has been recorded.
    pub(super) trace: Option<Arc<Trace>>,
    /// Ranges that the lane `compute` holds in memory: those of the trace, and others that an
    /// execution in memory has asked for.
    pub(super) memory: Trace,
    /// Times of executions, without the time that was wasted on purpose.
    unspun_ns: Vec<f64>,
}

/// The place of an iteration in a run.
#[derive(Debug, Clone, Copy)]
pub struct IterationPlace {
    pub lane: Lane,
    pub kind: Kind,
    pub round: u32,
    pub position: u32,
    pub block: Option<u32>,
    pub started_offset_ns: u64,
    /// Logical bytes of the result, known from the checksummed execution.
    pub arrow_bytes: u64,
}

impl Cell {
    /// Plans the query once, and selects the tables that it scans among those registered in the
    /// session.
    pub async fn new(parts: CellParts<'_>) -> Result<(Self, PlannedQuery), MeasureError> {
        let CellParts {
            id,
            scenario,
            context,
            reader,
            registered,
            drop_caches,
            crew,
            options,
            slowdown,
        } = parts;
        let planning = match &crew {
            Some(crew) => &crew.planning(&context)?,
            None => &context,
        };
        let planned = plan(planning, &scenario.sql).await?;
        let named = tables_of(&planned.logical);
        let tables: Vec<Arc<OpenTable>> = registered
            .iter()
            .filter(|table| named.contains(&table.name))
            .cloned()
            .collect();
        let store = store_of(&tables)?;
        let places = tables.iter().flat_map(|table| &table.places);
        let files = places.filter_map(|place| place.local().map(Path::to_owned));
        // Workers bring their own caches into their states.
        let files = files.filter(|_| crew.is_none()).collect();
        let deployment = match crew {
            None => None,
            Some(crew) => {
                let physical = &planned.physical;
                let deployed = Deployment::new(crew, physical, &tables, &reader, options).await?;
                Some(Arc::new(deployed))
            }
        };
        Ok((
            Cell {
                id,
                scenario,
                context,
                store,
                files,
                tables,
                reader,
                drop_caches,
                deployment,
                slowdown,
                executions: BTreeMap::new(),
                trials: BTreeMap::new(),
                calibrations: BTreeMap::new(),
                trace: None,
                memory: Trace::default(),
                unspun_ns: Vec::new(),
            },
            planned,
        ))
    }

    /// Divides the query among the other workers, if this one is among its workers. Returns false
    /// if it is not.
    ///
    /// # Errors
    ///
    /// Nobody is left, which is the loss of this worker; or another one is lost, too.
    pub async fn go_on_without(&mut self, worker: &Url) -> Result<bool, MeasureError> {
        let Some(deployment) = self.deployment.as_ref().filter(|it| it.crew().has(worker)) else {
            return Ok(false);
        };
        let crew = deployment.crew().without(worker);
        let crew = crew.ok_or_else(|| ClusterError::Lost {
            url: worker.clone(),
            reason: "no other worker is left for these queries".to_owned(),
        })?;
        let planned = plan(&crew.planning(&self.context)?, &self.scenario.sql).await?;
        let moved = Arc::new(deployment.moved(crew));
        self.deployment = Some(Arc::clone(&moved));
        let (physical, tables, reader) = (&planned.physical, &self.tables, &self.reader);
        moved.open_all(physical, tables, reader).await?;
        Ok(true)
    }

    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Returns the store of the files, without layers.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Makes the lane `compute` hold these calls' bytes in memory.
    pub fn hold(&mut self, calls: Trace) {
        self.memory = calls;
    }

    /// Returns the files of the query's tables.
    pub fn places(&self) -> Vec<Location> {
        let places = self.tables.iter().flat_map(|table| &table.places);
        places.cloned().collect()
    }

    /// Returns the bytes of these files.
    pub fn file_bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.file_bytes).sum()
    }

    /// Returns the number of row groups of the query's tables.
    pub fn row_groups(&self) -> u64 {
        self.tables.iter().map(|table| table.row_groups).sum()
    }

    /// Makes one iteration of a lane: first the cache state, untimed, then the plan, then its
    /// executions to the last batch. Only the executions are timed, and only their bytes and CPU
    /// time are counted.
    pub async fn iterate(&mut self, probe: IterationPlace) -> Result<Iteration, MeasureError> {
        match probe.lane {
            Lane::Storage => self.replay(probe).await,
            Lane::EndToEnd => self.query(probe).await,
            Lane::Compute => {
                self.recorded().await?;
                self.query(probe).await
            }
        }
    }

    async fn query(&mut self, probe: IterationPlace) -> Result<Iteration, MeasureError> {
        let source = self.source(probe.lane).await?;
        if !self.trials.contains_key(&probe.lane) && probe.kind == Kind::Measured {
            self.calibrate(probe.lane, &source).await?;
        }
        let calibration = self.calibrations.remove(&probe.lane);
        let measurement = self.measurement(&source)?;
        let preparing = Instant::now();
        let mut watch = self.watch(&source, &measurement).await?;
        let planned = plan(&measurement.context, &self.scenario.sql).await?;
        // Time that each further execution costs on top of its own.
        let preparation = match self.prepares_each() {
            true => preparing.elapsed(),
            false => planned.elapsed,
        };
        let mut first = Some(Arc::clone(&planned.physical));
        let executions = self.executions.get(&probe.lane).copied().unwrap_or(1);
        let mut results = Results::default();
        let mut last = Arc::clone(&planned.physical);
        for execution in 0..executions {
            let plans = self.plans(&measurement, &planned, &mut first).await?;
            if execution > 0 && self.prepares_each() {
                if self.reader.engine_cache == EngineCache::Fresh {
                    clear_caches(&measurement.context);
                }
                watch.prepare().await?;
            }
            measurement.ledger.forget_touched();
            reset_memory_peak(&measurement.context);
            let start = watch.start();
            let (elapsed, found) = self.executed(&plans, &measurement).await?;
            watch.stop(&start, elapsed, self.reader.streams.0);
            results.add(&found, memory_peak_bytes(&measurement.context));
            if let Some(rows) = results.rows
                && let Some(other) = found.iter().find(|found| found.rows != rows)
                && self.scenario.nondeterministic.is_none()
            {
                return Err(MeasureError::defect(format!(
                    "two executions of one iteration gave {rows} and {} rows",
                    other.rows
                )));
            }
            if let Some(plan) = plans.into_iter().next() {
                last = plan;
            }
        }
        // The first planning of the query, and all ranges that its executions missed.
        let (planning, mut missed) = match calibration {
            Some(calibration) => (calibration.planning, calibration.missed),
            None => (planned.elapsed, Trace::default()),
        };
        missed.join(measurement.store.missed());
        let observed = watch.end().await?;
        let (scans, touched) = self.scans(&last, &observed.reports, &measurement.ledger);
        let workers = observed.workers();
        let mut iteration = self.finished(probe, observed.observation, workers);
        let first_batch = results.first_batch.map(|total| total / executions);
        iteration.figures = Figures {
            planning_ns: nanoseconds(planning),
            first_batch_ns: first_batch.map(nanoseconds),
            memory_pool_peak_bytes: match self.deployment {
                None => results.memory_pool_peak_bytes,
                Some(_) => iteration.figures.memory_pool_peak_bytes,
            },
            stream_elapsed_ns: results.stream_elapsed_ns,
            rows: results.rows.unwrap_or(0),
            arrow_bytes: probe.arrow_bytes,
            chunk_encoded_bytes: touched.encoded_bytes,
            chunk_compressed_bytes: touched.compressed_bytes,
            ..iteration.figures
        };
        iteration.scan_partitions = scans
            .iter()
            .map(|scan| scan.partition_rows.len() as u64)
            .max()
            .unwrap_or(0);
        iteration.scans = scans;
        self.remember_missed(missed, &mut iteration);
        if probe.kind == Kind::Warmup {
            let elapsed = Duration::from_nanos(iteration.figures.elapsed_ns);
            self.tried(probe.lane, Trial::new(elapsed, preparation));
        }
        Ok(iteration)
    }

    /// Returns the trial of a lane, by whose times the number of executions of an iteration is
    /// chosen. It is that of the warm-up, or else of an execution that is made now and does not
    /// count.
    pub async fn trial(&mut self, lane: Lane) -> Result<Trial, MeasureError> {
        if let Some(trial) = self.trials.get(&lane) {
            return Ok(*trial);
        }
        let trace = match lane {
            Lane::EndToEnd => None,
            Lane::Storage | Lane::Compute => Some(self.recorded().await?),
        };
        let source = self.source(lane).await?;
        match trace.filter(|_| lane == Lane::Storage) {
            Some(trace) => self.try_replay(&trace, &source).await,
            None => self.calibrate(lane, &source).await,
        }
    }

    /// Sets the number of executions of a lane's iterations from now on.
    pub fn execute_so_often(&mut self, lane: Lane, executions: u32) {
        self.executions.insert(lane, executions);
    }

    /// Keeps a trial, and sets the number of executions that suits this cell alone.
    pub(super) fn tried(&mut self, lane: Lane, trial: Trial) -> Trial {
        self.executions
            .insert(lane, Trial::executions_of_all(&[trial]));
        self.trials.insert(lane, trial);
        trial
    }

    async fn calibrate(&mut self, lane: Lane, source: &ByteSource) -> Result<Trial, MeasureError> {
        let measurement = self.measurement(source)?;
        let preparing = Instant::now();
        let watch = self.watch(source, &measurement).await?;
        let planned = plan(&measurement.context, &self.scenario.sql).await?;
        let preparation = match self.prepares_each() {
            true => preparing.elapsed(),
            false => planned.elapsed,
        };
        let mut first = Some(Arc::clone(&planned.physical));
        let plans = self.plans(&measurement, &planned, &mut first).await?;
        let (elapsed, _) = self.executed(&plans, &measurement).await?;
        watch.end().await?;
        let calibration = Calibration {
            planning: planned.elapsed,
            missed: measurement.store.missed(),
        };
        self.calibrations.insert(lane, calibration);
        Ok(self.tried(lane, Trial::new(elapsed, preparation)))
    }

    /// Makes an iteration of the observed executions.
    pub(super) fn finished(
        &self,
        probe: IterationPlace,
        observation: Observation,
        workers: Vec<WorkerFigures>,
    ) -> Iteration {
        Iteration {
            lane: probe.lane,
            round: probe.round,
            position: probe.position,
            block: probe.block,
            started_offset_ns: probe.started_offset_ns,
            kind: probe.kind,
            status: match observation.void {
                None => Status::Ok,
                Some(_) => Status::Void,
            },
            reason: observation.void,
            figures: Figures {
                streams: self.reader.streams.0,
                ..observation.figures
            },
            scan_partitions: 0,
            scans: Vec::new(),
            workers,
        }
    }

    /// Makes an iteration without figures, which an error ended.
    pub fn failed(&self, probe: IterationPlace, error: &MeasureError) -> Iteration {
        let cache = Cache {
            state: match probe.lane {
                Lane::Compute => CacheState::Memory,
                Lane::EndToEnd | Lane::Storage if self.store.is_remote() => CacheState::Remote,
                Lane::EndToEnd | Lane::Storage => self.reader.cache.state(),
            },
            resident_ratio_before: None,
            cold_evidence: None,
            engine: self.reader.engine_cache,
        };
        let failed = Iteration::failed(
            probe.lane,
            probe.kind,
            (probe.round, probe.position),
            probe.started_offset_ns,
            cache,
            error.to_string(),
        );
        Iteration {
            block: probe.block,
            ..failed
        }
    }

    /// True if each execution must find the caches in their initial state, and not only the first
    /// of an iteration.
    pub(super) fn prepares_each(&self) -> bool {
        self.reader.cache == PageCache::Cold || self.reader.engine_cache == EngineCache::Fresh
    }

    /// Returns a plan per stream, none of which has run yet.
    pub(super) async fn plans(
        &self,
        measurement: &Measurement,
        planned: &PlannedQuery,
        first: &mut Option<Arc<dyn ExecutionPlan>>,
    ) -> Result<Vec<Arc<dyn ExecutionPlan>>, MeasureError> {
        let mut plans = Vec::new();
        for _ in 0..self.reader.streams.0 {
            plans.push(match first.take() {
                Some(plan) => plan,
                None => planned.again(&measurement.context).await?,
            });
        }
        Ok(plans)
    }

    /// Executes plans at once, and returns the time until the last of them ended.
    pub(super) async fn executed(
        &mut self,
        plans: &[Arc<dyn ExecutionPlan>],
        measurement: &Measurement,
    ) -> Result<(Duration, Vec<Execution>), MeasureError> {
        let task = measurement.context.task_ctx();
        let started = Instant::now();
        let execution = async {
            match plans {
                [plan] => execute(plan, &task, None).await.map(|found| vec![found]),
                plans => try_join_all(plans.iter().map(|plan| execute(plan, &task, None))).await,
            }
        };
        let found = match &measurement.exchange {
            None => execution.await,
            Some(exchange) => exchange.execution(execution).await?,
        };
        let found = found.map_err(|error| MeasureError::execution(&error))?;
        if let Some(share) = self.slowdown {
            let elapsed = started.elapsed();
            self.unspun_ns.push(elapsed.as_nanos() as f64);
            let lost = median(&self.unspun_ns).unwrap_or(0.0) * share;
            let end = elapsed + Duration::from_nanos(lost as u64);
            while started.elapsed() < end {
                std::hint::spin_loop();
            }
            return Ok((started.elapsed(), found));
        }
        match found.as_slice() {
            [only] => Ok((only.elapsed, found)),
            _ => Ok((started.elapsed(), found)),
        }
    }

    /// Executes the query once, in the variant's cache state, and drops the result.
    pub async fn execute_once(&mut self) -> Result<(), MeasureError> {
        let source = self.source(Lane::EndToEnd).await?;
        let measurement = self.measurement(&source)?;
        self.execute_in(&source, &measurement).await
    }

    pub(super) async fn execute_in(
        &mut self,
        source: &ByteSource,
        measurement: &Measurement,
    ) -> Result<(), MeasureError> {
        let planned = plan(&measurement.context, &self.scenario.sql).await?;
        let mut first = Some(Arc::clone(&planned.physical));
        let plans = self.plans(measurement, &planned, &mut first).await?;
        let watch = self.watch(source, measurement).await?;
        self.executed(&plans, measurement).await?;
        watch.end().await.map(|_| ())
    }
}

/// Returns the store of the tables. Without tables it is the store of this host's files.
///
/// # Errors
///
/// The tables lie in several stores: a measurement has one ledger, of one store.
fn store_of(tables: &[Arc<OpenTable>]) -> Result<Store, EngineError> {
    let mut stores = tables.iter().map(|table| &table.store);
    let Some(first) = stores.next() else {
        return Ok(Store::local());
    };
    match stores.find(|store| store.url() != first.url()) {
        None => Ok(first.clone()),
        Some(other) => Err(EngineError::Planning {
            reason: format!(
                "its tables lie in several stores, {} and {}; put them into one",
                first.url(),
                other.url()
            ),
        }),
    }
}

/// Facts of an execution that does not count.
struct Calibration {
    planning: Duration,
    /// Calls that memory could not answer.
    missed: Trace,
}

/// Results of the executions of an iteration.
#[derive(Default)]
struct Results {
    /// Sum of the times to the first batch, over the executions.
    first_batch: Option<Duration>,
    /// Rows of the first execution; the others return as many.
    rows: Option<u64>,
    memory_pool_peak_bytes: Option<u64>,
    stream_elapsed_ns: Vec<u64>,
}

impl Results {
    /// Adds an execution of all streams.
    fn add(&mut self, streams: &[Execution], memory_pool_peak_bytes: Option<u64>) {
        if let Some(first) = streams.first() {
            self.rows.get_or_insert(first.rows);
        }
        if let Some(first_batch) = streams.iter().filter_map(|found| found.first_batch).min() {
            self.first_batch = Some(self.first_batch.unwrap_or_default() + first_batch);
        }
        if streams.len() > 1 {
            let elapsed = streams.iter().map(|found| nanoseconds(found.elapsed));
            self.stream_elapsed_ns.extend(elapsed);
        }
        self.memory_pool_peak_bytes = self.memory_pool_peak_bytes.max(memory_pool_peak_bytes);
    }
}

/// Times of one execution, by which the number of executions of an iteration is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    elapsed: Duration,
    /// Time that each further execution costs on top of its own.
    preparation: Duration,
}

impl Trial {
    pub(super) fn new(elapsed: Duration, preparation: Duration) -> Self {
        Trial {
            elapsed,
            preparation,
        }
    }

    /// Returns the number of executions that make an iteration long enough to be timed, without
    /// spending more than about a second on planning them. The times of one execution are the
    /// geometric means of the trials. Cells that are compared have the same number, as a mean of
    /// many skewed times differs from a mean of few.
    pub fn executions_of_all(trials: &[Trial]) -> u32 {
        let mean = |time: fn(&Trial) -> Duration| {
            let logs = trials
                .iter()
                .map(|it| (time(it).as_nanos().max(1) as f64).ln());
            (logs.sum::<f64>() / trials.len().max(1) as f64).exp()
        };
        let times = |total: Duration, one: f64| total.as_nanos() as f64 / one;
        // 50 / 25 is 2, not 2.0000000001.
        let enough = times(SHORTEST_ITERATION, mean(|it| it.elapsed)) - 1e-6;
        let most = times(MOST_PLANNING, mean(|it| it.preparation)) - 1e-6;
        (enough.min(most).ceil() as u32).clamp(1, MOST_EXECUTIONS)
    }
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the time since the start of a run, in nanoseconds.
pub fn offset_ns(started: Instant) -> u64 {
    nanoseconds(started.elapsed())
}
