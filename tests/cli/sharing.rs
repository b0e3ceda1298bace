//! Datasets that several processes write, that are interrupted, estimated, and removed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use nix::sys::signal::Signal;
use rstest::rstest;

use crate::harness::{Output, Place, TINY, files_below};

pub const FILES: &str = "\
dataset:
  data_folder: data
  num_files_train: 7
  num_files_eval: 2
  num_samples_per_file: 3000
  seed: 10
  parquet:
    row_group_size: 1000
    partition_by: region
    columns:
      - { name: id, dtype: int64, distribution: { kind: sequence } }
      - { name: region, dtype: string, distribution: { kind: categorical, values: [north, south] } }
      - { name: text, dtype: string, distribution: words }
measure: { warmup: 0, rounds: 1 }
";

pub fn generate(place: &Place, more: &[&str]) -> Output {
    place
        .bench()
        .args(["generate", "bench.yaml"])
        .args(more)
        .run()
}

/// The Parquet files of a dataset that nothing disturbed, with their bytes.
fn undisturbed() -> BTreeMap<String, Vec<u8>> {
    let place = Place::with(FILES);
    generate(&place, &[]).succeeds();
    place.parquet("data")
}

#[test]
fn processes_write_disjoint_files_that_make_one_dataset() {
    let expected = undisturbed();
    let place = Place::with(FILES);
    let first = generate(&place, &["--rank", "2", "--world-size", "3"]).succeeds();
    assert!(
        first.stderr.contains("missing are those of rank 0, 1"),
        "{}",
        first.stderr
    );
    let part = place.parquet("data");
    assert!(!part.is_empty() && part.len() < expected.len() / 2);
    assert!(!place.path("data/_bench_manifest.json").exists());
    generate(&place, &["--rank", "0", "--world-size", "3"]).succeeds();
    assert!(place.parquet("data").len() < expected.len());
    let last = generate(&place, &["--rank", "1", "--world-size", "3"]).succeeds();
    assert!(
        !last.stderr.contains("missing are those"),
        "{}",
        last.stderr
    );
    assert_eq!(place.parquet("data"), expected);
    let left: Vec<String> = files_below(&place.path("data"))
        .into_keys()
        .filter(|name| name.contains("-of-") && name.ends_with(".json"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    assert!(
        generate(&place, &[])
            .succeeds()
            .stderr
            .contains("reusing 18 files")
    );
}

#[rstest]
#[case("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")]
#[case("SLURM_PROCID", "SLURM_NTASKS")]
#[case("RANK", "WORLD_SIZE")]
fn a_launcher_tells_rank_and_world_size(#[case] rank: &str, #[case] size: &str) {
    let place = Place::with(FILES);
    let run = |own: &str| {
        let mut bench = place.bench().args(["generate", "bench.yaml"]);
        bench.command.env(rank, own).env(size, "2");
        bench.run()
    };
    assert!(
        run("1")
            .succeeds()
            .stderr
            .contains("missing are those of rank 0")
    );
    run("0").succeeds();
    assert!(place.path("data/_bench_manifest.json").exists());
    run("2").fails(
        2,
        &[rank, size, "rank 2 is not below the world size, which is 2"],
    );
    run("x").fails(2, &["`x` is not a whole number"]);
}

#[test]
fn a_rank_beyond_the_world_is_refused() {
    let place = Place::with(FILES);
    generate(&place, &["--rank", "3", "--world-size", "3"])
        .fails(2, &["rank 3 is not below the world size"]);
    assert_eq!(generate(&place, &["--rank", "3"]).code, Some(2));
    assert!(!place.path("data").exists());
}

#[test]
fn what_kill_leaves_at_any_moment_is_continued_to_the_same_bytes() {
    let expected = undisturbed();
    let place = Place::with(FILES);
    // Each kill comes later: when more files exist or are being written.
    for kills in 0..20 {
        let mut running = place.bench().args(["generate", "bench.yaml"]).start();
        running.wait_until(|| {
            let there = files_below(&place.path("data"));
            let files = there
                .keys()
                .filter(|name| name.contains(".parquet"))
                .count();
            (files > kills * expected.len() / 21).then_some(())
        });
        running.signal(Signal::SIGKILL);
        running.end();
        for (name, bytes) in place.parquet("data") {
            assert!(expected[&name] == bytes, "{name} is not whole");
        }
    }
    generate(&place, &[]).succeeds();
    assert_eq!(place.parquet("data"), expected);
    let staged = files_below(&place.path("data"))
        .into_keys()
        .find(|name| name.contains('#'));
    assert_eq!(staged, None);
}

#[test]
fn a_dry_run_tells_sizes_and_time_by_a_probe() {
    let place = Place::with(FILES);
    let output = generate(&place, &["--dry-run"]).succeeds();
    assert!(
        output.stdout.contains("  by a probe of "),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("to generate and encode"),
        "{}",
        output.stdout
    );
    assert!(!place.path("data").exists());
}

#[test]
fn what_the_disk_cannot_hold_is_refused_whatever_was_agreed_to() {
    let place = Place::with(FILES);
    let size = "dataset.num_samples_per_file=200000000000";
    let output = generate(&place, &["--yes", "--set", size]);
    output.fails(
        2,
        &["would be written below", "are free", "to another disk"],
    );
    assert!(!place.path("data").exists());
}

fn clean(place: &Place, more: &[&str]) -> Output {
    place
        .bench()
        .args(["clean", "bench.yaml"])
        .args(more)
        .run()
        .succeeds()
}

#[test]
fn clean_lists_first_and_removes_what_the_config_owns_only() {
    let place = Place::with(FILES);
    assert!(clean(&place, &["--yes"]).stderr.contains("owns no dataset"));
    generate(&place, &[]).succeeds();
    place.write("data/train/notes.txt", "mine");
    place.write(
        "data/train/region=north/other.parquet",
        "not a file of the manifest",
    );
    place.write("outside.parquet", "outside");
    let listed = clean(&place, &[]);
    assert!(listed.stdout.contains("20 files"), "{}", listed.stdout);
    assert_eq!(place.parquet("data").len(), 19);
    // Another seed is another dataset.
    assert!(
        clean(&place, &["--yes", "--set", "dataset.seed=11"])
            .stderr
            .contains("owns no dataset")
    );
    clean(&place, &["--yes"]);
    let left: Vec<String> = files_below(&place.path("data")).into_keys().collect();
    assert_eq!(
        left,
        ["train/notes.txt", "train/region=north/other.parquet"]
    );
    assert!(place.path("outside.parquet").exists());
}

#[test]
fn clean_removes_swept_and_unfinished_datasets() {
    let place = Place::with(TINY);
    let sweep = ["--sweep", "dataset.compression=none,zstd"];
    generate(&place, &sweep).succeeds();
    clean(&place, &[&sweep[..], &["--yes"]].concat());
    assert!(!place.path("data").join("variants").exists());

    let place = Place::with(FILES);
    generate(&place, &["--rank", "0", "--world-size", "2"]).succeeds();
    let listed = clean(&place, &["--yes"]);
    assert!(!listed.stdout.is_empty());
    assert!(!place.path("data").exists());
}

#[test]
fn clean_of_an_unfinished_dataset_takes_only_names_that_the_plan_writes() {
    let place = Place::with(TINY);
    generate(&place, &["--rank", "0", "--world-size", "2"]).succeeds();
    for foreign in [
        "train/backup/img_0_of_2.parquet",
        "train/img_7_of_2.parquet",
        "train/img_01_of_2.parquet",
    ] {
        place.write(&format!("data/{foreign}"), "mine");
    }
    clean(&place, &["--yes"]);
    assert_eq!(place.parquet("data").len(), 3);
}

#[test]
fn clean_of_an_unfinished_dataset_takes_only_files_that_this_program_has_written() {
    for theirs in [&b"mine"[..], b"PAR1 and no footer PAR1", b""] {
        let place = Place::with(TINY);
        generate(&place, &["--rank", "0", "--world-size", "2"]).succeeds();
        let text = place.write("data/train/img_1_of_2.parquet", theirs);
        place.write("data/train/img_1_of_2.parquet#1", "staged");
        place.write("data/._bench-half", "staged");
        let listed = clean(&place, &[]);
        let note = "img_1_of_2.parquet has a name of the dataset's";
        assert!(listed.stdout.contains(note), "{}", listed.stdout);
        clean(&place, &["--yes"]);
        assert_eq!(fs::read(&text).unwrap(), theirs);
        let left: Vec<String> = files_below(&place.path("data")).into_keys().collect();
        assert_eq!(left, ["train/img_1_of_2.parquet"]);
    }
    let place = Place::with(TINY);
    generate(&place, &["--rank", "0", "--world-size", "2"]).succeeds();
    let file = place.path("data/train/img_1_of_2.parquet");
    crate::files::write_small(&file);
    clean(&place, &["--yes"]);
    crate::files::footer(&file);
    assert_eq!(place.parquet("data").len(), 1);
}

#[test]
fn a_part_whose_files_are_gone_makes_no_dataset() {
    let place = Place::with(TINY);
    generate(&place, &["--rank", "0", "--world-size", "2"]).succeeds();
    fs::remove_file(place.path("data/train/img_0_of_2.parquet")).unwrap();
    let last = generate(&place, &["--rank", "1", "--world-size", "2"]).succeeds();
    assert!(
        last.stderr.contains("missing are those of rank 0"),
        "{}",
        last.stderr
    );
    assert!(!place.path("data/_bench_manifest.json").exists());
    generate(&place, &["--rank", "0", "--world-size", "2"]).succeeds();
    assert!(place.path("data/_bench_manifest.json").exists());
}

#[test]
fn clean_follows_no_links_and_leaves_no_folder_by_a_manifest() {
    let place = Place::with(FILES);
    generate(&place, &[]).succeeds();
    fs::rename(place.path("data/valid"), place.path("elsewhere")).unwrap();
    symlink(place.path("elsewhere"), place.path("data/valid")).unwrap();
    let before = place.parquet("elsewhere");
    let listed = clean(&place, &["--yes"]);
    assert!(
        listed.stdout.contains("is a link, and is left alone"),
        "{}",
        listed.stdout
    );
    assert_eq!(place.parquet("elsewhere"), before);

    let place = Place::with(TINY);
    generate(&place, &[]).succeeds();
    place.write("victim.parquet", "victim");
    let manifest = place.path("data/_bench_manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replacen("train/img_0_of_2.parquet", "../victim.parquet", 1),
    )
    .unwrap();
    place
        .bench()
        .args(["clean", "bench.yaml", "--yes"])
        .run()
        .fails(2, &["is not a path below the dataset's folder"]);
    assert!(place.path("victim.parquet").exists());
}
