"""A database for each test that wants one, without making PostGIS anew each time."""

from __future__ import annotations

import psycopg
import pytest


@pytest.fixture(scope="session")
def database(postgis_cluster) -> str:
    """The address of one database with PostGIS for the whole session."""
    return postgis_cluster.create_database("stores")


@pytest.fixture
def empty_database(database) -> str:
    """The address of a database with PostGIS and nothing of ours in it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA IF EXISTS locator CASCADE")
    return database
