use proptest::prelude::*;

use crate::analysis::measured::rebase;
use crate::analysis::prediction::crossings::fastest;
use crate::analysis::prediction::curves::{Curve, bandwidths};
use crate::analysis::prediction::own_storage::{OwnStorage, own_storages};
use crate::analysis::prediction::predictions::{LATENCIES_NS, LATENCY_NS, Predictions};
use crate::analysis::summarise::summarise;
use crate::record::fixture::{cell, record, rounds};
use crate::record::{
    CacheState, CellRecord, EngineRecord, Percentiles, RequestProfile, RunRecord, StoreCall,
    StoreCalls, ThrottleRecord,
};

const MB: u64 = 1_000_000;

/// A query of one stream that asks for so many MB and then computes for so many ms.
fn profiled(variant: &str, megabytes: u64, compute_ms: u64) -> CellRecord {
    let elapsed_ns = compute_ms * 1_000_000;
    CellRecord {
        profile: Some(RequestProfile {
            elapsed_ns,
            elapsed_of_all_ns: Vec::new(),
            streams: vec![vec![StoreCall(0, 0, vec![megabytes * MB], 0)]],
        }),
        ..cell("scan", variant, rounds(&[elapsed_ns; 10]))
    }
}

fn engine(throttle: Option<ThrottleRecord>) -> Option<EngineRecord> {
    Some(EngineRecord {
        target_partitions: 2,
        batch_size: 8192,
        metadata_cache_limit_bytes: 0,
        list_files_cache_limit_bytes: 0,
        file_statistics_cache_limit_bytes: 0,
        memory_limit_bytes: None,
        throttle,
        requests: None,
    })
}

/// 100 MB and 20 ms against 50 MB and 70 ms: they are equal where 50 MB take 50 ms, at 1 GB/s.
#[test]
fn a_smaller_and_slower_variant_wins_below_the_bandwidth_that_its_bytes_pay_for() {
    let mut record = record();
    record.cells = vec![profiled("none", 100, 20), profiled("zstd", 50, 70)];
    summarise(&mut record);
    assert_eq!(record.break_even.len(), LATENCIES_NS.len());
    let found = &record.break_even[1];
    assert_eq!(found.latency_ns, LATENCY_NS);
    let names: Vec<_> = found.fastest.iter().map(|it| it.variant.as_str()).collect();
    assert_eq!(names, ["zstd", "none"]);
    assert!(found.fastest.iter().all(|it| it.equal.is_empty()));
    let crossing = &found.crossings[0];
    assert!(crossing.faster_below && crossing.variant == "zstd");
    let at = crossing.at;
    assert!((at.bytes_per_s / 1e9 - 1.0).abs() < 0.01, "{at:?}");
    assert_eq!(found.fastest[1].from, Some(at));
    assert!(
        at.low_bytes_per_s < 0.95e9 && at.high_bytes_per_s > 1.05e9,
        "{at:?}"
    );
    assert!(
        at.low_bytes_per_s > 0.5e9 && at.high_bytes_per_s < 2e9,
        "{at:?}"
    );
}

/// The range of a crossing is what rounds leave open.
#[test]
fn a_crossing_of_noisy_rounds_may_lie_anywhere() {
    let range = |noise: u64| {
        let mut record = record();
        record.cells = vec![profiled("none", 100, 20), profiled("zstd", 50, 70)];
        for (place, cell) in record.cells.iter_mut().enumerate() {
            for (round, iteration) in cell.iterations.iter_mut().enumerate() {
                // 0 to 4 in an order of its own in each cell.
                let step = (round * (place + 2) + place) as u64 % 5;
                iteration.figures.elapsed_ns =
                    iteration.figures.elapsed_ns / 100 * (100 - 2 * noise + noise * step);
            }
        }
        summarise(&mut record);
        let at = record.break_even[1].crossings[0].at;
        at.high_bytes_per_s / at.low_bytes_per_s
    };
    let (quiet, noisy) = (range(0), range(10));
    assert!(quiet > 1.2 && quiet < 2.0, "{quiet}");
    assert!(noisy > 1.5 * quiet, "{quiet}, {noisy}");
    let anywhere = range(40);
    assert!(anywhere > 20.0, "{anywhere}");
}

