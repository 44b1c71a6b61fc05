"""Offices out of an OpenStreetMap extract, beside a pyosmium pass and ``osmium tags-filter``.

    apt-get install osmium-tool
    python benchmarks/bench_osm.py ../shared/data/osm/liechtenstein-latest.osm.pbf [--copies 40] [--rounds 3]

The extract is repeated with shifted ids to 50 MB or more. It holds no Chinese office, so every town hall,
public building and government office of each copy gets a name of one. Three ways, each in a process of
its own (wall and CPU seconds, peak memory):

ours       ``OsmSource(file).records()``: file in, raw records out
pyosmium   one pass with node locations; the same tags; the mean position of each way's nodes
osmium     ``osmium tags-filter`` for the same tags, which writes objects and computes no position
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import osmium
from repeat_extract import repeat

from locator.ingest.osm import GOVERNMENT, NAMED, OsmSource, find_kind

PAIRS = [("government", value) for value in GOVERNMENT] + [(k, v) for k, values in NAMED.items() for v in values]


def name_offices(source: Path, out: Path) -> int:
    """Write the extract with the name of an office on everything that carries one of the tags."""
    named = 0
    with osmium.SimpleWriter(str(out), overwrite=True) as writer:
        for thing in osmium.FileProcessor(str(source)):
            if any(thing.tags.get(key) == value for key, value in PAIRS):
                named += 1
                writer.add(thing.replace(tags={**dict(thing.tags), "name": f"第{named}社保中心"}))
            else:
                writer.add(thing)
    return named


def run_ours(path: Path) -> int:
    """Return how many records there are."""
    return sum(1 for record in OsmSource(str(path)).records() if record.fields["lon"])


def run_pyosmium(path: Path) -> int:
    """Return how many objects a plain pass with locations finds and places."""
    found = 0
    reader = osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.TagFilter(*PAIRS))
    for thing in reader:
        if find_kind(dict(thing.tags)) is None:
            continue
        if thing.is_node():
            found += bool(thing.lon)
        elif thing.is_way():
            places = [(node.lon, node.lat) for node in thing.nodes if node.location.valid()]
            found += bool(sum(lon for lon, _ in places) / len(places) and sum(lat for _, lat in places) / len(places))
        else:
            found += 1
    return found


def run_osmium(path: Path) -> int:
    """Return the size of what ``osmium tags-filter`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.osm.pbf"
        rules = [f"{key}={value}" for key, value in PAIRS]
        subprocess.run(["osmium", "tags-filter", "--no-progress", str(path), *rules, "-o", str(out)], check=True)
        return out.stat().st_size


WAYS = {"ours": run_ours, "pyosmium": run_pyosmium, "osmium": run_osmium}


def measure(way: str, path: Path) -> dict[str, float]:
    """Run one way in this process and say what it took."""
    start = time.perf_counter()
    found = WAYS[way](path)
    seconds = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    return {"found": found, "wall": seconds, "cpu": cpu, "mb": max(each.ru_maxrss for each in used) / 1024}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        print(json.dumps(measure(args.way, args.source)))
        return
    with tempfile.TemporaryDirectory() as folder:
        named, big = Path(folder) / "named.osm.pbf", Path(folder) / "big.osm.pbf"
        count = name_offices(args.source, named)
        size = repeat(named, big, args.copies, 0.3)
        print(f"{size / 1e6:.1f} MB, {count * args.copies} objects with such tags")
        runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(args.rounds):
            for way, done in runs.items():
                command = [sys.executable, __file__, str(big), "--way", way]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                done.append(json.loads(said))
        for way, done in runs.items():
            wall, cpu = (statistics.median(run[key] for run in done) for key in ("wall", "cpu"))
            peak, found = max(run["mb"] for run in done), done[0]["found"]
            print(f"{way:9} wall {wall:6.2f} s  cpu {cpu:6.2f} s  peak {peak:5.0f} MB  found {found:.0f}")
        for key in ("wall", "cpu"):
            ratio = statistics.median(o[key] / p[key] for o, p in zip(runs["ours"], runs["pyosmium"], strict=True))
            print(f"ours / pyosmium, {key}: {ratio:.2f}")


if __name__ == "__main__":
    main()
