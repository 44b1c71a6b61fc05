"""Whether a pair of degrees can be an office's position, and in which datum a file seems to be."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from locator.datum import Datum, distance_m, on_mainland, to_wgs84
from locator.layer import Layer
from locator.model import EXACT, ServicePoint

OVERLAP_M = 2000.0
"""Two rows farther apart than this are not taken for the same office when datums are compared."""
FEWEST_OVERLAPS = 3
"""Below this many offices in common nothing is said about a file's datum."""


_SIDES = re.compile(r"^\s*(?:东经|北纬|[EN])\s*|(?<=[\d°′″'\"])\s*[ENen]\s*$")
_DECIMAL_COMMA = re.compile(r"-?\d{1,3},\d+")
_SEXAGESIMAL = re.compile(r"(\d{1,3})\s*[°度]\s*([0-5]?\d)\s*[′'’分]\s*(?:([0-5]?\d(?:\.\d+)?)\s*(?:[″\"”秒]|''|′′))?")


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
        missing = "lat" if lon_text else "lon"
        return PositionFault(missing, "position_half", lon_text or lat_text, "one of longitude and latitude is missing")
    parsed: list[float] = []
    for column, text in (("lon", lon_text), ("lat", lat_text)):
        degrees = read_degrees(text)
        if degrees is None:
            return PositionFault(column, "not_a_number", text, "expected decimal degrees, such as 117.0208")
        parsed.append(degrees)
    return _judge(parsed[0], parsed[1])


def read_degrees(text: str) -> float | None:
    """Return degrees as people write them, or None.

    ``117.0208``, ``１１７．０２``, ``东经117.02°``, ``E117.02``, ``117°01′15″`` and, with a decimal comma, ``9,52``.
    """
    plain = _SIDES.sub("", unicodedata.normalize("NFKC", text)).strip()
    if _DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    try:
        degrees = float(plain.rstrip("°度 "))
        return degrees if math.isfinite(degrees) else None
    except ValueError:
        parts = _SEXAGESIMAL.fullmatch(plain)
    if parts is None:
        return None
    return int(parts[1]) + int(parts[2]) / 60 + float(parts[3] or 0) / 3600


def _judge(lon: float, lat: float) -> tuple[float, float] | PositionFault:
    given = f"{lon:g},{lat:g}"
    if lon == 0 and lat == 0:
        return PositionFault("lon", "null_island", given, "0,0 lies in the Atlantic: an empty position, most likely")
    swapped = abs(lon) <= 90 and bool(on_mainland(lat, lon))
    if swapped and lat > 70:
        return PositionFault("lon", "position_swapped", given, "longitude and latitude seem to be swapped")
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


def find_overlaps(
    points: Iterable[ServicePoint], given: Mapping[str, Pair], known: Mapping[str, Layer]
) -> Iterator[tuple[Pair, Pair]]:
    """Yield, for each office that one known layer has once by the same name, two positions.

    Parameters
    ----------
    points
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
    listed = [point for point in points if point.id in given]
    names = {point.name for point in listed}
    placed: dict[str, list[Pair]] = {}
    for layer in known.values():
        columns = [layer.table.column(name).to_pylist() for name in ("name", "lon", "lat", "position")]
        for name, lon, lat, position in zip(*columns, strict=True):
            if name in names and lon is not None and position in EXACT:
                placed.setdefault(name, []).append((lon, lat))
    for point in listed:
        pairs = placed.get(point.name, [])
        if len(pairs) == 1:
            yield given[point.id], pairs[0]
