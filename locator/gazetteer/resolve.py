"""What a Chinese text means: its divisions, then its street and number, a place by name, or only the divisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from locator.datum import distance_m
from locator.gazetteer.address import Address, read_address
from locator.gazetteer.deletion_index import correct_head
from locator.gazetteer.divisions import Reading, city_stems, is_within
from locator.gazetteer.index import Row, area_filter, phrase
from locator.gazetteer.places import Places
from locator.gazetteer.records import Meaning
from locator.gazetteer.text import HAN, split_parts, to_key
from locator.model import Place

NEAR_M = 60_000.0
"""A place this near to where the person is known to be is meant before one elsewhere."""
_DIVISIONS = frozenset({"province", "city", "district", "zone", "township"})


class Bias(NamedTuple):
    """Where the person is known to be, if at all."""

    region: tuple[str, ...] = ()
    """Codes of the chosen city or district."""
    near: tuple[float, float] | None = None
    """(lon, lat) in WGS-84 degrees."""


class Resolved(NamedTuple):
    """Meanings of a text, best first; more than one when it is ambiguous."""

    meanings: tuple[Meaning, ...] = ()

    @property
    def one(self) -> Meaning | None:
        """The only meaning, or None."""
        return self.meanings[0] if len(self.meanings) == 1 else None


def resolve_han(places: Places, text: str, bias: Bias) -> Resolved:
    """Return what a text with Chinese characters means; empty when it is not understood."""
    query = join_parts(places, text)
    if not query:
        return Resolved()
    whole = _named_whole(places, query, bias)
    if whole.meanings:
        return whole
    reading = read_divisions(places, query, bias)
    if reading.codes and not reading.rest and reading.names == 1 and len(reading.codes[0]) == 9:
        return _township_or_place(places, reading, query, bias)
    if reading.codes:
        return _with_divisions(places, reading, bias)
    found = _without_divisions(places, query, bias)
    if not found.meanings:
        found = _corrected(places, query, bias)
    return found if found.meanings else _in_region(places, query, bias)


def join_parts(places: Places, text: str) -> str:
    """Return the text in Chinese order, the divisions first: 莲花路2006号, 福田区, 深圳 -> 深圳福田区 莲花路2006号."""
    parts = split_parts(text)
    words = [word for part in parts for word in part.split()]
    if len(words) > 1:
        table = places.file.divisions
        codes = {word: table.called(word) for word in words if not any(c.isdigit() for c in word)}
        heads = [w for w in words if codes.get(w) and len(w) > 1]
        ordered = sorted(heads, key=lambda w: min(table.level(n.code) for n in codes[w]))
        if heads and (words[0] not in heads or ordered != heads):
            heads = ordered
            words = [*heads, *(w for w in words if w not in heads)]
            return "".join(words[: len(heads)]) + " " + " ".join(words[len(heads) :])
    return " ".join(parts).removeprefix("中国").strip()


def read_divisions(places: Places, query: str, bias: Bias) -> Reading:
    """Return the best reading of a text's divisions; the chosen city decides between equals."""
    table = places.file.divisions
    best = table.read_head(query)[0]
    if bias.region and (len(best.codes) != 1 or best.kind != "full"):
        local = table.read_head(query, within=bias.region)[0]
        if local.codes and local.weight >= best.weight:
            best = local
    if len(best.codes) == 1 and best.rest and table.levels[best.codes[0]] in {"province", "city"}:
        inside = table.find_inside(best.rest, within=best.codes)
        if inside is not None:
            return inside._replace(weight=best.weight + inside.weight, names=best.names + 1)
    return best


def _named_whole(places: Places, query: str, bias: Bias) -> Resolved:
    """Return the places, not divisions, whose very name the text is."""
    key = to_key(query)
    if len(key) < 4:
        return Resolved()
    rows = [r for r in places.file.named(key) if r.kind not in _DIVISIONS]
    if key in places.file.divisions.names:
        return Resolved()
    return choose([Meaning(r.place(), ()) for r in merge_rows(rows)], bias, local=False)


