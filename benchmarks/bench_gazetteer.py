"""Keystrokes against a place index of a million names, with every slip that suggestions must survive.

    python benchmarks/bench_gazetteer.py [--names 1000000] [--targets 400] [--index FILE]
    python benchmarks/bench_gazetteer.py --shipped [--data FOLDER]

Builds the index from the shipped divisions and invented streets and places in real cities (a stem of
real township names, an ending, a city drawn at random), then types names letter by letter: in Han,
pinyin, initials, both mixed, traditional characters, and whole names with homophones and with one
wrong, lost or swapped character; each with and without a chosen city. Then asks what is no address at
all: operators, 1e5 characters, signs; and opens broken files. ``--index`` keeps the index for the next run.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from locator.errors import DataError
from locator.gazetteer.build import build_gazetteer
from locator.gazetteer.divisions import PlaceKind, PlaceRecord
from locator.gazetteer.query import Gazetteer, open_gazetteer
from locator.gazetteer.schema import load_divisions
from locator.gazetteer.text import simplified, spell
from locator.geocode.index_files import ensure_places, open_data_gazetteer
from locator.ingest.shipped import ensure_data
from locator.settings import Settings

SHIPPED = Path(__file__).parents[1] / "data" / "gazetteer"
STREETS = (
    "路", "街", "大道", "大街", "东路", "西路", "南路", "北路", "中路", "一路",
    "二路", "三路", "巷", "胡同", "支路",
)  # fmt: skip
PLACES = (
    "小区", "花园", "大厦", "小学", "中学", "幼儿园", "医院", "超市", "公园", "广场",
    "社区卫生服务中心", "家园", "酒店", "宾馆", "饭店", "药店", "银行", "加油站", "停车场", "工业园",
    "农贸市场", "购物中心", "派出所", "邮局", "村委会", "新村", "名苑", "公寓",
)  # fmt: skip
SEED = 20261122
HOSTILE = (
    "", "\x00\x01", "😀" * 50, '" OR *', "' OR 1=1; DROP TABLE place; --", "NEAR(深圳 福田, 2)", "zh : 深*", "((((",
    "-" * 100_000, "a" * 100_000, "深" * 100_000, "深圳市" * 40_000, "1" * 100_000, "路" * 500, "1号" * 300, "shi" * 60,
    "zhuang" * 40, "大道" * 90, "号弄" * 90, "市" * 200, "𠮷" * 300, "ﷺ" * 200, "ı" * 300,
)  # fmt: skip


def invent(count: int) -> Iterator[PlaceRecord]:
    """Yield invented names, each twice or more only by chance."""
    rng = random.Random(SEED)
    divisions = load_divisions(SHIPPED)
    towns = [d.name[:2] for d in divisions.values() if d.level == "township" and len(d.name) > 2]
    counties = [d for d in divisions.values() if d.level == "district" and d.lon is not None]
    for _ in range(count):
        county = rng.choice(counties)
        stem = rng.choice(towns)
        if rng.random() < 0.5:
            stem += rng.choice(towns)[rng.randrange(2)]
        is_street = rng.random() < 0.35
        name = stem + (rng.choice(STREETS) if is_street else rng.choice(PLACES))
        yield PlaceRecord(
            name, PlaceKind.STREET if is_street else PlaceKind.POI, county.lon + rng.uniform(-0.1, 0.1),
            county.lat + rng.uniform(-0.1, 0.1), adcode=county.code, rank=rng.random(),
        )  # fmt: skip


def ways_to_type(name: str, rng: random.Random, homophones: dict[str, list[str]]) -> dict[str, str]:
    """Return whole texts by what was done to the name."""
    syllables = spell(name)
    back = {new: chr(old) for old, new in simplified().items()}
    at = rng.randrange(len(name))
    near = [c for c in homophones["".join(spell(name[at]))] if c != name[at]]
    typed = {
        "han": name,
        "pinyin": "".join(syllables),
        "initials": "".join(s[0] for s in syllables),
        "mixed": name[: len(name) // 2] + "".join(syllables[len(name) // 2 :]),
        "traditional": "".join(back.get(c, c) for c in name),
        "wrong": name[:at] + rng.choice("国民新安东大") + name[at + 1 :],
        "lost": name[:at] + name[at + 1 :],
    }
    if near:
        typed["homophone"] = name[:at] + rng.choice(near) + name[at + 1 :]
    if at + 1 < len(name) and name[at] != name[at + 1]:
        typed["swapped"] = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return typed


def type_all(
    gazetteer: Gazetteer, targets: list[PlaceRecord]
) -> tuple[list[tuple[float, float]], dict[str, list[bool]]]:
    """Return the milliseconds of every keystroke, by the clock and of the processor, and whether places were offered.

    The second is for each way to type a name whether the place was among the ten offered at its end.
    """
    rng = random.Random(SEED + 1)
    homophones: dict[str, list[str]] = defaultdict(list)
    for c in {c for t in targets for c in t.name}:
        homophones["".join(spell(c))].append(c)
    spent: list[tuple[float, float]] = []
    hits: dict[str, list[bool]] = defaultdict(list)
    for number, target in enumerate(targets):
        region = target.adcode[:4] + "00" if number % 2 and gazetteer.division(target.adcode[:4] + "00") else None
        for way, text in ways_to_type(target.name, rng, homophones).items():
            for end in range(1, len(text) + 1):
                start, cpu = time.perf_counter(), time.thread_time()
                offered = gazetteer.suggest(text[:end], region=region, limit=10)
                spent.append(((time.perf_counter() - start) * 1000, (time.thread_time() - cpu) * 1000))
            found = any(s.place.label.endswith(target.name) for s in offered)
            hits[f"{way}{' +city' if region else ''}"].append(found)
    return spent, hits


def ask_hostile(gazetteer: Gazetteer, path: Path) -> dict[str, float]:
    """Return the worst milliseconds, by the clock, that anything hostile took: the best of three for each."""
    worst = {"a text": 0.0, "a keystroke": 0.0, "a broken file": 0.0}
    for text in HOSTILE:
        worst["a text"] = max(worst["a text"], best_of_three(lambda text=text: gazetteer.resolve(text)))
        worst["a keystroke"] = max(worst["a keystroke"], best_of_three(lambda text=text: gazetteer.suggest(text)))
    with tempfile.TemporaryDirectory() as folder, path.open("rb") as whole:
        head = whole.read(2_000_000)
        for number, content in enumerate((b"", b"no database " * 100, b"SQLite format 3\0" + b"\xff" * 8000, head)):
            broken = Path(folder) / f"{number}.sqlite"
            broken.write_bytes(content)
            worst["a broken file"] = max(worst["a broken file"], best_of_three(lambda broken=broken: try_file(broken)))
    return worst


def try_file(path: Path) -> None:
    """Open a file and ask it; a sentence is as good as an answer."""
    try:
        open_gazetteer(path).resolve("深圳市福田区莲花路2006号")
    except DataError:
        return


def best_of_three(act: Callable[[], object]) -> float:
    """Return the fewest milliseconds of three tries."""
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        act()
        spent.append((time.perf_counter() - start) * 1000)
    return min(spent)


def report(spent: list[tuple[float, float]], hits: dict[str, list[bool]], worst: dict[str, float]) -> None:
    """Print what was measured."""
    for label, values in (("clock", [c for c, _ in spent]), ("processor", [p for _, p in spent])):
        values.sort()
        size = len(values)
        print(
            f"keystrokes by the {label}: {size}, p50 {statistics.median(values):.2f} ms, "
            f"p90 {values[int(0.9 * size)]:.1f} ms, p99 {values[int(0.99 * size)]:.1f} ms, worst {values[-1]:.1f} ms"
        )
    for way in sorted(hits):
        print(f"{way:22} in the ten: {100 * sum(hits[way]) / len(hits[way]):5.1f} %  of {len(hits[way])}")
    print("hostile: " + ", ".join(f"{what} at most {spent_ms:.1f} ms" for what, spent_ms in worst.items()))
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


def shipped_targets(count: int) -> list[PlaceRecord]:
    """Return so many of the shipped places, drawn at random."""
    import pyarrow.parquet as pq

    table = pq.read_table(SHIPPED / "osm_places.parquet")
    chosen = table.take(random.Random(SEED + 2).sample(range(table.num_rows), count)).to_pylist()
    return [
        PlaceRecord(r["name"], PlaceKind.POI, r["lon_e5"] / 1e5, r["lat_e5"] / 1e5, adcode=f"{r['adcode']:06d}")
        for r in chosen
    ]


def measure_shipped(options: argparse.Namespace) -> None:
    """Build what ships into a folder, unless it is there, and type names of it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=options.data or Path(folder))
        for what, build in (("divisions and offices", lambda: ensure_data(settings)),
                            ("places", lambda: ensure_places(settings.data))):  # fmt: skip
            start, cpu = time.perf_counter(), time.process_time()
            build()
            spent = time.perf_counter() - start, time.process_time() - cpu
            print(f"{what}: {spent[0]:.0f} s ({spent[1]:.0f} s of one core)")
        files = [f for f in settings.data.glob("*.sqlite") if not f.name.startswith("divisions")]
        print(f"index: {sum(f.stat().st_size for f in files) / 1e6:.0f} MB")
        gazetteer = open_data_gazetteer(settings)
        gazetteer.warm()
        type_all(gazetteer, shipped_targets(20))
        spent_ms, hits = type_all(gazetteer, shipped_targets(options.targets))
        worst = ask_hostile(gazetteer, settings.data / "gazetteer.sqlite")
    report(spent_ms, hits, worst)


