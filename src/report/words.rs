//! Words that several parts of a report share.

use crate::recipe::dataset_of;
use crate::record::{Contrast, Doubt, Preference, RunRecord, Verdict};
use crate::statistics::CONFIDENCE;
use crate::units;

use super::text;

/// Text in place of a value that is absent.
pub(super) const ABSENT: &str = "-";

/// A count with its noun: `1 variant`, `3 variants`.
pub(super) fn counted(count: usize, one: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {one}{ending}")
}

/// Most things of one kind that a sentence names. It counts the others.
pub(super) const MOST_NAMED: usize = 12;

/// Most variants that a sentence names. It counts the others.
pub(super) const MOST_VARIANTS_NAMED: usize = 8;

/// A ratio, with its interval if it has one. `None` without a ratio.
pub fn ratio_with_interval(contrast: &Contrast) -> Option<String> {
    let ratio = contrast.ratio?;
    Some(match contrast.interval() {
        Some((low, high)) => units::ratio_interval(ratio, low, high),
        None => units::ratio(ratio),
    })
}

/// Confidence level of all intervals, in words.
pub(super) fn confidence() -> String {
    whole_percent(CONFIDENCE)
}

/// A share in whole percent, such as `99 %`.
pub(super) fn whole_percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A sentence that names all things of a kind, or no sentence if there are none.
pub(super) fn named(what: &str, all: &[String]) -> Vec<String> {
    let shown: Vec<String> = all
        .iter()
        .take(MOST_NAMED)
        .map(|it| text::passage(it))
        .collect();
    let more = match all.len() - shown.len() {
        0 => String::new(),
        more => format!("; and {more} more (--format json)"),
    };
    match all.is_empty() {
        true => Vec::new(),
        false => vec![format!("{what}: {}{more}.", shown.join("; "))],
    }
}

/// Name of a variant within a sentence. One that is called as the absence of a codec is, and has
/// none, is explained.
pub(super) fn codec(record: &RunRecord, name: &str) -> String {
    let quoted = text::quoted(name);
    let layout = || dataset_of(record, name)?.layout.as_ref();
    let is_uncompressed = || layout().is_none_or(|it| it.chunk.codec == "none");
    match name {
        "none" | "uncompressed" if is_uncompressed() => format!("{quoted} (uncompressed)"),
        _ => quoted,
    }
}

/// Mark of a comparison beside its ratio, of at most 10 characters.
pub(super) fn mark(contrast: &Contrast) -> &'static str {
    match (contrast.verdict, contrast.doubt) {
        (Verdict::Faster, _) => "faster",
        (Verdict::Slower, _) => "slower",
        (Verdict::Tie, _) => "same",
        (Verdict::Failed, _) => "failed",
        (Verdict::Void, _) => "void",
        (Verdict::Inconclusive, Some(Doubt::TooFewRounds)) => "few rounds",
        (Verdict::Inconclusive, Some(Doubt::WithinNoise)) => "in noise",
        (Verdict::Inconclusive, Some(Doubt::WideInterval) | None) => "unclear",
    }
}

/// Words for a ratio above 1, below 1 and of 1.
pub(super) struct ChangeWords {
    pub(super) more: &'static str,
    pub(super) less: &'static str,
    pub(super) same: &'static str,
}

/// A ratio as a change in percent, such as `15.9 % more time [12.2, 18.2]`. Bounds in the other
/// direction are negative.
pub(super) fn percent_change(
    ratio: f64,
    interval: Option<(f64, f64)>,
    words: &ChangeWords,
) -> String {
    let (sign, word) = match ratio < 1.0 {
        true => (-1.0, words.less),
        false => (1.0, words.more),
    };
    let percent = |ratio: f64| sign * (ratio - 1.0) * 100.0;
    let shown = units::tenths(percent(ratio));
    // A cost that is known exactly, such as a size, has no bounds.
    match interval.filter(|(low, high)| low < high) {
        Some((low, high)) => {
            let (one, other) = (percent(low), percent(high));
            let [low, high] = [one.min(other), one.max(other)].map(units::tenths);
            format!("{shown} % {word} [{low}, {high}]")
        }
        None if shown == "0.0" => words.same.to_owned(),
        None => format!("{shown} % {word}"),
    }
}

/// Cost that a preference weighs.
pub(super) fn cost(prefer: Preference) -> &'static str {
    match prefer {
        Preference::Time => "time",
        Preference::Size => "file size",
        Preference::Cpu => "CPU time",
        Preference::Balanced => "all together",
    }
}
