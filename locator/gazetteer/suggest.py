"""Suggestions while a person types, ranked: no service, no wait, from the first character."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from time import thread_time

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from locator.adcode import stem
from locator.gazetteer.address import read_address
from locator.gazetteer.deletion_index import nearly_named, nearly_spelt
from locator.gazetteer.index import Row, area_filter, phrase, spelt, with_one_slip
from locator.gazetteer.places import PlaceIndex, Suggestion
from locator.gazetteer.text import ENGLISH_WORDS, HAN, normalise, read_letters, runs, short_name, spell

KIND_BONUS = {"province": 8.0, "city": 7.0, "district": 6.0, "township": 3.0, "station": 1.0}
LOCAL_BONUS = 12.0
_short = lru_cache(8192)(short_name)
_KIND_SYLLABLES = ("shi", "qu", "xian", "sheng", "zhen", "xiang", "jiedao")


def score_han(row: Row, *, typed: str, stems: tuple[str, ...], letters: str = "") -> float:
    """Return how well a place answers Han that were typed; 100 and more for the very name.

    Parameters
    ----------
    typed
        The Han typed, normalised.
    letters
        Their pinyin in one word, when homophones count; else empty.
    stems
        What the codes of the chosen divisions start with (:func:`locator.adcode.stem`).
    """
    name = row.name
    if typed == name or (row.kind in KIND_BONUS and typed == _short(name)):
        score = 100.0
    elif name.startswith(typed):
        score = 90.0 - 0.6 * (len(name) - len(typed))
    elif typed in name:
        score = 78.0 - 0.6 * (len(name) - len(typed))
    else:
        size = len(typed)
        near = max(OSA.normalized_similarity(typed, name[:n]) for n in (size - 1, size, size + 1, len(name)) if n > 0)
        score = 85.0 * near - 0.5 * abs(len(name) - size) + (3.0 if sorted(typed) == sorted(name) else 0.0)
        if letters and letters == row.pinyin[: len(letters)]:
            score = max(score, 84.0 - 0.3 * (len(row.pinyin) - len(letters)))
    return score + bonus(row, stems)


def score_letters(row: Row, typed: str, stems: tuple[str, ...]) -> float:
    """Return how well a place answers letters that were typed in one word."""
    letters = row.pinyin or row.name.casefold()
    base = letters
    if row.kind in KIND_BONUS:
        for ending in _KIND_SYLLABLES:
            if letters.endswith(ending) and len(letters) > len(ending) + 2:
                base = letters.removesuffix(ending)
                break
    if typed in {letters, base}:
        score = 100.0
    elif letters.startswith(typed):
        score = 90.0 - 0.4 * (len(letters) - len(typed))
    elif typed in letters:
        score = 70.0 - 0.4 * (len(letters) - len(typed))
    else:
        score = 0.9 * max(fuzz.ratio(typed, letters), fuzz.ratio(typed, base))
    return score + bonus(row, stems)


def score_initials(row: Row, typed: str, stems: tuple[str, ...]) -> float:
    """Return how well a place answers first letters; ``typed`` has one for each syllable."""
    size = len(_short(row.name)) if row.kind in KIND_BONUS else len(row.name)
    whole = len(typed) in {size, len(row.name)}
    return (88.0 if whole else 74.0) - 0.6 * abs(len(row.name) - len(typed)) + bonus(row, stems)


def is_local(row: Row, stems: tuple[str, ...]) -> bool:
    """Tell whether a place lies in the chosen divisions."""
    return bool(stems) and row.code is not None and row.code.startswith(stems)


def bonus(row: Row, stems: tuple[str, ...]) -> float:
    """Return what a place's kind and a position in the chosen divisions add to any score."""
    return KIND_BONUS.get(row.kind, 0.0) + (LOCAL_BONUS if is_local(row, stems) else 0.0)


BUDGET_S = 0.008
"""After this no further way of reading a typing slip is tried: what was found is shown."""
ONE_SLIP = 80.0
"""What a name scores that is one slip from what was typed."""


