"""Finding a place: typed coordinates, the embedded gazetteer, services elsewhere, and their chain."""

from locator.geocode.fallback import FallbackGeocoder
from locator.geocode.result import GeocodeResult

__all__ = ["FallbackGeocoder", "GeocodeResult"]
