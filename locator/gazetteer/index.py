"""The index file, open for reading: its connections, its full-text expressions, its rows as places."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from locator.adcode import ancestors, holds_cities, is_inside, is_one_city, prefecture_of, prefecture_stem, stem
from locator.datum import distance_m
from locator.errors import DataError
from locator.gazetteer.divisions import DivisionTable
from locator.gazetteer.schema import VERSION
from locator.gazetteer.text import ENGLISH_WORDS
from locator.model import Place, Precision

MOST_CONNECTIONS = 8
"""How many connections are kept for whoever asks next; each has a cache of 4 MiB at most."""
GENERIC = frozenset("路街道巷弄区市县镇乡村里")
"""Last characters that say what kind a name is; alone they narrow nothing."""


def phrase(run: str) -> str:
    """Return the expression for a run of Han anywhere in a name."""
    if len(run) == 1:
        return f"zh : {run}*"
    return 'zh : "' + " ".join(run[i : i + 2] for i in range(len(run) - 1)) + '"'


def spelt(parts: Sequence[str], *, first: bool = False) -> str:
    """Return the expression for syllables in a row, the last perhaps cut short; ``first``: at the beginning."""
    return f'py : {"^ " if first else ""}"{" ".join(parts)}"*'


def area_filter(codes: Sequence[str]) -> str:
    """Return `` AND …`` that keeps to divisions, and to what is known only to lie in their city; or nothing."""
    terms: list[str] = []
    for code in codes[:12]:
        if code[2:] == "0000":
            terms.append(f"a{code[:2]}")
        elif code[4:6] == "00":
            terms.append(f"a{code[:4]}")
        else:
            terms += [f"a{code[:6]}", f"k{prefecture_stem(code)}"]
    return f" AND ad : ({' OR '.join(dict.fromkeys(terms))})" if terms else ""


def with_one_slip(run: str, *, local: bool = False) -> str:
    """Return the expression for names with one character wrong, lost or swapped against a run; or nothing.

    ``local``: for a search within one city, where even 路 narrows enough.
    """
    size = len(run)
    found: list[str] = []
    for i in range(size - 1):
        found.append(phrase(run[:i] + run[i + 1] + run[i] + run[i + 2 :]))
    for i in range(size if size > 2 else 0):
        found.append(_beside(run[:i], run[i + 1 :], local=local))
    for i in range(1, size):
        found.append(_beside(run[:i], run[i:], local=local))
    return " OR ".join(dict.fromkeys(f for f in found if f))


def _beside(left: str, right: str, *, local: bool) -> str:
    pieces = [p for p in (left, right) if p and (local or p not in GENERIC)]
    if sum(map(len, pieces)) < 2:
        return ""
    return "(" + " AND ".join(map(phrase, pieces)) + ")"


_COLUMNS = "p.id, p.name, p.kind, p.code, p.township, p.context, p.lon, p.lat, p.error_m, p.precision, p.pinyin"

SAME_M = 600.0
"""Places of one name closer than this are one place with several marks on the map."""
_KNOWN_FAR = frozenset({"station", "university", "hospital", "sight", "venue"})
"""Kinds that people outside the city know; a residential community of the same name elsewhere is not meant."""
_FEW, _MANY = 600, 20_000
"""How many places that begin with the typed text are searched for the most important ones."""


class Row(NamedTuple):
    """A place as the index holds it."""

    id: int
    name: str
    kind: str
    code: str | None
    township: str | None
    context: str
    lon: float | None
    lat: float | None
    error_m: float | None
    precision: str
    pinyin: str

    def place(self, *, note: str | None = None) -> Place:
        """Return the place that a person is told of."""
        return Place(
            label=self.label, lon=self.lon, lat=self.lat, precision=Precision(self.precision),
            error_m=self.error_m, source="points" if self.kind == "office" else "gazetteer",
            adcode=self.code, township=self.township, note=note,
        )  # fmt: skip

    @property
    def label(self) -> str:
        """The name with the divisions around it, none of them twice."""
        context = self.context
        if self.kind == "office" and len(self.name) > 6:
            return self.name
        if self.name.startswith(context):
            return self.name
        return f"{context}{self.name}" if not context.isascii() or not context else f"{self.name}, {context}"


def _area(within: Sequence[str]) -> tuple[str, list[str]]:
    """Return the condition, and its values, that keeps places to divisions and to what only their city is known of."""
    codes = [code[:6] for code in within[:12]]
    if any(holds_cities(code) for code in codes):  # a province: as many cities as it has
        stems = [stem(code) for code in codes]
        bounds = [bound for prefix in stems for bound in (prefix, prefix + "~")]
        return f"({' OR '.join(['code BETWEEN ? AND ?'] * len(stems))}) AND ", bounds
    cities = sorted({prefecture_stem(code) for code in codes})
    districts = [code for code in codes if stem(code) == code]
    condition = f"city IN ({', '.join('?' * len(cities))}) AND " if cities else ""
    if len(districts) < len(codes) or not districts:
        return condition, cities
    known = [*districts, *(prefecture_of(code) for code in districts)]
    return f"{condition}code IN ({', '.join('?' * len(known))}) AND ", [*cities, *known]


def _lies_in(code: str, within: Sequence[str]) -> bool:
    """Tell whether a place may lie in one of several divisions, as far as its own code says."""
    return any(is_inside(code, outer) or is_inside(outer, code) for outer in within)


def _uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


class IndexFile:
    """The index files; safe to use from several threads.

    Parameters
    ----------
    path
        What :func:`locator.gazetteer.build.build_gazetteer` wrote: divisions, offices, imports.
    places
        What :func:`locator.gazetteer.build.build_places` wrote, the shipped places; None while it is not built.

    Raises
    ------
    DataError
        A file is missing, broken or of another version.
    """

    def __init__(self, path: Path, places: Path | None = None) -> None:
        self.path = path
        self._places = places
        self._parts = ("main",) if places is None else ("main", "more")
        self._idle: deque[sqlite3.Connection] = deque(maxlen=MOST_CONNECTIONS)
        self._reading = threading.Lock()
        self._divisions: DivisionTable | None = None
        self._contexts: dict[str, str] = {}
        self._frequencies: dict[str, int] = {}
        self.spellings = lru_cache(64)(self._spellings)
        """How provinces and cities are written in letters (``""``), or the districts of a city by its code."""
        for part in self._parts:
            found = self.ask(f"SELECT value FROM {part}.meta WHERE key = 'version'")  # noqa: S608 - constant
            if not found or found[0][0] != str(VERSION):
                raise self._broken("another version")

    def _broken(self, reason: object) -> DataError:
        return DataError(f"the place index {self.path} cannot be read: {reason}", code="gazetteer", path=self.path.name)

    def _spellings(self, within: str) -> list[str]:
        rows = self.ask(
            "SELECT DISTINCT l.key, d.code FROM division_latin l JOIN division d ON d.code = l.code "
            "WHERE l.kind IN ('short', 'full', 'english') AND length(l.key) > 3 AND d.level IN (?, ?)",
            ("district", "district") if within else ("province", "city"),
        )
        return sorted({str(key) for key, code in rows if not within or is_inside(str(code), within)})

    def _borrow(self) -> sqlite3.Connection:
        """Return a connection that nobody uses, with the statements it has prepared; a new one if there is none."""
        try:
            return self._idle.pop()
        except IndexError:
            pass
        connection = sqlite3.connect(_uri(self.path), uri=True, check_same_thread=False, cached_statements=256)
        if self._places is not None:
            connection.execute("ATTACH ? AS more", (_uri(self._places),))
        # Not mapped into memory: a file that somebody cuts would end the whole process with SIGBUS.
        connection.execute("PRAGMA cache_size = -4096")
        return connection

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return all rows of a query.

        Raises
        ------
        DataError
            The file is not there, or is damaged.
        """
        try:
            connection = self._borrow()
            rows = connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        self._idle.append(connection)
        return rows

    def ask_all(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return the rows of a query on every file, the first one's first; ``{db}`` stands for the file."""
        return [row for part in self._parts for row in self.ask(query.replace("{db}", part), values)]

    def _rows(self, found: Iterable[tuple[object, ...]]) -> list[Row]:
        rows = (Row._make(row) for row in found)
        return [row if row.context or not row.code else row._replace(context=self._context(row.code)) for row in rows]

    def _context(self, code: str) -> str:
        """Return the names of a place's divisions, where the file leaves them to be looked up."""
        if code not in self._contexts:
            around = (*ancestors(code), code)
            marks = ", ".join("?" * len(around))
            rows = self.ask(f"SELECT name FROM division WHERE code IN ({marks}) ORDER BY code", around)  # noqa: S608
            self._contexts[code] = "".join(str(row[0]) for row in rows)
        return self._contexts[code]

    def match(self, expression: str, limit: int) -> list[Row]:
        """Return the most important places that an FTS expression matches."""
        found = self.ask_all(
            f"SELECT {_COLUMNS} FROM (SELECT rowid AS r FROM {{db}}.fts WHERE fts MATCH ? LIMIT ?) "  # noqa: S608 - constant
            "JOIN {db}.place p ON p.id = r",
            (expression, limit),
        )
        return self._rows(found)

    def rows(self, ids: Iterable[int]) -> list[Row]:
        """Return places by their numbers."""
        wanted = ",".join(str(int(i)) for i in ids)
        found = self.ask_all(f"SELECT {_COLUMNS} FROM {{db}}.place p WHERE p.id IN ({wanted})") if wanted else []  # noqa: S608
        return self._rows(found)

    def named(self, key: str, *, within: Sequence[str] = (), limit: int = 60) -> list[Row]:
        """Return the places of exactly this name, the most important first."""
        found = self.ask_all(
            f"SELECT {_COLUMNS} FROM {{db}}.place_key k JOIN {{db}}.place p ON p.id = k.id WHERE k.key = ? "  # noqa: S608
            "ORDER BY p.id LIMIT ?",
            (key, 2000),
        )
        if within:
            found = [
                r for r in found if r[3] and any(is_inside(str(r[3]), w) or is_inside(w, str(r[3])) for w in within)
            ]
        return self._rows(found[:limit])

    def keys_inside(self, keys: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
        """Return which of many names there are, each with the numbers and the codes of its places."""
        found: dict[str, list[tuple[int, str]]] = {}
        marks = ", ".join("?" * len(keys))
        query = f"SELECT key, id, code FROM {{db}}.place_key WHERE key IN ({marks})"  # noqa: S608 - marks only
        for key, number, code in self.ask_all(query, keys):
            found.setdefault(str(key), []).append((int(str(number)), str(code)))
        return found

    def spelt_from(self, letters: str, *, within: Sequence[str] = (), limit: int = 40) -> list[Row]:
        """Return places whose pinyin in one word begins with letters, the most important of a few hundred first."""
        area, values = _area(within)
        looked_at = _FEW if len(letters) > 4 and not within else _MANY
        found = self.ask_all(
            f"SELECT {_COLUMNS} FROM (SELECT id AS r FROM (SELECT id FROM {{db}}.place "  # noqa: S608 - marks only
            f"WHERE {area}pinyin >= ? AND pinyin < ? LIMIT ?) ORDER BY r LIMIT ?) JOIN {{db}}.place p ON p.id = r",
            (*values, letters, letters + "~", looked_at, limit),
        )
        return self._rows(found)

    def begun(self, key: str, *, within: Sequence[str] = (), limit: int = 40) -> list[Row]:
        """Return places with a name that begins so, the most important of a few hundred first."""
        stems = [stem(code[:6]) for code in within[:12]]
        area = f" AND ({' OR '.join(['code BETWEEN ? AND ?'] * len(stems))})" if stems else ""
        bounds = [bound for prefix in stems for bound in (prefix, prefix + "~")]
        found = self.ask_all(
            f"SELECT {_COLUMNS} FROM (SELECT DISTINCT id AS r FROM (SELECT id FROM {{db}}.place_key "  # noqa: S608 - marks only
            f"WHERE key >= ? AND key < ?{area} LIMIT ?) ORDER BY r LIMIT ?) JOIN {{db}}.place p ON p.id = r",
            (key, key + "\U0010ffff", *bounds, _FEW, limit),
        )
        return self._rows(found)

    def named_any(self, keys: Sequence[str], *, within: Sequence[str], limit: int = 60) -> list[Row]:
        """Return the places of any of these names in divisions, those of the first name first."""
        stems = [stem(code[:6]) for code in within[:12]]
        inside = " OR ".join(["k.code BETWEEN ? AND ?"] * len(stems))
        found = self.ask_all(
            f"SELECT {_COLUMNS}, k.key FROM {{db}}.place_key k JOIN {{db}}.place p ON p.id = k.id "  # noqa: S608 - marks only
            f"WHERE k.key IN ({', '.join('?' * len(keys))}) AND ({inside}) LIMIT ?",
            (*keys, *(bound for prefix in stems for bound in (prefix, prefix + "~")), limit),
        )
        order = {key: number for number, key in enumerate(keys)}
        return self._rows(row[:-1] for row in sorted(found, key=lambda row: (order[str(row[-1])], row[0])))

    def trigram_frequency(self, term: str) -> int:
        """Return in how many places' pinyin three letters occur."""
        if not self._frequencies:
            counts: dict[str, int] = {}
            for gram, count in self.ask_all("SELECT term, places FROM {db}.letter_count"):
                counts[str(gram)] = counts.get(str(gram), 0) + int(str(count))
            self._frequencies = counts
        return self._frequencies.get(term, 0)

    @property
    def divisions(self) -> DivisionTable:
        """The table of divisions, read at first use, by one thread for all."""
        with self._reading:
            if self._divisions is None:
                self._divisions = DivisionTable(self.ask)
            return self._divisions


def weigh(rows: Sequence[Row]) -> list[Row]:
    """Return the places of a bare name that may be meant: the one that people elsewhere know, else all of them.

    东方明珠 is the tower in Shanghai and the name of fifteen residential communities.
    """
    order = sorted(rows, key=lambda row: not is_in_capital(row.code))
    known = [row for row in order if row.kind in _KNOWN_FAR]
    return known if len(known) == 1 else [*known, *(row for row in order if row.kind not in _KNOWN_FAR)]


def is_in_capital(code: str | None) -> bool:
    """Tell whether a place lies in a municipality or a province's capital, where most of those who ask live."""
    return code is not None and (is_one_city(code) or code[2:4] == "01")


def merge_rows(rows: Iterable[Row]) -> list[Row]:
    """Drop a place near an earlier one of the same name: it is the same."""
    kept: list[Row] = []
    for row in rows:
        if row.lon is None or row.lat is None:
            continue
        if all(gap_m(row, other) > SAME_M for other in kept):
            kept.append(row)
        if len(kept) > 40:
            break
    return kept


def gap_m(one: Row, other: Row) -> float:
    """Return the metres between two places."""
    return float(distance_m(one.lon or 0.0, one.lat or 0.0, other.lon or 0.0, other.lat or 0.0))


_SHORTEST_WORD = 5
"""Letters of a word that may be mistyped: of shorter ones too many are one slip from another."""
_LARGE_DIVISION = (
    "SELECT 1 FROM division_latin l JOIN division d ON d.code = l.code "
    "WHERE l.key = ? AND l.kind != 'initials' AND d.level != 'township' LIMIT 1"
)


def respell(file: IndexFile, words: Sequence[str], *, within: str = "") -> list[list[str]]:
    """Return what a text in letters becomes with one slip in the name of a city put right, in every way there is.

    Parameters
    ----------
    words
        The text's words, in small letters.
    within
        The code of a city: the slip is in the name of one of its districts instead.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    known = file.spellings(within)
    ways: list[list[str]] = []
    for at, word in enumerate(words):
        if len(word) < _SHORTEST_WORD or not word.isalpha() or word in ENGLISH_WORDS:
            continue
        near = process.extract(word, known, scorer=OSA.distance, score_cutoff=1, limit=5)
        if near and not file.ask(_LARGE_DIVISION, (word,)):  # no name as it is: Futian is no 福建
            ways += [[*words[:at], str(name), *words[at + 1 :]] for name, _, _ in near]
    return ways
