"""The nearest points from PostGIS: rows in spatial order and not, through the store and in SQL alone.

    python benchmarks/bench_postgis.py [--points 1000000] [--queries 400]

Runs a cluster of its own on loopback (Debian's postgresql-15-postgis-3), fills it with made-up clustered
points through ``PostgisStore.replace``, and asks for the nearest five at places drawn like the points.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psycopg
from clustered import make_layer, scatter

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import run_cluster

from locator.model import Filter, Kind
from locator.stores import tables
from locator.stores.postgis import PostgisStore

SQL = (
    "SELECT id FROM locator.point_1 WHERE geog IS NOT NULL"
    " ORDER BY geog <-> ST_MakePoint(%s::float8, %s::float8)::geography LIMIT 5"
)


def time_each(ask: Callable[[float, float], object], places: list[tuple[float, float]]) -> str:
    """Return the median and the 95th percentile of asking at every place, after a warm-up."""
    for lon, lat in places[:50]:
        ask(lon, lat)
    spent = []
    for lon, lat in places:
        start = time.perf_counter()
        ask(lon, lat)
        spent.append(time.perf_counter() - start)
    p50, p95 = np.percentile(np.array(spent) * 1e6, (50, 95))
    return f"p50 {p50:7.0f} us  p95 {p95:7.0f} us"


def time_threads(store: PostgisStore, places: list[tuple[float, float]], threads: int) -> float:
    """Return questions per second of several threads."""

    def work(part: list[tuple[float, float]]) -> None:
        for lon, lat in part:
            store.nearest(lon, lat, limit=5)

    workers = [threading.Thread(target=work, args=(places[n::threads],)) for n in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(places) / (time.perf_counter() - start)


def measure(address: str, points: int, places: list[tuple[float, float]], *, ordered: bool) -> None:
    """Fill one database and ask it."""
    layer = make_layer(points)
    if not ordered:
        tables.spatial_order = lambda each: np.random.default_rng(5).permutation(len(each))
    store = PostgisStore(address)
    start = time.perf_counter()
    store.replace("made", layer)
    print(f"-- rows {'in spatial order' if ordered else 'in no order'}: filled in {time.perf_counter() - start:.0f} s")
    with psycopg.connect(address, autocommit=True) as connection:
        (size,) = connection.execute("SELECT pg_total_relation_size('locator.point_1') / 1e6").fetchone()
        print(f"table and indexes {size:.0f} MB")
        print("SQL alone          ", time_each(lambda x, y: connection.execute(SQL, (x, y)).fetchall(), places))
    print("store, nearest 5   ", time_each(lambda x, y: store.nearest(x, y, limit=5), places))
    if ordered:
        hall = Filter(kinds=frozenset({Kind.GOVERNMENT_HALL}))
        rare = Filter(kinds=frozenset({Kind.CARD_CENTER}))
        code = layer.table.column("adcode")[0].as_py()
        for name, where in (("kind, 5 %", hall), ("kind, 0.01 %", rare), ("one region", Filter(regions=(code,)))):
            print(
                f"store, {name:12}", time_each(lambda x, y, w=where: store.nearest(x, y, limit=5, where=w), places[:60])
            )
        for threads in (1, 4):
            print(f"store, {threads} threads    {time_threads(store, places, threads):.0f} questions/s")
    store.close()


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=400)
    args = parser.parse_args()
    lon, lat = scatter(args.queries, 99)
    places = list(zip(lon.tolist(), lat.tolist(), strict=True))
    with run_cluster() as cluster:
        for ordered in (True, False):
            measure(cluster.create_database(f"bench_{ordered}".lower()), args.points, places, ordered=ordered)


if __name__ == "__main__":
    main()
