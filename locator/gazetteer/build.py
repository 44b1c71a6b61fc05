"""Building the index: to a new file, then in place of the old one; the offices become places and numbers of it."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import batched
from pathlib import Path
from typing import Any

import numpy as np

from locator.adcode import prefecture_of, prefecture_stem
from locator.disk import is_full, to_data_error, write_atomically
from locator.errors import DataError
from locator.gazetteer.address import split_number
from locator.gazetteer.divisions import Division, DivisionTable, NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.schema import (
    INDEXES,
    MORE_FROM,
    PRAGMAS,
    STAGING,
    TABLES,
    VERSION,
    context_of,
    count_letters,
    fill_places,
    insert_divisions,
    load_divisions,
    remove_places,
    spell_name,
    stage,
)
from locator.gazetteer.sources import ERRORS_M, PRECISIONS, RANKS, office_records, shipped_rows
from locator.gazetteer.text import clean_name, spell, to_key
from locator.layer import Layer
from locator.model import Precision

REACH_DEGREES = 1.2
"""A place farther than this from every district of China gets no city."""
SEAT_M = 1000.0
"""How far a township's seat of an import may be off that does not say."""

Record = PlaceRecord | NumberRecord


def build_gazetteer(
    out: Path,
    shipped: Path,
    *,
    layer: Layer | None = None,
    extracts: Iterable[Iterable[Record]] = (),
    divisions: Path | None = None,
) -> int:
    """Build the place index and put it at ``out``; a reader of the old file keeps it until it opens anew.

    Parameters
    ----------
    out
        The index file.
    shipped
        The folder of the shipped CSV files (``data/gazetteer``).
    layer
        The offices; their names and addresses become places.
    extracts
        PlaceIndex and house numbers of imports, as :func:`locator.gazetteer.sources.read_osm` yields them.
    divisions
        Where the index of the divisions alone is kept: made when it is not there, and what the next build
        starts from. Its name must change with the shipped files. None keeps none.

    Returns
    -------
    int
        How many places the index holds.

    Raises
    ------
    DataError
        A shipped file is missing or broken, or ``out`` cannot be written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.{os.getpid()}.new")
    try:
        _start(fresh, shipped, divisions)
        with contextlib.closing(sqlite3.connect(fresh)) as connection:
            count = _fill(connection, layer, extracts)
        fresh.replace(out)
    except (sqlite3.Error, OSError) as error:
        raise _build_error(error, out) from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def change_gazetteer(path: Path, gone: Layer, fresh: Layer) -> int:
    """Take offices out of an index and bring others in; a reader of the old file keeps it until it opens anew.

    Parameters
    ----------
    path
        A whole index.
    gone
        Offices that it holds.
    fresh
        Offices that it does not hold; they come after its places.

    Returns
    -------
    int
        How many places the index holds.

    Raises
    ------
    DataError
        The index is missing, cut or lacks what is to go, or cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        shutil.copyfile(path, draft)
        if not _is_whole(draft):
            raise DataError(f"{path} is cut short", code="gazetteer_build", path=path.name)
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.executescript(PRAGMAS + STAGING)
            connection.execute("BEGIN")
            writer, table = _Writer(connection, _read_districts(connection)), DivisionTable.load(connection)
            writer.go_on()
            writer.remove(office_records(gone, table))
            writer.add(office_records(fresh, table), imported=False)
            count_letters(connection, fill_places(connection))
            (count,) = connection.execute("SELECT count(*) FROM place").fetchone()
            connection.execute("UPDATE meta SET value = ? WHERE key = 'places'", (str(count),))
            connection.execute("DROP TABLE staging")
            connection.commit()
        draft.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise _build_error(error, path) from error
    finally:
        draft.unlink(missing_ok=True)
    return int(count)


def build_places(out: Path, shipped: Path) -> int:
    """Build the index of the shipped places and put it at ``out``: beside the index that imports change.

    Parameters
    ----------
    out
        The index file.
    shipped
        The folder of the shipped files; ``osm_places.parquet`` holds name, kind, adcode and position (WGS-84).

    Returns
    -------
    int
        How many places it holds.

    Raises
    ------
    DataError
        A shipped file is missing or broken, or ``out`` cannot be written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(fresh)) as connection:
            connection.executescript(PRAGMAS + TABLES)
            connection.execute("BEGIN")
            stage(connection, shipped_rows(shipped, load_divisions(shipped)))
            count = fill_places(connection, first=MORE_FROM)
            connection.execute("INSERT INTO meta VALUES ('version', ?), ('places', ?)", (str(VERSION), str(count)))
            connection.commit()
            connection.executescript(INDEXES)
        fresh.replace(out)
    except (sqlite3.Error, OSError) as error:
        raise _build_error(error, out) from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def _start(fresh: Path, shipped: Path, kept: Path | None) -> None:
    """Put an index of the divisions alone at ``fresh``: a copy of the one that is kept, or a new one."""
    fresh.unlink(missing_ok=True)
    if kept is not None and kept.is_file():
        shutil.copyfile(kept, fresh)
        if _is_whole(fresh):
            return
        fresh.unlink()
    with contextlib.closing(sqlite3.connect(fresh)) as connection:
        connection.executescript(PRAGMAS + TABLES)
        connection.execute("BEGIN")
        insert_divisions(connection, load_divisions(shipped), shipped)
        fill_places(connection)
        connection.commit()
    if kept is not None:
        with write_atomically(kept) as draft:
            shutil.copyfile(fresh, draft)


def _build_error(error: sqlite3.Error | OSError, out: Path) -> DataError:
    """Return what to tell of a build that failed: that the disk is full, or what the library says."""
    if is_full(error):
        return to_data_error(error, out)
    return DataError(f"cannot build {out}: {error}", code="gazetteer_build", path=out.name)


def _is_whole(path: Path) -> bool:
    """Tell whether an index is as long as it says: a machine that lost power may have kept a part of it."""
    with path.open("rb") as handle:
        head = handle.read(100)
    pages, size = int.from_bytes(head[28:32]), int.from_bytes(head[16:18])  # https://sqlite.org/fileformat2.html
    return pages > 0 and pages * size == path.stat().st_size


def _read_districts(connection: sqlite3.Connection) -> dict[str, Division]:
    """Return the divisions that have an adcode, by it; a township is no place's division."""
    rows = connection.execute(f"SELECT {', '.join(Division._fields)} FROM division WHERE length(code) = 6")  # noqa: S608
    return {row[0]: Division._make(row) for row in rows}


