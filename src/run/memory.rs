//! Memory that a cell takes: its query is executed once in a process that does nothing else.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::config::{Config, ScenarioSource};
use crate::observe::{reset_peak, resident_bytes};
use crate::record::Event as Entry;
use crate::session::{
    AtSite, CellPlan, Datasets, Event, Failure, Grid, KnownSources, Observer, RunJournal,
    SessionError, Warning, open, unchanged,
};
use crate::storage::Stores;

/// Memory that one execution of a cell takes in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededMemory {
    /// Bytes that were resident before the query.
    pub base_memory_bytes: u64,
    /// Most bytes that were resident while the query ran.
    pub peak_memory_bytes: u64,
}

/// Starts a process for the cell with this id, passes the sources to it, waits for it, and returns
/// the result of [`needed_memory`] there. The error says why there is none.
pub type MemoryProbe =
    Arc<dyn Fn(&str, &KnownSources) -> Result<NeededMemory, String> + Send + Sync>;

/// Has a process measure the memory of each cell, one after the other. The control is left out, as
/// it is the baseline's twin.
pub(super) async fn look(
    probe: &MemoryProbe,
    sources: &Arc<KnownSources>,
    cells: &[CellPlan],
    journal: &mut RunJournal,
    observer: &dyn Observer,
) -> Result<(), Failure> {
    let mut failed: Vec<String> = Vec::new();
    let looked_at: Vec<&CellPlan> = cells
        .iter()
        .filter(|plan| plan.record.control.is_none())
        .collect();
    for (done, plan) in looked_at.iter().enumerate() {
        let cell = plan.record.id.clone();
        observer.event(Event::Looking {
            what: "memory",
            done,
            total: looked_at.len(),
            scenario: &plan.record.scenario,
            variant: &plan.record.variant_name,
        });
        let (probe, sources, id) = (Arc::clone(probe), Arc::clone(sources), cell.clone());
        let told = tokio::task::spawn_blocking(move || probe(&id, &sources))
            .await
            .map_err(|error| SessionError::Internal(error.to_string()))?;
        unchanged(&plan.cell).await?;
        match told {
            Ok(needed) => journal.append(Entry::Memory {
                cell,
                peak_memory_bytes: needed.peak_memory_bytes,
                base_memory_bytes: needed.base_memory_bytes,
            })?,
            Err(reason) => failed.push(format!("{cell}: {reason}")),
        }
    }
    if let Some(first) = failed.first() {
        let warning = Warning::MemoryUnknown {
            cells: failed.len(),
            first: first.clone(),
        };
        journal.warn(observer, &warning)?;
    }
    Ok(())
}

/// Executes one cell of a config once. The process that calls it should do nothing else. The
/// `sources` themselves are not read.
pub fn needed_memory(
    runtime: &Runtime,
    config: &Config,
    cell: &str,
    sources: &KnownSources,
    observer: &dyn Observer,
) -> Result<NeededMemory, Failure> {
    let unknown = || SessionError::Internal(format!("there is no cell {cell:?}"));
    runtime.block_on(async {
        let mut datasets =
            Datasets::place_again(&Stores::reached_by(&config.connection, 0), config, sources)?;
        let mut config = config.clone();
        let rows = Grid::of(&config)?.rows;
        let found = rows.iter().enumerate().find_map(|(variant, row)| {
            let found = row.cells.iter().find(|it| it.id == cell)?;
            Some((variant, Arc::clone(&found.scenario)))
        });
        let (variant, scenario) = found.ok_or_else(unknown)?;
        config.variants = vec![config.variants.swap_remove(variant)];
        // A config without scenarios has those of its first variant, which may be another one.
        config.scenarios = vec![ScenarioSource::Inline {
            name: scenario.name.clone(),
            sql: scenario.sql.clone(),
        }];
        config.measure.control = Some(false);
        datasets.of_variant = vec![datasets.of_variant.swap_remove(variant)];
        let mut opened = open(&config, &datasets, None, None, observer).await?;
        let plan = opened
            .cells
            .iter_mut()
            .find(|plan| plan.record.id == cell)
            .ok_or_else(unknown)?;
        reset_peak();
        let before = resident_bytes();
        plan.cell.execute_once().await.at(&plan.site)?;
        let told = before.zip(resident_bytes());
        let ((base, _), (_, peak)) = told.ok_or_else(|| {
            SessionError::Internal("the system does not tell what memory is resident".to_owned())
        })?;
        Ok(NeededMemory {
            base_memory_bytes: base,
            peak_memory_bytes: peak,
        })
    })
}
