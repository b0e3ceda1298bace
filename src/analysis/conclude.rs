//! Conclusions of a run as a whole, and how far they can be relied on. The record and every report
//! take them from here, so that no two of them can differ.

use super::agreement::{different_content, disagreements};
use super::measured::{Common, counted, distinct};
use super::overall::OverBaseline;
use super::precision::{rounds_lacking, widest_interval};
use super::ranking::MOST_RANKED;
use super::verdict::rounds_for;
use crate::record::{
    CellRecord, Conclusion, ConclusionKind, ConfidenceLevel, Contrast, Finding, FindingKind, Kind,
    Lane, Noise, Preference, Ranking, RunConfidence, RunRecord, Status, StopReason, Verdict,
};
use crate::units;

/// Width of the widest interval of a mean over scenarios, as high / low - 1. Above `WIDE`,
/// confidence is low; above `NOT_NARROW`, it is no more than medium.
const WIDE: f64 = 0.25;
const NOT_NARROW: f64 = 0.10;

/// Share of the host's CPU time that went to others during the rounds. From `BUSY` on, confidence
/// is low; from `NOT_QUIET` on, it is no more than medium.
const BUSY: f64 = 0.20;
const NOT_QUIET: f64 = 0.05;

/// Share of the cells whose times drift, above which confidence is low.
const MOST: f64 = 0.5;

/// Conclusion for each preference, from the record's `rankings` and `confidence`. Empty if there
/// are no variants to choose from, or if they differ in more than their layout.
pub(super) fn conclusions(record: &RunRecord) -> Vec<Conclusion> {
    let tried = |cell: &CellRecord| cell.iterations.iter().any(|it| it.lane == Lane::EndToEnd);
    let common = Common::of(record, Lane::EndToEnd);
    let several = common.variants.len() + common.variants_left_out.len() > 1;
    if !several || !record.cells.iter().any(tried) {
        return Vec::new();
    }
    let reason = results_differ(record).or_else(|| not_ranked(&common));
    let conclusion = |prefer: Preference| {
        let ranking = record.rankings.iter().find(|it| it.prefer == prefer);
        match (&reason, ranking) {
            (Some(reason), _) => Some(nothing(prefer, reason)),
            (None, Some(ranking)) => Some(concluded(ranking, record.confidence.as_ref())),
            // Variants that differ in more than their layout are not ranked.
            (None, None) => None,
        }
    };
    Preference::ALL.into_iter().filter_map(conclusion).collect()
}

fn concluded(ranking: &Ranking, confidence: Option<&RunConfidence>) -> Conclusion {
    let tied = ranking.order.iter().filter(|it| it.tied);
    let alike: Vec<String> = tied.map(|it| it.variant.clone()).collect();
    // Sizes of files are known exactly, however few rounds there were.
    let is_low = ranking.prefer != Preference::Size
        && confidence.is_none_or(|it| it.level == ConfidenceLevel::Low);
    Conclusion {
        prefer: ranking.prefer,
        kind: match alike.len() {
            0 | 1 if is_low => ConclusionKind::Leading,
            0 | 1 => ConclusionKind::Recommended,
            _ => ConclusionKind::NoClearWinner,
        },
        variant: Some(ranking.recommended.clone()),
        alike,
        reason: None,
    }
}

fn nothing(prefer: Preference, reason: &str) -> Conclusion {
    Conclusion {
        prefer,
        kind: ConclusionKind::Nothing,
        variant: None,
        alike: Vec::new(),
        reason: Some(reason.to_owned()),
    }
}

/// Reason to rank nothing, if results are not known to be equal.
fn results_differ(record: &RunRecord) -> Option<String> {
    if let Some(first) = disagreements(record).first() {
        return Some(format!(
            "variants that hold equal rows gave different results in `{}`",
            first.scenario
        ));
    }
    let scenarios = distinct(record.cells.iter().map(|cell| cell.scenario.as_str()));
    let mut found = scenarios.filter_map(|it| Some((it, different_content(record, it)?)));
    let (scenario, found) = found.next()?;
    let what = match found.results_differ {
        true => "the variants hold different rows, and gave different results",
        false => "the variants may hold different rows, and their results could not be compared",
    };
    Some(format!("{what} in `{scenario}`"))
}

