"""Places of an operator's own for the gazetteer: ``locator import places``, which changes no office.

A row is a name with a position, or with the adcode of the division it lies in; a row of a township that the
gazetteer knows gives that township its seat. CSV, GeoJSON, or a folder of CSV files in the form of the open tables of
github.com/Vonng/adcode: twenty columns without a header, GCJ-02.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import shapely

from locator.datum import Datum, in_china_box, to_wgs84
from locator.disk import write_atomically
from locator.errors import SourceError
from locator.files import find_encoding
from locator.files.text_files import read_rows
from locator.gazetteer.divisions import PlaceKind, PlaceRecord
from locator.gazetteer.query import Gazetteer
from locator.gazetteer.sources import PRECISIONS
from locator.gazetteer.text import clean_name, short_name, to_key
from locator.ingest import SHOWN_CHARACTERS, Issue
from locator.ingest.extracts import VERSION, file_of, write_records
from locator.model import Precision

if TYPE_CHECKING:
    from locator.settings import Settings

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "名称", "地名", "title"),
    "kind": ("kind", "level", "类型", "类别", "级别"),
    "adcode": ("adcode", "code", "行政区划代码", "区划代码", "代码"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "datum": ("datum", "坐标系"),
    "aliases": ("aliases", "alias", "别名"),
    "error_m": ("error_m", "误差"),
}
"""Our columns and the headers that name them, lower case."""
VONNG = (
    "code", "parent", "name", "level", "rank", "", "post_code", "area_code", "ur_code", "municipality", "virtual",
    "dummy", "longitude", "latitude", "center", "province", "city", "county", "town", "village",
)  # fmt: skip
"""The columns of Vonng/adcode's files, which have no header; its own ``adcode`` is the start of ``code``."""
KINDS: Mapping[str, PlaceKind] = {kind.value: kind for kind in PlaceKind} | {
    "county": PlaceKind.DISTRICT, "town": PlaceKind.TOWNSHIP, "settlement": PlaceKind.VILLAGE, "省": PlaceKind.PROVINCE,
    "市": PlaceKind.CITY, "区": PlaceKind.DISTRICT, "县": PlaceKind.DISTRICT, "区县": PlaceKind.DISTRICT,
    "乡": PlaceKind.TOWNSHIP, "镇": PlaceKind.TOWNSHIP, "街道": PlaceKind.TOWNSHIP, "乡镇": PlaceKind.TOWNSHIP,
    "村": PlaceKind.VILLAGE, "社区": PlaceKind.VILLAGE, "车站": PlaceKind.STATION, "地铁站": PlaceKind.STATION,
    "小区": PlaceKind.RESIDENTIAL, "学校": PlaceKind.SCHOOL, "大学": PlaceKind.UNIVERSITY, "医院": PlaceKind.HOSPITAL,
    "商场": PlaceKind.MALL, "公园": PlaceKind.PARK, "景点": PlaceKind.SIGHT, "政府": PlaceKind.GOVERNMENT,
    "酒店": PlaceKind.HOTEL, "企业": PlaceKind.WORKS, "大厦": PlaceKind.BUILDING, "": PlaceKind.POI,
}  # fmt: skip
"""What a level or kind may be called."""
_DIVISIONS = frozenset({PlaceKind.PROVINCE, PlaceKind.CITY, PlaceKind.DISTRICT, PlaceKind.ZONE})


class PlaceRow(NamedTuple):
    """One row of a file, its fields by our columns."""

    file: str
    number: int
    fields: Mapping[str, str]
    datum: Datum | None = None
    """What the file's form declares; None where it declares nothing."""


class PlaceCount(NamedTuple):
    """What an import of places read and kept."""

    source: str
    read: int
    kept: int
    seats: int
    """How many of the kept rows give a township its seat."""
    placed: Mapping[str, int]
    rejects: tuple[Issue, ...]
    seconds: float


