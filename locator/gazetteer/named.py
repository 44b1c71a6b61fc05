"""Places whose names stand inside a text, areas known by what is named after them, crossings of two streets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from locator.adcode import is_inside, is_township_code, prefecture_of, size_of
from locator.datum import distance_m
from locator.gazetteer.address import (
    Address,
    Crossing,
    has_in_order,
    is_common,
    is_generic,
    is_street_name,
    read_address,
    without_tail,
)
from locator.gazetteer.divisions import LEVELS, DivisionReading
from locator.gazetteer.index import Row, area_filter, gap_m, merge_rows, phrase
from locator.gazetteer.namesakes import AREA_LEAST_M, area_of, begins_elsewhere, shared_cities, unnamed_site
from locator.gazetteer.places import Bias, Meaning, PlaceIndex, Resolved
from locator.gazetteer.text import HAN, to_key
from locator.model import Place, Precision

NEAR_M = 60_000.0
"""A place this near to where the person is known to be is meant before one elsewhere."""
CROSSING_M = 500.0
"""Streets whose known extents come so near to each other cross there."""
LONGEST = 24
"""Names of more characters are not looked for inside a text."""
AGREE_M = 3000.0
"""Two names in one text whose places are farther apart than this contradict each other."""
MOST = {"district": 60, "city": 12, "province": 2, "nation": 1}
"""A name that this many places of China carry says nothing inside a division of that size: there are others of the name
that no map shows."""
WIDEST_JOIN_M = 8000.0
"""Places of one name in a district that lie farther apart are asked about."""
MOST_NAMESAKES = 9
_KINDS = frozenset({"市", "区", "县", "州", "盟", "旗", "镇", "乡"})
_BEGINS = re.compile(
    "(?:^|[^\u3400-\u9fff]|[号路街道巷弄村镇乡区县市旗口侧旁近内段院里站桥处坊]|社区|对面|交汇|交叉口|广场|小区|园区)$"
)
_ENDS = re.compile(
    "(?:$|[^\u3400-\u9fff]|[东西南北中]?(?:[大小正侧后前]?门|[区侧边面座栋楼苑院馆]|广场|出口)"
    "|[一二三四五六七八九十]+(?:期|区|栋|座|号|楼|单元|层|村)"
    "|裙楼|底商|底层|商铺|铺|门面|门市|对面|旁|内|里|附近|地下|负|首层|楼下|楼上|一楼|临街|路口|背后|后面|"
    "小区|大厦|大楼|商场|社区|停车场|物业|居委|校区|院区|分院|本部|综合楼|住院|门诊|宿舍|家属)"
)
STREET_POINT_M = 2000.0
"""How far an address may be from the one place that is named like its street, a station for example."""
_AREA = re.compile("(?:新城|新区|开发区|园区|片区|示范区|小镇|[镇乡村])$")


class Named(NamedTuple):
    """A name that stands in a text."""

    start: int
    end: int
    rows: tuple[Row, ...]
    """One row for each place of the name in the division."""


def names_inside(places: PlaceIndex, text: str, *, within: Sequence[str]) -> list[Named]:
    """Return the names of places that stand in a text and mean one place in a division, the longest first.

    Parameters
    ----------
    text
        What follows the divisions.
    within
        Codes of the division typed, chosen or near; empty for all of China, where only a name that no other place
        carries counts.
    """
    key = to_key(text)
    spans = {
        key[start:end]: (start, end)
        for start in range(len(key) - 1)
        for end in range(start + 2, min(len(key), start + LONGEST) + 1)
        if _may_be_a_name(key, start, end)
    }
    if not spans:
        return []
    most = MOST[size_of(within)]
    wide = size_of(within) != "district"
    found: list[Named] = []
    for name, hits in places.file.keys_inside(list(spans)).items():
        inside = [number for number, code in hits if not within or any(is_inside(code, w[:6]) for w in within)]
        whole = spans[name] == (0, len(key))
        if (
            not inside
            or len(inside) > 40
            or (len(hits) > most and not whole)
            or (wide and (is_generic(name) or is_common(name)))
        ):
            continue
        rows = merge_rows([r for r in places.file.rows(inside) if r.kind not in LEVELS and r.kind != "street"])
        rows = [r for r in rows if within or whole or not begins_elsewhere(places.file, r)]
        if len(rows) == 1:
            found.append(Named(*spans[name], tuple(rows)))
    found.sort(key=lambda named: (named.start - named.end, named.start))
    return found


def _may_be_a_name(key: str, start: int, end: int) -> bool:
    whole = (start, end) == (0, len(key))
    if key[start - 1 : start].isdigit() and key[start].isdigit():  # 24号口 is no 4号口
        return False
    han = sum(1 for c in key[start:end] if HAN.match(c))
    if han < 2 or (end - start < 3 and not whole):
        return False
    return bool(_BEGINS.search(key[:start]) and _ENDS.match(key[end:]))


def with_namesakes(places: PlaceIndex, name: str, found: Resolved, bias: Bias) -> Resolved:
    """Return a district of a bare name that is a word as well, with the towns of that name to ask about: 城东."""
    if len(found.meanings) != 1:
        return found
    towns = [n.code for n in places.file.divisions.names.get(name) if is_township_code(n.code) and n.kind == "short"]
    others = [Meaning(places.place(c)) for c in towns[:MOST_NAMESAKES] if c[:6] != found.meanings[0].place.adcode]
    chosen = choose_meaning([*found.meanings, *others], bias, local=True)
    return chosen._replace(sure=len(chosen.meanings) < 2 and bool(bias.region or bias.near))


def find_inside(places: PlaceIndex, text: str, *, within: Sequence[str]) -> list[Meaning]:
    """Return the one place that the names in a text mean, or none: the longest name, unless another contradicts it."""
    named = names_inside(places, text, within=within)
    if not named:
        return []
    best = named[0]
    for other in named[1:]:
        overlaps = other.start < best.end and best.start < other.end
        if not overlaps and gap_m(best.rows[0], other.rows[0]) > AGREE_M:
            return []
    key = to_key(text)
    site = unnamed_site(places, best.rows[0], key[best.start : best.end], key[best.end :], within)
    return [site or meaning_of(best.rows[0], street=is_street_name(to_key(best.rows[0].name)))]


def is_surely(meaning: Meaning) -> bool:
    """Tell whether more is known of a street than one place that is named like it, without any city said."""
    return "street_about" not in meaning.notes or meaning.place.error_m != STREET_POINT_M


def meaning_of(row: Row, *, street: bool) -> Meaning:
    """Return the place of a row; of a street that is meant only the place that is named like it is known.

    A station 文三路 stands somewhere at the street of that name, which is kilometres long. A sight of such a name is
    the street itself.
    """
    if not street or row.kind in {"street", "sight", "village"} or row.lon is None:
        return Meaning(row.place())
    about = row._replace(precision=Precision.STREET, error_m=max(row.error_m or 0.0, STREET_POINT_M))
    return Meaning(about.place(note="street_about"), ("street_about",))


def named_nearly(places: PlaceIndex, text: str, within: Sequence[str]) -> list[Meaning]:
    """Return the places whose name has something more inside: 五里沟人社中心 -> 五里沟街道人社中心.

    Of an area (沣东新城) what is named after it (沣东新城政务中心) says only about where it is.
    """
    key = to_key(text)
    if not 4 <= len(key) <= 20 or not all(HAN.match(c) for c in key):
        return []
    area = area_filter(within)
    splits = [f"({phrase(key[:i])} AND {phrase(key[i:])})" for i in range(2, len(key) - 1)]
    rows = places.file.match(f"({' OR '.join([phrase(key), *splits])}){area}", 60)
    rows = [r for r in rows if r.kind in {"office", "poi", "station"} and has_in_order(to_key(r.name), key)]
    if _AREA.search(key):
        rows = [r._replace(name=text, precision=Precision.VILLAGE, error_m=STREET_POINT_M) for r in rows]
    return [Meaning(r.place()) for r in merge_rows(rows)]


def at_crossing(places: PlaceIndex, query: str, crossing: Crossing, bias: Bias) -> Resolved:
    """Return where two streets cross, as far as their extents are known; else the city, with the reason."""
    head = _full_names(places, query, bias)
    codes = head.codes or bias.region
    one = crossing.one.removeprefix(query[: len(query) - len(head.rest)]) if head.codes else crossing.one
    streets = [_street_of(places, name, codes) for name in (one, crossing.other)]
    pairs = [(a, b) for a in streets[0] for b in streets[1] if _apart_m(a, b) <= CROSSING_M + _errors_m(a, b)]
    if len(pairs) == 1:
        return Resolved((Meaning(_between(*pairs[0]), ()),))
    known = [m for street in streets for m in street]
    if len(pairs) > 1:
        return Resolved(tuple(Meaning(_between(a, b)) for a, b in pairs[:10]))
    shared = () if codes or len(known) != 1 else shared_cities(places, crossing.one, crossing.other)
    if len(known) == 1 and (codes or any(is_local(m, Bias(shared)) for m in known)):  # on the one street that is known
        error_m = max(known[0].place.error_m or 0.0, STREET_POINT_M)
        place = replace(known[0].place, error_m=error_m, note="street_about")
        return Resolved((Meaning(place, ("street_about",)),))
    if codes:
        return Resolved(tuple(Meaning(places.place(c, note="street_unknown"), ("street_unknown",)) for c in codes))
    one_cities, other_cities = ({prefecture_of(c) for m in street if (c := m.place.adcode)} for street in streets)
    if not one_cities & other_cities:  # where one street is known nothing is known of the other
        return Resolved()
    return choose_meaning([m._replace(notes=("street_unknown",)) for m in known[:10]], bias, local=True)._replace(
        sure=False
    )


def read_divisions(places: PlaceIndex, query: str, bias: Bias) -> DivisionReading:
    """Return the best reading of a text's divisions; the chosen city decides between equals."""
    table = places.file.divisions
    best = table.read_head(query)[0]
    lone_town = bool(best.codes) and best.names == 1 and table.levels[best.codes[0]] == "township"
    if bias.region and (lone_town or len(best.codes) != 1 or best.kind != "full"):
        local = table.read_head(query, within=bias.region)[0]
        if local.codes and (local.weight >= best.weight or lone_town):
            best = local
    if best.rest in _KINDS and best.kind == "short":  # 思茅市, which is 思茅区 today; but 西湖区 in 广东 is no 西湖街道
        below = table.levels[best.codes[0]] == "township" and best.rest not in "镇乡"
        former = best._replace(rest="", kind="former")
        best = DivisionReading(best.outer, best.name + best.rest, 0.0, names=best.names - 1) if below else former
    if len(best.codes) == 1 and best.rest and table.levels[best.codes[0]] in {"province", "city"}:
        inside = table.find_inside(best.rest, within=best.codes)
        if inside is not None:
            return inside._replace(weight=best.weight + inside.weight, names=best.names + 1)
    return best


