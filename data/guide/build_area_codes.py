"""Make ``area_codes.csv``: the telephone area code of each city, from two open tables.

    pip install phonenumbers==9.0.43 py-cn-phone-area-code==1.0.5
    python data/guide/build_area_codes.py

libphonenumber (Apache-2.0) names what each prefix of a Chinese number belongs to; a prefix of several cities names
them all. Where it leaves a city out, or gives one two codes, py-cn-phone-area-code (MIT) decides. The names are
found in our own table of divisions; what matches no city, and a city of no code, is printed and left out.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

import py_cn_phone_area_code
from phonenumbers.geodata import GEOCODE_DATA

from locator.adcode import holds_cities, is_inside, is_province, prefecture_of

HERE = Path(__file__).parent
FIXED = re.compile("86(10|2[0-9]|[3-9][0-9]{2})")
"""What a number of the fixed network starts with; 1 and another digit than 0 starts a mobile number."""
RENAMED = {"株州市": "株洲市", "襄樊市": "襄阳市", "芒市": "德宏傣族景颇族自治州", "香格里拉市": "迪庆藏族自治州"}
"""Misspellings, old names, and the seats that stand for their prefecture."""
TABLE = re.compile(r"'(0\d{2,3})' : ('[^']+'|\[[^\]]+\])")


def main() -> None:
    """Write the table."""
    rows = csv.DictReader((HERE.parent / "gazetteer" / "divisions.csv").read_text("utf-8").splitlines())
    divisions = {row["code"]: row["name"] for row in rows if row["level"] in ("province", "city", "district")}
    cities = {code: name for code, name in divisions.items() if prefecture_of(code) == code and not holds_cities(code)}
    first, second = read_libphonenumber(divisions, cities), read_second(divisions, cities)
    table = {code: next(iter(codes)) for code, codes in first.items() if len(codes) == 1}
    table |= {code: second[code] for code in cities if code in second and code not in table}
    differ = [f"{c} {cities[c]} {table[c]}/{second[c]}" for c in table if c in second and second[c] != table[c]]
    with (HERE / "area_codes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["adcode", "code", "source"])
        for code, number in sorted(table.items()):
            own = len(first.get(code, ())) == 1
            writer.writerow([code, number, "libphonenumber" if own else "py-cn-phone-area-code"])
    print(f"{len(table)} cities; the two differ: {differ}")
    print("without a code:", ", ".join(f"{code} {name}" for code, name in cities.items() if code not in table))


def read_libphonenumber(divisions: dict[str, str], cities: dict[str, str]) -> dict[str, set[str]]:
    """Return the codes that libphonenumber gives each city."""
    provinces = {name: code for code, name in divisions.items() if is_province(code)}
    found: dict[str, set[str]] = defaultdict(set)
    for prefix, names in sorted(GEOCODE_DATA.items()):
        if not FIXED.fullmatch(prefix):
            continue
        said = names["zh"]
        province = next((p for p in provinces if said.startswith((p, short(p)))), "")
        rest = said.removeprefix(province) if said.startswith(province) else said.removeprefix(short(province))
        for name in re.split("[、/]", rest) if rest else [said]:
            code = match(RENAMED.get(name, name), cities, provinces[province][:2] if province else "")
            if code is None:
                print(f"no city: 0{prefix[2:]} {said} ({name})")
            else:
                found[code].add("0" + prefix[2:])
    return found


def read_second(divisions: dict[str, str], cities: dict[str, str]) -> dict[str, str]:
    """Return the code that py-cn-phone-area-code gives each city, or its whole province (Hainan)."""
    provinces = {short(name): code for code, name in divisions.items() if is_province(code)}
    found: dict[str, str] = {}
    for number, names in TABLE.findall(Path(py_cn_phone_area_code.__file__).read_text("utf-8")):
        for name in re.findall("'([^']+)'", names):
            province = provinces.get(name)
            inside = [code for code in cities if is_inside(code, province)] if province else [match(name, cities, "")]
            found |= {code: number for code in inside if code is not None}
    return found


def short(name: str) -> str:
    """Return a province's name as it stands before a city: 西藏自治区 -> 西藏."""
    return re.sub("(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$", "", name)


def match(name: str, cities: dict[str, str], province: str) -> str | None:
    """Return the code of the one city of that name in a province, or None."""
    stem = re.sub("(?:市|地区|盟|(?:[^市]{0,12}族)*自治州|林区)$", "", name) or name
    for test in (lambda full: full == name, lambda full: full.startswith(stem) and len(stem) > 1):
        codes = [code for code, full in cities.items() if code.startswith(province) and test(full)]
        if len(codes) == 1:
            return codes[0]
    return None


if __name__ == "__main__":
    main()
