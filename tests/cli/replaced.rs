//! Files that replace those of a dataset.

use std::fs;
use std::path::Path;

use rstest::rstest;

use crate::files::edit;
use crate::harness::{Output, Place};

const FILE: &str = "train/img_1_of_2.parquet";

/// Two datasets of different seeds, whose files have the same sizes.
fn two_datasets() -> Place {
    let place = Place::with(
        "dataset: { num_files_train: 2, num_samples_per_file: 50, parquet: { columns: [{ name: x, dtype: int64 }] } }\n\
         measure: { warmup: 0, rounds: 1, peak_memory: false }\n",
    );
    for seed in ["1", "2"] {
        of_seed(&place, "generate", seed, &[]).succeeds();
    }
    place
}

/// Runs a command on the dataset of a seed, which lies in `d1` or `d2`.
fn of_seed(place: &Place, command: &str, seed: &str, more: &[&str]) -> Output {
    let set = [
        format!("--set=dataset.seed={seed}"),
        format!("--set=dataset.data_folder=d{seed}"),
    ];
    let bench = place.bench().args([command, "bench.yaml"]);
    bench.args(set).args(more).run()
}

fn take_over(place: &Place, from: &str, to: &str) {
    let (from, to) = (place.path(from), place.path(to));
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    assert_eq!(length(&from), length(&to));
    fs::copy(from, to).unwrap();
}

/// Removes the key from a footer that identifies the file as this program's.
fn make_foreign(place: &Place, file: &str) {
    let key = b"parquet-bench.file";
    edit(&place.path(file), |bytes| {
        let at = bytes.windows(key.len()).position(|found| found == key);
        bytes[at.unwrap() + key.len() - 1] = b'x';
    });
}

#[rstest]
#[case::of_another_seed("d2/train/img_1_of_2.parquet")]
#[case::of_another_place("d1/train/img_0_of_2.parquet")]
fn a_file_of_another_dataset_or_place_is_not_measured(#[case] other: &str) {
    let place = two_datasets();
    of_seed(&place, "run", "1", &[]).succeeds();
    let journals = place.journals().len();
    take_over(&place, other, "d1/train/img_1_of_2.parquet");
    let words = [FILE, "is not the file", "its footer says", "`bench clean`"];
    of_seed(&place, "run", "1", &[]).fails(2, &words);
    assert_eq!(place.journals().len(), journals);
    // The remedy that the hint states.
    of_seed(&place, "clean", "1", &["--yes"]).succeeds();
    of_seed(&place, "generate", "1", &[]).succeeds();
    of_seed(&place, "run", "1", &[]).succeeds();
}

#[test]
fn a_file_of_the_right_size_that_does_not_say_what_it_is_is_not_measured() {
    let place = two_datasets();
    make_foreign(&place, "d1/train/img_1_of_2.parquet");
    let words = [FILE, "is not the file", "does not say", "hint: "];
    of_seed(&place, "run", "1", &[]).fails(2, &words);
    // Files that belong to no dataset need no such key.
    let table = ["run", "--table", "t=d1/train", "--sql", "SELECT x FROM t"];
    place
        .bench()
        .args(table)
        .args(["--rounds", "1"])
        .run()
        .succeeds();
}

#[test]
fn clean_leaves_a_file_of_the_right_size_that_does_not_say_what_it_is() {
    let place = two_datasets();
    let file = "d1/train/img_1_of_2.parquet";
    make_foreign(&place, file);
    let before = fs::read(place.path(file)).unwrap();
    let cleaned = of_seed(&place, "clean", "1", &["--yes"]).succeeds();
    for words in [FILE, "no footer that says", "is left alone"] {
        assert!(cleaned.stdout.contains(words), "{}", cleaned.stdout);
    }
    assert_eq!(fs::read(place.path(file)).unwrap(), before);
    assert_eq!(place.parquet("d1").len(), 1);
}
