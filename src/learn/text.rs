//! Finds ways in which strings and binary values may have been drawn.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use serde_json::{Value as Json, json};

use super::error::LearnError;
use super::fitter::Fitter;
use super::keys::{Keys, keys_of, rounded, weights, with};
use super::mask::all_masked;
use super::numbers::MOST_LISTED;
use super::series::{Series, pools, runs};
use super::shape::Single;
use crate::config::Dtype;

/// Share of the values that must be alike for a rule to hold.
const MOST: f64 = 0.9;

/// Numbers of different words that are tried for texts.
const VOCABULARIES: [u64; 9] = [10, 30, 100, 300, 1_000, 3_000, 10_000, 100_000, 10_000_000];
const VOCABULARY: u64 = 3_000;

/// Values with more bytes than this are not listed.
const LONGEST_LISTED: usize = 200;

/// Key of a column for the length of its values if all have the same.
const SIZE: &str = "size";

/// Returns the keys of a column's distribution.
pub(super) fn fit(
    fitter: &Fitter<'_>,
    series: &Series,
    single: &Single,
) -> Result<Keys, LearnError> {
    let values = values_of(series)?;
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let counts = &fitter.counts;
    let texts = single.dtype != Dtype::Binary;
    let (column, keep_values) = (fitter.column(), fitter.keeps_values());
    let mut candidates = Vec::new();
    let runs = runs(counts).unwrap_or_else(|| json!({}));
    let longest = values.iter().map(|value| value.len()).max().unwrap_or(0);
    if texts && counts.distinct() <= MOST_LISTED && longest <= LONGEST_LISTED {
        let listed = listed(&values, column, keep_values);
        if counts.distinct() > 1 {
            if is_sorted(series, counts.distinct())? {
                candidates.push(with(&listed, json!({ "sortedness": 1 })));
            }
            candidates.push(listed.clone());
        }
        candidates.push(with(&listed, runs.clone()));
        return Ok(fitter.best(candidates)?.1);
    }
    let lengths: Vec<f64> = values.iter().map(|value| value.len() as f64).collect();
    let sized = sized(&lengths);
    let mut kinds = vec![with(&keys_of(json!({ "kind": "uniform" })), sized.clone())];
    if texts {
        kinds.extend(template(&values, column, keep_values));
        kinds.push(with(
            &keys_of(json!({ "kind": "words", "cardinality": VOCABULARY })),
            json!({ "length": length_keys(&lengths, 1) }),
        ));
        kinds.extend(objects(&values));
    } else {
        for compressibility in [0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95] {
            let keys = json!({ "kind": "compressible", "compressibility": compressibility });
            kinds.push(with(&keys_of(keys), sized.clone()));
        }
    }
    let mut repeats = vec![json!({}), runs.clone()];
    for (size, exponent) in pools(counts) {
        let mut pool = json!({ "pool": { "size": size, "exponent": exponent } });
        if let (Some(pool), Some(runs)) = (pool.as_object_mut(), runs.as_object()) {
            pool.extend(runs.clone());
        }
        repeats.push(pool);
    }
    repeats.dedup();
    // First the kind of values and their repetition, then the details of the kind.
    for kind in &kinds {
        for repeat in &repeats {
            candidates.push(with(kind, repeat.clone()));
        }
    }
    let (mut best, mut keys) = fitter.best(candidates)?;
    if best.contains_key("cardinality") {
        let vocabularies = VOCABULARIES
            .iter()
            .map(|words| with(&best, json!({ "cardinality": words })))
            .collect();
        (best, keys) = fitter.best(vocabularies)?;
    }
    if let Some(near) = best.get("compressibility").and_then(Json::as_f64) {
        let finer = (-6..=6)
            .map(|step| (near + f64::from(step) * 0.02).clamp(0.0, 1.0))
            .map(|share| with(&best, json!({ "compressibility": rounded(share) })))
            .collect();
        (_, keys) = fitter.best(finer)?;
    }
    Ok(keys)
}

