//! Tests of whole passes over real files.

use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::setup::{Prepared, training_config};
use super::*;
use crate::config::{Computation, Overrides, ReadMode, Source, load};
use crate::loader::{EpochKey, Pass, PassOutcome, TrainingTable};
use crate::record::Lane;
use crate::session::prepare;

struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}

/// 3 files of 100 rows in row groups of 30.
const CONFIG: &str = "
dataset:
  num_files_train: 3
  num_samples_per_file: 100
  parquet:
    row_group_size: 30
    columns:
      - { name: id, dtype: int64, distribution: sequence }
      - { name: number, dtype: float32, distribution: { kind: uniform, null_fraction: 0.1 } }
      - { name: vector, dtype: uint16, size: 3 }
      - { name: text, dtype: string, size: 5 }
      - { name: unread, dtype: float64, read: false }
measure: { engine_cache: warm }
";

fn config(folder: &TempDir, text: &str) -> Config {
    let data = folder.path().join("data").display().to_string();
    let source = Source {
        origin: "test".to_owned(),
        text: text.to_owned(),
        folder: None,
    };
    let overrides = Overrides {
        set: vec![format!("dataset.data_folder={data}")],
        ..Overrides::default()
    };
    load(&source, &overrides).unwrap()
}

/// A table of a config, with the rows of its files.
struct Trained {
    runtime: Runtime,
    table: TrainingTable,
    /// Text of each row, and its numbers, by `id`.
    rows: BTreeMap<u64, (Vec<f64>, String)>,
    _folder: TempDir,
}

impl Trained {
    fn new(access: ReadMode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let mut config = config(&folder, CONFIG);
        config.training.loading.access = access;
        let stores = Stores::default();
        let config = training_config(&runtime, &config, &stores, Rank::default()).unwrap();
        let cancel = Cancel::default();
        let datasets = prepare(&runtime, &stores, &config, true, None, &cancel, &Silent).unwrap();
        let opened = runtime
            .block_on(open(&config, &datasets, None, None, &Silent))
            .unwrap();
        let prepared = Prepared::of(&config, opened, Rank::default());
        let table = runtime.block_on(prepared).unwrap().table;
        let context = table.cell.context.clone();
        let rows = runtime.block_on(async move {
            let sql = "SELECT id, number, vector, text FROM train";
            let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
            let mut rows = BTreeMap::new();
            for batch in &batches {
                let text = arrow::compute::cast(batch.column(3), &DataType::Utf8).unwrap();
                let number = arrow::compute::cast(batch.column(1), &DataType::Float64).unwrap();
                for row in 0..batch.num_rows() {
                    let id = batch
                        .column(0)
                        .as_primitive::<arrow::datatypes::Int64Type>()
                        .value(row);
                    let number = number.as_primitive::<arrow::datatypes::Float64Type>();
                    let number = match number.is_null(row) {
                        true => f64::NAN,
                        false => number.value(row),
                    };
                    let vector = batch.column(2).as_fixed_size_list().value(row);
                    let vector = vector
                        .as_primitive::<arrow::datatypes::UInt16Type>()
                        .values()
                        .to_vec();
                    let mut numbers = vec![id as f64, number];
                    numbers.extend(vector.into_iter().map(f64::from));
                    let text = text.as_string::<i32>().value(row).to_owned();
                    rows.insert(id as u64, (numbers, text));
                }
            }
            rows
        });
        assert_eq!(rows.len(), 300);
        Trained {
            runtime,
            table,
            rows,
            _folder: folder,
        }
    }

    fn pass(&self, pass: &Pass) -> PassOutcome {
        let shares = self.table.shares(pass);
        self.runtime
            .block_on(self.table.pass(pass, &shares))
            .unwrap()
    }

    /// Returns the ids that each accelerator got, in order, and checks that every row has its own
    /// values.
    fn ids(&self, made: &PassOutcome, batch_rows: u64) -> Vec<Vec<u64>> {
        let of_accelerator = |batches: &std::sync::Arc<crate::loader::EpochBatches>| {
            let mut ids = Vec::new();
            let seen = batches.seen.lock();
            for (index, (values, others)) in seen.iter().enumerate() {
                let text = others[0].as_string::<i64>();
                let rows = values.chunks(5).count();
                assert_eq!(text.len(), rows);
                assert!(rows as u64 == batch_rows || index + 1 == seen.len());
                for (row, found) in values.chunks(5).enumerate() {
                    let (numbers, expected) = &self.rows[&(found[0] as u64)];
                    assert_eq!(format!("{found:?}"), format!("{numbers:?}"));
                    assert_eq!(text.value(row), expected);
                    ids.push(found[0] as u64);
                }
            }
            ids
        };
        made.seen.iter().map(of_accelerator).collect()
    }
}

fn pass(accelerators: u64, batch_rows: u64) -> Pass {
    Pass {
        lane: Lane::EndToEnd,
        key: EpochKey::new(1, 1, true),
        world: accelerators,
        local: 0..accelerators,
        barrier: true,
        batch_rows,
        drop_last: true,
        steps: None,
        prefetched: 2,
        readers: 2,
        shuffles_files: false,
        window: None,
        kept_row_groups: 2,
        computation: Computation::Constant(0.0),
    }
}

/// The ways of access, each by the engine's own scan and by that of many small files.
fn scans() -> impl Iterator<Item = Trained> {
    let access = [ReadMode::RowGroup, ReadMode::WholeFile, ReadMode::OnDemand];
    let both = access
        .into_iter()
        .flat_map(|access| [(access, false), (access, true)]);
    both.map(|(access, small_files)| {
        let mut trained = Trained::new(access);
        trained.table.small_files = small_files;
        trained
    })
}

