"""Making places of divisions and house numbers, with the precision that is true; numbers between two known ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from locator.adcode import is_inside, is_township_code, prefecture_of, prefecture_stems, province_of
from locator.datum import distance_m
from locator.gazetteer.address import Address, split_number
from locator.gazetteer.divisions import LEVEL_PRECISIONS, Division, DivisionReading
from locator.gazetteer.index import IndexFile
from locator.gazetteer.schema import english_name
from locator.gazetteer.text import HAN, short_name, split_parts, to_key
from locator.model import Place, Precision

_WRITTEN_OUT = 5.5
"""What two full names weigh, three and two characters long without their kinds."""
_NOT_A_CITY = ("场", "政", "民", "容")
"""What makes 市 behind a city's name no city: 朝阳市场."""
_PARTS_UNKNOWN = ("71", "81", "82")
"""Taiwan, Hong Kong, Macau: the districts of their cities are not in the table: 大安区 of 台北 is not 自贡's."""
GAP_M = 800.0
"""Two known numbers farther apart than this say nothing about what lies between."""


class Suggestion(NamedTuple):
    """What to show under the box for a text being typed."""

    text: str
    """What the box holds when the person picks it."""
    place: Place


class Meaning(NamedTuple):
    """One place that a text may mean, and how it was reached."""

    place: Place
    notes: tuple[str, ...] = ()
    """Codes of what the person should know, e.g. ``renamed``, ``number_unknown``, ``corrected``."""
    score: float = 0.0


class Bias(NamedTuple):
    """Where the person is known to be, if at all."""

    region: tuple[str, ...] = ()
    """Codes of the chosen city or district."""
    near: tuple[float, float] | None = None
    """(lon, lat) in WGS-84 degrees."""


class Resolved(NamedTuple):
    """Meanings of a text, best first; more than one when it is ambiguous."""

    meanings: tuple[Meaning, ...] = ()
    sure: bool = True
    """False where even a single meaning is only asked about: the text says more than is understood."""

    @property
    def one(self) -> Meaning | None:
        """The only meaning, or None."""
        return self.meanings[0] if len(self.meanings) == 1 and self.sure else None


class House(NamedTuple):
    """A known house number."""

    value: int
    suffix: str
    lon: float
    lat: float
    code: str | None
    locality: str | None
    name: str | None
    interpolate: bool
    error_m: float


class Spot(NamedTuple):
    """Where a number is. WGS-84 degrees."""

    lon: float
    lat: float
    precision: Precision
    error_m: float
    code: str | None
    locality: str | None
    name: str | None


