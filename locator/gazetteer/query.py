"""Asking the place index: what a text in Latin letters means is read here, Chinese by :mod:`resolve`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from locator.adcode import is_inside, prefecture_of, stem
from locator.gazetteer.address import LEVEL_WORDS, PINYIN_WORDS
from locator.gazetteer.divisions import Division
from locator.gazetteer.index import merge_rows, respell
from locator.gazetteer.named import choose_meaning
from locator.gazetteer.places import Bias, Meaning, PlaceIndex, Resolved, Suggestion
from locator.gazetteer.resolve import LACKING, resolve_han
from locator.gazetteer.text import ENGLISH_WORDS, HAN, normalise, short_name, split_parts, to_key, warm
from locator.i18n import choose
from locator.model import EXACT, Place, Precision

if TYPE_CHECKING:
    from locator.gazetteer.suggest import Suggester


class Gazetteer:
    """The embedded place index; safe to use from several threads.

    Parameters
    ----------
    path
        What :func:`locator.gazetteer.build.build_gazetteer` wrote.
    places
        What :func:`locator.gazetteer.build.build_places` wrote, the shipped places; None while it is not built.

    Raises
    ------
    DataError
        The file is missing, broken or of another version; any method may raise it for a file that broke.
    """

    def __init__(self, path: Path, places: Path | None = None) -> None:
        self.places = PlaceIndex(path, places)
        self.regions = lru_cache(2000)(self._regions)

    @cached_property
    def _suggester(self) -> Suggester:
        from locator.gazetteer.suggest import Suggester  # a command that finds a place suggests none

        return Suggester(self.places)

    def warm(self) -> None:
        """Load the tables now, so that the first person does not wait (about a second)."""
        warm()
        self.places.file.divisions.names.read_all()  # else one keystroke among the first thousands waits for it
        self.suggest("人民路")
        self.suggest("renmin")
        self.resolve("北京市")

    def resolve(self, text: str, *, near: tuple[float, float] | None = None, region: str | None = None) -> Resolved:
        """Return what a text means: one meaning, several where it is ambiguous, none where it is not understood.

        Parameters
        ----------
        text
            Anything a person may type; only its first 200 characters are read.
        near
            (lon, lat) in WGS-84 degrees of where the person is known to be; decides between equals.
        region
            The adcode or name of the chosen city or district; decides between equals.
        """
        bias = Bias(self._codes(region), near)
        query = normalise(text)
        if not any(c.isalpha() for c in query):
            return Resolved()
        return (resolve_han if HAN.search(query) else resolve_latin)(self.places, text, bias)

    def find(
        self, text: str, *, near: tuple[float, float] | None = None, region: str | None = None, limit: int = 10
    ) -> list[Place]:
        """Return the places a text may mean, best first; empty when it is not understood."""
        return [m.place for m in self.resolve(text, near=near, region=region).meanings[:limit]]

    def suggest(
        self, prefix: str, *, near: tuple[float, float] | None = None, region: str | None = None, limit: int = 8
    ) -> list[Suggestion]:
        """Return what a person who has typed ``prefix`` so far may go on to write, likeliest first.

        Han, pinyin in full, cut short or as initials, both mixed, traditional characters, homophones,
        and one wrong, lost or swapped character. Places of ``region``, or near ``near``, come first.
        """
        codes = self._codes(region) or ((self._city_near(*near),) if near else ())
        return self._suggester.suggest(prefix, tuple(c for c in codes if c), limit)

    def division(self, adcode: str) -> Division | None:
        """Return the division of a code (six digits, nine for a township), or None."""
        return self.places.division(adcode)

    def _regions(self, name: str) -> list[Division]:
        """Return the divisions a name may mean (深圳, 鼓楼区, Lhasa, 440300), the largest kinds first."""
        key = to_key(name)
        if key.isdigit():
            division = self.places.division(key)
            return [division] if division else []
        found = self.places.file.divisions.called(key)
        codes = [n.code for n in found]
        if not codes and key:
            meanings = self.resolve(name).meanings
            codes = [c for m in meanings if (c := m.place.township or m.place.adcode) and not m.place.note]
        divisions = [d for code in codes if (d := self.places.division(code))]
        return sorted(divisions, key=lambda d: len(d.code))

    def townships(self, adcode: str) -> list[Division]:
        """Return the townships of a district, or of a city, in the order of their codes."""
        found = self.places.file.ask(
            "SELECT code FROM division WHERE level = 'township' AND code LIKE ? ORDER BY code",
            (stem(adcode) + "%",),
        )
        divisions = (self.places.division(str(row[0])) for row in found)
        return [d for d in divisions if d is not None and is_inside(d.code, adcode)]

    def describe(self, adcode: str, lang: str) -> str:
        """Return the full name of a division in Chinese or in English; empty when there is no such code."""
        if self.places.division(adcode) is None:
            return ""
        return choose({"zh": self.places.label(adcode), "en": self.places.label_en(adcode)}, lang) or ""

    def _codes(self, region: str | None) -> tuple[str, ...]:
        return tuple(d.code for d in self.regions(region)) if region else ()

    def _city_near(self, lon: float, lat: float) -> str | None:
        found = self.places.file.ask(
            "SELECT code FROM division WHERE level = 'district' AND lon IS NOT NULL "
            "ORDER BY (lon - ?) * (lon - ?) + (lat - ?) * (lat - ?) LIMIT 1",
            (lon, lon, lat, lat),
        )
        return prefecture_of(str(found[0][0])) if found else None


def open_gazetteer(path: Path, places: Path | None = None) -> Gazetteer:
    """Return the place index of a file, with that of the shipped places beside it if there is one.

    Raises
    ------
    DataError
        The file is missing, broken or of another version: build it again.
    """
    return Gazetteer(path, places)


_NUMBER = re.compile(r"\d{1,5}[a-z]?(?:[-/]\d+)*[a-z]?$")
_SKIPPED = frozenset({"no", "number", "china", "prc", "the", "of"})


class WordHit(NamedTuple):
    """Words of the text that name divisions."""

    start: int
    end: int
    codes: tuple[str, ...]
    sure: bool
    """False for initials, which count only beside a name written out."""


def resolve_latin(places: PlaceIndex, text: str, bias: Bias) -> Resolved:
    """Return what a text without Chinese characters means; empty when it is not understood."""
    words, parts = _words(text)
    found = _read_words(places, words, parts, bias) if words else Resolved()
    inside = found.one.place.adcode if found.one and LACKING.intersection(found.one.notes) else None
    # A township's name may be a city's with one slip: Wuhang is nearly Wuhan.
    town = len(words) == 1 and all(m.place.township and m.place.precision not in EXACT for m in found.meanings)
    if found.meanings and found.sure and not (inside or town):
        return found
    ways = respell(places.file, words, within=inside or "")
    near = [m for way in ways for m in _read_words(places, way, parts, bias).meanings if m.place.adcode != inside]
    near.sort(key=lambda m: m.place.precision not in {Precision.CITY, Precision.PROVINCE})
    offers = {m.place.label: m._replace(notes=("respelt",)) for m in near}
    told = offers | {m.place.label: offers.get(m.place.label, m) for m in found.meanings}
    return Resolved(tuple(told.values()), sure=False) if offers else found


def _read_words(places: PlaceIndex, words: list[str], parts: list[int], bias: Bias) -> Resolved:
    """Return what words mean as they are written."""
    named = _named_first(places, words, parts, bias)
    if named:
        return choose_meaning(named, bias, local=True)
    codes, used = read_divisions(places, words, parts, bias)
    rest = [i for i in range(len(words)) if i not in used and words[i] not in _SKIPPED]
    place_words = [words[i] for i in rest]
    if codes and not [w for w in place_words if w not in ENGLISH_WORDS]:
        return choose_meaning([Meaning(places.place(code)) for code in codes], bias, local=False)
    found = _find_rest(places, place_words, codes or bias.region, codes[0] if len(codes) == 1 else None)
    if found:
        notes = () if codes else ("city_assumed",)
        return choose_meaning([m._replace(notes=(*m.notes, *notes)) for m in found], bias, local=True)
    if codes:
        note = "street_unknown" if any(w in PINYIN_WORDS for w in place_words) else "rest_unknown"
        found = [Meaning(places.place(code, note=note), (note,)) for code in codes]
        sure = bool(bias.region or bias.near) or _is_plain(places, words, parts, codes, used)
        return choose_meaning(found, bias, local=False)._replace(sure=sure)
    return Resolved()


def _is_plain(
    places: PlaceIndex, words: list[str], parts: list[int], codes: Sequence[str], used: frozenset[int]
) -> bool:
    """Tell whether divisions are meant for sure beside words that nobody understands, as in Chinese.

    Several names agree, or one that says what it is (Haidian District), or a city that shares its name with no
    division elsewhere: Hongqiao Airport is not in 红桥区 of Tianjin.
    """
    hits = [h for h in _hits(places, words, parts) if h.sure and used.issuperset(range(h.start, h.end))]
    spans = {(h.start, h.end) for h in hits}
    outer = [h for h in hits if not any(a <= h.start and h.end <= b and (a, b) != h[:2] for a, b in spans)]
    if len(outer) != 1 or len(codes) != 1:
        return len(outer) > 1
    (hit,) = outer
    if hit.end - hit.start > 1 and any(words[hit.end - 1] in kinds for kinds in LEVEL_WORDS.values()):
        return True
    levels = places.file.divisions.levels
    rivals = [c for c in hit.codes if not is_inside(c, codes[0]) and levels[c] not in {"township", "zone"}]
    return levels[codes[0]] in {"province", "city"} and (not rivals or codes[0].endswith("0100"))


def _named_first(places: PlaceIndex, words: list[str], parts: list[int], bias: Bias) -> list[Meaning]:
    """Return the place whose name the first part is, in the divisions of the others: Lianhua Station, Shenzhen."""
    size = parts.count(0)
    if size == len(words) or size < 2:
        return []
    codes, _ = read_divisions(places, words[size:], parts[size:], bias)
    rows = places.file.named(" ".join(words[:size]), within=codes) if codes else []
    return [Meaning(r.place()) for r in merge_rows([r for r in rows if r.kind in {"poi", "office", "station"}])]


def _words(text: str) -> tuple[list[str], list[int]]:
    """Return the words of a text and for each the number of its part between commas."""
    words: list[str] = []
    parts: list[int] = []
    for number, part in enumerate(split_parts(text)):
        for word in part.replace("'", "").split()[:24]:
            words.append(word)
            parts.append(number)
    return words[:40], parts[:40]


def read_divisions(
    places: PlaceIndex, words: list[str], parts: list[int], bias: Bias
) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return the finest divisions named, and the numbers of the words that name them."""
    hits = _hits(places, words, parts)
    best: tuple[tuple[str, ...], frozenset[int]] = ((), frozenset())
    for order in (hits, sorted(hits, key=lambda h: (-h.end, h.start))):
        for within in ((), bias.region) if bias.region else ((),):
            codes, used = _chain(places, order, within)
            if (len(used), -len(codes)) > (len(best[1]), -len(best[0])):
                best = (codes, used)
    return best


