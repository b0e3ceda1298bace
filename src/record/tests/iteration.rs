//! Iterations in records and journals.

use serde_json::{Value, json};

use crate::record::fixture::iteration;
use crate::record::{
    Cache, CacheState, Checksum, ColdEvidence, EngineCache, Figures, Iteration, Kind, Lane,
    Percentiles, RetryCounts, Scan, Status, StoreCalls, WireFigures, WorkerFigures,
};

fn percentiles(p50: u64) -> Percentiles {
    Percentiles {
        p50,
        p90: p50 + 1,
        p99: p50 + 2,
        max: p50 + 3,
    }
}

/// An iteration in which every field has a value.
fn full() -> Iteration {
    Iteration {
        lane: Lane::EndToEnd,
        round: 1,
        position: 2,
        block: None,
        started_offset_ns: 3,
        kind: Kind::Measured,
        status: Status::Void,
        reason: Some("98.1 % resident".to_owned()),
        figures: Figures {
            elapsed_ns: 18_446_744_073_709_551_615,
            planning_ns: 4,
            first_batch_ns: Some(5),
            executions: 6,
            cpu_user_ns: 7,
            cpu_system_ns: 8,
            minor_faults: 9,
            major_faults: 10,
            voluntary_switches: 11,
            involuntary_switches: 12,
            memory_pool_peak_bytes: Some(13),
            streams: 2,
            stream_elapsed_ns: vec![14, 15],
            rows: 16,
            arrow_bytes: 17,
            checksum: Some(Checksum {
                exact: "ab".to_owned(),
                approximate: vec![1.5, f64::INFINITY],
            }),
            engine_ranges: 18,
            engine_data_bytes: 19,
            engine_metadata_bytes: 20,
            chunk_encoded_bytes: 21,
            chunk_compressed_bytes: 22,
            requests: 23,
            metadata_requests: 44,
            requested_bytes: 24,
            store_calls: Some(StoreCalls {
                calls: 25,
                latency_ns: percentiles(26),
                range_bytes: percentiles(30),
            }),
            wire: Some(wire()),
            exchanged_bytes: Some(45),
            device_read_bytes: Some(34),
            cache: Cache {
                state: CacheState::Cold,
                resident_ratio_before: Some(0.981),
                cold_evidence: Some(ColdEvidence::DeviceBytes),
                engine: EngineCache::Fresh,
            },
        },
        scan_partitions: 35,
        workers: vec![WorkerFigures {
            worker: "http://host:7000/".to_owned(),
            figures: Figures {
                requests: 46,
                ..Figures::default()
            },
            files: 51,
            busy_ns: 47,
            resident_peak_bytes: Some(48),
            bytes_scanned: 49,
            scan_rows: 50,
        }],
        scans: vec![Scan {
            table: "train".to_owned(),
            metrics: [("bytes_scanned".to_owned(), 36)].into(),
            row_groups_read: 37,
            row_groups: 38,
            row_groups_pruned: 39,
            files_read: 40,
            files: 41,
            partition_rows: vec![42, 43],
        }],
    }
}

