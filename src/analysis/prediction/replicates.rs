//! Deviations of predicted times: those that the same host could as well have shown.

use std::sync::{Arc, LazyLock};

use crate::analysis::series::{log_times, paired, values};
use crate::analysis::uncertainty::OfTimes;
use crate::random::{Key, SplitMix64};
use crate::record::{CellRecord, Lane};
use crate::statistics::{CONFIDENCE, hodges_lehmann, median, normal_quantile, student_quantile};

/// Number of sets of rounds that are drawn.
pub(super) const REPLICATES: usize = 400;

/// Standard deviation of ln of the ratio of two predictions, as far as the simulation itself causes
/// it, whatever the rounds show: 5 % at 95 %.
const MODEL_ERROR: f64 = 0.025;

/// Deviation of ln of the work of a variant in a scenario, in each replicate. Those of all variants
/// of one scenario are drawn from the same rounds. `None` if nothing shows them.
pub(super) type Deviations = Option<Arc<[f64]>>;

/// Deviations of the cells of a scenario, of which the first is the one with which the others are
/// compared. Cells with `true` are warm, and are fitted to the times of their rounds. The others
/// have nothing but the executions of their profile.
pub(super) fn deviations(
    cells: &[(&CellRecord, bool)],
    uncertainty: &OfTimes,
    key: Key,
) -> Vec<Deviations> {
    let Some((baseline, _)) = cells.first() else {
        return Vec::new();
    };
    let baseline_times = log_times(baseline, Lane::EndToEnd);
    let of_baseline = drawn(&values(&baseline_times), key, median);
    let one = |place: usize, (cell, warm): &(&CellRecord, bool)| {
        let bias = uncertainty.between(baseline, cell, Lane::EndToEnd);
        if !warm {
            let profile = cell.profile.as_ref()?;
            let executions = profile.elapsed_of_all_ns.iter();
            let executions: Vec<f64> = executions.map(|ns| ((*ns).max(1) as f64).ln()).collect();
            return drawn(&executions, key.derive(place as u64), median);
        }
        let of_baseline = of_baseline.as_ref()?;
        if place == 0 {
            let wider = of_baseline.iter().map(|it| it * bias.widening());
            return Some(wider.collect());
        }
        let differences = paired(&baseline_times, &log_times(cell, Lane::EndToEnd));
        let of_difference = drawn(&differences, key, hodges_lehmann)?;
        let mut random = SplitMix64::new(key.derive(place as u64).0);
        let sum = of_baseline.iter().zip(of_difference);
        let sum = sum.map(|(one, other)| {
            (one + other) * bias.widening() + bias.deviation() * normal(&mut random)
        });
        Some(sum.collect())
    };
    let found = cells.iter().enumerate();
    let found = found.map(|(place, cell)| one(place, cell).map(Arc::from));
    found.collect()
}

/// ln of the time of a cell over that of another, by the rounds that both have.
pub(super) fn log_ratio(baseline: &CellRecord, cell: &CellRecord) -> Option<f64> {
    let [one, other] = [baseline, cell].map(|it| log_times(it, Lane::EndToEnd));
    hodges_lehmann(&paired(&one, &other))
}

/// Normally distributed errors of the simulation, one for each replicate.
pub(super) static MODEL_ERRORS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let mut random = SplitMix64::new(0);
    let errors = (0..REPLICATES).map(|_| MODEL_ERROR * normal(&mut random));
    errors.collect()
});

/// Differences between the estimate of as many rounds, drawn with replacement, and the estimate of
/// all rounds, one for each replicate. `None` for fewer than two rounds.
///
/// Few rounds scatter less about their own middle than about the true one, and their scatter is
/// itself uncertain. A factor corrects both, as Hesterberg has it ("What Teachers Should Know About
/// the Bootstrap", The American Statistician 69, 2015, on expanded intervals).
fn drawn(values: &[f64], key: Key, estimate: fn(&[f64]) -> Option<f64>) -> Option<Vec<f64>> {
    let rounds = values.len();
    if rounds < 2 {
        return None;
    }
    let (all, count) = (estimate(values)?, rounds as f64);
    let factor = (count / (count - 1.0)).sqrt() * student_quantile(CONFIDENCE, count - 1.0)
        / normal_quantile(1.0 - CONFIDENCE);
    let deviations = (0..REPLICATES).map(|replicate| {
        let mut random = SplitMix64::new(key.derive(replicate as u64).0);
        let drawn: Vec<f64> = (0..rounds).map(|_| values[random.index(rounds)]).collect();
        Some((estimate(&drawn)? - all) * factor)
    });
    deviations.collect()
}

/// A random number of the standard normal distribution.
fn normal(random: &mut SplitMix64) -> f64 {
    normal_quantile(random.uniform()) * if random.uniform() < 0.5 { -1.0 } else { 1.0 }
}
