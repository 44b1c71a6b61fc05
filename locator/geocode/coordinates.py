"""Coordinates as people type them: ``22.54,114.06``, ``114.06，22.54``, ``22°32'24"N 114°3'36"E``, ``北纬22.54 …``."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from locator.datum import METRES_PER_DEGREE, Datum, in_china_box, is_position, to_wgs84
from locator.errors import InvalidInput
from locator.model import Place, Precision

MAX_TEXT = 80
"""A longer text is no pair of coordinates."""
ERROR_M = 10.0
"""What a typed pair is taken to be good for, with five decimals or seconds; more for fewer decimals."""
_VALUE = re.compile(
    r"(?P<before>[nsew北南东西]纬?经?)?\s*:?\s*(?P<sign>-)?(?P<degrees>\d{1,3}(?:\.\d{1,15})?)(?!\d)\s*"
    r"(?:[°度d]\s*(?:(?P<minutes>\d{1,2}(?:\.\d{1,15})?)\s*['′分m]\s*)?"
    r"(?:(?P<seconds>\d{1,2}(?:\.\d{1,15})?)\s*(?:[\"″秒s]|''|′′)\s*)?)?(?(before)|(?P<after>[nsew北南东西])?)"
)
_WORDS = re.compile(r"geo:|latitude|longitude|lat|lng|lon|纬度|经度|坐标|wgs-?84|gcj-?02|bd-?09|[=()\[\]]")
_LETTERS = {"北": "n", "南": "s", "东": "e", "西": "w"}
_POSTCODE = re.compile(r"\W*(?:(?:邮政编码|邮编|(?i:zip|post|postal)\s*(?i:code)?|(?i:p\.?\s?c\.?))\W*)?\d{6}\W*")


class Pair(NamedTuple):
    """A typed pair, in the degrees of whatever datum the person meant."""

    lon: float
    lat: float
    digits: int
    """Decimals of the finer of the two (the other may have ended in zeros); 5 for seconds."""

    @property
    def valid(self) -> bool:
        """Whether this is a position on earth that somebody may mean; (0, 0) is none."""
        return bool(is_position(self.lon, self.lat))

    @property
    def in_china(self) -> bool:
        """Whether it lies in the rectangle around China."""
        return in_china_box(self.lon, self.lat)


class _Value(NamedTuple):
    degrees: float
    axis: str
    """``lat``, ``lon`` or empty where the text does not say."""
    digits: int
    plain: bool
    """Whole degrees and nothing that says it is an angle."""


def read_pair(text: str) -> Pair | None:
    """Return the coordinates a text is, or None when it is something else.

    Without letters the order is latitude, longitude when that lies on earth and in China, else the
    other way round where that fits better; a value over 90 is a longitude.
    """
    if len(text) > MAX_TEXT:
        return None
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _WORDS.sub(" ", text.replace("、", ",").replace("。", ".").replace(";", ",")).strip(" ,")
    values: list[_Value] = []
    at = 0
    while at < len(text):
        match = _VALUE.match(text, at)
        if match is None or len(values) == 2:
            return None
        values.append(_value(match))
        at = match.end()
        separator = re.match(r"[\s,/|]*", text[at:])
        at += separator.end() if separator else 0
    if len(values) != 2:
        return None
    return _pair(*values)


def _value(match: re.Match[str]) -> _Value:
    degrees = float(match["degrees"]) + float(match["minutes"] or 0) / 60 + float(match["seconds"] or 0) / 3600
    letter = (match["before"] or match["after"] or "")[:1]
    letter = _LETTERS.get(letter, letter)
    if match["sign"] or letter in {"s", "w"}:
        degrees = -degrees
    decimals = len(match["degrees"].partition(".")[2])
    digits = 5 if match["seconds"] else 3 if match["minutes"] else decimals
    axis = "lat" if letter in {"n", "s"} else "lon" if letter in {"e", "w"} else ""
    return _Value(degrees, axis, digits, plain=not letter and digits == 0)


def _pair(first: _Value, second: _Value) -> Pair | None:
    digits = max(first.digits, second.digits)
    lat_first = Pair(second.degrees, first.degrees, digits)
    lon_first = Pair(first.degrees, second.degrees, digits)
    if first.axis or second.axis:
        if first.axis == second.axis:
            return None
        return lon_first if first.axis == "lon" or second.axis == "lat" else lat_first
    in_china = lat_first.in_china or lon_first.in_china
    if first.plain and second.plain and not in_china and (first.degrees or second.degrees):
        return None
    if lon_first.in_china and not lat_first.in_china:
        return lon_first
    return lat_first if lat_first.valid or not lon_first.valid else lon_first


def is_postcode(text: str) -> bool:
    """Tell whether a text is a postcode and nothing else: 100080, 邮编：100080."""
    return bool(_POSTCODE.fullmatch(text))


def read_coordinates(text: str, datum: Datum = Datum.WGS84) -> Place | None:
    """Return the place of typed coordinates, or None when the text is no valid pair.

    Parameters
    ----------
    text
        What was typed.
    datum
        What the person measured against; the place is in WGS-84.
    """
    pair = read_pair(text)
    if pair is None or not pair.valid:
        return None
    lon, lat = (float(v) for v in to_wgs84(pair.lon, pair.lat, datum))
    return Place(
        label=f"{pair.lat:.6g}, {pair.lon:.7g}", lon=lon, lat=lat, precision=Precision.POINT,
        error_m=max(ERROR_M, 0.5 * METRES_PER_DEGREE * 10.0**-pair.digits), source="coordinates",
    )  # fmt: skip


def parse_lon_lat(value: str) -> tuple[float, float]:
    """Return ``LON,LAT`` as two numbers.

    Raises
    ------
    InvalidInput
        It is not two numbers.
    """
    try:
        lon, lat = map(float, value.replace("，", ",").split(","))
    except ValueError:
        raise InvalidInput(f"{value[:40]!r} is not LON,LAT", code="position_format", value=value[:40]) from None
    return lon, lat


def check_degrees(lon: float, lat: float) -> None:
    """Refuse a pair that is no position; latitude first is the usual slip, so say so.

    Raises
    ------
    InvalidInput
        Out of range, not a number, (0, 0), or latitude before longitude.
    """
    given = f"{lon:g},{lat:g}"
    if abs(lon) <= 90 < abs(lat) <= 180:
        message = f"{given} has its latitude first; expected longitude,latitude: {lat:g},{lon:g}"
        raise InvalidInput(message, code="position_swapped", given=given, swapped=f"{lat:g},{lon:g}")
    if not is_position(lon, lat):
        message = f"{given} is no position; expected longitude,latitude in degrees, as 117.02,36.67"
        raise InvalidInput(message, code="position_range", given=given)
