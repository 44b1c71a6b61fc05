"""The embedded place index: build it, open it, ask it."""

from locator.gazetteer.build import build_gazetteer, build_places, extend_gazetteer
from locator.gazetteer.divisions import Division, Meaning, NumberRecord, PlaceKind, PlaceRecord, Suggestion
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
    "extend_gazetteer",
    "open_gazetteer",
]
