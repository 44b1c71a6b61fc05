"""Layers as GeoParquet files: written whole, put in place at once, named by their content.

A layer's file follows GeoParquet 1.1: a column ``geometry`` of native points (WGS-84, lon then lat), so
geopandas, QGIS and DuckDB read it; the other columns are :data:`locator.layer.COLUMNS` without ``lon``
and ``lat``. The schema's metadata key ``locator`` says which parts it was made of.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from locator.disk import remove_drafts, write_atomically
from locator.errors import DataError
from locator.layer import COLUMNS, LAYER_VERSION, SCHEMA, Layer

log = logging.getLogger(__name__)
_POINT = pa.struct([pa.field("x", pa.float64(), nullable=False), pa.field("y", pa.float64(), nullable=False)])
_REPEATED = tuple(
    name
    for name, kind in COLUMNS.items()
    if kind == pa.string() and name not in ("id", "name", "name_en", "address", "phones", "origins")
)
"""Columns whose texts repeat, kept as small numbers in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one source gave, as a file beside the layer."""

    source: str
    file: str
    stamp: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a layer's file says about itself."""

    version: str = ""
    parts: tuple[Part, ...] = ()
    joined: Mapping[str, int] = field(default_factory=dict)
    """How many rows of each source are served as one with another source's."""


# --- reading


def read_manifest(path: Path) -> Manifest:
    """Return what a layer's file says about itself; of a foreign GeoParquet file, that it has no parts.

    Raises
    ------
    DataError
        The file is no Parquet file, or one of another version of this program.
    """
    with _readable(path):
        return _manifest(pq.read_schema(path).metadata or {}, path)


def _manifest(metadata: Mapping[bytes, bytes], path: Path) -> Manifest:
    text = metadata.get(b"locator")
    if text is None:
        return Manifest(version=_file_version(path))
    content = json.loads(text)
    if content["layer_version"] != LAYER_VERSION:
        raise DataError(f"{path} was made by another version of the program", code="layer_version", path=str(path))
    parts = tuple(Part(**part) for part in content["parts"])
    return Manifest(version=content["version"], parts=parts, joined=content.get("joined", {}))


def _file_version(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size:x}-{stat.st_mtime_ns:x}"


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"there is no layer at {path}", code="layer_missing", path=str(path)) from error
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise DataError(f"{path} is no layer that can be read: {error}", code="layer_broken", path=str(path)) from error


def _open(path: Path, **options: Any) -> pq.ParquetFile:
    """Open a file so that what is read is what was written: a page with another checksum is an error."""
    return pq.ParquetFile(path, page_checksum_verification=True, **options)


def read_layer(path: Path) -> tuple[Layer, tuple[Part, ...]]:
    """Return a layer's file and the parts it was made of.

    A GeoParquet file that somebody else wrote is a layer too when it has ``id`` and ``name`` and points
    in a column ``geometry`` (WKB or native) or ``lon`` and ``lat``; its other columns are taken by name.

    Raises
    ------
    DataError
        The file is missing, broken, of another version, or no layer.
    """
    with _readable(path):
        file = _open(path)
        manifest = _manifest(file.schema_arrow.metadata or {}, path)
        present = set(file.schema_arrow.names)
        wanted = [name for name in (*COLUMNS, "geometry") if name in present and name not in _blank_columns(file)]
        table = _open(path, read_dictionary=[n for n in _REPEATED if n in present]).read(wanted)
        if not {"id", "name"} <= present:
            raise ValueError("no columns id and name")
        return Layer(_complete(table), version=manifest.version), manifest.parts


def count_rows(path: Path) -> int:
    """Return how many rows a layer's file has; DataError as for :func:`read_layer`."""
    with _readable(path):
        return int(pq.read_metadata(path).num_rows)


def read_positions(path: Path) -> Layer:
    """Return a layer's rows with ``lon``, ``lat`` and ``status`` alone: what a search needs first.

    Raises
    ------
    DataError
        As :func:`read_layer`.
    """
    with _readable(path):
        file = _open(path)
        table = file.read([name for name in ("geometry", "lon", "lat", "status") if name in file.schema_arrow.names])
        lon, lat = _positions(table)
        status = table.column("status") if "status" in table.column_names else pa.nulls(table.num_rows, pa.string())
        return Layer(pa.table([lon, lat, status], names=["lon", "lat", "status"]))


def _blank_columns(file: pq.ParquetFile) -> set[str]:
    """Return the columns that the file's statistics say are null in every row: they need not be read."""
    metadata = file.metadata
    nulls: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            known = column.is_stats_set and column.statistics.has_null_count
            nulls[column.path_in_schema] = nulls.get(column.path_in_schema, 0) + (
                column.statistics.null_count if known else 0
            )
    return {name for name, count in nulls.items() if count == metadata.num_rows}


def _complete(table: pa.Table) -> pa.Table:
    """Return a file's table with the layer's columns, in their order; a blank one takes no memory."""
    lon, lat = _positions(table)
    defaults = {"kind": "other", "status": "listed", "source": "unknown"}
    columns: list[pa.ChunkedArray | pa.Array] = []
    for name, kind in COLUMNS.items():
        if name in ("lon", "lat"):
            columns.append(lon if name == "lon" else lat)
        elif name in defaults and name not in table.column_names:
            columns.append(pa.repeat(pa.scalar(defaults[name], kind), table.num_rows))
        elif name not in table.column_names or table.column(name).null_count == table.num_rows:
            columns.append(pa.nulls(table.num_rows))
        else:
            column = table.column(name)
            plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
            columns.append(column if plain == kind else column.cast(kind))
    return pa.table(columns, names=list(COLUMNS)).unify_dictionaries()


