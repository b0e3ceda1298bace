//! Things that the distributed engine does in silence, each with the mend that makes an error of
//! it. Worker and coordinator share the process of the test.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use axum::Router;
use axum::routing::post;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::config::ConfigOptions;
use datafusion::datasource::physical_plan::parquet::ParquetAccessPlan;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, collect, execute_stream,
    replace_children_if_necessary,
};
use datafusion::prelude::SessionContext;
use datafusion_distributed::{
    DistributedExec, DistributedLeafExec, ExecuteTaskRequest, MaybeEncoded, ProducerHead,
    SetPlanRequest, TaskKey, get_distributed_channel_resolver,
};
use futures::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::message::MEASUREMENT;
use super::*;
use crate::config::{Connection, Reader};
use crate::engine::{measured, session};
use crate::observe::{ByteOrigin, CacheSetting, Ledger, MeasuredStore};
use crate::storage::{ByteSource, Stores};
use crate::table::{OpenTable, discover, open};

const FILES: i64 = 4;
const ROWS_PER_FILE: i64 = 1000;

fn write_file(file: &Path, from: i64) {
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
    let ids = Int64Array::from_iter_values(from..from + ROWS_PER_FILE);
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids)]).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(100))
        .build();
    let file = std::fs::File::create(file).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

async fn worker(roots: &Path, panics: &Panics) -> String {
    let settings = WorkerSettings {
        roots: vec![roots.display().to_string()],
        memory_limit_bytes: Some(1 << 30),
        message_bytes: 1 << 20,
        drop_caches: false,
        panics: panics.clone(),
        generate: None,
        plans: tokio::runtime::Handle::current(),
    };
    let address = "127.0.0.1:0".parse().unwrap();
    let log: Log = Arc::new(|_| {});
    let security = ClientSecurity::default();
    let worker = ListeningWorker::bind(address, settings, security, None, log);
    let worker = worker.await.unwrap();
    let url = worker.url();
    tokio::spawn(worker.serve());
    url
}

async fn connect(urls: &[String]) -> Result<Workers, ClusterError> {
    Workers::connect(urls, ClientSecurity::default(), "a test").await
}

/// A table of four files, and workers that have opened it.
struct Fixture {
    folder: TempDir,
    context: SessionContext,
    reader: Reader,
    table: Arc<OpenTable>,
    deployment: Arc<Deployment>,
    /// Panics of the workers, as tests have them.
    panics: Panics,
}

impl Fixture {
    async fn with(workers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in 0..FILES {
            let name = folder.path().join(format!("{file}.parquet"));
            write_file(&name, file * ROWS_PER_FILE);
        }
        let reader = Reader {
            read_threads: Some(2),
            ..Reader::default()
        };
        let context = session(&reader, &[]).await.unwrap();
        let location = folder.path().display().to_string();
        let files = discover(&Stores::default(), "t", &location).await.unwrap();
        let table = Arc::new(open(&context, &files, None, false).await.unwrap());
        let provider = Arc::clone(&table.provider);
        context.register_table("t", provider).unwrap();
        let (panics, mut urls) = (Panics::default(), Vec::new());
        for _ in 0..workers {
            urls.push(worker(folder.path(), &panics).await);
        }
        let crew = Crew {
            workers: Arc::new(connect(&urls).await.unwrap()),
            members: (0..workers).collect(),
            connection: Arc::new(Connection::default()),
        };
        let planning = crew.planning(&context).unwrap();
        let plan = planned(&planning, "SELECT id FROM t").await;
        let tables = [Arc::clone(&table)];
        let deployed = Deployment::new(crew, &plan, &tables, &reader, &[]).await;
        Fixture {
            folder,
            context,
            reader,
            table,
            deployment: Arc::new(deployed.unwrap()),
            panics,
        }
    }

