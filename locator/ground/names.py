"""The places of the gazetteer as names on the map, where there is no extract: the most important ones of a tile."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from locator.datum import Datum, from_wgs84
from locator.errors import DataError
from locator.gazetteer.schema import PLACES_FILE
from locator.ground.archive import is_tile
from locator.ground.features import GroundClass

MOST = 60
"""How many names of a tile are sent; the browser shows those that fit."""
MAX_ZOOM = 16
_STEPS = 1e5
_OFF_PX = 60
"""A name whose position may be off by more than this on the screen is left out."""
_METRES_PER_PX = 156_543.0
"""At zoom 0 on the equator."""

_C = GroundClass
_KINDS: Mapping[str, tuple[GroundClass, int]] = {
    "station": (_C.STATION, 11), "hospital": (_C.HOSPITAL, 12), "university": (_C.UNIVERSITY, 12),
    "park": (_C.PARK, 12), "school": (_C.SCHOOL, 13), "settlement": (_C.VILLAGE, 12), "mall": (_C.MALL, 13),
    "sight": (_C.SIGHT, 13), "government": (_C.GOVERNMENT, 13), "residential": (_C.PLACE, 14),
}  # fmt: skip
"""What a shipped place is drawn as, and the zoom from which on; the more important ones first."""
_DIVISIONS: Mapping[str, tuple[GroundClass, int]] = {
    "city": (_C.CITY, 4), "district": (_C.TOWN, 8), "township": (_C.VILLAGE, 11),
}  # fmt: skip
_ORDER = (*_DIVISIONS, *_KINDS)
_SMALL_M = 150.0
_SQUARES = 6
_MINOR = "宠物|诊所|卫生站|卫生室|警务室|美容|门诊|停车"
"""Words in names that do not identify a neighbourhood; places with them are left out."""
_NOWHERE = 1e9
_USUAL = 6
_COLUMNS = ["level", "name", "name_en", "lon", "lat", "error_m"]


class _Names(NamedTuple):
    """Every name, the most important first; columns of one length."""

    name: Any
    name_en: Any
    kind: Any
    begins: Any
    lon: Any
    lat: Any
    error_m: Any


class MapName(NamedTuple):
    """A name on the map."""

    name: str
    name_en: str
    """Empty where none is known."""
    kind: int
    lon: float
    lat: float


class PlaceNames:
    """Stations, parks, schools, hospitals, townships and cities by tile.

    Parameters
    ----------
    shipped
        The folder of the shipped gazetteer (``data/gazetteer``); read when the first tile is asked for.
    """

    def __init__(self, shipped: Path) -> None:
        self._shipped = shipped
        self._lock = threading.Lock()
        self._names: _Names | None = None

    @cached_property
    def version(self) -> str:
        """What changes when the shipped places do."""
        try:
            states = [(self._shipped / name).stat() for name in (PLACES_FILE, "divisions.csv")]
        except OSError:
            return "none"
        mark = repr([(state.st_size, state.st_mtime_ns) for state in states])
        return blake2b(mark.encode(), digest_size=6).hexdigest()

    def tile(self, zoom: int, x: int, y: int, datum: Datum = Datum.WGS84) -> list[MapName]:
        """Return the most important names of a tile (``y`` from the north), best first, at most :data:`MOST`.

        Parameters
        ----------
        datum
            That of the map the names are to stand on; also of the tile's edges, to within its shift.

        Raises
        ------
        DataError
            The shipped places cannot be read.
        """
        if not is_tile(zoom, x, y, MAX_ZOOM):
            return []
        with self._lock:
            if self._names is None:
                self._names = _load(self._shipped)
        names, (west, south, east, north) = self._names, tile_bounds(zoom, x, y)
        near = (names.lon >= west) & (names.lon < east) & (names.lat >= south) & (names.lat < north)
        per_px = _METRES_PER_PX * math.cos(math.radians((south + north) / 2)) / (1 << zoom)
        # A tile is asked for at the scale it is drawn at, or at twice that.
        chosen = np.flatnonzero(near & (names.begins <= zoom + 1) & (names.error_m <= _OFF_PX * per_px))
        chosen = _spread(chosen, names, (east - west, north - south))
        if not len(chosen):
            return []
        lon, lat = from_wgs84(names.lon[chosen], names.lat[chosen], datum)
        columns = (names.name, names.name_en, names.kind)
        texts = [[column[int(n)].as_py() for n in chosen] for column in columns[:2]]
        kinds = names.kind[chosen].tolist()
        return [
            MapName(name, english, kind, round(float(at_lon), 5), round(float(at_lat), 5))
            for name, english, kind, at_lon, at_lat in zip(*texts, kinds, lon, lat, strict=True)
        ]


def _spread(chosen: Any, names: _Names, size: tuple[float, float]) -> Any:
    """Return the best of some names, in turn from each of the squares of the tile: no corner takes all."""
    if len(chosen) <= MOST:
        return chosen
    column = (names.lon[chosen] % size[0] * _SQUARES // size[0]).astype(int)
    row = (names.lat[chosen] % size[1] * _SQUARES // size[1]).astype(int)
    cell = column * (_SQUARES + 1) + row
    order = np.argsort(cell, kind="stable")
    ranked = cell[order]
    place = np.empty(len(chosen), int)
    place[order] = np.arange(len(chosen)) - np.searchsorted(ranked, ranked)
    return chosen[np.lexsort((chosen, place))][:MOST]


def tile_bounds(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Return a tile's west, south, east and north in degrees."""
    side = 1 << zoom

    def lat(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side))))

    return x / side * 360 - 180, lat(y + 1), (x + 1) / side * 360 - 180, lat(y)