def _fill(connection: sqlite3.Connection, layer: Layer | None, extracts: Iterable[Iterable[Record]]) -> int:
    connection.executescript(PRAGMAS)
    connection.execute("BEGIN")
    writer = _Writer(connection, _read_districts(connection))
    if layer is not None:
        table = DivisionTable.load(connection)
        table.names.read_all()  # nothing is indexed yet: to ask for one name is to read them all
        writer.add(office_records(layer, table), imported=False)
    for extract in extracts:
        writer.add(extract, imported=True)
    fill_places(connection)
    (count,) = connection.execute("SELECT count(*) FROM place").fetchone()
    connection.execute("INSERT INTO meta VALUES ('version', ?), ('places', ?)", (str(VERSION), str(count)))
    connection.commit()
    connection.executescript(INDEXES)
    return int(count)


class _Writer:
    """Turns records into rows, batch by batch."""

    def __init__(self, connection: sqlite3.Connection, divisions: Mapping[str, Division]) -> None:
        self.connection = connection
        self.divisions = divisions
        self._streets: dict[str, int] = {}
        self._last_street = 0
        self._count = 0
        self._contexts: dict[str, str] = {}

    def go_on(self) -> None:
        """Take up the streets and numbers that the index holds already."""
        self._streets = dict(self.connection.execute("SELECT key, id FROM street"))
        self._last_street = max(self._streets.values(), default=0)
        (self._count,) = self.connection.execute("SELECT coalesce(max(n), 0) FROM number").fetchone()

    def add(self, records: Iterable[Record], *, imported: bool) -> None:
        """Write records; those of an import without an adcode get the city of the nearest district."""
        for batch in batched(records, 5000):
            codes = self._cities(batch) if imported else [r.adcode for r in batch]
            pairs = list(zip(batch, codes, strict=True))
            seats = [r for r in batch if isinstance(r, PlaceRecord) and r.kind is PlaceKind.TOWNSHIP]
            if seats:
                self._move_townships(seats)
                pairs = [(r, c) for r, c in pairs if not (isinstance(r, PlaceRecord) and r.kind is PlaceKind.TOWNSHIP)]
            stage(self.connection, (self._staged(r, c) for r, c in pairs if isinstance(r, PlaceRecord)))
            for record in batch:
                if isinstance(record, PlaceRecord) and record.kind is PlaceKind.STREET:
                    self._street(record.name, record.aliases)
            numbers = [row for r, c in pairs if isinstance(r, NumberRecord) for row in self._numbered(r, c)]
            self.connection.executemany("INSERT INTO number VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", numbers)

    def remove(self, records: Iterable[Record]) -> None:
        """Take records of offices out again, and the streets that nothing stands in any more."""
        for batch in batched(records, 5000):
            remove_places(self.connection, [self._staged(r, r.adcode) for r in batch if isinstance(r, PlaceRecord)])
            numbers = [record for record in batch if isinstance(record, NumberRecord)]
            for row in (row for number in numbers for row in self._numbered(number, number.adcode)):
                self._remove_number(row)
            self._remove_streets({to_key(record.street) for record in numbers})

    def _remove_number(self, row: tuple[object, ...]) -> None:
        key, rest = row[:4], row[5:]
        same = "street = ? AND area = ? AND value = ? AND suffix = ?"
        self.connection.execute(
            f"DELETE FROM number WHERE {same} AND n = (SELECT min(n) FROM number WHERE {same} AND lon = ? AND lat = ?"  # noqa: S608 - constant
            " AND code IS ? AND locality IS ? AND name IS ? AND interpolate = ? AND error_m = ?)",
            (*key, *key, *rest),
        )

    def _remove_streets(self, keys: Iterable[str]) -> None:
        """Take streets out that have no number left and are no place by themselves."""
        ask = self.connection.execute
        for key in keys:
            row = ask(
                "SELECT id FROM street s WHERE key = ? AND NOT EXISTS (SELECT 1 FROM number WHERE street = s.id) AND"
                " NOT EXISTS (SELECT 1 FROM place_key k JOIN place p USING (id) WHERE k.key = s.key AND p.kind = ?)",
                (key, PlaceKind.STREET),
            ).fetchone()
            if row is not None:
                ask("DELETE FROM street_alias WHERE street = ?", row)
                ask("DELETE FROM street WHERE id = ?", row)
                del self._streets[key]

    def _move_townships(self, seats: Sequence[PlaceRecord]) -> None:
        """Put townships where an import says their seats are, as unsure as they are wide."""
        ask = self.connection.execute
        known = ask("SELECT code, lon, error_m FROM division WHERE level = 'township'")
        extents = {code: (error_m or 0.0, lon is not None) for code, lon, error_m in known}
        rows = []
        for seat in seats:
            wide_m, placed = extents.get(seat.adcode or "", (0.0, False))
            own_m = seat.error_m if seat.error_m is not None else SEAT_M
            rows.append((seat.adcode, seat.lon, seat.lat, wide_m if placed else round(math.hypot(wide_m, own_m))))
        ask("CREATE TEMP TABLE IF NOT EXISTS seat (code TEXT PRIMARY KEY, lon REAL, lat REAL, error_m REAL)")
        self.connection.executemany("INSERT OR REPLACE INTO seat VALUES (?, ?, ?, ?)", rows)
        moved = "lon = s.lon, lat = s.lat, error_m = s.error_m"
        ask(f"UPDATE division SET {moved} FROM seat s WHERE division.code = s.code")  # noqa: S608 - constant
        ask(
            f"UPDATE place SET {moved}, precision = ? FROM seat s WHERE place.township = s.code",  # noqa: S608 - constant
            (Precision.TOWNSHIP,),
        )
        ask("DELETE FROM seat")

    @cached_property
    def _placed(self) -> list[Division]:
        districts = [d for d in self.divisions.values() if d.level == "district" and None not in (d.lon, d.lat)]
        return districts + [d for d in self.divisions.values() if d.code in {"441900", "442000", "460400", "620200"}]

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree  # for imports of streets alone: it takes a third of a second

        return cKDTree(np.array([(d.lon, d.lat) for d in self._placed], float))

    def _cities(self, batch: tuple[Record, ...]) -> list[str | None]:
        gaps, nearest = self._tree.query(np.array([(r.lon, r.lat) for r in batch], float))
        codes: list[str | None] = []
        for record, gap, index in zip(batch, gaps, nearest, strict=True):
            near = self._placed[int(index)].code
            city = prefecture_of(near)
            city = city if city in self.divisions else near
            codes.append(record.adcode or (city if gap < REACH_DEGREES else None))
        return codes

    def _context(self, code: str | None) -> str:
        if code is None or code not in self.divisions:
            return ""
        if code not in self._contexts:
            division = self.divisions[code]
            self._contexts[code] = context_of(division, self.divisions) + division.name
        return self._contexts[code]

    def _staged(self, record: PlaceRecord, code: str | None) -> tuple[object, ...]:
        name, context = clean_name(record.name), self._context(code) or clean_name(record.locality or "")
        aliases = dict.fromkeys(key for alias in record.aliases if (key := to_key(alias)))
        return (
            name, record.kind, code, None, context, record.lon, record.lat,
            record.error_m if record.error_m is not None else ERRORS_M[record.kind],
            record.precision or PRECISIONS[record.kind], record.pinyin or spell_name(name), "\n".join(aliases),
            RANKS[record.kind] + 0.05 * record.rank,
        )  # fmt: skip

    def _street(self, name: str, aliases: Iterable[str] = ()) -> int:
        key = to_key(name)
        if key not in self._streets:
            self._last_street = number = self._last_street + 1
            self._streets[key] = number
            self.connection.execute("INSERT INTO street VALUES (?, ?, ?)", (number, key, clean_name(name)))
            if not key.isascii():
                self._alias("".join(spell(key)), number)
        for alias in aliases:
            self._alias(to_key(alias).replace(" ", ""), self._streets[key])
        return self._streets[key]

    def _alias(self, key: str, street: int) -> None:
        if key:
            self.connection.execute("INSERT OR IGNORE INTO street_alias VALUES (?, ?)", (key, street))

    def _numbered(self, record: NumberRecord, code: str | None) -> Iterator[tuple[object, ...]]:
        value, suffix = _split(record.number)
        if value == 0 or not record.street:
            return
        self._count += 1
        locality = to_key(record.locality) if record.locality else None
        area = prefecture_stem(code) if code else ""
        yield (
            self._street(record.street), area, value, suffix, self._count, record.lon, record.lat,
            code, locality, record.name and clean_name(record.name), int(record.interpolate), record.error_m,
        )  # fmt: skip


def _split(number: str) -> tuple[int, str]:
    """Return a house number's value and what goes with it, as the index keeps them."""
    return split_number(to_key(number).removesuffix("号"))
