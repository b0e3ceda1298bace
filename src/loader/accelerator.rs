//! The loop of an accelerator: it takes a batch, computes, and waits for the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::batches::EpochBatches;
use super::compute::{ComputationTimes, Holder};
use crate::measure::MeasureError;
use crate::record::TrainingStep;

/// Steps of an accelerator, and the time of its loop.
pub struct Steps {
    pub steps: Vec<TrainingStep>,
    pub elapsed_ns: u64,
}

/// Takes batches until there are no more. `started` is the time at which the readers started.
pub(super) fn run_steps(
    batches: &EpochBatches,
    mut times: ComputationTimes,
    barrier: Option<&StepBarrier>,
    started: Instant,
    stop: &AtomicBool,
) -> Result<Steps, MeasureError> {
    let nanoseconds =
        |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let mut holder = Holder::of_this_thread();
    let mut steps = Vec::new();
    let mut fetching = started;
    // The others must not wait for a loop that has ended, however it has.
    let barrier = barrier.map(TakingPart);
    loop {
        let Some(batch) = batches.take()? else {
            break;
        };
        #[cfg(test)]
        batches.look_at(&batch);
        let computing = Instant::now();
        let set = times.draw();
        let computed = holder.hold(computing, set, stop);
        let [reading_ns, decoding_ns, copying_ns] = batch.times().nanoseconds();
        let samples = batch.rows();
        drop(batch);
        let waiting = Instant::now();
        if let Some(TakingPart(barrier)) = &barrier {
            barrier.wait();
        }
        let ended = Instant::now();
        steps.push(TrainingStep {
            samples,
            waiting_ns: nanoseconds(computing - fetching),
            reading_ns,
            decoding_ns,
            copying_ns,
            set_compute_ns: nanoseconds(set),
            compute_ns: nanoseconds(computed),
            barrier_ns: nanoseconds(ended - waiting),
            end_ns: nanoseconds(ended - started),
        });
        fetching = ended;
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    drop(barrier);
    batches.close();
    Ok(Steps {
        steps,
        elapsed_ns: nanoseconds(started.elapsed()),
    })
}

/// An accelerator that takes part in a barrier as long as this exists.
struct TakingPart<'a>(&'a StepBarrier);

impl Drop for TakingPart<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Barrier between accelerators, some of which may take fewer steps than others.
#[derive(Debug)]
pub(super) struct StepBarrier {
    state: Mutex<BarrierState>,
    all_here: Condvar,
}

#[derive(Debug)]
struct BarrierState {
    /// Accelerators that still take steps.
    taking_part: usize,
    waiting: usize,
    /// Number of times that all were there.
    round: u64,
    is_stopped: bool,
}

impl StepBarrier {
    pub(super) fn new(accelerators: usize) -> Arc<Self> {
        Arc::new(StepBarrier {
            state: Mutex::new(BarrierState {
                taking_part: accelerators,
                waiting: 0,
                round: 0,
                is_stopped: false,
            }),
            all_here: Condvar::new(),
        })
    }

    /// Waits until all that take part are here.
    fn wait(&self) {
        let mut state = self.state.lock();
        state.waiting += 1;
        let round = state.round;
        self.release_if_all_are_here(&mut state);
        while state.round == round && !state.is_stopped {
            self.all_here.wait(&mut state);
        }
    }

    /// Lets all go on, now and from now on.
    pub(super) fn stop(&self) {
        let mut state = self.state.lock();
        state.is_stopped = true;
        self.all_here.notify_all();
    }

    /// Takes no part any more.
    fn leave(&self) {
        let mut state = self.state.lock();
        state.taking_part = state.taking_part.saturating_sub(1);
        self.release_if_all_are_here(&mut state);
    }

    fn release_if_all_are_here(&self, state: &mut BarrierState) {
        if state.waiting > 0 && state.waiting >= state.taking_part {
            state.waiting = 0;
            state.round += 1;
            self.all_here.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accelerators_step_together_until_they_leave() {
        let barrier = StepBarrier::new(3);
        let seen = Mutex::new([0_usize; 3]);
        let (steps, seen) = ([5, 9, 20], &seen);
        std::thread::scope(|scope| {
            for (accelerator, steps) in steps.into_iter().enumerate() {
                let barrier = &barrier;
                scope.spawn(move || {
                    for step in 0..steps {
                        let mut all = seen.lock();
                        all[accelerator] = step;
                        // Those that still take part are at most one step apart.
                        let others = all
                            .iter()
                            .enumerate()
                            .filter(|(other, _)| [5, 9, 20][*other] > step);
                        assert!(
                            others
                                .into_iter()
                                .all(|(_, other)| other.abs_diff(step) <= 1)
                        );
                        drop(all);
                        barrier.wait();
                    }
                    barrier.leave();
                });
            }
        });
        assert_eq!(*seen.lock(), [4, 8, 19]);
    }
}
