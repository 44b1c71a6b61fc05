"""Building the index: to a new file, then in place of the old one; the offices become places and numbers of it."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path

import numpy as np

from locator.adcode import ancestors, prefecture_of, prefecture_stem
from locator.disk import write_atomically
from locator.errors import DataError
from locator.gazetteer.address import read_address, split_number
from locator.gazetteer.divisions import LEVELS, DivisionTable
from locator.gazetteer.records import Division, NumberRecord, PlaceKind, PlaceRecord
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
    spell_name,
    stage,
)
from locator.gazetteer.text import clean_name, short_names, spell, to_key
from locator.layer import Layer
from locator.model import EXACT, Precision, ServicePoint


def office_records(layer: Layer, table: DivisionTable) -> Iterator[PlaceRecord | NumberRecord]:
    """Yield each placed office, and its house number where its position is exact."""
    for point in layer.points():
        if point.lon is None or point.lat is None or point.position is None or point.status == "vanished":
            continue
        yield PlaceRecord(
            point.name,
            PlaceKind.OFFICE,
            point.lon,
            point.lat,
            aliases=tuple(short_office_names(point.name, table)) + ((point.name_en,) if point.name_en else ()),
            adcode=point.adcode,
            error_m=point.error_m,
            precision=None if point.position in EXACT else point.position,
        )
        if point.position in EXACT:
            yield from _number(point, table)


def short_office_names(name: str, table: DivisionTable) -> list[str]:
    """Return an office's name without the divisions it starts with: 沙河口区行政服务大厅 -> 行政服务大厅."""
    key = to_key(name)
    shorter = [r.rest for r in table.read_head(key) if r.codes and len(r.rest) > 2 and r.kind == "full"]
    return list(dict.fromkeys(s for s in shorter if s != key))


def _number(point: ServicePoint, table: DivisionTable) -> Iterator[NumberRecord]:
    if not point.address or point.lon is None or point.lat is None:
        return
    within = (point.adcode,) if point.adcode else ()
    key = to_key(point.address)
    heads = [r for r in table.read_head(key, within=within) if r.kind == "full" or not r.codes]
    address = read_address(heads[0].rest if heads else key)
    if address.street and address.number and not address.lane:
        error_m = point.error_m if point.error_m is not None else 50.0
        yield NumberRecord(
            address.street, address.number, point.lon, point.lat, adcode=_code_of(point, table), name=point.name,
            interpolate=False, error_m=error_m,
        )  # fmt: skip


def _code_of(point: ServicePoint, table: DivisionTable) -> str | None:
    """Return the code of the township an office says it stands in, where there is one of that name; else its adcode."""
    if point.township and point.adcode:
        found = {n.code for n in table.called(to_key(point.township), within=(point.adcode,)) if len(n.code) == 9}
        if len(found) == 1:
            return found.pop()
    return point.adcode


REACH_DEGREES = 1.2
"""A place farther than this from every district of China gets no city."""
_K = PlaceKind
PRECISIONS: Mapping[PlaceKind, Precision] = {
    kind: {_K.VILLAGE: Precision.VILLAGE, _K.STREET: Precision.STREET}.get(kind, Precision.POI)
    for kind in PlaceKind
    if kind not in LEVELS
}
ERRORS_M: Mapping[PlaceKind, float] = {
    _K.VILLAGE: 1000.0, _K.STATION: 150.0, _K.POI: 100.0, _K.OFFICE: 50.0, _K.STREET: 500.0, _K.RESIDENTIAL: 300.0,
    _K.SCHOOL: 200.0, _K.UNIVERSITY: 700.0, _K.HOSPITAL: 250.0, _K.MALL: 200.0, _K.PARK: 500.0, _K.SIGHT: 400.0,
    _K.GOVERNMENT: 150.0, _K.HOTEL: 150.0, _K.WORKS: 400.0, _K.VENUE: 300.0, _K.BUILDING: 150.0,
}  # fmt: skip
_RANKS: Mapping[PlaceKind, float] = {
    _K.STATION: 0.46, _K.UNIVERSITY: 0.45, _K.HOSPITAL: 0.44, _K.SIGHT: 0.43, _K.OFFICE: 0.42, _K.MALL: 0.41,
    _K.STREET: 0.4, _K.PARK: 0.39, _K.GOVERNMENT: 0.38, _K.VILLAGE: 0.35, _K.VENUE: 0.34, _K.SCHOOL: 0.33,
    _K.RESIDENTIAL: 0.32, _K.POI: 0.3, _K.HOTEL: 0.28, _K.BUILDING: 0.27, _K.WORKS: 0.25,
}  # fmt: skip
SEAT_M = 1000.0
"""How far a township's seat of an import may be off that does not say."""
PLACES_FILE = "osm_places.parquet"