def import_places(
    path: Path, settings: Settings, *, name: str | None = None, datum: Datum | None = None, dry_run: bool = False
) -> PlaceCount:
    """Read places into the gazetteer, all of the file or nothing; the same name again replaces them.

    Parameters
    ----------
    path
        A CSV or GeoJSON file, or a folder of CSV files.
    name
        What they are called later; the file's name when None.
    datum
        What positions are measured against where neither a row nor the form says; WGS-84 when None.

    Raises
    ------
    SourceError
        The file cannot be read, or holds no row.
    DataError
        The gazetteer cannot be written; it is as it was.
    """
    from locator.geocode.index_files import note_pending, open_data_gazetteer
    from locator.ingest.shipped import ensure_data, index_offices, open_own_store

    started = time.perf_counter()
    source = f"places {name or path.stem}"
    ensure_data(settings)
    reader = _Reader(open_data_gazetteer(settings), datum or Datum.WGS84)
    records = list(reader.records(read_files(path)))
    if not reader.read:
        raise SourceError(f"{path.name} holds no rows", code="source_empty", file=path.name)
    if not dry_run:
        with note_pending(settings):
            with write_atomically(file_of(settings.data, source)) as draft:
                write_records(draft, records, {"version": VERSION, "file": path.name})
            index_offices(settings, open_own_store(settings), anew=True)
    return PlaceCount(
        source, reader.read, len(records), reader.seats, _count_precisions(records),
        tuple(reader.issues), time.perf_counter() - started,
    )  # fmt: skip


def read_files(path: Path) -> Iterator[PlaceRow]:
    """Yield the rows of a file, or of each CSV file of a folder.

    Raises
    ------
    SourceError
        A file is missing, of another form, or has no column for names.
    """
    if path.is_dir():
        for file in sorted(path.glob("*.csv")):
            yield from _read_table(file)
    elif path.suffix.lower() in {".geojson", ".json"}:
        yield from _read_geojson(path)
    else:
        yield from _read_table(path)


def _read_table(path: Path) -> Iterator[PlaceRow]:
    try:
        with path.open(encoding=find_encoding(path), newline="") as handle:
            names: Sequence[str] = ()
            form: Datum | None = None
            for number, cells in read_rows(handle, path.name):
                if not names:
                    form = Datum.GCJ02 if len(cells) == len(VONNG) and cells[0][:6].isdigit() else None
                    names = VONNG if form else cells
                    columns = _columns(names, path)
                    if not form:
                        continue
                fields = {ours: cells[at].strip() for ours, at in columns.items() if at < len(cells)}
                if any(fields.values()):
                    yield PlaceRow(path.name, number, fields, form)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", code="file_missing", file=path.name) from error


def _columns(header: Sequence[str], path: Path) -> dict[str, int]:
    plain = [cell.strip().lower() for cell in header]
    found = {ours: next((plain.index(h) for h in theirs if h in plain), -1) for ours, theirs in COLUMNS.items()}
    if found["name"] < 0:
        raise SourceError(
            f"{path.name} has no column name (名称); its columns are {', '.join(plain[:12])}",
            code="header_missing", file=path.name,
        )  # fmt: skip
    return {ours: at for ours, at in found.items() if at >= 0}


def _read_geojson(path: Path) -> Iterator[PlaceRow]:
    try:
        features = json.loads(path.read_text("utf-8-sig"))["features"]
        for number, feature in enumerate(features, 1):
            given = {str(k).strip().lower(): v for k, v in (feature.get("properties") or {}).items() if v is not None}
            fields = {
                ours: next((str(given[h]).strip() for h in theirs if h in given), "")
                for ours, theirs in COLUMNS.items()
            }
            if feature.get("geometry"):
                middle = shapely.from_geojson(json.dumps(feature["geometry"])).centroid
                if not middle.is_empty:
                    fields |= {"lon": str(middle.x), "lat": str(middle.y)}
            yield PlaceRow(path.name, number, fields)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", code="file_missing", file=path.name) from error
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise SourceError(f"{path.name} is no GeoJSON: {error}", code="geojson_broken", file=path.name) from error


