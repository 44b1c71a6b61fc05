"""Divisions, places and meanings as records; the table of divisions, and its reading of an address's head."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from locator.adcode import holds_cities, is_inside
from locator.gazetteer.address import A_FEATURE, A_LANDMARK, A_STREET, CITIZENS, ITS_ZONE
from locator.gazetteer.text import TOWNSHIP_SUFFIXES
from locator.model import Precision


class PlaceKind(StrEnum):
    """What a place in the index is; divisions in order of size, then the rest."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    ZONE = "zone"
    TOWNSHIP = "township"
    VILLAGE = "village"
    STATION = "station"
    POI = "poi"
    OFFICE = "office"
    STREET = "street"
    RESIDENTIAL = "residential"
    SCHOOL = "school"
    UNIVERSITY = "university"
    HOSPITAL = "hospital"
    MALL = "mall"
    PARK = "park"
    SIGHT = "sight"
    GOVERNMENT = "government"
    HOTEL = "hotel"
    WORKS = "works"
    VENUE = "venue"
    BUILDING = "building"


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """A named place of an import, as any source may yield it. WGS-84 degrees."""

    name: str
    kind: PlaceKind
    lon: float
    lat: float
    aliases: tuple[str, ...] = ()
    """Other names: English, old, short, in the source's own words."""
    pinyin: str | None = None
    """Syllables with spaces, when the source knows them."""
    adcode: str | None = None
    """Six digits of the district, or of the city where only that is known."""
    error_m: float | None = None
    """Half the extent: a street's half length, a village's radius."""
    precision: Precision | None = None
    """How exact the position is; None for what the kind promises."""
    rank: float = 0.0
    """Importance from 0 to 1; the more important of two equal names is offered first."""
    locality: str | None = None
    """City, village, postcode or district words of an address, where no adcode is known."""


@dataclass(frozen=True, slots=True)
class NumberRecord:
    """A house number with its position, WGS-84 degrees."""

    street: str
    number: str
    lon: float
    lat: float
    adcode: str | None = None
    locality: str | None = None
    name: str | None = None
    """What stands there, if it has a name."""
    interpolate: bool = True
    """False where the street has no extent but this number: nothing is placed between two of these."""
    error_m: float = 15.0


class Division(NamedTuple):
    """An administrative division."""

    code: str
    """Six digits; nine for a township."""
    name: str
    level: str
    """``province``, ``city``, ``district``, ``zone`` (a statistical area without an adcode) or ``township``."""
    parent: str | None
    """The code of the division above it, None for a province."""
    lon: float | None
    """WGS-84 degrees; None when no source places it."""
    lat: float | None
    name_en: str
    pinyin: str
    """Syllables with spaces."""
    error_m: float | None


LEVELS = ("province", "city", "district", "zone", "township")
LEVEL_PRECISIONS: Mapping[str, Precision] = {
    "province": Precision.PROVINCE, "city": Precision.CITY, "district": Precision.DISTRICT,
    "zone": Precision.DISTRICT, "township": Precision.TOWNSHIP,
}  # fmt: skip
_ORDER = {level: order for order, level in enumerate(LEVELS)}
_PERSONS = frozenset({"中山"})
"""Short names that are also a person's, so that parks and schools all over China carry them."""
_LONGEST_SUFFIX = max(map(len, TOWNSHIP_SUFFIXES))
_FIRST_HAN = "\u3400"
_KIND_WORDS = ("市辖区", "办事处", "政府", "人民政府")


class Name(NamedTuple):
    """One name of one division."""

    code: str
    kind: str
    """``full``, ``short``, ``former``, ``popular``, ``nickname``, ``english``, ``part``, or ``area``: of a new area,
    which lies in several districts."""


