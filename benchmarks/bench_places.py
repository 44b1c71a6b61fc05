"""What becomes of a table of places: right, asked about, vague, not understood or wrong, for each kind of text.

    python benchmarks/bench_places.py ../shared/cases/places.csv [--data FOLDER] [--verbose]

The table has kind, input, adcode, lon, lat (WGS-84, good to about 0.5 km). **right**: the place lies within 2 km of
the position, or has that very adcode where the kind is no landmark or crossing. **asks**: several candidates, the
true one among them, and no place. **vague**: a division that holds the truth, or a position whose distance is within
1.5 times the error told. **none**: not understood. **wrong**: the rest. The adcode 000000 means that no place must
be given. ``--data`` is a ``LOCATOR_DATA`` folder, filled where it is not; without it one is built.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from locator.adcode import is_inside
from locator.datum import distance_m
from locator.gazetteer.query import Gazetteer
from locator.geocode import locate_embedded as locate
from locator.geocode.index_files import ensure_places, open_data_gazetteer
from locator.ingest.shipped import ensure_data
from locator.model import Place
from locator.settings import Settings

VERDICTS = ("right", "asks", "vague", "none", "wrong")
NEAR_M = 2000.0
DIVISION_WILL_NOT_DO = frozenset({"landmark", "cross"})
"""Kinds of which only the position counts."""


def is_right(place: Place, row: dict[str, str]) -> bool:
    """Tell whether a place is what a row asks for."""
    if row["kind"] not in DIVISION_WILL_NOT_DO and place.adcode == row["adcode"]:
        return True
    gap = gap_m(place, row)
    return gap is not None and gap <= NEAR_M


def is_vague(place: Place, row: dict[str, str]) -> bool:
    """Tell whether a place holds the truth without being it."""
    if place.precision in {"province", "city", "district", "township"} and place.adcode:
        return is_inside(row["adcode"], place.adcode)
    gap = gap_m(place, row)
    return gap is not None and gap <= 1.5 * (place.error_m or 0.0)


def gap_m(place: Place, row: dict[str, str]) -> float | None:
    """Return the metres between a place and where a row says it is."""
    if place.lon is None or place.lat is None:
        return None
    return float(distance_m(place.lon, place.lat, float(row["lon"]), float(row["lat"])))


def judge(gazetteer: Gazetteer, row: dict[str, str]) -> tuple[str, str]:
    """Return the verdict on a row, and what was found in words."""
    found = locate(row["input"], gazetteer)
    shown = found.place.label if found.place else " | ".join(c.label for c in found.candidates[:4])
    notes = ",".join(notice.code for notice in found.notices)
    if row["adcode"] == "000000":
        return ("wrong" if found.place else "right"), shown
    if found.place is None:
        among = any(is_right(c, row) or is_vague(c, row) for c in found.candidates)
        return ("asks" if among else "wrong" if found.candidates else "none"), f"? {shown}"
    verdict = "right" if is_right(found.place, row) else "vague" if is_vague(found.place, row) else "wrong"
    return verdict, f"{shown} ({found.place.precision}, {found.place.error_m or 0:.0f} m; {notes})"


def main() -> None:
    """Read, ask, print a line for each kind and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--verbose", action="store_true", help="print what became of each row that is not right")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=options.data or Path(folder))
        ensure_data(settings)
        ensure_places(settings.data)
        gazetteer = open_data_gazetteer(settings)
        gazetteer.warm()
        for row in csv.DictReader(options.file.read_text("utf-8-sig").splitlines()):
            verdict, shown = judge(gazetteer, row)
            counts[row["kind"]][verdict] += 1
            counts["all"][verdict] += 1
            if options.verbose and verdict != "right":
                print(f"  {verdict:6} {row['kind']}: {row['input']} -> {shown}")
    for kind, found in counts.items():
        size = sum(found.values())
        parts = ", ".join(f"{found[verdict]} {verdict}" for verdict in VERDICTS if found[verdict])
        print(f"{kind:10} {size:3}: {100 * found['right'] / size:3.0f} % right; {parts}")


if __name__ == "__main__":
    main()
