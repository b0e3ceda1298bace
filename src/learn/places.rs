//! The columns of files of one schema, each with its place in every file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};

use super::error::LearnError;
use crate::files::SampleFile;
use crate::table::{doubled, same_values};

/// A column as the first file has it, and its place among the columns of each file.
pub(super) struct ColumnPlace {
    pub(super) field: FieldRef,
    pub(super) places: BTreeMap<usize, usize>,
}

/// Returns the columns in the order of the first file, each with its place in every file.
pub(super) fn by_name(
    opened: &BTreeMap<usize, SampleFile>,
) -> Result<Vec<ColumnPlace>, LearnError> {
    let bad = |file: &SampleFile, reason: String| LearnError::Unlearnable {
        location: file.path().to_owned(),
        reason,
    };
    let mut places: Vec<ColumnPlace> = Vec::new();
    let mut first: Option<&SampleFile> = None;
    for (number, file) in opened {
        let fields = file.schema().fields();
        if let Some(name) = doubled(
            file.schema()
                .fields()
                .iter()
                .map(|field| field.name().as_str()),
        ) {
            return Err(bad(file, format!("two of its columns are named `{name}`")));
        }
        let Some(first) = first else {
            first = Some(file);
            places = fields
                .iter()
                .enumerate()
                .map(|(place, field)| ColumnPlace {
                    field: Arc::clone(field),
                    places: BTreeMap::from([(*number, place)]),
                })
                .collect();
            continue;
        };
        for known in &mut places {
            let name = known.field.name();
            let Some((place, field)) = fields.find(name) else {
                return Err(bad(
                    file,
                    format!(
                        "it has no column `{name}`, which {} has; give files of one schema",
                        first.path()
                    ),
                ));
            };
            let (known_type, found_type) = (known.field.data_type(), field.data_type());
            if !same_values(known_type, found_type) {
                return Err(bad(
                    file,
                    format!(
                        "its column `{name}` is {found_type}; in {} it is {known_type}",
                        first.path()
                    ),
                ));
            }
            // A column that holds only nulls takes the type of a later file.
            if *known_type == DataType::Null {
                known.field = Arc::clone(field);
            }
            known.places.insert(*number, place);
        }
        let known = |name: &str| places.iter().any(|place| place.field.name() == name);
        if let Some(more) = fields.iter().find(|field| !known(field.name())) {
            return Err(bad(
                file,
                format!(
                    "it has a column `{}`, which {} has not; give files of one schema",
                    more.name(),
                    first.path()
                ),
            ));
        }
    }
    Ok(places)
}
