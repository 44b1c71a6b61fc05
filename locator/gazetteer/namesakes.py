"""Who else may be meant: whether a name is one of many, stands for another place, or belongs to another city."""

from __future__ import annotations

import re
from collections.abc import Sequence

from locator.adcode import is_inside, is_one_city, is_township_code, prefecture_of, prefecture_stem, province_of
from locator.gazetteer.address import (
    A_SITE,
    AN_AIRPORT,
    ANYWHERE,
    ORGANISATION,
    is_a_village,
    is_common,
    is_generic,
    is_nature,
    is_street_name,
)
from locator.gazetteer.divisions import DivisionReading
from locator.gazetteer.index import IndexFile, Row, area_filter, is_in_capital, merge_rows, phrase
from locator.gazetteer.places import Meaning, PlaceIndex
from locator.gazetteer.text import short_name, to_key

SHORT = 4
"""Names of so few characters are given to many places."""
_BELONGS = re.compile("(?:附属|医学院|大学)[\u4e00-\u9fff]{0,3}$")
"""What stands before a hospital's own name: 首都医科大学附属北京天坛医院."""
_FEW_TOWNS = 3
"""A short name that so many towns have is a word: 人民, 光明."""
_KNOWN_NEAR = frozenset({"residential", "school", "building", "works", "mall", "park", "hotel", "government"})
_KNOWN_ABROAD = frozenset({"station", "university", "hospital", "sight"})
_AFTER_STREET = re.compile("[\u4e00-\u9fff]{1,4}?[路街](?=.{2})")
"""What is named after a street, of which there is one in many cities: 贵阳路小学."""


def is_fuller(file: IndexFile, name: str, key: str) -> bool:
    """Tell whether a place's name has a city in front of what was typed: 南方医院 is not 南京南方医院."""
    before = to_key(name).removesuffix(key) if to_key(name).endswith(key) else ""
    named = (n for size in (2, 3) for n in file.divisions.names.get(before[-size:]))
    return any(n.kind == "short" and len(n.code) == 6 for n in named)


def begins_elsewhere(file: IndexFile, row: Row) -> bool:
    """Tell whether a place's name begins with that of a division it does not lie in: 兰州拉面 in Guangzhou."""
    head = file.divisions.read_head(to_key(row.name))[0]
    return bool(head.codes) and not any(is_inside(row.code or "", prefecture_of(code)) for code in head.codes)


def begins_here(file: IndexFile, row: Row, key: str) -> bool:
    """Tell whether a place's name begins with that of its own city or district, of which there is one: 苏州中心."""
    head = file.divisions.read_head(key)[0]
    return len(head.codes) == 1 and not ANYWHERE.fullmatch(head.rest) and is_inside(row.code or "", head.codes[0])


def is_one_of_many(file: IndexFile, row: Row, key: str) -> bool:
    """Tell whether other cities have places whose names hold this one: 农业银行 is in 宁阳县农业银行 too."""
    alike = (r.code for r in file.match(phrase(key), 60) if r.code and key in to_key(r.name))
    return len({prefecture_of(code) for code in alike} - {prefecture_of(row.code or "")}) > 1


def _is_after_town(places: PlaceIndex, row: Row, key: str) -> bool:
    """Tell whether a name begins with that of a town far from its place: 横店影视城 is not the cinema in 上海."""
    names = [n.code for n in places.file.divisions.names.get(key[:2]) if n.kind == "short"]
    towns = [code for code in names if is_township_code(code)]
    return 0 < len(names) == len(towns) < _FEW_TOWNS and not any(
        is_inside(row.code or "", prefecture_of(code)) for code in towns
    )


def many_may_be(places: PlaceIndex, row: Row, key: str) -> bool:
    """Tell whether the one known place of a bare name, without a city, is likely one of many that no map shows.

    A street; of the shipped kinds that people elsewhere do not know, a short name (阳光花园), or one that begins with
    another city's (安阳小区). What an operator imports is meant.
    """
    if is_street_name(key) and (row.kind != "sight" or len(key) < SHORT):
        return row.kind != "street"
    fuller = is_fuller(places.file, row.name, key) and not begins_here(places.file, row, key)  # 昆明站 is 云南昆明站
    if is_common(key) or is_a_village(key) or fuller:
        return True
    if row.kind not in _KNOWN_ABROAD and is_one_of_many(places.file, row, key):
        return True
    if row.kind not in {*_KNOWN_ABROAD, "park"} and _is_after_town(places, row, key):
        return True
    if row.kind not in _KNOWN_NEAR:
        return False
    if is_nature(key):
        return True
    after_street = bool(_AFTER_STREET.match(key)) and key[:2] not in (row.context or "")
    return (
        after_street
        or begins_elsewhere(places.file, row)
        or (len(key) <= SHORT and not begins_here(places.file, row, key))
    )


def may_be_anywhere(places: PlaceIndex, query: str, found: Sequence[Meaning]) -> bool:
    """Tell whether a bare name may as well be meant in another city, where more is named after it: 国贸."""
    key = to_key(query)
    if len(found) != 1 or len(key) > 3 or found[0].place.adcode is None:
        return False
    if is_nature(key) and all(r.kind in _KNOWN_NEAR for r in places.file.named(key)):
        return True
    city = prefecture_stem(found[0].place.adcode)
    codes = [row.code for row in places.file.begun(key, limit=200) if row.code]
    return sum(not code.startswith(city) for code in codes) > sum(code.startswith(city) for code in codes)


