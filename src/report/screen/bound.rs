//! The side that limits each variant, if its lanes were measured.

use crate::record::{Binds, Ceilings};
use crate::units;

use super::super::scenario::{Cell, Scenario};
use super::super::text;

/// Most sentences that a screen has room for.
const MOST: usize = 8;

/// Share of the shorter lane that ran while the longer one did: from `SOME` on there is some
/// overlap, from `MUCH` on there is much.
/// Beyond `IMPOSSIBLE`, which leaves room for noise, times were not measured well enough to tell.
const SOME: f64 = 0.25;
const MUCH: f64 = 0.75;
const IMPOSSIBLE: f64 = 1.5;

pub(super) fn sentences(scenarios: &[Scenario]) -> Vec<String> {
    let several = scenarios.len() > 1;
    let cells = scenarios.iter().flat_map(|scenario| {
        let bound = move |cell: &Cell| Some(sentence(cell, cell.ceilings?, several));
        scenario.cells.iter().filter_map(bound).collect::<Vec<_>>()
    });
    let mut all: Vec<String> = cells.collect();
    let more = all.len().saturating_sub(MOST);
    if more > 0 {
        all.truncate(MOST);
        all.push(format!("{more} more: see --details."));
    }
    all
}

fn sentence(cell: &Cell, ceilings: &Ceilings, several: bool) -> String {
    let by = match ceilings.binds {
        Binds::Storage => "bound by the storage",
        Binds::Compute => "bound by the CPU",
        Binds::Undecided if ceilings.ci_low.is_none() => "too few rounds to tell what binds",
        Binds::Undecided => "storage and CPU take about as long",
    };
    let scenario = match several {
        true => format!("{}, ", text::quoted(&cell.record.scenario)),
        false => String::new(),
    };
    format!(
        "{scenario}{}: {by}; compute {}, storage {}, together {}: {} overlap.",
        cell.quoted(),
        units::duration_ns(ceilings.compute_ns),
        units::duration_ns(ceilings.storage_ns),
        units::duration_ns(ceilings.end_to_end_ns),
        overlap(ceilings)
    )
}

/// Word for the share of the shorter lane that ran while the longer one did.
fn overlap(ceilings: &Ceilings) -> &'static str {
    let shorter = ceilings.compute_ns.min(ceilings.storage_ns).max(1.0);
    let hidden = ceilings.compute_ns + ceilings.storage_ns - ceilings.end_to_end_ns;
    match hidden / shorter {
        // Together they took less time than the longer one by itself.
        share if share > IMPOSSIBLE => "unclear",
        share if share >= MUCH => "much",
        share if share >= SOME => "some",
        _ => "little",
    }
}
