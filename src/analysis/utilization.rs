//! Utilization of an accelerator in the steps of an epoch.
//!
//! Source: `StatsCounter` in `dlio_benchmark/utils/statscounter.py` of MLCommons' DLIO (2026-07),
//! and section 3.3.2 of the rules of MLPerf Storage. The window is DLIO's, over the steps that were
//! taken. The rules take the computation time that was asked for, DLIO the one that it measured.

use crate::record::{StepTimes, TimelineStretch, TrainingStep, Utilization};

/// Returns the utilization of an epoch that took `elapsed_ns`, without its first `start` and its
/// last `end` steps.
pub fn utilization(steps: &[TrainingStep], elapsed_ns: u64, start: u64, end: u64) -> Utilization {
    let start = usize::try_from(start)
        .unwrap_or(usize::MAX)
        .min(steps.len());
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    let last = steps.len().saturating_sub(end).max(start);
    let sum = |steps: &[TrainingStep], figure: fn(&TrainingStep) -> u64| {
        steps.iter().map(figure).sum::<u64>()
    };
    let counted = &steps[start..last];
    let excluded_ns = sum(&steps[..start], TrainingStep::processing_ns)
        + sum(&steps[last..], TrainingStep::processing_ns);
    let window_ns = elapsed_ns.saturating_sub(excluded_ns);
    let set_compute_ns = sum(counted, |step| step.set_compute_ns);
    let measured_compute_ns = sum(counted, |step| step.compute_ns);
    let counts = !counted.is_empty() && window_ns > 0;
    let share = |ns: u64| counts.then(|| ns as f64 / window_ns as f64);
    Utilization {
        counted_steps: counted.len() as u64,
        window_ns,
        set_compute_ns,
        measured_compute_ns,
        utilization: share(set_compute_ns),
        measured_utilization: share(measured_compute_ns),
        samples_per_s: share(sum(counted, |step| step.samples)).map(|per_ns| per_ns * 1e9),
    }
}

/// Returns the sum and percentiles of a figure of the steps. Source of the ranks: the nearest-rank
/// method.
pub fn step_times(steps: &[TrainingStep], figure: fn(&TrainingStep) -> u64) -> StepTimes {
    let mut values: Vec<u64> = steps.iter().map(figure).collect();
    values.sort_unstable();
    let at = |share: f64| {
        let rank = (share * values.len() as f64).ceil() as usize;
        values.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    };
    StepTimes {
        total_ns: values.iter().sum(),
        p50_ns: at(0.50),
        p95_ns: at(0.95),
        p99_ns: at(0.99),
        max_ns: values.last().copied().unwrap_or(0),
    }
}

/// Most stretches that an epoch is kept as.
const MOST_STRETCHES: usize = 200;

/// Returns the steps in at most 200 stretches of equally many, the last with the rest.
pub fn timeline(steps: &[TrainingStep]) -> Vec<TimelineStretch> {
    let each = steps.len().div_ceil(MOST_STRETCHES).max(1);
    let stretch = |steps: &[TrainingStep]| {
        let sum = |figure: fn(&TrainingStep) -> u64| steps.iter().map(figure).sum();
        TimelineStretch {
            steps: steps.len() as u64,
            samples: sum(|step| step.samples),
            end_ns: steps.last().map_or(0, |step| step.end_ns),
            waiting_ns: sum(|step| step.waiting_ns),
            reading_ns: sum(|step| step.reading_ns),
            decoding_ns: sum(|step| step.decoding_ns),
            copying_ns: sum(|step| step.copying_ns),
            computing_ns: sum(|step| step.compute_ns),
        }
    };
    steps.chunks(each).map(stretch).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn step(waiting_ns: u64, compute_ns: u64) -> TrainingStep {
        TrainingStep {
            samples: 10,
            waiting_ns,
            set_compute_ns: 100,
            compute_ns,
            ..TrainingStep::default()
        }
    }

    #[test]
    fn the_first_step_counts_neither_as_time_nor_as_computation() {
        let steps = [step(1000, 100), step(20, 110), step(30, 110)];
        // 10 ns of barriers and of the last, empty fetch stay in the window.
        let found = utilization(&steps, 1100 + 130 + 140 + 10, 1, 0);
        assert_eq!((found.counted_steps, found.window_ns), (2, 280));
        assert_eq!(found.utilization, Some(200.0 / 280.0));
        assert_eq!(found.measured_utilization, Some(220.0 / 280.0));
        let rate = found.samples_per_s.unwrap();
        assert!((rate - 20.0 / 280e-9).abs() < 1.0, "{rate}");
    }

    #[test]
    fn steps_at_the_end_are_excluded_alike() {
        let steps = [step(0, 100), step(0, 100), step(500, 100)];
        let found = utilization(&steps, 800, 0, 1);
        assert_eq!((found.counted_steps, found.window_ns), (2, 200));
        assert_eq!(found.utilization, Some(1.0));
    }

    #[test]
    fn without_a_step_that_counts_there_is_no_utilization() {
        for (steps, start, end) in [(0, 1, 0), (1, 1, 0), (3, 2, 2), (3, u64::MAX, u64::MAX)] {
            let steps = vec![step(5, 100); steps];
            let found = utilization(&steps, 1000, start, end);
            assert_eq!((found.utilization, found.samples_per_s), (None, None));
        }
    }

    #[test]
    fn percentiles_are_values_of_steps() {
        let steps: Vec<TrainingStep> = (1..=100).map(|waiting| step(waiting, 0)).collect();
        let found = step_times(&steps, |step| step.waiting_ns);
        assert_eq!((found.p50_ns, found.p95_ns, found.p99_ns), (50, 95, 99));
        assert_eq!((found.max_ns, found.total_ns), (100, 5050));
        assert_eq!(
            step_times(&[], |step| step.waiting_ns),
            StepTimes::default()
        );
    }

    #[test]
    fn a_timeline_has_every_step_once() {
        for count in [0, 1, 199, 200, 201, 1001] {
            let steps = vec![step(1, 2); count];
            let timeline = timeline(&steps);
            assert!(timeline.len() <= MOST_STRETCHES);
            let all: u64 = timeline.iter().map(|it| it.steps).sum();
            assert_eq!(all, count as u64);
        }
    }
}
