"""Nearest service points: exact on the WGS-84 ellipsoid, filtered, one query or millions."""

from locator.search.frames import nearest_points
from locator.search.index import Index
from locator.search.ranking import Office, exact_first, group_by_building, is_same_office, merge_same_offices
from locator.search.serving import Serving, serves_you
from locator.search.sift import RowTest
from locator.search.travel import Ranking, Travelled, rank_by_travel_time
from locator.search.tree import Neighbour

__all__ = [
    "Index", "Neighbour", "Office", "Ranking", "RowTest", "Serving", "Travelled", "exact_first",
    "group_by_building", "is_same_office", "merge_same_offices", "nearest_points", "rank_by_travel_time",
    "serves_you",
]  # fmt: skip
