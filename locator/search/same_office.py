"""Which entries are one office, and which stand in one building; the one home of that question.

Two askers, two measures. Sources that are merged (:mod:`locator.stores.merge`) each describe an office in their own
way and place it where they saw it: equal names may stand :data:`SAME_NAME_M` apart, other agreement
:data:`SAME_PLACE_M`. Entries that meet in one answer (:func:`merge_same_offices`) may come from one source, which
lists different offices as different rows: they must be in one building.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from locator.model import Found, Hit, Kind, Provenance, ServicePoint
from locator.search.ellipsoid import arc
from locator.search.tree import place_origin

BUILDING_M = 30.0
"""Exact positions no farther apart are one building (entrances, rounding of published positions)."""
SAME_PLACE_M = 60.0
"""How far apart two sources place one office that also shares its kind and a telephone number or part of its name."""
SAME_NAME_M = 400.0
"""How far apart two sources place one office that they call by one name."""
CONFIDENCE_ORDER = ("H", "M", "L", "live")
"""The confidence of a source, the best first; one that does not say counts as ``L``."""

_NOT_NAME = re.compile(r"[\W_]+")
_HOTLINES = frozenset({"12333", "12393", "12345"})
_GENERIC = re.compile(
    "人力资源和社会保障|人力资源社会保障|劳动和社会保障|劳动保障|社会保障|社会保险|医疗保障|医疗保险|人社|社保|医保|保险|"
    "公共|便民|事业|服务|工作|经办|机构|中心|大厅|窗口|办公室|站|所|局|处"
)


def plain_name(name: str, *divisions: str | None) -> str:
    """Return a name without punctuation, blanks and the leading names of its divisions."""
    plain = unicodedata.normalize("NFKC", name)
    plain = (plain if plain.isalnum() else _NOT_NAME.sub("", plain)).casefold()
    for division in divisions:
        if division and len(plain) > len(division):
            plain = plain.removeprefix(_fold(division))
    return plain


_fold = lru_cache(4096)(str.casefold)


def confidence_rank(source: Provenance) -> int:
    """Return how well a source is to be believed: 0 is best (:data:`CONFIDENCE_ORDER`)."""
    known = source.confidence if source.confidence in CONFIDENCE_ORDER else "L"
    return CONFIDENCE_ORDER.index(known)


def merge_same_offices(found: Iterable[Found]) -> list[Found]:
    """Return every office once, in the order given, by the entry that is known best.

    Two entries are one office when they are of one kind, in one building, and either share a telephone
    number (no hotline) or bear the same name once the general words (人社, 服务中心 …) and the
    division's own names are taken off. Counters of two authorities in one building stay two.
    """
    offices: list[list[Found]] = []
    of_a_kind: dict[Kind, list[tuple[_Building, list[Found]]]] = {}
    for item in found:
        building, others = _Building(item.point), of_a_kind.setdefault(item.point.kind, [])
        for where, office in others:
            if where.holds(building) and _is_one(office[0].point, item.point):
                office.append(item)
                break
        else:
            others.append((building, [item]))
            offices.append(others[-1][1])
    return [min(office, key=lambda item: _doubt(item.point)) for office in offices]


def _doubt(point: ServicePoint) -> tuple[int, str, bool, bool, str]:
    source = point.provenance
    newest_first = "".join(chr(0x7F - ord(c)) for c in source.verified or source.date or "" if c < "\x7f")
    return (
        confidence_rank(source),
        newest_first or "\x7f",
        point.hours is None,
        not point.phones,
        point.id,
    )


def _is_one(one: ServicePoint, other: ServicePoint) -> bool:
    """Tell whether two entries of one kind in one building are one office."""
    numbers = {phone.number for phone in one.phones} & {phone.number for phone in other.phones}
    return bool({n for n in numbers if n.rpartition("-")[2] not in _HOTLINES}) or _stem(one) == _stem(other)


def _stem(point: ServicePoint) -> str:
    name = re.sub(r"[\s()（）·・]", "", point.name)
    for division in (point.province, point.city, point.district):
        name = name.removeprefix(division or "")
    return _GENERIC.sub("", name)


class _Building:
    """What tells the building of a point: its numbered address, and its position where that is exact."""

    def __init__(self, point: ServicePoint) -> None:
        self.address = _address(point)
        self.at = point.pin

    def holds(self, other: _Building) -> bool:
        """Tell whether another point is in the same one."""
        if self.address and self.address == other.address:
            return True
        if self.at is None or other.at is None or abs(self.at[1] - other.at[1]) > 0.001:
            return False
        return arc(place_origin(*self.at).xyz, place_origin(*other.at).xyz) <= BUILDING_M


def _address(point: ServicePoint) -> tuple[str, str, str] | None:
    """Return an address that names one building: up to its first house number, within its district."""
    if point.adcode is None or point.address is None:
        return None
    divisions = (point.province, point.city, point.district, point.township)
    building = _building(point.address, divisions)
    return (point.adcode, point.township or "", building) if building else None


@lru_cache(4096)
def _building(address: str, divisions: tuple[str | None, ...]) -> str | None:
    number = re.match(r"(.*?(?<!\d)\d++(?:-\d++)?号)", re.sub(r"\s", "", address))
    if number is None:
        return None
    text = number[1]
    for division in divisions:
        text = text.removeprefix(division or "")
    return text


def group_by_building(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, in their order, each with the ids of the others in its building."""
    placed = [(hit, _Building(hit.point)) for hit in hits]
    together = [
        tuple(other.point.id for other, there in placed if other is not hit and here.holds(there))
        for hit, here in placed
    ]
    return [replace(hit, same_building=ids) if ids else hit for hit, ids in zip(hits, together, strict=True)]


FEW = 2000
"""Up to this many places are compared with those of their latitude; more are looked up in a tree."""


def find_within(few: NDArray[np.float64], many: NDArray[np.float64]) -> Iterable[Sequence[int]]:
    """Return for each of some places those of many within :data:`SAME_PLACE_M`, in their order; ECEF, in metres."""
    if len(few) > FEW:
        from scipy.spatial import cKDTree

        found: Iterable[Sequence[int]] = cKDTree(many).query_ball_point(few, SAME_PLACE_M, return_sorted=True)
        return found
    order = np.argsort(many[:, 2])  # in slices across the earth's axis: no SciPy, which takes a third of a second
    starts, ends = (np.searchsorted(many[order, 2], few[:, 2] + reach) for reach in (-SAME_PLACE_M, SAME_PLACE_M))
    near = (np.sort(order[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True))
    return [
        rows[((many[rows] - one) ** 2).sum(axis=1) <= SAME_PLACE_M**2].tolist()
        for one, rows in zip(few, near, strict=True)
    ]
