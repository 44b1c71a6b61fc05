"""How long the embedded layer takes to load and answer once, in a fresh process, and in how much memory.

    python benchmarks/load_layer.py [COUNT ...]

Makes layers of COUNT points (10,000, 100,000 and 1,000,000 by default) with 20 columns filled, clustered
like cities, and for each starts a process that opens the store and asks for the five nearest.

What counts is everything: the clock runs from before the process is started to after the first answer,
so Python itself, all imports, the file, the index and the query are in it. The file is in the system's
cache and the byte code of Python's modules is compiled, as after any first run (``PYTHONDONTWRITEBYTECODE``,
which would have every run compile them again, is unset). The second time leaves out what starting Python
and importing takes. The memory is the process's peak.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5


def make_layer(path: Path, count: int) -> None:
    """Write a layer of ``count`` offices with the columns that real ones fill."""
    import numpy as np
    import pyarrow as pa

    from locator.layer import SCHEMA, Layer
    from locator.stores.files import write_layer

    rng = np.random.default_rng(1)
    centres = np.column_stack([rng.uniform(85, 125, 300), rng.uniform(22, 45, 300)])
    city = rng.integers(0, 300, count)
    lon, lat = (centres[city] + rng.normal(0, 0.15, (count, 2))).T
    number = np.arange(count)
    kinds = np.array(["hrss-bureau", "insurance-agency", "medical-insurance", "community-center", "bank"])
    texts = {
        "id": [f"p-{n:07d}" for n in number.tolist()],
        "name": [f"第{n % 9973}街道人力资源和社会保障服务中心{n}" for n in number.tolist()],
        "kind": kinds[rng.integers(0, 5, count)].tolist(),
        "kind_source": ["街道人社中心"] * count,
        "province": [f"{c % 31}省" for c in city.tolist()],
        "city": [f"{c}市" for c in city.tolist()],
        "district": [f"{c}市{n % 8}区" for c, n in zip(city.tolist(), number.tolist(), strict=True)],
        "adcode": [f"{110000 + c * 100 + n % 8:06d}" for c, n in zip(city.tolist(), number.tolist(), strict=True)],
        "address": [f"经{n % 80}路{n % 997}号" for n in number.tolist()],
        "phones": [f"0531-{80000000 + n}" for n in number.tolist()],
        "hours": ["Mo-Fr 09:00-12:00,13:30-17:00; PH off" if n % 3 else None for n in number.tolist()],
        "hours_text": ["周一至周五 9:00-12:00,13:30-17:00(法定节假日除外)" if n % 3 else None for n in number.tolist()],
        "services": ["社保卡补换卡;参保登记" if n % 2 else None for n in number.tolist()],
        "position": ["poi"] * count,
        "timezone": ["Asia/Shanghai"] * count,
        "status": ["listed"] * count,
        "source": ["benchmark"] * count,
        "source_date": [f"20{20 + n % 7}-0{1 + n % 9}-11" for n in number.tolist()],
        "licence": ["facts only"] * count,
        "confidence": ["M"] * count,
    }
    columns = [
        pa.array(lon if f.name == "lon" else lat, f.type)
        if f.name in ("lon", "lat")
        else pa.array(texts[f.name], f.type)
        if f.name in texts
        else pa.nulls(count, f.type)
        for f in SCHEMA
    ]
    write_layer(path, Layer(pa.table(columns, schema=SCHEMA)), (), {})


def load_once(path: str) -> None:
    """Open a store, ask once, and print when that was done (in a process of its own)."""
    from locator.stores.parquet import ParquetStore

    imported = time.perf_counter()
    store = ParquetStore(Path(path))
    found = store.nearest(100.0, 30.0, limit=5)
    answered, cpu = time.time(), time.process_time()
    seconds = time.perf_counter() - imported
    again = time.perf_counter()
    for step in range(200):
        store.nearest(95.0 + step / 10, 30.0, limit=5)
    query_ms = (time.perf_counter() - again) * 5
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    said = {"answered": answered, "load": seconds, "cpu": cpu, "mb": peak, "query_ms": query_ms, "found": len(found)}
    print(json.dumps(said))


def run_fresh(path: Path) -> dict[str, float]:
    """Return what a process of its own took, ``s`` being the seconds from its start to its first answer."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, __file__, "--load", str(path)]
    started = time.time()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    run: dict[str, float] = json.loads(done.stdout)
    return run | {"s": run["answered"] - started}


def main(counts: list[int]) -> None:
    """Measure every size and print a table."""
    heads = ("points", "file MB", "start to first answer, s (median)", "imports aside, s", "CPU s", "peak MB",
             "then a query, ms")  # fmt: skip
    print(" ".join(f"{head:>{max(len(head), 9)}}" for head in heads))
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "layer.parquet"
            subprocess.run([sys.executable, __file__, "--make", str(path), str(count)], check=True)
            run_fresh(path)
            runs = sorted((run_fresh(path) for _ in range(RUNS)), key=lambda run: run["s"])
            middle = runs[RUNS // 2]
            size = path.stat().st_size / 1e6
            spread = f"{middle['s']:.2f} ({runs[0]['s']:.2f}-{runs[-1]['s']:.2f})"
            cells = (f"{count:,}", f"{size:.1f}", spread, f"{middle['load']:.2f}", f"{middle['cpu']:.2f}",
                     f"{max(run['mb'] for run in runs):.0f}", f"{middle['query_ms']:.3f}")  # fmt: skip
            print(" ".join(f"{cell:>{max(len(head), 9)}}" for head, cell in zip(heads, cells, strict=True)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make_layer(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["--load"]:
        load_once(sys.argv[2])
    else:
        main([int(arg) for arg in sys.argv[1:]] or [10_000, 100_000, 1_000_000])
