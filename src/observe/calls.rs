//! Durations and sizes of the calls of a store.

use std::ops::Range;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::record::{Percentiles, StoreCalls};

/// Significant decimal digits that a histogram keeps.
const DIGITS: u8 = 2;

/// Longest time and largest range that a histogram distinguishes: an hour, and 64 GiB.
const LONGEST_NS: u64 = 3_600_000_000_000;
const LARGEST_BYTES: u64 = 64 << 30;

#[derive(Debug, Default)]
pub(super) struct Calls {
    histograms: Option<Histograms>,
}

#[derive(Debug)]
struct Histograms {
    latency_ns: Histogram<u64>,
    range_bytes: Histogram<u64>,
}

impl Calls {
    pub(super) fn add(&mut self, latency: Duration, ranges: &[Range<u64>]) {
        if self.histograms.is_none() {
            let latency_ns = Histogram::new_with_max(LONGEST_NS, DIGITS);
            let range_bytes = Histogram::new_with_max(LARGEST_BYTES, DIGITS);
            let made = latency_ns.ok().zip(range_bytes.ok());
            self.histograms = made.map(|(latency_ns, range_bytes)| Histograms {
                latency_ns,
                range_bytes,
            });
        }
        let Some(histograms) = &mut self.histograms else {
            return;
        };
        let latency = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        histograms.latency_ns.saturating_record(latency);
        for range in ranges {
            let bytes = range.end.saturating_sub(range.start);
            histograms.range_bytes.saturating_record(bytes);
        }
    }

    pub(super) fn summary(&self) -> Option<StoreCalls> {
        let histograms = self.histograms.as_ref()?;
        let calls = histograms.latency_ns.len();
        (calls > 0).then(|| StoreCalls {
            calls,
            latency_ns: percentiles(&histograms.latency_ns),
            range_bytes: percentiles(&histograms.range_bytes),
        })
    }
}

fn percentiles(histogram: &Histogram<u64>) -> Percentiles {
    Percentiles {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        max: histogram.max(),
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
