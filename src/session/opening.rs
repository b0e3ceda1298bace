//! From variants and scenarios to cells that can be measured.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;

use super::control::{Control, Files};
use super::datasets::{DatasetState, Datasets};
use super::error::RunError;
use super::estimate::existing_part;
use super::event::{Event, Observer};
use super::existing::{Existing, difference};
use crate::config::{CONTROL, Config, PageCache, Variant};
use crate::dataset::{DatasetPlan, Found, grows_by};
use crate::engine::{
    EngineError, Planned, PlannedScan, compared_with_nan, from_statistics as statistics_of,
    logical_scans, parse, physical_scans, plain_message, plan, plan_text, rows_without_scan,
    session, settings,
};
use crate::measure::{Cell, Verified};
use crate::record::{CellRecord, DatasetRecord, FromStatistics, Origin};
use crate::scenario::{Scenario, default_scenario, resolve, source_scenario};
use crate::storage::{check_direct, lies_in_memory};
use crate::table::{
    OpenTable, TableError, TableFiles, discover, existing_tables, from_manifest, hides_nan,
    open as open_table,
};

/// A cell, its record before the first iteration, and what its first result turned out to be.
pub struct CellPlan {
    pub record: CellRecord,
    pub cell: Cell,
    pub verified: Option<Verified>,
    /// The variant's name where there are several.
    pub variant: Option<String>,
    /// The config that the variant's settings are applied to.
    base: Arc<serde_json::Value>,
}

impl CellPlan {
    /// The value of a key path in this variant, as a config would write it.
    pub fn setting(&self, key: &str) -> Option<String> {
        self.record.setting(&self.base, key)
    }
}

/// All datasets and cells of a run, opened and planned.
pub struct Opened {
    pub datasets: Vec<DatasetRecord>,
    pub cells: Vec<CellPlan>,
    /// What makes figures less than they could be, for the run record.
    pub warnings: Vec<String>,
    /// The control's files, which are there for as long as this is.
    pub control: Option<Control>,
}

/// A variant's session with its tables registered.
struct Bench {
    context: SessionContext,
    tables: Vec<Arc<OpenTable>>,
    /// Id of the dataset that a table belongs to.
    dataset_of: BTreeMap<String, String>,
}

impl Bench {
    /// Ids of the datasets that a cell's query reads, each once.
    fn datasets_of(&self, cell: &Cell) -> Vec<String> {
        let tables = cell.tables.iter();
        let used: BTreeSet<&String> = tables
            .filter_map(|table| self.dataset_of.get(&table.name))
            .collect();
        used.into_iter().cloned().collect()
    }
}

/// Refuses what can be told to be wrong before any data is there, and so before any is written: scenarios that cannot be
/// found or parsed, options that the engine does not take, and tables without files.
pub async fn check(
    config: &Config,
    datasets: &Datasets,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let scenarios = scenarios(config)?;
    let mut ids = BTreeMap::new();
    for scenario in &scenarios {
        for variant in &config.variants {
            let (id, name) = (
                format!("{}/{}", scenario.name, variant.name),
                format!("{}` on `{}", scenario.name, variant.name),
            );
            if let Some(first) = ids.insert(id.clone(), name.clone()) {
                return Err(RunError::SameCell {
                    id,
                    first,
                    second: name,
                });
            }
        }
    }
    let writes = datasets.to_write().next().is_some();
    for (variant, dataset) in config.variants.iter().zip(&datasets.of_variant) {
        let name = (config.variants.len() > 1).then(|| variant.name.clone());
        let context = session(&variant.reader, &variant.engine, &datasets.store)
            .await
            .map_err(|source| RunError::Engine {
                variant: name.clone(),
                source,
            })?;
        // Where nothing is to be written, opening them comes at once.
        for (table, location) in variant.tables.iter().filter(|_| writes) {
            for state in datasets.to_write() {
                if grows_by(location, &state.plan.root)? {
                    return Err(RunError::Table {
                        variant: name.clone(),
                        source: TableError::BadFile {
                            table: table.clone(),
                            file: location.clone(),
                            reason: format!(
                                "{} would be written to, and lies in it; set dataset.data_folder to another folder",
                                state.plan.root.display()
                            ),
                        },
                    });
                }
            }
            let found = discover(table, location).await;
            found.map_err(|source| RunError::Table {
                variant: name.clone(),
                source,
            })?;
        }
        let state = dataset.and_then(|index| datasets.all.get(index));
        if let Some(state) = state.filter(|state| matches!(state.found, Found::ToWrite)) {
            check_target_cache(variant.reader.cache, &state.plan.root)?;
        }
        let to_write = state
            .filter(|state| matches!(state.found, Found::ToWrite | Found::Missing))
            .filter(|_| variant.tables.is_empty());
        if let Some(state) = to_write {
            for table in &state.plan.tables {
                let empty = Arc::new(EmptyTable::new(state.plan.table_schema()));
                register(&context, table.name, empty, &name)?;
            }
        }
        // The engine takes time quadratic in the columns of a scan to plan it.
        let known_good = to_write.is_some_and(|state| has_default_columns(config, &state.plan));
        for scenario in &scenarios {
            // Against tables that are still to be written, a query can be planned; others are opened before it can be.
            let checked = match to_write {
                Some(_) if !known_good => {
                    let planned = plan(&context, &scenario.sql);
                    patiently(planned, observer, scenario, &variant.name)
                        .await
                        .map(|_| ())
                }
                _ => parse(&context, &scenario.sql),
            };
            checked.map_err(|source| RunError::Query {
                scenario: scenario.name.clone(),
                variant: name.clone(),
                source,
            })?;
        }
    }
    Ok(())
}

