"""What only a database can do wrong: go away, be replaced under a reader, order by a sphere, tell its password."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from locator.datum import distance_m
from locator.errors import DataError, LocatorError, MissingExtra, SettingError
from locator.layer import Layer
from locator.model import Filter, Kind, Precision, ServicePoint
from locator.settings import Settings
from locator.stores import open_store
from locator.stores.postgis import PostgisStore
from locator.stores.queries import LEAST_RATIO, nearest_question

pytestmark = pytest.mark.postgis
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(empty_database) -> Iterator[PostgisStore]:
    made = PostgisStore(empty_database)
    yield made
    made.close()


def offices(places: list[tuple[float, float]], address: str = "x") -> Layer:
    """Return an office at each place; every third is a bank, the adcode follows the longitude."""
    return Layer.from_points(
        ServicePoint(
            id=f"o-{n:05d}", name=f"{n}号", address=address, lon=lon, lat=lat, position=Precision.POI,
            kind=Kind.BANK if n % 3 == 0 else Kind.OTHER, adcode="370104" if lon > 0 else "650102",
        )
        for n, (lon, lat) in enumerate(places)
    )  # fmt: skip


def brute(layer: Layer, lon: float, lat: float, limit: int) -> list[tuple[str, float]]:
    metres = np.round(distance_m(lon, lat, layer.lon, layer.lat), 7).tolist()
    return sorted(zip(metres, layer.table.column("id").to_pylist(), strict=True))[:limit]


def clusters(rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return towns, lone places, the antimeridian, both poles, duplicates and mirror images."""
    towns = rng.uniform((-180, -85), (180, 85), (12, 2))
    near = np.concatenate([town + rng.normal(0, 0.05, (60, 2)) for town in towns])
    lone = rng.uniform((-180, -90), (180, 90), (150, 2))
    edge = np.column_stack((rng.choice([-1, 1], 60) * rng.uniform(179.9, 180, 60), rng.uniform(-1, 1, 60)))
    poles = np.column_stack((rng.uniform(-180, 180, 60), rng.choice([-1, 1], 60) * rng.uniform(89.5, 90, 60)))
    special = [(10.0, 10.0)] * 30 + [(20.01, 30.0), (19.99, 30.0), (20.0, 30.01), (20.0, 29.99)]
    every = np.concatenate([near, lone, edge, poles, special])
    return [((x + 180) % 360 - 180, max(-90.0, min(90.0, y))) for x, y in every.tolist()]


def test_the_nearest_are_the_brute_force_s_everywhere(store):
    rng = np.random.default_rng(7)
    places = clusters(rng)
    layer = offices(places)
    store.replace("a", layer)
    asked = [places[n] for n in rng.choice(len(places), 60, replace=False)]
    asked += [(x + rng.normal(0, 0.3), y * 0.999) for x, y in asked]
    asked += [(180.0, 0.0), (-180.0, 0.0), (0.0, 90.0), (77.0, -90.0), (10.0, 10.0), (20.0, 30.0), (300.0, 5.0)]
    for lon, lat in asked:
        for limit in (1, 5, 40):
            expected = brute(layer, lon, lat, limit)
            found = store.nearest(lon, lat, limit=limit)
            assert [f.point.id for f in found] == [point_id for _, point_id in expected], (lon, lat, limit)
            assert [f.distance_m for f in found] == pytest.approx([metres for metres, _ in expected], abs=1e-6)
        within = brute(layer, lon, lat, 9)[-1][0] + 1e-6
        assert len(store.nearest(lon, lat, limit=500, within_m=within)) == 9 + sum(
            within >= metres for metres, _ in brute(layer, lon, lat, 500)[9:]
        )


def test_the_bound_between_sphere_and_geodesic_holds(store):
    """Along meridians at the equator the sphere is most too long."""
    rng = np.random.default_rng(3)
    pairs = np.concatenate(
        [
            rng.uniform((-180, -90, -180, -90), (180, 90, 180, 90), (3000, 4)),
            np.column_stack((np.zeros(200), np.zeros(200), np.zeros(200), rng.uniform(0.001, 3, 200))),
        ]
    )
    with psycopg.connect(store._database._url) as connection:
        spheres = [
            connection.execute(
                "SELECT ST_MakePoint(%s, %s)::geography <-> ST_MakePoint(%s, %s)::geography", pair
            ).fetchone()[0]
            for pair in pairs.tolist()
        ]
    ratio = distance_m(*pairs.T) / np.array(spheres)
    assert LEAST_RATIO <= ratio.min() < LEAST_RATIO + 1e-4, "true, and no looser than it must be"


