"""Files to take away: hits and points as CSV, GeoJSON, KML, GeoPackage and GeoParquet.

``to_…`` make a file for people, in their language; ``hits_to_…`` and ``write_points`` one for programs,
with stable names. Every one says where its rows come from and under which licence.
"""

from locator.exports.cells import to_csv_text
from locator.exports.features import points_to_geojson, points_to_kml
from locator.exports.files import FORMATS, points_to_csv, write_points
from locator.exports.hits import hits_to_csv, hits_to_geojson, hits_to_kml, to_csv, to_geojson, to_kml

__all__ = [
    "FORMATS",
    "hits_to_csv",
    "hits_to_geojson",
    "hits_to_kml",
    "points_to_csv",
    "points_to_geojson",
    "points_to_kml",
    "to_csv",
    "to_csv_text",
    "to_geojson",
    "to_kml",
    "write_points",
]
