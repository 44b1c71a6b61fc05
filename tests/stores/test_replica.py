"""A streaming replica of PostgreSQL: it follows the primary, takes no changes, and answers when the primary is gone."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest
from servers import Cluster, run_cluster, run_replica

from locator.errors import DataError
from locator.model import Kind, Precision, Provenance, ServicePoint
from locator.stores.postgis import PostgisStore

pytestmark = pytest.mark.postgis


def made(first: int, count: int = 40) -> list[ServicePoint]:
    """Return offices on a line near Jinan, numbered from ``first``."""
    return [
        ServicePoint(id=f"p{n}", name=f"第{n}社保中心", kind=Kind.INSURANCE_AGENCY, lon=117 + n / 1000, lat=36.65,
                     position=Precision.POI, provenance=Provenance(source="made up"))
        for n in range(first, first + count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Cluster, Cluster]]:
    """A primary and its replica."""
    with run_cluster() as primary:
        primary.create_database("layer")
        with run_replica(primary) as replica:
            yield primary, replica


def wait_for(store: PostgisStore, version: str) -> None:
    """Wait until a replica has what the primary has."""
    until = time.monotonic() + 30
    while version_of(store) != version:
        assert time.monotonic() < until, "the replica did not follow"
        time.sleep(0.02)


def version_of(store: PostgisStore) -> str | None:
    """Return a replica's version, None while it has no tables yet."""
    try:
        return store.version
    except DataError as error:
        assert error.code == "layer_missing"
        return None


def test_a_streaming_replica_follows_answers_and_takes_no_changes(pair):
    primary, replica = pair
    writer, reader = PostgisStore(primary.url("layer")), PostgisStore(replica.url("layer"))
    first = writer.replace("made", made(0))
    wait_for(reader, first.version)
    assert reader.read_only and not writer.read_only
    assert [found.point.id for found in reader.nearest(117.0, 36.65, limit=3)] == ["p0", "p1", "p2"]
    assert reader.point("p7") == writer.point("p7") and reader.layer().table.equals(writer.layer().table)

    with pytest.raises(DataError) as caught:
        reader.replace("mine", made(1))
    assert "read-only" in str(caught.value)

    second = writer.replace("made", made(100))
    wait_for(reader, second.version)
    assert reader.nearest(117.1, 36.65, limit=1)[0].point.id == "p100"
    assert reader.point("p0").status == "vanished"


def test_who_reads_a_replica_while_the_primary_imports_reads_one_version(pair):
    primary, replica = pair
    writer, reader = PostgisStore(primary.url("layer")), PostgisStore(replica.url("layer"))
    wait_for(reader, writer.replace("made", made(0)).version)
    done, faults, asked = threading.Event(), list[str](), [0]

    def read() -> None:
        while not done.is_set():
            ids = [found.point.id for found in reader.nearest(117.0, 36.65, limit=5)]
            listed = [point.id for point in reader.points()]
            asked[0] += 1
            if ids not in (["p0", "p1", "p2", "p3", "p4"], ["p100", "p101", "p102", "p103", "p104"]):
                faults.append(f"nearest {ids}")
            if len(listed) != 40 or len({int(point_id[1:]) // 100 for point_id in listed}) != 1:
                faults.append(f"listed {listed}")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for turn in range(12):
        last = writer.replace("made", made(100 * (turn % 2)))
        writer.remove("nothing")
    wait_for(reader, last.version)
    done.set()
    for thread in readers:
        thread.join(30)
    assert not faults and asked[0] >= 3


def test_a_replica_answers_when_the_primary_is_killed(pair):
    primary, replica = pair
    writer = PostgisStore(primary.url("layer"))
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{replica.port}"
    both = PostgisStore(f"postgresql://locator@{hosts}/layer?target_session_attrs=any")
    alone = PostgisStore(replica.url("layer"))
    wait_for(alone, writer.replace("made", made(0)).version)
    assert both.nearest(117.0, 36.65, limit=1)[0].point.id == "p0"
    primary.stop(signal.SIGKILL)
    try:
        assert alone.nearest(117.005, 36.65, limit=1)[0].point.id == "p5"
        assert both.nearest(117.005, 36.65, limit=1)[0].point.id == "p5", "went over to the replica by itself"
        with pytest.raises(DataError):
            both.replace("made", made(1))
    finally:
        primary.start()
    version = writer.replace("made", made(0, 41)).version
    wait_for(alone, version)
    assert alone.point("p40") is not None
