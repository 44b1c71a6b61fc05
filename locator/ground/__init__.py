"""A map of our own: what an extract of OpenStreetMap holds, as vector tiles, and the names of the gazetteer.

``locator import osm`` makes the tiles (:func:`build_ground`), the page serves them (:class:`Ground`), and
``locator/web/static/ground.js`` draws them. No other server learns where a person looks.
"""

from locator.ground.archive import Ground, ground_dir, read_archive
from locator.ground.build import build_ground
from locator.ground.names import PlaceNames

__all__ = ["Ground", "PlaceNames", "build_ground", "ground_dir", "read_archive"]