/// Returns the values that are not null.
fn values_of(series: &Series) -> Result<Vec<Vec<u8>>, LearnError> {
    let mut values = Vec::new();
    for piece in &series.pieces {
        let binary = binary(&piece.array)?;
        let binary = binary.as_binary::<i64>();
        values.extend(binary.iter().flatten().map(<[u8]>::to_vec));
    }
    Ok(values)
}

fn binary(array: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    match array.data_type() {
        DataType::Utf8 | DataType::Binary => {
            cast(&cast(array, &DataType::Binary)?, &DataType::LargeBinary)
        }
        _ => cast(array, &DataType::LargeBinary),
    }
}

/// True if texts ascend, and each of them occurs in one place.
fn is_sorted(series: &Series, distinct: usize) -> Result<bool, LearnError> {
    let (mut rises, mut falls) = (0_usize, 0_usize);
    let mut last: Option<Vec<u8>> = None;
    for piece in &series.pieces {
        let binary = binary(&piece.array)?;
        for value in binary.as_binary::<i64>().iter().flatten() {
            if let Some(last) = &last {
                rises += usize::from(last.as_slice() < value);
                falls += usize::from(last.as_slice() > value);
            }
            if last.as_deref() != Some(value) {
                last = Some(value.to_vec());
            }
        }
    }
    // Texts that recur make more rises and falls than there are different texts.
    Ok(rises > 4 * falls && rises + falls < 2 * distinct)
}

/// Returns each text with its weight, in order. The texts are masked unless values are kept.
fn listed(values: &[&[u8]], column: &str, keep_values: bool) -> Keys {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counts
            .entry(String::from_utf8_lossy(value).into_owned())
            .or_default() += 1;
    }
    let texts: Vec<String> = counts.keys().cloned().collect();
    let texts = match keep_values {
        true => texts,
        false => all_masked(column, &texts),
    };
    match texts.as_slice() {
        [text] => keys_of(json!({ "kind": "constant", "value": text })),
        _ => {
            keys_of(json!({ "kind": "categorical", "values": texts, "weights": weights(&counts) }))
        }
    }
}

/// Returns `size` if all values have one length, else `length`.
fn sized(lengths: &[f64]) -> Json {
    let first = lengths.first().copied().unwrap_or(1.0);
    if lengths.iter().all(|length| *length == first) && first > 0.0 {
        return json!({ SIZE: first as u64 });
    }
    json!({ "length": length_keys(lengths, 1) })
}

/// Returns bounds and a distribution of lengths that have the same mean.
pub(super) fn length_keys(lengths: &[f64], smallest: u64) -> Json {
    let count = lengths.len().max(1) as f64;
    let mean = lengths.iter().sum::<f64>() / count;
    let variance = lengths
        .iter()
        .map(|length| (length - mean) * (length - mean))
        .sum::<f64>()
        / count;
    let deviation = variance.sqrt();
    let floor = smallest as f64;
    let least = lengths.iter().copied().fold(f64::MAX, f64::min).max(floor);
    let whole = |length: f64| length.round().max(floor) as u64;
    if lengths.is_empty() || deviation < 0.3 {
        return json!({ "min": whole(mean), "max": whole(mean) });
    }
    if mean - 3.0 * deviation >= floor {
        let (min, max) = (whole(mean - 3.0 * deviation), whole(mean + 3.0 * deviation));
        return json!({ "min": min, "max": max, "distribution": "normal" });
    }
    let half = deviation * 3.0_f64.sqrt();
    if mean - half >= least - 1.0 {
        return json!({ "min": whole(mean - half), "max": whole(mean + half) });
    }
    // Many short ones and a few long ones: lengths are least + k - 1, where k has a probability as
    // 1 / k. The span is chosen by their mean.
    let mean_of = |span: f64| least - 1.0 + span / (span.ln() + 0.5772 + 0.5 / span);
    let (mut low, mut high) = (1.0, 2.0);
    while mean_of(high) < mean && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        match mean_of(middle) < mean {
            true => low = middle,
            false => high = middle,
        }
    }
    json!({ "min": whole(least), "max": whole(least + high - 1.0), "distribution": "zipf" })
}

/// Kind of the characters at one place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CharacterKind {
    Fixed(u8),
    Digits,
    Hex,
    Letters,
}

