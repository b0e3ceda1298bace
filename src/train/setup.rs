//! From a config to a table that loops can read.

use tokio::runtime::Runtime;

use super::dlio::record_bytes;
use super::rank::Rank;
use crate::config::{Column, Computation, Config, Dtype, ReadMode, ScenarioSource, Training};
use crate::dataset::FolderContent;
use crate::loader::{EpochKey, Pass, TrainingTable, engine_rows, usual_readers};
use crate::observe::memory_bytes;
use crate::record::{Lane, TrainingRecord};
use crate::scenario::{default_scenario, source_scenario};
use crate::session::{CellPlan, Datasets, Failure, OpenedRun, SessionError};
use crate::storage::{Stores, hostname};

/// Names of the scans of the two tables.
const TRAIN: &str = "train";
const VALID: &str = "valid";

/// Option by which the engine answers from statistics. One of the config comes after it.
const COLLECT_STATISTICS: &str = "execution.collect_statistics";

/// Rows that `sample_shuffle` shuffles together if the config names no number: DLIO's default.
const USUAL_WINDOW: u64 = 1024;

/// Returns the config of the scans that a training loop makes: one variant, a scan of the columns
/// with `read: true` for each table, and nothing to compare. If the dataset's folder holds a
/// dataset, that is read, whatever rows and layout the config describes.
pub(super) fn training_config(
    runtime: &Runtime,
    config: &Config,
    stores: &Stores,
    rank: Rank,
) -> Result<Config, Failure> {
    let mut config = config.clone();
    let loading = &config.training.loading;
    let ahead = config
        .variants
        .iter()
        .map(|it| it.reader.requests.prefetch_row_groups);
    if ahead.max() > Some(0) && (rank.world_size > 1 || loading.access == ReadMode::OnDemand) {
        return Err(SessionError::ReadsAhead.into());
    }
    if config.variants.len() > 1 {
        let names = config.variants.iter().map(|it| it.name.clone()).collect();
        return Err(SessionError::SeveralVariants { names }.into());
    }
    config.measure.control = Some(false);
    config.measure.break_even = Some(false);
    let evaluates = config.training.evaluation.is_some();
    let batch_rows = config.training.loading.batch_rows;
    config.scenarios = Vec::new();
    for variant in &mut config.variants {
        variant.reader.read_mode = ReadMode::RowGroup;
        // Training reads every value, also those that statistics know.
        variant
            .engine
            .insert(0, (COLLECT_STATISTICS.to_owned(), "false".to_owned()));
        let columns = variant.dataset.as_ref().map(|it| it.columns.as_slice());
        let row_bytes = columns.map_or(0, read_bytes);
        variant.reader.batch_size = Some(engine_rows(batch_rows, row_bytes));
        let Some(dataset) = &variant.dataset else {
            if evaluates {
                return Err(SessionError::NoValid.into());
            }
            if variant.tables.len() > 1 {
                return Err(SessionError::SeveralTables.into());
            }
            continue;
        };
        // Other tables take no part.
        variant.tables.clear();
        let scenario = match dataset.source {
            Some(_) => source_scenario(&dataset.columns, &dataset.table),
            None => default_scenario(&dataset.columns, &dataset.table),
        };
        let inline = |name: &str, sql: String| ScenarioSource::Inline {
            name: name.to_owned(),
            sql,
        };
        config.scenarios.push(inline(TRAIN, scenario.sql));
        if evaluates {
            if dataset.valid.is_none() {
                return Err(SessionError::NoValid.into());
            }
            let scenario = default_scenario(&dataset.columns, VALID);
            config.scenarios.push(inline(VALID, scenario.sql));
        }
    }
    let mut existing = config.clone();
    for variant in &mut existing.variants {
        if let Some(dataset) = &mut variant.dataset
            && dataset.source.is_none()
        {
            dataset.generate = false;
        }
    }
    let found = runtime.block_on(Datasets::look(stores, &existing))?;
    let is_missing = |content: &FolderContent| matches!(content, FolderContent::Missing);
    Ok(
        match found.all.iter().any(|state| is_missing(&state.found)) {
            true => config,
            false => existing,
        },
    )
}

/// Bytes of a row of the columns that are read, by their types.
fn read_bytes(columns: &[Column]) -> u64 {
    let read = columns.iter().filter(|column| column.read);
    read.map(Column::row_bytes).sum::<f64>() as u64
}