def test_a_predicate_is_tried_until_enough_have_passed(store):
    layer = offices([(0.001 * n, 30.0) for n in range(2000)])
    store.replace("a", layer)
    tried: list[str] = []

    def passes(point: ServicePoint) -> bool:
        tried.append(point.id)
        return int(point.id[2:]) % 400 == 399

    found = store.nearest(0.0, 30.0, limit=3, where=Filter(predicate=passes))
    assert [f.point.id for f in found] == ["o-00399", "o-00799", "o-01199"]
    assert len(tried) == len(set(tried)) <= 2000, "each once"
    assert store.nearest(0.0, 30.0, limit=3, within_m=10, where=Filter(predicate=lambda p: p.id == "o-00900")) == []


def test_a_far_region_and_a_rare_kind_are_found(store):
    places = [(100 + 0.0001 * n, 30.0) for n in range(5000)] + [(-100.0, 40.0), (-100.1, 40.0)]
    store.replace("a", offices(places))
    far = store.nearest(100, 30, limit=5, where=Filter(regions=("650000",)))
    assert [f.point.id for f in far] == ["o-05001", "o-05000"], "across the antimeridian"
    both = Filter(regions=("650000", "370000"), kinds=frozenset({Kind.BANK}))
    assert [f.point.id for f in store.nearest(100, 30, limit=2, where=both)] == ["o-00000", "o-00003"]
    assert store.nearest(100, 30, where=Filter(regions=())) == []


def test_the_spatial_index_answers(store):
    rng = np.random.default_rng(1)
    store.replace("a", offices(rng.uniform((70, 20), (130, 50), (3000, 2)).tolist()))
    with psycopg.connect(store._database._url) as connection:
        question, values = nearest_question(1, 100.0, 30.0, Filter(), 13)
        plan = "\n".join(row[0] for row in connection.execute(b"EXPLAIN " + question, values))
    assert "Index Scan using point_1_geog_idx" in plan and "Sort" not in plan


# --- a server that goes away


def test_a_restart_is_survived_without_a_wrong_answer(postgis_cluster):
    """Readers ask on while the server restarts: each answer is the right one; nothing else is ever given."""
    store = PostgisStore(postgis_cluster.create_database("restarted"))
    layer = offices([(100 + 0.001 * n, 30.0) for n in range(500)])
    store.replace("a", layer)
    right = [point_id for _, point_id in brute(layer, 100.2, 30, 5)]
    faults: list[object] = []
    answers = [0, 0]
    phase, done = [0], threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                found = [f.point.id for f in store.nearest(100.2, 30.0, limit=5)]
                if found != right:
                    faults.append(found)
                answers[phase[0]] += 1
            except DataError as error:
                if error.code != "database_away":
                    faults.append(error)

    readers = [threading.Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    time.sleep(0.3)
    postgis_cluster.restart()
    phase[0] = 1
    time.sleep(0.5)
    done.set()
    for reader in readers:
        reader.join()
    assert faults == [] and min(answers) > 0, answers
    assert store.replace("a", layer).unchanged == 500, "writing goes on too"
    store.close()


def test_a_server_that_stays_away_is_told_and_comes_back(postgis_cluster, monkeypatch):
    monkeypatch.setattr("locator.stores.database.PATIENCE_S", 0.3)
    store = PostgisStore(postgis_cluster.create_database("away"))
    store.replace("a", offices([(100, 30)]))
    postgis_cluster.stop()
    try:
        for ask in (lambda: store.nearest(100, 30), lambda: list(store.points()), lambda: store.replace("a", [])):
            with pytest.raises(DataError) as caught:
                ask()
            assert caught.value.code == "database_away"
    finally:
        postgis_cluster.start()
    assert len(store.nearest(100, 30)) == 1, "the first question after it has come back"
    store.close()


def test_a_writer_killed_at_any_moment_leaves_the_old_layer(empty_database, store):
    store.replace("a", offices([(100 + 0.001 * n, 30.0) for n in range(2000)], "old"))
    code = """
        import sys
        from tests.stores.test_postgis import offices
        from locator.stores.postgis import PostgisStore
        store = PostgisStore(sys.argv[1])
        places = [(100 + 0.001 * n, 30.0) for n in range(2000)]
        layers = [offices(places, "new"), offices(places, "old")]
        print("ready", flush=True)
        while True:
            for layer in layers:
                store.replace("a", layer)
    """
    for round_ in range(4):
        command = [sys.executable, "-c", textwrap.dedent(code), empty_database]
        paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        environment = {**os.environ, "PYTHONPATH": paths}
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.15 * round_)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        addresses = {point.address for point in store.points()}
        assert len(addresses) == 1 and addresses <= {"old", "new"}
        assert len(store.layer()) == len(store.parts()["a"]) == len(list(store.points())) == 2000
    store.replace("a", offices([(100, 30)], "last"))
    store.replace("a", offices([(100, 30)], "very last"))
    with psycopg.connect(empty_database) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'point%%'"
        ).fetchall()
    assert len(names) == 1, f"no litter stays: {names}"


