//! Environments that a program does not expect: absurd variables, tight limits, files with extreme
//! times.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Resource, rlim_t, setrlimit};
use rstest::rstest;

use crate::harness::{Bench, Output, Place};

fn run(place: &Place) -> Bench {
    place.bench().args(["run", "bench.yaml"])
}

/// A run with a lower limit than the host's, and the same number of engine threads on any host.
fn limited(place: &Place, resource: Resource, limit: rlim_t) -> Bench {
    with_limit(run(place), resource, limit)
}

fn with_limit(mut bench: Bench, resource: Resource, limit: rlim_t) -> Bench {
    bench.command.env("TOKIO_WORKER_THREADS", "2");
    // SAFETY: setrlimit is async-signal-safe, and nothing else is called between fork and exec.
    unsafe {
        bench
            .command
            .pre_exec(move || setrlimit(resource, limit, limit).map_err(Into::into));
    }
    bench
}

/// Checks that a run either succeeds or explains in one error why not.
fn ends_well_or_says_why_not(output: Output) -> Output {
    for word in ["panicked", "defect of bench"] {
        assert!(!output.stderr.contains(word), "{output:#?}");
    }
    match output.code {
        Some(0) => output,
        Some(1 | 2) => output.says_one_error(&[]),
        _ => panic!("it ended by itself: {output:#?}"),
    }
}

#[test]
fn a_number_of_worker_threads_that_cannot_be_is_refused_before_anything_is_written() {
    let place = Place::tiny();
    let before = place.files();
    let values = ["0", "x", "", "-1", "100000", "18446744073709551615"].map(OsStr::new);
    for value in values.into_iter().chain([OsStr::from_bytes(b"\xff")]) {
        let mut bench = run(&place);
        bench.command.env("TOKIO_WORKER_THREADS", value);
        bench.run().fails(2, &["TOKIO_WORKER_THREADS", "1 to 4096"]);
        assert_eq!(place.files(), before);
    }
    let mut bench = run(&place);
    bench.command.env("TOKIO_WORKER_THREADS", "1");
    bench.run().succeeds();
}

#[rstest]
#[case("RUST_MIN_STACK", "18446744073709551615")]
#[case("RUST_MIN_STACK", "1000000000000000")]
#[case("TMPDIR", "/no/such/folder")]
#[case("TZ", "no/such/zone")]
#[case("LANG", "\u{7f}")]
#[case("COLUMNS", "0")]
#[case("TERM", "")]
#[case("DATAFUSION_EXECUTION_BATCH_SIZE", "0")]
fn no_variable_of_the_environment_keeps_a_run_from_its_end(
    #[case] name: &str,
    #[case] value: &str,
) {
    let place = Place::tiny();
    let mut bench = run(&place).args(["--sweep", "dataset.compression=none,snappy"]);
    bench.command.env(name, value);
    bench.run().succeeds();
}

/// The program's mappings, and the stacks that it would have by default, do not fit in most of
/// these.
#[rstest]
fn a_limit_of_the_address_space_is_kept_or_named(
    #[values(700, 1000, 1400, 1900, 2300, 2500, 2800, 3100)] mebibytes: rlim_t,
) {
    let place = Place::tiny();
    let bench = limited(&place, Resource::RLIMIT_AS, mebibytes << 20);
    ends_well_or_says_why_not(bench.run());
}

/// Tries up to five limits, from the first at which the program starts, until one is sufficient.
#[test]
fn memory_that_a_limit_of_the_address_space_refuses_is_one_error() {
    const STEP: rlim_t = 32 << 20;
    let place = Place::new();
    let starts = |limit: &rlim_t| {
        let mut bench = with_limit(place.bench().arg("schema"), Resource::RLIMIT_AS, *limit);
        let ended = bench.command.output();
        ended.is_ok_and(|output| output.status.success())
    };
    let mut limits = (1..128).map(|step| step * STEP);
    let least = limits.find(starts).unwrap();
    let mut named = 0;
    for step in 0..5 {
        let bench = place.bench().args(["doctor", "--format", "json"]);
        let bench = with_limit(bench, Resource::RLIMIT_AS, least + step * STEP);
        let output = ends_well_or_says_why_not(bench.run());
        if output.code == Some(0) {
            break;
        }
        named += u32::from(output.error().contains("ulimit -v"));
    }
    assert!(named > 0, "nothing was refused");
}

#[test]
fn a_limit_of_threads_is_kept_or_named() {
    let place = Place::tiny();
    fs::set_permissions(place.root(), Permissions::from_mode(0o777)).unwrap();
    for threads in [1, 2, 3, 5, 7, 9, 11, 14, 20] {
        let bench = run(&place).without_rights(&place);
        let bench = with_limit(bench, Resource::RLIMIT_NPROC, threads);
        let output = ends_well_or_says_why_not(bench.run());
        if threads == 1 {
            output.fails(1, &["a thread cannot start", "ulimit -u"]);
        }
    }
}

#[test]
fn a_limit_of_open_files_is_kept_or_named() {
    let place = Place::tiny();
    for files in 4..24 {
        let bench = limited(&place, Resource::RLIMIT_NOFILE, files);
        ends_well_or_says_why_not(bench.run());
    }
}

/// Sets the time of a file's last change. File systems in memory keep any time.
fn change_at(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
    assert_eq!(fs::metadata(path).unwrap().modified().unwrap(), time);
}

#[test]
fn files_that_were_changed_before_1970_or_in_a_far_future_are_read_as_any() {
    let place = Place::in_memory();
    let file = place.path("old.parquet");
    crate::files::write_small(&file);
    let day = Duration::from_secs(86_400);
    for time in [UNIX_EPOCH - 3650 * day, UNIX_EPOCH + 100_000 * day] {
        change_at(&file, time);
        let inspect = place.bench().args(["inspect", "old.parquet"]);
        inspect.run().succeeds();
        let table = ["run", "--table", "t=old.parquet", "--rounds", "1"];
        place.bench().args(table).run().succeeds();
    }
}

#[test]
fn a_time_of_change_that_cannot_be_told_is_named() {
    let place = Place::in_memory();
    let file = place.path("far/far.parquet");
    crate::files::write_small(&file);
    let time = UNIX_EPOCH + Duration::from_secs(1 << 60);
    change_at(&file, time);
    assert_eq!(fs::metadata(&file).unwrap().mtime(), 1 << 60);
    for location in ["far", "far/far.parquet", "far/*.parquet"] {
        let inspect = place.bench().args(["inspect", location]);
        inspect.run().fails(2, &["far", "last change", "touch"]);
    }
}

#[test]
fn a_limit_of_file_sizes_is_told_once() {
    let place = Place::tiny();
    let mut text = "id,text\n".to_owned();
    (0..20_000).for_each(|row| text.push_str(&format!("{row},text {}\n", row * 7919 % 9973)));
    place.write("mine.csv", text);
    let large = ["--set", "dataset.num_samples_per_file=20000"];
    for input in [&["--source", "mine.csv"][..], &["bench.yaml"]] {
        let bench = place.bench().arg("generate").args(input);
        let bench = bench.args(large.iter().filter(|_| input.len() == 1));
        let output = with_limit(bench, Resource::RLIMIT_FSIZE, 10 << 10).run();
        let output = output.fails(1, &["File too large (os error 27)"]);
        let said = output.error().matches("File too large").count();
        assert_eq!(said, 1, "{}", output.stderr);
    }
}
