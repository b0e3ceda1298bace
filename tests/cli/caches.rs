//! The page cache: cold, warm, and bypassed, as far as the host allows it.

use std::fs::File;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::harness::{Place, TINY, at, cell};
use crate::measuring::{number, of_lane};

/// A place on the disk of the build. Files in memory can be neither evicted nor read directly.
fn on_disk(config: &str) -> Place {
    let place = Place::within(Path::new(env!("CARGO_TARGET_TMPDIR")));
    place.write("bench.yaml", config);
    place
}

/// Returns the operations that this host allows on files of [`on_disk`]. It takes seconds to find
/// out.
fn doctor() -> &'static Value {
    static FOUND: LazyLock<Value> = LazyLock::new(|| {
        let place = on_disk(TINY);
        let before = place.files();
        let bench = place.bench().args(["doctor", "--format", "json"]);
        let found = bench.run().succeeds().json();
        assert_eq!(place.files(), before);
        found
    });
    &FOUND
}

/// 4 MB in 2 files.
pub fn larger() -> String {
    TINY.replace("num_samples_per_file: 100", "num_samples_per_file: 100000")
        .replace("row_group_size: 40", "row_group_size: 25000")
}

#[test]
#[ignore = "needs a disk whose files can be evicted from the page cache"]
fn cold_reads_come_from_the_device_and_what_stays_resident_makes_them_void() {
    let place = on_disk(&larger());
    let found = doctor();
    assert!(
        found["resident_when_evicted"].as_f64().unwrap() <= 0.01,
        "{found}"
    );
    assert!(
        found["device_share_when_evicted"].as_f64().unwrap() >= 0.9,
        "{found}"
    );
    let arguments = [
        "--sql",
        "SELECT * FROM train",
        "--cache",
        "cold",
        "--rounds",
        "2",
    ];
    let record = place.record(&arguments);
    let iterations = of_lane(cell(&record, "sql/base"), "end_to_end");
    for iteration in &iterations {
        assert_eq!(iteration["status"], "ok", "{iteration}");
        assert_eq!(iteration["cache"]["state"], "cold");
        assert_eq!(iteration["cache"]["cold_evidence"], "residency");
        assert_eq!(iteration["cache"]["engine"], "fresh");
        let device = number(&iteration["device_read_bytes"]) as f64;
        let data = number(&iteration["engine_data_bytes"]) as f64;
        assert!(device >= data, "{iteration}");
        // The footer of a small file is read together with much of the file. Its data is then read
        // again, from the page cache.
        let asked_twice = number(&iteration["engine_metadata_bytes"]) as f64;
        let requested = number(&iteration["requested_bytes"]) as f64;
        assert!((requested - asked_twice) * 0.95 <= device, "{iteration}");
        assert!(device <= requested * 1.05, "{iteration}");
    }
    let details = [&arguments[..], &["--details"]].concat();
    let shown = place.run(&details).succeeds();
    assert!(shown.stdout.contains("moved per"), "{}", shown.stdout);
    assert!(
        shown.stdout.contains("client's page cache cold"),
        "{}",
        shown.stdout
    );

    let warm = place.record(&["--sql", "SELECT * FROM train"]);
    let iteration = at(&warm, "cells.0.iterations.0");
    assert_eq!(iteration["status"], "ok", "{iteration}");
    // The kernel may have dropped a page of the program itself, which is then read from the device.
    let device = number(&iteration["device_read_bytes"]);
    let requested = number(&iteration["requested_bytes"]);
    assert!(device < requested / 100, "{iteration}");

    let file = File::open(place.parquet_paths("data/train").remove(0)).unwrap();
    // SAFETY: nobody changes the file while it is mapped.
    let map = unsafe { memmap2::Mmap::map(&file).unwrap() };
    assert!(map.iter().map(|byte| u64::from(*byte)).sum::<u64>() > 0);
    let record = place.record(&arguments);
    let iteration = at(&record, "cells.0.iterations.0");
    assert_eq!(iteration["status"], "void");
    assert!(
        iteration["reason"]
            .as_str()
            .unwrap()
            .contains("stayed resident"),
        "{iteration}"
    );
    assert!(
        iteration["cache"]["resident_ratio_before"]
            .as_f64()
            .unwrap()
            > 0.3
    );
    assert_eq!(at(&record, "cells.0.summary"), &json!({}));
}

#[test]
fn direct_reads_pass_the_page_cache_by_or_are_refused() {
    let place = on_disk(&larger());
    let found = doctor();
    let arguments = [
        "--sql",
        "SELECT * FROM train",
        "--lane",
        "end_to_end,storage",
    ];
    let direct = [&arguments[..], &["--set", "reader.odirect=true"]].concat();
    if let Some(error) = found["direct_error"].as_str() {
        place.run(&direct).fails(2, &["O_DIRECT", error]);
        return;
    }
    place.record(&arguments);
    let record = place.record(&direct);
    for iteration in at(&record, "cells.0.iterations").as_array().unwrap() {
        assert_eq!(iteration["cache"]["state"], "direct");
        assert_eq!(iteration["status"], "ok", "{iteration}");
        if found["device_share_when_evicted"].as_f64().unwrap_or(0.0) > 0.9 {
            assert_eq!(iteration["cache"]["cold_evidence"], "device_bytes");
            let device = number(&iteration["device_read_bytes"]);
            assert!(
                device >= number(&iteration["requested_bytes"]),
                "{iteration}"
            );
        }
    }
}

#[test]
fn dropping_the_caches_of_the_whole_host_takes_root() {
    let place = on_disk(TINY);
    let arguments = ["--cache", "cold", "--set", "measure.drop_caches=true"];
    match doctor()["may_drop_caches"].as_bool().unwrap() {
        true => _ = place.run(&arguments).succeeds(),
        false => _ = place.run(&arguments).fails(2, &["measure.drop_caches"]),
    }
}

#[test]
fn dropping_caches_that_are_not_to_be_cold_is_said_to_have_no_effect() {
    let place = Place::tiny();
    let output = place.bench().args(["check", "bench.yaml"]);
    let output = output
        .args(["--set", "measure.drop_caches=true"])
        .run()
        .succeeds();
    assert!(
        output
            .stdout
            .contains("`measure.drop_caches` has no effect"),
        "{}",
        output.stdout
    );
}

#[test]
fn the_doctor_tells_what_can_be_measured_and_leaves_nothing_behind() {
    let place = Place::new();
    let found = doctor();
    assert!(number(&found["clock_step_ns"]) > 0);
    assert_eq!(found["noise"]["pairs"], 30);
    let detectable = |rounds: &str| found["detectable"][rounds].as_f64().unwrap();
    assert!(detectable("10") > detectable("100"), "{found}");
    assert!(found["resident_when_read"].as_f64().unwrap() > 0.9);
    let shown = place.bench().args(["doctor", "."]).run().succeeds();
    assert!(place.files().is_empty());
    for word in ["clock", "cold", "direct", "10 rounds", "governor"] {
        assert!(shown.stdout.contains(word), "{}", shown.stdout);
    }
    let last = shown.stdout.lines().last().unwrap();
    assert!(
        last.starts_with("A difference of 3.0 % is ") && last.contains("detectable here"),
        "{last}"
    );
    let missing = place.bench().args(["doctor", "no/such"]).run();
    missing.fails(2, &["no/such", "no such folder"]);
}
