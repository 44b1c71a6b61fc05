"""What a Chinese text means: its divisions, then its street and number, a place by name, or only the divisions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from locator.adcode import is_township_code, prefecture_of, size_of
from locator.gazetteer.address import (
    ANYWHERE,
    ITS_OWN,
    ITS_ZONE,
    NAME_GOES_ON,
    NAMED_AFTER,
    OUTLYING,
    Address,
    is_a_village,
    is_a_word,
    is_common,
    is_generic,
    is_kind_word,
    is_nature,
    is_street_name,
    other_forms,
    read_address,
    read_crossing,
    scenic_forms,
    strip_pasted,
    without_exit,
    without_shopping,
)
from locator.gazetteer.deletion_index import correct_below, correct_readings
from locator.gazetteer.divisions import LEVELS, DivisionReading
from locator.gazetteer.index import is_in_capital, merge_rows, weigh
from locator.gazetteer.named import (
    asked_here,
    at_crossing,
    choose_meaning,
    divisions_of,
    find_inside,
    in_region,
    in_township,
    is_local,
    is_surely,
    join_alike,
    meaning_of,
    named_after,
    named_nearly,
    read_divisions,
    what_is_unknown,
    with_namesakes,
)
from locator.gazetteer.namesakes import (
    affiliated,
    area_of,
    at_home,
    cities_of_street,
    home_of,
    is_city,
    is_fuller,
    is_its_station,
    is_plain,
    later_city,
    many_may_be,
    may_be_anywhere,
    may_have_underground,
    moved_town,
    outlying,
    own_campus,
    rivals_of,
    sites_of,
    stations_area,
    with_town,
)
from locator.gazetteer.places import Bias, Meaning, PlaceIndex, Resolved
from locator.gazetteer.text import MAX_TEXT, to_key
from locator.model import Precision

_FORMER_TOWN = re.compile("(?P<name>[\u4e00-\u9fff]{2,4}?[镇乡])")
_NAMELESS_ZONE = re.compile("^(?:高新技术产业|高新|经济技术|经济|技术)?(?:开发区|高新区|经开区)(?=.{2})")
"""A zone of the division before it, which has no name of its own."""
MOST_ASKED = 10
"""Nobody finds the place they mean in a list of more than this."""
_UNDERGROUND = ("地铁站", "轻轨站")
LACKING = frozenset({"street_unknown", "rest_unknown"})
"""Notes of a place of which a part of the text was not found."""


def resolve_han(places: PlaceIndex, text: str, bias: Bias) -> Resolved:
    """Return what a text with Chinese characters means; empty when it is not understood."""
    query = without_exit(places.join_parts(strip_pasted(text[: 2 * MAX_TEXT])))
    if not query:
        return Resolved()
    whole = _named_whole(places, query, bias)
    if whole.meanings:
        return whole
    query = with_town(places, without_shopping(query))
    crossing = read_crossing(query)
    if crossing is not None:
        return at_crossing(places, query, crossing, bias)
    reading = read_divisions(places, query, bias)
    if not reading.codes and (started := places.read_later(query)):
        query, reading = started
    if other := places.contradicted(reading):  # both are asked about, unless they sound alike: 红山区 in 武汉
        sounds = _corrected_below(places, reading.rest, reading, bias)
        if sounds.meanings:
            return sounds
        meanings = (m for r in (other, reading._replace(rest="")) for m in _with_divisions(places, r, bias).meanings)
        return Resolved(tuple(meanings), sure=False)
    if reading.codes and not reading.rest and reading.names == 1 and _level(places, reading) == "township":
        return _township_or_place(places, reading, query, bias)
    if reading.codes and (not reading.rest or is_plain(places, reading)):
        return _plainly(places, reading, bias)
    return _weakly(places, query, reading, bias)


def _plainly(places: PlaceIndex, reading: DivisionReading, bias: Bias) -> Resolved:
    """Return what a text means whose divisions are meant for sure, unless a short one is only named after.

    云龙湖 in 徐州 lies in no 云龙区, and 西安小寨 is an area of the city as well as a town far outside.
    """
    found = _with_divisions(places, reading, bias)
    short = reading.kind == "short"
    inner = short and reading.names > 1 and len(reading.codes) == len(reading.outer) == 1
    level = _level(places, reading)
    if short and reading.names == 1 and not reading.rest and level == "district" and is_a_word(reading.name):
        return with_namesakes(places, reading.name, found, bias)
    if inner and level == "township" and not reading.rest and places.file.divisions.level(reading.outer[0]) < 2:
        areas = area_of(places, reading.name, within=reading.outer, precision=Precision.VILLAGE)
        others = tuple(m for m in areas if m.place.adcode != reading.codes[0][:6])
        return Resolved((*others, *found.meanings), sure=False) if others else found
    if (
        reading.names > 1
        and level == "township"
        and ITS_ZONE.fullmatch(reading.name)
        and size_of(reading.outer) == "city"
    ):
        city = divisions_of(
            places, reading._replace(codes=reading.outer, kind="full"), "rest_unknown", ("rest_unknown",)
        )
        return Resolved((*city, *found.meanings), sure=False)
    if not _is_lacking(found):
        return found
    if town := moved_town(places, reading):
        return Resolved((*_with_divisions(places, town, bias).meanings, *found.meanings), sure=False)
    if others := outlying(places, reading):
        return Resolved((*others, *found.meanings), sure=False)
    if inner and level in {"district", "township"} and NAMED_AFTER.match(reading.rest):
        around = reading._replace(codes=reading.outer, rest="", name="", names=reading.names - 1)
        outer = divisions_of(places, around, "rest_unknown", ("rest_unknown",))
        return Resolved((*found.meanings, *outer), sure=False)
    return _beside_former(places, reading, found, bias)


def _level(places: PlaceIndex, reading: DivisionReading) -> str:
    return places.file.divisions.levels[reading.codes[0]]


def _weakly(places: PlaceIndex, query: str, reading: DivisionReading, bias: Bias) -> Resolved:
    """Return what a text means that begins with a short name or a bare township, or with no division at all.

    珠江路 is a township of Luoyang and a street of forty cities, 苏州桥 no Suzhou, 九堡镇 another town in another
    province: unless more of the text is understood there, the person is asked.
    """
    understood = _with_divisions(places, reading, bias) if reading.codes else Resolved()
    if understood.meanings and not _is_lacking(understood):
        return understood
    later = later_city(places, query, reading)
    if later is not None:
        found, own = _with_divisions(places, later, bias), own_campus(places, query, later)
        return Resolved((*own, *found.meanings), sure=False) if own else found
    found = _without_divisions(places, query, bias)
    if found.meanings:
        return found
    if not reading.codes and (town := _FORMER_TOWN.match(query)):
        codes = places.file.divisions.namesakes(town["name"])
        former = DivisionReading(codes, query[town.end() :].strip(), 1.0, "former", town["name"], 1)
        if codes:
            return _with_divisions(places, former, bias)._replace(sure=len(codes) == 1 and not former.rest)
    if is_city(places, reading):
        if not NAME_GOES_ON.match(reading.rest):
            return _in_city(places, reading, bias)
    else:
        corrected = Resolved() if query.endswith(_UNDERGROUND) else _corrected(places, query, bias)
        found = corrected if corrected.meanings else in_region(places, query, bias)
        if found.meanings or not reading.codes:
            return found
    namesakes = places.file.divisions.namesakes(reading.name) if reading.kind == "full" else ()
    reading = reading._replace(codes=tuple(dict.fromkeys((*reading.codes, *namesakes))))
    meanings = _with_divisions(places, reading, bias).meanings
    goes_on = NAME_GOES_ON.match(reading.rest) or query.endswith(_UNDERGROUND) or is_a_word(reading.name)
    return Resolved(meanings, sure=False) if not goes_on else Resolved()


def _in_city(places: PlaceIndex, reading: DivisionReading, bias: Bias) -> Resolved:
    """Return a city with words behind it that are not understood, unless they stand for something anywhere."""
    found = _with_divisions(places, reading, bias)
    few = len(reading.rest) < 3 and not ITS_OWN.match(reading.rest)
    shop = ANYWHERE.fullmatch(reading.rest) and not places.file.divisions.read_head(reading.rest)[0].codes
    anywhere = reading.kind != "nickname" and (few or shop)
    others = outlying(places, reading)
    sure = found.sure and not (anywhere or others or OUTLYING.search(reading.rest))
    return Resolved((*others, *found.meanings), sure)


def _is_lacking(found: Resolved) -> bool:
    """Tell whether a part of the text behind the divisions is not understood."""
    return any(LACKING & set(m.notes) for m in found.meanings)


def _beside_former(places: PlaceIndex, reading: DivisionReading, found: Resolved, bias: Bias) -> Resolved:
    """Return what a text means in a district of today and in one that had its name: 东山区 in 鹤岗, or once in 广州."""
    if reading.names > 1 or bias.region or bias.near or reading.kind != "full":
        return found
    former = tuple(n.code for n in places.file.divisions.names.get(reading.name) if n.kind == "former")
    if not former or set(former) <= set(reading.codes):
        return found
    once = _with_divisions(places, reading._replace(codes=former, kind="former"), bias)
    return Resolved((*found.meanings, *once.meanings), sure=False) if _is_lacking(once) else once


def _named_whole(places: PlaceIndex, query: str, bias: Bias) -> Resolved:
    """Return the places, not divisions, whose very name the text is, or is but for 站 and 地铁站."""
    key = to_key(query)
    if key in places.file.divisions.names:
        return Resolved()
    known = is_street_name(key) or bool(places.file.named(key))
    forms = (key, *other_forms(key)) if len(key) > 3 else (key,) if is_street_name(key) else ()
    for name in (*forms, *(() if known else scenic_forms(key))):
        rows = [r for r in places.file.named(name) if r.kind not in LEVELS]
        rows = [r for r in rows if to_key(r.name) == name] or rows
        if name != key and key.endswith("站") and not bias.region:  # 宋家庄站 is not at a village
            rows = [r for r in rows if may_have_underground(places, r)]
        merged = at_home(places.file, weigh(merge_rows(rows)), key)
        if name != key and len(merged) > MOST_ASKED:  # an underground is in a large city
            merged = [r for r in merged if is_in_capital(r.code)]
        if merged and (name == key or len(merged) <= MOST_ASKED):
            alone = not (bias.region or bias.near)
            if name == key:
                sure = not (alone and many_may_be(places, merged[0], key))
            else:
                sure = len(merged) == 1 and not is_common(key)
                sure = sure and (len(name) > 4 or is_its_station(places.file, merged[0], name))
                cities = [n for n in places.file.divisions.names.get(key[:-3]) if n.code.endswith("00")]
                sure = sure and not (cities and key.endswith("高铁站"))
            others = rivals_of(places, merged[0], key) if alone and name == key and len(merged) == 1 else []
            meanings = [meaning_of(r, street=is_street_name(key)) for r in merged]
            if alone and len(meanings) == 1 and not is_surely(meanings[0]):
                break
            if alone and not sure and name != key:
                meanings += [m for m in stations_area(places, key) if m.place.adcode not in {r.code for r in merged}]
            found = choose_meaning([*meanings, *others], bias, local=False)
            return found._replace(sure=sure and not others)
    if bias.region:
        return Resolved()
    if len(own := affiliated(places, key)) == 1:
        return Resolved((Meaning(own[0].place()),))
    head = places.file.divisions.read_head(key)[0]
    sites = sites_of(places.file, key) if not head.codes or is_kind_word(head.rest) else []
    return Resolved(tuple(join_alike([Meaning(r.place()) for r in sites]) or stations_area(places, key)), sure=False)


def _township_or_place(places: PlaceIndex, reading: DivisionReading, query: str, bias: Bias) -> Resolved:
    """Return a township of a name and the streets and places of that very name: 长江路 is both."""
    if reading.kind == "full" and len(reading.codes) == 1 and not bias.region:
        others = [c for c in places.file.divisions.namesakes(reading.name) if c not in reading.codes]
        reading = reading._replace(codes=(*reading.codes, *others))
    found = list(_with_divisions(places, reading, bias).meanings)
    if reading.kind == "short":
        rows = [r for r in places.file.named(to_key(query)) if r.kind not in LEVELS]
        found = [*(Meaning(r.place()) for r in merge_rows(rows)), *found]
    if bias.region and not any(is_local(m, bias) for m in found):
        return asked_here(places, query, found, bias)
    street = reading.kind == "short" and bool(read_address(query).street)  # 桂林路 is a street of forty cities
    word = is_a_word(reading.name) or (is_nature(reading.name) and not found[-1].place.label.endswith("街道"))
    sure = bool(bias.region or bias.near) or not (street or word)
    return choose_meaning(found, bias, local=True)._replace(sure=sure)


def _with_divisions(places: PlaceIndex, reading: DivisionReading, bias: Bias) -> Resolved:
    notes = ("renamed",) if reading.kind == "former" else ()
    if not reading.rest:
        return Resolved(divisions_of(places, reading, None, notes))
    rest = _NAMELESS_ZONE.sub("", reading.rest) or reading.rest
    address = read_address(rest)
    finest = reading.codes[0] if len(reading.codes) == 1 else None
    found = find_address(places, address, rest, within=reading.codes, finest=finest)
    if found:
        named = [in_township(m._replace(notes=(*notes, *m.notes)), reading.codes) for m in found]
        return choose_meaning(named, bias, local=True)
    longer = reading.name + rest if reading.kind == "short" and is_city(places, reading) else ""
    within_it = longer and not places.file.named(to_key(longer))  # 南京站北广场 is at 南京站
    if within_it and (named := find_inside(places, longer, within=reading.codes)):
        return Resolved(tuple(named))
    finer = _corrected_below(places, rest, reading, bias)
    if finer.meanings:
        return finer
    if reading.kind == "short" and reading.outer and _level(places, reading) in {"township", "zone"}:
        before = DivisionReading(reading.outer, reading.name + reading.rest, 0.0, names=reading.names - 1)
        named = find_inside(places, before.rest, within=before.codes)
        finer = Resolved(tuple(named)) if named else _corrected_below(places, before.rest, before, bias)
        if finer.meanings:  # 望京SOHO is a place; 沙坪霸区 is no 沙坪
            return finer
    unknown = what_is_unknown(places, address, reading.codes)
    return Resolved(divisions_of(places, reading, unknown, (*notes, unknown)))


def _corrected_below(places: PlaceIndex, rest: str, reading: DivisionReading, bias: Bias) -> Resolved:
    """Return what the text means with one slip put right in the next division's name: 蒲东新区 in Shanghai."""
    below = correct_below(places, rest, reading)
    if below is None:
        return Resolved()
    notes = (*(("renamed",) if reading.kind == "former" else ()), "corrected")
    found = _with_divisions(places, below, bias).meanings
    return Resolved(tuple(m._replace(notes=(*notes, *m.notes)) for m in found))