/// Refuses a state of the page cache that files of a dataset could not be brought to, before they are written. The file
/// system is tried with a file that is removed.
fn check_target_cache(cache: PageCache, root: &Path) -> Result<(), RunError> {
    if cache == PageCache::Warm {
        return Ok(());
    }
    let tried = existing_part(root).and_then(|beside| {
        let mut file = tempfile::NamedTempFile::new_in(beside).ok()?;
        file.write_all(&[0; 4096]).ok()?;
        Some(file)
    });
    // Where nothing can be written, writing the dataset will say so.
    tried.map_or(Ok(()), |file| check_file_cache(cache, file.path(), root))
}

/// Refuses a state of the page cache that a file cannot be brought to; the error names another path.
fn check_file_cache(cache: PageCache, file: &Path, named: &Path) -> Result<(), RunError> {
    let path = || named.display().to_string();
    match cache {
        PageCache::Warm => Ok(()),
        PageCache::Cold if lies_in_memory(file) => Err(RunError::Memoryless { path: path() }),
        PageCache::Cold => Ok(()),
        PageCache::Direct => check_direct(file).map_err(|source| RunError::Direct {
            path: path(),
            source,
        }),
    }
}

/// Whether the config leaves the scenario to this program, and a generated dataset has every column
/// that it names: those that the first variant reads. Then there is nothing about the query that
/// planning could find wrong.
fn has_default_columns(config: &Config, plan: &DatasetPlan) -> bool {
    let first = config.variants.first().and_then(|it| it.dataset.as_ref());
    let Some(first) = first.filter(|it| it.source.is_none() && config.scenarios.is_empty()) else {
        return false;
    };
    let columns: BTreeSet<&str> = plan
        .spec
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let mut named = first.columns.iter().filter(|column| column.read);
    plan.source.is_none() && named.all(|column| columns.contains(column.name.as_str()))
}

fn register(
    context: &SessionContext,
    table: &str,
    provider: Arc<dyn TableProvider>,
    variant: &Option<String>,
) -> Result<(), RunError> {
    context
        .register_table(TableReference::bare(table), provider)
        .map(|_| ())
        .map_err(|error| RunError::Engine {
            variant: variant.clone(),
            source: EngineError::Planning {
                reason: plain_message(&error),
            },
        })
}

