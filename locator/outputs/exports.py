"""Points as files of every format: CSV, GeoJSON (RFC 7946), KML, GeoPackage, GeoParquet.

A CSV opens right in a spreadsheet and comes back the same: UTF-8 with a mark, no cell a formula. Positions are
WGS-84, lon then lat. Every file says where its rows come from and under which licence.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from xml.sax.saxutils import escape as escape_xml

from locator.disk import to_data_error, write_atomically, write_whole
from locator.errors import InvalidInput
from locator.files.text_files import escape_formula
from locator.i18n import text
from locator.layer import COLUMNS, Layer, to_row
from locator.model import EXACT, Precision, ServicePoint
from locator.stores.files import to_geo_table, write_table

MARK = "\ufeff"
"""What tells Excel that a file is UTF-8."""
POINT_COLUMNS = (*COLUMNS, "datum")
"""The columns of an exported CSV: the layer's, and the datum, so that it can be imported as it is."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_cell(value: object) -> str:
    """Return a value as a cell: empty for None, ``yes`` and ``no``, numbers in full, text shielded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value) if value != int(value) else str(int(value))
    return escape_formula(str(value))


def to_csv_text(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as the text of a CSV file: the columns' names, then rows of values in their order."""
    out = io.StringIO(newline="")
    _write_table(header, rows, out)
    return out.getvalue()


def _write_table(header: Sequence[str], rows: Iterable[Iterable[object]], out: TextIO) -> None:
    out.write(MARK)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([escape_formula(name) for name in header])
    writer.writerows([to_cell(value) for value in row] for row in rows)


class Feature(NamedTuple):
    """One thing on a map: where it is, what it is called, and its properties."""

    position: tuple[float, float] | None
    name: str
    properties: Mapping[str, Any]


def feature_of(point: ServicePoint) -> Feature:
    """Return a point as a feature with the layer's columns, without those that are blank."""
    row = {name: value for name, value in to_row(point).items() if value is not None}
    lon, lat = row.pop("lon", None), row.pop("lat", None)
    return Feature(None if lon is None or lat is None else (lon, lat), point.name, row)


def to_geojson_text(features: Iterable[Feature], *, licences: Sequence[str] = ()) -> str:
    """Return features as a GeoJSON FeatureCollection; one without a position has a null geometry."""
    collection: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                **({"id": f.properties["id"]} if "id" in f.properties else {}),
                "geometry": f.position and {"type": "Point", "coordinates": list(f.position)},
                "properties": f.properties,
            }
            for f in features
        ],
    }
    if licences:
        collection["licences"] = list(licences)
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def to_kml_text(features: Iterable[Feature], *, title: str, licences: Sequence[str] = ()) -> str:
    """Return features as KML 2.2 placemarks; those without a position have none."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>',
        f"<name>{_xml(title)}</name>",
    ]
    if licences:
        parts.append(f"<description>{_xml('; '.join(licences))}</description>")
    for feature in features:
        parts.append(f"<Placemark><name>{_xml(feature.name)}</name><ExtendedData>")
        for key, value in feature.properties.items():
            if value is not None and key != "name":
                parts.append(f'<Data name="{_xml(key)}"><value>{_xml(_plain(value))}</value></Data>')
        parts.append("</ExtendedData>")
        if feature.position is not None:
            lon, lat = feature.position
            parts.append(f"<Point><coordinates>{lon!r},{lat!r}</coordinates></Point>")
        parts.append("</Placemark>")
    return "".join([*parts, "</Document></kml>\n"])


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _xml(text: str) -> str:
    return escape_xml(_NOT_XML.sub("\ufffd", text), {'"': "&quot;", "'": "&apos;"})


def licences_of(points: Iterable[ServicePoint]) -> list[str]:
    """Return every licence that the points or their merged fields are under."""
    return sorted({licence for point in points for licence in point.licences})


def points_to_geojson(points: Iterable[ServicePoint]) -> str:
    """Return points as GeoJSON with the layer's columns."""
    listed = list(points)
    return to_geojson_text(map(feature_of, listed), licences=licences_of(listed))


def points_to_kml(points: Iterable[ServicePoint], *, title: str = "locator") -> str:
    """Return points as KML with the layer's columns as extended data; only exact positions get a pin."""
    listed = list(points)
    features = (feature_of(point)._replace(position=point.pin) for point in listed)
    return to_kml_text(features, title=title, licences=licences_of(listed))


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
        row["licence"] = "; ".join(point.licences) or None
        rows.append([row[name] for name in names])
    return to_csv_text([text(f"import.column.{name}", lang) for name in names], rows)


def _write_csv(points: Iterable[ServicePoint], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        _write_table(POINT_COLUMNS, map(_values, points), out)


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


_QUOTED = {'"': "&quot;"}
_QML_POINT = (
    '<symbol name="{number}" type="marker" alpha="1"><layer class="SimpleMarker" pass="0" enabled="1" locked="0">'
    '<prop k="name" v="circle"/><prop k="color" v="{fill}"/><prop k="outline_color" v="11,92,173,255"/>'
    '<prop k="outline_width" v="0.4"/><prop k="size" v="{size}"/></layer></symbol>'
)


def to_qgis_style() -> str:
    """Return the style that QGIS takes up with a GeoPackage: a filled dot where a position is exact, a wide pale ring
    where an office stands somewhere in a township, district or city.

    Its rules read the column ``position``; docs: https://docs.qgis.org/3.34/en/docs/user_manual/appendices/qgis_file_formats.html
    """
    exact = ", ".join(f"'{precision}'" for precision in Precision if precision in EXACT)
    rules = (("exact position", f'"position" IN ({exact})'), ("approximate position", "ELSE"))
    told = "".join(
        f'<rule key="{{{number}}}" symbol="{number}" label="{label}" filter="{escape_xml(test, _QUOTED)}"/>'
        for number, (label, test) in enumerate(rules)
    )
    drawn = _QML_POINT.format(number=0, fill="11,92,173,255", size="2.6")
    drawn += _QML_POINT.format(number=1, fill="11,92,173,40", size="7")
    return (
        '<qgis version="3.22" styleCategories="Symbology"><renderer-v2 type="RuleRenderer" symbollevels="0" '
        f'forceraster="0"><rules key="{{root}}">{told}</rules><symbols>{drawn}</symbols></renderer-v2></qgis>\n'
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
            if target is not draft:
                target.replace(draft)
        except RuntimeError as error:
            raise to_data_error(error, path) from error
        finally:
            if target is not draft:
                for left in (target, target.with_name(target.name + "-journal")):
                    left.unlink(missing_ok=True)
    if form == "gpkg":  # beside the file and of its name: QGIS takes it up by itself
        write_whole(path.with_suffix(".qml"), to_qgis_style())
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
