"""The layer at a glance: how much is in it, of what kinds and cities, from which sources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from locator.adcode import prefecture_of

if TYPE_CHECKING:
    from locator.service import Locator

MAX_SOURCES = 200
"""How many sources the page lists."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source of the layer."""

    name: str
    count: int
    dates: str
    licence: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of one version of the layer."""

    total: int
    kinds: tuple[tuple[str, int], ...]
    """Kind and count, most first."""
    cities: tuple[tuple[str, str, int], ...]
    """Adcode (six digits, of the prefecture), full name and count, by adcode."""
    sources: tuple[SourceLine, ...]


def read_overview(locator: Locator) -> Overview:
    """Return the counts of the layer as it is now; made once for each version."""
    return _count(locator, locator.store.version)


@lru_cache(maxsize=2)
def _count(locator: Locator, _version: str) -> Overview:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = ("id", "kind", "province", "city", "adcode", "status", "source", "source_date", "licence")
    layer = locator.store.layer().table
    table = pa.table({name: layer.column(name).cast(pa.string()) for name in names})
    table = table.filter(pc.not_equal(table.column("status"), "vanished"))
    kinds = table.group_by("kind").aggregate([("id", "count")]).to_pylist()
    cities: dict[str, tuple[str, int]] = {}
    for row in table.group_by(["province", "city"]).aggregate([("adcode", "min"), ("id", "count")]).to_pylist():
        if row["adcode_min"] and row["city"]:
            code = prefecture_of(row["adcode_min"])
            _, before = cities.get(code, ("", 0))
            cities[code] = (row["city"], before + row["id_count"])
    dates = [("id", "count"), ("source_date", "min"), ("source_date", "max")]
    sources = table.group_by(["source", "licence"]).aggregate(dates).to_pylist()
    sources.sort(key=lambda row: (-row["id_count"], row["source"] or ""))
    return Overview(
        total=table.num_rows,
        kinds=tuple(sorted(((row["kind"], row["id_count"]) for row in kinds), key=lambda pair: (-pair[1], pair[0]))),
        cities=tuple((code, name, count) for code, (name, count) in sorted(cities.items())),
        sources=tuple(
            SourceLine(
                row["source"] or "",
                row["id_count"],
                "–".join(dict.fromkeys(d for d in (row["source_date_min"], row["source_date_max"]) if d)),
                row["licence"] or "",
            )
            for row in sources[:MAX_SOURCES]
        ),
    )