COMMON = 4
"""So many places with one shorter name, and it is a word for a kind."""
_HAN_FIRST = re.compile("(?P<han>[\u4e00-\u9fff]{3,}) [^\u4e00-\u9fff]+$")

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
        Places and house numbers of imports, as :func:`locator.gazetteer.osm.read_osm` yields them.
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
        raise DataError(f"cannot build {out}: {error}", code="gazetteer_build", path=out.name) from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def extend_gazetteer(base: Path, out: Path, layer: Layer) -> int:
    """Put an index at ``out`` that holds what another one does, and the offices of a layer beside.

    Parameters
    ----------
    base
        A whole index; it stays as it is (it may be the file at ``out``).
    layer
        Offices that ``base`` does not hold; they come after its places of the same importance.

    Returns
    -------
    int
        How many places the index holds.

    Raises
    ------
    DataError
        ``base`` is missing or cut, or ``out`` cannot be written.
    """
    fresh = out.with_name(f".{out.name}.{os.getpid()}.new")
    try:
        shutil.copyfile(base, fresh)
        if not _is_whole(fresh):
            raise DataError(f"{base} is cut short", code="gazetteer_build", path=base.name)
        with contextlib.closing(sqlite3.connect(fresh)) as connection:
            connection.executescript(PRAGMAS + STAGING)
            connection.execute("BEGIN")
            writer = _Writer(connection, _read_districts(connection))
            writer.go_on()
            writer.add(office_records(layer, DivisionTable.load(connection)), imported=False)
            added = fill_places(connection)
            count_letters(connection, added)
            (count,) = connection.execute("SELECT count(*) FROM place").fetchone()
            connection.execute("UPDATE meta SET value = ? WHERE key = 'places'", (str(count),))
            connection.execute("DROP TABLE staging")
            connection.commit()
        fresh.replace(out)
    except (sqlite3.Error, OSError) as error:
        raise DataError(f"cannot build {out}: {error}", code="gazetteer_build", path=out.name) from error
    finally:
        fresh.unlink(missing_ok=True)
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
        raise DataError(f"cannot build {out}: {error}", code="gazetteer_build", path=out.name) from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def shipped_rows(shipped: Path, divisions: Mapping[str, Division]) -> Iterator[tuple[object, ...]]:
    """Yield the shipped places as rows to be staged; their divisions are looked up when they are shown."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(shipped / PLACES_FILE)
        columns = [table[name].to_pylist() for name in ("name", "kind", "adcode", "lon_e5", "lat_e5")]
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(f"cannot read {PLACES_FILE}: {error}", code="gazetteer_source", path=PLACES_FILE) from error
    kinds = {"settlement": PlaceKind.VILLAGE} | {kind.value: kind for kind in PlaceKind}
    spelt: dict[str, str] = {}
    shorter = _ShorterNames(divisions, zip(columns[0], columns[2], strict=True))
    for name, kind_name, number, lon, lat in zip(*columns, strict=True):
        kind, code = kinds[kind_name], f"{number:06d}"
        if name not in spelt:
            spelt[name] = spell_name(name)
        yield (
            name, kind, code, None, "", lon / 1e5, lat / 1e5, ERRORS_M[kind], PRECISIONS[kind], spelt[name],
            "\n".join(shorter.of(name, code)), _RANKS[kind],
        )  # fmt: skip


class _ShorterNames:
    """Other names under which shipped places are found: without their divisions, or without what follows the Han.

    海口骑楼老街 is 骑楼老街 in 海口; 布达拉宫 has its Tibetan name behind the Chinese one. What is left of many
    names (博物馆, 第一中学) names none of them.
    """

    def __init__(self, divisions: Mapping[str, Division], names: Iterable[tuple[str, int]]) -> None:
        self._heads: dict[str, tuple[str, ...]] = {}
        self._divisions = divisions
        counts = Counter(short for name, number in names if (short := self._cut(to_key(name), f"{number:06d}")))
        self._common = {short for short, count in counts.items() if count > COMMON}

    def of(self, name: str, code: str) -> list[str]:
        """Return the other names of a place, as they are compared."""
        han = _HAN_FIRST.match(name)
        short = self._cut(to_key(name), code)
        found = [to_key(han["han"])] if han else []
        return found + ([short] if short and short not in self._common else [])

    def _cut(self, key: str, code: str) -> str:
        rest = key
        for head in self._heads_of(code):
            rest = rest.removeprefix(head) if len(rest) > len(head) + 2 else rest
        return "" if rest == key else rest

    def _heads_of(self, code: str) -> tuple[str, ...]:
        """Return the names that may stand before a place's own: of province, city and district, each in full first."""
        if code not in self._heads:
            around = [self._divisions[c] for c in (*reversed(ancestors(code)), code) if c in self._divisions]
            names = [name for d in around for name in (d.name, *short_names(d.name, d.level))]
            self._heads[code] = tuple(to_key(name) for name in names)
        return self._heads[code]


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
        writer.add(office_records(layer, DivisionTable.load(connection)), imported=False)
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
        from scipy.spatial import cKDTree

        self.connection = connection
        self.divisions = divisions
        placed = [d for d in divisions.values() if d.level == "district" and d.lon is not None and d.lat is not None]
        placed += [d for d in divisions.values() if d.code in {"441900", "442000", "460400", "620200"}]
        self._placed = placed
        self._tree = cKDTree(np.array([(d.lon, d.lat) for d in placed], float))
        self._streets: dict[str, int] = {}
        self._count = 0
        self._contexts: dict[str, str] = {}

    def go_on(self) -> None:
        """Take up the streets and numbers that the index holds already."""
        self._streets = dict(self.connection.execute("SELECT key, id FROM street"))
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
        aliases = {to_key(alias) for alias in record.aliases} - {""}
        return (
            name, record.kind, code, None, context, record.lon, record.lat,
            record.error_m if record.error_m is not None else ERRORS_M[record.kind],
            record.precision or PRECISIONS[record.kind], record.pinyin or spell_name(name), "\n".join(aliases),
            _RANKS[record.kind] + 0.05 * record.rank,
        )  # fmt: skip

    def _street(self, name: str, aliases: Iterable[str] = ()) -> int:
        key = to_key(name)
        if key not in self._streets:
            number = len(self._streets) + 1
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
        value, suffix = split_number(to_key(record.number).removesuffix("号"))
        if value == 0 or not record.street:
            return
        self._count += 1
        locality = to_key(record.locality) if record.locality else None
        area = prefecture_stem(code) if code else ""
        yield (
            self._street(record.street), area, value, suffix, self._count, record.lon, record.lat,
            code, locality, record.name and clean_name(record.name), int(record.interpolate), record.error_m,
        )  # fmt: skip
