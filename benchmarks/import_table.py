"""What an import of a spreadsheet of offices costs: rows a second, and where the time goes.

    python benchmarks/import_table.py [ROWS]

Writes a CSV of ROWS offices (100,000 by default; names, kinds, addresses, telephone numbers, hours in
Chinese, positions in GCJ-02, one row in 200 with a fault) into a fresh data folder filled from the shipped
data, imports it as ``locator import table`` does, imports it again unchanged, then a table of one row, and
prints each with its parts: reading, checking and placing; merging and storing; the gazetteer. The table of
one row is imported first, too, into the shipped offices alone.
"""

from __future__ import annotations

import csv
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HOURS = (
    "周一至周五 9:00-12:00,13:30-17:00(法定节假日除外)",
    "工作日上午9:00-12:00,下午13:00-17:00",
    "",
    "Mo-Fr 09:00-17:00; PH off",
)
HEAD = ("名称", "类型", "地址", "电话", "办公时间", "经度(GCJ-02)", "纬度", "省份", "城市", "区县", "业务", "来源日期")


def write_table(path: Path, count: int) -> None:
    """Write ``count`` offices in the counties of Shandong."""
    import numpy as np

    rng = np.random.default_rng(7)
    counties = ["历下区", "市中区", "槐荫区", "天桥区", "历城区", "长清区", "章丘区", "济阳区"]
    spread = np.array([117.05, 36.66]) + rng.normal(0, 0.15, (count, 2))
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEAD)
        for n, (lon, lat) in enumerate(spread.tolist()):
            name = f"第{n}社区劳动保障工作站" if n % 200 else "=坏名"
            where = ("山东省", "济南市", counties[n % 8])
            writer.writerow((name, "社区劳动保障站", f"经{n % 90}路{n % 999}号", f"0531-{80000000 + n}", HOURS[n % 4],
                             f"{lon:.6f}", f"{lat:.6f}", *where, "社保卡申领;参保登记", "2026-01-15"))  # fmt: skip


def timed(parts: dict[str, float], name: str, call: Any) -> Any:
    """Return a function that adds its time to a part."""

    def run(*args: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*args, **options)
        finally:
            parts[name] = parts.get(name, 0.0) + time.perf_counter() - started

    return run


def main(count: int) -> None:
    """Measure and print."""
    from locator.ingest import importing
    from locator.ingest.shipped import ensure_data
    from locator.settings import Settings
    from locator.stores.parquet import ParquetStore

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data")
        ensure_data(settings)
        table = Path(folder) / "offices.csv"
        write_table(table, count)
        one = Path(folder) / "one.csv"
        write_table(one, 2)
        parts: dict[str, float] = {}
        importing.rebuild_gazetteer = timed(parts, "gazetteer", importing.rebuild_gazetteer)
        ParquetStore.replace = timed(parts, "merge and store", ParquetStore.replace)  # type: ignore[method-assign]
        for name, path in (("one row", one), ("first", table), ("again", table), ("one row more", one)):
            parts.clear()
            if name == "one row more":
                one.write_text(one.read_text("utf-8-sig").replace("第1社区", "第一社区"), "utf-8")
            cpu = time.process_time()
            summary = importing.import_source("table", str(path), settings)
            cpu = time.process_time() - cpu
            rest = summary.seconds - sum(parts.values())
            print(f"{name}: {summary.read:,} rows in {summary.seconds:.1f} s ({cpu:.1f} s of CPU), "
                  f"{summary.refused:,} refused; read, check and place {rest:.1f} s "
                  f"({summary.read / rest:,.0f} rows/s), "
                  + ", ".join(f"{part} {seconds:.1f} s" for part, seconds in parts.items()))  # fmt: skip
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
        print(f"table of {table.stat().st_size / 1e6:.0f} MB; peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