def _hits(places: PlaceIndex, words: list[str], parts: list[int]) -> list[WordHit]:
    hits: list[WordHit] = []
    for start in range(len(words)):
        for end in range(min(len(words), start + 6), start, -1):
            if parts[start] != parts[end - 1] or any(w[0].isdigit() for w in words[start:end]):
                continue
            hit = _hit(places, words, start, end)
            if hit is not None and not _is_street(words, end):
                hits.append(hit)
    return hits


def _is_street(words: list[str], end: int) -> bool:
    """Tell whether a street's word follows: Beijing Road is no Beijing."""
    following = [w for w in words[end : end + 2] if w not in {"east", "west", "south", "north", "middle"}]
    return bool(following) and PINYIN_WORDS.get(following[0], following[0]) in {"lu", "jie", "dadao", "xiang"}


def _hit(places: PlaceIndex, words: list[str], start: int, end: int) -> WordHit | None:
    named = words[start:end]
    levels: tuple[str, ...] = ()
    for level, kind_words in LEVEL_WORDS.items():
        if named[-1] in kind_words and len(named) > 1:
            levels = (*levels, level)
    key = "".join(named[:-1] if levels else named)
    if len(key) < 2:
        return None
    rows = places.file.ask("SELECT code, kind FROM division_latin WHERE key = ?", (key,))
    found = [(str(code), str(kind)) for code, kind in rows]
    table = places.file.divisions
    if levels:
        found = [(c, k) for c, k in found if table.levels[c] in levels]
    sure = [c for c, k in found if k != "initials"]
    if sure:
        full = [c for c, k in found if k in {"full", "english"} and table.levels[c] != "township"]
        return WordHit(start, end, tuple(full if key.endswith(("shi", "qu", "xian")) and full else sure), True)
    initials = tuple(c for c, _ in found)
    return WordHit(start, end, initials, False) if initials and len(named) == 1 else None


