"""The archives in use: replaced, taken away or damaged while the page is served; numbers that no tile has."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import os
import shutil
import sqlite3

import pytest
from osm_town import Town
from starlette.applications import Starlette
from starlette.testclient import TestClient
from test_ground_build import LAT, LON, build, tile_of

from locator.ground import Ground, archive, ground_dir
from locator.ground.archive import MAX_ZOOM
from locator.settings import Settings
from locator.web import shared
from locator.web.routes import build_routes, open_assets

HERE = tile_of(LON, LAT, MAX_ZOOM)


def street(name: str) -> Town:
    town = Town()
    town.way(1, [(LON - 0.01, LAT - 0.001), (LON + 0.01, LAT + 0.001)], highway="primary", name=name)
    return town


@pytest.fixture
def ground(tmp_path) -> Ground:
    ground = build(street("经十路"), tmp_path)
    shutil.copy(ground_dir(tmp_path) / "town.mbtiles", ground_dir(tmp_path) / "kept")
    return ground


def every_tile(path) -> list[tuple[int, int, int]]:
    """Return the numbers of an archive's tiles."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT zoom_level, tile_column, tile_row FROM tiles").fetchall()
    return [(zoom, x, (1 << zoom) - 1 - row) for zoom, x, row in rows]


@pytest.mark.parametrize(
    "numbers",
    [
        (-1, 0, 0),
        (15, 0, 0),
        (99, 1, 1),
        (14, -1, 0),
        (14, 1 << 14, 0),
        (14, 0, 1 << 14),
        (14, 0, -1),
        (0, 1, 0),
        (14, 10**30, 0),
    ],
)
def test_numbers_that_no_tile_has_are_nothing(ground, numbers):
    assert ground.tile(*numbers) is None
    assert ground.tile(*HERE)


def test_without_a_folder_there_is_no_ground(tmp_path, caplog):
    ground = Ground(tmp_path / "none")
    assert (ground.version, ground.archives(), ground.tile(*HERE)) == ("", (), None) and caplog.text == ""


def test_a_replaced_archive_is_read_at_once_and_has_another_version(ground, tmp_path):
    before, held = ground.version, ground.tile(*HERE)
    path = ground_dir(tmp_path) / "town.mbtiles"
    path.rename(path.with_suffix(".old"))
    build(street("经七路"), tmp_path)
    assert ground.version != before and ground.tile(*HERE) != held
    assert "经七路".encode() in gzip.decompress(ground.tile(*HERE))