def _full_names(places: PlaceIndex, query: str, bias: Bias) -> DivisionReading:
    """Return the reading of the divisions that are written out or lie in one: a street is no township here."""
    for reading in places.file.divisions.read_head(query, within=bias.region if bias.region else ()):
        if reading.codes and all(len(code) == 6 for code in reading.codes) and reading.rest:
            return reading
    return DivisionReading((), query, 0.0)


def _street_of(places: PlaceIndex, name: str, within: Sequence[str]) -> list[Meaning]:
    rows = [r for r in places.file.named(to_key(name), within=within) if r.kind not in LEVELS]
    known = [Meaning(r.place()) for r in merge_rows([r for r in rows if r.kind == "street"])] or [
        Meaning(spot) for number in places.numbers.streets(name) for spot in places.extent(number, name, within)
    ]
    known = known or area_of(places, name, within=within, precision=Precision.STREET)
    return known or [meaning_of(r, street=True) for r in merge_rows(rows)]


def _apart_m(one: Meaning, other: Meaning) -> float:
    return _away_m(one.place, (other.place.lon or 0.0, other.place.lat or 0.0))


def _errors_m(one: Meaning, other: Meaning) -> float:
    return (one.place.error_m or 0.0) + (other.place.error_m or 0.0)


def _between(one: Meaning, other: Meaning) -> Place:
    """Return the place between two streets, as unsure as the shorter of them is long."""
    a, b = sorted((one.place, other.place), key=lambda place: place.error_m or 0.0)
    share = (a.error_m or 1.0) / ((a.error_m or 1.0) + (b.error_m or 1.0))
    lon = (a.lon or 0.0) + share * ((b.lon or 0.0) - (a.lon or 0.0))
    lat = (a.lat or 0.0) + share * ((b.lat or 0.0) - (a.lat or 0.0))
    error_m = max(a.error_m or 0.0, _apart_m(one, other))
    label = f"{one.place.label}/{other.place.label.rpartition('市')[2]}"
    return replace(a, label=label, lon=lon, lat=lat, error_m=round(error_m), precision=Precision.STREET)


