"""The tables of the index file, how rows get into them, and the shipped divisions with their names."""

from __future__ import annotations

import csv
import math
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from pathlib import Path
from typing import Any

from locator.adcode import ancestors, prefecture_stem
from locator.errors import DataError
from locator.gazetteer.deletion_index import count_runs, forget_variants, insert_variants, restore_variants
from locator.gazetteer.divisions import LEVEL_PRECISIONS, Division
from locator.gazetteer.text import clean_name, short_name, short_names, spell, to_bigrams, to_key

VERSION = 4
"""Raised when a table changes its meaning; a file of another version is built again."""
FORMER_FILES = ("former.csv", "former_more.csv", "former_codes.csv")
"""The retired names that ship with the program."""
PLACES_FILE = "osm_places.parquet"
"""The named places of OpenStreetMap that ship with the program."""

PRAGMAS = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -32768;
"""
"""For writing a file that nobody reads yet."""
STAGING = """
CREATE TABLE staging (
    name TEXT, kind TEXT, code TEXT, township TEXT, context TEXT, lon REAL, lat REAL, error_m REAL, precision TEXT,
    pinyin TEXT, aliases TEXT, rank REAL
);
"""
TABLES = f"""{STAGING}
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE division (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, level TEXT NOT NULL, parent TEXT, lon REAL, lat REAL,
    name_en TEXT NOT NULL, pinyin TEXT NOT NULL, error_m REAL
) WITHOUT ROWID;
CREATE TABLE division_name (name TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE division_latin (
    key TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (key, code)
) WITHOUT ROWID;
CREATE TABLE place (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, code TEXT, township TEXT, context TEXT NOT NULL,
    lon REAL, lat REAL, error_m REAL, precision TEXT NOT NULL, pinyin TEXT NOT NULL, city TEXT
);
CREATE TABLE place_key (
    key TEXT NOT NULL, id INTEGER NOT NULL, code TEXT NOT NULL, PRIMARY KEY (key, code, id)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE fts USING fts5(
    zh, py, ini, ad, content='', columnsize=0, prefix='1 2 3', tokenize="unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE letters USING fts5(p, content='', columnsize=0, detail=none, tokenize='trigram');
INSERT INTO fts(fts, rank) VALUES ('hashsize', 33554432), ('automerge', 0);
INSERT INTO letters(letters, rank) VALUES ('hashsize', 33554432), ('automerge', 0);
CREATE TABLE slip (
    variant INTEGER NOT NULL, places INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (variant, places DESC, id)
) WITHOUT ROWID;
CREATE TABLE street (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE street_alias (key TEXT NOT NULL, street INTEGER NOT NULL, PRIMARY KEY (key, street)) WITHOUT ROWID;
CREATE TABLE number (
    street INTEGER NOT NULL, area TEXT NOT NULL, value INTEGER NOT NULL, suffix TEXT NOT NULL, n INTEGER NOT NULL,
    lon REAL NOT NULL, lat REAL NOT NULL, code TEXT, locality TEXT, name TEXT, interpolate INTEGER NOT NULL,
    error_m REAL NOT NULL, PRIMARY KEY (street, area, value, suffix, n)
) WITHOUT ROWID;
"""  # noqa: S608 - constant
INDEXES = """
DROP TABLE staging;
CREATE INDEX division_name_name ON division_name (name);
INSERT INTO fts(fts) VALUES ('optimize');
INSERT INTO letters(letters) VALUES ('optimize');
CREATE VIRTUAL TABLE temp.letters_terms USING fts5vocab(main, letters, 'row');
CREATE TABLE letter_count (term TEXT PRIMARY KEY, places INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO letter_count SELECT term, doc FROM temp.letters_terms;
DROP TABLE temp.letters_terms;
CREATE INDEX place_pinyin ON place (pinyin, code);
CREATE INDEX place_city ON place (city, pinyin, code);
PRAGMA analysis_limit = 2000;
ANALYZE;
"""
_BY_IMPORTANCE = "ORDER BY rank DESC, length(name), rowid"
MORE_FROM = 10_000_000
"""The first number of a shipped place; those of divisions, offices and imports are below."""
STAGED = (
    "name", "kind", "code", "township", "context", "lon", "lat", "error_m", "precision", "pinyin", "aliases", "rank",
)  # fmt: skip


def stage(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Put places aside, in any order; :func:`fill_places` brings them in by importance."""
    marks = ", ".join("?" * len(STAGED))
    connection.executemany(f"INSERT INTO staging VALUES ({marks})", rows)  # noqa: S608 - constant


def fill_places(connection: sqlite3.Connection, *, first: int = 1) -> int:
    """Move the staged places into the index, the most important first, and return how many there were.

    The order matters: a query stops after some eighty rows, and those must be the best. What is moved in by
    a later call comes after what is there. The places are numbered from ``first``.
    """
    connection.create_function("city_of", 1, lambda code: prefecture_stem(code) if code else None, deterministic=True)
    (first,) = connection.execute("SELECT coalesce(max(id) + 1, ?) FROM place", (first,)).fetchone()
    connection.execute(
        f"INSERT INTO place SELECT ? - 1 + row_number() OVER ({_BY_IMPORTANCE}), name, kind, code, township, context, "  # noqa: S608 - constant
        f"lon, lat, error_m, precision, replace(pinyin, ' ', ''), city_of(code) FROM staging {_BY_IMPORTANCE}",
        (first,),
    )
    rows = connection.execute(
        f"SELECT name, code, pinyin, aliases, kind FROM staging {_BY_IMPORTANCE}"  # noqa: S608 - constant
    )
    count = 0
    for batch in batched(enumerate(rows, first), 5000):
        connection.executemany("INSERT INTO fts(rowid, zh, py, ini, ad) VALUES (?, ?, ?, ?, ?)", map(_terms, batch))
        letters = ((number, row[2].replace(" ", "")) for number, row in batch if row[2])
        connection.executemany("INSERT INTO letters(rowid, p) VALUES (?, ?)", letters)
        connection.executemany("INSERT OR IGNORE INTO place_key VALUES (?, ?, ?)", _keys(batch))
        count += len(batch)
    connection.execute("DELETE FROM staging")
    insert_variants(connection, since=first)
    return count


def remove_places(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Take places out of the index.

    Parameters
    ----------
    rows
        What was staged for them, in the order of :data:`STAGED`.

    Raises
    ------
    DataError
        The index does not hold one of them.
    """
    rows = list(rows)
    numbers = _find_places(connection, rows)
    found = [(n, (row[0], row[2], row[9], row[10], row[1])) for n, row in zip(numbers, rows, strict=True)]
    names = dict.fromkeys(row[0] for _, row in found)
    forget_variants(connection, names)
    connection.executemany(
        "INSERT INTO fts(fts, rowid, zh, py, ini, ad) VALUES ('delete', ?, ?, ?, ?, ?)", map(_terms, found)
    )
    spelt = [(number, row[2].replace(" ", "")) for number, row in found if row[2]]
    connection.executemany("INSERT INTO letters(letters, rowid, p) VALUES ('delete', ?, ?)", spelt)
    count_runs(connection, (pinyin for _, pinyin in spelt), -1)
    connection.executemany("DELETE FROM place_key WHERE key = ? AND id = ? AND code = ?", _keys(found))
    connection.executemany("DELETE FROM place WHERE id = ?", ((number,) for number, _ in found))
    restore_variants(connection, names)


def _find_places(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> Iterator[int]:
    """Yield the number of the place that was staged as each of ``rows``, of two that are the same another each time."""
    alike = [(row[0], _places_like(connection, row)) for row in rows]
    twins = any(len(numbers) > 1 for _, numbers in alike)
    many = dict(connection.execute("SELECT id, count(*) FROM place_key GROUP BY id")) if twins else {}
    taken: set[int] = set()
    for name, numbers in alike:
        free = [number for number in numbers if number not in taken]
        if not free:
            raise DataError(f"the index does not hold {name}", code="gazetteer_build", path="gazetteer")
        number = min(free, key=lambda n: many.get(n, 0))  # one with further names is another
        taken.add(number)
        yield number


def _places_like(connection: sqlite3.Connection, row: tuple[Any, ...]) -> list[int]:
    """Return the numbers of the places that have all that a staged row has, and perhaps further names."""
    keys = [key for key, _, _ in _keys([(0, (row[0], row[2], row[9], row[10], row[1]))])]
    found = connection.execute(
        f"SELECT k.id FROM place_key k JOIN place p ON p.id = k.id WHERE k.key IN ({', '.join('?' * len(keys))})"  # noqa: S608 - marks only
        " AND k.code = ? AND p.name = ? AND p.kind = ? AND p.lon = ? AND p.lat = ? AND p.error_m IS ?"
        " AND p.precision = ? GROUP BY k.id HAVING count(*) = ?",
        (*keys, row[2] or "", row[0], row[1], *row[5:9], len(keys)),
    )
    return [int(number) for (number,) in found]


def count_letters(connection: sqlite3.Connection, added: int) -> None:
    """Count the runs of three letters of the places that came last."""
    rows = connection.execute("SELECT pinyin FROM place WHERE id < ? ORDER BY id DESC LIMIT ?", (MORE_FROM, added))
    count_runs(connection, (pinyin for (pinyin,) in rows), 1)


def _terms(item: tuple[int, tuple[str, str | None, str, str, str]]) -> tuple[object, ...]:
    number, (name, code, pinyin, aliases, _) = item
    key = to_key(name)
    texts = [key, *filter(None, aliases.split("\n"))]
    syllables = pinyin.split(" ") if pinyin else []
    return number, " ".join(map(to_bigrams, texts)), pinyin, "".join(s[0] for s in syllables), area_terms(code)


def area_terms(code: str | None) -> str:
    """Return the terms that say where a place lies."""
    if not code:
        return ""
    last = f"a{code}" if code[4:] != "00" else f"k{code[:4]}" if code[2:4] != "00" else f"k{code[:2]}"
    return f"a{code[:2]} a{code[:4]} {last}"


def _keys(batch: Iterable[tuple[int, tuple[str, str | None, str, str, str]]]) -> Iterator[tuple[str, int, str]]:
    for number, (name, code, _, aliases, _) in batch:
        for key in {to_key(name), *filter(None, aliases.split("\n"))}:
            yield key, number, code or ""


def spell_name(name: str) -> str:
    """Return a name's pinyin as it is stored: syllables with spaces; empty for a name without Han."""
    key = to_key(name)
    return "" if key.isascii() else " ".join(spell(key))


RANKS: Mapping[str, float] = {"province": 1.0, "city": 0.95, "district": 0.9, "zone": 0.6, "township": 0.5}
_KIND_SYLLABLES = re.compile("(?: (?:sheng|shi|qu|xian|zhen|xiang|jie dao|qi|zhou|meng))$")


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a shipped CSV file.

    Raises
    ------
    DataError
        The file is missing or no UTF-8 text.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read {path}: {error}", code="gazetteer_source", path=path.name) from error


def load_divisions(shipped: Path) -> dict[str, Division]:
    """Return the shipped divisions by code; townships after what they lie in.

    A township lies where ``township_seats_osm.csv`` says, if that is there and surer than ``divisions.csv``; its
    error is that of its seat's position and how far it reaches from there.
    """
    divisions: dict[str, Division] = {}
    seats = _read_seats(shipped / "township_seats_osm.csv")
    for row in read_csv(shipped / "divisions.csv"):
        code = row["code"]
        parent = next((outer for outer in ancestors(code) if outer in divisions), None)
        lon, lat, error_m = (float(row[c]) if row[c] else None for c in ("lon", "lat", "error_m"))
        if code in seats and (error_m is None or seats[code][2] < error_m):
            lon, lat, error_m = seats[code]
        if row["extent_m"]:  # of a township nobody places it is all that is known, for an import that does
            error_m = float(f"{math.hypot(error_m or 0.0, float(row['extent_m'])):.2g}")
        name, name_en = clean_name(row["name"]), clean_name(row["name_en"])
        divisions[code] = Division(code, name, row["level"], parent, lon, lat, name_en, row["pinyin"], error_m)
    for part in _read_parts(shipped / "parts.csv", divisions):
        divisions[part.code] = part
    return divisions


def _read_parts(path: Path, divisions: Mapping[str, Division]) -> Iterator[Division]:
    """Yield the parts of Hong Kong, Macau and Taiwan: zones, for they have no adcode of their own."""
    if not path.exists():
        return
    for number, row in enumerate(read_csv(path), 1):
        code, name = row["code"], clean_name(row["name"])
        if code in divisions:
            lon, lat, error_m = (float(row[c]) for c in ("lon", "lat", "error_m"))
            more = lon, lat, row.get("name_en") or "", spell_name(name), error_m
            yield Division(f"{code}{number:03d}", name, "zone", code, *more)


def _read_seats(path: Path) -> dict[str, tuple[float, float, float]]:
    """Return longitude, latitude and error in metres of townships by code; nothing where there is no such file."""
    if not path.exists():
        return {}
    return {row["code"]: (float(row["lon"]), float(row["lat"]), float(row["error_m"])) for row in read_csv(path)}


def context_of(division: Division, divisions: Mapping[str, Division]) -> str:
    """Return the names of the divisions around one: 广东省深圳市."""
    parts: list[str] = []
    parent = division.parent
    while parent:
        parts.insert(0, divisions[parent].name)
        parent = divisions[parent].parent
    return "".join(parts)


def english_name(division: Division) -> str:
    """Return the usual English name, or else the pinyin in one word: Shenzhen, Futian, Lianhua."""
    if division.name_en:
        return division.name_en
    return _short_pinyin(division, short_names(division.name, division.level)).replace(" ", "").capitalize()


def _short_pinyin(division: Division, shorter: tuple[str, ...]) -> str:
    if shorter and not division.name.isascii():
        return " ".join(division.pinyin.split(" ")[: len(min(shorter, key=len))])
    return division.pinyin


def insert_divisions(connection: sqlite3.Connection, divisions: Mapping[str, Division], shipped: Path) -> None:
    """Write the divisions, every name of theirs, and their places."""
    connection.executemany("INSERT INTO division VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", divisions.values())
    shorter = {d.code: _shorter(d) for d in divisions.values()}
    names = [*_names(divisions, shorter), *_other_names(divisions, shipped)]
    connection.executemany("INSERT INTO division_name VALUES (?, ?, ?)", dict.fromkeys(names))
    connection.executemany("INSERT OR IGNORE INTO division_latin VALUES (?, ?, ?)", _latin(divisions, shorter, names))
    aliases: dict[str, list[str]] = {}
    for name, code, kind in names:
        if kind in {"short", "popular", "english"} and len(name) > 1:
            aliases.setdefault(code, []).append(name)
    stage(connection, (_place(d, divisions, aliases.get(d.code, [])) for d in divisions.values()))


def _shorter(division: Division) -> tuple[str, ...]:
    """Return the shorter names of a division; a part of Taiwan is shortened as a district is: 高雄."""
    level = "district" if division.level == "zone" and len(division.code) == 9 else division.level
    return short_names(division.name, level)


Shorter = Mapping[str, tuple[str, ...]]
"""The shorter names of each division."""


def _names(divisions: Mapping[str, Division], shorter: Shorter) -> Iterator[tuple[str, str, str]]:
    for division in divisions.values():
        yield to_key(division.name), division.code, "full"
        for name in shorter[division.code]:
            kind = "full" if division.level == "township" and name.endswith("办事处") else "short"
            yield to_key(name), division.code, kind
        yield from ((to_key(name), division.code, "popular") for name in _misnamed(division))
        if division.name_en:
            yield to_key(division.name_en), division.code, "english"


def _misnamed(division: Division) -> tuple[str, ...]:
    """Return what people write for an autonomous region or prefecture, as if it were any other: 内蒙古省, 凉山市."""
    ending = {"province": "省", "city": "市"}.get(division.level, "")
    base = short_name(division.name)
    autonomous = division.name.endswith(("自治区", "自治州", "特别行政区"))
    return (base + ending,) if ending and autonomous and base != division.name else ()


def _other_names(divisions: Mapping[str, Division], shipped: Path) -> Iterator[tuple[str, str, str]]:
    parts = {(d.parent, to_key(d.name)) for d in divisions.values() if d.level == "zone"}
    for row in (*read_csv(shipped / "aliases.csv"), *_area_names(shipped / "new_areas.csv")):
        if row["code"] in divisions and (row["code"], to_key(row["alias"])) not in parts:
            yield to_key(row["alias"]), row["code"], row["kind"]
            if row["kind"] == "part":
                yield to_key(short_name(row["alias"])), row["code"], row["kind"]
    for file in FORMER_FILES:
        for row in read_csv(shipped / file):
            if row["successor"] in divisions and row["name"] != divisions[row["successor"]].name:
                yield to_key(row["name"]), row["successor"], "former"
                if row["level"] != "township":
                    yield to_key(short_name(row["name"])), row["successor"], "former"


def _area_names(path: Path) -> Iterator[dict[str, str]]:
    """Yield the names of new areas as names of each district that they lie in."""
    if path.exists():
        for row in read_csv(path):
            for name in (row["name"], *filter(None, row["short"].split(";"))):
                yield from ({"alias": name, "code": code, "kind": "area"} for code in row["codes"].split(";"))


def _latin(
    divisions: Mapping[str, Division], shorter: Shorter, names: list[tuple[str, str, str]]
) -> Iterator[tuple[str, str, str]]:
    spelt = {d.code: _short_pinyin(d, shorter[d.code]) for d in divisions.values()}
    for name, code, kind in names:
        key = name.replace(" ", "")
        if kind == "english" and key != spelt[code].replace(" ", ""):
            yield key, code, kind
    for division, short in ((d, spelt[d.code]) for d in divisions.values()):
        yield short.replace(" ", ""), division.code, "short"
        yield division.pinyin.replace(" ", ""), division.code, "full"
        if division.level in {"city", "district"}:
            yield "".join(s[0] for s in short.split(" ")), division.code, "initials"


def _place(division: Division, divisions: Mapping[str, Division], aliases: list[str]) -> tuple[object, ...]:
    """Return the staged row of a division; one without a position gets its district's and says so."""
    lon, lat, error_m, precision = division.lon, division.lat, division.error_m, LEVEL_PRECISIONS[division.level]
    if lon is None and division.level in {"township", "zone"} and division.parent:
        above = divisions[division.parent]
        lon, lat, error_m, precision = above.lon, above.lat, above.error_m, LEVEL_PRECISIONS[above.level]
    code = division.code
    if division.level in {"township", "zone"}:
        code = next(c for c in ancestors(code) if c in divisions and divisions[c].level != "zone")
    return (
        division.name, division.level, code, division.code if division.level == "township" else None,
        context_of(division, divisions), lon, lat, error_m, precision, division.pinyin, "\n".join(aliases),
        RANKS[division.level],
    )  # fmt: skip