def _chain(
    places: PlaceIndex, hits: Sequence[WordHit], within: tuple[str, ...]
) -> tuple[tuple[str, ...], frozenset[int]]:
    """Take up the names one by one as long as each lies within, or around, those before it."""
    codes: tuple[str, ...] = within
    used: frozenset[int] = frozenset()
    unsure: list[WordHit] = []
    for hit in hits:
        span = frozenset(range(hit.start, hit.end))
        if span & used:
            continue
        if not hit.sure:
            unsure.append(hit)
            continue
        narrowed = _narrow(places, codes, hit.codes) if codes else hit.codes
        if narrowed:
            codes, used = narrowed, used | span
    for hit in unsure:
        span = frozenset(range(hit.start, hit.end))
        narrowed = _narrow(places, codes, hit.codes) if used and not span & used else ()
        if narrowed:
            codes, used = narrowed, used | span
    return (_largest(places, codes) if used else ()), used


def _narrow(places: PlaceIndex, codes: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    """Return the finer of each pair of codes of which one lies within the other; the largest pairs only."""
    level = places.file.divisions.level
    pairs: list[tuple[int, int, str]] = []
    for one in codes:
        for other in more:
            if is_inside(other, one):
                pairs.append((level(one), level(other), other))
            elif is_inside(one, other):
                pairs.append((level(other), level(one), one))
    best = min(((outer, inner) for outer, inner, _ in pairs), default=None)
    return tuple(dict.fromkeys(code for outer, inner, code in pairs if (outer, inner) == best))


def _largest(places: PlaceIndex, codes: Sequence[str]) -> tuple[str, ...]:
    """Keep the large divisions among those that are spelt alike: Zhongshan is no township, Jinan no 金安区.

    A capital is meant alone; beside another city only districts of the same Chinese name stay.
    """
    table = places.file.divisions
    parts = [c for c in codes if len(c) == 9 and table.levels[c] == "zone"]  # of Taiwan: Taoyuan
    large = [c for c in codes if table.levels[c] not in {"zone", "township"} or c in parts] or list(codes)
    cities = [c for c in large if table.levels[c] == "city"]
    capitals = [c for c in cities if c.endswith("0100")]
    if capitals:
        return tuple(capitals)
    names = {c: short_name(d.name) for c in large if (d := places.division(c))}
    if cities:
        of_cities = {names[c] for c in cities}
        large = [c for c in large if names[c] in of_cities]
    return tuple(c for c in large if not any(o != c and o in cities and is_inside(c, o) for o in large))


def _find_rest(places: PlaceIndex, words: list[str], within: Sequence[str], finest: str | None) -> list[Meaning]:
    numbers = [i for i, word in enumerate(words) if _NUMBER.match(word)]
    for size in range(min(len(words), 8), 0, -1):
        for start in range(len(words) - size + 1):
            span = words[start : start + size]
            beside = [i for i in numbers if i in {start - 1, start + size}]
            if not beside or any(i in range(start, start + size) for i in numbers):
                continue
            for name, street in _streets(places, span):
                others = [w for i, w in enumerate(words) if not start <= i < start + size and i not in beside]
                for number in beside:
                    spots = places.numbers.find(street, words[number], within=within, locality=[*others])
                    if spots:
                        return [Meaning(places.spot(name, words[number], s, finest=finest)) for s in spots]
    return _find_name(places, [w for i, w in enumerate(words) if i not in numbers], within, bool(numbers))


def _streets(places: PlaceIndex, span: list[str]) -> list[tuple[str, int]]:
    name = " ".join(span)
    found = places.numbers.streets(name)
    if not found:
        found = places.numbers.streets("".join(PINYIN_WORDS.get(w, w) for w in span))
    return [(places.numbers.name(street), street) for street in found]


def _find_name(places: PlaceIndex, words: list[str], within: Sequence[str], numbered: bool) -> list[Meaning]:
    """Return the places called as the words, or as some of them in a row."""
    for size in range(min(len(words), 8), 0, -1):
        for start in range(len(words) - size + 1):
            span = words[start : start + size]
            if all(w in ENGLISH_WORDS for w in span):
                continue
            keys = {to_key(" ".join(span))} | {to_key(name) for name, _ in _streets(places, span)}
            rows = [r for key in keys for r in places.file.named(key, within=within)]
            rows = [r for r in rows if r.code is None or r.kind in {"poi", "office", "station", "street", "village"}]
            if rows:
                note = "number_unknown" if numbered else None
                told = [(r, note if r.kind == "street" else None) for r in merge_rows(rows)]
                return [Meaning(r.place(note=n), (n,) if n else ()) for r, n in told]
    return []
