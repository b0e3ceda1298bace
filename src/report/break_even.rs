//! Break-even points: how the answer changes with the storage.

use std::collections::BTreeSet;

use crate::analysis::LATENCY_NS;
use crate::record::{BreakEven, CrossingPoint, RunRecord, Stretch};
use crate::units;

use super::table::{Head, Table, texts};
use super::text;
use super::words::ABSENT;

/// Predictions for the first screen, at one latency: the one over all scenarios, or one of each
/// scenario if there is none over all.
pub(super) fn told(record: &RunRecord) -> Vec<&BreakEven> {
    let at_latency = || {
        record
            .break_even
            .iter()
            .filter(|it| it.latency_ns == LATENCY_NS)
    };
    match at_latency().find(|it| it.scenario.is_none()) {
        Some(whole) => vec![whole],
        None => at_latency().collect(),
    }
}

/// Each stretch of bandwidths, with the point where the next one begins.
pub(super) fn outlook(
    found: &BreakEven,
) -> impl Iterator<Item = (&Stretch, Option<&CrossingPoint>)> {
    let next = |index: usize| found.fastest.get(index + 1)?.from.as_ref();
    let stretches = found.fastest.iter().enumerate();
    stretches.map(move |(index, stretch)| (stretch, next(index)))
}

/// Names of the fastest variants of a stretch.
pub(super) fn names(stretch: &Stretch) -> String {
    let names = std::iter::once(&stretch.variant).chain(&stretch.equal);
    let names: Vec<String> = names.map(|it| text::quoted(it)).collect();
    names.join(" or ")
}

/// Sentence on the fastest variants by the bandwidth of the storage.
pub(super) fn sentence(found: &BreakEven) -> String {
    let parts = outlook(found).map(|(stretch, until)| {
        let name = names(stretch);
        match (&stretch.from, until) {
            (None, None) => format!(
                "{name} from {} to {}",
                units::bytes_per_second(found.low_bytes_per_s),
                units::bytes_per_second(found.high_bytes_per_s)
            ),
            (_, Some(to)) => format!("{name} up to {}", point(found, to)),
            (Some(_), None) => format!("{name} beyond"),
        }
    });
    let parts: Vec<String> = parts.collect();
    let scenario = found.scenario.as_ref();
    let of = scenario.map_or_else(String::new, |it| format!("{}: ", text::name(it)));
    format!(
        "{of}Fastest by the bandwidth of the storage, predicted for a latency of {}: {}.",
        latency(found.latency_ns),
        parts.join(", ")
    )
}

pub(super) fn latency(latency_ns: u64) -> String {
    match latency_ns {
        0 => "0".to_owned(),
        latency_ns => units::duration_ns(latency_ns as f64),
    }
}

/// Factor between the bounds of a bandwidth above which words stand in place of the bounds.
const VERY_UNCERTAIN: f64 = 20.0;

/// Bounds between which a bandwidth may lie. `None` if they are farther apart than
/// [`VERY_UNCERTAIN`].
pub(super) fn bounds(at: &CrossingPoint) -> Option<(f64, f64)> {
    let (low, high) = (at.low_bytes_per_s, at.high_bytes_per_s);
    (high <= low * VERY_UNCERTAIN).then_some((low, high))
}

/// A bandwidth with the bounds between which it may lie, or with words if the bounds are farther
/// apart than [`VERY_UNCERTAIN`]. A bound at an end of the simulated bandwidths reads "below" or
/// "above".
pub(super) fn point(found: &BreakEven, at: &CrossingPoint) -> String {
    let above_lowest = at.low_bytes_per_s > found.low_bytes_per_s * 1.001;
    let below_highest = at.high_bytes_per_s < found.high_bytes_per_s * 0.999;
    let shown = units::bytes_per_second(at.bytes_per_s);
    if bounds(at).is_none() {
        return format!("{shown} (very uncertain)");
    }
    let low = match above_lowest {
        true => units::bytes_per_second(at.low_bytes_per_s),
        false => format!("below {}", units::bytes_per_second(found.low_bytes_per_s)),
    };
    let high = match below_highest {
        true => units::bytes_per_second(at.high_bytes_per_s),
        false => format!("above {}", units::bytes_per_second(found.high_bytes_per_s)),
    };
    format!("{shown} [{low}, {high}]")
}

const CROSSINGS: [Head; 5] = [
    Head::text("scenario"),
    Head::number("latency"),
    Head::text("variant"),
    Head::text("faster than"),
    Head::text("where"),
];

/// Table of the bandwidths at which a variant is predicted to be as fast as the baseline, for every
/// latency. `None` if there are no such bandwidths.
pub(super) fn crossings(record: &RunRecord) -> Option<Table> {
    let mut rows = Vec::new();
    for found in &record.break_even {
        for crossing in &found.crossings {
            let side = if crossing.faster_below {
                "below"
            } else {
                "above"
            };
            rows.push(texts(vec![
                scenario(found),
                latency(found.latency_ns),
                text::name(&crossing.variant),
                text::name(&crossing.baseline),
                format!("{side} {}", point(found, &crossing.at)),
            ]));
        }
    }
    (!rows.is_empty()).then(|| Table {
        title: "break-even".to_owned(),
        description: Some("bandwidths at which a variant is predicted to be as fast as the baseline, and where 99 % of them lie when rounds are drawn \
         again and predictions are up to 5 % off against each other".to_owned()),
        heads: CROSSINGS.to_vec(),
        rows,
    })
}

pub(super) fn scenario(found: &BreakEven) -> String {
    let name = found.scenario.as_ref();
    name.map_or_else(|| "all scenarios".to_owned(), |it| text::name(it))
}

const CHECKS: [Head; 6] = [
    Head::text("cell"),
    Head::number("bandwidth"),
    Head::number("latency"),
    Head::number("predicted"),
    Head::number("measured\n[interval]"),
    Head::number("error"),
];

/// Table of predicted times beside measured ones. `None` if no prediction was checked.
pub(super) fn prediction_checks(record: &RunRecord) -> Option<Table> {
    let rows = record.prediction_checks.iter().map(|check| {
        texts(vec![
            text::name(&check.cell),
            check.bytes_per_s.map_or_else(
                || ABSENT.to_owned(),
                |bytes| units::bytes_per_second(bytes as f64),
            ),
            latency(check.latency_ns),
            units::duration_ns(check.predicted_ns),
            match check.ci_low_ns.zip(check.ci_high_ns) {
                Some((low, high)) => units::duration_interval_ns(check.measured_ns, low, high),
                None => units::duration_ns(check.measured_ns),
            },
            units::change(check.error),
        ])
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| Table {
        title: "predictions".to_owned(),
        description: Some(checked(record)),
        heads: CHECKS.to_vec(),
        rows,
    })
}

/// Phrase on how far predictions are off.
pub(super) fn checked(record: &RunRecord) -> String {
    let errors: Vec<f64> = record
        .prediction_checks
        .iter()
        .map(|it| it.error.abs())
        .collect();
    let worst = errors.iter().copied().fold(0.0, f64::max);
    let within = errors.iter().filter(|error| **error <= 0.1).count();
    let latencies: BTreeSet<u64> = record
        .prediction_checks
        .iter()
        .map(|it| it.latency_ns)
        .collect();
    let latencies: Vec<String> = latencies.into_iter().map(latency).collect();
    format!(
        "{within} of {} within 10 % of what was measured on a throttled storage with a latency of {}, the worst {} off",
        errors.len(),
        latencies.join(", "),
        units::percent(worst)
    )
}
