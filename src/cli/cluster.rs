//! `bench cluster`: workers on this host, for trying them out.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::arguments::{ClusterArguments, ClusterCommand, ClusterUpArguments};
use super::exit::CommandError;
use super::print;
use super::stdout::show_text;
use crate::observe::ProcessStat;
use crate::text_file::{MOST_WRITTEN_BYTES, read_text};

/// Folder of a cluster's state, below the working folder.
const FOLDER: &str = ".bench-cluster";
const STATE: &str = "cluster.json";
/// Word that stands for the workers of a cluster after `--workers`.
pub(super) const NAME: &str = "cluster";

/// Most workers of a cluster.
const MOST_WORKERS: u32 = 64;
/// Longest time that a worker may take to end.
const TO_END: Duration = Duration::from_secs(10);

/// Network of the namespaces: one of those that are set aside for benchmarks (RFC 2544).
const NETWORK: &str = "198.18.231";
const BRIDGE: &str = "bench-cluster";

/// Workers that `up` has started.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Cluster {
    workers: Vec<StartedWorker>,
    /// File with the token of the workers, if they have one.
    pub(super) token_file: Option<PathBuf>,
    /// Network namespaces of the workers.
    #[serde(default)]
    namespaces: Vec<String>,
    /// True if a bridge connects them.
    #[serde(default)]
    has_bridge: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct StartedWorker {
    url: String,
    pid: i32,
    /// Time of its start, in the kernel's ticks. Another process may get its number later.
    started: u64,
}

impl Cluster {
    /// Reads the cluster of the working folder.
    pub(super) fn of_working_folder() -> Result<Self, CommandError> {
        let file = Path::new(FOLDER).join(STATE);
        let bad = |reason: String| {
            CommandError::Usage(format!(
                "{}: {reason}; `bench cluster up 2` starts two workers here",
                file.display()
            ))
        };
        let text = read_text(&file, MOST_WRITTEN_BYTES).map_err(|error| bad(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| {
            CommandError::Usage(format!(
                "{}: {error}; end the `bench worker` processes of this folder by hand, and remove {FOLDER}",
                file.display()
            ))
        })
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.workers.iter().map(|it| it.url.clone()).collect()
    }

    fn keep(&self) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(self).map_err(failed)?;
        // A reader finds the old state or the new one.
        let written = Path::new(FOLDER).join("cluster.json.new");
        fs::write(&written, text).map_err(failed)?;
        fs::rename(&written, Path::new(FOLDER).join(STATE)).map_err(failed)
    }

