//! The proof that nothing depends on a path: every verb of datasets over an object store in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::runtime::Runtime;

use super::{Silent, config_at};
use crate::cancel::Cancel;
use crate::config::Config;
use crate::dataset::{FolderContent, removal, remove};
use crate::files::Depth;
use crate::learn::learn;
use crate::record::{RunRecord, Status};
use crate::run::{Options, run};
use crate::session::{Datasets, Failure, SessionError};
use crate::storage::{Store, Stores};
use crate::table::inspect;

const DATA: &str = "memory://bench/data";

const CONFIG: &str = "
dataset:
  num_files_train: 3
  num_files_eval: 1
  num_samples_per_file: 600
  parquet:
    row_group_size: 200
    partition_by: [city]
    columns:
      - { name: id, dtype: int64, distribution: sequence }
      - { name: number, dtype: float64 }
      - { name: text, dtype: string, size: 12 }
      - { name: city, dtype: string, distribution: { kind: categorical, values: [Oslo, 'São Paulo', Rome] } }
scenarios:
  - { name: some, sql: 'SELECT number, city FROM train WHERE id < 900' }
  - { name: other, sql: 'SELECT count(*), max(text) FROM valid' }
measure: { rounds: 1, warmup: 0, lanes: [end_to_end, storage, compute], control: true, peak_memory: false, break_even: true }
";

const SWEEP: [&str; 1] = ["dataset.compression=none,zstd"];

fn memory() -> (Arc<dyn ObjectStore>, Stores) {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let store = Store::of("memory://bench", Arc::clone(&objects)).unwrap();
    (objects, Stores::default().with(store))
}

fn names(runtime: &Runtime, objects: &Arc<dyn ObjectStore>) -> Vec<String> {
    let found: Vec<_> = runtime.block_on(objects.list(None).try_collect()).unwrap();
    let mut names: Vec<String> = found.iter().map(|it| it.location.to_string()).collect();
    names.sort();
    names
}

fn measured(runtime: &Runtime, stores: &Stores, config: &Config, results: &Path) -> RunRecord {
    let options = Options {
        stores: stores.clone(),
        results: results.to_owned(),
        ..Options::default()
    };
    let outcome = run(runtime, config, &options, &Cancel::default(), &Silent).unwrap();
    assert!(outcome.ended_by.is_none(), "{:?}", outcome.ended_by);
    outcome.record
}

/// Figures that do not depend on the storage: rows, checksums and bytes, by cell and lane.
fn ledgers(record: &RunRecord) -> BTreeMap<String, String> {
    let mut ledgers = BTreeMap::new();
    for cell in &record.cells {
        for iteration in &cell.iterations {
            let figures = &iteration.figures;
            assert_eq!(iteration.status, Status::Ok, "{:?}", iteration.reason);
            let bytes = (figures.engine_data_bytes, figures.requested_bytes);
            let ledger = format!(
                "{} rows, {} ranges, {bytes:?} bytes, {} requests",
                figures.rows, figures.engine_ranges, figures.requests
            );
            let place = format!("{} {} {}", cell.id, iteration.lane.name(), iteration.round);
            ledgers.insert(place, ledger);
        }
        let checksums = cell.iterations.iter();
        let mut checksums = checksums.filter_map(|it| it.figures.checksum.as_ref());
        if let Some(checksum) = checksums.next() {
            ledgers.insert(cell.id.clone(), checksum.exact.clone());
        }
    }
    ledgers
}

