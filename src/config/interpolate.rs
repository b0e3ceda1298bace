//! OmegaConf's references: `${dataset.num_files_train}`, `${oc.env:HOME}/data`.
//!
//! OmegaConf resolves a value when a program asks for it. Accordingly only values that have an
//! effect here are resolved. A file's settings for Hydra's folders or an object store's keys stay
//! as written, and no secret gets into a record.

use std::env::{VarError, var};

use serde_json::{Map, Value};

use super::error::Problem;
use super::key_path::{self, KeyPath, Step, canonical, item_name};
use super::leaf::quoted;
use super::overrides::split_values;
use super::{shape, training, yaml};

const OPENING: &str = "${";

/// Names of the functions that a reference can call.
const KNOWN: &str = "oc.env, oc.decode, oc.select";

/// Longest chain of references that lead to one another.
const LONGEST_CHAIN: usize = 64;

/// Largest number of references that are followed for one config. A small file can expand to any
/// number of them.
const MOST_REFERENCES: usize = 1 << 17;

/// Largest weight of all values of a config after references are replaced: 16 for every value, 1
/// for every byte of text. A small file can expand to terabytes.
const HEAVIEST: usize = 64 << 20;

const TOO_MANY: &str = "its references stand for too many values";

/// Resolves references in place. A text that cannot be resolved stays as it is; the reasons are
/// returned as problems.
pub(super) fn resolve(tree: &mut Value) -> Vec<Problem> {
    if !holds_reference(tree) {
        return Vec::new();
    }
    let written = tree.clone();
    let mut resolver = Resolver {
        written: &written,
        chain: Vec::new(),
        references_left: MOST_REFERENCES,
        weight_left: HEAVIEST,
    };
    let mut problems = Vec::new();
    resolver.walk(tree, &KeyPath::default(), &mut problems);
    problems
}

fn holds_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(OPENING),
        Value::Array(items) => items.iter().any(holds_reference),
        Value::Object(map) => map.values().any(holds_reference),
        _ => false,
    }
}

/// Escapes `${` in texts. Reading the escaped texts gives the original ones.
pub(super) fn escape(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(OPENING) => {
            let mut escaped = String::new();
            let mut pieces = text.split(OPENING).peekable();
            while let Some(piece) = pieces.next() {
                escaped.push_str(piece);
                if pieces.peek().is_some() {
                    // Each backslash in front of `${` is doubled, and one more is added.
                    escaped.push_str(&"\\".repeat(trailing_slashes(piece) + 1));
                    escaped.push_str(OPENING);
                }
            }
            *text = escaped;
        }
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(map) => map.values_mut().for_each(escape),
        _ => {}
    }
}

fn trailing_slashes(text: &str) -> usize {
    text.len() - text.trim_end_matches('\\').len()
}

struct Resolver<'a> {
    written: &'a Value,
    /// Key paths whose values are being resolved, outermost first. Shows circles.
    chain: Vec<String>,
    references_left: usize,
    weight_left: usize,
}

