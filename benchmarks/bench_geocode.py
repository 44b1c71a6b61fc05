"""How often real addresses are understood down to the district, offline.

    python benchmarks/bench_geocode.py ../shared/data/eval/geocode_dev.csv [--data FOLDER] [--verbose]

The input is the city and the address as written, never the district column. Addresses that name their
district are counted apart from those that do not, and both apart from the rows that are shipped offices.
``--data`` is a ``LOCATOR_DATA`` folder, filled where it is not; without it one is built. Beside a real Nominatim:
``bench_nominatim.py``.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from locator.datum import Datum, distance_m, to_wgs84
from locator.gazetteer.query import Gazetteer
from locator.geocode import locate_embedded as locate
from locator.geocode.index_files import ensure_places, open_data_gazetteer
from locator.ingest.shipped import ensure_data
from locator.settings import Settings

SHIPPED_SOURCE = "nelsonnick/AddressBook"


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of an evaluation file."""
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def group_of(row: dict[str, str]) -> str:
    """Return which of the three counts a row belongs to."""
    if SHIPPED_SOURCE in row["source"]:
        return "shipped office"
    return "district named" if row["district"] and row["district"] in row["address"] else "district not named"


def judge(gazetteer: Gazetteer, row: dict[str, str]) -> tuple[str, str | None, float | None, float | None]:
    """Return the verdict on a row, the precision, the true error and the error told, in metres."""
    text = row["address"] if row["address"].startswith(row["province"]) else row["city"] + row["address"]
    located = locate(text, gazetteer)
    place = located.place
    if place is None or place.adcode is None:
        return ("candidates" if located.candidates else "not understood"), None, None, None
    division = gazetteer.division(place.adcode)
    verdict = "city only"
    if division is not None and division.level == "district":
        verdict = "no district to compare"
        if row["district"]:
            wanted = {d.code for d in gazetteer.regions(row["city"] + row["district"])}
            verdict = "right" if place.adcode in wanted else "WRONG"
    if place.lon is None or place.lat is None:
        return verdict, place.precision, None, None
    lon, lat = to_wgs84(float(row["lon"]), float(row["lat"]), Datum(row["datum"]))
    return verdict, place.precision, float(distance_m(place.lon, place.lat, lon, lat)), place.error_m


def judge_township(gazetteer: Gazetteer, row: dict[str, str]) -> str | None:
    """Return the verdict on the township of an address that writes one of its district's out in full; else None."""
    codes = [d.code for d in gazetteer.regions(row["city"] + row["district"])] if row["district"] else []
    named = [t for code in codes for t in gazetteer.townships(code) if len(t.name) > 2 and t.name in row["address"]]
    if not named:
        return None
    text = row["address"] if row["address"].startswith(row["province"]) else row["city"] + row["address"]
    place = locate(text, gazetteer).place
    if place is None or place.township is None:
        return "no township told"
    return "right" if place.township in {t.code for t in named} else "WRONG"


def measure(gazetteer: Gazetteer, rows: list[dict[str, str]], *, verbose: bool) -> None:
    """Print the counts."""
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    gaps: dict[str, list[tuple[float, float]]] = defaultdict(list)
    spent: list[float] = []
    for row in rows:
        start = time.thread_time()
        verdict, precision, gap, told = judge(gazetteer, row)
        spent.append((time.thread_time() - start) * 1000)
        verdicts[group_of(row)][verdict] += 1
        township = judge_township(gazetteer, row)
        if township:
            verdicts["township written out"][township] += 1
            if verbose and township != "right":
                print(f"  {township}: {row['city']} {row['address']}")
        if precision and gap is not None and told is not None:
            gaps[precision].append((gap, told))
        if verbose and gap is not None and told is not None and gap > max(1000.0, 2 * told):
            print(f"  {gap:.0f} m off, {told:.0f} told: {row['city']} {row['address']}")
        if verbose and verdict in {"WRONG", "candidates", "not understood"}:
            print(f"  {verdict}: {row['city']} {row['address']} (is in {row['district']})")
    for group, counts in sorted(verdicts.items()):
        print(f"{group}: {sum(counts.values())} rows, " + ", ".join(f"{n} {v}" for v, n in counts.most_common()))
    near = [gap for pairs in gaps.values() for gap, _ in pairs]
    false = sum(gap > 3000 and told < 1000 for pairs in gaps.values() for gap, told in pairs)
    for metres in (300, 1000, 3000):
        count = sum(gap <= metres for gap in near)
        print(f"within {metres} m: {count} rows, {100 * count / len(rows):.0f} % of all")
    print(f"over 3 km off with an error told under 1 km: {false} rows, {100 * false / len(rows):.1f} % of all")
    for precision, pairs in sorted(gaps.items()):
        inside = sum(gap <= told for gap, told in pairs) / len(pairs)
        print(
            f"placed as {precision}: {len(pairs)}, median error {statistics.median(g for g, _ in pairs):.0f} m, "
            f"{100 * inside:.0f} % within the error told"
        )
    print(f"an address takes {statistics.median(spent):.2f} ms of the processor (median)")


def main() -> None:
    """Read, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=options.data or Path(folder))
        ensure_data(settings)
        ensure_places(settings.data)
        gazetteer = open_data_gazetteer(settings)
        gazetteer.warm()
        measure(gazetteer, read_rows(options.file), verbose=options.verbose)


if __name__ == "__main__":
    main()
