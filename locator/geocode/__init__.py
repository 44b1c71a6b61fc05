"""Finding a place: typed coordinates, the embedded gazetteer, services elsewhere, one after the other."""

from locator.geocode.fallback import FallbackGeocoder, locate_embedded
from locator.geocode.records import GeocodeResult, Hint

__all__ = ["FallbackGeocoder", "GeocodeResult", "Hint", "locate_embedded"]
