"""What the columns of other people's tables are called, in Chinese and English, and what they are here."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from locator.csv_text import unescape_formula
from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.layer import COLUMNS

LONLAT, LATLON = "lonlat", "latlon"
"""Columns that hold a whole position, ``117.02,36.67``, longitude or latitude first."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "id": ("编号", "编码", "代码", "标识", "pointid", "fid", "@id", "uid", "code"),
    "name": ("名称", "机构名称", "单位名称", "网点名称", "单位", "机构", "网点", "全称", "办事点", "服务点", "经办机构",
             "title", "officename", "office", "name:zh", "namezh", "label"),
    "name_en": ("英文名", "英文名称", "name:en", "englishname", "nameenglish"),
    "kind": ("类型", "类别", "种类", "机构类型", "网点类型", "type", "category"),
    "kind_source": ("原类型", "来源类型"),
    "province": ("省", "省份", "省市", "所在省", "addr:province", "state"),
    "city": ("市", "城市", "地市", "所在市", "所属城市", "addr:city", "cityname"),
    "district": ("区", "县", "区县", "县区", "县市区", "市区县", "区域", "所在区", "行政区", "所属区县",
                 "addr:district", "county", "adname"),
    "township": ("街道", "乡镇", "镇街", "街镇", "街道乡镇", "乡镇街道", "addr:subdistrict", "town", "subdistrict"),
    "adcode": ("区划代码", "行政区划代码", "行政区划", "区划码", "divisioncode"),
    "address": ("地址", "详细地址", "办公地址", "单位地址", "机构地址", "网点地址", "地点", "所在地址", "通讯地址",
                "addr", "addr:full", "location", "streetaddress", "fulladdress"),
    "phones": ("电话", "联系电话", "办公电话", "咨询电话", "服务电话", "电话号码", "联系方式", "固定电话", "热线",
               "phone", "tel", "telephone", "contact:phone", "phonenumber"),
    "hours": ("办公时间", "营业时间", "工作时间", "服务时间", "开放时间", "受理时间", "办理时间", "对外服务时间",
              "上班时间", "openinghours", "opening_hours", "businesshours", "officehours"),
    "hours_text": ("办公时间原文", "hourstext"),
    "services": ("业务", "服务内容", "办理业务", "业务范围", "服务事项", "受理事项", "经办业务", "可办业务", "service"),
    "tasks": ("可办任务",),
    "lon": ("经度", "lng", "long", "longitude", "x", "x坐标", "pointx", "lond"),
    "lat": ("纬度", "latitude", "y", "y坐标", "pointy"),
    LONLAT: ("经纬度", "坐标", "位置坐标", "lnglat", "coordinates", "coordinate", "coords"),
    LATLON: ("纬经度", "latlng", "latlong"),
    "datum": ("坐标系", "坐标系统", "基准", "crs"),
    "error_m": ("位置误差", "误差"),
    "wheelchair": ("无障碍", "轮椅", "无障碍设施"),
    "website": ("网址", "网站", "官网", "url", "homepage", "contact:website"),
    "notes": ("备注", "说明", "注", "note", "remark", "remarks", "comment", "description"),
    "source": ("来源", "数据来源", "出处", "资料来源"),
    "source_url": ("来源网址", "来源链接", "出处链接", "链接"),
    "source_date": ("来源日期", "更新时间", "更新日期", "发布日期", "日期", "资料日期", "date", "updated", "updatedat"),
    "verified": ("核对日期", "核实日期", "checked", "checkdate", "check_date"),
    "confidence": ("可信度", "置信度"),
    "licence": ("许可", "许可证", "授权", "license"),
}  # fmt: skip
"""Other words for the layer's columns; the columns' own names go without saying."""

_DATUM_WORDS = (
    (Datum.GCJ02, re.compile(r"gcj|高德|腾讯|火星|国测局|amap", re.IGNORECASE)),
    (Datum.BD09, re.compile(r"bd-?09|百度|baidu", re.IGNORECASE)),
    (Datum.WGS84, re.compile(r"wgs|gps|cgcs|天地图", re.IGNORECASE)),
)
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")
_PAIR = re.compile(r"\d{1,3}\.\d{3,}\s*[,，]\s*\d{1,2}\.\d{3,}")
"""A map service's ``location`` is a pair of degrees, other people's an address."""
_LOOSE = re.compile(r"[\s_\-./·*]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Which column of a table is which of ours."""

    fields: tuple[str | None, ...]
    """For each column of the table the layer's column, or None for one that is left aside."""
    ignored: tuple[str, ...] = ()
    """The names of the columns that nobody knew."""
    datum: Datum | None = None
    """What the names of the position columns say: ``经度(GCJ-02)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """A mapping file: the operator's own words for columns, and values for every row."""

    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).strip().strip("\ufeff").casefold()
    return _LOOSE.sub("", _BRACKETS.sub("", text)) or text


_KNOWN: Mapping[str, str] = {
    _plain(word): column
    for column, words in {**{name: (name,) for name in (*COLUMNS, "datum")}, **WORDS}.items()
    for word in (column, *words)
}
_FIELDS = frozenset((*COLUMNS, "datum", LONLAT, LATLON))


