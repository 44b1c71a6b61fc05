"""Place townships by the names of what stands at their seats; run by hand, with the packages of ``build_places.py``.

    python data/gazetteer/build_seats.py /tmp/places

Writes ``township_seats_osm.csv`` beside itself: the middle of the points in the township's district whose names begin
with the township's (X镇人民政府, X派出所, X中学 …), © OpenStreetMap contributors, ODbL 1.0. The best kind of name
decides; ``how`` says which, and ``error_m`` is how far 85 of 100 of its kind are from the seat at most, as
``benchmarks/bench_seats.py`` measures on positions that are no source here.
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from build_places import add_districts, check_packages, read_points

from locator.adcode import ancestors
from locator.gazetteer.text import short_name, simplify

HERE = Path(__file__).parent
NO_COUNTIES = {"441900", "442000", "460400", "620200"}
SPARSE = {"15", "54", "62", "63", "65"}
"""Provinces where a township is as wide as a county elsewhere."""

HOW = ("government", "office", "school", "full", "name")
"""Kinds of names, the most telling first: the seat itself, other offices, schools and stations, the full name and
whatever follows it, the short name and whatever follows it."""
ERRORS_M = {
    ("government", "town"): 150, ("government", "street"): 850, ("office", "town"): 1_600, ("office", "street"): 2_300,
    ("school", "town"): 2_200, ("school", "street"): 2_600, ("full", "town"): 6_000, ("full", "street"): 3_500,
    ("name", "town"): 8_200, ("name", "street"): 3_800, ("name", "sparse"): 20_000,
}  # fmt: skip
"""How far off 85 of 100 are at most, in metres: of a town's seat and of a sub-district's."""

_SEAT = re.compile(
    "(?:人民)?政府|街道办|办事处|党委|工委|[便为]民服务|综合服务|党群服务|社区事务|[行政]政服务|政务服务|公共服务|党政|综合楼|机关|委员会|综治|应急|城管"
)
_OFFICE = re.compile(
    "(?:边防|中心|公安)?(?:派出所|卫生院|中心卫生院|卫生服务中心|社区卫生|司法所|财政所|法庭|税务|工商|市场监督|邮政|邮局|供电所|敬老院|文化站|文化中心"
    "|中心小学|中心校|中心学校|中心幼儿园|中心完小|粮站|农商|信用社|国土|林业站|水利|农业|畜牧|广播|计划生育|交警|警务|消防|自然资源|土地|民政|人武"
    "|计生|人大)"
)
_SCHOOL = re.compile(
    "中学|小学|初中|高中|完小|幼儿园|学校|卫生|医院|车站|汽车站|客运|加油站|站$|市场|集市|商城|商贸|超市|广场"
)
_LEVEL = re.compile("^(?:民族乡|回族乡|街道|社区|镇|乡|苏木)")
_FULL = ("镇", "乡", "街道", "苏木")
_POLICE = re.compile("^(?:公安分?局|.{0,4}公安局|[^镇乡]{0,3}分局|人民法院|法院)")


class Found(NamedTuple):
    """A point whose name begins with a township's."""

    code: str
    how: str
    lon: float
    lat: float


def compared(name: str) -> str:
    """Return a name as it is compared: half width, simplified, without spaces."""
    return re.sub("\\s", "", simplify(unicodedata.normalize("NFKC", name)))


def how_it_goes_on(stem: str, rest: str, fclass: str) -> str:
    """Return which of the kinds of `HOW` a name is that begins with a township's name and goes on with ``rest``."""
    after = _LEVEL.sub("", rest)
    full = stem.endswith(_FULL) or after != rest
    if _SEAT.match(after):
        return "government" if full or after.startswith(("政府", "人民政府")) else "office"
    if _OFFICE.match(after):
        return "office"
    if (full and not after) or _SCHOOL.match(rest) or (not rest and fclass == "residential"):
        return "school"
    return "full" if full else "name"


def stems_of(townships: list[dict[str, str]], around: list[str]) -> dict[str, str]:
    """Return the code of each full name, and of each short one that is no other's and none of the divisions' around."""
    stems: dict[str, str | None] = {compared(row["name"]): row["code"] for row in townships}
    for row in townships:
        short = compared(short_name(row["name"]))
        if len(short) >= 2 and short not in around and short not in {compared(row["name"])}:
            stems[short] = None if short in stems else row["code"]
    return {stem: code for stem, code in stems.items() if code}


def find_in(points: pd.DataFrame, townships: list[dict[str, str]], around: list[str]) -> Iterator[Found]:
    """Yield the points of one district that a township's name begins; the divisions around may stand before it."""
    stems = stems_of(townships, around)
    if not stems:
        return
    outer = re.compile("^(?:" + "|".join(map(re.escape, sorted(around, key=len, reverse=True))) + ")*")
    begins = re.compile("^(" + "|".join(map(re.escape, sorted(stems, key=len, reverse=True))) + ")(.*)$")
    for name, fclass, lon, lat in zip(points["name"], points["fclass"], points["lon"], points["lat"], strict=True):
        match = begins.match(name) or begins.match(_POLICE.sub("", outer.sub("", name, count=1)))
        if match:
            yield Found(stems[match[1]], how_it_goes_on(match[1], match[2], fclass), lon, lat)


def find_seats(points: pd.DataFrame, divisions: dict[str, dict[str, str]]) -> Iterator[Found]:
    """Yield every point that a township's name begins."""
    townships: dict[str, list[dict[str, str]]] = defaultdict(list)
    for code, row in divisions.items():
        if row["level"] == "township":
            city = code[:4] + "00"
            townships[city if city in NO_COUNTIES else code[:6]].append(row)
    by_district = {f"{code:06d}": rows for code, rows in points.groupby("adcode")}
    for district, rows in townships.items():
        names = {divisions[c]["name"] for c in (district, *ancestors(district)) if c in divisions}
        around = sorted({compared(n) for name in names for n in (name, short_name(name)) if len(n) > 1})
        if district in by_district:
            yield from find_in(by_district[district], rows, around)


def error_of(code: str, name: str, how: str) -> int:
    """Return how far from the seat a position of this kind may be, in metres."""
    if how == "name" and code[:2] in SPARSE:
        return ERRORS_M[how, "sparse"]
    return ERRORS_M[how, "street" if name.endswith("街道") else "town"]


def main(folder: Path) -> None:
    """Read the points of the packages in ``folder`` and write the seats."""
    check_packages(folder)
    with (HERE / "divisions.csv").open(encoding="utf-8", newline="") as file:
        divisions = {row["code"]: row for row in csv.DictReader(file)}
    points = add_districts(read_points(folder), folder)
    points = points[points["name"].str.contains("[\u4e00-\u9fff]{2}")]
    points = points.assign(name=points["name"].map(compared))
    found: dict[str, dict[str, list[Found]]] = defaultdict(lambda: defaultdict(list))
    for point in find_seats(points, divisions):
        found[point.code][point.how].append(point)
    counts: dict[str, int] = defaultdict(int)
    with (HERE / "township_seats_osm.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "lon", "lat", "error_m", "how"])
        for code in sorted(found):
            how = next(h for h in HOW if h in found[code])
            lon, lat = (float(np.median([p[i] for p in found[code][how]])) for i in (2, 3))
            writer.writerow([code, f"{lon:.5f}", f"{lat:.5f}", error_of(code, divisions[code]["name"], how), how])
            counts[how] += 1
    print(dict(counts), "placed anew", sum(not divisions[code]["lon"] for code in found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