/// One round does not tell how far it may be off.
#[test]
fn one_round_does_not_tell_where_a_crossing_is() {
    let mut record = record();
    record.cells = vec![profiled("none", 100, 20), profiled("zstd", 50, 70)];
    for cell in &mut record.cells {
        cell.iterations.truncate(1);
    }
    summarise(&mut record);
    let found = &record.break_even[1];
    let at = found.crossings[0].at;
    assert!((at.low_bytes_per_s / found.low_bytes_per_s - 1.0).abs() < 1e-9);
    assert!((at.high_bytes_per_s / found.high_bytes_per_s - 1.0).abs() < 1e-9);
}

#[test]
fn a_profile_of_a_slow_minute_is_scaled_to_the_rounds() {
    let time = |profiled_ms: u64| {
        let mut record = record();
        let mut cell = profiled("none", 100, profiled_ms);
        cell.iterations = rounds(&[20_000_000; 10]);
        record.cells = vec![cell];
        summarise(&mut record);
        let predictions = Predictions::of(&record);
        let curve = &predictions.curves(Some("scan"), LATENCIES_NS[0])[0];
        curve.points.last().unwrap().1
    };
    assert!((time(40) / time(20) - 1.0).abs() < 1e-6);
}

/// The second scenario has its crossing at 4 GB/s, and curves of the same shape.
#[test]
fn all_scenarios_together_cross_between_where_each_does() {
    let mut record = record();
    let second = |cell: CellRecord| CellRecord {
        scenario: "other".to_owned(),
        ..cell
    };
    record.cells = vec![
        profiled("none", 100, 20),
        profiled("zstd", 50, 70),
        second(profiled("none", 400, 20)),
        second(profiled("zstd", 200, 70)),
    ];
    summarise(&mut record);
    let at = |scenario: Option<&str>| {
        let mut found = record
            .break_even
            .iter()
            .filter(|it| it.latency_ns == LATENCY_NS);
        let found = found.find(|it| it.scenario.as_deref() == scenario).unwrap();
        found.crossings[0].at.bytes_per_s / 1e9
    };
    assert!((at(Some("scan")) - 1.0).abs() < 0.01 && (at(Some("other")) - 4.0).abs() < 0.04);
    assert!((1.2..3.5).contains(&at(None)), "{}", at(None));
    let predictions = Predictions::of(&record);
    let whole = predictions.curves(None, LATENCY_NS);
    assert_eq!((whole.len(), whole[0].bytes), (2, 500 * MB));
}

#[test]
fn a_variant_that_is_smaller_and_as_fast_wins_everywhere() {
    let mut record = record();
    record.cells = vec![profiled("none", 100, 20), profiled("lz4", 50, 19)];
    summarise(&mut record);
    let found = &record.break_even[1];
    assert_eq!(found.fastest.len(), 1);
    assert_eq!(
        (found.fastest[0].variant.as_str(), found.crossings.len()),
        ("lz4", 0)
    );
}

#[test]
fn a_phase_map_has_the_stretches_of_the_latencies_that_are_known() {
    let mut record = record();
    record.cells = vec![profiled("none", 100, 20), profiled("zstd", 50, 70)];
    let predictions = summarise(&mut record);
    let maps = predictions.phase_maps();
    assert_eq!(maps.len(), 1);
    let map = &maps[0];
    let latencies: Vec<u64> = map.iter().map(|it| it.latency_ns).collect();
    assert_eq!(
        (latencies.len(), latencies.first(), latencies.last()),
        (17, Some(&10_000), Some(&100_000_000))
    );
    assert!(latencies.is_sorted());
    for row in map {
        let known = record.break_even.iter();
        for known in known.filter(|it| it.latency_ns == row.latency_ns) {
            assert_eq!(known, row);
        }
    }
    let known = |latency_ns: u64| {
        record
            .break_even
            .iter()
            .any(|it| it.latency_ns == latency_ns)
    };
    let common: Vec<u64> = latencies.into_iter().filter(|it| known(*it)).collect();
    assert_eq!(common, [100_000, 1_000_000, 10_000_000]);
}

#[test]
fn a_lone_variant_has_no_phase_map() {
    let mut record = record();
    record.cells = vec![profiled("none", 100, 20)];
    assert!(summarise(&mut record).phase_maps().is_empty());
}

