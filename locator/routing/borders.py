"""Who drives on which side, as areas that the tile builder reads.

Four areas that cover the globe and do not overlap: the mainland (right), Hong Kong and Macau (left), and the
rest (right, which is wrong for Japan and others: our roads are China's). As coarse as the outline in
:mod:`locator.datum`, about a kilometre at Hong Kong and Macau.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import shapely

from locator.datum import mainland_outline

_HONG_KONG = (113.80, 22.12, 114.52, 22.60)
_MACAU = (113.50, 22.06, 113.64, 22.23)
_GLOBE = (-180.0, -85.0, 180.0, 85.0)
_NAMES = {
    "中国": ("China", "CN"),
    "香港": ("Hong Kong", "HK"),
    "澳門": ("Macao", "MO"),
    "elsewhere": ("Elsewhere", "ZZ"),
}
"""Names and codes by which the builder knows who drives on the left, and which roads are open to whom."""


def border_areas() -> dict[str, shapely.Geometry]:
    """Return each area's polygons by its name."""
    mainland = mainland_outline()
    hong_kong = shapely.box(*_HONG_KONG).difference(mainland)
    macau = shapely.box(*_MACAU).difference(mainland)
    rest = shapely.box(*_GLOBE).difference(shapely.union_all([mainland, hong_kong, macau]))
    return {"中国": mainland, "香港": hong_kong, "澳門": macau, "elsewhere": rest}


def _rings(area: shapely.Geometry) -> Iterator[tuple[str, shapely.LinearRing]]:
    for part in shapely.get_parts(area):
        yield "outer", part.exterior
        for hole in part.interiors:
            yield "inner", hole


def write_borders(path: Path) -> Path:
    """Write the areas as boundary relations of OpenStreetMap, in PBF."""
    from osmium import SimpleWriter
    from osmium.osm.mutable import Node, Relation, Way

    nodes: list[Node] = []
    ways: list[Way] = []
    relations: list[Relation] = []
    for name, area in border_areas().items():
        members = []
        for role, ring in _rings(area):
            first = len(nodes) + 1
            places = list(ring.coords)[:-1]
            nodes += [Node(id=first + n, version=1, location=(x, y)) for n, (x, y) in enumerate(places)]
            refs = [*range(first, first + len(places)), first]
            ways.append(Way(id=len(ways) + 1, version=1, nodes=refs, tags={"boundary": "administrative"}))
            members.append(("w", len(ways), role))
        english, code = _NAMES[name]
        tags = {
            "type": "boundary", "boundary": "administrative", "admin_level": "2",
            "name": name, "name:en": english, "ISO3166-1": code,
        }  # fmt: skip
        relations.append(Relation(id=len(relations) + 1, version=1, members=members, tags=tags))
    with SimpleWriter(str(path), overwrite=True) as writer:
        for node in nodes:
            writer.add_node(node)
        for way in ways:
            writer.add_way(way)
        for relation in relations:
            writer.add_relation(relation)
    return path
