//! Conditions that would change the answer: other preferences, and other storage.

use crate::record::{BreakEven, ConclusionKind, Preference, RunRecord};
use crate::units;

use super::super::break_even::{latency, names, outlook, point, told};
use super::super::text;
use super::super::words::MOST_VARIANTS_NAMED;

pub(super) fn sentences(record: &RunRecord, prefer: Preference) -> Vec<String> {
    let is_concluded = |kind: ConclusionKind| kind != ConclusionKind::Nothing;
    if !record.conclusions.iter().any(|it| is_concluded(it.kind)) {
        return Vec::new();
    }
    let mut sentences: Vec<String> = preferences(record, prefer).into_iter().collect();
    let found = told(record);
    let is_only = found.len() == 1;
    sentences.extend(found.into_iter().map(|it| storage(it, is_only)));
    sentences
}

/// Clause on the variants that each of the other preferences favours.
fn preferences(record: &RunRecord, prefer: Preference) -> Option<String> {
    let own = record.conclusions.iter().find(|it| it.prefer == prefer)?;
    let others = record.conclusions.iter();
    let others = others.filter(|it| it.prefer != prefer && it.alike != own.alike);
    let variants = record.standings.len();
    let told = others.map(|conclusion| {
        let names: Vec<String> = conclusion.alike.iter().map(|it| text::quoted(it)).collect();
        let shown = names[..names.len().min(MOST_VARIANTS_NAMED)].join(" or ");
        let names = match names.len().saturating_sub(MOST_VARIANTS_NAMED) {
            _ if names.len() == variants => "all alike".to_owned(),
            0 => shown,
            more => format!("{shown} or {more} more"),
        };
        format!("{}: {names}", conclusion.prefer.name())
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("you prefer (--prefer) {}.", told.join("; ")))
}

/// Clause on the fastest variants by the bandwidth of the storage.
///
/// A scenario that is the only one is not named.
fn storage(found: &BreakEven, is_only: bool) -> String {
    let scenario = found.scenario.as_ref().filter(|_| !is_only);
    let of = scenario.map_or_else(String::new, |it| format!("{}: ", text::name(it)));
    if let [only] = found.fastest.as_slice() {
        return format!(
            "{of}nothing about the storage, from {} to {}: {} is predicted to be the fastest.",
            units::bytes_per_second(found.low_bytes_per_s),
            units::bytes_per_second(found.high_bytes_per_s),
            names(only)
        );
    }
    let parts: Vec<String> = outlook(found)
        .map(|(stretch, until)| match until {
            Some(at) => format!("{} up to {}", names(stretch), point(found, at)),
            None => format!("{} above", names(stretch)),
        })
        .collect();
    format!(
        "{of}the storage is another one: fastest, as predicted at {} a request, is {}.",
        latency(found.latency_ns),
        parts.join(", ")
    )
}
