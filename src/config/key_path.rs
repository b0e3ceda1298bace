//! Key paths, which give the place of a value in a config, and functions that get or set the value
//! there.

use std::fmt;

use serde_json::{Map, Value};

use crate::suggest::did_you_mean;

/// One step from a mapping or a list to one of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    /// An element of a list. Messages show its name if it has one, as columns do.
    Item {
        index: usize,
        name: Option<String>,
    },
}

/// Steps from the top of a config, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeyPath(Vec<Step>);

impl KeyPath {
    /// Makes a path of plain keys, as in `["dataset", "parquet"]`.
    pub(super) fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> KeyPath {
        KeyPath(
            keys.into_iter()
                .map(|key| Step::Key(key.to_owned()))
                .collect(),
        )
    }

    pub(super) fn key(&self, key: &str) -> KeyPath {
        self.then(Step::Key(key.to_owned()))
    }

    pub(super) fn item(&self, index: usize, name: Option<&str>) -> KeyPath {
        self.then(Step::Item {
            index,
            name: name.map(str::to_owned),
        })
    }

    /// Returns the same path below one more key.
    pub(super) fn within(&self, key: &str) -> KeyPath {
        let steps = std::iter::once(Step::Key(key.to_owned()));
        KeyPath(steps.chain(self.0.iter().cloned()).collect())
    }

    fn then(&self, step: Step) -> KeyPath {
        let mut steps = self.0.clone();
        steps.push(step);
        KeyPath(steps)
    }

    /// Returns true if the path leads to a list whose elements are known by their names.
    pub(super) fn is_columns(&self) -> bool {
        matches!(self.0.last(), Some(Step::Key(key)) if key == "columns" || key == "fields")
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Returns true if `other` is this place or lies within it. Elements of a list are compared by
    /// their index alone.
    pub(super) fn holds(&self, other: &KeyPath) -> bool {
        let same = |one: &Step, two: &Step| match (one, two) {
            (Step::Key(one), Step::Key(two)) => one == two,
            (Step::Item { index: one, .. }, Step::Item { index: two, .. }) => one == two,
            _ => false,
        };
        self.0.len() <= other.0.len()
            && self.0.iter().zip(&other.0).all(|(one, two)| same(one, two))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Item { index, name: None } => write!(f, "[{index}]")?,
                Step::Key(name)
                | Step::Item {
                    name: Some(name), ..
                } => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
            }
        }
        Ok(())
    }
}

/// Returns a key path in its canonical spelling: without Hydra's `+`, `++` and `workload.`, with
/// `reader` for `data_reader`, with `measure.workers` for `workers`, and without the repeated
/// `datafusion.` of DataFusion's own names.
pub(super) fn canonical(typed: &str) -> String {
    let typed = typed.trim().trim_start_matches('+');
    let typed = typed.strip_prefix("workload.").unwrap_or(typed);
    if typed == "workers" {
        return "measure.workers".to_owned();
    }
    if let Some(option) = typed.strip_prefix("datafusion.") {
        return format!(
            "datafusion.{}",
            option.strip_prefix("datafusion.").unwrap_or(option)
        );
    }
    match typed.strip_prefix("data_reader") {
        Some(rest) if rest.is_empty() || rest.starts_with('.') => format!("reader{rest}"),
        _ => typed.to_owned(),
    }
}

/// Puts `value` at `path` (canonical), and creates missing mappings on the way. Elements of lists
/// are named by their `name` or by their index (`columns[3]`, `columns.3`). Returns the outermost
/// place that was created or replaced.
///
/// # Errors
///
/// A message if an element does not exist, or if the path goes on below a plain value.
pub(super) fn set(tree: &mut Value, path: &str, value: Value) -> Result<KeyPath, String> {
    let parts = split(path)?;
    let mut place = KeyPath::default();
    let mut node = tree;
    let mut rest = parts.as_slice();
    let mut created = None;
    while !rest.is_empty() {
        if node.is_null() && created.is_none() {
            created = Some(place.clone());
        }
        (node, place, rest) = enter(node, place, rest)?;
    }
    *node = value;
    Ok(created.unwrap_or(place))
}

