//! Which variant to take, and what each costs over all scenarios.

use crate::analysis::{Common, MOST_RANKED, rounds_lacking};
use crate::record::{
    CacheState, CellRecord, Iteration, Kind, Lane, Overall, Preference, Ranking, RunRecord,
    Standing, Status,
};
use crate::units;

use super::table::{Head, Table};
use super::text;
use super::words::{ABSENT, MOST_VARIANTS_NAMED, confidence, ratio_with_interval};

/// The variant to take and what it costs; then why, with the next one and by how much it is behind.
/// Why there is none, where variants were measured that none is recommended of.
pub(super) fn recommendation(record: &RunRecord, prefer: Preference) -> Vec<String> {
    let by = |prefer: Preference| record.rankings.iter().find(|it| it.prefer == prefer);
    let Some(ranking) = by(prefer) else {
        return no_recommendation(record).into_iter().collect();
    };
    let alike = |ranking: &Ranking| ranking.order.iter().all(|it| it.tied);
    if alike(ranking) && by(Preference::Balanced).is_none_or(alike) {
        return vec![no_winner(record, ranking)];
    }
    let recommended = text::quoted(&ranking.recommended);
    let tied = names_of_tied(ranking);
    let mut headline = format!(
        "Recommended{}{}: {recommended}{}",
        match prefer {
            Preference::Balanced => " trade-off",
            _ => "",
        },
        read_from(record),
        against_baseline(record, &ranking.recommended)
    );
    let mut reasons = vec![format!("The best {}", weighted(prefer))];
    if tied.len() > 1 {
        let lacking = rounds_lacking(record);
        let others: Vec<String> = tied
            .iter()
            .filter(|it| **it != recommended)
            .cloned()
            .collect();
        let others = others.join(" and ");
        headline.push_str(&match lacking {
            Some(rounds) => {
                format!("; in too few rounds to tell it from {others} (--rounds {rounds} may do)")
            }
            None => format!("; not told apart from {others}"),
        });
        if prefer != Preference::Balanced {
            reasons = vec![format!(
                "The best {}: {}, and of these {recommended} is the best with time, size and CPU together",
                weighted(prefer),
                tied.join(" and ")
            )];
        }
    }
    if let Some(next) = ranking.order.iter().find(|it| !it.tied) {
        let worse = change(next.ratio, next.ci_low.zip(next.ci_high), &SCORE);
        let worse = worse.unwrap_or_else(|| format!("{} of it", units::ratio(next.ratio)));
        let name = text::quoted(&next.variant);
        reasons.push(format!(
            "next is {name}, {worse} (intervals at {})",
            confidence()
        ));
    }
    if prefer == Preference::Balanced {
        reasons.extend(alternatives(record));
    }
    reasons.extend(front(&record.standings));
    let sentences = [headline, reasons.join("; ")].map(|it| format!("{it}."));
    sentences.into_iter().chain(left_out(record)).collect()
}

/// Where no variant is told apart from another by anything.
fn no_winner(record: &RunRecord, ranking: &Ranking) -> String {
    let names = names_of_tied(ranking);
    let why = rounds_lacking(record).map_or_else(String::new, |rounds| {
        format!("; there are too few rounds to tell (--rounds {rounds} may do)")
    });
    format!(
        "No clear winner{}: {} are not told apart {}{why}.",
        read_from(record),
        text::listed(&names, MOST_VARIANTS_NAMED),
        weighted(ranking.prefer)
    )
}

/// Why none of several variants is recommended, where failures are why.
fn no_recommendation(record: &RunRecord) -> Option<String> {
    let was_tried = |cell: &CellRecord| cell.iterations.iter().any(|it| it.lane == Lane::EndToEnd);
    let common = Common::of(record, Lane::EndToEnd);
    let several = common.variants.len() + common.variants_left_out.len() > 1;
    if !several || !record.cells.iter().any(was_tried) {
        return None;
    }
    match (common.variants.as_slice(), common.scenarios.as_slice()) {
        ([], _) => Some("Nothing is recommended: no variant was measured.".to_owned()),
        ([only], _) => Some(format!(
            "Nothing is recommended: {} alone was measured.",
            text::quoted(only)
        )),
        (_, []) => Some(
            "Nothing is recommended: there is no scenario that all variants were measured in."
                .to_owned(),
        ),
        (many, _) if many.len() > MOST_RANKED => Some(format!(
            "Nothing is recommended: more than {MOST_RANKED} variants are not ranked."
        )),
        _ => None,
    }
}

