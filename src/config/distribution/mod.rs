//! Validation of distributions: the parameters must fit each other, the column's type and its rows.
//!
//! A kind's keys, defaults and check are together in the file of its family; [`rules_of`] lists
//! them.

mod correlated;
mod draft;
mod length;
mod listed;
mod multiples;
mod normal;
mod order;
mod quantiles;
mod ranks;
mod repeats;
mod rules;
mod sequence;
mod target;
mod template;
mod text;
mod uniform;

pub(super) use target::{DrawnColumn, default_of};

use super::findings::Findings;
use super::key_path::KeyPath;
use super::kind::DistributionKind;
use super::leaf::Leaf;
use super::model::Dtype;
use super::raw::{RawDistribution, RawDistributionKeys};
use draft::{DistributionDraft, share};
use rules::Rules;
use target::DistributionMeaning;

fn rules_of(kind: DistributionKind) -> &'static Rules {
    match kind {
        DistributionKind::Uniform => &uniform::UNIFORM,
        DistributionKind::Distinct => &uniform::DISTINCT,
        DistributionKind::Normal => &normal::NORMAL,
        DistributionKind::Lognormal => &normal::LOGNORMAL,
        DistributionKind::Quantiles => &quantiles::QUANTILES,
        DistributionKind::Zipf => &ranks::ZIPF,
        DistributionKind::Hotspot => &ranks::HOTSPOT,
        DistributionKind::Categorical => &listed::CATEGORICAL,
        DistributionKind::Sequence => &sequence::SEQUENCE,
        DistributionKind::RandomWalk => &sequence::RANDOM_WALK,
        DistributionKind::CorrelatedWith => &correlated::CORRELATED_WITH,
        DistributionKind::Constant => &listed::CONSTANT,
        DistributionKind::Words => &text::WORDS,
        DistributionKind::Template => &text::TEMPLATE,
        DistributionKind::Json => &text::JSON,
        DistributionKind::Compressible => &text::COMPRESSIBLE,
    }
}

/// Shows which of the keys that all kinds share are given.
#[derive(Debug, Clone, Copy)]
struct SharedKeys {
    length: bool,
    run_length: bool,
    pool: bool,
}

impl SharedKeys {
    fn of(keys: &RawDistributionKeys) -> SharedKeys {
        SharedKeys {
            length: keys.length.is_some(),
            run_length: keys.run_length.is_some(),
            pool: keys.pool.is_some(),
        }
    }
}