/// Returns the value at the end of a path, given by its parts, and its place. None if it is
/// missing.
pub(super) fn get<'a>(tree: &'a Value, parts: &[String]) -> Option<(&'a Value, KeyPath)> {
    let mut node = tree;
    let mut place = KeyPath::default();
    let mut rest = parts;
    while let Some((part, further)) = rest.split_first() {
        match node {
            Value::Object(map) => {
                node = map.get(part)?;
                place = place.key(part);
                rest = further;
            }
            Value::Array(items) => {
                let (index, used) = find_item(items, rest)?;
                let name = items.get(index).and_then(item_name);
                let name = name.filter(|_| place.is_columns());
                place = place.item(index, name);
                node = items.get(index)?;
                rest = rest.get(used..)?;
            }
            _ => return None,
        }
    }
    Some((node, place))
}

/// Splits a path into its parts: `columns[3].size` -> `columns`, `3`, `size`.
pub(super) fn split(path: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    for part in path.split('.') {
        match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((key, index)) => parts.extend([key.to_owned(), index.to_owned()]),
            None => parts.push(part.to_owned()),
        }
    }
    if parts.iter().any(String::is_empty) {
        return Err(format!(
            "`{path}` is not a key path; write `dataset.compression`"
        ));
    }
    // The keys within these two sections contain dots themselves.
    if let Some((section @ ("datafusion" | "sweep"), entry)) = path.split_once('.') {
        return Ok(vec![section.to_owned(), entry.to_owned()]);
    }
    Ok(parts)
}

type NextNode<'node, 'parts> = (&'node mut Value, KeyPath, &'parts [String]);

/// Takes one step down. Uses up several parts if a column's name itself contains dots.
fn enter<'node, 'parts>(
    node: &'node mut Value,
    place: KeyPath,
    parts: &'parts [String],
) -> Result<NextNode<'node, 'parts>, String> {
    let Some((part, rest)) = parts.split_first() else {
        return Ok((node, place, parts));
    };
    if let Value::Array(items) = node {
        let (index, used) = find_item(items, parts).ok_or_else(|| {
            let names: Vec<&str> = items.iter().filter_map(item_name).collect();
            format!(
                "`{place}` has {} elements and none is called `{part}`{}",
                items.len(),
                did_you_mean(part, names)
            )
        })?;
        let place = place.item(index, items.get(index).and_then(item_name));
        return match items.get_mut(index) {
            Some(item) => Ok((item, place, parts.get(used..).unwrap_or_default())),
            None => Err(format!("`{place}` does not exist")),
        };
    }
    if node.is_null() && place.is_columns() {
        return Err(format!(
            "`{place}` lists no columns, so none is called `{part}`"
        ));
    }
    unfold_shorthand(node, &place);
    match node {
        Value::Object(map) => {
            let place = place.key(part);
            Ok((map.entry(part.clone()).or_insert(Value::Null), place, rest))
        }
        other => Err(format!("`{place}` is `{other}`, so it has no key `{part}`")),
    }
}

fn find_item(items: &[Value], parts: &[String]) -> Option<(usize, usize)> {
    let by_name = (1..=parts.len()).rev().find_map(|used| {
        let name = parts.get(..used)?.join(".");
        let index = items
            .iter()
            .position(|item| item_name(item) == Some(name.as_str()))?;
        Some((index, used))
    });
    by_name.or_else(|| {
        let index: usize = parts.first()?.parse().ok()?;
        (index < items.len()).then_some((index, 1))
    })
}

/// Returns the name of a list's element: its key `name`, or the element itself if it is a text.
pub(super) fn item_name(item: &Value) -> Option<&str> {
    item.as_str().or_else(|| item.get("name")?.as_str())
}

