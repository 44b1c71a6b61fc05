"""Which office is yours: what a point states about the area it serves, held against a place.

An office may say whom it serves (``serves``: adcodes of six digits, township codes of nine), and on
what that rests (``serves_basis``: ``source``, or its own ``name``). Where either side does not tell,
the answer is None, never no.
"""

from __future__ import annotations

from typing import NamedTuple

from locator.adcode import stem
from locator.model import Place, ServicePoint

_LEVELS = {2: "province", 4: "city", 6: "district", 9: "township"}


class Serving(NamedTuple):
    """Whether a point serves a place, and why: a key of the ``serving`` catalogue."""

    serves: bool | None
    why: str | None
    """``township_name`` (the township's own office by its name), ``city_source`` …; ``elsewhere_source`` …
    for False; None when the data does not tell."""


NOT_KNOWN = Serving(None, None)


def serves_you(point: ServicePoint, place: Place) -> Serving:
    """Return whether a point states that it serves the area a place lies in.

    Parameters
    ----------
    point
        Its ``serves`` and ``serves_basis`` are read, nothing is guessed from its position.
    place
        Its ``township`` and ``adcode`` say what is known of where it lies; a place known by city only
        is neither inside nor outside one of the city's districts.
    """
    basis = "name" if point.serves_basis == "name" else "source"
    answers = [(_lies_in(place, area), area) for area in point.serves]
    inside = [area for answer, area in answers if answer]
    if inside:
        finest = max(inside, key=lambda area: len(_prefix(area)))
        return Serving(True, f"{_LEVELS.get(len(_prefix(finest)), 'district')}_{basis}")
    if not answers or any(answer is None for answer, _ in answers):
        return NOT_KNOWN
    return Serving(False, f"elsewhere_{basis}")


def _prefix(area: str) -> str:
    return area[:9] if len(area) >= 9 else stem(area)


def _lies_in(place: Place, area: str) -> bool | None:
    """Return whether a place lies in an area, None when it is not known finely enough."""
    wanted = _prefix(area)
    known = place.township[:9] if place.township else stem(place.adcode) if place.adcode else ""
    if known.startswith(wanted):
        return True
    return None if wanted.startswith(known) else False
