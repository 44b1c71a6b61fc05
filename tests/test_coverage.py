"""docs/COVERAGE.md says what the data is today."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "COVERAGE.md").read_text("utf-8")


def test_the_table_is_current():
    written = runpy.run_path(str(ROOT / "data" / "coverage.py"))["write_coverage"]()
    assert written == DOCUMENT, "run: python data/coverage.py"


def test_every_prefecture_has_its_row_and_the_sums_are_the_rows():
    prefectures, counties = DOCUMENT.split("## Prefectures")[1].split("## Counties")
    rows = re.findall(
        r"^\| (\d{6}) \| .*? \| (\d+) \(\d+\) \| (\d+) / (\d+) \| (\d+) \| (own|province|–) \|$", prefectures, re.M
    )
    more = re.findall(r"^\| (\d{6}) \| .*? \| (\d+) \(\d+\) \| (\d+) / (\d+) \| (\d+) \|", counties, re.M)
    assert len(rows) == 337 and len(more) > 20
    offices, known, placed, townships, places = map(int, re.findall(
        r"(\d+) offices in (\d+) of 337 prefectures, (\d+) of (\d+) townships placed, (\d+) named", DOCUMENT
    )[0])  # fmt: skip
    assert offices == sum(int(row[1]) for row in [*rows, *more]) and known == sum(row[1] != "0" for row in rows) >= 165
    assert placed == sum(int(row[2]) for row in [*rows, *more]) >= 15_000
    assert townships == sum(int(row[3]) for row in [*rows, *more])
    assert places == sum(int(row[4]) for row in [*rows, *more])
