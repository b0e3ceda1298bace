//! Computation of a step: its time, and a thread that is busy for so long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::config::Computation;
use crate::random::{Key, SplitMix64};
use crate::statistics::normal_quantile;

/// Longest computation of a step.
const LONGEST_STEP: Duration = Duration::from_secs(3600);

/// Draws the computation times of an accelerator, one after the other.
pub(super) struct ComputationTimes {
    computation: Computation,
    random: SplitMix64,
}

impl ComputationTimes {
    pub(super) fn new(computation: Computation, key: Key) -> Self {
        ComputationTimes {
            computation,
            random: SplitMix64::new(key.0),
        }
    }

    /// Returns the time of the next step. A draw below 0 counts by its absolute value, as in DLIO.
    pub(super) fn draw(&mut self) -> Duration {
        let seconds = match self.computation {
            Computation::Constant(seconds) => seconds,
            Computation::Normal { mean, std_dev } => mean + std_dev * self.normal(),
            Computation::Uniform { min, max } => min + (max - min) * self.random.uniform(),
            Computation::Exponential { scale } => -scale * self.random.uniform().ln(),
            Computation::Gamma { shape, scale } => scale * self.gamma(shape),
            Computation::Poisson { mean } => self.poisson(mean),
        };
        Duration::try_from_secs_f64(seconds.abs()).map_or(LONGEST_STEP, |it| it.min(LONGEST_STEP))
    }

    fn normal(&mut self) -> f64 {
        let distance = normal_quantile(self.random.uniform());
        match self.random.next_word() & 1 {
            0 => distance,
            _ => -distance,
        }
    }

    /// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26
    /// (2000), with its section 6 for shapes below 1.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let power = self.random.uniform().powf(1.0 / shape);
            return self.gamma(shape + 1.0) * power;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let normal = self.normal();
            let v = (1.0 + c * normal).powi(3);
            let accepted = v > 0.0
                && self.random.uniform().ln() < 0.5 * normal * normal + d - d * v + d * v.ln();
            if accepted {
                return d * v;
            }
        }
    }

    /// Counts the arrivals of a Poisson process in unit time. Times are seconds, so that means are
    /// small; above 500 the normal approximation is as good.
    fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 500.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let mut passed = -self.random.uniform().ln();
        let mut count = 0.0;
        while passed < mean {
            passed -= self.random.uniform().ln();
            count += 1.0;
        }
        count
    }
}

/// Longest time that a thread sleeps without looking whether it should stop.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);

/// Share of a sleep that the next one expects to be late by, above the latest one seen.
const CAUTION: f64 = 1.5;

/// Least and most time before a deadline that is spent spinning.
const LEAST_SPIN: Duration = Duration::from_micros(20);
const MOST_SPIN: Duration = Duration::from_millis(2);

/// Holds a thread until deadlines: it sleeps as long as sleeping is exact enough, and spins for the
/// rest. An accelerator's own computation would take no time of the host's cores, and spinning
/// does: so no longer than needed.
#[derive(Debug)]
pub(super) struct Holder {
    /// Time before a deadline at which a sleep ends.
    spin: Duration,
}

impl Holder {
    /// Makes the holder of the calling thread, whose sleeps become as exact as the system allows.
    pub(super) fn of_this_thread() -> Self {
        // SAFETY: this sets a number of the calling thread, and reads or writes no memory.
        #[cfg(target_os = "linux")]
        let _ = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64) };
        Holder {
            spin: Duration::from_micros(100),
        }
    }

    /// Waits until `start + time`, or until `stop` is set. Returns the time since `start`.
    pub(super) fn hold(&mut self, start: Instant, time: Duration, stop: &AtomicBool) -> Duration {
        let Some(deadline) = start.checked_add(time) else {
            return start.elapsed();
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left <= self.spin || stop.load(Ordering::Relaxed) {
                break;
            }
            let sleep = (left - self.spin).min(LONGEST_SLEEP);
            let began = Instant::now();
            std::thread::sleep(sleep);
            self.learn(began.elapsed().saturating_sub(sleep));
        }
        while Instant::now() < deadline && !stop.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        start.elapsed()
    }

    /// Expects sleeps to be late by somewhat more than the latest was, and forgets slowly.
    fn learn(&mut self, late: Duration) {
        let wanted = late.mul_f64(CAUTION).clamp(LEAST_SPIN, MOST_SPIN);
        self.spin = match wanted > self.spin {
            true => wanted,
            false => self.spin.mul_f64(0.95).max(wanted),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn mean_and_deviation(computation: Computation) -> (f64, f64) {
        let mut times = ComputationTimes::new(computation, Key(5));
        let draws: Vec<f64> = (0..20_000).map(|_| times.draw().as_secs_f64()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let square = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>();
        (mean, (square / draws.len() as f64).sqrt())
    }

    #[rstest]
    #[case(Computation::Constant(0.3), 0.3, 0.0)]
    #[case(Computation::Normal { mean: 1.0, std_dev: 0.1 }, 1.0, 0.1)]
    // Half of the draws are mirrored: with mean 0, the mean is the deviation times sqrt(2 / pi).
    #[case(Computation::Normal { mean: 0.0, std_dev: 1.0 }, 0.7979, 0.6028)]
    #[case(Computation::Uniform { min: 1.0, max: 3.0 }, 2.0, 0.5774)]
    #[case(Computation::Exponential { scale: 2.0 }, 2.0, 2.0)]
    #[case(Computation::Gamma { shape: 4.0, scale: 0.5 }, 2.0, 1.0)]
    #[case(Computation::Gamma { shape: 0.25, scale: 2.0 }, 0.5, 1.0)]
    #[case(Computation::Poisson { mean: 3.0 }, 3.0, 1.7321)]
    #[case(Computation::Poisson { mean: 900.0 }, 900.0, 30.0)]
    fn draws_have_the_moments_of_their_distribution(
        #[case] computation: Computation,
        #[case] mean: f64,
        #[case] deviation: f64,
    ) {
        let found = mean_and_deviation(computation);
        assert!((found.0 - mean).abs() <= 0.03 * mean, "{found:?}");
        assert!((found.1 - deviation).abs() <= 0.03 * mean, "{found:?}");
    }

    #[test]
    fn a_thread_is_held_at_least_as_long_as_asked_and_until_it_is_stopped() {
        let mut holder = Holder::of_this_thread();
        let stop = AtomicBool::new(false);
        for time in [
            Duration::ZERO,
            Duration::from_micros(375),
            Duration::from_millis(5),
        ] {
            let start = Instant::now();
            let held = holder.hold(start, time, &stop);
            assert!(held >= time && start.elapsed() >= held);
        }
        stop.store(true, Ordering::Relaxed);
        let start = Instant::now();
        holder.hold(start, Duration::from_secs(3600), &stop);
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
