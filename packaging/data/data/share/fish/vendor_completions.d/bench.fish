# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_bench_global_optspecs
    string join \n h/help V/version
end

function __fish_bench_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_bench_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_bench_using_subcommand
    set -l cmd (__fish_bench_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c bench -n "__fish_bench_needs_command" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_needs_command" -s V -l version -d 'Print version'
complete -c bench -n "__fish_bench_needs_command" -f -a "run" -d 'Generates what is missing, measures, and compares'
complete -c bench -n "__fish_bench_needs_command" -f -a "generate" -d 'Writes the datasets of a config, and proves them from their footers'
complete -c bench -n "__fish_bench_needs_command" -f -a "explain" -d 'Shows plans, columns read and row groups pruned; writes missing datasets, and times nothing'
complete -c bench -n "__fish_bench_needs_command" -f -a "check" -d 'Shows the resolved config, its variants, and their sizes against this host\'s disk and memory; writes nothing'
complete -c bench -n "__fish_bench_needs_command" -f -a "inspect" -d 'Shows how Parquet files are laid out: row groups, chunks, encodings, indexes, footers'
complete -c bench -n "__fish_bench_needs_command" -f -a "learn" -d 'Writes a config whose generated data is like existing files, and shows how like it is'
complete -c bench -n "__fish_bench_needs_command" -f -a "clean" -d 'Lists the datasets that a config owns, and removes them with --yes'
complete -c bench -n "__fish_bench_needs_command" -f -a "report" -d 'Shows stored run records or journals again, as text, as an HTML page with charts, or over time'
complete -c bench -n "__fish_bench_needs_command" -f -a "recipe" -d 'Shows how to write a variant\'s layout with other tools, and what each cannot do'
complete -c bench -n "__fish_bench_needs_command" -f -a "compare" -d 'Compares records with the first of them, cell by cell; a gate for continuous integration'
complete -c bench -n "__fish_bench_needs_command" -f -a "train" -d 'Trains: batches of rows for accelerators that compute for a time, and how busy they would be'
complete -c bench -n "__fish_bench_needs_command" -f -a "replay" -d 'Reads again, without the engine, the byte ranges that a run has asked for'
complete -c bench -n "__fish_bench_needs_command" -f -a "worker" -d 'Executes shares of the queries of a `bench run --workers` elsewhere'
complete -c bench -n "__fish_bench_needs_command" -f -a "cluster" -d 'Starts and ends workers on this host, for trying them out'
complete -c bench -n "__fish_bench_needs_command" -f -a "doctor" -d 'Shows in a few seconds what this host can measure: noise, caches, direct reads, clock, frequency'
complete -c bench -n "__fish_bench_needs_command" -f -a "schema" -d 'Prints the JSON Schema of configs, for completion and checks in an editor'
complete -c bench -n "__fish_bench_needs_command" -f -a "completions" -d 'Prints a completion script for a shell'
complete -c bench -n "__fish_bench_needs_command" -f -a "man" -d 'Prints the manual page'
complete -c bench -n "__fish_bench_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c bench -n "__fish_bench_using_subcommand run" -l set -d 'Sets a key, as in `dataset.seed=7`; the value is YAML' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l params -d 'Sets keys, several behind one flag as `mlpstorage` takes them: `--params dataset.num_files_train=2 reader.read_threads=8`. Give the config before it' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l sweep -d 'Varies a key, as in `dataset.compression=none,zstd(3)`; the first value is the baseline' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l source -d 'Existing rows to write in the layouts of the config, instead of generated ones: Parquet, CSV, JSON or Arrow files. NAME is that of the table in SQL, instead of `train`. Without a config, they are written below `data/`' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l query -d 'SQL file, folder of SQL files, or shipped scenario, instead of the config\'s scenarios' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l sql -d 'SQL text, instead of the config\'s scenarios' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l table -d 'Existing Parquet as a table: a file, a folder or a glob. Without a config, only these tables are read' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l lane -d 'Lanes to time, separated by commas: end_to_end (the real thing), storage (the byte ranges that it asks for, read and dropped), compute (the same query with its bytes in memory), or all' -r -f -a "end_to_end\t''
storage\t''
compute\t''
all\t''"
complete -c bench -n "__fish_bench_using_subcommand run" -l cache -d 'State of the page cache before each iteration' -r -f -a "warm\t'All pages of the files are in it'
cold\t'None is; a server\'s or a hypervisor\'s cache is not seen'
direct\t'Reads pass it by (O_DIRECT)'"
complete -c bench -n "__fish_bench_using_subcommand run" -l rounds -d 'Measured rounds, exactly so many' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l baseline -d 'Variant that the others are compared with; the first if left out' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l label -d 'A label for the run record, as in `array=A`' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l record -d 'File for the run record, besides the one in `results/`' -r -F
complete -c bench -n "__fish_bench_using_subcommand run" -l workers -d 'Workers that do the work, by their URLs, separated by commas, or `cluster` for those that `bench cluster up` has started here. They must see the same files, and be of the same build' -r
complete -c bench -n "__fish_bench_using_subcommand run" -l token-file -d 'File with the token of the workers. Without it, the environment variable BENCH_TOKEN has it' -r -F
complete -c bench -n "__fish_bench_using_subcommand run" -l tls-ca -d 'File with the certificates, in PEM, that workers\' own are checked with' -r -F
complete -c bench -n "__fish_bench_using_subcommand run" -l trace -d 'File for the requests of each cell to the store, which `bench replay` reads again' -r -F
complete -c bench -n "__fish_bench_using_subcommand run" -l format -d 'Format of stdout' -r -f -a "table\t'Tables for a terminal'
markdown\t'Tables for a pull request'
csv\t'A row per iteration, or per cell of a comparison'
json\t'The run record, or what was compared'"
complete -c bench -n "__fish_bench_using_subcommand run" -l prefer -d 'Costs by which a variant is recommended' -r -f -a "time\t'Time alone'
size\t'File size alone'
cpu\t'CPU time alone'
balanced\t'Time 40 %, file size 40 %, CPU time 20 %'"
complete -c bench -n "__fish_bench_using_subcommand run" -l unify-schemas -d 'Reads files as one table where their types only widen, as `reader.unify_schemas: true` does: int32 beside int64, decimals of other digits, fields added to structs, "UTC" beside "+00:00". Columns that some files lack need no flag'
complete -c bench -n "__fish_bench_using_subcommand run" -l with-original -d 'Reads the files of the source as they are, too, as the variant `original`, with which the others are compared. They must be Parquet'
complete -c bench -n "__fish_bench_using_subcommand run" -l plaintext -d 'Sends the token to workers on other hosts without TLS'
complete -c bench -n "__fish_bench_using_subcommand run" -l tolerate-lost-workers -d 'Goes on without workers that are lost, and says which rounds had fewer'
complete -c bench -n "__fish_bench_using_subcommand run" -l details -d 'Shows all tables and findings above the first screen: each scenario, where the bytes went, where variants break even, and the methods'
complete -c bench -n "__fish_bench_using_subcommand run" -l dry-run -d 'Shows what would be written and measured, and does nothing'
complete -c bench -n "__fish_bench_using_subcommand run" -l yes -d 'Agrees to writing more than 10 GB, or more than half of the free space'
complete -c bench -n "__fish_bench_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand generate" -l set -d 'Sets a key, as in `dataset.seed=7`; the value is YAML' -r
complete -c bench -n "__fish_bench_using_subcommand generate" -l params -d 'Sets keys, several behind one flag as `mlpstorage` takes them: `--params dataset.num_files_train=2 reader.read_threads=8`. Give the config before it' -r
complete -c bench -n "__fish_bench_using_subcommand generate" -l sweep -d 'Varies a key, as in `dataset.compression=none,zstd(3)`; the first value is the baseline' -r
complete -c bench -n "__fish_bench_using_subcommand generate" -l source -d 'Existing rows to write in the layouts of the config, instead of generated ones: Parquet, CSV, JSON or Arrow files. NAME is that of the table in SQL, instead of `train`. Without a config, they are written below `data/`' -r
complete -c bench -n "__fish_bench_using_subcommand generate" -l rank -d 'Number of this process, counted from 0, among those that write the datasets together; it writes no files but its own. Also read from what launchers set: OMPI_COMM_WORLD_RANK, MV2_COMM_WORLD_RANK, PMIX_RANK, PMI_RANK, SLURM_PROCID or RANK' -r
complete -c bench -n "__fish_bench_using_subcommand generate" -l world-size -d 'Number of processes that write together. Also read from what launchers set: OMPI_COMM_WORLD_SIZE, MV2_COMM_WORLD_SIZE, PMIX_SIZE, PMI_SIZE, SLURM_NTASKS or WORLD_SIZE' -r
complete -c bench -n "__fish_bench_using_subcommand generate" -l workers -d 'Workers that do the work, by their URLs, separated by commas, or `cluster` for those that `bench cluster up` has started here. They must see the same files, and be of the same build' -r
complete -c bench -n "__fish_bench_using_subcommand generate" -l token-file -d 'File with the token of the workers. Without it, the environment variable BENCH_TOKEN has it' -r -F
complete -c bench -n "__fish_bench_using_subcommand generate" -l tls-ca -d 'File with the certificates, in PEM, that workers\' own are checked with' -r -F
complete -c bench -n "__fish_bench_using_subcommand generate" -l unify-schemas -d 'Reads files as one table where their types only widen, as `reader.unify_schemas: true` does: int32 beside int64, decimals of other digits, fields added to structs, "UTC" beside "+00:00". Columns that some files lack need no flag'
complete -c bench -n "__fish_bench_using_subcommand generate" -l plaintext -d 'Sends the token to workers on other hosts without TLS'
complete -c bench -n "__fish_bench_using_subcommand generate" -l dry-run -d 'Shows what would be written, and writes nothing'
complete -c bench -n "__fish_bench_using_subcommand generate" -l yes -d 'Agrees to writing more than 10 GB, or more than half of the free space'
complete -c bench -n "__fish_bench_using_subcommand generate" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand explain" -l set -d 'Sets a key, as in `dataset.seed=7`; the value is YAML' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l params -d 'Sets keys, several behind one flag as `mlpstorage` takes them: `--params dataset.num_files_train=2 reader.read_threads=8`. Give the config before it' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l sweep -d 'Varies a key, as in `dataset.compression=none,zstd(3)`; the first value is the baseline' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l source -d 'Existing rows to write in the layouts of the config, instead of generated ones: Parquet, CSV, JSON or Arrow files. NAME is that of the table in SQL, instead of `train`. Without a config, they are written below `data/`' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l query -d 'SQL file, folder of SQL files, or shipped scenario, instead of the config\'s scenarios' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l sql -d 'SQL text, instead of the config\'s scenarios' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l table -d 'Existing Parquet as a table: a file, a folder or a glob. Without a config, only these tables are read' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l workers -d 'Workers that do the work, by their URLs, separated by commas, or `cluster` for those that `bench cluster up` has started here. They must see the same files, and be of the same build' -r
complete -c bench -n "__fish_bench_using_subcommand explain" -l token-file -d 'File with the token of the workers. Without it, the environment variable BENCH_TOKEN has it' -r -F
complete -c bench -n "__fish_bench_using_subcommand explain" -l tls-ca -d 'File with the certificates, in PEM, that workers\' own are checked with' -r -F
complete -c bench -n "__fish_bench_using_subcommand explain" -l unify-schemas -d 'Reads files as one table where their types only widen, as `reader.unify_schemas: true` does: int32 beside int64, decimals of other digits, fields added to structs, "UTC" beside "+00:00". Columns that some files lack need no flag'
complete -c bench -n "__fish_bench_using_subcommand explain" -l with-original -d 'Reads the files of the source as they are, too, as the variant `original`, with which the others are compared. They must be Parquet'
complete -c bench -n "__fish_bench_using_subcommand explain" -l plaintext -d 'Sends the token to workers on other hosts without TLS'
complete -c bench -n "__fish_bench_using_subcommand explain" -l yes -d 'Agrees to writing more than 10 GB, or more than half of the free space'
complete -c bench -n "__fish_bench_using_subcommand explain" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand check" -l set -d 'Sets a key, as in `dataset.seed=7`; the value is YAML' -r
complete -c bench -n "__fish_bench_using_subcommand check" -l params -d 'Sets keys, several behind one flag as `mlpstorage` takes them: `--params dataset.num_files_train=2 reader.read_threads=8`. Give the config before it' -r
complete -c bench -n "__fish_bench_using_subcommand check" -l sweep -d 'Varies a key, as in `dataset.compression=none,zstd(3)`; the first value is the baseline' -r
complete -c bench -n "__fish_bench_using_subcommand check" -l source -d 'Existing rows to write in the layouts of the config, instead of generated ones: Parquet, CSV, JSON or Arrow files. NAME is that of the table in SQL, instead of `train`. Without a config, they are written below `data/`' -r
complete -c bench -n "__fish_bench_using_subcommand check" -l accelerators -d 'Accelerators to size a storage system for: bytes and row groups per second, and the files that MLPerf Storage asks for' -r
complete -c bench -n "__fish_bench_using_subcommand check" -l hosts -d 'Hosts of these accelerators' -r
complete -c bench -n "__fish_bench_using_subcommand check" -l host-memory -d 'Memory of each host, as `512GiB`; that of this one if left out' -r
complete -c bench -n "__fish_bench_using_subcommand check" -l unify-schemas -d 'Reads files as one table where their types only widen, as `reader.unify_schemas: true` does: int32 beside int64, decimals of other digits, fields added to structs, "UTC" beside "+00:00". Columns that some files lack need no flag'
complete -c bench -n "__fish_bench_using_subcommand check" -l with-original -d 'Reads the files of the source as they are, too, as the variant `original`, with which the others are compared. They must be Parquet'
complete -c bench -n "__fish_bench_using_subcommand check" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand inspect" -l column -d 'Shows only this column, with all of its leaves' -r
complete -c bench -n "__fish_bench_using_subcommand inspect" -l format -d 'Format of stdout' -r -f -a "table\t'A summary, and tables'
json\t'Everything'"
complete -c bench -n "__fish_bench_using_subcommand inspect" -l columns -d 'Shows every column: encodings, sizes, pages, minimum and maximum'
complete -c bench -n "__fish_bench_using_subcommand inspect" -l row-groups -d 'Shows every row group'
complete -c bench -n "__fish_bench_using_subcommand inspect" -l pages -d 'Shows every page; reads and decompresses all of the data'
complete -c bench -n "__fish_bench_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand learn" -s o -l output -d 'File for the config; must not be there yet' -r -F
complete -c bench -n "__fish_bench_using_subcommand learn" -l format -d 'Format of stdout' -r -f -a "table\t'A summary, and tables'
json\t'Everything'"
complete -c bench -n "__fish_bench_using_subcommand learn" -l keep-values -d 'Keeps names of categories, constants and numbers as they are, which are values of the original'
complete -c bench -n "__fish_bench_using_subcommand learn" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand clean" -l set -d 'Sets a key, as in `dataset.seed=7`; the value is YAML' -r
complete -c bench -n "__fish_bench_using_subcommand clean" -l params -d 'Sets keys, several behind one flag as `mlpstorage` takes them: `--params dataset.num_files_train=2 reader.read_threads=8`. Give the config before it' -r
complete -c bench -n "__fish_bench_using_subcommand clean" -l sweep -d 'Varies a key, as in `dataset.compression=none,zstd(3)`; the first value is the baseline' -r
complete -c bench -n "__fish_bench_using_subcommand clean" -l source -d 'Existing rows to write in the layouts of the config, instead of generated ones: Parquet, CSV, JSON or Arrow files. NAME is that of the table in SQL, instead of `train`. Without a config, they are written below `data/`' -r
complete -c bench -n "__fish_bench_using_subcommand clean" -l unify-schemas -d 'Reads files as one table where their types only widen, as `reader.unify_schemas: true` does: int32 beside int64, decimals of other digits, fields added to structs, "UTC" beside "+00:00". Columns that some files lack need no flag'
complete -c bench -n "__fish_bench_using_subcommand clean" -l yes -d 'Removes what is listed'
complete -c bench -n "__fish_bench_using_subcommand clean" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand report" -l html -d 'File for a page with charts, of one record, or of all with --history. It needs no network and no scripts' -r -F
complete -c bench -n "__fish_bench_using_subcommand report" -l dlio -d 'Folder for `summary.json` in DLIO\'s form, of a training run whose ranks are all named' -r -F
complete -c bench -n "__fish_bench_using_subcommand report" -l baseline -d 'Compares all variants with this one, instead of the run\'s baseline' -r
complete -c bench -n "__fish_bench_using_subcommand report" -l prefer -d 'Costs by which a variant is recommended' -r -f -a "time\t'Time alone'
size\t'File size alone'
cpu\t'CPU time alone'
balanced\t'Time 40 %, file size 40 %, CPU time 20 %'"
complete -c bench -n "__fish_bench_using_subcommand report" -l format -d 'Format of stdout' -r -f -a "table\t'Tables for a terminal'
markdown\t'Tables for a pull request'
csv\t'A row per iteration, or per cell of a comparison'
json\t'The run record, or what was compared'"
complete -c bench -n "__fish_bench_using_subcommand report" -l history -d 'Shows each scenario over the runs, in the order of their start, with the changes that are more than noise'
complete -c bench -n "__fish_bench_using_subcommand report" -l details -d 'Shows all tables and findings above the first screen: each scenario, where the bytes went, where variants break even, and the methods'
complete -c bench -n "__fish_bench_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand recipe" -l tool -d 'Shows the code of one tool, and nothing else' -r -f -a "PyArrow\t''
pandas\t''
Polars\t''
DuckDB\t''
Spark\t''
DataFusion\t''
arrow-rs\t''"
complete -c bench -n "__fish_bench_using_subcommand recipe" -l prefer -d 'Costs by which a variant is recommended' -r -f -a "time\t'Time alone'
size\t'File size alone'
cpu\t'CPU time alone'
balanced\t'Time 40 %, file size 40 %, CPU time 20 %'"
complete -c bench -n "__fish_bench_using_subcommand recipe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand compare" -l by -d 'Compares the values of a label, or of a key of the config, instead of the records' -r
complete -c bench -n "__fish_bench_using_subcommand compare" -l fail-if-slower -d 'Exits with 3 if the whole interval of a cell is slower by more than this, as in `5%` or `0.05`, or if results differ' -r
complete -c bench -n "__fish_bench_using_subcommand compare" -l format -d 'Format of stdout' -r -f -a "table\t'Tables for a terminal'
markdown\t'Tables for a pull request'
csv\t'A row per iteration, or per cell of a comparison'
json\t'The run record, or what was compared'"
complete -c bench -n "__fish_bench_using_subcommand compare" -l fail-if-inconclusive -d 'Exits with 3 also if that cannot be excluded, or if a cell was not measured'
complete -c bench -n "__fish_bench_using_subcommand compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand train" -l set -d 'Sets a key, as in `dataset.seed=7`; the value is YAML' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l params -d 'Sets keys, several behind one flag as `mlpstorage` takes them: `--params dataset.num_files_train=2 reader.read_threads=8`. Give the config before it' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l sweep -d 'Varies a key, as in `dataset.compression=none,zstd(3)`; the first value is the baseline' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l source -d 'Existing rows to write in the layouts of the config, instead of generated ones: Parquet, CSV, JSON or Arrow files. NAME is that of the table in SQL, instead of `train`. Without a config, they are written below `data/`' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l lane -d 'Lanes, separated by commas: end_to_end (the real thing), storage (the byte ranges that it asks for, read and dropped), compute (the ceiling: the same loop with its bytes in memory), or all. If left out, end_to_end and compute' -r -f -a "end_to_end\t''
storage\t''
compute\t''
all\t''"
complete -c bench -n "__fish_bench_using_subcommand train" -l cache -d 'State of the page cache before each epoch' -r -f -a "warm\t'All pages of the files are in it'
cold\t'None is; a server\'s or a hypervisor\'s cache is not seen'
direct\t'Reads pass it by (O_DIRECT)'"
complete -c bench -n "__fish_bench_using_subcommand train" -l epochs -d 'Epochs, as `train.epochs`' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l accelerators -d 'Accelerators that this process feeds at once, as `train.accelerators`' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l rank -d 'Number of this process, counted from 0, among those that train together; each reads a share of the rows. Also read from what launchers set: OMPI_COMM_WORLD_RANK, MV2_COMM_WORLD_RANK, PMIX_RANK, PMI_RANK, SLURM_PROCID, RANK or JOB_COMPLETION_INDEX' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l world-size -d 'Number of processes that train together. Also read from what launchers set' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l start-at -d 'Time of the first epoch, for processes that start together: as 2026-01-02T03:04:05Z, or in seconds since 1970' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l workers -d 'Refused: a training loop reads chosen row groups in an order of its own, which the engine of workers does not pass on' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l label -d 'A label for the record, as in `array=A`' -r
complete -c bench -n "__fish_bench_using_subcommand train" -l record -d 'File for the record, besides the one in `results/`' -r -F
complete -c bench -n "__fish_bench_using_subcommand train" -l format -d 'Format of stdout' -r -f -a "table\t'Tables for a terminal'
markdown\t'Tables for a pull request'
csv\t'A row per iteration, or per cell of a comparison'
json\t'The run record, or what was compared'"
complete -c bench -n "__fish_bench_using_subcommand train" -l unify-schemas -d 'Reads files as one table where their types only widen, as `reader.unify_schemas: true` does: int32 beside int64, decimals of other digits, fields added to structs, "UTC" beside "+00:00". Columns that some files lack need no flag'
complete -c bench -n "__fish_bench_using_subcommand train" -l find-accelerators -d 'Searches, in place of epochs, for the most accelerators that this host can feed at the utilization `metric.au`'
complete -c bench -n "__fish_bench_using_subcommand train" -l details -d 'Shows all tables above the first screen: accelerators, times of steps, and the methods'
complete -c bench -n "__fish_bench_using_subcommand train" -l yes -d 'Agrees to writing more than 10 GB, or more than half of the free space'
complete -c bench -n "__fish_bench_using_subcommand train" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand replay" -l cache -d 'State of the page cache before each replay' -r -f -a "warm\t'All pages of the files are in it'
cold\t'None is; a server\'s or a hypervisor\'s cache is not seen'
direct\t'Reads pass it by (O_DIRECT)'"
complete -c bench -n "__fish_bench_using_subcommand replay" -l rounds -d 'Replays of each trace' -r
complete -c bench -n "__fish_bench_using_subcommand replay" -l format -d 'Format of stdout' -r -f -a "table\t'A summary, and tables'
json\t'Everything'"
complete -c bench -n "__fish_bench_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand worker" -l listen -d 'Address to listen on. Port 0 is any free one. If other hosts can reach it, there must be a token, and TLS or --plaintext' -r
complete -c bench -n "__fish_bench_using_subcommand worker" -l allow -d 'Folder or URL below which files may be read; the working folder if left out' -r
complete -c bench -n "__fish_bench_using_subcommand worker" -l token-file -d 'File with the token that coordinators and other workers must know. Without it, the environment variable BENCH_TOKEN has it' -r -F
complete -c bench -n "__fish_bench_using_subcommand worker" -l tls-cert -d 'File with this worker\'s certificate, in PEM' -r -F
complete -c bench -n "__fish_bench_using_subcommand worker" -l tls-key -d 'File with the key of the certificate, in PEM' -r -F
complete -c bench -n "__fish_bench_using_subcommand worker" -l tls-ca -d 'File with the certificates, in PEM, that other workers\' own are checked with' -r -F
complete -c bench -n "__fish_bench_using_subcommand worker" -l tls-generate -d 'Folder for a certificate, its key and its authority (ca.pem), which are made if they are not there yet' -r -F
complete -c bench -n "__fish_bench_using_subcommand worker" -l tls-name -d 'Name or address in the made certificate; this host\'s if left out' -r
complete -c bench -n "__fish_bench_using_subcommand worker" -l memory-limit -d 'Most memory of a query\'s operators, as `64GiB`; half of this host\'s if left out' -r
complete -c bench -n "__fish_bench_using_subcommand worker" -l max-message -d 'Largest message, a plan or a batch of rows' -r
complete -c bench -n "__fish_bench_using_subcommand worker" -l drop-caches -d 'Lets cold measurements drop the page cache of this whole host, which only root may do'
complete -c bench -n "__fish_bench_using_subcommand worker" -l generate -d 'Also writes datasets below those places, for `bench generate --workers`; queries never write'
complete -c bench -n "__fish_bench_using_subcommand worker" -l plaintext -d 'Goes without TLS although other hosts can reach it'
complete -c bench -n "__fish_bench_using_subcommand worker" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand cluster; and not __fish_seen_subcommand_from up down help" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand cluster; and not __fish_seen_subcommand_from up down help" -f -a "up" -d 'Starts workers, whose state and logs are in .bench-cluster'
complete -c bench -n "__fish_bench_using_subcommand cluster; and not __fish_seen_subcommand_from up down help" -f -a "down" -d 'Ends the workers of the working folder'
complete -c bench -n "__fish_bench_using_subcommand cluster; and not __fish_seen_subcommand_from up down help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from up" -l allow -d 'Folder or URL below which workers read; the working folder if left out' -r
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from up" -l generate -d 'Lets workers also write datasets there, for `bench generate --workers`'
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from up" -l namespaces -d 'Gives each worker a network namespace and an address of its own, for which it takes root and iproute2'
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from up" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from down" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "up" -d 'Starts workers, whose state and logs are in .bench-cluster'
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "down" -d 'Ends the workers of the working folder'
complete -c bench -n "__fish_bench_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c bench -n "__fish_bench_using_subcommand doctor" -l format -d 'Format of stdout' -r -f -a "table\t'A summary, and tables'
json\t'Everything'"
complete -c bench -n "__fish_bench_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c bench -n "__fish_bench_using_subcommand schema" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand completions" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand man" -s h -l help -d 'Print help'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "run" -d 'Generates what is missing, measures, and compares'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "generate" -d 'Writes the datasets of a config, and proves them from their footers'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "explain" -d 'Shows plans, columns read and row groups pruned; writes missing datasets, and times nothing'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "check" -d 'Shows the resolved config, its variants, and their sizes against this host\'s disk and memory; writes nothing'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "inspect" -d 'Shows how Parquet files are laid out: row groups, chunks, encodings, indexes, footers'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "learn" -d 'Writes a config whose generated data is like existing files, and shows how like it is'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "clean" -d 'Lists the datasets that a config owns, and removes them with --yes'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "report" -d 'Shows stored run records or journals again, as text, as an HTML page with charts, or over time'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "recipe" -d 'Shows how to write a variant\'s layout with other tools, and what each cannot do'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "compare" -d 'Compares records with the first of them, cell by cell; a gate for continuous integration'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "train" -d 'Trains: batches of rows for accelerators that compute for a time, and how busy they would be'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "replay" -d 'Reads again, without the engine, the byte ranges that a run has asked for'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "worker" -d 'Executes shares of the queries of a `bench run --workers` elsewhere'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "cluster" -d 'Starts and ends workers on this host, for trying them out'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "doctor" -d 'Shows in a few seconds what this host can measure: noise, caches, direct reads, clock, frequency'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "schema" -d 'Prints the JSON Schema of configs, for completion and checks in an editor'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "completions" -d 'Prints a completion script for a shell'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "man" -d 'Prints the manual page'
complete -c bench -n "__fish_bench_using_subcommand help; and not __fish_seen_subcommand_from run generate explain check inspect learn clean report recipe compare train replay worker cluster doctor schema completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c bench -n "__fish_bench_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "up" -d 'Starts workers, whose state and logs are in .bench-cluster'
complete -c bench -n "__fish_bench_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "down" -d 'Ends the workers of the working folder'