class HouseNumbers:
    """The numbers of an index file."""

    def __init__(self, file: IndexFile) -> None:
        self._file = file

    def streets(self, name: str) -> list[int]:
        """Return the streets that a name may mean: by its exact name, else by pinyin or English name."""
        key = to_key(name)
        found = self._file.ask("SELECT id FROM street WHERE key = ?", (key,))
        if not found:
            found = self._file.ask("SELECT street FROM street_alias WHERE key = ?", (key.replace(" ", ""),))
        return [int(str(row[0])) for row in found]

    def name(self, street: int) -> str:
        """Return a street's name as its source writes it."""
        return str(self._file.ask("SELECT name FROM street WHERE id = ?", (street,))[0][0])

    def find(self, street: int, number: str, *, within: Sequence[str] = (), locality: Sequence[str] = ()) -> list[Spot]:
        """Return where a number of a street is: several when several streets of that name have it.

        Parameters
        ----------
        street
            One of :meth:`streets`.
        number
            As :func:`locator.gazetteer.address.read_address` gives it.
        within
            Codes of divisions that hold it; empty for anywhere.
        locality
            Words of the text that may name its town, where addresses have no adcode.
        """
        value, suffix = split_number(number)
        if value == 0:
            return []
        same = self._houses(street, value, value, within, locality)
        exact = [h for h in same if h.suffix == suffix]
        if exact:
            return _distinct([_spot(h) for h in exact])
        if same and suffix:
            return _distinct(
                [_spot(h)._replace(precision=Precision.INTERPOLATED, error_m=60.0, name=None) for h in same]
            )
        return self._between(street, value, within, locality)

    def some(self, street: int, *, within: Sequence[str] = (), limit: int = 4) -> list[tuple[str, Spot]]:
        """Return a few known numbers of a street, the lowest first."""
        houses = self._houses(street, 1, 10**9, within, ())[:limit]
        return [
            (f"{h.value}{h.suffix}" if h.suffix.startswith("-") else f"{h.suffix}{h.value}", _spot(h)) for h in houses
        ]

    def _houses(self, street: int, low: int, high: int, within: Sequence[str], locality: Sequence[str]) -> list[House]:
        areas = prefecture_stems(within)
        area = f"AND area IN ({','.join('?' * len(areas))}) " if areas else ""
        found = self._file.ask(
            "SELECT value, suffix, lon, lat, code, locality, name, interpolate, error_m FROM number "  # noqa: S608
            f"WHERE street = ? {area}AND value BETWEEN ? AND ? LIMIT 4000",
            (street, *areas, low, high),
        )
        houses = [House._make(row) for row in found]
        if within:
            houses = [h for h in houses if h.code is None or _may_lie(h.code, within)]
        named = [h for h in houses if h.locality and any(word in h.locality.split() for word in locality)]
        return named or houses

    def _between(self, street: int, value: int, within: Sequence[str], locality: Sequence[str]) -> list[Spot]:
        """Interpolate between the nearest known numbers on either side, of the same parity if there are."""
        houses = [h for h in self._houses(street, value - 60, value + 60, within, locality) if h.interpolate]
        for step in (2, 1):
            side = [h for h in houses if (h.value - value) % step == 0]
            below = max((h.value for h in side if h.value < value), default=None)
            above = min((h.value for h in side if h.value > value), default=None)
            if below is None or above is None:
                continue
            spots = [
                _amid(a, b, value)
                for a in side
                for b in side
                if a.value == below and b.value == above and a.locality == b.locality and _gap_m(a, b) <= GAP_M
            ]
            if spots:
                return _distinct(spots)
        return []


def _may_lie(code: str, within: Sequence[str]) -> bool:
    return any(is_inside(code, outer) or is_inside(outer, code) for outer in within)


def _gap_m(a: House, b: House) -> float:
    return float(distance_m(a.lon, a.lat, b.lon, b.lat))


def _spot(house: House) -> Spot:
    return Spot(house.lon, house.lat, Precision.ROOFTOP, house.error_m, house.code, house.locality, house.name)


def _amid(a: House, b: House, value: int) -> Spot:
    share = (value - a.value) / (b.value - a.value)
    lon, lat = a.lon + share * (b.lon - a.lon), a.lat + share * (b.lat - a.lat)
    return Spot(lon, lat, Precision.INTERPOLATED, round(_gap_m(a, b) / 2 + 15), a.code, a.locality, None)


def _distinct(spots: list[Spot]) -> list[Spot]:
    """Drop spots within 150 m of an earlier one: several doors of one number."""
    kept: list[Spot] = []
    for spot in spots:
        if all(float(distance_m(spot.lon, spot.lat, k.lon, k.lat)) > 150 for k in kept):
            kept.append(spot)
    return kept


