//! Reads YAML text into a tree of values, within limits that hold for any text.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Longest text that is read, in bytes. The longest known workload file has 15 kB.
const LONGEST_TEXT_BYTES: usize = 16 << 20;

/// Largest weight of the tree after aliases are expanded: 16 for every value, 1 for every byte of
/// text. A small file can expand to terabytes ("billion laughs").
const HEAVIEST_TREE: usize = 64 << 20;

/// Deepest nesting of brackets and braces. It is checked before parsing, whose time grows with the
/// square of the depth.
const DEEPEST_NESTING: usize = 128;

/// Reason why a text could not be read.
#[derive(Debug)]
pub(super) struct YamlError {
    /// Line, counted from 1. Absent if the error is about the text as a whole.
    pub(super) line: Option<usize>,
    /// Key path; empty at the top.
    pub(super) path: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// Reads one YAML document; an empty one is null. Merge keys (`<<`) are applied, as DLIO applies
/// them.
///
/// # Errors
///
/// A syntax error, several documents, a repeated key, a tag, a number beyond 64 bits, or a text
/// over the limits.
pub(super) fn parse(text: &str) -> Result<Value, YamlError> {
    let whole = |message: String| YamlError {
        line: None,
        path: String::new(),
        message,
        hint: None,
    };
    if text.len() > LONGEST_TEXT_BYTES {
        return Err(whole(format!(
            "{} bytes are more than a config may have ({LONGEST_TEXT_BYTES})",
            text.len()
        )));
    }
    if brackets_nest_deeper_than(text, DEEPEST_NESTING) {
        return Err(whole(format!(
            "brackets nest deeper than {DEEPEST_NESTING} levels"
        )));
    }
    let mut weight_left = Cell::new(HEAVIEST_TREE);
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_yaml::Deserializer::from_str(text);
    let tracked = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    match (Tree {
        weight_left: &mut weight_left,
    })
    .deserialize(tracked)
    {
        Ok(tree) => Ok(tree),
        Err(error) => Err(explain(&error, &track.path().to_string(), text)),
    }
}

/// Returns true if brackets nest deeper than `limit`. Quotes and comments are not treated
/// specially, so a text may be refused by mistake, but only one that is far from being a config.
fn brackets_nest_deeper_than(text: &str, limit: usize) -> bool {
    let mut depth = 0usize;
    let mut deepest = 0usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest > limit
}

fn explain(error: &serde_yaml::Error, path: &str, text: &str) -> YamlError {
    let line = error.location().map(|location| location.line());
    let mut message = error.to_string();
    // The path and the line have fields of their own.
    if let Some(end) = message.find(" at line ") {
        message.truncate(end);
    }
    // After an unreadable key the path ends in `.` or `?`.
    let path = path.trim_end_matches(['.', '?']).to_owned();
    // The message starts with the path of the mapping or of one around it.
    let around = path
        .char_indices()
        .filter(|(_, character)| matches!(character, '.' | '['));
    let ends = around.map(|(end, _)| end).chain([path.len()]);
    for prefix in ends.filter_map(|end| path.get(..end)) {
        let unrooted = message.strip_prefix('.').unwrap_or(&message);
        if let Some(rest) = unrooted.strip_prefix(&format!("{prefix}: ")) {
            message = rest.to_owned();
            break;
        }
    }
    if message.contains("more than one document") {
        message = "holds several YAML documents; a config is one".to_owned();
    } else if message.contains("repetition limit exceeded") {
        message = "it stands for too many values".to_owned();
    } else if message.contains("recursion limit exceeded") {
        message = "nests too deep".to_owned();
    }
    let line_text = line
        .and_then(|line| text.lines().nth(line - 1))
        .unwrap_or_default();
    let indented_by_tab = line_text.trim_start_matches(' ').starts_with('\t');
    let hint = indented_by_tab.then(|| "YAML indents with spaces, never with tabs".to_owned());
    YamlError {
        line,
        path,
        message,
        hint,
    }
}

/// Builds a value and subtracts its weight from the limit.
#[derive(Clone, Copy)]
struct Tree<'a> {
    weight_left: &'a Cell<usize>,
}

impl Tree<'_> {
    fn pay<E: serde::de::Error>(self, text_bytes: usize) -> Result<(), E> {
        match self.weight_left.get().checked_sub(16 + text_bytes) {
            Some(left) => {
                self.weight_left.set(left);
                Ok(())
            }
            None => Err(E::custom("it stands for too many values")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, number, boolean, list or mapping without a YAML tag")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.pay(0)?;
        Ok(Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.pay(0)?;
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.pay(0)?;
        Ok(Value::from(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.pay(0)?;
        Ok(Value::from(value))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Value, E> {
        Err(E::custom(format!("{value} does not fit 64 bits")))
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Value, E> {
        Err(E::custom(format!("{value} does not fit 64 bits")))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.pay(0)?;
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(format!("{value} is not a finite number")))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.pay(value.len())?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.pay(0)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.pay(0)?;
        let mut map = Map::new();
        let mut merged = Vec::new();
        while let Some(key) = entries.next_key_seed(NewKey {
            tree: self,
            taken: &map,
        })? {
            let value = entries.next_value_seed(self)?;
            if key == "<<" {
                merged.push(value);
            } else {
                map.insert(key, value);
            }
        }
        for value in merged {
            let sources = match value {
                Value::Array(sources) => sources,
                one => vec![one],
            };
            for source in sources {
                let Value::Object(source) = source else {
                    return Err(A::Error::custom("`<<` merges mappings only"));
                };
                for (key, value) in source {
                    map.entry(key).or_insert(value);
                }
            }
        }
        Ok(Value::Object(map))
    }
}

/// Reads a mapping's key as text. Fails if the mapping has it already.
struct NewKey<'a> {
    tree: Tree<'a>,
    taken: &'a Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NewKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain key")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<String, E> {
        self.tree.pay(value.len())?;
        if self.taken.contains_key(value) {
            return Err(E::custom(format!("the key `{value}` is given twice")));
        }
        Ok(value.to_owned())
    }
}
