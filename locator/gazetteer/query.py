"""Asking the place index."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from locator.adcode import is_inside
from locator.gazetteer.latin import resolve_latin
from locator.gazetteer.places import Places
from locator.gazetteer.records import Division, Suggestion
from locator.gazetteer.resolve import Bias, Resolved, resolve_han
from locator.gazetteer.suggest import Suggester
from locator.gazetteer.text import HAN, normalise, to_key, warm
from locator.i18n import choose
from locator.model import Place


class Gazetteer:
    """The embedded place index; safe to use from several threads.

    Parameters
    ----------
    path
        What :func:`locator.gazetteer.build_gazetteer` wrote.
    places
        What :func:`locator.gazetteer.build_places` wrote, the shipped places; None while it is not built.

    Raises
    ------
    DataError
        The file is missing, broken or of another version; any method may raise it for a file that broke.
    """

    def __init__(self, path: Path, places: Path | None = None) -> None:
        self.places = Places(path, places)
        self._suggester = Suggester(self.places)
        self.regions = lru_cache(2000)(self._regions)

    def warm(self) -> None:
        """Load the tables now, so that the first person does not wait (about a second)."""
        warm()
        self.suggest("人民路")
        self.suggest("renmin")
        self.resolve("北京市")

    def resolve(self, text: str, *, near: tuple[float, float] | None = None, region: str | None = None) -> Resolved:
        """Return what a text means: one meaning, several where it is ambiguous, none where it is not understood.

        Parameters
        ----------
        text
            Anything a person may type; only its first 200 characters are read.
        near
            (lon, lat) in WGS-84 degrees of where the person is known to be; decides between equals.
        region
            The adcode or name of the chosen city or district; decides between equals.
        """
        bias = Bias(self._codes(region), near)
        query = normalise(text)
        if not any(c.isalpha() for c in query):
            return Resolved()
        return (resolve_han if HAN.search(query) else resolve_latin)(self.places, text, bias)

    def find(
        self, text: str, *, near: tuple[float, float] | None = None, region: str | None = None, limit: int = 10
    ) -> list[Place]:
        """Return the places a text may mean, best first; empty when it is not understood."""
        return [m.place for m in self.resolve(text, near=near, region=region).meanings[:limit]]

    def suggest(
        self, prefix: str, *, near: tuple[float, float] | None = None, region: str | None = None, limit: int = 8
    ) -> list[Suggestion]:
        """Return what a person who has typed ``prefix`` so far may go on to write, likeliest first.

        Han, pinyin in full, cut short or as initials, both mixed, traditional characters, homophones,
        and one wrong, lost or swapped character. Places of ``region``, or near ``near``, come first.
        """
        codes = self._codes(region) or ((self._city_near(*near),) if near else ())
        return self._suggester.suggest(prefix, tuple(c for c in codes if c), limit)

    def division(self, adcode: str) -> Division | None:
        """Return the division of a code (six digits, nine for a township), or None."""
        return self.places.division(adcode)

    def _regions(self, name: str) -> list[Division]:
        """Return the divisions a name may mean (深圳, 鼓楼区, Lhasa, 440300), the largest kinds first."""
        key = to_key(name)
        if key.isdigit():
            division = self.places.division(key)
            return [division] if division else []
        found = self.places.file.divisions.called(key)
        codes = [n.code for n in found]
        if not codes and key:
            meanings = self.resolve(name).meanings
            codes = [c for m in meanings if (c := m.place.township or m.place.adcode) and not m.place.note]
        divisions = [d for code in codes if (d := self.places.division(code))]
        return sorted(divisions, key=lambda d: len(d.code))

    def townships(self, adcode: str) -> list[Division]:
        """Return the townships of a district, or of a city, in the order of their codes."""
        found = self.places.file.ask(
            "SELECT code FROM division WHERE level = 'township' AND code LIKE ? ORDER BY code",
            (adcode.removesuffix("00").removesuffix("00") + "%",),
        )
        divisions = (self.places.division(str(row[0])) for row in found)
        return [d for d in divisions if d is not None and is_inside(d.code, adcode)]

    def describe(self, adcode: str, lang: str) -> str:
        """Return the full name of a division in Chinese or in English; empty when there is no such code."""
        if self.places.division(adcode) is None:
            return ""
        return choose({"zh": self.places.label(adcode), "en": self.places.label_en(adcode)}, lang) or ""

    def _codes(self, region: str | None) -> tuple[str, ...]:
        return tuple(d.code for d in self.regions(region)) if region else ()

    def _city_near(self, lon: float, lat: float) -> str | None:
        found = self.places.file.ask(
            "SELECT code FROM division WHERE level = 'district' AND lon IS NOT NULL "
            "ORDER BY (lon - ?) * (lon - ?) + (lat - ?) * (lat - ?) LIMIT 1",
            (lon, lon, lat, lat),
        )
        return str(found[0][0])[:4] + "00" if found else None


def open_gazetteer(path: Path, places: Path | None = None) -> Gazetteer:
    """Return the place index of a file, with that of the shipped places beside it if there is one.

    Raises
    ------
    DataError
        The file is missing, broken or of another version: build it again.
    """
    return Gazetteer(path, places)
