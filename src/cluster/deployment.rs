//! One cell on workers: the files that each of them reads, and measurements of the cell.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datafusion::datasource::listing::PartitionedFile;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use futures::future::{join_all, try_join_all};
use object_store::path::Path as ObjectPath;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tokio::sync::watch;
use url::Url;

use super::channel::{KEEP_ALIVE_INTERVAL, MeasuredChannels, may_be_a_loss};
use super::error::ClusterError;
use super::message::{
    BeginRequest, EndRequest, EndedExecutions, FileShare, OpenRequest, SeenFile, TableShare,
    WorkerReport,
};
use super::placement::{is_distributed, shares};
use super::workers::Workers;
use crate::config::{Connection, Reader, ThrottleSettings};
use crate::observe::{CacheSetting, Ledger};
use crate::table::OpenTable;

const A_MOMENT: Duration = Duration::from_millis(500);

/// Workers among which a cell's queries are divided.
#[derive(Debug, Clone)]
pub struct Crew {
    pub workers: Arc<Workers>,
    /// Workers that take part, by their numbers.
    pub members: Vec<usize>,
    /// The way to stores, which workers complete from their own environment.
    pub connection: Arc<Connection>,
}

impl Crew {
    /// Makes a session whose plans show what runs on which worker. They cannot be executed.
    ///
    /// # Errors
    ///
    /// Options of the engine that exclude each other.
    pub fn planning(&self, context: &SessionContext) -> Result<SessionContext, ClusterError> {
        let channels = MeasuredChannels::new(&self.workers.channels);
        self.workers.session(context, &self.members, "", channels)
    }

    /// Returns the crew without a worker. `None` if nobody is left.
    pub fn without(&self, url: &Url) -> Option<Crew> {
        let stays = |worker: &usize| self.workers.url(*worker) != url;
        let members: Vec<usize> = self.members.iter().copied().filter(stays).collect();
        (!members.is_empty()).then(|| Crew {
            members,
            ..self.clone()
        })
    }

    pub fn has(&self, url: &Url) -> bool {
        self.members
            .iter()
            .any(|worker| self.workers.url(*worker) == url)
    }
}

/// A cell whose files its workers have opened.
#[derive(Debug)]
pub struct Deployment {
    crew: Crew,
    /// Options of the engine.
    options: Vec<(String, String)>,
    /// Number by which workers know the cell.
    session: u64,
}

impl Deployment {
    /// Lets each worker open the files that a plan gives it, and checks that they are those that
    /// this process sees.
    ///
    /// # Errors
    ///
    /// A plan that does not run on workers; a worker that does not see a file, sees another one, or
    /// may not read it.
    pub async fn new(
        crew: Crew,
        plan: &Arc<dyn ExecutionPlan>,
        tables: &[Arc<OpenTable>],
        reader: &Reader,
        options: &[(String, String)],
    ) -> Result<Self, ClusterError> {
        if !is_distributed(plan) {
            return Err(ClusterError::NotDistributed {
                what: "its plan reads no files, as footers answer it, or as it names no table; run it without --workers".to_owned(),
            });
        }
        if let Some(table) = tables.iter().find(|table| table.recounts) {
            return Err(ClusterError::NotDistributed {
                what: format!(
                    "footers of table `{}` count no rows although there are some, which readers of workers do not mend",
                    table.name
                ),
            });
        }
        let deployment = Deployment {
            session: crew.workers.number(),
            options: options.to_vec(),
            crew,
        };
        deployment.open_all(plan, tables, reader).await?;
        Ok(deployment)
    }

    /// Returns the same cell with other workers, which have opened nothing yet.
    pub fn moved(&self, crew: Crew) -> Self {
        Deployment {
            session: crew.workers.number(),
            options: self.options.clone(),
            crew,
        }
    }

    /// Lets each worker open its files.
    ///
    /// # Errors
    ///
    /// The same as those of [`Deployment::new`], for files.
    pub async fn open_all(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        tables: &[Arc<OpenTable>],
        reader: &Reader,
    ) -> Result<(), ClusterError> {
        let shares = shares(plan, self.crew.members.len());
        if shares
            .iter()
            .flatten()
            .any(|file| !file.extensions.is_empty())
        {
            return Err(ClusterError::NotDistributed {
                what: "read chosen row groups, which the engine does not send along".to_owned(),
            });
        }
        let opened = self
            .crew
            .members
            .iter()
            .zip(&shares)
            .map(|(worker, files)| {
                let shares = tables.iter().map(|table| share_of(table, files));
                self.open(*worker, shares.collect(), reader)
            });
        try_join_all(opened).await.map(|_| ())
    }

