"""Several machines on one database: the shipped offices once, imports for all, each with a gazetteer of its own."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator

import psycopg
import pytest

from locator.errors import DataError
from locator.ingest import shipped
from locator.ingest.importing import import_source
from locator.ingest.shipped import SHIPPED, ensure_data
from locator.model import Query
from locator.service import Locator
from locator.settings import Settings, parse_moment
from locator.stores import open_store

pytestmark = pytest.mark.postgis
NOW = parse_moment("2026-11-23T10:00")


@pytest.fixture
def address(postgis_cluster, request) -> Iterator[str]:
    name = f"shared_{request.node.name[:40]}"
    yield postgis_cluster.create_database(name)
    postgis_cluster.run("dropdb", "--force", name)


@pytest.fixture
def machines(address, data_folder, tmp_path) -> list[Settings]:
    """Two machines with a data folder each, both built of the shipped data, on one database."""
    folders = [shutil.copytree(data_folder, tmp_path / name) for name in ("first", "second")]
    return [Settings(data=folder, layer=address, tiles="none") for folder in folders]


@pytest.fixture
def built(monkeypatch) -> list[int]:
    """Count how often a gazetteer is built instead of building it (it takes seconds)."""
    counts = [0]

    def count(settings, _layers, *, stamp=None, version=None, indexed=None):
        counts[0] += 1
        shipped._write_mark(settings, stamp or shipped.shipped_stamp(), version, indexed=indexed)

    monkeypatch.setattr(shipped, "rebuild_gazetteer", count)
    return counts


def test_what_one_machine_imports_all_serve(machines, built, tmp_path, data_folder):
    first, second = machines
    locator = Locator(first)
    own = len(list(open_store(Settings(data=data_folder)).points()))
    assert len(list(locator.engines.store.points())) == own > 100 and built[0] == 1
    version = locator.engines.store.version
    ensure_data(first)
    ensure_data(second)
    assert built[0] == 2 and open_store(second).version == version, "the offices went in once"

    with (tmp_path / "mine.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([["名称", "经度", "纬度", "城市"], ["星河社保中心", "117.1", "36.7", "济南市"]])
    import_source("table", str(tmp_path / "mine.csv"), first)
    other = Locator(second)
    hits = other.find(Query(at=(117.1, 36.7), limit=1), NOW).hits
    assert hits[0].point.name == "星河社保中心"
    assert built[0] == 4, "the second machine knows the names of what the first has imported"
    ensure_data(first)
    ensure_data(second)
    assert built[0] == 4


def test_a_replica_is_served_and_never_written(machines, built, address):
    first, second = machines
    ensure_data(first)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{address.rpartition("/")[2]}" SET default_transaction_read_only = on')
    locator = Locator(second)
    assert locator.engines.store.read_only and locator.engines.store.stamp(SHIPPED) == shipped.shipped_stamp()
    assert locator.find(Query(at=(116.97, 36.65), limit=3), NOW).hits
    assert built[0] == 2
    ensure_data(second)
    assert built[0] == 2


def test_an_empty_replica_or_no_server_is_one_clear_error(machines, address, postgis_cluster):
    name = address.rpartition("/")[2]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with pytest.raises(DataError) as caught:
        ensure_data(machines[0])
    assert caught.value.code == "layer_missing"
    with pytest.raises(DataError) as caught:
        ensure_data(Settings(data=machines[0].data, layer="postgresql://clerk:Gehe1m@127.0.0.1:1/db"))
    assert caught.value.code == "database_away" and "Gehe1m" not in str(caught.value)
    assert caught.value.params["reason"] == "connection refused"
