//! Places that are not writable, and writers that collide.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;

use nix::sys::resource::{Resource, setrlimit};

use crate::harness::Place;

/// Larger than `SMALL_LIMIT` when written.
const LARGER: &str = "dataset.num_samples_per_file=20000";
const SMALL_LIMIT: u64 = 64 * 1024;

fn generate(place: &Place, more: &[&str]) -> crate::harness::Bench {
    place.bench().args(["generate", "bench.yaml"]).args(more)
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let place = Place::tiny();
    fs::create_dir(place.path("data")).unwrap();
    fs::set_permissions(place.root(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(place.path("data"), Permissions::from_mode(0o555)).unwrap();
    let bench = generate(&place, &[]).without_rights(&place);
    bench.run().fails(1, &["data", "Permission denied"]);
    assert!(fs::read_dir(place.path("data")).unwrap().next().is_none());
}

#[test]
fn a_folder_below_a_file_is_named() {
    let place = Place::tiny();
    place.write("file", "");
    let set = ["--set", "dataset.data_folder=file/data"];
    generate(&place, &set)
        .run()
        .fails(1, &["file/data", "Not a directory"]);
}

#[test]
fn a_results_folder_that_is_a_file_is_named() {
    let place = Place::tiny();
    place.write("results", "");
    let output = place.run(&[] as &[&str]);
    assert!(matches!(output.code, Some(1 | 2)), "{output:?}");
    output.says_one_error(&["results"]);
}

#[test]
fn a_full_disk_leaves_no_half_written_file_and_the_next_call_completes() {
    let place = Place::tiny();
    let mut bench = generate(&place, &["--set", LARGER]);
    // SAFETY: setrlimit is async-signal-safe, and nothing else is called between fork and exec.
    unsafe {
        bench.command.pre_exec(|| {
            setrlimit(Resource::RLIMIT_FSIZE, SMALL_LIMIT, SMALL_LIMIT).map_err(Into::into)
        });
    }
    bench
        .run()
        .fails(1, &["img_", ".parquet", "File too large"]);
    let left: Vec<String> = place.files().into_keys().collect();
    assert!(
        !left.iter().any(|name| name.contains(".parquet")),
        "{left:?}"
    );
    assert!(!place.path("data/_bench_manifest.json").exists());

    generate(&place, &["--set", LARGER]).run().succeeds();
    let undisturbed = Place::tiny();
    generate(&undisturbed, &["--set", LARGER]).run().succeeds();
    assert_eq!(place.parquet("data"), undisturbed.parquet("data"));
}

#[test]
fn two_processes_that_write_one_dataset_make_it_once() {
    let place = Place::tiny();
    let both = [(), ()].map(|()| generate(&place, &["--set", LARGER]).start());
    let outputs = both.map(|running| running.end().succeeds());
    let wrote = outputs
        .iter()
        .filter(|output| output.stderr.contains("wrote dataset"));
    assert!(wrote.count() >= 1, "{outputs:?}");
    let alone = Place::tiny();
    generate(&alone, &["--set", LARGER]).run().succeeds();
    assert_eq!(place.parquet("data"), alone.parquet("data"));
    let mut names: Vec<String> = place.files().into_keys().collect();
    names.retain(|name| name.starts_with("data/") && !name.ends_with(".parquet"));
    assert_eq!(names, ["data/_bench.lock", "data/_bench_manifest.json"]);
}

/// A hundred bytes per row, which take next to nothing in a file.
const LARGE: &str = "\
dataset:
  data_folder: data
  num_files_train: 1000000
  parquet:
    columns:
      - { name: same, dtype: string, distribution: { kind: constant, value: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' } }
";

#[test]
fn more_than_ten_gigabytes_are_not_written_without_consent() {
    let place = Place::with(LARGE);
    let set = ["--set", "dataset.num_samples_per_file=1000000"];
    let before = place.files();
    for command in ["generate", "run", "explain"] {
        let bench = place.bench().args([command, "bench.yaml"]).args(set);
        bench.run().fails(2, &["TB", "data", "hint: ", "--yes"]);
        assert_eq!(place.files(), before);
    }
    place
        .bench()
        .args(["check", "bench.yaml"])
        .args(set)
        .run()
        .succeeds();
    assert_eq!(place.files(), before);
}

#[test]
fn consent_lets_the_writing_begin() {
    let place = Place::with(LARGE);
    let set = ["--set", "dataset.num_samples_per_file=10000", "--yes"];
    let mut running = generate(&place, &set).start();
    running.wait_until(|| {
        place
            .path("data/_bench_unfinished.json")
            .exists()
            .then_some(())
    });
    running.signal(nix::sys::signal::Signal::SIGKILL);
    running.end();
}

#[test]
fn a_folder_that_is_becoming_one_dataset_does_not_become_another() {
    let place = Place::tiny();
    let many = ["--set", "dataset.num_files_train=200", "--set", LARGER];
    let mut running = generate(&place, &many).start();
    running.wait_until(|| {
        place
            .path("data/_bench_unfinished.json")
            .exists()
            .then_some(())
    });
    let other = [&many[..], &["--set", "dataset.compression=zstd"]].concat();
    generate(&place, &other)
        .run()
        .fails(2, &["data", "another dataset"]);
    running.signal(nix::sys::signal::Signal::SIGKILL);
    running.end();
    // The unfinished folder still belongs to this dataset only.
    generate(&place, &other)
        .run()
        .fails(2, &["data", "another dataset"]);
}

#[test]
fn a_record_that_cannot_be_put_where_it_should_go_is_told_before_anything_is_measured() {
    let place = Place::tiny();
    let before = place.files();
    fs::create_dir(place.path("folder")).unwrap();
    for (file, words) in [
        ("nowhere/x.json", "folder does not exist"),
        ("folder", "it is a folder"),
    ] {
        place
            .run(&["--record", file])
            .fails(2, &["--record", file, words]);
    }
    assert_eq!(place.files(), before);
}

#[test]
fn tables_that_are_missing_are_told_before_data_is_written() {
    let place = Place::tiny();
    let before = place.files();
    place
        .run(&["--table", "t=nowhere"])
        .fails(2, &["`t`", "nowhere"]);
    assert_eq!(place.files(), before);
}

#[test]
fn a_default_scan_of_columns_that_a_variant_lacks_is_told_before_data_is_written() {
    let place = Place::tiny();
    let before = place.files();
    let renamed = ["--sweep", "dataset.parquet.columns.id.name=id,other"];
    for command in ["check", "run"] {
        let bench = place.bench().args([command, "bench.yaml"]).args(renamed);
        bench.run().fails(2, &["scan", "other", "id"]);
        assert_eq!(place.files(), before);
    }
}

#[test]
fn a_cut_manifest_comes_with_a_way_out_that_works() {
    let place = Place::tiny();
    generate(&place, &[]).run().succeeds();
    let before = place.parquet("data");
    let manifest = place.path("data/_bench_manifest.json");
    let text = fs::read(&manifest).unwrap();
    for left in [0, 100, text.len() - 3] {
        fs::write(&manifest, &text[..left]).unwrap();
        for command in ["generate", "run", "clean"] {
            let bench = place.bench().args([command, "bench.yaml"]);
            let words = [
                "_bench_manifest.json",
                "it ends too early",
                "hint: remove ",
                "data/train",
                "bench clean",
            ];
            bench.run().fails(2, &words);
        }
    }
    fs::remove_file(&manifest).unwrap();
    fs::remove_dir_all(place.path("data/train")).unwrap();
    generate(&place, &[]).run().succeeds();
    assert!(manifest.exists() && place.parquet("data") == before);
}

#[test]
fn clean_leaves_a_file_that_was_put_in_the_place_of_one_of_the_dataset() {
    let place = Place::tiny();
    generate(&place, &[]).run().succeeds();
    let mine = place.write("data/train/img_1_of_2.parquet", "mine");
    let bench = place.bench().args(["clean", "bench.yaml", "--yes"]);
    let cleaned = bench.run().succeeds();
    for words in [
        "img_1_of_2.parquet has 4 bytes",
        "its manifest says",
        "is left alone",
    ] {
        assert!(cleaned.stdout.contains(words), "{}", cleaned.stdout);
    }
    assert_eq!(fs::read(mine).unwrap(), b"mine");
    assert_eq!(place.parquet("data").len(), 1);
}

#[test]
fn a_folder_with_links_to_itself_is_looked_through_once() {
    let place = Place::tiny();
    for name in ["one", "other"] {
        fs::create_dir_all(place.path("data").join(name)).unwrap();
        symlink("..", place.path("data").join(name).join("up")).unwrap();
        symlink("../one", place.path("data").join(name).join("across")).unwrap();
        symlink(".", place.path("data").join(name).join("here")).unwrap();
        symlink("here", place.path("data").join(name).join("again")).unwrap();
    }
    symlink("round", place.path("data/round")).unwrap();
    generate(&place, &["--dry-run"]).run().succeeds();
    // Files behind a link count.
    fs::create_dir(place.path("far")).unwrap();
    crate::files::write_small(&place.path("far/mine.parquet"));
    symlink("../far", place.path("data/train")).unwrap();
    let sweep = ["--sweep", "dataset.compression=none,zstd"];
    let output = generate(&place, &sweep).run();
    output.fails(2, &["data", "did not write", "swept"]);
    assert_eq!(fs::read_dir(place.path("far")).unwrap().count(), 1);
}

#[test]
fn a_folder_of_the_system_is_named_and_not_looked_through() {
    let place = Place::tiny();
    let output = generate(&place, &["--set", "dataset.data_folder=/proc/self"]).run();
    assert!(matches!(output.code, Some(1 | 2)), "{output:?}");
    output.says_one_error(&["/proc/self"]);
}
