//! Runs the binary in a folder of its own, and examines the results.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Time after which a call counts as hanging.
const DEADLINE: Duration = Duration::from_secs(120);

/// Three columns, two files of three row groups, one measured round.
pub const TINY: &str = "\
dataset:
  data_folder: data
  num_files_train: 2
  num_samples_per_file: 100
  seed: 10
  parquet:
    row_group_size: 40
    columns:
      - { name: id, dtype: int64, distribution: { kind: sequence } }
      - { name: region, dtype: string, distribution: { kind: categorical, values: [north, south] } }
      - { name: vector, dtype: float32, size: 4, read: false }
measure: { warmup: 0, rounds: 1, break_even: false, peak_memory: false }
";

/// A working folder.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Place {
        Place(TempDir::new().unwrap())
    }

    /// A folder in another one.
    pub fn within(folder: &Path) -> Place {
        Place(TempDir::new_in(folder).unwrap())
    }

    /// A folder in memory.
    pub fn in_memory() -> Place {
        Place::within(Path::new("/dev/shm"))
    }

    /// A folder that holds `bench.yaml`.
    pub fn with(config: &str) -> Place {
        let place = Place::new();
        place.write("bench.yaml", config);
        place
    }

    pub fn tiny() -> Place {
        Place::with(TINY)
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn bench(&self) -> Bench {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        command.current_dir(self.root()).stdin(Stdio::null());
        on_loopback(&mut command);
        Bench { command }
    }

    /// `bench run bench.yaml`, and more arguments.
    pub fn run<A: AsRef<OsStr>>(&self, more: &[A]) -> Output {
        self.bench().args(["run", "bench.yaml"]).args(more).run()
    }

    /// Writes the dataset of `bench.yaml`.
    pub fn generate(&self) -> Output {
        self.bench()
            .args(["generate", "bench.yaml"])
            .run()
            .succeeds()
    }

    /// The record of a run that ends well.
    pub fn record<A: AsRef<OsStr>>(&self, more: &[A]) -> Value {
        let bench = self.bench().args(["run", "bench.yaml", "--format", "json"]);
        bench.args(more).run().succeeds().json()
    }

    /// Every file below the folder with its content, by its path from there.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_below(self.root())
    }

    /// The Parquet files below a folder, in the same form.
    pub fn parquet(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = files_below(&self.path(folder));
        files.retain(|name, _| name.ends_with(".parquet"));
        files
    }

    /// The paths of the Parquet files below a folder.
    pub fn parquet_paths(&self, folder: &str) -> Vec<PathBuf> {
        let folder = self.path(folder);
        let files = files_below(&folder).into_keys();
        let files = files.filter(|name| name.ends_with(".parquet"));
        files.map(|name| folder.join(name)).collect()
    }

    /// The only journal.
    pub fn journal(&self) -> PathBuf {
        let found = self.journals();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    /// Returns the number of events of a kind in the first journal; 0 if there is no journal.
    pub fn events(&self, event: &str) -> usize {
        let journal = self.journals().into_iter().next();
        let text = journal.and_then(|journal| fs::read_to_string(journal).ok());
        let event = format!(r#""event":"{event}""#);
        text.map_or(0, |text| text.matches(&event).count())
    }

    pub fn journals(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path("results")) else {
            return Vec::new();
        };
        let files = entries.map(|entry| entry.unwrap().path());
        files
            .filter(|file| {
                file.extension()
                    .is_some_and(|extension| extension == "jsonl")
            })
            .collect()
    }
}

/// Lets a command ask nobody but loopback, whatever the environment of the tests holds: fake
/// credentials, closed metadata services, and a store at which nothing listens.
pub fn on_loopback(command: &mut Command) {
    let prefixes = [
        "AWS_", "AZURE_", "GOOGLE_", "GCE_", "GCS_", "S3_", "STORAGE_",
    ];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        if text.ends_with("_PROXY") || prefixes.iter().any(|it| text.starts_with(it)) {
            command.env_remove(name);
        }
    }
    command
        .env("NO_PROXY", "*")
        .env("AWS_ACCESS_KEY_ID", "fake")
        .env("AWS_SECRET_ACCESS_KEY", "fake-secret")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_MAX_ATTEMPTS", "2")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("GCE_METADATA_HOST", "127.0.0.1:1")
        .env("STORAGE_EMULATOR_HOST", "127.0.0.1:1")
        .env("AZURE_MSI_ENDPOINT", "http://127.0.0.1:1")
        .env("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:1/fake")
        .env("AZURE_STORAGE_KEY", "ZmFrZQ==");
}