/// Opens the tables of every variant and plans every scenario on it. Whatever is wrong with files, options or queries comes
/// to light here, before anything is timed.
pub async fn open(
    config: &Config,
    datasets: &Datasets,
    observer: &dyn Observer,
) -> Result<Opened, RunError> {
    let scenarios = scenarios(config)?;
    let base = Arc::new(config.resolved.clone());
    let mut records: Vec<DatasetRecord> = Vec::new();
    let mut cells = Vec::new();
    let mut warnings = Vec::new();
    let several = config.variants.len() > 1;
    let mut control = None;
    for (index, (variant, dataset)) in config.variants.iter().zip(&datasets.of_variant).enumerate()
    {
        let name = several.then(|| variant.name.clone());
        let opening = Opening {
            variant,
            name: &name,
            datasets,
            observer,
        };
        let state = dataset.and_then(|index| datasets.all.get(index));
        let files = opening.files(state).await?;
        let bench = opening.tables(&files, Some(&mut records)).await?;
        warnings.extend(bench.tables.iter().flat_map(|table| table.cautions.clone()));
        warnings.extend(state.and_then(|state| difference(state, &bench.tables)));
        for scenario in &scenarios {
            let id = format!("{}/{}", scenario.name, variant.name);
            let (record, cell, doubts) = opening.cell(id, scenario, &bench).await?;
            warnings.extend(doubts);
            cells.push(CellPlan {
                record,
                cell,
                verified: None,
                variant: name.clone(),
                base: Arc::clone(&base),
            });
        }
        if index > 0 || !config.measure.control.unwrap_or(several) {
            continue;
        }
        let (files, made) = Control::of(files).await;
        warnings.extend(made.warning.clone());
        let copies = opening.tables(&files, None).await?;
        for scenario in &scenarios {
            let id = format!("{}/{CONTROL}", scenario.name);
            let (mut record, cell, _) = opening.cell(id, scenario, &copies).await?;
            record.control = Some(made.kind);
            record.variant_name = CONTROL.to_owned();
            record.dataset = bench.datasets_of(&cell);
            cells.push(CellPlan {
                record,
                cell,
                verified: None,
                variant: Some(CONTROL.to_owned()),
                base: Arc::clone(&base),
            });
        }
        control = Some(made);
    }
    // Cells of one scenario stand together, the baseline's first and the control last.
    cells.sort_by_key(|plan| {
        let place = scenarios
            .iter()
            .position(|scenario| scenario.name == plan.record.scenario);
        (place, plan.record.control.is_some())
    });
    for plan in &mut cells {
        plan.cell.drop_caches = config.measure.drop_caches;
    }
    let mut said = BTreeSet::new();
    warnings.retain(|warning| said.insert(warning.clone()));
    Ok(Opened {
        datasets: records,
        cells,
        warnings,
        control,
    })
}

/// What footers say of the n-th dataset, where its files are read as they are.
pub async fn existing(
    config: &Config,
    datasets: &Datasets,
    index: usize,
    observer: &dyn Observer,
) -> Result<Option<Existing>, RunError> {
    let mut variants = config.variants.iter().zip(&datasets.of_variant);
    let (Some(state), Some((variant, _))) = (
        datasets
            .all
            .get(index)
            .filter(|state| matches!(state.found, Found::External { .. })),
        variants.find(|(_, dataset)| **dataset == Some(index)),
    ) else {
        return Ok(None);
    };
    let name = (config.variants.len() > 1).then(|| variant.name.clone());
    let opening = Opening {
        variant,
        name: &name,
        datasets,
        observer,
    };
    let mut files = opening.files(Some(state)).await?;
    files.retain(|(_, state)| state.is_some());
    let tables = opening.tables(&files, None).await?.tables;
    let cautions = tables.iter().flat_map(|table| table.cautions.clone());
    Ok(Some(Existing {
        rows: tables.iter().map(|table| table.rows).sum(),
        files: tables.iter().map(|table| table.paths.len() as u64).sum(),
        file_bytes: tables.iter().map(|table| table.file_bytes).sum(),
        notes: cautions.chain(difference(state, &tables)).collect(),
    }))
}

/// The scenarios of a config; where it has none, one scan of each table.
pub(crate) fn scenarios(config: &Config) -> Result<Vec<Arc<Scenario>>, RunError> {
    let mut scenarios = resolve(&config.scenarios, config.folder.as_deref())?;
    if scenarios.is_empty()
        && let Some(variant) = config.variants.first()
    {
        if let Some(dataset) = &variant.dataset {
            scenarios.push(match dataset.source {
                Some(_) => source_scenario(&dataset.columns),
                None => default_scenario(&dataset.columns),
            });
        } else {
            scenarios.extend(variant.tables.keys().map(|table| Scenario {
                name: format!("scan_{table}"),
                description: Some("all columns".to_owned()),
                sql: format!("SELECT * FROM \"{table}\""),
                expectations: Vec::new(),
                nondeterministic: None,
                origin: "the tables".to_owned(),
            }));
        }
    }
    Ok(scenarios.into_iter().map(Arc::new).collect())
}

