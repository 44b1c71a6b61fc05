"""Nearest service points: exact on the WGS-84 ellipsoid, filtered, one query or millions."""

from locator.search.index import Index
from locator.search.ranking import rank_by_travel_time, serves_you
from locator.search.same_office import group_by_building, merge_same_offices

__all__ = ["Index", "group_by_building", "merge_same_offices", "rank_by_travel_time", "serves_you"]
