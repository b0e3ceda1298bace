//! Values out of a few, each with its name.

use schemars::Schema;
use serde_json::{Map, Value as Json};

use super::leaf::{Scalar, quoted};
use super::model::{Dtype, VectorLayout};
use super::near::did_you_mean;

/// A type whose values have names.
pub(super) trait Choice: Copy + 'static {
    /// What one of them is, as in "is not a codec".
    const WHAT: &'static str;
    const ALL: &'static [(Self, &'static str)];
}

impl<T: Choice> Scalar for T {
    fn read(value: &Json) -> Result<Self, String> {
        let word = value.as_str().unwrap_or_default();
        T::ALL
            .iter()
            .find(|(_, name)| *name == word)
            .map(|(choice, _)| *choice)
            .ok_or_else(|| {
                unknown_choice(
                    &quoted(value),
                    T::WHAT,
                    T::ALL.iter().map(|(_, name)| *name),
                )
            })
    }

    fn schema() -> Schema {
        let names = T::ALL.iter().map(|(_, name)| Json::from(*name)).collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), Json::from("string"));
        schema.insert("enum".to_owned(), Json::Array(names));
        Schema::from(schema)
    }
}

/// `` `zstdd` is not a codec; known: none, zstd (did you mean `zstd`?) ``
pub(super) fn unknown_choice<'a>(
    found: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let near = did_you_mean(found.trim_matches('`'), known.clone());
    let known: Vec<&str> = known.collect();
    format!("{found} is not {what}; known: {}{near}", known.join(", "))
}

impl Choice for Dtype {
    const WHAT: &'static str = "a column type";
    const ALL: &'static [(Self, &'static str)] = &Dtype::ALL;
}

impl Choice for VectorLayout {
    const WHAT: &'static str = "a vector layout";
    const ALL: &'static [(Self, &'static str)] = &[
        (VectorLayout::FixedSizeList, "fixed_size_list"),
        (VectorLayout::List, "list"),
        (VectorLayout::Binary, "binary"),
    ];
}

/// DLIO's two ways to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadMode {
    Default,
    RowGroup,
}

impl Choice for ReadMode {
    const WHAT: &'static str = "a read mode";
    const ALL: &'static [(Self, &'static str)] = &[
        (ReadMode::Default, "default"),
        (ReadMode::RowGroup, "row_group"),
    ];
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_choice_lists_the_known_ones_and_the_nearest() {
        let message = Dtype::read(&json!("flaot32")).unwrap_err();
        assert!(
            message.contains("`flaot32` is not a column type; known: int8, "),
            "{message}"
        );
        assert!(message.ends_with("(did you mean `float32`?)"), "{message}");
    }
}