impl CharacterKind {
    fn of(seen: &[bool; 256]) -> Option<CharacterKind> {
        let all = |allowed: fn(&u8) -> bool| {
            (0..=255_u8).all(|byte| !seen[usize::from(byte)] || allowed(&byte))
        };
        let mut different = (0..=255_u8).filter(|byte| seen[usize::from(*byte)]);
        match (different.next(), different.next()) {
            (Some(byte), None) if byte.is_ascii() => Some(CharacterKind::Fixed(byte)),
            _ if all(u8::is_ascii_digit) => Some(CharacterKind::Digits),
            _ if all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) => Some(CharacterKind::Hex),
            _ if all(u8::is_ascii_alphanumeric) => Some(CharacterKind::Letters),
            _ => None,
        }
    }
}

/// Returns a template if most values have one length, and one kind of characters at each place.
fn template(values: &[&[u8]], column: &str, keep_values: bool) -> Option<Keys> {
    const LONGEST: usize = 256;
    let mut by_length: HashMap<usize, usize> = HashMap::new();
    for value in values {
        *by_length.entry(value.len()).or_default() += 1;
    }
    let (length, count) = by_length.into_iter().max_by_key(|(_, count)| *count)?;
    if (count as f64) < MOST * values.len() as f64 || !(1..=LONGEST).contains(&length) {
        return None;
    }
    let mut seen = vec![[false; 256]; length];
    for value in values.iter().filter(|value| value.len() == length) {
        for (place, byte) in seen.iter_mut().zip(*value) {
            place[usize::from(*byte)] = true;
        }
    }
    let mut places: Vec<CharacterKind> =
        seen.iter().map(CharacterKind::of).collect::<Option<_>>()?;
    // Places with digits only, beside hexadecimal places, have no letters by chance.
    for stretch in places
        .chunk_by_mut(|_, next| !matches!(next, CharacterKind::Fixed(_) | CharacterKind::Letters))
    {
        if stretch.contains(&CharacterKind::Hex) {
            let digits = stretch
                .iter_mut()
                .filter(|place| **place == CharacterKind::Digits);
            digits.for_each(|place| *place = CharacterKind::Hex);
        }
    }
    if let Some(uuid) = uuid(&places) {
        return Some(uuid);
    }
    let mut template = String::new();
    for stretch in places.chunk_by(|left, right| match (left, right) {
        (CharacterKind::Fixed(_), CharacterKind::Fixed(_)) => true,
        (left, right) => left == right,
    }) {
        let width = stretch.len();
        match stretch.first()? {
            CharacterKind::Digits => template.push_str(&format!("{{digits:{width}}}")),
            CharacterKind::Hex => template.push_str(&format!("{{hex:{width}}}")),
            CharacterKind::Letters => template.push_str(&format!("{{letters:{width}}}")),
            CharacterKind::Fixed(_) => {
                let bytes = stretch.iter().filter_map(|place| match place {
                    CharacterKind::Fixed(byte) => Some(char::from(*byte)),
                    _ => None,
                });
                let text: String = bytes.collect();
                let text = match keep_values {
                    true => text,
                    false => {
                        // Each fixed stretch has its own mask, as one may equal another.
                        let column = format!("{column} {}", template.len());
                        all_masked(&column, &[text]).pop()?
                    }
                };
                template.push_str(&text.replace('{', "{{").replace('}', "}}"));
            }
        }
    }
    Some(keys_of(json!({ "kind": "template", "template": template })))
}

fn uuid(places: &[CharacterKind]) -> Option<Keys> {
    let hex = |place: &CharacterKind| {
        *place != CharacterKind::Letters && !matches!(place, CharacterKind::Fixed(b'-'))
    };
    let dash = |place: &CharacterKind| *place == CharacterKind::Fixed(b'-');
    let is = places.len() == 36
        && places.iter().enumerate().all(|(at, place)| match at {
            8 | 13 | 18 | 23 => dash(place),
            _ => hex(place),
        });
    is.then(|| keys_of(json!({ "kind": "template", "template": "{uuid}" })))
}

