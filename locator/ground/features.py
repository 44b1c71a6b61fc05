"""What of an extract is drawn: roads, railways, water, green, buildings and names, each with the zoom it begins at.

No borders are drawn: which lines of the map of China may be published is not for an extract to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from locator.datum import METRES_PER_DEGREE
from locator.routing.osm_files import wrap_osm_errors

ZOOMS = (5, 8, 10, 12, 13, 14)
"""The zooms at which something new begins to be drawn; the last one holds everything."""
_BATCH = 20_000
_KEYS = (
    "highway", "railway", "waterway", "natural", "landuse", "leisure", "building", "place", "amenity", "tourism",
    "station", "shop", "entrance",
)  # fmt: skip


class GroundClass(IntEnum):
    """What a shape is; ``ground.js`` knows the same numbers and draws the lower ones first."""

    GREEN = 1
    CAMPUS = 2
    WATER = 3
    BUILDING = 4
    RIVER = 10
    STREAM = 11
    RAIL = 20
    SUBWAY = 21
    PATH = 30
    SERVICE = 31
    MINOR = 32
    TERTIARY = 33
    SECONDARY = 34
    PRIMARY = 35
    TRUNK = 36
    MOTORWAY = 37
    CITY = 50
    TOWN = 51
    VILLAGE = 52
    HAMLET = 53
    STATION = 60
    HOSPITAL = 61
    UNIVERSITY = 62
    PARK = 63
    SIGHT = 64
    GOVERNMENT = 65
    SCHOOL = 66
    MALL = 67
    PLACE = 68
    WATER_NAME = 69
    ENTRANCE = 70


_C = GroundClass
_HIGHWAYS: Mapping[str, GroundClass] = {
    "motorway": _C.MOTORWAY, "trunk": _C.TRUNK, "primary": _C.PRIMARY, "secondary": _C.SECONDARY,
    "tertiary": _C.TERTIARY, "unclassified": _C.MINOR, "residential": _C.MINOR, "living_street": _C.MINOR,
    "road": _C.MINOR, "service": _C.SERVICE, "pedestrian": _C.PATH, "footway": _C.PATH, "path": _C.PATH,
    "cycleway": _C.PATH, "steps": _C.PATH, "track": _C.PATH, "bridleway": _C.PATH,
}  # fmt: skip
_RAILWAYS: Mapping[str, GroundClass] = {
    "rail": _C.RAIL, "narrow_gauge": _C.RAIL, "subway": _C.SUBWAY, "light_rail": _C.SUBWAY, "tram": _C.SUBWAY,
    "monorail": _C.SUBWAY,
}  # fmt: skip
_WATERWAYS: Mapping[str, GroundClass] = {"river": _C.RIVER, "canal": _C.RIVER, "stream": _C.STREAM, "ditch": _C.STREAM}
_AREAS: Mapping[tuple[str, str], GroundClass] = {
    ("natural", "water"): _C.WATER, ("waterway", "riverbank"): _C.WATER, ("landuse", "reservoir"): _C.WATER,
    ("landuse", "basin"): _C.WATER, ("natural", "bay"): _C.WATER, ("natural", "wood"): _C.GREEN,
    ("landuse", "forest"): _C.GREEN, ("landuse", "grass"): _C.GREEN, ("landuse", "meadow"): _C.GREEN,
    ("landuse", "village_green"): _C.GREEN, ("landuse", "recreation_ground"): _C.GREEN,
    ("landuse", "cemetery"): _C.GREEN, ("natural", "grassland"): _C.GREEN, ("natural", "scrub"): _C.GREEN,
    ("leisure", "park"): _C.GREEN, ("leisure", "garden"): _C.GREEN, ("leisure", "nature_reserve"): _C.GREEN,
    ("leisure", "golf_course"): _C.GREEN, ("leisure", "pitch"): _C.GREEN, ("amenity", "school"): _C.CAMPUS,
    ("amenity", "kindergarten"): _C.CAMPUS, ("amenity", "university"): _C.CAMPUS, ("amenity", "college"): _C.CAMPUS,
    ("amenity", "hospital"): _C.CAMPUS,
}  # fmt: skip
_POINTS: Mapping[tuple[str, str], GroundClass] = {
    ("place", "city"): _C.CITY, ("place", "town"): _C.TOWN, ("place", "suburb"): _C.VILLAGE,
    ("place", "borough"): _C.TOWN, ("place", "village"): _C.VILLAGE, ("place", "quarter"): _C.HAMLET,
    ("place", "hamlet"): _C.HAMLET, ("place", "neighbourhood"): _C.HAMLET, ("railway", "station"): _C.STATION,
    ("railway", "halt"): _C.STATION, ("station", "subway"): _C.STATION, ("amenity", "bus_station"): _C.STATION,
    ("amenity", "hospital"): _C.HOSPITAL, ("amenity", "university"): _C.UNIVERSITY,
    ("amenity", "college"): _C.UNIVERSITY, ("amenity", "school"): _C.SCHOOL, ("amenity", "kindergarten"): _C.PLACE,
    ("amenity", "townhall"): _C.GOVERNMENT, ("amenity", "police"): _C.GOVERNMENT, ("amenity", "library"): _C.SIGHT,
    ("amenity", "theatre"): _C.SIGHT, ("amenity", "post_office"): _C.PLACE, ("amenity", "marketplace"): _C.MALL,
    ("amenity", "bank"): _C.PLACE, ("amenity", "place_of_worship"): _C.PLACE, ("shop", "mall"): _C.MALL,
    ("shop", "supermarket"): _C.MALL, ("shop", "department_store"): _C.MALL, ("leisure", "park"): _C.PARK,
    ("leisure", "stadium"): _C.SIGHT, ("tourism", "museum"): _C.SIGHT, ("tourism", "attraction"): _C.SIGHT,
    ("tourism", "hotel"): _C.PLACE, ("natural", "water"): _C.WATER_NAME, ("natural", "peak"): _C.SIGHT,
    ("landuse", "reservoir"): _C.WATER_NAME,
}  # fmt: skip
_BEGINS: Mapping[GroundClass, int] = {
    _C.RIVER: 10, _C.STREAM: 13, _C.RAIL: 10, _C.SUBWAY: 12, _C.PATH: 14, _C.SERVICE: 14, _C.MINOR: 13,
    _C.TERTIARY: 12, _C.SECONDARY: 10, _C.PRIMARY: 8, _C.TRUNK: 8, _C.MOTORWAY: 5, _C.CITY: 5, _C.TOWN: 8,
    _C.VILLAGE: 12, _C.HAMLET: 13, _C.STATION: 12, _C.HOSPITAL: 13, _C.UNIVERSITY: 13, _C.PARK: 13, _C.SIGHT: 14,
    _C.GOVERNMENT: 14, _C.SCHOOL: 14, _C.MALL: 14, _C.PLACE: 14, _C.WATER_NAME: 13, _C.BUILDING: 14, _C.CAMPUS: 13,
    _C.ENTRANCE: 14,
}  # fmt: skip
"""The zoom a class begins at, whatever its size."""
_LEAST_M2 = ((5, 2e7), (8, 2e6), (10, 2e5), (12, 2e4), (13, 4e3))
"""From which size on water and green are drawn at a zoom; what is smaller waits for the last one."""


_ENTRANCE_NAMES = ("入口", "Entrance")
"""What stands at an entrance that has no name of its own."""


class Shape(NamedTuple):
    """One thing to draw."""

    kind: int
    name: str | None
    """In Chinese where the map has it."""
    name_en: str | None
    geometry: bytes
    """WKB, (lon, lat) in WGS-84 degrees."""


@dataclass(slots=True)
class Tier:
    """Things that begin to be drawn at one zoom, as columns."""

    kinds: Any
    names: list[str | None]
    names_en: list[str | None]
    geometries: Any
    """WKB."""


@dataclass(slots=True)
class ExtractShapes:
    """Reads an extract once; :meth:`tiers` yields what is drawn, piece by piece."""

    path: Path
    date: str = ""
    """The day that the extract says it is of; that of its newest object where it does not; known at the end."""
    _streets: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    _english: dict[tuple[int, str], str | None] = field(default_factory=dict)

    def tiers(self) -> Iterator[tuple[int, Tier]]:
        """Yield zooms, each with things that begin there.

        Raises
        ------
        DataError
            The file is cut short, or is no OpenStreetMap data.
        """
        with wrap_osm_errors(self.path):
            for rows in batched(self._shapes(), _BATCH):
                yield from _split(rows)
        for rows in batched(self._joined_streets(), _BATCH):
            yield from _split(rows)

    def _shapes(self) -> Iterator[Shape]:
        import osmium

        areas = osmium.filter.KeyFilter("natural", "landuse", "leisure", "building", "amenity", "waterway", "tourism")
        reader = osmium.FileProcessor(str(self.path)).with_areas(areas).with_filter(osmium.filter.KeyFilter(*_KEYS))
        self.date = reader.header.get("osmosis_replication_timestamp", "")[:10]
        newest, factory = 0, osmium.geom.WKBFactory()
        things: Iterator[Any] = iter(reader)
        for thing in things:
            if thing.is_way():
                shape = self._line(thing, factory)
                if shape is not None:
                    yield shape
                newest = max(newest, thing.timestamp.toordinal())
            elif thing.is_area():
                yield from _area(thing, factory)
            elif thing.is_node() and thing.location.valid():
                kind = _kind_of_point(thing.tags)
                if kind is not None:
                    name, name_en = _names(thing.tags)
                    if name is None:
                        name, name_en = _ENTRANCE_NAMES
                    yield Shape(kind, name, name_en, bytes.fromhex(factory.create_point(thing)))
        if not self.date and newest > _FIRST_DAY:
            from datetime import date

            self.date = date.fromordinal(newest).isoformat()

    def _line(self, way: Any, factory: Any) -> Shape | None:
        """Return a line to draw; pieces of a street are kept, to be joined at the end."""
        kind = _kind_of_line(way.tags)
        if kind is None:
            return None
        geometry = _draw_line(way, factory)
        if geometry is None:
            return None
        name, name_en = _names(way.tags)
        if name is None or kind < _C.PATH:
            return Shape(kind, name, name_en, geometry)
        self._streets.setdefault((kind, name), []).append(geometry)
        self._english[kind, name] = name_en or self._english.get((kind, name))
        return None

    def _joined_streets(self) -> Iterator[Shape]:
        """Yield the streets, each as long as it runs: a name needs room, and a tile fewer lines."""
        for (kind, name), pieces in self._streets.items():
            english = self._english[kind, name]
            lines = shapely.from_wkb(pieces)
            whole = shapely.line_merge(shapely.multilinestrings(lines)) if len(lines) > 1 else lines[0]
            for part in shapely.to_wkb(shapely.get_parts(whole)):
                yield Shape(kind, name, english, part)
        self._streets.clear()


_FIRST_DAY = 732_000
"""2005-02-23: what is older is a file without dates."""


def _kind_of_line(tags: Any) -> GroundClass | None:
    if (value := tags.get("highway")) is not None:
        return None if tags.get("area") == "yes" else _HIGHWAYS.get(value.removesuffix("_link"))
    if (value := tags.get("railway")) is not None:
        return None if value == "rail" and tags.get("service") in ("yard", "siding", "spur") else _RAILWAYS.get(value)
    if (value := tags.get("waterway")) is not None:
        return None if tags.get("tunnel") in ("yes", "culvert") else _WATERWAYS.get(value)
    return None


def _kind_of_point(tags: Any) -> GroundClass | None:
    if tags.get("entrance") in ("main", "yes") or tags.get("railway") == "subway_entrance":
        return _C.ENTRANCE
    return _lookup(_POINTS, tags) if "name" in tags else None


def _lookup(table: Mapping[tuple[str, str], GroundClass], tags: Any) -> GroundClass | None:
    """Return what the first known of an object's tags makes of it."""
    return next((table[tag.k, tag.v] for tag in tags if (tag.k, tag.v) in table), None)


