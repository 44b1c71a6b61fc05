"""Nearest service points: exact on the WGS-84 ellipsoid, filtered, one query or millions."""

from locator.search.index import Index
from locator.search.sift import RowTest
from locator.search.tree import Neighbour

__all__ = ["Index", "Neighbour", "RowTest"]