class DivisionReading(NamedTuple):
    """Division names understood at the head of a text."""

    codes: tuple[str, ...]
    """What the last name may be; several when it is ambiguous. Empty: no division was read."""
    rest: str
    """The text behind the names."""
    weight: float
    """How much was said: full names count more than short ones."""
    kind: str = "full"
    """How the last name was written, as in :class:`Name`."""
    name: str = ""
    """The last name as written."""
    names: int = 0
    """How many names were read."""
    outer: tuple[str, ...] = ()
    """What the name before the last may be."""


Ask = Callable[[str, tuple[object, ...]], Iterable[tuple[Any, ...]]]
ASKED_SINGLY = 2_000
"""How many names are looked up one by one (a command's search needs about fifty) before all are read at once."""


class Names:
    """The names of the divisions as they stand in the index: (normalised) text to what it names."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, tuple[Name, ...]] = {}
        self._longest: dict[str, int] = {}
        self._whole = False
        self._reading = threading.Lock()

    def get(self, name: str, default: tuple[Name, ...] = ()) -> tuple[Name, ...]:
        """Return what a text names, ``default`` for nothing."""
        found = self._known.get(name)
        if found is None:
            if self._whole:
                return default
            if len(self._known) >= ASKED_SINGLY:
                self.read_all()
                return self._known.get(name, default)
            rows = self._ask("SELECT code, kind FROM division_name WHERE name = ? ORDER BY rowid", (name,))
            found = self._known[name] = tuple(Name(code, kind) for code, kind in rows)
        return found or default

    def __contains__(self, name: str) -> bool:
        return bool(self.get(name))

    def items(self) -> Iterable[tuple[str, tuple[Name, ...]]]:
        """Return every name with what it names."""
        self.read_all()
        return self._known.items()

    def read_all(self) -> None:
        """Read every name once: a server that is asked all day long does not ask the index for each."""
        with self._reading:
            if self._whole:
                return
            names: dict[str, tuple[Name, ...]] = {}
            for name, code, kind in self._ask("SELECT name, code, kind FROM division_name ORDER BY rowid", ()):
                names[name] = (*names.get(name, ()), Name(code, kind))
            longest: dict[str, int] = {}
            for name in names:
                longest[name[:2]] = max(longest.get(name[:2], 0), len(name))
            self._known, self._longest, self._whole = names, longest, True

    def longest_like(self, text: str, most: int) -> int:
        """Return how many characters a name at the head of a text may have, at most ``most``."""
        if not self._whole:
            return most
        return max(self._longest.get(text[:2], 0), self._longest.get(text[:1], 0))

    def longest(self) -> int:
        """Return how many characters the longest name in Han has."""
        query = "SELECT max(length(name)) FROM division_name WHERE name >= ?"
        return max((row[0] or 0 for row in self._ask(query, (_FIRST_HAN,))), default=0)


class Levels(dict[str, str]):
    """The level of every division by its code, asked of the index once for each."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, code: str) -> str:
        for (level,) in self._ask("SELECT level FROM division WHERE code = ?", (code,)):
            self[code] = str(level)
            return str(level)
        raise KeyError(code)


