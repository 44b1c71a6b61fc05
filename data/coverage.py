"""Write ``docs/COVERAGE.md``: what the shipped data knows of each prefecture, and where help is welcome.

    python data/coverage.py

Counts the files of ``data/`` as they are; nothing is built for it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from locator.adcode import is_one_city, is_province_administered, prefecture_of, province_of

DATA = Path(__file__).parent
OUT = DATA.parent / "docs" / "COVERAGE.md"
HEAD = """# Coverage: what is known of each prefecture

Made by `python data/coverage.py` from the files of `data/`; `tests/test_coverage.py` says when it is out of date.
A correction or an office with a source is welcome anywhere (CONTRIBUTING.md), most of all where a row says 0.

- **offices**: rows of `data/offices/`, in brackets those with an exact position
- **townships**: placed, of all that there are
- **places**: named places of `data/gazetteer/osm_places.parquet`
- **guide**: the file of `data/guide/regions/` that says what is special there: its own, its province's, or none (the
  nation's rules are told everywhere)
"""


class Counts(NamedTuple):
    """What is counted of a prefecture, each by its adcode."""

    offices: Counter[str]
    exact: Counter[str]
    townships: Counter[str]
    placed: Counter[str]
    places: Counter[str]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def area_of(code: str) -> str:
    """Return the row of the table a code counts for: its prefecture, or a county that its province administers."""
    return prefecture_of(code[:6])


def count(divisions: list[dict[str, str]]) -> Counts:
    """Return the counts of all files."""
    offices = [row for path in sorted((DATA / "offices").glob("*.csv")) for row in read_rows(path) if row["adcode"]]
    townships = [row["code"] for row in divisions if row["level"] == "township"]
    seats = {row["code"] for row in read_rows(DATA / "gazetteer" / "township_seats_osm.csv")}
    placed = seats | {row["code"] for row in divisions if row["level"] == "township" and row["lon"]}
    adcodes, numbers = np.unique(
        pq.read_table(DATA / "gazetteer" / "osm_places.parquet", columns=["adcode"])["adcode"].to_numpy(),
        return_counts=True,
    )
    places: Counter[str] = Counter()
    for adcode, number in zip(adcodes.tolist(), numbers.tolist(), strict=True):
        places[area_of(str(adcode))] += number
    return Counts(
        Counter(area_of(row["adcode"]) for row in offices),
        Counter(area_of(row["adcode"]) for row in offices if row["lon"] and row["position"] == "poi"),
        Counter(map(area_of, townships)), Counter(area_of(code) for code in placed), places,
    )  # fmt: skip


def guide_of(code: str, files: Iterable[str]) -> str:
    """Return which file of the guide says what is special in a prefecture."""
    own = [name for name in files if code in name]
    province = [name for name in files if province_of(code) in name]
    return "own" if own else "province" if province else "–"


def write_lines(divisions: list[dict[str, str]]) -> Iterator[str]:
    """Yield the lines of the document."""
    counts = count(divisions)
    files = [path.stem for path in (DATA / "guide" / "regions").glob("*.yaml")]
    names = {row["code"]: row["name"] for row in divisions}
    cities = [row["code"] for row in divisions if row["level"] == "city"]
    cities += [c for c in names if c.endswith("0000") and len(c) == 6 and is_one_city(c) and c[:2] not in {"81", "82"}]
    counties = [
        row["code"] for row in divisions if row["level"] == "district" and is_province_administered(row["code"])
    ]
    known = [code for code in cities if counts.offices[code]]
    yield HEAD
    yield (
        f"In short: {sum(counts.offices.values())} offices in {len(known)} of {len(cities)} prefectures, "
        f"{sum(counts.placed.values())} of {sum(counts.townships.values())} townships placed, "
        f"{sum(counts.places.values())} named places.\n"
    )
    for title, codes in (("Prefectures", cities), ("Counties that a province administers itself", counties)):
        yield f"## {title}\n"
        yield "| adcode | province | name | offices | townships | places | guide |\n|---|---|---|---|---|---|---|"
        for code in sorted(codes):
            province = re.sub("省|市|(壮族|回族|维吾尔)?自治区", "", names[province_of(code)])
            guide = guide_of(code, files)
            yield (
                f"| {code} | {province} | {names[code]} | {counts.offices[code]} ({counts.exact[code]}) "
                f"| {counts.placed[code]} / {counts.townships[code]} | {counts.places[code]} | {guide} |"
            )
        yield ""


def write_coverage() -> str:
    """Return the document."""
    return "\n".join(write_lines(read_rows(DATA / "gazetteer" / "divisions.csv")))


if __name__ == "__main__":
    OUT.write_text(write_coverage(), "utf-8")
