//! Which variant to take, and what each costs over all scenarios.

use crate::record::{
    CacheState, CellRecord, Iteration, Kind, Lane, Overall, Preference, Ranked, RunRecord,
    Standing, Status,
};
use crate::units;

use super::columns::verdict;
use super::notes::confidence;
use super::table::{Head, Table};
use super::text;

/// The variant to take and what it costs; then why, with the next one and by how much it is behind. Nothing where nothing is ranked.
pub(super) fn recommendation(record: &RunRecord, prefer: Preference) -> Vec<String> {
    let Some(ranking) = record.rankings.iter().find(|it| it.prefer == prefer) else {
        return Vec::new();
    };
    let recommended = text::name(&ranking.recommended);
    let (tied, behind): (Vec<&Ranked>, Vec<&Ranked>) = ranking.order.iter().partition(|it| it.tied);
    let tied = tied.iter().filter(|it| it.variant != ranking.recommended);
    let tied: Vec<String> = tied.map(|it| text::name(&it.variant)).collect();
    let mut headline = format!(
        "Recommended{}: {recommended}{}",
        read_from(record),
        against_baseline(record, &ranking.recommended)
    );
    let mut reasons = vec![format!("It is the best {}", weighted(prefer))];
    if !tied.is_empty() {
        let few = ranking
            .order
            .iter()
            .any(|it| it.tied && it.ci_low.is_none());
        let tied = tied.join(" and ");
        headline.push_str(&match few {
            true => format!(", in too few rounds to tell it from {tied} (--rounds 20 would do)"),
            false => format!(", not told apart from {tied}"),
        });
        if prefer != Preference::Balanced {
            reasons = vec![format!(
                "It and {tied} are the best {}, and it is the best of these with time, size and CPU together",
                weighted(prefer)
            )];
        }
    }
    if let Some(next) = behind.first() {
        let margin = match next.ci_low.zip(next.ci_high) {
            Some((low, high)) => {
                let ratio = units::ratio_interval(next.ratio, low, high);
                format!("{ratio} its cost (interval at {})", confidence())
            }
            None => format!("{} its cost", units::ratio(next.ratio)),
        };
        let name = text::name(&next.variant);
        reasons.push(format!("next is {name} at {margin}"));
    }
    if prefer == Preference::Balanced {
        reasons.extend(alternatives(record, &ranking.recommended));
    }
    reasons.extend(front(&record.standings));
    vec![format!("{headline}."), format!("{}.", reasons.join("; "))]
}

/// The state of the page cache that times are of, where it is one.
fn read_from(record: &RunRecord) -> &'static str {
    let cells = record.cells.iter().filter(|cell| cell.control.is_none());
    let throttled =
        |cell: &CellRecord| cell.engine.as_ref().is_some_and(|it| it.throttle.is_some());
    if cells.clone().any(throttled) {
        return " for reads from a throttled storage";
    }
    let mut states = cells.flat_map(|cell| &cell.iterations).filter(|it| {
        it.lane == Lane::EndToEnd && it.kind == Kind::Measured && it.status == Status::Ok
    });
    let Some(first) = states.next() else {
        return "";
    };
    let state = first.cache.state;
    let attested = |it: &Iteration| {
        it.cache.state == state
            && (state != CacheState::Warm || it.cache.resident_ratio_before.is_some())
    };
    match state {
        _ if !attested(first) || !states.all(attested) => "",
        CacheState::Warm => " for reads from a warm page cache",
        CacheState::Cold => " for reads with a cold page cache",
        CacheState::Direct => " for reads past the page cache",
        CacheState::Memory => "",
    }
}

/// What other preferences recommend.
fn alternatives(record: &RunRecord, recommended: &str) -> Option<String> {
    let others = [Preference::Time, Preference::Size, Preference::Cpu];
    let found = others.into_iter().filter_map(|prefer| {
        let mut rankings = record.rankings.iter();
        let ranking = rankings.find(|it| it.prefer == prefer)?;
        Some((prefer, ranking.recommended.as_str()))
    });
    let found: Vec<(Preference, &str)> = found.collect();
    if found.iter().all(|(_, name)| *name == recommended) {
        return (!found.is_empty()).then(|| "it would be by each of these alone, too".to_owned());
    }
    let told = found
        .iter()
        .map(|(prefer, name)| format!("{} {}", text::name(name), weighted(*prefer)));
    let told: Vec<String> = told.collect();
    Some(format!("it would be {}", told.join(", ")))
}

/// What the recommended variant costs, where it is not the baseline itself.
fn against_baseline(record: &RunRecord, name: &str) -> String {
    let Some((baseline, others)) = record.standings.split_first() else {
        return String::new();
    };
    let found = others.iter().find(|standing| standing.variant == name);
    found.map_or_else(String::new, |found| {
        let time = paired_ratio(record, name)
            .unwrap_or_else(|| units::ratio(found.time_ns / baseline.time_ns));
        format!(
            ", {time} the time and {} the size of {}",
            units::ratio(found.file_bytes as f64 / baseline.file_bytes.max(1) as f64),
            text::name(&baseline.variant)
        )
    })
}

