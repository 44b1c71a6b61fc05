"""The embedded geocoder beside a real Nominatim on the same extract: hits, error, speed.

    python benchmarks/bench_nominatim.py EXTRACT.osm.pbf [--limit 400] [--city 南京市]

Asks for every address of the extract (street and house number, with the city where one is tagged), as
people write it, of the embedded index (offline), of Nominatim behind our rewriting, and of Nominatim
with the words as typed through geopy's own class; "the better of both" takes for each address whichever of
the two answers of Nominatim lies nearer to the truth. The truth is the position of the objects that carry
this very address (of a building, its centre of gravity); a hit is within 100 m of one of them. Starts
the Nominatim itself, on loopback.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import geopy.geocoders
import osmium
import shapely
from nominatim_server import missing, run_nominatim
from servers import run_cluster

from locator.datum import distance_m
from locator.gazetteer.build import build_gazetteer
from locator.gazetteer.query import open_gazetteer
from locator.gazetteer.sources import OsmExtract
from locator.geocode import locate_embedded as locate
from locator.geocode.providers import open_provider
from locator.geocode.records import Hint
from locator.http import HttpClient
from locator.model import Place
from locator.settings import Settings

SHIPPED = Path(__file__).parents[1] / "data" / "gazetteer"
HIT_M = 100.0
SEED = 4
VERBOSE = False

Position = tuple[float, float]


class Question(NamedTuple):
    text: str
    truth: list[Position]


class Reply(NamedTuple):
    error_m: float
    """From the nearest object with the address; infinite without an answer."""
    spent_s: float


def read_questions(extract: Path, limit: int) -> list[Question]:
    """Return the extract's addresses as texts, each with the positions that carry it."""
    truth: dict[tuple[str, str, str], list[Position]] = defaultdict(list)
    objects = osmium.FileProcessor(str(extract)).with_locations().with_areas()
    for thing in objects.with_filter(osmium.filter.KeyFilter("addr:housenumber")):
        tags, position = dict(thing.tags), _position(thing)
        if tags.get("addr:street") and position:
            key = (tags.get("addr:city", ""), tags["addr:street"], tags["addr:housenumber"])
            truth[key].append(position)
    whole: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for (_, street, number), positions in truth.items():
        whole[street, number] += positions
    questions = [
        Question(_write(*key), positions if key[0] else whole[key[1:]]) for key, positions in sorted(truth.items())
    ]
    random.Random(SEED).shuffle(questions)
    return questions[:limit]


def _position(thing) -> Position | None:
    if thing.is_node():
        return thing.location.lon, thing.location.lat
    if thing.is_area():
        rings = [[(n.lon, n.lat) for n in ring if n.location.valid()] for ring in thing.outer_rings()]
        shape = shapely.MultiPolygon([shapely.Polygon(ring) for ring in rings if len(ring) > 3])
    elif thing.is_way() and not thing.is_closed():
        shape = shapely.LineString([(n.lon, n.lat) for n in thing.nodes if n.location.valid()])
    else:
        return None
    return None if shape.is_empty else (shape.centroid.x, shape.centroid.y)


def _write(city: str, street: str, number: str) -> str:
    if any("\u4e00" <= c <= "\u9fff" for c in street):
        return f"{city}{street}{number}{'' if number.endswith(('号', '栋')) else '号'}"
    return f"{street} {number}" + (f", {city}" if city else "")


def measure(name: str, questions: list[Question], ask: Callable[[str], Position | None]) -> list[Reply]:
    """Print one line of the table and return the reply to each question."""
    for question in questions[:20]:
        ask(question.text)
    replies = []
    for text, truth in questions:
        start = time.perf_counter()
        found = ask(text)
        spent_s = time.perf_counter() - start
        error = min(float(distance_m(*found, *position)) for position in truth) if found else math.inf
        if VERBOSE and error > HIT_M:
            print("   missed:", text, found and [round(v, 5) for v in found])
        replies.append(Reply(error, spent_s))
    tell(name, replies)
    return replies


def tell(name: str, replies: list[Reply]) -> None:
    """Print one line of the table."""
    errors = [reply.error_m for reply in replies if reply.error_m < math.inf]
    times = sorted(reply.spent_s for reply in replies)
    hits = sum(error <= HIT_M for error in errors)
    median = statistics.median(errors) if errors else math.nan
    print(
        f"{name:34} {len(replies):6} {len(errors):9} {hits:6} {hits / len(replies):7.1%} {median:9.1f} m"
        f" {statistics.median(times) * 1000:9.2f} {times[int(len(times) * 0.99)] * 1000:9.2f} ms",
        flush=True,
    )


def times_faster(fast: list[Reply], slow: list[Reply]) -> float:
    """Return how many times the median time of one fits into that of the other."""
    return statistics.median(r.spent_s for r in slow) / statistics.median(r.spent_s for r in fast)


def _first(places: list[Place] | tuple[Place, ...]) -> Position | None:
    return (places[0].lon, places[0].lat) if places and places[0].lon is not None else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--city", help="the city of the extract, as the chain knows it: 南京市")
    parser.add_argument("--verbose", action="store_true", help="print what was missed")
    args = parser.parse_args()
    globals()["VERBOSE"] = args.verbose
    if lacking := missing():
        print(lacking, file=sys.stderr)
        return 2
    questions = read_questions(args.extract, args.limit)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "gazetteer.sqlite"
        build_gazetteer(index, SHIPPED, extracts=[OsmExtract(args.extract)])
        gazetteer = open_gazetteer(index)
        gazetteer.warm()

        def embedded(text: str) -> Position | None:
            found = locate(text, gazetteer)
            return _first([found.place] if found.place else list(found.candidates))

        print(f"{args.extract.name}: {len(questions)} addresses, e.g. {questions[0].text}")
        print(f"{'':34} {'asked':>6} {'answered':>9} {'hits':>6} {'':7} {'median':>11} {'p50':>9} {'p99':>12}")
        fast = measure("embedded, offline", questions, embedded)
        with run_cluster() as cluster, run_nominatim(cluster, args.extract) as url:
            settings = Settings(data=Path(folder), urls={"nominatim": url}, timeout_s=30.0)
            provider = open_provider("nominatim", settings, HttpClient(settings))
            provider._geocoder.adapter._cache_s = 0.0  # every question shall reach the server
            everywhere = [position for question in questions for position in question.truth]
            lon, lat = (statistics.mean(values) for values in zip(*everywhere, strict=True))
            hint = Hint(city=args.city, lon=lon, lat=lat, radius_m=20_000)  # the region, as the chain knows it
            slow = measure("Nominatim, our rewriting", questions, lambda text: _first(provider.find(text, hint)))
            stock = geopy.geocoders.Nominatim(
                domain=url.removeprefix("http://"), scheme="http", user_agent="bench", timeout=30
            )

            def as_typed(text: str) -> Position | None:
                found = stock.geocode(text)
                return (found.longitude, found.latitude) if found else None

            typed = measure("Nominatim, as typed, stock geopy", questions, as_typed)
    tell("Nominatim, the better of both", [min(pair) for pair in zip(slow, typed, strict=True)])
    print(
        f"the embedded one is {times_faster(fast, slow):.0f} times faster than our rewriting, "
        f"{times_faster(fast, typed):.0f} times than the words as typed (medians)"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
