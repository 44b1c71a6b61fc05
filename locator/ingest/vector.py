"""GeoJSON, GeoPackage, Shapefile and whatever else GDAL reads as points, lines or areas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.ingest import RawRecord
from locator.ingest.headers import Header, load_mapping, read_header, to_fields

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

BATCH = 8192


class VectorSource:
    """A file of features as records; an area or a line stands where a point on it is.

    Parameters
    ----------
    location
        The file: ``.geojson``, ``.gpkg``, ``.shp`` …
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
        There is no such file, or the mapping is wrong.
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
        self.name = name or self.path.stem
        self.licence = licence
        self._mapping = load_mapping(Path(mapping) if mapping else None)
        self._datum, self._layer = datum, layer
        self._encoding = encoding or _encoding_of(self.path)

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        """What GDAL says about the layer: its fields, its reference system, how many features."""
        import pyogrio

        try:
            names = [row[0] for row in pyogrio.list_layers(self.path)] if self._layer is None else [self._layer]
            for layer in names:
                info = dict(pyogrio.read_info(self.path, layer=layer, encoding=self._encoding))
                if self._read_fields(info):
                    return info | {"layer": layer}
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError, UnicodeDecodeError) as error:
            raise self._broken(error) from error
        raise SourceError(
            f"{self.path.name}: no field of its features is a name (at least 名称 or name)",
            code="header_unknown",
            file=self.path.name,
        )

    @cached_property
    def _header(self) -> Header:
        return self._read_fields(self._info) or Header(fields=())

    def _read_fields(self, info: Mapping[str, Any]) -> Header | None:
        names = [str(field) for field in info["fields"]]
        return read_header(names, self._mapping.columns, where=self.path.name, doubles=True)

    @property
    def datum(self) -> Datum:
        """What the positions are measured against, after the file's own reference system is undone."""
        return self._datum or Datum.WGS84

    @property
    def ignored(self) -> tuple[str, ...]:
        """The fields that nobody knew."""
        return self._header.ignored

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
        import pyogrio

        row = 0
        info, header = self._info, self._header
        try:
            with pyogrio.open_arrow(
                self.path, layer=info["layer"], encoding=self._encoding, batch_size=BATCH, use_pyarrow=True
            ) as (meta, reader):
                for batch in reader:
                    columns = batch.to_pydict()
                    geometry = columns.get(meta["geometry_name"] or "wkb_geometry") or [None] * batch.num_rows
                    names = [str(field) for field in meta["fields"]]
                    positions = _positions(geometry, info["crs"])
                    for number in range(batch.num_rows):
                        row += 1
                        cells = [_text(columns[name][number]) for name in names]
                        yield self._record(row, to_fields(header, cells), positions[number])
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, RuntimeError, OSError) as error:
            raise self._broken(error) from error
        except UnicodeDecodeError as error:
            raise self._broken(error) from error

    def _record(self, row: int, fields: dict[str, str], position: tuple[str, str] | None) -> RawRecord:
        if position is not None:
            fields["lon"], fields["lat"] = position
        given = {k: v for k, v in fields.items() if v.strip() or k not in self._mapping.defaults}
        return RawRecord(source=self.name, file=self.path.name, row=row, fields={**self._mapping.defaults, **given})

    def _broken(self, error: Exception) -> SourceError:
        message = " ".join(str(error).split())[:200].replace(str(self.path), self.path.name)
        return SourceError(
            f"{self.path.name} cannot be read: {message}", code="vector_broken", file=self.path.name, fault=message
        )


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


def _text(value: object) -> str:
    """Return a field's value as text; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