/// What figures over all scenarios do without.
fn left_out(record: &RunRecord) -> Option<String> {
    let common = Common::of(record, Lane::EndToEnd);
    let mut parts = Vec::new();
    if !common.variants_left_out.is_empty() {
        let names: Vec<String> = common
            .variants_left_out
            .iter()
            .map(|it| text::quoted(it))
            .collect();
        parts.push(format!(
            "without {}, measured in no scenario",
            text::listed(&names, MOST_VARIANTS_NAMED)
        ));
    }
    if let Some((scenario, variant)) = common.scenarios_left_out.first() {
        let (of, left_out) = (common.scenarios.len(), common.scenarios_left_out.len());
        let more = match left_out {
            1 => String::new(),
            2 => "; another one is left out, too".to_owned(),
            _ => format!("; {} others are left out, too", left_out - 1),
        };
        parts.push(format!(
            "over {of} of {} scenarios, as {} was not measured on {}{more}",
            of + left_out,
            text::quoted(scenario),
            text::quoted(variant)
        ));
    }
    (!parts.is_empty()).then(|| format!("All scenarios together: {}.", parts.join("; ")))
}

/// Those that are not told apart from the best, the best first.
fn names_of_tied(ranking: &Ranking) -> Vec<String> {
    let tied = ranking.order.iter().filter(|it| it.tied);
    tied.map(|it| text::quoted(&it.variant)).collect()
}

const TIME: Words = Words {
    same: "as much time",
    less: "less time",
    more: "more time",
};

const FILES: Words = Words {
    same: "files as large",
    less: "smaller files",
    more: "larger files",
};

const SCORE: Words = Words {
    same: "as good",
    less: "better",
    more: "worse",
};

/// Words for a ratio: of 1, below, and above.
struct Words {
    same: &'static str,
    less: &'static str,
    more: &'static str,
}

/// A ratio in percent, as `15.9 % more [12.2, 18.2]`. `None` where it is above 2.
fn change(ratio: f64, interval: Option<(f64, f64)>, words: &Words) -> Option<String> {
    if ratio > 2.0 || !ratio.is_finite() {
        return None;
    }
    let sign = if ratio < 1.0 { -1.0 } else { 1.0 };
    let percent = |ratio: f64| sign * (ratio - 1.0) * 100.0;
    // What is known exactly, as a size is, has no bounds.
    let bounds = interval.filter(|(low, high)| low < high);
    let bounds = bounds.map(|(low, high)| {
        let (one, other) = (percent(low), percent(high));
        let [low, high] = [one.min(other), one.max(other)].map(units::tenths);
        format!("[{low}, {high}")
    });
    let shown = units::tenths(percent(ratio));
    let word = if ratio < 1.0 { words.less } else { words.more };
    Some(match (shown.as_str(), bounds) {
        ("0.0", None) => words.same.to_owned(),
        ("0.0", Some(bounds)) => format!("{} {bounds} %]", words.same),
        (shown, None) => format!("{shown} % {word}"),
        (shown, Some(bounds)) => format!("{shown} % {word} {bounds}]"),
    })
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
    let state = first.figures.cache.state;
    let attested = |it: &Iteration| {
        it.figures.cache.state == state
            && (state != CacheState::Warm || it.figures.cache.resident_ratio_before.is_some())
    };
    match state {
        _ if !attested(first) || !states.all(attested) => "",
        CacheState::Warm => " for reads from a warm page cache",
        CacheState::Cold => " for reads with a cold page cache",
        CacheState::Direct => " for reads past the page cache",
        CacheState::Memory => "",
    }
}

