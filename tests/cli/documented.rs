//! Every command of README and of the reference pages, on small data.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Place, on_loopback};
use crate::s3::{ACCESS_KEY, S3Server, SECRET_KEY};

/// Two tables of three columns, by a name that pages use.
const MY: &str = "\
dataset:
  data_folder: data/my
  num_files_train: 1
  num_samples_per_file: 200
  parquet:
    row_group_size: 50
    columns:
      - { name: a, dtype: int64, distribution: { kind: sequence } }
      - { name: b, dtype: string, distribution: { kind: categorical, values: [north, south] } }
      - { name: c, dtype: float64, distribution: { kind: uniform, min: 0, max: 100 } }
      - { name: label, dtype: int8 }
measure: { warmup: 0, rounds: 1, break_even: false, peak_memory: false }
";

/// Arguments that keep a run short.
const SHORT: &str =
    " --set measure.warmup=0 --set measure.break_even=false --set measure.peak_memory=false";

/// Texts of pages, and what stands for them on small data.
const SMALLER: [(&str, &str); 8] = [
    (
        "run --workers cluster && bench",
        "run --workers cluster --rounds 1 --set measure.warmup=0 --set dataset.num_files_train=1 \
         --set dataset.num_samples_per_file=1000 && bench",
    ),
    ("RUN.json 'zstd(1)'", "RUN.json zstd"),
    (
        "configs/geo.yaml",
        "configs/geo.yaml --set dataset.num_samples_per_file=99",
    ),
    (
        "num_samples_per_file=122880",
        "num_samples_per_file=64 --set reader.batch_size=16",
    ),
    (" --start-at 2026-01-02T03:04:05Z", ""),
    ("num_samples_per_file=24", "num_samples_per_file=2"),
    ("row_group_size=65536,1000000", "row_group_size=50,100"),
    ("--world-size 4", "--world-size 1"),
];

/// The files that pages name.
fn place() -> Place {
    let place = Place::new();
    place.write("my.yaml", MY);
    let run = [
        "run",
        "my.yaml",
        "--sweep",
        "dataset.compression=none,zstd",
        "--record",
        "new.json",
    ];
    place.bench().args(run).run().succeeds();
    let written = place.parquet_paths("data").remove(0);
    let written = fs::read(written).unwrap();
    fs::remove_dir_all(place.path("data")).unwrap();
    for file in [
        "my.parquet",
        "data/a.parquet",
        "data/current/a.parquet",
        "data/sorted/a.parquet",
    ] {
        place.write(file, &written);
    }
    place.write("queries/full_scan.sql", "SELECT a, c FROM train");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    for config in fs::read_dir(&repository).unwrap() {
        let config = config.unwrap();
        let name = format!("configs/{}", config.file_name().to_str().unwrap());
        place.write(&name, fs::read(config.path()).unwrap());
    }
    place.write(
        "dlrm_b200.yaml",
        fs::read(repository.join("dlrm.yaml")).unwrap(),
    );
    // Runs of other days, on two arrays.
    let record: Value = serde_json::from_slice(&fs::read(place.path("new.json")).unwrap()).unwrap();
    let dated = |day: u32, array: &str| {
        let mut record = record.clone();
        record["run_id"] = json!(format!("202601{day:02}T120000Z-{day:08x}"));
        record["started_at"] = json!(format!("2026-01-{day:02}T12:00:00Z"));
        record["labels"] = json!({ "array": array });
        record.to_string()
    };
    for day in 1..=12 {
        place.write(&format!("results/day{day}.json"), dated(day, "A"));
    }
    place.write("results/RUN.json", dated(20, "A"));
    place.write("base.json", dated(21, "A"));
    place.write("new.json", dated(22, "B"));
    place
}

/// Commands of a page, without their comments.
fn commands(page: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let mut found = Vec::new();
    let mut is_shell = false;
    for line in text.lines() {
        match line {
            "```sh" => is_shell = true,
            line if line.starts_with("```") => is_shell = false,
            line if is_shell && line.starts_with("bench ") => {
                let command = line.split("  #").next().unwrap().trim().to_owned();
                if !found.contains(&command) {
                    found.push(command);
                }
            }
            _ => {}
        }
    }
    found
}

/// The command on small data, in as few rounds as there can be.
fn scaled(command: &str) -> String {
    let mut command = command.to_owned();
    for (large, small) in SMALLER {
        command = command.replace(large, small);
    }
    let is_run = command.starts_with("bench run");
    if is_run && !command.contains("--dry-run") {
        // A flag that takes the rest of the line takes more of its kind.
        command = match command.contains("--params") {
            true => command.replace("bench run my.yaml", "bench run my.yaml --rounds 1"),
            false if command.contains("--rounds") => format!("{command}{SHORT}"),
            false => format!("{command}{SHORT} --rounds 1"),
        };
    }
    let reads_large =
        !command.contains("my.") && !command.contains("--table") && !command.contains("--source");
    let takes_quickstart = is_run || command == "bench generate" || command.contains("explain");
    if reads_large && takes_quickstart && !command.contains("num_samples_per_file") {
        command
            .push_str(" --set dataset.num_files_train=1 --set dataset.num_samples_per_file=1000");
    }
    // Not every file system can evict files, or read past the page cache.
    if command.contains("cold") {
        match command.starts_with("bench train") {
            true => command = command.replace("--cache cold", "--cache warm"),
            false => command.push_str(" --dry-run"),
        }
    }
    command
}

#[rstest]
fn every_command_of_the_pages_does_what_it_says(
    #[values(
        "README.md",
        "docs/config.md",
        "docs/scenarios.md",
        "docs/reports.md",
        "docs/remote.md",
        "docs/training.md",
        "docs/scale.md"
    )]
    page: &str,
) {
    let commands = commands(page);
    assert!(commands.len() >= 5, "{page}: {commands:?}");
    let place = place();
    let program = Path::new(env!("CARGO_BIN_EXE_bench")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let server = S3Server::start();
    let table = fs::read(place.path("my.parquet")).unwrap();
    server
        .memory
        .keep("bucket/tables/a.parquet".to_owned(), table.into());
    for command in commands {
        // A folder that a command wrote is another one's.
        for written in ["like.yaml", "report.html", "history.html"] {
            let _ = fs::remove_file(place.path(written));
        }
        let _ = fs::remove_dir_all(place.path("data/my"));
        if command.starts_with("bench run like.yaml") {
            let learn = ["learn", "my.parquet", "-o", "like.yaml"];
            place.bench().args(learn).run().succeeds();
        }
        let scaled = scaled(&command);
        let mut shell = Command::new("sh");
        on_loopback(&mut shell);
        let output = shell
            .args(["-c", &scaled])
            .env("PATH", &path)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_ENDPOINT_URL", server.url())
            .current_dir(place.root())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{page}: {command}, as {scaled}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
