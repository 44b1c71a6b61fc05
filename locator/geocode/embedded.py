"""Finding a place without any service: typed coordinates, then the embedded index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locator.datum import Datum
from locator.geocode.coordinates import read_coordinates, read_pair
from locator.geocode.result import GeocodeResult
from locator.model import Notice

if TYPE_CHECKING:
    from locator.gazetteer import Gazetteer

MAX_CANDIDATES = 10


def locate(
    text: str,
    gazetteer: Gazetteer,
    *,
    datum: Datum = Datum.WGS84,
    lang: str = "zh",  # noqa: ARG001 - the same signature as the chain's
    near: tuple[float, float] | None = None,
    region: str | None = None,
) -> GeocodeResult:
    """Return the place a text means, the candidates of an ambiguous one, or neither.

    Parameters
    ----------
    text
        Anything: an address, a name, coordinates in ``datum``.
    near
        (lon, lat) in WGS-84 degrees of where the person is known to be.
    region
        The adcode or name of the chosen city or district.

    Raises
    ------
    DataError
        The index is broken.
    """
    pair = read_pair(text)
    if pair is not None:
        place = read_coordinates(text, datum)
        return GeocodeResult(place=place) if place else GeocodeResult(notices=(Notice(code="coordinates_invalid"),))
    meanings = gazetteer.resolve(text, near=near, region=region).meanings[:MAX_CANDIDATES]
    notes = dict.fromkeys(note for meaning in meanings for note in meaning.notes)
    notices = tuple(Notice(code=note) for note in notes)
    if len(meanings) == 1:
        return GeocodeResult(place=meanings[0].place, notices=notices)
    if meanings:
        notices = (Notice(code="ambiguous_place"), *(n for n in notices if n.code in {"renamed", "corrected"}))
        return GeocodeResult(candidates=tuple(m.place for m in meanings), notices=notices)
    return GeocodeResult(notices=(Notice(code="place_not_found"),))
