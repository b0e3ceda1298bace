//! What a run reads, so that nothing is written there that a later one would read, too.

use std::path::Path;

use crate::config::{Config, ScenarioSource, Variant};
use crate::scenario::would_be_of;
use crate::table::{would_be_of_source, would_be_of_table};

/// What would read a file that is not there yet, in words: a table, a dataset, or queries.
pub fn reader_of(config: &Config, file: &Path) -> Option<String> {
    let variants = config.variants.iter();
    let mut readers = variants.filter_map(|variant| reader_of_variant(variant, file));
    readers.next().or_else(|| {
        let folder = config.folder.as_deref();
        config.scenarios.iter().find_map(|source| match source {
            ScenarioSource::Named(name) => {
                would_be_of(name, folder, file).then(|| format!("the queries in {name}"))
            }
            ScenarioSource::Inline { .. } => None,
        })
    })
}

fn reader_of_variant(variant: &Variant, file: &Path) -> Option<String> {
    let mut tables = variant.tables.iter();
    if let Some((name, location)) = tables.find(|(_, it)| would_be_of_table(it, file)) {
        return Some(format!("table `{name}` ({location})"));
    }
    let dataset = variant.dataset.as_ref()?;
    let source = dataset.source.as_ref();
    if let Some(source) = source.filter(|it| would_be_of_source(it, file)) {
        return Some(format!("dataset.source ({source})"));
    }
    let folder = &dataset.data_folder;
    would_be_of_table(folder, file).then(|| format!("dataset.data_folder ({folder})"))
}