impl Resolver<'_> {
    fn walk(&mut self, value: &mut Value, place: &KeyPath, problems: &mut Vec<Problem>) {
        match value {
            Value::String(text) if text.contains(OPENING) => {
                self.chain = vec![place.to_string()];
                match self.text(text, place) {
                    Ok(resolved) => *value = resolved,
                    Err(message) => problems.push(Problem::new(place.clone(), message)),
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let name = item_name(item).filter(|_| place.is_columns());
                    let place = place.item(index, name);
                    self.walk(item, &place, problems);
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    let place = place.key(key);
                    let path = place.to_string();
                    let text = value.as_str().unwrap_or_default();
                    if !shape::has_no_effect(&path) && !training::is_left_to_hydra(&path, text) {
                        self.walk(value, &place, problems);
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns a value with all references within it resolved.
    fn value(&mut self, value: &Value, place: &KeyPath) -> Result<Value, String> {
        match value {
            Value::String(text) if text.contains(OPENING) => self.text(text, place),
            Value::String(text) => {
                self.pay(text.len())?;
                Ok(value.clone())
            }
            Value::Array(items) => {
                self.pay(0)?;
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    list.push(self.value(item, &place.item(index, None))?);
                }
                Ok(Value::Array(list))
            }
            Value::Object(entries) => {
                self.pay(0)?;
                let mut map = Map::new();
                for (key, entry) in entries {
                    self.pay(key.len())?;
                    map.insert(key.clone(), self.value(entry, &place.key(key))?);
                }
                Ok(Value::Object(map))
            }
            plain => {
                self.pay(0)?;
                Ok(plain.clone())
            }
        }
    }

    fn pay(&mut self, text_bytes: usize) -> Result<(), String> {
        let left = self.weight_left.checked_sub(16 + text_bytes);
        self.weight_left = left.ok_or(TOO_MANY)?;
        Ok(())
    }

    /// Returns a text with its references resolved. A text that consists of one reference becomes
    /// the value of that reference, of whatever type.
    fn text(&mut self, text: &str, place: &KeyPath) -> Result<Value, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once(OPENING) {
            let slashes = trailing_slashes(before);
            filled.push_str(before.trim_end_matches('\\'));
            filled.push_str(&"\\".repeat(slashes / 2));
            if slashes % 2 == 1 {
                filled.push_str(OPENING);
                rest = inner;
                continue;
            }
            let (reference, after) = closed(inner).ok_or_else(|| {
                format!("`{text}` opens `${{` and does not close it; text of that kind is written `\\${{`")
            })?;
            let value = self.reference(reference, place)?;
            if rest.len() == text.len() && before.is_empty() && after.is_empty() {
                return Ok(value);
            }
            let shown = shown(value, reference)?;
            self.pay(shown.len())?;
            filled.push_str(&shown);
            rest = after;
        }
        filled.push_str(rest);
        self.pay(filled.len())?;
        Ok(Value::String(filled))
    }

    /// Returns the value that `${reference}` stands for.
    fn reference(&mut self, reference: &str, place: &KeyPath) -> Result<Value, String> {
        self.references_left = self.references_left.checked_sub(1).ok_or(TOO_MANY)?;
        if let Some((function, arguments)) = call_of(reference) {
            return self.call(function, arguments, place);
        }
        // The key path may itself contain references.
        let key = self.text(reference, place)?;
        let key = shown(key, reference)?;
        match self.select(key.trim(), place)? {
            Some(value) => Ok(value),
            None => Err(format!(
                "`${{{reference}}}` refers to `{}`, which the config does not have",
                key.trim()
            )),
        }
    }

    fn call(&mut self, function: &str, text: &str, place: &KeyPath) -> Result<Value, String> {
        let whole = format!("${{{function}:{text}}}");
        if !KNOWN.split(", ").any(|known| known == function) {
            return Err(format!(
                "`{whole}` calls `{function}`, which is not known here; known: {KNOWN}. Text of that kind is written \
                 `\\{whole}`"
            ));
        }
        let mut arguments = Vec::new();
        for argument in split_values(text) {
            arguments.push(self.argument(argument.trim(), place)?);
        }
        let most = if function == "oc.decode" { 1 } else { 2 };
        if arguments.len() > most {
            return Err(format!("`{whole}` has more than {most} arguments"));
        }
        let mut arguments = arguments.into_iter();
        let first = arguments.next().unwrap_or(Value::Null);
        let default = arguments.next();
        match function {
            "oc.env" => {
                let name = shown(first, text)?;
                match (var(&name), default) {
                    (Ok(value), _) => Ok(Value::String(value)),
                    (Err(VarError::NotUnicode(_)), _) => Err(format!(
                        "`{whole}`: the variable `{name}` of the environment is not UTF-8"
                    )),
                    (Err(VarError::NotPresent), Some(Value::Null)) => Ok(Value::Null),
                    // As in OmegaConf, values from the environment are text.
                    (Err(VarError::NotPresent), Some(default)) => {
                        Ok(Value::String(shown(default, text)?))
                    }
                    (Err(VarError::NotPresent), None) => Err(format!(
                        "`{whole}`: the environment has no variable `{name}`; set it, or write \
                         `${{oc.env:{name},default}}`"
                    )),
                }
            }
            "oc.decode" => match first {
                Value::String(text) => {
                    yaml::parse(&text).map_err(|error| format!("`{whole}`: {}", error.message))
                }
                other => Ok(other),
            },
            _ => {
                let key = shown(first, text)?;
                let found = self.select(&key, place)?.filter(|value| !value.is_null());
                found.or(default).ok_or_else(|| {
                    format!("`{whole}` selects `{key}`, which the config does not have")
                })
            }
        }
    }

    /// Reads an argument of a function: a reference, a text in quotes, a number, `null`, or
    /// unquoted text.
    fn argument(&mut self, text: &str, place: &KeyPath) -> Result<Value, String> {
        if text.contains(OPENING) {
            return self.text(text, place);
        }
        Ok(match yaml::parse(text) {
            Ok(value) if !text.is_empty() && !value.is_array() && !value.is_object() => value,
            _ => Value::from(text),
        })
    }

    /// Returns the value at a key path, which starts from the top or, if it has leading dots, from
    /// the mapping around `place`. None if the config has no such value.
    fn select(&mut self, key: &str, place: &KeyPath) -> Result<Option<Value>, String> {
        let below = key.trim_start_matches('.');
        let dots = key.len() - below.len();
        let mut parts = Vec::new();
        if dots > 0 {
            let around = place.steps().len().saturating_sub(dots);
            for step in place.steps().iter().take(around) {
                parts.push(match step {
                    Step::Key(key) => key.clone(),
                    Step::Item { index, .. } => index.to_string(),
                });
            }
        }
        match dots {
            0 => parts = key_path::split(&canonical(below))?,
            _ if below.is_empty() => {}
            _ => parts.extend(key_path::split(below)?),
        }
        let written = self.written;
        let Some((value, found)) = key_path::get(written, &parts) else {
            return Ok(None);
        };
        let name = found.to_string();
        if self.chain.contains(&name) {
            let mut way = std::mem::take(&mut self.chain);
            way.push(name);
            return Err(format!(
                "refers to itself in a circle: {}",
                way.join(" -> ")
            ));
        }
        if self.chain.len() >= LONGEST_CHAIN {
            return Err(format!(
                "refers to `{name}` by more than {LONGEST_CHAIN} references in a row"
            ));
        }
        self.chain.push(name);
        let resolved = self.value(value, &found);
        self.chain.pop();
        resolved.map(Some)
    }
}

/// Splits a text that follows `${` into the inside of the reference and the text behind its `}`.
/// None if the reference is not closed.
fn closed(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote) = (0usize, None);
    for (position, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => {
                return Some((text.get(..position)?, text.get(position + 1..)?));
            }
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Splits a call: `oc.env:HOME` -> `oc.env`, `HOME`. None for a key path.
fn call_of(reference: &str) -> Option<(&str, &str)> {
    let end = reference.find(OPENING).unwrap_or(reference.len());
    let at = reference.get(..end)?.find(':')?;
    Some((reference.get(..at)?.trim(), reference.get(at + 1..)?))
}

/// Returns a value as Python would show it within a text. Fails for lists and mappings.
fn shown(value: Value, reference: &str) -> Result<String, String> {
    Ok(match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        other => {
            return Err(format!(
                "`${{{reference}}}` is {}, which cannot stand within a text",
                quoted(&other)
            ));
        }
    })
}