#[test]
fn a_dataset_is_written_measured_inspected_learned_and_cleaned_in_a_store() {
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let results = folder.path().join("results");
    std::fs::create_dir(&results).unwrap();
    let (objects, stores) = memory();

    // Generated and measured: the rows and the bytes are the same as from a folder.
    let config = config_at(DATA, CONFIG, &SWEEP);
    let record = measured(&runtime, &stores, &config, &results);
    let local = folder.path().join("data").display().to_string();
    let of_variants = |folder: &str, stores: &Stores| {
        let config = CONFIG.replace("control: true", "control: false");
        let config = config_at(folder, &config, &SWEEP);
        ledgers(&measured(&runtime, stores, &config, &results))
    };
    let found = of_variants(DATA, &stores);
    assert_eq!(found, of_variants(&local, &Stores::default()));
    let (scenarios, variants, lanes) = (2, 2, 3);
    assert!(found.len() > scenarios * variants * lanes);
    let warning = "the control reads the baseline's own files";
    assert!(record.warnings.iter().any(|it| it.starts_with(warning)));
    let locations = record.datasets.iter().map(|it| it.location.as_str());
    let locations: Vec<&str> = locations.collect();
    assert!(
        locations
            .iter()
            .all(|it| it.starts_with("memory://bench/data/variants/"))
    );
    assert_eq!(record.datasets[0].files, 3 * 3 + 3);
    let profiles = record.cells.iter().filter(|cell| cell.profile.is_some());
    assert_eq!(profiles.count(), scenarios * variants);

    // The store has the files of the folder, and no lock, note or staged file.
    let below = walkdir::WalkDir::new(&local).sort_by_file_name();
    let files = below.into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let mut files: Vec<String> = files
        .map(|entry| {
            let below = entry.path().strip_prefix(folder.path()).unwrap();
            below.display().to_string()
        })
        .filter(|name| !name.ends_with("_bench.lock"))
        .collect();
    files.sort();
    assert_eq!(names(&runtime, &objects), files);

    // A second run finds all files.
    let again = runtime.block_on(Datasets::place(&stores, &config)).unwrap();
    assert!(
        again
            .all
            .iter()
            .all(|state| matches!(state.found, FolderContent::Complete(_)))
    );

    // Inspected, page by page.
    let train = format!("{}/train", locations[0]);
    let depth = Depth {
        row_groups: true,
        pages: true,
    };
    let inspection = runtime.block_on(inspect(&stores, &train, depth)).unwrap();
    assert_eq!((inspection.rows, inspection.files.len()), (1800, 9));
    assert_eq!(inspection.partition_by, ["city"]);
    let first = &inspection.files[0];
    assert!(first.path.starts_with(&train), "{}", first.path);

    // Learned from, and generated again by the learned config.
    let cancel = Cancel::default();
    let learned = learn(&stores, &train, true, &cancel, &|_, _| {});
    let learned = runtime.block_on(learned).unwrap();
    let alike = config_at("memory://bench/alike", &learned.yaml, &[]);
    let mut alike = runtime.block_on(Datasets::place(&stores, &alike)).unwrap();
    alike
        .ensure(&runtime, None, &Cancel::default(), &Silent)
        .unwrap();
    assert_eq!(alike.all[0].manifest().unwrap().rows(), 1800);

    // Cleaned: all of one dataset goes, and nothing of the other.
    let plans = runtime.block_on(Datasets::plans(&stores, &config)).unwrap();
    for plan in &plans {
        let found = removal(plan).unwrap().unwrap();
        assert_eq!(found.files.len(), 3 * 3 + 3 + 1);
        assert!(found.notes.is_empty(), "{:?}", found.notes);
        remove(&found).unwrap();
        assert_eq!(removal(plan).unwrap(), None);
    }
    let left = names(&runtime, &objects);
    assert!(!left.is_empty() && left.iter().all(|name| name.starts_with("alike/")));
    assert!(!Path::new("memory:").exists());
}

#[test]
fn another_dataset_in_a_store_is_not_overwritten_and_a_changed_object_is_named() {
    let (runtime, (objects, stores)) = (Runtime::new().unwrap(), memory());
    let write = |config: &Config| -> Result<(), Failure> {
        let mut datasets = runtime.block_on(Datasets::place(&stores, config))?;
        datasets.ensure(&runtime, None, &Cancel::default(), &Silent)
    };
    let config = config_at(DATA, CONFIG, &[]);
    write(&config).unwrap();
    let other = config_at(DATA, &CONFIG.replace("600", "700"), &[]);
    let error = write(&other).unwrap_err().to_string();
    assert!(
        error.starts_with("memory://bench/data holds another dataset"),
        "{error}"
    );

    let victim = names(&runtime, &objects)
        .into_iter()
        .find(|name| name.ends_with(".parquet"));
    let victim = object_store::path::Path::from(victim.unwrap());
    let put = object_store::ObjectStoreExt::put(&objects, &victim, vec![7; 9].into());
    runtime.block_on(put).unwrap();
    let error = write(&config).unwrap_err().to_string();
    assert!(error.contains("has 9 bytes, its manifest says"), "{error}");
    assert!(
        error.starts_with("memory://bench/data/train/city="),
        "{error}"
    );
}

#[test]
fn a_state_of_the_page_cache_is_refused_for_what_has_no_pages() {
    let (runtime, (_, stores)) = (Runtime::new().unwrap(), memory());
    let results = tempfile::tempdir().unwrap();
    for (cache, name) in [("cold", "cold"), ("direct", "direct")] {
        let text = CONFIG.replace("measure: {", &format!("measure: {{ cache: {cache},"));
        let options = Options {
            stores: stores.clone(),
            results: results.path().to_owned(),
            ..Options::default()
        };
        let config = config_at(DATA, &text, &[]);
        let refused = run(&runtime, &config, &options, &Cancel::default(), &Silent);
        let refused = refused.unwrap_err();
        assert!(matches!(refused.error(), SessionError::NoPages { .. }));
        let text = refused.to_string();
        assert!(
            text.contains("memory://bench/data") && text.contains(name),
            "{text}"
        );
    }
}
