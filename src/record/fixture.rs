//! Records made by hand, for tests of reports and analyses.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::json;

use super::cache::{Cache, CacheState, EngineCache};
use super::cell::CellRecord;
use super::dataset::{ColumnRecord, DatasetRecord, Origin};
use super::figures::{Checksum, Figures};
use super::iteration::{Iteration, Kind, Lane, Scan, Status};
use super::layout::{ChunkLayoutRecord, LayoutRecord};
use super::run::{ANALYSIS_VERSION, RunRecord, SCHEMA_VERSION, Versions};

/// A finished run without datasets and cells.
pub(crate) fn record() -> RunRecord {
    RunRecord {
        schema_version: SCHEMA_VERSION,
        run_id: "20260101T120000Z-ab12".to_owned(),
        started_at: "2026-01-01T12:00:00Z".to_owned(),
        command_line: vec!["bench".to_owned(), "run".to_owned()],
        labels: BTreeMap::from([("array".to_owned(), "X".to_owned())]),
        seed: 10,
        versions: Versions {
            bench: "0.1.0".to_owned(),
            commit: "0123abc".to_owned(),
            datafusion: "55.0.0".to_owned(),
            arrow: "59.0.0".to_owned(),
            parquet: "59.0.0".to_owned(),
            object_store: "0.13.0".to_owned(),
        },
        system: serde_json::from_value(json!({
            "os": "Debian",
            "kernel": "6.12",
            "cpu_model": "a processor",
            "cores": 2,
            "memory_total_bytes": 8_000_000_000_u64,
        }))
        .unwrap(),
        config: json!({ "dataset": { "seed": 10 } }),
        warnings: Vec::new(),
        complete: true,
        datasets: Vec::new(),
        cells: Vec::new(),
        workers: Vec::new(),
        training: None,
        effect: 0.01,
        analysis_version: ANALYSIS_VERSION,
        stopped: None,
        comparisons: Vec::new(),
        noise: Vec::new(),
        lane_noise: Vec::new(),
        ceilings: Vec::new(),
        scaling: Vec::new(),
        findings: Vec::new(),
        overall: Vec::new(),
        standings: Vec::new(),
        rankings: Vec::new(),
        break_even: Vec::new(),
        prediction_checks: Vec::new(),
        confidence: None,
        conclusions: Vec::new(),
    }
}

/// A dataset with the rows `content` in `file_bytes`.
pub(crate) fn dataset(id: &str, content: &str, file_bytes: u64) -> DatasetRecord {
    DatasetRecord {
        id: id.to_owned(),
        tables: vec!["train".to_owned()],
        origin: Origin::Generated,
        location: format!("data/variants/{id}"),
        source: None,
        content_fingerprint: content.to_owned(),
        layout_fingerprint: format!("layout of {id}"),
        layout: None,
        rows: 1_000_000,
        files: 8,
        file_bytes,
        row_groups: 96,
        columns: vec![ColumnRecord {
            name: "label".to_owned(),
            dtype: "int8".to_owned(),
            encodings: vec!["RLE_DICTIONARY".to_owned()],
            codecs: vec!["ZSTD".to_owned()],
            encoded_bytes: 2_000,
            compressed_bytes: 1_000,
            chunks: 2,
            fallback_chunks: 1,
            leaves: Vec::new(),
        }],
        write: None,
        store: None,
    }
}

/// A layout of zstd(3) with a page index, whose columns have no keys of their own.
pub(crate) fn layout() -> LayoutRecord {
    LayoutRecord {
        row_group_rows: Some(16_384),
        row_group_bytes: None,
        partition_by: Vec::new(),
        sort_by: Vec::new(),
        sort_scope: "file".to_owned(),
        writer_version: 1,
        data_page_rows: 20_000,
        page_index: true,
        vector_layout: "fixed_size_list".to_owned(),
        chunk: ChunkLayoutRecord {
            codec: "zstd".to_owned(),
            level: Some(3),
            encoding: "auto".to_owned(),
            dictionary_page_bytes: 1 << 20,
            data_page_bytes: 1 << 20,
            statistics: "chunk".to_owned(),
            bloom_filter: None,
        },
        columns: BTreeMap::new(),
    }
}

