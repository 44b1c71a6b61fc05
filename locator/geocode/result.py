"""What every way of finding a place answers."""

from __future__ import annotations

from dataclasses import dataclass

from locator.model import Notice, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class GeocodeResult:
    """A place understood, or the candidates of an ambiguous text, or neither: not understood."""

    place: Place | None = None
    """The one place meant; None when the text is ambiguous or not understood."""
    candidates: tuple[Place, ...] = ()
    """With ``place`` None: what the text may mean, best first. With a place: others it may have meant."""
    notices: tuple[Notice, ...] = ()
    """What the person should know; codes of the ``notices`` and ``places`` catalogues."""
