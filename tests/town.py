"""A made-up town as OpenStreetMap XML: every trap of routing in twelve by twelve streets.

The town lies at 117.00 E, 36.65 N. East-west streets are 经一路 to 经十二路 from the south, north-south ones
纬一路 to 纬十二路 from the west. Around it: a roundabout in the east, an island without a bridge in the
south, stairs in the west, and a second town in the north with no road to it.
"""

from __future__ import annotations

import math
from pathlib import Path
from xml.sax.saxutils import quoteattr

LON, LAT, STEP = 117.0, 36.65, 0.002
SIZE = 12
DIGITS = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]
ISLAND = (LON + 0.011, LAT - 0.010)
SECOND = (LON, LAT + 0.080)
ROUNDABOUT = (LON + 0.026, LAT + 0.010)
EAST_END = (LON + 0.032, LAT + 0.010)
RIVER = (LON + 0.011, LAT - 0.005)
DESERT = (LON + 0.3, LAT)


def corner(column: float, row: float) -> tuple[float, float]:
    """Return the position of a crossing of the first town, counted from its south-west corner."""
    return LON + column * STEP, LAT + row * STEP


class Osm:
    """Collects nodes and ways."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.places: dict[tuple[float, float], int] = {}

    def node(self, lon: float, lat: float) -> int:
        key = (round(lon, 7), round(lat, 7))
        if key not in self.places:
            self.places[key] = len(self.places) + 1
        return self.places[key]

    def way(self, places: list[tuple[float, float]], **tags: str) -> None:
        refs = "".join(f'<nd ref="{self.node(*place)}"/>' for place in places)
        words = "".join(f"<tag k={quoteattr(k.replace('__', ':'))} v={quoteattr(v)}/>" for k, v in tags.items())
        self.parts.append(f'<way id="{len(self.parts) + 1}" version="1">{refs}{words}</way>')

    def write(self, path: Path) -> Path:
        nodes = "".join(
            f'<node id="{n}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>' for (lon, lat), n in self.places.items()
        )
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{nodes}{"".join(self.parts)}</osm>', "utf-8"
        )
        return path


def grid(osm: Osm, lon: float, lat: float, size: int, *, named: bool) -> None:
    """Add a grid of streets."""
    for i in range(size):
        row = [(lon + k * STEP, lat + i * STEP) for k in range(size)]
        column = [(lon + i * STEP, lat + k * STEP) for k in range(size)]
        if named:
            one_way = {"oneway": "yes"} if i == 3 else {}
            osm.way(row, highway="residential", name=f"经{DIGITS[i]}路", name__en=f"Jing {i + 1} Road", **one_way)
            osm.way(column, highway="residential", name=f"纬{DIGITS[i]}路", name__en=f"Wei {i + 1} Road")
        else:
            osm.way(row, highway="residential", name="北城街")
            osm.way(column, highway="residential")


def write_town(path: Path) -> Path:
    """Write the town as OSM XML."""
    osm = Osm()
    grid(osm, LON, LAT, SIZE, named=True)
    grid(osm, *SECOND, 9, named=False)
    x, y = ROUNDABOUT
    ring = [(x + 0.0004 * math.cos(a), y + 0.0004 * math.sin(a)) for a in (math.pi * k / 4 for k in range(8))]
    osm.way([*ring, ring[0]], highway="residential", junction="roundabout", name="东环岛")
    osm.way([corner(11, 5), ring[4]], highway="residential", name="东风路", name__en="Dongfeng Road")
    osm.way([ring[0], EAST_END], highway="residential", name="东风路", name__en="Dongfeng Road")
    osm.way([ring[2], (x, y + 0.004)], highway="residential", name="环北路")
    ix, iy = ISLAND
    osm.way([(ix, iy), (ix + 0.001, iy), (ix + 0.0005, iy + 0.0008), (ix, iy)], highway="residential", name="河心路")
    osm.way([corner(0, 0), (LON - 0.001, LAT), (LON - 0.0015, LAT)], highway="steps", name="西山台阶")
    osm.way([(LON - 0.0015, LAT), (LON - 0.004, LAT)], highway="footway", name="西山步道")
    return osm.write(path)
