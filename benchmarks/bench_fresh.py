"""A new data folder: how soon it answers by divisions and offices, when all places are there, and what it takes.

    python benchmarks/bench_fresh.py [--questions 300]

Starts the page's server on an empty folder and asks over HTTP all the while: the first answer for a district, then one
question a second until a place by its name is found. Each question in between has to be answered. Then it asks for
names drawn from the shipped places and prints the most memory that the page's process held, and the size of the index.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
from page_server import read_cpu_ms, run_server

DISTRICT, NAMED = "上海市徐汇区", "北京市朝阳区望京SOHO"
PLACES = Path(__file__).parents[1] / "data" / "gazetteer" / "osm_places.parquet"


def ask(url: str, text: str) -> dict[str, object]:
    """Return the answer to a text."""
    body = json.dumps({"text": text, "task": "apply"}).encode()
    request = urllib.request.Request(f"{url}/api/v1/find", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as reply:
        answer: dict[str, object] = json.load(reply)
    return answer


def wait_for(url: str, text: str, precision: str, began: float) -> tuple[float, int]:
    """Return the seconds until a text is placed so exactly, and how many questions were answered meanwhile."""
    asked = 0
    while True:
        place = ask(url, text)["place"]
        asked += 1
        if isinstance(place, dict) and place["precision"] == precision:
            return time.perf_counter() - began, asked
        time.sleep(1)


def most_memory_mb(pid: int) -> float:
    """Return the most memory that a process has held."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Start, wait, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    table = pq.read_table(PLACES)
    rows = table.take(random.Random(7).sample(range(table.num_rows), options.questions)).to_pylist()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with run_server(Path(folder) / "data", LOCATOR_RATE_LIMIT="0") as (url, pid):
            first, _ = wait_for(url, DISTRICT, "district", began)
            spent = read_cpu_ms(pid) / 1000
            print(f"first answer by divisions and offices after {first:.1f} s ({spent:.1f} s of one core)")
            named, asked = wait_for(url, NAMED, "poi", began)
            print(f"all places after {named:.1f} s; {asked} questions meanwhile, each answered")
            cpu = read_cpu_ms(pid)
            for row in rows:
                ask(url, row["name"])
            print(f"{len(rows)} places by name: {(read_cpu_ms(pid) - cpu) / len(rows):.0f} ms of the processor each")
            print(f"page process: {most_memory_mb(pid):.0f} MB at most")
            size = sum(file.stat().st_size for file in (Path(folder) / "data").glob("*.sqlite"))
            print(f"index: {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
