//! The recommended variant, how much better it is, and why.

use crate::analysis::{OverBaseline, rounds_lacking};
use crate::record::{
    Conclusion, ConclusionKind, Doubt, Preference, RankedVariant, Ranking, RunRecord, Summary,
    Verdict,
};
use crate::units;

use super::super::answer::answer;
use super::super::cache::read_from;
use super::super::overview::left_out;
use super::super::scenario::Scenario;
use super::super::text;
use super::super::words::{ChangeWords, MOST_VARIANTS_NAMED, codec, cost, percent_change};
use super::reads;

/// Most scenarios whose answers are shown where the record has no conclusion.
const MOST_SCENARIOS: usize = 6;

const TIME: ChangeWords = ChangeWords {
    more: "more time",
    less: "less time",
    same: "no more or less time",
};

const FILES: ChangeWords = ChangeWords {
    more: "larger files",
    less: "smaller files",
    same: "no larger or smaller files",
};

const SCORE: ChangeWords = ChangeWords {
    more: "worse",
    less: "better",
    same: "as good",
};

pub(super) fn sentences(
    record: &RunRecord,
    scenarios: &[Scenario],
    prefer: Preference,
) -> Vec<String> {
    let conclusion = record.conclusions.iter().find(|it| it.prefer == prefer);
    let Some(conclusion) = conclusion else {
        return of_scenarios(record, scenarios);
    };
    let ranking = record.rankings.iter().find(|it| it.prefer == prefer);
    let mut sentences = match (conclusion.kind, ranking) {
        (ConclusionKind::Nothing, _) | (_, None) => vec![nothing(conclusion)],
        (ConclusionKind::NoClearWinner, Some(ranking)) => no_winner(record, conclusion, ranking),
        (kind, Some(ranking)) => vec![winner(record, kind, ranking)],
    };
    sentences.extend(left_out(record));
    let variant = conclusion.variant.as_deref();
    sentences.extend(variant.and_then(|variant| reads::reason(scenarios, variant)));
    sentences
}

fn nothing(conclusion: &Conclusion) -> String {
    let reason = conclusion.reason.as_deref().unwrap_or("nothing was ranked");
    format!("Nothing is recommended: {}.", text::passage(reason))
}

/// Answers of the scenarios, as their variants differ in more than their layout, or the times of
/// the only variant.
fn of_scenarios(record: &RunRecord, scenarios: &[Scenario]) -> Vec<String> {
    let answers: Vec<String> = scenarios.iter().filter_map(answer).collect();
    if answers.is_empty() {
        return alone(record, scenarios).into_iter().collect();
    }
    let more = answers.len().saturating_sub(MOST_SCENARIOS);
    let mut sentences: Vec<String> = answers.into_iter().take(MOST_SCENARIOS).collect();
    if more > 0 {
        sentences.push(format!("{more} more scenario(s): see --details."));
    }
    sentences
}

/// Sentence on the times of a lone variant.
fn alone(record: &RunRecord, scenarios: &[Scenario]) -> Option<String> {
    let times = scenarios.iter().filter_map(|scenario| {
        let summary = scenario.cells.first()?.summary?;
        Some((scenario, summary))
    });
    let mut times: Vec<_> = times.collect();
    times.sort_by(|(_, one), (_, other)| one.median_ns.total_cmp(&other.median_ns));
    let (fastest, slowest) = (times.first()?, times.last()?);
    let shown = |(scenario, summary): &(&Scenario, &Summary)| {
        format!(
            "{} takes {}",
            text::quoted(scenario.name),
            match summary.ci_low_ns.zip(summary.ci_high_ns) {
                Some((low, high)) => units::duration_interval_ns(summary.median_ns, low, high),
                None => units::duration_ns(summary.median_ns),
            }
        )
    };
    let from = read_from(record);
    Some(match times.len() {
        1 => format!("One layout, one query{from}: {}.", shown(fastest)),
        2 => format!(
            "One layout, two queries{from}: {}, {}.",
            shown(fastest),
            shown(slowest)
        ),
        count => format!(
            "One layout, {count} queries{from}: {}, {}; the others lie between.",
            shown(fastest),
            shown(slowest)
        ),
    })
}