#[test]
fn the_storage_of_a_run_is_the_page_cache_its_throttles_or_bounded_by_its_reads() {
    let with_state = |state: CacheState| {
        let mut one = cell("scan", state.name(), rounds(&[20_000_000; 3]));
        one.id = format!("scan/{}", state.name());
        for (index, it) in one.iterations.iter_mut().enumerate() {
            it.figures.cache.state = state;
            it.figures.requested_bytes = 100 * MB * (index as u64 + 1);
            let all = |value: u64| Percentiles {
                p50: value,
                p90: value,
                p99: value,
                max: value,
            };
            it.figures.store_calls = Some(StoreCalls {
                calls: 1,
                latency_ns: all(300_000 - index as u64 * 100_000),
                range_bytes: all(MB),
            });
        }
        one
    };
    let throttled = |bytes_per_s: Option<u64>| {
        let mut one = with_state(CacheState::Warm);
        one.engine = engine(Some(ThrottleRecord {
            bytes_per_s,
            latency_ns: 1_000_000,
        }));
        one
    };
    let of = |cells: Vec<CellRecord>| {
        let mut record = record();
        record.cells = cells;
        own_storages(&record)
    };
    let throttle = |bytes_per_s: Option<u64>| OwnStorage::Throttle {
        bytes_per_s,
        latency_ns: 1_000_000,
    };
    // 300 MB in 20 ms, and the shortest call.
    let devices = OwnStorage::Devices {
        least_bytes_per_s: 15e9,
        most_latency_ns: 100_000.0,
    };
    assert_eq!(of(vec![]), []);
    assert_eq!(
        of(vec![
            with_state(CacheState::Warm),
            with_state(CacheState::Warm)
        ]),
        [OwnStorage::PageCache]
    );
    assert_eq!(of(vec![with_state(CacheState::Cold)]), [devices]);
    assert_eq!(
        of(vec![
            throttled(Some(MB)),
            with_state(CacheState::Direct),
            throttled(None),
            throttled(Some(MB)),
            with_state(CacheState::Warm)
        ]),
        [
            throttle(Some(MB)),
            throttle(None),
            OwnStorage::PageCache,
            devices
        ]
    );
}

#[test]
fn a_throttled_cell_is_held_against_the_prediction_from_its_twin() {
    let mut record = record();
    let mut slow = cell("scan", "none", rounds(&[122_000_000; 10]));
    slow.variant
        .insert("storage.throttle.bandwidth".to_owned(), "1GB/s".into());
    slow.engine = engine(Some(ThrottleRecord {
        bytes_per_s: Some(1000 * MB),
        latency_ns: 1_000_000,
    }));
    slow.id = "scan/slow".to_owned();
    slow.variant_name = "slow".to_owned();
    let mut fast = profiled("none", 100, 20);
    fast.engine = engine(None);
    record.cells = vec![fast, slow];
    summarise(&mut record);
    let check = &record.prediction_checks[0];
    assert_eq!(
        (check.cell.as_str(), check.from.as_str()),
        ("scan/slow", "scan/none")
    );
    assert!((check.predicted_ns - 121e6).abs() < 1.0, "{check:?}");
    assert!((check.error - (121.0 / 122.0 - 1.0)).abs() < 1e-9);
    // Both cells share one curve, so that nothing breaks even.
    assert!(record.break_even.is_empty());
    assert_eq!(
        Predictions::of(&record)
            .curves(Some("scan"), LATENCY_NS)
            .len(),
        1
    );
}

#[test]
fn what_bytes_cost_that_are_not_in_memory_is_fitted_to_the_warm_time() {
    let mut record = record();
    let mut fast = profiled("none", 100, 20);
    fast.iterations = rounds(&[30_000_000; 10]);
    record.cells = vec![fast];
    summarise(&mut record);
    let predictions = Predictions::of(&record);
    let curve = &predictions.curves(Some("scan"), LATENCIES_NS[0])[0];
    let (_, at_most) = curve.points.last().unwrap();
    // 10 ms more after the call, and 2 ms of transfer at 50 GB/s.
    assert!((at_most - 32.1e6).abs() < 0.3e6, "{at_most}");
    let (_, at_least) = curve.points.first().unwrap();
    assert!((at_least / 1e9 - 10.03).abs() < 0.01, "{at_least}");
}