#[test]
fn every_row_comes_once_with_its_own_values_whatever_the_settings() {
    for trained in scans() {
        let settings = (
            (1_u64..4, 1_u64..90, any::<bool>(), 1_u64..5),
            (any::<bool>(), proptest::option::of(1_u64..400), 0_u64..4),
            (any::<u64>(), 1_u64..4, any::<bool>()),
        );
        let cases = Cases {
            cases: 12,
            failure_persistence: None,
            ..Cases::default()
        };
        let mut runner = TestRunner::new(cases);
        let checked = runner.run(&settings, |(shape, order, seed)| {
            let (accelerators, batch_rows, drop_last, readers) = shape;
            let (shuffles_files, window, prefetched) = order;
            let pass = Pass {
                drop_last,
                readers,
                shuffles_files,
                window,
                prefetched,
                key: EpochKey::new(seed.0, seed.1, seed.2),
                ..pass(accelerators, batch_rows)
            };
            let made = trained.pass(&pass);
            let ids = trained.ids(&made, batch_rows);
            let mut all: Vec<u64> = ids.iter().flatten().copied().collect();
            let dropped: u64 = trained
                .table
                .shares(&pass)
                .iter()
                .map(|it| it.batching.dropped_rows())
                .sum();
            prop_assert_eq!(all.len() as u64 + dropped, 300);
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(all.len() as u64 + dropped, 300);
            prop_assert!(drop_last || dropped == 0);
            // The order depends on neither the readers nor what they do at once.
            let again = Pass {
                readers: readers % 3 + 1,
                prefetched: 0,
                ..pass
            };
            prop_assert_eq!(trained.ids(&trained.pass(&again), batch_rows), ids);
            Ok(())
        });
        checked.unwrap();
    }
}

#[test]
fn rows_come_in_the_order_of_the_files_or_in_another_in_each_epoch() {
    for access in [ReadMode::RowGroup, ReadMode::WholeFile, ReadMode::OnDemand] {
        let trained = Trained::new(access);
        let ids = |pass: &Pass| trained.ids(&trained.pass(pass), 25).concat();
        assert_eq!(ids(&pass(1, 25)), (0..300).collect::<Vec<_>>());
        let shuffled = |epoch| Pass {
            key: EpochKey::new(1, epoch, true),
            shuffles_files: true,
            window: Some(64),
            ..pass(1, 25)
        };
        assert_ne!(ids(&shuffled(1)), ids(&shuffled(2)));
        assert_eq!(ids(&shuffled(1)), ids(&shuffled(1)));
    }
}

#[test]
fn the_other_lanes_count_the_same_rows_and_the_ceiling_reads_nothing() {
    for mut trained in scans() {
        let of_lane = |lane| Pass {
            lane,
            drop_last: false,
            ..pass(2, 70)
        };
        let rows = |made: &PassOutcome| -> u64 {
            let steps = made.steps.iter().flat_map(|it| &it.steps);
            steps.map(|step| step.samples).sum()
        };
        let whole = trained.pass(&of_lane(Lane::EndToEnd));
        let raw = trained.pass(&of_lane(Lane::Storage));
        assert_eq!((rows(&whole), rows(&raw)), (300, 300));
        let data = |made: &PassOutcome| made.observation.figures.engine_data_bytes;
        let all = |made: &PassOutcome| made.observation.figures.requested_bytes;
        assert!(all(&whole) > 0);
        if whole.lookups.is_none() && !trained.table.small_files {
            assert_eq!(data(&whole), data(&raw));
        }
        let pass = of_lane(Lane::Compute);
        let shares = trained.table.shares(&pass);
        let shares = trained.table.hold_in_memory(shares, &pass);
        let made = trained
            .runtime
            .block_on(trained.table.pass(&pass, &shares))
            .unwrap();
        assert_eq!(rows(&made), 300);
        assert_eq!(made.observation.void, None);
    }
}

#[test]
fn samples_by_index_hit_row_groups_that_are_kept() {
    let trained = Trained::new(ReadMode::OnDemand);
    let lookups = |kept_row_groups, window| {
        let pass = Pass {
            kept_row_groups,
            window,
            readers: 1,
            ..pass(1, 10)
        };
        trained.pass(&pass).lookups.unwrap()
    };
    // 12 row groups, read one after the other.
    let in_order = lookups(1, None);
    assert_eq!((in_order.hits, in_order.misses), (288, 12));
    let all_kept = lookups(12, Some(300));
    assert_eq!((all_kept.hits, all_kept.misses), (288, 12));
    let few_kept = lookups(2, Some(300));
    assert!(few_kept.misses > 150, "{few_kept:?}");
}

#[test]
fn a_loop_that_is_dropped_stops_its_readers_and_its_thread() {
    let trained = Trained::new(ReadMode::RowGroup);
    let endless = Pass {
        computation: Computation::Constant(3600.0),
        ..pass(2, 10)
    };
    let shares = trained.table.shares(&endless);
    let started = Instant::now();
    trained.runtime.block_on(async {
        let pass = trained.table.pass(&endless, &shares);
        let ended = tokio::time::timeout(Duration::from_millis(50), pass).await;
        assert!(ended.is_err());
    });
    assert!(started.elapsed() < Duration::from_secs(60));
}