def load_mapping(path: Path | None) -> ColumnMapping:
    """Read a mapping file (YAML or JSON): ``columns`` from their names to ours, ``defaults`` for every row.

    Raises
    ------
    InvalidInput
        The file is missing, is no mapping, or names a column that the layer does not have.
    """
    if path is None:
        return ColumnMapping()
    try:
        text = path.read_text("utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        made = ColumnMapping(
            columns={str(k): str(v) for k, v in (content.get("columns") or {}).items()},
            defaults={str(k): str(v) for k, v in (content.get("defaults") or {}).items()},
        )
    except (OSError, ValueError, yaml.YAMLError, AttributeError) as error:
        raise InvalidInput(f"{path}: {error}", code="mapping_file", path=str(path), fault=str(error)) from error
    for name in (*made.columns.values(), *made.defaults):
        if name not in _FIELDS and name != "ignore":
            fault = f"{name!r} is no column; expected one of {', '.join(sorted(_FIELDS))}"
            raise InvalidInput(f"{path}: {fault}", code="mapping_file", path=str(path), fault=fault)
    return made


def read_header(
    cells: Sequence[str], mapping: Mapping[str, str], *, where: str, doubles: bool = False
) -> Header | None:
    """Return which column is which, or None when these cells are no header (no name, no mapping).

    Parameters
    ----------
    cells
        The texts of one row.
    mapping
        The operator's own words, from the table's column to ours (``ignore`` leaves one aside).
    where
        The file's name, for the error.
    doubles
        Whether two columns may stand for one of ours, as OpenStreetMap's ``phone`` and ``contact:phone`` do: the
        first that is not blank counts.

    Raises
    ------
    SourceError
        Two columns have the same name, or stand for the same column of ours.
    """
    fields: list[str | None] = []
    ignored: list[str] = []
    datum: Datum | None = None
    for cell in cells:
        name = mapping.get(cell.strip()) or _KNOWN.get(_plain(cell))
        fields.append(None if name == "ignore" else name)
        if name is None and cell.strip():
            ignored.append(cell.strip())
        if name in ("lon", "lat", LONLAT, LATLON):
            datum = datum or next((found for found, word in _DATUM_WORDS if word.search(cell)), None)
    if "name" not in fields:
        return None
    if not doubles:
        _refuse_doubles(cells, fields, where)
    return Header(fields=tuple(fields), ignored=tuple(ignored), datum=datum)


def join_headers(
    upper: Sequence[str], lower: Sequence[str], mapping: Mapping[str, str], *, where: str
) -> Header | None:
    """Return the header of two rows (联系方式 over 电话 and 手机), or None when the lower one is no header.

    Parameters
    ----------
    upper
        A row that is a header by itself, or lacks only what stands below it.
    lower
        The row under it: of a header when nothing but a word for the name is under the name, and at least two of
        its cells, and half of them, are words that are known.
    """
    known = [mapping.get(cell.strip()) or _KNOWN.get(_plain(cell)) for cell in lower]
    filled = [name for name, cell in zip(known, lower, strict=True) if cell.strip()]
    words = sum(name is not None for name in filled)
    if words < 2 or 2 * words < len(filled):
        return None
    for cell, name, below in itertools.zip_longest(upper, known, lower, fillvalue=""):
        if (mapping.get(cell.strip()) or _KNOWN.get(_plain(cell))) == "name" and below.strip() and name != "name":
            return None
    both = [below if below.strip() else above for above, below in itertools.zip_longest(upper, lower, fillvalue="")]
    return read_header(both, mapping, where=where)


def _refuse_doubles(cells: Sequence[str], fields: Sequence[str | None], where: str) -> None:
    seen: dict[str, str] = {}
    for cell, name in zip(cells, fields, strict=True):
        key = name or _plain(cell)
        if not key:
            continue
        if key in seen:
            raise SourceError(
                f"{where}: the columns {seen[key]!r} and {cell!r} are the same; keep one, or map the other to 'ignore'",
                code="header_twice",
                file=where,
                first=seen[key][:60],
                second=cell[:60],
            )
        seen[key] = cell


def split_pair(text: str, *, lat_first: bool) -> tuple[str, str]:
    """Return the texts of longitude and latitude of a cell such as ``117.02,36.67``."""
    parts = [part for part in re.split(r"[,，;；\s]+", text.strip().strip("()（）[]")) if part]
    if len(parts) != 2:
        return text, ""
    return (parts[1], parts[0]) if lat_first else (parts[0], parts[1])


def to_fields(header: Header, cells: Sequence[str]) -> dict[str, str]:
    """Return a row's texts by our columns' names."""
    found: dict[str, str] = {}
    for name, shielded in zip(header.fields, cells, strict=False):
        cell = unescape_formula(shielded)
        if name in (LONLAT, LATLON):
            if cell.strip():
                found["lon"], found["lat"] = split_pair(cell, lat_first=name == LATLON)
        elif name == "address" and _PAIR.fullmatch(cell.strip()):
            found["lon"], found["lat"] = split_pair(cell, lat_first=False)
        elif name is not None and not found.get(name, "").strip():
            found[name] = cell
    return found
