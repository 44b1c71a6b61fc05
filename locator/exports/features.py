"""Points and hits as GeoJSON (RFC 7946) and KML; positions are WGS-84, lon then lat."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from locator.layer import to_row
from locator.model import EXACT, ServicePoint

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    return escape(_NOT_XML.sub("\ufffd", text), {'"': "&quot;", "'": "&apos;"})


def licences_of(points: Iterable[ServicePoint]) -> list[str]:
    """Return every licence that the points or their merged fields are under."""
    return sorted({p.licence for point in points for p in (point.provenance, *point.origins.values()) if p.licence})


def points_to_geojson(points: Iterable[ServicePoint]) -> str:
    """Return points as GeoJSON with the layer's columns."""
    listed = list(points)
    return to_geojson_text(map(feature_of, listed), licences=licences_of(listed))


def points_to_kml(points: Iterable[ServicePoint], *, title: str = "locator") -> str:
    """Return points as KML with the layer's columns as extended data; only exact positions get a pin."""
    listed = list(points)
    features = (feature_of(p) if p.position in EXACT else feature_of(p)._replace(position=None) for p in listed)
    return to_kml_text(features, title=title, licences=licences_of(listed))
