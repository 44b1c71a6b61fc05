"""Offices in OpenStreetMap: what their tags say, and the extracts (``.osm.pbf``, ``.osm``, also ``.gz``, ``.bz2``).

An extract is read once, in C++ but for the few objects that may be offices; where nodes are is kept meanwhile
(16 bytes each), for the outlines. Only relations need a second look, at the ways they are made of.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.ingest import RawRecord
from locator.ingest.values import kind_of_name, says_closed
from locator.model import Kind

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

GOVERNMENT = ("social_security", "social_services", "social_welfare")
"""Values of ``government`` that mean a social insurance institution (or are used for one), whatever the name."""
NAMED: Mapping[str, tuple[str, ...]] = {
    "office": ("government", "administrative", "insurance", "association", "yes"),
    "amenity": ("townhall", "community_centre", "public_building", "social_facility", "social_centre"),
    "building": ("government", "public", "civic"),
}
"""Tags that make an office together with a name that tells its kind; banks are left out, no name tells theirs."""
LICENCE = "ODbL 1.0, © OpenStreetMap contributors"
_KINDS = {
    "social_security": Kind.INSURANCE_AGENCY,
    "social_services": Kind.INSURANCE_AGENCY,
    "social_welfare": Kind.OTHER,
}
_WHEELCHAIR = {"yes": "yes", "designated": "yes", "no": "no"}
"""``limited`` is neither: some can get in and some cannot."""
_COPIED = {
    "name_en": ("name:en",),
    "province": ("addr:province", "addr:state"),
    "city": ("addr:city",),
    "district": ("addr:district",),
    "township": ("addr:subdistrict",),
    "phones": ("phone", "contact:phone"),
    "hours": ("opening_hours",),
    "website": ("website", "contact:website"),
    "notes": ("description",),
}


def find_kind(tags: Mapping[str, str]) -> tuple[Kind, str] | None:
    """Return the kind of an office and the tag that says so, or None when the object is none.

    Examples
    --------
    >>> find_kind({"office": "government", "name": "济南市社会保险事业中心"})
    (<Kind.INSURANCE_AGENCY: 'insurance-agency'>, 'office=government')
    >>> find_kind({"office": "insurance", "name": "中国人寿保险股份有限公司"})
    """
    name = name_of(tags)
    if name is None or says_closed(name) or any(tags.get(key) == "yes" for key in ("disused", "abandoned")):
        return None
    told = kind_of_name(name)
    government = tags.get("government", "")
    if government in GOVERNMENT:
        return told or _KINDS[government], f"government={government}"
    for key, values in NAMED.items():
        if told and tags.get(key) in values:
            return told, f"{key}={tags[key]}"
    return None


_GONE = re.compile(r"(?:disused|abandoned|was|demolished|removed|razed|closed):(?:office|amenity|building|government)$")
"""Keys that say what an object was."""


OWN_TAGS = frozenset({
    "@id", "addr:street", "addr:housenumber", "addr:city", "addr:district", "addr:full", "contact:phone", "amenity",
    "government", "name:zh", "other_tags",
})  # fmt: skip
"""Keys of OpenStreetMap: a table with one of them and ``name`` holds its tags."""
_PACKED = re.compile(r'"([^"\\]*)"=>"([^"\\]*)"')
"""A key and its value in GDAL's column ``other_tags``."""


def read_tags(names: Iterable[str], cells: Iterable[str]) -> dict[str, str]:
    """Return what OpenStreetMap's keys and values say of an office, by the layer's columns."""
    tags = {name: cell for name, cell in zip(names, cells, strict=False) if cell and name}
    tags = dict(_PACKED.findall(tags.pop("other_tags", ""))) | tags
    fields = tags_to_fields(tags, *(find_kind(tags) or (None, "")))
    gone = any(_GONE.match(key) for key in tags) or any(tags.get(key) == "yes" for key in ("disused", "abandoned"))
    return {key: value for key, value in fields.items() if value} | ({"status": "disused"} if gone else {})


TAGS = frozenset({
    "office", "amenity", "building", "government", "operator", "operator:zh", "check_date", "survey:date",
    "addr:street", "addr:housenumber", "addr:full", "name:zh", "official_name", "disused", "abandoned",
    "other_tags",
})  # fmt: skip
"""Keys that :func:`read_tags` reads, besides those that are other words for the layer's columns."""


def name_of(tags: Mapping[str, str]) -> str | None:
    """Return an object's Chinese name where it has one, else its name."""
    return tags.get("name:zh") or tags.get("name") or tags.get("official_name") or None


