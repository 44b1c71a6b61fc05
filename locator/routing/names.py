"""Street names in the reader's language: what the map's ``name:en`` and ``name:zh`` say about a ``name``.

Valhalla's tiles carry ``name`` only, so the table is written beside them when they are built.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from locator.errors import DataError
from locator.i18n import LANGS


@dataclass(frozen=True, slots=True)
class StreetNames:
    """For each language, what a ``name`` is called in it."""

    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def say(self, name: str, lang: str) -> str:
        """Return the name in ``lang`` where the map has one, else as it is on the sign."""
        return self.tables.get(lang, {}).get(name, name)


def read_street_names(extract: Path) -> StreetNames:
    """Collect the translated names of roads from an OSM extract; of several translations the commonest.

    Raises
    ------
    DataError
        The file is no OSM file, or is cut short.
    """
    import osmium

    counts: dict[str, dict[str, Counter[str]]] = {lang: {} for lang in LANGS}
    keys = [f"name:{lang}" for lang in LANGS]
    roads = osmium.filter.KeyFilter("highway")
    translated = osmium.filter.KeyFilter(*keys)
    try:
        for way in osmium.FileProcessor(str(extract), osmium.osm.WAY).with_filter(roads).with_filter(translated):
            name = way.tags.get("name")
            for lang, key in zip(LANGS, keys, strict=True):
                said = way.tags.get(key)
                if name and said and said != name:
                    counts[lang].setdefault(name, Counter())[said] += 1
    except (RuntimeError, OSError, ValueError) as error:  # pyosmium's errors are RuntimeErrors
        raise DataError(
            f"{extract} cannot be read as OpenStreetMap data: {error}", code="extract_broken", path=str(extract)
        ) from error
    tables = {
        lang: {name: min(said, key=lambda s: (-said[s], s)) for name, said in sorted(table.items())}
        for lang, table in counts.items()
    }
    return StreetNames({lang: _without_doubtful(table) for lang, table in tables.items()})


def _without_doubtful(table: Mapping[str, str]) -> dict[str, str]:
    """Leave out a translation that two streets share, unless one name is within the other (a road and its side road).

    The map has such slips: in one Nanjing extract every piece of 汉中路 is called "East Zhongshan Road" in
    English, as 中山东路 is. A name in Chinese is better than another street's name.
    """
    called: dict[str, list[str]] = {}
    for name, said in table.items():
        called.setdefault(said, []).append(name)

    def sure(name: str, said: str) -> bool:
        return all(name in other or other in name for other in called[said])

    return {name: said for name, said in table.items() if sure(name, said)}


def write_street_names(names: StreetNames, path: Path) -> None:
    """Write the table as JSON."""
    path.write_text(json.dumps(names.tables, ensure_ascii=False, indent=0), "utf-8")


def load_street_names(path: Path) -> StreetNames:
    """Read the table; a missing or broken one is an empty one, for a route without it is still a route."""
    try:
        tables = json.loads(path.read_text("utf-8"))
        return StreetNames({str(lang): {str(k): str(v) for k, v in table.items()} for lang, table in tables.items()})
    except (OSError, ValueError, AttributeError):
        return StreetNames()
