"""What an OpenStreetMap extract holds beside offices: streets, addresses and places, the roads, and the map.

One run of ``locator import osm`` fills all of them. The names are kept in ``<data>/extracts/``, one small
Parquet file for each source, so that the gazetteer can be built again without the extract; the road tiles
are those of the last extract that was imported.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from locator.disk import wrap_os_errors, write_atomically
from locator.errors import DataError, MissingExtra
from locator.gazetteer.divisions import DivisionTable, NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.sources import read_osm
from locator.geocode.index_files import NAMES_FOLDER
from locator.ground import build_ground, ground_dir, read_archive
from locator.i18n import text
from locator.ingest import open_progress
from locator.model import Precision
from locator.routing.osm_files import download_extract
from locator.routing.roads import Roads, find_roads
from locator.routing.tiles import build_tiles

if TYPE_CHECKING:
    from locator.settings import Settings

type Record = PlaceRecord | NumberRecord
type Notice = tuple[str, Mapping[str, Any]]

VERSION = 1
"""Raised when what is read of an extract changes; a file of another version must be imported again."""
_BATCH = 20_000
_TEXT = pa.string()
_SCHEMA = pa.schema(
    [
        ("kind", _TEXT), ("name", _TEXT), ("number", _TEXT), ("lon", pa.float64()), ("lat", pa.float64()),
        ("aliases", pa.list_(_TEXT)), ("pinyin", _TEXT), ("adcode", _TEXT), ("error_m", pa.float64()),
        ("precision", _TEXT), ("rank", pa.float64()), ("locality", _TEXT), ("stands", _TEXT),
        ("interpolate", pa.bool_()),
    ]
)  # fmt: skip
"""A house number's street is its ``name``, and what stands there is ``stands``."""


@dataclass(slots=True)
class ExtractImport:
    """What was read of an extract."""

    changed: bool = False
    """Whether the gazetteer must be built again."""
    notices: list[Notice] = field(default_factory=list)


class _File(NamedTuple):
    """An extract that is imported."""

    path: Path
    kept: Path
    """Where its names are kept."""
    digest: str


@contextlib.contextmanager
def import_extract(
    extract: Path, source: str, settings: Settings, gazetteer: Path, *, roads: bool = True, show: bool = False
) -> Iterator[ExtractImport]:
    """Read names and roads of an extract, and keep the names when the block ends without an error.

    Parameters
    ----------
    extract
        The file; that it is whole has been found out by reading its offices.
    source
        What the layer calls it: an extract of the same source is replaced.
    gazetteer
        The place index in use, for the divisions that addresses name.
    roads
        False leaves the road tiles as they are.
    show
        Draw progress on stderr.

    Raises
    ------
    DataError
        Nothing can be written, or the roads cannot be built; what was there is as it was.
    """
    taken, file = ExtractImport(), _File(extract, file_of(settings.data, source), _digest_of(extract))
    known = _read_said(file.kept)
    same = known.get("digest") == file.digest
    if roads:
        _take_roads(extract, settings, taken, same=same, show=show)
    with contextlib.ExitStack() as stack:
        if not (same and known.get("version") == VERSION):
            draft = stack.enter_context(write_atomically(file.kept))
            _take_names(file, draft, gazetteer, taken, show=show)
        archive = ground_dir(settings.data) / file.kept.with_suffix(".mbtiles").name
        ground = read_archive(archive)
        if ground is None or ground.digest != file.digest:
            draft = stack.enter_context(write_atomically(archive))
            _take_ground(file, draft, settings, taken, show=show)
        yield taken


def file_of(data: Path, source: str) -> Path:
    """Return where the names of a source's extract are kept."""
    slug = re.sub(r"[^\w-]+", "-", source).strip("-")[:60] or "extract"
    mark = blake2b(source.encode(), digest_size=4).hexdigest()
    return data / NAMES_FOLDER / f"{slug}-{mark}.parquet"


def set_extract(data: Path, source: str, *, in_use: bool) -> bool:
    """Take a source's names and map tiles out of use, or back into it, and return whether there were names.

    What is out of use stays beside, so that the removal of a source can be undone; the roads stay as they are.
    """
    kept, found = file_of(data, source), False
    for path in (kept, ground_dir(data) / kept.with_suffix(".mbtiles").name):
        aside = path.with_name(f"{path.name}.removed")
        before, after = (aside, path) if in_use else (path, aside)
        if before.is_file() and not (in_use and path.exists()):
            with wrap_os_errors(after):
                before.replace(after)
            found |= path == kept
    return found


def fetch_extract(region: str, settings: Settings, *, show: bool = False) -> Path:
    """Download the newest extract of a region; ``download_extract`` says from where to where."""
    with open_progress(desc=region, unit="B", unit_scale=True, show=show) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return download_extract(region, settings, progress=progress)


# --- roads