def main() -> None:
    """Build, type, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--targets", type=int, default=400)
    parser.add_argument("--index", type=Path, help="an index to use, or where to keep the one built")
    parser.add_argument("--shipped", action="store_true", help="what ships instead of invented names")
    parser.add_argument("--data", type=Path, help="with --shipped: a LOCATOR_DATA folder to use or fill")
    options = parser.parse_args()
    if options.shipped:
        measure_shipped(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.index or Path(folder) / "gazetteer.sqlite"
        if not path.exists():
            start, cpu = time.perf_counter(), time.process_time()
            count = build_gazetteer(path, SHIPPED, extracts=[invent(options.names)])
            print(
                f"build: {count} places, {time.perf_counter() - start:.0f} s ({time.process_time() - cpu:.0f} s of "
                f"one core), {path.stat().st_size / 1e6:.0f} MB"
            )
        gazetteer = open_gazetteer(path)
        start = time.perf_counter()
        gazetteer.warm()
        print(f"open and warm: {time.perf_counter() - start:.2f} s")
        rng = random.Random(SEED + 2)
        chosen = set(rng.sample(range(options.names), options.targets))
        targets = [record for number, record in enumerate(invent(options.names)) if number in chosen]
        type_all(gazetteer, targets[:20])
        spent, hits = type_all(gazetteer, targets)
        worst = ask_hostile(gazetteer, path)
    report(spent, hits, worst)


if __name__ == "__main__":
    main()
