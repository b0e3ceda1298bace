//! Made-up text and bytes: `words`, `json`, `template` and `compressible`.

use super::draft::{DEFAULT_CARDINALITY, DEFAULT_EXPONENT, DistributionDraft, share};
use super::rules::{Draws, Rules};
use super::template::parse;
use crate::config::fit::shown;
use crate::config::leaf::{Leaf, Point, whole_float};
use crate::config::model::{Distribution, TemplatePart};
use crate::config::number::Number;
use crate::config::raw::RawDistributionKeys;

const DEFAULT_VOCABULARY: u64 = 10_000;
const DEFAULT_WORDS: (u64, u64) = (3, 12);
const DEFAULT_FIELDS: (u64, u64) = (2, 6);

pub(super) const WORDS: Rules = Rules {
    draws: Draws::Strings,
    keys: &["min", "max", "cardinality"],
    ordered: false,
    repeats: true,
    has_length: true,
    check: words,
};

fn words(draft: &mut DistributionDraft<'_, '_>, keys: RawDistributionKeys) -> Option<Distribution> {
    if draft.has_length && (keys.min.is_some() || keys.max.is_some()) {
        let key = if keys.min.is_some() { "min" } else { "max" };
        draft.refuse(
            key,
            "stands beside `length`, which says how many bytes of words a value has; give one of them",
        );
    }
    let (min_words, max_words) = counts(draft, keys.min, keys.max, "words", DEFAULT_WORDS);
    let cardinality = draft
        .count("cardinality", keys.cardinality)
        .unwrap_or(DEFAULT_VOCABULARY);
    Some(Distribution::Words {
        min_words,
        max_words,
        cardinality,
    })
}

pub(super) const JSON: Rules = Rules {
    draws: Draws::Strings,
    keys: &["min", "max", "cardinality"],
    ordered: false,
    repeats: true,
    has_length: false,
    check: json,
};

fn json(draft: &mut DistributionDraft<'_, '_>, keys: RawDistributionKeys) -> Option<Distribution> {
    let (min_fields, max_fields) = counts(draft, keys.min, keys.max, "fields", DEFAULT_FIELDS);
    let cardinality = draft
        .count("cardinality", keys.cardinality)
        .unwrap_or(DEFAULT_VOCABULARY);
    Some(Distribution::Json {
        min_fields,
        max_fields,
        cardinality,
    })
}

pub(super) const TEMPLATE: Rules = Rules {
    draws: Draws::Strings,
    keys: &["template", "exponent", "cardinality"],
    ordered: false,
    repeats: true,
    has_length: false,
    check: template,
};

fn template(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    if keys.template.is_none() {
        draft
            .findings
            .problem(draft.path, "`template` needs a `template`");
    }
    let text = draft
        .findings
        .take(&draft.path.key("template"), keys.template)?;
    let template = match parse(&text) {
        Ok(template) => template,
        Err(message) => {
            draft.refuse("template", message);
            return None;
        }
    };
    let uses = |wanted: fn(&TemplatePart) -> bool| template.iter().any(wanted);
    let ranked = uses(|part| matches!(part, TemplatePart::Zipf(_)));
    let numbered = uses(|part| matches!(part, TemplatePart::Uniform(_) | TemplatePart::Word));
    if keys.exponent.is_some() && !ranked {
        draft.refuse(
            "exponent",
            "has no effect, as there is no `{zipf}` in the template",
        );
    }
    if keys.cardinality.is_some() && !(ranked || numbered) {
        draft.refuse(
            "cardinality",
            "has no effect, as there is no `{zipf}`, `{uniform}` or `{word}` in the template",
        );
    }
    let exponent = draft.positive_float("exponent", keys.exponent, DEFAULT_EXPONENT);
    let cardinality = draft
        .count("cardinality", keys.cardinality)
        .unwrap_or(DEFAULT_CARDINALITY);
    Some(Distribution::Template {
        template,
        exponent,
        cardinality,
    })
}

pub(super) const COMPRESSIBLE: Rules = Rules {
    draws: Draws::Binary,
    keys: &["compressibility"],
    ordered: false,
    repeats: true,
    has_length: true,
    check: compressible,
};

fn compressible(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    if keys.compressibility.is_none() {
        draft
            .findings
            .problem(draft.path, "`compressible` needs a `compressibility`");
    }
    let given = keys.compressibility.is_some();
    let path = draft.path.key("compressibility");
    let compressibility = share(draft.findings, &path, keys.compressibility, 0.0);
    given.then_some(Distribution::Compressible { compressibility })
}

/// Returns the smallest and the largest number of things in a value. A bound beyond the default of
/// the other one moves that default.
fn counts(
    draft: &mut DistributionDraft<'_, '_>,
    min: Option<Leaf<Point>>,
    max: Option<Leaf<Point>>,
    what: &str,
    default: (u64, u64),
) -> (u64, u64) {
    let min_given = min.is_some();
    let fewest = count_of(draft, "min", min, what, default.0);
    let most = count_of(draft, "max", max, what, default.1.max(fewest));
    let fewest = if min_given { fewest } else { fewest.min(most) };
    if fewest > most {
        draft.refuse(
            "min",
            format!("{fewest} is more than `max`, which is {most}"),
        );
    }
    (fewest, most)
}

fn count_of(
    draft: &mut DistributionDraft<'_, '_>,
    key: &str,
    leaf: Option<Leaf<Point>>,
    what: &str,
    default: u64,
) -> u64 {
    let Some(point) = draft.findings.take(&draft.path.key(key), leaf) else {
        return default;
    };
    let whole = match &point {
        Point::Number(Number::Integer(number)) => Some(*number),
        Point::Number(Number::Float(number)) => whole_float(*number),
        Point::Text(_) => None,
    };
    match whole
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number > 0)
    {
        Some(count) => count,
        None => {
            let found = match point {
                Point::Number(number) => shown(number),
                Point::Text(text) => format!("`{text}`"),
            };
            draft.refuse(key, format!("{found} is not a number of {what}, 1 or more"));
            default
        }
    }
}
