//! The cells of a config, before any data is looked at: every scenario on every variant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{Failure, SessionError, Site};
use crate::config::{CONTROLS, Config, Variant};
use crate::scenario::{Scenario, default_scenario, resolve, source_scenario};

/// Variants of a config in its order, the baseline first, each with its cells.
pub(crate) struct Grid<'a> {
    pub(crate) rows: Vec<Row<'a>>,
    scenarios: Vec<Arc<Scenario>>,
}

/// A variant, and the scenarios that are measured on it.
pub(crate) struct Row<'a> {
    pub(crate) variant: &'a Variant,
    pub(crate) site: Site,
    pub(crate) cells: Vec<GridCell>,
    /// Most twins of each cell that have files of their own.
    pub(crate) controls: usize,
}

/// A scenario on a variant.
pub(crate) struct GridCell {
    pub(crate) id: String,
    pub(crate) site: Site,
    pub(crate) scenario: Arc<Scenario>,
}

/// Returns the id of a cell.
pub(crate) fn cell_id(scenario: &str, variant: &str) -> String {
    format!("{scenario}/{variant}")
}

impl<'a> Grid<'a> {
    /// Reads the scenarios of a config and puts them on its variants.
    ///
    /// # Errors
    ///
    /// A scenario cannot be found or parsed, or two cells have the same id.
    pub(crate) fn of(config: &'a Config) -> Result<Self, Failure> {
        let scenarios = scenarios(config)?;
        check_ids(&scenarios, &config.variants)?;
        let several = config.variants.len() > 1;
        let row = |(index, variant): (usize, &'a Variant)| {
            let site = Site::of_variant(several.then(|| variant.name.clone()));
            let cells = scenarios.iter().map(|scenario| GridCell {
                id: cell_id(&scenario.name, &variant.name),
                site: site.with(&scenario.name),
                scenario: Arc::clone(scenario),
            });
            Row {
                variant,
                cells: cells.collect(),
                site,
                controls: match index == 0 && config.measure.control.unwrap_or(several) {
                    false => 0,
                    // The difference of files with equal content is worth a second look if variants
                    // are compared.
                    true if several => CONTROLS.len(),
                    true => 1,
                },
            }
        };
        Ok(Grid {
            rows: config.variants.iter().enumerate().map(row).collect(),
            scenarios,
        })
    }

    /// Returns the index of a scenario in the order of the config.
    pub(crate) fn place_of(&self, scenario: &str) -> Option<usize> {
        self.scenarios
            .iter()
            .position(|known| known.name == scenario)
    }
}

fn check_ids(scenarios: &[Arc<Scenario>], variants: &[Variant]) -> Result<(), SessionError> {
    let mut names = BTreeMap::new();
    for scenario in scenarios {
        for variant in variants {
            let id = cell_id(&scenario.name, &variant.name);
            let name = format!("{}` on `{}", scenario.name, variant.name);
            if let Some(first) = names.insert(id.clone(), name.clone()) {
                return Err(SessionError::SameCell {
                    id,
                    first,
                    second: name,
                });
            }
        }
    }
    Ok(())
}

/// Returns the scenarios of a config. If it has none, it is one scan of each table.
fn scenarios(config: &Config) -> Result<Vec<Arc<Scenario>>, Failure> {
    let mut scenarios = resolve(&config.scenarios, config.folder.as_deref())?;
    if scenarios.is_empty()
        && let Some(variant) = config.variants.first()
    {
        // The files of a source that are read as they are have no dataset.
        let mut datasets = config.variants.iter().filter_map(|it| it.dataset.as_ref());
        if let Some(dataset) = datasets.next() {
            scenarios.push(match dataset.source {
                Some(_) => source_scenario(&dataset.columns, &dataset.table),
                None => default_scenario(&dataset.columns, &dataset.table),
            });
        } else {
            scenarios.extend(variant.tables.keys().map(|table| Scenario {
                name: format!("scan_{table}"),
                description: Some("all columns".to_owned()),
                sql: format!("SELECT * FROM \"{table}\""),
                expectations: Vec::new(),
                nondeterministic: None,
                origin: "the tables".to_owned(),
            }));
        }
    }
    Ok(scenarios.into_iter().map(Arc::new).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Overrides, Source, load};

    fn config(text: &str) -> Config {
        let source = Source {
            origin: "test".to_owned(),
            text: format!("tables: {{ t: x.parquet }}\n{text}"),
            folder: None,
        };
        load(&source, &Overrides::default()).unwrap()
    }

    fn ids(config: &Config) -> Vec<Vec<String>> {
        let rows = Grid::of(config).unwrap().rows;
        let ids = |row: &Row<'_>| row.cells.iter().map(|cell| cell.id.clone()).collect();
        rows.iter().map(ids).collect()
    }

    const TWO: &str = "scenarios: [{ name: a, sql: SELECT 1 }, { name: b, sql: SELECT 2 }]\n\
                       variants: { one: {}, two: { reader.batch_size: 9 } }\n";

    #[test]
    fn every_scenario_is_on_every_variant_in_their_order() {
        assert_eq!(ids(&config(TWO)), [["a/one", "b/one"], ["a/two", "b/two"]]);
    }

    #[test]
    fn a_config_without_scenarios_scans_each_table() {
        let config = config("");
        let [row] = ids(&config).try_into().unwrap();
        assert!(row.len() == 1 && row[0].starts_with("scan_t/"), "{row:?}");
    }

    #[test]
    fn a_site_names_the_variant_where_there_are_several() {
        let several = config(TWO);
        let sites = Grid::of(&several).unwrap().rows;
        assert_eq!(
            sites[1].cells[0].site.to_string(),
            "scenario `a` on variant `two`"
        );
        let one = config("");
        let alone = Grid::of(&one).unwrap().rows;
        assert_eq!(alone[0].cells[0].site.to_string(), "scenario `scan_t`");
    }

    #[test]
    fn the_baseline_alone_has_controls_and_only_beside_others_unless_asked() {
        let controls = |text: &str| {
            let config = config(text);
            let rows = Grid::of(&config).unwrap().rows;
            rows.iter().map(|row| row.controls).collect::<Vec<_>>()
        };
        assert_eq!(controls(TWO), [2, 0]);
        assert_eq!(controls(""), [0]);
        assert_eq!(controls("measure: { control: true }\n"), [1]);
        let without = format!("{TWO}measure: {{ control: false }}\n");
        assert_eq!(controls(&without), [0, 0]);
    }

    #[test]
    fn two_cells_of_one_id_are_refused() {
        let scenario = |name: &str| {
            Arc::new(Scenario {
                name: name.to_owned(),
                description: None,
                sql: String::new(),
                expectations: Vec::new(),
                nondeterministic: None,
                origin: String::new(),
            })
        };
        let mut variants = config(TWO).variants;
        variants[0].name = "b/c".to_owned();
        variants[1].name = "c".to_owned();
        let error = check_ids(&[scenario("a"), scenario("a/b")], &variants).unwrap_err();
        assert_eq!(
            error.to_string(),
            "scenario and variant `a` on `b/c` and `a/b` on `c` have one name together, `a/b/c`"
        );
    }
}