/// Validates the key `distribution`. If something is wrong, adds a problem and returns the default
/// distribution.
pub(super) fn validate(
    raw: Option<RawDistribution>,
    target: DrawnColumn,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> DistributionMeaning {
    let mut drawn = DistributionMeaning::by_default(target.dtype);
    let mut keys = match raw {
        None => {
            if target.dtype == Dtype::List {
                refuse_without_length(path, findings);
            }
            return drawn;
        }
        Some(RawDistribution::Keys(keys)) => *keys,
        Some(RawDistribution::Kind(kind)) => RawDistributionKeys {
            kind: Some(kind),
            ..Default::default()
        },
    };
    let null_path = path.key("null_fraction");
    drawn.null_fraction = share(findings, &null_path, keys.null_fraction.take(), 0.0);
    let given = SharedKeys::of(&keys);
    drawn.length = keys
        .length
        .take()
        .and_then(|raw| length::length(raw, target.dtype, &path.key("length"), findings));
    let run_length = keys.run_length.take();
    drawn.run_length = repeats::run_length(run_length, &path.key("run_length"), findings);
    drawn.pool = keys
        .pool
        .take()
        .and_then(|raw| repeats::pool(raw, &path.key("pool"), findings));
    if target.dtype.is_nested() {
        check_nested(&keys, given, target.dtype, path, findings);
        return drawn;
    }
    let says_more = given.length || given.run_length || given.pool || drawn.null_fraction > 0.0;
    let Some(kind) = kind_of(&mut keys, says_more, target.dtype, path, findings) else {
        return drawn;
    };
    let rules = rules_of(kind);
    let before = findings.problems.len();
    check_given(&keys, given, kind, &drawn, target, path, findings);
    order::order(&mut keys, kind, rules, target, &mut drawn, path, findings);
    let mut draft = DistributionDraft {
        target,
        has_length: given.length,
        path,
        findings,
    };
    let multiple_of = keys
        .multiple_of
        .take()
        .and_then(|leaf| multiples::multiple_of(&mut draft, leaf));
    let distribution = (rules.check)(&mut draft, keys);
    if let (Some(distribution), Some(multiple)) = (&distribution, multiple_of) {
        multiples::check_multiples(&mut draft, distribution, multiple);
    }
    if let Some(distribution) = distribution
        && findings.problems.len() == before
    {
        drawn.distribution = distribution;
        drawn.multiple_of = multiple_of;
    }
    drawn
}

fn refuse_without_length(path: &KeyPath, findings: &mut Findings<'_>) {
    findings.problem(
        &path.key("length"),
        "is missing; a list needs one, such as `{ max: 10 }`",
    );
}

/// Checks the keys of a list or a struct, which have no values of their own.
fn check_nested(
    keys: &RawDistributionKeys,
    given: SharedKeys,
    dtype: Dtype,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) {
    if dtype == Dtype::List && !given.length {
        refuse_without_length(path, findings);
    } else if dtype == Dtype::Struct && given.length {
        findings.problem(
            &path.key("length"),
            "does not apply to a struct; its fields have lengths of their own",
        );
    }
    let children = match dtype {
        Dtype::List => "its `item`",
        _ => "its `fields`",
    };
    let kind = keys.kind.is_some().then_some("kind");
    for key in kind.into_iter().chain(keys.given()) {
        findings.problem(
            &path.key(key),
            format!("does not apply to a {dtype}; give it to {children}"),
        );
    }
}

/// Returns the kind. It may be left out if no key is about values, but some other key is given
/// (`says_more`). None if the kind is unknown or does not draw the type.
fn kind_of(
    keys: &mut RawDistributionKeys,
    says_more: bool,
    dtype: Dtype,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Option<DistributionKind> {
    if keys.kind.is_none() {
        if keys.given().is_empty() && says_more {
            keys.kind = Some(Leaf(Ok(DistributionKind::Uniform)));
        } else {
            findings.problem(path, "needs a `kind`");
        }
    }
    let kind_path = path.key("kind");
    let kind = findings.take(&kind_path, keys.kind.take())?;
    let draws = rules_of(kind).draws;
    if draws.includes(dtype) {
        return Some(kind);
    }
    let message = format!(
        "`{}` does not fit {dtype}; it draws {}",
        kind.name(),
        draws.name()
    );
    findings.problem(&kind_path, message);
    None
}

/// Checks that the kind takes all of the keys that are given.
fn check_given(
    keys: &RawDistributionKeys,
    given: SharedKeys,
    kind: DistributionKind,
    drawn: &DistributionMeaning,
    target: DrawnColumn,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) {
    let rules = rules_of(kind);
    let known: Vec<&str> = rules.parameters().collect();
    for key in keys.given() {
        if !known.contains(&key) {
            let known = known.join(", ");
            let message = format!("does not apply to `{}`, which takes {known}", kind.name());
            findings.problem(&path.key(key), message);
        }
    }
    for (key, given) in [("run_length", given.run_length), ("pool", given.pool)] {
        if given && !rules.repeats {
            findings.problem(
                &path.key(key),
                format!(
                    "does not apply to `{}`, whose rows have values of their own",
                    kind.name()
                ),
            );
        }
    }
    let ordered = keys.sortedness.is_some() || keys.drift.is_some();
    if drawn.pool.is_some() && ordered {
        findings.problem(
            &path.key("pool"),
            "stands beside `sortedness` or `drift`; values out of a pool are in no order",
        );
    }
    let length_path = path.key("length");
    if given.length && !(target.dtype.is_text() && rules.has_length) {
        let message = format!(
            "does not apply to `{}` of {}; it is for lists, and for string and binary values that are uniform, \
             distinct, zipf, hotspot, words or compressible",
            kind.name(),
            target.dtype
        );
        findings.problem(&length_path, message);
    }
    if given.length && target.size > 1 {
        findings.problem(&length_path, "stands beside `size`; give one of them");
    }
}
