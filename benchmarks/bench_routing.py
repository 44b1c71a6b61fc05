"""Road tiles and routes: how long and how much memory. The figures of docs/ROUTING.md.

    python benchmarks/bench_routing.py build EXTRACT.osm.pbf DATA     build tiles: seconds and memory
    python benchmarks/bench_routing.py routes EXTRACT.osm.pbf DATA    routes and matrices
    python benchmarks/bench_routing.py threads EXTRACT.osm.pbf DATA   one, two and four threads
    python benchmarks/bench_routing.py agreement EXTRACT.osm.pbf DATA matrices against routes
    python benchmarks/bench_routing.py mixed EXTRACT.osm.pbf DATA     10,000 mixed requests in eight threads

Positions are nodes of the extract's own roads, moved by up to 60 m; a pair is 200 m to 5 km apart, as people
and offices are. "CPU" is the processor time of the calling thread, which other programs on the machine do not
lengthen. Prints Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import osmium

from locator.datum import distance_m
from locator.errors import LocatorError
from locator.model import Mode
from locator.routing.tiles import build_tiles
from locator.routing.valhalla import EmbeddedValhalla

type LonLat = tuple[float, float]
type Pair = tuple[LonLat, LonLat]
STREETS = {"residential", "tertiary", "secondary", "unclassified", "living_street", "service", "primary"}


def read_positions(extract: Path, count: int, seed: int = 1) -> list[LonLat]:
    """Return positions near roads that everybody may use."""
    chance, kept = random.Random(seed), []
    ways = osmium.FileProcessor(str(extract)).with_locations().with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
    for way in ways:
        if way.tags.get("highway") in STREETS and way.tags.get("access") != "private":
            kept += [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
    picked = [chance.choice(kept) for _ in range(count)]
    return [(lon + chance.uniform(-6e-4, 6e-4), lat + chance.uniform(-5e-4, 5e-4)) for lon, lat in picked]


def read_pairs(positions: Sequence[LonLat], count: int, seed: int = 2) -> list[Pair]:
    """Return pairs that are 200 m to 5 km apart."""
    chance, pairs = random.Random(seed), []
    while len(pairs) < count:
        a, b = chance.choice(positions), chance.choice(positions)
        if 200 < float(distance_m(*a, *b)) < 5000:
            pairs.append((a, b))
    return pairs


def nearest(origin: LonLat, offices: Sequence[LonLat], count: int) -> list[LonLat]:
    """Return the offices nearest to a position, as the finder does before it asks for a matrix."""
    away = distance_m(*origin, [o[0] for o in offices], [o[1] for o in offices])
    return [offices[i] for i in away.argsort()[:count]]


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile; NaN of nothing."""
    return sorted(values)[int(len(values) * share)] if values else float("nan")