/// Recommendations for the other preferences.
fn alternatives(record: &RunRecord) -> Option<String> {
    let others = [Preference::Time, Preference::Size, Preference::Cpu];
    let told = others.into_iter().filter_map(|prefer| {
        let mut rankings = record.rankings.iter();
        let ranking = rankings.find(|it| it.prefer == prefer)?;
        let names = names_of_tied(ranking);
        let alike = names.len() == ranking.order.len();
        let names = if alike {
            "all alike".to_owned()
        } else {
            names.join(" or ")
        };
        Some(format!("{} {names}", weighted(prefer)))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Cost of the recommended variant, where it is not the baseline itself.
fn against_baseline(record: &RunRecord, name: &str) -> String {
    let Some((baseline, others)) = record.standings.split_first() else {
        return String::new();
    };
    let found = others.iter().find(|standing| standing.variant == name);
    found.map_or_else(String::new, |found| {
        let (ratio, interval) =
            paired_ratio(record, name).unwrap_or((found.time_ns / baseline.time_ns, None));
        let time = change(ratio, interval, &TIME);
        let time = time.unwrap_or_else(|| format!("{} the time", units::ratio(ratio)));
        let size = found.file_bytes as f64 / baseline.file_bytes.max(1) as f64;
        let files = change(size, None, &FILES);
        let files = files.unwrap_or_else(|| format!("{} the file size", units::ratio(size)));
        let gain_first = match ratio < 1.0 || size > 1.0 {
            true => format!("{time} and {files}"),
            false => format!("{files} and {time}"),
        };
        format!(", against {} {gain_first}", text::quoted(&baseline.variant))
    })
}

/// Time of a variant over that of the baseline, as the rounds have it: over all scenarios, or of
/// the only one.
fn paired_ratio(record: &RunRecord, name: &str) -> Option<(f64, Option<(f64, f64)>)> {
    if let Some(overall) = overall(record, name) {
        return Some((overall.contrast.ratio?, overall.contrast.interval()));
    }
    let is_of = |id: &str| {
        let mut cells = record.cells.iter();
        cells.any(|cell| cell.id == id && cell.variant_name == name && cell.control.is_none())
    };
    let mut comparisons = record.comparisons.iter();
    let found = comparisons.find(|it| it.lane == Lane::EndToEnd && is_of(&it.candidate))?;
    Some((found.contrast.ratio?, found.contrast.interval()))
}

/// Words for what a preference weighs.
fn weighted(prefer: Preference) -> String {
    match prefer {
        Preference::Time => "by time alone".to_owned(),
        Preference::Size => "by file size alone".to_owned(),
        Preference::Cpu => "by CPU time alone".to_owned(),
        Preference::Balanced => {
            let [time, size, cpu] = prefer.weights().map(|weight| weight * 100.0);
            format!("by a score of {time:.0} % time, {size:.0} % file size and {cpu:.0} % CPU time")
        }
    }
}

/// Variants that no other beats, where some are beaten.
fn front(standings: &[Standing]) -> Option<String> {
    let on_front = |standing: &&Standing| standing.dominated_by.is_empty();
    let names: Vec<String> = standings
        .iter()
        .filter(on_front)
        .map(|standing| text::quoted(&standing.variant))
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
    Head::number("time of a query,\ngeometric mean"),
    Head::number("time ratio\n[interval]"),
    Head::text("verdict"),
    Head::number("CPU time").dispensable(3),
    Head::number("peak\nmemory").dispensable(2),
    Head::number("time to\nwrite").dispensable(1),
    Head::text("dominated\nby").dispensable(0),
];

/// A row per variant, over all scenarios. `None` where nothing is ranked.
pub(super) fn overview(record: &RunRecord) -> Option<Table> {
    let baseline = record.standings.first()?;
    let scenarios = record.overall.iter().map(|it| it.scenarios).max();
    let heads: Vec<Head> = HEADS.to_vec();
    let rows = record.standings.iter().map(|standing| {
        let contrast = overall(record, &standing.variant).map(|overall| &overall.contrast);
        let is_baseline = standing.variant == baseline.variant;
        let absent = || ABSENT.to_owned();
        let known = contrast.filter(|contrast| contrast.interval().is_some());
        let time_ratio = match known.and_then(ratio_with_interval) {
            _ if is_baseline => "baseline".to_owned(),
            Some(ratio) => ratio,
            None => units::ratio(standing.time_ns / baseline.time_ns),
        };
        let dominated_by: Vec<String> = standing
            .dominated_by
            .iter()
            .map(|name| text::name(name))
            .collect();
        vec![
            text::name(&standing.variant).into(),
            units::bytes(standing.file_bytes).into(),
            units::duration_ns(standing.time_ns).into(),
            time_ratio.into(),
            match contrast {
                Some(contrast) => contrast.verdict.into(),
                None => absent().into(),
            },
            units::duration_ns(standing.cpu_ns).into(),
            standing
                .peak_memory_bytes
                .map_or_else(absent, units::bytes)
                .into(),
            standing
                .write_ns
                .map_or_else(absent, |time| units::duration_ns(time as f64))
                .into(),
            match dominated_by.is_empty() {
                true => absent().into(),
                false => dominated_by.join(", ").into(),
            },
        ]
    });
    let rows: Vec<_> = rows.collect();
    // One scenario has a table of its own.
    scenarios.map(|scenarios| Table {
        title: "all scenarios".to_owned(),
        description: Some(format!(
            "geometric means over {scenarios}: the time is the median of the rounds, the ratio that within rounds; \
             what differs by less than {} counts as equal; memory and time to write were looked at once",
            units::percent(record.effect)
        )),
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