/// A curve with these times at eight bandwidths of the range.
fn curve(variant: &str, times: [f64; 8]) -> Curve {
    Curve {
        variant: variant.to_owned(),
        bytes: 1,
        requests: 1,
        points: bandwidths(8).zip(times).collect(),
        parts: Vec::new(),
    }
}

fn held(curves: &[Curve]) -> Vec<(String, Option<f64>)> {
    let found = fastest(curves, 0.01);
    let stretches = found.into_iter();
    stretches
        .map(|it| (it.variant, it.from.map(|at| at.bytes_per_s.log10())))
        .collect()
}

/// A variant that was ahead by less than the effect gives way without having had a stretch.
#[test]
fn one_that_was_never_clearly_ahead_has_no_stretch() {
    let none = curve("none", [100.0, 100.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0]);
    let lz4 = curve("lz4", [100.5, 99.5, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0]);
    let found = held(&[none.clone(), lz4]);
    assert_eq!(found.len(), 2);
    assert!(
        found[1].1.is_some_and(|at| (7.0..7.6).contains(&at)),
        "{found:?}"
    );
    let always = curve("lz4", [99.5, 99.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0]);
    assert_eq!(held(&[none, always]), [("lz4".to_owned(), None)]);
}

#[test]
fn equal_variants_are_told_together() {
    let times = [100.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0];
    let found = fastest(
        &[
            curve("none", times),
            curve("lz4", times.map(|it| it * 1.005)),
        ],
        0.01,
    );
    assert_eq!((found.len(), &found[0].equal), (1, &vec!["lz4".to_owned()]));
}

proptest! {
    #[test]
    fn stretches_rise(
        curves in prop::collection::vec(prop::array::uniform8(1.0..1.3_f64), 1..6)
    ) {
        let curves: Vec<Curve> = curves.into_iter().enumerate()
            .map(|(index, times)| curve(&index.to_string(), times)).collect();
        let found = fastest(&curves, 0.05);
        prop_assert!(found[0].from.is_none());
        let starts: Vec<f64> = found.iter().skip(1).map(|it| it.from.unwrap().bytes_per_s).collect();
        prop_assert!(starts.windows(2).all(|two| two[0] < two[1]), "{found:?}");
        for stretch in found.iter().filter_map(|it| it.from) {
            prop_assert!(stretch.low_bytes_per_s <= stretch.bytes_per_s && stretch.bytes_per_s <= stretch.high_bytes_per_s, "{found:?}");
        }
    }
}

/// A scenario in which a variant has no profile says nothing about all variants.
#[test]
fn the_mean_is_over_scenarios_that_all_variants_have() {
    let mut record = record();
    let of = |scenario: &str, cell: CellRecord| CellRecord {
        scenario: scenario.to_owned(),
        ..cell
    };
    for scenario in ["a", "b", "c"] {
        record.cells.push(of(scenario, profiled("none", 100, 20)));
        record.cells.push(of(scenario, profiled("zstd", 50, 70)));
    }
    record.cells[4].profile = None;
    let predictions = Predictions::of(&record);
    let curves = predictions.curves(None, LATENCY_NS);
    assert_eq!((curves.len(), curves[0].bytes), (2, 200 * MB));
}

#[test]
fn the_fastest_variants_do_not_depend_on_the_baseline() {
    let mut record = record();
    let measured = |variant: &str, megabytes: u64, times: [u64; 8]| CellRecord {
        iterations: rounds(&times),
        ..profiled(variant, megabytes, 20)
    };
    let times = |base: u64| [0, 7, 3, 9, 1, 8, 2, 5].map(|it| base + it * 400_000);
    record.cells = vec![
        measured("none", 100, times(20_000_000)),
        measured("lz4", 60, times(24_000_000)),
        measured("zstd", 50, times(30_000_000)),
    ];
    summarise(&mut record);
    let fastest = |record: &RunRecord| -> Vec<_> {
        let found = record.break_even.iter();
        found.map(|it| it.fastest.clone()).collect()
    };
    let expected = fastest(&record);
    assert!(expected.iter().any(|it| it.len() > 1), "{expected:?}");
    for variant in ["lz4", "zstd", "none"] {
        assert!(rebase(&mut record, variant));
        summarise(&mut record);
        assert_eq!(fastest(&record), expected, "{variant}");
    }
}