class _Reader:
    """Turns rows into records, and notes what is wrong with them."""

    def __init__(self, gazetteer: Gazetteer, datum: Datum) -> None:
        self.issues: list[Issue] = []
        self.read = self.seats = 0
        self._gazetteer = gazetteer
        self._datum = datum

    def records(self, rows: Iterable[PlaceRow]) -> Iterator[PlaceRecord]:
        """Yield the records of good rows."""
        for row in rows:
            self.read += 1
            record = self._record(row)
            if record is not None:
                yield record

    def _record(self, row: PlaceRow) -> PlaceRecord | None:
        name, kind_name = clean_name(row.fields.get("name", "")), row.fields.get("kind", "").lower()
        kind = KINDS.get(kind_name)
        if len(to_key(name)) < 2:
            self._refuse(row, "name", "name_missing", name, "a place needs a name of two characters or more")
            return None
        if kind is None:
            self._refuse(row, "kind", "place_kind", kind_name, "no kind of place or level that is known")
            return None
        if kind in _DIVISIONS:
            return None  # provinces, cities and districts are the gazetteer's own
        code = row.fields.get("adcode", "")
        adcode = code[:6] if code[:6].isdigit() and self._gazetteer.division(code[:6]) else None
        if code and adcode is None:
            self._refuse(row, "adcode", "adcode_unknown", code, "no division of today has this code")
            return None
        position = self._position(row)
        record = PlaceRecord(
            name, kind, *(position or (0.0, 0.0)), adcode=adcode, error_m=_number(row.fields.get("error_m", "")),
            aliases=tuple(filter(None, row.fields.get("aliases", "").replace("；", ";").split(";"))),
        )  # fmt: skip
        if kind is PlaceKind.TOWNSHIP:
            return self._seat(row, record, code, placed=position is not None)
        return record if position else self._in_division(row, record)

    def _position(self, row: PlaceRow) -> tuple[float, float] | None:
        lon, lat = _number(row.fields.get("lon", "")), _number(row.fields.get("lat", ""))
        if lon is None or lat is None or not in_china_box(lon, lat):
            return None
        named = row.fields.get("datum", "").lower().replace("-", "")
        datum = Datum(named) if named in set(Datum) else row.datum or self._datum
        x, y = to_wgs84(lon, lat, datum)
        return float(x), float(y)

    def _seat(self, row: PlaceRow, record: PlaceRecord, code: str, *, placed: bool) -> PlaceRecord | None:
        """Return the record of a township that the gazetteer knows by its code, or else by its name in the district."""
        if not placed:
            return None  # says nothing that is not known
        known = self._gazetteer.division(code[:9])
        if known is None or short_name(known.name) != short_name(record.name):
            inside = self._gazetteer.townships(record.adcode) if record.adcode else []
            same = [town for town in inside if short_name(town.name) == short_name(record.name)]
            known = same[0] if len(same) == 1 else None
        if known is None:
            self._refuse(row, "name", "township_unknown", record.name, "no township of today in that district")
            return None
        self.seats += 1
        return replace(record, adcode=known.code)

    def _in_division(self, row: PlaceRow, record: PlaceRecord) -> PlaceRecord | None:
        """Return the record of a place without a position: somewhere in its division, and so told."""
        around = self._gazetteer.places.place(record.adcode) if record.adcode else None
        given = f"{row.fields.get('lon', '')} {row.fields.get('lat', '')}".strip()
        if around is None or around.lon is None or around.lat is None:
            self._refuse(row, "lon", "place_position", given, "neither a position in China nor an adcode")
            return None
        return replace(
            record, lon=around.lon, lat=around.lat, error_m=around.error_m, precision=around.precision
        )  # fmt: skip

    def _refuse(self, row: PlaceRow, column: str, code: str, value: str, reason: str) -> None:
        self.issues.append(Issue(row.file, row.number, column, code, value[:SHOWN_CHARACTERS], reason))


def _count_precisions(records: Iterable[PlaceRecord]) -> Counter[str]:
    return Counter(str(r.precision or PRECISIONS.get(r.kind, Precision.TOWNSHIP)) for r in records)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e7 else None