def in_township(meaning: Meaning, codes: Sequence[str]) -> Meaning:
    """Return a place in the township that was typed before it, where it lies in that township's district."""
    place = meaning.place
    if len(codes) != 1 or not is_township_code(codes[0]) or place.township or place.adcode != codes[0][:6]:
        return meaning
    return meaning._replace(place=replace(place, township=codes[0]))


def is_local(meaning: Meaning, bias: Bias) -> bool:
    """Tell whether a place lies in the chosen region."""
    return bool(meaning.place.adcode) and any(is_inside(meaning.place.adcode or "", code) for code in bias.region)


def choose_meaning(meanings: list[Meaning], bias: Bias, *, local: bool) -> Resolved:
    """Return the one meaning near the person or in the chosen region, else all of them."""
    if len(meanings) > 1 and bias.region:
        inside = [m for m in meanings if is_local(m, bias)]
        meanings = inside or meanings
    if len(meanings) > 1 and bias.near is not None:
        gaps = [_away_m(m.place, bias.near) for m in meanings]
        order = sorted(range(len(meanings)), key=gaps.__getitem__)
        close = [i for i in order if gaps[i] < NEAR_M]
        meanings = [meanings[i] for i in (close[:1] if local and len(close) == 1 else order)]
    return Resolved(tuple(join_alike(meanings)))


