"""A million queries at once: ours against raw traversal, GeoPandas, and on threads and Dask.

    uv run --group bench python benchmarks/bench_batch.py
    uv run --group bench python benchmarks/bench_batch.py --only file --rows 1000000

Times are wall and CPU seconds; on a busy machine trust the ratios of CPU seconds. ``--only arrays`` are
queries in memory; ``file`` is the command from CSV to CSV; ``dask`` holds two threads against two workers,
each a run of its own, with the CPU seconds of every process that had a part in it, from its start on.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import peers
import pyarrow.parquet as pq
from clustered import make_layer, scatter

from locator.batch import Engine, run_batch
from locator.datum import to_ecef
from locator.layer import Layer
from locator.search import Index
from locator.search.ellipsoid import morton_keys
from locator.settings import Settings

K = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["arrays", "file", "dask"])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        how, source, stored = options.one
        run(Path(source), Path(stored), **{how: 2})
        return
    layer = make_layer(options.points)
    if options.only in (None, "arrays"):
        measure_arrays(layer, options.rows, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        source, stored = Path(folder) / "in.csv", Path(folder) / "layer.parquet"
        write_queries(source, options.rows)
        pq.write_table(layer.table, stored)
        if options.only in (None, "file"):
            measure_file(source, stored)
        if options.only in (None, "dask"):
            measure_dask(source, stored)


@contextmanager
def clock(name: str, rows: int, *, note: str = "") -> Iterator[list[float]]:
    """Print wall and CPU seconds (with those of ended children) and rows a second."""
    taken: list[float] = []
    wall, cpu = time.perf_counter(), used()
    yield taken
    taken += [time.perf_counter() - wall, used() - cpu]
    print(
        f"  {name:44} {taken[0]:7.2f} {taken[1]:7.2f} {rows / taken[0]:10,.0f} {rows / taken[1]:10,.0f} {note}",
        flush=True,
    )


def used() -> float:
    """Return CPU seconds of this process and its ended children."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def title(text: str) -> None:
    """Print a table's head."""
    print(f"\n{text}\n  {'':44} {'wall s':>7} {'cpu s':>7} {'rows/s':>10} {'per cpu s':>10}")


def measure_arrays(layer: Layer, rows: int, rounds: int) -> None:
    """Print queries in memory, side by side, several times over."""
    index = Index(layer)
    x, y = scatter(rows, 9)
    sample = rows // 20
    plain = peers.sjoin_nearest(layer.lon, layer.lat).many
    from scipy.spatial import cKDTree  # not for those who only hold threads against workers

    tree, xyz = cKDTree(to_ecef(layer.lon, layer.lat)), to_ecef(x, y)

    def raw() -> Any:
        order = np.argsort(morton_keys(xyz))
        return [tree.query(xyz[order[start : start + 16_384]], K) for start in range(0, rows, 16_384)]

    calls: dict[str, tuple[Callable[[], Any], int]] = {
        "raw cKDTree, Morton order (chords only)": (raw, rows),
        "ours, one thread": (lambda: index.nearest_many(x, y, limit=K), rows),
        "ours, two threads": (lambda: index.nearest_many(x, y, limit=K, threads=2), rows),
        f"sjoin_nearest (k=1, {sample:,} rows)": (lambda: plain(x[:sample], y[:sample]), sample),
    }
    index.nearest_many(x[:1000], y[:1000], limit=K)
    title(f"{rows:,} queries on {len(layer):,} points, in memory, k = {K}")
    seconds: dict[str, list[list[float]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, (call, count) in calls.items():
            with clock(name, count) as taken:
                call()
            seconds[name].append([value / count for value in taken])
    floor, one, two, join = (np.asarray(v) for v in seconds.values())  # each round has its own weather
    raw, peer = np.median(floor / one, axis=0), np.median(join / one, axis=0)
    print(f"  of raw traversal, one thread:   {raw[0]:.0%} by wall, {raw[1]:.0%} by CPU")
    print(f"  of sjoin_nearest, one thread:   {peer[0]:.1f} x by wall, {peer[1]:.1f} x by CPU")
    print(f"  two threads against one:        {np.median(one / two, axis=0)[0]:.2f} x by wall")


def write_queries(path: Path, rows: int) -> None:
    """Write a CSV file of positions."""
    x, y = scatter(rows, 9)
    with path.open("w", encoding="utf-8") as stream:
        stream.write("key,lon,lat\n")
        stream.writelines(f"{n},{a:.6f},{b:.6f}\n" for n, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True)))


def open_stored(path: str) -> Engine:
    """Open the engine over a layer in a file, here or in a worker."""
    return Engine(Index(Layer(pq.read_table(path), version="bench")))


def run(source: Path, stored: Path, **options: Any) -> None:
    """Run the batch from file to file."""
    run_batch(
        Settings(), source, source.with_name("out.csv"), lon="lon", lat="lat", limit=K, progress=False, fresh=True,
        opener=partial(open_stored, str(stored)), **options,
    )  # fmt: skip


def rows_in(source: Path) -> int:
    """Return how many rows a file has."""
    with source.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b"")) - 1


def measure_file(source: Path, stored: Path) -> None:
    """Print the command from CSV to CSV, and its memory at one and at all of its rows."""
    rows = rows_in(source)
    title(f"{rows:,} rows from CSV to CSV, k = {K}")
    for threads in (1, 2):
        with clock(f"{threads} thread(s)", rows):
            run(source, stored, threads=threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = source.with_name("out.csv").stat().st_size / 1e6
    print(f"  peak memory {peak:,.0f} MB with the layer; output {size:,.0f} MB")


def measure_dask(source: Path, stored: Path) -> None:
    """Print two threads against two Dask workers: all CPU, imports, starting and loading included."""
    rows = rows_in(source)
    title(f"{rows:,} rows from CSV to CSV: threads and Dask, start and loading of the layer included")
    spend("threads", source, stored)  # compiles what is imported, as any second run finds it
    spend("workers", source, stored)
    seconds: dict[str, list[float]] = {"threads": [], "workers": []}
    sums = set()
    for _ in range(2):
        for how, taken in seconds.items():
            with clock(f"two {how}", rows) as clocked:
                spend(how, source, stored)
            taken.append(clocked[1])
            with source.with_name("out.csv").open("rb") as stream:
                sums.add(hashlib.file_digest(stream, "sha256").hexdigest())
    assert len(sums) == 1, "the same answers"
    print(f"  total CPU of Dask against threads: {min(seconds['workers']) / min(seconds['threads']):.2f} x")


def spend(how: str, source: Path, stored: Path) -> None:
    """Run two threads or two workers in a process of their own, and wait for all that it leaves behind."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans are counted here
    compiled = {"PYTHONPYCACHEPREFIX": str(source.with_name("compiled")), "PYTHONDONTWRITEBYTECODE": ""}
    words = [sys.executable, __file__, "--one", how, str(source), str(stored)]
    process = subprocess.Popen(words, env=os.environ | compiled)
    while True:
        try:
            _, status = os.wait()
        except ChildProcessError:
            break
        assert status == 0, f"{how} failed"
    process.returncode = 0


if __name__ == "__main__":
    main()
