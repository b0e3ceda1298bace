//! The scenarios and the config that are compiled into the program, so that it works in an empty
//! folder.

/// The config that is used if none is named, in YAML.
pub const QUICKSTART: &str = include_str!("../../configs/quickstart.yaml");

/// The shipped scenarios: name and SQL, from the widest read to the narrowest. Their table is the
/// quickstart's `train`.
pub const SHIPPED: &[(&str, &str)] = &[
    ("full_scan", include_str!("../../queries/full_scan.sql")),
    (
        "wide_projection",
        include_str!("../../queries/wide_projection.sql"),
    ),
    (
        "narrow_projection",
        include_str!("../../queries/narrow_projection.sql"),
    ),
    ("nested", include_str!("../../queries/nested.sql")),
    ("aggregation", include_str!("../../queries/aggregation.sql")),
    (
        "string_filter",
        include_str!("../../queries/string_filter.sql"),
    ),
    ("top_k", include_str!("../../queries/top_k.sql")),
    (
        "partition_filter",
        include_str!("../../queries/partition_filter.sql"),
    ),
    (
        "selective_filter",
        include_str!("../../queries/selective_filter.sql"),
    ),
    (
        "point_lookup",
        include_str!("../../queries/point_lookup.sql"),
    ),
];

/// Returns the SQL of the shipped scenario of this name.
pub(super) fn find(name: &str) -> Option<&'static str> {
    SHIPPED
        .iter()
        .find(|(shipped, _)| *shipped == name)
        .map(|(_, sql)| *sql)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::scenario::directives::{Check, parse};

    /// Names of the quickstart's columns, each of which has a line of its own.
    fn quickstart_columns() -> BTreeSet<&'static str> {
        let columns = QUICKSTART
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- { name: "));
        columns.filter_map(|line| line.split(',').next()).collect()
    }

    #[test]
    fn every_shipped_scenario_parses_and_describes_itself() {
        for (name, sql) in SHIPPED {
            let scenario = parse(name, name, sql).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(scenario.description.is_some(), "{name} has no description");
            assert!(!scenario.expectations.is_empty(), "{name} expects nothing");
        }
    }

    #[test]
    fn every_column_that_a_shipped_scenario_expects_is_in_the_quickstart() {
        let columns = quickstart_columns();
        assert_eq!(columns.len(), 14);
        for (name, sql) in SHIPPED {
            for expectation in parse(name, name, sql).unwrap().expectations {
                let Check::Columns(expected) = expectation.check else {
                    continue;
                };
                for column in expected {
                    assert!(columns.contains(column.as_str()), "{name} expects {column}");
                }
            }
        }
    }

    #[test]
    fn every_file_in_the_folder_is_shipped_under_its_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
        let mut files = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert_eq!(
                find(&name),
                Some(fs::read_to_string(&path).unwrap().as_str()),
                "{name}"
            );
            files.insert(name);
        }
        assert_eq!(files.len(), SHIPPED.len());
    }

    #[test]
    fn the_scenarios_that_the_quickstart_names_are_shipped() {
        let scenarios = QUICKSTART
            .split_once("\nscenarios:\n")
            .unwrap()
            .1
            .split_once("\n\n")
            .unwrap()
            .0;
        let names: Vec<&str> = scenarios
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- ")?.split_whitespace().next())
            .collect();
        assert_eq!(names.len(), 6);
        for name in names {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_not_shipped_is_not_found() {
        assert_eq!(find("full_scam"), None);
    }
}
