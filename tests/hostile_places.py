"""A data folder whose place index holds the two hundred hostile texts: as names of cities, of places and of streets.

The cities stand in the divisions' file; the places, the streets and what stands at a number come out of an
OpenStreetMap extract, and where its XML cannot carry a text (control characters) out of a kept extract's records.
Each is reached by a plain name of its own: :func:`ways_to`.
"""

from __future__ import annotations

import csv
import json
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from hostile import CORPUS
from osm_town import Town

from locator.disk import digest_file
from locator.gazetteer.build import build_gazetteer
from locator.gazetteer.divisions import NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.schema import FORMER_FILES
from locator.gazetteer.sources import read_osm
from locator.geocode.index_files import GAZETTEER_FILE
from locator.settings import shipped_dir

JINAN, FOSHAN, VADUZ = (117.00, 36.66), (113.10, 23.00), (9.52, 47.14)
"""Where offices are near, so that there is a map; far from there; and where no division is: a name stands alone."""
_DIGITS = "零一二三四五六七八九"
_NO_XML = frozenset("\x00\x1b")


def shown(text: str) -> str:
    """Return a text as one line without what nobody sees: what a place's name must look like."""
    return "".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def alias(kind: str, number: int) -> str:
    """Return the plain name of a hostile one: ``城``, ``坊`` (in Jinan), ``庄`` (abroad), ``街``, ``双`` (two)."""
    return "恶" + "".join(_DIGITS[int(digit)] for digit in f"{number:03d}") + kind


def ways_to(number: int) -> list[str]:
    """Return the plain texts that lead to a hostile name: as a city, a place here and abroad, a street, a door."""
    return [*(alias(kind, number) for kind in "城坊庄街"), f"济南市长江路{number + 1}号"]


def way_to(number: int) -> str:
    """Return one of them: each of the fifty forms of hostile text comes in four of the five ways."""
    return ways_to(number)[(number + number // 50) % 5]


def city_code(number: int) -> str:
    """Return the adcode of a hostile city; no province has it."""
    return f"{66 + number // 99}{number % 99 + 1:02d}00"


def _at(place: tuple[float, float], number: int) -> tuple[float, float]:
    return place[0] + 0.001 * (number % 20), place[1] + 0.001 * (number // 20)


def _write_extract(path: Path) -> Path:
    town = Town()
    for number, text in enumerate(CORPUS):
        if _NO_XML.isdisjoint(text):
            town.node(*_at(JINAN, number), name=text, amenity="x", alt_name=alias("坊", number))
            for place in (JINAN, FOSHAN):
                town.node(*_at(place, number), name=text, amenity="x", alt_name=alias("双", number))
            town.node(*_at(VADUZ, number), name=text, amenity="x", alt_name=alias("庄", number))
            town.node(*_at(JINAN, number), name=text, addr__street="长江路", addr__housenumber=str(number + 1))
            lon, lat = _at(JINAN, number)
            town.way(
                number + 1, [(lon, lat), (lon + 0.0005, lat)], highway="x", name=text, alt_name=alias("街", number)
            )
    return town.write(path)


def _unwritable() -> Iterator[PlaceRecord | NumberRecord]:
    for number, text in enumerate(CORPUS):
        if not _NO_XML.isdisjoint(text):
            here, there = _at(JINAN, number), _at(VADUZ, number)
            yield PlaceRecord(text, PlaceKind.POI, *here, aliases=(alias("坊", number),))
            yield PlaceRecord(text, PlaceKind.POI, *there, aliases=(alias("庄", number),))
            for place in (JINAN, FOSHAN):
                yield PlaceRecord(text, PlaceKind.POI, *_at(place, number), aliases=(alias("双", number),))
            yield PlaceRecord(text, PlaceKind.STREET, *here, aliases=(alias("街", number),))
            yield NumberRecord("长江路", str(number + 1), *here, name=text)


def _write_divisions(folder: Path) -> Path:
    """Write the shipped divisions without townships, with the hostile cities behind them."""
    folder.mkdir()
    for name in FORMER_FILES:
        shutil.copyfile(shipped_dir() / "gazetteer" / name, folder / name)
    lines = list(csv.reader((shipped_dir() / "gazetteer" / "divisions.csv").read_text("utf-8").splitlines()))
    names = list(csv.reader((shipped_dir() / "gazetteer" / "aliases.csv").read_text("utf-8").splitlines()))
    with (folder / "divisions.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(line for line in lines if len(line[0]) <= 6)
        csv.DictWriter(file, lines[0]).writerows(
            {"code": city_code(number), "name": text, "level": "city", "lon": 88.5, "lat": 43.0, "error_m": 5000,
             "name_en": text, "pinyin": "x"}
            for number, text in enumerate(CORPUS)
        )  # fmt: skip
    with (folder / "aliases.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(names)
        csv.DictWriter(file, names[0]).writerows(
            {"alias": alias("城", number), "code": city_code(number), "kind": "popular"}
            for number in range(len(CORPUS))
        )
    return folder


def make_hostile(data: Path, folder: Path) -> Path:
    """Put the hostile index into a copy of a data folder, as the one that belongs to it, and return the copy."""
    shutil.copytree(data, folder / "data")
    extract = read_osm(_write_extract(folder / "hostile.osm"))
    index, stamp = folder / "data" / GAZETTEER_FILE, folder / "data" / "gazetteer.stamp"
    build_gazetteer(index, _write_divisions(folder / "divisions"), extracts=[extract, _unwritable()])
    stamp.write_text(json.dumps({**json.loads(stamp.read_text("utf-8")), "mark": digest_file(index)}), "utf-8")
    return folder / "data"