/// Returns the keys for JSON objects if most values are such objects.
fn objects(values: &[&[u8]]) -> Option<Keys> {
    const LOOKED_AT: usize = 1000;
    let step = (values.len() / LOOKED_AT).max(1);
    let looked_at: Vec<&&[u8]> = values.iter().step_by(step).collect();
    let fields: Vec<usize> = looked_at
        .iter()
        .filter_map(|value| serde_json::from_slice::<Keys>(value).ok())
        .map(|object| object.len().max(1))
        .collect();
    if (fields.len() as f64) < MOST * looked_at.len() as f64 {
        return None;
    }
    let (min, max) = (fields.iter().min()?, fields.iter().max()?);
    Some(keys_of(
        json!({ "kind": "json", "min": min, "max": max, "cardinality": VOCABULARY }),
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[7, 7, 7], "{\"min\":7,\"max\":7}")]
    #[case(&[28, 30, 32, 29, 31], "{\"min\":26,\"max\":34,\"distribution\":\"normal\"}")]
    #[case(&[1, 2, 3, 4, 5, 6, 7, 8, 9], "{\"min\":1,\"max\":9}")]
    #[case(&[], "{\"min\":1,\"max\":1}")]
    fn lengths_are_described_by_what_they_are_like(
        #[case] lengths: &[u32],
        #[case] expected: &str,
    ) {
        let lengths: Vec<f64> = lengths.iter().map(|length| f64::from(*length)).collect();
        assert_eq!(length_keys(&lengths, 1).to_string(), expected);
    }

    #[test]
    fn a_few_long_values_among_short_ones_keep_the_mean() {
        let mut lengths = vec![2.0; 90];
        lengths.extend(vec![40.0; 10]);
        let keys = length_keys(&lengths, 1);
        assert_eq!(keys["distribution"], "zipf");
        let (min, max) = (keys["min"].as_u64().unwrap(), keys["max"].as_u64().unwrap());
        // Lengths are min + k - 1, where k has a probability as 1 / k.
        let spans = 1..=max - min + 1;
        let weight: f64 = spans.clone().map(|span| 1.0 / span as f64).sum();
        let mean = spans.clone().count() as f64 / weight + min as f64 - 1.0;
        assert!((mean - 5.8).abs() < 0.3, "{mean}");
    }

    #[rstest]
    #[case(&["AB-12", "CD-34", "EF-07"], Some("{letters:2}-{digits:2}"))]
    #[case(&["0a1f", "9bc2", "77de"], Some("{hex:4}"))]
    #[case(&["{1}", "{2}", "{3}"], Some("{{{digits:1}}}"))]
    #[case(
        &["123e4567-e89b-42d3-a456-426614174000", "a23e4567-c89b-42d3-9456-f26614174abc"],
        Some("{uuid}")
    )]
    #[case(&["a", "bb", "ccc", "dddd"], None)]
    #[case(&["a!", "b?", "c "], None)]
    fn values_of_one_form_have_a_template(#[case] values: &[&str], #[case] expected: Option<&str>) {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        let keys = template(&values, "column", true);
        let found = keys.as_ref().map(|keys| keys["template"].as_str().unwrap());
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_fixed_in_a_template_is_masked_but_for_signs() {
        let values: Vec<&[u8]> = vec![b"2000-01-01", b"2000-01-11", b"2000-01-28"];
        let keys = template(&values, "column", false).unwrap();
        let masked = keys["template"].as_str().unwrap();
        assert!(masked.ends_with("-{digits:2}"), "{masked}");
        let fixed = masked.trim_end_matches("-{digits:2}");
        assert!(
            fixed.len() == 7 && fixed.as_bytes()[4] == b'-' && fixed != "2000-01",
            "{masked}"
        );
    }

    #[test]
    fn objects_are_known_by_their_fields() {
        let found = objects(&[br#"{"a":1,"b":2}"#, br#"{"a":1,"b":2,"c":[3]}"#]).unwrap();
        assert_eq!((&found["min"], &found["max"]), (&2.into(), &3.into()));
        assert!(objects(&[b"[1]", b"2", b"{", b"x"]).is_none());
    }
}