def _without_divisions(places: PlaceIndex, query: str, bias: Bias) -> Resolved:
    address = read_address(query)
    found = find_address(places, address, query, within=bias.region, finest=None)
    elsewhere = not found and bool(bias.region)
    if elsewhere:
        found = find_address(places, address, query, within=(), finest=None)
    assumed = [m._replace(notes=(*m.notes, "city_assumed")) for m in found]
    chosen = choose_meaning(assumed, bias, local=True)
    if elsewhere and assumed:
        return asked_here(places, query, chosen.meanings, bias)
    alone = not (bias.region or bias.near)
    if len(found) == 1 and alone and not is_surely(found[0]):
        found = []
    if not found and address.street and not bias.region:
        return Resolved(tuple(cities_of_street(places, address.street)), sure=False)
    if alone and address.street and any(m.place.precision is Precision.STREET for m in found):  # 解放路12号
        known = {prefecture_of(m.place.adcode) for m in found if m.place.adcode}
        others = [m for m in cities_of_street(places, address.street) if m.place.adcode not in known]
        named = places.file.divisions.names.get(address.street[:2])
        if named and all(is_township_code(n.code) for n in named):  # 人民路 is in a thousand towns: the city is needed
            return Resolved()
        if others or named:  # a street of many cities, as 和平路 is
            return Resolved((*chosen.meanings, *others), sure=False)
    key = to_key(query)
    street = any("street_about" in m.notes for m in found)
    fuller = street or any(is_fuller(places.file, m.place.label, key) for m in found)
    unsure = may_be_anywhere(places, query, assumed) or (alone and (fuller or is_common(key) or is_a_village(key)))
    home = home_of(places, query, assumed) if alone else ()
    rows = places.file.named(key) if alone and len(found) == 1 and not street else []
    others = rivals_of(places, rows[0], key) if len(rows) == 1 else []
    return Resolved((*home, *chosen.meanings, *others), sure=chosen.sure and not (unsure or home or others))