class PlaceIndex:
    """The index with its divisions and numbers: what every reader of it shares."""

    def __init__(self, path: Path, places: Path | None = None) -> None:
        self.file = IndexFile(path, places)
        self.numbers = HouseNumbers(self.file)
        self.division = lru_cache(20_000)(self._division)

    def _division(self, code: str) -> Division | None:
        found = self.file.ask("SELECT * FROM division WHERE code = ?", (code,))
        return Division._make(found[0]) if found else None

    def names_of(self, code: str) -> list[Division]:
        """Return a division and those around it, the province first."""
        found: list[Division] = []
        division = self.division(code)
        while division is not None:
            found.insert(0, division)
            division = self.division(division.parent) if division.parent else None
        return found

    def label(self, code: str) -> str:
        """Return the full name of a division: 广东省深圳市福田区."""
        return "".join(d.name for d in self.names_of(code))

    def label_en(self, code: str) -> str:
        """Return a division's names in English, the smallest first: Futian, Shenzhen, Guangdong."""
        return ", ".join(dict.fromkeys(english_name(d) for d in reversed(self.names_of(code))))

    def adcode(self, code: str) -> str:
        """Return the adcode of a division: a township's district, a zone's city."""
        return next(d.code for d in reversed(self.names_of(code)) if d.level in {"province", "city", "district"})

    def place(self, code: str, *, note: str | None = None) -> Place:
        """Return the place of a division; a township without a position lies somewhere in its district."""
        around = self.names_of(code)
        at = division = around.pop()
        while at.lon is None and at.level in {"township", "zone"} and around:
            at = around.pop()
        return Place(
            label=self.label(code), label_en=self.label_en(code), lon=at.lon, lat=at.lat,
            precision=LEVEL_PRECISIONS[at.level], error_m=at.error_m,
            source="gazetteer", adcode=self.adcode(code), township=code if division.level == "township" else None,
            note=note,
        )  # fmt: skip

    def area(self, name: str, codes: Sequence[str], *, note: str | None = None) -> Place:
        """Return the place of an area that lies in several districts: amid them, as unsure as they reach."""
        parts = [d for code in codes if (d := self.division(code)) and d.lon is not None and d.lat is not None]
        lon, lat = _mean([(d.lon or 0.0, d.lat or 0.0) for d in parts])
        reach = [float(distance_m(lon, lat, d.lon or 0.0, d.lat or 0.0)) + (d.error_m or 0.0) for d in parts]
        cities = {prefecture_of(code) for code in codes}
        adcode = cities.pop() if len(cities) == 1 else province_of(codes[0])
        return Place(
            label=f"{self.label(adcode)}{name}", lon=lon, lat=lat, precision=Precision.CITY,
            error_m=round(max(reach), -3), source="gazetteer", adcode=adcode, note=note, also=tuple(codes),
        )  # fmt: skip

    def knows_street(self, street: str, within: Sequence[str]) -> bool:
        """Tell whether a house number of a street is known in the prefectures of divisions; anywhere for none."""
        stems = prefecture_stems(within)
        area = f" AND area IN ({','.join('?' * len(stems))})" if stems else ""
        query = f"SELECT 1 FROM number WHERE street = ?{area} LIMIT 1"  # noqa: S608
        return any(self.file.ask(query, (number, *stems)) for number in self.numbers.streets(street))

    def join_parts(self, text: str) -> str:
        """Return a text in Chinese order, divisions first: 莲花路2006号, 福田区, 深圳 -> 深圳福田区 莲花路2006号."""
        parts = split_parts(text)
        words = [word for part in parts for word in part.split()]
        if len(words) > 1:
            table = self.file.divisions
            read = {w: table.read_head(w)[0] for w in words if len(w) > 1 and not any(c.isdigit() for c in w)}
            heads = [w for w, reading in read.items() if reading.codes and not reading.rest]
            ordered = sorted(heads, key=lambda w: min(map(table.level, read[w].codes)))
            if heads and (words[0] not in heads or ordered != heads):
                return "".join(ordered) + " " + " ".join(w for w in words if w not in ordered)
        whole = " ".join(parts)
        bare = whole.removeprefix("中国").strip()  # but 中国人民大学 is called so
        return bare if self.file.divisions.read_head(bare)[0].codes else whole

    def read_later(self, text: str) -> tuple[str, DivisionReading] | None:
        """Return the text from the first divisions in it that are written out, the province or city first, with them.

        For what people say before an address: 社保卡丢了怎么补办 广州市海珠区新港中路.
        """
        for start in range(1, len(text) - 2):
            below = self.file.divisions.read_head(text[start:])[0]
            if below.weight >= _WRITTEN_OUT and len(below.codes) == 1 and not below.rest.startswith(_NOT_A_CITY):
                return text[start:], below
        return None

    def contradicted(self, reading: DivisionReading) -> DivisionReading | None:
        """Return the rest of a text if it begins with the full name of a city or district that lies elsewhere.

        江苏省杭州市; 户口在湖南省长沙市 现在在广东省深圳市福田区.
        """
        if len(reading.codes) != 1 or not reading.rest or reading.codes[0].startswith(_PARTS_UNKNOWN):
            return None
        table = self.file.divisions
        other = table.read_head(reading.rest)[0]
        if not other.codes and (later := self.read_later(reading.rest)):
            return None if _may_lie(later[1].codes[0], reading.codes) else later[1]
        first = reading.rest[: len(reading.rest) - len(other.rest)]
        if (
            "full" not in {n.kind for n in table.names.get(other.name)}
            or not 1 <= len(other.codes) <= 4
            or len(first) < 3
        ):
            return None
        if any(len(code) != 6 or _may_lie(code, reading.codes) for code in other.codes):
            return None
        levels = {table.levels[code] for code in other.codes}
        return other if levels <= {"province", "city", "district"} and not other.rest.startswith(_NOT_A_CITY) else None

    def own_names(self, name: str, within: Sequence[str]) -> list[str]:
        """Return how a city's own hospital, school or library may be called: 深圳图书馆, 湖北省人民医院."""
        divisions = [d for code in within[:1] if (d := self.division(code[:6]))]
        return [to_key(head) + name for d in divisions for head in (d.name, short_name(d.name))]

    def numbered(self, address: Address, *, within: Sequence[str], finest: str | None) -> list[Place]:
        """Return where the house number of an address is: several when several streets of the name have it."""
        tries = [(address.street, address.number)]
        if address.lane:
            tries = [(f"{address.street}{address.lane}弄", address.number), (address.street, f"{address.lane}弄")]
        for name, number in tries:
            for cut in range(max(1, len(name) - 1)):
                street = name[cut:]
                for known in self.numbers.streets(street) if len(street) > 1 and number else ():
                    spots = self.numbers.find(known, number, within=within)
                    if spots:
                        shown = self.numbers.name(known)
                        return [self.spot(shown, number, spot, finest=finest) for spot in spots]
        return []

    def extent(self, street: int, name: str, within: Sequence[str]) -> list[Place]:
        """Return where the known numbers of a street are, one place for each city: amid them."""
        cities: dict[str, list[Spot]] = {}
        for _, spot in self.numbers.some(street, within=within, limit=2000):
            if spot.code:
                cities.setdefault(prefecture_of(spot.code), []).append(spot)
        return [self._amid(name, spots) for spots in cities.values()]

    def _amid(self, name: str, spots: Sequence[Spot]) -> Place:
        lon, lat = _mean([(s.lon, s.lat) for s in spots])
        reach = max(float(distance_m(lon, lat, s.lon, s.lat)) for s in spots)
        codes = {s.code[:6] for s in spots if s.code}
        code = codes.pop() if len(codes) == 1 else prefecture_of(codes.pop())
        return Place(
            label=self.label(code) + name, lon=lon, lat=lat, precision=Precision.STREET,
            error_m=round(max(reach, 1000.0)), source="gazetteer", adcode=self.adcode(code),
        )  # fmt: skip

    def spot(self, street: str, number: str, spot: Spot, *, finest: str | None = None) -> Place:
        """Return the place of a house number.

        Parameters
        ----------
        finest
            The finest division that the text named; kept where the number lies in it.
        """
        code = spot.code
        if finest and (code is None or is_inside(self.adcode(finest), code)):
            code = finest
        around = self.label(code) if code else ""
        if not HAN.search(street):
            town = next((w.title() for w in (spot.locality or "").split() if not w.isdigit()), "")
            label = ", ".join(filter(None, (f"{street} {number}", town, around)))
        else:
            label = f"{around}{street}{number}号" + (f"({spot.name})" if spot.name else "")
        return Place(
            label=label, lon=spot.lon, lat=spot.lat, precision=spot.precision, error_m=spot.error_m,
            source="gazetteer", adcode=self.adcode(code) if code else None,
            township=code if code and is_township_code(code) and self.names_of(code)[-1].level == "township" else None,
        )  # fmt: skip


def _mean(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean position; of few pairs near together, so nothing is lost by adding them up."""
    lon, lat = (sum(axis) / len(pairs) for axis in zip(*pairs, strict=True))
    return lon, lat
