//! DataFusion: sessions, options, the read-only guard, and facts about the scans of a physical
//! plan.

mod explain;
mod ordered;
mod small_files;
mod whole_file;

pub use explain::{
    LogicalScans, PlannedScan, compared_with_nan, drains_its_scans, from_statistics,
    has_aggregation, has_unordered_limit, logical_scans, partition_rows, physical_scans, plan_text,
    rows_without_scan, scan_metrics, tables_of,
};

pub use ordered::{OrderedScan, ScanPiece};

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::common::TableReference;
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryPool, PeakRecordingPool, TrackConsumersPool,
};
use datafusion::execution::object_store::{
    DefaultObjectStoreRegistry, ObjectStoreRegistry, ObjectStoreUrl,
};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use object_store::ObjectStore;
use tokio::task::JoinError;

use crate::config::{ReadMode, Reader, RequestSettings};
use crate::exit_class::ExitClass;
use crate::record::{EngineCache, EngineRecord, RequestsRecord, ThrottleRecord};
use crate::storage::USUAL_GAP_BYTES;
use crate::suggest::nearest;
use whole_file::WholeFiles;

/// INT96 can hold dates that nanoseconds in 64 bits cannot. Converted to nanoseconds, they would
/// silently wrap.
const DEFAULT_COERCE_INT96: (&str, &str) = ("execution.parquet.coerce_int96", "us");

/// Option with the number of bytes that are read at first, for the sake of a footer.
pub const FOOTER_HINT: &str = "execution.parquet.metadata_size_hint";

/// Room for the footers of a dataset of many files, as a warm run is one whose footers are cached.
/// DataFusion's own limit of 50 MiB makes 65 536 files thrash.
const DEFAULT_METADATA_CACHE: (&str, &str) = ("runtime.metadata_cache_limit", "1G");

/// Reason why a session or a query is refused.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// `near` is the end of the message, which names the nearest option.
    #[error("datafusion.{name}: not an option of DataFusion{near}")]
    UnknownOption { name: String, near: String },
    #[error("datafusion.{name}: `{value}` does not do: {reason}")]
    BadOption {
        name: String,
        value: String,
        reason: String,
    },
    #[error("only queries that read are run: {reason}")]
    NotReadOnly { reason: String },
    #[error("{reason}")]
    BadQuery { reason: String },
    #[error("{reason}")]
    Planning { reason: String },
    #[error("the planner failed: {said}")]
    PlannerFailed { said: String },
}

impl EngineError {
    /// All errors here are about the user's request. Errors of an execution come from the streams.
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }

    /// Advice for the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            EngineError::NotReadOnly { reason } if !reason.contains("single SQL statement") => {
                Some("datasets are described by the config; SQL only reads them".to_owned())
            }
            EngineError::NotReadOnly { .. }
            | EngineError::UnknownOption { .. }
            | EngineError::BadOption { .. }
            | EngineError::BadQuery { .. }
            | EngineError::Planning { .. }
            | EngineError::PlannerFailed { .. } => None,
        }
    }
}

/// Makes a session with the options of a variant. The caller registers stores and tables; SQL
/// cannot name files.
pub async fn session(
    reader: &Reader,
    options: &[(String, String)],
) -> Result<SessionContext, EngineError> {
    let mut config = SessionConfig::new();
    if let Some(threads) = reader.read_threads {
        config = config.with_target_partitions(usize::try_from(threads).unwrap_or(usize::MAX));
    }
    if let Some(rows) = reader.batch_size {
        config = config.with_batch_size(usize::try_from(rows).unwrap_or(usize::MAX));
    }
    // Zero bytes: the last eight say how long the footer is.
    let footer = reader.requests.footer_prefetch_bytes;
    let footer = footer.map(|bytes| bytes.max(8).to_string());
    let footer = footer.iter().map(|bytes| (FOOTER_HINT, bytes.as_str()));
    let (runtime, static_options): (Vec<_>, Vec<_>) =
        [DEFAULT_COERCE_INT96, DEFAULT_METADATA_CACHE]
            .into_iter()
            .chain(footer)
            .chain(
                options
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str())),
            )
            .partition(|(name, _)| name.starts_with("runtime."));
    for (name, value) in static_options {
        set_option(config.options_mut(), name, value)?;
    }
    let context = SessionContext::new_with_config(config);
    for (name, value) in runtime {
        let bad = |error: DataFusionError| EngineError::BadOption {
            name: name.to_owned(),
            value: value.to_owned(),
            reason: plain_message(&error),
        };
        // SQL is the only way to set runtime options.
        let statement = format!("SET datafusion.{name} = '{}'", value.replace('\'', "''"));
        context.sql(&statement).await.map_err(bad)?;
    }
    if reader.read_mode != ReadMode::WholeFile {
        return Ok(context);
    }
    let readers = context.state().config().target_partitions().max(1);
    let state = SessionStateBuilder::new_from_existing(context.state())
        .with_physical_optimizer_rule(Arc::new(WholeFiles { readers }));
    Ok(SessionContext::new_with_state(state.build()))
}