pub fn files_below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

/// A user without rights. Some limits apply to this user, but not to root.
const NOBODY: u32 = 65534;

/// One call of the program.
pub struct Bench {
    pub command: Command,
}

impl Bench {
    /// Makes the call run as a user without rights, if root runs the tests, and lets that user into
    /// the place. This must come before limits, which it drops.
    pub fn without_rights(self, place: &Place) -> Bench {
        if !nix::unistd::geteuid().is_root() {
            return self;
        }
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_bench"));
        let mut version = Command::new(&program);
        if version.arg("--version").uid(NOBODY).output().is_err() {
            // The build lies in a folder of root's. `cp` is used because a descriptor that is open
            // for writing in another thread would keep the copy from being executed.
            let copy = place.path("bench");
            let mut cp = Command::new("cp");
            let copied = cp.arg(&program).arg(&copy).status().unwrap();
            assert!(copied.success());
            program = copy;
        }
        let mut command = Command::new(program);
        command.args(self.command.get_args()).uid(NOBODY);
        command.current_dir(place.root()).stdin(Stdio::null());
        Bench { command }
    }

    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Bench {
        self.command.args(arguments);
        self
    }

    pub fn arg(self, argument: &str) -> Bench {
        self.args([argument])
    }

    pub fn run(self) -> Output {
        self.start().end()
    }

    pub fn start(mut self) -> Running {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(self.command.spawn().unwrap())
    }
}

/// A call that has not ended.
pub struct Running(Child);

impl Running {
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Returns the path of one of the program's files in `/proc`.
    pub fn path_of(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0.id()))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.0.id()).unwrap())
    }

    /// Waits until `seen` returns a value, which must happen before the program ends.
    pub fn wait_until<T>(&mut self, mut seen: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(seen) = seen() {
                return seen;
            }
            let ended = self.0.try_wait().unwrap();
            assert!(ended.is_none(), "the program ended too early: {ended:?}");
            assert!(started.elapsed() < DEADLINE, "nothing was to be seen");
            std::thread::yield_now();
        }
    }

    /// Waits until the journal has `count` events of a kind.
    pub fn wait_for(&mut self, place: &Place, event: &str, count: usize) {
        self.wait_until(|| (place.events(event) >= count).then_some(()));
    }

    pub fn end(self) -> Output {
        let pid = self.pid();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || _ = sender.send(self.0.wait_with_output()));
        let Ok(output) = receiver.recv_timeout(DEADLINE) else {
            kill(pid, Signal::SIGKILL).unwrap();
            panic!("the program hangs");
        };
        let output = output.unwrap();
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Outcome of a call.
#[derive(Debug)]
pub struct Output {
    /// Absent if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    pub fn succeeds(self) -> Output {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.shows_no_defect()
    }

    /// Checks that the call exits with this code, shows one error that contains all of these words,
    /// and writes nothing to stdout.
    pub fn fails(self, code: i32, words: &[&str]) -> Output {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "stdout is for data");
        self.says_one_error(words).shows_no_defect()
    }

    pub fn says_one_error(self, words: &[&str]) -> Output {
        let errors = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{}", self.stderr);
        for word in words {
            assert!(
                self.error().contains(word),
                "`{word}` is missing in:\n{}",
                self.stderr
            );
        }
        self
    }

    /// Returns the error and its hints.
    pub fn error(&self) -> &str {
        let start = self.stderr.find("error: ").unwrap_or(self.stderr.len());
        &self.stderr[start..]
    }

    fn shows_no_defect(self) -> Output {
        for word in [
            "panicked",
            "RUST_BACKTRACE",
            "defect of bench",
            "internal error",
            "Internal error",
        ] {
            assert!(!self.stderr.contains(word), "{}", self.stderr);
        }
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Returns `value["a"]["b"][0]` for `a.b.0`, which must exist.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    let found = path
        .split('.')
        .try_fold(value, |value, key| match key.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(key),
        });
    found.unwrap_or_else(|| panic!("no `{path}` in {value:#}"))
}

/// Returns the cell with an id, such as `scenario/variant`.
pub fn cell<'a>(record: &'a Value, id: &str) -> &'a Value {
    let cells = record["cells"].as_array().unwrap();
    let known: Vec<_> = cells.iter().map(|cell| &cell["id"]).collect();
    let found = cells.iter().find(|cell| cell["id"] == id);
    found.unwrap_or_else(|| panic!("no cell `{id}` among {known:?}"))
}
