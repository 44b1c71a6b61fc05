"""Nearest service points: exact on the WGS-84 ellipsoid, filtered, one query or millions."""

from locator.search.index import Index
from locator.search.ranking import Ranking, Serving, Travelled, rank_by_travel_time, serves_you
from locator.search.same_office import Office, group_by_building, is_same_office, merge_same_offices
from locator.search.tree import Neighbour, RowTest

__all__ = [
    "Index", "Neighbour", "Office", "Ranking", "RowTest", "Serving", "Travelled", "group_by_building",
    "is_same_office", "merge_same_offices", "rank_by_travel_time", "serves_you",
]  # fmt: skip