def find_address(
    places: PlaceIndex, address: Address, text: str, *, within: Sequence[str], finest: str | None
) -> list[Meaning]:
    """Return the street number, place or street that the text behind the divisions means; often none."""
    if address.street and (address.number or address.lane):
        spots = [Meaning(place) for place in places.numbered(address, within=within, finest=finest)]
        if spots:
            return spots
    if is_generic(to_key(text)) and within and size_of(within) != "district":  # a district's hospital is not the city's
        rows = [r for name in places.own_names(to_key(text), within) for r in places.file.named(name, within=within)]
        return [Meaning(r.place()) for r in merge_rows(rows)]
    village = "" if address.village.endswith("庄") and not within else address.village  # 石家庄 is no village
    for name in dict.fromkeys((text, address.name, village)):
        key = to_key(name)
        rows = [r for r in places.file.named(key, within=within) if r.kind not in LEVELS] if len(key) > 1 else []
        rows = [r for r in rows if r.kind != "street"]
        if rows:
            street = bool(address.street) and to_key(address.street) == key
            return [meaning_of(r, street=street) for r in (merge_rows(rows) if within else weigh(merge_rows(rows)))]
    inside = find_inside(places, text, within=within)
    if inside:
        return inside
    forms = (*other_forms(to_key(text)), *other_forms(to_key(address.name)))
    for name in (f for f in dict.fromkeys(forms) if f not in places.file.divisions.names):  # 银川站 is not 银川
        rows = [r for r in places.file.named(name, within=within) if r.kind not in {*LEVELS, "street"}]
        rows = merge_rows([r for r in rows if within or may_have_underground(places, r)])
        if len(rows) == 1:
            return [Meaning(rows[0].place())]
    if address.street:
        rows = [r for r in places.file.named(to_key(address.street), within=within) if r.kind == "street"]
        note = "number_unknown" if address.number or address.lane else None
        if rows:
            return [Meaning(r.place(note=note), (note,) if note else ()) for r in merge_rows(rows)]
    sites = [Meaning(r.place()) for r in sites_of(places.file, to_key(text), within)] if within else []
    return sites or named_after(places, address, text, within) or named_nearly(places, text, within)


def _corrected(places: PlaceIndex, query: str, bias: Bias) -> Resolved:
    """Return what the text means with one slip in its first division's name put right."""
    readings = correct_readings(places, query, within=bias.region)
    deepest = max((r.weight for r in readings), default=0.0)
    meanings = [m for r in readings if r.weight == deepest for m in _with_divisions(places, r, bias).meanings]
    return Resolved(tuple(m._replace(notes=("corrected", *m.notes)) for m in meanings[:10]))
