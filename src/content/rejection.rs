//! Ranks by Zipf's law beyond those in a table.

use crate::random::{SplitMix64, unit};

/// Ranks `start..=count`, by rejection-inversion: Hörmann and Derflinger, "Rejection-inversion to
/// generate variates from monotone discrete distributions", ACM Transactions on Modeling and
/// Computer Simulation 6, 1996. Needs no table, for any number of ranks. Ranks beyond 2^53 come in
/// steps, as f64 does.
pub(super) struct RejectionInversion {
    exponent: f64,
    start: f64,
    count: f64,
    /// The integral at the start of the first rank's area, and at the end of the last one's.
    first: f64,
    last: f64,
    /// Numbers that are at most this far below their rank are accepted at once.
    shortcut: f64,
}

impl RejectionInversion {
    pub(super) fn new(exponent: f64, start: u64, count: u64) -> Self {
        let (start, count) = (start as f64, count as f64);
        let mut zipf = RejectionInversion {
            exponent,
            start,
            count,
            first: 0.0,
            last: 0.0,
            shortcut: 0.0,
        };
        zipf.first = zipf.integral(start + 0.5) - zipf.weight(start);
        zipf.last = zipf.integral(count + 0.5);
        let second = start + 1.0;
        zipf.shortcut = second - zipf.inverse(zipf.integral(second + 0.5) - zipf.weight(second));
        zipf
    }

    /// Returns, approximately, the rank minus 1 below which a share of all ranks' weight lies. It
    /// never falls as the share rises.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let below = self.integral(self.start - 0.5);
        let number = self.inverse(below + share * (self.last - below));
        ((number + 0.5) as u64 as f64).clamp(self.start, self.count) as u64 - 1
    }

    /// Returns the sum of k^-exponent over the ranks by the midpoint rule, with a relative error of
    /// 1 / `start`^2.
    pub(super) fn total_weight(&self) -> f64 {
        self.last - self.integral(self.start - 0.5)
    }

    #[cold]
    pub(super) fn draw(&self, seed: u64) -> u64 {
        let mut stream = SplitMix64::new(seed);
        loop {
            let area = self.last + unit(stream.next_word()) * (self.first - self.last);
            let number = self.inverse(area);
            // The cast rounds towards 0.
            let rank = ((number + 0.5) as u64 as f64).clamp(self.start, self.count);
            if rank - number <= self.shortcut
                || area >= self.integral(rank + 0.5) - self.weight(rank)
            {
                return rank as u64 - 1;
            }
        }
    }

    fn weight(&self, rank: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(rank))
    }

    /// Returns an antiderivative of x^-exponent, which is 0 at x = 1.
    fn integral(&self, number: f64) -> f64 {
        let power = 1.0 - self.exponent;
        let logarithm = libm::log(number);
        if power == 0.0 {
            logarithm
        } else {
            libm::expm1(power * logarithm) / power
        }
    }

    fn inverse(&self, area: f64) -> f64 {
        let power = 1.0 - self.exponent;
        let logarithm = if power == 0.0 {
            area
        } else {
            libm::log1p((power * area).max(-1.0)) / power
        };
        libm::exp(logarithm)
    }
}