fn winner(record: &RunRecord, kind: ConclusionKind, ranking: &Ranking) -> String {
    let name = codec(record, &ranking.recommended);
    let claim = match kind {
        ConclusionKind::Leading => "leads, at low confidence,",
        _ => "is recommended",
    };
    let next = ranking.order.iter().find(|it| !it.tied);
    let next = next.map_or_else(String::new, |next| {
        let weighs = match ranking.prefer {
            Preference::Balanced => format!(" by score ({})", score()),
            _ => String::new(),
        };
        format!(
            "; next is {}, {}{weighs}",
            codec(record, &next.variant),
            worse(next)
        )
    });
    format!(
        "{name} {claim}{}{}: {}{next}.",
        by(ranking.prefer),
        source_of_times(record, ranking.prefer),
        against_baseline(record, &ranking.recommended, true)
    )
}

fn no_winner(record: &RunRecord, conclusion: &Conclusion, ranking: &Ranking) -> Vec<String> {
    let names: Vec<String> = conclusion
        .alike
        .iter()
        .map(|it| codec(record, it))
        .collect();
    let next = match ranking.order.iter().find(|it| !it.tied) {
        Some(next) => format!(
            "; {} scores {} than {}",
            codec(record, &next.variant),
            worse(next),
            text::quoted(&ranking.recommended)
        ),
        None => String::new(),
    };
    let alike = match ranking.prefer {
        // Sizes are known exactly, however few rounds there were.
        Preference::Size => "are of one size".to_owned(),
        _ if rounds_lacking(record).is_some() => "cannot be told apart in so few rounds".to_owned(),
        Preference::Balanced => format!("score alike ({})", score()),
        _ => "are statistically indistinguishable".to_owned(),
    };
    let mut sentences = vec![format!(
        "No clear winner{}{}: {} {alike}{next}.",
        by(ranking.prefer),
        source_of_times(record, ranking.prefer),
        text::listed(&names, MOST_VARIANTS_NAMED)
    )];
    let baseline = OverBaseline::of(record).baseline();
    let is_baseline = baseline.is_some_and(|it| it.variant == ranking.recommended);
    if !is_baseline {
        sentences.push(format!(
            "Slightly ahead: {}, {}.",
            text::quoted(&ranking.recommended),
            against_baseline(record, &ranking.recommended, false)
        ));
    }
    sentences
}

/// Storage that the times are of. Sizes do not depend on it.
fn source_of_times(record: &RunRecord, prefer: Preference) -> &'static str {
    match prefer {
        Preference::Size => "",
        _ => read_from(record),
    }
}

/// Weights of the score.
fn score() -> String {
    let [time, size, cpu] = Preference::Balanced.weights().map(|weight| weight * 100.0);
    format!("{time:.0} % time, {size:.0} % file size, {cpu:.0} % CPU time")
}

/// Words for a preference other than the score.
fn by(prefer: Preference) -> String {
    match prefer {
        Preference::Balanced => String::new(),
        prefer => format!(" by {} alone", cost(prefer)),
    }
}

/// Score of a variant that is behind, against that of the best, in words.
fn worse(next: &RankedVariant) -> String {
    percent_change(next.ratio, next.ci_low.zip(next.ci_high), &SCORE)
}

/// Size and time against those of the baseline, in words. `explains` a name that stands for no
/// codec.
fn against_baseline(record: &RunRecord, name: &str, explains: bool) -> String {
    let over_baseline = OverBaseline::of(record);
    let Some(baseline) = over_baseline.baseline() else {
        return "the baseline has no valid rounds to compare it with".to_owned();
    };
    let found = record.standings.iter().find(|it| it.variant == name);
    let Some(found) = found.filter(|it| it.variant != baseline.variant) else {
        return "the baseline itself".to_owned();
    };
    let contrast = over_baseline.contrast(name);
    let (ratio, interval) = match contrast {
        Some(contrast) => (
            contrast.ratio.unwrap_or(found.time_ns / baseline.time_ns),
            contrast.interval(),
        ),
        None => (found.time_ns / baseline.time_ns, None),
    };
    let time = percent_change(ratio, interval, &TIME);
    let doubt = contrast.map(|it| (it.verdict, it.doubt, it.interval()));
    let doubt = match doubt {
        Some((Verdict::Tie, ..))
        | Some((Verdict::Inconclusive, Some(Doubt::WideInterval), Some(_))) => {
            " (in time statistically indistinguishable)"
        }
        Some((Verdict::Inconclusive, Some(Doubt::WithinNoise), _)) => {
            " (in time within the noise of equal files)"
        }
        Some((Verdict::Inconclusive, ..)) => " (in time unproven)",
        _ => "",
    };
    let size = found.file_bytes as f64 / baseline.file_bytes.max(1) as f64;
    let size = percent_change(size, None, &FILES);
    let of = match explains {
        true => codec(record, &baseline.variant),
        false => text::quoted(&baseline.variant),
    };
    format!("{size}, {time} than {of}{doubt}")
}
