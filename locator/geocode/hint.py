"""What is known beside a text, for a service."""

from __future__ import annotations

import math
from dataclasses import dataclass


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