/// Other programs read these names, and tools that compare records rely on their order.
const FULL: &str = concat!(
    r#"{"lane":"end_to_end","round":1,"position":2,"started_offset_ns":3,"kind":"measured","#,
    r#""status":"void","reason":"98.1 % resident","elapsed_ns":18446744073709551615,"#,
    r#""planning_ns":4,"first_batch_ns":5,"executions":6,"cpu_user_ns":7,"cpu_system_ns":8,"#,
    r#""minor_faults":9,"major_faults":10,"voluntary_switches":11,"involuntary_switches":12,"#,
    r#""memory_pool_peak_bytes":13,"streams":2,"stream_elapsed_ns":[14,15],"rows":16,"#,
    r#""arrow_bytes":17,"checksum":{"exact":"ab","approximate":[1.5,"inf"]},"engine_ranges":18,"#,
    r#""engine_data_bytes":19,"engine_metadata_bytes":20,"chunk_encoded_bytes":21,"#,
    r#""chunk_compressed_bytes":22,"requests":23,"metadata_requests":44,"requested_bytes":24,"#,
    r#""store_calls":{"calls":25,"#,
    r#""latency_ns":{"p50":26,"p90":27,"p99":28,"max":29},"#,
    r#""range_bytes":{"p50":30,"p90":31,"p99":32,"max":33}},"#,
    r#""wire":{"attempts":45,"received_bytes":46,"retries":{"slow_down":47,"server_error":0,"#,
    r#""timeout":0,"connect":0,"reset":0,"short_body":0,"wrong_range":0,"other":0},"#,
    r#""backoff_ns":48,"first_byte_ns":{"p50":49,"p90":50,"p99":51,"max":52},"#,
    r#""attempt_ns":{"p50":53,"p90":54,"p99":55,"max":56},"most_in_flight":57},"#,
    r#""exchanged_bytes":45,"device_read_bytes":34,"#,
    r#""cache":{"state":"cold","resident_ratio_before":0.981,"cold_evidence":"device_bytes","#,
    r#""engine":"fresh"},"scan_partitions":35,"scans":[{"table":"train","#,
    r#""metrics":{"bytes_scanned":36},"row_groups_read":37,"row_groups":38,"#,
    r#""row_groups_pruned":39,"files_read":40,"files":41,"partition_rows":[42,43]}],"#,
    r#""workers":[{"worker":"http://host:7000/","elapsed_ns":0,"planning_ns":0,"#,
    r#""first_batch_ns":null,"executions":0,"cpu_user_ns":0,"cpu_system_ns":0,"#,
    r#""minor_faults":0,"major_faults":0,"voluntary_switches":0,"involuntary_switches":0,"#,
    r#""memory_pool_peak_bytes":null,"streams":0,"stream_elapsed_ns":[],"rows":0,"#,
    r#""arrow_bytes":0,"checksum":null,"engine_ranges":0,"engine_data_bytes":0,"#,
    r#""engine_metadata_bytes":0,"chunk_encoded_bytes":0,"chunk_compressed_bytes":0,"#,
    r#""requests":46,"metadata_requests":0,"requested_bytes":0,"store_calls":null,"#,
    r#""device_read_bytes":null,"cache":{"state":"warm","resident_ratio_before":null,"#,
    r#""cold_evidence":null,"engine":"warm"},"files":51,"busy_ns":47,"resident_peak_bytes":48,"#,
    r#""bytes_scanned":49,"scan_rows":50}]}"#,
);

#[test]
fn an_iteration_is_one_flat_object_in_a_fixed_order() {
    assert_eq!(serde_json::to_string(&full()).unwrap(), FULL);
    assert_eq!(serde_json::from_str::<Iteration>(FULL).unwrap(), full());
}

#[test]
fn an_iteration_without_the_figures_that_came_later_still_reads() {
    let mut old = serde_json::to_value(iteration(0, 7)).unwrap();
    let fields = old.as_object_mut().unwrap();
    for later in [
        "minor_faults",
        "major_faults",
        "voluntary_switches",
        "involuntary_switches",
        "memory_pool_peak_bytes",
        "streams",
        "stream_elapsed_ns",
        "chunk_encoded_bytes",
        "chunk_compressed_bytes",
        "metadata_requests",
        "store_calls",
    ] {
        assert!(fields.remove(later).is_some(), "{later}");
    }
    fields.insert("of_a_later_program".to_owned(), json!(1));
    let read: Iteration = serde_json::from_value(old.clone()).unwrap();
    assert_eq!(read.figures.streams, 1);
    assert_eq!(read.figures.minor_faults, 0);
    assert_eq!(read.figures.store_calls, None);
    assert_eq!(read.figures.elapsed_ns, 7);
    let refused = |field: &str| {
        let mut without: Value = old.clone();
        without.as_object_mut().unwrap().remove(field);
        let error = serde_json::from_value::<Iteration>(without).unwrap_err();
        error.to_string().contains(field)
    };
    for always in ["elapsed_ns", "rows", "cache", "scans"] {
        assert!(refused(always), "{always}");
    }
}

fn wire() -> WireFigures {
    WireFigures {
        attempts: 45,
        received_bytes: 46,
        retries: RetryCounts {
            slow_down: 47,
            ..RetryCounts::default()
        },
        backoff_ns: 48,
        first_byte_ns: Some(percentiles(49)),
        attempt_ns: Some(percentiles(53)),
        most_in_flight: 57,
        endpoints: Vec::new(),
    }
}
