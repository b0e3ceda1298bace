//! Sides of a comparison: cells of several records, or of the values of a key.

use std::collections::{BTreeMap, BTreeSet};

use super::measured::{counted, lanes};
use crate::exit_class::ExitClass;
use crate::record::{CellRecord, Lane, RunRecord, as_written};

/// Reason why records cannot be compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AcrossError {
    #[error("one record has nothing to be compared with")]
    OneRecord,
    #[error(
        "`{key}` is no label, and no key of a config; labels: {labels}; keys that variants differ in: {swept}"
    )]
    UnknownKey {
        key: String,
        labels: String,
        swept: String,
    },
    #[error("all cells that have `{key}` have {value}, so that there is nothing to compare")]
    OneValue { key: String, value: String },
    #[error("{cell} stands twice at {side}, in {first} and {second}")]
    Twice {
        cell: String,
        side: String,
        first: String,
        second: String,
    },
    #[error("no cell of {base} was measured in another: cells match by scenario, variant and lane")]
    Nothing { base: String },
}

impl AcrossError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }

    /// Advice on what the user can do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            AcrossError::OneRecord => Some(
                "name another record, or a key that its variants differ in: --by dataset.compression",
            ),
            AcrossError::Twice { .. } => Some(
                "compare one record per value, or leave --by out to compare the records themselves",
            ),
            AcrossError::UnknownKey { .. }
            | AcrossError::OneValue { .. }
            | AcrossError::Nothing { .. } => None,
        }
    }
}

/// Scenario, variant and lane of a cell.
pub(super) type CellPlace = (String, String, Lane);

/// Cells of one side.
pub(super) struct Side<'a> {
    pub(super) name: String,
    pub(super) cells: BTreeMap<CellPlace, Member<'a>>,
}

/// A cell, and the record that it comes from.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    /// Name of the record.
    pub(super) file: &'a str,
    pub(super) record: &'a RunRecord,
    pub(super) cell: &'a CellRecord,
}

/// A side per record. Its name shows the labels that differ between the records if these tell all
/// of them apart, or else it is the name of the record.
pub(super) fn by_record(records: &[(String, RunRecord)]) -> Vec<Side<'_>> {
    let differing: BTreeSet<&String> = records
        .iter()
        .flat_map(|(_, record)| record.labels.keys())
        .filter(|label| {
            let values: BTreeSet<_> = records
                .iter()
                .map(|(_, it)| it.labels.get(*label))
                .collect();
            values.len() > 1
        })
        .collect();
    let labelled = |record: &RunRecord| {
        let labels: Vec<String> = differing
            .iter()
            .filter_map(|label| Some(format!("{label}={}", record.labels.get(*label)?)))
            .collect();
        labels.join(",")
    };
    let labels: Vec<String> = records.iter().map(|(_, record)| labelled(record)).collect();
    let unique = labels.iter().collect::<BTreeSet<_>>().len() == labels.len();
    let sides = records.iter().zip(labels).map(|((file, record), label)| {
        let cells = record.cells.iter().flat_map(|cell| {
            measured_lanes(cell).map(move |lane| {
                let place = (cell.scenario.clone(), cell.variant_name.clone(), lane);
                (place, Member { file, record, cell })
            })
        });
        Side {
            name: if unique && !label.is_empty() {
                label
            } else {
                file.clone()
            },
            cells: cells.collect(),
        }
    });
    sides.collect()
}