/// Number of memory consumers that an error of a full pool names.
const LARGEST_CONSUMERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);

/// Makes the session of one measurement. It has the same tables and options as `session`, a memory
/// pool of its own, and `store` as the object store of `url`. Plans that are made in it are bound
/// to that store, so they read through it whatever else is measured meanwhile. It shares the caches
/// of `session` if the reader's are warm, else its own are empty.
pub fn measured(
    session: &SessionContext,
    reader: &Reader,
    url: &ObjectStoreUrl,
    store: &Arc<dyn ObjectStore>,
) -> Result<SessionContext, EngineError> {
    let runtime = session.runtime_env();
    let pool: Arc<dyn MemoryPool> = match reader.memory_limit_bytes {
        Some(bytes) => Arc::new(TrackConsumersPool::new(
            GreedyMemoryPool::new(usize::try_from(bytes).unwrap_or(usize::MAX)),
            LARGEST_CONSUMERS,
        )),
        // The pool that `runtime.memory_limit` among the engine's own options has made.
        None => Arc::clone(&runtime.memory_pool),
    };
    let stores = DefaultObjectStoreRegistry::new();
    // A measurement reads through its own store alone.
    let _ = stores.deregister_store(ObjectStoreUrl::local_filesystem().as_ref());
    stores.register_store(url.as_ref(), Arc::clone(store));
    let mut runtime = RuntimeEnvBuilder::from_runtime_env(&runtime);
    if reader.engine_cache == EngineCache::Fresh {
        // The limits of the caches stay.
        let caches = &mut runtime.cache_manager;
        caches.file_metadata_cache = None;
        caches.list_files_cache = None;
        caches.file_statistics_cache = None;
    }
    let runtime = runtime
        .with_memory_pool(Arc::new(PeakRecordingPool::new(pool)))
        .with_object_store_registry(Arc::new(stores))
        .build_arc()
        .map_err(|error| planning_error(&error))?;
    let state = SessionStateBuilder::new_from_existing(session.state()).with_runtime_env(runtime);
    Ok(SessionContext::new_with_state(state.build()))
}

/// Returns the settings of a session.
pub fn settings(context: &SessionContext, reader: &Reader, remote: bool) -> EngineRecord {
    let requests = &reader.requests;
    let throttled = reader.throttle.is_some();
    let has_requests = remote || throttled || *requests != RequestSettings::default();
    let (config, runtime) = (context.copied_config(), context.runtime_env());
    let caches = &runtime.cache_manager;
    EngineRecord {
        target_partitions: config.target_partitions() as u64,
        batch_size: config.batch_size() as u64,
        metadata_cache_limit_bytes: caches.get_metadata_cache_limit() as u64,
        list_files_cache_limit_bytes: caches.get_list_files_cache_limit() as u64,
        file_statistics_cache_limit_bytes: caches.get_file_statistic_cache_limit() as u64,
        memory_limit_bytes: reader.memory_limit_bytes,
        throttle: reader.throttle.map(|throttle| ThrottleRecord {
            bytes_per_s: throttle.bytes_per_s,
            latency_ns: u64::try_from(throttle.latency.as_nanos()).unwrap_or(u64::MAX),
        }),
        requests: has_requests.then(|| RequestsRecord {
            coalesce_gap_bytes: match remote || throttled {
                true => Some(requests.coalesce_gap_bytes.unwrap_or(USUAL_GAP_BYTES)),
                false => requests.coalesce_gap_bytes,
            },
            split_bytes: requests.split_bytes,
            concurrency: requests.concurrency,
            footer_prefetch_bytes: requests.footer_prefetch_bytes,
            row_group_reads: requests.row_group_reads,
            prefetch_row_groups: requests.prefetch_row_groups,
        }),
    }
}

