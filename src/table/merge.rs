//! Merges the schemas of files whose columns differ.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema};

use super::error::TableError;
use super::unify::{same, wider};

/// Returns the columns of both schemas. A column that both have gets one type.
pub(super) fn merge(
    table: &str,
    file: &str,
    known: Schema,
    schema: &Schema,
    unify: bool,
) -> Result<Schema, TableError> {
    let mut fields: Vec<FieldRef> = known.fields().iter().cloned().collect();
    let places: HashMap<&String, usize> = known
        .fields()
        .iter()
        .enumerate()
        .map(|(place, field)| (field.name(), place))
        .collect();
    let mut found = HashSet::with_capacity(fields.len());
    for field in schema.fields() {
        let Some(place) = places.get(field.name()) else {
            fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
            continue;
        };
        found.insert(*place);
        let known = &fields[*place];
        let (known_type, found_type) = (known.data_type(), field.data_type());
        let both = match unify {
            true => wider(known_type, found_type),
            false => same(known_type, found_type),
        };
        let Some(both) = both else {
            return Err(TableError::OtherType {
                table: table.to_owned(),
                file: file.to_owned(),
                column: field.name().clone(),
                found: found_type.to_string(),
                wanted: format!("{known_type} (as in the files before)"),
                widens: wider(known_type, found_type).is_some(),
            });
        };
        let nullable = known.is_nullable() || field.is_nullable();
        let known = known.as_ref().clone().with_data_type(both);
        fields[*place] = Arc::new(known.with_nullable(nullable));
    }
    // A column that this file lacks is null for its rows.
    for (place, known) in fields.iter_mut().enumerate().take(places.len()) {
        if !found.contains(&place) && !known.is_nullable() {
            *known = Arc::new(known.as_ref().clone().with_nullable(true));
        }
    }
    Ok(Schema::new(fields))
}

/// Types of a file's columns, by name.
pub(super) type ColumnTypes = HashMap<String, DataType>;

pub(super) fn types_of(schema: &Schema) -> ColumnTypes {
    let fields = schema.fields().iter();
    fields
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect()
}

/// Returns a sentence for each column that some files lack, in the order of the columns. The rows
/// of these files have nulls there.
pub(super) fn missing_columns<'a, P: Copy>(
    merged: &Schema,
    files: impl ExactSizeIterator<Item = (P, &'a ColumnTypes)>,
    shown: impl Fn(P) -> String,
) -> Vec<String> {
    let all = files.len();
    let mut lacking: BTreeMap<usize, (usize, P)> = BTreeMap::new();
    for (path, types) in files {
        // The merged schema has the columns of all files, so a file with equally many lacks none.
        if types.len() == merged.fields().len() {
            continue;
        }
        for (place, field) in merged.fields().iter().enumerate() {
            if !types.contains_key(field.name()) {
                lacking.entry(place).or_insert((0, path)).0 += 1;
            }
        }
    }
    let sentence = |(place, (count, first)): (usize, (usize, P))| {
        format!(
            "column `{}` is missing in {count} of {all} files, first {}: null for their rows",
            merged.field(place).name(),
            shown(first)
        )
    };
    lacking.into_iter().map(sentence).collect()
}