/// Time of a variant over that of the baseline, as the rounds have it: over all scenarios, or of the only one.
fn paired_ratio(record: &RunRecord, name: &str) -> Option<String> {
    let shown = |ratio: Option<f64>, low: Option<f64>, high: Option<f64>| {
        Some(units::ratio_interval(ratio?, low?, high?))
    };
    if let Some(overall) = overall(record, name) {
        return shown(overall.ratio, overall.ci_low, overall.ci_high);
    }
    let is_of = |id: &str| {
        let mut cells = record.cells.iter();
        cells.any(|cell| cell.id == id && cell.variant_name == name && cell.control.is_none())
    };
    let mut comparisons = record.comparisons.iter();
    let found = comparisons.find(|it| it.lane == Lane::EndToEnd && is_of(&it.candidate))?;
    shown(found.ratio, found.ci_low, found.ci_high)
}

/// What a preference looks at.
fn weighted(prefer: Preference) -> String {
    match prefer {
        Preference::Time => "by time alone".to_owned(),
        Preference::Size => "by file size alone".to_owned(),
        Preference::Cpu => "by CPU time alone".to_owned(),
        Preference::Balanced => {
            let [time, size, cpu] = prefer.weights().map(|weight| weight * 100.0);
            format!("by time ({time:.0} %), file size ({size:.0} %) and CPU time ({cpu:.0} %)")
        }
    }
}

/// Who is beaten by nobody, where somebody is beaten.
fn front(standings: &[Standing]) -> Option<String> {
    let on_front = |standing: &&Standing| standing.dominated_by.is_empty();
    let names: Vec<String> = standings
        .iter()
        .filter(on_front)
        .map(|standing| text::name(&standing.variant))
        .collect();
    match names.len() {
        0 => None,
        all if all == standings.len() => Some("none is beaten in all".to_owned()),
        _ => Some(format!("on the Pareto front: {}", names.join(", "))),
    }
}

const HEADS: [Head; 9] = [
    Head::text("variant"),
    Head::number("file size").dispensable(4),
    Head::number("time of\na query"),
    Head::number("time ratio\n[interval]"),
    Head::text("verdict"),
    Head::number("CPU time").dispensable(3),
    Head::number("peak\nmemory").dispensable(2),
    Head::number("time to\nwrite").dispensable(1),
    Head::text("worse in nothing,\nbetter in something").dispensable(0),
];

/// A row per variant, over all scenarios. `None` where nothing is ranked.
pub(super) fn overview(record: &RunRecord) -> Option<Table> {
    let baseline = record.standings.first()?;
    let scenarios = record.overall.iter().map(|it| it.scenarios).max();
    let heads: Vec<Head> = HEADS.to_vec();
    let rows = record.standings.iter().map(|standing| {
        let overall = overall(record, &standing.variant);
        let is_baseline = standing.variant == baseline.variant;
        let absent = || "-".to_owned();
        vec![
            text::name(&standing.variant),
            units::bytes(standing.file_bytes),
            units::duration_ns(standing.time_ns),
            match overall {
                _ if is_baseline => "baseline".to_owned(),
                Some(Overall {
                    ratio: Some(ratio),
                    ci_low: Some(low),
                    ci_high: Some(high),
                    ..
                }) => units::ratio_interval(*ratio, *low, *high),
                _ => units::ratio(standing.time_ns / baseline.time_ns),
            },
            overall.map_or_else(absent, |overall| verdict(overall.verdict).to_owned()),
            units::duration_ns(standing.cpu_ns),
            standing.peak_memory_bytes.map_or_else(absent, units::bytes),
            standing
                .write_ns
                .map_or_else(absent, |time| units::duration_ns(time as f64)),
            match standing.dominated_by.is_empty() {
                true => "-".to_owned(),
                false => {
                    let names = standing.dominated_by.iter().map(|name| text::name(name));
                    names.collect::<Vec<_>>().join(", ")
                }
            },
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    // One scenario has a table of its own.
    scenarios.map(|scenarios| Table {
        title: "all scenarios".to_owned(),
        description: Some(format!("geometric means over {scenarios}")),
        heads,
        rows,
    })
}

/// A variant over the baseline, in the lane that is ranked.
pub(super) fn overall<'a>(record: &'a RunRecord, variant: &str) -> Option<&'a Overall> {
    let of_lane = |it: &&Overall| it.lane == crate::record::Lane::EndToEnd;
    let mut found = record.overall.iter().filter(of_lane);
    found.find(|it| it.candidate == variant)
}