def _township_or_place(places: Places, reading: Reading, query: str, bias: Bias) -> Resolved:
    """Return a township of a name and the streets and places of that very name: 长江路 is both."""
    found = list(_with_divisions(places, reading, bias).meanings)
    if reading.kind == "short":
        rows = [r for r in places.file.named(to_key(query)) if r.kind not in _DIVISIONS]
        found = [*(Meaning(r.place()) for r in merge_rows(rows)), *found]
    return choose(found, bias, local=True)


def _with_divisions(places: Places, reading: Reading, bias: Bias) -> Resolved:
    notes = ("renamed",) if reading.kind == "former" else ()
    if not reading.rest:
        return Resolved(tuple(Meaning(places.place(code), notes) for code in reading.codes))
    address = read_address(reading.rest)
    found = find_address(places, address, reading.rest, within=reading.codes, finest=_only(reading.codes))
    if found:
        named = tuple(m._replace(notes=(*notes, *m.notes)) for m in found)
        return choose(list(named), bias, local=True)
    finer = correct_head(places, reading.rest, within=reading.codes) if len(reading.codes) == 1 else []
    if len(finer) == 1 and not address.number:
        return Resolved((Meaning(places.place(finer[0].code), (*notes, "corrected")),))
    unknown = _what_is_unknown(places, address, reading.codes)
    return Resolved(tuple(Meaning(places.place(code, note=unknown), (*notes, unknown)) for code in reading.codes))


def _only(codes: Sequence[str]) -> str | None:
    return codes[0] if len(codes) == 1 else None


def _what_is_unknown(places: Places, address: Address, within: Sequence[str]) -> str:
    if address.street and address.number and _known_street(places, address.street, within):
        return "number_unknown"
    return "street_unknown" if address.street else "rest_unknown"


def _known_street(places: Places, street: str, within: Sequence[str]) -> bool:
    stems = city_stems(within)
    for number in places.numbers.streets(street):
        area = f" AND area IN ({','.join('?' * len(stems))})" if stems else ""
        if places.file.ask(f"SELECT 1 FROM number WHERE street = ?{area} LIMIT 1", (number, *stems)):  # noqa: S608
            return True
    return False


def _without_divisions(places: Places, query: str, bias: Bias) -> Resolved:
    address = read_address(query)
    found = find_address(places, address, query, within=bias.region, finest=None)
    if not found and bias.region:
        found = find_address(places, address, query, within=(), finest=None)
    assumed = [m._replace(notes=(*m.notes, "city_assumed")) for m in found]
    return choose(assumed, bias, local=True)


def _in_region(places: Places, query: str, bias: Bias) -> Resolved:
    """Return the chosen city for an address whose street nobody knows."""
    address = read_address(query)
    if len(bias.region) != 1 or not (address.street or address.village):
        return Resolved()
    return Resolved((Meaning(places.place(bias.region[0], note="street_unknown"), ("street_unknown", "city_assumed")),))


def find_address(
    places: Places, address: Address, text: str, *, within: Sequence[str], finest: str | None
) -> list[Meaning]:
    """Return the street number, place or street that the text behind the divisions means; often none."""
    if address.street and (address.number or address.lane):
        spots = _numbered(places, address, within, finest)
        if spots:
            return spots
    for name in dict.fromkeys((text, address.name, address.village)):
        key = to_key(name)
        rows = [r for r in places.file.named(key, within=within) if r.kind not in _DIVISIONS] if len(key) > 1 else []
        rows = [r for r in rows if r.kind != "street"]
        if rows:
            return [Meaning(r.place()) for r in merge_rows(rows)]
    if address.street:
        rows = [r for r in places.file.named(to_key(address.street), within=within) if r.kind == "street"]
        note = "number_unknown" if address.number or address.lane else None
        if rows:
            return [Meaning(r.place(note=note), (note,) if note else ()) for r in merge_rows(rows)]
    return _named_nearly(places, text, within)


