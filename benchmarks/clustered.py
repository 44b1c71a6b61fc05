"""Made-up service points, clustered like Chinese cities: for measuring, never for answering."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from locator.layer import SCHEMA, Layer
from locator.model import Kind

CITIES = np.array(
    [
        (116.40, 39.90), (121.47, 31.23), (113.26, 23.13), (114.06, 22.54), (104.07, 30.67), (106.55, 29.56),
        (117.20, 39.13), (114.30, 30.59), (120.16, 30.27), (118.80, 32.06), (108.94, 34.34), (113.63, 34.75),
        (123.43, 41.80), (126.64, 45.76), (112.94, 28.23), (102.83, 24.88), (108.32, 22.82), (110.35, 20.02),
        (87.62, 43.83), (91.13, 29.66), (103.83, 36.06), (111.75, 40.84), (117.00, 36.65), (117.28, 31.86),
        (119.30, 26.08), (118.09, 24.48), (120.38, 36.07), (121.61, 38.91),
    ]
)  # fmt: skip
SHARES = {
    Kind.OTHER: 0.5, Kind.BANK: 0.3, Kind.COMMUNITY_CENTER: 0.1389, Kind.GOVERNMENT_HALL: 0.05,
    Kind.HRSS_BUREAU: 0.01, Kind.INSURANCE_AGENCY: 0.001, Kind.CARD_CENTER: 0.0001,
}  # fmt: skip
"""How often each kind occurs: filters from one point in two to one in ten thousand."""


def scatter(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return WGS-84 degrees: 435 clusters of unequal size, 5 % anywhere, 1 % exact duplicates."""
    fixed = np.random.default_rng(7)
    centres = np.vstack([CITIES, np.column_stack([fixed.uniform(85, 128, 407), fixed.uniform(21, 47, 407)])])
    weights = 1 / np.arange(1, len(centres) + 1) ** 0.8
    width = 0.03 + 0.25 * fixed.random(len(centres))
    random = np.random.default_rng(seed)
    city = random.choice(len(centres), count, p=weights / weights.sum())
    away = np.abs(random.standard_t(2.5, count)) * width[city] / 2
    angle = random.uniform(0, 2 * np.pi, count)
    lon = centres[city, 0] + away * np.cos(angle) / np.cos(np.radians(centres[city, 1]))
    lat = centres[city, 1] + away * np.sin(angle)
    rural = random.random(count) < 0.05
    lon[rural], lat[rural] = random.uniform(75, 134, rural.sum()), random.uniform(18, 53, rural.sum())
    twin, of = random.integers(0, count, (2, count // 100))
    lon[twin], lat[twin] = lon[of], lat[of]
    return np.clip(lon, 73, 135.5), np.clip(lat, 3, 54)


def make_layer(count: int, seed: int = 1) -> Layer:
    """Return a layer of such points; the adcode is a one-degree cell, so a region is a compact place."""
    lon, lat = scatter(count, seed)
    random = np.random.default_rng(seed + 1)
    kinds = np.array([str(kind) for kind in SHARES], object)
    cell = (
        110000 + ((lon - 73).astype(int) // 2 * 10 + (lat - 3).astype(int) // 6) * 100 + (lon % 2 * 10).astype(int) + 1
    )
    columns = {name: pa.nulls(count, kind) for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True)}
    columns |= {
        "id": pa.array([f"p{number:08d}" for number in random.permutation(count)]),
        "name": pa.array([f"办事点{number}" for number in range(count)]),
        "kind": pa.array(kinds[random.choice(len(kinds), count, p=list(SHARES.values()))]),
        "adcode": pa.array(np.char.mod("%d", cell).astype(object)),
        "address": pa.array([f"某某路{number % 999}号" for number in range(count)]),
        "hours": pa.array(
            np.where(random.random(count) < 0.6, "Mo-Fr 09:00-17:00", "Mo-Su 08:00-20:00").astype(object)
        ),
        "position": pa.array(["poi"] * count),
        "status": pa.array(["listed"] * count),
        "source": pa.array(["made up"] * count),
        "timezone": pa.array(["Asia/Shanghai"] * count),
        "lon": pa.array(lon),
        "lat": pa.array(lat),
    }
    return Layer(pa.table(columns, schema=SCHEMA))
