"""Where the layer lives: a GeoParquet file by default, PostGIS when one machine is not enough.

A store keeps, for every source, the points that source gave (its *part*), and serves the *layer* that
:func:`locator.stores.merge.merge_parts` makes of all parts. Every store passes ``tests/stores/test_contract.py``.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from locator.layer import Layer
from locator.model import Filter, Found, ServicePoint

if TYPE_CHECKING:
    from locator.settings import Settings

EVERY_POINT = Filter()
BY_ITSELF = ("shipped", "live-")
"""Beginnings of the names of sources that change without an operator: an undo leaves them as they are."""
HOTLINE = 6
"""A telephone number of at most this many characters (12333, 95588) is shared by everybody."""


class Near(NamedTuple):
    """Two offices that may be one: of a kind, with one telephone number, close together."""

    one: ServicePoint
    other: ServicePoint
    metres: float

    def describe(self) -> dict[str, str | float]:
        """Return ids, names and addresses of both, the telephone number and the metres between them."""
        theirs = {phone.number for phone in self.other.phones if len(phone.number) > HOTLINE}
        numbers = [phone.number for phone in self.one.phones if phone.number in theirs]
        return {
            "one": self.one.id, "one_name": self.one.name, "one_address": self.one.address or "",
            "other": self.other.id, "other_name": self.other.name, "other_address": self.other.address or "",
            "phone": ", ".join(numbers), "metres": round(self.metres),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What :meth:`Store.replace` changed."""

    kept: int = 0
    """Points of this source in the store now, without the vanished ones."""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0
    """Points that this source had and no longer has: marked, not dropped."""
    merged: int = 0
    """Points of this source that are served as one with another source's."""
    near: tuple[Near, ...] = ()
    """Offices of this source, as it has changed, that may be one with another one of the layer."""
    several: Layer | None = None
    """The points that have fields of several sources, where one of this source may be among them."""
    total: int = 0
    """Points served now, of all sources."""
    version: str = ""
    """The store's version afterwards."""


class Store(Protocol):
    """A place that keeps points and finds them. Positions are WGS-84 degrees, lon then lat."""

    @property
    def version(self) -> str:
        """What changes when the content does."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written here: a replica of a database, or a user of it who may only look."""
        ...

    def nearest(
        self, lon: float, lat: float, *, limit: int = 5, within_m: float | None = None, where: Filter = EVERY_POINT
    ) -> list[Found]:
        """Return the nearest points that have a position, by WGS-84 geodesic, ties by id.

        Points of any precision are found (the caller sorts exact from approximate, or asks for
        ``where.positions``); those whose status is ``vanished`` are not.
        """
        ...

    def point(self, point_id: str) -> ServicePoint | None:
        """Return the point of an id, vanished ones too (``status`` says so); None when there is none."""
        ...

    def points(self, where: Filter = EVERY_POINT) -> Iterator[ServicePoint]:
        """Yield the points that pass, but for the vanished ones, in the layer's order."""
        ...

    def count_by_city(self) -> Mapping[str, int]:
        """Return how many points each city has, but for the vanished ones, by the city's full name."""
        ...

    def layer(self) -> Layer:
        """Return every point, vanished ones too, as columns (of PostGIS: a copy made for the caller)."""
        ...

    @property
    def damaged(self) -> bool:
        """Whether what is kept can no longer be read, and what was read before answers in its place."""
        ...

    def parts(self, *, without: Collection[str] = ()) -> Mapping[str, Layer]:
        """Return what each source gave, unmerged, by source name."""
        ...

    def replace(
        self, source: str, points: Iterable[ServicePoint] | Layer, *, stamp: str = "", partial: bool = False
    ) -> Summary:
        """Put a source's points in place of those it gave before, at once and whole or not at all.

        Parameters
        ----------
        source
            The source's name. The same points again change nothing, not even the version.
        stamp
            What the caller wants to read back from :meth:`stamp` (the hash of what it was made from).
        partial
            True when ``points`` are not all that the source has (a live answer for one surrounding):
            points it does not name stay as they are instead of being marked as vanished.

        Raises
        ------
        DataError
            The store cannot be written (disk full, no right, no connection): what it held, it holds.
        """
        ...

    def stamp(self, source: str) -> str | None:
        """Return the stamp of the last :meth:`replace` of a source, or None when it has none."""
        ...

    def remove(self, source: str) -> None:
        """Forget a source and every point that only it gave."""
        ...

    def undo(self) -> str | None:
        """Bring back what was before the last change, and return the source that changed; None: nothing to undo."""
        ...


def open_store(settings: Settings) -> Store:
    """Return the store of these settings: ``ParquetStore``, or ``PostgisStore`` for ``postgresql://…``.

    Raises
    ------
    DataError
        A layer file was named that is not there or cannot be read.
    """
    if settings.layer and "://" in settings.layer:
        postgis = importlib.import_module("locator.stores.postgis")
        return cast(Store, postgis.PostgisStore(settings.layer))
    from locator.stores.parquet import ParquetStore

    return ParquetStore.of(settings)