    /// Ends the workers, and removes everything that `up` has made, and that is still there.
    fn end(&self) -> Result<(), CommandError> {
        for worker in self.workers.iter().filter(|it| it.runs()) {
            let _ = kill(Pid::from_raw(worker.pid), Signal::SIGTERM);
        }
        let began = Instant::now();
        let runs = || self.workers.iter().find(|it| it.runs());
        while let Some(worker) = runs() {
            let waited = began.elapsed();
            if waited > 2 * TO_END {
                return Err(failed(format!(
                    "worker {} (process {}) does not end",
                    worker.url, worker.pid
                )));
            }
            if waited > TO_END {
                let _ = kill(Pid::from_raw(worker.pid), Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // After a restart of the host, there are none any more.
        for namespace in &self.namespaces {
            let _ = ip(&["netns", "del", namespace]);
        }
        if self.has_bridge {
            let _ = ip(&["link", "del", BRIDGE]);
        }
        fs::remove_dir_all(FOLDER).map_err(failed)
    }
}

impl StartedWorker {
    fn runs(&self) -> bool {
        let stat = u32::try_from(self.pid).ok().and_then(ProcessStat::of);
        stat.is_some_and(|stat| stat.started_ticks == self.started && stat.state != 'Z')
    }
}

fn failed(error: impl std::fmt::Display) -> CommandError {
    CommandError::Failed(format!("the cluster in {FOLDER}: {error}"))
}

pub(super) fn cluster(arguments: &ClusterArguments) -> Result<ExitCode, CommandError> {
    match &arguments.command {
        ClusterCommand::Up(arguments) => up(arguments),
        ClusterCommand::Down => {
            let cluster = Cluster::of_working_folder()?;
            cluster.end()?;
            print::line(&format!(
                "workers that have ended: {}",
                cluster.workers.len()
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn up(arguments: &ClusterUpArguments) -> Result<ExitCode, CommandError> {
    let count = arguments.workers;
    if !(1..=MOST_WORKERS).contains(&count) {
        return Err(CommandError::Usage(format!(
            "bench cluster up {count}: 1 to {MOST_WORKERS} workers would do"
        )));
    }
    if Path::new(FOLDER).exists() {
        return Err(CommandError::Usage(format!(
            "{FOLDER} is there already; `bench cluster down` ends its workers"
        )));
    }
    fs::create_dir(FOLDER).map_err(failed)?;
    let mut cluster = Cluster::default();
    // Whatever happens from here on, `down` knows what there is.
    cluster.keep()?;
    if let Err(error) = started(&mut cluster, arguments) {
        // Half a cluster is none.
        let _ = cluster.end();
        let _ = fs::remove_dir_all(FOLDER);
        return Err(error);
    }
    let urls = cluster.urls().join(",");
    print::line(&format!(
        "workers that have started: {count}; `bench cluster down` ends them, and their logs are in {FOLDER}"
    ));
    print::line(&format!(
        "bench run --workers {NAME}    or, from elsewhere on this host:"
    ));
    show_text(&format!("--workers {urls}\n"))
}

fn started(cluster: &mut Cluster, arguments: &ClusterUpArguments) -> Result<(), CommandError> {
    if arguments.namespaces {
        // Other processes of this host reach the network of the namespaces.
        let file = Path::new(FOLDER).join("token");
        let token = (
            getrandom::u64().map_err(failed)?,
            getrandom::u64().map_err(failed)?,
        );
        let mut options = File::options();
        let open = options.write(true).create_new(true).mode(0o600);
        let mut written = open.open(&file).map_err(failed)?;
        use std::io::Write;
        writeln!(written, "{:016x}{:016x}", token.0, token.1).map_err(failed)?;
        cluster.token_file = Some(file);
        ip(&["link", "add", "name", BRIDGE, "type", "bridge"])?;
        cluster.has_bridge = true;
        cluster.keep()?;
        ip(&["addr", "add", &format!("{NETWORK}.1/24"), "dev", BRIDGE])?;
        ip(&["link", "set", BRIDGE, "up"])?;
    }
    for number in 1..=arguments.workers {
        let (mut command, listen) = match arguments.namespaces {
            false => (worker_command()?, "127.0.0.1:0".to_owned()),
            true => in_namespace(cluster, number)?,
        };
        command.args(["worker", "--listen", &listen]);
        for root in &arguments.allow {
            command.args(["--allow", root]);
        }
        if arguments.generate {
            command.arg("--generate");
        }
        if let Some(file) = &cluster.token_file {
            command.arg("--plaintext").arg("--token-file").arg(file);
        }
        let log = Path::new(FOLDER).join(format!("worker-{number}.log"));
        let log_file = File::create(&log).map_err(failed)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            // Ctrl-C in this terminal is not for the workers.
            .process_group(0);
        let mut child = command.spawn().map_err(failed)?;
        // The worker is known before it is waited for.
        let pid = i32::try_from(child.id()).map_err(failed)?;
        let stat = ProcessStat::of(child.id());
        cluster.workers.push(StartedWorker {
            url: String::new(),
            pid,
            started: stat.map_or(0, |stat| stat.started_ticks),
        });
        cluster.keep()?;
        let mut url = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut url).map_err(failed)?;
        }
        if url.trim().is_empty() {
            let _ = child.wait();
            let said = fs::read_to_string(&log).unwrap_or_default();
            let said = said.trim().trim_start_matches("error: ").to_owned();
            return Err(CommandError::Usage(format!(
                "worker {number} did not start: {said}"
            )));
        }
        if let Some(worker) = cluster.workers.last_mut() {
            worker.url = url.trim().to_owned();
        }
        cluster.keep()?;
    }
    Ok(())
}

/// This program.
fn worker_command() -> Result<Command, CommandError> {
    Ok(Command::new(std::env::current_exe().map_err(failed)?))
}

/// Makes a network namespace with an address of its own, and returns this program within it.
fn in_namespace(cluster: &mut Cluster, number: u32) -> Result<(Command, String), CommandError> {
    let name = format!("{BRIDGE}-{number}");
    ip(&["netns", "add", &name])?;
    cluster.namespaces.push(name.clone());
    cluster.keep()?;
    // Names of links have at most 15 characters.
    let link = format!("bench-w{number}");
    let address = format!("{NETWORK}.{}", 10 + number);
    ip(&[
        "link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &name,
    ])?;
    ip(&["link", "set", &link, "master", BRIDGE, "up"])?;
    ip(&[
        "-n",
        &name,
        "addr",
        "add",
        &format!("{address}/24"),
        "dev",
        "eth0",
    ])?;
    ip(&["-n", &name, "link", "set", "eth0", "up"])?;
    ip(&["-n", &name, "link", "set", "lo", "up"])?;
    let program = worker_command()?;
    let mut command = Command::new("ip");
    command
        .args(["netns", "exec", &name])
        .arg(program.get_program());
    Ok((command, format!("{address}:7000")))
}

/// Runs `ip` of iproute2.
fn ip(arguments: &[&str]) -> Result<(), CommandError> {
    let refused = |reason: String| {
        CommandError::Usage(format!(
            "`ip {}` failed: {reason}; network namespaces need root and iproute2, and workers run without --namespaces, too",
            arguments.join(" ")
        ))
    };
    let output = Command::new("ip").args(arguments).output();
    let output = output.map_err(|error| refused(error.to_string()))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(match said.contains("File exists") {
                true => CommandError::Usage(format!(
                    "`ip {}` failed: {said}; another cluster of this host has namespaces, or has left them behind",
                    arguments.join(" ")
                )),
                false => refused(said),
            })
        }
    }
}
