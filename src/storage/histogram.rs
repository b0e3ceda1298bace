//! A histogram of times or sizes.

use hdrhistogram::Histogram;

use crate::record::Percentiles;

/// Significant decimal digits that a histogram keeps.
const DIGITS: u8 = 2;

/// Longest time and largest size that a histogram distinguishes: an hour, and 64 GiB.
pub const LONGEST_NS: u64 = 3_600_000_000_000;
pub const LARGEST_BYTES: u64 = 64 << 30;

/// Values of which the percentiles are wanted. It takes memory once there is a value.
#[derive(Debug)]
pub struct Spread {
    largest: u64,
    values: Option<Histogram<u64>>,
}

impl Spread {
    /// Values up to `largest`; larger ones count as it.
    pub fn up_to(largest: u64) -> Self {
        Spread {
            largest,
            values: None,
        }
    }

    pub fn add(&mut self, value: u64) {
        if self.values.is_none() {
            self.values = Histogram::new_with_max(self.largest, DIGITS).ok();
        }
        if let Some(values) = &mut self.values {
            values.saturating_record(value);
        }
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.values.as_ref().map_or(0, Histogram::len)
    }

    /// Returns percentiles, each within 1 %. `None` without values.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let values = self.values.as_ref()?;
        Some(Percentiles {
            p50: values.value_at_quantile(0.5),
            p90: values.value_at_quantile(0.9),
            p99: values.value_at_quantile(0.99),
            max: values.max(),
        })
    }
}
