//! Parts that rank tests share: the distribution of their statistic, the rank that bounds an
//! interval, and the selection of the bound.

use super::estimate::{Estimate, Interval};
use super::normal::normal_upper_tail;

/// Distribution of a test's statistic if there is no shift. It begins at 0 and is symmetric.
pub(super) enum LowerTails {
    /// P(T <= t) at index t.
    Exact(Vec<f64>),
    /// Normal, with continuity correction.
    Approximate { mean: f64, deviation: f64 },
}

impl LowerTails {
    /// Makes the distribution from the number of the `total` equally likely outcomes that give each
    /// statistic.
    pub(super) fn counted<T>(counts: Vec<T>, total: f64, as_float: fn(T) -> f64) -> Self
    where
        T: Copy + Default + std::ops::AddAssign,
    {
        let tails = counts.into_iter().scan(T::default(), |below, count| {
            *below += count;
            Some(as_float(*below) / total)
        });
        Self::Exact(tails.collect())
    }

    /// Returns the p-value of a two-sided test whose smaller statistic is `statistic`.
    pub(super) fn two_sided(&self, statistic: usize) -> f64 {
        (2.0 * self.up_to(statistic)).min(1.0)
    }

    /// P(T <= t).
    pub(super) fn up_to(&self, statistic: usize) -> f64 {
        match self {
            Self::Exact(tails) => tails.get(statistic).copied().unwrap_or(1.0),
            Self::Approximate { mean, deviation } => {
                normal_upper_tail((mean - statistic as f64 - 0.5) / deviation)
            }
        }
    }

    /// Returns the largest k for which the k-th smallest and the k-th largest of `ranked` values
    /// bound an interval of at least `confidence`, and the confidence that they reach: 1 - 2 P(T <=
    /// k - 1). `None` if there is no such k.
    pub(super) fn interval_rank(&self, ranked: usize, confidence: f64) -> Option<(usize, f64)> {
        // The confidence falls with the rank: bisect between the last rank that reaches it and the
        // first that does not.
        let (mut reaches, mut misses) = (0, ranked / 2 + 1);
        while misses - reaches > 1 {
            let middle = reaches + (misses - reaches) / 2;
            if self.two_sided(middle - 1) <= 1.0 - confidence {
                reaches = middle;
            } else {
                misses = middle;
            }
        }
        (reaches > 0).then(|| (reaches, 1.0 - self.two_sided(reaches - 1)))
    }

    /// Returns the median of `ranked` values, and the interval that the test does not reject. `kth`
    /// returns the k-th smallest value, k from 1.
    pub(super) fn estimate(
        &self,
        ranked: usize,
        confidence: f64,
        kth: impl Fn(usize) -> f64,
    ) -> Estimate {
        let rank = self.interval_rank(ranked, confidence);
        Estimate {
            value: middle(ranked, &kth),
            interval: rank.map(|(rank, confidence)| Interval {
                low: kth(rank),
                high: kth(ranked + 1 - rank),
                confidence,
            }),
        }
    }

    /// Returns the p-value of the test that there is no shift. `up_to` counts the ranked values up
    /// to a limit. Values of 0 count on both sides.
    pub(super) fn p(&self, ranked: usize, up_to: impl Fn(f64) -> usize) -> f64 {
        let at_most_zero = up_to(0.0);
        let at_least_zero = ranked - up_to(0.0_f64.next_down());
        self.two_sided(at_most_zero.min(at_least_zero))
    }
}

pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Returns the k-th smallest of values between two bounds, without a table of all values. It
/// bisects the limit up to which `up_to` counts k of them.
pub(super) fn kth_smallest(k: usize, (low, high): (f64, f64), up_to: impl Fn(f64) -> usize) -> f64 {
    let (mut low, mut high) = (order_key(low), order_key(high));
    while low < high {
        let middle = low + (high - low) / 2;
        if up_to(from_order_key(middle)) >= k {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    from_order_key(low)
}

/// Maps floating-point numbers to different integers of the same order (as [`f64::total_cmp`]
/// does).
fn order_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_sign_negative() {
        !bits
    } else {
        bits | 1 << 63
    }
}

fn from_order_key(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 {
        key & !(1 << 63)
    } else {
        !key
    })
}

/// Returns the median of `ranked` values. `kth` returns the k-th smallest value, k from 1.
pub(super) fn middle(ranked: usize, kth: impl Fn(usize) -> f64) -> f64 {
    let (lower, upper) = (kth(ranked.div_ceil(2)), kth(ranked / 2 + 1));
    lower + (upper - lower) / 2.0
}
