//! Makes cells that can be measured from variants and scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::prelude::SessionContext;

use super::control::{Control, Files};
use super::datasets::{DatasetState, Datasets};
use super::doubts::{Constants, blaming_statistics, doubts, not_read, not_scanned};
use super::error::{AtSite, Failure, Site};
use super::event::{Event, Observer};
use super::existing::{ExistingFiles, difference};
use super::grid::{Grid, GridCell, Row, cell_id};
use super::layout::layout_record;
use super::page_cache::check_place_cache;
use super::warning::Warning;
use crate::cluster::{ClusterError, Crew, PLANNED_ALIKE, Workers};
use crate::config::{CONTROLS, Config, HeldAgainst, ReadMode, Reader, Variant};
use crate::dataset::FolderContent;
use crate::engine::{
    EngineError, drains_its_scans, from_statistics as statistics_of, physical_scans, plain_message,
    plan_text, session, settings,
};
use crate::measure::{Cell, CellParts, MeasureError, VerifiedResult};
use crate::record::{CellRecord, ControlKind, DatasetRecord, Origin, StoreRecord};
use crate::scenario::Scenario;
use crate::table::{
    OpenTable, TableFiles, discover, existing_tables, from_manifest, open as open_table,
};

/// A cell, its record before the first iteration, and the facts of its first result.
pub struct CellPlan {
    pub record: CellRecord,
    pub cell: Cell,
    pub verified: Option<VerifiedResult>,
    pub site: Site,
    /// Config to which the variant's settings are applied.
    base: Arc<serde_json::Value>,
}

impl CellPlan {
    /// Returns the value of a key path in this variant, as a config would write it.
    pub fn setting(&self, key: &str) -> Option<String> {
        self.record.setting(&self.base, key)
    }
}

/// All opened datasets and planned cells of a run.
pub struct OpenedRun {
    pub datasets: Vec<DatasetRecord>,
    pub cells: Vec<CellPlan>,
    pub warnings: Vec<Warning>,
    /// Files of the controls, which exist as long as this value does.
    pub controls: Vec<Control>,
}

/// A variant that wastes time in each execution, and that time as a share of the median. It serves
/// tests of the program's sensitivity.
#[derive(Debug, Clone)]
pub struct Slowdown {
    pub variant: String,
    pub share: f64,
}

/// A variant's session with its tables registered.
struct Bench {
    context: SessionContext,
    tables: Vec<Arc<OpenTable>>,
    /// Id of each table's dataset, by table.
    dataset_of: BTreeMap<String, String>,
}

impl Bench {
    /// Returns the ids of the datasets that a cell's query reads, each once.
    fn datasets_of(&self, cell: &Cell) -> Vec<String> {
        let tables = cell.tables.iter();
        let used: BTreeSet<&String> = tables
            .filter_map(|table| self.dataset_of.get(&table.name))
            .collect();
        used.into_iter().cloned().collect()
    }
}

pub(super) fn register(
    context: &SessionContext,
    table: &str,
    provider: Arc<dyn TableProvider>,
) -> Result<(), EngineError> {
    let registered = context.register_table(TableReference::bare(table), provider);
    registered
        .map(|_| ())
        .map_err(|error| EngineError::Planning {
            reason: plain_message(&error),
        })
}

