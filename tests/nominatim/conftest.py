"""A real Nominatim for each extract, set up once for a test session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nominatim_server import missing, run_nominatim


def _serve(cluster, shared_data, extract: str) -> Iterator[str]:
    lacking = missing()
    if lacking:
        pytest.skip(lacking)
    with run_nominatim(cluster, shared_data / "osm" / f"{extract}.osm.pbf") as url:
        yield url


@pytest.fixture(scope="session")
def osm_data():
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}")
    return folder


@pytest.fixture(scope="session")
def nanjing(postgis_cluster, osm_data) -> Iterator[str]:
    """The address of a Nominatim that knows the centre of Nanjing."""
    yield from _serve(postgis_cluster, osm_data, "nanjing-center")
