"""The tiles of an extract: GDAL cuts and simplifies them as Mapbox Vector Tiles, one MBTiles archive keeps them.

GDAL's writer gives a layer one lowest zoom, so what begins at one zoom is one layer, written by itself; a tile
of the archive is those layers one after the other, as the format allows, compressed once.
"""

from __future__ import annotations

import contextlib
import gzip
import heapq
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from locator.disk import wrap_os_errors
from locator.errors import DataError
from locator.ground.archive import APPLICATION, FORMAT
from locator.ground.features import ZOOMS, ExtractShapes, Tier

EXTENT = 4096
"""Steps across a tile; at the largest scale (zoom 18) one is half a pixel."""
_BUFFER = 64
_SIMPLIFY, _SIMPLIFY_LAST = "4", "1"
"""How far a simplified line may be off, in steps: half a pixel where a tile is as large as it was made for."""
_MOST_RANGES = 400
_CLOSE = 13
"""What begins here or later (streets, buildings) tells that an extract covers a place: railways run on beyond it."""
_SCHEMA = pa.schema([("c", pa.int32()), ("n", pa.string()), ("e", pa.string()), ("geometry", pa.binary())])
"""Class, name and English name of a shape, with keys as short as a tile wants them."""
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE metadata (name TEXT, value TEXT);
CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB);
"""


class Built(NamedTuple):
    """What was made of an extract."""

    tiles: int
    date: str
    """The day the extract is of, ISO; empty where it does not say."""


type Progress = Callable[[float], None]
"""Told how much of the whole is done, 0 to 1."""


def build_ground(extract: Path, draft: Path, *, digest: str, progress: Progress = lambda _share: None) -> Built:
    """Write the tiles of an extract.

    Parameters
    ----------
    extract
        ``.osm.pbf`` or ``.osm`` (also ``.gz``, ``.bz2``).
    draft
        The archive, an empty file; the caller puts it in use.
    digest
        What tells this extract from others; kept in the archive.

    Raises
    ------
    DataError
        The extract is cut short or no OpenStreetMap data, or nothing can be written.
    """
    with wrap_os_errors(draft, also=(sqlite3.Error,)):
        work = Path(tempfile.mkdtemp(prefix=".building-", dir=draft.parent))
        try:
            shapes = ExtractShapes(extract)
            found = _spill(shapes, work)
            progress(0.4)
            layers = []
            for done, zoom in enumerate(found, 1):
                layers.append(_write_layer(work, zoom))
                progress(0.4 + 0.4 * done / len(found))
            said = {"format": FORMAT, "digest": digest, "source": extract.name, "date": shapes.date}
            tiles = _merge(layers, draft, said)
            progress(1.0)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return Built(tiles, shapes.date)


def _spill(shapes: ExtractShapes, work: Path) -> list[int]:
    """Write what begins at each zoom to a file of its own, and return those zooms."""
    writers: dict[int, Any] = {}
    with contextlib.ExitStack() as stack:
        for zoom, tier in shapes.tiers():
            if zoom not in writers:
                writers[zoom] = stack.enter_context(pa.ipc.new_stream(str(work / f"{zoom}.arrows"), _SCHEMA))
            writers[zoom].write_batch(_to_batch(tier))
    return sorted(writers)


def _to_batch(tier: Tier) -> Any:
    columns = [
        pa.array(tier.kinds, pa.int32()),
        pa.array(tier.names, pa.string()),
        pa.array(tier.names_en, pa.string()),
        pa.array(list(tier.geometries), pa.binary()),
    ]
    return pa.record_batch(columns, schema=_SCHEMA)


def _write_layer(work: Path, zoom: int) -> Path:
    """Have GDAL write the tiles of what begins at a zoom, from there to the last one."""
    import pyogrio

    out = work / f"{zoom}.mbtiles"
    options = {
        "FORMAT": "MBTILES", "MINZOOM": str(zoom), "MAXZOOM": str(ZOOMS[-1]), "EXTENT": str(EXTENT),
        "BUFFER": str(_BUFFER), "COMPRESS": "NO", "SIMPLIFICATION": _SIMPLIFY,
        "SIMPLIFICATION_MAX_ZOOM": _SIMPLIFY_LAST,
    }  # fmt: skip
    try:
        with pa.OSFile(str(work / f"{zoom}.arrows")) as file, pa.ipc.open_stream(file) as rows:
            pyogrio.write_arrow(
                rows, str(out), layer=f"from{zoom}", driver="MVT", geometry_name="geometry", geometry_type="Unknown",
                crs="EPSG:4326", dataset_options=options,
            )  # fmt: skip
    except (RuntimeError, pa.ArrowException) as error:  # pyogrio's errors are RuntimeErrors
        raise DataError(f"{out} cannot be written: {error}", code="data_write", path=str(out)) from error
    return out


type _Row = tuple[int, int, int, bytes]


def _merge(layers: list[Path], draft: Path, said: dict[str, Any]) -> int:
    """Put the layers' tiles together in one archive, and return how many they are."""
    covered: list[tuple[int, int]] = []

    def tiles(connections: list[sqlite3.Connection]) -> Iterator[_Row]:
        order = "SELECT zoom_level, tile_column, tile_row, tile_data, ? FROM tiles ORDER BY 1, 2, 3"
        ordered = (c.execute(order, (int(path.stem),)) for c, path in zip(connections, layers, strict=True))
        rows: Iterator[tuple[int, int, int, bytes, int]] = heapq.merge(*ordered, key=lambda row: row[:3])
        for (zoom, column, row), found in groupby(rows, key=lambda row: row[:3]):
            parts = list(found)
            if zoom == ZOOMS[-1] and any(part[4] >= _CLOSE for part in parts):
                covered.append((column, (1 << zoom) - 1 - row))
            yield zoom, column, row, gzip.compress(b"".join(part[3] for part in parts), 6, mtime=0)

    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(contextlib.closing(sqlite3.connect(path))) for path in layers]
        archive = stack.enter_context(contextlib.closing(sqlite3.connect(draft)))
        archive.executescript(_TABLES)
        archive.execute(f"PRAGMA application_id = {APPLICATION}")
        archive.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", tiles(connections))
        (count,) = archive.execute("SELECT count(*) FROM tiles").fetchone()
        archive.execute("CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
        zoom, ranges = _cover(covered)
        said |= {"cover_zoom": zoom, "cover": ranges}
        archive.executemany("INSERT INTO metadata VALUES (?, ?)", _describe(said).items())
        archive.commit()
    return int(count)


def _describe(said: dict[str, Any]) -> dict[str, str]:
    """Return the archive's metadata, as its specification names them, and ours."""
    fields = {"c": "Number", "n": "String", "e": "String"}
    layers = [{"id": f"from{zoom}", "fields": fields, "minzoom": zoom, "maxzoom": ZOOMS[-1]} for zoom in ZOOMS]
    return {
        "name": said["source"],
        "format": "pbf",
        "minzoom": str(ZOOMS[0]),
        "maxzoom": str(ZOOMS[-1]),
        "type": "baselayer",
        "attribution": "© OpenStreetMap contributors",
        "json": json.dumps({"vector_layers": layers}),
        "locator": json.dumps(said, ensure_ascii=False),
    }


def _cover(tiles: list[tuple[int, int]]) -> tuple[int, list[list[int]]]:
    """Return a zoom and the tiles in use there, as rows of columns: [y, first, last]; as fine as is still short."""
    zoom, cells = ZOOMS[-1], set(tiles)
    while True:
        ranges: list[list[int]] = []
        for x, y in sorted(cells, key=lambda cell: (cell[1], cell[0])):
            if ranges and ranges[-1][0] == y and ranges[-1][2] == x - 1:
                ranges[-1][2] = x
            else:
                ranges.append([y, x, x])
        if len(ranges) <= _MOST_RANGES or zoom == ZOOMS[0]:
            return zoom, ranges
        zoom, cells = zoom - 1, {(x // 2, y // 2) for x, y in cells}
