"""A small engine that other processes can open too, for the tests of the batch."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from locator.batch import Engine, run_batch
from locator.errors import ServiceTimeout
from locator.layer import Layer
from locator.model import Kind, Place, Precision, ServicePoint
from locator.search import Index
from locator.settings import Settings


@dataclass(frozen=True)
class Understood:
    place: Place | None = None
    candidates: tuple[Place, ...] = ()


def make_layer(version="1", count=400):
    random = np.random.default_rng(5)
    layer = Layer.from_points(
        ServicePoint(
            id=f"p{row:04d}",
            name="=danger()" if row == 7 else f"办事点{row}",
            kind=Kind.BANK if row % 3 else Kind.HRSS_BUREAU,
            address=f"某路{row}号, 一楼" if row % 2 else None,
            adcode="370104",
            lon=float(random.uniform(116.8, 117.2)),
            lat=float(random.uniform(36.5, 36.8)),
            position=(Precision.POI, Precision.TOWNSHIP, Precision.DISTRICT)[row % 3],
        )
        for row in range(count)
    )
    return Layer(layer.table, version=version)


def locate(text, *, delay_s=0.0):
    """Understand "LON LAT" and a few words."""
    time.sleep(delay_s)
    if text == "哪里":
        return Understood(candidates=(Place(label="a", precision=Precision.CITY, source="t"),) * 2)
    if text == "断线":
        raise ServiceTimeout("late", code="service_timeout", service="x")
    if text == "无位置":
        return Understood(place=Place(label="县", precision=Precision.DISTRICT, source="t"))
    try:
        lon, lat = map(float, text.split())
    except ValueError:
        return Understood()
    precision = Precision.TOWNSHIP if lat > 36.7 else Precision.ROOFTOP
    return Understood(place=Place(label=f"在{text}", lon=lon, lat=lat, precision=precision, error_m=25.0, source="t"))


def open_test_engine(version="1", *, delay_s=0.0):
    return Engine(Index(make_layer(version)), partial(locate, delay_s=delay_s))


def open_coarse_engine():
    """A layer of offices that are known by their district only."""
    layer = make_layer()
    return Engine(Index(Layer.from_points(p for p in layer.points() if p.position == Precision.DISTRICT)), locate)


def write_positions(path: Path, count: int, seed=1) -> None:
    random = np.random.default_rng(seed)
    lon, lat = random.uniform(116.7, 117.3, count), random.uniform(36.4, 36.9, count)
    lines = (f"{n},{x:.6f},{y:.6f},备注 {n}\n" for n, (x, y) in enumerate(zip(lon, lat, strict=True)))
    path.write_text("key,x,y,note\n" + "".join(lines), "utf-8")


def write_addresses(path: Path, count: int) -> None:
    lines = (f'{n},"{117 + n % 97 / 500:.4f} {36.6 + n % 89 / 500:.4f}"\n' for n in range(count))
    path.write_text("key,where\n" + "".join(lines), "utf-8")


def run_slowly(source: str, target: str) -> None:
    """What the killed process runs: addresses, one after the other, a millisecond each."""
    run_batch(
        Settings(), Path(source), Path(target), address="where", limit=2, within_m=None, threads=1, progress=False,
        opener=partial(open_test_engine, delay_s=0.001),
    )  # fmt: skip