/// Opens the tables of every variant and plans every scenario on it. All faults of files, options
/// and queries show here, before anything is timed.
pub async fn open(
    config: &Config,
    datasets: &Datasets,
    workers: Option<&Arc<Workers>>,
    slowdown: Option<&Slowdown>,
    observer: &dyn Observer,
) -> Result<OpenedRun, Failure> {
    let grid = Grid::of(config)?;
    let base = Arc::new(config.resolved.clone());
    let mut records: Vec<DatasetRecord> = Vec::new();
    let mut cells = Vec::new();
    let mut warnings = Vec::new();
    let mut controls = Vec::new();
    let plan = |record, cell, site| CellPlan {
        record,
        cell,
        verified: None,
        site,
        base: Arc::clone(&base),
    };
    for opening in Opening::of_all(config, &grid, datasets, observer) {
        let opening = Opening { workers, ..opening };
        let row = opening.row;
        let slowdown = slowdown.filter(|it| it.variant == row.variant.name);
        let slowdown = slowdown.map(|it| it.share);
        let files = opening.files(opening.state).await?;
        let bench = opening.tables(&files, Some(&mut records)).await?;
        let cautions = bench.tables.iter().flat_map(|table| &table.cautions);
        warnings.extend(cautions.cloned().map(Warning::Caution));
        let state = opening.state;
        warnings.extend(state.and_then(|state| difference(state, &bench.tables)));
        for cell in &row.cells {
            let id = cell.id.clone();
            let (record, planned, doubts) = opening.cell(id, cell, &bench, slowdown).await?;
            warnings.extend(doubts);
            cells.push(plan(record, planned, cell.site.clone()));
        }
        for name in CONTROLS.into_iter().take(row.controls) {
            let (files, made) = Control::of(files.clone()).await;
            if made.kind == ControlKind::SameFiles && !controls.is_empty() {
                // It would show nothing that the first control does not.
                break;
            }
            warnings.extend(made.warning.clone());
            let copies = opening.tables(&files, None).await?;
            let site = Site::of_variant(Some(name.to_owned()));
            for cell in &row.cells {
                let id = cell_id(&cell.scenario.name, name);
                let (mut record, planned, _) = opening.cell(id, cell, &copies, None).await?;
                record.control = Some(made.kind);
                record.variant_name = name.to_owned();
                record.dataset = bench.datasets_of(&planned);
                cells.push(plan(record, planned, site.with(&cell.scenario.name)));
            }
            let shows_all = made.kind == ControlKind::SameFiles;
            controls.push(made);
            if shows_all {
                break;
            }
        }
    }
    // Cells of one scenario are kept together, the baseline's first and the controls last.
    cells.sort_by_key(|plan| {
        let place = grid.place_of(&plan.record.scenario);
        (place, plan.record.control.is_some())
    });
    let mut said = BTreeSet::new();
    warnings.retain(|warning| said.insert(warning.clone()));
    Ok(OpenedRun {
        datasets: records,
        cells,
        warnings,
        controls,
    })
}

/// Returns facts from the footers of the dataset `index`. `None` unless its files are read as they
/// are.
pub async fn existing(
    config: &Config,
    datasets: &Datasets,
    index: usize,
    observer: &dyn Observer,
) -> Result<Option<ExistingFiles>, Failure> {
    let state = datasets.all.get(index);
    let Some(state) = state.filter(|state| matches!(state.found, FolderContent::External { .. }))
    else {
        return Ok(None);
    };
    let grid = Grid::of(config)?;
    let mut openings = Opening::of_all(config, &grid, datasets, observer).zip(&datasets.of_variant);
    let Some((opening, _)) = openings.find(|(_, dataset)| **dataset == Some(index)) else {
        return Ok(None);
    };
    let mut files = opening.files(Some(state)).await?;
    files.retain(|(_, state)| state.is_some());
    let tables = opening.tables(&files, None).await?.tables;
    let cautions = tables.iter().flat_map(|table| table.cautions.clone());
    let differing = difference(state, &tables).map(|warning| warning.to_string());
    Ok(Some(ExistingFiles {
        rows: tables.iter().map(|table| table.rows).sum(),
        files: tables.iter().map(|table| table.places.len() as u64).sum(),
        file_bytes: tables.iter().map(|table| table.file_bytes).sum(),
        notes: cautions.chain(differing).collect(),
    }))
}

/// Time of planning after which the user is told that the engine is still planning.
const LONG_PLANNING: Duration = Duration::from_secs(3);

/// Waits for a query to be planned, and shows a note if that takes long.
pub(super) async fn patiently<T>(
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
pub(super) struct Opening<'a> {
    pub(super) config: &'a Config,
    pub(super) row: &'a Row<'a>,
    /// The variant's dataset, if it has one.
    pub(super) state: Option<&'a DatasetState>,
    pub(super) datasets: &'a Datasets,
    /// Workers that execute queries. Absent: this process does.
    pub(super) workers: Option<&'a Arc<Workers>>,
    pub(super) observer: &'a dyn Observer,
}