def time_calls(calls: Sequence[Callable[[], object]]) -> tuple[float, float, float, int]:
    """Return p50 and p95 in ms, p50 of processor time in ms, and how many calls had no answer."""
    took, busy, failed = [], [], 0
    for call in calls:
        began, began_busy = time.perf_counter(), time.thread_time()
        try:
            call()
        except LocatorError:
            failed += 1
            continue
        took.append((time.perf_counter() - began) * 1000)
        busy.append((time.thread_time() - began_busy) * 1000)
    return percentile(took, 0.5), percentile(took, 0.95), percentile(busy, 0.5), failed


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, with the load of the machine while it was made."""
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"\n**{title}** ({load})\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print("| " + " | ".join(f"{v:.1f}" if isinstance(v, float) else str(v) for v in row) + " |", flush=True)


def bench_build(extract: Path, data: Path) -> None:
    """Build the tiles once."""
    began = time.perf_counter()
    roads = build_tiles(extract, data)
    took = time.perf_counter() - began
    kids, own = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    cpu = kids.ru_utime + kids.ru_stime + time.process_time()
    peaks = kids.ru_maxrss / 1024, own.ru_maxrss / 1024
    head = ("extract", "MB", "seconds", "CPU seconds", "builders' peak MB", "our peak MB", "tiles MB", "edges")
    size = extract.stat().st_size / 1e6
    show("Build", head, [(extract.name, size, took, cpu, *peaks, roads.size / 1e6, roads.edges)])


def bench_routes(extract: Path, data: Path) -> None:
    """Time routes and matrices one after the other, then the rest."""
    positions = read_positions(extract, 800)
    offices, pairs = positions[:400], read_pairs(positions, 300)
    router = EmbeddedValhalla(data)
    began = time.perf_counter()
    router.route(*pairs[0], Mode.WALK)
    first = (time.perf_counter() - began) * 1000
    rows: list[tuple[object, ...]] = []
    for mode in Mode:
        for lang in ("zh", "en"):
            calls = [lambda p=p, m=mode, k=lang: router.route(*p, m, k) for p in pairs]
            rows.append((f"route, {mode}, {lang}", *time_calls(calls)))
    for count in (20, 200):
        for mode in Mode:
            asked = [(a, nearest(a, offices, count)) for a, _ in pairs[:100]]
            rows.append(
                (f"matrix 1x{count}, {mode}", *time_calls([lambda q=q, m=mode: router.matrix(*q, m) for q in asked]))
            )
    head = ("what", "p50 ms", "p95 ms", "CPU p50 ms", "no way")
    show(f"In process, {extract.name}; first route of the process {first:.0f} ms", head, rows)


def bench_threads(extract: Path, data: Path) -> None:
    """Ask the same routes with one, two and four threads."""
    pairs = read_pairs(read_positions(extract, 800), 300)
    rows, alone = [], 0.0
    for threads in (1, 2, 4):
        router = EmbeddedValhalla(data, actors=max(threads, 2))
        work = [(pair, mode) for pair in pairs for mode in Mode]

        def ask(item: tuple[Pair, Mode], router: EmbeddedValhalla = router) -> None:
            with contextlib.suppress(LocatorError):
                router.route(*item[0], item[1])

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(ask, work[:100]))
            began = time.perf_counter()
            list(pool.map(ask, work))
            rate = len(work) / (time.perf_counter() - began)
        alone = alone or rate
        rows.append((threads, rate, f"{rate / alone:.2f}"))
    show("Threads", ("threads", "routes a second", "against one"), rows)


def bench_agreement(extract: Path, data: Path) -> None:
    """Compare each route's time with that of a matrix of one."""
    router, pairs = EmbeddedValhalla(data), read_pairs(read_positions(extract, 800), 300)
    rows = []
    for mode in Mode:
        apart, beyond, unknown = [], 0, 0
        for a, b in pairs:
            try:
                alone = router.route(a, b, mode).duration_s or 0.0
            except LocatorError:
                continue
            many = router.matrix(a, [b], mode)[0]
            if many is None:
                unknown += 1
                continue
            apart.append(abs(many - alone) / max(alone, 1))
            beyond += abs(many - alone) > max(1.0, 0.01 * alone)
        middle, most = 100 * statistics.median(apart), 100 * max(apart)
        rows.append((mode, len(apart), f"{middle:.2f} %", f"{most:.2f} %", beyond, unknown))
    head = ("mode", "pairs", "median apart", "most apart", "over 1 % and 1 s", "matrix has none")
    show("Time of a matrix against time of the route", head, rows)


def bench_mixed(extract: Path, data: Path, count: int = 10_000) -> None:
    """Ask for everything at once, good and bad, and live."""
    positions = read_positions(extract, 500)
    chance = random.Random(4)
    odd: list[LonLat] = [(0.0, 0.0), (float("nan"), 36.0), (75.9, 39.5), (36.65, 117.0), (9.3, 46.0)]
    router = EmbeddedValhalla(data)
    places = [chance.choice(odd) if chance.random() < 0.05 else chance.choice(positions) for _ in range(count * 2)]

    def ask(number: int) -> str:
        a, b, mode = places[2 * number], places[2 * number + 1], list(Mode)[number % 3]
        try:
            if number % 4 == 0:
                router.matrix(a, places[number : number + 5], mode)
                return "matrix 1x5"
            router.route(a, a if number % 97 == 0 else b, mode, ("zh", "en")[number % 2])
            return "route"
        except LocatorError as error:
            return error.code

    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(ask, range(count)))
    took = time.perf_counter() - began
    title = f"{count} mixed requests in eight threads: {took:.0f} s, {count / took:.0f} a second, no crash"
    show(title, ("answer", "times"), answers.most_common())
    print(f"\nPeak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB.")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    benches = {
        "build": bench_build,
        "routes": bench_routes,
        "threads": bench_threads,
        "agreement": bench_agreement,
        "mixed": bench_mixed,
    }
    parser.add_argument("what", choices=list(benches))
    parser.add_argument("extract", type=Path)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    benches[args.what](args.extract, args.data)


if __name__ == "__main__":
    main()
