"""Points as files of every format, streamed where the format allows it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import batched
from pathlib import Path

from locator.errors import DataError, InvalidInput
from locator.exports.cells import MARK, to_cell, to_csv_text
from locator.exports.features import points_to_geojson, points_to_kml
from locator.i18n import text
from locator.layer import COLUMNS, Layer, to_row
from locator.model import ServicePoint
from locator.stores.disk import write_atomically
from locator.stores.files import to_geo_table, write_table

POINT_COLUMNS = (*COLUMNS, "datum")
"""The columns of an exported CSV: the layer's, and the datum, so that it can be imported as it is."""


def _values(point: ServicePoint) -> list[object]:
    return [*to_row(point).values(), None if point.lon is None else "wgs84"]


def points_to_csv(points: Iterable[ServicePoint], *, lang: str | None = None) -> str:
    """Return points as CSV.

    Parameters
    ----------
    lang
        The language of the heads and of kinds; None for the layer's own names, which programs read.
    """
    if lang is None:
        return to_csv_text(POINT_COLUMNS, map(_values, points))
    names = [name for name in POINT_COLUMNS if name not in ("origins", "timezone", "serves_basis")]
    rows = []
    for point in points:
        row = to_row(point) | {"datum": None if point.lon is None else "wgs84"}
        row["kind"] = text(f"names.kind.{row['kind']}", lang)
        rows.append([row[name] for name in names])
    return to_csv_text([text(f"import.column.{name}", lang) for name in names], rows)


def _write_csv(points: Iterable[ServicePoint], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        handle.write(MARK)
        writer = csv.writer(handle, lineterminator="\r\n")
        writer.writerow(POINT_COLUMNS)
        writer.writerows([to_cell(value) for value in _values(point)] for point in points)


def _write_parquet(points: Iterable[ServicePoint], path: Path) -> None:
    write_table(to_geo_table(Layer.from_points(points)), path)


def _write_gpkg(points: Iterable[ServicePoint], path: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyogrio
    import shapely

    layer = Layer.from_points(points)
    shapes = shapely.points(np.nan_to_num(layer.lon), np.nan_to_num(layer.lat))
    known = np.isfinite(layer.lon) & np.isfinite(layer.lat)
    wkb = pa.array([bytes(b) if k else None for b, k in zip(shapely.to_wkb(shapes), known, strict=True)], pa.binary())
    index = layer.table.schema.get_field_index("wheelchair")
    plain = layer.table.set_column(index, "wheelchair", layer.table.column("wheelchair").cast(pa.int8()))
    table = plain.drop_columns(["lon", "lat"]).append_column("geometry", wkb)
    pyogrio.write_arrow(
        table, path, layer="points", driver="GPKG", geometry_name="geometry", geometry_type="Point", crs="EPSG:4326"
    )


def _write_text(make: Callable[[Iterable[ServicePoint]], str]) -> Callable[[Iterable[ServicePoint], Path], None]:
    def write(points: Iterable[ServicePoint], path: Path) -> None:
        path.write_text(make(points), "utf-8")

    return write


FORMATS: Mapping[str, Callable[[Iterable[ServicePoint], Path], None]] = {
    "csv": _write_csv,
    "geojson": _write_text(points_to_geojson),
    "kml": _write_text(points_to_kml),
    "gpkg": _write_gpkg,
    "parquet": _write_parquet,
}
"""What ``locator export --format`` takes, and who writes it."""


def write_points(points: Iterable[ServicePoint], path: Path, form: str | None = None) -> int:
    """Write points to a file, whole or not at all, and return how many.

    Parameters
    ----------
    path
        Where to; what is there is replaced.
    form
        A key of :data:`FORMATS`; by the file's ending when None.

    Raises
    ------
    InvalidInput
        No such format.
    DataError
        The file cannot be written.
    """
    form = form or {"json": "geojson"}.get(path.suffix[1:].lower(), path.suffix[1:].lower())
    if form not in FORMATS:
        raise InvalidInput(
            f"format {form!r}; expected one of {', '.join(FORMATS)}",
            code="export_format",
            given=form,
            expected=", ".join(FORMATS),
        )
    counted = _Counted(points)
    with write_atomically(path) as draft:
        target = draft if form != "gpkg" else draft.with_suffix(".gpkg")
        try:
            FORMATS[form](counted, target)
        except RuntimeError as error:
            raise DataError(f"{path} cannot be written: {error}", code="data_write", path=str(path)) from error
        if target is not draft:
            target.replace(draft)
    return counted.count


class _Counted:
    """Points, counted while they go by."""

    def __init__(self, points: Iterable[ServicePoint]) -> None:
        self._points = points
        self.count = 0

    def __iter__(self) -> Iterator[ServicePoint]:
        for some in batched(self._points, 4096):
            self.count += len(some)
            yield from some
