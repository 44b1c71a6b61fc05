"""Whether a pair of degrees can be an office's position, in which datum a file seems to be, and areas to stay in."""

from __future__ import annotations

import itertools
import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from locator.datum import CHINA_BOX, Datum, distance_m, on_mainland, to_wgs84
from locator.errors import InvalidInput
from locator.layer import Layer
from locator.model import EXACT

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

OVERLAP_M = 2000.0
"""Two rows farther apart than this are not taken for the same office when datums are compared."""
FEWEST_OVERLAPS = 3
"""Below this many offices in common nothing is said about a file's datum."""


_PLAIN = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,20})?")
_SIDE = re.compile(r"^\s*(东经|西经|北纬|南纬|[EWNS])\s*|(?<=[\d°′″'\"度分秒])\s*([EWNSewns])\s*$")
_DECIMAL_COMMA = re.compile(r"-?\d{1,3},\d+")
_SEXAGESIMAL = re.compile(
    r"(\d{1,3})\s*[°度:]\s*([0-5]?\d(?:\.\d+)?)\s*(?:[′'’分:]\s*(?:([0-5]?\d(?:\.\d+)?)\s*(?:[″\"”秒]|''|′′)?)?)?"
)
_WKT = re.compile(
    r"(?:SRID=\d+;)?\s*(?:MULTI)?POINT\s*(?:Z|M|ZM)?\s*\(\s*\(?\s*([-\d.eE]+)\s+([-\d.eE]+)[^(),]*\)", re.IGNORECASE
)
_NAMED = re.compile(
    r"[\"']?(?P<name>lon(?:gitude)?|lng|lat(?:itude)?|经度|纬度|[xy])[\"']?\s*[:：=]?\s*[\"']?(?P<value>-?\d{1,3}(?:\.\d+)?)",
    re.IGNORECASE,
)
_SIDES = re.compile(r"([^EWNS]+[EW])[\s,;/]+([^EWNS]+[NS])|([^EWNS]+[NS])[\s,;/]+([^EWNS]+[EW])", re.IGNORECASE)
_COMMAS = re.compile(r"(\d{1,3},\d+)[\s;/]+(\d{1,3},\d+)")
"""Two numbers with decimal commas."""
_PROJECTED = 1000.0
"""Numbers beyond are no degrees with a slip in them but metres of a map."""
_MOST_PAIR = 200
"""Characters of a cell that a pair of degrees is looked for in."""


_DATUM_WORDS = (
    (Datum.GCJ02, re.compile(r"gcj|高德|腾讯|火星|国测局|amap", re.IGNORECASE)),
    (Datum.BD09, re.compile(r"bd-?09|百度|baidu", re.IGNORECASE)),
    (Datum.WGS84, re.compile(r"wgs|gps|cgcs|天地图", re.IGNORECASE)),
)


def read_datum(words: str) -> Datum | None:
    """Return the datum that a column's name or a cell speaks of (高德经度, 火星坐标系, CGCS2000), or None.

    CGCS2000 is WGS-84 to some centimetres.
    """
    return next((datum for datum, form in _DATUM_WORDS if form.search(words)), None)


_SERVICES = (
    (frozenset({"pname", "cityname", "adname", "location"}), Datum.GCJ02),
    (frozenset({"uid", "area", "telephone"}), Datum.BD09),
    (frozenset({"uid", "area", "detail"}), Datum.BD09),
    (frozenset({"title", "category", "tel", "adcode"}), Datum.GCJ02),
)
"""Columns by which the answers of AMap, Baidu and Tencent are known, and what their positions are measured against."""


def datum_of_columns(names: Collection[str], told: Iterable[str]) -> Datum | None:
    """Return the datum that texts about positions speak of, else that of the service that answers in such columns."""
    spoken = next((found for words in told if (found := read_datum(words)) is not None), None)
    return spoken or next((found for service, found in _SERVICES if service.issubset(names)), None)


