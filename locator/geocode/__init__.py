"""Finding a place: typed coordinates, the embedded gazetteer, services elsewhere, and their chain."""

from locator.geocode.chain import Chain
from locator.geocode.located import Located

__all__ = ["Chain", "Located"]
