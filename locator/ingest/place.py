"""Where an office without a position is, as exactly as the gazetteer knows and no more exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from locator.adcode import finer, is_inside
from locator.ingest.validate import Centre
from locator.model import EXACT, Place, Precision, ServicePoint

if TYPE_CHECKING:
    from locator.gazetteer.divisions import Division
    from locator.gazetteer.query import Gazetteer

_FINEST_FIRST = tuple(Precision)


class Places(Protocol):
    """What looks an address up: the gazetteer, or the chain with the services switched on."""

    def __call__(self, text: str, *, region: str | None) -> Place | None:
        """Return the one place a text means, or None when it means none or several."""
        ...


def places_of(gazetteer: Gazetteer) -> Places:
    """Return a look-up that asks the gazetteer only."""

    @lru_cache(maxsize=10_000)
    def find(text: str, *, region: str | None) -> Place | None:
        found = gazetteer.find(text, region=region, limit=2)
        return found[0] if len(found) == 1 else None

    return find


class Placer:
    """Gives points their divisions and, where they have no position, the place that is known of them.

    Parameters
    ----------
    gazetteer
        For divisions, and for addresses unless ``places`` says otherwise.
    places
        Who looks addresses up.
    """

    def __init__(self, gazetteer: Gazetteer, places: Places | None = None) -> None:
        self.gazetteer = gazetteer
        self._places = places or places_of(gazetteer)
        self._division: Callable[[str], Division | None] = lru_cache(maxsize=10_000)(gazetteer.division)
        self.adcode_of: Callable[[str | None, str | None, str | None], str | None] = lru_cache(maxsize=10_000)(
            self._find_adcode
        )

    def place(self, point: ServicePoint) -> ServicePoint:
        """Return a point with its adcode and its names of divisions filled, and placed if it was not."""
        point = self._fill_divisions(point)
        if point.lon is not None:
            return self._fill_divisions(self._name_region(point)) if point.adcode is None else point
        place = self._find(point)
        if place is None or place.lon is None or place.lat is None:
            return point
        found = replace(
            point,
            lon=place.lon,
            lat=place.lat,
            position=place.precision,
            error_m=place.error_m,
            adcode=finer(point.adcode, place.adcode),
        )
        return self._fill_divisions(found) if found.adcode != point.adcode else found

    def _name_region(self, point: ServicePoint) -> ServicePoint:
        """Return a point whose position no outline covers with the region that its address names."""
        place = self._places(point.address, region=None) if point.address else None
        return point if place is None or place.adcode is None else replace(point, adcode=place.adcode)

    def centre_of(self, adcode: str) -> Centre | None:
        """Return the centre of a division, for the doubt of far positions."""
        division = self._division(adcode)
        if division is None or division.lon is None or division.lat is None:
            return None
        return Centre(division.lon, division.lat, division.level)

    def _find(self, point: ServicePoint) -> Place | None:
        """Return the finest place that the address, the township or the adcode stands for."""
        divisions = "".join(dict.fromkeys(name for name in (point.province, point.city, point.district) if name))
        texts = [divisions + point.township] if point.township else []
        if point.address:
            texts.insert(0, _with_divisions(point.address, point))
        asked = [(text, self._places(text, region=point.adcode)) for text in texts]
        found = [p for text, p in asked if p is not None and p.lon is not None and self._is_meant(p, text, point)]
        if point.adcode and (centre := self._division(point.adcode)) is not None:
            found.append(_centre_place(centre))
        placed = [place for place in found if place.lon is not None]
        return min(placed, key=lambda place: _FINEST_FIRST.index(place.precision)) if placed else None

    def _is_meant(self, place: Place, text: str, point: ServicePoint) -> bool:
        """Tell whether a found place is what an address says, not what it merely sounds like.

        A road may carry the name of a township (咸阳北路, 珠江新城): a coarse place has to be named in full.
        """
        if not _fits(place, point):
            return False
        if place.precision in EXACT:
            return True
        code = place.township or place.adcode
        division = self._division(code) if code else None
        return division is not None and division.name in text

    def _fill_divisions(self, point: ServicePoint) -> ServicePoint:
        adcode = point.adcode
        if adcode is None and (point.city or point.district or point.province):
            adcode = self.adcode_of(point.province, point.city, point.district)
        if adcode is None:
            return point
        names: dict[str, str] = {}
        division = self._division(adcode)
        while division is not None:
            names.setdefault(division.level, division.name)
            division = self._division(division.parent) if division.parent else None
        city = point.city or names.get("city") or (names.get("province") if names.get("district") else None)
        filled = {
            "adcode": adcode,
            "province": point.province or names.get("province"),
            "city": city,
            "district": point.district or names.get("district"),
        }
        changes = {name: value for name, value in filled.items() if value != getattr(point, name)}
        return replace(point, **changes) if changes else point  # type: ignore[arg-type]

    def _find_adcode(self, province: str | None, city: str | None, district: str | None) -> str | None:
        """Return the one adcode that names of divisions stand for, or None."""
        text = "".join(dict.fromkeys(name for name in (province, city, district) if name))
        place = self._places(text, region=None)
        return place.adcode if place is not None and place.precision not in EXACT else None


def _with_divisions(address: str, point: ServicePoint) -> str:
    """Return an address with the names of its divisions before it, as far as it lacks them."""
    text = address
    for name in (point.district, point.city, point.province):
        if (
            name
            and name not in address
            and not any(part in address[:12] for part in (name, name[:-1]) if len(part) > 1)
        ):
            text = name + text
    return text


def _fits(place: Place, point: ServicePoint) -> bool:
    """Tell whether a place lies in the division that the point names."""
    if not point.adcode or not place.adcode:
        return True
    return is_inside(place.adcode, point.adcode)


def _centre_place(division: Division) -> Place:
    level = {"zone": Precision.DISTRICT}.get(division.level) or Precision(division.level)
    return Place(
        label=division.name,
        lon=division.lon,
        lat=division.lat,
        precision=level,
        error_m=division.error_m,
        source="gazetteer",
        adcode=division.code[:6],
    )


def merge_placed(parts: Mapping[str, Sequence[ServicePoint]], placer: Placer) -> list[ServicePoint]:
    """Return the offices of several files placed, each once: what several files say of one is told together."""
    from locator.layer import Layer
    from locator.stores.merge import merge_parts

    placed = {name: Layer.from_points([placer.place(point) for point in points]) for name, points in parts.items()}
    merged = merge_parts(placed).layer
    return [merged.point(row) for row in range(len(merged))]
