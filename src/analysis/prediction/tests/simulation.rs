use proptest::prelude::*;
use rstest::rstest;

use crate::analysis::prediction::load::{Call, Load, Profile};
use crate::analysis::prediction::simulation::Storage;

const MS: u64 = 1_000_000;

fn call(began_ms: u64, requests: &[u64]) -> Call {
    Call {
        began_ns: began_ms * MS,
        ended_ns: began_ms * MS,
        request_bytes: requests.to_vec(),
        file: 0,
    }
}

fn load(elapsed_ms: u64, cores: f64, streams: Vec<Vec<Call>>) -> Load {
    Load::of(&Profile {
        elapsed_ns: elapsed_ms * MS,
        cores,
        shared_files: false,
        streams,
    })
}

fn storage(bytes_per_s: f64, latency_ms: f64) -> Storage {
    Storage {
        bytes_per_s,
        latency_ns: latency_ms * 1e6,
        requests_per_call: 10,
    }
}

fn ms(load: &Load, storage: &Storage) -> f64 {
    (load.time_ns(storage) / 1e6 * 1000.0).round() / 1000.0
}

/// 1 MB at 1 GB/s takes 1 ms.
const MB: u64 = 1_000_000;

#[test]
fn one_stream_takes_its_computing_and_for_each_call_latency_and_transfer() {
    let load = load(10, 2.0, vec![vec![call(2, &[MB]), call(6, &[3 * MB])]]);
    assert_eq!(ms(&load, &storage(1e9, 0.5)), 10.0 + 0.5 + 1.0 + 0.5 + 3.0);
    assert_eq!((load.requests(), load.bytes()), (2, 4 * MB));
}

#[test]
fn streams_share_the_bandwidth() {
    let one = || vec![call(0, &[MB])];
    let load = load(5, 2.0, vec![one(), one()]);
    assert_eq!(ms(&load, &storage(1e9, 0.0)), 5.0 + 2.0);
}

/// Both streams computed for 10 ms of wall time on one core, which is 5 ms of work each. Alone, one
/// takes 5 ms.
#[test]
fn streams_share_the_processors() {
    let load = load(10, 1.0, vec![vec![call(10, &[MB])], vec![call(10, &[])]]);
    assert_eq!(ms(&load, &storage(1e9, 0.0)), 11.0);
    let early = vec![call(0, &[10 * MB]), call(10, &[])];
    let load = load_of_two_on_one_core(early);
    // The first stream waits for 10 ms. Meanwhile the second has the core to itself and needs 5 ms.
    // Then the first needs 5 ms.
    assert_eq!(ms(&load, &storage(1e9, 0.0)), 15.0);
}

fn load_of_two_on_one_core(first: Vec<Call>) -> Load {
    load(10, 1.0, vec![first, vec![call(10, &[])]])
}

#[test]
fn requests_of_a_call_wait_together_and_no_more_than_so_many_at_once() {
    let load = load(0, 2.0, vec![vec![call(0, &[0; 25])]]);
    assert_eq!(ms(&load, &storage(1e9, 4.0)), 12.0);
}

#[test]
fn a_query_that_asks_for_nothing_takes_what_it_took() {
    for streams in [vec![], vec![vec![]], vec![vec![], vec![]]] {
        let load = load(7, 1.0, streams);
        assert_eq!(ms(&load, &storage(1.0, 100.0)), 7.0);
    }
}

/// The last call of the first stream has 1 MB, and its first call of 1 MB was followed by 2 ms, so
/// that the stream ended at 4 + 2 ms.
#[test]
fn what_a_stream_did_after_its_last_call_is_taken_from_what_it_did_before() {
    let first = vec![call(2, &[MB]), call(4, &[MB])];
    let second = vec![call(9, &[0])];
    let load = load(10, 2.0, vec![first, second]);
    let last = |stream: usize| load.orders[0].streams[stream].steps.last().unwrap().work;
    assert_eq!((last(0), last(1), load.last_work), (2e6, 1e6, 0.0));
    // Each MB takes 100 ms: the first stream ends after 2 + 100 + 2 + 100 + 2 ms.
    assert_eq!(ms(&load, &storage(1e7, 0.0)), 206.0);
}

