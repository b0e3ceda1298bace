//! Arguments as they are typed.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::PageCache;
use crate::recipe::TOOLS;
use crate::record::Preference;
use crate::report::Format;
use crate::units::parse_bytes;

/// Measures how fast a Parquet layout can be read, by SQL, on a given storage system
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    version,
    about,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "Examples:
  bench run                                         the quickstart: five codecs, compared
  bench run --table t='data/*.parquet' --sql 'SELECT a FROM t WHERE b > 10'
  bench run my.yaml --sweep 'dataset.compression=none,zstd(3)' --query queries/

Exit codes: 0 done, 1 failed, 2 usage or config, 3 an expectation or a gate failed, 130 interrupted.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generates what is missing, measures, and compares
    #[command(after_help = "Examples:
  bench run
  bench run configs/dlrm.yaml --set dataset.num_files_train=2 --set dataset.num_samples_per_file=122880
  bench run my.yaml --sweep 'dataset.compression=none,snappy,zstd(3)' --rounds 20 --format markdown
  bench run --source my.parquet --sweep 'dataset.compression=none,snappy,lz4,zstd(1),zstd(9)'
  bench run my.yaml --lane all --cache cold         is it the storage or the CPU?
  bench run --table hits='/data/hits/*.parquet' --sql 'SELECT count(*) FROM hits WHERE url LIKE $$https%$$'")]
    Run(RunArguments),
    /// Writes the datasets of a config, and proves them from their footers
    #[command(after_help = "Examples:
  bench generate my.yaml
  bench generate my.yaml --sweep dataset.parquet.row_group_size=6144,65536 --dry-run
  bench generate my.yaml --rank 0 --world-size 4      (and ranks 1 to 3 on other hosts)
  bench generate my.yaml --workers http://host1:7000,http://host2:7000")]
    Generate(GenerateArguments),
    /// Shows plans, columns read and row groups pruned; writes missing datasets, and times nothing
    #[command(after_help = "Example:
  bench explain my.yaml --query selective_filter")]
    Explain(ExplainArguments),
    /// Shows the resolved config, its variants, and their sizes against this host's disk and
    /// memory; writes nothing
    #[command(after_help = "Example:
  bench check my.yaml --set dataset.num_files_train=16")]
    Check(CheckArguments),
    /// Shows how Parquet files are laid out: row groups, chunks, encodings, indexes, footers
    #[command(after_help = "Examples:
  bench inspect data/quickstart
  bench inspect my.parquet --columns
  bench inspect 'data/*.parquet' --column user_id --pages --format json")]
    Inspect(InspectArguments),
    /// Writes a config whose generated data is like existing files, and shows how like it is
    #[command(after_help = "Examples:
  bench learn my.parquet -o like.yaml
  bench learn 'data/hits/*.parquet' -o hits.yaml && bench run hits.yaml --sweep 'dataset.compression=snappy,zstd(3)'