/// A cell `<scenario>/<variant>` that reads 40 MB of the dataset with the variant's name.
pub(crate) fn cell(scenario: &str, variant: &str, iterations: Vec<Iteration>) -> CellRecord {
    CellRecord {
        id: format!("{scenario}/{variant}"),
        scenario: scenario.to_owned(),
        description: Some("every column".to_owned()),
        sql: "SELECT * FROM train".to_owned(),
        variant_name: variant.to_owned(),
        variant: BTreeMap::from([("dataset.compression".to_owned(), json!(variant))]),
        dataset: vec![variant.to_owned()],
        nondeterministic: None,
        plan: "DataSourceExec".to_owned(),
        columns_read: 3,
        from_statistics: Vec::new(),
        columns_stored: 12,
        row_groups: 96,
        file_bytes: 40_000_000,
        iterations,
        peak_memory_bytes: None,
        base_memory_bytes: None,
        profile: None,
        control: None,
        engine: None,
        expectations: Vec::new(),
        summary: BTreeMap::new(),
    }
}

/// A measured iteration of 1 000 rows, 8 000 bytes of Arrow data and 4 000 requested bytes, which
/// read 12 of 96 row groups.
pub(crate) fn iteration(round: u32, elapsed_ns: u64) -> Iteration {
    Iteration {
        lane: Lane::EndToEnd,
        round,
        position: 1,
        block: None,
        started_offset_ns: 1_000_000_000 + u64::from(round),
        kind: Kind::Measured,
        status: Status::Ok,
        reason: None,
        figures: Figures {
            elapsed_ns,
            planning_ns: 500_000,
            first_batch_ns: Some(elapsed_ns / 2),
            executions: 1,
            cpu_user_ns: 600_000,
            cpu_system_ns: 70_000,
            minor_faults: 11,
            voluntary_switches: 5,
            involuntary_switches: 1,
            memory_pool_peak_bytes: Some(4_096),
            streams: 1,
            rows: 1_000,
            arrow_bytes: 8_000,
            engine_ranges: 40,
            engine_data_bytes: 3_500,
            engine_metadata_bytes: 300,
            chunk_encoded_bytes: 7_000,
            chunk_compressed_bytes: 3_500,
            requests: 20,
            requested_bytes: 4_000,
            cache: Cache {
                state: CacheState::Warm,
                resident_ratio_before: Some(1.0),
                cold_evidence: None,
                engine: EngineCache::Warm,
            },
            ..Figures::default()
        },
        scan_partitions: 2,
        workers: Vec::new(),
        scans: vec![Scan {
            table: "train".to_owned(),
            metrics: BTreeMap::from([("bytes_scanned".to_owned(), 3_500)]),
            row_groups_read: 12,
            row_groups: 96,
            row_groups_pruned: 0,
            files_read: 1,
            files: 8,
            partition_rows: vec![600, 400],
        }],
    }
}

/// A warm-up with the checksum of its result.
pub(crate) fn warmup(exact: &str, approximate: &[f64]) -> Iteration {
    let mut warmup = iteration(0, 99_000_000);
    warmup.kind = Kind::Warmup;
    warmup.figures.checksum = Some(Checksum {
        exact: exact.to_owned(),
        approximate: approximate.to_vec(),
    });
    warmup
}

/// Measured iterations in rounds 0, 1, ...
pub(crate) fn rounds(elapsed_ns: &[u64]) -> Vec<Iteration> {
    (0..)
        .zip(elapsed_ns)
        .map(|(round, elapsed_ns)| iteration(round, *elapsed_ns))
        .collect()
}

/// Sixteen rounds of a baseline `none` around 10 ms, and of `zstd` at about 0.7, `lz4` at 1.002 and
/// `gzip` at 1.5 times its time, in 0.25, 0.5 and 0.2 times its size.
pub(crate) fn codecs() -> RunRecord {
    let none = [
        10_000_000_u64,
        10_100_000,
        9_900_000,
        10_200_000,
        9_800_000,
        10_050_000,
        9_950_000,
        10_150_000,
        9_850_000,
        10_000_000,
        10_020_000,
        9_980_000,
        10_120_000,
        9_880_000,
        10_070_000,
        9_930_000,
    ];
    let scaled = |thousandths: u64| rounds(&none.map(|elapsed_ns| elapsed_ns / 1000 * thousandths));
    let mut record = record();
    for (variant, thousandths, file_bytes) in [
        ("none", 1000, 40_000_000),
        ("zstd", 700, 10_000_000),
        ("lz4", 1002, 20_000_000),
        ("gzip", 1500, 8_000_000),
    ] {
        record
            .datasets
            .push(dataset(variant, "rows of seed 10", file_bytes));
        let mut iterations = vec![warmup("ab", &[1.5])];
        iterations.extend(scaled(thousandths));
        record.cells.push(CellRecord {
            file_bytes,
            ..cell("full_scan", variant, iterations)
        });
    }
    record
}
