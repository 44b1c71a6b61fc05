"""Which counter fits a matter better, where distance alone does not decide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from locator.model import Found, Kind, Place, Precision, ServicePoint, Task

LIKE_DISTANCE_M = 500.0
"""If the distances of two counters differ by no more, the one that fits the matter better comes first."""
KIND_ORDER: Mapping[str, tuple[Kind, ...]] = {
    "hrss": (
        Kind.CARD_CENTER, Kind.INSURANCE_AGENCY, Kind.HRSS_BUREAU, Kind.GOVERNMENT_HALL, Kind.COMMUNITY_CENTER,
        Kind.BANK, Kind.OTHER, Kind.MEDICAL_INSURANCE,
    ),
    "medical": (
        Kind.MEDICAL_INSURANCE, Kind.GOVERNMENT_HALL, Kind.INSURANCE_AGENCY, Kind.HRSS_BUREAU, Kind.COMMUNITY_CENTER,
        Kind.CARD_CENTER, Kind.OTHER, Kind.BANK,
    ),
    "both": (
        Kind.INSURANCE_AGENCY, Kind.MEDICAL_INSURANCE, Kind.HRSS_BUREAU, Kind.GOVERNMENT_HALL, Kind.CARD_CENTER,
        Kind.COMMUNITY_CENTER, Kind.OTHER, Kind.BANK,
    ),
}  # fmt: skip
"""By the authority of the task, whom to ask first where no distance is known. Service points of the card come
before the agencies, and agencies before bureaus; the other authority's counters are last (facts of 2026-11)."""
UNPLACED = frozenset({Precision.DISTRICT, Precision.CITY, Precision.PROVINCE})
"""Nothing is measured from or to a position known no better than this."""
HALLS = frozenset(
    {Kind.CARD_CENTER, Kind.INSURANCE_AGENCY, Kind.HRSS_BUREAU, Kind.MEDICAL_INSURANCE, Kind.GOVERNMENT_HALL}
)
"""A district's own offices, as against those of its townships and neighbourhoods."""
_GENERAL = (Kind.COMMUNITY_CENTER, Kind.OTHER)
_SAYS_INSURANCE = re.compile(
    "人社|人力资源|社保|社会保[险障]|劳动|医保|医疗保[险障]|事务受理|政务|行政服务|市民中心|市民之家"
)
_NEIGHBOURHOOD = re.compile("党群|党员|邻里|居民委员会|居委会|社区(?:综合)?(?:便民)?(?:公共)?(?:服务)?(?:中心|站|点)")
_TOWNSHIP = re.compile("[镇乡村]|街道|社区")


def may_not_handle(point: ServicePoint) -> bool:
    """Tell whether a point is a plain neighbourhood or Party service centre that only a map knows.

    OpenStreetMap carries 社区服务中心 and 党群服务中心 by the hundred; some hold an insurance window, most do not,
    and no source says which.
    """
    mapped = "ODbL" in (point.provenance.licence or "") or "OpenStreetMap" in point.provenance.source
    plain = _NEIGHBOURHOOD.search(point.name) and not _SAYS_INSURANCE.search(point.name)
    return bool(point.kind in _GENERAL and mapped and not point.tasks and plain)


def is_of_a_township(point: ServicePoint) -> bool:
    """Tell whether an office is a township's or neighbourhood's by its name or its row, not the district's own."""
    name = point.name
    for division in (point.province, point.city, point.district):
        name = name.replace(division or "\0", "")
    return point.township is not None or bool(_TOWNSHIP.search(name))


def misfit(point: ServicePoint, task: Task | None, authority: str | None) -> int:
    """Return how far a counter is from the matter: 0 known to do it, up to 4 that may not handle it at all."""
    if may_not_handle(point):
        return 4
    if task is None or authority is None:
        return 0
    if point.tasks and task in point.tasks:
        return 0
    order = KIND_ORDER[authority]
    if point.kind in HALLS:
        return 1 if order.index(point.kind) < len(HALLS) - 1 else 2
    return 1 if point.kind is Kind.COMMUNITY_CENTER and _SAYS_INSURANCE.search(point.name) else 3


def own_areas(place: Place) -> tuple[str, ...]:
    """Return the codes of the division that is known of a place, or of those in which an area (雄安新区) lies."""
    if place.precision in UNPLACED and place.also:
        return place.also
    return (place.adcode,) if place.adcode else ()


def kind_rank(point: ServicePoint, authority: str | None) -> int:
    """Return a point's place in :data:`KIND_ORDER`; plain neighbourhood centres are last."""
    order = KIND_ORDER[authority or "both"]
    return len(order) if may_not_handle(point) else order.index(point.kind)


def settle_like_distances(found: Sequence[Found], task: Task | None, authority: str | None) -> list[Found]:
    """Return points that come by distance, each before those that fit worse and are hardly nearer.

    Parameters
    ----------
    found
        The nearest first. A point passes only those at most :data:`LIKE_DISTANCE_M` nearer than itself.
    """
    settled: list[tuple[int, Found]] = []
    for item in found:
        own, place = misfit(item.point, task, authority), len(settled)
        while place and settled[place - 1][0] > own:
            if item.distance_m - settled[place - 1][1].distance_m > LIKE_DISTANCE_M:
                break
            place -= 1
        settled.insert(place, (own, item))
    return [item for _, item in settled]
