//! Reads `--set`, `--sweep` and `--table` and applies them to the tree of a file.

use serde_json::{Map, Value};

use super::error::Problem;
use super::input::Overrides;
use super::key_path::{KeyPath, canonical, set};
use super::leaf::quoted;
use super::origins::{Layer, Overlay, TypedPlace};
use super::{redact, yaml};

/// A key path and the values that are swept over.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// Canonical key path.
    pub(super) key: String,
    pub(super) values: Vec<Value>,
    pub(super) typed: TypedPlace,
}

/// Result of applying the command line to the tree.
#[derive(Debug, Default)]
pub(super) struct CommandLineChanges {
    pub(super) overlays: Vec<Overlay>,
    /// Canonical key paths of `--set`, in the order given.
    pub(super) set: Vec<String>,
    pub(super) axes: Vec<Axis>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn apply(tree: &mut Value, overrides: &Overrides) -> CommandLineChanges {
    let mut applied = CommandLineChanges::default();
    for text in &overrides.set {
        match assignment(text).and_then(|(key, value)| {
            let value = yaml::parse(value).map_err(|error| named(&key, error.message))?;
            let place = set(tree, &key, value).map_err(|message| named(&key, message))?;
            Ok((key, place))
        }) {
            Ok((key, place)) => {
                applied.set.push(key);
                applied.overlay(place);
            }
            Err(problem) => applied.problems.push(problem),
        }
    }
    for (name, url) in &overrides.tables {
        match table(tree, name, url) {
            Ok(place) => applied.overlay(place),
            Err(problem) => applied.problems.push(problem),
        }
    }
    for text in &overrides.sweep {
        match axis(text) {
            Ok(axis) if applied.set.contains(&axis.key) => applied.problems.push(named(
                &axis.key,
                "is both set and swept on the command line; use one",
            )),
            Ok(axis) if applied.axes.iter().any(|other| other.key == axis.key) => {
                applied
                    .problems
                    .push(named(&axis.key, "is swept twice on the command line"));
            }
            Ok(axis) => applied.axes.push(axis),
            Err(problem) => applied.problems.push(problem),
        }
    }
    applied
}

impl CommandLineChanges {
    fn overlay(&mut self, place: KeyPath) {
        self.overlays.push(Overlay {
            place,
            layer: Layer::CommandLine,
            typed: TypedPlace::CommandLine,
        });
    }
}

fn named(key: &str, message: impl Into<String>) -> Problem {
    Problem::new(KeyPath::of([key]), message)
}

/// Adds a table. Does not use `set`, because a table's name is not checked yet and may contain
/// dots.
fn table(tree: &mut Value, name: &str, url: &str) -> Result<KeyPath, Problem> {
    let place = KeyPath::of(["tables", name]);
    let root = tree
        .as_object_mut()
        .map(|root| root.entry("tables").or_insert(Value::Null));
    if let Some(tables @ Value::Null) = root {
        *tables = Value::Object(Map::new());
    }
    match tree.get_mut("tables") {
        Some(Value::Object(tables)) => {
            tables.insert(name.to_owned(), Value::from(url));
            Ok(place)
        }
        other => {
            let found = other.map(|value| quoted(value)).unwrap_or_default();
            Err(Problem::new(
                place,
                format!("`tables` is {found}, so no table can be added"),
            ))
        }
    }
}

/// Splits `key.path=value` into the canonical key path and the value's text.
fn assignment(text: &str) -> Result<(String, &str), Problem> {
    match text.split_once('=') {
        Some((key, value)) if !canonical(key).is_empty() => Ok((canonical(key), value)),
        _ => Err(Problem::new(
            KeyPath::default(),
            format!(
                "`{}` sets nothing; write `key.path=value`, as in `dataset.compression=zstd`",
                match text.contains("storage") && text.contains("options") {
                    true => "storage.options...".to_owned(),
                    false => redact::url(text),
                }
            ),
        )),
    }
}

fn axis(text: &str) -> Result<Axis, Problem> {
    let (key, list) = assignment(text)?;
    let mut values = Vec::new();
    for value in split_values(list) {
        if value.trim().is_empty() {
            return Err(named(
                &key,
                format!("`{list}` holds an empty value; write `a,b,c`"),
            ));
        }
        values.push(yaml::parse(value).map_err(|error| named(&key, error.message))?);
    }
    Ok(Axis {
        key,
        values,
        typed: TypedPlace::CommandLine,
    })
}

/// Splits at the commas outside of brackets and quotes.
pub(super) fn split_values(list: &str) -> Vec<&str> {
    let mut values = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0usize, None);
    for (position, character) in list.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                values.extend(list.get(start..position));
                start = position + 1;
            }
            _ => {}
        }
    }
    values.extend(list.get(start..));
    values
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("none,snappy,zstd(3)", vec!["none", "snappy", "zstd(3)"])]
    #[case("[a,b],[c]", vec!["[a,b]", "[c]"])]
    #[case("{a: 1, b: 2},x", vec!["{a: 1, b: 2}", "x"])]
    #[case("\"a,b\",'c,d'", vec!["\"a,b\"", "'c,d'"])]
    #[case("a", vec!["a"])]
    #[case("a,", vec!["a", ""])]
    #[case("", vec![""])]
    #[case(")a,b", vec![")a", "b"])]
    fn a_list_splits_outside_of_brackets_and_quotes(
        #[case] list: &str,
        #[case] expected: Vec<&str>,
    ) {
        assert_eq!(split_values(list), expected);
    }

    #[test]
    fn an_axis_reads_its_values_as_yaml() {
        let axis = axis("++reader.batch_size=1,[2, 3],null").unwrap();
        assert_eq!(axis.key, "reader.batch_size");
        assert_eq!(axis.values, [json!(1), json!([2, 3]), json!(null)]);
    }

    #[rstest]
    #[case("dataset.compression")]
    #[case("=zstd")]
    #[case("")]
    fn an_assignment_without_key_or_value_is_refused(#[case] text: &str) {
        assert!(
            assignment(text)
                .unwrap_err()
                .message
                .contains("write `key.path=value`")
        );
    }

    #[test]
    fn a_table_is_added_to_a_tree_without_tables() {
        let mut tree = json!({});
        table(&mut tree, "t", "x.parquet").unwrap();
        assert_eq!(tree, json!({"tables": {"t": "x.parquet"}}));
    }
}