    /// Begins a measurement on the workers.
    async fn begin(&self) -> (Exchange, SessionContext) {
        let ledger = Arc::new(Ledger::default());
        let store = MeasuredStore::new(
            &self.table.store,
            &ByteSource::Store,
            &self.reader.requests,
            &ledger,
        );
        let url = self.table.store.url();
        let context = measured(&self.context, &self.reader, url, store.objects()).unwrap();
        let (exchange, session) = self.deployment.measurement(&context).unwrap();
        let setting = CacheSetting {
            page_cache: self.reader.cache,
            engine: self.reader.engine_cache,
            whole_host: false,
            origin: ByteOrigin::Network,
        };
        exchange.begin(setting).await.unwrap();
        // The coordinator itself reads nothing.
        assert_eq!(ledger.counters().requests, 0);
        (exchange, session)
    }

    async fn end(&self, exchange: &Exchange) -> Result<(), ClusterError> {
        let ledger = Ledger::default();
        let ended = exchange.end(1, Duration::ZERO, 1, &ledger).await;
        ended.map(|_| ())
    }
}

async fn planned(context: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
    let frame = context.sql(sql).await.unwrap();
    frame.create_physical_plan().await.unwrap()
}

async fn rows(context: &SessionContext, sql: &str) -> Result<usize> {
    let plan = planned(context, sql).await;
    let batches = collect(plan, context.task_ctx()).await?;
    Ok(batches.iter().map(RecordBatch::num_rows).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_all_workers_arrive() {
    let fixture = Fixture::with(2).await;
    let (exchange, session) = fixture.begin().await;
    let found = exchange.unless_lost(rows(&session, "SELECT id FROM t"));
    assert_eq!(found.await.unwrap().unwrap() as i64, FILES * ROWS_PER_FILE);
    fixture.end(&exchange).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_worker_gets_the_plan_and_the_coordinator_none() {
    let fixture = Fixture::with(1).await;
    let (exchange, session) = fixture.begin().await;
    let plan = planned(&session, "SELECT id FROM t WHERE id > 10").await;
    assert_eq!(plan.name(), "DistributedExec");
    let rows = rows(&session, "SELECT id FROM t WHERE id > 10").await;
    assert_eq!(rows.unwrap() as i64, FILES * ROWS_PER_FILE - 11);
    fixture.end(&exchange).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_anywhere_in_a_worker_voids_what_it_sent() {
    let fixture = Fixture::with(1).await;
    let (exchange, _) = fixture.begin().await;
    fixture.panics.add("planted in a test".to_owned());
    let error = fixture.end(&exchange).await.unwrap_err().to_string();
    for words in ["worker http://", "panicked", "planted in a test"] {
        assert!(error.contains(words), "{error}");
    }
}

/// A scan whose stream panics after its first batch.
#[derive(Debug)]
struct PanickingScan(Arc<dyn ExecutionPlan>);

impl DisplayAs for PanickingScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PanickingScan")
    }
}

impl ExecutionPlan for PanickingScan {
    fn name(&self) -> &str {
        "PanickingScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.0.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let stream = self.0.execute(partition, context)?;
        let schema = stream.schema();
        let mut seen = 0;
        let stream = stream.map(move |batch| {
            seen += 1;
            assert!(seen < 2, "planted in a scan");
            batch
        });
        let adapter = datafusion::physical_plan::stream::RecordBatchStreamAdapter::new;
        Ok(Box::pin(adapter(schema, stream)))
    }
}

#[tokio::test]
async fn a_scan_that_panics_is_an_error_of_the_query_and_not_its_end() {
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("0.parquet"), 0);
    let reader = Reader {
        batch_size: Some(10),
        ..Reader::default()
    };
    let context = session(&reader, &[]).await.unwrap();
    let location = folder.path().display().to_string();
    let files = discover(&Stores::default(), "t", &location).await.unwrap();
    let table = open(&context, &files, None, false).await.unwrap();
    context.register_table("t", table.provider).unwrap();
    let scan = planned(&context, "SELECT id FROM t").await;
    let observed = scan_node::ObserveScans
        .optimize(scan, &ConfigOptions::default())
        .unwrap();
    // A file is one partition, over which stands the place where workers' are merged.
    let node = Arc::clone(observed.children()[0]);
    assert_eq!(
        (observed.name(), node.name()),
        ("CoalescePartitionsExec", "ScanNode")
    );
    let scan = Arc::clone(node.children()[0]);
    let panicking: Arc<dyn ExecutionPlan> = Arc::new(PanickingScan(scan));
    let observed = replace_children_if_necessary(node, vec![panicking]).unwrap();
    let stream = execute_stream(observed, context.task_ctx()).unwrap();
    let found: Vec<Result<RecordBatch>> = stream.collect().await;
    let error = found.last().unwrap().as_ref().unwrap_err().to_string();
    assert!(
        error.contains("a scan panicked: planted in a scan"),
        "{error}"
    );
}

/// Puts a node into plans that workers have no codec for.
#[derive(Debug)]
struct AddUnknown;

impl PhysicalOptimizerRule for AddUnknown {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        use datafusion::common::tree_node::{Transformed, TransformedResult};
        plan.transform_up(|node| match node.name() {
            "DataSourceExec" => {
                let unknown = Unknown(Arc::clone(&node));
                Ok(Transformed::yes(Arc::new(unknown) as Arc<dyn ExecutionPlan>))
            }
            _ => Ok(Transformed::no(node)),
        })
        .data()
    }

    fn name(&self) -> &str {
        "add_unknown"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Unknown(Arc<dyn ExecutionPlan>);

impl DisplayAs for Unknown {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unknown")
    }
}

impl ExecutionPlan for Unknown {
    fn name(&self) -> &str {
        "Unknown"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.0.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.0]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Unknown(Arc::clone(&children[0]))))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.0.execute(partition, context)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_cannot_be_sent_is_an_error_at_once_that_says_why() {
    let fixture = Fixture::with(2).await;
    let (exchange, session) = fixture.begin().await;
    let state = SessionStateBuilder::new_from_existing(session.state())
        .with_physical_optimizer_rule(Arc::new(AddUnknown));
    let session = SessionContext::new_with_state(state.build());
    let began = Instant::now();
    let failed = exchange.unless_lost(rows(&session, "SELECT id FROM t"));
    let error = failed.await.unwrap_err().to_string();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    for words in ["worker http://", "takes no plan", "no plan node Unknown"] {
        assert!(error.contains(words), "{error}");
    }
}