def test_who_reads_while_another_imports_reads_one_version(store, empty_database):
    store.replace("a", offices([(100 + 0.001 * n, 30.0) for n in range(3000)], "old"))
    reading = store.points()
    first = next(reading)
    other = PostgisStore(empty_database)
    other.replace("a", offices([(100, 30)], "new"))
    other.replace("a", offices([(100, 30)], "newer"))
    assert {first.address, *(point.address for point in reading)} == {"old"}
    assert {point.address for point in store.points()} == {"newer"}
    half_read = store.points()
    next(half_read)
    half_read.close()
    other.close()


# --- who may do what


def test_a_server_that_takes_no_changes_still_answers(empty_database, store):
    store.replace("a", offices([(100, 30)]))
    name = empty_database.rpartition("/")[2]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        replica = PostgisStore(empty_database)
        assert replica.read_only and len(replica.nearest(100, 30)) == 1 and replica.version == store.version
        with pytest.raises(DataError) as caught:
            replica.replace("a", [])
        assert caught.value.params["reason"] == "read-only transaction"
        replica.close()
    finally:
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    assert not store.read_only


def test_a_database_without_postgis_says_what_to_do(postgis_cluster):
    postgis_cluster.run("createdb", "bare")
    postgis_cluster.run(
        "psql", "-d", "bare", "-q", "-c", "CREATE ROLE clerk LOGIN; GRANT CREATE ON DATABASE bare TO clerk"
    )
    store = PostgisStore(postgis_cluster.url("bare").replace("locator@", "clerk@"))
    with pytest.raises(DataError) as caught:
        store.version  # noqa: B018
    assert caught.value.code == "postgis_missing" and "CREATE EXTENSION postgis" in str(caught.value)
    postgis_cluster.run("psql", "-d", "bare", "-q", "-c", "CREATE EXTENSION postgis")
    assert store.version == "empty" and store.replace("a", offices([(1, 1)])).kept == 1, "the clerk owns what it made"
    store.close()


def test_tables_of_another_version_are_refused(store, empty_database):
    store.replace("a", offices([(100, 30)]))
    with psycopg.connect(empty_database) as connection:
        connection.execute("UPDATE locator.state SET format = 999")
    with pytest.raises(DataError) as caught:
        PostgisStore(empty_database).version  # noqa: B018
    assert caught.value.code == "layer_version"


def test_without_psycopg_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match="--extra postgis"):
        open_store(Settings(layer="postgresql://a/b"))


SECRET = "Gehe1m"
ADDRESSES = [
    "postgresql://clerk:{secret}@127.0.0.1:1/db",
    "postgresql://clerk:{secret}@no-such-host.invalid/db",
    "postgresql://clerk:{secret}@x@127.0.0.1:1/db",
    "postgresql://clerk:{secret}/x@127.0.0.1:1/db",
    "postgresql://clerk:{secret}:{secret}@127.0.0.1:{secret}/db",
    "postgresql://clerk@127.0.0.1:1/db?password={secret}",
    "postgresql://clerk@127.0.0.1:1/db?pass_word={secret}",
    "postgresql://[{secret}/db",
]


@pytest.mark.parametrize("form", ADDRESSES)
def test_a_password_never_reaches_an_error_a_log_or_a_repr(form, caplog):
    address = form.format(secret=SECRET)
    caplog.set_level("DEBUG")
    settings = Settings(layer=address)
    said = [repr(settings)]
    try:
        store = open_store(settings)
        said += [repr(store), repr(store._database)]
        store.nearest(1, 1)
    except LocatorError as error:
        said += [str(error), repr(error), repr(error.params), "".join(traceback.format_exception(error))]
        assert isinstance(error, DataError | SettingError)
    assert len(said) > 2 and SECRET not in "".join(said) + caplog.text


def test_a_missing_database_is_told(postgis_cluster):
    store = PostgisStore(postgis_cluster.url("nobody_made_this"))
    with contextlib.closing(store), pytest.raises(DataError) as caught:
        store.version  # noqa: B018
    assert caught.value.params["reason"] == "does not exist"