class PositionFault(NamedTuple):
    """What is wrong with a position, and in which column."""

    column: str
    code: str
    value: str
    reason: str


def read_position(lon_text: str, lat_text: str) -> tuple[float, float] | PositionFault | None:
    """Return (lon, lat) in degrees of the source's datum, a fault, or None when both texts are empty."""
    if not lon_text and not lat_text:
        return None
    if not lon_text or not lat_text:
        lon_text, lat_text = split_pair(lon_text or lat_text, lat_first=False)
    if not lon_text or not lat_text:
        missing = "lat" if lon_text else "lon"
        return PositionFault(missing, "position_half", lon_text or lat_text, "one of longitude and latitude is missing")
    parsed: list[float] = []
    for column, text in (("lon", lon_text), ("lat", lat_text)):
        degrees = read_degrees(text)
        if degrees is None:
            return PositionFault(column, "not_a_number", text, "expected decimal degrees, such as 117.0208")
        parsed.append(degrees)
    return _judge(parsed[0], parsed[1])


def split_pair(text: str, *, lat_first: bool) -> tuple[str, str]:
    """Return the texts of longitude and latitude of a cell that holds both.

    ``117.02,36.67``, ``(117.02 36.67)``, ``POINT(117.02 36.67)``, ``lon:117.02 lat:36.67``, ``{"lng": 117.02, …}``,
    ``36°40′N 117°01′E``. Where the cell says which is which, that counts; else ``lat_first`` does.
    """
    plain = unicodedata.normalize("NFKC", text).strip()[:_MOST_PAIR]
    wkt = _WKT.search(plain)
    if wkt:
        return wkt[1], wkt[2]
    named = {m["name"][:3].lower(): m["value"] for m in _NAMED.finditer(plain)}
    lon = next((named[name] for name in ("lon", "lng", "经度", "x") if name in named), None)
    lat = next((named[name] for name in ("lat", "纬度", "y") if name in named), None)
    if lon and lat:
        return lon, lat
    if plain.lower().startswith("geo:"):  # RFC 5870: latitude first
        plain, lat_first = plain[4:].partition(";")[0].partition("?")[0], True
    if (sides := _SIDES.fullmatch(plain)) is not None:
        return (sides[1], sides[2]) if sides[1] else (sides[4], sides[3])
    if (commas := _COMMAS.fullmatch(plain)) is not None:
        plain = f"{commas[1].replace(',', '.')} {commas[2].replace(',', '.')}"
    parts = [part for part in re.split(r"[,;/]+", plain.strip("()[]")) if part.strip()]
    if len(parts) != 2:
        parts = plain.strip("()[]").replace(",", " ").split()
    if len(parts) != 2:
        return text, ""
    one, other = (part.strip() for part in parts)
    if _side(one) in ("N", "S") or _side(other) in ("E", "W"):
        return other, one
    if _side(one) in ("E", "W") or _side(other) in ("N", "S"):
        return one, other
    first, second = read_degrees(one), read_degrees(other)
    surely = first is not None and second is not None and abs(first) <= 90 < abs(second) <= 180
    return (other, one) if lat_first or surely else (one, other)


def is_pair(cell: str) -> bool:
    """Tell whether a cell holds a longitude and a latitude, with a fraction or with their sides."""
    pair = split_pair(cell, lat_first=False)
    return all(read_degrees(part) is not None and ("." in part or _side(part)) for part in pair)


def _side(text: str) -> str | None:
    """Return the side of the earth that a text of degrees names: one of E, W, N, S."""
    match = _SIDE.search(text)
    if match is None:
        return None
    word = (match[1] or match[2]).upper()
    return {"东经": "E", "西经": "W", "北纬": "N", "南纬": "S"}.get(word, word)


