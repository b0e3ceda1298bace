//! Other storage: phase maps, and predicted times by bandwidth.

use maud::{Markup, html};

use super::parts::Charts;
use crate::analysis::{LATENCY_NS, OwnStorage, Predictions, own_storages};
use crate::record::{BreakEven, RunRecord};
use crate::report::break_even::{
    bounds, latency, point, prediction_checks, scenario as scenario_of, sentence, told,
};
use crate::report::chart::{self, Boundary, PhaseRow, PhaseStretch, StorageMark, prose};
use crate::report::text;
use crate::units;

/// Section on the fastest variants on other storage: a phase map of all scenarios together, then
/// maps of single scenarios and predicted times for those who open them.
pub(super) fn other_storage(
    record: &RunRecord,
    predictions: &Predictions,
    charts: &mut Charts,
) -> Markup {
    let maps = predictions.phase_maps();
    let (first, others) = maps.split_at(maps.len().min(1));
    let own = own_storages(record);
    let map = |map: &[BreakEven], charts: &mut Charts| phase_map(predictions, map, &own, charts);
    html! {
        @if !record.break_even.is_empty() {
            section id="storage" {
                h2 { "On other storage: the fastest variant by bandwidth and latency" }
                p { "Predicted by a simulation of what each query asked for, and when; the method is in docs/method.md. " (where_it_lies(&own)) }
                @if let Some(found) = told(record).first() { p { (prose(&sentence(found))) } }
                @for rows in first { (map(rows, charts)) }
                @if !others.is_empty() {
                    details {
                        summary { "Maps of single scenarios" }
                        @for rows in others { (map(rows, charts)) }
                    }
                }
                details {
                    summary { "Predicted times by bandwidth, at each latency and in each scenario" }
                    p { "Dashed lines mark where another variant becomes the fastest." }
                    @for found in with_curves(record) {
                        p { (prose(&sentence(found))) }
                        (curve_chart(record, predictions, found, charts))
                    }
                }
            }
        }
        @if let Some(checks) = prediction_checks(record) {
            section { h2 { "Predictions, checked" } (chart::table(&checks)) }
        }
    }
}

/// Sentences on what the marks of maps stand for.
fn where_it_lies(own: &[OwnStorage]) -> String {
    let has = |is: fn(&OwnStorage) -> bool| own.iter().any(is);
    let sentences = [
        (
            has(|it| matches!(it, OwnStorage::PageCache)),
            "Reads from the page cache lie beyond the corner of the map that is marked.",
        ),
        (
            has(|it| matches!(it, OwnStorage::Throttle { .. })),
            "Storage to which reads were throttled is marked.",
        ),
        (
            has(|it| matches!(it, OwnStorage::Devices { .. })),
            "The mark of this run's devices has the largest bandwidth and the shortest latency that the run reached, so that the storage lies \
             to the right of it or below it.",
        ),
    ];
    let told = sentences.into_iter().filter(|(has, _)| *has);
    told.map(|(_, it)| it).collect::<Vec<_>>().join(" ")
}

/// A map of rows at ascending latencies.
fn phase_map(
    predictions: &Predictions,
    rows: &[BreakEven],
    own: &[OwnStorage],
    charts: &mut Charts,
) -> Markup {
    let Some(first) = rows.first() else {
        return Markup::default();
    };
    let ends = (first.low_bytes_per_s, first.high_bytes_per_s);
    let curves = predictions.curves(first.scenario.as_deref(), LATENCY_NS);
    let series = |variant: &str| {
        let mut series = curves.iter();
        let found = series.position(|it| it.variant == variant);
        found.unwrap_or(0)
    };
    let drawn: Vec<PhaseRow> = rows
        .iter()
        .map(|row| PhaseRow {
            latency_ns: row.latency_ns as f64,
            stretches: row
                .fastest
                .iter()
                .map(|stretch| {
                    // Of equal variants, any may lead by chance. One order makes one region.
                    let equal = std::iter::once(&stretch.variant).chain(&stretch.equal);
                    let mut named: Vec<(usize, String)> =
                        equal.map(|it| (series(it), text::name(it))).collect();
                    named.sort();
                    let names: Vec<&str> = named.iter().map(|(_, name)| name.as_str()).collect();
                    PhaseStretch {
                        label: names.join(" or "),
                        series: named[0].0,
                        from: stretch.from.as_ref().map(|at| Boundary {
                            bytes_per_s: at.bytes_per_s,
                            bounds: bounds(at),
                            shown: point(row, at),
                        }),
                    }
                })
                .collect(),
        })
        .collect();
    let marks: Vec<StorageMark> = own.iter().map(|it| mark(it, ends.1)).collect();
    let title = format!(
        "{}: the fastest variant by bandwidth and latency",
        scenario_of(first)
    );
    html! { (chart::phases(&charts.frame(title), ends, &drawn, &marks)) }
}

