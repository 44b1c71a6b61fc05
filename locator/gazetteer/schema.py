"""The tables of the index file and how rows get into them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import batched

from locator.gazetteer.divisions import MUNICIPALITIES
from locator.gazetteer.pinyin import spell
from locator.gazetteer.slips import insert_slips
from locator.gazetteer.text import to_bigrams, to_key

VERSION = 3
"""Raised when a table changes its meaning; a file of another version is built again."""

PRAGMAS = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -131072;
"""
"""Of who writes a file that nobody reads yet."""
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE division (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, level TEXT NOT NULL, parent TEXT, lon REAL, lat REAL,
    name_en TEXT NOT NULL, pinyin TEXT NOT NULL, error_m REAL
) WITHOUT ROWID;
CREATE TABLE division_name (name TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE division_latin (
    key TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (key, code)
) WITHOUT ROWID;
CREATE TABLE staging (
    name TEXT, kind TEXT, code TEXT, township TEXT, context TEXT, lon REAL, lat REAL, error_m REAL, precision TEXT,
    pinyin TEXT, aliases TEXT, rank REAL
);
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
INSERT INTO fts(fts, rank) VALUES ('hashsize', 67108864), ('automerge', 0);
INSERT INTO letters(letters, rank) VALUES ('hashsize', 67108864), ('automerge', 0);
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
"""
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
_CITY = (
    f"CASE WHEN substr(code, 1, 2) IN ({', '.join(f"'{m}'" for m in sorted(MUNICIPALITIES))}) "
    "THEN substr(code, 1, 2) ELSE substr(code, 1, 4) END"
)
"""What :func:`locator.gazetteer.divisions.city_stem` says, in SQL."""
STAGED = (
    "name", "kind", "code", "township", "context", "lon", "lat", "error_m", "precision", "pinyin", "aliases", "rank",
)  # fmt: skip


def stage(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Put places aside, in any order; :func:`fill_places` brings them in by importance."""
    marks = ", ".join("?" * len(STAGED))
    connection.executemany(f"INSERT INTO staging VALUES ({marks})", rows)  # noqa: S608 - constant


def fill_places(connection: sqlite3.Connection) -> int:
    """Move the staged places into the index, the most important first, and return how many it holds now.

    The order matters: a query stops after some eighty rows, and those must be the best. What is moved in by
    a later call comes after what is there.
    """
    (first,) = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM place").fetchone()
    connection.execute(
        "INSERT INTO place SELECT NULL, name, kind, code, township, context, lon, lat, error_m, precision, "  # noqa: S608 - constant
        f"replace(pinyin, ' ', ''), {_CITY} FROM staging ORDER BY rank DESC, length(name), rowid"
    )
    rows = connection.execute(
        "SELECT name, code, pinyin, aliases, kind FROM staging ORDER BY rank DESC, length(name), rowid"
    )
    count = int(first) - 1
    for batch in batched(enumerate(rows, first), 5000):
        connection.executemany("INSERT INTO fts(rowid, zh, py, ini, ad) VALUES (?, ?, ?, ?, ?)", map(_terms, batch))
        letters = ((number, row[2].replace(" ", "")) for number, row in batch if row[2])
        connection.executemany("INSERT INTO letters(rowid, p) VALUES (?, ?)", letters)
        connection.executemany("INSERT OR IGNORE INTO place_key VALUES (?, ?, ?)", _keys(batch))
        count += len(batch)
    connection.execute("DELETE FROM staging")
    insert_slips(connection, since=first)
    return count


def _terms(item: tuple[int, tuple[str, str | None, str, str, str]]) -> tuple[object, ...]:
    number, (name, code, pinyin, aliases, _) = item
    key = to_key(name)
    texts = [key, *filter(None, aliases.split("\n"))]
    syllables = pinyin.split(" ") if pinyin else []
    return (
        number,
        " ".join(map(to_bigrams, texts)),
        pinyin,
        "".join(s[0] for s in syllables),
        area_terms(code),
    )


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
