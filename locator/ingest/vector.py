"""GeoJSON, FlatGeobuf, GeoPackage, Shapefile and KML by GDAL, and GeoParquet: points, lines or areas.

GDAL reads in a process of its own (:mod:`locator.ingest.isolated`), with the one driver of the file's ending.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.ingest import RawRecord
from locator.ingest.headers import Header, describe_columns, load_mapping, read_header, to_fields
from locator.ingest.isolated import DRIVERS, ChildFailed, open_child
from locator.ingest.osm import find_kind, tags_to_fields
from locator.ingest.workbooks import to_text

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

BATCH = 8192
PARQUET = (".parquet", ".geoparquet")


class VectorSource:
    """A file of features as records; an area or a line stands where a point on it is.

    Parameters
    ----------
    location
        The file: ``.geojson``, ``.fgb``, ``.gpkg``, ``.shp``, ``.kml`` or ``.parquet``.
    name, datum, mapping, licence
        As of :class:`locator.ingest.tables.TableSource`.
    encoding
        Of a Shapefile's texts; GB18030 (which reads GBK) when its ``.dbf`` is not UTF-8 and no
        ``.cpg`` file says otherwise.
    layer
        A layer of the file; the first with a column of names when None.

    Raises
    ------
    InvalidInput
        There is no such file, it ends like none of these, or the mapping is wrong.
    """

    def __init__(
        self,
        location: str,
        *,
        name: str | None = None,
        datum: Datum | None = None,
        mapping: str | None = None,
        encoding: str | None = None,
        layer: str | None = None,
        licence: str | None = None,
    ) -> None:
        self.path = Path(location)
        if not self.path.is_file():
            raise InvalidInput(f"there is no file {location}", code="file_missing", path=location)
        if self.path.suffix.lower() not in (*DRIVERS, *PARQUET):
            expected = ", ".join((*DRIVERS, *PARQUET))
            raise InvalidInput(
                f"{self.path.name} does not end with {expected}",
                code="vector_ending",
                file=self.path.name,
                expected=expected,
            )
        self.name = name or self.path.stem
        self.licence = licence
        self._mapping = load_mapping(Path(mapping) if mapping else None)
        self._datum, self._layer = datum, layer
        self._encoding = encoding or _encoding_of(self.path)

    @property
    def _is_parquet(self) -> bool:
        return self.path.suffix.lower() in PARQUET

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        """What the layer is: its fields, its reference system, how many features."""
        layers = [_describe_parquet(self.path)] if self._is_parquet else self._ask_layers()
        if self._layer is not None:
            layers = [info for info in layers if info["layer"] == self._layer]
        for guess in (False, True):
            for info in layers:
                header = read_header(info["fields"], self._mapping.columns, guess=guess)
                if header is not None:
                    return {**info, "header": header}
        columns = list(describe_columns(layers[0]["fields"], ())) if layers else []
        shown = "; ".join(name for name, _ in columns[:20]) or "—"
        error = SourceError(
            f"{self.path.name}: no field of its features is a name (名称 or name); fields seen: {shown}",
            code="header_unknown",
            file=self.path.name,
            columns=shown,
        )
        error.seen_columns = columns  # type: ignore[attr-defined]
        raise error

    def _ask_layers(self) -> list[dict[str, Any]]:
        try:
            with open_child("vector", self.path, encoding=self._encoding) as child:
                return list(child.ask(None))
        except (ChildFailed, OSError) as error:
            self._refuse(error)

    @property
    def _header(self) -> Header:
        header: Header = self._info["header"]
        return header

    @property
    def datum(self) -> Datum:
        """What the positions are measured against, after the file's own reference system is undone."""
        return self._datum or Datum.WGS84

    @property
    def ignored(self) -> tuple[str, ...]:
        """The fields that nobody knew."""
        return self._header.ignored

    @property
    def guessed(self) -> Mapping[str, str]:
        """The fields that were taken for ours by words like them."""
        return self._header.guessed

    @property
    def total(self) -> int | None:
        """How many features there are."""
        return max(int(self._info["features"]), 0)

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for every feature.

        Raises
        ------
        SourceError
            The file cannot be read to its end, or has no names.
        """
        row = 0
        header = self._header
        for names, columns, positions in self._batches():
            order = [columns[name] for name in names]
            for number, position in enumerate(positions):
                row += 1
                cells = [to_text(column[number]) for column in order]
                yield self._record(row, self._fields(header, names, cells), position)

    def _fields(self, header: Header, names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
        fields = to_fields(header, cells)
        if not header.holds_tags:
            return fields
        tags = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
        kind = find_kind(tags)
        told = {k: v for k, v in tags_to_fields(tags, *(kind or (None, ""))).items() if v}
        return {**fields, **told}

    def _batches(self) -> Iterator[tuple[list[str], Mapping[str, Sequence[Any]], list[tuple[str, str] | None]]]:
        import pyarrow as pa

        info = self._info
        try:
            if self._is_parquet:
                yield from _read_parquet(self.path, info)
                return
            with open_child("vector", self.path, encoding=self._encoding) as child:
                meta = child.ask(info["layer"])
                with pa.ipc.open_stream(child.stream) as reader:
                    for batch in reader:
                        columns = batch.to_pydict()
                        geometry = columns.get(meta["geometry"]) or [None] * batch.num_rows
                        yield meta["fields"], columns, _positions(geometry, info["crs"])
        except (ChildFailed, OSError, RuntimeError, pa.ArrowException, UnicodeDecodeError) as error:
            self._refuse(error)

    def _record(self, row: int, fields: dict[str, str], position: tuple[str, str] | None) -> RawRecord:
        if position is not None:
            fields["lon"], fields["lat"] = position
        given = {k: v for k, v in fields.items() if v.strip() or k not in self._mapping.defaults}
        return RawRecord(source=self.name, file=self.path.name, row=row, fields={**self._mapping.defaults, **given})

    def _refuse(self, error: Exception) -> NoReturn:
        message = " ".join(str(error).split())[:200].replace(str(self.path), self.path.name)
        raise SourceError(
            f"{self.path.name} cannot be read: {message}", code="vector_broken", file=self.path.name, fault=message
        ) from error


# --- GeoParquet


def _describe_parquet(path: Path) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        geo = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
        geometry = geo.get("primary_column", "geometry")
        crs = geo.get("columns", {}).get(geometry, {}).get("crs")
    except (OSError, ValueError, AttributeError, pa.ArrowException) as error:
        raise SourceError(
            f"{path.name} is no Parquet file: {error}", code="vector_broken", file=path.name, fault=str(error)[:200]
        ) from error
    left = (geometry, "origins", "status")
    fields = [name for name in file.schema_arrow.names if name not in left]
    known = json.dumps(crs) if isinstance(crs, dict) else crs
    return {"layer": None, "fields": fields, "geometry": geometry, "crs": known, "features": file.metadata.num_rows}


def _read_parquet(
    path: Path, info: Mapping[str, Any]
) -> Iterator[tuple[list[str], Mapping[str, Sequence[Any]], list[tuple[str, str] | None]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    for batch in file.iter_batches(BATCH):
        columns = batch.select(info["fields"]).to_pydict()
        geometry = batch.column(info["geometry"]) if info["geometry"] in batch.schema.names else None
        if geometry is None:
            positions: list[tuple[str, str] | None] = [None] * batch.num_rows
        elif pa.types.is_struct(geometry.type):
            points = geometry.to_pylist()
            positions = [None if p is None else (repr(p["x"]), repr(p["y"])) for p in points]
        else:
            positions = _positions(geometry.to_pylist(), info["crs"])
        yield info["fields"], columns, positions


# --- shapes


def _encoding_of(path: Path) -> str | None:
    """Return the encoding of a Shapefile's texts when nothing says it; None leaves it to GDAL."""
    if path.suffix.lower() != ".shp":
        return None
    table = path.with_suffix(".dbf")
    if path.with_suffix(".cpg").is_file() or not table.is_file():
        return None
    content = table.read_bytes()
    try:
        content[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _positions(geometry: list[bytes | None], crs: str | None) -> list[tuple[str, str] | None]:
    """Return the texts of longitude and latitude of geometries (WKB) in a reference system."""
    import shapely

    with np.errstate(invalid="ignore"):  # a coordinate that is no number
        shapes = shapely.from_wkb(np.array(geometry, dtype=object), on_invalid="ignore")
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    shapes[missing] = None
    wide = ~missing & (shapely.get_type_id(shapes) != 0)
    shapes[wide] = [_point_on(shape) for shape in shapes[wide]]
    x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    if crs and not re.search(r"EPSG:(4326|4490|4979)$|CRS84", crs):
        import pyproj

        to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
        x, y = to_degrees.transform(x, y)
    return [
        None if gone or not (np.isfinite(a) and np.isfinite(b)) else (repr(float(a)), repr(float(b)))
        for gone, a, b in zip(missing.tolist(), x.tolist(), y.tolist(), strict=True)
    ]


def _point_on(shape: BaseGeometry) -> BaseGeometry | None:
    """Return a point on a shape; None on one that is broken."""
    import shapely

    try:
        return shape.point_on_surface()
    except shapely.errors.GEOSException:
        return None
