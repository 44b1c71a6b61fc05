"""A town in OpenStreetMap's XML, made by hand: offices of every shape, and what only looks like one."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr


class Town:
    """Collects nodes, ways and relations and writes them as ``.osm``."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {"node": [], "way": [], "relation": []}
        self._node = 1000

    def node(self, lon: float, lat: float, number: int | None = None, **tags: str) -> int:
        self._node += number is None
        made = self._node if number is None else number
        self._lines["node"].append(f'<node id="{made}" lon="{lon}" lat="{lat}" version="1">{_tags(tags)}</node>')
        return made

    def way(self, number: int, places: list[tuple[float, float] | int], **tags: str) -> int:
        """Draw a way through positions, or through nodes by number; the same position is the same node."""
        made: dict[object, int] = {}
        refs = [
            p if isinstance(p, int) else made.setdefault(p, 0) or made.update({p: self.node(*p)}) or made[p]
            for p in places
        ]
        body = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        self._lines["way"].append(f'<way id="{number}" version="1">{body}{_tags(tags)}</way>')
        return number

    def relation(self, number: int, members: list[tuple[str, int, str]], **tags: str) -> None:
        body = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
        self._lines["relation"].append(f'<relation id="{number}" version="1">{body}{_tags(tags)}</relation>')

    def write(self, path: Path) -> Path:
        body = "".join(line for lines in self._lines.values() for line in lines)
        path.write_text(f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{body}</osm>', "utf-8")
        return path


def _tags(tags: dict[str, str]) -> str:
    pairs = ((key.replace("__", ":"), value) for key, value in tags.items())
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in pairs)


def box(lon: float, lat: float, size: float = 0.001) -> list[tuple[float, float] | int]:
    """Return a closed square with its south-west corner at a position."""
    return [(lon, lat), (lon + size, lat), (lon + size, lat + size), (lon, lat + size), (lon, lat)]


OFFICES = {
    "node/1": "济南市槐荫区人力资源和社会保障局",
    "node/2": "ZUS Oddział",
    "node/3": "历下区医保服务大厅",
    "way/10": "济南市市民中心",
    "way/11": "五里沟街道便民服务中心",
    "way/12": "槐荫区社会保险事业中心",
    "way/13": "半边社保中心",
    "relation/20": "历城区政务服务中心",
    "relation/21": "章丘区社保中心",
    "relation/22": "远方社保中心",
}
"""What :func:`make_town` holds of offices: names by object."""


def make_town() -> Town:
    """Return the town: the objects of :data:`OFFICES`, and lookalikes."""
    town = Town()
    town.node(
        116.946, 36.657, 1, office="government", name=OFFICES["node/1"], name__en="Huaiyin HRSS Bureau",
        addr__city="济南市", addr__district="槐荫区", addr__street="经四路", addr__housenumber="478",
        phone="+86 531 8705 0000", opening_hours="Mo-Fr 09:00-12:00,13:00-17:00; PH off", wheelchair="yes",
        website="https://example.gov.cn/", check_date="2026-05-01", operator="济南市人力资源和社会保障局",
    )  # fmt: skip
    town.node(117.0, 36.60, 2, government="social_security", name=OFFICES["node/2"])
    town.node(
        117.01, 36.60, 3, office="administrative", name__zh=OFFICES["node/3"], name="Medical", wheelchair="limited"
    )
    lookalikes: list[dict[str, str]] = [
        {"office": "government", "name": "社保局(公交站)"},
        {"office": "insurance", "name": "中国人寿保险股份有限公司"},
        {"office": "government", "name": "槐荫区税务局"},
        {"office": "government", "name": "槐荫区社保中心", "disused": "yes"},
        {"disused:office": "government", "name": "老社保中心"},
        {"office": "government"},
        {"amenity": "bank", "name": "中国银行社保卡网点"},
        {"amenity": "pharmacy", "name": "益丰大药房(医保定点)"},
        {"highway": "bus_stop", "name": "市民中心"},
        {"office": "company", "name": "济南社保代理服务中心"},
        {"amenity": "social_facility", "name": "槐荫区社会福利院"},
        {"government": "tax", "name": "槐荫区税务局"},
    ]
    for number, tags in enumerate(lookalikes, 100):
        town.node(117.02, 36.6 + number / 1e4, number, **{k.replace(":", "__"): v for k, v in tags.items()})
    town.way(10, box(117.1, 36.6), amenity="townhall", name=OFFICES["way/10"], building="public")
    ell: list[tuple[float, float] | int] = [
        (117.2, 36.6), (117.21, 36.6), (117.21, 36.6004), (117.2004, 36.6004), (117.2004, 36.61), (117.2, 36.61), (117.2, 36.6),
    ]  # fmt: skip
    town.way(11, ell, amenity="community_centre", name=OFFICES["way/11"])
    town.way(12, [(117.3, 36.6), (117.302, 36.6), (117.302, 36.601)], office="government", name=OFFICES["way/12"])
    corner = town.node(117.4, 36.6)
    town.way(13, [corner, 999_999, 999_998, corner], office="government", name=OFFICES["way/13"])
    west, east = [(117.5, 36.6), (117.5, 36.61), (117.51, 36.61)], [(117.51, 36.61), (117.51, 36.6), (117.5, 36.6)]
    corners = {place: town.node(*place) for place in dict.fromkeys((*west, *east))}
    town.way(30, [corners[p] for p in west])
    town.way(31, [corners[p] for p in east])
    town.way(32, box(117.503, 36.603, 0.004))
    town.relation(
        20, [("way", 30, "outer"), ("way", 31, "outer"), ("way", 32, "inner")],
        type="multipolygon", office="government", name=OFFICES["relation/20"],
    )  # fmt: skip
    town.relation(
        21, [("node", town.node(117.6, 36.62), "entrance"), ("way", 32, "outer")],
        type="site", office="government", name=OFFICES["relation/21"],
    )  # fmt: skip
    town.relation(
        22, [("way", 888_888, "outer")], type="multipolygon", office="government", name=OFFICES["relation/22"]
    )
    town.way(
        40,
        [(117.0, 36.7), (117.001, 36.7), (117.002, 36.7)],
        highway="residential",
        name="经四路",
        name__en="Jingsi Road",
    )
    town.way(41, [(117.001, 36.7), (117.001, 36.701)], highway="residential", name="望月试验路")
    town.node(117.0012, 36.7005, 200, addr__street="望月试验路", addr__housenumber="12", addr__city="济南市")
    town.node(117.05, 36.71, 201, place="village", name="望月试验村")
    return town
