//! Words that several parts of a report have in common.

use crate::record::Contrast;
use crate::statistics::CONFIDENCE;
use crate::units;

use super::text;

/// Stands where there is nothing to say.
pub(super) const ABSENT: &str = "-";

/// Things of one kind that a sentence names; the rest are counted.
pub(super) const MOST_NAMED: usize = 12;

/// Variants that a sentence names; the rest are counted.
pub(super) const MOST_VARIANTS_NAMED: usize = 8;

/// A ratio with its interval, where it has one. `None` without a ratio.
pub fn ratio_with_interval(contrast: &Contrast) -> Option<String> {
    let ratio = contrast.ratio?;
    Some(match contrast.interval() {
        Some((low, high)) => units::ratio_interval(ratio, low, high),
        None => units::ratio(ratio),
    })
}

/// Confidence of all intervals.
pub(super) fn confidence() -> String {
    whole_percent(CONFIDENCE)
}

/// A share as `99 %`.
pub(super) fn whole_percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A sentence that names what there is of a kind, or no sentence.
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
