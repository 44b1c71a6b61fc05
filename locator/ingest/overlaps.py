"""Offices that a file and the layer have in common: they tell in which datum the file is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from locator.layer import Layer
from locator.model import EXACT, ServicePoint

Pair = tuple[float, float]


def find_overlaps(
    points: Iterable[ServicePoint], given: Mapping[str, Pair], known: Mapping[str, Layer]
) -> Iterator[tuple[Pair, Pair]]:
    """Yield, for each office that one known layer has once by the same name, two positions.

    Parameters
    ----------
    points
        The offices of the file.
    given
        Their positions (lon, lat) as the file has them, by id.
    known
        What other sources gave, by name.

    Yields
    ------
    given, known
        (lon, lat) as the file has it, and WGS-84.
    """
    listed = [point for point in points if point.id in given]
    names = {point.name for point in listed}
    placed: dict[str, list[Pair]] = {}
    for layer in known.values():
        columns = [layer.table.column(name).to_pylist() for name in ("name", "lon", "lat", "position")]
        for name, lon, lat, position in zip(*columns, strict=True):
            if name in names and lon is not None and position in EXACT:
                placed.setdefault(name, []).append((lon, lat))
    for point in listed:
        pairs = placed.get(point.name, [])
        if len(pairs) == 1:
            yield given[point.id], pairs[0]