class SuggestionRanker:
    """The best places so far, and the time left."""

    def __init__(self, limit: int, codes: tuple[str, ...]) -> None:
        self.limit = limit
        self.stems = tuple(stem(code[:6]) for code in codes)
        self.first: list[Suggestion] = []
        self.deadline = thread_time() + BUDGET_S
        self.best_score = 0.0
        self._scores: dict[int, float] = {}
        self._rows: dict[int, Row] = {}

    @property
    def spent(self) -> bool:
        """Whether the time is used up."""
        return thread_time() > self.deadline

    def add(self, rows: Iterable[Row], score: Callable[[Row], float]) -> None:
        """Take rows up with their scores."""
        for row in rows:
            value = score(row)
            if value > self._scores.get(row.id, 0.0):
                self._scores[row.id] = value
                self._rows[row.id] = row
                self.best_score = max(self.best_score, value)

    def add_in_order(self, rows: list[Row]) -> None:
        """Take up places that are one slip from what was typed, the likeliest first."""
        scores = {row.id: ONE_SLIP - 0.02 * order for order, row in enumerate(rows)}
        self.add(rows, lambda row: scores[row.id] + bonus(row, self.stems))

    def good(self, score: float) -> int:
        """Return how many places reach a score."""
        return sum(value >= score for value in self._scores.values())

    def best(self) -> list[Row]:
        """Return the best rows, no label twice, none far worse than the best; half are kept for local ones."""
        order = sorted(self._scores, key=lambda i: (-self._scores[i], i))
        worst = max(45.0, self.best_score - 45.0)
        shown: dict[str, Row] = {}
        for row in (self._rows[i] for i in order if self._scores[i] >= worst):
            shown.setdefault(row.label, row)
            if len(shown) >= self.limit and not self.stems:
                break
        rows = list(shown.values())
        local = [row for row in rows if is_local(row, self.stems)]
        elsewhere = [row for row in rows if not is_local(row, self.stems)]
        kept = {row.id for row in elsewhere[: self.limit - min(len(local), self.limit // 2)]}
        return [row for row in rows if row.id in kept or is_local(row, self.stems)][: self.limit]


ENOUGH = 8
"""With this many good answers the slower ways are not tried."""
_NAMES = 400
"""How many names with one slip are looked up in the chosen divisions."""
_NOTHING = 60.0
"""Below this nothing was found that is worth showing alone."""
_FEW = 3
"""With fewer names that begin as was typed, it may have been mistyped."""
_BEGUN = 80.0
"""What a name scores at least that begins as was typed."""
_ROWS = 48
_NUMBERED = re.compile("\\d|[一二三四五六七八九十百〇零]+(?:号|弄)")
Codes = tuple[str, ...]


class Suggester:
    """Suggestions of an index; safe to use from several threads."""

    def __init__(self, places: PlaceIndex) -> None:
        self._places = places
        self._file = places.file

    def suggest(self, prefix: str, codes: Codes, limit: int) -> list[Suggestion]:
        """Return the likeliest continuations of what was typed; ``codes`` are the chosen divisions."""
        typed = normalise(prefix)[:60]
        found = SuggestionRanker(limit, codes)
        if not any(c.isalnum() for c in typed):
            return []
        if HAN.search(typed):
            self._han(typed, codes, found)
        else:
            self._letters(typed, codes, found)
        return [*found.first, *(Suggestion(row.label, row.place()) for row in found.best())][:limit]

    # -- Han, alone or mixed with letters

    def _han(self, typed: str, codes: Codes, found: SuggestionRanker) -> None:
        mixed = re.match("^([a-z]+)\\s*(.*)$", typed)
        if mixed:
            self._after_letters(mixed[1], mixed[2], codes, found)
            return
        reading = self._file.divisions.read_head(typed)[0]
        if reading.codes and reading.rest and len(reading.codes) <= 12:
            self._rest(reading.rest, reading.codes, found)
        elif reading.names > 1 or len(typed) == 1:
            for code in reading.codes[:ENOUGH]:
                division = self._places.division(code)
                rows = self._file.named(division.name, within=(code,)) if division else []
                found.add((r for r in rows if code in {r.township, r.code}), lambda _: 120.0)
        if found.good(70.0) < ENOUGH or reading.names < 2:
            self._rest(typed, codes, found, wide=True)

    def _rest(self, text: str, codes: Codes, found: SuggestionRanker, *, wide: bool = False) -> None:
        """Search a text without divisions in the chosen ones, and with ``wide`` everywhere after that."""
        address = read_address(text) if _NUMBERED.search(text) else None
        if address and address.street and address.number:
            self._number(address.street, address.number, codes, found)
            text = address.street
        elif codes and len(text) > 1:
            self._numbers_from(text, codes, found)
        expression, han = self._expression(text)
        if not expression:
            return
        areas = (codes, ()) if wide and codes else (codes,)
        if han == text and len(han) > 2:
            self._name(han, areas, found)
            return
        begun = False
        for area in areas:
            if area == codes or found.good(80.0) < ENOUGH:
                rows = self._search_mixed(expression, text, area)
                found.add(rows, partial(score_han, typed=han, stems=found.stems))
                begun = begun or (area == codes and any(row.name.startswith(han) for row in rows))
        if not begun and len(han) > 1 and not found.spent:
            self._nearly(han, areas, found)

    def _name(self, han: str, areas: tuple[Codes, ...], found: SuggestionRanker) -> None:
        """Search a name: what begins so; then what sounds so or is a slip away; then what has it inside."""
        score = partial(score_han, typed=han, stems=found.stems)
        begun = self._file.begun(han, within=areas[0])
        rows = begun if len(begun) >= ENOUGH or len(areas) < 2 else begun + self._file.begun(han)
        found.add(rows, lambda row: max(score(row), _BEGUN + bonus(row, found.stems)))
        if len(begun) < _FEW and not any(row.name == han for row in begun):
            self._nearly(han, areas, found)
        for area in areas if not begun else ():
            if found.good(70.0) < ENOUGH and not found.spent:
                found.add(self._search(phrase(han), area), score)
        if found.best_score < _NOTHING and not found.spent:
            expression = with_one_slip(han[:12], local=bool(areas[0]))
            found.add(self._search(expression, areas[0], 150) if expression else [], score)
        if found.best_score < _NOTHING and not found.spent:
            found.add(self._file.rows(nearly_spelt(self._file, "".join(spell(han)), found.deadline)), score)

    def _nearly(self, han: str, areas: tuple[Codes, ...], found: SuggestionRanker) -> None:
        """Add the places that sound as was typed, and those whose names are one slip from it, the likeliest first."""
        letters = "".join(spell(han))
        score = partial(score_han, typed=han, letters=letters, stems=found.stems)
        for area in areas if len(letters) > 2 else ():
            if area == areas[0] or found.best_score < ONE_SLIP:
                found.add(self._file.spelt_from(letters, within=area), score)
        names = nearly_named(self._file, han)
        for area in areas if names else ():
            if area:
                found.add_in_order(self._file.named_any([n.name for n in names[:_NAMES]], within=area))
            else:
                rows = {row.id: row for row in self._file.rows(n.id for n in names[: 2 * ENOUGH])}
                found.add_in_order([rows[n.id] for n in names[: 2 * ENOUGH]])

    def _search_mixed(self, expression: str, text: str, codes: Codes) -> list[Row]:
        """Search Han, and keep of what is found the places that are spelt as the letters among them say."""
        letters = [run for run in runs(text) if run.isascii() and run.isalpha()]
        if not letters:
            return self._search(expression, codes)
        han = [run for run in runs(text) if HAN.match(run)]
        rows = self._file.spelt_from("".join(spell(text)), within=codes)
        rows = [r for r in rows if all(run in r.name for run in han)]
        if not rows:
            rows = self._search(expression, codes, 400)
            rows = [r for r in rows if all(part in r.pinyin for part in letters)][:_ROWS]
        return rows

    def _expression(self, text: str) -> tuple[str, str]:
        """Return the expression for the Han runs and numbers of a text, and the Han."""
        parts: list[str] = []
        han = ""
        for run in runs(text):
            if HAN.match(run):
                parts.append(f"({phrase(run)})")
                han += run
            elif not run.isalpha():
                parts.append(f"(zh : {run}*)")
        return " AND ".join(parts), han

    def _after_letters(self, letters: str, rest: str, codes: Codes, found: SuggestionRanker) -> None:
        """Search sz福田, lianhua路: letters that name a city, or that are part of the name."""
        rows = self._file.ask("SELECT code FROM division_latin WHERE key = ?", (letters,))
        cities = tuple(str(row[0]) for row in rows if str(row[0]).endswith("00"))
        expression, han = self._expression(rest)
        score = partial(score_han, typed=han, stems=found.stems)
        if cities and expression:
            found.add(self._search(expression, cities), score)
        if expression:
            found.add(
                self._search_mixed(expression, f"{letters} {rest}", codes),
                lambda r: score_han(r, typed=han, stems=found.stems),
            )

    def _number(self, street: str, number: str, codes: Codes, found: SuggestionRanker) -> None:
        for known in self._places.numbers.streets(street):
            for spot in self._places.numbers.find(known, number, within=codes)[:ENOUGH]:
                place = self._places.spot(self._places.numbers.name(known), number, spot)
                found.first.append(Suggestion(place.label, place))

    def _numbers_from(self, text: str, codes: Codes, found: SuggestionRanker) -> None:
        """Offer the known numbers of a street that no map draws: 经四 -> 经四路478号."""
        key = text.replace(" ", "")
        streets = self._file.ask(
            "SELECT s.id, s.name FROM street s WHERE s.key BETWEEN ? AND ? "
            "AND NOT EXISTS (SELECT 1 FROM place_key k WHERE k.key = s.key) LIMIT 4",
            (key, key + "\U0010ffff"),
        )
        for street, name in streets:
            for number, spot in self._places.numbers.some(int(str(street)), within=codes):
                place = self._places.spot(str(name), number, spot)
                found.first.append(Suggestion(place.label, place))

    # -- letters only

    def _letters(self, typed: str, codes: Codes, found: SuggestionRanker) -> None:
        words = re.findall("[a-z0-9]+", typed)[:8]
        words = [w for w in words if w not in ENGLISH_WORDS] or words
        joined = "".join(words)
        if not joined:
            return

        def score(row: Row) -> float:
            return score_letters(row, joined, found.stems)

        exact = self._file.named(" ".join(words), limit=20) + (self._file.named(joined) if len(words) > 1 else [])
        found.add(exact, lambda _: 112.0)
        found.add(self._spelt_whole(joined), score)
        if len(words) > 1:
            self._words(words, found)
        read = read_letters(joined) if joined.isalpha() else None
        begun = False
        if read is not None and read.spelt:
            for area in (codes, ()) if codes else ((),):
                if found.good(80.0) < ENOUGH:
                    rows = self._spelt_rows(joined, read.spelt, area)
                    begun = begun or bool(rows)
                    found.add(rows, score)
        if read is None or not read.spelt or len(joined) <= 4:
            self._initials(joined, read.initials if read else "", read.whole if read else (), codes, found)
        if not joined.isalpha() or found.best_score < _NOTHING:
            expression = " AND ".join(f"(zh : {w}*)" for w in words)
            found.add(self._search(expression, ()), lambda r: score_letters(r, " ".join(words), found.stems))
        if not begun and found.best_score < 85.0 and len(joined) > 4 and joined.isalpha() and not found.spent:
            found.add(self._file.rows(nearly_spelt(self._file, joined, found.deadline)), score)

    def _spelt_rows(self, letters: str, syllables: tuple[str, ...], codes: Codes) -> list[Row]:
        """Return places that begin with letters: by syllables while few are typed, else by the whole spelling."""
        if len(letters) < 3 and not codes:
            return self._search(spelt(syllables, first=True), codes)
        return self._file.spelt_from(letters, within=codes)

    def _spelt_whole(self, letters: str) -> list[Row]:
        """Return the divisions whose pinyin in one word this is, however it splits: jianshi is 吉安市 too."""
        rows = self._file.ask(
            "SELECT d.name, d.code FROM division_latin l JOIN division d ON d.code = l.code "
            "WHERE l.key = ? AND l.kind != 'initials' AND d.level IN ('province', 'city', 'district') LIMIT 12",
            (letters,),
        )
        return [r for name, code in rows for r in self._file.named(str(name), within=(str(code),)) if r.code == code]

    def _initials(
        self, joined: str, initials: str, whole: tuple[str, ...], codes: Codes, found: SuggestionRanker
    ) -> None:
        if not initials or set(initials) & set("iuv"):
            return  # no syllable begins so
        expression = f"ini : {initials}*" + "".join(f" AND (py : {syllable})" for syllable in whole)
        if len(joined) == 1:
            expression = f"py : ^ {joined}*"

        def score(row: Row) -> float:
            return score_initials(row, initials, found.stems)

        found.add(self._search(expression, codes), score)
        if codes and found.good(60.0) < ENOUGH:
            found.add(self._search(expression, ()), score)

    def _words(self, words: list[str], found: SuggestionRanker) -> None:
        """Search sz futian, futian shenzhen: one end names a city or district, the rest what lies in it."""
        for head, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
            rows = self._file.ask("SELECT code FROM division_latin WHERE key = ?", (head,))
            codes = sorted((str(row[0]) for row in rows), key=lambda code: (not code.endswith("00"), code))
            inside = tuple(code for code in codes if len(code) == 6)
            read = read_letters("".join(rest)) if "".join(rest).isalpha() else None
            if inside and read is not None:
                wanted = "".join(rest)
                inner = self._file.spelt_from(wanted, within=inside) if read.spelt else []
                inner = inner or self._search(f"ini : {read.initials or wanted}*", inside[:12])
                found.add(inner, partial(_score_within, wanted, found.stems))

    def _search(self, expression: str, codes: Codes, limit: int = _ROWS) -> list[Row]:
        return self._file.match(f"({expression}){area_filter(codes)}", limit)


def _score_within(typed: str, stems: Codes, row: Row) -> float:
    return score_letters(row, typed, stems) + 5.0