def tags_to_fields(tags: Mapping[str, str], kind: Kind | None, said_by: str) -> dict[str, str]:
    """Return an office's tags as fields of the layer; what is not tagged, or no kind, is left out."""
    fields = {"name": name_of(tags) or ""}
    if kind is not None:
        fields |= {"kind": str(kind), "kind_source": said_by}
    for column, keys in _COPIED.items():
        value = next((tags[key] for key in keys if tags.get(key)), None)
        if value:
            fields[column] = value
    if "hours" in fields:
        fields["hours"] = _say_days(fields["hours"])
    if fields.get("website", "").startswith("www."):
        fields["website"] = f"http://{fields['website']}"
    address = tags.get("addr:full") or _address(tags)
    if address:
        fields["address"] = address
    wheelchair = _WHEELCHAIR.get(tags.get("wheelchair", ""))
    if wheelchair:
        fields["wheelchair"] = wheelchair
    operator = tags.get("operator:zh") or tags.get("operator")
    if operator and operator not in fields["name"]:
        fields["notes"] = "; ".join(filter(None, (fields.get("notes"), f"主管单位 {operator}")))
    checked = tags.get("check_date") or tags.get("survey:date")
    if checked:
        fields["verified"] = checked
    return fields


def _say_days(hours: str) -> str:
    """Return hours with the days that OpenStreetMap leaves out: times alone mean every day there."""
    from locator.hours.telling import say_days

    try:
        return say_days(hours)
    except InvalidInput:
        return hours


def _address(tags: Mapping[str, str]) -> str:
    street, number = tags.get("addr:street", ""), tags.get("addr:housenumber", "")
    if not street:
        return ""
    if any("\u4e00" <= c <= "\u9fff" for c in street):
        above = (tags.get(key, "") for key in ("addr:city", "addr:district", "addr:subdistrict"))
        return "".join((*above, street, f"{number}号" if number and number[-1].isdigit() else number))
    return " ".join(part for part in (street, number) if part)


type Position = tuple[float, float]

ENDINGS = (".osm.pbf", ".pbf", ".osm.gz", ".osm.bz2", ".osm")
PUBLISHER = "© OpenStreetMap contributors"
_SUFFIXES = ("-latest", "_latest")


@dataclass(slots=True)
class _Office:
    """An object that is an office, and what its position is made of."""

    what: str
    """``node/1``, ``way/2`` or ``relation/3``."""
    tags: Mapping[str, str]
    kind: Kind
    said_by: str
    position: Position | None = None
    nodes: tuple[int, ...] = ()
    """A way's nodes in order; a relation's member nodes."""
    ways: tuple[int, ...] = ()
    """A relation's member ways, outlines first."""


@dataclass(slots=True)
class _Found:
    """What the first reading gives."""

    date: str = ""
    locations: Any = None
    """Where every node is."""
    offices: list[_Office] = field(default_factory=list)


