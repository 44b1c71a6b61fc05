"""Who else may be meant: whether a name is one of many, stands for another place, or belongs to another city."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from locator.adcode import is_inside, is_one_city, is_township_code, prefecture_of, prefecture_stem, province_of
from locator.datum import distance_m
from locator.gazetteer.address import (
    A_SITE,
    AN_AIRPORT,
    ANYWHERE,
    ORGANISATION,
    is_a_village,
    is_common,
    is_generic,
    is_kind_word,
    is_nature,
    is_street_name,
    other_forms,
)
from locator.gazetteer.divisions import LEVELS, DivisionReading
from locator.gazetteer.index import SAME_M, IndexFile, Row, area_filter, gap_m, is_in_capital, merge_rows, phrase
from locator.gazetteer.places import Meaning, PlaceIndex
from locator.gazetteer.text import HAN, short_name, to_key
from locator.model import Place, Precision

FEWEST = 3
"""How many places must be named after an area before they say where it lies."""
WIDEST_M = 2500.0
"""Places named after an area must lie together so closely."""
AREA_LEAST_M = 1000.0
MOST_CITIES = 6
"""Nobody reads a list of more cities."""
SHORT = 4
"""Names of so few characters are given to many places."""
_BELONGS = re.compile("(?:附属|医学院|大学)[\u4e00-\u9fff]{0,3}$")
"""What stands before a hospital's own name: 首都医科大学附属北京天坛医院."""
_FEW_TOWNS = 3
"""A short name that so many towns have is a word: 人民, 光明."""
_KNOWN_NEAR = frozenset({"residential", "school", "building", "works", "mall", "park", "hotel", "government"})
_KNOWN_ABROAD = frozenset({"station", "university", "hospital", "sight"})
_SEEN = _KNOWN_ABROAD | {"park", "venue"}
_SITES_OF = ("大学", "学院", "医院")
_AFFILIATED = re.compile(
    "(?P<of>[\u4e00-\u9fff]{2,8}?大学)(?:[\u4e00-\u9fff]{2,6}?学院)?(?:附属)?(?P<own>[\u4e00-\u9fff]{2,8}医院)"
)
_OWN_SITE = frozenset({"本部", "校园", "总部", "院本部"})
_OLD_TOWN = re.compile("(?<=[\u4e00-\u9fff]{2})(?:古镇|老街|古街)$")
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


def at_home(file: IndexFile, rows: list[Row], key: str) -> list[Row]:
    """Return the places of a name that lie in the city it begins with, if any do: one 武汉大学 is in Shenzhen."""
    return [row for row in rows if begins_here(file, row, key)] or rows


def is_one_of_many(file: IndexFile, row: Row, key: str) -> bool:
    """Tell whether other cities have places whose names hold this one: 农业银行 is in 宁阳县农业银行 too."""
    alike = (r.code for r in file.match(phrase(key), 60) if r.code and key in to_key(r.name))
    return len({prefecture_of(code) for code in alike} - {prefecture_of(row.code or "")}) > 1


def _towns_named(places: PlaceIndex, row: Row, key: str) -> list[str]:
    """Return the towns far from a place with whose name its own begins: 横店影视城 is not the cinema in 上海."""
    names = [n.code for n in places.file.divisions.names.get(key[:2]) if n.kind == "short"]
    towns = [code for code in names if is_township_code(code)]
    few = 0 < len(names) == len(towns) < _FEW_TOWNS
    return towns if few and not any(is_inside(row.code or "", prefecture_of(code)) for code in towns) else []


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
    if row.kind not in {*_KNOWN_ABROAD, "park"} and _towns_named(places, row, key):
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


def sites_of(file: IndexFile, key: str, within: Sequence[str] = (), *, fewest: int = 2) -> list[Row]:
    """Return the places of a university or hospital that has several, none of them called by the bare name.

    新疆大学(友好校区), 仁济医院东院; and 首都医科大学附属北京天坛医院 where 北京天坛医院 is asked for.
    """
    if len(key) < 4 or not key.endswith(_SITES_OF) or is_generic(key):
        return []
    sites = [r for r in file.begun(key, within=within, limit=100) if A_SITE.fullmatch(to_key(r.name)[len(key) :])]
    whole = file.match(phrase(key) + area_filter(within), 60)
    rows = [r for r in whole if to_key(r.name).endswith(key) and _BELONGS.search(to_key(r.name).removesuffix(key))]
    rows = [r for r in (*rows, *sites) if r.kind == ("hospital" if key.endswith("医院") else "university")]
    return merge_rows(rows) if len(rows) >= fewest or rows != sites else []  # of one branch the main place is not known


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
        if A_SITE.fullmatch(below.name):  # the eastern part of a university is no 东区 of 攀枝花
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