/// From memory, the first stream happened to read three of four files of two calls each. With a
/// latency of 10 ms, it has not yet asked for its second file when the other stream is done with
/// its first.
#[test]
fn a_stream_takes_the_next_file_when_it_is_done_with_one() {
    let file = |file: u64, began_ms: u64| {
        [0, 1].map(|at| Call {
            file,
            ..call(began_ms + at, &[0])
        })
    };
    let first = [file(0, 0), file(2, 2), file(3, 4)].concat();
    let second = [call(0, &[0]), call(5, &[0])];
    let second = second.map(|call| Call { file: 1, ..call }).to_vec();
    let mut profile = Profile {
        elapsed_ns: 6 * MS,
        cores: 2.0,
        shared_files: true,
        streams: vec![first, second],
    };
    let slow = storage(1e9, 10.0);
    let shared = Load::of(&profile);
    profile.shared_files = false;
    let apart = Load::of(&profile);
    for load in [&shared, &apart] {
        assert_eq!((ms(load, &storage(1e9, 0.0)), load.requests()), (6.0, 8));
    }
    assert_eq!(apart.time_in(&apart.orders[0], &slow), 66e6);
    assert_eq!(shared.time_in(&shared.orders[0], &slow), 48e6);
}

#[test]
fn what_bytes_cost_is_fitted_and_hides_behind_a_slow_storage_as_far_as_it_is_spent_in_calls() {
    let mut load = load(10, 2.0, vec![vec![call(0, &[10 * MB])]]);
    load.fit(16e6, 4e6);
    assert_eq!(ms(&load, &storage(f64::INFINITY, 0.0)), 16.0);
    assert_eq!(ms(&load, &storage(10e9, 0.0)), 16.0);
    assert_eq!(ms(&load, &storage(1e9, 0.0)), 22.0);
    // A cost that finds no room is cut, and a query that is faster than its profile has no cost.
    load.fit(12e6, 4e6);
    assert_eq!(ms(&load, &storage(f64::INFINITY, 0.0)), 12.0);
    assert_eq!(ms(&load, &storage(1e9, 0.0)), 20.0);
    load.fit(9e6, 4e6);
    assert_eq!((load.taking_over, load.letting_go), (0.0, 0.0));
}

fn random_profile() -> impl Strategy<Value = Profile> {
    let call = (0..3 * MS, prop::collection::vec(0..2 * MB, 0..4), 0..2_u64);
    let stream = prop::collection::vec(call, 0..8);
    let streams = prop::collection::vec(stream, 1..5);
    (streams, 1..5_u32, 0..2 * MS, any::<bool>()).prop_map(
        |(streams, cores, tail, shared_files)| {
            let mut elapsed_ns = 0;
            let streams = streams
                .into_iter()
                .map(|calls| {
                    let mut at = 0;
                    let calls = calls.into_iter().map(|(gap, request_bytes, file)| {
                        at += gap;
                        Call {
                            began_ns: at,
                            ended_ns: at,
                            request_bytes,
                            file,
                        }
                    });
                    let calls: Vec<Call> = calls.collect();
                    elapsed_ns = elapsed_ns.max(at);
                    calls
                })
                .collect();
            Profile {
                elapsed_ns: elapsed_ns + tail,
                cores: f64::from(cores),
                shared_files,
                streams,
            }
        },
    )
}