def _positions(table: pa.Table) -> tuple[pa.Array, pa.Array]:
    if "geometry" not in table.column_names:
        return tuple(table.column(name).combine_chunks().cast(pa.float64()) for name in ("lon", "lat"))
    geometry = table.column("geometry").combine_chunks()
    if pa.types.is_struct(geometry.type):
        axes = dict(zip((field.name for field in geometry.type), geometry.flatten(), strict=True))
        return axes["x"], axes["y"]
    import shapely

    points = shapely.from_wkb(geometry.to_numpy(zero_copy_only=False))
    points = np.where(shapely.get_type_id(points) == 0, points, shapely.point_on_surface(points))
    return tuple(pa.array(xy, from_pandas=True) for xy in (shapely.get_x(points), shapely.get_y(points)))


# --- writing


def to_geo_table(layer: Layer) -> pa.Table:
    """Return a layer's table in the form of GeoParquet 1.1: native points instead of ``lon`` and ``lat``."""
    known = np.isfinite(layer.lon) & np.isfinite(layer.lat)
    x, y = (pa.array(np.where(known, values, 0.0)) for values in (layer.lon, layer.lat))
    points = pa.StructArray.from_arrays([x, y], fields=list(_POINT), mask=pa.array(~known))
    table = layer.table.cast(SCHEMA).drop_columns(["lon", "lat"]).append_column("geometry", points)
    box = [float(f(v[known])) for f in (np.min, np.max) for v in (layer.lon, layer.lat)] if known.any() else None
    column: dict[str, Any] = {"encoding": "point", "geometry_types": ["Point"]} | ({"bbox": box} if box else {})
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    return table.replace_schema_metadata({"geo": json.dumps(geo)})


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as one Parquet file; columns, not row groups, are what a reader takes in parallel."""
    pq.write_table(table, path, compression="zstd", row_group_size=4_000_000, write_page_checksum=True)


def write_part(folder: Path, source: str, layer: Layer, stamp: str) -> Part:
    """Write what one source gave; the file is named by its content, so it never stands for another."""
    slug = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:40] or "source"
    target = folder / slug

    def named(draft: Path) -> Path:
        nonlocal target
        target = folder / f"{slug}-{_digest(draft, source)}.parquet"
        return target

    said = {"layer_version": LAYER_VERSION, "version": "", "parts": [], "source": source, "stamp": stamp}
    with write_atomically(target, name=named, also=(pa.ArrowException,)) as draft:
        write_table(_with_metadata(to_geo_table(layer), said), draft)
    return Part(source=source, file=target.name, stamp=stamp, rows=len(layer))


def _digest(path: Path, source: str) -> str:
    state = blake2b(source.encode(), digest_size=8)
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def write_layer(path: Path, layer: Layer, parts: Sequence[Part], joined: Mapping[str, int]) -> str:
    """Put a layer's file in place, at once, and return its version."""
    version = blake2b("\n".join(part.file for part in parts).encode(), digest_size=8).hexdigest()
    manifest = {"layer_version": LAYER_VERSION, "version": version, "parts": [asdict(p) for p in parts]}
    with write_atomically(path, also=(pa.ArrowException,)) as draft:
        write_table(_with_metadata(to_geo_table(layer), manifest | {"joined": dict(joined)}), draft)
    return version


def _with_metadata(table: pa.Table, said: Mapping[str, Any]) -> pa.Table:
    return table.replace_schema_metadata(dict(table.schema.metadata) | {b"locator": json.dumps(said).encode()})


class Undo(NamedTuple):
    """What the sources gave before the last change."""

    source: str
    """The source that changed."""
    parts: tuple[Part, ...]


def _undo_file(path: Path) -> Path:
    return path.with_suffix(".undo.json")


def write_undo(path: Path, source: str, parts: Sequence[Part]) -> None:
    """Keep, beside a layer, which parts it is made of before a source changes."""
    with write_atomically(_undo_file(path)) as draft:
        draft.write_text(json.dumps({"source": source, "parts": [asdict(part) for part in parts]}), "utf-8")


def read_undo(path: Path) -> Undo | None:
    """Return what a layer was made of before its last change; None when nobody changed it, or it is unreadable."""
    try:
        content = json.loads(_undo_file(path).read_text("utf-8"))
        return Undo(str(content["source"]), tuple(Part(**part) for part in content["parts"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_parts(folder: Path) -> tuple[Part, ...]:
    """Return the newest readable file of each source in a parts folder, oldest first.

    For a layer that is broken itself: what every source gave is still there.
    """
    files = sorted(folder.glob("*.parquet"), key=lambda file: file.stat().st_mtime_ns) if folder.is_dir() else []
    found: dict[str, Part] = {}
    for file in files:
        try:
            said = json.loads((pq.read_schema(file).metadata or {})[b"locator"])
            rows = len(read_layer(file)[0])
            part = Part(source=said["source"], file=file.name, stamp=said["stamp"], rows=rows)
        except (OSError, pa.ArrowException, KeyError, ValueError, DataError) as error:
            if isinstance(error, DataError) and error.code == "layer_version":
                raise
            log.error("%s is broken and is left out", file.name)
            continue
        found[part.source] = part
    return tuple(found.values())


def remove_strangers(path: Path, folder: Path, parts: Sequence[Part]) -> None:
    """Remove the files beside a layer that it does not name: those of before, and of imports that died.

    Call it only under the layer's lock.
    """
    named = {part.file for part in parts}
    files = [file for file in folder.iterdir() if file.name not in named] if folder.is_dir() else []
    for file in files:
        file.unlink(missing_ok=True)
    for written in (path, _undo_file(path)):
        remove_drafts(written)
