//! Parts that benchmarks of measuring share.

use parquet_bench::cancel::Cancel;
use parquet_bench::config::{Overrides, Source, load};
use parquet_bench::measure::{Cell, IterationPlace};
use parquet_bench::record::{Iteration, Kind, Lane, Status};
use parquet_bench::session::{Datasets, Event, Observer, OpenedRun, open};
use parquet_bench::storage::Stores;
use tokio::runtime::Runtime;

struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}

/// Writes the datasets of a config, and opens its cells.
pub(crate) fn opened(runtime: &Runtime, config: String) -> OpenedRun {
    let source = Source {
        origin: "benchmark".to_owned(),
        text: config,
        folder: None,
    };
    let config = load(&source, &Overrides::default()).unwrap();
    let mut datasets = runtime
        .block_on(Datasets::place(
            &Stores::reached_by(&config.connection, 0),
            &config,
        ))
        .unwrap();
    datasets
        .ensure(runtime, None, &Cancel::default(), &Silent)
        .unwrap();
    runtime
        .block_on(open(&config, &datasets, None, None, &Silent))
        .unwrap()
}

/// Makes a measured iteration of a lane.
pub(crate) async fn iteration(cell: &mut Cell, lane: Lane) -> Iteration {
    let probe = IterationPlace {
        lane,
        kind: Kind::Measured,
        round: 0,
        position: 0,
        block: None,
        started_offset_ns: 0,
        arrow_bytes: 0,
    };
    let iteration = cell.iterate(probe).await.unwrap();
    assert_eq!(iteration.status, Status::Ok);
    iteration
}

/// Prints the median of paired ratios, and their quartiles.
pub(crate) fn report(what: &str, mut ratios: Vec<f64>) {
    ratios.sort_by(f64::total_cmp);
    let quartile = |quarter: usize| ratios[(ratios.len() - 1) * quarter / 4];
    eprintln!(
        "{what}, median of {} alternating pairs: {:.4} (quartiles {:.4} to {:.4})",
        ratios.len(),
        quartile(2),
        quartile(1),
        quartile(3)
    );
}