/// Sends a plan to the worker of a fixture by hand, and returns what comes of it.
async fn sent_by_hand(
    fixture: &Fixture,
    session: &SessionContext,
    plan: Arc<dyn ExecutionPlan>,
    measurement: &str,
) -> Result<Vec<RecordBatch>> {
    let context = session.task_ctx();
    let url = fixture.deployment.urls().next().unwrap().clone();
    let resolver = get_distributed_channel_resolver(context.as_ref());
    let mut client = resolver.get_worker_client_for_url(&url).await?;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let query = format!(
        "00000000-0000-4000-8000-{:012}",
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let key = || TaskKey {
        query_id: query.parse().unwrap(),
        stage_id: 1,
        task_number: 0,
    };
    let request = SetPlanRequest {
        task_key: key(),
        task_count: 1,
        plan: MaybeEncoded::Decoded(plan),
        work_unit_feed_declarations: Vec::new(),
        target_worker_url: url,
        query_start_time_ns: 1,
    };
    let mut headers = HeaderMap::new();
    headers.insert(MEASUREMENT, HeaderValue::from_str(measurement).unwrap());
    let messages = futures::stream::pending().boxed();
    let _channel = client
        .coordinator_channel(
            headers.clone(),
            request,
            messages,
            Default::default(),
            &context,
        )
        .await?;
    let request = ExecuteTaskRequest {
        task_key: key(),
        target_partition_start: 0,
        target_partition_end: 1,
        producer_head: ProducerHead::None,
    };
    let streams = client
        .execute_task(headers, request, Default::default(), &context)
        .await?;
    let mut found = Vec::new();
    for stream in streams {
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        found.extend(batches);
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_writes_or_that_reads_something_else_is_refused() {
    let fixture = Fixture::with(1).await;
    let (exchange, session) = fixture.begin().await;
    let here = SessionContext::new();
    let target = fixture.folder.path().join("written.parquet");
    let sql = format!(
        "COPY (SELECT 1 AS a) TO '{}' STORED AS PARQUET",
        target.display()
    );
    let writing = planned(&here, &sql).await;
    // Not below the root; and below it, but no file of the measurement.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut others = Vec::new();
    for folder in [elsewhere.path(), fixture.folder.path()] {
        let file = folder.join("other.parquet");
        write_file(&file, 0);
        let name = format!("other_{}", others.len());
        let options = Default::default();
        here.register_parquet(&name, &file.display().to_string(), options)
            .await
            .unwrap();
        others.push(planned(&here, &format!("SELECT id FROM {name} WHERE id < 5")).await);
    }
    let named = exchange.name();
    let error = sent_by_hand(&fixture, &session, writing, &named).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("a worker writes nothing"), "{error}");
    assert!(!target.exists());
    for other in others {
        let error = sent_by_hand(&fixture, &session, other, &named).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("a worker reads nothing else"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_no_measurement_is_refused() {
    let fixture = Fixture::with(1).await;
    let (_exchange, session) = fixture.begin().await;
    let plan = planned(&fixture.context, "SELECT id FROM t").await;
    for named in ["", "1", "1-1", "x-y", "18446744073709551615-0"] {
        let sent = sent_by_hand(&fixture, &session, Arc::clone(&plan), named).await;
        let error = sent.unwrap_err().to_string();
        assert!(error.contains("none that is under way"), "{error}");
    }
    // One that has ended is none any more.
    let (ended, _) = fixture.begin().await;
    fixture.end(&ended).await.unwrap();
    let sent = sent_by_hand(&fixture, &session, plan, &ended.name()).await;
    assert!(sent.is_err());
}

/// Waits until something holds, or fails with what is said then.
async fn eventually(mut holds: impl AsyncFnMut() -> Result<(), String>) {
    let began = Instant::now();
    while let Err(said) = holds().await {
        assert!(began.elapsed() < Duration::from_secs(10), "{said}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_work_is_left_when_a_coordinator_goes_away() {
    let fixture = Fixture::with(1).await;
    let url = fixture.deployment.urls().next().unwrap().to_string();
    let (exchange, session) = fixture.begin().await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let idle = tasks();
    let plan = planned(&session, "SELECT a.id FROM t a CROSS JOIN t b").await;
    let mut stream = execute_stream(plan, session.task_ctx()).unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    assert!(tasks() > idle, "a query has tasks");
    assert!(connect(std::slice::from_ref(&url)).await.is_err());
    // The query is dropped, as an interrupted one is; then the coordinator goes away.
    drop(stream);
    eventually(async || match tasks() {
        now if now <= idle => Ok(()),
        now => Err(format!("{now} tasks, and {idle} before the query")),
    })
    .await;
    let second = fixture.begin().await;
    let plan = planned(&second.1, "SELECT a.id FROM t a CROSS JOIN t b").await;
    let mut stream = execute_stream(plan, second.1.task_ctx()).unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    drop((exchange, session, second, fixture));
    // The worker takes the next one although the query of the last was never dropped.
    eventually(async || match connect(std::slice::from_ref(&url)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    })
    .await;
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_another_build_is_refused_with_both_names() {
    let answer = r#"{"build": "bench 9.9.9 (0123456789ab, release), DataFusion 99.0.0"}"#;
    let router = Router::new().route("/bench/facts", post(async move || answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder().add_routes(Routes::from(router));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let error = connect(std::slice::from_ref(&url))
        .await
        .unwrap_err()
        .to_string();
    let ours = crate::observe::build_name();
    for words in [url.as_str(), "bench 9.9.9", ours.as_str()] {
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_another_one_there_is_named() {
    let fixture = Fixture::with(1).await;
    let crew = fixture.deployment.crew().clone();
    let planning = crew.planning(&fixture.context).unwrap();
    let plan = planned(&planning, "SELECT id FROM t").await;
    let file = fixture.folder.path().join("2.parquet");
    let tables = [Arc::clone(&fixture.table)];
    let deployed = async || {
        let crew = crew.clone();
        let deployed = Deployment::new(crew, &plan, &tables, &fixture.reader, &[]).await;
        deployed.err().unwrap().to_string()
    };
    // Of the same size, and with another footer; then of another size; then none.
    write_file(&file, 3 * ROWS_PER_FILE);
    let (footer, bytes) = (deployed().await, std::fs::read(&file).unwrap());
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let size = deployed().await;
    std::fs::remove_file(&file).unwrap();
    let gone = deployed().await;
    for (error, words) in [
        (footer, "its footer is another one"),
        (size, "bytes there, and"),
        (gone, "it is not there"),
    ] {
        for words in ["worker http://", "2.parquet", words] {
            assert!(error.contains(words), "{error}");
        }
    }
}

/// The same plan, whose files have row groups chosen by somebody.
fn with_chosen_row_groups(plan: &Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let choose = |variant: &Arc<dyn ExecutionPlan>| {
        let scan = variant.downcast_ref::<DataSourceExec>().unwrap();
        let scan = scan.data_source().downcast_ref::<FileScanConfig>().unwrap();
        let groups = scan.file_groups.iter().map(|group| {
            let files = group.iter().cloned();
            let chosen = files.map(|file| file.with_extension(ParquetAccessPlan::new_none(10)));
            FileGroup::new(chosen.collect())
        });
        let mut scan = scan.clone();
        scan.file_groups = groups.collect();
        DataSourceExec::from_data_source(scan) as Arc<dyn ExecutionPlan>
    };
    let mut found = None;
    plan.apply(|node| {
        if let Some(leaf) = node.downcast_ref::<DistributedLeafExec>() {
            let variants = leaf.variants().iter().map(choose);
            let leaf = DistributedLeafExec::try_new(Arc::clone(leaf.original()), variants)?;
            found = Some(Arc::new(DistributedExec::new(Arc::new(leaf))));
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .unwrap();
    found.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_travel_is_refused_by_name() {
    let fixture = Fixture::with(1).await;
    let crew = fixture.deployment.crew().clone();
    let planning = crew.planning(&fixture.context).unwrap();
    let plan = planned(&planning, "SELECT id FROM t").await;
    let here = planned(&fixture.context, "SELECT id FROM t").await;
    let refused = async |plan: &Arc<dyn ExecutionPlan>, table: &Arc<OpenTable>| {
        let (crew, tables) = (crew.clone(), [Arc::clone(table)]);
        let deployed = Deployment::new(crew, plan, &tables, &fixture.reader, &[]).await;
        deployed.err().map(|error| error.to_string())
    };
    assert_eq!(refused(&plan, &fixture.table).await, None);
    let error = refused(&with_chosen_row_groups(&plan), &fixture.table).await;
    assert!(error.unwrap().contains("read chosen row groups"));
    let error = refused(&here, &fixture.table).await;
    assert!(error.unwrap().contains("its plan reads no files"));
    // A reader that counts rows anew is made here, and would not be made there.
    let location = fixture.folder.path().display().to_string();
    let files = discover(&Stores::default(), "t", &location).await.unwrap();
    let mut table = open(&fixture.context, &files, None, false).await.unwrap();
    table.recounts = true;
    let error = refused(&plan, &Arc::new(table)).await;
    assert!(
        error
            .unwrap()
            .contains("footers of table `t` count no rows")
    );
}

#[test]
fn an_error_names_the_worker_and_the_one_that_it_reads_from() {
    let inner = DataFusionError::Execution("lost".to_owned());
    let inner = DataFusionError::Context("worker http://b/".to_owned(), Box::new(inner));
    let shared = DataFusionError::Shared(Arc::new(inner));
    let outer = DataFusionError::Context("worker http://a/".to_owned(), Box::new(shared));
    let named = worker_of(&outer);
    assert_eq!(
        named.as_deref(),
        Some("worker http://a/, which reads from worker http://b/")
    );
    assert_eq!(worker_of(&DataFusionError::Execution("a".to_owned())), None);
}