proptest! {
    #[test]
    fn a_storage_that_answers_at_once_gives_the_time_of_the_profile(profile in random_profile()) {
        let load = Load::of(&profile);
        let time = load.time_in(&load.orders[0], &storage(f64::INFINITY, 0.0));
        prop_assert!((time - profile.elapsed_ns as f64).abs() <= 1e-6 * time + 1.0, "{time} {profile:?}");
    }

    #[test]
    fn no_time_is_below_that_of_the_bytes_or_of_the_work(profile in random_profile(), bandwidth in 1e6..1e11_f64, latency in 0.0..5.0_f64) {
        let load = Load::of(&profile);
        let time = load.time_ns(&storage(bandwidth, latency));
        let order = &load.orders[0];
        let work = order.streams.iter().map(|it| it.first_work).chain(order.steps().map(|it| it.work)).sum::<f64>();
        let bytes = load.all_requests().sum::<f64>();
        prop_assert!(time >= (bytes / bandwidth * 1e9 - 1.0).max(work / load.cores - 1.0), "{time}");
        // No time is above that of doing one thing after the other.
        let latencies = load.requests() as f64 * latency * 1e6;
        prop_assert!(time <= work + load.last_work + bytes / bandwidth * 1e9 + latencies + 1.0, "{time}");
    }

    #[test]
    fn twice_the_times_at_half_the_bandwidth_are_twice_the_time(profile in random_profile()) {
        let mut twice = profile.clone();
        twice.elapsed_ns *= 2;
        for call in twice.streams.iter_mut().flatten() {
            call.began_ns *= 2;
            call.ended_ns *= 2;
        }
        let one = Load::of(&profile).time_ns(&storage(1e9, 1.0));
        let two = Load::of(&twice).time_ns(&storage(0.5e9, 2.0));
        prop_assert!((two - 2.0 * one).abs() <= 1e-6 * two + 4.0, "{one} {two}");
    }

    #[test]
    fn one_stream_is_never_faster_on_a_slower_storage(profile in random_profile(), bandwidth in 1e6..1e11_f64, latency in 0.0..5.0_f64) {
        let profile = Profile { streams: profile.streams.into_iter().take(1).collect(), ..profile };
        let load = Load::of(&profile);
        let time = load.time_ns(&storage(bandwidth, latency));
        prop_assert!(load.time_ns(&storage(bandwidth / 2.0, latency)) >= time);
        prop_assert!(load.time_ns(&storage(bandwidth, latency + 1.0)) >= time);
    }

    #[test]
    fn whatever_a_file_holds_comes_to_an_end(
        elapsed_ns in any::<u64>(),
        cores in any::<f64>(),
        streams in prop::collection::vec(
            prop::collection::vec((any::<u64>(), any::<u64>(), prop::collection::vec(any::<u64>(), 0..3), 0..3_u64), 0..5),
            0..4,
        ),
        shared_files in any::<bool>(),
    ) {
        let call = |(began_ns, ended_ns, request_bytes, file)| Call { began_ns, ended_ns, request_bytes, file };
        let streams = streams.into_iter().map(|calls| calls.into_iter().map(call).collect()).collect();
        let mut load = Load::of(&Profile { elapsed_ns, cores, shared_files, streams });
        load.fit(1e9, 1e8);
        let time = load.time_ns(&storage(1e9, 1.0));
        prop_assert!(time.is_finite() && time >= 0.0, "{time}");
    }
}

#[rstest]
#[case(100_000)]
fn many_requests_are_simulated_one_after_the_other(#[case] calls: u64) {
    let calls = |_| {
        (0..calls / 10)
            .map(|at| Call {
                began_ns: at * 100,
                ended_ns: at * 100,
                request_bytes: vec![1000, 2000],
                file: at,
            })
            .collect()
    };
    let load = Load::of(&Profile {
        elapsed_ns: 10 * MS,
        cores: 2.0,
        shared_files: true,
        streams: (0..10).map(calls).collect(),
    });
    let expected_ns = load.bytes() as f64;
    assert!(load.time_ns(&storage(1e9, 0.0)) >= expected_ns);
}
