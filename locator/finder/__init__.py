"""The main job: the counters for a place, in order, and what to say and do where there are few or none."""

from locator.finder.fallback import Records, build_fallback, name_cities, no_result_notices
from locator.finder.hits import Search, find_hits

__all__ = ["Records", "Search", "build_fallback", "find_hits", "name_cities", "no_result_notices"]