def _take_roads(extract: Path, settings: Settings, taken: ExtractImport, *, same: bool, show: bool) -> None:
    """Build road tiles where there are none of this very file, and note what became of it."""
    before = _roads_in_use(settings.data)
    if same and before is not None and before.source == extract.name:
        taken.notices.append(("roads_kept", {"source": before.source}))
        return
    with open_progress(total=100, unit="%", show=show, bar_format="{desc}: {percentage:.0f} %") as bar:

        def progress(stage: str, share: float) -> None:
            bar.set_description_str(text(f"routing.stage.{stage}", settings.lang), refresh=False)
            bar.update(round(100 * share) - bar.n)

        try:
            made = build_tiles(extract, settings.data, progress=progress)
        except MissingExtra:
            taken.notices.append(("roads_no_engine", {}))
            return
        except DataError as error:
            if error.code != "extract_empty":
                raise
            taken.notices.append(("roads_none", {"file": extract.name}))
            return
    taken.notices.append(("roads_built", {"source": made.source, "edges": made.edges or 0}))
    if before is not None and before.source != made.source:
        taken.notices.append(("roads_replaced", {"source": before.source}))


def _roads_in_use(data: Path) -> Roads | None:
    try:
        return find_roads(data)
    except DataError:
        return None


# --- names


def write_records(path: Path, records: Iterable[Record], said: Mapping[str, object]) -> dict[str, int]:
    """Write records as Parquet, and return how many places and house numbers they are."""
    counts = {"places": 0, "numbers": 0}
    metadata = {b"locator": json.dumps(said).encode()}
    with pq.ParquetWriter(path, _SCHEMA.with_metadata(metadata), compression="zstd") as writer:
        for batch in batched(records, _BATCH):
            rows = [_to_row(record) for record in batch]
            numbers = sum(row["kind"] is None for row in rows)
            counts["places"], counts["numbers"] = counts["places"] + len(rows) - numbers, counts["numbers"] + numbers
            writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
    return counts


def load_extracts(data: Path) -> list[Iterable[Record]]:
    """Return the names of every extract that was imported, to be read once.

    Raises
    ------
    DataError
        A file is broken or another version's (also while it is read): import that extract again.
    """
    return [_read_records(path) for path in sorted((data / NAMES_FOLDER).glob("*.parquet"))]


def _read_records(path: Path) -> Iterator[Record]:
    if _read_said(path).get("version") != VERSION:
        raise DataError(f"{path} is broken or another version's", code="extract_kept", path=path.name)
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                yield from map(_from_row, batch.to_pylist())
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is broken", code="extract_kept", path=path.name) from error


def _read_said(path: Path) -> dict[str, Any]:
    """Return what a kept file says about itself; nothing when there is none, or it is broken."""
    try:
        said = json.loads((pq.read_schema(path).metadata or {})[b"locator"])
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _to_row(record: Record) -> dict[str, Any]:
    row = asdict(record)
    if isinstance(record, NumberRecord):
        return row | {"kind": None, "name": row.pop("street"), "stands": record.name}
    return row | {"aliases": list(record.aliases), "kind": str(record.kind)}


def _from_row(row: dict[str, Any]) -> Record:
    if row["kind"] is None:
        return NumberRecord(
            row["name"], row["number"], row["lon"], row["lat"], adcode=row["adcode"], locality=row["locality"],
            name=row["stands"], interpolate=row["interpolate"], error_m=row["error_m"],
        )  # fmt: skip
    return PlaceRecord(
        row["name"], PlaceKind(row["kind"]), row["lon"], row["lat"], aliases=tuple(row["aliases"]),
        pinyin=row["pinyin"], adcode=row["adcode"], error_m=row["error_m"],
        precision=Precision(row["precision"]) if row["precision"] else None, rank=row["rank"], locality=row["locality"],
    )  # fmt: skip


def _with_progress(records: Iterable[Record], show: bool, name: str) -> Iterator[Record]:
    yield from open_progress(records, desc=name, unit=" names", show=show)


def _take_names(file: _File, draft: Path, gazetteer: Path, taken: ExtractImport, *, show: bool) -> None:
    """Write the names of an extract, and note that the gazetteer must be built again."""
    with contextlib.closing(sqlite3.connect(f"file:{gazetteer}?mode=ro", uri=True)) as connection:
        records = _with_progress(read_osm(file.path, DivisionTable.load(connection)), show, file.path.name)
        said = {"version": VERSION, "digest": file.digest, "file": file.path.name}
        counts = write_records(draft, records, said)
    taken.changed = True
    taken.notices.insert(0, ("extract_places", counts))


# --- the map's own tiles


def _take_ground(file: _File, draft: Path, settings: Settings, taken: ExtractImport, *, show: bool) -> None:
    """Write the tiles of the map that the page draws of an extract."""
    with open_progress(total=100, unit="%", show=show, bar_format="{desc}: {percentage:.0f} %") as bar:

        def progress(share: float) -> None:
            bar.update(round(100 * share) - bar.n)

        bar.set_description_str(text("import.ground_building", settings.lang), refresh=False)
        built = build_ground(file.path, draft, digest=file.digest, progress=progress)
    taken.notices.append(("ground_built", {"tiles": built.tiles}))


def _digest_of(path: Path) -> str:
    state = blake2b(digest_size=16)
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            state.update(block)
    return state.hexdigest()