def join_alike(meanings: Sequence[Meaning]) -> list[Meaning]:
    """Return meanings of one district as one where nobody could say which is meant, as unsure as they lie apart.

    Those that read the same (three campuses of 山西大学), and a place beside the township that is named after it.
    """
    if len(meanings) < 2 or len({m.place.adcode for m in meanings}) > 1 or any(m.place.lon is None for m in meanings):
        return list(meanings)
    spots = [m for m in meanings if m.place.township is None] or list(meanings)
    first = spots[0]
    reach = max(_away_m(m.place, (first.place.lon or 0.0, first.place.lat or 0.0)) for m in spots)
    if len({m.place.label for m in spots}) > 1 or reach > WIDEST_JOIN_M:
        return list(meanings)
    error_m = round(max((first.place.error_m or 0.0), reach + (first.place.error_m or 0.0) if reach else 0.0))
    precision = first.place.precision if error_m < AREA_LEAST_M else Precision.VILLAGE
    return [first._replace(place=replace(first.place, error_m=error_m, precision=precision))]


def _away_m(place: Place, near: tuple[float, float]) -> float:
    if place.lon is None or place.lat is None:
        return float("inf")
    return float(distance_m(place.lon, place.lat, *near))


def divisions_of(
    places: PlaceIndex, reading: DivisionReading, note: str | None, notes: tuple[str, ...]
) -> tuple[Meaning, ...]:
    """Return the divisions of a reading; one place for an area of several districts."""
    if reading.kind == "area" and len(reading.codes) > 1:
        return (Meaning(places.area(reading.name, reading.codes, note=note), notes),)
    return tuple(Meaning(places.place(code, note=note), notes) for code in reading.codes)


def what_is_unknown(places: PlaceIndex, address: Address, within: Sequence[str]) -> str:
    """Return the note on what of an address is not known in its divisions."""
    if address.street and address.number and places.knows_street(address.street, within):
        return "number_unknown"
    return "street_unknown" if address.street else "rest_unknown"


def in_region(places: PlaceIndex, query: str, bias: Bias) -> Resolved:
    """Return the chosen city for an address whose street nobody knows."""
    address = read_address(query)
    if len(bias.region) != 1 or not (address.street or address.village):
        return Resolved()
    return Resolved((Meaning(places.place(bias.region[0], note="street_unknown"), ("street_unknown", "city_assumed")),))


def named_after(places: PlaceIndex, address: Address, text: str, within: Sequence[str]) -> list[Meaning]:
    """Return the area or street that a text names and no map does, by what is named after it."""
    if address.street and to_key(text).startswith(address.street):
        note = "number_unknown" if address.number or address.lane else "street_about"
        found = area_of(places, address.street, within=within, precision=Precision.STREET)
        return [Meaning(replace(m.place, note=note), (note,)) for m in found]
    return area_of(places, without_tail(to_key(text)), within=within, precision=Precision.VILLAGE)


def asked_here(places: PlaceIndex, query: str, far: Sequence[Meaning], bias: Bias) -> Resolved:
    """Return the chosen region first, then what the text means elsewhere: the person says which."""
    note = "street_unknown" if read_address(query).street else "rest_unknown"
    here = tuple(Meaning(places.place(code, note=note), (note,)) for code in bias.region[:1])
    return Resolved((*here, *far), sure=False)