def rivals_of(places: PlaceIndex, row: Row, key: str) -> list[Meaning]:
    """Return what else the name of the one known place may mean as well as that: it is asked about then.

    Sites in another city, as many as at home (长江大学); a city where more is named so (天一阁博物馆 and 天一阁北书库);
    the town or city that it is named after and does not lie in (横店影视城; a copy of 遵义会议会址 is in 韶山).
    """
    home = prefecture_stem(row.code or "")
    sites = [r for r in sites_of(places.file, key, fewest=1) if gap_m(r, row) > SAME_M]
    away = [r for r in sites if prefecture_stem(r.code or "") != home]
    if len(away) >= (1 if "大学" in key[:-2] else 2) and 2 * len(away) >= len(sites):
        return [Meaning(r.place()) for r in away]
    named = places.file.divisions.read_head(key)[0].codes  # 大足石刻 in 荣昌区 is not the one in 大足区
    cities: dict[str, list[Row]] = {}
    for other in places.file.begun(key, limit=200):
        if other.code and other.lon is not None and other.kind in _SEEN:
            city = other.code if other.code in named else prefecture_stem(other.code)
            cities.setdefault(city, []).append(other)
    most = max(2, 1 + len(cities.pop(row.code if row.code in named else home, ())))
    groups = sorted((g for g in cities.values() if len({r.name for r in g}) >= most), key=len, reverse=True)
    areas = [place for group in groups[:MOST_CITIES] if (place := _area(key, group, Precision.VILLAGE))]
    if not areas and len(key) >= SHORT and row.kind not in _KNOWN_ABROAD | _KNOWN_NEAR:
        areas = [places.place(code) for code in _towns_named(places, row, key)]
    if not areas and row.kind in {"sight", "venue"} and len(named) == 1 and begins_elsewhere(places.file, row):
        areas = [places.place(named[0])] if places.file.divisions.levels[named[0]] == "city" else []
    return [Meaning(place) for place in areas]


def unnamed_site(places: PlaceIndex, row: Row, key: str, site: str, within: Sequence[str]) -> Meaning | None:
    """Return where a site is that is not known by its name: 北京协和医院西院 is the western one, or in the city.

    None where the text behind a place's name tells of no site.
    """
    if not key.endswith(_SITES_OF) or site in _OWN_SITE or not A_SITE.fullmatch(site):
        return None
    sites = sites_of(places.file, key, within or (prefecture_of(row.code or ""),), fewest=1)
    alike = [r for r in sites if to_key(r.name)[len(key) :].strip()[:1] == site[0] and site[0] in "东西南北新老"]
    if len(alike) == 1:
        return Meaning(alike[0].place())
    return Meaning(places.place(prefecture_of(row.code or ""), note="rest_unknown"), ("rest_unknown",))


def own_campus(places: PlaceIndex, query: str, later: DivisionReading) -> tuple[Meaning, ...]:
    """Return the university whose campus is called after a street of its city, not a city: 复旦大学邯郸校区."""
    name, found, _ = query.partition(later.name)
    if not found or not A_SITE.fullmatch(later.name + later.rest):
        return ()
    rows = merge_rows(r for r in places.file.named(to_key(name)) if r.kind == "university" and r.code)
    cities = [prefecture_of(r.code or "") for r in rows]
    if any(is_inside(code, city) for code in later.codes for city in cities):
        return ()
    return tuple(Meaning(r.place()) for r in rows) if places.file.begun(f"{later.name}路", within=cities) else ()


def affiliated(places: PlaceIndex, key: str) -> list[Row]:
    """Return a hospital by its own name in the city of the university that is named before it: 四川大学华西医院."""
    match = _AFFILIATED.fullmatch(key)
    if match is None or is_generic(match["own"]):
        return []
    known = (*places.file.named(match["of"]), *sites_of(places.file, match["of"], fewest=1))
    cities = {prefecture_of(r.code) for r in known if r.kind == "university" and r.code}
    if not 0 < len(cities) <= FEWEST:
        return []
    within = tuple(sorted(cities))
    keys = (f"{match['of']}附属{match['own']}", match["own"], *places.own_names(match["own"], within))
    return merge_rows(r for r in places.file.named_any(keys, within=within) if r.kind == "hospital")


def with_town(places: PlaceIndex, query: str) -> str:
    """Return a text with the town that an old town is the heart of: 周庄古镇 -> 周庄镇."""
    town = _OLD_TOWN.sub("镇", query)
    known = town != query and any(town[-size:] in places.file.divisions.names for size in (3, 4, 5))
    return town if known and not any(places.file.named(to_key(query[-size:])) for size in (4, 5, 6)) else query


