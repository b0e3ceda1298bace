//! Numbered values, of which the first ones are more frequent: `zipf` and `hotspot`.

use super::draft::{DEFAULT_CARDINALITY, DEFAULT_EXPONENT, DistributionDraft, share};
use super::rules::{Draws, Rules};
use crate::config::fit::{limits, shown};
use crate::config::leaf::{Leaf, Point, Positive};
use crate::config::model::Distribution;
use crate::config::number::Number;
use crate::config::raw::RawDistributionKeys;

const DEFAULT_HOT_FRACTION: f64 = 0.2;
const DEFAULT_HOT_SHARE: f64 = 0.8;

pub(super) const ZIPF: Rules = Rules {
    draws: Draws::AllButBool,
    keys: &["exponent", "cardinality", "min"],
    ordered: true,
    repeats: true,
    has_length: true,
    check: zipf,
};

fn zipf(draft: &mut DistributionDraft<'_, '_>, keys: RawDistributionKeys) -> Option<Distribution> {
    let exponent = draft.positive_float("exponent", keys.exponent, DEFAULT_EXPONENT);
    let (min, cardinality) = run(draft, keys.min, keys.cardinality);
    Some(Distribution::Zipf {
        exponent,
        cardinality,
        min,
    })
}

pub(super) const HOTSPOT: Rules = Rules {
    draws: Draws::AllButBool,
    keys: &["cardinality", "hot_fraction", "hot_share", "min"],
    ordered: true,
    repeats: true,
    has_length: true,
    check: hotspot,
};

fn hotspot(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let hot_fraction = draft.float("hot_fraction", keys.hot_fraction, DEFAULT_HOT_FRACTION);
    if !(hot_fraction > 0.0 && hot_fraction < 1.0) {
        draft.refuse(
            "hot_fraction",
            format!("{hot_fraction} does not lie between 0 and 1"),
        );
    }
    let path = draft.path.key("hot_share");
    let hot_share = share(draft.findings, &path, keys.hot_share, DEFAULT_HOT_SHARE);
    let (min, cardinality) = run(draft, keys.min, keys.cardinality);
    if cardinality < 2 {
        draft.refuse("cardinality", "must be 2 or more, hot values and others");
    }
    Some(Distribution::Hotspot {
        cardinality,
        hot_fraction,
        hot_share,
        min,
    })
}

/// Returns the first number of numbered values, if they are numbers, and how many values there are.
fn run(
    draft: &mut DistributionDraft<'_, '_>,
    min: Option<Leaf<Point>>,
    cardinality: Option<Leaf<Positive>>,
) -> (Option<Number>, u64) {
    let min = draft.number("min", min).or_else(|| draft.zero());
    let cardinality = draft.count("cardinality", cardinality);
    check_run(draft, min, cardinality);
    draft.check_made_up(cardinality);
    let most = values_from(draft, min)
        .or_else(|| draft.made_up_values())
        .unwrap_or(u64::MAX);
    (min, cardinality.unwrap_or(DEFAULT_CARDINALITY.min(most)))
}

/// Checks that `min`, `min` + 1, ... `min` + `cardinality` - 1 all fit the type.
pub(super) fn check_run(
    draft: &mut DistributionDraft<'_, '_>,
    min: Option<Number>,
    cardinality: Option<u64>,
) {
    if let (Some(min), Some(cardinality)) = (min, cardinality)
        && let Some(most) = values_from(draft, Some(min)).filter(|most| cardinality > *most)
    {
        let (dtype, min) = (draft.target.dtype, shown(min));
        draft.refuse(
            "cardinality",
            format!("{cardinality} is more than the {most} values that {dtype} has from {min} on"),
        );
    }
}

/// Returns the number of whole numbers that the type has from `min` on.
fn values_from(draft: &DistributionDraft<'_, '_>, min: Option<Number>) -> Option<u64> {
    let min = min?;
    let (_, high) = limits(draft.target.dtype);
    match (min, draft.target.dtype.integer_range()) {
        (Number::Integer(min), Some((_, high))) => u64::try_from(high - min + 1).ok(),
        _ => Some((high - min.as_f64() + 1.0) as u64),
    }
}