impl<'a> Opening<'a> {
    /// Returns an opening of each variant of a grid in turn. This is the only walk over variants
    /// and scenarios.
    pub(super) fn of_all(
        config: &'a Config,
        grid: &'a Grid<'a>,
        datasets: &'a Datasets,
        observer: &'a dyn Observer,
    ) -> impl Iterator<Item = Opening<'a>> {
        let rows = grid.rows.iter().zip(&datasets.of_variant);
        rows.map(move |(row, dataset)| Opening {
            config,
            row,
            state: dataset.and_then(|index| datasets.all.get(index)),
            datasets,
            workers: None,
            observer,
        })
    }

    /// Makes a session with the variant's options and no tables.
    pub(super) async fn session(&self) -> Result<SessionContext, Failure> {
        let context = session(&self.reader(), &self.options()).await;
        context.at(&self.row.site)
    }

    /// Settings of the variant's reads.
    fn reader(&self) -> Reader {
        let reader = self.row.variant.reader;
        match self.workers {
            // A task has as many partitions on every worker, whatever this host has.
            Some(workers) => Reader {
                // With one, all but the scans would run here.
                read_threads: reader.read_threads.or(Some(workers.cores().max(2))),
                ..reader
            },
            None => reader,
        }
    }

    /// Options of the engine.
    fn options(&self) -> Vec<(String, String)> {
        let own = self.row.variant.engine.iter().cloned();
        let of_workers = PLANNED_ALIKE.iter().filter(|_| self.workers.is_some());
        let of_workers = of_workers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        of_workers.chain(own).collect()
    }

    async fn files(&self, state: Option<&'a DatasetState>) -> Result<Vec<Files<'a>>, Failure> {
        let (variant, site) = (self.row.variant, &self.row.site);
        let mut files: Vec<Files<'a>> = Vec::new();
        if let Some(state) = state {
            let tables = match state.manifest() {
                Some(manifest) => from_manifest(&state.plan, manifest),
                None => existing_tables(&self.datasets.stores, &state.plan).await,
            };
            let tables = tables.at(site)?;
            files.extend(tables.into_iter().map(|mut table| {
                table.name = state.plan.name_in_sql(&table.name).to_owned();
                (table, Some(state))
            }));
        }
        for (table, location) in &variant.tables {
            files.push((
                discover(&self.datasets.stores, table, location)
                    .await
                    .at(site)?,
                None,
            ));
        }
        for file in files.iter().filter_map(|(table, _)| table.files.first()) {
            check_place_cache(variant.reader.cache, &file.place)?;
        }
        Ok(files)
    }

    /// Makes a session with these files as its tables, and adds their datasets to `records`.
    async fn tables(
        &self,
        files: &[Files<'a>],
        mut records: Option<&mut Vec<DatasetRecord>>,
    ) -> Result<Bench, Failure> {
        let (variant, site) = (self.row.variant, &self.row.site);
        let mut bench = Bench {
            context: self.session().await?,
            tables: Vec::new(),
            dataset_of: BTreeMap::new(),
        };
        for (table, state) in files {
            self.observer.event(Event::Opening {
                variant: &variant.name,
                table: &table.name,
                files: table.files.len(),
            });
            // The config does not state the columns of a source.
            let columns = state
                .filter(|state| state.plan.source.is_none())
                .map(|state| state.plan.spec.columns.as_slice());
            let unify = variant.reader.unify_schemas;
            let open = open_table(&bench.context, table, columns, unify)
                .await
                .at(site)?;
            register(&bench.context, &table.name, Arc::clone(&open.provider)).at(site)?;
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
                // The second table of a dataset.
                Some(known) if !known.tables.contains(&open.name) => {
                    known.tables.push(open.name.clone());
                }
                Some(_) => {}
                None => records.push(record),
            }
        }
        Ok(bench)
    }

    /// Plans a cell's query. `id` is the cell's own, or that of its control.
    async fn cell(
        &self,
        id: String,
        of: &GridCell,
        bench: &Bench,
        slowdown: Option<f64>,
    ) -> Result<(CellRecord, Cell, Vec<Warning>), Failure> {
        let (variant, scenario) = (self.row.variant, &of.scenario);
        let options = self.options();
        let planned = Cell::new(CellParts {
            id: id.clone(),
            scenario: Arc::clone(scenario),
            context: bench.context.clone(),
            reader: self.reader(),
            registered: &bench.tables,
            drop_caches: self.config.measure.drop_caches,
            crew: crew(self.config, variant, self.workers).at(&of.site)?,
            options: &options,
            slowdown,
        });
        let planned = patiently(planned, self.observer, scenario, &variant.name).await;
        let (cell, planned) = match planned {
            Ok(planned) => planned,
            Err(MeasureError::Engine(error)) => {
                return Err(blaming_statistics(error, &bench.tables)).at(&of.site);
            }
            Err(error) => return Err(error).at(&of.site),
        };
        let scans = physical_scans(&planned.physical);
        let constants: Vec<_> = scans.iter().map(statistics_of).collect();
        let mut from_statistics = not_read(&scans, &constants);
        let planned_values = not_scanned(&bench.context, &planned, &scans, &cell.tables);
        for value in planned_values.at(&of.site)? {
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
            variant_name: variant.name.clone(),
            variant: variant.settings.clone(),
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
            engine: Some(settings(
                &bench.context,
                &variant.reader,
                cell.store().is_remote(),
            )),
            control: None,
            iterations: Vec::new(),
            peak_memory_bytes: None,
            base_memory_bytes: None,
            profile: None,
            expectations: Vec::new(),
            summary: BTreeMap::new(),
        };
        let mut doubts = doubts(&cell, &record.from_statistics, &scans);
        let is_held = variant.reader.held_against == HeldAgainst::OneHost
            || drains_its_scans(&planned.physical) && scans.iter().all(|it| it.rows.is_some());
        if self.workers.is_some() && !is_held {
            doubts.push(Warning::NotHeld {
                site: of.site.clone(),
            });
        }
        Ok((record, cell, doubts))
    }
}