/// Bytes of a row as DLIO counts them by the config: those of the record without columns, else the
/// values of each column times 8, 4, 2 or 1 for numbers and 4 for any other type. `None` for files
/// that the config does not describe.
fn described_bytes(config: &Config) -> Option<u64> {
    let is_described = config
        .resolved
        .pointer("/dataset/parquet/columns")
        .is_some();
    let dataset = config.variants.first()?.dataset.as_ref()?;
    let width = |column: &Column| match column.dtype.is_numeric() || column.dtype == Dtype::Bool {
        true => column.dtype.value_bytes(),
        false => 4,
    };
    match dataset.columns.as_slice() {
        [] => None,
        [only] if !is_described => Some(only.size),
        columns => Some(
            columns
                .iter()
                .map(|it| it.size.saturating_mul(width(it)))
                .sum(),
        ),
    }
}

/// Everything that epochs need.
pub(super) struct Prepared {
    pub(super) table: TrainingTable,
    /// Table of evaluations.
    pub(super) valid: Option<TrainingTable>,
    pub(super) lanes: Vec<Lane>,
    pub(super) record: TrainingRecord,
    rank: Rank,
    readers: u64,
}

impl Prepared {
    /// Plans the scans of the opened tables, and checks that there is a step for every accelerator.
    pub(super) async fn of(
        config: &Config,
        opened: OpenedRun,
        rank: Rank,
    ) -> Result<Self, Failure> {
        let training = &config.training;
        let loading = &training.loading;
        let (mut table, mut valid, mut first) = (None, None, None);
        for CellPlan { record, cell, .. } in opened.cells {
            let is_valid = record.scenario == VALID;
            let made = TrainingTable::new(cell, loading.access, loading.tensors).await?;
            match is_valid {
                true => valid = Some(made),
                false => {
                    table = Some(made);
                    first = Some(record);
                }
            }
        }
        let nothing = || SessionError::Internal("no table was opened".to_owned());
        let (table, cell) = (table.ok_or_else(nothing)?, first.ok_or_else(nothing)?);
        let local = u64::from(training.accelerators);
        let readers = loading
            .readers
            .unwrap_or_else(|| usual_readers(local.saturating_mul(rank.local_size)));
        let explicit = config.resolved.pointer("/measure/lanes").is_some();
        let lanes = match explicit {
            true => config.measure.lanes.clone(),
            false => vec![Lane::EndToEnd, Lane::Compute],
        };
        let open = table.cell.tables.first().ok_or_else(nothing)?;
        let schema = open.provider.schema();
        let record = TrainingRecord {
            rank: rank.rank,
            world_size: rank.world_size,
            hostname: hostname(),
            accelerators: local,
            barrier: training.barrier && local > 1,
            barrier_between_processes: false,
            epochs_asked: u64::from(training.epochs),
            batch_rows: loading.batch_rows,
            readers,
            prefetched_batches: loading.prefetched_batches,
            drop_last: loading.drop_last,
            seed_change_epoch: training.seed_change_epoch,
            steps_asked: training.steps,
            evaluation_batch_rows: training.evaluation.as_ref().map(|it| it.batch_rows),
            shuffles_files: loading.shuffles_files,
            shuffle_rows: window(training, table.rows()),
            access: <&str>::from(loading.access).to_owned(),
            cached_row_groups: (loading.access == ReadMode::OnDemand)
                .then_some(loading.cached_row_groups),
            tensors: loading.tensors.name().to_owned(),
            row_bytes: table.row_bytes(),
            computation: in_words(&training.computation),
            seed: training.seed,
            target_utilization: training.target_utilization,
            excluded_start_steps: training.excluded_steps.start,
            excluded_end_steps: training.excluded_steps.end,
            dataset: cell.dataset.first().cloned().unwrap_or_default(),
            table: open.name.clone(),
            files: open.places.len() as u64,
            row_groups: open.row_groups,
            rows: open.rows,
            files_of_evaluation: valid.as_ref().map_or(0, |it: &TrainingTable| it.files()),
            file_bytes: open.file_bytes,
            columns_read: table.columns().len() as u64,
            columns: schema.fields().len() as u64,
            record_bytes: described_bytes(config).unwrap_or_else(|| record_bytes(&schema)),
            plan: cell.plan.clone(),
            epochs: Vec::new(),
            search: None,
        };
        let prepared = Prepared {
            table,
            valid,
            lanes,
            record,
            rank,
            readers,
        };
        prepared.check_steps(training)?;
        Ok(prepared)
    }

    /// Settings of a pass over the table `train`.
    pub(super) fn pass(&self, training: &Training, lane: Lane, epoch: u64) -> Pass {
        let loading = &training.loading;
        let local = u64::from(training.accelerators);
        Pass {
            lane,
            key: EpochKey::new(training.seed, epoch, training.seed_change_epoch),
            world: local * self.rank.world_size,
            local: local * self.rank.rank..local * (self.rank.rank + 1),
            barrier: training.barrier,
            batch_rows: loading.batch_rows,
            drop_last: loading.drop_last,
            steps: training.steps,
            prefetched: loading.prefetched_batches,
            readers: self.readers,
            shuffles_files: loading.shuffles_files,
            window: window(training, self.table.rows()),
            kept_row_groups: usize::try_from(loading.cached_row_groups).unwrap_or(usize::MAX),
            computation: training.computation,
        }
    }