/// Reason to rank nothing: too few or too many variants were measured, or there is no scenario in
/// which all of them were. `None` otherwise.
fn not_ranked(common: &Common) -> Option<String> {
    match (common.variants.as_slice(), common.scenarios.as_slice()) {
        ([], _) => Some("no variant was measured".to_owned()),
        ([only], _) => Some(format!("`{only}` alone was measured")),
        (_, []) => Some("there is no scenario that all variants were measured in".to_owned()),
        (many, _) if many.len() > MOST_RANKED => {
            Some(format!("more than {MOST_RANKED} variants are not ranked"))
        }
        _ => None,
    }
}

/// Confidence in a run, from its `comparisons`, `noise`, `findings` and `overall`. `None` if
/// nothing was measured.
pub(super) fn confidence(record: &RunRecord) -> Option<RunConfidence> {
    let measured = |cell: &CellRecord| counted(cell, Lane::EndToEnd).next().is_some();
    if !record.cells.iter().any(measured) {
        return None;
    }
    let mut found: Vec<Reason> = [
        incomplete(record),
        too_few_rounds(record),
        wide_intervals(record),
        busy_host(record),
        odd_control(record),
        drift(record),
        lost_iterations(record),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.sort_by_key(|reason| reason.level);
    let level = found
        .first()
        .map_or(ConfidenceLevel::High, |reason| reason.level);
    let advice = distinct(found.iter().map(|it| it.advice.as_str()));
    let advice = advice.map(str::to_owned).collect();
    let mut reasons: Vec<String> = found.into_iter().map(|it| it.text).collect();
    if reasons.is_empty() {
        reasons.push(narrow(record));
    }
    Some(RunConfidence {
        level,
        reasons,
        advice,
    })
}

/// A reason for less than high confidence.
struct Reason {
    level: ConfidenceLevel,
    text: String,
    advice: String,
}

impl Reason {
    fn new(level: ConfidenceLevel, text: String, advice: &str) -> Self {
        Reason {
            level,
            text,
            advice: advice.to_owned(),
        }
    }
}

fn incomplete(record: &RunRecord) -> Option<Reason> {
    (!record.complete).then(|| {
        let text = "the run did not come to its end".to_owned();
        Reason::new(ConfidenceLevel::Low, text, "run it to its end")
    })
}

fn too_few_rounds(record: &RunRecord) -> Option<Reason> {
    let compared = !record.comparisons.is_empty();
    let (rounds, text) = match compared {
        true => (
            rounds_lacking(record)?,
            "there are too few rounds for a verdict on so many comparisons",
        ),
        // A lone variant has no comparisons.
        false if widest_interval(record).is_none() => {
            (rounds_for(1), "there are too few rounds for an interval")
        }
        false => return None,
    };
    let text = text.to_owned();
    let advice = format!("measure at least {rounds} rounds (--rounds {rounds})");
    Some(Reason::new(ConfidenceLevel::Low, text, &advice))
}

/// Reason in the widths of intervals: those of the means over scenarios, and those of all
/// comparisons against the precision that was asked for.
fn wide_intervals(record: &RunRecord) -> Option<Reason> {
    let of_means = widest(record);
    let stopped = record.stopped.as_ref();
    let has_budget = stopped.is_some_and(|it| it.time_budget_ns.is_some());
    let advice = match has_budget {
        true => "raise measure.time_budget, or read more rows",
        false => "measure more rounds (--rounds), or read more rows",
    };
    let missed = stopped.filter(|it| it.by == StopReason::TimeBudget);
    let asked = missed.and_then(|it| Some((it.widest_interval?, it.precision?)));
    let asked = asked.filter(|(widest, precision)| widest > precision);
    let level = match of_means {
        Some(width) if width > WIDE => ConfidenceLevel::Low,
        Some(width) if width > NOT_NARROW => ConfidenceLevel::Medium,
        _ if asked.is_some() => ConfidenceLevel::Medium,
        _ => return None,
    };
    let text = match asked {
        Some((widest, precision)) => format!(
            "the widest interval, of one scenario, spans {}; the aim was {}",
            units::percent(widest),
            units::percent(precision)
        ),
        None => format!(
            "intervals span up to {}",
            units::percent(of_means.unwrap_or_default())
        ),
    };
    Some(Reason::new(level, text, advice))
}

/// Width of the widest interval of a variant or control over the baseline, or of the median of a
/// lone variant, as high / low - 1.
fn widest(record: &RunRecord) -> Option<f64> {
    if record.comparisons.is_empty() {
        return widest_interval(record);
    }
    let variants = distinct(record.cells.iter().map(|cell| cell.variant_name.as_str()));
    let over_baseline = OverBaseline::of(record);
    let contrasts = variants.filter_map(|variant| over_baseline.contrast(variant));
    let widths = contrasts.filter_map(Contrast::interval);
    widths.map(|(low, high)| high / low - 1.0).reduce(f64::max)
}

fn busy_host(record: &RunRecord) -> Option<Reason> {
    let disturbance = record.stopped.as_ref()?.disturbance?;
    let share = |share: Option<f64>| share.unwrap_or(0.0);
    let (others, stolen) = (
        share(disturbance.others_share),
        share(disturbance.steal_share),
    );
    let (most, who) = match others >= stolen {
        true => (others, "other processes"),
        false => (stolen, "other guests of the hypervisor"),
    };
    let level = match most {
        most if most >= BUSY => ConfidenceLevel::Low,
        most if most >= NOT_QUIET => ConfidenceLevel::Medium,
        _ => return None,
    };
    let text = format!("{who} took {} of the CPU time", units::percent(most));
    let advice = "run again on a host that does nothing else";
    Some(Reason::new(level, text, advice))
}

/// Reason in controls that came out faster or slower than the baseline, to which they are equal.
fn odd_control(record: &RunRecord) -> Option<Reason> {
    let controls = || record.noise.iter().filter(|it| it.lane == Lane::EndToEnd);
    let judged = |it: &&Noise| matches!(it.contrast.verdict, Verdict::Faster | Verdict::Slower);
    let (of, odd) = (controls().count(), controls().filter(judged).count());
    // One in ten may come out so by chance.
    (odd > of / 10).then(|| {
        let text = format!(
            "{odd} of {of} controls, which are equal to the baseline, came out faster or slower"
        );
        Reason::new(
            ConfidenceLevel::Low,
            text,
            "run again on a host that does nothing else",
        )
    })
}

fn drift(record: &RunRecord) -> Option<Reason> {
    let cells = record.cells.iter();
    let of = cells.filter(|cell| counted(cell, Lane::EndToEnd).next().is_some());
    let of = of.count();
    let drifts = |it: &&Finding| it.kind == FindingKind::Drift && it.lane == Lane::EndToEnd;
    let drifting = record.findings.iter().filter(drifts).count();
    let share = drifting as f64 / of.max(1) as f64;
    let level = match share {
        share if share > MOST => ConfidenceLevel::Low,
        share if share > NOT_QUIET => ConfidenceLevel::Medium,
        _ => return None,
    };
    let text = format!("times drift in {drifting} of {of} cells");
    Some(Reason::new(
        level,
        text,
        "run again when the host is steady",
    ))
}

fn lost_iterations(record: &RunRecord) -> Option<Reason> {
    let iterations = record.cells.iter().flat_map(|cell| &cell.iterations);
    let measured = iterations.filter(|it| it.kind == Kind::Measured && it.lane == Lane::EndToEnd);
    let (lost, all) = measured.fold((0, 0), |(lost, all), it| {
        (lost + usize::from(it.status != Status::Ok), all + 1)
    });
    (lost > 0).then(|| {
        let text = format!("{lost} of {all} executions failed or are void");
        Reason::new(
            ConfidenceLevel::Medium,
            text,
            "mend what --details lists of them",
        )
    })
}

/// Reason for high confidence.
fn narrow(record: &RunRecord) -> String {
    let stopped = record.stopped.as_ref();
    let is_known = stopped.is_some_and(|it| it.disturbance.is_some());
    let host = if is_known { "a quiet host, " } else { "" };
    let width = widest(record).or(stopped.and_then(|it| it.widest_interval));
    let intervals = width.map_or_else(String::new, |width| {
        format!(
            ", and intervals that span at most {}",
            units::percent(width)
        )
    });
    format!("{host}steady times{intervals}")
}
