"""OpenStreetMap files: fetched by a region's name, in the builder's order, read for street names, written for borders.

Geofabrik cuts China into provinces, new every day (https://download.geofabrik.de/asia/china.html, © OpenStreetMap
contributors, ODbL). ``LOCATOR_GEOFABRIK_URL`` names another mirror with the same folders. Each file has its MD5
beside it; a file that is not what its MD5 says is not kept.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import shapely

from locator.datum import mainland_outline
from locator.errors import DataError, NotFound, ServiceReplyError
from locator.http import HttpClient
from locator.i18n import LANGS
from locator.routing.narrative import StreetNames
from locator.settings import Settings

MIRROR = "https://download.geofabrik.de"
SERVICE = "geofabrik"
FOLDER = "asia/china"
WHOLE = "asia/china"
REGIONS: Mapping[str, tuple[str, str]] = {
    "beijing": ("11", "北京"), "tianjin": ("12", "天津"), "hebei": ("13", "河北"), "shanxi": ("14", "山西"),
    "inner-mongolia": ("15", "内蒙古"), "liaoning": ("21", "辽宁"), "jilin": ("22", "吉林"),
    "heilongjiang": ("23", "黑龙江"), "shanghai": ("31", "上海"), "jiangsu": ("32", "江苏"),
    "zhejiang": ("33", "浙江"), "anhui": ("34", "安徽"), "fujian": ("35", "福建"), "jiangxi": ("36", "江西"),
    "shandong": ("37", "山东"), "henan": ("41", "河南"), "hubei": ("42", "湖北"), "hunan": ("43", "湖南"),
    "guangdong": ("44", "广东"), "guangxi": ("45", "广西"), "hainan": ("46", "海南"), "chongqing": ("50", "重庆"),
    "sichuan": ("51", "四川"), "guizhou": ("52", "贵州"), "yunnan": ("53", "云南"), "tibet": ("54", "西藏"),
    "shaanxi": ("61", "陕西"), "gansu": ("62", "甘肃"), "qinghai": ("63", "青海"), "ningxia": ("64", "宁夏"),
    "xinjiang": ("65", "新疆"), "hong-kong": ("81", "香港"), "macau": ("82", "澳门"),
}  # fmt: skip
"""The mirror's name of each province, with its adcode's first two digits and its short name."""
_PATH = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")
_MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")

type Progress = Callable[[int, int | None], None]
"""Told the bytes so far and the total, None where it is not known."""


def find_region(region: str) -> str:
    """Return the mirror's path of a region: ``asia/china/shandong``.

    Parameters
    ----------
    region
        A province by Chinese name (山东, 山东省), the mirror's name (shandong), or adcode (37, 370000);
        ``china`` for the whole; or a path of the mirror with a slash (``europe/liechtenstein``).

    Raises
    ------
    NotFound
        None of these.
    """
    wanted = region.strip()
    if wanted.lower() in ("china", "中国", "全国"):
        return WHOLE
    for name, (code, short) in REGIONS.items():
        if wanted.lower() == name or wanted in (code, code + "0000") or (wanted and wanted.startswith(short)):
            return f"{FOLDER}/{name}"
    if "/" in wanted and _PATH.fullmatch(wanted):
        return wanted
    raise NotFound(
        f"no region to download is called {wanted[:40]!r}; known: {', '.join(REGIONS)}",
        code="extract_region",
        region=wanted[:40],
        known=", ".join(REGIONS),
    )


def download_extract(region: str, settings: Settings, *, progress: Progress = lambda _done, _total: None) -> Path:
    """Fetch the newest extract of a region into ``<data>/extracts``, whole or not at all, in place of an older one.

    Parameters
    ----------
    region
        As :func:`find_region` reads it.

    Returns
    -------
    Path
        The ``.osm.pbf`` file.

    Raises
    ------
    NotFound
        No such region.
    ServiceError
        The mirror cannot be reached, has no checksum, or sent something else than its checksum says.
    """
    path = find_region(region)
    url = f"{settings.urls.get(SERVICE, MIRROR).rstrip('/')}/{path}-latest.osm.pbf"
    out = settings.data / "extracts" / f"{path.rsplit('/', 1)[-1]}-latest.osm.pbf"
    client = HttpClient(settings)
    found = _MD5.search(client.get_bytes(SERVICE, url + ".md5", max_bytes=10_000).decode("ascii", "replace"))
    if found is None:
        raise ServiceReplyError("the mirror has no checksum for this extract", code="service_reply", service=SERVICE)
    return client.download(url, out, progress, service=SERVICE, checksum=f"md5:{found[0]}")


# ---- the one form that the tile builder reads: PBF, nodes before ways, each by number


@contextlib.contextmanager
def wrap_osm_errors(extract: Path) -> Iterator[None]:
    """Turn what pyosmium says of a file it cannot read into one error of ours.

    Raises
    ------
    DataError
        The file is cut short, or is not OpenStreetMap data.
    """
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:  # pyosmium's errors are RuntimeErrors
        raise DataError(
            f"{extract} cannot be read as OpenStreetMap data: {error}", code="extract_broken", path=str(extract)
        ) from error


def to_pbf(extract: Path, work: Path) -> Path:
    """Return an extract as the builder reads it: itself, or a copy in ``work``.

    Raises
    ------
    DataError
        It is no whole file of OpenStreetMap data.
    """
    with wrap_osm_errors(extract):
        return _to_pbf(extract, work / "source.osm.pbf")


def _to_pbf(extract: Path, out: Path) -> Path:
    import osmium

    in_order = is_sorted(extract)
    if in_order and extract.name.endswith(".pbf"):
        return extract.resolve()
    with osmium.SimpleWriter(str(out)) as writer:
        if in_order:
            for thing in osmium.FileProcessor(str(extract)):
                writer.add(thing)
        else:  # all in memory, as what an editor or Overpass saved is small enough for
            reader = osmium.MergeInputReader()
            reader.add_file(str(extract))
            reader.apply(writer)
    return out


def is_sorted(extract: Path) -> bool:
    """Tell whether a file's objects come as the builder wants them: it ends itself if they do not.

    Mirrors say so in the header; what an editor (JOSM) or Overpass saved is often in no order.
    """
    import osmium

    reader = osmium.FileProcessor(str(extract))
    if reader.header.get("sorting", "") == "Type_then_ID":
        return True
    last = (0, 0)
    for thing in reader:
        here = ("nwr".find(thing.type_str()), thing.id)
        if here < last:
            return False
        last = here
    return True


# ---- street names in other languages


def read_street_names(extract: Path) -> StreetNames:
    """Collect the translated names of roads from an OSM extract; of several translations the commonest.

    Raises
    ------
    DataError
        The file is no OSM file, or is cut short.
    """
    import osmium

    counts: dict[str, dict[str, Counter[str]]] = {lang: {} for lang in LANGS}
    keys = [f"name:{lang}" for lang in LANGS]
    roads = osmium.filter.KeyFilter("highway")
    translated = osmium.filter.KeyFilter(*keys)
    with wrap_osm_errors(extract):
        for way in osmium.FileProcessor(str(extract), osmium.osm.WAY).with_filter(roads).with_filter(translated):
            name = way.tags.get("name")
            for lang, key in zip(LANGS, keys, strict=True):
                said = way.tags.get(key)
                if name and said and said != name:
                    counts[lang].setdefault(name, Counter())[said] += 1
    tables = {
        lang: {name: min(said, key=lambda s: (-said[s], s)) for name, said in sorted(table.items())}
        for lang, table in counts.items()
    }
    return StreetNames({lang: _without_doubtful(table) for lang, table in tables.items()})


def _without_doubtful(table: Mapping[str, str]) -> dict[str, str]:
    """Leave out a translation that two streets share, unless one name is within the other (a road and its side road).

    The map has such slips: in one Nanjing extract every piece of 汉中路 is called "East Zhongshan Road" in
    English, as 中山东路 is. A name in Chinese is better than another street's name.
    """
    called: dict[str, list[str]] = {}
    for name, said in table.items():
        called.setdefault(said, []).append(name)

    def sure(name: str, said: str) -> bool:
        return all(name in other or other in name for other in called[said])

    return {name: said for name, said in table.items() if sure(name, said)}


# ---- who drives on which side
#
# Four areas that cover the globe and do not overlap, for the tile builder: the mainland (right), Hong Kong and Macau
# (left), and the rest (right, which is wrong for Japan and others: our roads are China's). As coarse as the outline
# in locator.datum, about a kilometre at Hong Kong and Macau.

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
