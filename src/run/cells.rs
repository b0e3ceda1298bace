//! From variants and scenarios to cells that can be measured.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;

use super::datasets::{DatasetState, Datasets};
use super::{Event, Observer, RunError};
use crate::config::{Config, Variant};
use crate::dataset::Found;
use crate::engine::{EngineError, parse, physical_scans, plain_message, plan, plan_text, session};
use crate::measure::{Cell, Verified};
use crate::record::{CellRecord, DatasetRecord, Origin};
use crate::scenario::{Scenario, default_scenario, resolve, source_scenario};
use crate::table::{
    OpenTable, TableFiles, discover, external_tables, from_manifest, open as open_table,
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
        let value = self.record.variant.get(key).or_else(|| {
            key.split('.')
                .try_fold(self.base.as_ref(), |value, part| value.get(part))
        })?;
        Some(match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }
}

/// All datasets and cells of a run, opened and planned.
pub struct Opened {
    pub datasets: Vec<DatasetRecord>,
    pub cells: Vec<CellPlan>,
}

/// A variant's session with its tables registered.
struct Bench {
    context: SessionContext,
    tables: Vec<Arc<OpenTable>>,
    /// Id of the dataset that a table belongs to.
    dataset_of: BTreeMap<String, String>,
}

/// Refuses what can be told to be wrong before any data is there, and so before any is written: scenarios that cannot be
/// found or parsed, options that the engine does not take, and tables without files.
pub async fn check(config: &Config, datasets: &Datasets) -> Result<(), RunError> {
    let scenarios = scenarios(config)?;
    let store = Arc::clone(&datasets.store) as Arc<dyn object_store::ObjectStore>;
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
            let found = discover(&store, table, location).await;
            found.map_err(|source| RunError::Table {
                variant: name.clone(),
                source,
            })?;
        }
        let to_write = dataset
            .and_then(|index| datasets.all.get(index))
            .filter(|state| matches!(state.found, Found::ToWrite) && variant.tables.is_empty());
        if let Some(state) = to_write {
            for table in &state.plan.tables {
                let empty = Arc::new(EmptyTable::new(state.plan.table_schema()));
                register(&context, table.name, empty, &name)?;
            }
        }
        for scenario in &scenarios {
            // Against tables that are still to be written, a query can be planned; others are opened before it can be.
            let checked = match to_write {
                Some(_) => plan(&context, &scenario.sql).await.map(|_| ()),
                None => parse(&context, &scenario.sql),
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
    let several = config.variants.len() > 1;
    for (variant, dataset) in config.variants.iter().zip(&datasets.of_variant) {
        let name = several.then(|| variant.name.clone());
        let state = dataset.and_then(|index| datasets.all.get(index));
        let bench = open_variant(variant, &name, state, datasets, observer, &mut records).await?;
        for scenario in &scenarios {
            let id = format!("{}/{}", scenario.name, variant.name);
            let (cell, planned) = Cell::new(
                id.clone(),
                Arc::clone(scenario),
                bench.context.clone(),
                Arc::clone(&datasets.store),
                &bench.tables,
            )
            .await
            .map_err(|source| RunError::Query {
                scenario: scenario.name.clone(),
                variant: name.clone(),
                source,
            })?;
            let scans = physical_scans(&planned.physical);
            let stored = |table: &Arc<OpenTable>| table.provider.schema().fields().len() as u64;
            let mut used: Vec<String> = cell
                .tables
                .iter()
                .filter_map(|table| bench.dataset_of.get(&table.name).cloned())
                .collect();
            used.sort();
            used.dedup();
            let record = CellRecord {
                id,
                scenario: scenario.name.clone(),
                description: scenario.description.clone(),
                sql: scenario.sql.clone(),
                variant_name: variant.name.clone(),
                variant: variant.settings.clone(),
                dataset: used,
                nondeterministic: scenario.nondeterministic.clone(),
                plan: plan_text(&planned.physical),
                columns_read: scans.iter().map(|scan| scan.columns.len() as u64).sum(),
                columns_stored: match scans.len() {
                    0 => cell.tables.iter().map(stored).sum(),
                    _ => scans.iter().map(|scan| scan.columns_stored).sum(),
                },
                row_groups: cell.row_groups(),
                file_bytes: cell.file_bytes(),
                iterations: Vec::new(),
                peak_memory_bytes: None,
                expectations: Vec::new(),
                summary: BTreeMap::new(),
            };
            cells.push(CellPlan {
                record,
                cell,
                verified: None,
                variant: name.clone(),
                base: Arc::clone(&base),
            });
        }
    }
    // Cells of one scenario stand together, the baseline's first.
    cells.sort_by_key(|plan| {
        scenarios
            .iter()
            .position(|scenario| scenario.name == plan.record.scenario)
    });
    Ok(Opened {
        datasets: records,
        cells,
    })
}

/// The scenarios of a config; where it has none, one scan of each table.
fn scenarios(config: &Config) -> Result<Vec<Arc<Scenario>>, RunError> {
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

async fn open_variant(
    variant: &Variant,
    name: &Option<String>,
    state: Option<&DatasetState>,
    datasets: &Datasets,
    observer: &dyn Observer,
    records: &mut Vec<DatasetRecord>,
) -> Result<Bench, RunError> {
    let engine = |source: EngineError| RunError::Engine {
        variant: name.clone(),
        source,
    };
    let table_error = |source| RunError::Table {
        variant: name.clone(),
        source,
    };
    let store = Arc::clone(&datasets.store) as Arc<dyn object_store::ObjectStore>;
    let context = session(&variant.reader, &variant.engine, &datasets.store)
        .await
        .map_err(engine)?;
    let mut bench = Bench {
        context,
        tables: Vec::new(),
        dataset_of: BTreeMap::new(),
    };

    let mut files: Vec<(TableFiles, Option<&DatasetState>)> = Vec::new();
    if let Some(state) = state {
        let tables = match state.manifest() {
            Some(manifest) => from_manifest(&state.plan, manifest),
            None => external_tables(&store, &state.plan.root).await,
        };
        files.extend(
            tables
                .map_err(table_error)?
                .into_iter()
                .map(|table| (table, Some(state))),
        );
    }
    for (table, location) in &variant.tables {
        files.push((
            discover(&store, table, location)
                .await
                .map_err(table_error)?,
            None,
        ));
    }

    let mut opened: Vec<(Arc<OpenTable>, TableFiles, Option<&DatasetState>)> = Vec::new();
    for (table, state) in files {
        observer.event(Event::Opening {
            variant: &variant.name,
            table: &table.name,
            files: table.files.len(),
        });
        // A source's columns have the types that they have.
        let columns = state
            .filter(|state| state.plan.source.is_none())
            .map(|state| state.plan.spec.columns.as_slice());
        let open = open_table(&bench.context, &datasets.store, &table, columns)
            .await
            .map_err(table_error)?;
        register(
            &bench.context,
            &table.name,
            Arc::clone(&open.provider),
            name,
        )?;
        opened.push((Arc::new(open), table, state));
    }
    for (open, files, state) in opened {
        let record = dataset_record(&open, &files, state);
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
        bench.tables.push(open);
    }
    Ok(bench)
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
            write: if state.written { manifest.write } else { None },
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
