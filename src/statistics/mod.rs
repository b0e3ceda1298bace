//! Estimates, intervals and tests that assume no distribution, with their sources.
//!
//! Timings are skewed, have outliers and several modes, so means and their t-intervals mislead
//! (Hoefler & Belli, "Scientific Benchmarking of Parallel Computing Systems", SC 2015, rules 5 to
//! 7). The methods here use order and sign, or resampling and simulation.

mod autocorrelation;
mod change_points;
mod detectable;
mod dip;
mod estimate;
mod estimated_scale;
mod holm;
mod median;
mod modality;
mod normal;
mod outliers;
mod rank_sum;
mod rank_test;
mod sampling;
mod scale;
mod signed_rank;
#[cfg(test)]
pub(crate) mod simulated;
mod student;
mod trend;

pub use autocorrelation::{lag_one, widening};
pub use change_points::{ChangePoint, change_points};
pub use detectable::detectable;
pub use dip::dip;
pub use estimate::{Estimate, Interval};
pub use estimated_scale::EstimatedScale;
pub use holm::holm;
pub use median::{median, median_interval};
pub use modality::dip_p;
pub use normal::{normal_p, normal_quantile};
pub use outliers::outliers;
pub use rank_sum::{hodges_lehmann_unpaired, rank_sum_p};
pub use scale::scale;
pub use signed_rank::{hodges_lehmann, hodges_lehmann_paired, signed_rank_p};
pub use student::{student_p, student_quantile};
pub use trend::{Trend, trend};

/// Confidence of the intervals that the program reports.
pub const CONFIDENCE: f64 = 0.99;

/// Smallest effect of interest if a config names none. A ratio that differs from 1 by no more has
/// no practical consequence.
pub const SMALLEST_EFFECT: f64 = 0.01;

/// Fewest pairs for a verdict: below 8, no outcome reaches 99 % (2 / 2^7 > 1 %).
pub const MINIMUM_PAIRS: usize = 8;