def _named_nearly(places: Places, text: str, within: Sequence[str]) -> list[Meaning]:
    """Return the places whose name has something more inside: 五里沟人社中心 -> 五里沟街道人社中心."""
    key = to_key(text)
    if not 4 <= len(key) <= 20 or not all(HAN.match(c) for c in key):
        return []
    area = area_filter(within)
    splits = [f"({phrase(key[:i])} AND {phrase(key[i:])})" for i in range(2, len(key) - 1)]
    rows = places.file.match(f"({' OR '.join([phrase(key), *splits])}){area}", 60)
    rows = [r for r in rows if r.kind in {"office", "poi", "station"} and _has_in_order(to_key(r.name), key)]
    return [Meaning(r.place()) for r in merge_rows(rows)]


def _has_in_order(name: str, key: str) -> bool:
    rest = iter(name)
    return len(key) * 2 >= len(name) and all(c in rest for c in key)


def _numbered(places: Places, address: Address, within: Sequence[str], finest: str | None) -> list[Meaning]:
    tries = [(address.street, address.number)]
    if address.lane:
        tries = [(f"{address.street}{address.lane}弄", address.number), (address.street, f"{address.lane}弄")]
    for name, number in tries:
        for cut in range(max(1, len(name) - 1)):
            street = name[cut:]
            for known in places.numbers.streets(street) if len(street) > 1 and number else ():
                spots = places.numbers.find(known, number, within=within)
                if spots:
                    shown = places.numbers.name(known)
                    return [Meaning(places.spot(shown, number, spot, finest=finest)) for spot in spots]
    return []


def merge_rows(rows: list[Row]) -> list[Row]:
    """Drop a place within 300 m of an earlier one of the same name: it is the same."""
    kept: list[Row] = []
    for row in rows[:40]:
        if row.lon is None or row.lat is None:
            continue
        same = (k for k in kept if k.lon is not None and k.lat is not None)
        if all(float(distance_m(row.lon, row.lat, k.lon, k.lat)) > 300 for k in same):  # type: ignore[arg-type]
            kept.append(row)
    return kept


def choose(meanings: list[Meaning], bias: Bias, *, local: bool) -> Resolved:
    """Return the one meaning near the person or in the chosen region, else all of them."""
    if len(meanings) > 1 and bias.region:
        inside = [m for m in meanings if m.place.adcode and any(is_within(m.place.adcode, c) for c in bias.region)]
        meanings = inside or meanings
    if len(meanings) > 1 and bias.near is not None:
        gaps = [_gap_m(m.place, bias.near) for m in meanings]
        order = sorted(range(len(meanings)), key=gaps.__getitem__)
        close = [i for i in order if gaps[i] < NEAR_M]
        meanings = [meanings[i] for i in (close[:1] if local and len(close) == 1 else order)]
    return Resolved(tuple(meanings))


def _gap_m(place: Place, near: tuple[float, float]) -> float:
    if place.lon is None or place.lat is None:
        return float("inf")
    return float(distance_m(place.lon, place.lat, *near))


def _corrected(places: Places, query: str, bias: Bias) -> Resolved:
    """Return what the text means with one slip in its first division's name put right."""
    fixes = correct_head(places, query, within=bias.region)
    table = places.file.divisions
    readings: list[Reading] = []
    for fix in fixes:
        rest = query[fix.length :].strip()
        below = table.read_head(rest, within=(fix.code,))[0] if rest else None
        plain = Reading((fix.code,), rest, 1.0, "full", fix.name, 1)
        readings.append(below if below is not None and below.codes else plain)
    deepest = max((r.weight for r in readings), default=0.0)
    meanings = [m for r in readings if r.weight == deepest for m in _with_divisions(places, r, bias).meanings]
    return Resolved(tuple(m._replace(notes=("corrected", *m.notes)) for m in meanings[:10]))
