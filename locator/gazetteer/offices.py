"""The offices as places: found by name, and by the very number of their address."""

from __future__ import annotations

from collections.abc import Iterator

from locator.gazetteer.address import read_address
from locator.gazetteer.divisions import DivisionTable
from locator.gazetteer.records import NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.text import to_key
from locator.layer import Layer
from locator.model import EXACT, ServicePoint


def office_records(layer: Layer, table: DivisionTable) -> Iterator[PlaceRecord | NumberRecord]:
    """Yield each placed office, and its house number where its position is exact."""
    for point in layer.points():
        if point.lon is None or point.lat is None or point.position is None or point.status == "vanished":
            continue
        yield PlaceRecord(
            point.name,
            PlaceKind.OFFICE,
            point.lon,
            point.lat,
            aliases=tuple(short_office_names(point.name, table)) + ((point.name_en,) if point.name_en else ()),
            adcode=point.adcode,
            error_m=point.error_m,
            precision=None if point.position in EXACT else point.position,
        )
        if point.position in EXACT:
            yield from _number(point, table)


def short_office_names(name: str, table: DivisionTable) -> list[str]:
    """Return an office's name without the divisions it starts with: 沙河口区行政服务大厅 -> 行政服务大厅."""
    key = to_key(name)
    shorter = [r.rest for r in table.read_head(key) if r.codes and len(r.rest) > 2 and r.kind == "full"]
    return list(dict.fromkeys(s for s in shorter if s != key))


def _number(point: ServicePoint, table: DivisionTable) -> Iterator[NumberRecord]:
    if not point.address or point.lon is None or point.lat is None:
        return
    within = (point.adcode,) if point.adcode else ()
    key = to_key(point.address)
    heads = [r for r in table.read_head(key, within=within) if r.kind == "full" or not r.codes]
    address = read_address(heads[0].rest if heads else key)
    if address.street and address.number and not address.lane:
        error_m = point.error_m if point.error_m is not None else 50.0
        yield NumberRecord(
            address.street, address.number, point.lon, point.lat, adcode=_code_of(point, table), name=point.name,
            interpolate=False, error_m=error_m,
        )  # fmt: skip


def _code_of(point: ServicePoint, table: DivisionTable) -> str | None:
    """Return the code of the township an office says it stands in, where there is one of that name; else its adcode."""
    if point.township and point.adcode:
        found = {n.code for n in table.called(to_key(point.township), within=(point.adcode,)) if len(n.code) == 9}
        if len(found) == 1:
            return found.pop()
    return point.adcode