/// A side per value of a label or of a key of the config.
pub(super) fn by_key<'a>(
    records: &'a [(String, RunRecord)],
    key: &str,
) -> Result<Vec<Side<'a>>, AcrossError> {
    let mut sides: Vec<Side> = Vec::new();
    for (file, record) in records {
        for cell in record.cells.iter().filter(|cell| cell.control.is_none()) {
            let Some(value) = setting(record, cell, key) else {
                continue;
            };
            let index = match sides.iter().position(|side| side.name == value) {
                Some(index) => index,
                None => {
                    sides.push(Side {
                        name: value,
                        cells: BTreeMap::new(),
                    });
                    sides.len() - 1
                }
            };
            let side = &mut sides[index];
            for lane in measured_lanes(cell) {
                let place = (cell.scenario.clone(), without(cell, key), lane);
                if let Some(first) = side.cells.get(&place) {
                    return Err(AcrossError::Twice {
                        cell: format!("{}/{}", place.0, place.1),
                        side: format!("{key}={}", side.name),
                        first: first.file.to_owned(),
                        second: file.clone(),
                    });
                }
                side.cells.insert(place, Member { file, record, cell });
            }
        }
    }
    if sides.is_empty() {
        let all = |keys: BTreeSet<&String>| match keys.is_empty() {
            true => "none".to_owned(),
            false => keys.into_iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let labels = records.iter().flat_map(|(_, record)| record.labels.keys());
        let cells = records.iter().flat_map(|(_, record)| &record.cells);
        return Err(AcrossError::UnknownKey {
            key: key.to_owned(),
            labels: all(labels.collect()),
            swept: all(cells.flat_map(|cell| cell.variant.keys()).collect()),
        });
    }
    Ok(sides)
}

/// Value of a label of the run, or of a key of the config in a variant.
fn setting(record: &RunRecord, cell: &CellRecord, key: &str) -> Option<String> {
    if let Some(label) = record.labels.get(key) {
        return Some(label.clone());
    }
    cell.setting(&record.config, key)
}

/// Name of a variant without a key.
fn without(cell: &CellRecord, key: &str) -> String {
    if !cell.variant.contains_key(key) {
        return cell.variant_name.clone();
    }
    let others = cell.variant.iter().filter(|(other, _)| *other != key);
    let others: Vec<String> = others
        .map(|(key, value)| format!("{key}={}", as_written(value)))
        .collect();
    match others.is_empty() {
        true => "all else equal".to_owned(),
        false => others.join(","),
    }
}

/// Lanes in which a cell has finished rounds.
fn measured_lanes(cell: &CellRecord) -> impl Iterator<Item = Lane> {
    let lanes = lanes(cell).into_iter();
    lanes.filter(|lane| counted(cell, *lane).next().is_some())
}

/// Phrases on records in which some cells have no value of a key.
pub(super) fn without_key(records: &[(String, RunRecord)], key: &str) -> Vec<String> {
    let told = records.iter().filter_map(|(file, record)| {
        let cells = record.cells.iter().filter(|cell| cell.control.is_none());
        let lacking = cells
            .filter(|cell| setting(record, cell, key).is_none())
            .count();
        (lacking > 0).then(|| format!("{lacking} cell(s) of {file} have no `{key}`"))
    });
    told.collect()
}

/// Cells of the first side that another side lacks or has no finished round of.
pub(super) fn missing(base: &Side, others: &[Side]) -> Vec<String> {
    let mut told = Vec::new();
    for side in others {
        for (place, member) in &base.cells {
            if member.cell.control.is_none() && !side.cells.contains_key(place) {
                told.push(format!("{} in {}", called(place), side.name));
            }
        }
    }
    told
}

/// Name of a cell, with its lane unless that is `end_to_end`.
pub(super) fn called((scenario, variant, lane): &CellPlace) -> String {
    match lane {
        Lane::EndToEnd => format!("{scenario}/{variant}"),
        lane => format!("{scenario}/{variant}/{}", lane.name()),
    }
}

/// Cells that a side lacks or has no finished round of.
pub(super) fn unmatched(sides: &[Side]) -> Vec<String> {
    let places: BTreeSet<&CellPlace> = sides.iter().flat_map(|side| side.cells.keys()).collect();
    let mut told = Vec::new();
    for place in places {
        let lacking = sides.iter().filter(|side| !side.cells.contains_key(place));
        let lacking: Vec<&str> = lacking.map(|side| side.name.as_str()).collect();
        if !lacking.is_empty() {
            let (scenario, variant, lane) = place;
            told.push(format!(
                "{scenario}/{variant} ({}): not in {}",
                lane.name(),
                lacking.join(", ")
            ));
        }
    }
    told
}
