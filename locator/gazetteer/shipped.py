"""Reading the shipped divisions and their names into the index."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from locator.errors import DataError
from locator.gazetteer.names import short_name, short_names
from locator.gazetteer.records import Division
from locator.gazetteer.schema import stage
from locator.gazetteer.text import clean_name, to_key
from locator.model import Precision

RANKS: Mapping[str, float] = {"province": 1.0, "city": 0.95, "district": 0.9, "zone": 0.6, "township": 0.5}
_PRECISIONS: Mapping[str, Precision] = {
    "province": Precision.PROVINCE, "city": Precision.CITY, "district": Precision.DISTRICT,
    "zone": Precision.DISTRICT, "township": Precision.TOWNSHIP,
}  # fmt: skip
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
    """Return the shipped divisions by code; townships after what they lie in."""
    divisions: dict[str, Division] = {}
    for row in read_csv(shipped / "divisions.csv"):
        code = row["code"]
        outers = [code[:6], code[:4] + "00", code[:2] + "0000"]
        parent = next((c for c in outers if c != code and c in divisions), None)
        lon, lat, error_m = (float(row[c]) if row[c] else None for c in ("lon", "lat", "error_m"))
        name, name_en = clean_name(row["name"]), clean_name(row["name_en"])
        divisions[code] = Division(code, name, row["level"], parent, lon, lat, name_en, row["pinyin"], error_m)
    return divisions


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
    shorter = {d.code: short_names(d.name, d.level) for d in divisions.values()}
    names = [*_names(divisions, shorter), *_other_names(divisions, shipped)]
    connection.executemany("INSERT INTO division_name VALUES (?, ?, ?)", dict.fromkeys(names))
    connection.executemany("INSERT OR IGNORE INTO division_latin VALUES (?, ?, ?)", _latin(divisions, shorter, names))
    aliases: dict[str, list[str]] = {}
    for name, code, kind in names:
        if kind in {"short", "popular", "english"} and len(name) > 1:
            aliases.setdefault(code, []).append(name)
    stage(connection, (_place(d, divisions, aliases.get(d.code, [])) for d in divisions.values()))


Shorter = Mapping[str, tuple[str, ...]]
"""The shorter names of each division."""


def _names(divisions: Mapping[str, Division], shorter: Shorter) -> Iterator[tuple[str, str, str]]:
    for division in divisions.values():
        yield to_key(division.name), division.code, "full"
        for name in shorter[division.code]:
            kind = "full" if division.level == "township" and name.endswith("办事处") else "short"
            yield to_key(name), division.code, kind
        if division.name_en:
            yield to_key(division.name_en), division.code, "english"


def _other_names(divisions: Mapping[str, Division], shipped: Path) -> Iterator[tuple[str, str, str]]:
    for row in read_csv(shipped / "aliases.csv"):
        if row["code"] in divisions:
            yield to_key(row["alias"]), row["code"], row["kind"]
            if row["kind"] == "part":
                yield to_key(short_name(row["alias"])), row["code"], row["kind"]
    for file in ("former.csv", "former_more.csv"):
        for row in read_csv(shipped / file):
            if row["successor"] in divisions and row["name"] != divisions[row["successor"]].name:
                yield to_key(row["name"]), row["successor"], "former"
                if row["level"] != "township":
                    yield to_key(short_name(row["name"])), row["successor"], "former"


def _latin(
    divisions: Mapping[str, Division], shorter: Shorter, names: list[tuple[str, str, str]]
) -> Iterator[tuple[str, str, str]]:
    spelt = {d.code: _short_pinyin(d, shorter[d.code]) for d in divisions.values()}
    for name, code, kind in names:
        key = name.replace(" ", "")
        if kind == "english" and key != spelt[code].replace(" ", ""):
            yield key, code, kind
    for division in divisions.values():
        short = spelt[division.code]
        yield short.replace(" ", ""), division.code, "short"
        yield division.pinyin.replace(" ", ""), division.code, "full"
        if division.level in {"city", "district"}:
            yield "".join(s[0] for s in short.split(" ")), division.code, "initials"


def _place(division: Division, divisions: Mapping[str, Division], aliases: list[str]) -> tuple[object, ...]:
    """Return the staged row of a division; one without a position gets its district's and says so."""
    lon, lat, error_m, precision = division.lon, division.lat, division.error_m, _PRECISIONS[division.level]
    if lon is None and division.level in {"township", "zone"} and division.parent:
        above = divisions[division.parent]
        lon, lat, error_m, precision = above.lon, above.lat, above.error_m, _PRECISIONS[above.level]
    code = division.code
    if division.level in {"township", "zone"}:
        around = code[:6] if code[:6] in divisions and divisions[code[:6]].level == "district" else code[:4] + "00"
        code = around if around in divisions else code[:2] + "0000"
    return (
        division.name, division.level, code, division.code if division.level == "township" else None,
        context_of(division, divisions), lon, lat, error_m, precision, division.pinyin, "\n".join(aliases),
        RANKS[division.level],
    )  # fmt: skip