/// Checks, before anything is written, that the settings of all variants go with the workers.
///
/// # Errors
///
/// The first variant that does not.
pub fn check_workers(config: &Config, workers: Option<&Arc<Workers>>) -> Result<(), Failure> {
    let several = config.variants.len() > 1;
    for variant in &config.variants {
        let site = Site::of_variant(several.then(|| variant.name.clone()));
        crew(config, variant, workers).at(&site)?;
    }
    Ok(())
}

/// Returns the workers that execute the variant's queries, if there are any.
///
/// # Errors
///
/// Settings that do not go with workers.
fn crew(
    config: &Config,
    variant: &Variant,
    workers: Option<&Arc<Workers>>,
) -> Result<Option<Crew>, ClusterError> {
    let asked = variant.reader.workers;
    let Some(workers) = workers else {
        return match asked {
            Some(count) => Err(ClusterError::TooFew { count, named: 0 }),
            None => Ok(None),
        };
    };
    let cannot = |what: String| Err(ClusterError::NotDistributed { what });
    if variant.reader.read_mode != ReadMode::RowGroup {
        return cannot(
            "read whole files before their first row (dataset.parquet.read_mode: default)"
                .to_owned(),
        );
    }
    let kept = config.connection.kept_from_workers();
    if !kept.is_empty() {
        return cannot(use_of_keys(&kept));
    }
    let copies = variant.reader.streams.0 as usize * workers.tasks();
    if copies > MOST_TASKS {
        return cannot(format!(
            "run measure.streams: {} copies of a query in {} tasks each; {MOST_TASKS} tasks at once are the most",
            variant.reader.streams.0,
            workers.tasks()
        ));
    }
    for (name, value) in PLANNED_ALIKE {
        let other = variant
            .engine
            .iter()
            .find(|(it, other)| it == name && other != value);
        if let Some((name, other)) = other {
            return cannot(format!(
                "set datafusion.{name} to {other}: plans of workers have it {value}"
            ));
        }
    }
    let named = workers.len();
    let count = asked.map_or(named, |count| usize::try_from(count).unwrap_or(usize::MAX));
    if count > named {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        return Err(ClusterError::TooFew { count, named });
    }
    Ok(Some(Crew {
        workers: Arc::clone(workers),
        members: (0..count).collect(),
        connection: Arc::new(config.connection.clone()),
    }))
}

/// Most tasks of a stage that run at once, of all copies of a query. Each holds streams of a
/// connection for as long as the query runs.
const MOST_TASKS: usize = 8192;

/// Sentence on keys of `storage.options` that workers do not get.
pub fn use_of_keys(keys: &[&str]) -> String {
    format!(
        "use storage.options.{}: credentials, files and addresses of stores are not sent to them; leave these keys out, and give each \
         worker and this process their own in the environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and others)",
        keys.join(", storage.options.")
    )
}

/// Makes the record of a table's dataset, with the figures of the manifest if there is one, else of
/// the footers.
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
            layout: Some(layout_record(&state.plan.spec.layout)),
            rows: manifest.rows(),
            files: manifest.files().count() as u64,
            file_bytes: manifest.file_bytes(),
            row_groups: manifest.row_groups(),
            columns: manifest.columns.clone(),
            write: manifest.write.clone(),
            store: store_record(open, Some(state.plan.part_bytes())),
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
        layout: None,
        rows: open.rows,
        files: open.places.len() as u64,
        file_bytes: open.file_bytes,
        row_groups: open.row_groups,
        columns: open.columns.clone(),
        write: None,
        store: store_record(open, None),
    }
}

/// Describes the store of a table. `None` for files of this host.
fn store_record(open: &OpenTable, part_bytes: Option<u64>) -> Option<StoreRecord> {
    open.store.is_remote().then(|| StoreRecord {
        endpoints: open.store.endpoints(),
        part_bytes,
    })
}
