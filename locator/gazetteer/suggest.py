"""Suggestions while a person types: no service, no wait, from the first character."""

from __future__ import annotations

import re
from functools import partial

from locator.gazetteer.address import read_address
from locator.gazetteer.files import Row
from locator.gazetteer.found import ONE_SLIP, Found
from locator.gazetteer.fuzzy import nearly_named, nearly_spelt
from locator.gazetteer.pinyin import ENGLISH_WORDS, spell
from locator.gazetteer.places import Places
from locator.gazetteer.rank import bonus, score_han, score_initials, score_letters
from locator.gazetteer.records import Suggestion
from locator.gazetteer.terms import area_filter, phrase, read_letters, spelt, with_one_slip
from locator.gazetteer.text import HAN, normalise, runs

ENOUGH = 8
"""With this many good answers the slower ways are not tried."""
_NAMES = 400
"""So many names at one slip are looked up in the chosen divisions."""
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

    def __init__(self, places: Places) -> None:
        self._places = places
        self._file = places.file

    def suggest(self, prefix: str, codes: Codes, limit: int) -> list[Suggestion]:
        """Return the likeliest continuations of what was typed; ``codes`` are the chosen divisions."""
        typed = normalise(prefix)[:60]
        found = Found(limit, codes)
        if not any(c.isalnum() for c in typed):
            return []
        if HAN.search(typed):
            self._han(typed, codes, found)
        else:
            self._letters(typed, codes, found)
        return [*found.first, *(Suggestion(row.label, row.place()) for row in found.best())][:limit]

    # -- Han, alone or mixed with letters

    def _han(self, typed: str, codes: Codes, found: Found) -> None:
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

    def _rest(self, text: str, codes: Codes, found: Found, *, wide: bool = False) -> None:
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

    def _name(self, han: str, areas: tuple[Codes, ...], found: Found) -> None:
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

    def _nearly(self, han: str, areas: tuple[Codes, ...], found: Found) -> None:
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

    def _after_letters(self, letters: str, rest: str, codes: Codes, found: Found) -> None:
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

    def _number(self, street: str, number: str, codes: Codes, found: Found) -> None:
        for known in self._places.numbers.streets(street):
            for spot in self._places.numbers.find(known, number, within=codes)[:ENOUGH]:
                place = self._places.spot(self._places.numbers.name(known), number, spot)
                found.first.append(Suggestion(place.label, place))

    def _numbers_from(self, text: str, codes: Codes, found: Found) -> None:
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

    def _letters(self, typed: str, codes: Codes, found: Found) -> None:
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

    def _initials(self, joined: str, initials: str, whole: tuple[str, ...], codes: Codes, found: Found) -> None:
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

    def _words(self, words: list[str], found: Found) -> None:
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