class OsmSource:
    """The offices of an extract, as raw records.

    Parameters
    ----------
    location
        The file.
    name
        What the layer calls the source; ``osm-`` and the file's name when None, so that the extracts of
        two provinces stay two sources.
    datum
        WGS-84 unless the operator says otherwise.

    Raises
    ------
    InvalidInput
        There is no such file, or its name does not end like OpenStreetMap data.
    """

    datum = Datum.WGS84
    licence: str | None = LICENCE
    total: int | None = None
    """Not known before all is read."""

    def __init__(self, location: str, *, name: str | None = None, datum: Datum | None = None) -> None:
        self.path = Path(location)
        if not self.path.is_file():
            raise InvalidInput(f"there is no file {location}", code="file_missing", path=location)
        ending = next((end for end in ENDINGS if self.path.name.endswith(end)), None)
        if ending is None:
            raise InvalidInput(
                f"{self.path.name} does not end with {', '.join(ENDINGS)}",
                code="extract_ending",
                file=self.path.name,
                expected=", ".join(ENDINGS),
            )
        stem = self.path.name.removesuffix(ending)
        for suffix in _SUFFIXES:
            stem = stem.removesuffix(suffix)
        self.name = name or f"osm-{stem}"
        self.datum = datum or Datum.WGS84

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for every object that is an office: nodes, then ways, then relations.

        Raises
        ------
        SourceError
            The file is cut short, or is no OpenStreetMap data.
        """
        with self._map_errors():
            found = self._find_offices()
            outlines = self._read_ways({way for office in found.offices for way in office.ways})
            used = {node for office in found.offices for node in office.nodes}
            places = _find_nodes(used.union(*outlines.values()), found.locations)
        for row, office in enumerate(found.offices, 1):
            position = office.position or _place(office, outlines, places)
            yield RawRecord(
                source=self.name, file=self.path.name, row=row, fields=_to_fields(office, position, found.date)
            )

    @contextlib.contextmanager
    def _map_errors(self) -> Iterator[None]:
        try:
            if self.path.stat().st_size == 0:
                raise ValueError("the file is empty")
            yield
        except (RuntimeError, OSError, ValueError) as error:  # pyosmium's errors are RuntimeErrors
            raise SourceError(
                f"{self.path} is no whole file of OpenStreetMap data: {error}",
                code="extract_broken",
                path=self.path.name,
            ) from error

    def _find_offices(self) -> _Found:
        """Read the tags of everything that may be an office."""
        import osmium

        pairs = [("government", value) for value in GOVERNMENT]
        pairs += [(key, value) for key, values in NAMED.items() for value in values]
        reader = osmium.FileProcessor(str(self.path)).with_locations().with_filter(osmium.filter.TagFilter(*pairs))
        found = _Found(date=reader.header.get("osmosis_replication_timestamp", "")[:10])
        found.locations = reader.node_location_storage
        for thing in _things(reader):
            tags = dict(thing.tags)
            kind = find_kind(tags)
            if kind is not None:
                found.offices.append(_to_office(thing, tags, *kind))
        return found

    def _read_ways(self, ids: set[int]) -> dict[int, tuple[int, ...]]:
        """Return the nodes of some ways, those that the file holds."""
        if not ids:
            return {}
        import osmium

        reader = osmium.FileProcessor(str(self.path), osmium.osm.WAY).with_filter(osmium.filter.IdFilter(ids))
        return {way.id: tuple(node.ref for node in way.nodes) for way in _things(reader)}


def _find_nodes(ids: Iterable[int], locations: Any) -> dict[int, Position]:
    """Return the positions of some nodes, those that the file holds."""
    places: dict[int, Position] = {}
    for number in ids:
        with contextlib.suppress(KeyError):
            location = locations.get(number)
            if location.valid():
                places[number] = location.lon, location.lat
    return places


def _things(reader: Iterable[Any]) -> Iterator[Any]:
    """Yield what a reader gives, as the kind it was asked for."""
    yield from reader


def _to_office(thing: Any, tags: Mapping[str, str], kind: Kind, said_by: str) -> _Office:
    if thing.is_node():
        valid = thing.location.valid()
        position = (thing.lon, thing.lat) if valid else None
        return _Office(f"node/{thing.id}", tags, kind, said_by, position=position)
    if thing.is_way():
        return _Office(f"way/{thing.id}", tags, kind, said_by, nodes=tuple(node.ref for node in thing.nodes))
    members = [(member.type, member.ref, member.role) for member in thing.members]
    outer = [ref for kind_, ref, role in members if kind_ == "w" and role in ("outer", "outline", "")]
    labels = [ref for kind_, ref, role in members if kind_ == "n" and role in ("label", "entrance", "main_entrance")]
    nodes = labels[:1] or [ref for kind_, ref, _ in members if kind_ == "n"]
    ways = outer or [ref for kind_, ref, _ in members if kind_ == "w"]
    return _Office(f"relation/{thing.id}", tags, kind, said_by, nodes=tuple(nodes), ways=() if labels else tuple(ways))


def _place(office: _Office, outlines: Mapping[int, Iterable[int]], places: Mapping[int, Position]) -> Position | None:
    """Return a position on the office, or None when the file holds no part of it."""
    lines = [outlines[way] for way in office.ways if way in outlines]
    if office.what.startswith("way/"):
        lines = [office.nodes]
    drawn = [[places[node] for node in line if node in places] for line in lines]
    drawn = [line for line in drawn if line]
    if drawn:
        return represent(drawn)
    points = [places[node] for node in office.nodes if node in places]
    return represent([[point] for point in points]) if points else None


def represent(lines: list[list[Position]]) -> Position:
    """Return a position that stands for some lines: in the area they enclose, else the middle of the longest.

    Parameters
    ----------
    lines
        (lon, lat) in degrees, each with one position or more, at least one line.
    """
    import shapely

    drawn = [shapely.LineString(line) for line in lines if len(set(line)) > 1]
    area = shapely.build_area(shapely.MultiLineString(drawn)) if drawn else shapely.Polygon()
    if not area.is_empty:
        return _inside(area)
    if drawn:
        middle = max(drawn, key=lambda line: line.length).interpolate(0.5, normalized=True)
        return round(middle.x, 7), round(middle.y, 7)
    xs, ys = zip(*(line[0] for line in lines), strict=True)
    return round(sum(xs) / len(xs), 7), round(sum(ys) / len(ys), 7)


def _inside(area: BaseGeometry) -> Position:
    """Return the centre of an area where that is inside, else a position that is (of an L, of a ring)."""
    centre = area.centroid
    point = centre if area.contains(centre) else area.point_on_surface()
    return round(point.x, 7), round(point.y, 7)


def _to_fields(office: _Office, position: Position | None, date: str) -> dict[str, str]:
    fields = {
        "id": office.what,
        **tags_to_fields(office.tags, office.kind, office.said_by),
        "source": PUBLISHER,
        "source_url": f"https://www.openstreetmap.org/{office.what}",
        "licence": LICENCE,
    }
    if date:
        fields["source_date"] = date
    if position is not None:
        fields["lon"], fields["lat"] = (repr(value) for value in position)
    return fields
