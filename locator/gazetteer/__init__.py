"""The embedded place index: build it, open it, ask it.

Its names are imported when they are asked for: who asks the index needs nothing of what builds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locator import import_when_asked

if TYPE_CHECKING:
    from locator.gazetteer.build import build_gazetteer, build_places, change_gazetteer
    from locator.gazetteer.divisions import Division, NumberRecord, PlaceKind, PlaceRecord
    from locator.gazetteer.places import Meaning, Suggestion
    from locator.gazetteer.query import Gazetteer, open_gazetteer

__all__ = [
    "Division",
    "Gazetteer",
    "Meaning",
    "NumberRecord",
    "PlaceKind",
    "PlaceRecord",
    "Suggestion",
    "build_gazetteer",
    "build_places",
    "change_gazetteer",
    "open_gazetteer",
]
_HOMES = dict.fromkeys(__all__, "divisions") | {
    "build_gazetteer": "build", "build_places": "build", "change_gazetteer": "build",
    "Gazetteer": "query", "Meaning": "places", "Suggestion": "places", "open_gazetteer": "query",
}  # fmt: skip
__getattr__ = import_when_asked(__name__, _HOMES)
