"""What imports cost: user CPU and memory of each step in a process of its own, beside GDAL, in one run.

    PYTHON benchmarks/bench_import.py [--rows 100000]

Writes a CSV of ROWS offices (names, kinds, addresses, telephone numbers, hours in Chinese, positions in GCJ-02, one
row in 200 with a fault), imports it as ``locator import table`` does into a data folder filled from the shipped data,
imports it again unchanged, then one row as a source of its own, one changed row of that source, one row added to the
large source, and one corrected telephone number. The peer turns the same points from GeoJSON into a GeoPackage:
``ogr2ogr`` where that is installed, else GDAL's own reader and writer through pyogrio.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HOURS = (
    "周一至周五 9:00-12:00,13:30-17:00(法定节假日除外)",
    "工作日上午9:00-12:00,下午13:00-17:00",
    "",
    "Mo-Fr 09:00-17:00; PH off",
)
HEAD = ("名称", "类型", "地址", "电话", "办公时间", "经度(GCJ-02)", "纬度", "省份", "城市", "区县", "业务", "来源日期")
COUNTIES = ("历下区", "市中区", "槐荫区", "天桥区", "历城区", "长清区", "章丘区", "济阳区")
PEER = "import sys, pyogrio; pyogrio.write_dataframe(pyogrio.read_dataframe(sys.argv[1]), sys.argv[2], driver='GPKG')"


def positions(count: int) -> list[tuple[float, float]]:
    """Return positions around 济南."""
    import numpy as np

    spread = np.array([117.05, 36.66]) + np.random.default_rng(7).normal(0, 0.15, (count, 2))
    return [(lon, lat) for lon, lat in spread.tolist()]


def write_table(path: Path, count: int, *, first: int = 0, phone: int = 80000000) -> None:
    """Write ``count`` offices in the counties of 济南, from number ``first`` on."""
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEAD)
        for n, (lon, lat) in enumerate(positions(count), first):
            name = f"第{n}社区劳动保障工作站" if (n + 1) % 200 else "=坏名"
            where = ("山东省", "济南市", COUNTIES[n % 8])
            writer.writerow((name, "社区劳动保障站", f"经{n % 90}路{n % 999}号", f"0531-{phone + n}", HOURS[n % 4],
                             f"{lon:.6f}", f"{lat:.6f}", *where, "社保卡申领;参保登记", "2026-01-15"))  # fmt: skip


def write_geojson(table: Path, path: Path) -> None:
    """Write the rows of a table as GeoJSON, for the peer."""
    with table.open(encoding="utf-8-sig", newline="") as handle, path.open("w", encoding="utf-8") as out:
        out.write('{"type": "FeatureCollection", "features": [')  # a row at a time: a child's peak is at least ours
        for number, row in enumerate(csv.DictReader(handle)):
            point = [float(row.pop("经度(GCJ-02)")), float(row.pop("纬度"))]
            feature = {"type": "Feature", "properties": row, "geometry": {"type": "Point", "coordinates": point}}
            out.write(("," if number else "") + json.dumps(feature, ensure_ascii=False))
        out.write("]}")


class Cost(NamedTuple):
    """What a process used."""

    cpu_s: float
    memory_mb: float


def run(command: list[str], data: Path) -> Cost:
    """Run a command to its end, and return its CPU (user and system) and its peak of memory."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOCATOR_")}
    environment |= {"LOCATOR_DATA": str(data), "LOCATOR_PLACES": "off"}
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=silent, stderr=silent)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: exit {status >> 8}")
    memory = used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return Cost(used.ru_utime + used.ru_stime, memory)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, many, one, other = folder / "data", folder / "offices.csv", folder / "one.csv", folder / "other.csv"
        write_table(many, rows)
        write_table(one, 1, first=rows + 1)
        write_table(other, 1, first=rows + 1, phone=70000000)
        write_geojson(many, folder / "offices.geojson")
        ogr = shutil.which("ogr2ogr")
        peer = [ogr, "-f", "GPKG"] if ogr else [sys.executable, "-c", PEER]
        ends = [str(folder / "offices.geojson"), str(folder / "offices.gpkg")]
        locator = [sys.executable, "-m", "locator"]
        run([*locator, "import", "table", str(other), "--name", "one", "--dry-run"], data)  # the data folder is built
        steps = {
            f"{'ogr2ogr' if ogr else 'GDAL by pyogrio'}: GeoJSON to GPKG": [*peer, *(ends[::-1] if ogr else ends)],
            "import of all rows": [*locator, "import", "table", str(many), "--name", "many"],
            "the same again": [*locator, "import", "table", str(many), "--name", "many"],
            "one row, a new source": [*locator, "import", "table", str(one), "--name", "one"],
            "that row changed": [*locator, "import", "table", str(other), "--name", "one"],
            "one row added to the large source": [
                *locator, "import", "table", str(one), "--name", "many", "--append",
            ],
        }  # fmt: skip
        print(f"{rows:,} rows, a table of {many.stat().st_size / 1e6:.0f} MB")
        for step, command in steps.items():
            cost = run(command, data)
            print(f"{step:<40}{cost.cpu_s:8.1f} s of CPU {cost.memory_mb:8,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