def read_degrees(text: str) -> float | None:
    """Return degrees as people write them, or None.

    ``117.0208``, ``１１７．０２``, ``东经117.02°``, ``E117.02``, ``117°01′15″``, ``117:01:15``
    and, with a decimal comma, ``9,52``. West and south are negative.
    """
    if _PLAIN.fullmatch(text):
        return float(text)
    plain = unicodedata.normalize("NFKC", text).strip()
    sign = -1.0 if _side(plain) in ("W", "S") else 1.0
    plain = _SIDE.sub("", plain).strip()
    if _DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    try:
        degrees = float(plain.rstrip("°度 "))
        return sign * degrees if math.isfinite(degrees) else None
    except ValueError:
        parts = _SEXAGESIMAL.fullmatch(plain)
    if parts is None:
        return None
    return sign * (int(parts[1]) + float(parts[2]) / 60 + float(parts[3] or 0) / 3600)


def find_degrees(columns: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """Return which two neighbouring columns of numbers are degrees of China, ``lon`` and ``lat`` by their places."""

    def within(place: int, low: float, high: float) -> bool:
        cells = [cell for cell in columns[place] if cell]
        degrees = [read_degrees(cell) for cell in cells if "." in cell]
        return bool(cells) and len(degrees) == len(cells) and all(d is not None and low <= d <= high for d in degrees)

    for left, right in itertools.pairwise(sorted(columns)):
        for lon, lat in ((left, right), (right, left)):
            if right == left + 1 and within(lon, 73, 136) and within(lat, 3, 54):
                return {lon: "lon", lat: "lat"}
    return {}


def _judge(lon: float, lat: float) -> tuple[float, float] | PositionFault:
    given = f"{lon:g},{lat:g}"
    if lon == 0 and lat == 0:
        return PositionFault("lon", "null_island", given, "0,0 lies in the Atlantic: an empty position, most likely")
    swapped = abs(lon) <= 90 and bool(on_mainland(lat, lon))
    if swapped and lat > 70:
        return PositionFault("lon", "position_swapped", given, "longitude and latitude seem to be swapped")
    if abs(lon) > _PROJECTED and abs(lat) > _PROJECTED:
        return PositionFault("lon", "position_projected", f"{lon:.10g},{lat:.10g}", "metres of a map, not degrees")
    if abs(lon) > 180 or abs(lat) > 90:
        return PositionFault("lon", "position_range", given, "expected -180 to 180 and -90 to 90 degrees")
    return lon, lat


class DatumDoubt(NamedTuple):
    """A file whose offices lie better in another datum than in the declared one."""

    declared: Datum
    likely: Datum
    overlaps: int
    declared_m: float
    """Median distance to the known offices, read as declared, in metres."""
    likely_m: float


def doubt_datum(pairs: Iterable[tuple[tuple[float, float], tuple[float, float]]], declared: Datum) -> DatumDoubt | None:
    """Return a doubt when offices known from elsewhere say that a file is in another datum.

    Parameters
    ----------
    pairs
        For each office in common: its position in the file (lon, lat, as the file has it) and the
        known one (WGS-84).
    declared
        What the file's positions are said to be.
    """
    both = np.array([(*given, *known) for given, known in pairs], dtype=float).reshape(-1, 4)
    medians: dict[Datum, float] = {}
    near: Sequence[bool] = np.zeros(len(both), bool)  # type: ignore[assignment]
    distances = {}
    for datum in Datum:
        lon, lat = to_wgs84(both[:, 0], both[:, 1], datum)
        distances[datum] = distance_m(lon, lat, both[:, 2], both[:, 3])
        near = np.asarray(near) | (distances[datum] <= OVERLAP_M)  # type: ignore[assignment]
    overlaps = int(np.sum(near))
    if overlaps < FEWEST_OVERLAPS:
        return None
    for datum in Datum:
        medians[datum] = float(np.median(distances[datum][np.asarray(near)]))
    likely = min(medians, key=lambda datum: medians[datum])
    if likely is declared or medians[declared] < 100 or medians[likely] * 3 > medians[declared]:
        return None
    return DatumDoubt(declared, likely, overlaps, medians[declared], medians[likely])


Pair = tuple[float, float]
CHINA = (CHINA_BOX[0], 16.0, *CHINA_BOX[2:])
"""West, south, east and north of China without the open sea: telephone numbers outside have other forms."""
FEWEST_SHARED = 3
"""So many addresses at one position are seldom one house."""


def doubt_places(new: Layer, given: Mapping[str, Pair]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield doubts of a file's positions: one that several addresses share, degrees without their fractions.

    Parameters
    ----------
    new
        The offices of the file.
    given
        Their positions (lon, lat) as the file has them, by id.

    Yields
    ------
    code, params
        ``positions_shared``, ``positions_rough`` and, where not all are, ``positions_abroad``, with how many rows.
    """
    places = np.array(list(given.values()), dtype=float).reshape(-1, 2)
    rough = int((np.abs(places * 100 - np.round(places * 100)) < 1e-7).all(axis=1).sum())
    if rough:
        yield "positions_rough", {"count": rough}
    west, south, east, north = CHINA
    inside = ((places >= (west, south)) & (places <= (east, north))).all(axis=1)
    if inside.any() and not inside.all():
        yield "positions_abroad", {"count": int((~inside).sum())}
    column = new.table.column("address").to_pylist()
    exact = np.isfinite(new.lon) & np.isin(new.table.column("position").to_pylist(), [str(each) for each in EXACT])
    rows = np.flatnonzero(exact)
    order = rows[np.lexsort((new.lat[rows], new.lon[rows]))]
    other = (np.diff(new.lon[order], prepend=np.nan) != 0) | (np.diff(new.lat[order], prepend=np.nan) != 0)
    starts = np.append(np.flatnonzero(other), len(order))
    many = np.flatnonzero(np.diff(starts) >= FEWEST_SHARED)
    groups = [order[starts[group] : starts[group + 1]].tolist() for group in many.tolist()]
    shared = sum(len(g) for g in groups if len({column[row] for row in g} - {None}) >= FEWEST_SHARED)
    if shared:
        yield "positions_shared", {"count": shared}


def find_overlaps(new: Layer, given: Mapping[str, Pair], known: Mapping[str, Layer]) -> Iterator[tuple[Pair, Pair]]:
    """Yield, for each office that one known layer has once by the same name, two positions.

    Parameters
    ----------
    new
        The offices of the file.
    given
        Their positions (lon, lat) as the file has them, by id.
    known
        What other sources gave, by name.

    Yields
    ------
    given, known
        (lon, lat) as the file has it, and WGS-84.
    """
    import pyarrow.compute as pc

    names = new.table.column("name").combine_chunks()
    placed: dict[str, list[Pair]] = {}
    for layer in known.values():
        table = layer.table.select(["name", "lon", "lat", "position"])
        same = table.filter(pc.is_in(table.column("name"), value_set=names))
        for name, lon, lat, position in zip(*(column.to_pylist() for column in same.columns), strict=True):
            if lon is not None and position in EXACT:
                placed.setdefault(name, []).append((lon, lat))
    if not placed:
        return
    for point_id, name in zip(new.table.column("id").to_pylist(), names.to_pylist(), strict=True):
        pairs = placed.get(name, [])
        if len(pairs) == 1 and point_id in given:
            yield given[point_id], pairs[0]


def load_boundaries(path: Path) -> dict[str, BaseGeometry]:
    """Return areas by adcode from a GeoJSON file.

    Raises
    ------
    InvalidInput
        The file is missing or holds no area with a property ``adcode``.
    """
    import shapely
    from shapely.geometry import shape

    try:
        features = json.loads(path.read_text("utf-8"))["features"]
        areas = {str(f["properties"]["adcode"]): shape(f["geometry"]) for f in features}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{path.name} is no GeoJSON file of areas with a property adcode", code="boundaries", file=path.name
        ) from error
    for area in areas.values():
        shapely.prepare(area)
    return areas