def is_city(places: PlaceIndex, reading: DivisionReading) -> bool:
    """Tell whether a reading names one province or city, as people shorten it: 广州, 上海."""
    levels = {places.file.divisions.levels[code] for code in reading.codes}
    return len(reading.codes) == 1 and levels <= {"province", "city"} and len(reading.name) > 1


def stations_area(places: PlaceIndex, key: str) -> list[Meaning]:
    """Return the areas that an underground station's name may mean where no map shows the station: 徐家汇站."""
    base = other_forms(key)[-1] if key.endswith("站") and other_forms(key) else ""
    head = places.file.divisions.read_head(base)[0]  # 公交站 is no station of 公交, 南宁东站 has its city
    below_city = bool(head.codes) and places.file.divisions.levels[head.codes[0]] == "district"
    if head.codes and not head.rest and len(base) > 1 and (below_city or key.endswith("高铁站")):  # 义乌站
        named = below_city and any(places.file.named(form) for form in (key, *other_forms(key)[:-1]))
        near = [places.place(code, note="rest_unknown") for code in head.codes[:MOST_CITIES]]
        return [] if named else [Meaning(place, ("rest_unknown",)) for place in near]
    if (head.codes and head.rest) or len(base) < 2 or len(base) < 3 > len(key) - len(base):
        return []
    found = area_of(places, base, within=(), precision=Precision.VILLAGE)
    return found or (cities_of_street(places, base) if is_street_name(base) else [])


def cities_of_street(places: PlaceIndex, street: str) -> list[Meaning]:
    """Return the cities in which places are named after a street whose own city is not said, the likeliest first."""
    key = to_key(street)
    if not all(map(HAN.match, key)) or len(key) < 3 or key[:2] in places.file.divisions.names:
        return []  # 南京西路 is a street of many cities
    rows = places.file.begun(key, limit=400)
    cities = Counter(prefecture_of(r.code) for r in rows if r.code and r.kind not in LEVELS)
    known = [(code, count) for code, count in cities.most_common(MOST_CITIES) if places.division(code)]
    likely = [code for code, count in known if count >= max(2, 0.2 * known[0][1])]
    return [Meaning(places.place(code, note="street_unknown"), ("street_unknown",)) for code in likely]


def area_of(places: PlaceIndex, name: str, *, within: Sequence[str], precision: Precision) -> list[Meaning]:
    """Return where an area or street lies that no map names, by the places that are named after it; or none.

    徐家汇公园, 徐家汇书院 and 徐家汇天主教堂 stand together in 徐家汇. Several meanings where such places stand
    together in several cities.
    """
    key = to_key(name)
    if not 2 <= len(key) <= 8 or not all(HAN.match(c) for c in key) or is_kind_word(key):
        return []
    rows = [
        r
        for r in places.file.begun(key, within=within, limit=400)
        if r.kind not in LEVELS and r.kind != "street" and r.code and r.lon is not None
    ]
    if within:
        rows = [r for r in rows if r.code and any(is_inside(r.code, w[:6]) for w in within)]
    cities: dict[str, list[Row]] = {}
    for row in rows:
        cities.setdefault(prefecture_stem(row.code or ""), []).append(row)
    groups = sorted((g for g in cities.values() if len({r.name for r in g}) >= FEWEST), key=len, reverse=True)
    if groups and not within:
        groups = [g for g in groups if len(g) >= 0.25 * len(groups[0])] if len(groups[0]) >= 0.5 * len(rows) else groups
    found = [_area(name, group, precision) for group in groups[:10]]
    return [Meaning(place) for place in found if place is not None]


def _area(name: str, rows: Sequence[Row], precision: Precision) -> Place | None:
    import numpy as np

    lon, lat = np.array([r.lon for r in rows], float), np.array([r.lat for r in rows], float)
    x, y = float(np.median(lon)), float(np.median(lat))
    gaps = np.sort(np.asarray(distance_m(lon, lat, np.full(len(rows), x), np.full(len(rows), y))))
    spread = float(gaps[int(0.7 * (len(gaps) - 1))])
    if spread > WIDEST_M:
        return None
    near = min(rows, key=lambda r: (r.lon - x) ** 2 + (r.lat - y) ** 2)  # type: ignore[operator]
    error_m = max(AREA_LEAST_M, round(2.0 * spread, -2))
    return near._replace(name=name, lon=x, lat=y, error_m=error_m, precision=precision, kind="village").place()


def shared_cities(places: PlaceIndex, *streets: str) -> tuple[str, ...]:
    """Return the one city in which places are named after each of some streets, if one of these is in few cities."""
    named = [{prefecture_of(r.code) for r in places.file.begun(to_key(s), limit=400) if r.code} for s in streets]
    shared = set.intersection(*named)
    return tuple(shared) if len(shared) == 1 and min(map(len, named)) <= FEWEST else ()
