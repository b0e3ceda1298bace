#!/usr/bin/env python3
"""Time of writing the recommender's files: `bench generate` beside PyArrow processes.

Each PyArrow process fills NumPy arrays with random numbers of the columns' types and calls `pq.write_table` without
dictionaries and statistics, uncompressed; no time counts before all of them are ready. `bench generate` is timed as a whole
process, with the proof of its files. Both sync their files to disk, and write the same number of rows in files and row groups
of the same size, in turn; what is printed is the median of the ratios of neighbours. Files go to a folder below the working
folder: run it in a tmpfs, such as /dev/shm, to compare the programs rather than the disk.

    pip install pyarrow numpy
    cargo build --release
    python3 benches/pyarrow_write.py target/release/bench configs/dlrm.yaml
"""

import multiprocessing
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import pyarrow
import pyarrow.parquet

PROCESSES = 2
FILES = 4
ROWS_PER_FILE = 245_760
ROW_GROUP = 6_144
PAIRS = 5


def columns_of(config):
    pattern = re.compile(r"\{ name: (\w+), dtype: (\w+)")
    return pattern.findall(config.read_text())


def values(random, dtype, rows):
    if dtype == "int8":
        return random.integers(-128, 128, rows, dtype=numpy.int8)
    if dtype == "float16":
        return random.random(rows, dtype=numpy.float32).astype(numpy.float16)
    return random.random(rows, dtype=numpy.dtype(dtype))


def write_files(folder, columns, numbers, ready):
    ready.wait()
    for number in numbers:
        random = numpy.random.default_rng(number)
        table = pyarrow.table({name: values(random, dtype, ROWS_PER_FILE) for name, dtype in columns})
        pyarrow.parquet.write_table(
            table,
            folder / f"{number}.parquet",
            row_group_size=ROW_GROUP,
            compression="none",
            use_dictionary=False,
            write_statistics=False,
        )
        with open(folder / f"{number}.parquet", "rb") as written:
            os.fsync(written.fileno())


def by_pyarrow(folder, columns):
    pyarrow.set_cpu_count(1)
    ready = multiprocessing.Barrier(PROCESSES + 1)
    shares = [range(process, FILES, PROCESSES) for process in range(PROCESSES)]
    workers = [
        multiprocessing.Process(target=write_files, args=(folder, columns, share, ready)) for share in shares
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    started = time.perf_counter()
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - started
    assert all(worker.exitcode == 0 for worker in workers)
    return elapsed


def by_bench(bench, config, folder):
    keys = {
        "dataset.data_folder": folder / "data",
        "dataset.num_files_train": FILES,
        "dataset.num_samples_per_file": ROWS_PER_FILE,
        "dataset.compression": "none",
        "dataset.parquet.row_group_size": ROW_GROUP,
        "dataset.parquet.encoding": "plain",
        "dataset.parquet.statistics": "none",
        "dataset.parquet.page_index": "false",
    }
    command = [bench, "generate", config, "--yes"]
    for key, value in keys.items():
        command += ["--set", f"{key}={value}"]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def rows_and_bytes(folder):
    files = sorted(folder.rglob("*.parquet"))
    footers = [pyarrow.parquet.read_metadata(file) for file in files]
    assert all(footer.row_group(0).num_rows == ROW_GROUP for footer in footers)
    return sum(footer.num_rows for footer in footers), sum(file.stat().st_size for file in files)


def main():
    bench, config = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    columns = columns_of(config)
    ratios = []
    for pair in range(PAIRS):
        elapsed = {}
        for name, write in (
            ("pyarrow", lambda folder: by_pyarrow(folder, columns)),
            ("bench", lambda folder: by_bench(bench, config, folder)),
        ):
            folder = pathlib.Path(tempfile.mkdtemp(dir="."))
            try:
                elapsed[name] = write(folder)
                rows, size = rows_and_bytes(folder)
                assert rows == FILES * ROWS_PER_FILE
                rate = size / elapsed[name] / 1e6
                print(f"{name:8} {elapsed[name]:6.2f} s  {rows} rows, {size} bytes, {rate:.0f} MB/s", flush=True)
            finally:
                shutil.rmtree(folder)
        ratios.append(elapsed["pyarrow"] / elapsed["bench"])
    low, high = min(ratios), max(ratios)
    print(f"pyarrow / bench: {statistics.median(ratios):.2f} [{low:.2f}, {high:.2f}] of {PAIRS} pairs")


if __name__ == "__main__":
    main()
