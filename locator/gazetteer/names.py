"""How people shorten the names of divisions: 深圳, 内蒙, 鄂温克, 延边, 西丽 for 西丽街道."""

from __future__ import annotations

import re

PEOPLES = (
    "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮", "布依", "朝鲜", "满", "侗",
    "瑶", "白", "土家", "哈尼", "哈萨克", "傣", "黎", "傈僳", "佤", "畲", "高山",
    "拉祜", "水", "东乡", "纳西", "景颇", "柯尔克孜", "土", "达斡尔", "仫佬", "羌", "布朗",
    "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米", "塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克",
    "德昂", "保安", "裕固", "京", "塔塔尔", "独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺",
)  # fmt: skip
"""The recognised peoples whose names autonomous divisions carry; the Han are the 56th."""
_PEOPLE = "|".join(sorted((f"{p}族" for p in (*PEOPLES, "各")), key=len, reverse=True))
_BARE_PEOPLE = "|".join(("蒙古", "哈萨克", "柯尔克孜", "塔吉克", "锡伯", "达斡尔", "东乡", "维吾尔"))
_AUTONOMOUS = re.compile(f"(?P<base>.+?)(?:(?:{_PEOPLE})+|(?:{_BARE_PEOPLE}))?自治(?P<kind>区|州|县|旗)$")
_PEOPLES_TOWN = re.compile(f"(?P<base>.+?)(?:{_PEOPLE})+(?P<kind>乡|镇)$")
_SUFFIX = re.compile("(?:特别行政区|新区|街道办事处|街道|地区|林区|矿区|省|市|盟|区|县|旗|镇|乡|苏木)$")
_ZONE = re.compile(
    "(?:综合实验区|经济技术开发区|高新技术产业开发区|高技术产业开发区|高新技术开发区|经济开发区|城乡一体化示范区|"
    "行政委员会|管理区管委会|管理区|风景名胜区|示范区|开发区)$"
)
TOWNSHIP_SUFFIXES = ("街道办事处", "街道办", "街道", "地区", "镇", "乡", "苏木")


def short_name(name: str) -> str:
    """Return a division's name without what kind it is: 延边朝鲜族自治州 -> 延边, 盘县 -> 盘县.

    A name whose rest would be one character keeps its last one (盘县, 矿区, 东区).
    """
    match = _AUTONOMOUS.match(name) or _PEOPLES_TOWN.match(name)
    base = match["base"].removesuffix("族") if match else _SUFFIX.sub("", name)
    if match and len(base) < 2:
        base = name.partition("自治")[0]
    return base if len(base) > 1 else name


def short_names(name: str, level: str) -> tuple[str, ...]:
    """Return every shorter way to write a division's name, longest first; without the name itself.

    Parameters
    ----------
    name
        The full name, 鄂温克族自治旗.
    level
        ``province``, ``city``, ``district``, ``zone`` or ``township``.
    """
    found: list[str] = []
    match = _AUTONOMOUS.match(name) or _PEOPLES_TOWN.match(name)
    if level == "zone":
        base = _ZONE.sub("", name)
        found += [base + "高新区"] if "高新" in name or "高技术" in name else []
        found += [base + "经开区", base + "开发区"] if "经济" in name and name.endswith("开发区") else []
        return tuple(n for n in found if n != name and base and len(base) > 1)
    base = short_name(name)
    if match:
        found += [base + match["kind"]] if match["kind"] in {"州", "县", "旗", "乡", "镇"} else []
    if level == "township" and name.endswith("街道"):
        found.append(name + "办事处")
    found.append(base)
    return tuple(n for n in dict.fromkeys(found) if n != name and len(n) > 1)