/// After this long, it is said that the engine is still planning.
const LONG_PLANNING: Duration = Duration::from_secs(3);

/// Waits for a query to be planned, and says so where that takes long.
async fn patiently<T>(
    planning: impl Future<Output = T>,
    observer: &dyn Observer,
    scenario: &Scenario,
    variant: &str,
) -> T {
    let mut planning = std::pin::pin!(planning);
    tokio::select! {
        planned = &mut planning => return planned,
        () = tokio::time::sleep(LONG_PLANNING) => {}
    }
    observer.event(Event::Note(&format!(
        "the engine is still planning scenario `{}` on `{variant}`: it takes long for queries that name thousands of columns, \
         or have thousands of conditions",
        scenario.name
    )));
    planning.await
}

/// A variant whose tables are being opened.
struct Opening<'a> {
    variant: &'a Variant,
    name: &'a Option<String>,
    datasets: &'a Datasets,
    observer: &'a dyn Observer,
}

impl<'a> Opening<'a> {
    fn table_error(&self, source: TableError) -> RunError {
        RunError::Table {
            variant: self.name.clone(),
            source,
        }
    }

    async fn files(&self, state: Option<&'a DatasetState>) -> Result<Vec<Files<'a>>, RunError> {
        let mut files: Vec<Files<'a>> = Vec::new();
        if let Some(state) = state {
            let tables = match state.manifest() {
                Some(manifest) => from_manifest(&state.plan, manifest),
                None => existing_tables(&state.plan).await,
            };
            let tables = tables.map_err(|error| self.table_error(error))?;
            files.extend(tables.into_iter().map(|table| (table, Some(state))));
        }
        for (table, location) in &self.variant.tables {
            let found = discover(table, location).await;
            files.push((found.map_err(|error| self.table_error(error))?, None));
        }
        for file in files.iter().filter_map(|(table, _)| table.files.first()) {
            check_file_cache(self.variant.reader.cache, &file.path, &file.path)?;
        }
        Ok(files)
    }

    /// A session with these files as its tables; their datasets are added to `records`.
    async fn tables(
        &self,
        files: &[Files<'a>],
        mut records: Option<&mut Vec<DatasetRecord>>,
    ) -> Result<Bench, RunError> {
        let variant = self.variant;
        let context = session(&variant.reader, &variant.engine, &self.datasets.store)
            .await
            .map_err(|source| RunError::Engine {
                variant: self.name.clone(),
                source,
            })?;
        let mut bench = Bench {
            context,
            tables: Vec::new(),
            dataset_of: BTreeMap::new(),
        };
        for (table, state) in files {
            self.observer.event(Event::Opening {
                variant: &variant.name,
                table: &table.name,
                files: table.files.len(),
            });
            // A source's columns have the types that they have.
            let columns = state
                .filter(|state| state.plan.source.is_none())
                .map(|state| state.plan.spec.columns.as_slice());
            let unify = variant.reader.unify_schemas;
            let open = open_table(&bench.context, &self.datasets.store, table, columns, unify)
                .await
                .map_err(|error| self.table_error(error))?;
            register(
                &bench.context,
                &table.name,
                Arc::clone(&open.provider),
                self.name,
            )?;
            bench.tables.push(Arc::new(open));
        }
        let Some(records) = &mut records else {
            return Ok(bench);
        };
        for (open, (table, state)) in bench.tables.iter().zip(files) {
            let record = dataset_record(open, table, *state);
            bench
                .dataset_of
                .insert(open.name.clone(), record.id.clone());
            match records.iter_mut().find(|known| known.id == record.id) {
                // A dataset's second table.
                Some(known) if !known.tables.contains(&open.name) => {
                    known.tables.push(open.name.clone());
                }
                Some(_) => {}
                None => records.push(record),
            }
        }
        Ok(bench)
    }

    async fn cell(
        &self,
        id: String,
        scenario: &Arc<Scenario>,
        bench: &Bench,
    ) -> Result<(CellRecord, Cell, Vec<String>), RunError> {
        let query_error = |source| RunError::Query {
            scenario: scenario.name.clone(),
            variant: self.name.clone(),
            source,
        };
        let planned = Cell::new(
            id.clone(),
            Arc::clone(scenario),
            bench.context.clone(),
            Arc::clone(&self.datasets.store),
            self.variant.reader,
            &bench.tables,
        );
        let planned = patiently(planned, self.observer, scenario, &self.variant.name);
        let planned = planned.await;
        let (cell, planned) =
            planned.map_err(|error| query_error(blaming_statistics(error, &bench.tables)))?;
        let scans = physical_scans(&planned.physical);
        let constants: Vec<Constants> = scans.iter().map(statistics_of).collect();
        let mut from_statistics = not_read(&scans, &constants);
        let planned_values = not_scanned(&bench.context, &planned, &scans, &cell.tables);
        for value in planned_values.map_err(query_error)? {
            if !from_statistics.contains(&value) {
                from_statistics.push(value);
            }
        }
        let unread = |(constant, files): &Constants| {
            constant.values().filter(|of| **of == *files).count() as u64
        };
        let stored = |table: &Arc<OpenTable>| table.provider.schema().fields().len() as u64;
        let record = CellRecord {
            id,
            scenario: scenario.name.clone(),
            description: scenario.description.clone(),
            sql: scenario.sql.clone(),
            variant_name: self.variant.name.clone(),
            variant: self.variant.settings.clone(),
            dataset: bench.datasets_of(&cell),
            nondeterministic: scenario.nondeterministic.clone(),
            plan: plan_text(&planned.physical),
            columns_read: scans
                .iter()
                .zip(&constants)
                .map(|(scan, constants)| scan.columns.len() as u64 - unread(constants))
                .sum(),
            from_statistics,
            columns_stored: match scans.len() {
                0 => cell.tables.iter().map(stored).sum(),
                _ => scans.iter().map(|scan| scan.columns_stored).sum(),
            },
            row_groups: cell.row_groups(),
            file_bytes: cell.file_bytes(),
            engine: Some(settings(&bench.context, &self.variant.reader)),
            control: None,
            iterations: Vec::new(),
            peak_memory_bytes: None,
            base_memory_bytes: None,
            profile: None,
            expectations: Vec::new(),
            summary: BTreeMap::new(),
        };
        let doubts = doubts(&cell, &record.from_statistics, &scans);
        Ok((record, cell, doubts))
    }
}

/// The same error; a planner that broke off did so for statistics that cannot be trusted, where a
/// table has such.
fn blaming_statistics(error: EngineError, tables: &[Arc<OpenTable>]) -> EngineError {
    let doubt = tables
        .iter()
        .find_map(|table| Some((table, table.doubts.first_key_value()?)));
    match (error, doubt) {
        (EngineError::PlannerFailed { said }, Some((table, (column, reason)))) => {
            EngineError::Planning {
                reason: format!(
                    "table `{}`: column `{column}`: {reason}; the planner may have failed for that: {said}",
                    table.name
                ),
            }
        }
        (error, _) => error,
    }
}

/// Columns that a scan does not read in some of its files, and the number of all of these.
type Constants = (BTreeMap<String, u64>, u64);

/// The columns that scans take from statistics.
fn not_read(scans: &[PlannedScan], constants: &[Constants]) -> Vec<FromStatistics> {
    let mut found = Vec::new();
    for (scan, (constant, of_files)) in scans.iter().zip(constants) {
        let table = scan.table.clone().unwrap_or_default();
        found.extend(constant.iter().map(|(column, files)| FromStatistics {
            table: table.clone(),
            column: Some(column.clone()),
            files: *files,
            of_files: *of_files,
        }));
    }
    found
}

/// What a query takes from the statistics of tables that it does not scan, or scans in other
/// branches alone.
fn not_scanned(
    context: &SessionContext,
    planned: &Planned,
    scans: &[PlannedScan],
    tables: &[Arc<OpenTable>],
) -> Result<Vec<FromStatistics>, EngineError> {
    let mut found = Vec::new();
    let rows = rows_without_scan(&planned.physical);
    if rows == 0 {
        return Ok(found);
    }
    let optimized = context.state().optimize(&planned.logical);
    let optimized = optimized.map_err(|error| EngineError::Planning {
        reason: plain_message(&error),
    })?;
    let mut logical = logical_scans(&optimized);
    if rows <= logical.without_table {
        return Ok(found);
    }
    for table in tables {
        let mut left = logical.of_tables.remove(&table.name).unwrap_or_default();
        for scan in scans {
            if scan.table.as_ref() != Some(&table.name) {
                continue;
            }
            let same = left.iter().position(|columns| *columns == scan.columns);
            if !left.is_empty() {
                left.swap_remove(same.unwrap_or(0));
            }
        }
        let mut taken = BTreeSet::new();
        for columns in left {
            match columns.is_empty() {
                true => _ = taken.insert(None),
                false => taken.extend(columns.into_iter().map(Some)),
            }
        }
        let of_files = table.paths.len() as u64;
        found.extend(taken.into_iter().map(|column| FromStatistics {
            table: table.name.clone(),
            column,
            files: of_files,
            of_files,
        }));
    }
    Ok(found)
}

/// Why the statistics of columns that a cell's query takes cannot be trusted, a sentence for each.
fn doubts(cell: &Cell, taken: &[FromStatistics], scans: &[PlannedScan]) -> Vec<String> {
    let mut doubts = Vec::new();
    for table in &cell.tables {
        let of_table = |scan: &&PlannedScan| scan.table.as_ref() == Some(&table.name);
        let mut columns: BTreeSet<&String> = scans
            .iter()
            .filter(of_table)
            .flat_map(|scan| &scan.columns)
            .collect();
        let own = taken.iter().filter(|it| it.table == table.name);
        let own: Vec<&String> = own.filter_map(|it| it.column.as_ref()).collect();
        columns.extend(own.iter().copied());
        let doubted = columns
            .iter()
            .filter_map(|column| Some((*column, table.doubts.get(*column)?)));
        doubts.extend(doubted.map(|(column, reason)| {
            format!(
                "table `{}`: column `{column}`: {reason}; what the engine prunes or answers by them may be wrong",
                table.name
            )
        }));
        let compared: BTreeSet<String> = scans
            .iter()
            .filter(of_table)
            .flat_map(compared_with_nan)
            .collect();
        doubts.extend(compared.iter().map(|column| {
            format!(
                "table `{}`: column `{column}` is compared with NaN, which bounds in statistics leave out: the engine may \
                 prune rows that the query looks for",
                table.name
            )
        }));
        let hiding = own
            .iter()
            .filter(|column| hides_nan(&table.file_schema, column));
        doubts.extend(hiding.map(|column| {
            format!(
                "table `{}`: column `{column}` is answered from its bounds, which leave out NaN: where it holds some, the \
                 engine's result is wrong",
                table.name
            )
        }));
    }
    doubts
}

/// What the run record keeps of a table's dataset: the manifest's figures where there is a manifest, else the footers'.
fn dataset_record(
    open: &OpenTable,
    files: &TableFiles,
    state: Option<&DatasetState>,
) -> DatasetRecord {
    if let Some(state) = state
        && let Some(manifest) = state.manifest()
    {
        return DatasetRecord {
            id: state.plan.id(),
            tables: vec![open.name.clone()],
            origin: Origin::Generated,
            location: files.location.clone(),
            source: state
                .plan
                .source
                .as_ref()
                .map(|source| source.location.clone()),
            content_fingerprint: state.plan.content_fingerprint.clone(),
            layout_fingerprint: state.plan.layout_fingerprint.clone(),
            rows: manifest.rows(),
            files: manifest.files().count() as u64,
            file_bytes: manifest.file_bytes(),
            row_groups: manifest.row_groups(),
            columns: manifest.columns.clone(),
            write: manifest.write,
        };
    }
    DatasetRecord {
        id: format!("{}-{}", open.name, &open.files_fingerprint[..8]),
        tables: vec![open.name.clone()],
        origin: Origin::External,
        location: files.location.clone(),
        source: None,
        content_fingerprint: open.files_fingerprint.clone(),
        layout_fingerprint: open.files_fingerprint.clone(),
        rows: open.rows,
        files: open.paths.len() as u64,
        file_bytes: open.file_bytes,
        row_groups: open.row_groups,
        columns: open.columns.clone(),
        write: None,
    }
}