/// Replaces null by an empty mapping, and a text that is short for a mapping by a mapping with one
/// key.
fn unfold_shorthand(node: &mut Value, place: &KeyPath) {
    let key = match place.steps() {
        [.., Step::Key(parent), Step::Item { .. }] if parent == "columns" || parent == "fields" => {
            "name"
        }
        [.., Step::Key(last)] if last == "distribution" => "kind",
        [Step::Key(first), Step::Key(_)] if first == "tables" => "path",
        _ => "",
    };
    match node {
        Value::Null => *node = Value::Object(Map::new()),
        Value::String(text) if !key.is_empty() => {
            let text = std::mem::take(text);
            *node = Value::Object(Map::from_iter([(key.to_owned(), Value::String(text))]));
        }
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("+dataset.format", "dataset.format")]
    #[case("++workload.dataset.format", "dataset.format")]
    #[case("data_reader.batch_size", "reader.batch_size")]
    #[case("data_reader", "reader")]
    #[case("data_readers.x", "data_readers.x")]
    #[case(
        "datafusion.datafusion.execution.batch_size",
        "datafusion.execution.batch_size"
    )]
    fn spellings_of_one_key_path_become_one(#[case] typed: &str, #[case] expected: &str) {
        assert_eq!(canonical(typed), expected);
    }

    #[test]
    fn missing_and_empty_mappings_are_created_on_the_way() {
        let mut tree = json!({"dataset": {}});
        let place = set(&mut tree, "dataset.parquet.row_group_size", json!(5)).unwrap();
        assert_eq!(tree, json!({"dataset": {"parquet": {"row_group_size": 5}}}));
        assert_eq!(place.to_string(), "dataset.parquet");
        let place = set(&mut tree, "dataset.parquet.row_group_size", json!(6)).unwrap();
        assert_eq!(place.to_string(), "dataset.parquet.row_group_size");
    }

    #[rstest]
    #[case("columns.label.size")]
    #[case("columns.1.size")]
    #[case("columns[1].size")]
    fn a_column_is_addressed_by_name_or_index(#[case] path: &str) {
        let mut tree = json!({"columns": [{"name": "id"}, {"name": "label"}]});
        let place = set(&mut tree, path, json!(4)).unwrap();
        assert_eq!(
            tree,
            json!({"columns": [{"name": "id"}, {"name": "label", "size": 4}]})
        );
        assert_eq!(place.to_string(), "columns.label.size");
    }

    #[test]
    fn a_column_whose_name_holds_dots_is_found() {
        let mut tree = json!({"columns": [{"name": "a"}, {"name": "a.b"}]});
        set(&mut tree, "columns.a.b.size", json!(4)).unwrap();
        assert_eq!(
            tree,
            json!({"columns": [{"name": "a"}, {"name": "a.b", "size": 4}]})
        );
    }

    #[test]
    fn an_unknown_column_names_the_near_one() {
        let mut tree = json!({"columns": [{"name": "label"}]});
        let error = set(&mut tree, "columns.lable.size", json!(4)).unwrap_err();
        assert!(error.contains("did you mean `label`?"), "{error}");
        assert!(set(&mut tree, "columns[7].size", json!(4)).is_err());
    }

    #[test]
    fn shorthands_unfold_when_a_key_below_them_is_set() {
        let mut tree = json!({"columns": ["a", {"name": "b", "distribution": "zipf"}], "tables": {"t": "x.parquet"}});
        set(&mut tree, "columns.a.size", json!(2)).unwrap();
        set(&mut tree, "columns.b.distribution.exponent", json!(1.5)).unwrap();
        set(&mut tree, "tables.t.path", json!("y.parquet")).unwrap();
        assert_eq!(
            tree,
            json!({
                "columns": [{"name": "a", "size": 2}, {"name": "b", "distribution": {"kind": "zipf", "exponent": 1.5}}],
                "tables": {"t": {"path": "y.parquet"}},
            })
        );
    }

    #[test]
    fn datafusion_options_keep_their_dotted_names() {
        let mut tree = json!({});
        set(
            &mut tree,
            "datafusion.execution.parquet.pruning",
            json!(true),
        )
        .unwrap();
        assert_eq!(
            tree,
            json!({"datafusion": {"execution.parquet.pruning": true}})
        );
    }

    #[rstest]
    #[case("dataset.format.x")]
    #[case("dataset..format")]
    #[case("dataset.columns.a")]
    #[case("")]
    fn a_path_that_leads_nowhere_is_refused(#[case] path: &str) {
        let mut tree = json!({"dataset": {"format": "parquet"}});
        assert!(set(&mut tree, path, json!(1)).is_err());
    }
}
