//! Keys of a config, as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::shape::{Shape, Single};

/// Keys of a column or of its distribution, as in a config.
pub(super) type Keys = Map<String, Json>;

/// Seed of a learned config.
pub(super) const SEED: u64 = 42;

/// Returns the keys of a column's type, with the keys that such a type needs.
pub(super) fn bare(shape: &Shape) -> Keys {
    match shape {
        Shape::Single(single) => type_keys(single, 1),
        Shape::Vector(single, size) => type_keys(single, *size),
        Shape::List(item) => keys_of(json!({
            "dtype": "list", "item": bare(item), "distribution": { "length": { "max": 1 } },
        })),
        Shape::Struct(fields) => {
            let fields: Vec<Keys> = fields
                .iter()
                .map(|(name, shape)| {
                    let mut keys = keys_of(json!({ "name": name }));
                    keys.extend(bare(shape));
                    keys
                })
                .collect();
            keys_of(json!({ "dtype": "struct", "fields": fields }))
        }
    }
}

pub(super) fn type_keys(single: &Single, vector: u64) -> Keys {
    let mut keys = keys_of(json!({ "dtype": single.dtype.to_string() }));
    if let Some(zone) = &single.time_zone {
        keys.insert("time_zone".to_owned(), json!(zone));
    }
    if vector > 1 {
        keys.insert("size".to_owned(), json!(vector));
    }
    keys
}

/// Returns the keys of an object. Empty for any other JSON.
pub(super) fn keys_of(json: Json) -> Keys {
    match json {
        Json::Object(keys) => keys,
        _ => Keys::new(),
    }
}

/// Returns the same keys with `more` added.
pub(super) fn with(keys: &Keys, more: Json) -> Keys {
    let mut keys = keys.clone();
    keys.extend(keys_of(more));
    keys
}

/// Rounds to four significant digits.
pub(super) fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

/// Turns counts into weights: each is its share of the total, to four significant digits, so that
/// the rarest value keeps a weight too.
pub(super) fn weights<K: Ord>(counts: &BTreeMap<K, usize>) -> Vec<f64> {
    let total: usize = counts.values().sum();
    counts
        .values()
        .map(|count| rounded(*count as f64 / total.max(1) as f64))
        .collect()
}
