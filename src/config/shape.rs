//! The shape of a config: the keys at every level, and the places of mappings and lists. It is read
//! from the JSON Schema of the raw mirror, and therefore cannot disagree with it.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::dlio;
use super::error::{MOST_PROBLEMS_SHOWN, Problem};
use super::key_path::{KeyPath, item_name};
use super::leaf::quoted;
use super::raw::RawConfig;
use super::redact;
use crate::suggest::{did_you_mean, nearest};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let generator = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut schema = generator.into_root_schema_for::<RawConfig>().to_value();
    for section in dlio::without_effect() {
        add_keys_without_effect(&mut schema, section.path, section.keys);
    }
    schema
});

fn add_keys_without_effect(schema: &mut Value, path: &str, keys: &[&str]) {
    let mut node = schema;
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let node_of_key = &mut node["properties"][key];
        if node_of_key.is_null() {
            // `model: dlrm` is accepted like `model: {name: dlrm}`.
            let types = if key == "model" {
                json!(["object", "string", "null"])
            } else {
                json!(["object", "null"])
            };
            *node_of_key = json!({
                "description": "A section of DLIO without effect here.",
                "type": types,
                "properties": {},
                "additionalProperties": false,
                dlio::NO_EFFECT: true,
            });
        }
        node = node_of_key;
    }
    for key in keys {
        node["properties"][key] =
            json!({"description": "A key of DLIO without effect here.", dlio::NO_EFFECT: true});
    }
}

/// Returns the JSON Schema (draft 2020-12) of a config file, for editors and other tools.
pub fn json_schema() -> Value {
    let mut schema = SCHEMA.clone();
    let reader = schema["properties"]["reader"].clone();
    schema["properties"]["data_reader"] = reader;
    schema
}

/// A config reduced to the parts that have the right shape.
pub(super) struct ShapedConfig {
    /// The config without empty keys, unknown keys, keys without effect, and values of the wrong
    /// shape.
    pub(super) tree: Value,
    /// Key paths of the keys without effect.
    pub(super) without_effect: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn check(tree: &Value) -> ShapedConfig {
    let mut check = ShapeCheck {
        without_effect: Vec::new(),
        problems: Vec::new(),
    };
    let tree = check
        .descend(&SCHEMA, tree, &KeyPath::default())
        .unwrap_or_else(|| json!({}));
    ShapedConfig {
        tree,
        without_effect: check.without_effect,
        problems: check.problems,
    }
}

/// Returns true if a key path (canonical, columns by name or index) leads to a key that has no
/// effect here.
pub(super) fn has_no_effect(path: &str) -> bool {
    let mut node = &*SCHEMA;
    for key in path.split('.') {
        node = &node["properties"][key];
        if is_without_effect(node) {
            return true;
        }
    }
    false
}

/// Returns true if the top of a config has this key.
pub(super) fn is_section(key: &str) -> bool {
    SCHEMA["properties"].get(key).is_some()
}

/// Returns the message for a key that the top of a config does not have.
pub(super) fn unknown_section(key: &str) -> String {
    unknown_key(key, SCHEMA["properties"].as_object())
}

struct ShapeCheck {
    without_effect: Vec<String>,
    problems: Vec<Problem>,
}

impl ShapeCheck {
    /// Returns the parts of `value` that have the right shape. None if there are none.
    fn descend(&mut self, schema: &Value, value: &Value, path: &KeyPath) -> Option<Value> {
        let schema = resolved(schema);
        let branches = branches(schema);
        let branch = |kind: &str| {
            branches
                .iter()
                .copied()
                .find(|branch| has_type(branch, kind))
        };
        match value {
            _ if is_free(schema) => Some(value.clone()),
            Value::Null => None,
            Value::Object(map) => match branch("object") {
                Some(schema) => Some(Value::Object(self.mapping(schema, map, path))),
                None => self.mismatch(&branches, value, path),
            },
            Value::Array(items) => match branch("array") {
                Some(schema) => Some(Value::Array(self.list(&schema["items"], items, path))),
                None => self.mismatch(&branches, value, path),
            },
            _ if ["string", "boolean", "number", "integer"]
                .into_iter()
                .any(|kind| branch(kind).is_some()) =>
            {
                // The raw mirror checks the type of scalars, with messages of its own.
                Some(value.clone())
            }
            _ => self.mismatch(&branches, value, path),
        }
    }

