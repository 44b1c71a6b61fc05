"""What geocoding is asked with and what it answers."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from locator.model import Notice, Place

MAX_CHARS = 120
"""Longer texts are cut before they leave the machine: no address is longer."""
_BRACKETS = re.compile(r"[(（\[【〔<《][^)）\]】〕>》]*[)）\]】〕>》]")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeocodeResult:
    """A place understood, or the candidates of an ambiguous text, or neither: not understood."""

    place: Place | None = None
    """The one place meant; None when the text is ambiguous or not understood."""
    candidates: tuple[Place, ...] = ()
    """With ``place`` None: what the text may mean, best first. With a place: others it may have meant."""
    notices: tuple[Notice, ...] = ()
    """What the person should know; codes of the ``notices`` and ``places`` catalogues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What is known beside the text: the region the place must be in, and how to answer."""

    adcode: str | None = None
    """Six digits of the region asked for, or None: anywhere."""
    city: str | None = None
    """The name of its city, for services that take a city beside the address."""
    lon: float | None = None
    """WGS-84 degrees of the region's centre, where known."""
    lat: float | None = None
    radius_m: float | None = None
    lang: str = "zh"

    def box(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north of a box around the region, or None when its place is not known."""
        if self.lon is None or self.lat is None:
            return None
        half_m = max(1.5 * (self.radius_m or 0.0), 15_000.0)
        d_lat = half_m / 111_000
        d_lon = d_lat / max(math.cos(math.radians(self.lat)), 0.1)
        return self.lon - d_lon, self.lat - d_lat, self.lon + d_lon, self.lat + d_lat


def clean_text(text: str) -> str:
    """Return the text on one line, half-width, without control characters and brackets, cut to a sane length."""
    plain = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFKC", text[: 4 * MAX_CHARS]))
    return " ".join(_BRACKETS.sub(" ", plain).split())[:MAX_CHARS].strip()
