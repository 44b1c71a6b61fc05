"""One nearest query at a time: ours, its peers and the floor, side by side.

    uv run --group bench python benchmarks/bench_nearest.py
    uv run --group bench python benchmarks/bench_nearest.py --sizes 10000 1000000 --queries 2000
    uv run --group bench python benchmarks/bench_nearest.py --only filters

The machine may be busy: engines are asked in turn, query by query, so that they share its weather, and
the ratios to the floor are medians of such pairs. Recall is against brute force by ``Geod.inv``.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import peers
from clustered import CITIES, make_layer, scatter
from peers import QUERIES, K, Peer

from locator.datum import distance_m, geod, to_ecef
from locator.model import Filter, Kind, Task
from locator.search import Index

TRUTH_QUERIES = 30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--only", choices=["peers", "filters", "predicates"])
    parser.add_argument("--without-postgis", action="store_true", help="loading a million rows takes it a minute")
    options = parser.parse_args()
    for size in options.sizes:
        layer = make_layer(size)
        started = time.perf_counter()
        index = Index(layer)
        print(f"\n{size:,} points; index built in {time.perf_counter() - started:.2f} s")
        if options.only in (None, "peers"):
            compare(index, options.queries, postgis=not options.without_postgis)
        if options.only in (None, "filters") and size == max(options.sizes):
            measure_filters(index, options.queries)
        if options.only in (None, "predicates") and size == max(options.sizes):
            measure_predicates(index)


def queries_of(count: int) -> list[tuple[float, float]]:
    """Return positions like the points', each one's earth-centred position made beforehand."""
    x, y = scatter(count, 5)
    pairs = list(zip(x.tolist(), y.tolist(), strict=True))
    QUERIES.update(zip(pairs, to_ecef(x, y).tolist(), strict=True))
    return pairs


class Times(NamedTuple):
    """Microseconds, shape (engines, queries)."""

    wall: np.ndarray
    cpu: np.ndarray
    """Of this thread alone: what the wall shows on a machine with nothing else to do."""


def time_in_turn(calls: Sequence[Callable[[float, float], Any]], queries: list[tuple[float, float]]) -> Times:
    """Send every query to each engine, one after the other, and return the times."""
    wall, cpu = np.empty((2, len(calls), len(queries)))
    gc.disable()
    for number, (x, y) in enumerate(queries):
        for engine, call in enumerate(calls):
            call(x, y)  # the query's own memory is warm for everybody
            started, worked = time.perf_counter(), time.thread_time()
            call(x, y)
            cpu[engine, number] = time.thread_time() - worked
            wall[engine, number] = time.perf_counter() - started
    gc.enable()
    return Times(wall * 1e6, cpu * 1e6)


def compare(index: Index, count: int, *, postgis: bool) -> None:
    """Print ours beside the peers."""
    lon, lat = index.layer.lon, index.layer.lat
    queries = queries_of(count)
    truth = find_truth(lon, lat, queries)
    with ExitStack() as stack:
        ours = Peer("locator Index", lambda x, y: [hit.row for hit in index.nearest(x, y, limit=K)])
        engines: list[Peer | None] = [
            peers.raw_tree(lon, lat), ours, peers.ball_tree(lon, lat), peers.strtree(lon, lat),
            peers.sjoin_nearest(lon, lat), stack.enter_context(peers.postgis(lon, lat)) if postgis else None,
        ]  # fmt: skip
        engines = [engine for engine in engines if engine is not None]
        wall, cpu = time_in_turn([engine.one for engine in engines if engine], queries)
        titles = f"{'p50 us':>7} {'p99 us':>7} {'p99 cpu':>7} {'x floor':>8} {'x ours':>8} {'recall':>7} {'worst m':>9}"
        print(f"  {'engine':36} {titles}")
        for engine, times, worked in zip(engines, wall, cpu, strict=True):
            recall, worst = check_recall(engine, index, queries, truth)
            print(
                f"  {engine.name:36} {np.median(times):7.0f} {np.percentile(times, 99):7.0f} "
                f"{np.percentile(worked, 99):7.0f} {np.median(times / wall[0]):8.2f} {np.median(times / wall[1]):8.2f} "
                f"{recall:7.3f} {worst:9.3g}"
            )


def find_truth(lon: np.ndarray, lat: np.ndarray, queries: list[tuple[float, float]]) -> list[np.ndarray]:
    """Return the K nearest distances of the first queries by brute force, in metres."""
    return [np.sort(np.partition(distance_m(x, y, lon, lat), K)[:K]) for x, y in queries[:TRUTH_QUERIES]]


def check_recall(
    engine: Peer, index: Index, queries: list[tuple[float, float]], truth: list[np.ndarray]
) -> tuple[float, float]:
    """Return the part of the true nearest that is found, and how much farther the worst answer is, in metres."""
    found, worst = 0, 0.0
    for (x, y), best in zip(queries, truth, strict=False):
        rows = np.asarray(engine.one(x, y))[: engine.k]
        mine = np.sort(distance_m(x, y, index.layer.lon[rows], index.layer.lat[rows]))
        found += int((mine <= best[: engine.k] + 1e-6).sum())
        worst = max(worst, float((mine - best[: engine.k]).max()))
    return found / (len(truth) * engine.k), worst


def measure_filters(index: Index, count: int) -> None:
    """Print filtered queries of every selectivity, from near and far, warm."""
    near = queries_of(count)
    cities = [(float(x), float(y)) for x, y in CITIES]
    cells = np.unique(index.layer.codes("adcode")[0], return_counts=True)[1]
    names = index.layer.codes("adcode")[1]
    big, small = names[int(np.argmax(cells))], names[int(np.argsort(cells)[len(cells) // 4])]
    filters = {
        "none": Filter(),
        **{f"kind {kind}": Filter(kinds=frozenset({kind})) for kind in (Kind.OTHER, Kind.BANK, Kind.COMMUNITY_CENTER,
           Kind.GOVERNMENT_HALL, Kind.HRSS_BUREAU, Kind.INSURANCE_AGENCY, Kind.CARD_CENTER)},
        "the densest district": Filter(regions=(str(big),)),
        "a small district": Filter(regions=(str(small),)),
        "the densest city, halls": Filter(regions=(str(big)[:4] + "00",), kinds=frozenset({Kind.GOVERNMENT_HALL})),
        "hours known, two kinds, task": Filter(hours_known=True, kinds=frozenset({Kind.BANK, Kind.OTHER}),
                                               task=Task.APPLY),
    }  # fmt: skip
    titles = f"{'p50':>8} {'p99':>7} {'p99 cpu':>7}"
    print(f"  {'filter (k=5), us':34} {'passes':>9} {'cold ms':>8} | near {titles[5:]} | far  {titles[5:]}")
    for name, where in filters.items():
        started = time.perf_counter()
        index.nearest(*near[0], limit=K, where=where)
        cold = (time.perf_counter() - started) * 1e3
        for x, y in [*near, *cities]:  # warm: a filter that is asked again and again
            index.nearest(x, y, limit=K, where=where)
        ask = [lambda x, y, where=where: index.nearest(x, y, limit=K, where=where)]
        columns = [
            f"{np.median(times.wall):8.0f} {np.percentile(times.wall, 99):7.0f} {np.percentile(times.cpu, 99):7.0f}"
            for times in (time_in_turn(ask, near), time_in_turn(ask, cities * 20))
        ]
        share = len(index.rows_passing(where)) / len(index.layer)
        print(f"  {name:34} {share:9.4%} {cold:8.1f} | {' | '.join(columns)}")


def measure_predicates(index: Index) -> None:
    """Print what a condition costs that is no field."""
    queries = queries_of(60)
    conditions: dict[str, dict[str, Any]] = {
        "free predicate, 50 % pass": {"where": Filter(predicate=lambda p: p.id[-1] < "5")},
        "free predicate, 1 % pass": {"where": Filter(predicate=lambda p: p.id.endswith("00"))},
    }
    print(f"  {'condition (k=5)':46} {'p50 us':>9} {'p99 us':>9} {'p99 cpu':>9}")
    for name, options in conditions.items():
        times = time_in_turn([lambda x, y, o=options: index.nearest(x, y, limit=K, **o)], queries)
        p99s = [np.percentile(part, 99) for part in times]
        print(f"  {name:46} {np.median(times.wall):9.0f} {p99s[0]:9.0f} {p99s[1]:9.0f}")


if __name__ == "__main__":
    assert geod().a == 6378137.0
    main()