    async fn open(
        &self,
        worker: usize,
        shares: Vec<(TableShare, Vec<SeenFile>)>,
        reader: &Reader,
    ) -> Result<(), ClusterError> {
        let (tables, ours): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
        let ours: Vec<SeenFile> = ours.into_iter().flatten().collect();
        // A throttle is one for all workers, which share what it lets through.
        let throttle = reader.throttle.map(|it| ThrottleSettings {
            bytes_per_s: it
                .bytes_per_s
                .map(|bytes| (bytes / self.crew.members.len() as u64).max(1)),
            ..it
        });
        let request = OpenRequest {
            lease: self.crew.workers.lease,
            session: self.session,
            reader: Reader {
                throttle,
                ..*reader
            },
            options: self.options.clone(),
            connection: self.crew.connection.as_ref().clone(),
            rank: worker as u64,
            tables,
        };
        let theirs: Vec<SeenFile> = self
            .crew
            .workers
            .ask(worker, "/bench/open", &request)
            .await?;
        let url = self.crew.workers.url(worker);
        let files = request.tables.iter().flat_map(|table| &table.files);
        for ((ours, theirs), file) in ours.iter().zip(&theirs).zip(files) {
            if let Some(difference) = difference(ours, theirs) {
                return Err(ClusterError::OtherFile {
                    url: url.clone(),
                    file: file.location.clone(),
                    difference,
                });
            }
        }
        match theirs.len() == ours.len() {
            true => Ok(()),
            false => Err(ClusterError::Refused {
                url: url.clone(),
                reason: "its answer leaves out files".to_owned(),
                usage: false,
            }),
        }
    }

    pub fn crew(&self) -> &Crew {
        &self.crew
    }

    /// URLs of the workers that take part.
    pub fn urls(&self) -> impl Iterator<Item = &Url> {
        let members = self.crew.members.iter();
        members.map(|worker| self.crew.workers.url(*worker))
    }

    /// Options of the engine that workers have.
    pub fn options(&self) -> &[(String, String)] {
        &self.options
    }

    /// Makes a measurement, and the session whose plans belong to it.
    ///
    /// # Errors
    ///
    /// Options of the engine that exclude each other.
    pub fn measurement(
        self: &Arc<Self>,
        context: &SessionContext,
    ) -> Result<(Exchange, SessionContext), ClusterError> {
        let workers = &self.crew.workers;
        let channels = MeasuredChannels::new(&workers.channels);
        let exchange = Exchange {
            deployment: Arc::clone(self),
            number: workers.number(),
            failure: channels.failure.subscribe(),
            channels: channels.clone(),
            begun: AtomicBool::new(false),
        };
        let name = exchange.name();
        let session = workers.session(context, &self.crew.members, &name, channels)?;
        Ok((exchange, session))
    }
}

/// Returns the files of a table that are among those of a worker, and what they were when the table
/// was opened.
fn share_of(table: &OpenTable, files: &[PartitionedFile]) -> (TableShare, Vec<SeenFile>) {
    let mut share = TableShare {
        table: table.name.clone(),
        files: Vec::new(),
    };
    let mut facts = Vec::new();
    let places: HashMap<&ObjectPath, usize> = table.objects.iter().zip(0..).collect();
    // In a store behind a network, a sample was looked at, and tags stand for all.
    let ends = match table.store.is_local() {
        true => table.inputs.ends(),
        false => Vec::new(),
    };
    for file in files {
        let object = &file.object_meta;
        let Some(place) = places.get(&object.location).copied() else {
            continue;
        };
        share.files.push(FileShare {
            location: table.places[place].to_string(),
            bytes: object.size,
            modified_ns: object.last_modified.timestamp_nanos_opt().unwrap_or(0),
        });
        facts.push(SeenFile {
            bytes: object.size,
            ends: ends.get(place).copied(),
            e_tag: object.e_tag.clone(),
        });
    }
    (share, facts)
}

fn difference(ours: &SeenFile, theirs: &SeenFile) -> Option<String> {
    if ours.bytes != theirs.bytes {
        return Some(format!(
            "it has {} bytes there, and {} here",
            theirs.bytes, ours.bytes
        ));
    }
    if let Some((ours, theirs)) = ours.ends.zip(theirs.ends)
        && ours != theirs
    {
        return Some("its footer is another one".to_owned());
    }
    let tags = ours.e_tag.as_ref().zip(theirs.e_tag.as_ref());
    tags.filter(|(ours, theirs)| ours != theirs)
        .map(|(ours, theirs)| format!("its ETag is {theirs} there, and {ours} here"))
}

/// A measurement of a cell on its workers.
#[derive(Debug)]
pub struct Exchange {
    deployment: Arc<Deployment>,
    number: u64,
    channels: MeasuredChannels,
    failure: watch::Receiver<Option<String>>,
    /// True while workers know the measurement.
    begun: AtomicBool,
}

/// A measurement that fails is forgotten by its workers, which stop its queries.
impl Drop for Exchange {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !self.begun.load(Ordering::Relaxed) {
            return;
        }
        let request = EndRequest {
            ended: self.ended(0, Duration::ZERO),
            queries: 0,
        };
        let crew = self.deployment.crew.clone();
        runtime.spawn(async move {
            let members = crew.members.iter();
            let ended = members.map(|worker| {
                crew.workers
                    .ask::<WorkerReport>(*worker, "/bench/end", &request)
            });
            // Whoever is lost has forgotten it.
            let _ = join_all(ended).await;
        });
    }
}