def sites_of(file: IndexFile, key: str, within: Sequence[str] = ()) -> list[Row]:
    """Return the places of a university or hospital that has several, none of them called by the bare name.

    新疆大学(友好校区), 仁济医院东院; and 首都医科大学附属北京天坛医院 where 北京天坛医院 is asked for.
    """
    if len(key) < 4 or not key.endswith(("大学", "学院", "医院")) or is_generic(key):
        return []
    sites = [r for r in file.begun(key, within=within, limit=100) if A_SITE.fullmatch(to_key(r.name)[len(key) :])]
    whole = file.match(phrase(key) + area_filter(within), 60)
    rows = [r for r in whole if to_key(r.name).endswith(key) and _BELONGS.search(to_key(r.name).removesuffix(key))]
    rows = [r for r in (*rows, *sites) if r.kind in {"university", "hospital"}]
    return merge_rows(rows) if rows != sites[:1] else []  # of one branch alone, the main place is not known


def later_city(places: PlaceIndex, query: str, reading: DivisionReading) -> DivisionReading | None:
    """Return the reading by a city named later: 北京大学深圳医院 stands in Shenzhen.

    Only behind a name that goes on as an organisation's (大学, 医院, 银行), which its own city begins.
    """
    if not ORGANISATION.match(reading.rest if reading.codes else query):
        return None
    table = places.file.divisions
    text = reading.rest if reading.codes else query
    for start in range(2, len(text) - 1):
        below = table.read_head(text[start:])[0]
        if not below.codes or below.name != text[start : start + len(below.name)] or len(below.name) < 2:
            continue
        sure = len(below.codes) == 1 or bool(ORGANISATION.match(below.rest))  # 海南 is also 海南州
        if (
            sure
            and below.codes[0] not in reading.codes
            and table.levels[below.codes[0]] in {"city", "district", "province"}
        ):
            return below._replace(rest=query if not below.rest else below.rest)
    return None


def moved_town(places: PlaceIndex, reading: DivisionReading) -> DivisionReading | None:
    """Return the town that follows a district's name and lies in another of its city today: 余杭临平镇."""
    if len(reading.codes) != 1 or places.file.divisions.levels[reading.codes[0]] != "district":
        return None
    town = places.file.divisions.read_head(reading.rest, within=(prefecture_of(reading.codes[0]),))[0]
    if town.kind not in {"full", "former"} or len(town.codes) != 1 or len(town.name) < 3:
        return None
    (own,), (other,) = reading.codes, town.codes
    return None if is_inside(other, own) or is_inside(own, other) else town._replace(kind="full")


def outlying(places: PlaceIndex, reading: DivisionReading) -> tuple[Meaning, ...]:
    """Return where a thing may be that bears the name of one division: the other that it names, or the capital.

    西安咸阳国际机场 lies in 咸阳, and a province's own hospital (湖北省人民医院) in the capital in all likelihood.
    """
    if len(reading.codes) != 1:
        return ()
    table, code = places.file.divisions, reading.codes[0]
    named = (
        table.read_head(reading.rest, within=(province_of(code),))[0].codes if AN_AIRPORT.search(reading.rest) else ()
    )
    capital = f"{code[:2]}0100"
    if table.levels[code] == "province" and not is_one_city(code) and is_generic(to_key(reading.rest)):
        named = (capital,) if places.division(capital) else ()
    others = (
        [c for c in named if len(c) == 6 and not (is_inside(c, code) or is_inside(code, c))]
        if named != (capital,)
        else named
    )
    return tuple(Meaning(places.place(c, note="rest_unknown"), ("rest_unknown",)) for c in others)


def home_of(places: PlaceIndex, query: str, found: Sequence[Meaning]) -> tuple[Meaning, ...]:
    """Return the division whose name a text begins with where all that is found lies elsewhere: 香港中文大学."""
    head = places.file.divisions.read_head(query)[0]
    codes = [m.place.adcode or "" for m in found]
    homes = (*head.codes, *places.file.divisions.namesakes(head.name))  # 九堡镇 is 九堡街道 of Hangzhou as well
    around = (short_name(d.name) for code in codes if code for d in places.names_of(code))
    if len(head.codes) != 1 or not codes or any(is_inside(c, prefecture_of(h)) for c in codes for h in homes):
        return ()
    return () if any(name in query for name in around) else (Meaning(places.place(head.codes[0])),)


def is_its_station(file: IndexFile, row: Row, name: str) -> bool:
    """Tell whether a station is called after the city or district it stands in: 洛阳龙门."""
    codes = file.divisions.read_head(name)[0].codes
    here = bool(codes) and all(is_inside(row.code or "", prefecture_of(code)) for code in codes)
    return here and row.kind in {"station", "building"}


def may_have_underground(places: PlaceIndex, row: Row) -> bool:
    """Tell whether a station may be at a place: not at a village, unless in a large city: 公主坟地铁站."""
    if row.kind not in {"village", "residential", "sight", "park"}:
        return True
    district = places.division(row.code) if row.code and is_in_capital(row.code) else None
    return district is not None and district.name.endswith("区")


def is_plain(places: PlaceIndex, reading: DivisionReading) -> bool:
    """Tell whether divisions are meant for sure: a full name of more than a township, or several names."""
    if reading.names > 1:
        return True
    full = reading.kind in {"full", "former", "english", "popular", "area", "part"}
    if full and places.file.divisions.levels[reading.codes[0]] == "township":  # nobody else's name: 昆山开发区
        alone = len(reading.codes) == 1 and len(reading.name) > 3
        return alone and not set(places.file.divisions.namesakes(reading.name)) - set(reading.codes)
    return full and len(reading.name) > 2
