//! Tests of the order of variants, and of the folder of results.

use crate::config::Config;
use crate::config::{Overrides, Source, load};
use crate::exit_class::ExitClass;
use crate::run::{check_results, with_baseline_first};

fn config() -> Config {
    let source = Source {
        origin: "test".to_owned(),
        text: "tables: { t: x.parquet }\nvariants: { a: {}, b: { reader.batch_size: 9 }, \
               c: { reader.batch_size: 8 } }\n"
            .to_owned(),
        folder: None,
    };
    load(&source, &Overrides::default()).unwrap()
}

fn names(config: &Config) -> Vec<&str> {
    config.variants.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn the_baseline_comes_first_and_the_others_keep_their_order() {
    let config = config();
    let with = |name| with_baseline_first(&config, name).unwrap();
    assert_eq!(names(&with(None)), ["a", "b", "c"]);
    assert_eq!(names(&with(Some("a"))), ["a", "b", "c"]);
    assert_eq!(names(&with(Some("c"))), ["c", "a", "b"]);
}

#[test]
fn a_baseline_that_no_variant_is_called_by_is_refused_with_those_that_there_are() {
    let error = with_baseline_first(&config(), Some("d")).unwrap_err();
    let said = "there is no variant `d`; variants: a, b, c";
    assert_eq!(error.to_string(), said);
    assert_eq!(error.class(), ExitClass::Usage);
}

#[test]
fn a_results_folder_is_made_and_one_that_cannot_be_is_refused_by_name() {
    let within = tempfile::tempdir().unwrap();
    let results = within.path().join("deep/results");
    check_results(&results).unwrap();
    assert_eq!(std::fs::read_dir(&results).unwrap().count(), 0);
    let file = within.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = check_results(&file.join("results"))
        .unwrap_err()
        .to_string();
    assert!(said.contains(&file.display().to_string()), "{said}");
}
