//! Requests to stores behind a network: what they cost, and how often they had to be made again.

use crate::record::{
    CellRecord, Figures, Iteration, Kind, Lane, Percentiles, RetryCounts, RunRecord,
};
use crate::statistics::median;
use crate::units;

use super::scenario::{Cell, Scenario};
use super::text;

/// Bytes that are moved for each byte that the engine asks for, above which the first screen says
/// so.
const MUCH: f64 = 1.5;

/// Requests of a cell that were measured and count.
pub(super) struct CellRequests {
    /// Ranges that the engine asked for in one execution, requests that they became, and those of
    /// them for footers and indexes alone.
    pub(super) ranges: u64,
    pub(super) requests: u64,
    pub(super) of_footers: u64,
    /// Sums over all executions.
    pub(super) attempts: u64,
    pub(super) retries: RetryCounts,
    pub(super) backoff_ns: u64,
    /// Medians of the iterations' medians, and the largest of their 99th percentiles.
    pub(super) first_byte_ns: Option<(u64, u64)>,
    pub(super) attempt_ns: Option<(u64, u64)>,
    pub(super) most_in_flight: u64,
}

impl CellRequests {
    /// Returns the requests of a cell. `None` for files of this host.
    pub(super) fn of(cell: &Cell) -> Option<Self> {
        CellRequests::of_iterations(cell.counted())
    }

    fn of_iterations<'a>(iterations: impl Iterator<Item = &'a Iteration>) -> Option<Self> {
        let figures: Vec<&Figures> = iterations.map(|it| &it.figures).collect();
        let wires: Vec<_> = figures.iter().filter_map(|it| it.wire.as_ref()).collect();
        if wires.is_empty() {
            return None;
        }
        let middle = |figure: fn(&Figures) -> u64| {
            let values: Vec<f64> = figures.iter().map(|it| figure(it) as f64).collect();
            median(&values).map_or(0, |it| it as u64)
        };
        let spread = |of: fn(&crate::record::WireFigures) -> Option<Percentiles>| {
            let all: Vec<Percentiles> = wires.iter().filter_map(|it| of(it)).collect();
            let medians: Vec<f64> = all.iter().map(|it| it.p50 as f64).collect();
            let most = all.iter().map(|it| it.p99).max()?;
            Some((median(&medians)? as u64, most))
        };
        let mut retries = RetryCounts::default();
        wires.iter().for_each(|it| retries.add(&it.retries));
        Some(CellRequests {
            ranges: middle(|it| it.engine_ranges),
            requests: middle(|it| it.requests),
            of_footers: middle(|it| it.metadata_requests),
            attempts: wires.iter().map(|it| it.attempts).sum(),
            retries,
            backoff_ns: wires.iter().map(|it| it.backoff_ns).sum(),
            first_byte_ns: spread(|it| it.first_byte_ns),
            attempt_ns: spread(|it| it.attempt_ns),
            most_in_flight: wires.iter().map(|it| it.most_in_flight).max().unwrap_or(0),
        })
    }
}

/// Shows a median and a 99th percentile.
pub(super) fn spread((p50, p99): (u64, u64)) -> String {
    format!(
        "{}, {}",
        units::duration_ns(p50 as f64),
        units::duration_ns(p99 as f64)
    )
}

/// Lists the causes of retries with their numbers.
pub(super) fn causes(retries: &RetryCounts) -> String {
    let found = retries
        .by_cause()
        .into_iter()
        .filter(|(_, count)| *count > 0);
    let found: Vec<String> = found
        .map(|(cause, count)| format!("{cause} {}", units::count(count)))
        .collect();
    found.join(", ")
}

/// Warning that requests had to be made again. `None` if none had.
pub(super) fn retried(record: &RunRecord) -> Option<String> {
    let of_run = |cell: &&CellRecord| cell.control.is_none();
    let cells = record.cells.iter().filter(of_run);
    let measured = cells.flat_map(|cell| &cell.iterations);
    let measured = measured.filter(|it| it.kind == Kind::Measured && it.lane != Lane::Compute);
    let all = CellRequests::of_iterations(measured)?;
    let retries = all.retries.total();
    (retries > 0).then(|| {
        format!(
            "{} of {} requests were made AGAIN ({}), with {} of waiting in all: a median over such requests is no property of a layout, \
             nor of a storage that is left in peace.",
            units::count(retries),
            units::count(all.attempts),
            causes(&all.retries),
            units::duration_ns(all.backoff_ns as f64)
        )
    })
}

/// Sentences of the first screen on the requests of the first variant: the scenario that moves most
/// for each byte that its engine asks for, and the times of requests. Empty for files of this host.
pub(super) fn sentences(scenarios: &[Scenario]) -> Vec<String> {
    let found = scenarios.iter().filter_map(|scenario| {
        let cell = scenario
            .cells
            .iter()
            .find(|cell| CellRequests::of(cell).is_some())?;
        let ratio = cell.summary?.ledger.as_ref()?.over_read_ratio?;
        Some((ratio, scenario, cell, CellRequests::of(cell)?))
    });
    let Some((ratio, scenario, cell, requests)) =
        found.max_by(|(one, ..), (other, ..)| one.total_cmp(other))
    else {
        return Vec::new();
    };
    let name = text::quoted(scenario.name);
    let of = match scenario.cells.len() {
        1 => String::new(),
        _ => format!(" on {}", cell.quoted()),
    };
    let mut sentences = Vec::new();
    if ratio >= MUCH {
        sentences.push(format!(
            "{name}{of} moves {ratio:.1} bytes for each byte of columns that it asks for: {} ranges become {} requests \
             (storage.coalesce_gap).",
            units::count(requests.ranges),
            units::count(requests.requests)
        ));
    }
    if let Some((p50, p99)) = requests.first_byte_ns {
        sentences.push(format!(
            "The first byte of a request of {name}{of} comes after {} (99 %: {}), with at most {} under way.",
            units::duration_ns(p50 as f64),
            units::duration_ns(p99 as f64),
            units::count(requests.most_in_flight)
        ));
    }
    sentences
}

/// Notes on each endpoint, if there are several.
pub(super) fn endpoints(record: &RunRecord) -> Vec<String> {
    let cells = record.cells.iter().filter(|it| it.control.is_none());
    let measured = cells.flat_map(|cell| &cell.iterations);
    let wires = measured.filter(|it| it.kind == Kind::Measured);
    let wires: Vec<_> = wires.filter_map(|it| it.figures.wire.as_ref()).collect();
    let mut urls: Vec<&str> = Vec::new();
    for endpoint in wires.iter().flat_map(|it| &it.endpoints) {
        if !urls.contains(&endpoint.url.as_str()) {
            urls.push(&endpoint.url);
        }
    }
    let notes = urls.into_iter().map(|url| {
        let of_url = || {
            wires
                .iter()
                .flat_map(|it| &it.endpoints)
                .filter(|it| it.url == url)
        };
        let sum =
            |figure: fn(&crate::record::EndpointFigures) -> u64| of_url().map(figure).sum::<u64>();
        let firsts: Vec<f64> = of_url()
            .filter_map(|it| Some(it.first_byte_ns?.p50 as f64))
            .collect();
        let first = median(&firsts).map_or_else(String::new, |it| {
            format!(", first byte after {}", units::duration_ns(it))
        });
        format!(
            "endpoint {}: {} requests, {}, {} retries{first}.",
            text::visible(url),
            units::count(sum(|it| it.attempts)),
            units::bytes(sum(|it| it.received_bytes)),
            units::count(sum(|it| it.retries))
        )
    });
    notes.collect()
}