/// Empties the engine's caches of entries from earlier queries of a session.
pub fn clear_caches(context: &SessionContext) {
    let runtime = context.runtime_env();
    let caches = &runtime.cache_manager;
    caches.get_file_metadata_cache().clear();
    if let Some(cache) = caches.get_list_files_cache() {
        cache.clear();
    }
    if let Some(cache) = caches.get_file_statistic_cache() {
        cache.clear();
    }
}

/// Resets the peak of the memory that a session's operators hold in their pool.
pub fn reset_memory_peak(context: &SessionContext) {
    if let Some(pool) = PeakRecordingPool::from_pool(context.runtime_env().memory_pool.as_ref()) {
        pool.reset_peak();
    }
}

/// Most bytes that the operators held at once since [`reset_memory_peak`].
pub fn memory_peak_bytes(context: &SessionContext) -> Option<u64> {
    let runtime = context.runtime_env();
    let pool = PeakRecordingPool::from_pool(runtime.memory_pool.as_ref())?;
    Some(pool.peak_reserved() as u64)
}

fn set_option(options: &mut ConfigOptions, name: &str, value: &str) -> Result<(), EngineError> {
    let full_name = format!("datafusion.{name}");
    let known: Vec<String> = options
        .entries()
        .into_iter()
        .map(|entry| entry.key)
        .collect();
    if !known.contains(&full_name) {
        let known = known
            .iter()
            .map(|known| known.trim_start_matches("datafusion."));
        return Err(EngineError::UnknownOption {
            near: nearest(name, known)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?")),
            name: name.to_owned(),
        });
    }
    options
        .set(&full_name, value)
        .map_err(|error| EngineError::BadOption {
            name: name.to_owned(),
            value: value.to_owned(),
            reason: plain_message(&error),
        })
}

