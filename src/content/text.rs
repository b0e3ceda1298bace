//! Columns of strings and of binary values.

use arrow::datatypes::{BinaryType, Utf8Type};

use super::byte_arrays::{chosen, each_row, numbered, random, sampled};
use super::characters::Characters;
use super::compressible::Pattern;
use super::error::ContentError;
use super::index::{Index, Shuffle};
use super::lengths::{DrawnLengths, Lengths, Sizes};
use super::maker::Maker;
use super::ordered::Order;
use super::ranks::{Hotspot, Ranks, RisingRanks, Zipf};
use super::recipe::Recipe;
use super::template::{Json, Template};
use super::values::weighed;
use super::vocabulary::Vocabulary;
use crate::config::{Distribution, Value};
use crate::random::{Key, SplitMix64, scale};

/// A type of values of any length: strings or binary.
pub(super) trait Text: Characters {
    fn vocabulary(key: Key, size: Sizes, count: u64) -> Vocabulary;
}

impl Text for Utf8Type {
    fn vocabulary(key: Key, size: Sizes, count: u64) -> Vocabulary {
        Vocabulary::text(key, size, count)
    }
}

impl Text for BinaryType {
    fn vocabulary(key: Key, size: Sizes, count: u64) -> Vocabulary {
        Vocabulary::bytes(key, size, count)
    }
}

/// Returns the maker of a column of strings or binary values, and the lengths of its values.
pub(super) fn maker<T: Text>(recipe: Recipe<'_>) -> Result<(Maker, Lengths), ContentError> {
    let (column, key) = (recipe.column, recipe.key);
    let sizes = Sizes::of(column, key)?;
    match &column.distribution {
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: None,
        } => {
            let lengths = sizes.lengths();
            Ok((random::<T>(key, sizes), lengths))
        }
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: Some(cardinality),
        } => {
            let count = (*cardinality).max(1);
            Ok(made_up::<T>(key, Index::alike(count), sizes, count))
        }
        Distribution::Distinct {
            min: None,
            max: None,
            cardinality,
        } => {
            let count = cardinality.unwrap_or(recipe.total_rows).max(1);
            let shuffle = Shuffle::new(key, recipe.total_rows, count);
            Ok(made_up::<T>(key, Index::Shuffled(shuffle), sizes, count))
        }
        Distribution::Zipf {
            exponent,
            cardinality,
            min: None,
        } => {
            let ranks = Ranks::Zipf(Zipf::new(*exponent, *cardinality)?);
            Ok(made_up::<T>(key, Index::Drawn(ranks), sizes, *cardinality))
        }
        Distribution::Hotspot {
            cardinality,
            hot_fraction,
            hot_share,
            min: None,
        } => {
            let hotspot = Hotspot::new(*cardinality, *hot_fraction, *hot_share)?;
            let index = Index::Drawn(Ranks::Hotspot(hotspot));
            Ok(made_up::<T>(key, index, sizes, *cardinality))
        }
        Distribution::CorrelatedWith {
            correlation,
            cardinality,
            ..
        } => {
            let followed = recipe.followed.ok_or(ContentError::Unfit)?;
            let count = (*cardinality).max(1);
            let lengths = sizes.lengths();
            let vocabulary = T::vocabulary(key_of_values(key), sizes, count);
            let numbers = followed.numbers(key, *correlation, count);
            Ok((numbered::<T>(numbers, vocabulary), lengths))
        }
        Distribution::Categorical {
            values: Some(values),
            weights,
            ..
        } => given::<T>(recipe, values, weights.as_deref()),
        Distribution::Categorical {
            values: None,
            cardinality,
            min: None,
            ..
        } => alike::<T>(key, Vocabulary::words(*cardinality), *cardinality),
        Distribution::Constant { value } => alike::<T>(key, Vocabulary::given([text(value)?]), 1),
        Distribution::Words {
            min_words,
            max_words,
            cardinality,
        } => words::<T>(key, sizes, (*min_words, *max_words), *cardinality),
        Distribution::Template {
            template,
            exponent,
            cardinality,
        } => {
            let template = Template::new(template, *exponent, *cardinality)?;
            let longest = template.longest();
            Ok(sampled::<T>(longest, move |row, bytes| {
                template.append(row, key.word(row), bytes);
            }))
        }
        Distribution::Json {
            min_fields,
            max_fields,
            cardinality,
        } => {
            let json = Json::new(*min_fields, *max_fields, *cardinality)?;
            let longest = json.longest();
            Ok(sampled::<T>(longest, move |row, bytes| {
                json.append(key.word(row), bytes);
            }))
        }
        Distribution::Compressible { compressibility } => {
            let pattern = Pattern::new(*compressibility);
            let lengths = sizes.lengths();
            let maker = each_row::<T>(move |row, bytes| {
                let first = row.wrapping_mul(sizes.longest());
                pattern.append(key.word(row), first, sizes.at(row), bytes);
            });
            Ok((maker, lengths))
        }
        _ => Err(ContentError::Unfit),
    }
}

