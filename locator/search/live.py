"""The index that queries use now, and the swap to the next one under running queries."""

from __future__ import annotations

from threading import Lock

from locator.layer import Layer
from locator.search.index import Index


class LiveIndex:
    """Holds the index of the layer that is served.

    A query takes :attr:`current` once and works on it to its end: rows and points of one answer always
    belong to one layer. :meth:`swap` builds the next index beside the old one and then changes the one
    reference, so no query waits and none fails.
    """

    def __init__(self, layer: Layer) -> None:
        self._current = Index(layer)
        self._swapping = Lock()

    @property
    def current(self) -> Index:
        """The index to ask now."""
        return self._current

    def swap(self, layer: Layer) -> Index:
        """Serve another layer from now on, and return its index.

        The trees that filters had in the old index are made in the new one first, so that the first
        queries after the swap are as fast as the last before it. Swaps wait for one another.
        """
        with self._swapping:
            new = Index(layer)
            for where in self._current.warm_filters():
                new.warm(where)
            self._current = new
            return new