class DivisionTable:
    """Every name of every division, by its exact text; asked of the index, and read whole once it is asked often.

    Parameters
    ----------
    ask
        Answers a query on the index, from any thread.
    """

    def __init__(self, ask: Ask) -> None:
        self.levels = Levels(ask)
        self.names = Names(ask)

    @classmethod
    def load(cls, connection: sqlite3.Connection) -> DivisionTable:
        """Return the table of an open index, asked by the thread that opened it."""
        return cls(lambda query, values: connection.execute(query, values).fetchall())

    @cached_property
    def longest(self) -> int:
        """Characters of the longest name in Han."""
        return self.names.longest()

    def level(self, code: str) -> int:
        """Return 0 for a province up to 4 for a township."""
        return _ORDER[self.levels[code]]

    def called(self, name: str, *, within: tuple[str, ...] = ()) -> tuple[Name, ...]:
        """Return the divisions that a whole name may mean, largest kinds only when it is a short one.

        Parameters
        ----------
        name
            A normalised name.
        within
            Codes that hold what is meant; empty for all of China.
        """
        found = self.names.get(name, ())
        if within:
            found = tuple(n for n in found if any(is_inside(n.code, outer) for outer in within))
        full = tuple(n for n in found if n.kind in {"full", "popular", "english", "area"})
        full = tuple(n for n in full if n.kind == "area") or full
        if any(self.level(n.code) < _ORDER["zone"] for n in full):
            full = tuple(n for n in full if self.level(n.code) <= _ORDER["zone"])
        found = full or tuple(n for n in found if n.kind != "former") or found
        if not full or any(n.kind == "english" for n in full):
            found = self._outermost(self._largest(found))
        return tuple({n.code: n for n in reversed(found)}.values())[::-1]

    def namesakes(self, name: str) -> tuple[str, ...]:
        """Return the townships that a township's name may also mean: 松岗镇 became 松岗街道 in another city."""
        if not name.endswith(TOWNSHIP_SUFFIXES):
            return ()
        for suffix in TOWNSHIP_SUFFIXES:
            base = name.removesuffix(suffix)
            if base != name and len(base) > 1:
                return tuple(
                    dict.fromkeys(n.code for n in self.names.get(base, ()) if self.levels[n.code] == "township")
                )
        return tuple(n.code for n in self.names.get(name) if len(n.code) == 9)  # 乌镇, which is 乌镇镇 elsewhere

    def _outermost(self, found: tuple[Name, ...]) -> tuple[Name, ...]:
        """Drop a district of the name of its own city (喀什市 in 喀什地区), and what is named like a capital."""
        cities = {n.code for n in found if self.levels[n.code] == "city" and n.kind != "nickname"}
        capitals = {code for code in cities if code.endswith("0100")}
        if capitals:
            return tuple(n for n in found if n.code in capitals or self.levels[n.code] == "province")
        return tuple(n for n in found if n.code in cities or not any(is_inside(n.code, c) for c in cities))

    def _largest(self, found: tuple[Name, ...]) -> tuple[Name, ...]:
        large = tuple(n for n in found if self.level(n.code) < _ORDER["zone"])
        zones = tuple(n for n in found if self.level(n.code) == _ORDER["zone"])
        return large or zones or found

    def read_head(self, text: str, *, within: tuple[str, ...] = ()) -> list[DivisionReading]:
        """Return the readings of the division names at the head of a text, the fullest first.

        The last reading is always the text unread. Names may be left out or shortened; each must lie
        within the one before it.
        """
        found: dict[tuple[tuple[str, ...], str], DivisionReading] = {}
        self._extend(DivisionReading((), text.strip(), 0.0), within, found)
        readings = sorted(found.values(), key=lambda r: (-r.weight, len(r.codes), len(r.rest)))
        return [*readings[:6], DivisionReading((), text.strip(), 0.0)]

    def _extend(
        self,
        reading: DivisionReading,
        within: tuple[str, ...],
        found: dict[tuple[tuple[str, ...], str], DivisionReading],
    ) -> None:
        if reading.names > 5 or len(found) > 40:
            return
        text = reading.rest
        likely = self.names.longest_like(text, self.longest)
        for size in range(min(likely + _LONGEST_SUFFIX if likely else 0, self.longest, len(text)), 0, -1):
            name = text[:size]
            if name not in self.names and not self._former_township(name, reading.codes or within):
                continue
            longer = self._step(reading, name, within)
            if longer is None:
                continue
            key = (longer.codes, longer.rest)
            if key not in found or found[key].weight < longer.weight:
                found[key] = longer
                self._extend(longer, within, found)

    def _step(self, reading: DivisionReading, name: str, within: tuple[str, ...]) -> DivisionReading | None:
        """Return the reading one name further, or None where the name cannot be meant."""
        rest, scope = reading.rest[len(name) :], reading.codes or within
        goes_on = name[1:].endswith("市") and CITIZENS.match(rest)
        meant = () if goes_on else self.called(name, within=scope) or self._former_township(name, scope)
        if reading.codes and reading.kind != "nickname":
            again = {"full", "part", "former"} if len(name) > 2 else {"full", "part"}
            meant = tuple(n for n in meant if n.code not in reading.codes or n.kind in again)
        if not meant:
            return None
        kind = meant[0].kind
        codes = tuple(n.code for n in meant)
        short = kind in {"short", "nickname"} or (kind == "area" and len(name) < 3)
        if short and not self._short_fits(name, codes, rest, scope=reading.codes or within):
            return None
        if kind == "former" and len(name) < 3 and rest and not scope:
            return None
        weight = reading.weight + (1.5 + 0.5 * len(name) if kind in {"full", "area"} else 0.5 + 0.5 * len(name))
        for word in _KIND_WORDS:
            rest = rest.removeprefix(word)
        return DivisionReading(codes, rest.strip(), weight, kind, name, reading.names + 1, reading.codes)

    def _short_fits(self, name: str, codes: tuple[str, ...], rest: str, *, scope: tuple[str, ...]) -> bool:
        """Tell whether a short name is meant as the division, judged by what follows it."""
        rest, scoped = rest.lstrip(), bool(scope)
        if not rest:
            return len(name) > 1 or not scoped
        if A_STREET.match(rest) and not self._starts_with_city(rest, codes, full=True):
            return False
        level = min(self.level(c) for c in codes)
        if len(name) == 1:  # 黑龙江 is no 龙江 in 黑
            longer = (self.names.get(name + rest[:size]) for size in (1, 2))
            return self._starts_with_city(rest, codes) and not any(n.code in codes for names in longer for n in names)
        if level >= _ORDER["zone"]:  # 台北 is asked about; 新疆建设兵团 names no town
            blocked = A_LANDMARK.match(rest) or A_FEATURE.match(rest) or rest[0].isdigit()
            return (scoped or codes[0] > "7") and not (blocked or any(map(holds_cities, scope)))
        if level == _ORDER["district"] or name in _PERSONS:
            return scoped or not A_LANDMARK.match(rest)
        return True

    def _starts_with_city(self, text: str, codes: tuple[str, ...], *, full: bool = False) -> bool:
        """Tell whether a division (粤) is followed by one of it, or its whole name: 唐山路北区 is no 唐山路."""
        for size in range(2, min(self.longest, len(text)) + 1):
            named = self.names.get(text[:size])  # 澳门路环 is no 澳门路
            found = (n for n in named if n.code > "7" or (len(n.code) == 6 and (n.kind == "full" or not full)))
            if any(is_inside(n.code, c) for n in found for c in codes):
                return True
        return False

    def _former_township(self, name: str, scope: tuple[str, ...]) -> tuple[Name, ...]:
        """Return the township that 西丽镇 means where it is 西丽街道 today; only within a known city."""
        if not scope:
            return ()
        towns = [code for code in self.namesakes(name) if any(is_inside(code, outer) for outer in scope)]
        return (Name(towns[0], "former"),) if len(towns) == 1 else ()

    def find_inside(self, text: str, *, within: tuple[str, ...]) -> DivisionReading | None:
        """Return the first full division name inside a text, below a known city: 沿河路罗湖区 -> 罗湖区.

        A name counts after a space or at a break between words only in so far as it is written in full
        and means one division there.
        """
        for start in range(1, len(text) - 2):
            for size in range(min(self.longest, len(text) - start), 2, -1):
                name = text[start : start + size]
                names = () if ITS_ZONE.fullmatch(name) else self.names.get(name)
                codes = {n.code for n in names if n.kind == "full" and any(is_inside(n.code, c) for c in within)}
                codes -= set(within)
                if len(codes) == 1:
                    rest = (text[:start] + " " + text[start + size :]).strip()
                    return DivisionReading(tuple(codes), rest, 1.5 + 0.5 * size, "full", name, 1)
        return None
