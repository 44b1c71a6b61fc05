"""A Chinese address in the forms that services understand.

Nominatim and Photon find nothing for 深圳市福田区莲花路2006号 and find 莲花路 2006: their indexes hold street
and number apart, and most divisions of China are missing there or drawn elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from locator.gazetteer.address import find_number

MAX_CHARS = 120
"""Longer texts are cut before they leave the machine: no address is longer."""
_BRACKETS = re.compile(r"[(（\[【〔<《][^)）\]】〕>》]*[)）\]】〕>》]")
_DIVISION = re.compile(
    r"(?:[\u4e00-\u9fff]{2,9}?(?:特别行政区|自治区|省|自治州|地区|盟|自治县|自治旗|林区|街道办事处|街道)"
    r"|[\u4e00-\u9fff]{1,6}?(?:市|区|县|旗|镇|乡))"
    r"(?![路街道巷弄场局厅民]|政府|政务|委会|中心)"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")


class Parts(NamedTuple):
    """An address taken apart; a part that is not there is empty."""

    divisions: str
    """省市区县镇 as written, without spaces."""
    street: str
    """The street; where the text has no house number, all that follows the divisions."""
    number: str
    """The house number without 号; of a lane (弄), the lane's."""
    rest: str
    """What follows the number: building, floor, a landmark. Never part of a query by address."""


def clean(text: str) -> str:
    """Return the text on one line, half-width, without control characters and brackets, cut to a sane length."""
    plain = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFKC", text[: 4 * MAX_CHARS]))
    return " ".join(_BRACKETS.sub(" ", plain).split())[:MAX_CHARS].strip()


def has_han(text: str) -> bool:
    """Tell whether any character is Chinese."""
    return _HAN.search(text) is not None


def split_address(text: str) -> Parts:
    """Take a Chinese address apart.

    Examples
    --------
    >>> split_address("深圳市福田区莲花路2006号3栋501室")
    Parts(divisions='深圳市福田区', street='莲花路', number='2006', rest='3栋501室')
    >>> split_address("西园8路12号")
    Parts(divisions='', street='西园8路', number='12', rest='')
    """
    joined = re.sub(r"(?<=[\u4e00-\u9fff])[\s,，、]+|[\s,，、]+(?=[\u4e00-\u9fff])", "", clean(text))
    divisions, body = _take_divisions(joined)
    numbered = find_number(body)
    if numbered is None:
        return Parts(divisions, body, "", "")
    start, end, number = numbered
    return Parts(divisions, body[:start].rstrip(" 第"), number, body[end:].strip(" ,"))


def _take_divisions(text: str) -> tuple[str, str]:
    end = 0
    while match := _DIVISION.match(text, end):
        if match.end() == len(text) and end:
            break  # the last division is what is asked for
        end = match.end()
    return text[:end], text[end:]


def to_queries(text: str, city: str | None = None) -> tuple[str, ...]:
    """Return ways to put an address to an OpenStreetMap geocoder: in full, then without its divisions.

    All but the first are for a search inside a known area. OpenStreetMap has most Chinese house numbers
    bare and some with 号, so the last asks for the latter.

    Parameters
    ----------
    city
        The city the place is in, if known; a text may name it without 市.

    Examples
    --------
    >>> to_queries("南京管家桥85号3栋", "南京市")
    ('南京管家桥 85', '管家桥 85', '管家桥 85号')
    """
    if not has_han(text):
        return (clean(text),)
    parts = split_address(text)
    street = parts.street
    for name in (city or "", (city or "").removesuffix("市")):
        if len(name) > 1 and street.startswith(name) and len(street) > len(name) + 1:
            street = street.removeprefix(name)
    numbers = (f" {parts.number}", f" {parts.number}号") if parts.number else ("",)
    full = f"{parts.divisions}{parts.street}{numbers[0]}"
    short = [f"{street}{number}" for number in numbers] if street else []
    return tuple(dict.fromkeys((full, *short)))