/// Returns the key for the content of values, which differs from the key for the choice of values.
fn key_of_values(key: Key) -> Key {
    key.derive(1)
}

/// Returns a maker of `count` made-up values, chosen by an index.
fn made_up<T: Text>(key: Key, index: Index, sizes: Sizes, count: u64) -> (Maker, Lengths) {
    let vocabulary = T::vocabulary(key_of_values(key), sizes, count);
    let lengths = lengths_of(&vocabulary, count);
    (chosen::<T>(key, index, vocabulary), lengths)
}

/// Returns the lengths of `count` equally likely values.
fn lengths_of(vocabulary: &Vocabulary, count: u64) -> Lengths {
    Lengths {
        longest: vocabulary.longest(count),
        mean: vocabulary.mean_length(|word| scale(word, count)),
    }
}

/// Returns a maker of the `count` values of `vocabulary`, all equally likely.
fn alike<T: Text>(
    key: Key,
    vocabulary: Vocabulary,
    count: u64,
) -> Result<(Maker, Lengths), ContentError> {
    if count == 0 {
        return Err(ContentError::Empty);
    }
    let lengths = lengths_of(&vocabulary, count);
    Ok((chosen::<T>(key, Index::alike(count), vocabulary), lengths))
}

/// Returns a maker of values that the config lists.
fn given<T: Text>(
    recipe: Recipe<'_>,
    values: &[Value],
    weights: Option<&[f64]>,
) -> Result<(Maker, Lengths), ContentError> {
    let given = weighed(values, weights)
        .map(|(value, weight)| Ok((text(value)?, weight)))
        .collect::<Result<Vec<_>, ContentError>>()?;
    let weights: Vec<f64> = given.iter().map(|(_, weight)| *weight).collect();
    let vocabulary = Vocabulary::given(given.iter().map(|(text, _)| *text));
    let total: f64 = weights.iter().sum();
    let lengths = Lengths {
        longest: vocabulary.longest(given.len() as u64),
        mean: given
            .iter()
            .map(|(text, weight)| text.len() as f64 * weight / total)
            .sum(),
    };
    let order = Order::new(recipe.key, recipe.column, recipe.total_rows);
    let index = match order.is_random() {
        true => Index::Drawn(Ranks::weighted(&weights)?),
        false => Index::Ordered(order, RisingRanks::weighted(&weights)),
    };
    Ok((chosen::<T>(recipe.key, index, vocabulary), lengths))
}

/// Returns a maker of texts of `min..=max` words or, if lengths are drawn, of as many words as fill
/// them.
fn words<T: Text>(
    key: Key,
    sizes: Sizes,
    (min, max): (u64, u64),
    cardinality: u64,
) -> Result<(Maker, Lengths), ContentError> {
    let zipf = Zipf::new(1.0, cardinality)?;
    let span = max.checked_sub(min).ok_or(ContentError::Empty)?;
    let vocabulary = Vocabulary::words(cardinality);
    let fixed = sizes.lengths();
    if let Sizes::Drawn(lengths) = sizes {
        return Ok((cut_words::<T>(key, lengths, vocabulary, zipf), fixed));
    }
    let mean_word = vocabulary.mean_length(|word| zipf.draw(word));
    let lengths = Lengths {
        longest: max.saturating_mul(vocabulary.longest(cardinality) + 1),
        mean: (min as f64 + span as f64 / 2.0) * (mean_word + 1.0) - 1.0,
    };
    Ok((sentences::<T>(key, min, span, vocabulary, zipf), lengths))
}

fn sentences<T: Text>(
    key: Key,
    min_words: u64,
    span: u64,
    vocabulary: Vocabulary,
    zipf: Zipf,
) -> Maker {
    each_row::<T>(move |row, bytes| {
        let mut stream = SplitMix64::new(key.word(row));
        let words = min_words + scale(stream.next_word(), span.saturating_add(1));
        for word in 0..words {
            if word > 0 {
                bytes.push(b' ');
            }
            vocabulary.append(zipf.draw(stream.next_word()), bytes);
        }
    })
}

/// Returns a maker of texts that fill their drawn lengths with words. The last word is cut.
fn cut_words<T: Text>(
    key: Key,
    lengths: DrawnLengths,
    vocabulary: Vocabulary,
    zipf: Zipf,
) -> Maker {
    each_row::<T>(move |row, bytes| {
        let mut stream = SplitMix64::new(key.word(row));
        let start = bytes.len();
        let end = start + lengths.at(row) as usize;
        while bytes.len() < end {
            if bytes.len() > start {
                bytes.push(b' ');
            }
            vocabulary.append(zipf.draw(stream.next_word()), bytes);
        }
        bytes.truncate(end);
    })
}

fn text(value: &Value) -> Result<&str, ContentError> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Err(ContentError::Value(value.clone())),
    }
}
