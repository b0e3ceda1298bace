//! Flattens `datafusion:`, which may have dotted names, nested mappings or both, to one mapping of
//! dotted names.

use serde_json::{Map, Value};

use super::error::Problem;
use super::key_path::KeyPath;

/// Flattens the section in place. If a name occurs twice, the later value is kept, because a value
/// from the command line comes after the file's and overrides it. Repeated names are also returned
/// as problems, for the case that both occurrences are in one file.
pub(super) fn flatten(tree: &mut Value) -> Vec<Problem> {
    let Some(Value::Object(section)) = tree.get_mut("datafusion") else {
        return Vec::new();
    };
    let mut flat = Map::new();
    let mut problems = Vec::new();
    for (name, value) in std::mem::take(section) {
        let name = name
            .strip_prefix("datafusion.")
            .map(str::to_owned)
            .unwrap_or(name);
        collect(name, value, &mut flat, &mut problems);
    }
    *section = flat;
    problems
}

fn collect(name: String, value: Value, flat: &mut Map<String, Value>, problems: &mut Vec<Problem>) {
    match value {
        // `datafusion: {datafusion: {execution: ...}}` repeats the prefix as a mapping.
        Value::Object(nested) => {
            for (key, value) in nested {
                let name = if name == "datafusion" {
                    key
                } else {
                    format!("{name}.{key}")
                };
                collect(name, value, flat, problems);
            }
        }
        value => {
            let path = KeyPath::of(["datafusion", name.as_str()]);
            if flat.insert(name, value).is_some() {
                problems.push(Problem::new(path, "is given twice, nested and dotted"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dotted_and_nested_names_become_one_flat_mapping() {
        let mut tree = json!({"datafusion": {
            "datafusion.execution.batch_size": 1,
            "execution": {"parquet": {"pruning": true}},
            "datafusion": {"optimizer": {"max_passes": 3}},
        }});
        assert_eq!(flatten(&mut tree), []);
        assert_eq!(
            tree,
            json!({"datafusion": {
                "execution.batch_size": 1,
                "execution.parquet.pruning": true,
                "optimizer.max_passes": 3,
            }})
        );
    }

    #[test]
    fn a_name_given_twice_keeps_the_later_value_and_is_told() {
        let mut tree =
            json!({"datafusion": {"execution.batch_size": 1, "execution": {"batch_size": 2}}});
        let problems = flatten(&mut tree);
        assert_eq!(tree, json!({"datafusion": {"execution.batch_size": 2}}));
        assert_eq!(problems.len(), 1);
    }
}
