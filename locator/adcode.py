"""Region codes: the six digits of GB/T 2260 that name a province, a city or a county of China (*adcode*).

Two digits name the province, two the prefecture-level city, two the county; a division's own code ends in
zeros (``370000`` Shandong, ``370100`` Jinan, ``370104`` Huaiyin). Townships have nine digits, of which the
first six are their county's. Everything the program concludes from the digits alone is concluded here;
names and positions are the gazetteer's (:mod:`locator.gazetteer`).

Three irregularities: the four municipalities (Beijing, Tianjin, Shanghai, Chongqing) and the special
administrative regions are provinces and cities at once, so their third and fourth digits name no city; a
county or county-level city that a province administers itself (``429004`` Xiantao, ``469023`` Chengmai) has
``90`` there and belongs to no city: it is its own; and four cities without counties (``441900`` Dongguan)
have their townships directly under the city's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""First digits of the provinces that are one city: Beijing, Tianjin, Shanghai, Chongqing."""
SPECIAL_REGIONS = frozenset({"81", "82"})
"""First digits of Hong Kong and Macau."""
ADCODE_PATTERN = "[1-9][0-9]{5}"
"""A well-formed adcode as a regular expression; ``\\d`` would let other scripts' digits through."""
LEVELS = ("province", "city", "district", "township")
"""What a code may name, the largest first."""
_ADCODE = re.compile(ADCODE_PATTERN)
_TOWNSHIP = re.compile("[1-9][0-9]{8}")
_ONE_CITY = MUNICIPALITIES | SPECIAL_REGIONS


def is_adcode(value: str | None) -> bool:
    """Tell whether a text has the form of an adcode: six digits 0-9, the first of them not 0."""
    return value is not None and _ADCODE.fullmatch(value) is not None


def is_township_code(value: str | None) -> bool:
    """Tell whether a text has the form of a township's code: nine digits 0-9."""
    return value is not None and _TOWNSHIP.fullmatch(value) is not None


@lru_cache(maxsize=8192)
def stem(code: str) -> str:
    """Return the digits that the codes of a division and of all within it start with.

    ``37`` of 370000, ``3701`` of 370100, ``370104`` and nine digits of a township as they are.
    """
    if len(code) != 6:
        return code
    return code[:2] if code[2:] == "0000" else code[:4] if code[4:] == "00" else code


def is_inside(code: str, outer: str) -> bool:
    """Tell whether a division lies in another, or is it."""
    return code.startswith(stem(outer))


def level_of(code: str) -> str:
    """Return what a code names: one of :data:`LEVELS`; a municipality is a province, its parts are districts."""
    if len(code) == 9:
        return "township"
    return {2: "province", 4: "city"}.get(len(stem(code)), "district")


def is_province(code: str) -> bool:
    """Tell whether a code names a province, a municipality or a special administrative region."""
    return len(code) == 6 and code[2:] == "0000"


def is_one_city(code: str) -> bool:
    """Tell whether a code lies in a province that is one city: a municipality, Hong Kong or Macau."""
    return code[:2] in _ONE_CITY


def holds_cities(code: str) -> bool:
    """Tell whether a code names a province of several cities, so that it says of no city which one."""
    return is_province(code) and not is_one_city(code)


def is_province_administered(code: str) -> bool:
    """Tell whether a county belongs to its province directly, as 429004 (Xiantao) and 469023 (Chengmai) do."""
    return code[2:4] == "90" and code[4:6] != "00"


def province_of(code: str) -> str:
    """Return the adcode of the province, municipality or region that holds a code."""
    return code[:2] + "0000"


def prefecture_of(code: str) -> str:
    """Return the adcode of the city that holds a code: prefecture-level, a municipality, or a county that is its own.

    A province of several cities is returned as it is.
    """
    if is_one_city(code):
        return province_of(code)
    return code[:6] if is_province_administered(code) else code[:4] + "00"


def prefecture_stem(code: str) -> str:
    """Return the digits shared by all codes of the city that holds a code (of the province, if it names one)."""
    return stem(prefecture_of(code))


def prefecture_stems(codes: Iterable[str]) -> list[str]:
    """Return the stems of the cities that divisions lie in, each once; a province of several cities has none."""
    return sorted({prefecture_stem(code) for code in codes if not holds_cities(code)})


def ancestors(code: str) -> tuple[str, ...]:
    """Return the codes of the divisions around one, the nearest first, without itself: county, city, province."""
    around = dict.fromkeys((code[:6], prefecture_of(code), province_of(code)))
    return tuple(other for other in around if other != code)


def finer(own: str | None, other: str | None) -> str | None:
    """Return the finer of two codes of which one holds the other; ``own`` where they contradict each other."""
    if own is None or other is None:
        return own or other
    return other if is_inside(other, own) else own


def size_of(within: Sequence[str]) -> str:
    """Return the level of the largest of some divisions, ``nation`` for none."""
    if not within:
        return "nation"
    levels = {level_of(code) if len(code) < 9 else "district" for code in within}
    if levels == {"province"} and all(map(is_one_city, within)):
        return "city"
    return next(level for level in ("province", "city", "district") if level in levels)