impl Exchange {
    /// Name by which workers know the measurement.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.deployment.crew.workers.lease, self.number)
    }

    /// Lets each worker bring its caches into a state, and watch from then on.
    ///
    /// # Errors
    ///
    /// The first worker that cannot.
    pub async fn begin(&self, setting: CacheSetting) -> Result<(), ClusterError> {
        let crew = &self.deployment.crew;
        let request = BeginRequest {
            lease: crew.workers.lease,
            session: self.deployment.session,
            measurement: self.number,
            page_cache: setting.page_cache,
            engine: setting.engine,
            whole_host: setting.whole_host,
        };
        self.begun.store(true, Ordering::Relaxed);
        self.ask_all::<()>("/bench/begin", &request).await?;
        Ok(())
    }

    fn ended(&self, executions: u32, elapsed: Duration) -> EndedExecutions {
        EndedExecutions {
            lease: self.deployment.crew.workers.lease,
            measurement: self.number,
            executions,
            elapsed_ns: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
        }
    }

    /// Lets each worker bring its caches into their state once more, after so many executions.
    ///
    /// # Errors
    ///
    /// The first worker that cannot.
    pub async fn prepare(&self, executions: u32, elapsed: Duration) -> Result<(), ClusterError> {
        let ended = self.ended(executions, elapsed);
        self.ask_all::<()>("/bench/prepare", &ended).await?;
        Ok(())
    }

    /// Sends a request to all workers at once, and returns the answers in their order.
    async fn ask_all<A: DeserializeOwned>(
        &self,
        path: &str,
        request: &impl Serialize,
    ) -> Result<Vec<A>, ClusterError> {
        let crew = &self.deployment.crew;
        let members = crew.members.iter();
        let asked = members.map(|worker| crew.workers.ask::<A>(*worker, path, request));
        self.unless_lost(try_join_all(asked)).await?
    }

    /// Ends the measurement, after so many more executions, and of all its queries. Returns the
    /// reports in the order of the workers, and marks in `ledger` the chunks that they have read.
    ///
    /// # Errors
    ///
    /// A worker that is lost, or in which something panicked: rows may be missing then.
    pub async fn end(
        &self,
        executions: u32,
        elapsed: Duration,
        queries: u32,
        ledger: &Ledger,
    ) -> Result<Vec<(Url, WorkerReport)>, ClusterError> {
        let request = EndRequest {
            ended: self.ended(executions, elapsed),
            queries,
        };
        let reports = self.ask_all::<WorkerReport>("/bench/end", &request).await?;
        self.begun.store(false, Ordering::Relaxed);
        let urls = self.deployment.urls().cloned();
        let reports: Vec<(Url, WorkerReport)> = urls.zip(reports).collect();
        for (url, report) in &reports {
            if let Some(panic) = report.panics.first() {
                return Err(ClusterError::Refused {
                    url: url.clone(),
                    reason: format!("something panicked, so that rows may be missing: {panic}"),
                    usage: false,
                });
            }
            for (file, chunks) in &report.touched {
                // A name that does not parse is none that the ledger knows.
                if let Ok(file) = object_store::path::Path::parse(file) {
                    ledger.touch(&file, chunks);
                }
            }
        }
        Ok(reports)
    }

    /// Bytes of results that this process has received from workers.
    pub fn received_bytes(&self) -> u64 {
        self.channels.received.load(Ordering::Relaxed)
    }

    /// Waits for a future, but no longer than all workers are there and take their plans.
    ///
    /// # Errors
    ///
    /// A worker that is lost, or that a plan did not get to.
    pub async fn unless_lost<T>(&self, future: impl Future<Output = T>) -> Result<T, ClusterError> {
        let mut failure = self.failure.clone();
        let reason = tokio::select! {
            biased;
            lost = self.lost() => return Err(lost),
            Ok(reason) = failure.wait_for(Option::is_some) => reason.clone().unwrap_or_default(),
            done = future => return Ok(done),
        };
        Err(self
            .lost_soon()
            .await
            .unwrap_or(ClusterError::Planning { reason }))
    }

    async fn lost(&self) -> ClusterError {
        let crew = &self.deployment.crew;
        crew.workers.lost(&crew.members).await
    }

    /// Returns the worker that is found lost within a moment, which says more than what fails for
    /// it. Others may notice it before this process does.
    async fn lost_soon(&self) -> Option<ClusterError> {
        tokio::time::timeout(KEEP_ALIVE_INTERVAL + A_MOMENT, self.lost())
            .await
            .ok()
    }

    /// Waits for an execution in the same way. If it fails over a worker, the worker is given a
    /// moment to be found lost, which says more.
    ///
    /// # Errors
    ///
    /// A worker that is lost, or that a plan did not get to. The execution's own error is within.
    pub async fn execution<T>(
        &self,
        execution: impl Future<Output = Result<T, DataFusionError>>,
    ) -> Result<Result<T, DataFusionError>, ClusterError> {
        let done = self.unless_lost(execution).await?;
        if let Err(error) = &done
            && may_be_a_loss(error)
            && let Some(lost) = self.lost_soon().await
        {
            return Err(lost);
        }
        Ok(done)
    }
}
