//! Annotations of columns in files, and the ones that change when the columns are rewritten.

use std::collections::BTreeSet;

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::{ColumnDescriptor, Type as SchemaType};

use super::footer::leaves_by_root;

/// Annotation of a part of a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Annotation {
    /// Name of the top-level column; `path` is the path of the part.
    root: String,
    path: String,
    /// Index among the column's leaves. Absent for a group.
    leaf: Option<usize>,
    name: &'static str,
}

/// Name of INT96 among the annotations.
const INT96: &str = "INT96";

/// Adds the annotations of a file's columns.
pub(crate) fn add_annotations(found: &mut BTreeSet<Annotation>, metadata: &ParquetMetaData) {
    let descriptor = metadata.file_metadata().schema_descr();
    for (root, leaves) in leaves_by_root(descriptor) {
        for (place, leaf) in leaves.into_iter().enumerate() {
            let int96 = leaf.physical_type() == PhysicalType::INT96;
            if let Some(name) = int96.then_some(INT96).or_else(|| annotation(leaf)) {
                found.insert(Annotation {
                    root: root.to_owned(),
                    path: leaf.path().string(),
                    leaf: Some(place),
                    name,
                });
            }
        }
    }
    for field in descriptor.root_schema().get_fields() {
        if has_variant(field) {
            found.insert(Annotation {
                root: field.name().to_owned(),
                path: field.name().to_owned(),
                leaf: None,
                name: "VARIANT",
            });
        }
    }
}

fn has_variant(part: &SchemaType) -> bool {
    let own = part.get_basic_info().logical_type_ref();
    matches!(own, Some(LogicalType::Variant(_)))
        || (part.is_group() && part.get_fields().iter().any(|part| has_variant(part)))
}

/// Returns a sentence for each annotation that changes when the columns are written with the schema
/// `written`.
pub(crate) fn changed_annotations(
    found: &BTreeSet<Annotation>,
    written: &SchemaRef,
) -> Result<Vec<String>, ParquetError> {
    let becomes = ArrowSchemaConverter::new().convert(written)?;
    let becomes = leaves_by_root(&becomes);
    let mut notes = Vec::new();
    for Annotation { path, name, .. } in found.iter().filter(|it| it.name == INT96) {
        notes.push(format!(
            "the source's column `{path}` is {name}; it is read and written as microseconds, without what lies below them"
        ));
    }
    for part in found.iter().filter(|it| it.name != INT96) {
        let leaves = becomes.get(part.root.as_str());
        let leaf = part.leaf.and_then(|place| leaves?.get(place).copied());
        let is = leaf.and_then(annotation);
        if is != Some(part.name) {
            let is = is
                .map(str::to_owned)
                .or_else(|| Some(leaf?.physical_type().to_string()));
            notes.push(format!(
                "the source's column `{}` is annotated {}, and is written as {}",
                part.path,
                part.name,
                is.as_deref().unwrap_or("a plain group")
            ));
        }
    }
    Ok(notes)
}

/// Returns a leaf's annotation, with the same name for the old and the new kind. None for plain
/// numbers and bytes. The widths of integers, the digits of decimals and the units of times are in
/// Arrow's types.
fn annotation(leaf: &ColumnDescriptor) -> Option<&'static str> {
    Some(match leaf.logical_type_ref() {
        Some(LogicalType::Uuid) => "UUID",
        Some(LogicalType::Json) => "JSON",
        Some(LogicalType::Bson) => "BSON",
        Some(LogicalType::Enum) => "ENUM",
        Some(LogicalType::String) => "STRING",
        Some(LogicalType::Geometry(_)) => "GEOMETRY",
        Some(LogicalType::Geography(_)) => "GEOGRAPHY",
        Some(LogicalType::Decimal(_)) => "DECIMAL",
        Some(LogicalType::Date) => "DATE",
        Some(LogicalType::Time(time)) if time.is_adjusted_to_u_t_c => "TIME in UTC",
        Some(LogicalType::Time(_)) => "TIME",
        Some(LogicalType::Timestamp(_)) => "TIMESTAMP",
        Some(LogicalType::Float16) => "FLOAT16",
        Some(_) | None => match leaf.converted_type() {
            ConvertedType::UTF8 => "STRING",
            ConvertedType::JSON => "JSON",
            ConvertedType::BSON => "BSON",
            ConvertedType::ENUM => "ENUM",
            ConvertedType::INTERVAL => "INTERVAL",
            ConvertedType::DECIMAL => "DECIMAL",
            ConvertedType::DATE => "DATE",
            // Times of the old kind are in UTC by definition.
            ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => "TIME in UTC",
            ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => "TIMESTAMP",
            _ => return None,
        },
    })
}
