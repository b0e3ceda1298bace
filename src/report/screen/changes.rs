//! Conditions that would change the answer: other preferences, and other storage.

use crate::record::{BreakEven, ConclusionKind, Preference, RunRecord};
use crate::units;

use super::super::break_even::{latency, names, outlook, point, told};
use super::super::text;
use super::super::words::{MOST_VARIANTS_NAMED, cost};

pub(super) fn sentences(record: &RunRecord, prefer: Preference) -> Vec<String> {
    let is_concluded = |kind: ConclusionKind| kind != ConclusionKind::Nothing;
    if !record.conclusions.iter().any(|it| is_concluded(it.kind)) {
        return Vec::new();
    }
    let mut sentences: Vec<String> = preferences(record, prefer).into_iter().collect();
    sentences.extend(told(record).into_iter().map(storage));
    sentences
}

/// Clause on the variants that each of the other preferences favours.
fn preferences(record: &RunRecord, prefer: Preference) -> Option<String> {
    let others = record.conclusions.iter().filter(|it| it.prefer != prefer);
    let variants = record.standings.len();
    let told = others.map(|conclusion| {
        let names: Vec<String> = conclusion.alike.iter().map(|it| text::quoted(it)).collect();
        let names = match names.len() == variants {
            true => "all alike".to_owned(),
            false => text::listed(&names, MOST_VARIANTS_NAMED).replace(", ", " or "),
        };
        format!("{}: {names}", cost(conclusion.prefer))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("you weigh (--prefer) {}.", told.join("; ")))
}

/// Clause on the fastest variants by the bandwidth of the storage.
fn storage(found: &BreakEven) -> String {
    let of = found
        .scenario
        .as_ref()
        .map_or_else(String::new, |it| format!("{}: ", text::name(it)));
    if let [only] = found.fastest.as_slice() {
        return format!(
            "{of}no storage from {} to {} is predicted to change which is the fastest, {}.",
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
        "{of}the storage is slower: fastest, as predicted at {} a request, is {}.",
        latency(found.latency_ns),
        parts.join(", ")
    )
}
