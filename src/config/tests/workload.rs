use std::path::PathBuf;

use rstest::rstest;

use std::time::Duration;

use super::*;
use crate::record::{EngineCache, Lane};

#[test]
fn reading_and_measuring_take_their_keys() {
    let config = good(
        "dataset: {}\nreader: {read_threads: 3, batch_size: 5, odirect: false}\nmeasure: {warmup: 0, rounds: 7, cache: warm, seed: 9}\n",
    );
    assert_eq!(
        config.variants[0].reader,
        Reader {
            read_threads: Some(3),
            batch_size: Some(5),
            ..Reader::default()
        }
    );
    assert_eq!(
        config.measure,
        Measure {
            warmup: 0,
            rounds: 7,
            until: None,
            seed: 9,
            ..Measure::default()
        }
    );
}

#[test]
fn measure_keys_are_parsed() {
    let config = good(
        "dataset: {parquet: {read_mode: default}}\nmeasure: {rounds: 20, precision: 2%, time_budget: 90s, effect: 0.02, lanes: \
         [compute, end_to_end, compute], cache: cold, engine_cache: warm, drop_caches: yes, streams: 4, memory_limit: 1GiB, \
         control: false, peak_memory: no}\n",
    );
    assert_eq!(
        config.variants[0].reader,
        Reader {
            read_mode: ReadMode::WholeFile,
            cache: PageCache::Cold,
            engine_cache: EngineCache::Warm,
            streams: Streams(4),
            memory_limit_bytes: Some(1 << 30),
            ..Reader::default()
        }
    );
    assert_eq!(
        config.measure,
        Measure {
            rounds: 20,
            until: Some(Until {
                precision: 0.02,
                time_budget: Duration::from_secs(90),
            }),
            effect: 0.02,
            lanes: vec![Lane::EndToEnd, Lane::Compute],
            control: Some(false),
            peak_memory: false,
            drop_caches: true,
            ..Measure::default()
        }
    );
}

#[rstest]
#[case("measure: {precision: 2%}", 10, 0.02, 120)]
#[case("measure: {time_budget: 1h}", 10, 0.04, 3600)]
#[case("measure: {rounds: 5, time_budget: 1h}", 5, 0.04, 3600)]
fn rounds_go_on_where_it_is_said_until_when(
    #[case] measure: &str,
    #[case] rounds: u32,
    #[case] precision: f64,
    #[case] seconds: u64,
) {
    let measure = good(&format!("dataset: {{}}\n{measure}\n")).measure;
    let until = Until {
        precision,
        time_budget: Duration::from_secs(seconds),
    };
    assert_eq!((measure.rounds, measure.until), (rounds, Some(until)));
}

#[rstest]
#[case("measure: {cache: cold}", PageCache::Cold, EngineCache::Fresh)]
#[case("measure: {cache: direct}", PageCache::Direct, EngineCache::Fresh)]
#[case("reader: {odirect: true}", PageCache::Direct, EngineCache::Fresh)]
#[case(
    "reader: {odirect: true}\nmeasure: {cache: direct}",
    PageCache::Direct,
    EngineCache::Fresh
)]
#[case(
    "reader: {odirect: false}\nmeasure: {cache: cold}",
    PageCache::Cold,
    EngineCache::Fresh
)]
#[case("measure: {cache: warm}", PageCache::Warm, EngineCache::Warm)]
#[case("measure: {engine_cache: fresh}", PageCache::Warm, EngineCache::Fresh)]
fn the_caches_are_in_a_state(
    #[case] keys: &str,
    #[case] cache: PageCache,
    #[case] engine: EngineCache,
) {
    let reader = good(&format!("dataset: {{}}\n{keys}\n")).variants[0].reader;
    assert_eq!((reader.cache, reader.engine_cache), (cache, engine));
}

#[test]
fn how_variants_are_read_may_differ() {
    let config = good(
        "dataset: {}\nsweep: {measure.cache: [warm, cold], measure.streams: [1, 2], measure.memory_limit: [1GiB], \
         measure.engine_cache: [fresh], dataset.parquet.read_mode: [default, row_group]}\n",
    );
    assert_eq!(config.variants.len(), 8);
    let last = config.variants[7].reader;
    assert_eq!((last.cache, last.streams), (PageCache::Cold, Streams(2)));
    assert_eq!(last.read_mode, ReadMode::RowGroup);
    assert_eq!(config.variants[0].reader.read_mode, ReadMode::WholeFile);
}