def _load(shipped: Path) -> _Names:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        parts = pa.concat_tables([_read_divisions(shipped), _read_places(shipped)]).combine_chunks()
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(f"cannot read {shipped}: {error}", code="gazetteer_source", path=shipped.name) from error
    # How important a kind is decides; among equals a name of usual length: 卫生站 and 附属第二医院西院区 come later.
    level = parts["level"].combine_chunks().dictionary_encode()
    words, codes = level.dictionary.to_pylist(), level.indices.to_numpy()
    unusual = np.abs(pc.utf8_length(parts["name"]).to_numpy() - _USUAL)
    order = np.lexsort((unusual, np.array([_ORDER.index(word) for word in words])[codes]))
    drawn = {**_DIVISIONS, **_KINDS}
    numbers = {name: parts[name].to_numpy()[order] for name in ("lon", "lat", "error_m")}
    rows = pa.array(order)
    made = _Names(
        name=parts["name"].combine_chunks().take(rows),
        name_en=parts["name_en"].combine_chunks().take(rows),
        kind=np.array([int(drawn[word][0]) for word in words], np.uint8)[codes[order]],
        begins=np.array([drawn[word][1] for word in words], np.uint8)[codes[order]],
        **numbers,
    )
    del parts, level, rows
    pa.default_memory_pool().release_unused()  # reading takes much more than is kept
    return made


def _read_divisions(shipped: Path) -> Any:
    """Return cities, districts and townships at their most exact known position, as columns; without one, none."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv

    texts = pyarrow.csv.ConvertOptions(column_types={"code": pa.string(), "name_en": pa.string()})
    table = pyarrow.csv.read_csv(shipped / "divisions.csv", convert_options=texts)
    table = table.filter(pc.is_in(table["level"], pa.array(list(_DIVISIONS))))
    seats = {"lon": "seat_lon", "lat": "seat_lat", "error_m": "seat_m"}
    seat = pyarrow.csv.read_csv(shipped / "township_seats_osm.csv", convert_options=texts).drop_columns(["how"])
    table = table.join(seat.rename_columns({"code": "code"} | seats), "code")
    surer = pc.fill_null(
        pc.less(table["seat_m"], pc.fill_null(pc.cast(table["error_m"], pa.float64()), _NOWHERE)), False
    )
    for name, other in seats.items():
        column = pc.if_else(surer, pc.cast(table[other], pa.float64()), pc.cast(table[name], pa.float64()))
        table = table.set_column(table.column_names.index(name), name, column)
    table = table.filter(pc.and_(pc.is_valid(table["lon"]), pc.is_valid(table["error_m"])))
    return table.select(_COLUMNS).set_column(2, "name_en", pc.fill_null(table["name_en"], ""))


def _read_places(shipped: Path) -> Any:
    """Return the shipped places of the kinds that are drawn, as columns."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(shipped / PLACES_FILE, columns=["name", "kind", "lon_e5", "lat_e5"])
    kinds = pc.cast(table["kind"], pa.string())
    kept = pc.and_not(pc.is_in(kinds, pa.array(list(_KINDS))), pc.match_substring_regex(table["name"], _MINOR))
    table, kinds = table.filter(kept), kinds.filter(kept)
    count = table.num_rows
    columns = [
        kinds, pc.cast(table["name"], pa.string()), pa.array([""] * count), pc.divide(table["lon_e5"], _STEPS),
        pc.divide(table["lat_e5"], _STEPS), pa.array(np.full(count, _SMALL_M)),
    ]  # fmt: skip
    return pa.table(columns, names=_COLUMNS)