The config has the files' layout and their columns' names and types, but copies none of their values: names of
categories are made up, and numbers are rounded or moved. --keep-values keeps them.")]
    Learn(LearnArguments),
    /// Lists the datasets that a config owns, and removes them with --yes
    #[command(after_help = "Examples:
  bench clean my.yaml
  bench clean my.yaml --sweep 'dataset.compression=none,zstd(3)' --yes")]
    Clean(CleanArguments),
    /// Shows stored run records or journals again, as text, as an HTML page with charts, or over
    /// time
    #[command(after_help = "Examples:
  bench report results/20260102T030405Z-0a1b2c3d.json --html report.html
  bench report results/20260102T030405Z-0a1b2c3d.jsonl --format markdown
  bench report results/*.json --history")]
    Report(ReportArguments),
    /// Shows how to write a variant's layout with other tools, and what each cannot do
    #[command(after_help = "Examples:
  bench recipe results/20260102T030405Z-0a1b2c3d.json
  bench recipe results/20260102T030405Z-0a1b2c3d.json 'zstd(3)' --tool pyarrow")]
    Recipe(RecipeArguments),
    /// Compares records with the first of them, cell by cell; a gate for continuous integration
    #[command(after_help = "Examples:
  bench compare base.json new.json
  bench compare base.json new.json --fail-if-slower 5%
  bench compare a.json b.json --by array                where a and b were run with --label array=A and array=B
  bench compare one.json --by dataset.data_folder       where one run swept that key

Exit codes: 0 passed or undecided, 2 usage, 3 a cell is slower than --fail-if-slower allows, results
differ, or the gate is undecided with --fail-if-inconclusive.")]
    Compare(CompareArguments),
    /// Trains: batches of rows for accelerators that compute for a time, and how busy they would be
    #[command(after_help = "Examples:
  bench train configs/dlrm.yaml --set dataset.num_files_train=2 --set dataset.num_samples_per_file=122880 \\
      --set train.computation_time=0.000375
  bench train my.yaml --lane all --cache cold       storage, decoding, or the accelerator?
  mpirun -n 4 bench train my.yaml && bench report results/*.json")]
    Train(TrainArguments),
    /// Reads again, without the engine, the byte ranges that a run has asked for
    #[command(after_help = "Examples:
  bench run my.yaml --trace my.trace && bench replay my.trace --cache cold
  bench replay my.trace --rounds 30 --format json")]
    Replay(ReplayArguments),
    /// Executes shares of the queries of a `bench run --workers` elsewhere
    #[command(after_help = "Examples:
  bench worker --listen 127.0.0.1:7001 --allow data
  BENCH_TOKEN=... bench worker --listen 0.0.0.0:7000 --allow s3://bucket/prefix --tls-generate /shared/tls \\
      --tls-name host1 --tls-name host2

Its first line on stdout is its URL.")]
    Worker(WorkerArguments),
    /// Starts and ends workers on this host, for trying them out
    #[command(after_help = "Example:
  bench cluster up 3 && bench run --workers cluster && bench cluster down")]
    Cluster(ClusterArguments),
    /// Shows in a few seconds what this host can measure: noise, caches, direct reads, clock,
    /// frequency
    #[command(after_help = "Examples:
  bench doctor
  bench doctor /mnt/array")]
    Doctor(DoctorArguments),
    /// Prints the JSON Schema of configs, for completion and checks in an editor
    #[command(after_help = "Example:
  bench schema > bench.schema.json

and as the first line of a config:
  # yaml-language-server: $schema=bench.schema.json")]
    Schema,
    /// Prints a completion script for a shell
    #[command(after_help = "Example:
  bench completions bash > /etc/bash_completion.d/bench")]
    Completions { shell: Shell },
    /// Prints the manual page
    #[command(after_help = "Example:
  bench man > /usr/local/share/man/man1/bench.1")]
    Man,
    /// Writes the files of one rank for a worker; for this program's own use
    #[command(hide = true)]
    GenerateShare,
    /// Executes one cell once, and reports the memory that was resident; for this program's own use
    #[command(hide = true)]
    NeededMemory,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// YAML config, in DLIO's dialect; the built-in quickstart if left out
    pub(crate) config: Option<PathBuf>,
    /// Sets a key, as in `dataset.seed=7`; the value is YAML
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Sets keys, several behind one flag as `mlpstorage` takes them: `--params
    /// dataset.num_files_train=2 reader.read_threads=8`. Give the config before it
    #[arg(long = "params", alias = "param", value_name = "KEY=VALUE", num_args = 1..)]
    pub(crate) params: Vec<String>,
    /// Varies a key, as in `dataset.compression=none,zstd(3)`; the first value is the baseline
    #[arg(long = "sweep", value_name = "KEY=A,B,..")]
    pub(crate) sweep: Vec<String>,
    /// Existing rows to write in the layouts of the config, instead of generated ones: Parquet,
    /// CSV, JSON or Arrow files. NAME is that of the table in SQL, instead of `train`. Without a
    /// config, they are written below `data/`
    #[arg(long, value_name = "[NAME=]URL")]
    pub(crate) source: Option<String>,
    /// Reads files as one table where their types only widen, as `reader.unify_schemas: true` does:
    /// int32 beside int64, decimals of other digits, fields added to structs, "UTC" beside
    /// "+00:00". Columns that some files lack need no flag
    #[arg(long)]
    pub(crate) unify_schemas: bool,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArguments {
    /// SQL file, folder of SQL files, or shipped scenario, instead of the config's scenarios
    #[arg(long = "query", value_name = "FILE|DIR|NAME")]
    pub(crate) query: Vec<String>,
    /// SQL text, instead of the config's scenarios
    #[arg(long = "sql", value_name = "TEXT")]
    pub(crate) sql: Vec<String>,
    /// Existing Parquet as a table: a file, a folder or a glob. Without a config, only these tables
    /// are read
    #[arg(long = "table", value_name = "NAME=URL")]
    pub(crate) table: Vec<String>,
    #[command(flatten)]
    pub(crate) original: OriginalArgument,
}

#[derive(Debug, Args)]
pub(crate) struct OriginalArgument {
    /// Reads the files of the source as they are, too, as the variant `original`, with which the
    /// others are compared. They must be Parquet
    #[arg(long)]
    pub(crate) with_original: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    #[command(flatten)]
    pub(crate) queries: QueryArguments,
    /// Lanes to time, separated by commas: end_to_end (the real thing), storage (the byte ranges
    /// that it asks for, read and dropped), compute (the same query with its bytes in memory), or
    /// all
    #[arg(long, value_name = "LANE,..", value_delimiter = ',')]
    pub(crate) lane: Vec<LaneArgument>,
    /// State of the page cache before each iteration
    #[arg(long, value_parser = one_of(&CACHES, PageCache::name))]
    pub(crate) cache: Option<PageCache>,
    /// Measured rounds, exactly so many
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<u32>,
    /// Variant that the others are compared with; the first if left out
    #[arg(long, value_name = "VARIANT")]
    pub(crate) baseline: Option<String>,
    /// A label for the run record, as in `array=A`
    #[arg(long = "label", value_name = "KEY=VALUE")]
    pub(crate) label: Vec<String>,
    /// File for the run record, besides the one in `results/`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) workers: WorkersArguments,
    /// Goes on without workers that are lost, and says which rounds had fewer
    #[arg(long, requires = "workers")]
    pub(crate) tolerate_lost_workers: bool,
    /// File for the requests of each cell to the store, which `bench replay` reads again
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Format of stdout
    #[arg(long, value_parser = one_of(&FORMATS, Format::name), default_value = "table")]
    pub(crate) format: Format,
    /// Shows all tables and findings above the first screen: each scenario, where the bytes went,
    /// where variants break even, and the methods
    #[arg(long)]
    pub(crate) details: bool,
    /// Costs by which a variant is recommended
    #[arg(long, value_parser = one_of(&PREFERENCES, Preference::name), default_value = "balanced")]
    pub(crate) prefer: Preference,
    /// Shows what would be written and measured, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agrees to writing more than 10 GB, or more than half of the free space
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Workers, and what this process needs to reach them.
#[derive(Debug, Args)]
pub(crate) struct WorkersArguments {
    /// Workers that do the work, by their URLs, separated by commas, or `cluster` for those
    /// that `bench cluster up` has started here. They must see the same files, and be of the same
    /// build
    #[arg(long, value_name = "URL,..", value_delimiter = ',')]
    pub(crate) workers: Vec<String>,
    /// File with the token of the workers. Without it, the environment variable BENCH_TOKEN has it
    #[arg(long, value_name = "FILE", requires = "workers")]
    pub(crate) token_file: Option<PathBuf>,
    /// File with the certificates, in PEM, that workers' own are checked with
    #[arg(long, value_name = "FILE", requires = "workers")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Sends the token to workers on other hosts without TLS
    #[arg(long, requires = "workers")]
    pub(crate) plaintext: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ClusterArguments {
    #[command(subcommand)]
    pub(crate) command: ClusterCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Starts workers, whose state and logs are in .bench-cluster
    Up(ClusterUpArguments),
    /// Ends the workers of the working folder
    Down,
}

#[derive(Debug, Args)]
pub(crate) struct ClusterUpArguments {
    /// Number of workers
    #[arg(value_name = "N")]
    pub(crate) workers: u32,
    /// Folder or URL below which workers read; the working folder if left out
    #[arg(long, value_name = "URL")]
    pub(crate) allow: Vec<String>,
    /// Lets workers also write datasets there, for `bench generate --workers`
    #[arg(long)]
    pub(crate) generate: bool,
    /// Gives each worker a network namespace and an address of its own, for which it takes root and
    /// iproute2
    #[arg(long)]
    pub(crate) namespaces: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArguments {
    /// Address to listen on. Port 0 is any free one. If other hosts can reach it, there must be a
    /// token, and TLS or --plaintext
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7000")]
    pub(crate) listen: String,
    /// Folder or URL below which files may be read; the working folder if left out
    #[arg(long, value_name = "URL")]
    pub(crate) allow: Vec<String>,
    /// Lets cold measurements drop the page cache of this whole host, which only root may do
    #[arg(long)]
    pub(crate) drop_caches: bool,
    /// Also writes datasets below those places, for `bench generate --workers`; queries never write
    #[arg(long)]
    pub(crate) generate: bool,
    /// File with the token that coordinators and other workers must know. Without it, the
    /// environment variable BENCH_TOKEN has it
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// File with this worker's certificate, in PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "tls_generate"
    )]
    pub(crate) tls_cert: Option<PathBuf>,
    /// File with the key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// File with the certificates, in PEM, that other workers' own are checked with
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Folder for a certificate, its key and its authority (ca.pem), which are made if they are not
    /// there yet
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tls_generate: Option<PathBuf>,
    /// Name or address in the made certificate; this host's if left out
    #[arg(long, value_name = "NAME", requires = "tls_generate")]
    pub(crate) tls_name: Vec<String>,
    /// Goes without TLS although other hosts can reach it
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_generate"])]
    pub(crate) plaintext: bool,
    /// Most memory of a query's operators, as `64GiB`; half of this host's if left out
    #[arg(long, value_name = "BYTES", value_parser = memory)]
    pub(crate) memory_limit: Option<u64>,
    /// Largest message, a plan or a batch of rows
    #[arg(long, value_name = "BYTES", value_parser = memory, default_value = "256MiB")]
    pub(crate) max_message: u64,
}

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Lanes, separated by commas: end_to_end (the real thing), storage (the byte ranges that it
    /// asks for, read and dropped), compute (the ceiling: the same loop with its bytes in memory),
    /// or all. If left out, end_to_end and compute
    #[arg(long, value_name = "LANE,..", value_delimiter = ',')]
    pub(crate) lane: Vec<LaneArgument>,
    /// State of the page cache before each epoch
    #[arg(long, value_parser = one_of(&CACHES, PageCache::name))]
    pub(crate) cache: Option<PageCache>,
    /// Epochs, as `train.epochs`
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// Accelerators that this process feeds at once, as `train.accelerators`
    #[arg(long, value_name = "N")]
    pub(crate) accelerators: Option<u32>,
    /// Searches, in place of epochs, for the most accelerators that this host can feed at the
    /// utilization `metric.au`
    #[arg(long, conflicts_with_all = ["lane", "epochs", "accelerators"])]
    pub(crate) find_accelerators: bool,
    /// Number of this process, counted from 0, among those that train together; each reads a share
    /// of the rows. Also read from what launchers set: OMPI_COMM_WORLD_RANK, MV2_COMM_WORLD_RANK,
    /// PMIX_RANK, PMI_RANK, SLURM_PROCID, RANK or JOB_COMPLETION_INDEX
    #[arg(long, value_name = "R", requires = "world_size")]
    pub(crate) rank: Option<u64>,
    /// Number of processes that train together. Also read from what launchers set
    #[arg(long, value_name = "N")]
    pub(crate) world_size: Option<u64>,
    /// Time of the first epoch, for processes that start together: as 2026-01-02T03:04:05Z, or in
    /// seconds since 1970
    #[arg(long, value_name = "TIME")]
    pub(crate) start_at: Option<String>,
    /// Refused: a training loop reads chosen row groups in an order of its own, which the engine of
    /// workers does not pass on
    #[arg(long, value_name = "URL,..", value_delimiter = ',', hide = true)]
    pub(crate) workers: Vec<String>,
    /// A label for the record, as in `array=A`
    #[arg(long = "label", value_name = "KEY=VALUE")]
    pub(crate) label: Vec<String>,
    /// File for the record, besides the one in `results/`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Format of stdout
    #[arg(long, value_parser = one_of(&FORMATS, Format::name), default_value = "table")]
    pub(crate) format: Format,
    /// Shows all tables above the first screen: accelerators, times of steps, and the methods
    #[arg(long)]
    pub(crate) details: bool,
    /// Agrees to writing more than 10 GB, or more than half of the free space
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Number of this process, counted from 0, among those that write the datasets together; it
    /// writes no files but its own. Also read from what launchers set: OMPI_COMM_WORLD_RANK,
    /// MV2_COMM_WORLD_RANK, PMIX_RANK, PMI_RANK, SLURM_PROCID or RANK
    #[arg(long, value_name = "R", requires = "world_size")]
    pub(crate) rank: Option<u64>,
    /// Number of processes that write together. Also read from what launchers set:
    /// OMPI_COMM_WORLD_SIZE, MV2_COMM_WORLD_SIZE, PMIX_SIZE, PMI_SIZE, SLURM_NTASKS or WORLD_SIZE
    #[arg(long, value_name = "N", requires = "rank")]
    pub(crate) world_size: Option<u64>,
    #[command(flatten)]
    pub(crate) workers: WorkersArguments,
    /// Shows what would be written, and writes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agrees to writing more than 10 GB, or more than half of the free space
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    #[command(flatten)]
    pub(crate) queries: QueryArguments,
    #[command(flatten)]
    pub(crate) workers: WorkersArguments,
    /// Agrees to writing more than 10 GB, or more than half of the free space
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Accelerators to size a storage system for: bytes and row groups per second, and the files
    /// that MLPerf Storage asks for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) accelerators: Option<u64>,
    /// Hosts of these accelerators
    #[arg(long, value_name = "N", default_value_t = 1, requires = "accelerators", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) hosts: u64,
    /// Memory of each host, as `512GiB`; that of this one if left out
    #[arg(long, value_name = "BYTES", requires = "accelerators", value_parser = memory)]
    pub(crate) host_memory: Option<u64>,
    #[command(flatten)]
    pub(crate) original: OriginalArgument,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Removes what is listed
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// Parquet files: a file, a folder or a glob
    #[arg(value_name = "URL")]
    pub(crate) location: String,
    /// Shows every column: encodings, sizes, pages, minimum and maximum
    #[arg(long)]
    pub(crate) columns: bool,
    /// Shows only this column, with all of its leaves
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Vec<String>,
    /// Shows every row group
    #[arg(long)]
    pub(crate) row_groups: bool,
    /// Shows every page; reads and decompresses all of the data
    #[arg(long)]
    pub(crate) pages: bool,
    /// Format of stdout
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    pub(crate) format: InspectFormat,
}

#[derive(Debug, Args)]
pub(crate) struct LearnArguments {
    /// Parquet files: a file, a folder or a glob
    #[arg(value_name = "URL")]
    pub(crate) location: String,
    /// File for the config; must not be there yet
    #[arg(short, long, value_name = "CONFIG")]
    pub(crate) output: PathBuf,
    /// Keeps names of categories, constants and numbers as they are, which are values of the
    /// original
    #[arg(long)]
    pub(crate) keep_values: bool,
    /// Format of stdout
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    pub(crate) format: InspectFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum InspectFormat {
    /// A summary, and tables
    Table,
    /// Everything
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LaneArgument {
    #[value(name = "end_to_end")]
    EndToEnd,
    Storage,
    Compute,
    All,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// File that `bench run --trace` has written. A throttle of that run is not applied: the
    /// storage is read as fast as it is
    #[arg(value_name = "TRACE")]
    pub(crate) trace: PathBuf,
    /// State of the page cache before each replay
    #[arg(long, value_parser = one_of(&CACHES, PageCache::name), default_value = "warm")]
    pub(crate) cache: PageCache,
    /// Replays of each trace
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Format of stdout
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    pub(crate) format: InspectFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Folder on the storage to measure; the current one if left out. Files that are written
    /// there are removed again
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Format of stdout
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    pub(crate) format: InspectFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Run records (*.json) or journals (*.jsonl)
    #[arg(required = true, value_name = "RECORD")]
    pub(crate) records: Vec<PathBuf>,
    /// File for a page with charts, of one record, or of all with --history. It needs no network
    /// and no scripts
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    pub(crate) html: Option<PathBuf>,
    /// Folder for `summary.json` in DLIO's form, of a training run whose ranks are all named
    #[arg(long, value_name = "FOLDER", conflicts_with = "history")]
    pub(crate) dlio: Option<PathBuf>,
    /// Compares all variants with this one, instead of the run's baseline
    #[arg(long, value_name = "VARIANT", conflicts_with = "history")]
    pub(crate) baseline: Option<String>,
    /// Shows each scenario over the runs, in the order of their start, with the changes that are
    /// more than noise
    #[arg(long, conflicts_with_all = ["details", "prefer"])]
    pub(crate) history: bool,
    /// Shows all tables and findings above the first screen: each scenario, where the bytes went,
    /// where variants break even, and the methods
    #[arg(long)]
    pub(crate) details: bool,
    /// Costs by which a variant is recommended
    #[arg(long, value_parser = one_of(&PREFERENCES, Preference::name), default_value = "balanced")]
    pub(crate) prefer: Preference,
    /// Format of stdout
    #[arg(long, value_parser = one_of(&FORMATS, Format::name), default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RecipeArguments {
    /// Run record (*.json) or journal (*.jsonl)
    #[arg(value_name = "RECORD")]
    pub(crate) record: PathBuf,
    /// Name of a variant, instead of the recommended one
    #[arg(value_name = "VARIANT")]
    pub(crate) variant: Option<String>,
    /// Shows the code of one tool, and nothing else
    #[arg(long, value_name = "TOOL", value_parser = PossibleValuesParser::new(TOOLS), ignore_case = true)]
    pub(crate) tool: Option<String>,
    /// Costs by which a variant is recommended
    #[arg(long, value_parser = one_of(&PREFERENCES, Preference::name), default_value = "balanced", conflicts_with = "variant")]
    pub(crate) prefer: Preference,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Run records (*.json) or journals (*.jsonl); the others are compared with the first. One is
    /// enough with --by
    #[arg(required = true, value_name = "RECORD")]
    pub(crate) records: Vec<PathBuf>,
    /// Compares the values of a label, or of a key of the config, instead of the records
    #[arg(long, value_name = "KEY")]
    pub(crate) by: Option<String>,
    /// Exits with 3 if the whole interval of a cell is slower by more than this, as in `5%` or
    /// `0.05`, or if results differ
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) fail_if_slower: Option<f64>,
    /// Exits with 3 also if that cannot be excluded, or if a cell was not measured
    #[arg(long, requires = "fail_if_slower")]
    pub(crate) fail_if_inconclusive: bool,
    /// Format of stdout
    #[arg(long, value_parser = one_of(&FORMATS, Format::name), default_value = "table")]
    pub(crate) format: Format,
}

/// A number of bytes, as `512GiB`.
fn memory(text: &str) -> Result<u64, String> {
    parse_bytes(text)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "write a number of bytes with its unit, such as `512GiB`".to_owned())
}

/// A share as `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let (number, most) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim().parse::<f64>().map(|it| it / 100.0), 10.0),
        // A lone 5 is more likely 5 % than 500 %.
        None => (text.parse(), 0.999),
    };
    let share = number
        .ok()
        .filter(|share| *share >= 0.001 && *share <= most);
    share.ok_or_else(|| "write a share from 0.1% to 1000%, such as `5%`, or `0.05`".to_owned())
}

/// A parser of the values of an enum of another room, each with its help.
fn one_of<T: Copy + Send + Sync + 'static>(
    values: &'static [(T, &'static str)],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let possible = values
        .iter()
        .map(|(value, help)| PossibleValue::new(name(*value)).help(*help));
    PossibleValuesParser::new(possible).try_map(move |text| {
        let found = values.iter().find(|(value, _)| name(*value) == text);
        found.map(|(value, _)| *value).ok_or("an unknown value")
    })
}

const CACHES: [(PageCache, &str); 3] = [
    (PageCache::Warm, "All pages of the files are in it"),
    (
        PageCache::Cold,
        "None is; a server's or a hypervisor's cache is not seen",
    ),
    (PageCache::Direct, "Reads pass it by (O_DIRECT)"),
];

const PREFERENCES: [(Preference, &str); 4] = [
    (Preference::Time, "Time alone"),
    (Preference::Size, "File size alone"),
    (Preference::Cpu, "CPU time alone"),
    (
        Preference::Balanced,
        "Time 40 %, file size 40 %, CPU time 20 %",
    ),
];

const FORMATS: [(Format, &str); 4] = [
    (Format::Table, "Tables for a terminal"),
    (Format::Markdown, "Tables for a pull request"),
    (
        Format::Csv,
        "A row per iteration, or per cell of a comparison",
    ),
    (Format::Json, "The run record, or what was compared"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::error::ErrorKind;
    use rstest::rstest;
    use strum::VariantArray;

    use super::*;

    fn run(line: &[&str]) -> Result<RunArguments, clap::Error> {
        let line = ["bench", "run"].iter().chain(line);
        match Arguments::try_parse_from(line)?.command {
            Command::Run(arguments) => Ok(arguments),
            _ => unreachable!("another command"),
        }
    }

    #[test]
    fn every_cache_state_and_preference_is_a_value_of_its_flag() {
        for cache in PageCache::VARIANTS {
            let arguments = run(&["--cache", cache.name()]).unwrap();
            assert_eq!(arguments.cache, Some(*cache));
        }
        for preference in Preference::ALL {
            let arguments = run(&["--prefer", preference.name()]).unwrap();
            assert_eq!(arguments.prefer, preference);
        }
    }

    #[test]
    fn an_unknown_value_is_refused_with_those_that_there_are() {
        let error = run(&["--format", "yaml"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let said = error.to_string();
        assert!(said.contains("table, markdown, csv, json"), "{said}");
    }

    #[rstest]
    #[case("5%", Some(0.05))]
    #[case("5 %", Some(0.05))]
    #[case("0.05", Some(0.05))]
    #[case("1000%", Some(10.0))]
    #[case::more_likely_a_percentage("5", None)]
    #[case::a_whole("1", None)]
    #[case::too_small("0.05%", None)]
    #[case::too_large("1001%", None)]
    #[case::negative("-5%", None)]
    #[case::no_number("NaN", None)]
    #[case::nothing("%", None)]
    fn a_share_is_a_percentage_or_less_than_one(#[case] text: &str, #[case] expected: Option<f64>) {
        assert_eq!(share(text).ok(), expected);
    }
}