#[test]
fn what_is_left_out_of_reading_and_measuring_is_the_default() {
    let config = good("dataset: {}");
    assert_eq!(config.variants[0].reader, Reader::default());
    assert_eq!(
        config.measure,
        Measure {
            warmup: 1,
            rounds: 10,
            until: Some(Until {
                precision: 0.04,
                time_budget: Duration::from_secs(120),
            }),
            effect: 0.01,
            seed: 42,
            lanes: vec![Lane::EndToEnd],
            control: None,
            peak_memory: true,
            break_even: None,
            drop_caches: false,
        }
    );
}

#[test]
fn no_read_threads_are_the_main_thread_as_in_dlio() {
    let config = good("dataset: {}\nreader: {read_threads: 0}\n");
    assert_eq!(config.variants[0].reader.read_threads, Some(1));
}

#[rstest]
#[case(
    "reader: {odirect: true}\nmeasure: {cache: warm}",
    "reader.odirect: reads past the page cache, but `measure.cache` is `warm`"
)]
#[case("measure: {streams: 0}", "measure.streams: `0`")]
#[case(
    "measure: {streams: 5000}",
    "measure.streams: 5000 is more than the 1024"
)]
#[case("measure: {precision: 0}", "measure.precision: `0` is not a share")]
#[case("measure: {effect: 2}", "measure.effect: `2` is not a share")]
#[case(
    "measure: {time_budget: long}",
    "measure.time_budget: `long` is not a span of time"
)]
#[case(
    "measure: {memory_limit: much}",
    "measure.memory_limit: `much` is not a number of bytes"
)]
#[case("measure: {lanes: []}", "measure.lanes: names no lane")]
#[case(
    "measure: {lanes: [storage, cpu]}",
    "measure.lanes[1]: `cpu` is not a lane; known: end_to_end"
)]
#[case(
    "measure: {engine_cache: hot}",
    "measure.engine_cache: `hot` is not a state of the engine's caches"
)]
#[case(
    "sweep: {measure.rounds: [1, 2]}",
    "sweep.measure.rounds: `measure.rounds` cannot differ between variants"
)]
#[case("reader: {batch_size: 0}", "reader.batch_size: `0`")]
#[case("reader: {read_threads: -1}", "reader.read_threads: `-1`")]
#[case("measure: {rounds: 0}", "measure.rounds: `0`")]
#[case(
    "measure: {rounds: 5000000000}",
    "measure.rounds: 5000000000 is more than"
)]
#[case("measure: {warmup: -1}", "measure.warmup: `-1`")]
#[case(
    "measure: {warmup: 5000000000}",
    "measure.warmup: 5000000000 is more than"
)]
#[case("measure: {seed: x}", "measure.seed: `x`")]
#[case(
    "measure: {cache: wram}",
    "measure.cache: `wram` is not a cache state; known: warm, cold, direct (did you mean `warm`?)"
)]
#[case("scenarios: []", "scenarios: lists no scenario")]
#[case("scenarios: ['']", "scenarios[0]: must not be empty")]
#[case("scenarios: [5]", "scenarios[0]: `5` is not text")]
#[case(
    "scenarios: [a, {name: a, sql: SELECT 1}]",
    "scenarios[1]: `a` is listed twice"
)]
#[case("scenarios: [{name: a}]", "scenarios[0]: needs a `sql`")]
#[case("scenarios: [{sql: SELECT 1}]", "scenarios[0]: needs a `name`")]
#[case(
    "scenarios: [{name: a, sql: ' '}]",
    "scenarios[0].sql: must not be empty"
)]
#[case("tables: {a-b: x.parquet}", "tables.a-b: `a-b` is not a table name")]
#[case("tables: {1a: x.parquet}", "tables.1a: `1a` is not a table name")]
#[case(
    "tables: {train: x.parquet}",
    "tables.train: `train` is the dataset's own table"
)]
#[case(
    "tables: {valid: x.parquet}",
    "tables.valid: `valid` is the dataset's own table"
)]
#[case("tables: {t: }", "tables.t: an empty value is not text")]
#[case("tables: {t: {}}", "tables.t: needs a `path`")]
#[case("tables: {t: {path: ''}}", "tables.t.path: must not be empty")]
#[case(
    "tables: {t: {pth: x}}",
    "tables.t.pth: unknown key (did you mean `path`?)"
)]
#[case(
    "datafusion: {a.b: [1]}",
    "datafusion.a.b: a list is not a value of an option"
)]
#[case(
    "datafusion: {a.b: }",
    "datafusion.a.b: an empty value is not a value of an option"
)]
#[case("datafusion: {a.b: 1, a: {b: 2}}", "datafusion.a.b: is given twice")]
#[case("datafusion: fast", "datafusion: expected a mapping, found `fast`")]
fn bad_values_beside_the_dataset_name_their_key_path(#[case] line: &str, #[case] expected: &str) {
    let message = bad(&format!("dataset: {{}}\n{line}\n"));
    assert!(
        message.starts_with(&format!("x.yaml:2: {expected}")),
        "{message}"
    );
}

