//! Durations and sizes of the calls of a store.

use std::ops::Range;
use std::time::Duration;

use crate::record::StoreCalls;
use crate::storage::{LARGEST_BYTES, LONGEST_NS, Spread};

#[derive(Debug)]
pub(super) struct Calls {
    latency_ns: Spread,
    range_bytes: Spread,
}

impl Default for Calls {
    fn default() -> Self {
        Calls {
            latency_ns: Spread::up_to(LONGEST_NS),
            range_bytes: Spread::up_to(LARGEST_BYTES),
        }
    }
}

impl Calls {
    pub(super) fn add(&mut self, latency: Duration, ranges: &[Range<u64>]) {
        let latency = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latency_ns.add(latency);
        for range in ranges {
            self.range_bytes.add(range.end.saturating_sub(range.start));
        }
    }

    pub(super) fn summary(&self) -> Option<StoreCalls> {
        Some(StoreCalls {
            calls: self.latency_ns.count(),
            latency_ns: self.latency_ns.percentiles()?,
            range_bytes: self.range_bytes.percentiles()?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_all_calls_within_one_per_cent() {
        let mut calls = Calls::default();
        assert_eq!(calls.summary(), None);
        for microseconds in 1..=1000 {
            calls.add(
                Duration::from_micros(microseconds),
                &[0..100, 50..50 + microseconds],
            );
        }
        let summary = calls.summary().unwrap();
        let near = |found: u64, expected: f64| (found as f64 / expected - 1.0).abs() < 0.011;
        assert_eq!(summary.calls, 1000);
        let latency = summary.latency_ns;
        assert!(
            near(latency.p50, 500e3) && near(latency.p90, 900e3),
            "{latency:?}"
        );
        assert!(
            near(latency.p99, 990e3) && near(latency.max, 1e6),
            "{latency:?}"
        );
        assert!(near(summary.range_bytes.p50, 100.0) && near(summary.range_bytes.max, 1000.0));
    }

    #[test]
    fn what_takes_days_counts_as_the_longest() {
        let mut calls = Calls::default();
        calls.add(Duration::from_secs(1 << 40), &[0..u64::MAX]);
        let summary = calls.summary().unwrap();
        assert!(summary.latency_ns.max >= LONGEST_NS && summary.range_bytes.max >= LARGEST_BYTES);
    }
}
