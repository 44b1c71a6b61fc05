"""How far the shipped positions of townships are from their seats, kind by kind, and whether they say so.

    python benchmarks/bench_seats.py [township_seats.csv.gz]

The seats to compare with (code, lon, lat, WGS-84) are test data that is not committed; they are no source of anything.
Ends with 1 when less than 85 of 100 of a kind with 30 or more lie within the error that is told.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from locator.datum import distance_m
from locator.gazetteer.schema import load_divisions

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "data" / "gazetteer"
SEATS = ROOT.parent / "shared" / "data" / "eval" / "township_seats.csv.gz"
TOLD = 0.85


def read_rows(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def report(kind: str, gaps: list[float], told: list[float]) -> bool:
    gap, errors = np.array(gaps), np.array(told)
    within = float((gap <= errors).mean())
    p50, p85, p95 = np.quantile(gap, [0.5, 0.85, 0.95])
    print(f"{kind:24} {len(gap):6} {p50:7.0f} {p85:7.0f} {p95:7.0f} {np.median(errors):8.0f} {within:8.1%}")
    return within >= TOLD or len(gap) < 30


def main(seats: Path) -> bool:
    true = {row["code"]: (float(row["lon"]), float(row["lat"])) for row in read_rows(seats)}
    how = {row["code"]: row["how"] for row in read_rows(SHIPPED / "township_seats_osm.csv")}
    divisions = [d for d in load_divisions(SHIPPED).values() if d.level == "township"]
    placed = [d for d in divisions if d.lon is not None and d.lat is not None]
    print(f"{len(placed)} of {len(divisions)} townships are placed, {len(how)} of them by OpenStreetMap's names")
    by_kind: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in read_rows(SHIPPED / "township_seats_osm.csv"):
        if row["code"] in true:
            gap = float(distance_m(float(row["lon"]), float(row["lat"]), *true[row["code"]]))
            by_kind[f"{row['how']} ±{row['error_m']}"].append((gap, float(row["error_m"])))
    for row in read_rows(SHIPPED / "divisions.csv"):
        if row["level"] == "township" and row["lon"] and row["code"] in true:
            gap = float(distance_m(float(row["lon"]), float(row["lat"]), *true[row["code"]]))
            by_kind["GeoNames"].append((gap, float(row["error_m"])))
    for d in placed:
        if d.code in true and d.error_m is not None:
            gap = float(distance_m(d.lon, d.lat, *true[d.code]))
            by_kind["as told, with the extent"].append((gap, d.error_m))
    print(f"{'kind':24} {'known':>6} {'p50 m':>7} {'p85 m':>7} {'p95 m':>7} {'told m':>8} {'within':>8}")
    held = [report(kind, *map(list, zip(*pairs, strict=True))) for kind, pairs in sorted(by_kind.items())]
    return all(held)


if __name__ == "__main__":
    raise SystemExit(not main(Path(sys.argv[1]) if len(sys.argv) > 1 else SEATS))