/// Returns DataFusion's message in one line, without the categories around it, and without its
/// request to report errors that mostly are the fault of a file.
pub fn plain_message(error: &DataFusionError) -> String {
    let root = error.find_root();
    if let DataFusionError::ExecutionJoin(error) = root {
        return format!("a task of the engine failed: {}", words_of(error));
    }
    let message = root.strip_backtrace();
    let message = message.split(REQUEST).next().unwrap_or_default();
    let words = without_categories(message);
    let words = match words.strip_prefix("Internal error: ") {
        Some(words) => format!("{ENGINE_FAILED}{words}"),
        None => words.to_owned(),
    };
    let lines = words.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Beginning of the message for errors that the engine considers its own fault.
pub(crate) const ENGINE_FAILED: &str = "the engine failed: ";

/// Beginning of the request that the engine appends to errors of its own.
const REQUEST: &str = "This issue was likely caused by a bug in DataFusion's code";

/// Returns the message of a task's panic, without the runtime's words around it.
fn words_of(error: &JoinError) -> String {
    let text = error.to_string();
    let said = text.split_once("with message \"");
    let said = said.and_then(|(_, said)| said.strip_suffix('"'));
    said.map_or_else(|| "it gave no reason".to_owned(), str::to_owned)
}

/// Categories that the engine and its libraries put before a message. Each layer that the message
/// passes may add one.
const CATEGORIES: [&str; 13] = [
    "Parquet error: ",
    "ParquetError: ",
    "Arrow error: ",
    "Arrow: ",
    "External error: ",
    "External: ",
    "Object Store error: ",
    "Generic LocalFileSystem error: ",
    "Generic S3 error: ",
    "Generic Google Cloud Storage error: ",
    "Generic Azure error: ",
    "Generic HTTP error: ",
    "Parquet argument error: ",
];

/// Removes the categories before a message.
pub fn without_categories(message: &str) -> &str {
    let mut rest = message;
    while let Some(shorter) = CATEGORIES
        .iter()
        .find_map(|category| rest.strip_prefix(category))
    {
        rest = shorter;
    }
    rest
}

/// A planned query.
#[derive(Debug)]
pub struct PlannedQuery {
    pub logical: LogicalPlan,
    pub physical: Arc<dyn ExecutionPlan>,
    /// Time from the text to the physical plan.
    pub elapsed: Duration,
}

impl PlannedQuery {
    /// Returns a physical plan of the same query that has not run yet. A plan can run only once: it
    /// has handed out its files, and the dynamic filters of its scans (of a top-k, a minimum, a
    /// join) are as tight as the first execution left them.
    pub async fn again(
        &self,
        context: &SessionContext,
    ) -> Result<Arc<dyn ExecutionPlan>, EngineError> {
        let (context, logical) = (context.clone(), self.logical.clone());
        in_task(async move {
            let planned = context.state().create_physical_plan(&logical).await;
            planned.map_err(|error| planning_error(&error))
        })
        .await
    }
}

/// Parses, checks and plans a query. DDL, DML, COPY, SET, PREPARE, their EXPLAIN ANALYZE and
/// several statements in one text are refused before anything runs.
pub async fn plan(context: &SessionContext, sql: &str) -> Result<PlannedQuery, EngineError> {
    let (context, sql) = (context.clone(), sql.to_owned());
    in_task(async move {
        let started = Instant::now();
        let options = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let whole = whole_table(&context, &sql).await;
        let frame = match whole {
            Some(frame) => Ok(frame),
            None => context.sql_with_options(&sql, options).await,
        };
        let frame = frame.map_err(|error| query_error(&context, &error))?;
        let logical = frame.logical_plan().clone();
        let physical = frame
            .create_physical_plan()
            .await
            .map_err(|error| planning_error(&error))?;
        Ok(PlannedQuery {
            logical,
            physical,
            elapsed: started.elapsed(),
        })
    })
    .await
}

/// Number of columns from which on a scan of a whole table is planned without naming them.
const WIDE_TABLE_COLUMNS: usize = 1000;

/// Plans `SELECT * FROM table` if that table is wide. The engine resolves a wildcard column by
/// column, in time that is quadratic in their number, but all columns of a table need no names.
async fn whole_table(context: &SessionContext, sql: &str) -> Option<DataFrame> {
    let dialect = context.copied_config().options().sql_parser.dialect;
    let statement = context.state().sql_to_statement(sql, &dialect).ok()?;
    // The parser's own rendering, which hides spelling and comments.
    let written = statement.to_string();
    let table = written.strip_prefix("SELECT * FROM ")?;
    let name = match table
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(quoted) if !quoted.contains('"') => quoted.to_owned(),
        None if table.chars().all(|it| it.is_alphanumeric() || it == '_') => table.to_lowercase(),
        _ => return None,
    };
    let reference = TableReference::bare(name);
    let provider = context.table_provider(reference.clone()).await.ok()?;
    if provider.schema().fields().len() < WIDE_TABLE_COLUMNS {
        return None;
    }
    context.table(reference).await.ok()
}

/// Runs planning in a task of its own. It may take long without ever yielding, and the caller must
/// be able to stop waiting for it.
async fn in_task<T: Send + 'static>(
    planning: impl Future<Output = Result<T, EngineError>> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::spawn(planning).await.unwrap_or_else(|error| {
        Err(EngineError::PlannerFailed {
            said: words_of(&error),
        })
    })
}

fn planning_error(error: &DataFusionError) -> EngineError {
    EngineError::Planning {
        reason: plain_message(error),
    }
}

/// Checks that a text is one SQL statement. This needs no tables.
pub fn parse(context: &SessionContext, sql: &str) -> Result<(), EngineError> {
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    match state.sql_to_statement(sql, &dialect) {
        Ok(_) => Ok(()),
        Err(error) => Err(query_error(context, &error)),
    }
}

fn query_error(context: &SessionContext, error: &DataFusionError) -> EngineError {
    let reason = plain_message(error);
    let refused = [
        "DDL not supported",
        "DML not supported",
        "Statement not supported",
        "only supports a single SQL",
    ]
    .iter()
    .any(|words| reason.contains(words));
    if refused {
        return EngineError::NotReadOnly { reason };
    }
    if reason.contains("' not found") && reason.contains("table '") {
        let mut tables = context
            .catalog(&context.state().config_options().catalog.default_catalog)
            .and_then(|catalog| {
                catalog.schema(&context.state().config_options().catalog.default_schema)
            })
            .map(|schema| schema.table_names())
            .unwrap_or_default();
        tables.sort();
        return EngineError::BadQuery {
            reason: format!("{reason}; tables: {}", tables.join(", ")),
        };
    }
    EngineError::BadQuery { reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