    /// Refuses a loop in which an accelerator has no step, or fewer than are asked for.
    fn check_steps(&self, training: &Training) -> Result<(), SessionError> {
        let loading = &training.loading;
        let pass = self.pass(training, Lane::EndToEnd, 1);
        // Shares differ between epochs if files have another order in each.
        let differ = pass.shuffles_files && pass.world > 1 && training.seed_change_epoch;
        let epochs = match differ {
            true => u64::from(training.epochs),
            false => 1,
        };
        // A process that lacks a step ends all, so that each looks at the shares of all.
        check_units(&self.table, loading.access, pass.world)?;
        let shares = (1..=epochs).flat_map(|epoch| {
            self.table.shares(&Pass {
                local: 0..pass.world,
                ..self.pass(training, Lane::EndToEnd, epoch)
            })
        });
        let mut most_steps = 0;
        for share in shares {
            let (rows, found) = (share.batching.rows, share.batching.batches);
            most_steps = most_steps.max(share.steps);
            let wanted = training.steps.unwrap_or(1);
            if found < wanted {
                return Err(SessionError::TooFewSteps {
                    accelerator: share.accelerator,
                    accelerators: pass.world,
                    rows,
                    batch_rows: pass.batch_rows,
                    found,
                    wanted: training.steps,
                });
            }
        }
        let batches = u128::from(loading.batch_rows.min(self.table.rows()))
            * u128::from(self.table.row_bytes())
            * u128::from(loading.prefetched_batches.saturating_add(1).min(most_steps))
            * u128::from(training.accelerators);
        let (memory, _) = memory_bytes();
        if memory > 0 && batches > u128::from(memory) {
            return Err(SessionError::BatchMemory {
                reason: format!(
                    "batches of {} rows of {} need more than this host's memory, {}: reader.batch_size, reader.prefetch_size and \
                     train.accelerators are too large together",
                    crate::units::count(loading.batch_rows),
                    crate::units::bytes(self.table.row_bytes()),
                    crate::units::bytes(memory)
                ),
            });
        }
        let Some((evaluation, valid)) = training.evaluation.as_ref().zip(self.valid.as_ref())
        else {
            return Ok(());
        };
        let pass = Pass {
            batch_rows: evaluation.batch_rows,
            steps: None,
            local: 0..pass.world,
            ..pass
        };
        check_units(valid, loading.access, pass.world)?;
        match valid.shares(&pass).iter().find(|share| share.steps == 0) {
            None => Ok(()),
            Some(share) => Err(SessionError::TooFewSteps {
                accelerator: share.accelerator,
                accelerators: pass.world,
                rows: share.batching.rows,
                batch_rows: pass.batch_rows,
                found: 0,
                wanted: None,
            }),
        }
    }
}

/// Refuses more accelerators than there is to deal among them.
fn check_units(
    table: &TrainingTable,
    access: ReadMode,
    accelerators: u64,
) -> Result<(), SessionError> {
    let units = table.units();
    if units >= accelerators {
        return Ok(());
    }
    let open = table.cell.tables.first();
    Err(SessionError::TooFewUnits {
        table: open.map_or_else(String::new, |it| it.name.clone()),
        units,
        holds_files: access == ReadMode::WholeFile,
        accelerators,
    })
}

/// Rows that are shuffled together. `None` if rows are not shuffled.
fn window(training: &Training, rows: u64) -> Option<u64> {
    let loading = &training.loading;
    loading.shuffles_rows.then(|| {
        let usual = match loading.access {
            ReadMode::OnDemand => rows.max(1),
            ReadMode::WholeFile | ReadMode::RowGroup => USUAL_WINDOW,
        };
        loading.shuffle_rows.unwrap_or(usual)
    })
}

fn in_words(computation: &Computation) -> String {
    let time = |seconds: f64| crate::units::duration_ns(seconds * 1e9);
    match *computation {
        Computation::Constant(seconds) => time(seconds),
        Computation::Normal { mean, std_dev } => {
            format!("normal, mean {}, deviation {}", time(mean), time(std_dev))
        }
        Computation::Uniform { min, max } => format!("uniform, {} to {}", time(min), time(max)),
        Computation::Gamma { shape, scale } => {
            format!("gamma, shape {shape}, scale {}", time(scale))
        }
        Computation::Exponential { scale } => format!("exponential, mean {}", time(scale)),
        Computation::Poisson { mean } => format!("poisson, mean {}", time(mean)),
    }
}