/// Mark of a storage on a map that ends at a bandwidth.
fn mark(own: &OwnStorage, highest: f64) -> StorageMark {
    let (label, bytes_per_s, latency_ns) = match *own {
        OwnStorage::PageCache => ("this run: page cache".to_owned(), highest, 0.0),
        OwnStorage::Throttle {
            bytes_per_s,
            latency_ns,
        } => {
            let bandwidth = bytes_per_s.map_or(highest, |it| it as f64);
            let shown = bytes_per_s.map(|it| units::bytes_per_second(it as f64));
            let shown = [shown, Some(latency(latency_ns))].into_iter().flatten();
            let shown: Vec<String> = shown.collect();
            let label = format!("this run: {}", shown.join(", "));
            (label, bandwidth, latency_ns as f64)
        }
        OwnStorage::Devices {
            least_bytes_per_s,
            most_latency_ns,
        } => (
            format!(
                "this run: at least {}, at most {}",
                units::bytes_per_second(least_bytes_per_s),
                units::duration_ns(most_latency_ns)
            ),
            least_bytes_per_s,
            most_latency_ns,
        ),
    };
    StorageMark {
        label,
        bytes_per_s,
        latency_ns,
    }
}

/// Predictions whose curves are drawn: over all scenarios at every latency, and of each scenario at
/// one latency and at those at which its predictions were checked.
fn with_curves(record: &RunRecord) -> impl Iterator<Item = &BreakEven> {
    let checked = |found: &BreakEven| {
        let mut checks = record.prediction_checks.iter();
        checks.any(|it| {
            Some(&it.scenario) == found.scenario.as_ref() && it.latency_ns == found.latency_ns
        })
    };
    record
        .break_even
        .iter()
        .filter(move |it| it.scenario.is_none() || it.latency_ns == LATENCY_NS || checked(it))
}

fn curve_chart(
    record: &RunRecord,
    predictions: &Predictions,
    found: &BreakEven,
    charts: &mut Charts,
) -> Markup {
    let predicted = predictions.curves(found.scenario.as_deref(), found.latency_ns);
    let measured = |variant: &str| {
        let checks = record.prediction_checks.iter().filter(|check| {
            check.latency_ns == found.latency_ns
                && Some(&check.scenario) == found.scenario.as_ref()
                && check.variant == variant
        });
        let measured = checks.filter_map(|check| {
            Some(chart::MeasuredPoint {
                bytes_per_s: check.bytes_per_s? as f64,
                time_ns: check.measured_ns,
                interval_ns: check.ci_low_ns.zip(check.ci_high_ns),
            })
        });
        measured.collect()
    };
    let drawn: Vec<chart::CurveLine> = predicted
        .iter()
        .map(|curve| chart::CurveLine {
            name: curve.variant.clone(),
            measured: measured(&curve.variant),
            points: curve.points.clone(),
        })
        .collect();
    let crossings: Vec<chart::CurveCrossing> = found
        .fastest
        .iter()
        .filter_map(|stretch| {
            let at = stretch.from.as_ref()?;
            let curve = predicted
                .iter()
                .find(|curve| curve.variant == stretch.variant)?;
            Some(chart::CurveCrossing {
                bytes_per_s: at.bytes_per_s,
                time_ns: curve.time_ns(at.bytes_per_s),
                label: format!(
                    "{}: {}",
                    text::name(&stretch.variant),
                    units::bytes_per_second(at.bytes_per_s)
                ),
            })
        })
        .collect();
    let title = format!(
        "{}: predicted time by bandwidth, at a latency of {}",
        scenario_of(found),
        latency(found.latency_ns)
    );
    html! {
        (chart::curves(&charts.frame(title), &drawn, &crossings))
        @if !found.crossings.is_empty() {
            ul {
                @for crossing in &found.crossings {
                    li {
                        (text::name(&crossing.variant)) " is predicted to be faster than " (text::name(&crossing.baseline)) " "
                        (if crossing.faster_below { "below" } else { "above" }) " " (point(found, &crossing.at))
                    }
                }
            }
        }
    }
}