def _area(area: Any, factory: Any) -> Iterator[Shape]:
    """Yield an area, and its name as a place inside it."""
    tags = area.tags
    kind = _lookup(_AREAS, tags)
    if kind is None and "building" in tags and tags.get("building") != "no":
        kind = _C.BUILDING
    named = _lookup(_POINTS, tags) if "name" in tags else None
    if named is None and kind == _C.BUILDING and "name" in tags:
        named = _C.PLACE
    if kind is None and named is None:
        return
    try:
        geometry = bytes.fromhex(factory.create_multipolygon(area))
    except RuntimeError:  # an outline whose nodes are not all in the file
        return
    if kind is not None:
        yield Shape(kind, None, None, geometry)
    if named is not None:
        centre = shapely.point_on_surface(shapely.from_wkb(geometry))
        if not centre.is_empty:
            yield Shape(named, *_names(tags), shapely.to_wkb(centre))


def _draw_line(way: Any, factory: Any) -> bytes | None:
    """Return a way's line as WKB; where nodes are missing, as at an extract's edge, what is left of it."""
    try:
        return bytes.fromhex(factory.create_linestring(way))
    except RuntimeError:
        points = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
        return shapely.to_wkb(shapely.LineString(points)) if len(set(points)) > 1 else None


def _names(tags: Any) -> tuple[str | None, str | None]:
    """Return the name on the ground in Chinese (as the map has it where it says no language), and in English."""
    name, english = tags.get("name:zh") or tags.get("name"), tags.get("name:en")
    return name or None, english if english != name else None


