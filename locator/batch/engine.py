"""What answers a block: the index of a layer, and somebody who knows where addresses are."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from locator.csv_text import escape_formulas
from locator.model import APPROXIMATE, EXACT, Filter, Place
from locator.search import Index
from locator.settings import Settings

NEAREST_PLACED = Filter(positions=EXACT | APPROXIMATE)
"""Every point but those known by district or city only: their distance would say nothing."""

FACTS = ("id", "name", "kind", "address", "adcode", "lon", "lat", "position")
"""The columns of a point that go into the output, as ``point_id`` and so on."""


class LocatedText(Protocol):
    """What :class:`locator.geocode.GeocodeResult` is: a place, or candidates, or neither."""

    @property
    def place(self) -> Place | None:
        """The one place meant."""

    @property
    def candidates(self) -> tuple[Place, ...]:
        """What an ambiguous text may mean."""


Locate = Callable[[str], LocatedText]


@dataclass(frozen=True)
class Engine:
    """Answers blocks; made once in each process."""

    index: Index
    locate: Locate | None = None
    """Understands addresses; None where only positions are asked."""

    @cached_property
    def facts(self) -> pa.Table:
        """The layer's columns for the output, in one piece, safe for a spreadsheet."""
        facts = self.index.layer.table.select(list(FACTS)).combine_chunks()
        for name in ("lon", "lat"):
            place = facts.column_names.index(name)
            facts = facts.set_column(place, name, pc.round(facts.column(name), ndigits=7))
        for place, column in enumerate(facts.columns):
            if pa.types.is_string(column.type):
                facts = facts.set_column(place, facts.column_names[place], escape_formulas(column))
        return facts

    @property
    def version(self) -> str:
        """What changes when the layer does."""
        return f"{self.index.layer.version}/{len(self.index.layer)}"


Opener = Callable[[], Engine]
"""Makes the engine where it is needed, in another process too: a function of a module, or a ``partial`` of one."""


def open_engine(settings: Settings) -> Engine:
    """Return the engine over the layer and the geocoders of these settings."""
    from locator.service import Locator
    from locator.stores.parquet import ParquetStore

    locator = Locator(settings)
    store = locator.engines.store
    index = store.index() if isinstance(store, ParquetStore) else Index(store.layer())

    def locate(text: str) -> LocatedText:
        located: LocatedText = locator.engines.geocoder.locate(text, lang=settings.lang)
        return located

    return Engine(index, locate)


@lru_cache(maxsize=2)
def opened(pickled: bytes) -> Engine:
    """Return the engine of a pickled opener, made once in this process."""
    opener: Opener = pickle.loads(pickled)  # noqa: S301 - written by the process that gives the work
    return opener()
