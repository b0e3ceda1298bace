//! Finds the inputs of a run that a new file would become a part of, so that nothing is written
//! there for a later run to read.

use std::path::Path;

use crate::config::{Config, ScenarioSource, Variant};
use crate::scenario::would_be_of;
use crate::table::{would_be_of_source, would_be_of_table};

/// Returns the reader of a file that does not exist yet, in words: a table, a dataset, or queries.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Overrides, Source, load};

    #[test]
    fn a_file_that_a_table_or_queries_would_have_is_named_by_what_reads_it() {
        let within = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = within.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let (data, queries, results) = (folder("data"), folder("queries"), folder("results"));
        let source = Source {
            origin: "test".to_owned(),
            text: format!(
                "tables: {{ t: \"{0}/*.parquet\" }}\nscenarios: [\"{1}\"]\n",
                data.display(),
                queries.display()
            ),
            folder: None,
        };
        let config = load(&source, &Overrides::default()).unwrap();
        let reader = |folder: &Path, name: &str| reader_of(&config, &folder.join(name));
        let table = format!("table `t` ({}/*.parquet)", data.display());
        assert_eq!(reader(&data, "new.parquet"), Some(table));
        let named = format!("the queries in {}", queries.display());
        assert_eq!(reader(&queries, "new.sql"), Some(named));
        assert_eq!(reader(&data, "new.json"), None);
        assert_eq!(reader(&queries, "new.json"), None);
        assert_eq!(reader(&results, "new.parquet"), None);
    }
}