def _split(rows: Iterable[Shape]) -> Iterator[tuple[int, Tier]]:
    """Yield what begins at each zoom."""
    kinds, names, english, geometries = zip(*rows, strict=True)
    kind, drawn = np.array(kinds), np.array(geometries, dtype=object)
    begins = np.array([_BEGINS.get(k, ZOOMS[-1]) for k in kinds])
    sized = np.flatnonzero(np.isin(kind, (_C.WATER, _C.GREEN)))
    if len(sized):
        begins[sized] = _zoom_of_size(shapely.from_wkb(drawn[sized]))
    for zoom in np.unique(begins):
        chosen = np.flatnonzero(begins == zoom)
        tier = Tier(kind[chosen], [names[n] for n in chosen], [english[n] for n in chosen], drawn[chosen])
        yield int(zoom), tier


def _zoom_of_size(areas: Any) -> Any:
    """Return the zoom that each of some areas begins at."""
    _, south, _, north = shapely.bounds(areas).T
    squeeze = np.cos((south + north) * (math.pi / 360.0))
    metres = shapely.area(areas) * squeeze * METRES_PER_DEGREE**2
    zooms = np.full(len(areas), ZOOMS[-1])
    for zoom, least in reversed(_LEAST_M2):
        zooms[metres >= least] = zoom
    return zooms
