//! Tests of two measurements at once in one process.

use tokio::runtime::Runtime;

use super::{Silent, config_at};
use crate::cancel::Cancel;
use crate::measure::{Cell, IterationPlace};
use crate::record::{Iteration, Kind, Lane, Status};
use crate::session::{Datasets, OpenedRun, open};
use crate::storage::Stores;

const CONFIG: &str = "
dataset:
  num_files_train: 4
  num_samples_per_file: 2000
  parquet:
    row_group_size: 500
    columns:
      - { name: id, dtype: int64, distribution: sequence }
      - { name: number, dtype: float64 }
      - { name: text, dtype: string, size: 20 }
reader: { read_threads: 1 }
scenarios:
  - { name: wide, sql: SELECT * FROM train }
  - { name: narrow, sql: 'SELECT number FROM train WHERE id >= 7000' }
measure: { control: false, engine_cache: CACHE }
";

/// Each request of one variant takes some milliseconds, so that measurements that begin together
/// overlap.
const SWEEP: [&str; 1] = ["storage.throttle.latency=0,3ms"];

async fn iterate(cell: &mut Cell, lane: Lane, kind: Kind) -> Iteration {
    let probe = IterationPlace {
        lane,
        kind,
        round: 0,
        position: 0,
        block: None,
        started_offset_ns: 0,
        arrow_bytes: 0,
    };
    cell.iterate(probe).await.unwrap()
}

/// Ledger of an iteration. Times are left out, as CPU times are those of the whole process.
fn ledger(iteration: &Iteration) -> String {
    let figures = &iteration.figures;
    assert_eq!(iteration.status, Status::Ok, "{:?}", iteration.reason);
    let scans = iteration.scans.iter();
    let scans: Vec<_> = scans
        .map(|it| (it.row_groups_read, it.files_read))
        .collect();
    format!(
        "{} rows; {} ranges of {} and {} bytes; {} requests of {} bytes; {} calls; chunks of {} and {} bytes; {scans:?}",
        figures.rows,
        figures.engine_ranges,
        figures.engine_data_bytes,
        figures.engine_metadata_bytes,
        figures.requests,
        figures.requested_bytes,
        figures.store_calls.as_ref().map_or(0, |calls| calls.calls) / u64::from(figures.executions),
        figures.chunk_compressed_bytes,
        figures.chunk_encoded_bytes,
    )
}

#[test]
fn cells_that_are_measured_at_once_have_the_ledgers_of_their_single_runs() {
    let runtime = Runtime::new().unwrap();
    for cache in ["fresh", "warm"] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let config = config_at(&data, &CONFIG.replace("CACHE", cache), &SWEEP);
        let stores = Stores::default();
        let placed = Datasets::place(&stores, &config);
        let mut datasets = runtime.block_on(placed).unwrap();
        datasets
            .ensure(&runtime, None, &Cancel::default(), &Silent)
            .unwrap();
        let opened = open(&config, &datasets, None, None, &Silent);
        let OpenedRun { mut cells, .. } = runtime.block_on(opened).unwrap();
        assert_eq!(cells.len(), 4);
        // A warm-up is one execution, a measured iteration is several.
        for (lane, kind) in Lane::ALL
            .into_iter()
            .flat_map(|lane| [Kind::Warmup, Kind::Measured].map(|kind| (lane, kind)))
        {
            let single: Vec<String> = cells
                .iter_mut()
                .map(|plan| ledger(&runtime.block_on(iterate(&mut plan.cell, lane, kind))))
                .collect();
            let nothing = |it: &String| it.contains("requests of 0 bytes");
            assert!(!single.iter().any(nothing), "{single:?}");
            assert_ne!(single[0], single[2]);
            let all = cells.iter_mut();
            let all = all.map(|plan| iterate(&mut plan.cell, lane, kind));
            let together = runtime.block_on(futures::future::join_all(all));
            let together: Vec<String> = together.iter().map(ledger).collect();
            assert_eq!(together, single, "{cache} {} {kind}", lane.name());
        }
    }
}
