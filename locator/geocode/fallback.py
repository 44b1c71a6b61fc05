"""Who is asked for a place, in which order: coordinates, the embedded gazetteer, then services elsewhere.

A service is asked only when the person asked for it (``online``), the operator switched it on
(``LOCATOR_GEOCODERS``), and the text says more than the gazetteer understood. Suggestions never leave
the machine.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from locator.adcode import holds_cities, is_adcode, prefecture_of
from locator.datum import Datum
from locator.errors import LocatorError, ServiceRateLimited, ServiceRefused
from locator.geocode import records
from locator.geocode.coordinates import is_postcode, read_coordinates, read_pair
from locator.geocode.records import GeocodeResult, Hint
from locator.i18n import text as say
from locator.model import Notice, Place

if TYPE_CHECKING:
    from locator.gazetteer.places import Suggestion
    from locator.gazetteer.query import Gazetteer
    from locator.geocode.providers.provider import Provider
    from locator.http import HttpClient
    from locator.settings import Settings

type Embedded = Callable[..., GeocodeResult]

REST_S = 30.0
"""How long a service that did not answer is left alone, so that not every question waits for it again."""
REFUSED_REST_S = 300.0
MAX_CANDIDATES = 10
_log = logging.getLogger(__name__)


def locate_embedded(
    text: str,
    gazetteer: Gazetteer,
    *,
    datum: Datum = Datum.WGS84,
    lang: str = "zh",  # noqa: ARG001 - the signature of FallbackGeocoder.locate
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
    if is_postcode(text):
        return GeocodeResult(notices=(Notice(code="postcode_alone"), Notice(code="place_not_found")))
    resolved = gazetteer.resolve(text, near=near, region=region)
    meanings = resolved.meanings[:MAX_CANDIDATES]
    notes = dict.fromkeys(note for meaning in meanings for note in meaning.notes)
    notices = tuple(Notice(code=note) for note in notes)
    if len(meanings) == 1 and resolved.sure:
        return GeocodeResult(place=meanings[0].place, notices=notices)
    if meanings:
        asked = ("ambiguous_place",) if resolved.sure or "respelt" in notes else ("ambiguous_place", "which_city")
        told = (n for n in notices if n.code in {"renamed", "corrected", "respelt"})
        notices = (*(Notice(code=code) for code in asked), *told)
        return GeocodeResult(candidates=tuple(m.place for m in meanings), notices=notices)
    return GeocodeResult(notices=(Notice(code="place_not_found"),))


class FallbackGeocoder:
    """Every way of finding a place, one after the other.

    Parameters
    ----------
    settings
        ``geocoders`` (whom to ask, in order; the gazetteer comes first wherever it stands), keys, addresses.
    gazetteer
        The embedded index.
    client
        The way to the network; one of its own when None.
    embedded
        What understands a text without any service; :func:`locate_embedded` when None.
    """

    def __init__(
        self,
        settings: Settings,
        gazetteer: Gazetteer,
        *,
        client: HttpClient | None = None,
        embedded: Embedded | None = None,
    ) -> None:
        self.gazetteer = gazetteer
        """The embedded index; whoever opened it may put a newer one in its place."""
        self._embedded = embedded or locate_embedded
        self._services: dict[str, Provider | LocatorError] = {}
        self._resting: dict[str, float] = {}
        self._lock = threading.Lock()
        names = [name for name in dict.fromkeys(settings.geocoders) if name != "gazetteer"]
        if names:
            from locator.geocode.providers import open_provider
            from locator.http import HttpClient

            client = client or HttpClient(settings)
        for name in names:
            try:
                self._services[name] = open_provider(name, settings, client)  # type: ignore[arg-type]
            except LocatorError as error:
                _log.warning("%s is switched on and cannot be asked: %s", name, error)
                self._services[name] = error

    @property
    def services(self) -> tuple[str, ...]:
        """The services switched on, in order."""
        return tuple(self._services)

    def locate(
        self,
        text: str,
        *,
        datum: Datum = Datum.WGS84,
        lang: str = "zh",
        near: tuple[float, float] | None = None,
        region: str | None = None,
        online: bool = False,
    ) -> GeocodeResult:
        """Return the place a text means, or the candidates of an ambiguous one.

        Parameters
        ----------
        text
            What the person typed: an address, a name, or coordinates in ``datum``.
        near
            lon, lat (WGS-84) that the person is probably close to.
        region
            The adcode or name of a division to stay in, or None.
        online
            The person asked for a service elsewhere; without it none is asked.
        """
        found = self._embedded(text, self.gazetteer, datum=datum, lang=lang, near=near, region=region)
        if not online or not self.may_ask(text, found):
            return found
        hint = self._hint(found.place, region, lang)
        failed: list[str] = []
        for name, provider in self._services.items():
            places = self._ask(name, provider, text, hint, failed)
            better = self._improve(found, self._believe(places, hint))
            if better is not None:
                return self._with_notices(better, failed, lang)
        return self._with_notices(found, failed, lang)

    def may_ask(self, text: str, found: GeocodeResult) -> tuple[str, ...]:
        """Return the services that might place a text better than ``found`` does; the page offers to ask them."""
        settled = found.place is None and (found.candidates or _has(found, "coordinates_invalid"))
        if not self._services or settled:
            return ()
        return self.services if records.asks_finer(text, found.place) else ()

    def suggest(
        self, prefix: str, *, near: tuple[float, float] | None = None, region: str | None = None, limit: int = 8
    ) -> list[Suggestion]:
        """Return what a text being typed may become; from the gazetteer, never from a service."""
        return self.gazetteer.suggest(prefix, near=near, region=region, limit=limit)

    # ---- asking

    def _ask(
        self, name: str, provider: Provider | LocatorError, text: str, hint: Hint, failed: list[str]
    ) -> tuple[Place, ...]:
        """Return a service's answer; one that fails, or failed a moment ago, is noted in ``failed``."""
        with self._lock:
            resting = self._resting.get(name, 0.0) > time.monotonic()
        if resting or isinstance(provider, LocatorError):
            failed.append(name)
            return ()
        try:
            return records.merge_pieces(provider.find(text, hint))
        except LocatorError as error:
            _log.warning("%s: %s", type(error).__name__, error)
            failed.append(name)
            if not isinstance(error, ServiceRateLimited):  # its pause is kept by the client, for all processes
                rest_s = REFUSED_REST_S if isinstance(error, ServiceRefused) else REST_S
                with self._lock:
                    self._resting[name] = time.monotonic() + rest_s
            return ()

    def _believe(self, places: tuple[Place, ...], hint: Hint) -> tuple[Place, ...]:
        """Return the places inside the region asked for, each with an adcode where one can be told."""
        believed = []
        for place in places:
            named = place if place.adcode else replace(place, adcode=self._adcode_of(place))
            if hint.adcode is None or records.is_inside(named, hint.adcode, self._centre(hint.adcode)):
                believed.append(named if named.adcode else replace(named, adcode=hint.adcode))
        return tuple(believed)

    def _improve(self, found: GeocodeResult, places: tuple[Place, ...]) -> GeocodeResult | None:
        """Return a better answer than ``found``, or None when the service knows no better."""
        known = found.place
        finer = [place for place in places if known is None or records.is_finer(place.precision, known.precision)]
        if not finer:
            return None
        if known is None and records.is_ambiguous(finer):
            return GeocodeResult(candidates=tuple(finer), notices=(Notice(code="ambiguous_place"),))
        agreeing = [place for place in finer if records.agrees(place, known)]
        if not agreeing:  # the street is known elsewhere: the person chooses, nothing jumps
            return replace(found, candidates=(*found.candidates, *finer))
        others = [place for place in (known, *found.candidates, *finer) if place not in (None, agreeing[0])]
        return replace(found, place=agreeing[0], candidates=tuple(place for place in others if place is not None))

    # ---- regions

    def _hint(self, place: Place | None, region: str | None, lang: str) -> Hint:
        adcode = (place.adcode if place else None) or self._code_of(region)
        if adcode is None:
            return Hint(lang=lang)
        centre = (place.lon, place.lat, place.error_m) if place and place.lon is not None else self._centre(adcode)
        lon, lat, radius_m = centre or (None, None, None)
        city = self.gazetteer.division(prefecture_of(adcode)) or self.gazetteer.division(adcode)
        name = city.name if city and not holds_cities(adcode) else None
        return Hint(adcode=adcode, city=name, lon=lon, lat=lat, radius_m=radius_m, lang=lang)

    def _code_of(self, region: str | None) -> str | None:
        if region is None or is_adcode(region):
            return region
        named = self.gazetteer.regions(region)
        return named[0].code if len(named) == 1 else None

    def _centre(self, adcode: str) -> tuple[float, float, float] | None:
        """Return lon, lat and radius of the city (or province) that holds an adcode."""
        for code in (prefecture_of(adcode), adcode):
            division = self.gazetteer.division(code)
            if division and division.lon is not None and division.lat is not None:
                return division.lon, division.lat, division.error_m or 50_000.0
        return None

    def _adcode_of(self, place: Place) -> str | None:
        """Return the adcode that a service's own words for a place name, None when they name none for sure."""
        read = self._embedded(place.label, self.gazetteer).place
        return read.adcode if read else None

    def _with_notices(self, located: GeocodeResult, failed: list[str], lang: str) -> GeocodeResult:
        notices = list(located.notices)
        if located.place is not None and located.place.source in self._services:
            notices = [notice for notice in notices if notice.code not in _SETTLED]
            if located.place.note:
                notices.append(Notice(code=located.place.note))
            notices.append(
                Notice(code="located_by", params={"service": say(f"geocoders.{located.place.source}", lang)})
            )
        if failed:
            names = say("geocoders.separator", lang).join(say(f"geocoders.{name}", lang) for name in failed)
            notices.append(Notice(code="geocoder_unavailable", params={"services": names}))
        return replace(located, notices=tuple(notices))


_SETTLED = records.LACKING | {"place_not_found"}
"""What is no longer so once a service has placed the text."""


def _has(found: GeocodeResult, code: str) -> bool:
    return any(notice.code == code for notice in found.notices)