def test_an_archive_that_goes_is_a_plain_ground_and_one_line(ground, tmp_path, caplog):
    assert ground.tile(*HERE)
    (ground_dir(tmp_path) / "town.mbtiles").unlink()
    with caplog.at_level(logging.WARNING):
        assert [ground.tile(*HERE) for _ in range(3)] == [None] * 3
    assert (ground.version, ground.archives()) == ("", ())
    assert [record.message for record in caplog.records] == ["the map tiles of town.osm are gone"]


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "format", "no metadata", "text"])
def test_a_damaged_archive_is_a_plain_ground_and_one_line(ground, tmp_path, caplog, damage):
    path = ground_dir(tmp_path) / "town.mbtiles"
    assert ground.tile(*HERE)
    content = path.read_bytes()
    if damage in ("format", "no metadata"):
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM metadata WHERE name = 'locator'")
            if damage == "format":
                connection.execute("INSERT INTO metadata VALUES ('locator', ?)", (json.dumps({"format": 999}),))
    else:
        changed = {"cut": content[: len(content) // 2], "empty": b"", "noise": os.urandom(5000), "text": b"hello"}[
            damage
        ]
        path.unlink()
        path.write_bytes(changed)
    with caplog.at_level(logging.WARNING):
        found = [ground.tile(*HERE) for _ in range(3)]
    assert found == [None] * 3
    assert len(caplog.records) == 1 and "import" in caplog.text


@pytest.mark.parametrize("left", [0, 100, 4096, 0.5])
def test_an_archive_cut_short_under_an_open_reader_is_a_plain_ground_and_one_line(
    ground, tmp_path, caplog, monkeypatch, left
):
    """Cut in place, between the look at the folder and the reading of a tile."""
    path = ground_dir(tmp_path) / "town.mbtiles"
    assert ground.tile(*HERE)
    seen = archive._list(ground_dir(tmp_path))
    monkeypatch.setattr(archive, "_list", lambda _folder: seen)
    os.truncate(path, left if isinstance(left, int) else int(path.stat().st_size * left) // 4096 * 4096)
    with caplog.at_level(logging.WARNING):
        found = [ground.tile(*number) for number in every_tile(path.with_name("kept"))]
        found += [ground.tile(*HERE) for _ in range(3)]
    assert found[-3:] == [None] * 3
    assert len(caplog.records) == 1 and "import it again" in caplog.text


@pytest.mark.parametrize("damage", [b"not packed", b"", None, 5, "cut", "flipped"])
def test_a_damaged_tile_is_a_plain_ground_and_one_line(ground, tmp_path, caplog, damage):
    whole = ground.tile(*HERE)
    content = {"cut": whole[: len(whole) // 2], "flipped": bytes([*whole[:-9], whole[-9] ^ 255, *whole[-8:]])}
    zoom, x, y = HERE
    with sqlite3.connect(ground_dir(tmp_path) / "town.mbtiles") as connection:
        where = "WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
        new = content.get(damage, damage) if isinstance(damage, str) else damage
        connection.execute(f"UPDATE tiles SET tile_data = ? {where}", (new, zoom, x, (1 << zoom) - 1 - y))
    with caplog.at_level(logging.WARNING):
        assert [ground.tile(*HERE) for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1 and "import it again" in caplog.text


def test_one_damaged_archive_leaves_the_others(ground, tmp_path, caplog):
    (ground_dir(tmp_path) / "broken.mbtiles").write_bytes(b"hello")
    assert ground.tile(*HERE) and len(ground.archives()) == 1


def test_where_two_extracts_meet_both_are_drawn(ground, tmp_path):
    folder = ground_dir(tmp_path)
    shutil.move(folder / "town.mbtiles", folder / "first.mbtiles")
    build(street("经七路"), tmp_path)
    both = gzip.decompress(ground.tile(*HERE))
    assert "经十路".encode() in both and "经七路".encode() in both


# --- as served


@pytest.fixture
def client(tmp_path, ground):
    settings = Settings(data=tmp_path, tiles="ground")
    routes = build_routes(
        settings, open_assets(tmp_path / "assets"), locate=lambda: None, clock=shared.read_clock, ground=ground
    )
    return TestClient(Starlette(routes=routes))


def test_a_tile_is_kept_for_ever_under_its_version_only(client, ground):
    z, x, y = HERE
    reply = client.get(f"/ground/tiles/{ground.version}/{z}/{x}/{y}")
    assert reply.status_code == 200 and reply.content == gzip.decompress(ground.tile(*HERE))
    assert reply.headers["content-encoding"] == "gzip" and "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    plain = client.get(f"/ground/tiles/{ground.version}/{z}/{x}/{y}", headers={"accept-encoding": "identity"})
    assert plain.content == reply.content and "content-encoding" not in plain.headers
    old = client.get(f"/ground/tiles/000000000000/{z}/{x}/{y}")
    assert old.content == reply.content and old.headers["cache-control"] == "no-store"
    empty = client.get(f"/ground/tiles/{ground.version}/{z}/0/0")
    assert empty.status_code == 204 and empty.content == b""


@pytest.mark.parametrize("what", ["tiles", "names"])
@pytest.mark.parametrize(
    "numbers",
    [
        "99/0/0",
        "14/99999/0",
        "14/0/16384",
        "-1/0/0",
        "14/-1/0",
        "1e1/0/0",
        "14/0/x",
        "14/0/1.5",
        "٣/0/0",
        f"14/{'9' * 400}/0",
        "17/0/200000",
    ],
)
def test_numbers_that_no_tile_has_are_not_found(client, what, numbers):
    assert client.get(f"/ground/{what}/v/{numbers}").status_code == 404


def test_an_archive_that_goes_is_an_empty_reply(client, ground, tmp_path):
    z, x, y = HERE
    version = ground.version
    (ground_dir(tmp_path) / "town.mbtiles").unlink()
    reply = client.get(f"/ground/tiles/{version}/{z}/{x}/{y}")
    assert reply.status_code == 204 and reply.headers["cache-control"] == "no-store"


def test_names_are_served_as_json(client):
    reply = client.get("/ground/names/v/{}/{}/{}".format(*tile_of(117.0, 36.66, 12)))
    assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store"
    name, english, kind, lon, lat = reply.json()[0]
    assert isinstance(name, str) and isinstance(english, str) and isinstance(kind, int)
    assert 116 < lon < 118 and 36 < lat < 37.5


def test_shipped_places_that_cannot_be_read_are_no_names_and_a_line(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("locator.web.routes.shipped_dir", lambda: tmp_path)
    routes = build_routes(
        Settings(data=tmp_path), open_assets(tmp_path / "assets"), locate=lambda: None, clock=shared.read_clock
    )
    reply = TestClient(Starlette(routes=routes)).get("/ground/names/v/12/3379/1600")
    assert (reply.status_code, reply.json()) == (200, []) and "no names" in caplog.text