    fn mapping(
        &mut self,
        schema: &Value,
        map: &Map<String, Value>,
        path: &KeyPath,
    ) -> Map<String, Value> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut kept = Map::new();
        for (key, value) in map {
            let place = path.key(key);
            let known = match properties {
                Some(properties) => properties.get(key),
                None => schema.get("additionalProperties"),
            };
            match known {
                None => {
                    // The search for near keys takes time, and so many problems are not shown.
                    let message = match self.problems.len() < MOST_PROBLEMS_SHOWN {
                        true => unknown_key(key, properties),
                        false => "unknown key".to_owned(),
                    };
                    self.problems.push(Problem::new(place, message));
                }
                Some(known) if is_without_effect(known) => self.skip(known, value, &place),
                Some(known) => {
                    match self.descend(known, value, &place) {
                        Some(value) => _ = kept.insert(key.clone(), value),
                        // In a mapping with names of the user's choice, an empty entry has a
                        // meaning, too.
                        None if value.is_null() && properties.is_none() => {
                            kept.insert(key.clone(), Value::Null);
                        }
                        None => {}
                    }
                }
            }
        }
        kept
    }

    /// Notes a key without effect, and checks for unknown keys below it.
    fn skip(&mut self, schema: &Value, value: &Value, path: &KeyPath) {
        match value {
            Value::Object(map) if schema.get("properties").is_some() => {
                self.mapping(schema, map, path);
            }
            _ if has_type(schema, "object") && !has_type(schema, "string") && !value.is_null() => {
                self.mismatch(&[schema], value, path);
            }
            _ => self.without_effect.push(path.to_string()),
        }
    }

    fn list(&mut self, schema: &Value, items: &[Value], path: &KeyPath) -> Vec<Value> {
        let descend = |(index, item): (usize, &Value)| {
            let name = if path.is_columns() {
                item_name(item)
            } else {
                None
            };
            let place = path.item(index, name);
            // An empty element stays as null, so the indexes of the others do not change.
            self.descend(schema, item, &place).unwrap_or(Value::Null)
        };
        items.iter().enumerate().map(descend).collect()
    }

    fn mismatch(&mut self, branches: &[&Value], value: &Value, path: &KeyPath) -> Option<Value> {
        const WORDS: [(&str, &str); 6] = [
            ("object", "a mapping"),
            ("array", "a list"),
            ("string", "text"),
            ("number", "a number"),
            ("integer", "a whole number"),
            ("boolean", "a boolean"),
        ];
        let wanted: Vec<&str> = WORDS
            .iter()
            .filter(|(kind, _)| branches.iter().any(|branch| has_type(branch, kind)))
            .map(|(_, word)| *word)
            .collect();
        let found = match redact::may_be_secret(path) {
            true => "something else".to_owned(),
            false => quoted(value),
        };
        let message = format!("expected {}, found {found}", wanted.join(" or "));
        self.problems.push(Problem::new(path.clone(), message));
        None
    }
}

/// Follows the reference by which a schema that contains itself is given.
fn resolved(schema: &Value) -> &Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| SCHEMA.pointer(reference.trim_start_matches('#')))
        .unwrap_or(schema)
}

/// Returns the alternatives of a schema, including nested ones.
fn branches(schema: &Value) -> Vec<&Value> {
    let schema = resolved(schema);
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(alternatives) => alternatives.iter().flat_map(branches).collect(),
        None => vec![schema],
    }
}

fn has_type(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

/// Returns true if a schema takes any value.
fn is_free(schema: &Value) -> bool {
    *schema == Value::Bool(true)
}

fn is_without_effect(schema: &Value) -> bool {
    schema.get(dlio::NO_EFFECT).is_some()
}

/// Returns `unknown key` with a hint: the place that has this key, the nearest key, or all keys
/// that have an effect.
fn unknown_key(key: &str, properties: Option<&Map<String, Value>>) -> String {
    if let Some(place) = dlio::place_of_flat(key) {
        return format!("unknown key (did you mean `{place}`?)");
    }
    let properties = properties.into_iter().flatten();
    let here: Vec<&str> = properties.clone().map(|(name, _)| name.as_str()).collect();
    if nearest(key, here.iter().copied()).is_some() {
        return format!("unknown key{}", did_you_mean(key, here));
    }
    let mut elsewhere = Vec::new();
    find_key(&SCHEMA, key, "", &mut elsewhere);
    if let [only] = elsewhere.as_slice() {
        return format!("unknown key (did you mean `{only}`?)");
    }
    let known: Vec<&str> = properties
        .filter(|(_, schema)| !is_without_effect(schema))
        .map(|(name, _)| name.as_str())
        .collect();
    match known.as_slice() {
        [] => "unknown key".to_owned(),
        known => format!("unknown key; known here: {}", known.join(", ")),
    }
}

/// Collects the key paths, outside of lists and of named tables, that end in `key`.
fn find_key(schema: &Value, key: &str, path: &str, found: &mut Vec<String>) {
    for (name, schema) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        if name == key {
            found.push(path.clone());
        }
        find_key(schema, key, &path, found);
    }
}
