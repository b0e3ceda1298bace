//! Formats of the output: JSON, CSV and Markdown.

use std::fs;

use serde_json::Value;

use crate::harness::{Place, at};

const NONE: [&str; 0] = [];

#[test]
fn the_json_format_is_the_record_with_the_names_that_programs_rely_on() {
    let place = Place::tiny();
    let record = place.record(&NONE);
    for name in [
        "schema_version",
        "run_id",
        "started_at",
        "command_line",
        "labels",
        "seed",
        "versions.bench",
        "versions.commit",
        "versions.datafusion",
        "versions.arrow",
        "versions.parquet",
        "versions.object_store",
        "system",
        "config",
        "warnings",
        "comparisons",
        "noise",
        "datasets.0.id",
        "datasets.0.origin",
        "datasets.0.content_fingerprint",
        "datasets.0.layout_fingerprint",
        "datasets.0.rows",
        "datasets.0.files",
        "datasets.0.file_bytes",
        "datasets.0.row_groups",
        "datasets.0.columns.0.name",
        "datasets.0.columns.0.dtype",
        "datasets.0.columns.0.encodings",
        "datasets.0.columns.0.encoded_bytes",
        "datasets.0.columns.0.compressed_bytes",
        "datasets.0.write.elapsed_ns",
        "datasets.0.write.cpu_ns",
        "cells.0.id",
        "cells.0.scenario",
        "cells.0.sql",
        "cells.0.variant",
        "cells.0.dataset",
        "cells.0.plan",
        "cells.0.peak_memory_bytes",
        "cells.0.expectations",
        "cells.0.summary.end_to_end.median_ns",
        "cells.0.summary.end_to_end.ci_low_ns",
        "cells.0.summary.end_to_end.ci_high_ns",
        "cells.0.summary.end_to_end.iterations",
        "cells.0.summary.end_to_end.rows_per_s",
        "cells.0.summary.end_to_end.arrow_bytes_per_s",
        "cells.0.summary.end_to_end.requested_bytes_per_s",
    ] {
        at(&record, name);
    }
    for name in [
        "lane",
        "round",
        "position",
        "started_offset_ns",
        "kind",
        "status",
        "reason",
        "elapsed_ns",
        "planning_ns",
        "first_batch_ns",
        "executions",
        "cpu_user_ns",
        "cpu_system_ns",
        "rows",
        "arrow_bytes",
        "checksum",
        "engine_ranges",
        "engine_data_bytes",
        "engine_metadata_bytes",
        "requests",
        "requested_bytes",
        "device_read_bytes",
        "cache.state",
        "cache.resident_ratio_before",
        "scan_partitions",
        "scans.0.table",
        "scans.0.metrics.bytes_scanned",
    ] {
        at(&record, &format!("cells.0.iterations.0.{name}"));
    }
    let stored = fs::read_dir(place.path("results"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let stored = stored
        .into_iter()
        .find(|path| path.extension().unwrap() == "json")
        .unwrap();
    let stored: Value = serde_json::from_slice(&fs::read(stored).unwrap()).unwrap();
    assert_eq!(stored, record);
}

#[test]
fn the_csv_format_has_a_row_per_iteration() {
    let output = Place::tiny()
        .run(&["--format", "csv", "--rounds", "3"])
        .succeeds();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", output.stdout);
    let names: Vec<&str> = lines[0].split(',').collect();
    let rows = names.iter().position(|name| *name == "rows").unwrap();
    for line in &lines[1..] {
        let values: Vec<&str> = line.split(',').collect();
        assert_eq!(values.len(), names.len(), "{line}");
        assert_eq!(values[rows], "200");
    }
}

#[test]
fn the_markdown_format_is_a_table_for_pull_requests() {
    let sweep = [
        "--format",
        "markdown",
        "--sweep",
        "dataset.compression=none,zstd",
    ];
    let output = Place::tiny().run(&sweep).succeeds();
    let bars = |line: &str| line.matches('|').count() - line.matches("\\|").count();
    let tables = output.stdout.split("\n\n").filter(|it| it.starts_with('|'));
    let tables: Vec<Vec<&str>> = tables.map(|it| it.lines().collect()).collect();
    // That of the first screen, and that of the scenario with its controls.
    let rows: Vec<usize> = tables.iter().map(Vec::len).collect();
    assert_eq!(rows, [4, 6], "{}", output.stdout);
    for rows in tables {
        assert!(
            rows.iter().all(|row| bars(row) == bars(rows[0])),
            "{rows:?}"
        );
        assert!(rows[1].contains("---"), "{rows:?}");
    }
}
