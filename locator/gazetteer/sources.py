"""What goes into the place index: offices, shipped places; streets, addresses and places of OpenStreetMap."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from locator.adcode import ancestors
from locator.datum import METRES_PER_DEGREE, distance_m
from locator.errors import DataError
from locator.gazetteer.address import CITIZENS, read_address
from locator.gazetteer.divisions import LEVELS, Division, DivisionTable, NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.schema import PLACES_FILE, spell_name
from locator.gazetteer.text import short_names, to_key
from locator.layer import Layer
from locator.model import EXACT, Precision

_K = PlaceKind
PRECISIONS: Mapping[PlaceKind, Precision] = {
    kind: {_K.VILLAGE: Precision.VILLAGE, _K.STREET: Precision.STREET}.get(kind, Precision.POI)
    for kind in PlaceKind
    if kind not in LEVELS
}
ERRORS_M: Mapping[PlaceKind, float] = {
    _K.VILLAGE: 1000.0, _K.STATION: 150.0, _K.POI: 100.0, _K.OFFICE: 50.0, _K.STREET: 500.0, _K.RESIDENTIAL: 300.0,
    _K.SCHOOL: 200.0, _K.UNIVERSITY: 700.0, _K.HOSPITAL: 250.0, _K.MALL: 200.0, _K.PARK: 500.0, _K.SIGHT: 400.0,
    _K.GOVERNMENT: 150.0, _K.HOTEL: 150.0, _K.WORKS: 400.0, _K.VENUE: 300.0, _K.BUILDING: 150.0,
}  # fmt: skip
RANKS: Mapping[PlaceKind, float] = {
    _K.STATION: 0.46, _K.UNIVERSITY: 0.45, _K.HOSPITAL: 0.44, _K.SIGHT: 0.43, _K.OFFICE: 0.42, _K.MALL: 0.41,
    _K.STREET: 0.4, _K.PARK: 0.39, _K.GOVERNMENT: 0.38, _K.VILLAGE: 0.35, _K.VENUE: 0.34, _K.SCHOOL: 0.33,
    _K.RESIDENTIAL: 0.32, _K.POI: 0.3, _K.HOTEL: 0.28, _K.BUILDING: 0.27, _K.WORKS: 0.25,
}  # fmt: skip
COMMON = 4
"""A shorter name that this many places share is a word for a kind."""
_HAN_FIRST = re.compile("(?P<han>[\u4e00-\u9fff]{3,}) [^\u4e00-\u9fff]+$")

JOIN_M = 1500.0
"""Pieces of one name closer than this are one street."""
_OTHER_NAMES = ("name:zh", "name:zh-Hans", "name:en", "alt_name", "old_name", "short_name", "official_name", "loc_name")
_PLACES = frozenset(
    "city town village hamlet isolated_dwelling suburb quarter neighbourhood locality borough city_block".split()  # noqa: SIM905
)
_NO_STREETS = frozenset({"bus_stop", "crossing", "traffic_signals", "platform", "motorway_junction", "elevator"})
_NOT_PLACES = ("boundary", "waterway", "power", "barrier", "route", "traffic_sign", "addr:interpolation")
_SETTLEMENTS = frozenset({"city", "town", "village", "hamlet", "suburb"})


@dataclass
class _Street:
    name: str
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    half_m: list[float] = field(default_factory=list)
    aliases: set[str] = field(default_factory=set)


class OsmExtract:
    """An extract to iterate over: places, then streets, then house numbers, as records.

    Parameters
    ----------
    path
        A ``.osm.pbf`` or ``.osm`` file.
    table
        The divisions, to turn ``addr:city`` and ``addr:district`` into an adcode; without it the index
        gives every place the city of the nearest district.

    Raises
    ------
    DataError
        When iterated: the file is missing or broken.
    """

    def __init__(self, path: Path, table: DivisionTable | None = None) -> None:
        self._path = path
        self._table = table
        self._streets: dict[str, _Street] = {}
        self._towns: list[tuple[str, float, float]] = []

    def __iter__(self) -> Iterator[PlaceRecord | NumberRecord]:
        """Yield every record; the file is read once for each iteration."""
        self._streets, self._towns = {}, []
        numbers: list[tuple[Mapping[str, str], float, float]] = []
        try:
            for tags, lon, lat, line in self._objects():
                if "addr:housenumber" in tags:
                    numbers.append((tags, lon, lat))
                if "highway" in tags and line is not None:
                    self._take_street(tags, line)
                elif tags.get("name") and "highway" not in tags:
                    record = self._place(tags, lon, lat)
                    if record is not None:
                        yield record
        except (RuntimeError, OSError, ValueError) as error:
            raise DataError(f"cannot read {self._path}: {error}", code="osm_file", path=self._path.name) from error
        for street in self._streets.values():
            yield from self._records_of(street)
        for tags, lon, lat in numbers:
            yield from self._numbers(tags, lon, lat)

    def _objects(self) -> Iterator[tuple[Mapping[str, str], float, float, Any]]:
        """Yield tags, a position in WGS-84 degrees (an area's centre of gravity), and the line of a way."""
        import osmium

        reader = osmium.FileProcessor(str(self._path)).with_locations().with_areas()
        keys = osmium.filter.KeyFilter("name", "addr:housenumber")
        items: Iterator[Any] = iter(reader.with_filter(keys))
        for item in items:
            tags = {tag.k: tag.v for tag in item.tags}
            if item.is_node():
                yield tags, item.location.lon, item.location.lat, None
            elif item.is_way() and ("highway" in tags or not item.is_closed()):
                points = [(n.location.lon, n.location.lat) for n in item.nodes if n.location.valid()]
                if points:
                    line = np.array(points)
                    centre = shapely.LineString(line).centroid if len(points) > 1 else shapely.Point(points[0])
                    yield tags, centre.x, centre.y, line
            elif item.is_area() and "highway" not in tags and (position := _centre_of(item)):
                yield tags, *position, None

    def _take_street(self, tags: Mapping[str, str], line: Any) -> None:
        name = tags.get("name")
        if not name or tags["highway"] in _NO_STREETS:
            return
        street = self._streets.setdefault(name, _Street(name))
        middle = line[len(line) // 2]
        street.lon.append(float(middle[0]))
        street.lat.append(float(middle[1]))
        ends = distance_m(line[0][0], line[0][1], line[-1][0], line[-1][1])
        street.half_m.append(float(ends) / 2)
        street.aliases |= set(_other_names(tags))

    def _records_of(self, street: _Street) -> Iterator[PlaceRecord]:
        """Yield a record for each group of pieces that lie together."""
        groups = _groups(np.array(street.lon), np.array(street.lat))
        for group in groups:
            lon, lat = np.array(street.lon)[group], np.array(street.lat)[group]
            mean = lon.mean(), lat.mean()
            gaps = distance_m(lon, lat, np.full(len(lon), mean[0]), np.full(len(lat), mean[1]))
            centre = int(np.argmin(gaps))
            away = distance_m(lon, lat, np.full(len(lon), lon[centre]), np.full(len(lat), lat[centre]))
            error_m = float(np.max(away + np.array(street.half_m)[group]))
            yield PlaceRecord(
                street.name,
                PlaceKind.STREET,
                float(lon[centre]),
                float(lat[centre]),
                aliases=tuple(sorted(street.aliases)),
                error_m=max(50.0, round(error_m)),
                rank=min(1.0, error_m / 10_000),
                locality=self._town(float(lon[centre]), float(lat[centre])),
            )

    def _place(self, tags: Mapping[str, str], lon: float, lat: float) -> PlaceRecord | None:
        if any(key in tags for key in _NOT_PLACES) and "building" not in tags and "amenity" not in tags:
            return None
        kind = tags.get("place", "")
        name = tags["name"]
        if kind in _SETTLEMENTS:
            self._towns.append((name, lon, lat))
        if kind in _PLACES:
            radius = {"city": 8000.0, "town": 3000.0, "suburb": 2000.0, "village": 1000.0}.get(kind, 600.0)
            return PlaceRecord(
                name, PlaceKind.VILLAGE, lon, lat, aliases=_other_names(tags), error_m=radius,
                rank=0.9 if kind in {"city", "town"} else 0.5, adcode=self._adcode(tags),
            )  # fmt: skip
        station = tags.get("railway") in {"station", "halt"} or "station" in tags
        return PlaceRecord(
            name, PlaceKind.STATION if station else PlaceKind.POI, lon, lat, aliases=_other_names(tags),
            rank=0.8 if station or "amenity" in tags else 0.4, adcode=self._adcode(tags),
        )  # fmt: skip

    def _numbers(self, tags: Mapping[str, str], lon: float, lat: float) -> Iterator[NumberRecord]:
        street = tags.get("addr:street") or tags.get("addr:place")
        if not street:
            return
        words = [tags.get(k) for k in ("addr:city", "addr:district", "addr:suburb", "addr:postcode")]
        locality = " ".join(dict.fromkeys(filter(None, [*words, self._town(lon, lat)])))
        for number in re.split("[;,、]", tags["addr:housenumber"])[:20]:
            if number.strip():
                yield NumberRecord(
                    street, number.strip(), lon, lat, adcode=self._adcode(tags), locality=locality or None,
                    name=tags.get("name"),
                )  # fmt: skip

    def _town(self, lon: float, lat: float) -> str | None:
        """Return the nearest settlement, as the town of an address that names none."""
        if not self._towns:
            return None
        gaps = [(x - lon) ** 2 + (2 * (y - lat)) ** 2 for _, x, y in self._towns]
        best = int(np.argmin(gaps))
        return self._towns[best][0] if gaps[best] < 0.01 else None

    def _adcode(self, tags: Mapping[str, str]) -> str | None:
        """Return the adcode that the address tags name, if they name one."""
        if self._table is None:
            return None
        text = "".join(tags.get(k, "") for k in ("addr:province", "addr:city", "addr:district"))
        reading = self._table.read_head(to_key(text))[0] if text else None
        if reading is None or len(reading.codes) != 1 or reading.rest:
            return None
        code = reading.codes[0]
        return code if len(code) == 6 and self._table.levels[code] in {"city", "district"} else None


def _centre_of(area: Any) -> tuple[float, float] | None:
    rings = [[(n.lon, n.lat) for n in ring if n.location.valid()] for ring in area.outer_rings()]
    shape = shapely.MultiPolygon([shapely.Polygon(ring) for ring in rings if len(ring) > 3])
    return None if shape.is_empty else (shape.centroid.x, shape.centroid.y)


def _other_names(tags: Mapping[str, str]) -> tuple[str, ...]:
    names = (part.strip() for key in _OTHER_NAMES for part in tags.get(key, "").split(";"))
    return tuple(dict.fromkeys(n for n in names if n and n != tags.get("name")))


def _groups(lon: Any, lat: Any) -> list[Any]:
    """Return the indexes of points joined by gaps below ``JOIN_M``."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if len(lon) == 1:
        return [np.array([0])]
    metres = np.column_stack([lon * np.cos(np.radians(lat.mean())), lat]) * METRES_PER_DEGREE
    pairs = cKDTree(metres).query_pairs(JOIN_M, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(lon), len(lon)))
    _, labels = connected_components(graph, directed=False)
    return [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]


def read_osm(path: Path, table: DivisionTable | None = None) -> OsmExtract:
    """Return the records of an extract, as :func:`locator.gazetteer.build.build_gazetteer` takes them."""
    return OsmExtract(path, table)


INDEXED = ("name", "name_en", "lon", "lat", "position", "error_m", "adcode", "township", "address", "status")
"""What the index knows of an office: a change of anything else leaves it as it is."""


class _Office(NamedTuple):
    """An office's columns, in the order of :data:`INDEXED`."""

    name: str
    name_en: str | None
    lon: float | None
    lat: float | None
    position: str | None
    error_m: float | None
    adcode: str | None
    township: str | None
    address: str | None
    status: str


def office_records(layer: Layer, table: DivisionTable) -> Iterator[PlaceRecord | NumberRecord]:
    """Yield each placed office, and its house number where its position is exact."""
    for batch in layer.table.select(INDEXED).to_batches(max_chunksize=4096):
        for office in map(_Office._make, zip(*(column.to_pylist() for column in batch.columns), strict=True)):
            if office.lon is None or office.lat is None or not office.position or office.status == "vanished":
                continue
            exact = office.position in EXACT
            yield PlaceRecord(
                office.name,
                PlaceKind.OFFICE,
                office.lon,
                office.lat,
                aliases=(*short_office_names(office.name, table), *((office.name_en,) if office.name_en else ())),
                adcode=office.adcode,
                error_m=office.error_m,
                precision=None if exact else Precision(office.position),
            )
            if exact:
                yield from _number(office, table)


def short_office_names(name: str, table: DivisionTable) -> list[str]:
    """Return an office's name without the divisions it starts with: 沙河口区行政服务大厅 -> 行政服务大厅."""
    key = to_key(name)
    heads = [r for r in table.read_head(key) if r.codes and len(r.rest) > 2]
    # 珠海市民服务中心 is 市民服务中心 there, although 珠海 is the short name.
    shorter = [r.rest for r in heads if r.kind == "full" or (r.rest[0] == "市" and CITIZENS.match(r.rest, 1))]
    return list(dict.fromkeys(s for s in shorter if s != key))


def _number(office: _Office, table: DivisionTable) -> Iterator[NumberRecord]:
    if not office.address or office.lon is None or office.lat is None:
        return
    within = (office.adcode,) if office.adcode else ()
    key = to_key(office.address)
    heads = [r for r in table.read_head(key, within=within) if r.kind == "full" or not r.codes]
    address = read_address(heads[0].rest if heads else key)
    if address.street and address.number and not address.lane:
        error_m = office.error_m if office.error_m is not None else 50.0
        yield NumberRecord(
            address.street, address.number, office.lon, office.lat, adcode=_code_of(office, table), name=office.name,
            interpolate=False, error_m=error_m,
        )  # fmt: skip


def _code_of(office: _Office, table: DivisionTable) -> str | None:
    """Return the code of the township an office says it stands in, where there is one of that name; else its adcode."""
    if office.township and office.adcode:
        found = {n.code for n in table.called(to_key(office.township), within=(office.adcode,)) if len(n.code) == 9}
        if len(found) == 1:
            return found.pop()
    return office.adcode


def shipped_rows(shipped: Path, divisions: Mapping[str, Division]) -> Iterator[tuple[object, ...]]:
    """Yield the shipped places as rows to be staged; their divisions are looked up when they are shown.

    Raises
    ------
    DataError
        The file of places cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(shipped / PLACES_FILE)
        columns = [table[name].to_pylist() for name in ("name", "kind", "adcode", "lon_e5", "lat_e5")]
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(f"cannot read {PLACES_FILE}: {error}", code="gazetteer_source", path=PLACES_FILE) from error
    kinds = {"settlement": PlaceKind.VILLAGE} | {kind.value: kind for kind in PlaceKind}
    spelt: dict[str, str] = {}
    shorter = _ShorterNames(divisions, zip(columns[0], columns[2], strict=True))
    for name, kind_name, number, lon, lat in zip(*columns, strict=True):
        kind, code = kinds[kind_name], f"{number:06d}"
        if name not in spelt:
            spelt[name] = spell_name(name)
        yield (
            name, kind, code, None, "", lon / 1e5, lat / 1e5, ERRORS_M[kind], PRECISIONS[kind], spelt[name],
            "\n".join(shorter.of(name, code)), RANKS[kind],
        )  # fmt: skip


class _ShorterNames:
    """Other names under which shipped places are found: without their divisions, or without what follows the Han.

    海口骑楼老街 is 骑楼老街 in 海口; 布达拉宫 has its Tibetan name behind the Chinese one. What is left of many
    names (博物馆, 第一中学) names none of them.
    """

    def __init__(self, divisions: Mapping[str, Division], names: Iterable[tuple[str, int]]) -> None:
        self._heads: dict[str, tuple[str, ...]] = {}
        self._divisions = divisions
        counts = Counter(short for name, number in names if (short := self._cut(to_key(name), f"{number:06d}")))
        self._common = {short for short, count in counts.items() if count > COMMON}

    def of(self, name: str, code: str) -> list[str]:
        """Return the other names of a place, as they are compared."""
        han = _HAN_FIRST.match(name)
        short = self._cut(to_key(name), code)
        found = [to_key(han["han"])] if han else []
        return found + ([short] if short and short not in self._common else [])

    def _cut(self, key: str, code: str) -> str:
        rest = key
        for head in self._heads_of(code):
            rest = rest.removeprefix(head) if len(rest) > len(head) + 2 else rest
        return "" if rest == key else rest

    def _heads_of(self, code: str) -> tuple[str, ...]:
        """Return the names that may stand before a place's own: of province, city and district, each in full first."""
        if code not in self._heads:
            around = [self._divisions[c] for c in (*reversed(ancestors(code)), code) if c in self._divisions]
            names = [name for d in around for name in (d.name, *short_names(d.name, d.level))]
            self._heads[code] = tuple(to_key(name) for name in names)
        return self._heads[code]