#[test]
fn scenarios_are_files_names_or_sql() {
    let named = |name: &str| ScenarioSource::Named(name.to_owned());
    let config =
        good("dataset: {}\nscenarios:\n  - queries/a.sql\n  - {name: recent, sql: SELECT 1}\n");
    let recent = ScenarioSource::Inline {
        name: "recent".to_owned(),
        sql: "SELECT 1".to_owned(),
    };
    assert_eq!(config.scenarios, [named("queries/a.sql"), recent]);
    assert_eq!(
        good("dataset: {}\nscenarios: full_scan\n").scenarios,
        [named("full_scan")]
    );
    assert_eq!(good("dataset: {}").scenarios, []);
}

#[test]
fn tables_are_paths_with_or_without_a_dataset() {
    let config =
        good("tables:\n  hits: {path: /data/hits/*.parquet}\n  train: file:///a.parquet\n");
    assert_eq!(config.variants[0].dataset, None);
    let tables: Vec<_> = config.variants[0]
        .tables
        .iter()
        .map(|(name, path)| (name.as_str(), path.as_str()))
        .collect();
    assert_eq!(
        tables,
        [
            ("hits", "/data/hits/*.parquet"),
            ("train", "file:///a.parquet")
        ]
    );
}

#[test]
fn a_config_that_names_nothing_to_read_names_both_ways_out() {
    for text in ["", "# nothing\n", "tables: {}", "scenarios: [a.sql]"] {
        assert!(
            bad(text).ends_with("names nothing to read; give `dataset` or `tables`"),
            "{}",
            bad(text)
        );
    }
}

#[test]
fn engine_options_are_flattened_to_text_in_the_order_written() {
    let config = good(
        "
dataset: {}
datafusion:
  execution.parquet.pushdown_filters: true
  datafusion.execution.batch_size: 4096
  optimizer: {max_passes: 3, prefer: hash}
",
    );
    let options: Vec<_> = config.variants[0]
        .engine
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        options,
        [
            ("execution.parquet.pushdown_filters", "true"),
            ("execution.batch_size", "4096"),
            ("optimizer.max_passes", "3"),
            ("optimizer.prefer", "hash"),
        ]
    );
}

#[test]
fn the_resolved_config_is_the_merged_one_without_secrets() {
    let config = good_with(
        "dataset: {seed: 1}\nstorage: {storage_options: {access_key_id: abcd, region: eu}}\noutput: {folder: 's3://u:p@b/x?k=v'}\n",
        &["dataset.seed=2"],
        &[],
    );
    assert_eq!(
        config.resolved,
        json!({
            "dataset": {"seed": 2},
            "storage": {"storage_options": {"access_key_id": "<removed>", "region": "eu"}},
            "output": {"folder": "s3://b/x"},
        })
    );
}

#[test]
fn the_folder_of_the_file_is_handed_on() {
    let folder = Some(PathBuf::from("configs"));
    let source = Source {
        folder: folder.clone(),
        ..source("dataset: {}")
    };
    assert_eq!(load(&source, &Overrides::default()).unwrap().folder, folder);
}
