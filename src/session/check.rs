//! Checks that are possible before there is any data.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::datasource::empty::EmptyTable;

use super::datasets::Datasets;
use super::error::{AtSite, Failure, SessionError};
use super::event::Observer;
use super::grid::Grid;
use super::opening::{Opening, patiently, register};
use super::page_cache::check_target_cache;
use crate::config::{Config, ReadMode};
use crate::dataset::{DatasetPlan, FolderContent, grows_by};
use crate::engine::{parse, plan};
use crate::table::{TableError, discover};

/// Refuses, before any data is written, scenarios that cannot be found or parsed, options that the
/// engine does not accept, and tables without files.
pub async fn check(
    config: &Config,
    datasets: &Datasets,
    observer: &dyn Observer,
) -> Result<(), Failure> {
    let grid = Grid::of(config)?;
    for opening in Opening::of_all(config, &grid, datasets, observer) {
        check_variant(&opening).await?;
    }
    Ok(())
}

async fn check_variant(opening: &Opening<'_>) -> Result<(), Failure> {
    let (variant, site) = (opening.row.variant, &opening.row.site);
    if variant.reader.read_mode == ReadMode::OnDemand {
        return Err(SessionError::OnDemand).at(site);
    }
    let context = opening.session().await?;
    let datasets = opening.datasets;
    let writes = datasets.to_write().next().is_some();
    for (table, location) in &variant.tables {
        refuse_other_format(datasets, table, location).at(site)?;
    }
    // If nothing is to be written, the tables are opened right after this.
    for (table, location) in variant.tables.iter().filter(|_| writes) {
        for state in datasets.to_write() {
            if grows_by(&datasets.stores, location, &state.plan.root)? {
                let grown = TableError::BadFile {
                    table: table.clone(),
                    file: location.clone(),
                    reason: format!(
                        "{} would be written to, and lies in it; set dataset.data_folder to another folder",
                        state.plan.root
                    ),
                };
                return Err(grown).at(site);
            }
        }
        discover(&datasets.stores, table, location).await.at(site)?;
    }
    let state = opening.state;
    if let Some(state) = state.filter(|state| matches!(state.found, FolderContent::ToWrite)) {
        check_target_cache(variant.reader.cache, &state.plan.root)?;
    }
    let to_write = state
        .filter(|state| matches!(state.found, FolderContent::ToWrite | FolderContent::Missing))
        .filter(|_| variant.tables.is_empty());
    if let Some(state) = to_write {
        for table in &state.plan.tables {
            let empty = Arc::new(EmptyTable::new(state.plan.table_schema()));
            register(&context, state.plan.name_in_sql(table.name), empty).at(site)?;
        }
    }
    // To plan a scan, the engine takes time that is quadratic in its columns.
    let known_good = to_write.is_some_and(|state| has_default_columns(opening.config, &state.plan));
    for cell in &opening.row.cells {
        let scenario = &cell.scenario;
        // Queries of tables that are still to be written can be planned here. Other tables must be
        // opened first.
        let checked = match to_write {
            Some(_) if !known_good => {
                let planned = plan(&context, &scenario.sql);
                patiently(planned, opening.observer, scenario, &variant.name)
                    .await
                    .map(|_| ())
            }
            _ => parse(&context, &scenario.sql),
        };
        checked.at(&cell.site)?;
    }
    Ok(())
}

/// Refuses to read the files of a source as a table, if they are no Parquet files.
fn refuse_other_format(datasets: &Datasets, table: &str, location: &str) -> Result<(), TableError> {
    let sources = datasets.all.iter().filter_map(|it| it.plan.source.as_ref());
    let mut same = sources.filter(|it| it.location == location);
    match same.any(|it| it.plain.is_none()) {
        false => Ok(()),
        true => Err(TableError::BadFile {
            table: table.to_owned(),
            file: location.to_owned(),
            reason: "only Parquet files are read as they are; leave --with-original out".to_owned(),
        }),
    }
}

/// True if the config leaves the scenario to this program, and the dataset is generated and has
/// every column that the first variant reads, which the scenario names. Planning could then find no
/// fault in the query.
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
